/*
 * ingest: THE HALL. The only way into the store, for strangers' entries and for our own: entries come in with the checkpoint
 * that covers them, are folded, compared, verified, evaluated and derived, and go down in one transaction a milestone (doors 3
 * to 6 of the corridor). It also answers what the exchange asks of the store. Sans-I/O but for the store.
 *
 * One struct hall a writing process. Author signatures are verified by `threads` worker threads while the caller goes on (0: in
 * the caller's own thread, as in the simulator).
 */
#ifndef SPECOLA_NODE_INGEST_H
#define SPECOLA_NODE_INGEST_H

#include "node/clock.h"
#include "node/federation.h"
#include "protocol/bundle.h"
#include "protocol/checkpoint.h"
#include "protocol/people.h"
#include "protocol/schema/schema.h"

struct hall;      /* opaque */
struct head_file; /* node/head.h */
struct hall_config {
  struct store *store;           /* STORE_WRITE; borrowed */
  struct federation *federation; /* borrowed; the hall updates identities, addresses and epochs in it */
  const struct schema_set *schemas;
  const struct signer *node_key; /* borrowed; NULL: this process cannot write to the own log */
  const struct clock_source *clock;
  const struct entropy_source *entropy;
  const struct head_file *head; /* where the head is kept (node/head.h); borrowed; NULL: the own log is not guarded */
  unsigned threads;
  uint64_t log_bodies; /* octets of one member's logs past which they are not followed further; 0: LIMIT_LOG_BODIES */
};
MUST_CHECK enum err_code hall_open(const struct hall_config *config, struct hall **out, struct err *err);
void hall_close(struct hall *h); /* NULL is fine; waits for the workers */
const struct federation *hall_federation(const struct hall *h);
/* The store under the hall, for reading: milestones, identity items, addresses. Writing is the hall's alone. */
struct store *hall_store(const struct hall *h);

/* ---- what is held (from memory; changes only with hall_pull_finish, hall_admit) ---- */
/* A log's newest verified milestone. */
struct hall_head {
  struct hash node;
  uint64_t gen, size;
  struct hash root;
};
/* By rising (node, gen). Borrowed until the hall changes. */
const struct hall_head *hall_heads(const struct hall *h, uint32_t *n);
const struct hall_head *hall_head(const struct hall *h, const struct hash *node, uint64_t gen); /* NULL: nothing held */
struct hash hall_digest(const struct hall *h);                                                  /* frontier digest */
/* Whether entries of this generation may be taken: the one before, if any, stands at its cut (docs/protocol.md 7.6). */
bool hall_may_begin(const struct hall *h, const struct hash *node, uint64_t gen);
uint64_t hall_bodies_missing(const struct hall *h);

/* ---- advancing a log to a milestone ---- */
struct pull; /* opaque: one log on its way to one milestone */
struct pull_result {
  uint64_t n_new, n_held;      /* entries of this milestone by answer */
  uint64_t held_by_reason[64]; /* index: enum reason */
  bool other_root;             /* ERR_MISMATCH, and every body matches: false entries, or those of another branch */
};
/* Begins. text: the owner's checkpoint. from: its start, the held size, or the size of a pull of the same log that has not
 * finished yet (pulls of a log finish in order). ERR_FORMAT, ERR_SIGNATURE (not under the owner's key), ERR_NOT_FOUND (not a
 * member's log), ERR_MISMATCH (size not above from; or same size, other root), ERR_LIMIT (more than a milestone may hold),
 * ERR_REFUSED (the member's logs hold hall_config.log_bodies already: paused, nobody's fault; or its owner forked it: forks.h).
 */
MUST_CHECK enum err_code hall_pull_begin(struct hall *h, struct view text, uint64_t from, struct pull **out, struct err *err);
/* The next entries, as a decoded window (canonical array of full items, docs/protocol.md 8.3); copied. Verification begins at
 * once. ERR_FORMAT (not items), ERR_MISMATCH (entries past the milestone): the relay is at fault; a body that is missing or not
 * the one that was committed to shows at the end. ERR_LIMIT: over 16 MiB of bodies and one item: the relay must name a
 * milestone between. */
MUST_CHECK enum err_code hall_pull_add(struct pull *p, struct view window, struct err *err);
uint64_t hall_pull_next(const struct pull *p); /* first index still missing */
const struct checkpoint *hall_pull_checkpoint(const struct pull *p);
/* All there: folds, compares, waits for the verdicts, writes everything in one transaction, frees p in every case.
 * ERR_MISMATCH (does not fold to the signed root, or a body does not match: the relay is at fault), ERR_INCOMPLETE (entries
 * missing), ERR_REFUSED (the log was moved meanwhile, as by an import: nobody is at fault), store errors. */
