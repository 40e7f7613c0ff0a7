/*
 * row: JSON of plain forms (row.h). Every function here may give up at anything that is rare or wrong (a number, a depth, a
 * control character, a key twice): a number is then read by jansson alone, and for anything else the whole line is.
 */
#include "protocol/schema/row.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"

#define DEPTH_MAX 32

/* Invariant: p <= end. */
struct row_reader {
  const uint8_t *p, *end;
  unsigned depth;
};

/* A string without its quotes. owned: where text lies, if it had escapes; freed by the caller. */
struct row_string {
  struct view text;
  uint8_t *owned;
};

/* The next octet that is no blank, without taking it; 0 at the end. */
static uint8_t peek(struct row_reader *r) {
  while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n'))
    r->p++;
  return r->p < r->end ? *r->p : 0;
}

static bool take(struct row_reader *r, uint8_t octet) {
  if (peek(r) != octet) return false;
  r->p++;
  return true;
}

/* ---- strings ---- */

/* The quote that ends the string at p, or NULL. *escapes: whether there are any before it. */
static const uint8_t *closing_quote(const uint8_t *p, const uint8_t *end, bool *escapes) {
  const uint8_t *quote = memchr(p, '"', (size_t)(end - p));
  *escapes = false;
  while (quote != NULL) {
    const uint8_t *backslash = memchr(p, '\\', (size_t)(quote - p));
    if (backslash == NULL) return quote;
    *escapes = true;
    p = backslash + 2; /* at most one behind the quote */
    if (p > quote) quote = memchr(p, '"', (size_t)(end - p));
  }
  return NULL;
}

/* Four hexadecimal digits at p. */
static bool hex4(const uint8_t *p, const uint8_t *end, uint32_t *out) {
  if (end - p < 4) return false;
  *out = 0;
  for (int i = 0; i < 4; i++) {
    const uint8_t c = p[i], letter = (uint8_t)(c | 0x20);
    if (c >= '0' && c <= '9') {
      *out = *out << 4 | (uint32_t)(c - '0');
    } else if (letter >= 'a' && letter <= 'f') {
      *out = *out << 4 | (uint32_t)(letter - 'a' + 10);
    } else {
      return false;
    }
  }
  return true;
}

/* The character behind "\u": the octets that it took, 0 for a half of one and for U+0000. */
static size_t escaped_scalar(const uint8_t *p, const uint8_t *end, uint32_t *out) {
  uint32_t low = 0;
  if (!hex4(p, end, out) || *out == 0 || (*out >= 0xdc00 && *out <= 0xdfff)) return 0;
  if (*out < 0xd800 || *out > 0xdbff) return 4;
  if (end - p < 10 || p[4] != '\\' || p[5] != 'u' || !hex4(p + 6, end, &low) || low < 0xdc00 || low > 0xdfff) return 0;
  *out = 0x10000 + ((*out - 0xd800) << 10) + (low - 0xdc00);
  return 10;
}

