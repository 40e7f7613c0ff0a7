/*
 * statement: prepared statements, kept for the life of a store. SQL texts are constants beside their binders; parameters are
 * named there and bound in the order of their names' first appearance, which is how SQLite numbers them.
 */
#ifndef SPECOLA_NODE_STORE_STATEMENT_H
#define SPECOLA_NODE_STORE_STATEMENT_H

#include "node/store/store.h"

/* The statement of a constant text, prepared at its first use and then kept, reset and without bindings. sql is told from
 * others by its address: it must be of static storage. Store errors. Borrowed until the store closes; two uses of one text must
 * not overlap. */
MUST_CHECK enum err_code statement_get(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err);
/* Prepares a text that is built at run time; the caller finalizes it. */
MUST_CHECK enum err_code statement_new(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err);
/* Resets and forgets the bindings. NULL is fine. */
void statement_done(sqlite3_stmt *st);

/* Bind parameter i (from 1). Views are borrowed until statement_done. A failed bind (no memory) shows at the next step. */
void statement_bind_int(sqlite3_stmt *st, int i, int64_t value);
void statement_bind_blob(sqlite3_stmt *st, int i, struct view v);
void statement_bind_text(sqlite3_stmt *st, int i, struct view v);
/* Columns; borrowed until the next step. */
struct view statement_blob(sqlite3_stmt *st, int column);
struct view statement_text(sqlite3_stmt *st, int column);
/* A column of exactly 32 octets. False if it is another. */
MUST_CHECK bool statement_hash(sqlite3_stmt *st, int column, struct hash *out);

/* Runs a statement that yields no row, and is done with it. what is context for messages. */
MUST_CHECK enum err_code statement_run(struct store *s, sqlite3_stmt *st, const char *what, struct err *err);
/* One step: *row tells whether there is a row; on false and on errors the statement is done. */
MUST_CHECK enum err_code statement_step(struct store *s, sqlite3_stmt *st, bool *row, const char *what, struct err *err);
/* The row of a statement that yields one at most: read it, then statement_done. ERR_NOT_FOUND with missing as its message;
 * then, and on store errors, the statement is done. */
MUST_CHECK enum err_code statement_one(struct store *s, sqlite3_stmt *st, const char *what, const char *missing,
                                       struct err *err);
/* Runs a statement of two numbers that yields no row. */
MUST_CHECK enum err_code statement_run_two(struct store *s, const char *sql, int64_t a, int64_t b, const char *what,
                                           struct err *err);
/* The number that a statement of two numbers yields. ERR_NOT_FOUND with missing as its message. */
MUST_CHECK enum err_code statement_number(struct store *s, const char *sql, int64_t a, int64_t b, const char *what,
                                          const char *missing, uint64_t *out, struct err *err);
/* Whether a statement without parameters yields a row. */
MUST_CHECK enum err_code statement_any(struct store *s, const char *sql, const char *what, bool *any, struct err *err);
/* Several statements without parameters or rows. */
MUST_CHECK enum err_code statement_script(struct store *s, const char *sql, const char *what, struct err *err);

#endif
