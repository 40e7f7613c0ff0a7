/*
 * enclosure: files that travel inside a copy of the store: a backup is one file. Works on a copy that nobody else has open.
 */
#ifndef SPECOLA_NODE_STORE_ENCLOSURE_H
#define SPECOLA_NODE_STORE_ENCLOSURE_H

#include "keys/bytes.h"
#include "keys/err.h"

struct enclosure; /* opaque */

/* READ: a backup, which may lie on a medium that cannot be written. MAKE: a copy of a store, which becomes one. CHANGE: a
 * backup that becomes a store again. */
enum enclosure_mode { ENCLOSURE_READ, ENCLOSURE_MAKE, ENCLOSURE_CHANGE };
/* Opens a store file of any name. ERR_NOT_FOUND; ERR_FORMAT: no backup, or one that was not finished; ERR_VERSION: of a later
 * program; ERR_CORRUPT. */
MUST_CHECK enum err_code enclosure_open(const char *path, enum enclosure_mode mode, struct enclosure **out, struct err *err);
void enclosure_close(struct enclosure *e); /* NULL is fine; what was not finished is gone */
/* Of one that is being made. Store errors. */
MUST_CHECK enum err_code enclosure_put(struct enclosure *e, const char *name, struct view content, struct err *err);
MUST_CHECK enum err_code enclosure_put_fact(struct enclosure *e, const char *name, struct view value, struct err *err);
/* Everything in one commit, durable when it returns OK. */
MUST_CHECK enum err_code enclosure_finish(struct enclosure *e, struct err *err);
/* Appends a fact. ERR_NOT_FOUND. */
MUST_CHECK enum err_code enclosure_fact(struct enclosure *e, const char *name, struct bytes *value, struct err *err);
/* Each file by name until visit returns false; the views are borrowed until then. ERR_MISMATCH: a content is not what was
 * enclosed. */
typedef bool enclosure_visit(void *context, const char *name, struct view content);
MUST_CHECK enum err_code enclosure_each(struct enclosure *e, enclosure_visit *visit, void *context, struct err *err);
/* Takes files and facts out again, and makes the copy a store to be used: durable. */
MUST_CHECK enum err_code enclosure_remove(struct enclosure *e, struct err *err);

#endif
