/*
 * hidden: the table of that name. See hidden.h.
 */
#include "node/store/hidden.h"

#include <string.h>

#include "node/store/statement.h"

static const char NOT_HIDDEN[] = "it is not hidden";

/* Readers do not migrate: in an older store there is no such table yet. */
static bool is_there(struct store *s) {
  return sqlite3_table_column_metadata(store_db(s), "main", "hidden", NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

enum err_code hidden_put(struct store *s, const struct hidden *hidden, struct err *err) {
  static const char sql[] = "INSERT INTO hidden(id, since, reason) VALUES (:id, :since, :reason) "
                            "ON CONFLICT(id) DO UPDATE SET since = :since, reason = :reason";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&hidden->id));
  statement_bind_int(st, 2, (int64_t)hidden->since);
  statement_bind_text(st, 3, view_of_text(hidden->reason));
  return statement_run(s, st, "hidden", err);
}

enum err_code hidden_drop(struct store *s, const struct hash *id, struct err *err) {
  static const char sql[] = "DELETE FROM hidden WHERE id = :id";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(id));
  code = statement_run(s, st, "hidden", err);
  return code == OK && sqlite3_changes(store_db(s)) == 0 ? err_set(err, ERR_NOT_FOUND, "%s", NOT_HIDDEN) : code;
}

/* Columns id, since, reason. False: not a row that was written here. */
static bool read_row(sqlite3_stmt *st, struct hidden *out) {
  const struct view reason = statement_text(st, 2);
  if (reason.len > HIDDEN_REASON || !statement_hash(st, 0, &out->id)) {
    return false;
  }
  out->since = (uint64_t)sqlite3_column_int64(st, 1);
  memcpy(out->reason, reason.p, reason.len);
  out->reason[reason.len] = '\0';
  return true;
}

enum err_code hidden_get(struct store *s, const struct hash *id, struct hidden *out, struct err *err) {
  static const char sql[] = "SELECT id, since, reason FROM hidden WHERE id = :id";
  sqlite3_stmt *st = NULL;
  if (!is_there(s)) {
    return err_set(err, ERR_NOT_FOUND, "%s", NOT_HIDDEN);
  }
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(id));
  code = statement_one(s, st, "hidden", NOT_HIDDEN, err);
  if (code == OK && !read_row(st, out)) {
    code = err_set(err, ERR_CORRUPT, "store: hidden: a row without its object");
  }
  statement_done(st);
  return code;
}

enum err_code hidden_count(struct store *s, uint64_t *n, struct err *err) {
  static const char sql[] = "SELECT count(*) FROM hidden WHERE since BETWEEN :least AND :most";
  *n = 0;
  return is_there(s) ? statement_number(s, sql, 0, INT64_MAX, "hidden", "no count", n, err) : OK;
}

enum err_code hidden_each(struct store *s, hidden_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT id, since, reason FROM hidden ORDER BY since, id";
  sqlite3_stmt *st = NULL;
  struct hidden hidden;
  bool row = false;
  if (!is_there(s)) {
    return OK;
  }
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "hidden", err)) == OK && row) {
    if (read_row(st, &hidden) && !visit(context, &hidden)) {
      break;
    }
  }
  statement_done(st);
  return code;
}
