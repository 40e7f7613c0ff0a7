/*
 * query_explain: why a record is here or not here. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_EXPLAIN_H
#define SPECOLA_NODE_STORE_QUERY_EXPLAIN_H

#include <jansson.h>

#include "node/federation.h"

/* What stands at a position of a log. *out: {"log": handle, "gen": N, "index": N, "size": entries held of that log, "state":
 * word} and, where they say something, "reason" and "reason_text" (of protocol/reason.h), "newest" and "withdrawal"
 * (references), "cut" (entries that a closed generation ends with), "forked" (query_fork.h). The words: beyond: fewer entries
 * of that log are held; cut: it was withdrawn by a cut, and is kept aside; closed: a cut ends the generation below it; held:
 * kept, and without effect (reason); erased: its text was taken down; absent: its text is not here yet; hidden: this node does
 * not show its object; withdrawn: its object was withdrawn (withdrawal); older: a version of an object of which another is the
 * newest; object: the newest version of an object, and shown; record: no object: an identity, a certificate, a statement.
 * *rowid: of the entry, or where it would stand; 0: nothing of the log is held. The caller decrefs *out. Store errors. */
MUST_CHECK enum err_code query_explain(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen,
                                       uint64_t index, int64_t *rowid, json_t **out, struct err *err);

#endif
