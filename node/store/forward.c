/*
 * forward: see forward.h.
 */
#include "node/store/forward.h"

#include "node/store/statement.h"
#include "protocol/record.h"

enum err_code forward_put(struct store *s, const struct hash *id, const struct hash *home, uint64_t received,
                          const struct item *item, struct err *err) {
  static const char sql[] = "INSERT INTO forward(id, home, received, tried, tries, state, item) "
                            "VALUES (:id, :home, :received, 0, 0, 0, :item) ON CONFLICT(id) DO NOTHING";
  sqlite3_stmt *st = NULL;
  struct bytes octets;
  bytes_init(&octets, LIMIT_ITEM);
  enum err_code code = item_octets(item, &octets, err);
  if (code == OK) code = statement_get(s, sql, &st, err);
  if (code == OK) {
    statement_bind_blob(st, 1, hash_view(id));
    statement_bind_blob(st, 2, hash_view(home));
    statement_bind_int(st, 3, (int64_t)received);
    statement_bind_blob(st, 4, bytes_view(&octets));
    code = statement_run(s, st, "forward", err);
  }
  bytes_release(&octets);
  return code;
}

enum err_code forward_get(struct store *s, const struct hash *id, enum forward_state *state, struct bytes *receipt,
                          struct err *err) {
  static const char sql[] = "SELECT state, receipt FROM forward WHERE id = :id";
  sqlite3_stmt *st = NULL;
  bytes_clear(receipt);
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(id));
  code = statement_one(s, st, "forward", "no such record is on its way", err);
  if (code != OK) return code;
  const int64_t number = sqlite3_column_int64(st, 0);
  *state = number == FORWARD_REFUSED || number == FORWARD_GIVEN_UP ? (enum forward_state)number : FORWARD_WAITS;
  code = bytes_append(receipt, statement_blob(st, 1), err);
  statement_done(st);
  return code;
}

enum err_code forward_remove(struct store *s, const struct hash *id, struct err *err) {
  static const char sql[] = "DELETE FROM forward WHERE id = :id";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(id));
  return statement_run(s, st, "forward", err);
}

enum err_code forward_tried(struct store *s, const struct hash *id, uint64_t now, struct err *err) {
  static const char sql[] = "UPDATE forward SET tried = :now, tries = tries + 1 WHERE id = :id";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, (int64_t)now);
  statement_bind_blob(st, 2, hash_view(id));
  return statement_run(s, st, "forward", err);
}

enum err_code forward_refuse(struct store *s, const struct hash *id, struct view receipt, struct err *err) {
  static const char mark[] = "UPDATE forward SET state = 2, receipt = :receipt, item = x'' WHERE id = :id";
  static const char trim[] = "DELETE FROM forward WHERE no IN (SELECT no FROM forward WHERE state = 2 AND "
                             "home = (SELECT home FROM forward WHERE id = :id) ORDER BY no DESC LIMIT -1 OFFSET :kept)";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, mark, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, receipt);
  statement_bind_blob(st, 2, hash_view(id));
  code = statement_run(s, st, "forward", err);
  if (code == OK) code = statement_get(s, trim, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(id));
  statement_bind_int(st, 2, FORWARD_REFUSALS);
  return statement_run(s, st, "forward", err);
}

enum err_code forward_settle(struct store *s, const struct receipt_row *row, struct view receipt, uint64_t now,
                             struct err *err) {
  if (row->state == RECEIPT_LOGGED) return forward_remove(s, &row->id, err);
  return receipt_row_is_final(row) ? forward_refuse(s, &row->id, receipt, err) : forward_tried(s, &row->id, now, err);
}

enum err_code forward_forget(struct store *s, const struct hash *home, struct err *err) {
  static const char sql[] = "DELETE FROM forward WHERE home = :home AND state = 0";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(home));
  return statement_run(s, st, "forward", err);
}

enum err_code forward_give_up(struct store *s, uint64_t before, uint64_t now, uint64_t *n, struct err *err) {
  static const char sql[] = "UPDATE forward SET state = 3, tried = :now, item = x'' WHERE state = 0 AND received < :before";
  const enum err_code code = statement_run_two(s, sql, (int64_t)now, (int64_t)before, "forward", err);
  if (code == OK) *n = (uint64_t)sqlite3_changes64(store_db(s));
  return code;
}

enum err_code forward_prune(struct store *s, uint64_t before, struct err *err) {
  static const char sql[] = "DELETE FROM forward WHERE (state = 2 AND received < :before) OR (state = 3 AND tried < :before)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, (int64_t)before);
  return statement_run(s, st, "forward", err);
}

enum err_code forward_measure(struct store *s, const struct hash *home, uint64_t *n, uint64_t *octets, struct err *err) {
  static const char sql[] = "SELECT count(*), ifnull(sum(length(item)), 0) FROM forward "
                            "WHERE state = 0 AND home = ifnull(:home, home)";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  if (home != NULL) statement_bind_blob(st, 1, hash_view(home));
  code = statement_step(s, st, &row, "forward", err);
  if (code != OK || !row) return code;
  *n = (uint64_t)sqlite3_column_int64(st, 0);
  *octets = (uint64_t)sqlite3_column_int64(st, 1);
  statement_done(st);
  return OK;
}

enum err_code forward_next(struct store *s, uint64_t now, struct hash *home, struct err *err) {
  static const char sql[] =
      "SELECT home, CASE WHEN tries = 0 THEN 0 ELSE tried + min(3600, 5 << min(tries - 1, 10)) END AS due "
      "FROM forward WHERE state = 0 AND due <= :now ORDER BY due, no LIMIT 1";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, (int64_t)now);
  code = statement_one(s, st, "forward", "nothing is due", err);
  if (code != OK) return code;
  if (!statement_hash(st, 0, home)) code = err_set(err, ERR_CORRUPT, "the home of a record has another size");
  statement_done(st);
  return code;
}

enum err_code forward_each(struct store *s, const struct hash *home, forward_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT id, item FROM forward WHERE home = :home AND state = 0 ORDER BY no";
  sqlite3_stmt *st = NULL;
  struct hash id;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(home));
  while ((code = statement_step(s, st, &row, "forward", err)) == OK && row) {
    if (statement_hash(st, 0, &id) && !visit(context, &id, statement_blob(st, 1))) break;
  }
  if (code == OK && row) statement_done(st);
  return code;
}
