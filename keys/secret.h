/*
 * secret: octets that must not leak. They live in guarded pages (sodium_malloc), unreadable except between
 * secret_open() and secret_close(), are wiped when freed, and are never printed.
 */
#ifndef SPECOLA_KEYS_SECRET_H
#define SPECOLA_KEYS_SECRET_H

#include "keys/bytes.h"

struct secret; /* opaque: guarded pages and a length */

/* Once at start of every process, before anything of keys/: sodium_init and a self-test of
 * crypto_core_ed25519_is_valid_point (it was wrong in libsodium before Debian's deb12u1). ERR_FAILED. */
MUST_CHECK enum err_code secret_start(struct err *err);

/* A secret of len octets (1..65536), zeroed. NULL without memory. The caller frees it with secret_free. */
struct secret *secret_new(size_t len);
void secret_free(struct secret *s); /* NULL is fine */
size_t secret_len(const struct secret *s);
/* Makes the octets readable and writable until secret_close; calls nest. Not for two threads at once. Ends the process in the
 * one case that the kernel refuses (no mappings left): there is no safe way on. */
uint8_t *secret_open(struct secret *s);
void secret_close(struct secret *s);
/* Copies v in and returns a new secret; the caller wipes its own copy. NULL without memory. */
struct secret *secret_copy(struct view v);

#endif
