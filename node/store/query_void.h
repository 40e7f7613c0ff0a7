/*
 * query_void: what a revocation would take back: the records of a key in a log that have an effect now, and stand where the
 * revocation reaches (docs/protocol.md 4.5).
 */
#ifndef SPECOLA_NODE_STORE_QUERY_VOID_H
#define SPECOLA_NODE_STORE_QUERY_VOID_H

#include "node/federation.h"

#define QUERY_VOID_NAMED 8

struct query_void {
  uint64_t n, versions, endorsements; /* all records; those of kinds 16 and 32 */
  uint32_t n_named;
  char named[QUERY_VOID_NAMED][REFERENCE_MAX]; /* the first ones */
};
/* Of key in node's log, at (gen, index) and above it. Store errors. */
MUST_CHECK enum err_code query_void(struct store *s, const struct federation *f, const struct hash *node,
                                    const struct pubkey *key, uint64_t gen, uint64_t index, struct query_void *out,
                                    struct err *err);

#endif
