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
/* ERR_CORRUPT if a table has fewer rows than an index of it: they are lost, and the index shows it. Store errors. */
MUST_CHECK enum err_code pages_expect_rows(struct store *s, struct err *err);

#endif
