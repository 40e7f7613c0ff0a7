/*
 * checkpoint: the signed sentence "this log has SIZE entries and this root", as a C2SP tlog-checkpoint (docs/protocol.md 7.2).
 */
#ifndef SPECOLA_PROTOCOL_CHECKPOINT_H
#define SPECOLA_PROTOCOL_CHECKPOINT_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/sign.h"

struct checkpoint {
  struct hash fed_id, node;
  uint64_t gen;  /* 1..LIMIT_GEN */
  uint64_t size; /* entries, 1..LIMIT_SIZE */
  struct hash root;
};
/* Signs and appends the text. ERR_FORMAT for numbers out of their limits, ERR_LIMIT, ERR_MEMORY; on error out is as it was. */
MUST_CHECK enum err_code checkpoint_seal(const struct checkpoint *c, const struct signer *node_key, struct bytes *out,
                                         struct err *err);
/* Parses without believing: everything but the signature. ERR_FORMAT. Fuzzed. */
MUST_CHECK enum err_code checkpoint_read(struct view text, struct checkpoint *out, struct err *err);
/* Parses and verifies under node_key. ERR_FORMAT, ERR_SIGNATURE; *out is untouched on error. */
MUST_CHECK enum err_code checkpoint_open(struct view text, const struct pubkey *node_key, struct checkpoint *out,
                                         struct err *err);

#endif
