/*
 * leaves: the leaf hashes of a log (docs/protocol.md 4.2), from its envelopes alone: what proofs are made of.
 */
#ifndef SPECOLA_NODE_STORE_LEAVES_H
#define SPECOLA_NODE_STORE_LEAVES_H

#include "node/store/store.h"

/* Of the entries from <= index < to into out[0..to - from). ERR_CORRUPT (one is missing or damaged), store errors. */
MUST_CHECK enum err_code leaves_read(struct store *s, int64_t log_no, uint64_t from, uint64_t to, struct hash *out,
                                     struct err *err);
/* Goes on with the compact range of a log's first entries (zeroed: none yet) to that of its first n. Errors of leaves_read;
 * where a row is missing it is told as met damaged.
 */
MUST_CHECK enum err_code leaves_fold(struct store *s, int64_t log_no, uint64_t n, struct merkle_range *out, struct err *err);

#endif
