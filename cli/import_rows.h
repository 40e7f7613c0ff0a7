/*
 * import_rows: the rows of somebody else's file, one JSON object a line, as objects of ours: mapped, checked, published or
 * refused one by one. A row that cannot be published hinders no other.
 */
#ifndef SPECOLA_CLI_IMPORT_ROWS_H
#define SPECOLA_CLI_IMPORT_ROWS_H

#include <stdio.h>

#include "cli/submit.h"
#include "protocol/schema/import_map.h"

struct import_counts {
  uint64_t rows, published, new_versions, known, refused;
  uint64_t warnings; /* what the map renamed, dropped or could not read */
};
/* Reads file to its end. s: an open way with the person's key; NULL in a dry run, and then here is read. Says each refused row,
 * puts "rows" (refused ones, and all of them under --verbose) into the document. Errors of the store or the way only. */
MUST_CHECK enum err_code import_rows(struct cli *cli, FILE *file, const char *path, const struct import_map *map,
                                     const struct here *here, struct submit *s, struct import_counts *counts, struct err *err);

#endif
