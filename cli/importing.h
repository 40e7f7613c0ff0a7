/*
 * importing: rows of somebody else's file on their way to be objects of ours: mapped, checked, and published, or foretold in a
 * dry run, one by one. A row that cannot be published hinders no other. Whoever reads the file hands the rows in
 * (import_rows.h, import_sheet.h).
 */
#ifndef SPECOLA_CLI_IMPORTING_H
#define SPECOLA_CLI_IMPORTING_H

#include "cli/spreadsheet.h"
#include "cli/submit.h"
#include "protocol/schema/import_map.h"

struct import_counts {
  uint64_t rows, published, new_versions, known, queued, refused;
  uint64_t warnings; /* what the map renamed, dropped or could not read, and what the schema has to say */
  uint64_t similar;  /* rows that are much like an object that is there, or an earlier row */
};
/* What an import is about. Borrowed for as long as it lasts. */
struct import_plan {
  struct cli *cli;
  const struct import_map *map;
  const struct here *here;
  struct submit *submit;           /* an open way with the person's key; NULL: a dry run */
  const struct spreadsheet *sheet; /* the columns, for what is said of a row; NULL: rows have none */
};
/* One row. Borrowed. */
struct import_row {
  size_t number;
  const json_t *json;
  const char *id;           /* full id of the object that it is a version of; NULL: it does not say */
  const char *translations; /* import_map_translate; NULL: none */
};

struct importing; /* opaque */
MUST_CHECK enum err_code importing_new(const struct import_plan *plan, struct importing **out, struct err *err);
void importing_free(struct importing *i); /* NULL is fine; what is on its way is waited for */
/* Maps, checks, and sends or foretells. Errors of the store or the way only. */
MUST_CHECK enum err_code importing_take(struct importing *i, const struct import_row *row, struct err *err);
/* A row that is no object at all; column SIZE_MAX: none. */
void importing_refuse(struct importing *i, size_t row, size_t column, const char *reason, const char *why);
/* Sends what waits, and says what is to be said of all rows together. */
MUST_CHECK enum err_code importing_finish(struct importing *i, struct err *err);
const struct import_counts *importing_counts(const struct importing *i);

#endif
