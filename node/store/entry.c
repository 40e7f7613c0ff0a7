/*
 * entry: envelopes at positions, with what travels beside them. See store.h.
 */
#include <string.h>

#include "node/store/damage.h"
#include "node/store/inside.h"
#include "node/store/statement.h"

#define ENTRY_COLUMNS "id, state, envelope, salt, body, takedown"

static int64_t rid_of(const struct hash *id) {
  return (int64_t)get_u64be(id->b);
}

/* ---- what a disk may have changed ---- */

int64_t entry_leaf(struct view envelope) {
  const struct hash leaf = merkle_leaf(envelope);
  return (int64_t)get_u64be(leaf.b);
}

static void specola_leaf(sqlite3_context *context, int n, sqlite3_value **values) {
  const void *octets = sqlite3_value_blob(values[0]);
  const int len = sqlite3_value_bytes(values[0]);
  (void)n;
  if (octets == NULL || len <= 0) {
    sqlite3_result_null(context);
  } else {
    sqlite3_result_int64(context, entry_leaf(view_of(octets, (size_t)len)));
  }
}

enum err_code store_leaf_function(struct store *s, struct err *err) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  if (sqlite3_create_function_v2(s->db, "specola_leaf", 1, flags, NULL, specola_leaf, NULL, NULL, NULL) != SQLITE_OK) {
    return store_error(s, "specola_leaf", err);
  }
  return OK;
}

void store_suspect(struct store *s, int64_t rowid) {
  for (uint32_t i = 0; i < s->n_suspects; i++) {
    if (s->suspects[i] == rowid) {
      return;
    }
  }
  if (s->n_suspects < STORE_SUSPECTS) {
    s->suspects[s->n_suspects++] = rowid;
  }
}

bool store_has_suspects(const struct store *s) {
  return s->n_suspects > 0;
}

uint32_t store_take_suspects(struct store *s, int64_t out[STORE_SUSPECTS]) {
  const uint32_t n = s->n_suspects;
  memcpy(out, s->suspects, n * sizeof *out);
  s->n_suspects = 0;
  return n;
}

enum err_code entry_put(struct store *s, int64_t rowid, const struct item *item, const struct hash *id, struct err *err) {
  static const char sql[] = "INSERT INTO entry(id, rid, state, envelope, salt, body, takedown, leaf) "
                            "VALUES (:id, :rid, :state, :envelope, :salt, :body, :takedown, :leaf)";
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
  statement_bind_int(st, 8, entry_leaf(item->envelope));
  return statement_run(s, st, "entry", err);
}

/* Whether the envelope of a row of ENTRY_COLUMNS, and perhaps leaf, is the one that came. */
static bool has_envelope(sqlite3_stmt *st) {
  const struct view envelope = statement_blob(st, 2);
  return envelope.len > 0 && envelope.len <= LIMIT_ENVELOPE &&
         (sqlite3_column_count(st) < 7 ||
          (sqlite3_column_type(st, 6) == SQLITE_INTEGER && sqlite3_column_int64(st, 6) == entry_leaf(envelope)));
}

/* The row as an item that borrows from it. False: it is not what came. */
static bool item_of_row(sqlite3_stmt *st, struct item *out) {
  const struct view salt = statement_blob(st, 3);
  const int64_t state = sqlite3_column_int64(st, 1);
  memset(out, 0, sizeof *out);
  out->envelope = statement_blob(st, 2);
  out->body = statement_blob(st, 4);
  bool good = has_envelope(st) && state >= ITEM_BODILESS && state <= ITEM_ABSENT;
  if (good) {
    out->state = (enum item_state)state;
    good = (out->state == ITEM_WHOLE) == (salt.len == SALT_LEN) && (out->state == ITEM_WHOLE) == (out->body.len > 0);
  }
  if (good && out->state == ITEM_WHOLE) {
    memcpy(out->salt.b, salt.p, SALT_LEN);
  }
  if (good && out->state == ITEM_GONE) {
    good = statement_hash(st, 5, &out->takedown);
  }
  return good && damage_item_is_sound(out);
}

