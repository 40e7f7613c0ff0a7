/*
 * verifier: checks whole logs from nothing but a charter: every entry folded, every root compared with a signed checkpoint,
 * every signature and every commitment verified again. Works on a bundle without a home, and on the own store.
 */
#ifndef SPECOLA_CLI_VERIFIER_H
#define SPECOLA_CLI_VERIFIER_H

#include "cli/roll.h"
#include "protocol/bundle.h"
#include "protocol/membership.h"
#include "protocol/merkle.h"
#include "protocol/record.h"

/* Bodies that are said to be gone, and the takedowns that say so (docs/protocol.md 7.4), of all logs of a bundle or store. */
struct gone_row {
  struct hash node, takedown, record; /* of the log; the takedown; what it names */
};
struct gone_rows {
  struct gone_row *rows; /* owned */
  size_t n, room;
};
struct gone_check {
  struct gone_rows said, takedowns;
};
void gone_check_release(struct gone_check *g); /* a zeroed struct is fine */
/* At the end: every body that is said to be gone has its takedown. ERR_MISMATCH. */
MUST_CHECK enum err_code gone_check_finish(struct gone_check *g, struct err *err);

/* One log on its way. Initialise with node, gen, handle, key and gone; the rest zero. */
struct log_check {
  struct hash fed_id, node;
  uint64_t gen;
  char handle[HANDLE_MAX];
  struct pubkey key; /* the owner's, of this generation */
  bool is_closed;    /* by a cut: */
  uint64_t cut_size; /* it ends there */
  struct hash cut_root;
  struct gone_check *gone; /* borrowed; the caller finishes it */
  struct merkle_range range;
  uint64_t records, held, bodies_missing, bodies_gone; /* held: entries that are no verified record */
  uint64_t checkpoints;                                /* that verified */
  uint64_t covered;                                    /* entries under the last of them */
};
/* Folds one entry; a body that is there must match its commitment, one that is gone must be one that can be: ERR_MISMATCH names
 * the entry. ERR_MEMORY. */
MUST_CHECK enum err_code log_check_item(struct log_check *c, const struct item *item, struct err *err);
/* The checkpoint must be the owner's, of this log and size, and its root the one folded here; not above the cut of a closed
 * generation, and at it its root. ERR_SIGNATURE, ERR_MISMATCH, ERR_FORMAT. */

MUST_CHECK enum err_code log_check_checkpoint(struct log_check *c, struct view text, struct err *err);

/* What a bundle held. */
struct bundle_check {
  struct charter charter;
  bool has_charter;
  struct gone_check gone;
  struct roll roll;       /* who the members are */
  struct log_check *logs; /* owned; n_logs of them */
  size_t n_logs, room;
};
void bundle_check_release(struct bundle_check *b); /* a zeroed struct is fine */
/* Reads and verifies a whole bundle. ERR_FORMAT, ERR_SIGNATURE, ERR_MISMATCH, ERR_VERSION, ERR_INCOMPLETE (the charter lacks
 * signatures, or entries are under no checkpoint), and those of the source. */
MUST_CHECK enum err_code bundle_check(bundle_source *source, void *context, struct bundle_check *out, struct err *err);

#endif
