/*
 * query_where: who says to hold what (docs/protocol.md 8.7): of one object, and of our own log. For `where`, `status` and the
 * pages that show the same. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_WHERE_H
#define SPECOLA_NODE_STORE_QUERY_WHERE_H

#include <jansson.h>

#include "node/federation.h"

/* A member that has said nothing for so long is called silent: three times the longest pause of a small observatory. */
#define WHERE_SILENT_S 1080

/* Who holds the version at rowid (any version of an object; entry of a log). *out:
 * {"log": handle, "gen": N, "index": N, "holding": N, "others": N,
 *  "members": [{"handle", "node", "holds": "yes" | "no" | "unknown" | "other", "size": N, "missing": N, "said_s": N}…]}
 * and "forked" (query_fork.h) if that log has, for every member but ourselves, by handle: "no": its word names fewer entries;
 * "unknown": it never said, size is 0; "other": it stands at a milestone of ours with another root, so on another branch.
 * missing: texts of that log that it lacks. said_s: how long ago its word came, by our clock (null: never). now: unix seconds.
 * The caller decrefs *out. ERR_NOT_FOUND: no such log; store errors. */
MUST_CHECK enum err_code query_where(struct store *s, const struct federation *f, int64_t rowid, uint64_t now, json_t **out,
                                     struct err *err);
/* The same rows for the whole of our own log: {"size": N, "members": […]}; "holds" is "yes" when a member names all of it. */
MUST_CHECK enum err_code query_holders(struct store *s, const struct federation *f, uint64_t now, json_t **out,
                                       struct err *err);
/* Whether every other member says that it holds the entry of our newest identity, and so knows it. ERR_NOT_FOUND on a replica;
 * store errors. */
MUST_CHECK enum err_code query_identity_known(struct store *s, const struct federation *f, bool *known, struct err *err);

#endif
