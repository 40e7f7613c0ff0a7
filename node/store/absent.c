/*
 * absent: see absent.h. Evaluation does not look at bodies that can be erased, so nothing but content follows from one that
 * comes later: of the object whose newest version it is.
 */
#include "node/store/absent.h"

#include "node/store/statement.h"

enum err_code absent_next(struct store *s, int64_t log_no, uint64_t from, uint64_t *index, struct err *err) {
  static const char sql[] = "SELECT id FROM entry WHERE state = 3 AND id >= :from AND id < :to ORDER BY id LIMIT 1";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, entry_rowid(log_no, from));
  statement_bind_int(st, 2, entry_rowid(log_no + 1, 0));
  code = statement_step(s, st, &row, "absent body", err);
  if (code == OK && !row) {
    return err_set(err, ERR_NOT_FOUND, "no body is absent");
  }
  if (code == OK) {
    *index = entry_index(sqlite3_column_int64(st, 0));
    statement_done(st);
  }
  return code;
}

/* A run on its way down. */
struct run {
  uint64_t from, to, bytes;
  bool is_open; /* an absent body was met */
};

/* Whether the run goes on below the entry of this row. */
static bool run_take(struct run *run, sqlite3_stmt *st, uint64_t max_entries, uint64_t max_bytes) {
  const uint64_t index = entry_index(sqlite3_column_int64(st, 0));
  const int64_t state = sqlite3_column_int64(st, 1);
  struct view octets, signature;
  struct header header;
  if (!run->is_open && state != 3) return true;
  if (run->is_open && (state == 1 || index + 1 != run->from || run->to - index > max_entries || run->bytes >= max_bytes)) {
    return false;
  }
  if (!run->is_open) *run = (struct run){.to = index + 1, .is_open = true};
  run->from = index;
  if (envelope_split(statement_blob(st, 2), &octets, &signature) && header_decode(octets, &header) == REASON_NONE) {
    run->bytes += header.body_len;
  }
  return true;
}

enum err_code absent_run(struct store *s, int64_t log_no, uint64_t below, uint64_t max_entries, uint64_t max_bytes,
                         uint64_t *from, uint64_t *to, struct err *err) {
  static const char sql[] = "SELECT id, state, envelope FROM entry WHERE id >= :first AND id < :below ORDER BY id DESC";
  struct run run = {.is_open = false};
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, entry_rowid(log_no, 0));
  statement_bind_int(st, 2, entry_rowid(log_no, below));
  while ((code = statement_step(s, st, &row, "absent body", err)) == OK && row) {
    if (!run_take(&run, st, max_entries, max_bytes)) break;
  }
  if (code == OK && row) statement_done(st);
  if (code == OK && !run.is_open) return err_set(err, ERR_NOT_FOUND, "no body is absent");
  *from = run.from;
  *to = run.to;
  return code;
}

enum err_code absent_count(struct store *s, int64_t log_no, uint64_t *n, struct err *err) {
  static const char sql[] = "SELECT count(*) FROM entry WHERE state = 3 AND id >= :from AND id < :to";
  return statement_number(s, sql, entry_rowid(log_no, 0), entry_rowid(log_no + 1, 0), "absent bodies", "no count", n, err);
}

static enum err_code put(struct store *s, int64_t rowid, const struct item *item, struct err *err) {
  static const char sql[] = "UPDATE entry SET state = 1, salt = :salt, body = :body WHERE id = :id AND state = 3";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, view_of(item->salt.b, SALT_LEN));
  statement_bind_blob(st, 2, item->body);
  statement_bind_int(st, 3, rowid);
  return statement_run(s, st, "body", err);
}

enum err_code absent_fill(struct derivation *d, int64_t rowid, const struct item *item, struct err *err) {
  struct store *s = d->content.s;
  struct object object = {.id = 0};
  int64_t id = 0;
  enum err_code code = put(s, rowid, item, err);
  if (code == OK) {
    code = object_of_version(s, rowid, &id, err);
  }
  if (code == OK) {
    code = object_get(s, id, &object, err);
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK; /* of no object, or of no version that counts */
  }
  if (code != OK || object.newest != rowid) {
    return code;
  }
  struct content_body body;
  content_open(&d->content, object.schema, item->body, body_is_canonical(item->body), &body);
  object.readable = body.readable;
  object.complete = body.complete;
  code = object_update(s, &object, err);
  return code == OK ? content_add(&d->content, object.id, &body, err) : code;
}
