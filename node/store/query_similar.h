/*
 * query_similar: the objects that are much like one that is about to be published, found in the replica by a bounded search.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_SIMILAR_H
#define SPECOLA_NODE_STORE_QUERY_SIMILAR_H

#include "node/store/query.h"
#include "node/store/similarity.h"

#define QUERY_SIMILAR_MAX 5u /* that are told */

/* What is not to be found: the object itself, and what came into a log from a position on. */
struct similar_bounds {
  int64_t object; /* object.id; 0: none */
  int64_t from;   /* a rowid: nothing of its log at or behind it; 0: no such bound */
};
/* Visits the objects of a kind, not withdrawn, of all homes, that are at least SIMILARITY_TOLD percent like body's sketch, the
 * most like one first. Looks at no more than a hundred candidates: objects that share a phrase of the title or the texts.
 * Store errors, ERR_MEMORY. */
typedef bool similar_visit(void *context, const struct query_row *row, unsigned percent);
MUST_CHECK enum err_code query_similar(struct store *s, const struct federation *f, const struct schema_set *set,
                                       const struct schema *schema, const struct similarity *sketch,
                                       const struct similar_bounds *bounds, const char *lang, similar_visit *visit,
                                       void *context, struct err *err);

#endif
