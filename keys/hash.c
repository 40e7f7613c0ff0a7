/*
 * hash: thin over libsodium. The one table of BLAKE2b personals is HASH_PERSONALS in the header.
 */
#include "keys/hash.h"

#include <sodium.h>
#include <string.h>

/* The 16 octets of each personal, zero-padded, and one octet more that nobody reads. */
static const unsigned char PERSONALS[][crypto_generichash_blake2b_PERSONALBYTES + 1] = {
#define HASH_PERSONAL(symbol, personal) [symbol] = {personal},
    HASH_PERSONALS(HASH_PERSONAL)
#undef HASH_PERSONAL
};

_Static_assert(sizeof(struct hash_stream) >= sizeof(crypto_generichash_blake2b_state), "the state fits");
_Static_assert(_Alignof(struct hash_stream) >= _Alignof(crypto_generichash_blake2b_state), "the state is aligned");
_Static_assert(SALT_LEN == crypto_generichash_blake2b_KEYBYTES_MIN, "a salt is a BLAKE2b key");

static crypto_generichash_blake2b_state *state_of(struct hash_stream *s) {
  return (crypto_generichash_blake2b_state *)(void *)s;
}

void hash_stream_init(struct hash_stream *s, enum hash_use use) {
  (void)crypto_generichash_blake2b_init_salt_personal(state_of(s), NULL, 0, HASH_LEN, NULL, PERSONALS[use]);
}

void hash_stream_add(struct hash_stream *s, struct view v) {
  if (v.len == 0) return;
  (void)crypto_generichash_blake2b_update(state_of(s), v.p, v.len);
}

struct hash hash_stream_final(struct hash_stream *s) {
  struct hash h;
  (void)crypto_generichash_blake2b_final(state_of(s), h.b, sizeof h.b);
  return h;
}

struct hash hash_of(enum hash_use use, struct view a, struct view b) {
  struct hash h;
  if (b.len == 0) {
    (void)crypto_generichash_blake2b_salt_personal(h.b, sizeof h.b, a.p, a.len, NULL, 0, NULL, PERSONALS[use]);
    return h;
  }
  struct hash_stream s;
  hash_stream_init(&s, use);
  hash_stream_add(&s, a);
  hash_stream_add(&s, b);
  return hash_stream_final(&s);
}

struct hash hash_commit(const struct salt *salt, struct view body) {
  struct hash h;
  (void)crypto_generichash_blake2b_salt_personal(h.b, sizeof h.b, body.p, body.len, salt->b, sizeof salt->b, NULL,
                                                 PERSONALS[HASH_BODY]);
  return h;
}

struct hash hash_sha256_prefixed(uint8_t prefix, struct view a, struct view b) {
  struct hash h;
  crypto_hash_sha256_state state;
  (void)crypto_hash_sha256_init(&state);
  (void)crypto_hash_sha256_update(&state, &prefix, 1);
  if (a.len > 0) (void)crypto_hash_sha256_update(&state, a.p, a.len);
  if (b.len > 0) (void)crypto_hash_sha256_update(&state, b.p, b.len);
  (void)crypto_hash_sha256_final(&state, h.b);
  return h;
}

struct hash hash_sha256(struct view v) {
  struct hash h;
  crypto_hash_sha256_state state;
  (void)crypto_hash_sha256_init(&state);
  if (v.len > 0) (void)crypto_hash_sha256_update(&state, v.p, v.len);
  (void)crypto_hash_sha256_final(&state, h.b);
  return h;
}

bool hash_equal(const struct hash *a, const struct hash *b) {
  return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int hash_compare(const struct hash *a, const struct hash *b) {
  return memcmp(a->b, b->b, sizeof a->b);
}

bool hash_is_zero(const struct hash *a) {
  return sodium_is_zero(a->b, sizeof a->b) == 1;
}

struct view hash_view(const struct hash *a) {
  return view_of(a->b, sizeof a->b);
}

void hash_hex(const struct hash *a, char out[HASH_HEX_LEN]) {
  hex_encode(hash_view(a), out);
}

enum err_code hash_from_hex(struct view text, struct hash *out, struct err *err) {
  return hex_decode(text, out->b, sizeof out->b, err);
}
