/*
 * bytes: octets that are borrowed (struct view) and octets that are owned (struct bytes).
 *
 * Every owned buffer is initialised with its ceiling, so no input can make it grow past a limit that somebody chose.
 * Hexadecimal and base64 (RFC 4648, strict) live here because keys, ids and checkpoints all print themselves.
 */
#ifndef SPECOLA_KEYS_BYTES_H
#define SPECOLA_KEYS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/err.h"

/* A borrowed run of octets. p may be NULL only when len is 0. */
struct view {
  const uint8_t *p;
  size_t len; /* octets */
};

struct view view_of(const void *p, size_t len);
struct view view_of_text(const char *text); /* up to, without, the NUL; text != NULL */
bool view_equal(struct view a, struct view b);
/* memcmp order, a shorter prefix first: <0, 0, >0. */
int view_compare(struct view a, struct view b);
bool view_is_text(struct view v, const char *text);
char *view_copy(struct view v); /* with a NUL behind it; the caller frees it. NULL without memory */

/* An owned buffer. Invariants: len <= capacity <= ceiling; p is NULL exactly when capacity is 0. */
struct bytes {
  uint8_t *p;
  size_t len;      /* octets in use */
  size_t capacity; /* octets allocated */
  size_t ceiling;  /* octets it may ever hold */
};

/* An empty buffer that may hold up to ceiling octets; allocates nothing. */
void bytes_init(struct bytes *b, size_t ceiling);
/* Frees the octets and makes the buffer empty (the ceiling stays). A zeroed struct is fine. */
void bytes_release(struct bytes *b);
/* Forgets the contents, keeps the allocation. */
void bytes_clear(struct bytes *b);
/* Room for `more` further octets. ERR_LIMIT past the ceiling, ERR_MEMORY. On error b is untouched. */
MUST_CHECK enum err_code bytes_reserve(struct bytes *b, size_t more, struct err *err);
/* Appends; v must not point into b. ERR_LIMIT, ERR_MEMORY; on error b is untouched. */
MUST_CHECK enum err_code bytes_append(struct bytes *b, struct view v, struct err *err);
MUST_CHECK enum err_code bytes_append_u8(struct bytes *b, uint8_t octet, struct err *err);
MUST_CHECK enum err_code bytes_append_text(struct bytes *b, const char *text, struct err *err);
MUST_CHECK enum err_code bytes_printf(struct bytes *b, struct err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Drops octets from the front (n <= len). */
void bytes_consume(struct bytes *b, size_t n);
/* Borrowed until the next call on b. */
struct view bytes_view(const struct bytes *b);
/* The contents as a C string: a NUL is put behind them (not counted). Borrowed until the next call; NULL if no memory. */
const char *bytes_text(struct bytes *b);

/* Lower-case hexadecimal: out receives 2 * v.len characters and a NUL. */
void hex_encode(struct view v, char *out);
/* Strict: exactly 2 * len lower-case digits, nothing else. ERR_FORMAT. */
MUST_CHECK enum err_code hex_decode(struct view text, uint8_t *out, size_t len, struct err *err);
/* Standard base64 with padding (RFC 4648 section 4), strict and canonical (unused bits zero). */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)
void base64_encode(struct view v, char *out); /* BASE64_LEN(v.len) characters and a NUL */
MUST_CHECK enum err_code base64_decode(struct view text, uint8_t *out, size_t len, struct err *err);

/* Unsigned decimal of 1..20 digits without sign or leading zero. ERR_FORMAT, also past UINT64_MAX. */
MUST_CHECK enum err_code decimal_decode(struct view text, uint64_t *out, struct err *err);

/* Big-endian integers in place. */
void put_u32be(uint8_t out[4], uint32_t value);
void put_u64be(uint8_t out[8], uint64_t value);
uint32_t get_u32be(const uint8_t in[4]);
uint64_t get_u64be(const uint8_t in[8]);

#endif
