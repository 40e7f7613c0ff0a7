/*
 * query_explain: see query_explain.h.
 */
#include "node/store/query_explain.h"

#include "node/store/inside.h"
#include "node/store/object.h"
#include "node/store/query_fork.h"
#include "node/store/statement.h"
#include "node/store/withdrawn.h"
#include "protocol/reason.h"

/* Why the entry has no effect; 0: it has. */
static enum err_code held_reason(struct store *s, int64_t rowid, uint64_t *reason, struct err *err) {
  static const char sql[] = "SELECT reason FROM held WHERE id = :id";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  *reason = 0;
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  code = statement_step(s, st, &row, "held", err);
  if (code == OK && row) {
    *reason = (uint64_t)sqlite3_column_int64(st, 0);
  }
  statement_done(st);
  return code;
}

static void put_reference(const struct federation *f, const struct log *log, const char *key, int64_t rowid, json_t *out) {
  char reference[REFERENCE_MAX];
  reference_format(f, &log->node, log->gen, entry_index(rowid), reference);
  (void)json_object_set_new(out, key, json_string(reference));
}

/* The word for an entry that has effect. */
static enum err_code explain_object(struct store *s, const struct federation *f, const struct log *log, int64_t rowid,
                                    enum item_state state, const char **word, json_t *out, struct err *err) {
  struct object object;
  int64_t id = 0;
  enum err_code code = object_of_version(s, rowid, &id, err);
  *word = state == ITEM_GONE ? "erased" : state == ITEM_ABSENT ? "absent" : "record";
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code == OK) {
    code = object_get(s, id, &object, err);
  }
  if (code != OK || state == ITEM_GONE || state == ITEM_ABSENT) {
    return code;
  }
  *word = object.hidden ? "hidden" : object.withdrawn != 0 ? "withdrawn" : object.newest != rowid ? "older" : "object";
  if (object.withdrawn != 0) {
    put_reference(f, log, "withdrawal", object.withdrawn, out);
  }
  if (object.newest != 0) {
    put_reference(f, log, "newest", object.newest, out);
  }
  return OK;
}

static enum err_code explain_entry(struct store *s, const struct federation *f, const struct log *log, int64_t rowid,
                                   const char **word, json_t *out, struct err *err) {
  struct bytes scratch;
  struct item item;
  uint64_t reason = 0;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(s, rowid, &scratch, &item, err);
  if (code == OK) {
    code = held_reason(s, rowid, &reason, err);
  }
  if (code == OK && reason != 0) {
    *word = "held";
    (void)json_object_set_new(out, "reason", json_string(reason_name(reason)));
    (void)json_object_set_new(out, "reason_text", json_string(reason_text(reason)));
  } else if (code == OK) {
    code = explain_object(s, f, log, rowid, item.state, word, out, err);
  }
  bytes_release(&scratch);
  return code;
}

/* The word for a position that the log, as it is held, does not reach. */
static enum err_code explain_beyond(struct store *s, const struct generation *g, int64_t rowid, uint64_t index,
                                    const char **word, json_t *out, struct err *err) {
  struct bytes scratch;
  struct item item;
  *word = "beyond";
  if (g == NULL || !g->is_closed || index < g->cut_size) {
    return OK;
  }
  (void)json_object_set_new(out, "cut", json_integer((json_int_t)g->cut_size));
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = rowid == 0 ? ERR_NOT_FOUND : withdrawn_get(s, rowid, &scratch, &item, err);
  *word = code == OK ? "cut" : "closed";
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&scratch);
  return code;
}

enum err_code query_explain(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen, uint64_t index,
                            int64_t *rowid, json_t **out, struct err *err) {
  struct log log = {.no = 0};
  const char *word = NULL;
  json_t *found = json_object();
  enum err_code code = found == NULL ? err_set(err, ERR_MEMORY, NULL) : log_find(s, node, gen, &log, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    log = (struct log){.no = 0};
    code = OK;
  }
  *rowid = log.no == 0 || index >= (UINT64_C(1) << ENTRY_INDEX_BITS) ? 0 : entry_rowid(log.no, index);
  if (code == OK && *rowid != 0 && index < log.range.size) {
    code = explain_entry(s, f, &log, *rowid, &word, found, err);
  } else if (code == OK) {
    code = explain_beyond(s, federation_generation(f, node, gen), *rowid, index, &word, found, err);
  }
  if (code == OK) {
    code = query_fork_put(s, f, node, gen, found, err);
  }
  if (code == OK) {
    (void)json_object_set_new(found, "log", json_string(federation_handle(f, node)));
    (void)json_object_set_new(found, "gen", json_integer((json_int_t)gen));
    (void)json_object_set_new(found, "index", json_integer((json_int_t)index));
    (void)json_object_set_new(found, "size", json_integer((json_int_t)log.range.size));
    (void)json_object_set_new(found, "state", json_string(word));
    *out = found;
    return OK;
  }
  json_decref(found);
  return code;
}
