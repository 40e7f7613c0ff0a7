/*
 * words: fingerprints that two people can compare by telephone. Proquints (five-letter pronounceable quintuplets, one per
 * 16 bits, consonant-vowel alternation), eight of them: the first 128 bits of a 32-octet id.
 */
#ifndef SPECOLA_KEYS_WORDS_H
#define SPECOLA_KEYS_WORDS_H

#include "keys/hash.h"

#define WORDS_LEN 48 /* eight words of five letters, seven hyphens, a NUL */

/* "lusab-babad-gutih-…": the first 16 octets of id. */
void words_of(const struct hash *id, char out[WORDS_LEN]);

#endif
