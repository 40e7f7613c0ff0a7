/*
 * derivation: how one evaluated entry changes the derived tables, and how a log's rows are made anew. For the hall and for
 * derive_rebuild; everybody else uses derive.h.
 */
#ifndef SPECOLA_NODE_STORE_DERIVATION_H
#define SPECOLA_NODE_STORE_DERIVATION_H

#include "node/store/content.h"
#include "node/store/derive.h"
#include "node/store/evaluate.h"

struct derivation {
  struct hash fed_id;
  struct content content;
  derive_progress *progress; /* told of entries that are derived anew; may be NULL */
  void *progress_context;
  uint64_t done, all;
  bool takedowns;     /* there is one, or there may be */
  bool hides;         /* this node hides objects, or did */
  uint64_t n_erased;  /* texts that takedowns took away since derivation_nothing_erased, */
  uint64_t n_settled; /* and those among them that were absent */
  bool must_renew;    /* one was of a damaged entry: all derived tables are to be made anew after the commit */
};
/* Prepares to derive in a store. *stale: the derived tables are missing, or were made by other tables or schemas:
 * derive_rebuild must run before anything else. ERR_MEMORY, store errors. */
MUST_CHECK enum err_code derivation_open(struct derivation *d, struct store *s, const struct hash *fed_id,
                                         const struct schema_set *set, bool *stale, struct err *err);
void derivation_close(struct derivation *d); /* a zeroed struct is fine */
/* Begins to count what takedowns take away: before a transaction, behind which the hall asks (hall_erased). */
void derivation_nothing_erased(struct derivation *d);
/* Writes the rows of one entry that was evaluated as v. arrival: milestone.seq that brings it. Inside a transaction. */
MUST_CHECK enum err_code derivation_apply(struct derivation *d, int64_t rowid, const struct opened *entry,
                                          const struct verdict *v, int64_t arrival, struct err *err);
/* Evaluates a node's log anew, all generations of it, with all its certificates and revocations known, and writes its rows
 * anew. *state is replaced by the state at its end. Inside a transaction; the entries and milestones are there. */
MUST_CHECK enum err_code derivation_log_again(struct derivation *d, const struct hash *node, struct evaluation **state,
                                              struct err *err);
/* Everything that is derived, of all logs: as derive_rebuild, inside a transaction. Damaged entries are passed over; those that
 * rule their logs stay known as such, so that what needs them waits. */
MUST_CHECK enum err_code derivation_all_again(struct derivation *d, const struct federation *f, struct err *err);
/* Erases everything that was derived of a node's log: before entries of it are taken away. Inside a transaction. Store errors.
 */
MUST_CHECK enum err_code derivation_forget(struct derivation *d, const struct hash *node, struct err *err);
/* After revocations that reach back to the position from, which state knows already: derives anew what they void, the objects
 * on which that stands, and nothing else. Inside a transaction; the entries and milestones are there. Store errors, ERR_MEMORY.
 */
MUST_CHECK enum err_code derivation_revoke(struct derivation *d, struct evaluation *state, struct position from,
                                           struct err *err);
/* The part of it that concerns certificates. */
MUST_CHECK enum err_code derivation_void_certificates(struct derivation *d, const struct evaluation *state,
                                                      struct position from, struct err *err);
/* The state of the evaluation of a node's log as it stands, all generations of it, out of its derived rows. */
MUST_CHECK enum err_code derivation_state(struct derivation *d, const struct hash *node, struct evaluation **state,
                                          struct err *err);

#endif
