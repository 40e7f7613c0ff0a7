/*
 * statement: the file that a reviewer without a network reads and signs (docs/protocol.md 16.1): the charter, and the version
 * with its text, in a bundle. Whatever of it can be proven is proven here. Pure; fuzzed.
 */
#ifndef SPECOLA_PROTOCOL_STATEMENT_H
#define SPECOLA_PROTOCOL_STATEMENT_H

#include "protocol/endorsement.h"
#include "protocol/membership.h"
#include "protocol/record.h"

#define STATEMENT_REFERENCE_MAX 48 /* octets of a reference with the NUL */

/* A statement in hand. octets owns what version and policy borrow from, the charter owns its own. home, handle, reference and
 * number are the word of whoever made the file: the home decides into whose log the signature can come, the others are for
 * people. */
struct statement {
  struct charter charter; /* owned */
  struct bytes octets;    /* owned */
  struct hash home;       /* node id of the reviewer's home */
  char handle[HANDLE_MAX];
  char reference[STATEMENT_REFERENCE_MAX]; /* of the object, "IT-312" */
  uint64_t number;                         /* of the version, from 1 */
  struct policy policy;                    /* of the charter, or adopted since */
  struct item version;                     /* WHOLE: its author's signature and its commitment hold */
  struct record record;                    /* the same, opened */
  struct hash object;
};
void statement_release(struct statement *s); /* a zeroed struct is fine */
/* Reads the payload of a bundle's item 12 beside the charter item before it. ERR_FORMAT, ERR_SIGNATURE, ERR_MISMATCH (the text
 * is not the one that was signed), ERR_NOT_FOUND (the charter has no policy of that id), ERR_MEMORY. On error *out is zeroed.
 */
MUST_CHECK enum err_code statement_read(struct view charter_item, struct view payload, struct statement *out, struct err *err);
/* What a payload says, borrowed. */
struct statement_parts {
  struct hash home, policy;
  struct view adopted; /* the policy itself, encoded, where the charter does not have it; else empty */
  const char *handle, *reference;
  uint64_t number;
  struct item version;
};
/* Appends the payload. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code statement_write(const struct statement_parts *parts, struct bytes *out, struct err *err);
/* Seals the endorsement of it: the record that goes to the home. body: docs/protocol.md 16, may be empty. Appends the envelope.
 * ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code statement_sign(const struct statement *s, const struct signer *reviewer, uint64_t created,
                                        const struct salt *salt, struct view body, struct bytes *envelope, struct hash *id,
                                        struct err *err);

#endif
