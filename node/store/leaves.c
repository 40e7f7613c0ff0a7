/*
 * leaves: see leaves.h. Bodies are not touched.
 */
#include "node/store/leaves.h"

#include "node/store/inside.h"
#include "node/store/statement.h"

enum err_code leaves_read(struct store *s, int64_t log_no, uint64_t from, uint64_t to, struct hash *out, struct err *err) {
  static const char sql[] = "SELECT id, envelope, leaf FROM entry WHERE id >= :from AND id < :to ORDER BY id";
  static const char older[] = "SELECT id, envelope FROM entry WHERE id >= :from AND id < :to ORDER BY id";
  sqlite3_stmt *st = NULL;
  bool row = false;
  uint64_t n = 0;
  enum err_code code = statement_get(s, s->has_leaves ? sql : older, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, entry_rowid(log_no, from));
  statement_bind_int(st, 2, entry_rowid(log_no, 0) + (int64_t)to);
  while (n < to - from && (code = statement_step(s, st, &row, "leaves", err)) == OK && row) {
    out[n] = merkle_leaf(statement_blob(st, 1));
    if (s->has_leaves && sqlite3_column_int64(st, 2) != (int64_t)get_u64be(out[n].b)) {
      store_suspect(s, sqlite3_column_int64(st, 0));
      code = err_set(err, ERR_CORRUPT, "store: an entry of a log is damaged");
      break;
    }
    n++;
  }
  statement_done(st);
  return code == OK && n < to - from ? err_set(err, ERR_CORRUPT, "store: an entry of a log is missing") : code;
}
