/*
 * params: a query string as names and values, percent-decoded into a buffer of fixed size. Pure; fuzzed together with the
 * guard.
 */
#ifndef SPECOLA_NODE_WEB_PARAMS_H
#define SPECOLA_NODE_WEB_PARAMS_H

#include "keys/bytes.h"

#define PARAMS_MAX 32u
#define PARAMS_TEXT 24576u /* octets: a form with two texts of 2000 characters */

/* Invariant: names and values are NUL-terminated valid text (docs/protocol.md 1) that lives in text. */
struct params {
  struct {
    const char *name, *value;
  } rows[PARAMS_MAX];
  size_t n;
  char text[PARAMS_TEXT];
};
/* Reads "a=b&c=d+e%20f"; parts without a value have "". Pairs with an empty value are left out: forms send them for every empty
 * box; and so are those that other services add to shared addresses (utm_source, fbclid). ERR_FORMAT (not text when decoded),
 * ERR_LIMIT. */
MUST_CHECK enum err_code params_read(struct view query, struct params *out, struct err *err);
/* The first value of that name, or NULL. */
const char *params_get(const struct params *p, const char *name);
/* Appends name=value, percent-encoded, behind the '?' or '&' that fits; out holds a path, and a query perhaps. ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK enum err_code url_put(struct bytes *out, const char *name, const char *value, struct err *err);

#endif
