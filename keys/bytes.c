/*
 * bytes: views, capped buffers, hexadecimal, base64, decimal, big-endian integers.
 *
 * Each allocation is one octet longer than the capacity, so that bytes_text() can always put its NUL there.
 */
#include "keys/bytes.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY ((size_t)64)

struct view view_of(const void *p, size_t len) {
  return (struct view){.p = p, .len = len};
}

struct view view_of_text(const char *text) {
  return view_of(text, strlen(text));
}

bool view_equal(struct view a, struct view b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

int view_compare(struct view a, struct view b) {
  size_t shorter = a.len < b.len ? a.len : b.len;
  int order = shorter == 0 ? 0 : memcmp(a.p, b.p, shorter);
  if (order != 0) return order;
  return (a.len > b.len) - (a.len < b.len);
}

bool view_is_text(struct view v, const char *text) {
  return view_equal(v, view_of_text(text));
}

char *view_copy(struct view v) {
  char *copy = malloc(v.len + 1);
  if (copy == NULL) return NULL;
  if (v.len > 0) memcpy(copy, v.p, v.len);
  copy[v.len] = '\0';
  return copy;
}

void bytes_init(struct bytes *b, size_t ceiling) {
  *b = (struct bytes){.ceiling = ceiling};
}

void bytes_release(struct bytes *b) {
  free(b->p);
  bytes_init(b, b->ceiling);
}

void bytes_clear(struct bytes *b) {
  b->len = 0;
}

enum err_code bytes_reserve(struct bytes *b, size_t more, struct err *err) {
  if (more > b->ceiling - b->len) {
    return err_set(err, ERR_LIMIT, "%zu octets and %zu more: at most %zu", b->len, more, b->ceiling);
  }
  size_t needed = b->len + more;
  if (needed <= b->capacity) return OK;
  size_t capacity = b->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : b->capacity;
  while (capacity < needed && capacity <= b->ceiling / 2)
    capacity *= 2;
  if (capacity < needed || capacity > b->ceiling) capacity = b->ceiling;
  uint8_t *p = capacity == SIZE_MAX ? NULL : realloc(b->p, capacity + 1);
  if (p == NULL) return err_set(err, ERR_MEMORY, NULL);
  b->p = p;
  b->capacity = capacity;
  return OK;
}

enum err_code bytes_append(struct bytes *b, struct view v, struct err *err) {
  if (v.len == 0) return OK;
  enum err_code code = bytes_reserve(b, v.len, err);
  if (code != OK) return code;
  memcpy(b->p + b->len, v.p, v.len);
  b->len += v.len;
  return OK;
}

enum err_code bytes_append_u8(struct bytes *b, uint8_t octet, struct err *err) {
  return bytes_append(b, view_of(&octet, 1), err);
}

enum err_code bytes_append_text(struct bytes *b, const char *text, struct err *err) {
  return bytes_append(b, view_of_text(text), err);
}

enum err_code bytes_printf(struct bytes *b, struct err *err, const char *format, ...) {
  enum err_code code = OK;
  va_list args;
  va_list again;
  va_start(args, format);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, format, args);
  if (n < 0) {
    code = err_set(err, ERR_FAILED, "text cannot be formatted");
  } else if (n > 0) {
    code = bytes_reserve(b, (size_t)n, err);
    if (code == OK) {
      (void)vsnprintf((char *)b->p + b->len, (size_t)n + 1, format, again);
      b->len += (size_t)n;
    }
  }
  va_end(again);
  va_end(args);
  return code;
}

void bytes_consume(struct bytes *b, size_t n) {
  if (n == 0) return;
  memmove(b->p, b->p + n, b->len - n);
  b->len -= n;
}

struct view bytes_view(const struct bytes *b) {
  return view_of(b->p, b->len);
}

const char *bytes_text(struct bytes *b) {
  if (b->p == NULL) return "";
  b->p[b->len] = '\0';
  return (const char *)b->p;
}

void hex_encode(struct view v, char *out) {
  static const char DIGITS[] = "0123456789abcdef";
  for (size_t i = 0; i < v.len; i++) {
    out[2 * i] = DIGITS[v.p[i] >> 4];
    out[2 * i + 1] = DIGITS[v.p[i] & 15];
  }
  out[2 * v.len] = '\0';
}

