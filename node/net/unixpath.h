/*
 * unixpath: addresses of Unix sockets in directories with long names. An address holds 108 octets; a home may be longer; so the
 * name goes through /proc/self/fd and a descriptor of the directory.
 */
#ifndef SPECOLA_NODE_NET_UNIXPATH_H
#define SPECOLA_NODE_NET_UNIXPATH_H

#include "keys/err.h"

#define UNIXPATH_MAX 108 /* octets with the NUL: sizeof sun_path */

/* Opens dir (without the right to read it: O_PATH) and writes "/proc/self/fd/N/name" to out; good while *dir_fd stays open,
 * which the caller closes. ERR_NOT_FOUND, ERR_PERMISSIONS, ERR_IO, ERR_LIMIT (name). On error *dir_fd is -1. */
MUST_CHECK enum err_code unixpath_make(const char *dir, const char *name, char out[UNIXPATH_MAX], int *dir_fd, struct err *err);

#endif
