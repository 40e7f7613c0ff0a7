/*
 * privfile: files that nobody else may read (keys, passphrases). What is read goes straight into guarded pages; what is written
 * appears whole, 0600, and never in the place of another file.
 */
#ifndef SPECOLA_KEYS_PRIVFILE_H
#define SPECOLA_KEYS_PRIVFILE_H

#include "keys/secret.h"

/* Reads the whole file at path into a fresh secret (*out, the caller frees it; max is 1..65535 octets), of which the first *len
 * are the file's. ERR_NOT_FOUND, ERR_PERMISSIONS (group or others may read or write it, or it belongs to somebody other than us
 * and root), ERR_IO (also for a symbolic link in the last place, or anything but a regular file), ERR_LIMIT (more than max
 * octets), ERR_MEMORY. On error *out is untouched. */
MUST_CHECK enum err_code privfile_read(const char *path, size_t max, struct secret **out, size_t *len, struct err *err);

/* Writes content to a new file at path: a neighbour with O_EXCL and mode 0600, fsync, rename that replaces nothing, fsync of
 * the folder. ERR_FAILED with a hint if path exists, ERR_NOT_FOUND (no such folder), ERR_IO, ERR_DISK_FULL, ERR_MEMORY. */
MUST_CHECK enum err_code privfile_write(const char *path, struct view content, struct err *err);

#endif
