/*
 * object: rows of objects and their versions. See object.h.
 */
#include "node/store/object.h"

#include "node/store/statement.h"

#define OBJECT_COLUMNS "object.id, newest, versions, withdrawn, schema, flags, person, arrival, head, readable, complete"

enum { READABLE = 1, HIDDEN = 2 }; /* bits of the column `readable` */

static void object_of_row(sqlite3_stmt *st, struct object *out) {
  out->id = sqlite3_column_int64(st, 0);
  out->newest = sqlite3_column_int64(st, 1);
  out->versions = (uint64_t)sqlite3_column_int64(st, 2);
  out->withdrawn = sqlite3_column_int64(st, 3);
  out->schema = (uint64_t)sqlite3_column_int64(st, 4);
  out->flags = (uint64_t)sqlite3_column_int64(st, 5);
  out->person = (uint64_t)sqlite3_column_int64(st, 6);
  out->arrival = sqlite3_column_int64(st, 7);
  out->head = sqlite3_column_int64(st, 8);
  out->readable = (sqlite3_column_int(st, 9) & READABLE) != 0;
  out->hidden = (sqlite3_column_int(st, 9) & HIDDEN) != 0;
  out->complete = (unsigned)sqlite3_column_int(st, 10);
}

enum err_code object_get(struct store *s, int64_t id, struct object *out, struct err *err) {
  static const char sql[] = "SELECT " OBJECT_COLUMNS " FROM object WHERE id = :id";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, id);
  code = statement_one(s, st, "object", "no object stands there", err);
  if (code == OK) {
    object_of_row(st, out);
    statement_done(st);
  }
  return code;
}

static enum err_code put(struct store *s, const char *sql, const struct object *object, struct err *err) {
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, object->id);
  statement_bind_int(st, 2, object->newest);
  statement_bind_int(st, 3, (int64_t)object->versions);
  statement_bind_int(st, 4, object->withdrawn);
  statement_bind_int(st, 5, (int64_t)object->schema);
  statement_bind_int(st, 6, (int64_t)object->flags);
  statement_bind_int(st, 7, (int64_t)object->person);
  statement_bind_int(st, 8, object->arrival);
  statement_bind_int(st, 9, object->head);
  statement_bind_int(st, 10, (object->readable ? READABLE : 0) | (object->hidden ? HIDDEN : 0));
  statement_bind_int(st, 11, object->complete);
  return statement_run(s, st, "object", err);
}

enum err_code object_insert(struct store *s, const struct object *object, struct err *err) {
  static const char sql[] =
      "INSERT INTO object(id, newest, versions, withdrawn, schema, flags, person, arrival, head, readable, complete) "
      "VALUES (?1, nullif(?2, 0), ?3, nullif(?4, 0), ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
  return put(s, sql, object, err);
}

enum err_code object_update(struct store *s, const struct object *object, struct err *err) {
  static const char sql[] = "UPDATE object SET newest = nullif(?2, 0), versions = ?3, withdrawn = nullif(?4, 0), schema = ?5, "
                            "flags = ?6, person = ?7, arrival = ?8, head = ?9, readable = ?10, complete = ?11 WHERE id = ?1";
  return put(s, sql, object, err);
}

enum err_code object_put_version(struct store *s, int64_t rowid, int64_t object, struct err *err) {
  static const char sql[] = "INSERT INTO version(id, object) VALUES (:id, :object)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  statement_bind_int(st, 2, object);
  return statement_run(s, st, "version", err);
}

enum err_code object_of_version(struct store *s, int64_t rowid, int64_t *object, struct err *err) {
  static const char sql[] = "SELECT object FROM version WHERE id = :id UNION ALL SELECT id FROM object WHERE id = :id LIMIT 1";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  code = statement_one(s, st, "version", "no version of an object stands there", err);
  if (code == OK) {
    *object = sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}
