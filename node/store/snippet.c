/*
 * snippet: see snippet.h. One pass over the text finds the matches; then two cursors go over them: a window of WINDOW octets
 * begins at each, and the first one that holds most of them is taken.
 */
#include "node/store/snippet.h"

#include <string.h>

#include "keys/text.h"
#include "node/store/query_inside.h"
#include "protocol/limits.h"

#define WORDS 64
#define WORD_MAX 128u /* octets of a word, folded; a longer one is not marked */

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
  bool begins[128];    /* an ASCII octet with which a word begins */
  struct bytes folded; /* scratch */
};

/* ---- matches ---- */

static bool is_plain_token(uint8_t c) {
  return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10;
}

static uint8_t lower(uint8_t c) {
  return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* The octets of the character at p < end. *inside: it belongs to a token, or begins one (first). */
static size_t next_character(const uint8_t *p, const uint8_t *end, bool first, bool *inside) {
  uint32_t c = 0;
  if (*p < 0x80) {
    *inside = is_plain_token(*p);
    return 1;
  }
  const size_t n = text_decode((struct view){p, (size_t)(end - p)}, &c);
  *inside = n > 0 && ((!first && c >= 0x300 && c < 0x370) || query_is_token(c));
  return n == 0 ? 1 : n;
}

/* The octets of the token that v begins with; 0: none. *plain: all of it is ASCII. */
static size_t token_length(struct view v, bool *plain) {
  const uint8_t *p = v.p, *end = v.p + v.len;
  bool inside = true;
  *plain = true;
  for (;;) {
    while (p < end && is_plain_token(*p))
      p++;
    if (p == end || *p < 0x80) break;
    const size_t n = next_character(p, end, p == v.p, &inside);
    if (!inside) break;
    *plain = false;
    p += n;
  }
  return (size_t)(p - v.p);
}

/* The token as words are compared, in w->folded. Empty: it is too long. */
static struct view fold(struct words *w, struct view token) {
  bytes_clear(&w->folded);
  return text_fold(token, &w->folded, NULL) == OK ? bytes_view(&w->folded) : view_of(NULL, 0);
}

static bool is_word(const struct word *word, struct view token) {
  if (word->prefix ? token.len < word->len : token.len != word->len) return false;
  for (size_t i = 0; i < word->len; i++) {
    if (lower(token.p[i]) != word->p[i]) return false;
  }
  return true;
}

static bool is_wanted(struct words *w, struct view token, bool plain) {
  /* Folding leaves an ASCII letter at the beginning where it is. */
  if (token.p[0] < 0x80 && !w->begins[lower(token.p[0])]) return false;
  if (!plain) token = fold(w, token);
  for (size_t i = 0; i < w->n && token.len > 0; i++) {
    if (is_word(&w->list[i], token)) return true;
  }
  return false;
}

static void take_word(struct words *w, struct view token) {
  const struct view folded = fold(w, token);
  struct word *word = &w->list[w->n];
  if (w->n == WORDS || folded.len == 0) return;
  *word = (struct word){.len = folded.len};
  memcpy(word->p, folded.p, folded.len);
  if (folded.p[0] < 0x80) w->begins[folded.p[0]] = true;
  w->n++;
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
    } else if (len > 0) {
      take_word(w, view_of(rest.p, len));
    }
    at += len > 0 ? len : 1;
  }
}

/* Appends a struct view for each token of the text that is wanted. */
static enum err_code find_matches(struct words *w, struct view text, struct bytes *out, struct err *err) {
  const uint8_t *p = text.p, *end = text.p + text.len;
  enum err_code code = OK;
  while (p < end && code == OK) {
    bool plain = true, inside = false;
    if (*p < 0x80 && !is_plain_token(*p)) {
      p++;
      continue;
    }
    const struct view token = {p, token_length((struct view){p, (size_t)(end - p)}, &plain)};
    if (token.len == 0) {
      p += next_character(p, end, true, &inside);
      continue;
    }
    if (is_wanted(w, token, plain)) code = bytes_append(out, view_of(&token, sizeof token), err);
    p += token.len;
  }
  return code;
}

/* ---- the window ---- */

/* The first one of the matches from which on a window holds most of them. n > 0. */
static size_t best_match(const struct view *matches, size_t n) {
  size_t best = 0, most = 0;
  for (size_t first = 0, last = 0; first < n; first++) {
    while (last < n && matches[last].p - matches[first].p < WINDOW)
      last++;
    if (last - first > most) {
      most = last - first;
      best = first;
    }
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

/* Appends octets without isolates of their own. */
static enum err_code put_text(const uint8_t *p, const uint8_t *end, struct bytes *out, struct err *err) {
  const uint8_t *from = p;
  enum err_code code = OK;
  for (; p < end && code == OK; p++) {
    const size_t own = isolate_length(p, end);
    if (own == 0) continue;
    code = bytes_append(out, view_of(from, (size_t)(p - from)), err);
    p += own - 1;
    from = p + 1;
  }
  return code == OK ? bytes_append(out, view_of(from, (size_t)(end - from)), err) : code;
}

static enum err_code cut(struct view text, const struct view *matches, size_t n, struct bytes *out, struct err *err) {
  size_t i = best_match(matches, n);
  const uint8_t *p = begin_of(text, matches[i].p), *to = end_of(text, matches[i].p);
  enum err_code code = p > text.p ? bytes_append_text(out, "…", err) : OK;
  while (i > 0 && matches[i - 1].p >= p)
    i--;
  for (; i < n && matches[i].p < to && code == OK; i++) {
    const uint8_t *end = matches[i].p + matches[i].len < to ? matches[i].p + matches[i].len : to;
    code = put_text(p, matches[i].p, out, err);
    if (code == OK) code = bytes_append_text(out, "\u2068", err);
    if (code == OK) code = put_text(matches[i].p, end, out, err);
    if (code == OK) code = bytes_append_text(out, "\u2069", err);
    p = end;
  }
  if (code == OK) code = put_text(p, to, out, err);
  return code == OK && to < text.p + text.len ? bytes_append_text(out, "…", err) : code;
}

enum err_code snippet_make(struct view text, struct view match, struct bytes *out, struct err *err) {
  struct words w = {.n = 0};
  struct bytes matches;
  bytes_init(&w.folded, WORD_MAX);
  bytes_init(&matches, (size_t)LIMIT_BODY * sizeof(struct view));
  read_words(&w, match);
  enum err_code code = find_matches(&w, text, &matches, err);
  if (code == OK && matches.len > 0) {
    code = cut(text, (const struct view *)(const void *)matches.p, matches.len / sizeof(struct view), out, err);
  }
  bytes_release(&matches);
  bytes_release(&w.folded);
  return code;
}
