/*
 * statement: a table of prepared statements by the address of their text. See statement.h.
 */
#include "node/store/statement.h"

#include <string.h>

#include "node/store/inside.h"

static struct store_slot *slot_of(struct store *s, const char *sql) {
  const uintptr_t address = (uintptr_t)sql;
  size_t i = (size_t)((address >> 3) * UINT64_C(0x9E3779B97F4A7C15) >> 40) % STORE_STATEMENTS;
  for (size_t tried = 0; tried < STORE_STATEMENTS; tried++, i = (i + 1) % STORE_STATEMENTS) {
    if (s->slots[i].sql == sql || s->slots[i].sql == NULL) {
      return &s->slots[i];
    }
  }
  return NULL;
}

enum err_code statement_new(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err) {
  *out = NULL;
  if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK) {
    return store_error(s, "prepare", err);
  }
  return OK;
}

enum err_code statement_get(struct store *s, const char *sql, sqlite3_stmt **out, struct err *err) {
  struct store_slot *slot = slot_of(s, sql);
  *out = NULL;
  if (slot == NULL) {
    return err_set(err, ERR_LIMIT, "more than %d statements", STORE_STATEMENTS);
  }
  if (slot->statement == NULL) {
    const enum err_code code = statement_new(s, sql, &slot->statement, err);
    if (code != OK) {
      return code;
    }
    slot->sql = sql;
  }
  *out = slot->statement;
  return OK;
}

void statement_done(sqlite3_stmt *st) {
  if (st != NULL) {
    (void)sqlite3_reset(st);
    (void)sqlite3_clear_bindings(st);
  }
}

void statement_bind_int(sqlite3_stmt *st, int i, int64_t value) {
  (void)sqlite3_bind_int64(st, i, value);
}

void statement_bind_blob(sqlite3_stmt *st, int i, struct view v) {
  (void)sqlite3_bind_blob64(st, i, v.len == 0 ? (const void *)"" : v.p, v.len, SQLITE_STATIC);
}

void statement_bind_text(sqlite3_stmt *st, int i, struct view v) {
  (void)sqlite3_bind_text64(st, i, v.len == 0 ? "" : (const char *)v.p, v.len, SQLITE_STATIC, SQLITE_UTF8);
}

struct view statement_blob(sqlite3_stmt *st, int column) {
  const void *p = sqlite3_column_blob(st, column);
  const int len = sqlite3_column_bytes(st, column);
  return view_of(p, p == NULL || len < 0 ? 0 : (size_t)len);
}

struct view statement_text(sqlite3_stmt *st, int column) {
  const unsigned char *p = sqlite3_column_text(st, column);
  const int len = sqlite3_column_bytes(st, column);
  return view_of(p, p == NULL || len < 0 ? 0 : (size_t)len);
}

bool statement_hash(sqlite3_stmt *st, int column, struct hash *out) {
  const struct view v = statement_blob(st, column);
  if (v.len != HASH_LEN) {
    return false;
  }
  memcpy(out->b, v.p, HASH_LEN);
  return true;
}

enum err_code statement_step(struct store *s, sqlite3_stmt *st, bool *row, const char *what, struct err *err) {
  const int rc = sqlite3_step(st);
  *row = rc == SQLITE_ROW;
  if (rc == SQLITE_ROW) {
    return OK;
  }
  const enum err_code code = rc == SQLITE_DONE ? OK : store_error(s, what, err);
  statement_done(st);
  return code;
}

enum err_code statement_run(struct store *s, sqlite3_stmt *st, const char *what, struct err *err) {
  bool row = false;
  const enum err_code code = statement_step(s, st, &row, what, err);
  if (row) {
    statement_done(st);
  }
  return code;
}

enum err_code statement_one(struct store *s, sqlite3_stmt *st, const char *what, const char *missing, struct err *err) {
  bool row = false;
  const enum err_code code = statement_step(s, st, &row, what, err);
  return code == OK && !row ? err_set(err, ERR_NOT_FOUND, "%s", missing) : code;
}

enum err_code statement_run_two(struct store *s, const char *sql, int64_t a, int64_t b, const char *what, struct err *err) {
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, a);
  statement_bind_int(st, 2, b);
  return statement_run(s, st, what, err);
}

enum err_code statement_number(struct store *s, const char *sql, int64_t a, int64_t b, const char *what, const char *missing,
                               uint64_t *out, struct err *err) {
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, a);
  statement_bind_int(st, 2, b);
  code = statement_one(s, st, what, missing, err);
  if (code == OK) {
    *out = (uint64_t)sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}

enum err_code statement_any(struct store *s, const char *sql, const char *what, bool *any, struct err *err) {
  sqlite3_stmt *st = NULL;
  *any = false;
  enum err_code code = statement_new(s, sql, &st, err);
  if (code == OK) {
    code = statement_step(s, st, any, what, err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code statement_script(struct store *s, const char *sql, const char *what, struct err *err) {
  if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
    return store_error(s, what, err);
  }
  return OK;
}
