/*
 * endorsements: what the signatures of one object come to (docs/protocol.md 16). A function of the frontier and the epoch, and
 * the only judge: endorsed.h keeps what it says. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_ENDORSEMENTS_H
#define SPECOLA_NODE_STORE_ENDORSEMENTS_H

#include "node/federation.h"
#include "protocol/endorsement.h"

/* The statement of a version under a policy, with all signatures of it. */
struct statement_result {
  uint32_t policy;  /* counts from 1 over the policies in force; 0: not in force */
  uint32_t version; /* counts from 1 over the versions that count; 0: no version of this object */
  int64_t rowid;    /* of the version; 0 likewise */
  struct hash version_id, policy_id;
  const struct endorsement *signatures; /* by (node, position); n of them */
  size_t n;
  struct endorsement_result result; /* zeroed without policy or version */
};
enum endorsed { ENDORSED_NOT, ENDORSED_EARLIER, ENDORSED_CURRENTLY };
/* All statements about one object. */
struct endorsements {
  struct hash object;
  uint32_t versions; /* that count */
  enum endorsed state;
  struct policy policies[LIMIT_POLICIES]; /* in force, as the charter lists them */
  uint32_t n_policies;
  struct statement_result *statements; /* owned: those with a signature, and each policy's of the newest version; by falling
                                          version, then as policies stand */
  size_t n;
  struct endorsement *signatures; /* owned: of all statements */
};
/* Of an object by the rowid of its first version, of which some version must count. The policies borrow from f. ERR_NOT_FOUND,
 * ERR_CORRUPT (an entry that it hangs on is damaged), ERR_MEMORY, store errors. */
MUST_CHECK enum err_code endorsements_read(struct store *s, const struct federation *f, int64_t object,
                                           struct endorsements *out, struct err *err);
void endorsements_release(struct endorsements *e); /* a zeroed struct is fine */
/* The policies in force, as the charter lists them: room for LIMIT_POLICIES. They borrow from f. ERR_FORMAT. */
MUST_CHECK enum err_code endorsements_policies(const struct federation *f, struct policy *out, uint32_t *n, struct err *err);
/* The policy of a statement, borrowed from e; NULL: not in force. */
const struct policy *endorsements_policy(const struct endorsements *e, const struct statement_result *x);
/* The statement under the first policy of the newest version: what lists tell. NULL: no policy. */
const struct statement_result *endorsements_newest(const struct endorsements *e);

#endif
