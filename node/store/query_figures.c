/*
 * query_figures: how much is here, for `status`. See query.h.
 */
#include <string.h>

#include "node/store/damage.h"
#include "node/store/hidden.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

static void put(json_t *object, const char *key, int64_t value) {
  (void)json_object_set_new(object, key, json_integer(value));
}

static enum err_code one_number(struct store *s, const char *sql, int64_t *out, struct err *err) {
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_step(s, st, &row, "figures", err);
  }
  if (code == OK) {
    *out = row ? sqlite3_column_int64(st, 0) : 0;
    statement_done(st);
  }
  return code;
}

static enum err_code put_totals(struct store *s, json_t *out, struct err *err) {
  static const char objects[] = "SELECT count(*) FROM object WHERE readable = 1 AND withdrawn IS NULL";
  static const char withdrawn[] = "SELECT count(*) FROM object WHERE readable = 1 AND withdrawn IS NOT NULL";
  static const char entries[] = "SELECT ifnull(sum(size), 0) FROM log";
  static const char bodies[] = "SELECT ifnull(sum(body_bytes), 0) FROM log";
  static const char absent[] = "SELECT count(*) FROM entry WHERE state = 3";
  static const struct {
    const char *name, *sql;
  } figures[] = {
      {"objects", objects}, {"withdrawn", withdrawn}, {"records", entries}, {"body_bytes", bodies}, {"bodies_missing", absent}};
  enum err_code code = OK;
  for (size_t i = 0; i < sizeof figures / sizeof figures[0] && code == OK; i++) {
    int64_t value = 0;
    code = one_number(s, figures[i].sql, &value, err);
    put(out, figures[i].name, value);
  }
  uint64_t hidden = 0, damaged = 0;
  if (code == OK && (code = hidden_count(s, &hidden, err)) == OK) {
    put(out, "hidden", (int64_t)hidden);
  }
  if (code == OK && (code = damage_count(s, &damaged, err)) == OK) {
    put(out, "damaged", (int64_t)damaged);
  }
  return code;
}

static enum err_code put_kinds(struct store *s, const struct schema_set *set, json_t *out, struct err *err) {
  static const char sql[] =
      "SELECT schema, count(*) FROM object WHERE readable = 1 AND withdrawn IS NULL GROUP BY schema ORDER BY schema";
  json_t *kinds = json_object();
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "figures", err)) == OK && row) {
    const struct schema *schema = schema_by_number(set, (uint64_t)sqlite3_column_int64(st, 0));
    char number[32];
    (void)sqlite3_snprintf(sizeof number, number, "schema %lld", sqlite3_column_int64(st, 0));
    put(kinds, schema == NULL ? number : schema->kind, sqlite3_column_int64(st, 1));
  }
  (void)json_object_set_new(out, "by_kind", kinds);
  return code;
}

static enum err_code put_logs(struct store *s, const struct federation *f, json_t *out, struct err *err) {
  static const char sql[] = "SELECT node, gen, size, body_bytes, "
                            "(SELECT count(*) FROM object WHERE object.id >= no << 40 AND object.id < (no + 1) << 40 AND "
                            "readable = 1 AND withdrawn IS NULL), "
                            "EXISTS (SELECT 1 FROM frozen WHERE frozen.log = no) FROM log WHERE size > 0 ORDER BY node, gen";
  json_t *logs = json_array();
  json_t *homes = json_object();
  sqlite3_stmt *st = NULL;
  int64_t own = 0;
  bool row = true;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "figures", err)) == OK && row) {
    struct hash node = {{0}};
    char hex[HASH_HEX_LEN];
    json_t *log = json_object();
    if (!statement_hash(st, 0, &node)) {
      code = err_set(err, ERR_CORRUPT, "a log of no node");
    }
    hash_hex(&node, hex);
    const char *handle = federation_handle(f, &node);
    (void)json_object_set_new(log, "handle", json_string(handle));
    (void)json_object_set_new(log, "node", json_string(hex));
    put(log, "gen", sqlite3_column_int64(st, 1));
    put(log, "size", sqlite3_column_int64(st, 2));
    put(log, "body_bytes", sqlite3_column_int64(st, 3));
    put(log, "objects", sqlite3_column_int64(st, 4));
    (void)json_object_set_new(log, "upgrade_needed", json_boolean(sqlite3_column_int(st, 5)));
    (void)json_array_append_new(logs, log);
    put(homes, handle, sqlite3_column_int64(st, 4) + json_integer_value(json_object_get(homes, handle)));
    own += hash_equal(&node, &f->own) ? sqlite3_column_int64(st, 4) : 0;
  }
  (void)json_object_set_new(out, "by_home", homes);
  (void)json_object_set_new(out, "logs", logs);
  put(out, "own", own);
  return code;
}

static enum err_code put_held(struct store *s, json_t *out, struct err *err) {
  static const char sql[] = "SELECT reason, count(*) FROM held GROUP BY reason ORDER BY reason";
  json_t *held = json_object();
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "figures", err)) == OK && row) {
    put(held, reason_name((uint64_t)sqlite3_column_int64(st, 0)), sqlite3_column_int64(st, 1));
  }
  (void)json_object_set_new(out, "held", held);
  return code;
}

enum err_code query_figures(struct store *s, const struct federation *f, const struct schema_set *set, json_t **out,
                            struct err *err) {
  json_t *figures = json_object();
  if (figures == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = put_totals(s, figures, err);
  if (code == OK) {
    code = put_kinds(s, set, figures, err);
  }
  if (code == OK) {
    code = put_logs(s, f, figures, err);
  }
  if (code == OK) {
    code = put_held(s, figures, err);
  }
  if (code != OK) {
    json_decref(figures);
    return code;
  }
  *out = figures;
  return OK;
}
