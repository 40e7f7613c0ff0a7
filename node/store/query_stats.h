/*
 * query_stats: an observatory in figures: how many objects of which kind, from whom, since when, in which languages, how
 * complete. One walk over what a query finds. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_STATS_H
#define SPECOLA_NODE_STORE_QUERY_STATS_H

#include "node/store/query.h"

#define STATS_BANDS 5 /* of completeness: 0..24, 25..49, 50..74, 75..99, 100 */

/* Counts what q finds (text, facets, kind, node; its order and limit are ignored) as JSON; the caller decrefs:
 *
 *   {"objects": N, "versions": N, "withdrawn": N, "completeness": mean 0..100,
 *    "kind": {"case": N}, "home": {"IT": N}, "title_language": {"it": N}, "year": {"2026": N}, "updated": {"2026": N},
 *    "dates": {"year_started": {"2019": N}}, "completeness_bands": [N, N, N, N, N],
 *    "endorsed": {"current": N, "earlier": N, "none": N}}
 *
 * withdrawn is counted beside objects, never among them. A title_language is one in which the title is told. year is that of
 * the first version, updated that of the newest, both as their authors claim; dates are the years of
 * each field of type date that stands alone. ERR_NOT_FOUND as query_run. */
MUST_CHECK enum err_code query_stats(struct store *s, const struct federation *f, const struct schema_set *set,
                                     const struct query *q, json_t **out, struct err *err);

#endif
