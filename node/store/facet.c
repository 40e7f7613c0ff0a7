/*
 * facet: dimensions and codes. See facet.h.
 */
#include "node/store/facet.h"

#include <string.h>

#include "node/store/inside.h"
#include "node/store/statement.h"

static struct facet_slot *slot_of(struct store *s, const char *dim, struct view code) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uintptr_t)dim; /* FNV-1a: a clash only costs a look-up */
  for (size_t i = 0; i < code.len; i++) {
    hash = (hash ^ code.p[i]) * UINT64_C(0x100000001b3);
  }
  return &s->facets[(hash ^ hash >> 32) % STORE_FACETS];
}

static enum err_code find_no(struct store *s, const char *dim, struct view code, int64_t *no, struct err *err) {
  static const char sql[] = "SELECT no FROM facet_code WHERE dim = :dim AND code = :code";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code result = statement_get(s, sql, &st, err);
  *no = 0;
  if (result != OK) {
    return result;
  }
  statement_bind_text(st, 1, view_of_text(dim));
  statement_bind_text(st, 2, code);
  result = statement_step(s, st, &row, "facet", err);
  if (result == OK && row) {
    *no = sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return result;
}

static enum err_code make_no(struct store *s, const char *dim, struct view code, int64_t *no, struct err *err) {
  static const char sql[] = "INSERT INTO facet_code(dim, code) VALUES (:dim, :code)";
  sqlite3_stmt *st = NULL;
  enum err_code result = statement_get(s, sql, &st, err);
  if (result != OK) {
    return result;
  }
  statement_bind_text(st, 1, view_of_text(dim));
  statement_bind_text(st, 2, code);
  result = statement_run(s, st, "facet", err);
  *no = sqlite3_last_insert_rowid(store_db(s));
  return result;
}

static enum err_code code_no(struct store *s, const char *dim, struct view code, int64_t *no, struct err *err) {
  struct facet_slot *slot = slot_of(s, dim, code);
  if (slot->no != 0 && slot->dim == dim && view_equal(view_of(slot->code, slot->len), code)) {
    *no = slot->no;
    return OK;
  }
  enum err_code result = find_no(s, dim, code, no, err);
  if (result == OK && *no == 0) {
    result = make_no(s, dim, code, no, err);
  }
  if (result == OK && code.len > 0 && code.len <= STORE_FACET_CODE_MAX) {
    slot->no = *no;
    slot->dim = dim;
    slot->len = code.len;
    memcpy(slot->code, code.p, code.len);
  }
  return result;
}

/* Parameters that are not bound are NULL, which no code is: IGNORE passes such rows over as it does those that are there. */
enum err_code facet_flush(struct store *s, struct facets *facets, struct err *err) {
  static const char sql[] =
      "INSERT OR IGNORE INTO facet(code, object) VALUES (?1, ?17), (?2, ?17), (?3, ?17), (?4, ?17), (?5, ?17), (?6, ?17), "
      "(?7, ?17), (?8, ?17), (?9, ?17), (?10, ?17), (?11, ?17), (?12, ?17), (?13, ?17), (?14, ?17), (?15, ?17), (?16, ?17)";
  _Static_assert(FACET_ROWS == 16, "the statement has so many rows");
  sqlite3_stmt *st = NULL;
  const enum err_code code = facets->n == 0 ? OK : statement_get(s, sql, &st, err);
  if (code != OK || facets->n == 0) {
    return code;
  }
  for (int i = 0; i < facets->n; i++) {
    statement_bind_int(st, i + 1, facets->codes[i]);
  }
  statement_bind_int(st, FACET_ROWS + 1, facets->object);
  facets->n = 0;
  return statement_run(s, st, "facets", err);
}

enum err_code facet_put(struct store *s, struct facets *facets, const char *dim, struct view code, struct err *err) {
  int64_t no = 0;
  const enum err_code result = code_no(s, dim, code, &no, err);
  if (result != OK) {
    return result;
  }
  facets->codes[facets->n++] = no;
  return facets->n == FACET_ROWS ? facet_flush(s, facets, err) : OK;
}

enum err_code facet_is_known(struct store *s, const char *dim, struct view code, bool *out, struct err *err) {
  int64_t no = 0;
  const enum err_code result = find_no(s, dim, code, &no, err);
  *out = result == OK && no != 0;
  return result;
}

enum err_code facet_erase(struct store *s, const char *dim, struct view code, int64_t object, struct err *err) {
  static const char sql[] = "DELETE FROM facet WHERE code = :code AND object = :object";
  sqlite3_stmt *st = NULL;
  int64_t no = 0;
  enum err_code result = code_no(s, dim, code, &no, err);
  if (result == OK) {
    result = statement_get(s, sql, &st, err);
  }
  if (result != OK) {
    return result;
  }
  statement_bind_int(st, 1, no);
  statement_bind_int(st, 2, object);
  return statement_run(s, st, "facet", err);
}