/* What can be handed out of a row that is not what came: its envelope, if that is, and what belongs to it. */
static bool rest_of_row(sqlite3_stmt *st, struct item *out) {
  const struct view salt = statement_blob(st, 3);
  const struct view body = statement_blob(st, 4);
  memset(out, 0, sizeof *out);
  out->envelope = statement_blob(st, 2);
  if (!has_envelope(st)) {
    return false;
  }
  if (salt.len == SALT_LEN && body.len > 0) {
    out->state = ITEM_WHOLE;
    out->body = body;
    memcpy(out->salt.b, salt.p, SALT_LEN);
  }
  if (out->state == ITEM_WHOLE && damage_item_is_sound(out)) {
    return true;
  }
  out->body = view_of(NULL, 0);
  out->state = ITEM_BODILESS;
  if (!damage_item_is_sound(out)) {
    out->state = ITEM_ABSENT;
  }
  return damage_item_is_sound(out);
}

static enum err_code damaged(struct store *s, sqlite3_stmt *st, struct err *err) {
  const int64_t rowid = sqlite3_column_int64(st, 0);
  if (sqlite3_column_int64(st, 1) != ENTRY_DAMAGED) { /* else it is known */
    store_suspect(s, rowid);
  }
  (void)err_set(err, ERR_CORRUPT, "entry %lld is damaged", (long long)rowid);
  return err_hint(err, "specola scrub looks at all of them; a node that serves has them healed by the members");
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
    code = item_of_row(st, out) ? item_keep(out, scratch, err) : damaged(s, st, err);
    statement_done(st);
  }
  return code;
}

enum err_code entry_get(struct store *s, int64_t rowid, struct bytes *scratch, struct item *out, struct err *err) {
  static const char sql[] = "SELECT " ENTRY_COLUMNS ", leaf FROM entry WHERE id = :id";
  static const char older[] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE id = :id";
  return entry_read(s, s->has_leaves ? sql : older, rowid, "no such entry is held", scratch, out, err);
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

/* What becomes of a damaged entry in a walk. */
enum damaged_entries { STOP_AT_DAMAGED, REST_OF_DAMAGED, WITHOUT_DAMAGED };

static enum err_code visit_row(struct store *s, sqlite3_stmt *st, enum damaged_entries how, entry_visit *visit, void *context,
                               bool *going, struct err *err) {
  struct item item;
  enum err_code code = OK;
  bool has = item_of_row(st, &item);
  if (!has) {
    code = damaged(s, st, err);
    has = how == REST_OF_DAMAGED && rest_of_row(st, &item);
    if (has || how == WITHOUT_DAMAGED) {
      err_clear(err);
      code = OK;
    }
  }
  if (has) {
    *going = visit(context, sqlite3_column_int64(st, 0), &item);
  }
  return code;
}

static enum err_code walk(struct store *s, int64_t log_no, uint64_t from, uint64_t to, enum damaged_entries how,
                          entry_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT " ENTRY_COLUMNS ", leaf FROM entry WHERE id >= :from AND id < :to ORDER BY id";
  static const char older[] = "SELECT " ENTRY_COLUMNS " FROM entry WHERE id >= :from AND id < :to ORDER BY id";
  sqlite3_stmt *st = NULL;
  bool row = true;
  bool going = true;
  enum err_code code = statement_new(s, s->has_leaves ? sql : older, &st, err); /* its own: visit may read entries */
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, entry_rowid(log_no, from));
  statement_bind_int(st, 2, entry_rowid(log_no, 0) + (int64_t)to);
  while (code == OK && going && (code = statement_step(s, st, &row, "entry", err)) == OK && row) {
    code = visit_row(s, st, how, visit, context, &going, err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code entry_each(struct store *s, int64_t log_no, uint64_t from, uint64_t to, entry_visit *visit, void *context,
                         struct err *err) {
  return walk(s, log_no, from, to, STOP_AT_DAMAGED, visit, context, err);
}

enum err_code entry_each_served(struct store *s, int64_t log_no, uint64_t from, uint64_t to, entry_visit *visit, void *context,
                                struct err *err) {
  return walk(s, log_no, from, to, REST_OF_DAMAGED, visit, context, err);
}

enum err_code entry_each_whole(struct store *s, int64_t log_no, uint64_t from, uint64_t to, entry_visit *visit, void *context,
                               struct err *err) {
  return walk(s, log_no, from, to, WITHOUT_DAMAGED, visit, context, err);
}
