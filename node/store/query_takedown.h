/*
 * query_takedown: what was taken down, why, and who says that it has erased it. For `show`, `where`, `history` and the pages.
 * Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_TAKEDOWN_H
#define SPECOLA_NODE_STORE_QUERY_TAKEDOWN_H

#include <jansson.h>

#include "node/federation.h"
#include "protocol/schema/schema.h"

/* {"reference", "id" of the takedown, "date": s since 1970 (claimed), "reason": code of the vocabulary `takedown` or its number
 * as text, "erased": [handle…] of the members that acknowledge it, "of": how many there are}. rowid: an entry; whole: if it is
 * a version, all texts of its object that are gone, and those who acknowledge every one of them. *out NULL: nothing is gone.
 * The caller decrefs. Store errors. */
MUST_CHECK enum err_code query_takedown(struct store *s, const struct federation *f, const struct schema_set *set,
                                        int64_t rowid, bool whole, json_t **out, struct err *err);

#endif
