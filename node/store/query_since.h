/*
 * query_since: what a later version of an object says otherwise than an earlier one, in the words of readers: for whoever tells
 * that an earlier version is endorsed. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_SINCE_H
#define SPECOLA_NODE_STORE_QUERY_SINCE_H

#include <jansson.h>

#include "node/store/store.h"
#include "protocol/schema/schema.h"

/* before, after: rowids of two versions. *out: what difference_brief (protocol/schema/difference.h) tells of them, names in
 * lang, empty if they say the same; NULL: one of the two texts is not here, or is none. The caller decrefs. ERR_NOT_FOUND,
 * ERR_CORRUPT (an entry is damaged), ERR_MEMORY, store errors. */
MUST_CHECK enum err_code query_since(struct store *s, const struct schema_set *set, int64_t before, int64_t after,
                                     const char *lang, json_t **out, struct err *err);
/* Puts that as "since" into the statements (query_endorse.h) that make the object one of which an earlier version is endorsed:
 * those met of the newest such version, compared with the newest of all. versions: as query_show tells them, with rowids.
 * Nothing for any other object, or where a text is not here. The same errors, and endorsement is as it was then. */
MUST_CHECK enum err_code query_since_put(struct store *s, const struct schema_set *set, const json_t *versions,
                                         json_t *endorsement, const char *lang, struct err *err);

#endif
