/*
 * withdrawn: entries above the cut of a closed generation (docs/protocol.md 7.6): out of the log, kept aside and shown for
 * ever.
 */
#ifndef SPECOLA_NODE_STORE_WITHDRAWN_H
#define SPECOLA_NODE_STORE_WITHDRAWN_H

#include "node/store/store.h"

/* Takes the entries of a log from an index on out of it, and the milestones that cover any of them. Damaged ones are kept
 * nowhere: whoever has them keeps them aside. What was derived of them must be erased before; log.size is the caller's. Inside
 * a transaction. Store errors. */
MUST_CHECK enum err_code withdrawn_take(struct store *s, int64_t log_no, uint64_t from, struct err *err);
/* The same entry stands in the log again: it was not withdrawn, after all. Another one at that position stays. Store errors. */
MUST_CHECK enum err_code withdrawn_heal(struct store *s, int64_t rowid, struct view envelope, struct err *err);
/* As entry_get. ERR_NOT_FOUND. */
MUST_CHECK enum err_code withdrawn_get(struct store *s, int64_t rowid, struct bytes *scratch, struct item *out,
                                       struct err *err);
/* The rowid of a withdrawn record by its id. All of them are looked at: there are few. ERR_NOT_FOUND. */
MUST_CHECK enum err_code withdrawn_find(struct store *s, const struct hash *fed_id, const struct hash *id, int64_t *rowid,
                                        struct err *err);
/* How many there are of a log. */
MUST_CHECK enum err_code withdrawn_count(struct store *s, int64_t log_no, uint64_t *n, struct err *err);
/* Octets of the envelopes and bodies of those of a log. Store errors. */
MUST_CHECK enum err_code withdrawn_octets(struct store *s, int64_t log_no, uint64_t *octets, struct err *err);

#endif
