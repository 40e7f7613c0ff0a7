/*
 * text_function: specola_text(schema number, body, is title) in SQL: the text that FTS5 shows snippets of, read out of the body
 * so that it is not stored twice. Needs store_use_schemas; before that, every str of a body counts as text.
 */
#include "node/store/inside.h"
#include "node/store/statement.h"
#include "node/store/texts.h"

static void specola_text(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct store *s = sqlite3_user_data(context);
  const uint64_t number = (uint64_t)sqlite3_value_int64(values[0]);
  const void *body = sqlite3_value_blob(values[1]);
  const int len = sqlite3_value_bytes(values[1]);
  struct texts texts;
  (void)n;
  if (body == NULL || len <= 0) {
    sqlite3_result_text(context, "", 0, SQLITE_STATIC);
    return;
  }
  texts_init(&texts);
  const struct schema *schema = s->set == NULL ? NULL : schema_by_number(s->set, number);
  if (texts_of(&texts, schema, view_of(body, (size_t)len), NULL) != OK) {
    sqlite3_result_error_nomem(context);
  } else {
    const struct bytes *out = sqlite3_value_int(values[2]) != 0 ? &texts.title : &texts.text;
    sqlite3_result_text64(context, out->len == 0 ? "" : (const char *)out->p, out->len, SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  texts_release(&texts);
}

enum err_code store_text_function(struct store *s, struct err *err) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  if (sqlite3_create_function_v2(s->db, "specola_text", 3, flags, s, specola_text, NULL, NULL, NULL) != SQLITE_OK) {
    return store_error(s, "specola_text", err);
  }
  return OK;
}

enum err_code store_fts5(struct store *s, fts5_api **out, struct err *err) {
  static const char sql[] = "SELECT fts5(?1)";
  sqlite3_stmt *st = NULL;
  bool row = false;
  *out = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  (void)sqlite3_bind_pointer(st, 1, out, "fts5_api_ptr", NULL);
  code = statement_step(s, st, &row, "full text", err);
  statement_done(st);
  return code == OK && *out == NULL ? err_set(err, ERR_FAILED, "this SQLite has no FTS5") : code;
}
