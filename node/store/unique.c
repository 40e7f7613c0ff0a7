/*
 * unique: objects by their unique fields. The key is a hash, so candidates are compared value by value. See unique.h.
 */
#include "node/store/unique.h"

#include <string.h>

#include "node/store/statement.h"

#define UNIQUE_VALUES_MAX ((size_t)64 * 1024) /* octets of unique values that count; a longer set has no key */

bool unique_key(const struct body_slots *body, int64_t log_no, int64_t *key) {
  const struct schema *schema = body->schema;
  struct bytes all;
  uint8_t number[8];
  bytes_init(&all, UNIQUE_VALUES_MAX);
  put_u64be(number, (uint64_t)log_no);
  bool good = schema->n_unique > 0 && bytes_append(&all, view_of(number, sizeof number), NULL) == OK;
  put_u64be(number, schema->number);
  good = good && bytes_append(&all, view_of(number, sizeof number), NULL) == OK;
  for (size_t i = 0; good && i < schema->n_unique; i++) {
    struct view value;
    good = slots_text(body, schema->unique[i], NULL, &value, NULL) && value.len > 0;
    if (good) {
      put_u64be(number, value.len);
      good = bytes_append(&all, view_of(number, sizeof number), NULL) == OK && bytes_append(&all, value, NULL) == OK;
    }
  }
  if (good) {
    const struct hash hash = hash_sha256(bytes_view(&all));
    *key = (int64_t)get_u64be(hash.b);
  }
  bytes_release(&all);
  return good;
}

static enum err_code change(struct store *s, const char *sql, int64_t key, int64_t object, struct err *err) {
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, key);
  statement_bind_int(st, 2, object);
  return statement_run(s, st, "unique fields", err);
}

enum err_code unique_put(struct store *s, int64_t key, int64_t object, struct err *err) {
  static const char sql[] = "INSERT OR IGNORE INTO unique_key(key, object) VALUES (:key, :object)";
  return change(s, sql, key, object, err);
}

enum err_code unique_erase(struct store *s, int64_t key, int64_t object, struct err *err) {
  static const char sql[] = "DELETE FROM unique_key WHERE key = :key AND object = :object";
  return change(s, sql, key, object, err);
}

/* Whether a body that is held has the same unique fields. */
static bool values_equal(const struct body_slots *a, struct view body) {
  const struct schema *schema = a->schema;
  struct body_slots b;
  bool equal = slots_fill(schema, body, &b, NULL) == OK;
  for (size_t i = 0; equal && i < schema->n_unique; i++) {
    struct view x;
    struct view y;
    equal = slots_text(a, schema->unique[i], NULL, &x, NULL) && slots_text(&b, schema->unique[i], NULL, &y, NULL) &&
            view_equal(x, y);
  }
  return equal;
}

enum err_code unique_find(struct store *s, const struct schema *schema, int64_t log_no, struct view body, int64_t *object,
                          struct err *err) {
  static const char sql[] = "SELECT object.id, entry.body FROM unique_key JOIN object ON object.id = unique_key.object "
                            "JOIN entry ON entry.id = object.newest "
                            "WHERE key = :key AND schema = :schema AND withdrawn IS NULL AND object.id >> 40 IN "
                            "(SELECT no FROM log WHERE node = (SELECT node FROM log WHERE no = :log))";
  sqlite3_stmt *st = NULL;
  int64_t key = 0;
  int64_t first = 0;
  bool row = true;
  struct body_slots slots;
  enum err_code code = log_first(s, log_no, &first, err);
  if (code != OK) {
    return code;
  }
  if (schema == NULL || slots_fill(schema, body, &slots, NULL) != OK || !unique_key(&slots, first, &key)) {
    return err_set(err, ERR_NOT_FOUND, "the object has no unique fields");
  }
  code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, key);
  statement_bind_int(st, 2, schema->number);
  statement_bind_int(st, 3, log_no);
  while ((code = statement_step(s, st, &row, "unique fields", err)) == OK && row) {
    if (values_equal(&slots, statement_blob(st, 1))) {
      *object = sqlite3_column_int64(st, 0);
      statement_done(st);
      return OK;
    }
  }
  return code == OK ? err_set(err, ERR_NOT_FOUND, "no object of this log has these unique fields") : code;
}
