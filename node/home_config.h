/*
 * home_config: node.ini as octets and as a struct home_config. Private to node/home.
 */
#ifndef SPECOLA_NODE_HOME_CONFIG_H
#define SPECOLA_NODE_HOME_CONFIG_H

#include "node/home.h"

/* Reads the file at path; what it does not say is filled in (handle, language, license, listen). ERR_FORMAT names the line,
 * ERR_LIMIT (the file, or too many peers), ERR_NOT_FOUND, ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err_code config_read(const char *path, struct home_config *out, struct err *err);
/* Checks what a caller made as if it had been read, and fills in in the same way. ERR_FORMAT names the key, ERR_LIMIT: longer
 * than a line of node.ini can be. */
MUST_CHECK enum err_code config_check(const struct home_config *config, struct home_config *out, struct err *err);
/* Writes it. Errors of file_write. */
MUST_CHECK enum err_code config_write(const char *path, const struct home_config *config, struct err *err);

#endif
