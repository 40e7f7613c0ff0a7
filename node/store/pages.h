/*
 * pages: how far the file can be trusted to hold each row in one place, told by SQLite's own check. Whoever takes rows out of a
 * damaged file asks first: SQLite would free what a damaged page points to, whosever it is.
 */
#ifndef SPECOLA_NODE_STORE_PAGES_H
#define SPECOLA_NODE_STORE_PAGES_H

#include "node/store/store.h"

/* In rising order of what is wrong. */
enum pages {
  PAGES_SOUND,  /* each row lies in one place: it may have a wrong number, or types, or stand in an index otherwise */
  PAGES_LOOSE,  /* octets of a page belong to nothing: a row may be longer than it says, or gone */
  PAGES_TORN,   /* rows overlap, or a page is no page */
  PAGES_SHARED, /* a page belongs to two tables, or is used and free */
};
/* Reads the whole file. Store errors. */
MUST_CHECK enum err_code pages_look(struct store *s, enum pages *out, struct err *err);
/* ERR_CORRUPT if pages are worse than `most`. Store errors. */
MUST_CHECK enum err_code pages_expect(struct store *s, enum pages most, struct err *err);
/* Whether all indexes of the file, of what is kept for ever as well, hold what their tables do, and each page is of one of
 * them. */
bool pages_are_indexed(struct store *s);
/* ERR_CORRUPT if a table (NULL: any) has fewer rows than an index of it: they are lost, and the index shows it. Store errors.
 */
MUST_CHECK enum err_code pages_expect_rows(struct store *s, const char *table, struct err *err);
/* Before tables or indexes are dropped: whether all are listed under the names and kinds that their definitions have. SQLite
 * drops by these, makes by those, and could not read a list that names a table twice any more. ERR_CORRUPT: they are not; store
 * errors. */
MUST_CHECK enum err_code pages_expect_schema(struct store *s, struct err *err);

#endif
