/*
 * query_matrix: who vouches for whom: of each member's reviewers, how many signatures count, by whose objects they are about.
 * Reads what is kept (endorsed.h) only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_MATRIX_H
#define SPECOLA_NODE_STORE_QUERY_MATRIX_H

#include <jansson.h>

#include "node/federation.h"

/* {"members": ["EE", "FR", "IT"], "countries": ["EE", "FR", "IT"], "counts": [[0, 2, 7]…], "given": [9…], "received": [0…],
 *  "total": N, "signatures": {"counts": N, "home": N…}, "held": {"revoked": N…}}
 *
 * counts[i][k]: signatures by reviewers of members[i] that count, about objects of members[k]: of every version, of objects
 * that lists show. Members stand by handle, nodes that are no members any more behind them if they have any. signatures: those
 * with effect in their own logs, by how they stand; held: the others, by the reason. ERR_MEMORY, store errors. The caller
 * decrefs. */
MUST_CHECK enum err_code query_matrix(struct store *s, const struct federation *f, json_t **out, struct err *err);
/* Into an object: {"current": N, "earlier": N, "none": N}, of the objects that lists show. Store errors. */
MUST_CHECK enum err_code query_endorsed(struct store *s, json_t *out, struct err *err);

#endif
