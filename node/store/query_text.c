/*
 * query_text: from what people type to FTS5: words, "a phrase", prefix*, -without. See query_inside.h.
 */
#include <string.h>
#include <utf8proc.h>

#include "keys/text.h"
#include "node/store/query_inside.h"

#define MATCH_MAX 16384u /* octets of an expression */

void query_match_init(struct query_match *m) {
  bytes_init(&m->any, MATCH_MAX);
  bytes_init(&m->every, MATCH_MAX);
  bytes_init(&m->unwanted, MATCH_MAX);
  m->nothing = false;
  m->n_words = 0;
}

void query_match_release(struct query_match *m) {
  bytes_release(&m->any);
  bytes_release(&m->every);
  bytes_release(&m->unwanted);
}

bool query_is_token(uint32_t c) {
  static const uint32_t wanted = 1u << UTF8PROC_CATEGORY_LU | 1u << UTF8PROC_CATEGORY_LL | 1u << UTF8PROC_CATEGORY_LT |
                                 1u << UTF8PROC_CATEGORY_LM | 1u << UTF8PROC_CATEGORY_LO | 1u << UTF8PROC_CATEGORY_ND |
                                 1u << UTF8PROC_CATEGORY_NL | 1u << UTF8PROC_CATEGORY_NO | 1u << UTF8PROC_CATEGORY_CO;
  return (wanted >> (unsigned)utf8proc_category((utf8proc_int32_t)c) & 1u) != 0;
}

static bool has_word(struct view v) {
  uint32_t c = 0;
  size_t n = 0;
  for (size_t at = 0; at < v.len; at += n == 0 ? 1 : n) {
    n = text_decode(view_of(v.p + at, v.len - at), &c);
    if (n > 0 && query_is_token(c)) {
      return true;
    }
  }
  return false;
}

/* Appends ` OP "word"*`; octets that could end the string are doubled or left out. */
static enum err_code put_word(struct bytes *out, const char *operator, struct view word, bool prefix, struct err *err) {
  enum err_code code = bytes_append_text(out, out->len > 0 ? operator: "", err);
  if (code == OK) {
    code = bytes_append_u8(out, '"', err);
  }
  for (size_t i = 0; i < word.len && code == OK; i++) {
    code = word.p[i] == '"' ? OK : bytes_append_u8(out, word.p[i], err);
  }
  return code == OK ? bytes_append_text(out, prefix ? "\" *" : "\"", err) : code;
}

static bool is_blank(uint8_t c) {
  return c <= ' ';
}

/* Cuts the next word or phrase off *rest. */
static struct view next_word(struct view *rest, bool *unwanted, bool *prefix) {
  size_t at = 0;
  while (at < rest->len && is_blank(rest->p[at])) {
    at++;
  }
  *unwanted = at + 1 < rest->len && rest->p[at] == '-';
  at += *unwanted;
  const bool quoted = at < rest->len && rest->p[at] == '"';
  at += quoted;
  const size_t start = at;
  while (at < rest->len && (quoted ? rest->p[at] != '"' : !is_blank(rest->p[at]) && rest->p[at] != '"')) {
    at++;
  }
  const struct view word = view_of(rest->p + start, at - start);
  at += quoted && at < rest->len;
  *prefix = quoted ? at < rest->len && rest->p[at] == '*' : word.len > 0 && word.p[word.len - 1] == '*';
  at += quoted && *prefix;
  *rest = view_of(rest->p + at, rest->len - at);
  return word;
}

enum err_code query_match_read(struct query_match *m, const char *text, struct err *err) {
  struct view rest = view_of_text(text == NULL ? "" : text);
  enum err_code code = OK;
  bool seen = false;
  rest.len = text_valid_prefix(rest);
  for (int words = 0; rest.len > 0 && words < QUERY_WORDS && code == OK; words++) {
    bool unwanted = false;
    bool prefix = false;
    const struct view word = next_word(&rest, &unwanted, &prefix);
    seen = seen || word.len > 0;
    if (!has_word(word)) {
      continue;
    }
    code = put_word(unwanted ? &m->unwanted : &m->any, " OR ", word, prefix, err);
    if (code == OK && !unwanted) {
      m->n_words++;
      code = put_word(&m->every, " AND ", word, prefix, err);
    }
  }
  m->nothing = seen && m->any.len == 0 && m->unwanted.len == 0;
  return code;
}