/* 0..15, or 255 for what is no lower-case digit. */
static uint8_t hex_value(uint8_t c) {
  if (c >= '0' && c <= '9') return (uint8_t)(c - '0');
  if (c >= 'a' && c <= 'f') return (uint8_t)(c - 'a' + 10);
  return 255;
}

enum err_code hex_decode(struct view text, uint8_t *out, size_t len, struct err *err) {
  if (text.len % 2 != 0 || text.len / 2 != len) {
    return err_set(err, ERR_FORMAT, "%zu characters where %zu hexadecimal digits belong", text.len, 2 * len);
  }
  for (size_t i = 0; i < text.len; i++) {
    if (hex_value(text.p[i]) == 255) {
      return err_set(err, ERR_FORMAT, "character %zu is no lower-case hexadecimal digit", i + 1);
    }
  }
  for (size_t i = 0; i < len; i++) {
    out[i] = (uint8_t)(hex_value(text.p[2 * i]) << 4 | hex_value(text.p[2 * i + 1]));
  }
  return OK;
}

void base64_encode(struct view v, char *out) {
  (void)sodium_bin2base64(out, BASE64_LEN(v.len) + 1, v.p, v.len, sodium_base64_VARIANT_ORIGINAL);
}

/* 0..63, or 255 for what is no base64 character. libsodium 1.0.18's decoder is not used: it takes octets past 0x7f for letters.
 */
static uint8_t base64_value(uint8_t c) {
  if (c >= 'A' && c <= 'Z') return (uint8_t)(c - 'A');
  if (c >= 'a' && c <= 'z') return (uint8_t)(c - 'a' + 26);
  if (c >= '0' && c <= '9') return (uint8_t)(c - '0' + 52);
  if (c == '+') return 62;
  return c == '/' ? 63 : 255;
}

enum err_code base64_decode(struct view text, uint8_t *out, size_t len, struct err *err) {
  uint32_t bits = 0;
  size_t n_letters = (len * 8 + 5) / 6; /* the rest is padding */
  size_t n_out = 0;
  if (len > SIZE_MAX / 8 - 1 || text.len != BASE64_LEN(len)) {
    return err_set(err, ERR_FORMAT, "%zu characters where %zu of base64 belong", text.len, BASE64_LEN(len));
  }
  for (size_t i = 0; i < text.len; i++) {
    uint8_t value = i < n_letters ? base64_value(text.p[i]) : 0;
    if (value == 255 || (i >= n_letters && text.p[i] != '=')) {
      return err_set(err, ERR_FORMAT, "character %zu is no base64", i + 1);
    }
    bits = (bits << 6 | value) & 0xffffff;
    if (i % 4 == 0) continue;
    uint8_t octet = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    if (n_out < len) {
      out[n_out++] = octet;
    } else if (octet != 0) {
      return err_set(err, ERR_FORMAT, "the base64 ends in bits that are not zero");
    }
  }
  return OK;
}

enum err_code decimal_decode(struct view text, uint64_t *out, struct err *err) {
  uint64_t value = 0;
  if (text.len == 0 || text.len > 20) return err_set(err, ERR_FORMAT, "a number has 1 to 20 digits, not %zu", text.len);
  if (text.len > 1 && text.p[0] == '0') return err_set(err, ERR_FORMAT, "a number does not begin with a zero");
  for (size_t i = 0; i < text.len; i++) {
    if (text.p[i] < '0' || text.p[i] > '9') return err_set(err, ERR_FORMAT, "character %zu is no digit", i + 1);
    uint64_t digit = (uint64_t)(text.p[i] - '0');
    if (value > (UINT64_MAX - digit) / 10) return err_set(err, ERR_FORMAT, "the number does not fit in 64 bits");
    value = value * 10 + digit;
  }
  *out = value;
  return OK;
}

void put_u32be(uint8_t out[4], uint32_t value) {
  for (int i = 3; i >= 0; i--, value >>= 8)
    out[i] = (uint8_t)value;
}

void put_u64be(uint8_t out[8], uint64_t value) {
  for (int i = 7; i >= 0; i--, value >>= 8)
    out[i] = (uint8_t)value;
}

uint32_t get_u32be(const uint8_t in[4]) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++)
    value = value << 8 | in[i];
  return value;
}

uint64_t get_u64be(const uint8_t in[8]) {
  uint64_t value = 0;
  for (int i = 0; i < 8; i++)
    value = value << 8 | in[i];
  return value;
}
