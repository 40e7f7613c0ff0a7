/*
 * forks: which logs were forked by their owners (docs/protocol.md 7.5): evidence judged, kept and made, and the proofs by which
 * the place is found. Nothing is appended to a log of which evidence is held. Part of the hall.
 */
#ifndef SPECOLA_NODE_FORKS_H
#define SPECOLA_NODE_FORKS_H

#include "node/ingest.h"
#include "node/store/evidence.h"

/* ---- what is held (from memory) ---- */
/* By rising (node, gen). Borrowed until evidence is taken. */
const struct fork *hall_forks(const struct hall *h, uint32_t *n);
const struct fork *hall_fork(const struct hall *h, const struct hash *node,
                             uint64_t gen); /* NULL: not forked, as far as known */
/* The node key of a log's generation; NULL: unknown. Borrowed from the federation. */
const struct pubkey *hall_node_key(const struct hall *h, const struct hash *node, uint64_t gen);

/* ---- evidence ---- */
/* Judges an item, and keeps it if it is lower than what is kept of that log: *kept. ERR_FORMAT, ERR_SIGNATURE, ERR_MISMATCH:
 * it is no evidence of that log, whoever handed it in is at fault. ERR_NOT_FOUND (no member's log, or a generation whose key is
 * not known yet), store errors. */
MUST_CHECK enum err_code hall_evidence_take(struct hall *h, const struct hash *node, uint64_t gen, struct view item, bool *kept,
                                            struct err *err);
/* Appends what is kept of a log. ERR_NOT_FOUND. */
MUST_CHECK enum err_code hall_evidence(struct hall *h, const struct hash *node, uint64_t gen, struct bytes *item,
                                       struct err *err);

/* The other branch at the index where it parts from ours, as a peer has proven it. */
struct other_leaf {
  uint64_t index;
  struct hash leaf;
  const struct hash *path;
  size_t n_path;
};
/* Makes evidence of a checkpoint of the owner's that contradicts what is held, and appends it to out. other: where they part;
 * NULL: the milestone of the same size has another root. ERR_NOT_FOUND (no such log or milestone), ERR_FORMAT (it contradicts
 * nothing), ERR_LIMIT (a log too long to prove), store errors. */
MUST_CHECK enum err_code hall_evidence_make(struct hall *h, struct view text, const struct other_leaf *other, struct bytes *out,
                                            struct err *err);
/* The root of the milestone of exactly this size. ERR_NOT_FOUND. */
MUST_CHECK enum err_code hall_root_at(struct hall *h, const struct hash *node, uint64_t gen, uint64_t size, struct hash *root,
                                      struct err *err);

/* ---- proofs ---- */
#define HALL_PATH 64
/* Of the first `size` entries that are held. ERR_NOT_FOUND (so many are not), ERR_LIMIT (more than can be proven at once),
 * store errors. */
MUST_CHECK enum err_code hall_inclusion(struct hall *h, const struct hash *node, uint64_t gen, uint64_t index, uint64_t size,
                                        struct hash *leaf, struct hash path[HALL_PATH], size_t *n, struct err *err);
/* The root of them. */
MUST_CHECK enum err_code hall_fold(struct hall *h, const struct hash *node, uint64_t gen, uint64_t size, struct hash *root,
                                   struct err *err);
MUST_CHECK enum err_code hall_consistency(struct hall *h, const struct hash *node, uint64_t gen, uint64_t old_size,
                                          uint64_t size, struct hash path[HALL_PATH], size_t *n, struct err *err);
/* Where a branch of `size` entries parts from ours, which agree below other->index: at that index; not below *next; nowhere, as
 * far as both reach. other is a verified inclusion proof under the branch's root. Errors as above. */
enum parting { PARTS_HERE, PARTS_FURTHER, PARTS_NOWHERE };
MUST_CHECK enum err_code hall_parting(struct hall *h, const struct hash *node, uint64_t gen, uint64_t size,
                                      const struct other_leaf *other, enum parting *out, uint64_t *next, struct err *err);

#endif
