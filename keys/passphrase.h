/*
 * passphrase: where a passphrase comes from. A terminal (libbsd readpassphrase), a file, or a file descriptor; never argv,
 * never the environment.
 */
#ifndef SPECOLA_KEYS_PASSPHRASE_H
#define SPECOLA_KEYS_PASSPHRASE_H

#include "keys/secret.h"

#define PASSPHRASE_MAX 1024 /* octets */

/* Asks on the terminal; with confirm, twice, until both agree (three tries, then ERR_FAILED). ERR_INPUT_NEEDED without a
 * terminal, ERR_FORMAT if empty, ERR_LIMIT past PASSPHRASE_MAX, ERR_IO (also when interrupted), ERR_MEMORY. The caller frees
 * *out with secret_free, here and below; on error *out is untouched. */
MUST_CHECK enum err_code passphrase_ask(const char *prompt, bool confirm, struct secret **out, struct err *err);
/* First line of the file (a trailing newline is dropped). ERR_PERMISSIONS if others can read it, ERR_NOT_FOUND, ERR_IO,
 * ERR_FORMAT if empty, ERR_LIMIT past PASSPHRASE_MAX, ERR_MEMORY. */
MUST_CHECK enum err_code passphrase_from_file(const char *path, struct secret **out, struct err *err);
/* Up to the first newline or end of file; reads no octet past the newline and leaves fd open. ERR_IO, ERR_FORMAT if empty,
 * ERR_LIMIT past PASSPHRASE_MAX, ERR_MEMORY. */
MUST_CHECK enum err_code passphrase_from_fd(int fd, struct secret **out, struct err *err);

#endif
