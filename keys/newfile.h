/*
 * newfile: a file while it is written: it has a name of its own beside the one that it will take, so that a name stands for a
 * whole file or for none. Its writer holds a lock on it; what writers that died have left for the same name is removed by the
 * next one.
 */
#ifndef SPECOLA_KEYS_NEWFILE_H
#define SPECOLA_KEYS_NEWFILE_H

#include <limits.h>

#include "keys/err.h"

struct newfile {
  int fd; /* -1: none */
  char path[PATH_MAX];
};
#define NEWFILE_INIT                                                                                                           \
  { .fd = -1 }

/* Makes the file, empty and 0600, beside target. ERR_NOT_FOUND (no such folder), ERR_IO, ERR_DISK_FULL, ERR_LIMIT (path). The
 * caller writes to fd, moves path to target, and ends with newfile_close, or with newfile_drop instead. */
MUST_CHECK enum err_code newfile_open(const char *target, struct newfile *out, struct err *err);
void newfile_close(struct newfile *f);
/* Removes it. */
void newfile_drop(struct newfile *f);

#endif
