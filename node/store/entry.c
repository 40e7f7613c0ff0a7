/*
 * entry: envelopes at positions, with what travels beside them. See store.h.
 */
#include <string.h>

#include "node/store/inside.h"
#include "node/store/statement.h"

#define ENTRY_COLUMNS "id, state, envelope, salt, body, takedown"

static int64_t rid_of(const struct hash *id) {
  return (int64_t)get_u64be(id->b);
}

enum err_code entry_put(struct store *s, int64_t rowid, const struct item *item, const struct hash *id, struct err *err) {
  static const char sql[] = "INSERT INTO entry(id, rid, state, envelope, salt, body, takedown) "
                            "VALUES (:id, :rid, :state, :envelope, :salt, :body, :takedown)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  if (id != NULL) {
    statement_bind_int(st, 2, rid_of(id));
  }
  statement_bind_int(st, 3, item->state);
  statement_bind_blob(st, 4, item->envelope);
  if (item->state == ITEM_WHOLE) {
    statement_bind_blob(st, 5, view_of(item->salt.b, SALT_LEN));
    statement_bind_blob(st, 6, item->body);
  }
  if (item->state == ITEM_GONE) {
    statement_bind_blob(st, 7, hash_view(&item->takedown));
  }
  return statement_run(s, st, "entry", err);
}

/* A row of ENTRY_COLUMNS as an item that borrows from the row. */
static enum err_code item_of_row(sqlite3_stmt *st, struct item *out, struct err *err) {
  const struct view salt = statement_blob(st, 3);
  const int64_t state = sqlite3_column_int64(st, 1);
  memset(out, 0, sizeof *out);
  out->envelope = statement_blob(st, 2);
  out->body = statement_blob(st, 4);
  bool good = out->envelope.len > 0 && state >= ITEM_BODILESS && state <= ITEM_ABSENT;
  if (good) {
    out->state = (enum item_state)state;
    good = (out->state == ITEM_WHOLE) == (salt.len == SALT_LEN) && (out->state == ITEM_WHOLE || out->body.len == 0);
  }
  if (good && out->state == ITEM_WHOLE) {
    memcpy(out->salt.b, salt.p, SALT_LEN);
  }
  if (good && out->state == ITEM_GONE) {
    good = statement_hash(st, 5, &out->takedown);
  }
  return good ? OK : err_set(err, ERR_CORRUPT, "entry %lld is damaged", (long long)sqlite3_column_int64(st, 0));
}

/* Moves what an item borrows into scratch. */
static enum err_code item_keep(struct item *item, struct bytes *scratch, struct err *err) {
  const size_t envelope = item->envelope.len;
  const size_t body = item->body.len;
  bytes_clear(scratch);
  enum err_code code = bytes_append(scratch, item->envelope, err);
  if (code == OK) {
    code = bytes_append(scratch, item->body, err);
  }
  if (code == OK) {
    item->envelope = view_of(scratch->p, envelope);
    item->body = body == 0 ? view_of(NULL, 0) : view_of(scratch->p + envelope, body);
  }
  return code;
}

enum err_code entry_read(struct store *s, const char *sql, int64_t rowid, const char *lacking, struct bytes *scratch,
                         struct item *out, struct err *err) {
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  code = statement_one(s, st, "entry", lacking, err);
  if (code == OK) {
    code = item_of_row(st, out, err);
    if (code == OK) {
      code = item_keep(out, scratch, err);
    }
    statement_done(st);
  }
  return code;
}

enum err_code entry_get(struct store *s, int64_t rowid, struct bytes *scratch, struct item *out, struct err *err) {
  static const char sql[] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE id = :id";
  return entry_read(s, sql, rowid, "no such entry is held", scratch, out, err);
}

enum err_code entry_is_record(struct store *s, int64_t rowid, bool *is_record, struct err *err) {
  static const char sql[] = "SELECT rid IS NOT NULL FROM entry WHERE id = :id";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  code = statement_step(s, st, &row, "entry", err);
  *is_record = code == OK && row && sqlite3_column_int(st, 0) != 0;
  statement_done(st);
  return code;
}

/* The rowid of the first record of that id that the statement finds: its parameters are the beginning of the id, and a rowid.
 * *found tells. */
static enum err_code find_record(struct store *s, const char *sql, const struct hash *fed_id, const struct hash *id, int64_t to,
                                 bool *found, int64_t *rowid, struct err *err) {
  sqlite3_stmt *st = NULL;
  bool row = true;
  *found = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rid_of(id));
  statement_bind_int(st, 2, to);
  while (!*found && (code = statement_step(s, st, &row, "entry", err)) == OK && row) {
    const struct hash held = envelope_id(fed_id, statement_blob(st, 1));
    *found = hash_equal(&held, id);
    *rowid = sqlite3_column_int64(st, 0);
  }
  statement_done(st);
  return code;
}

enum err_code entry_find(struct store *s, const struct hash *fed_id, const struct hash *id, int64_t *rowid, struct err *err) {
  static const char sql[] = "SELECT id, envelope FROM entry WHERE rid = :rid AND id < :to ORDER BY id";
  bool found = false;
  const enum err_code code = find_record(s, sql, fed_id, id, INT64_MAX, &found, rowid, err);
  return code == OK && !found ? err_set(err, ERR_NOT_FOUND, "no record of that id is held") : code;
}

enum err_code entry_find_below(struct store *s, const struct hash *fed_id, const struct hash *id, int64_t below, bool *found,
                               int64_t *rowid, struct err *err) {
  /* Generations of one node rise with the numbers of their logs: the next one begins when the one before is closed. */
  static const char sql[] =
      "SELECT entry.id, envelope FROM entry CROSS JOIN log ON log.no = entry.id >> 40 "
      "WHERE rid = :rid AND entry.id < :below AND log.node = (SELECT node FROM log WHERE no = :below >> 40) "
      "ORDER BY entry.id";
  return find_record(s, sql, fed_id, id, below, found, rowid, err);
}

enum err_code entry_each(struct store *s, int64_t log_no, uint64_t from, uint64_t to, entry_visit *visit, void *context,
                         struct err *err) {
  static const char sql[] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE id >= :from AND id < :to ORDER BY id";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err); /* its own: visit may read entries */
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, entry_rowid(log_no, from));
  statement_bind_int(st, 2, entry_rowid(log_no, 0) + (int64_t)to);
  while (code == OK && row) {
    struct item item;
    code = statement_step(s, st, &row, "entry", err);
    if (code == OK && row) {
      code = item_of_row(st, &item, err);
      if (code == OK && !visit(context, sqlite3_column_int64(st, 0), &item)) {
        break;
      }
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}
