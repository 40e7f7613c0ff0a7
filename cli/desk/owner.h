/*
 * owner: which user of this machine is at the other end of a connection over the loopback, as the kernel tells in
 * /proc/net/tcp and tcp6. The desk speaks with nobody but the person who runs it.
 */
#ifndef SPECOLA_CLI_DESK_OWNER_H
#define SPECOLA_CLI_DESK_OWNER_H

#include <sys/types.h>

#include "keys/err.h"

/* fd: a connected socket of TCP. ERR_NOT_FOUND (the kernel does not name that end: it is closed, or on another machine),
 * ERR_IO. */
MUST_CHECK enum err_code owner_of_peer(int fd, uid_t *out, struct err *err);

#endif
