/*
 * roll: who the members are that a bundle tells of: those of its charter, and of the epochs behind it with the identities of
 * all of them (docs/protocol.md 6.4, 10). Nothing but the bundle is believed.
 */
#ifndef SPECOLA_CLI_ROLL_H
#define SPECOLA_CLI_ROLL_H

#include "node/federation.h"

/* Somebody who is or was a member. */
struct roll_member {
  struct hash node;
  char handle[HANDLE_MAX];
  struct federation_member as; /* its identity and generations; where its log ends, if it was removed */
  struct identity *versions;   /* owned; version v stands at v - 1 */
  struct identity *twins;      /* owned; other identities of a version (docs/protocol.md 6.1), as they come */
  uint32_t n_twins;
  size_t body_len;
  uint8_t body[LIMIT_IDENTITY]; /* of the newest identity */
};
struct roll {
  const struct charter *charter; /* borrowed */
  struct epoch epoch;            /* the last one */
  struct roll_member *members;   /* owned; founders first, in the charter's order */
  uint32_t n;
  struct bytes epochs, identities; /* encoded items, until roll_settle */
  bool is_settled;
};
void roll_release(struct roll *r); /* a zeroed struct is fine */
/* Begins with the founders of a complete charter, which is borrowed for the life of r. ERR_MEMORY, ERR_INCOMPLETE. */
MUST_CHECK enum err_code roll_begin(const struct charter *charter, struct roll *r, struct err *err);
/* Items of a bundle, in their order; looked at by roll_settle. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code roll_epoch(struct roll *r, struct view payload, struct err *err);
MUST_CHECK enum err_code roll_identity(struct roll *r, struct view payload, struct err *err);
/* All of both are there: each epoch follows on the one before, each identity on another one of its node. Does nothing the
 * second time. ERR_FORMAT, ERR_MISMATCH, ERR_SIGNATURE, those of epoch_item_verify. */
MUST_CHECK enum err_code roll_settle(struct roll *r, struct err *err);
const struct roll_member *roll_find(const struct roll *r, const struct hash *node); /* NULL: nobody */

#endif
