/*
 * link: references between objects. See link.h.
 */
#include "node/store/link.h"

#include "node/store/statement.h"

enum err_code link_put(struct store *s, int64_t object, const char *field, struct view target, struct err *err) {
  static const char sql[] = "INSERT OR IGNORE INTO link(target, field, object) VALUES (:target, :field, :object)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, target);
  statement_bind_text(st, 2, view_of_text(field));
  statement_bind_int(st, 3, object);
  return statement_run(s, st, "link", err);
}

enum err_code link_erase(struct store *s, int64_t object, struct err *err) {
  static const char sql[] = "DELETE FROM link WHERE object = :object";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, object);
  return statement_run(s, st, "link", err);
}
