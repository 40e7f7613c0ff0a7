/*
 * facets: `--country IT --sector 01.3`: which dimensions there are is in the schemas, so these options are in no table.
 */
#ifndef SPECOLA_CLI_FACETS_H
#define SPECOLA_CLI_FACETS_H

#include "cli/here.h"

/* The i-th dimension (from 0) of one kind, or of all kinds when schema is NULL; each name once: how objects are endorsed, which
 * is of every kind and no schema's (facets_field does not know it), then in the order of the schemas.
 * NULL behind the last. label (may be NULL) receives the label of the first field that has it. */
const char *facets_dimension(const struct schema_set *set, const struct schema *schema, const char *lang, size_t i,
                             const char **label);
/* The first field of that dimension, of one kind or (schema NULL) of all; *owner: its kind. Both NULL: there is none. */
const struct field *facets_field(const struct schema_set *set, const struct schema *schema, const char *dim,
                                 const struct schema **owner);
/* Fills q's facets from the open options of a command: codes as vocabulary_meant takes them. ERR_USAGE for an unknown option or
 * code, with the nearest (also of own, the command's table) or what tells all as a hint; store errors. */
MUST_CHECK enum err_code facets_read(const struct cli *cli, const struct here *here, const struct schema *schema,
                                     const struct option_row *own, const struct args *args, struct query *q, struct err *err);

#endif
