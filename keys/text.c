/*
 * text: a UTF-8 checker that takes eight ASCII octets a step (every record body passes through it), and utf8proc for the rest.
 */
#include "keys/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define EVERY(octet) (UINT64_C(0x0101010101010101) * (octet))

/* True when eight octets are all printable ASCII, U+0020..U+007E. No sum below carries into the next octet once the first
 * test has passed, and the others do not count when it has not. */
static bool is_plain(const uint8_t *p) {
  uint64_t w;
  memcpy(&w, p, sizeof w);
  return (w & EVERY(0x80)) == 0 && ((w + EVERY(0x01)) & EVERY(0x80)) == 0 && ((w + EVERY(0x60)) & EVERY(0x80)) == EVERY(0x80);
}

static bool is_continuation(uint8_t c) {
  return (c & 0xc0) == 0x80;
}

/* Unicode 15, table 3-7. */
static size_t decode_long(struct view v, uint32_t *out) {
  const uint8_t *p = v.p;
  if (p[0] < 0xc2 || p[0] > 0xf4 || v.len < 2 || !is_continuation(p[1])) return 0;
  if (p[0] < 0xe0) {
    *out = (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
    return 2;
  }
  if (v.len < 3 || !is_continuation(p[2])) return 0;
  if (p[0] < 0xf0) {
    uint32_t c = (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
    if (c < 0x800 || (c >= 0xd800 && c <= 0xdfff)) return 0;
    *out = c;
    return 3;
  }
  if (v.len < 4 || !is_continuation(p[3])) return 0;
  uint32_t c = (p[0] & 0x07U) << 18 | (p[1] & 0x3fU) << 12 | (p[2] & 0x3fU) << 6 | (p[3] & 0x3fU);
  if (c < 0x10000 || c > 0x10ffff) return 0;
  *out = c;
  return 4;
}

size_t text_decode(struct view v, uint32_t *out) {
  if (v.len == 0) return 0;
  if (v.p[0] >= 0x80) return decode_long(v, out);
  *out = v.p[0];
  return 1;
}

size_t text_valid_prefix(struct view v) {
  size_t at = 0;
  while (at < v.len) {
    uint8_t first = v.p[at];
    if (first < 0x80) {
      if ((first < 0x20 && first != '\n' && first != '\t') || first == 0x7f) return at;
      at++;
      while (v.len - at >= 8 && is_plain(v.p + at))
        at += 8;
    } else if (first >= 0xc2 && first < 0xe0) { /* most of what is not ASCII in Europe */
      if (v.len - at < 2 || !is_continuation(v.p[at + 1])) return at;
      at += 2;
    } else {
      uint32_t c;
      size_t n = decode_long(view_of(v.p + at, v.len - at), &c);
      if (n == 0) return at;
      at += n;
    }
  }
  return at;
}

bool text_is_valid(struct view v) {
  return text_valid_prefix(v) == v.len;
}

bool text_is_harmful(uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

size_t text_length(struct view v) {
  size_t n = 0;
  for (size_t i = 0; i < v.len; i++)
    n += !is_continuation(v.p[i]);
  return n;
}

/* ERR_FORMAT unless v is valid apart from carriage returns, and has no run of marks that would make NFC quadratic. */
static enum err_code check_source(struct view v, struct err *err) {
  size_t marks = 0;
  for (size_t at = 0; at < v.len;) {
    uint32_t c = 0;
    size_t n = text_decode(view_of(v.p + at, v.len - at), &c);
    if (n == 0) return err_set(err, ERR_FORMAT, "octet %zu: not UTF-8", at);
    if ((c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) {
      return err_set(err, ERR_FORMAT, "octet %zu: control character U+%04X", at, c);
    }
    marks = c >= 0x300 && utf8proc_get_property((utf8proc_int32_t)c)->combining_class != 0 ? marks + 1 : 0;
    if (marks > TEXT_MARKS_MAX) return err_set(err, ERR_FORMAT, "octet %zu: too many combining marks in a row", at);
    at += n;
  }
  return OK;
}

static size_t trim(const uint8_t *p, size_t len, bool lines_too) {
  while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t' || (lines_too && p[len - 1] == '\n')))
    len--;
  return len;
}

/* Copies v to to[v.len] with line ends as \n and without trailing blanks. Returns the octets written. */
static size_t tidy_lines(struct view v, uint8_t *to) {
  size_t len = 0;
  for (size_t i = 0; i < v.len; i++) {
    uint8_t c = v.p[i];
    if (c == '\r') {
      if (i + 1 < v.len && v.p[i + 1] == '\n') continue;
      c = '\n';
    }
    if (c == '\n') len = trim(to, len, false);
    to[len++] = c;
  }
  return trim(to, len, true);
}

/* The octets of a character at p that is not ASCII, stands for itself in NFC and composes with nothing before it: 0 for others.
 */
static size_t normal_character(const uint8_t *p, size_t left) {
  if (left >= 2 && p[0] >= 0xc2 && p[0] <= 0xcb && is_continuation(p[1])) return 2;        /* U+0080..U+02FF */
  if (left >= 3 && p[0] == 0xe2 && p[1] == 0x80 && p[2] >= 0x90 && p[2] <= 0xa6) return 3; /* U+2010..U+2026 */
  if (left >= 3 && p[0] == 0xe2 && p[1] == 0x82 && p[2] == 0xac) return 3;                 /* the euro sign */
  return 0;
}

bool text_is_normal(struct view v) {
  for (size_t at = 0; at < v.len;) {
    const uint8_t c = v.p[at];
    size_t n = v.len - at >= 8 && is_plain(v.p + at) ? 8 : c >= 0x20 && c < 0x7f ? 1 : 0;
    if (c == '\n') {
      n = at > 0 && v.p[at - 1] == ' ' ? 0 : 1;
    } else if (c >= 0x80) {
      n = normal_character(v.p + at, v.len - at);
    }
    if (n == 0) return false;
    at += n;
  }
  return v.len == 0 || (v.p[v.len - 1] != ' ' && v.p[v.len - 1] != '\n');
}

enum err_code text_normalise(struct view v, struct bytes *out, struct err *err) {
  utf8proc_uint8_t *composed = NULL;
  if (text_is_normal(v)) return bytes_append(out, v, err);
  enum err_code code = check_source(v, err);
  if (code != OK || v.len == 0) return code;
  uint8_t *lines = malloc(v.len);
  if (lines == NULL) return err_set(err, ERR_MEMORY, NULL);
  size_t len = tidy_lines(v, lines);
  utf8proc_ssize_t n =
      utf8proc_map(lines, (utf8proc_ssize_t)len, &composed, (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (n < 0) {
    code = err_set(err, n == UTF8PROC_ERROR_NOMEM ? ERR_MEMORY : ERR_FORMAT, "text: %s", utf8proc_errmsg(n));
  } else {
    code = bytes_append(out, view_of(composed, (size_t)n), err);
  }
  free(composed);
  free(lines);
  return code;
}

size_t text_width(struct view v) {
  size_t width = 0;
  while (v.len > 0) {
    uint32_t c = 0;
    size_t n = text_decode(v, &c);
    int columns = n == 0 ? 1 : utf8proc_charwidth((utf8proc_int32_t)c);
    width += columns > 0 ? (size_t)columns : 0;
    n += n == 0;
    v = view_of(v.p + n, v.len - n);
  }
  return width;
}

/* The escape of one harmful character c, n octets of v from at on (0: a broken one). */
static enum err_code put_escape(struct view v, size_t at, size_t n, uint32_t c, bool json, struct bytes *out, struct err *err) {
  if (json) return bytes_printf(out, err, "\\u%04x", n == 0 ? 0xfffdU : c);
  return n < 2 ? bytes_printf(out, err, "\\x%02x", v.p[at]) : bytes_printf(out, err, "\\u{%x}", c);
}

static enum err_code escape(struct view v, bool keep_lines, bool json, struct bytes *out, struct err *err) {
  enum err_code code = OK;
  size_t start = out->len;
  size_t pending = 0; /* harmless octets before at, not yet appended */
  size_t at = 0;
  while (at < v.len && code == OK) {
    uint32_t c = 0;
    size_t n = text_decode(view_of(v.p + at, v.len - at), &c);
    if (n > 0 && (!text_is_harmful(c) || (keep_lines && (c == '\n' || c == '\t')))) {
      pending += n;
      at += n;
      continue;
    }
    code = bytes_append(out, view_of(v.p + at - pending, pending), err);
    pending = 0;
    if (code == OK) code = put_escape(v, at, n, c, json, out, err);
    at += n == 0 ? 1 : n;
  }
  if (code == OK && pending > 0) code = bytes_append(out, view_of(v.p + at - pending, pending), err);
  if (code != OK) out->len = start;
  return code;
}

enum err_code text_escape(struct view v, bool keep_lines, struct bytes *out, struct err *err) {
  return escape(v, keep_lines, false, out, err);
}

enum err_code text_escape_json(struct view json, struct bytes *out, struct err *err) {
  return escape(json, true, true, out, err);
}

size_t text_prefix(struct view v, size_t n) {
  for (size_t i = 0; i < v.len; i++) {
    if (is_continuation(v.p[i])) continue;
    if (n == 0) return i;
    n--;
  }
  return v.len;
}

/* Letters that Unicode does not decompose although people look for them under the plain one. Lower case: folding is done. */
struct plain {
  utf8proc_int32_t from;
  const char *to;
};
static const struct plain PLAIN[] = {
    {0x00e6, "ae"}, {0x00f0, "d"}, {0x00f8, "o"},  {0x0111, "d"}, {0x0127, "h"},
    {0x0131, "i"},  {0x0142, "l"}, {0x0153, "oe"}, {0x0167, "t"},
};

static enum err_code append_folded(utf8proc_int32_t c, struct bytes *out, struct err *err) {
  utf8proc_uint8_t octets[4];
  for (size_t i = 0; i < sizeof PLAIN / sizeof *PLAIN; i++) {
    if (PLAIN[i].from == c) return bytes_append_text(out, PLAIN[i].to, err);
  }
  utf8proc_ssize_t n = utf8proc_encode_char(c, octets);
  return bytes_append(out, view_of(octets, (size_t)n), err);
}

/* Appends the ASCII that v begins with, folded. *n: how much of it there is. */
static enum err_code fold_ascii(struct view v, struct bytes *out, size_t *n, struct err *err) {
  for (*n = 0; *n < v.len && v.p[*n] < 0x80;)
    ++*n;
  enum err_code code = *n == 0 ? OK : bytes_reserve(out, *n, err);
  for (size_t i = 0; i < *n && code == OK; i++) {
    const uint8_t c = v.p[i];
    out->p[out->len++] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
  }
  return code;
}

enum err_code text_fold(struct view v, struct bytes *out, struct err *err) {
  static const utf8proc_option_t OPTIONS =
      (utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK);
  enum err_code code = OK;
  size_t start = out->len;
  for (size_t at = 0; at < v.len && code == OK;) {
    uint32_t c = 0;
    utf8proc_int32_t parts[32]; /* no character decomposes into more than 18 */
    int boundary = 0;
    size_t n = 0;
    code = fold_ascii(view_of(v.p + at, v.len - at), out, &n, err);
    at += n;
    if (code != OK || at == v.len) break;
    n = text_decode(view_of(v.p + at, v.len - at), &c);
    if (n == 0) {
      code = err_set(err, ERR_FORMAT, "octet %zu: not UTF-8", at);
      break;
    }
    utf8proc_ssize_t n_parts = utf8proc_decompose_char((utf8proc_int32_t)c, parts, 32, OPTIONS, &boundary);
    if (n_parts < 0 || n_parts > 32) code = err_set(err, ERR_FORMAT, "octet %zu: %s", at, utf8proc_errmsg(n_parts));
    for (utf8proc_ssize_t i = 0; i < n_parts && code == OK; i++)
      code = append_folded(parts[i], out, err);
    at += n;
  }
  if (code != OK) out->len = start;
  return code;
}

bool text_is_formula(struct view v) {
  static const char *const BEGINNINGS[] = {
      "=", "+", "-", "@", "\t", "\r", "\n", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
  for (size_t i = 0; i < sizeof BEGINNINGS / sizeof *BEGINNINGS; i++) {
    const size_t len = strlen(BEGINNINGS[i]);
    if (v.len >= len && memcmp(v.p, BEGINNINGS[i], len) == 0) return true;
  }
  return false;
}
