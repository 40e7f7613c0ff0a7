/*
 * query_takedown: see query_takedown.h.
 */
#include "node/store/query_takedown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store/object.h"
#include "node/store/statement.h"

/* Takedowns being looked at: the first is told, of all it is asked who has erased them. */
struct asking {
  struct store *s;
  const struct federation *f;
  const struct schema_set *set;
  bool has_not[LIMIT_MEMBERS]; /* by the member's place in the federation: one of them is not acknowledged */
  json_t *out;
};

static const char *reason_code(const struct schema_set *set, uint64_t number, char room[24]) {
  const struct vocabulary *v = vocabulary_by_name(set, "takedown");
  for (size_t i = 0; v != NULL && i < vocabulary_count(v); i++) {
    const char *code = vocabulary_code(v, i);
    if (vocabulary_number(v, view_of_text(code)) == (int64_t)number) {
      return code;
    }
  }
  (void)snprintf(room, 24, "%ju", (uintmax_t)number);
  return room;
}

/* The takedown itself. One that is not here is told by its id alone. */
static enum err_code tell(struct asking *a, const struct hash *takedown, struct err *err) {
  struct bytes scratch;
  struct item item = {.state = ITEM_BODILESS};
  struct record record;
  struct log log = {.no = 0};
  char reference[REFERENCE_MAX];
  char id[HASH_HEX_LEN];
  char room[24];
  int64_t rowid = 0;
  bytes_init(&scratch, LIMIT_ITEM);
  hash_hex(takedown, id);
  enum err_code code = entry_find(a->s, &a->f->charter.fed_id, takedown, &rowid, err);
  if (code == OK) {
    code = entry_get(a->s, rowid, &scratch, &item, err);
  }
  if (code == OK) {
    code = log_by_no(a->s, entry_log_no(rowid), &log, err);
  }
  if (code == OK && record_reopen(item.envelope, &a->f->charter.fed_id, &record) == REASON_NONE && record.header.n_args == 1) {
    reference_format(a->f, &log.node, log.gen, entry_index(rowid), reference);
    a->out = json_pack("{s:s, s:s, s:I, s:s}", "reference", reference, "id", id, "date", (json_int_t)record.header.created,
                       "reason", reason_code(a->set, record.header.args[0], room));
  } else if (code == OK || code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
    a->out = json_pack("{s:s}", "id", id);
  }
  bytes_release(&scratch);
  return code == OK && a->out == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
}

/* Strikes out those whose log does not acknowledge it. */
static enum err_code ask(struct asking *a, const struct hash *takedown, struct err *err) {
  static const char sql[] = "SELECT envelope, log.node FROM takedown_ack JOIN entry USING (id) "
                            "JOIN log ON log.no = takedown_ack.id >> 40 WHERE target = :target";
  bool has[LIMIT_MEMBERS] = {false};
  sqlite3_stmt *st = NULL;
  struct record record;
  struct hash node;
  bool row = true;
  enum err_code code = statement_get(a->s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)get_u64be(takedown->b));
  while ((code = statement_step(a->s, st, &row, "acknowledgements", err)) == OK && row) {
    const struct federation_member *m = statement_hash(st, 1, &node) ? federation_by_node(a->f, &node) : NULL;
    const struct member *now = m == NULL ? NULL : epoch_by_node(&a->f->epoch, &node);
    if (now != NULL && record_reopen(statement_blob(st, 0), &a->f->charter.fed_id, &record) == REASON_NONE &&
        hash_equal(&record.header.subject, takedown)) {
      has[now - a->f->epoch.members] = true;
    }
  }
  for (uint32_t i = 0; i < a->f->epoch.n_members; i++) {
    a->has_not[i] = a->has_not[i] || !has[i];
  }
  return code;
}

static enum err_code ask_all(struct asking *a, int64_t object, int64_t rowid, struct err *err) {
  static const char sql[] = "SELECT DISTINCT takedown FROM entry WHERE state = 2 AND (id = :rowid OR id = :object "
                            "OR id IN (SELECT id FROM version WHERE object = :object)) ORDER BY id <> :rowid";
  struct hash takedown;
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(a->s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  statement_bind_int(st, 2, object);
  while (code == OK && (code = statement_step(a->s, st, &row, "takedowns", err)) == OK && row) {
    if (!statement_hash(st, 0, &takedown)) {
      continue;
    }
    code = a->out == NULL ? tell(a, &takedown, err) : OK;
    code = code == OK ? ask(a, &takedown, err) : code;
  }
  statement_done(st);
  return code;
}

static int compare_handles(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void put_erased(struct asking *a) {
  const char *handles[LIMIT_MEMBERS] = {NULL};
  size_t n = 0;
  json_t *list = json_array();
  for (uint32_t i = 0; i < a->f->epoch.n_members; i++) {
    if (!a->has_not[i]) {
      handles[n++] = a->f->epoch.members[i].handle;
    }
  }
  qsort(handles, n, sizeof handles[0], compare_handles);
  for (size_t i = 0; i < n; i++) {
    (void)json_array_append_new(list, json_string(handles[i]));
  }
  (void)json_object_set_new(a->out, "erased", list);
  (void)json_object_set_new(a->out, "of", json_integer((json_int_t)a->f->epoch.n_members));
}

enum err_code query_takedown(struct store *s, const struct federation *f, const struct schema_set *set, int64_t rowid,
                             bool whole, json_t **out, struct err *err) {
  struct asking a = {.s = s, .f = f, .set = set};
  int64_t object = rowid;
  *out = NULL;
  enum err_code code = whole ? object_of_version(s, rowid, &object, err) : OK;
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    object = rowid;
    code = OK;
  }
  if (code == OK) {
    code = ask_all(&a, whole ? object : 0, rowid, err);
  }
  if (code != OK) {
    json_decref(a.out);
    return code;
  }
  if (a.out != NULL) {
    put_erased(&a);
  }
  *out = a.out;
  return OK;
}
