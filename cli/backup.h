/*
 * backup: when the keys of a home were last copied elsewhere: a file of the home that `key backup` writes, and that doctor and
 * status read. It says nothing about where the copy is.
 */
#ifndef SPECOLA_CLI_BACKUP_H
#define SPECOLA_CLI_BACKUP_H

#include "cli/cli.h"
#include "node/notices.h"

#define BACKUP_OLD_DAYS NOTICES_BACKUP_DAYS /* media fail, and people forget where they are */

/* Notes that all keys of the home were copied at unix_s (seconds since 1970). Errors of file_write. */
MUST_CHECK enum err_code backup_note(const struct home *home, uint64_t unix_s, struct err *err);
/* Whole days since then, 0 if that lies ahead of now_s. ERR_NOT_FOUND if nobody ever did; ERR_FORMAT, ERR_IO. */
MUST_CHECK enum err_code backup_days(const struct home *home, uint64_t now_s, uint64_t *out, struct err *err);

#endif
