/*
 * ask: what somebody who was invited asks of a node: a certificate for a key, or a node's place in the federation
 * (docs/protocol.md 17). Answered by a receipt (record.h) of one row, which stands under the ask id.
 */
#ifndef SPECOLA_PROTOCOL_ASK_H
#define SPECOLA_PROTOCOL_ASK_H

#include "keys/sign.h"
#include "protocol/limits.h"
#include "protocol/reason.h"

#define TOKEN_LEN 16
/* What an invitation is known by; whoever has it may use it. */
struct token {
  uint8_t b[TOKEN_LEN];
};
/* What its node keeps of it. */
struct hash token_hash(const struct token *token);

/* An ask in hand. Views borrow. */
struct ask {
  struct hash fed_id, node; /* of whom it is asked */
  struct token token;
  struct pubkey key;          /* to be certified; of a node: its node key */
  struct view name;           /* 1 to LIMIT_NAME characters on one line */
  struct view request;        /* a node's founding request, encoded (protocol/membership.h); empty: a person asks */
  struct hash id;             /* ask id */
  struct view body;           /* of an item that was read: what is signed, */
  struct signature signature; /* and by whom: not verified yet */
};
/* Signs by key_holder, whose public half becomes ask->key, and appends the encoded item; ask->id (and nothing else) is filled.
 * ERR_FORMAT (name), ERR_LIMIT (too long), ERR_MEMORY; on error out is untouched. */
MUST_CHECK enum err_code ask_seal(struct ask *ask, const struct signer *key_holder, struct bytes *out, struct err *err);
/* Decodes an item by its form alone, which costs nothing: a stranger's has no token that is known, and ends there. ERR_FORMAT,
 * ERR_LIMIT. On error *out is untouched. Fuzzed. */
MUST_CHECK enum err_code ask_read(struct view item, struct ask *out, struct err *err);
/* The rest: REASON_KEY, REASON_SIGNATURE, REASON_FORMAT (a request that is none, or of another key), else REASON_NONE. */
MUST_CHECK enum reason ask_verify(const struct ask *ask);

#endif
