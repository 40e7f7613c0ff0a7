/*
 * log: (node, generation) pairs with their compact ranges. See store.h.
 */
#include "node/store/statement.h"

#define LOG_RANGE_OCTETS ((size_t)MERKLE_RANGE_MAX * HASH_LEN)
#define LOG_COLUMNS "no, node, gen, size, range, body_bytes"

static enum err_code log_of_row(sqlite3_stmt *st, struct log *out, struct err *err) {
  out->no = sqlite3_column_int64(st, 0);
  out->gen = (uint64_t)sqlite3_column_int64(st, 2);
  out->body_bytes = (uint64_t)sqlite3_column_int64(st, 5);
  const uint64_t size = (uint64_t)sqlite3_column_int64(st, 3);
  if (!statement_hash(st, 1, &out->node) || merkle_range_decode(size, statement_blob(st, 4), &out->range, NULL) != OK) {
    return err_set(err, ERR_CORRUPT, "log %lld: its range does not fit its size", (long long)out->no);
  }
  return OK;
}

/* The bound statement's first row as a log; ERR_NOT_FOUND. */
static enum err_code log_one(struct store *s, sqlite3_stmt *st, struct log *out, struct err *err) {
  enum err_code code = statement_one(s, st, "log", "no such log is held", err);
  if (code == OK) {
    code = log_of_row(st, out, err);
    statement_done(st);
  }
  return code;
}

enum err_code log_find(struct store *s, const struct hash *node, uint64_t gen, struct log *out, struct err *err) {
  static const char sql[] = "SELECT " LOG_COLUMNS " FROM log WHERE node = :node AND gen = :gen";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(node));
  statement_bind_int(st, 2, (int64_t)gen);
  return log_one(s, st, out, err);
}

enum err_code log_find_or_create(struct store *s, const struct hash *node, uint64_t gen, struct log *out, struct err *err) {
  static const char sql[] = "INSERT INTO log(node, gen, size, range, body_bytes) VALUES (:node, :gen, 0, x'', 0)";
  sqlite3_stmt *st = NULL;
  if (gen == 0 || gen > INT64_MAX) {
    return err_set(err, ERR_LIMIT, "a generation of a log is at least 1 and below 2^63");
  }
  enum err_code code = log_find(s, node, gen, out, err);
  if (code != ERR_NOT_FOUND) {
    return code;
  }
  err_clear(err);
  code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(node));
  statement_bind_int(st, 2, (int64_t)gen);
  code = statement_run(s, st, "log", err);
  return code == OK ? log_find(s, node, gen, out, err) : code;
}

enum err_code log_by_no(struct store *s, int64_t no, struct log *out, struct err *err) {
  static const char sql[] = "SELECT " LOG_COLUMNS " FROM log WHERE no = :no";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, no);
  return log_one(s, st, out, err);
}

enum err_code log_first(struct store *s, int64_t no, int64_t *first, struct err *err) {
  static const char sql[] = "SELECT no FROM log WHERE node = (SELECT node FROM log WHERE no = :no) ORDER BY gen LIMIT 1";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, no);
  code = statement_one(s, st, "log", "no such log is held", err);
  if (code == OK) {
    *first = sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}

enum err_code log_save(struct store *s, const struct log *log, struct err *err) {
  static const char sql[] = "UPDATE log SET size = :size, range = :range, body_bytes = :body_bytes WHERE no = :no";
  sqlite3_stmt *st = NULL;
  struct bytes range;
  bytes_init(&range, LOG_RANGE_OCTETS);
  enum err_code code = merkle_range_encode(&log->range, &range, err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code == OK) {
    statement_bind_int(st, 1, (int64_t)log->range.size);
    statement_bind_blob(st, 2, bytes_view(&range));
    statement_bind_int(st, 3, (int64_t)log->body_bytes);
    statement_bind_int(st, 4, log->no);
    code = statement_run(s, st, "log", err);
  }
  bytes_release(&range);
  return code;
}

enum err_code log_envelope_octets(struct store *s, int64_t no, uint64_t from, uint64_t *out, struct err *err) {
  static const char sql[] = "SELECT ifnull(sum(length(envelope)), 0) FROM entry WHERE id >= :from AND id < :to";
  return statement_number(s, sql, entry_rowid(no, from), entry_rowid(no + 1, 0), "octets of a log", "none", out, err);
}

enum err_code log_each(struct store *s, log_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT " LOG_COLUMNS " FROM log ORDER BY node, gen";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err); /* its own: visit may look up logs */
  while (code == OK && row) {
    struct log log;
    code = statement_step(s, st, &row, "log", err);
    if (code == OK && row) {
      code = log_of_row(st, &log, err);
      if (code == OK && !visit(context, &log)) {
        break;
      }
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}
