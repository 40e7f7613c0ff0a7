/*
 * similar: what is told of objects that are much like one that is about to be published. Never a refusal.
 */
#ifndef SPECOLA_CLI_SIMILAR_H
#define SPECOLA_CLI_SIMILAR_H

#include "cli/here.h"
#include "node/store/query_similar.h"

/* [{"ref", "home", "title", "percent"}…], the most like first; NULL if there is none. The caller decrefs. Errors of
 * query_similar. */
MUST_CHECK enum err_code similar_find(const struct here *here, const struct schema *schema, const struct similarity *sketch,
                                      const struct similar_bounds *bounds, const char *lang, json_t **out, struct err *err);
/* One of that list as a sentence: `much like FR-3 "Title" (83 %)`. */
void similar_text(const struct cli *cli, const json_t *one, char *out, size_t size);

#endif
