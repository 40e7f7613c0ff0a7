/*
 * mend_logs: which number a log has, where it ends, where its milestones stand: the rows of both tables say it, and the signed
 * checkpoints and the entries know it. Here is told whether they agree; mend_logs_anew.c writes them anew. See mend.h.
 */
#include <inttypes.h>

#include "keys/log.h"
#include "node/mend.h"
#include "node/mend_logs_inside.h"
#include "node/store/leaves.h"
#include "node/store/milestone.h"
#include "node/store/statement.h"

struct mend_row mend_row_of(sqlite3_stmt *st) {
  return (struct mend_row){.no = sqlite3_column_int64(st, 0),
                           .gen = sqlite3_column_int64(st, 1),
                           .size = sqlite3_column_int64(st, 2),
                           .body_bytes = sqlite3_column_int64(st, 3),
                           .node = statement_blob(st, 4),
                           .range = statement_blob(st, 5)};
}

bool mend_root_of(const struct mend_row *row, struct hash *out) {
  struct merkle_range range;
  if (row->size <= 0 || merkle_range_decode((uint64_t)row->size, row->range, &range, NULL) != OK) {
    return false;
  }
  *out = merkle_root(&range);
  return true;
}

enum err_code mend_n_rows(struct store *s, int64_t no, uint64_t *out, struct err *err) {
  static const char sql[] = "SELECT ifnull(max(id) - :from + 1, 0) FROM entry WHERE id >= :from AND id < :to";
  return statement_number(s, sql, entry_rowid(no, 0), entry_rowid(no + 1, 0), "entries", "none", out, err);
}

static bool is_of(const struct mend_row *row, const struct checkpoint *c) {
  return view_equal(row->node, hash_view(&c->node)) && row->gen == (int64_t)c->gen;
}

/* ---- where logs end ---- */

/* Whether a log whose newest milestone says nothing is that of its entries. Where those are damaged nothing can be told. */
static enum err_code follows_entries(struct store *s, const struct mend_row *row, const struct hash *root, bool *out,
                                     struct err *err) {
  struct merkle_range range = {.size = 0};
  uint64_t n = 0;
  enum err_code code = mend_n_rows(s, row->no, &n, err);
  *out = code == OK && n == (uint64_t)row->size;
  if (*out && leaves_fold(s, row->no, n, &range, NULL) == OK) {
    const struct hash folded = merkle_root(&range);
    *out = hash_equal(&folded, root);
  }
  return code;
}

/* Whether a log ends where its newest milestone says. */
static enum err_code ends_well(struct store *s, const struct federation *f, const struct mend_row *row, bool *out,
                               struct err *err) {
  struct bytes text;
  struct checkpoint c;
  struct hash root;
  bytes_init(&text, LIMIT_CHECKPOINT);
  const bool has_root = mend_root_of(row, &root);
  enum err_code code = milestone_place(s, row->no, 0, &text, err);
  *out = false;
  if (code == ERR_NOT_FOUND) {
    *out = row->size == 0 && row->range.len == 0;
  } else if (code == OK && has_root && checkpoint_read(bytes_view(&text), &c, NULL) == OK) {
    *out = is_of(row, &c) && row->size == (int64_t)c.size && hash_equal(&root, &c.root);
  }
  if (code == ERR_NOT_FOUND || code == ERR_LIMIT) { /* or it is longer than any text */
    err_clear(err);
    code = OK;
  }
  if (code == OK && !*out && has_root && federation_checkpoint(f, bytes_view(&text), &c, NULL) != OK) {
    code = follows_entries(s, row, &root, out, err);
  }
  bytes_release(&text);
  return code;
}

static enum err_code logs_are_sound(struct store *s, const struct federation *f, bool *out, struct err *err) {
  static const char sql[] = "SELECT " MEND_LOG_COLUMNS " FROM log NOT INDEXED";
  static const char lost[] = /* a search a log, not a row a milestone */
      "WITH RECURSIVE has(log) AS (SELECT min(log) FROM milestone UNION ALL SELECT (SELECT min(log) FROM milestone WHERE log > "
      "has.log) FROM has WHERE has.log IS NOT NULL) SELECT 1 FROM has WHERE log NOT IN (SELECT no FROM log)";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_any(s, lost, "logs", &row, err);
  *out = !row;
  if (code == OK) {
    code = statement_new(s, sql, &st, err);
  }
  while (code == OK && *out && (code = statement_step(s, st, &row, "log", err)) == OK && row) {
    const struct mend_row log = mend_row_of(st);
    code = ends_well(s, f, &log, out, err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* ---- every milestone ---- */

/* One that is not signed says nothing: it is the pass's, if it stands in a log at all. */
static enum err_code milestones_are_sound(struct store *s, const struct federation *f, bool *out, struct err *err) {
  static const char sql[] =
      "SELECT milestone.log, milestone.size, milestone.text, log.node, log.gen FROM milestone NOT INDEXED "
      "LEFT JOIN log ON log.no = milestone.log AND milestone.size <= log.size";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  *out = true;
  while (code == OK && *out && (code = statement_step(s, st, &row, "milestone", err)) == OK && row) {
    struct checkpoint c;
    const struct view text = statement_blob(st, 2);
    const int64_t size = sqlite3_column_int64(st, 1);
    const struct mend_row log = {.node = statement_blob(st, 3), .gen = sqlite3_column_int64(st, 4)};
    const bool stands = log.node.len > 0 && size > 0;
    const bool fits = checkpoint_read(text, &c, NULL) == OK && is_of(&log, &c) && size == (int64_t)c.size;
    *out = stands && (fits || federation_checkpoint(f, text, &c, NULL) != OK);
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* ---- both ---- */

static enum err_code look(struct store *s, const struct federation *f, bool thoroughly, struct mend_look *out,
                          struct err *err) {
  static const char logs[] = "SELECT 1 FROM pragma_integrity_check('log') WHERE integrity_check <> 'ok'";
  static const char milestones[] = "SELECT 1 FROM pragma_integrity_check('milestone') WHERE integrity_check <> 'ok'";
  bool differs = false;
  *out = (struct mend_look){.sound = false};
  enum err_code code = statement_any(s, logs, "logs", &differs, err);
  if (code == OK && !differs && thoroughly) {
    code = statement_any(s, milestones, "milestones", &differs, err);
  }
  out->indexed = !differs;
  if (code == OK) {
    code = logs_are_sound(s, f, &out->sound, err);
  }
  if (code == OK && out->sound && thoroughly) {
    code = milestones_are_sound(s, f, &out->sound, err);
  }
  if (code == ERR_CORRUPT) {
    out->unread = true;
    err_clear(err);
    code = OK;
  }
  return code;
}

enum err_code mend_logs(struct store *s, const struct federation *f, bool thoroughly, uint64_t *n, struct err *err) {
  struct mend_look found;
  *n = 0;
  enum err_code code = look(s, f, thoroughly, &found, err);
  if (code != OK || (found.sound && found.indexed && !found.unread)) {
    return code;
  }
  code = mend_logs_anew(s, f, &found, n, err);
  if (code == OK && *n > 0) {
    log_line(LOG_ERROR, "mend", "what the store says of logs was damaged, and follows their checkpoints again", "rows=%" PRIu64,
             *n);
  }
  return code;
}
