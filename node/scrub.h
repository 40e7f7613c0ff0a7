/*
 * scrub: a pass over everything that is held, against bit rot: entries against the roots that their owners signed, records
 * against their authors' signatures, bodies against their commitments, the full text against the bodies. What is damaged is no
 * longer served, is asked of the members again (hall_heal), and takes its place when its run folds to the signed root; then
 * all tables are derived anew. At the end of a pass that leaves nothing damaged, what is derived is compared with what follows
 * from the entries (derive_check), in one step. Sans-I/O but for the store.
 */
#ifndef SPECOLA_NODE_SCRUB_H
#define SPECOLA_NODE_SCRUB_H

#include "node/ingest.h"

#define SCRUB_EVERY_S ((uint64_t)7 * 86400)         /* a pass begins so long after the last one ended */
#define SCRUB_STEP_OCTETS ((size_t)4 * 1024 * 1024) /* envelopes and bodies that one step reads: some ms of hashing */

struct scrub_state {
  bool running;
  uint64_t entries;    /* looked at in this pass, or the last one */
  uint64_t found;      /* damaged ones among them */
  uint64_t milestones; /* checkpoints, and rows of logs, that were damaged themselves: put right, or left out */
  bool derived;        /* derived tables were damaged, and were made anew */
  uint64_t left;       /* entries that are damaged now */
  uint64_t finished;   /* when the last pass ended, s since 1970; 0: never */
};
/* Reads `left` and `finished` from the store. Store errors. */
MUST_CHECK enum err_code hall_scrub_state(struct hall *h, struct scrub_state *out, struct err *err);
/* Whether a pass is due by the hall's clock. */
bool hall_scrub_is_due(struct hall *h);
/* Begins a pass, anew if one is running. */
void hall_scrub_begin(struct hall *h);
/* Looks at up to n entries more, fewer where they come to SCRUB_STEP_OCTETS; at the end of the pass damage is marked.
 * hall_scrub_state tells. ERR_MEMORY, store errors: the pass has ended; ERR_CORRUPT: the file is damaged in a way that no entry
 * can be told from another. */
MUST_CHECK enum err_code hall_scrub_step(struct hall *h, uint64_t n, struct err *err);

/* Judges the entries that readers of the store met as damaged since the last call; those that are, are from now on out of
 * everything and asked of the members. Outside a transaction. Store errors: the next pass finds them. */
MUST_CHECK enum err_code hall_take_suspects(struct hall *h, struct err *err);

/* What was hindered by a damaged entry, once healing can begin, is no reason to stop: OK instead of ERR_CORRUPT, which is told.
 * Any other code comes back as it is. */
enum err_code hall_bear(struct hall *h, enum err_code code, struct err *err);

/* ---- healing ---- */
/* The range of a log that is to be asked of members (mode 0): the damaged entries of one run between milestones, first to last,
 * without those that are offered already, unless all are. ERR_NOT_FOUND: nothing is damaged. */
MUST_CHECK enum err_code hall_damaged(struct hall *h, const struct hash *node, uint64_t gen, uint64_t *from, uint64_t *to,
                                      struct err *err);
/* How many are damaged, of all logs. */
uint64_t hall_n_damaged(const struct hall *h);
/* Takes a decoded window of mode 0 for the entries from `from` on. Damaged ones are offered these; when all of a run are, it is
 * folded: OK, *mended says how many took their place, or ERR_MISMATCH: the offers are forgotten. ERR_FORMAT; store errors. */
MUST_CHECK enum err_code hall_heal(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, struct view window,
                                   uint64_t *mended, struct err *err);

#endif
