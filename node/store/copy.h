/*
 * copy: a store as it stands at one moment, in another file, beside a node that goes on writing.
 */
#ifndef SPECOLA_NODE_STORE_COPY_H
#define SPECOLA_NODE_STORE_COPY_H

#include "node/store/store.h"

/* Copies the store file `from` to `to`, which must not be there; 0600, and durable. The copy is one file, written anew and
 * without holes. Readers and the writer are not disturbed. ERR_REFUSED (to exists), ERR_NOT_FOUND (no folder, or no store),
 * ERR_DISK_FULL, ERR_IO, ERR_CORRUPT; on errors nothing is left at `to`. */
MUST_CHECK enum err_code store_copy(const char *from, const char *to, struct err *err);
/* Opens a store file of any name for a plain connection: no lock is taken, nothing is set. Whoever opens it knows that nobody
 * else writes to it, or only reads. The caller closes it with sqlite3_close. ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK enum err_code store_plain(const char *path, bool writing, sqlite3 **out, struct err *err);
/* Makes a file and its entry in its folder durable. */
MUST_CHECK enum err_code store_durable(const char *path, struct err *err);

#endif
