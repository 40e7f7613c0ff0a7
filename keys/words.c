/*
 * words: proquints (D. S. Wilkerson, "A Proposal for Proquints", arXiv:0901.4016): 16 bits, the high ones first, as consonant
 * (4 bits), vowel (2), consonant (4), vowel (2), consonant (4).
 */
#include "keys/words.h"

#define N_WORDS 8

_Static_assert(WORDS_LEN == N_WORDS * 6, "five letters and a hyphen or the NUL each");

static const char CONSONANTS[16] = {'b', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z'};
static const char VOWELS[4] = {'a', 'i', 'o', 'u'};

void words_of(const struct hash *id, char out[WORDS_LEN]) {
  for (size_t i = 0; i < N_WORDS; i++, out += 6) {
    unsigned bits = (unsigned)id->b[2 * i] << 8 | id->b[2 * i + 1];
    out[0] = CONSONANTS[bits >> 12];
    out[1] = VOWELS[bits >> 10 & 3];
    out[2] = CONSONANTS[bits >> 6 & 15];
    out[3] = VOWELS[bits >> 4 & 3];
    out[4] = CONSONANTS[bits & 15];
    out[5] = i + 1 < N_WORDS ? '-' : '\0';
  }
}