MUST_CHECK enum err_code hall_pull_finish(struct pull *p, struct pull_result *result, struct err *err);
void hall_pull_abort(struct pull *p); /* NULL is fine */

/* Identities and addresses from others; verified here. *changed: something new was kept. */
MUST_CHECK enum err_code hall_identity(struct hall *h, const struct hash *node, struct view item, bool *changed,
                                       struct err *err);
MUST_CHECK enum err_code hall_address(struct hall *h, struct view item, bool *changed, struct err *err);
/* An encoded epoch item from others, verified here: the epoch behind the one in force goes into force; one that is held already
 * changes nothing. Pointers into the federation are not good any more when *changed. ERR_FORMAT, ERR_SIGNATURE, ERR_MISMATCH
 * ERR_INCOMPLETE,
 * ERR_REFUSED (does not follow on the epoch in force): whoever handed it in is at fault; ERR_NOT_FOUND: an identity of *lacking
 * (may be NULL) is needed first; store errors. */
MUST_CHECK enum err_code hall_epoch(struct hall *h, struct view item, bool *changed, struct hash *lacking, struct err *err);
/* Appends the encoded identity item of a version that a member had or has: the first one stands in the charter. ERR_NOT_FOUND,
 * store errors. */
MUST_CHECK enum err_code hall_identity_item(const struct hall *h, const struct hash *node, uint64_t version, struct bytes *out,
                                            struct err *err);

/* ---- closed generations (docs/protocol.md 7.6) ---- */
/* What stands above the cut of a closed generation of this node is withdrawn; of a branch that is not the one that the cut
 * names, also what stands above the milestone before. Called by hall_identity and hall_open. Store errors. */
MUST_CHECK enum err_code hall_apply_cuts(struct hall *h, const struct hash *node, struct err *err);
/* A closed generation that is held up to less than its cut, but cannot be gone on with from there, goes back by so many
 * milestones, or to its beginning: what stands above is withdrawn, until it is found to be the same. ERR_REFUSED: it is not
 * such a generation. Store errors. */
MUST_CHECK enum err_code hall_step_back(struct hall *h, const struct hash *node, uint64_t gen, uint64_t milestones,
                                        struct err *err);

/* ---- what members hold (docs/protocol.md 8.7) ---- */
/* An encoded holds item handed in, and what became of it. ERR_FORMAT, ERR_SIGNATURE: whoever handed it in is at fault. */
struct hall_holds {
  struct view item;
  enum err_code code;
  bool fresh;         /* kept: it is a member's, and newer than what was kept of it */
  struct hash holder; /* of a fresh one */
};
/* Keeps what is fresh of n items in one transaction. Store errors: then none is fresh. */
MUST_CHECK enum err_code hall_holds_take(struct hall *h, struct hall_holds *items, uint32_t n, struct err *err);
/* Signs and keeps what this node holds now; its number follows the highest of ours that was ever met. hall_config.node_key
 * must be there. Store errors. */
MUST_CHECK enum err_code hall_holds_own(struct hall *h, struct err *err);

/* ---- bodies that are absent ---- */
/* The index of the first entry of a log at from or behind it whose body is absent. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err_code hall_absent(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, uint64_t *index,
                                     struct err *err);
/* Takes a decoded window of mode 2 (docs/protocol.md 8.3) for the entries from `from` on: each body that is absent here and
 * whole there is kept, the others are passed over. *filled: how many were kept. All or nothing. ERR_FORMAT (not such a window),
 * ERR_MISMATCH (a body is not the one that was committed to): the relay is at fault; store errors. */
MUST_CHECK enum err_code hall_fill(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, struct view window,
                                   uint64_t *filled, struct err *err);

/* ---- answers for peers and exports ---- */
/* Appends the canonical array of items from ≤ i < to, stopping after max_bytes or LIMIT_DATA_RAW - LIMIT_ITEM octets; at least
 * one item. ERR_NOT_FOUND if `from` is not held. */
MUST_CHECK enum err_code hall_window(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, uint64_t to,
                                     unsigned mode, size_t max_bytes, struct bytes *out, uint64_t *count, struct err *err);

/* ---- bundles ---- */
struct bundle_report {
  uint64_t logs, entries, n_new, n_held, known; /* known: entries that were held before */
};
/* Reads a whole bundle into the hall; source is read twice (bundle_scan first, so nothing of a damaged file is believed):
 * rewind is called in between. Its charter must be ours: ERR_REFUSED(federation). Errors of bundle_next and hall_pull_*. */
typedef enum err_code bundle_rewind(void *context, struct err *err);
MUST_CHECK enum err_code hall_import_bundle(struct hall *h, bundle_source *source, bundle_rewind *rewind, void *context,
                                            struct bundle_report *report, struct err *err);

#endif
