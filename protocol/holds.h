/*
 * holds: what a member says it holds, signed, so that others can carry it on (docs/protocol.md 8.7).
 *
 * Item = [body as bin, signature]; the signature is over the octets of the body as they were carried.
 */
#ifndef SPECOLA_PROTOCOL_HOLDS_H
#define SPECOLA_PROTOCOL_HOLDS_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/sign.h"
#include "protocol/limits.h"

/* One log as far as the holder has it: every entry below size, and all bodies of these but `missing`. */
struct holding {
  uint64_t roll, gen, size, missing;
  uint8_t root8[8]; /* the first octets of the root of that size */
};
/* A statement in hand. About 48 KiB: not for a stack. Rows rise by (roll, gen). */
struct holds {
  struct hash holder;
  uint64_t version, counter; /* of the holder's identity; from 1, rising with each statement under that identity */
  uint32_t n;
  struct holding rows[LIMIT_HEADS];
};

/* Signs; appends the encoded item. ERR_FORMAT (rows, version or counter not as 8.7 wants them), ERR_LIMIT, ERR_MEMORY: out is
 * untouched then. */
MUST_CHECK enum err_code holds_seal(const struct holds *holds, const struct hash *fed_id, const struct signer *node_key,
                                    struct bytes *out, struct err *err);
/* Decodes an item and verifies it under the holder's node key (NULL: form only). ERR_FORMAT, ERR_SIGNATURE. Fuzzed. */
MUST_CHECK enum err_code holds_open(struct view item, const struct hash *fed_id, const struct pubkey *node_key,
                                    struct holds *out, struct err *err);
/* Who made an item, and its place among theirs (holder, version, counter), as it says, unverified: the rows are not looked at.
 * False if it is none. */
bool holds_peek(struct view item, struct holds *out);
/* Whether fresh takes the place of held, both of one holder: the later identity, then the higher counter. */
bool holds_replaces(const struct holds *fresh, const struct holds *held);

#endif