/* Writes UTF-8; at most as many octets as the escape had. */
static size_t put_scalar(uint32_t c, uint8_t *to) {
  size_t n = 0;
  if (c < 0x80) {
    to[n++] = (uint8_t)c;
  } else if (c < 0x800) {
    to[n++] = (uint8_t)(0xc0 | c >> 6);
  } else if (c < 0x10000) {
    to[n++] = (uint8_t)(0xe0 | c >> 12);
    to[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
  } else {
    to[n++] = (uint8_t)(0xf0 | c >> 18);
    to[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    to[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
  }
  if (c >= 0x80) to[n++] = (uint8_t)(0x80 | (c & 0x3f));
  return n;
}

/* Resolves the escapes of raw into to[raw.len]. False for one that JSON does not have. */
static bool unescape(struct view raw, uint8_t *to, size_t *len) {
  static const char from[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
  const uint8_t *p = raw.p, *const end = raw.p + raw.len;
  *len = 0;
  while (p < end) {
    const uint8_t *backslash = memchr(p, '\\', (size_t)(end - p));
    const size_t plain = (size_t)((backslash != NULL ? backslash : end) - p);
    memcpy(to + *len, p, plain);
    *len += plain;
    if (backslash == NULL) return true;
    p = backslash + 1;
    if (p == end) return false;
    const char *simple = *p != 0 ? strchr(from, *p) : NULL;
    if (simple != NULL) {
      to[(*len)++] = (uint8_t)meant[simple - from];
      p++;
      continue;
    }
    uint32_t c = 0;
    const size_t n = *p == 'u' ? escaped_scalar(p + 1, end, &c) : 0;
    if (n == 0) return false;
    *len += put_scalar(c, to + *len);
    p += 1 + n;
  }
  return true;
}

static bool read_string(struct row_reader *r, struct row_string *out) {
  bool escapes = false;
  *out = (struct row_string){0};
  if (!take(r, '"')) return false;
  const uint8_t *quote = closing_quote(r->p, r->end, &escapes);
  if (quote == NULL) return false;
  const struct view raw = view_of(r->p, (size_t)(quote - r->p));
  r->p = quote + 1;
  if (!text_is_valid(raw) || memchr(raw.p, '\t', raw.len) != NULL || memchr(raw.p, '\n', raw.len) != NULL) return false;
  out->text = raw;
  if (!escapes) return true;
  out->owned = malloc(raw.len);
  size_t len = 0;
  if (out->owned == NULL || !unescape(raw, out->owned, &len)) {
    free(out->owned);
    return false;
  }
  out->text = view_of(out->owned, len);
  return true;
}

/* ---- values: a new reference; NULL: given up ---- */

static json_t *read_value(struct row_reader *r);

static json_t *read_text(struct row_reader *r) {
  struct row_string s;
  if (!read_string(r, &s)) return NULL;
  json_t *out = json_stringn_nocheck((const char *)s.text.p, s.text.len);
  free(s.owned);
  return out;
}

static json_t *read_word(struct row_reader *r) {
  static const struct {
    const char *word;
    size_t len;
    json_type type;
  } words[] = {{"true", 4, JSON_TRUE}, {"false", 5, JSON_FALSE}, {"null", 4, JSON_NULL}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if ((size_t)(r->end - r->p) < words[i].len || memcmp(r->p, words[i].word, words[i].len) != 0) continue;
    r->p += words[i].len;
    return words[i].type == JSON_NULL ? json_null() : json_boolean(words[i].type == JSON_TRUE);
  }
  return NULL;
}

static json_t *read_number(struct row_reader *r) {
  size_t len = 0;
  while (r->p + len < r->end && r->p[len] != 0 && strchr("+-.0123456789Ee", r->p[len]) != NULL)
    len++;
  json_t *out = len > 0 ? json_loadb((const char *)r->p, len, JSON_DECODE_ANY, NULL) : NULL;
  r->p += len;
  return out;
}

static json_t *read_array(struct row_reader *r) {
  json_t *out = json_array();
  if (take(r, ']')) return out;
  while (out != NULL && json_array_append_new(out, read_value(r)) == 0) {
    if (take(r, ']')) return out;
    if (!take(r, ',')) break;
  }
  json_decref(out);
  return NULL;
}

/* A key and its value, into object. */
static bool read_pair(struct row_reader *r, json_t *object) {
  struct row_string key;
  if (peek(r) != '"' || !read_string(r, &key)) return false;
  const char *name = (const char *)key.text.p;
  const bool good = json_object_getn(object, name, key.text.len) == NULL && take(r, ':') &&
                    json_object_setn_new_nocheck(object, name, key.text.len, read_value(r)) == 0;
  free(key.owned);
  return good;
}

static json_t *read_object(struct row_reader *r) {
  json_t *out = json_object();
  if (take(r, '}')) return out;
  while (out != NULL && read_pair(r, out)) {
    if (take(r, '}')) return out;
    if (!take(r, ',')) break;
  }
  json_decref(out);
  return NULL;
}

static json_t *read_value(struct row_reader *r) {
  const uint8_t first = peek(r);
  if (first == '"') return read_text(r);
  if (first != '{' && first != '[') return first >= 'f' ? read_word(r) : read_number(r);
  if (++r->depth > DEPTH_MAX) return NULL;
  r->p++;
  json_t *out = first == '{' ? read_object(r) : read_array(r);
  r->depth--;
  return out;
}

json_t *row_read(struct view line, json_error_t *fault) {
  struct row_reader r = {.p = line.p, .end = line.p + line.len};
  const uint8_t first = line.len > 0 ? peek(&r) : 0;
  json_t *out = first == '{' || first == '[' ? read_value(&r) : NULL;
  if (out != NULL && peek(&r) == 0 && r.p == r.end) return out;
  json_decref(out);
  return json_loadb(line.len > 0 ? (const char *)line.p : "", line.len, JSON_REJECT_DUPLICATES, fault);
}
