/*
 * damage: see damage.h.
 */
#include "node/store/damage.h"

#include "node/store/statement.h"
#include "node/store/takedown.h"
#include "protocol/canon.h"
#include "protocol/record.h"

bool damage_item_is_sound(const struct item *item) {
  struct view octets;
  struct view signature;
  struct header h;
  if (!envelope_split(item->envelope, &octets, &signature) || header_decode(octets, &h) != REASON_NONE) {
    return item->state == ITEM_BODILESS;
  }
  switch (item->state) {
  case ITEM_BODILESS:
    return h.body_len == 0;
  case ITEM_WHOLE:
    return record_body_matches(&h, &item->salt, item->body);
  case ITEM_GONE:
  case ITEM_ABSENT:
    return h.body_len > 0 && !record_kind_keeps_body(h.kind);
  }
  return false;
}

void damage_confirm_gone(struct store *s, const struct hash *fed_id, const struct hash *owner, struct item *item) {
  struct hash takedown;
  bool found = false;
  if (item->state != ITEM_GONE) {
    return;
  }
  const struct hash id = envelope_id(fed_id, item->envelope);
  if (takedown_of(s, fed_id, owner, &id, &found, &takedown, NULL) != OK || !found || !hash_equal(&takedown, &item->takedown)) {
    item->state = ITEM_ABSENT;
  }
}

enum err_code damage_count(struct store *s, uint64_t *n, struct err *err) {
  static const char sql[] = "SELECT count(*) FROM damaged";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_one(s, st, "damaged entries", "no count", err);
  }
  if (code == OK) {
    *n = (uint64_t)sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}

static enum err_code run_one(struct store *s, const char *sql, int64_t rowid, struct err *err) {
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  return statement_run(s, st, "damaged entry", err);
}

enum err_code damage_mark(struct store *s, int64_t rowid, struct err *err) {
  static const char note[] = "INSERT OR IGNORE INTO damaged(id) VALUES (:id)";
  static const char entry[] = "UPDATE entry SET state = 4 WHERE id = :id AND NOT " ENTRY_IS_ODD;
  static const char object[] = "UPDATE object SET readable = readable & 2 WHERE newest = :id";
  static const char *const all[] = {note, entry, object};
  enum err_code code = OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0] && code == OK; i++) {
    code = run_one(s, all[i], rowid, err);
  }
  return code;
}

enum err_code damage_next(struct store *s, int64_t log_no, uint64_t from, uint64_t to, uint64_t *index, struct err *err) {
  static const char sql[] = "SELECT id FROM damaged WHERE id >= :from AND id < :to ORDER BY id LIMIT 1";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, entry_rowid(log_no, from));
  statement_bind_int(st, 2, entry_rowid(log_no, 0) + (int64_t)to);
  code = statement_one(s, st, "damaged entry", "no entry is damaged there", err);
  if (code == OK) {
    *index = entry_index(sqlite3_column_int64(st, 0));
    statement_done(st);
  }
  return code;
}

enum err_code damage_offer(struct store *s, int64_t rowid, const struct item *item, struct err *err) {
  static const char sql[] = "UPDATE damaged SET item = :item WHERE id = :id";
  struct bytes octets;
  sqlite3_stmt *st = NULL;
  enum err_code code = OK;
  bytes_init(&octets, LIMIT_ITEM);
  if (item != NULL) code = item_octets(item, &octets, err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code == OK) {
    if (item != NULL) {
      statement_bind_blob(st, 1, bytes_view(&octets));
    }
    statement_bind_int(st, 2, rowid);
    code = statement_run(s, st, "damaged entry", err);
  }
  bytes_release(&octets);
  return code;
}

enum err_code damage_candidate(struct store *s, int64_t rowid, struct bytes *scratch, bool *has, struct item *out,
                               struct err *err) {
  static const char sql[] = "SELECT item FROM damaged WHERE id = :id";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  bytes_clear(scratch);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  code = statement_one(s, st, "damaged entry", "that entry is not damaged", err);
  if (code == OK) {
    code = bytes_append(scratch, statement_blob(st, 0), err);
    statement_done(st);
  }
  *has = code == OK && scratch->len > 0;
  if (*has) {
    struct canon_reader r = canon_reader(bytes_view(scratch));
    item_read(&r, out);
    code = canon_finish(&r, "item", err);
  }
  return code;
}

enum err_code damage_mend(struct store *s, int64_t rowid, const struct item *item, const struct hash *id, struct err *err) {
  static const char old[] = "DELETE FROM entry WHERE id = :id";
  static const char done[] = "DELETE FROM damaged WHERE id = :id";
  enum err_code code = run_one(s, old, rowid, err);
  if (code == OK) {
    code = entry_put(s, rowid, item, id, err);
  }
  return code == OK ? run_one(s, done, rowid, err) : code;
}
