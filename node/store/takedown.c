/*
 * takedown: see takedown.h. Takedowns and what they name are found by the first octets of a record id, and compared in full.
 */
#include "node/store/takedown.h"

#include "node/store/derive_inside.h"
#include "node/store/inside.h"
#include "node/store/statement.h"

#define TARGETS_MAX 16 /* entries of one record id that are looked up at once; more than one is rare */

static int64_t prefix_of(const struct hash *id) {
  return (int64_t)get_u64be(id->b);
}

enum err_code takedown_any(struct store *s, bool *any, struct err *err) {
  static const char sql[] = "SELECT EXISTS (SELECT 1 FROM takedown)";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_one(s, st, "takedowns", "no answer", err);
  }
  if (code == OK) {
    *any = sqlite3_column_int(st, 0) != 0;
    statement_done(st);
  }
  return code;
}

/* The header of an entry that has a body which can be erased, and its record id. */
static bool erasable(struct view envelope, const struct hash *fed_id, struct hash *id) {
  struct view octets;
  struct view signature;
  struct header h;
  if (!envelope_split(envelope, &octets, &signature) || header_decode(octets, &h) != REASON_NONE || h.body_len == 0 ||
      record_kind_keeps_body(h.kind)) {
    return false;
  }
  *id = record_id(fed_id, octets);
  return true;
}

enum err_code takedown_of(struct store *s, const struct hash *fed_id, const struct hash *owner, const struct hash *record,
                          bool *found, struct hash *takedown, struct err *err) {
  static const char sql[] =
      "SELECT envelope, log.node FROM takedown JOIN entry USING (id) JOIN log ON log.no = takedown.id >> 40 "
      "WHERE target = :target ORDER BY takedown.id";
  sqlite3_stmt *st = NULL;
  struct record held;
  struct hash node;
  bool row = true;
  *found = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, prefix_of(record));
  while (!*found && (code = statement_step(s, st, &row, "takedown", err)) == OK && row) {
    *found = statement_hash(st, 1, &node) && hash_equal(&node, owner) &&
             record_reopen(statement_blob(st, 0), fed_id, &held) == REASON_NONE && hash_equal(&held.header.subject, record);
    if (*found) {
      *takedown = held.id;
    }
  }
  statement_done(st);
  return code;
}

enum err_code takedown_targets(struct store *s, const struct hash *fed_id, const struct hash *owner, const struct hash *record,
                               int64_t *rowids, size_t max, size_t *n, struct err *err) {
  static const char sql[] =
      "SELECT entry.id, envelope, log.node FROM entry JOIN log ON log.no = entry.id >> 40 WHERE rid = :rid "
      "AND state IN (1, 3) UNION ALL SELECT entry.id, envelope, log.node FROM stray JOIN entry USING (id) "
      "JOIN log ON log.no = entry.id >> 40 WHERE stray.rid = :rid AND state IN (1, 3)";
  sqlite3_stmt *st = NULL;
  struct hash node;
  struct hash id;
  bool row = true;
  *n = 0;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, prefix_of(record));
  while ((code = statement_step(s, st, &row, "what a takedown names", err)) == OK && row) {
    if (!statement_hash(st, 2, &node) || !hash_equal(&node, owner) || !erasable(statement_blob(st, 1), fed_id, &id) ||
        !hash_equal(&id, record)) {
      continue;
    }
    if (*n < max) {
      rowids[*n] = sqlite3_column_int64(st, 0);
    }
    ++*n;
  }
  return code;
}

/* ---- taking away ---- */

/* Codes that no object has any more may be words of the text that went. */
static enum err_code drop_codes(struct store *s, struct err *err) {
  static const char sql[] = "DELETE FROM facet_code WHERE NOT EXISTS (SELECT 1 FROM facet WHERE facet.code = facet_code.no)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  store_forget_facets(s);
  return code == OK ? statement_run(s, st, "codes", err) : code;
}

/* If the entry is the newest version of an object, the object has no content any more. */
static enum err_code erase_content(struct derivation *d, int64_t rowid, struct err *err) {
  struct object object;
  int64_t id = 0;
  enum err_code code = object_of_version(d->content.s, rowid, &id, err);
  if (code == OK) {
    code = object_get(d->content.s, id, &object, err);
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code != OK || object.newest != rowid) {
    return code;
  }
  code = derive_erase_newest(d, &object, err);
  object.readable = false;
  object.complete = 0;
  if (code == OK) {
    code = object_update(d->content.s, &object, err);
  }
  return code == OK ? drop_codes(d->content.s, err) : code;
}

static enum err_code erase_body(struct store *s, int64_t rowid, const struct hash *takedown, struct err *err) {
  static const char sql[] = "UPDATE entry SET state = 2, salt = NULL, body = NULL, takedown = :takedown WHERE id = :id";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(takedown));
  statement_bind_int(st, 2, rowid);
  return statement_run(s, st, "takedown", err);
}

static enum err_code erase(struct derivation *d, int64_t rowid, const struct hash *takedown, struct err *err) {
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(d->content.s, rowid, &scratch, &item, err);
  bytes_release(&scratch);
  if (code != OK || (item.state != ITEM_WHOLE && item.state != ITEM_ABSENT)) {
    return code;
  }
  code = erase_content(d, rowid, err);
  if (code == OK) {
    code = erase_body(d->content.s, rowid, takedown, err);
  }
  d->n_erased += code == OK;
  d->n_settled += code == OK && item.state == ITEM_ABSENT;
  return code;
}

