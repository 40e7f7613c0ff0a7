/*
 * endorsed: how objects stand, kept, so that a list need not weigh each of them. endorsements_read is the only judge; what it
 * says of an object is written into the tables endorsed, endorsement_statement and endorsement in the transaction that changes
 * it: derivation marks objects (endorsed_touch), and whoever commits settles before (endorsed_settle). Another epoch marks all.
 */
#ifndef SPECOLA_NODE_STORE_ENDORSED_H
#define SPECOLA_NODE_STORE_ENDORSED_H

#include "node/store/endorsements.h"

/* "none", "earlier", "current". Static storage. */
const char *endorsed_name(enum endorsed state) __attribute__((const));
/* The same the other way round. False: no such word. */
bool endorsed_of_name(const char *name, enum endorsed *out);
/* Where a dimension of facets would stand: what lists are narrowed by. */
#define ENDORSED_DIM "endorsed"

/* A version of the object was added or taken away (object: the first 8 octets of its id): it is weighed if it has signatures.
 * Inside a transaction. Store errors. */
MUST_CHECK enum err_code endorsed_touch(struct store *s, int64_t object, struct err *err);
/* A signature came or goes: of an object likewise; of the endorsement that a withdrawal names, by the first 8 octets of its id.
 */
MUST_CHECK enum err_code endorsed_touch_signed(struct store *s, int64_t object, struct err *err);
MUST_CHECK enum err_code endorsed_touch_withdrawn(struct store *s, int64_t endorsement, struct err *err);
/* All rows of a generation of a log are about to be taken away. */
MUST_CHECK enum err_code endorsed_touch_log(struct store *s, int64_t log_no, struct err *err);
/* Weighs what was marked, and everything if the epoch is not the one under which it was weighed. Inside a transaction, the last
 * before its commit. An object of which an entry is damaged stays as it was, and marked. ERR_MEMORY, store errors. */
MUST_CHECK enum err_code endorsed_settle(struct store *s, const struct federation *f, struct err *err);
/* Whether endorsed_settle has anything to do. Reads only. */
MUST_CHECK enum err_code endorsed_is_due(struct store *s, const struct federation *f, bool *out, struct err *err);

/* How an object (object.id) stands. Store errors. */
MUST_CHECK enum err_code endorsed_get(struct store *s, int64_t object, enum endorsed *out, struct err *err);
/* What the signatures of a version under a policy (from 1) come to. ERR_NOT_FOUND: there are none. */
MUST_CHECK enum err_code endorsed_statement(struct store *s, int64_t object, int64_t version, uint32_t policy,
                                            struct endorsement_result *out, struct err *err);

#endif
