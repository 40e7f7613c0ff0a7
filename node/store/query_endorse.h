/*
 * query_endorse: who vouches for an object, what that comes to and what is missing (docs/protocol.md 16), as JSON for every
 * answer about it. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_ENDORSE_H
#define SPECOLA_NODE_STORE_QUERY_ENDORSE_H

#include <jansson.h>

#include "node/store/endorsements.h"

/* Of one object, so many that do not count are told at most; those of the own node always are. What a member could pour over an
 * object is weighed, and told as a number. */
#define QUERY_ENDORSE_OTHERS 64
/* {"state", "more": how many that do not count are not told, "frontier": digest of what it follows from, "versions": how many
 * count, "statements": [{"version", "version_reference", "version_id", "policy": {"id", "sentence", "criteria", "m",
 * "min_countries", "min_nodes", "max_per_node", "max_per_country", "exclude_home"}, "counted", "nodes", "countries", "met",
 * "missing": {"endorsements", "nodes", "countries"}, "endorsements":
 * [{"reference", "id", "handle", "country", "person", "name", "key", "created", "counts", "standing", "text", and of its body,
 * if it is here, "criteria", "interest", "language", "remark"}…]}…], "held": [{"reference", "handle", "created", "counts":
 * false, "standing", "text"}…]: those without effect in their own logs, by the reason (reason.h)}, of an object by the rowid of
 * its first version. Each policy's statement of the newest version is there, unsigned too; then those of earlier ones that have
 * signatures. sentence in lang. ERR_NOT_FOUND (no version counts), ERR_MEMORY, store errors. The caller decrefs. */
MUST_CHECK enum err_code query_endorse(struct store *s, const struct federation *f, int64_t object, const char *lang,
                                       json_t **out, struct err *err);
/* A policy as above, its sentence in lang. NULL without memory; the caller decrefs. */
json_t *query_policy_json(const struct policy *p, const char *lang);

#endif
