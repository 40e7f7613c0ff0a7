/*
 * evidence: see evidence.h.
 */
#include "node/store/evidence.h"

#include "node/store/statement.h"

/* Readers do not migrate: in an older store there is no such table yet. */
static bool is_there(struct store *s) {
  return sqlite3_table_column_metadata(store_db(s), "main", "evidence", NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

enum err_code evidence_put(struct store *s, const struct fork *fork, struct view item, struct err *err) {
  static const char sql[] =
      "INSERT INTO evidence(node, gen, at, exact, received, recorded, item) VALUES (:node, :gen, :at, :exact, :received, 0, "
      ":item) ON CONFLICT(node, gen) DO UPDATE SET at = :at, exact = :exact, received = :received, item = :item";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&fork->node));
  statement_bind_int(st, 2, (int64_t)fork->gen);
  statement_bind_int(st, 3, (int64_t)fork->from);
  statement_bind_int(st, 4, fork->exact);
  statement_bind_int(st, 5, (int64_t)fork->received);
  statement_bind_blob(st, 6, item);
  return statement_run(s, st, "evidence", err);
}

/* Columns node, gen, at, exact, received, recorded. False: not a row that was written here. */
static bool read_row(sqlite3_stmt *st, struct fork *out) {
  out->gen = (uint64_t)sqlite3_column_int64(st, 1);
  out->from = (uint64_t)sqlite3_column_int64(st, 2);
  out->exact = sqlite3_column_int(st, 3) != 0;
  out->received = (uint64_t)sqlite3_column_int64(st, 4);
  out->recorded = sqlite3_column_int(st, 5) != 0;
  return statement_hash(st, 0, &out->node);
}

enum err_code evidence_set_recorded(struct store *s, const struct hash *node, uint64_t gen, struct err *err) {
  static const char sql[] = "UPDATE evidence SET recorded = 1 WHERE node = :node AND gen = :gen";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(node));
  statement_bind_int(st, 2, (int64_t)gen);
  return statement_run(s, st, "evidence", err);
}

enum err_code evidence_get(struct store *s, const struct hash *node, uint64_t gen, struct fork *out, struct bytes *item,
                           struct err *err) {
  static const char sql[] =
      "SELECT node, gen, at, exact, received, recorded, item FROM evidence WHERE node = :node AND gen = :gen";
  static const char missing[] = "that log is not known to have forked";
  sqlite3_stmt *st = NULL;
  if (!is_there(s)) {
    return err_set(err, ERR_NOT_FOUND, "%s", missing);
  }
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(node));
  statement_bind_int(st, 2, (int64_t)gen);
  code = statement_one(s, st, "evidence", missing, err);
  if (code != OK) {
    return code;
  }
  if (!read_row(st, out)) {
    code = err_set(err, ERR_CORRUPT, "store: evidence: a row without its node");
  } else if (item != NULL) {
    code = bytes_append(item, statement_blob(st, 6), err);
  }
  statement_done(st);
  return code;
}

enum err_code evidence_each(struct store *s, evidence_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT node, gen, at, exact, received, recorded FROM evidence ORDER BY node, gen";
  sqlite3_stmt *st = NULL;
  struct fork fork;
  bool row = false;
  if (!is_there(s)) {
    return OK;
  }
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "evidence", err)) == OK && row) {
    if (read_row(st, &fork) && !visit(context, &fork)) {
      break;
    }
  }
  statement_done(st);
  return code;
}
