/*
 * help_kind: what a kind of object consists of, and which codes a field takes, read aloud out of the schemas: `help case`,
 * `help case sectors`, `help sector`.
 */
#ifndef SPECOLA_CLI_HELP_KIND_H
#define SPECOLA_CLI_HELP_KIND_H

#include "cli/cli.h"
#include "protocol/schema/schema.h"

/* What `help WORD [SECOND]` is about. schema NULL: neither a kind nor a facet. field NULL: the whole kind. */
struct help_subject {
  const struct schema *schema;
  const struct field *field;
};
/* A kind, a field of it (by key, last name or facet), or a facet of any kind. second may be NULL. ERR_NOT_FOUND for a second
 * word that no field of the kind is called, with the nearest as a hint. */
MUST_CHECK enum err_code help_subject_of(const struct schema_set *set, const char *word, const char *second,
                                         struct help_subject *out, struct err *err);
/* Says it, in the language of the run. */
void help_subject_show(struct cli *cli, const struct help_subject *subject);

#endif
