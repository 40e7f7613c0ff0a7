/*
 * holds: see holds.h.
 */
#include "node/store/holds.h"

#include "node/store/statement.h"

enum err_code holds_put(struct store *s, const struct holds *holds, uint64_t received, struct view item, struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO holds(node, version, counter, received, item) "
                            "VALUES (:node, :version, :counter, :received, :item)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&holds->holder));
  statement_bind_int(st, 2, (int64_t)holds->version);
  statement_bind_int(st, 3, (int64_t)holds->counter);
  statement_bind_int(st, 4, (int64_t)received);
  statement_bind_blob(st, 5, item);
  return statement_run(s, st, "holds", err);
}

/* The row of a node, with the columns of sql; read it, then statement_done. */
static enum err_code row_of(struct store *s, const char *sql, const struct hash *node, sqlite3_stmt **st, struct err *err) {
  const enum err_code code = statement_get(s, sql, st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(*st, 1, hash_view(node));
  return statement_one(s, *st, "holds", "that member has not said what it holds", err);
}

enum err_code holds_mark(struct store *s, const struct hash *node, uint64_t *version, uint64_t *counter, struct err *err) {
  static const char sql[] = "SELECT version, counter FROM holds WHERE node = :node";
  sqlite3_stmt *st = NULL;
  const enum err_code code = row_of(s, sql, node, &st, err);
  if (code == OK) {
    *version = (uint64_t)sqlite3_column_int64(st, 0);
    *counter = (uint64_t)sqlite3_column_int64(st, 1);
    statement_done(st);
  }
  return code;
}

enum err_code holds_get(struct store *s, const struct hash *node, uint64_t *received, struct bytes *item, struct err *err) {
  static const char sql[] = "SELECT item, received FROM holds WHERE node = :node";
  sqlite3_stmt *st = NULL;
  enum err_code code = row_of(s, sql, node, &st, err);
  if (code == OK) {
    code = bytes_append(item, statement_blob(st, 0), err);
    if (received != NULL) {
      *received = (uint64_t)sqlite3_column_int64(st, 1);
    }
    statement_done(st);
  }
  return code;
}

enum err_code holds_each(struct store *s, holds_reader *reader, void *context, struct err *err) {
  static const char sql[] = "SELECT node, received, item FROM holds ORDER BY received DESC, node";
  sqlite3_stmt *st = NULL;
  bool row = false;
  struct hash node;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "holds", err)) == OK && row) {
    if (statement_hash(st, 0, &node) && !reader(context, &node, (uint64_t)sqlite3_column_int64(st, 1), statement_blob(st, 2))) {
      break;
    }
  }
  statement_done(st);
  return code;
}
