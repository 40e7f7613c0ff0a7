/*
 * secret: guarded pages of libsodium, closed at rest, and the self-test that every process makes at start.
 */
#include "keys/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MAX ((size_t)65536) /* octets */

struct secret {
  uint8_t *p; /* sodium_malloc, no access unless depth > 0 */
  size_t len;
  unsigned depth; /* how many secret_open are not yet closed */
};

/* A point and what crypto_core_ed25519_is_valid_point has to say about it. */
struct point {
  int valid;
  uint8_t b[crypto_core_ed25519_BYTES];
};

static const struct point POINTS[] = {
    /* the base point B */
    {1, {0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
         0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66}},
    /* B + (0, -1), of order 2L: taken for valid before the correction */
    {0, {0x95, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99,
         0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99}},
    /* (0, 1), the neutral element */
    {0, {0x01}},
    /* (sqrt(-1), 0), of order 4 */
    {0, {0x00}},
    /* y = p, a second spelling of y = 0 */
    {0, {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}},
};

enum err_code secret_start(struct err *err) {
  if (sodium_init() < 0) return err_set(err, ERR_FAILED, "libsodium cannot be initialised");
  for (size_t i = 0; i < sizeof POINTS / sizeof *POINTS; i++) {
    if (crypto_core_ed25519_is_valid_point(POINTS[i].b) != POINTS[i].valid) {
      (void)err_set(err, ERR_FAILED, "this libsodium judges Ed25519 point %zu of the self-test wrongly", i);
      (void)err_hint(err, "install your distribution's security update of libsodium");
      return ERR_FAILED;
    }
  }
  return OK;
}

struct secret *secret_new(size_t len) {
  if (len == 0 || len > SECRET_MAX) return NULL;
  struct secret *s = malloc(sizeof *s);
  if (s == NULL) return NULL;
  *s = (struct secret){.p = sodium_malloc(len), .len = len};
  if (s->p == NULL) {
    free(s);
    return NULL;
  }
  sodium_memzero(s->p, len);
  (void)sodium_mprotect_noaccess(s->p);
  return s;
}

void secret_free(struct secret *s) {
  if (s == NULL) return;
  sodium_free(s->p); /* wipes */
  free(s);
}

size_t secret_len(const struct secret *s) {
  return s->len;
}

uint8_t *secret_open(struct secret *s) {
  /* The kernel refuses only when the process has run out of mappings. Nobody could go on without the key, and a NULL
   * that a caller forgets would be worse than an end here. */
  if (s->depth == 0 && sodium_mprotect_readwrite(s->p) != 0) abort();
  s->depth++;
  return s->p;
}

void secret_close(struct secret *s) {
  if (--s->depth == 0) (void)sodium_mprotect_noaccess(s->p);
}

struct secret *secret_copy(struct view v) {
  struct secret *s = secret_new(v.len);
  if (s == NULL) return NULL;
  memcpy(secret_open(s), v.p, v.len);
  secret_close(s);
  return s;
}
