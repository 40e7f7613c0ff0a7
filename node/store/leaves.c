/*
 * leaves: see leaves.h. Bodies are not touched.
 */
#include "node/store/leaves.h"

#include <inttypes.h>

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

static bool fold(void *context, int64_t rowid, const struct item *item) {
  struct merkle_range *range = context;
  const struct hash leaf = merkle_leaf(item->envelope);
  if (entry_index(rowid) != range->size) {
    return false; /* a row is gone */
  }
  merkle_append(range, &leaf);
  return true;
}

enum err_code leaves_fold(struct store *s, int64_t log_no, uint64_t n, struct merkle_range *out, struct err *err) {
  const enum err_code code = entry_each_served(s, log_no, out->size, n, fold, out, err);
  if (code == OK && out->size != n) {
    store_suspect(s, entry_rowid(log_no, out->size));
    return err_set(err, ERR_CORRUPT, "log %" PRId64 ": %" PRIu64 " entries, where %" PRIu64 " should stand", log_no, out->size,
                   n);
  }
  return code;
}
