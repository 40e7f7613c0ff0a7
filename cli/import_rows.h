/*
 * import_rows: rows that are JSON objects, one a line, for an import (importing.h).
 */
#ifndef SPECOLA_CLI_IMPORT_ROWS_H
#define SPECOLA_CLI_IMPORT_ROWS_H

#include <stdio.h>

#include "cli/importing.h"

/* Hands in the lines of file, to its end. path is for messages. Errors of importing_take, ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err_code import_rows(struct importing *i, FILE *file, const char *path, struct err *err);

#endif
