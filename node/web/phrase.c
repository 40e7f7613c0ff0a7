/*
 * phrase: see phrase.h.
 */
#include "node/web/phrase.h"

#include <string.h>
#include <strings.h>

static const struct {
  const char *en, *it;
} TEXTS[PHRASE_COUNT] = {
#define PHRASE_ROW(symbol, en, it) {en, it},
    PHRASES(PHRASE_ROW)
#undef PHRASE_ROW
};

static const struct { const char *tag, *name; } LANGUAGES[] = {{"en", "English"}, {"it", "Italiano"}};
#define N_LANGUAGES (sizeof LANGUAGES / sizeof LANGUAGES[0])

const char *phrase(enum phrase p, const char *lang) {
  return strcmp(lang, "it") == 0 ? TEXTS[p].it : TEXTS[p].en;
}

const char *phrase_language(size_t i) {
  return i < N_LANGUAGES ? LANGUAGES[i].tag : NULL;
}

const char *phrase_language_name(size_t i) {
  return i < N_LANGUAGES ? LANGUAGES[i].name : NULL;
}

const char *phrase_language_of(const char *tag, size_t len) {
  for (size_t i = 0; i < N_LANGUAGES; i++) {
    const size_t n = strlen(LANGUAGES[i].tag);
    if (len >= n && strncasecmp(tag, LANGUAGES[i].tag, n) == 0 && (len == n || tag[n] == '-')) return LANGUAGES[i].tag;
  }
  return NULL;
}
