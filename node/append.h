/*
 * append: doors 5 and 6: verified entries go down behind a log, are evaluated and derived, and are closed by a milestone. The
 * one way into the store, for pulls and for admission. Everything between append_begin and append_commit is one transaction.
 */
#ifndef SPECOLA_NODE_APPEND_H
#define SPECOLA_NODE_APPEND_H

#include "node/hall.h"

struct append {
  struct hall *h;
  struct log log;           /* as it will stand */
  struct hall_log *lender;  /* of which the state was taken: this generation, or at its beginning the one before; or NULL */
  struct evaluation *state; /* moved; owned between begin and commit */
  int64_t arrival;          /* of the milestone that closes these entries */
  bool state_moved;         /* state is not that of the log before any more */
  bool is_closed;           /* by a cut: entries that it had withdrawn may come back */
  bool backdated;           /* a revocation voids what stands below it, from this position on: */
  struct position revoked_from;
  uint64_t missing; /* bodies that are absent, of this transaction */
  uint64_t n_new, n_held;
  uint64_t held_by_reason[64];
  struct identity *identities; /* owned: those that are the node's from the commit on, by version */
  size_t n_identities;
};
/* Begins the transaction. On every error of the functions below the caller calls append_abort. Store errors. */
MUST_CHECK enum err_code append_begin(struct append *a, struct hall *h, const struct hash *node, uint64_t gen, struct err *err);
/* What evaluation would say of an entry that came next; nothing moves. */
MUST_CHECK enum err_code append_try(struct append *a, const struct verified *entry, struct verdict *v, struct err *err);
/* Octets of an item's body. One that is absent or gone counts as if it were here: milestones lie apart by what the headers say.
 */
uint64_t append_body_len(const struct item *item);
/* The next entry. */
MUST_CHECK enum err_code append_entry(struct append *a, const struct verified *entry, enum reason *reason, struct err *err);
/* Closes the entries so far with the checkpoint text of exactly their end. Then more entries may follow. */
MUST_CHECK enum err_code append_milestone(struct append *a, struct view text, struct err *err);
/* Commits; memory moves only when that has succeeded. */
MUST_CHECK enum err_code append_commit(struct append *a, struct err *err);
/* Rolls back; the hall stands where it stood. The state of a log that did not move is kept. */
void append_abort(struct append *a);

#endif
