/*
 * query_fork: that a log was forked by its owner (docs/protocol.md 7.5), for every answer about that log. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_FORK_H
#define SPECOLA_NODE_STORE_QUERY_FORK_H

#include <jansson.h>

#include "node/federation.h"
#include "node/store/evidence.h"

/* {"from": N, "exact": true | false, "sizes": [N, N], "since": unix seconds}: the branches part at from, or, when that is not
 * exact, there or below; sizes: what the owner signed of each; since: when it was heard of here. *out is NULL when the log is
 * not known to have forked, or is closed: its cut has ended that (7.6). Else the caller decrefs. ERR_MEMORY, store errors. */
MUST_CHECK enum err_code query_fork(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen,
                                    json_t **out, struct err *err);
/* The same put into object as "forked"; nothing is put when there is nothing to tell. */
MUST_CHECK enum err_code query_fork_put(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen,
                                        json_t *object, struct err *err);

#endif
