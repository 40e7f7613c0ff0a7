/*
 * snippet: see snippet.h. First every match is marked; then two cursors go over the marks: a window of WINDOW octets begins at
 * each match, and the first one that holds most matches is taken.
 */
#include "node/store/snippet.h"

#include <string.h>

#include "keys/text.h"
#include "node/store/query_inside.h"
#include "protocol/limits.h"

#define WORDS 64
#define WORD_MAX 128u /* octets of a word, folded; a longer one is not marked */

/* Marks around a match while it is looked for: octets that no text of a record can hold. */
#define SNIPPET_BEGIN 0x01
#define SNIPPET_END 0x02

#define WINDOW 140 /* octets from the first match on */
#define BEFORE 40  /* octets before it, so that one sees what it is about */

struct word {
  uint8_t p[WORD_MAX];
  size_t len;
  bool prefix; /* whatever begins so */
};

struct words {
  struct word list[WORDS];
  size_t n;
  struct bytes folded; /* scratch */
};

/* ---- marks ---- */

/* The octets of the token that v begins with; 0: none. *plain: all of it is ASCII. */
static size_t token_length(struct view v, bool *plain) {
  size_t at = 0;
  *plain = true;
  while (at < v.len) {
    uint32_t c = 0;
    const size_t n = text_decode(view_of(v.p + at, v.len - at), &c);
    const bool mark = at > 0 && c >= 0x300 && c < 0x370;
    if (n == 0 || !(c < 0x80 ? (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') : mark || query_is_token(c)))
      break;
    *plain = *plain && c < 0x80;
    at += n;
  }
  return at;
}

/* The token as words are compared: in w->folded. Empty: it is too long. */
static struct view fold(struct words *w, struct view token, bool plain) {
  bytes_clear(&w->folded);
  if (!plain) return text_fold(token, &w->folded, NULL) == OK ? bytes_view(&w->folded) : view_of(NULL, 0);
  for (size_t i = 0; i < token.len; i++) {
    const uint8_t c = token.p[i];
    if (bytes_append_u8(&w->folded, c >= 'A' && c <= 'Z' ? c | 0x20 : c, NULL) != OK) return view_of(NULL, 0);
  }
  return bytes_view(&w->folded);
}

static bool is_wanted(struct words *w, struct view token, bool plain) {
  const struct view folded = fold(w, token, plain);
  for (size_t i = 0; i < w->n && folded.len > 0; i++) {
    const struct word *word = &w->list[i];
    if ((word->prefix ? folded.len >= word->len : folded.len == word->len) && memcmp(folded.p, word->p, word->len) == 0)
      return true;
  }
  return false;
}

/* The octets up to the next token. */
static size_t gap_length(struct view v) {
  size_t at = 0;
  bool plain = true;
  while (at < v.len && token_length(view_of(v.p + at, v.len - at < 4 ? v.len - at : 4), &plain) == 0) {
    uint32_t c = 0;
    const size_t n = text_decode(view_of(v.p + at, v.len - at), &c);
    at += n == 0 ? 1 : n;
  }
  return at;
}

/* Reads `"a phrase" OR "word" *`, as query_text writes it. */
static void read_words(struct words *w, struct view match) {
  bool inside = false, plain = true;
  for (size_t at = 0; at < match.len;) {
    const struct view rest = view_of(match.p + at, match.len - at);
    const size_t len = inside ? token_length(rest, &plain) : 0;
    if (rest.p[0] == '"') {
      inside = !inside;
      if (!inside && w->n > 0 && rest.len > 2 && rest.p[2] == '*') w->list[w->n - 1].prefix = true;
    } else if (len > 0 && w->n < WORDS) {
      const struct view folded = fold(w, view_of(rest.p, len), plain);
      struct word *word = &w->list[w->n];
      *word = (struct word){.len = folded.len};
      if (folded.len > 0) memcpy(word->p, folded.p, folded.len);
      w->n += folded.len > 0;
    }
    at += len > 0 ? len : 1;
  }
}

static enum err_code mark(struct words *w, struct view text, struct bytes *out, struct err *err) {
  enum err_code code = OK;
  for (size_t at = 0; at < text.len && code == OK;) {
    struct view rest = view_of(text.p + at, text.len - at);
    const size_t gap = gap_length(rest);
    bool plain = true;
    code = bytes_append(out, view_of(rest.p, gap), err);
    rest = view_of(rest.p + gap, rest.len - gap);
    const size_t len = token_length(rest, &plain);
    const bool wanted = len > 0 && is_wanted(w, view_of(rest.p, len), plain);
    if (code == OK && wanted) code = bytes_append_u8(out, SNIPPET_BEGIN, err);
    if (code == OK) code = bytes_append(out, view_of(rest.p, len), err);
    if (code == OK && wanted) code = bytes_append_u8(out, SNIPPET_END, err);
    at += gap + len;
  }
  return code;
}

/* ---- the window ---- */

static const uint8_t *next_match(const uint8_t *from, const uint8_t *end) {
  return from >= end ? NULL : memchr(from, SNIPPET_BEGIN, (size_t)(end - from));
}

/* Where the match begins whose window holds most matches; NULL: there is none. */
static const uint8_t *best_match(struct view text) {
  const uint8_t *end = text.p + text.len, *best = NULL, *last = NULL;
  size_t n = 0, most = 0;
  for (const uint8_t *first = last = next_match(text.p, end); first != NULL; first = next_match(first + 1, end)) {
    for (; last != NULL && last - first < WINDOW; last = next_match(last + 1, end))
      n++;
    if (n > most) {
      most = n;
      best = first;
    }
    n--;
  }
  return best;
}

static bool is_blank(uint8_t c) {
  return c == ' ' || c == '\n' || c == '\t';
}

static bool is_inside_character(uint8_t c) {
  return (c & 0xc0) == 0x80;
}

/* The beginning of a word at most BEFORE octets before match, else match itself. */
static const uint8_t *begin_of(struct view text, const uint8_t *match) {
  if (match - text.p <= BEFORE) return text.p;
  for (const uint8_t *p = match - BEFORE; p < match; p++) {
    if (is_blank(p[-1])) return p;
  }
  return match;
}

/* The end of a word at most WINDOW octets behind match; of a character, where a word is longer than that. */
static const uint8_t *end_of(struct view text, const uint8_t *match) {
  const uint8_t *end = text.p + text.len;
  if (end - match <= WINDOW) return end;
  for (const uint8_t *p = match + WINDOW; p > match + WINDOW / 2; p--) {
    if (is_blank(*p)) return p;
  }
  for (end = match + WINDOW; is_inside_character(*end);)
    end--;
  return end;
}

/* The octets from p on that U+2068 or U+2069 takes. */
static size_t isolate_length(const uint8_t *p, const uint8_t *end) {
  return end - p >= 3 && p[0] == 0xe2 && p[1] == 0x81 && (p[2] == 0xa8 || p[2] == 0xa9) ? 3 : 0;
}

static enum err_code cut(struct view marked, struct bytes *out, struct err *err) {
  const uint8_t *match = marked.len == 0 ? NULL : best_match(marked);
  bool inside = false;
  if (match == NULL) return OK;
  const uint8_t *from = begin_of(marked, match), *to = end_of(marked, match);
  enum err_code code = from > marked.p ? bytes_append_text(out, "…", err) : OK;
  for (const uint8_t *p = from; p < to && code == OK; p++) {
    const size_t own = isolate_length(p, to);
    if (own > 0) {
      p += own - 1;
    } else if (*p == SNIPPET_BEGIN || *p == SNIPPET_END) {
      if (inside != (*p == SNIPPET_BEGIN)) code = bytes_append_text(out, inside ? "\u2069" : "\u2068", err);
      inside = *p == SNIPPET_BEGIN;
    } else {
      code = bytes_append_u8(out, *p, err);
    }
  }
  if (code == OK && inside) code = bytes_append_text(out, "\u2069", err);
  return code == OK && to < marked.p + marked.len ? bytes_append_text(out, "…", err) : code;
}

enum err_code snippet_make(struct view text, struct view match, struct bytes *out, struct err *err) {
  struct words w = {.n = 0};
  struct bytes marked;
  bytes_init(&w.folded, WORD_MAX);
  bytes_init(&marked, (size_t)4 * LIMIT_BODY);
  read_words(&w, match);
  enum err_code code = mark(&w, text, &marked, err);
  if (code == OK) code = cut(bytes_view(&marked), out, err);
  bytes_release(&marked);
  bytes_release(&w.folded);
  return code;
}
