/*
 * object: rows of objects and their versions. Content (wide table, facets, links, texts) is content.h's.
 */
#ifndef SPECOLA_NODE_STORE_OBJECT_H
#define SPECOLA_NODE_STORE_OBJECT_H

#include "node/store/store.h"

/* A row of `object`. head: the end of its chain of versions, void ones included; newest: of those that count, 0 if none does;
 * withdrawn: rowid of the object.withdraw, 0 if there is none. */
struct object {
  int64_t id, head, newest, withdrawn, arrival;
  uint64_t versions, schema, flags, person;
  bool readable;     /* the newest body is here and is a map */
  bool hidden;       /* this node does not show it (hidden.h) */
  unsigned complete; /* how complete it is, 0..100 */
};
/* By the rowid of its first version. ERR_NOT_FOUND. */
MUST_CHECK enum err_code object_get(struct store *s, int64_t id, struct object *out, struct err *err);
/* Writes a new row; changes the row of object->id. Never INSERT OR REPLACE, nor anything else that needs a statement journal:
 * SQLite would open a savepoint for it, and FTS5 writes its whole hash out at each one (measured: half of an ingest). */
MUST_CHECK enum err_code object_insert(struct store *s, const struct object *object, struct err *err);
MUST_CHECK enum err_code object_update(struct store *s, const struct object *object, struct err *err);
/* Notes a version behind the first. */
MUST_CHECK enum err_code object_put_version(struct store *s, int64_t rowid, int64_t object, struct err *err);
/* The object of any of its versions. ERR_NOT_FOUND: no version stands there. */
MUST_CHECK enum err_code object_of_version(struct store *s, int64_t rowid, int64_t *object, struct err *err);

#endif
