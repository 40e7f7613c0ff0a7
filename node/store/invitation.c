/*
 * invitation: see invitation.h.
 */
#include "node/store/invitation.h"

#include <string.h>

#include "node/store/statement.h"

#define COLUMNS                                                                                                                \
  "i.id, i.token, i.for_node, i.confirm, i.roles, i.territory, i.person, i.made_s, i.until_s, i.state, i.name, "               \
  "a.key, a.name, a.node, a.asked_s, a.state, a.gen, a.position FROM invitation i LEFT JOIN ask a ON a.id = i.id "

static const char NONE[] = "there is no such invitation";

/* Readers do not migrate: in an older store there is no such table yet. */
static bool is_there(struct store *s) {
  return sqlite3_table_column_metadata(store_db(s), "main", "invitation", NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* An empty text is none. */
static void bind_name(sqlite3_stmt *st, int i, const char *name) {
  if (name[0] != '\0') statement_bind_text(st, i, view_of_text(name));
}

enum err_code invitation_put(struct store *s, struct invitation *invitation, struct err *err) {
  static const char sql[] =
      "INSERT INTO invitation(token, for_node, roles, territory, person, name, confirm, made_s, until_s, state) "
      "VALUES (:token, :for_node, :roles, :territory, :person, :name, :confirm, :made_s, :until_s, 0)";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(&invitation->token));
  statement_bind_int(st, 2, invitation->for_node);
  statement_bind_int(st, 3, (int64_t)invitation->roles);
  statement_bind_int(st, 4, (int64_t)invitation->territory);
  statement_bind_int(st, 5, (int64_t)invitation->person);
  bind_name(st, 6, invitation->name);
  statement_bind_int(st, 7, invitation->confirm);
  statement_bind_int(st, 8, (int64_t)invitation->made_s);
  statement_bind_int(st, 9, (int64_t)invitation->until_s);
  code = statement_run(s, st, "invitation", err);
  if (code == OK) invitation->number = (uint64_t)sqlite3_last_insert_rowid(store_db(s));
  return code;
}

/* ---- reading ---- */

static bool read_name(sqlite3_stmt *st, int column, char out[INVITATION_NAME_MAX + 1]) {
  const struct view name = statement_text(st, column);
  if (name.len > INVITATION_NAME_MAX) return false;
  if (name.len > 0) memcpy(out, name.p, name.len);
  out[name.len] = '\0';
  return true;
}

static uint64_t number_at(sqlite3_stmt *st, int column) {
  const int64_t value = sqlite3_column_int64(st, column);
  return value < 0 ? 0 : (uint64_t)value;
}

/* Columns as in COLUMNS. False: not a row that was written here. */
static bool read_row(sqlite3_stmt *st, struct invitation *out) {
  struct hash key;
  memset(out, 0, sizeof *out);
  out->number = number_at(st, 0);
  out->for_node = sqlite3_column_int(st, 2) != 0;
  out->confirm = sqlite3_column_int(st, 3) != 0;
  out->roles = number_at(st, 4);
  out->territory = number_at(st, 5);
  out->person = number_at(st, 6);
  out->made_s = number_at(st, 7);
  out->until_s = number_at(st, 8);
  out->state = (enum invitation_state)(number_at(st, 9) & 3u);
  if (!statement_hash(st, 1, &out->token) || !read_name(st, 10, out->name)) return false;
  out->is_asked = sqlite3_column_type(st, 11) != SQLITE_NULL;
  if (!out->is_asked) return true;
  if (!statement_hash(st, 11, &key) || !read_name(st, 12, out->ask.name)) return false;
  memcpy(out->ask.key.b, key.b, sizeof out->ask.key.b);
  out->ask.asked_s = number_at(st, 14);
  out->ask.is_answered = sqlite3_column_int(st, 15) != 0;
  out->ask.gen = number_at(st, 16);
  out->ask.index = number_at(st, 17);
  return sqlite3_column_type(st, 13) == SQLITE_NULL || statement_hash(st, 13, &out->ask.node);
}

static enum err_code read_one(struct store *s, sqlite3_stmt *st, struct invitation *out, struct err *err) {
  enum err_code code = statement_one(s, st, "invitation", NONE, err);
  if (code == OK && !read_row(st, out)) code = err_set(err, ERR_CORRUPT, "store: invitation: a row without its token or key");
  statement_done(st);
  return code;
}

enum err_code invitation_by_token(struct store *s, const struct hash *token, struct invitation *out, struct err *err) {
  static const char sql[] = "SELECT " COLUMNS "WHERE i.token = :token";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(token));
  return read_one(s, st, out, err);
}

