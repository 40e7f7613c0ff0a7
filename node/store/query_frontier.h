/*
 * query_frontier: what everything that a store holds comes to, in one digest. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_FRONTIER_H
#define SPECOLA_NODE_STORE_QUERY_FRONTIER_H

#include "node/federation.h"

/* The digest of everything this store holds (docs/protocol.md 8.4). Errors of the store, ERR_MEMORY. */
MUST_CHECK enum err_code query_frontier(struct store *s, const struct federation *f, struct hash *out, struct err *err);

#endif
