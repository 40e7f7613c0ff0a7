/*
 * import_sheet: the rows of a spreadsheet for an import (importing.h): which column is which field, what is said of columns,
 * and a map to fill in where their names do not say it.
 */
#ifndef SPECOLA_CLI_IMPORT_SHEET_H
#define SPECOLA_CLI_IMPORT_SHEET_H

#include "cli/importing.h"

/* Readies a map for the sheet: the one that was read from a file (*map), or, where that is NULL, the one that the names of the
 * columns give. lang: of texts that do not say it. ERR_REFUSED: no column is named as a field is. */
MUST_CHECK enum err_code import_sheet_map(const struct cli *cli, const struct spreadsheet *sheet, const char *path,
                                          const struct schema *schema, const char *lang, struct import_map **map,
                                          struct err *err);
/* What becomes of the columns: into the document, and (aloud) in words; those that nothing takes, paths of the map that are no
 * column, fields that are needed and come from nowhere. */
MUST_CHECK enum err_code import_sheet_say_columns(const struct cli *cli, const struct spreadsheet *sheet,
                                                  const struct import_map *map, bool aloud, struct err *err);
/* Hands in all rows. Errors of importing_take, of reading. */
MUST_CHECK enum err_code import_sheet(struct importing *i, struct spreadsheet *sheet, const struct import_map *map,
                                      struct err *err);
/* Appends an import map for the sheet, as far as it is understood, with what is to be filled in as comments: columns, needed
 * fields, values that are no codes. map: of import_sheet_map. The sheet is read and rewound. ERR_LIMIT, ERR_MEMORY, ERR_IO. */
MUST_CHECK enum err_code import_sheet_propose(struct spreadsheet *sheet, const char *path, const struct import_map *map,
                                              const char *lang, struct bytes *out, struct err *err);

#endif
