/*
 * query_select: a question in SQL that somebody typed, on tables that are meant for it: a view a kind of object, and views of
 * what all kinds share (docs/research.md; query_views lists them). Nothing else can be reached, and nothing can be changed:
 * SQLite asks an authorizer about every table and function while it reads the text, and only one SELECT is run.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_SELECT_H
#define SPECOLA_NODE_STORE_QUERY_SELECT_H

#include "node/clock.h"
#include "node/federation.h"
#include "protocol/schema/schema.h"

#define SELECT_SQL_MAX 65536      /* octets of a question */
#define SELECT_VALUE_MAX 16777216 /* octets of one value */

/* What a question may cost. */
struct select_limits {
  uint64_t rows; /* 0: any number; more are not asked for */
  uint64_t ms;   /* from the first step to the last */
};
/* What comes of it. columns is called once, before the first row; st's columns may be asked for name and value, and nothing
 * else may be done with it. */
struct select_sink {
  enum err_code (*columns)(void *context, sqlite3_stmt *st, struct err *err);
  enum err_code (*row)(void *context, sqlite3_stmt *st, struct err *err);
  void *context;
};
/* Runs a question on a store that is opened for reading and asked nothing else meanwhile; the connection keeps the limits on
 * sizes. *more: there are rows beyond limits->rows. ERR_USAGE (no SELECT, or SQL that SQLite does not understand: its words),
 * ERR_REFUSED (a table or function that is not for questions), ERR_LIMIT (time, memory, a value or text too large), what the
 * sink returns, store errors. */
MUST_CHECK enum err_code query_select(struct store *s, const struct federation *f, const struct schema_set *set,
                                      const char *sql, const struct select_limits *limits, const struct clock_source *clock,
                                      const struct select_sink *sink, bool *more, struct err *err);
/* The views, for whoever asks what there is: name, and its columns with ", " between them. visit's false stops. Same errors. */
typedef bool select_visit(void *context, const char *name, const char *columns);
MUST_CHECK enum err_code query_select_tables(struct store *s, const struct federation *f, const struct schema_set *set,
                                             select_visit *visit, void *context, struct err *err);

#endif
