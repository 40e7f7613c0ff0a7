/*
 * withdrawn: the table of that name. See withdrawn.h.
 */
#include "node/store/withdrawn.h"

#include "node/store/inside.h"
#include "node/store/statement.h"

/* As `entry`; state 4 (ENTRY_DAMAGED) is not taken, nor an envelope that is not what came. */
#define COLUMNS "id, state, envelope, salt, body, takedown"

enum err_code withdrawn_take(struct store *s, int64_t log_no, uint64_t from, struct err *err) {
  static const char *const rows[] = {
      "INSERT OR IGNORE INTO withdrawn(arrival, " COLUMNS ") SELECT (SELECT max(seq) FROM milestone), " COLUMNS
      " FROM entry WHERE id >= :from AND id < :to AND state < 4 AND leaf = specola_leaf(envelope)",
      "DELETE FROM entry WHERE id >= :from AND id < :to", "DELETE FROM damaged WHERE id >= :from AND id < :to"};
  static const char milestones[] = "DELETE FROM milestone WHERE log = :log AND size > :size";
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < sizeof rows / sizeof rows[0]; i++) {
    code = statement_run_two(s, rows[i], entry_rowid(log_no, from), entry_rowid(log_no + 1, 0), "withdrawn entries", err);
  }
  return code == OK ? statement_run_two(s, milestones, log_no, (int64_t)from, "withdrawn entries", err) : code;
}

enum err_code withdrawn_heal(struct store *s, int64_t rowid, struct view envelope, struct err *err) {
  static const char sql[] = "DELETE FROM withdrawn WHERE id = :id AND envelope = :envelope";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  statement_bind_blob(st, 2, envelope);
  return statement_run(s, st, "withdrawn entries", err);
}

enum err_code withdrawn_get(struct store *s, int64_t rowid, struct bytes *scratch, struct item *out, struct err *err) {
  static const char sql[] = "SELECT " COLUMNS " FROM withdrawn WHERE id = :id";
  return entry_read(s, sql, rowid, "no such entry was withdrawn", scratch, out, err);
}

enum err_code withdrawn_find(struct store *s, const struct hash *fed_id, const struct hash *id, int64_t *rowid,
                             struct err *err) {
  static const char sql[] = "SELECT id, envelope FROM withdrawn";
  sqlite3_stmt *st = NULL;
  bool row = true, found = false;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && !found && (code = statement_step(s, st, &row, "withdrawn entries", err)) == OK && row) {
    const struct hash of = envelope_id(fed_id, statement_blob(st, 1));
    found = hash_equal(&of, id);
    *rowid = sqlite3_column_int64(st, 0);
  }
  statement_done(st);
  return code == OK && !found ? err_set(err, ERR_NOT_FOUND, "no such entry was withdrawn") : code;
}

enum err_code withdrawn_count(struct store *s, int64_t log_no, uint64_t *n, struct err *err) {
  static const char sql[] = "SELECT count(*) FROM withdrawn WHERE id >= :from AND id < :to";
  return statement_number(s, sql, entry_rowid(log_no, 0), entry_rowid(log_no + 1, 0), "withdrawn entries", "none", n, err);
}

enum err_code withdrawn_octets(struct store *s, int64_t log_no, uint64_t *octets, struct err *err) {
  static const char sql[] =
      "SELECT ifnull(sum(length(envelope) + ifnull(length(body), 0)), 0) FROM withdrawn WHERE id >= :from AND id < :to";
  return statement_number(s, sql, entry_rowid(log_no, 0), entry_rowid(log_no + 1, 0), "withdrawn entries", "none", octets, err);
}
