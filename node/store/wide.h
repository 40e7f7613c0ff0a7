/*
 * wide: a table a kind of object, one row an object, written from its schema: what researchers query by SQL and what lists are
 * sorted by. The one place where SQL is made from data: names of kinds and fields ([a-z][a-z0-9_]*, docs/schema.md); values are
 * bound.
 */
#ifndef SPECOLA_NODE_STORE_WIDE_H
#define SPECOLA_NODE_STORE_WIDE_H

#include "node/store/store.h"
#include "protocol/schema/body.h"

#define WIDE_NAME_MAX 64

/* One kind's table. Columns: id, title, then those of the schema; parameters are numbered as columns are, from 1. */
struct wide {
  const struct schema *schema;
  char name[WIDE_NAME_MAX]; /* of the table, without quotes */
  int *top;                 /* by index of the top-level field: its parameter, 0 if it has no column */
  int **children;           /* by index of the top-level field: the same for a group's children, or NULL */
  int n_columns;
  sqlite3_stmt *insert, *erase; /* NULL until wide_prepare */
};
/* Every kind of a set, by rising number. */
struct wides {
  struct wide *items;
  size_t n;
};
/* Reads the set; touches no database. ERR_MEMORY. */
MUST_CHECK enum err_code wides_new(const struct schema_set *set, struct wides *out, struct err *err);
void wides_release(struct wides *w); /* a zeroed struct is fine */
/* The DDL of one table, appended. */
MUST_CHECK enum err_code wide_ddl(const struct wide *w, struct bytes *out, struct err *err);
/* Prepares the statements of a table that exists. */
MUST_CHECK enum err_code wide_prepare(struct wide *w, struct store *s, struct err *err);
const struct wide *wide_of(const struct wides *w, uint64_t schema_number); /* NULL: kind not known */
/* The name of the table of a kind: the kind, with '_' behind it if that is a table of ours. */
void wide_name(const struct schema *schema, char out[WIDE_NAME_MAX]);
/* Whether a field has a column of its own name. */
bool wide_has(const struct schema *schema, const struct field *field);
/* The parameter (and column) of a leaf, 0 if it has none. */
int wide_column(const struct wide *w, const struct field *field);
/* Binds a value where it belongs; only the first of each field is taken. Borrowed until the insert has run. */
void wide_bind(const struct wide *w, const struct body_value *value);

#endif
