/*
 * spreadsheet: a CSV file as spreadsheets write it, row by row (libcsv): comma, semicolon or tab, LF, CRLF or CR, a byte order
 * mark, quoted line breaks. What is wrong with the file as a whole is said when it is opened, before anything is made of its
 * rows.
 *
 * Rows and columns are named as a spreadsheet names them: the header is row 1, a row may span several lines, columns are A, B …
 */
#ifndef SPECOLA_CLI_SPREADSHEET_H
#define SPECOLA_CLI_SPREADSHEET_H

#include <stdio.h>

#include "keys/bytes.h"

struct spreadsheet; /* opaque */
#define SPREADSHEET_LETTER_MAX 8

/* A row. Cells are borrowed until the next one; they have any octets. */
struct spreadsheet_row {
  size_t number; /* as a spreadsheet counts */
  const struct view *cells;
  size_t n_cells; /* those that are kept, at most LIMIT_SHEET_COLUMNS */
  size_t n_seen;  /* all of them */
};

/* Reads file, from its beginning, once to its end and goes back to the header. separator: 0 to find it out. path is for
 * messages, borrowed as file is. ERR_REFUSED with a way out: not UTF-8, a quote that is never closed (the line where it opens),
 * a row that is too long, a column's name given twice; ERR_IO, ERR_MEMORY. *out is NULL if the file has no header. The caller
 * frees it. */
MUST_CHECK enum err_code spreadsheet_open(FILE *file, const char *path, char separator, struct spreadsheet **out,
                                          struct err *err);
void spreadsheet_free(struct spreadsheet *s); /* NULL is fine */
size_t spreadsheet_columns(const struct spreadsheet *s);
/* The name of a column, "" if it has none. */
const char *spreadsheet_name(const struct spreadsheet *s, size_t column);
const char *const *spreadsheet_names(const struct spreadsheet *s);
/* The column of that name, or the one named by its letter behind an at sign ("@F"); SIZE_MAX: none. */
size_t spreadsheet_find(const struct spreadsheet *s, const char *name);
char spreadsheet_separator(const struct spreadsheet *s);
/* Rows behind the header that are not empty, as they were counted when it was opened. */
size_t spreadsheet_count(const struct spreadsheet *s);
/* "A", "B", … "AA". */
void spreadsheet_letter(size_t column, char out[SPREADSHEET_LETTER_MAX]);
/* The next row with any content; false at the end, or when the file cannot be read (err is set). */
bool spreadsheet_next(struct spreadsheet *s, struct spreadsheet_row *out, struct err *err);
/* Back to the first row behind the header. ERR_IO. */
MUST_CHECK enum err_code spreadsheet_rewind(struct spreadsheet *s, struct err *err);

#endif
