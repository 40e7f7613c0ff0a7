/*
 * query_history: what happened to one object, entry by entry. See query_history.h.
 */
#include "node/store/query_history.h"

#include <string.h>

#include "node/store/derivation.h"
#include "node/store/inside.h"
#include "node/store/people_inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

/* A history in the making. */
struct telling {
  struct store *s;
  const struct federation *f;
  struct object object;
  struct hash id; /* of the object */
  struct log log;
  const struct evaluation *state;
  struct bytes scratch, name;
  uint32_t number; /* of the last version that counts */
  history_visit *visit;
  void *context;
};

/* Who signed, as far as the log says. */
static enum err_code load_author(struct telling *t, int64_t rowid, struct history_row *row, struct err *err) {
  enum reason reason = REASON_NONE;
  struct position at = {0, 0};
  (void)evaluation_position(t->state, rowid, &at);
  const struct certificate *c = people_at(t->state->people, &row->author, at, &reason);
  if (c == NULL) {
    c = people_newest(t->state->people, &row->author, at);
  }
  bytes_clear(&t->name);
  enum err_code code = OK;
  if (c != NULL) {
    code = people_name(t->s, evaluation_rowid(t->state, c->at), &t->name, err);
    row->roles = c->roles;
    row->person = c->person;
  }
  const char *text = bytes_text(&t->name);
  row->name = text == NULL ? "" : text;
  return code;
}

static enum err_code tell(struct telling *t, int64_t rowid, uint64_t reason, bool *go_on, struct err *err) {
  struct item item;
  struct header h;
  struct view octets;
  struct view signature;
  struct history_row row = {.rowid = rowid, .held = reason};
  enum err_code code = entry_get(t->s, rowid, &t->scratch, &item, err);
  if (code != OK || !envelope_split(item.envelope, &octets, &signature) || header_decode(octets, &h) != REASON_NONE) {
    return code;
  }
  row.id = record_id(&t->f->charter.fed_id, octets);
  const bool names_it = h.has_subject ? hash_equal(&h.subject, &t->id) : hash_equal(&row.id, &t->id);
  if ((h.kind != KIND_VERSION && h.kind != KIND_WITHDRAW) || !names_it) {
    return OK;
  }
  row.withdrawal = h.kind == KIND_WITHDRAW;
  row.number = row.withdrawal || reason != REASON_NONE ? 0 : ++t->number;
  row.created = h.created;
  row.author = h.author;
  row.schema_number = row.withdrawal ? t->object.schema : h.args[0];
  row.has_replaced = h.n_refs == 1;
  row.replaced = h.refs[0];
  row.body = item.body;
  row.state = item.state;
  code = reference_of_row(t->s, t->f, &t->log, rowid, row.reference, err);
  code = code == OK ? load_author(t, rowid, &row, err) : code;
  *go_on = code != OK || t->visit(t->context, &row);
  return code;
}

/* What counts, and what was held back in this log: the latter may be about any object. */
static enum err_code tell_all(struct telling *t, struct err *err) {
  static const char sql[] =
      "SELECT id, 0 FROM version WHERE object = :object "
      "UNION SELECT :object, ifnull((SELECT reason FROM held WHERE id = :object), 0) "
      "UNION SELECT withdrawn, 0 FROM object WHERE id = :object AND withdrawn IS NOT NULL "
      "UNION SELECT held.id, reason FROM log JOIN held ON held.id >= no << 40 AND held.id < (no + 1) << 40 "
      "WHERE node = :node AND held.id > :object ORDER BY 1";
  sqlite3_stmt *st = NULL;
  bool row = true;
  bool go_on = true;
  enum err_code code = statement_get(t->s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, t->object.id);
    statement_bind_blob(st, 2, hash_view(&t->log.node));
  }
  while (code == OK && go_on && (code = statement_step(t->s, st, &row, "history", err)) == OK && row) {
    code = tell(t, sqlite3_column_int64(st, 0), (uint64_t)sqlite3_column_int64(st, 1), &go_on, err);
  }
  statement_done(st);
  return code;
}

static enum err_code load_id(struct telling *t, struct err *err) {
  struct item item;
  const enum err_code code = entry_get(t->s, t->object.id, &t->scratch, &item, err);
  if (code == OK) {
    t->id = query_record_id(t->f, item.envelope);
  }
  return code;
}

enum err_code query_history(struct store *s, const struct federation *f, int64_t rowid, history_visit *visit, void *context,
                            struct err *err) {
  struct telling t = {.s = s, .f = f, .visit = visit, .context = context};
  int64_t object = 0;
  bytes_init(&t.scratch, LIMIT_ITEM);
  bytes_init(&t.name, LIMIT_BODY + 1);
  enum err_code code = object_of_version(s, rowid, &object, err);
  if (code == OK) {
    code = object_get(s, object, &t.object, err);
  }
  if (code == OK) {
    code = log_by_no(s, entry_log_no(object), &t.log, err);
  }
  if (code == OK) {
    code = load_id(&t, err);
  }
  if (code == OK) {
    code = people_state(s, f, &t.log, &t.state, err);
  }
  if (code == OK) {
    code = tell_all(&t, err);
  }
  bytes_release(&t.scratch);
  bytes_release(&t.name);
  return code;
}
