/*
 * import_repeats: what many rows of an import have in common is told a few times, and then counted: a column that is missing,
 * or a word that the map renames, would else hide what is wrong in one row alone. The document (--json) and -v hold all of it.
 */
#ifndef SPECOLA_CLI_IMPORT_REPEATS_H
#define SPECOLA_CLI_IMPORT_REPEATS_H

#include "cli/cli.h"
#include "protocol/schema/schema.h"

#define IMPORT_REPEATS_TOLD 3 /* rows for which the same thing is told */

/* Zeroed at the start; released with import_repeats_release. */
struct import_repeats {
  json_t *counts; /* what was said -> in how many rows; NULL before the first */
};

void import_repeats_release(struct import_repeats *r);
/* Counts text for a row. True if it is to be told for this one. Without memory everything is told. */
bool import_repeats_tell(struct import_repeats *r, const char *text);
/* A line for each text that was told for fewer rows than it is true of. */
void import_repeats_say(const struct import_repeats *r, const struct cli *cli);
/* Which fields are missing in how many rows (lacking: key -> number), in the schema's order, and how complete rows are. */
void import_repeats_say_lacking(const struct cli *cli, const struct schema *schema, const json_t *lacking, uint64_t percent);

#endif
