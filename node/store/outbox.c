/*
 * outbox: see outbox.h.
 */
#include "node/store/outbox.h"

#include "node/store/statement.h"
#include "protocol/record.h"

enum err_code outbox_put(struct store *s, const struct hash *id, uint64_t received, const struct item *item, struct err *err) {
  static const char sql[] = "INSERT INTO outbox(id, received, item) VALUES (:id, :received, :item) "
                            "ON CONFLICT(id) DO UPDATE SET reason = NULL";
  sqlite3_stmt *st = NULL;
  struct bytes octets;
  bytes_init(&octets, LIMIT_ITEM);
  enum err_code code = item_octets(item, &octets, err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code == OK) {
    statement_bind_blob(st, 1, hash_view(id));
    statement_bind_int(st, 2, (int64_t)received);
    statement_bind_blob(st, 3, bytes_view(&octets));
    code = statement_run(s, st, "outbox", err);
  }
  bytes_release(&octets);
  return code;
}

enum err_code outbox_remove(struct store *s, const struct hash *id, struct err *err) {
  static const char sql[] = "DELETE FROM outbox WHERE id = :id";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(id));
  return statement_run(s, st, "outbox", err);
}

enum err_code outbox_refuse(struct store *s, const struct hash *id, uint64_t reason, struct err *err) {
  static const char sql[] = "UPDATE outbox SET reason = :reason WHERE id = :id";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)reason);
  statement_bind_blob(st, 2, hash_view(id));
  return statement_run(s, st, "outbox", err);
}

enum err_code outbox_measure(struct store *s, struct outbox_size *out, struct err *err) {
  static const char sql[] = "SELECT count(*) FILTER (WHERE reason IS NULL), count(reason), ifnull(sum(length(item)), 0) "
                            "FROM outbox";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_step(s, st, &row, "outbox", err);
  }
  if (code == OK && row) {
    *out = (struct outbox_size){.n_waiting = (uint64_t)sqlite3_column_int64(st, 0),
                                .n_refused = (uint64_t)sqlite3_column_int64(st, 1),
                                .octets = (uint64_t)sqlite3_column_int64(st, 2)};
    statement_done(st);
  }
  return code;
}

enum err_code outbox_each(struct store *s, bool is_refused, outbox_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT id, received, reason, item FROM outbox WHERE (reason IS NOT NULL) = :refused ORDER BY no";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, is_refused);
  while ((code = statement_step(s, st, &row, "outbox", err)) == OK && row) {
    struct hash id;
    if (!statement_hash(st, 0, &id)) {
      code = err_set(err, ERR_CORRUPT, "the outbox holds an id of another size");
      break;
    }
    if (!visit(context, &id, (uint64_t)sqlite3_column_int64(st, 1), (uint64_t)sqlite3_column_int64(st, 2),
               statement_blob(st, 3))) {
      break;
    }
  }
  if (row) {
    statement_done(st);
  }
  return code;
}