enum err_code invitation_by_number(struct store *s, uint64_t number, struct invitation *out, struct err *err) {
  static const char sql[] = "SELECT " COLUMNS "WHERE i.id = :id";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, number > INT64_MAX ? 0 : (int64_t)number);
  return read_one(s, st, out, err);
}

enum err_code invitation_each(struct store *s, invitation_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT " COLUMNS "ORDER BY i.id";
  sqlite3_stmt *st = NULL;
  struct invitation invitation;
  bool row = false;
  if (!is_there(s)) return OK;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "invitation", err)) == OK && row) {
    if (read_row(st, &invitation) && !visit(context, &invitation)) break;
  }
  statement_done(st);
  return code;
}

enum err_code invitation_request(struct store *s, uint64_t number, struct bytes *out, struct err *err) {
  static const char sql[] = "SELECT request FROM ask WHERE id = :id AND request IS NOT NULL";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, number > INT64_MAX ? 0 : (int64_t)number);
  code = statement_one(s, st, "ask", "no node has asked with this invitation", err);
  if (code == OK) code = bytes_append(out, statement_blob(st, 0), err);
  statement_done(st);
  return code;
}

enum err_code invitation_waiting(struct store *s, uint64_t *n, struct err *err) {
  static const char sql[] =
      "SELECT count(*) FROM ask JOIN invitation USING (id) WHERE ask.state = :waits AND invitation.state = :asked";
  *n = 0;
  return is_there(s) ? statement_number(s, sql, 0, INVITATION_ASKED, "ask", "no count", n, err) : OK;
}

/* ---- moving ---- */

static enum err_code put_ask(struct store *s, const struct invitation *i, bool keep_name, struct view request,
                             struct err *err) {
  static const char sql[] = "INSERT INTO ask(id, key, name, node, request, asked_s, state, gen, position) "
                            "VALUES (:id, :key, :name, :node, :request, :asked_s, :state, :gen, :position) "
                            "ON CONFLICT(id) DO UPDATE SET name = :name, state = :state, gen = :gen, position = :position";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, (int64_t)i->number);
  statement_bind_blob(st, 2, pubkey_view(&i->ask.key));
  if (keep_name) bind_name(st, 3, i->ask.name);
  if (i->for_node) statement_bind_blob(st, 4, hash_view(&i->ask.node));
  if (request.len > 0) statement_bind_blob(st, 5, request);
  statement_bind_int(st, 6, (int64_t)i->ask.asked_s);
  statement_bind_int(st, 7, i->ask.is_answered);
  if (i->ask.gen > 0) {
    statement_bind_int(st, 8, (int64_t)i->ask.gen);
    statement_bind_int(st, 9, (int64_t)i->ask.index);
  }
  return statement_run(s, st, "ask", err);
}

enum err_code invitation_move(struct store *s, const struct invitation *invitation, enum invitation_state state,
                              struct view request, struct err *err) {
  static const char sql[] = "UPDATE invitation SET state = :state, name = iif(:state >= 2, NULL, name) WHERE id = :id";
  sqlite3_stmt *st = NULL;
  enum err_code code = invitation->is_asked ? put_ask(s, invitation, state < INVITATION_USED, request, err) : OK;
  if (code == OK) code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, (int64_t)state);
  statement_bind_int(st, 2, (int64_t)invitation->number);
  return statement_run(s, st, "invitation", err);
}

enum err_code invitation_cancel_open(struct store *s, uint64_t now, uint64_t *n, struct err *err) {
  static const char sql[] = "UPDATE invitation SET state = :cancelled, name = NULL WHERE state = 0 AND until_s >= :now";
  const enum err_code code = statement_run_two(s, sql, INVITATION_CANCELLED, (int64_t)now, "invitation", err);
  *n = code == OK ? (uint64_t)sqlite3_changes64(store_db(s)) : 0;
  return code;
}

enum err_code invitation_answer(struct store *s, const struct hash *node, struct err *err) {
  static const char sql[] = "UPDATE ask SET state = 1 WHERE node = :node AND state = 0";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_blob(st, 1, hash_view(node));
  return statement_run(s, st, "ask", err);
}