/* A damaged entry waits to be whole again: what lies there of its body goes, and so does what a member has offered for it. What
 * was derived of it cannot be taken back piece by piece: it is marked to be made anew. */
static enum err_code erase_damaged(struct derivation *d, const struct hash *record, struct err *err) {
  static const char offer[] =
      "UPDATE damaged SET item = NULL WHERE id IN (SELECT id FROM entry WHERE rid = :rid AND state = 4) "
      "AND :rid = :same";
  static const char stale[] = "DELETE FROM derived_fact WHERE EXISTS (SELECT 1 FROM entry WHERE rid = :rid AND state = 4 AND "
                              "body IS NOT NULL) AND :rid = :same";
  static const char body[] =
      "UPDATE entry SET salt = NULL, body = NULL WHERE rid = :rid AND state = 4 AND body IS NOT NULL AND "
      ":rid = :same";
  static const char *const all[] = {offer, stale, body};
  const int64_t rid = prefix_of(record);
  enum err_code code = OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0] && code == OK; i++) {
    code = statement_run_two(d->content.s, all[i], rid, rid, "takedown", err);
  }
  if (code == OK && sqlite3_changes(d->content.s->db) > 0) {
    d->n_erased++;
    d->must_renew = true;
  }
  return code;
}

/* What a cut has withdrawn is in no log any more, but shown, and the text would stay. */
static enum err_code erase_withdrawn(struct derivation *d, const struct hash *owner, const struct record *takedown,
                                     struct err *err) {
  static const char sql[] = "SELECT withdrawn.id, envelope, log.node FROM withdrawn JOIN log ON log.no = withdrawn.id >> 40 "
                            "WHERE state IN (1, 3)";
  static const char erase[] = "UPDATE withdrawn SET state = 2, salt = NULL, body = NULL, takedown = :takedown WHERE id = :id";
  sqlite3_stmt *st = NULL;
  sqlite3_stmt *change = NULL;
  struct hash node;
  struct hash id;
  bool row = true;
  enum err_code code = statement_new(d->content.s, sql, &st, err);
  while (code == OK && (code = statement_step(d->content.s, st, &row, "withdrawn entries", err)) == OK && row) {
    if (!statement_hash(st, 2, &node) || !hash_equal(&node, owner) || !erasable(statement_blob(st, 1), &d->fed_id, &id) ||
        !hash_equal(&id, &takedown->header.subject)) {
      continue;
    }
    code = statement_get(d->content.s, erase, &change, err);
    if (code == OK) {
      statement_bind_blob(change, 1, hash_view(&takedown->id));
      statement_bind_int(change, 2, sqlite3_column_int64(st, 0));
      code = statement_run(d->content.s, change, "withdrawn entry", err);
    }
    d->n_erased += code == OK;
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* A copy that waits for the fork guard, or was refused, is in no log and would stay. */
static enum err_code erase_waiting(struct derivation *d, const struct hash *record, struct err *err) {
  static const char sql[] = "DELETE FROM outbox WHERE id = :id";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(d->content.s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(record));
  code = statement_run(d->content.s, st, "outbox", err);
  d->n_erased += code == OK && sqlite3_changes(d->content.s->db) > 0;
  return code;
}

static enum err_code put_erasure(struct store *s, int64_t rowid, struct err *err) {
  static const char sql[] = "INSERT OR IGNORE INTO erasure(takedown) VALUES (:takedown)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  return statement_run(s, st, "erasure", err);
}

enum err_code takedown_apply(struct derivation *d, int64_t rowid, const struct record *record, struct err *err) {
  static const char sql[] = "INSERT INTO takedown(id, target) VALUES (:id, :target)";
  struct store *s = d->content.s;
  const uint64_t before = d->n_erased;
  int64_t rowids[TARGETS_MAX];
  struct log log;
  size_t n = 0;
  d->takedowns = true;
  enum err_code code = statement_run_two(s, sql, rowid, prefix_of(&record->header.subject), "takedown", err);
  if (code == OK) {
    code = log_by_no(s, entry_log_no(rowid), &log, err);
  }
  if (code == OK) {
    code = erase_waiting(d, &record->header.subject, err);
  }
  if (code == OK) {
    code = erase_withdrawn(d, &log.node, record, err);
  }
  if (code == OK) {
    code = erase_damaged(d, &record->header.subject, err);
  }
  do {
    if (code == OK) {
      code = takedown_targets(s, &d->fed_id, &log.node, &record->header.subject, rowids, TARGETS_MAX, &n, err);
    }
    for (size_t i = 0; i < n && i < TARGETS_MAX && code == OK; i++) {
      code = erase(d, rowids[i], &record->id, err);
    }
  } while (code == OK && n > TARGETS_MAX);
  return code == OK && d->n_erased > before ? put_erasure(s, rowid, err) : code;
}

enum err_code takedown_acknowledge(struct derivation *d, int64_t rowid, const struct record *record, struct err *err) {
  static const char sql[] = "INSERT INTO takedown_ack(id, target) VALUES (:id, :target)";
  return statement_run_two(d->content.s, sql, rowid, prefix_of(&record->header.subject), "takedown", err);
}

enum err_code takedown_stray(struct derivation *d, int64_t rowid, const struct item *item, struct err *err) {
  static const char sql[] = "INSERT OR IGNORE INTO stray(rid, id) VALUES (:rid, :id)";
  struct hash id;
  return erasable(item->envelope, &d->fed_id, &id)
             ? statement_run_two(d->content.s, sql, prefix_of(&id), rowid, "takedown", err)
             : OK;
}
