/*
 * hash: BLAKE2b-256 with a personal per use, SHA-256 for what RFC 9162 and C2SP ask for.
 *
 * The personals are listed once, in docs/protocol.md section 2; nobody writes one anywhere else.
 */
#ifndef SPECOLA_KEYS_HASH_H
#define SPECOLA_KEYS_HASH_H

#include "keys/bytes.h"

#define HASH_LEN 32
#define SALT_LEN 16

/* 32 octets of some hash; the compiler tells a hash from a key. */
struct hash {
  uint8_t b[HASH_LEN];
};

/* The salt that keys a body's commitment: 16 octets, random, or zeros for bodies that are never erased. */
struct salt {
  uint8_t b[SALT_LEN];
};

/* X(symbol, the 1..16 ASCII octets of the BLAKE2b personal, zero-padded) : docs/protocol.md section 2 */
#define HASH_PERSONALS(X)                                                                                                      \
  X(HASH_RECORD, "specola1.record")                                                                                            \
  X(HASH_BODY, "specola1.body")                                                                                                \
  X(HASH_IDENTITY, "specola1.ident")                                                                                           \
  X(HASH_CHARTER, "specola1.charter")                                                                                          \
  X(HASH_EPOCH, "specola1.epoch")                                                                                              \
  X(HASH_POLICY, "specola1.policy")                                                                                            \
  X(HASH_FRONTIER, "specola1.front")                                                                                           \
  X(HASH_PAYLOAD, "specola1.payload")                                                                                          \
  X(HASH_CHUNK, "specola1.chunk")                                                                                              \
  X(HASH_BLOB, "specola1.blob")                                                                                                \
  X(HASH_OCTETS, "specola1.octets")                                                                                            \
  X(HASH_BUNDLE, "specola1.bundle")                                                                                            \
  X(HASH_KEY, "specola1.key")                                                                                                  \
  X(HASH_TOKEN, "specola1.token")                                                                                              \
  X(HASH_ASK, "specola1.ask")

enum hash_use {
#define HASH_ENUM(symbol, personal) symbol,
  HASH_PERSONALS(HASH_ENUM)
#undef HASH_ENUM
};

/* BLAKE2b-256(personal of use, a ‖ b). Either view may be empty. */
struct hash hash_of(enum hash_use use, struct view a, struct view b);
/* BLAKE2b-256(key = salt, personal HASH_BODY, body): the commitment to a body (protocol 4.3). */
struct hash hash_commit(const struct salt *salt, struct view body);

/* The running form of hash_of, for streams. */
struct hash_stream {
  uint8_t opaque[384] __attribute__((aligned(64)));
};
void hash_stream_init(struct hash_stream *s, enum hash_use use);
void hash_stream_add(struct hash_stream *s, struct view v);
struct hash hash_stream_final(struct hash_stream *s);

/* SHA-256(prefix octet ‖ a ‖ b): RFC 9162 2.1.1 leaves (0x00) and nodes (0x01). */
struct hash hash_sha256_prefixed(uint8_t prefix, struct view a, struct view b);
/* SHA-256(v). */
struct hash hash_sha256(struct view v);

bool hash_equal(const struct hash *a, const struct hash *b);
int hash_compare(const struct hash *a, const struct hash *b); /* memcmp order */
bool hash_is_zero(const struct hash *a);
struct view hash_view(const struct hash *a);
/* 64 hexadecimal digits and a NUL. */
#define HASH_HEX_LEN 65
void hash_hex(const struct hash *a, char out[HASH_HEX_LEN]);
MUST_CHECK enum err_code hash_from_hex(struct view text, struct hash *out, struct err *err);

#endif
