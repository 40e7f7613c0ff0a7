/*
 * snippet: see snippet.h. Two cursors over the marks: a window of WINDOW octets begins at each match, and the first one that
 * holds most matches is taken.
 */
#include "node/store/snippet.h"

#include <string.h>

#define WINDOW 140 /* octets from the first match on */
#define BEFORE 40  /* octets before it, so that one sees what it is about */

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

enum err_code snippet_cut(struct view marked, struct bytes *out, struct err *err) {
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
