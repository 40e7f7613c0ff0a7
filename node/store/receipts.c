/*
 * receipts: see receipts.h.
 */
#include "node/store/receipts.h"

#include "node/store/statement.h"

enum err_code receipts_put(struct store *s, const struct hash *id, uint64_t received, uint64_t row, struct view item,
                           struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO receipt(id, received, row, item) VALUES (:id, :received, :row, :item)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(id));
  statement_bind_int(st, 2, (int64_t)received);
  statement_bind_int(st, 3, (int64_t)row);
  statement_bind_blob(st, 4, item);
  return statement_run(s, st, "receipt", err);
}

enum err_code receipts_get(struct store *s, const struct hash *id, uint64_t *received, uint64_t *row, struct bytes *item,
                           struct err *err) {
  static const char sql[] = "SELECT received, row, item FROM receipt WHERE id = :id";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(id));
  code = statement_one(s, st, "receipt", "no receipt of that record", err);
  if (code != OK) return code;
  *received = (uint64_t)sqlite3_column_int64(st, 0);
  *row = (uint64_t)sqlite3_column_int64(st, 1);
  code = bytes_append(item, statement_blob(st, 2), err);
  statement_done(st);
  return code;
}

enum err_code receipts_each(struct store *s, uint64_t n, receipts_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT id, received, row, item FROM receipt ORDER BY received DESC, id LIMIT :n";
  sqlite3_stmt *st = NULL;
  struct hash id;
  bool row = false;
  enum err_code code = statement_new(s, sql, &st, err); /* its own: visit may ask for more */
  if (code != OK) return code;
  statement_bind_int(st, 1, (int64_t)n);
  while ((code = statement_step(s, st, &row, "receipt", err)) == OK && row) {
    if (statement_hash(st, 0, &id) && !visit(context, &id, (uint64_t)sqlite3_column_int64(st, 1),
                                             (uint64_t)sqlite3_column_int64(st, 2), statement_blob(st, 3))) {
      break;
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}
