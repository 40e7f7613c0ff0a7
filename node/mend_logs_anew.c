/*
 * mend_logs_anew: the tables of logs and milestones out of what is signed and of the entries. Both are written as wholes, since
 * an index may say something else than its table, which SQLite takes for an error where a row is changed. See
 * mend_logs_inside.h.
 */
#include <inttypes.h>

#include "node/mend_logs_inside.h"
#include "node/store/leaves.h"
#include "node/store/pages.h"
#include "node/store/statement.h"

#define CANDIDATES_MAX 16 /* numbers under which a log may stand */

/* ---- logs ---- */

/* The newest end of a log that is signed. */
struct end {
  struct hash node;
  int64_t gen;
  uint64_t size;
  struct hash root;
  int64_t body_bytes;
};

/* Of the log behind `last` (NULL: the first). */
static enum err_code next_end(struct store *s, const struct end *last, bool *row, struct end *out, struct err *err) {
  static const char sql[] = "SELECT node, gen, max(size), root, body_bytes FROM temp.milestone_anew WHERE node IS NOT NULL AND "
                            "(node, gen) > (:node, :gen) GROUP BY node, gen ORDER BY node, gen LIMIT 1";
  const struct end none = {.gen = 0};
  const struct end *behind = last == NULL ? &none : last;
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&behind->node));
  statement_bind_int(st, 2, behind->gen);
  code = statement_step(s, st, row, "milestones", err);
  if (code == OK && *row) {
    struct end end = {.gen = sqlite3_column_int64(st, 1),
                      .size = (uint64_t)sqlite3_column_int64(st, 2),
                      .body_bytes = sqlite3_column_int64(st, 4)};
    *row = statement_hash(st, 0, &end.node) && statement_hash(st, 3, &end.root);
    *out = end;
    statement_done(st);
  }
  return code;
}

/* The numbers that a log's milestones and its row (two votes) name, the most likely first. */
static enum err_code name_numbers(struct store *s, const struct end *end, int64_t out[CANDIDATES_MAX], size_t *n,
                                  struct err *err) {
  static const char sql[] =
      "SELECT no FROM (SELECT log AS no, 1 AS vote FROM temp.milestone_anew WHERE node = :node AND gen = :gen "
      "AND typeof(log) = 'integer' UNION ALL SELECT no, 2 FROM temp.log_held WHERE node = :node AND "
      "gen = :gen) GROUP BY no ORDER BY sum(vote) DESC, no LIMIT :most";
  sqlite3_stmt *st = NULL;
  bool row = true;
  *n = 0;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&end->node));
  statement_bind_int(st, 2, end->gen);
  statement_bind_int(st, 3, CANDIDATES_MAX);
  while ((code = statement_step(s, st, &row, "logs", err)) == OK && row) {
    out[(*n)++] = sqlite3_column_int64(st, 0);
  }
  return code;
}

static enum err_code put_log(struct store *s, const struct end *end, int64_t no, const struct merkle_range *range,
                             struct err *err) {
  static const char sql[] = "INSERT INTO temp.log_anew(no, gen, size, body_bytes, node, range) VALUES (:no, :gen, :size, "
                            ":body_bytes, :node, :range)";
  struct bytes octets;
  sqlite3_stmt *st = NULL;
  bytes_init(&octets, (size_t)MERKLE_RANGE_MAX * HASH_LEN);
  enum err_code code = merkle_range_encode(range, &octets, err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code == OK) {
    statement_bind_int(st, 1, no);
    statement_bind_int(st, 2, end->gen);
    statement_bind_int(st, 3, (int64_t)range->size);
    statement_bind_int(st, 4, end->body_bytes);
    statement_bind_blob(st, 5, hash_view(&end->node));
    statement_bind_blob(st, 6, bytes_view(&octets));
    code = statement_run(s, st, "logs", err);
  }
  bytes_release(&octets);
  return code;
}

/* Whether the entries under a number fold to that size, from where *range stands; else it is left as it is. */
static enum err_code fold_to(struct store *s, int64_t no, uint64_t size, bool *folds, struct merkle_range *range,
                             struct err *err) {
  struct merkle_range more = *range;
  enum err_code code = leaves_fold(s, no, size, &more, err);
  *folds = code == OK;
  *range = code == OK ? more : *range;
  if (code == ERR_CORRUPT) {
    err_clear(err);
    code = OK;
  }
  return code;
}

/* The entries under a number, if they fold to the signed end. */
static enum err_code fold(struct store *s, const struct end *end, int64_t no, bool *proven, struct merkle_range *out,
                          struct err *err) {
  *out = (struct merkle_range){.size = 0};
  const enum err_code code = fold_to(s, no, end->size, proven, out, err);
  const struct hash root = merkle_root(out);
  *proven = *proven && hash_equal(&root, &end->root);
  return code;
}

/* What stands behind a signed end came with a milestone that is damaged or lost: as far as such a one says, or the log's row,
 * which must have the range to which the entries fold. */
static enum err_code extend(struct store *s, const struct end *end, int64_t no, struct merkle_range *range, struct err *err) {
  static const char sql[] =
      "SELECT size, NULL FROM temp.milestone_anew WHERE node IS NULL AND log = :no AND size > :size UNION ALL "
      "SELECT size, range FROM temp.log_held WHERE node = :node AND gen = :gen AND size > :size ORDER BY size DESC, range";
  sqlite3_stmt *st = NULL;
  bool row = true;
  bool found = false;
  enum err_code code = statement_new(s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, no);
    statement_bind_int(st, 2, (int64_t)end->size);
    statement_bind_blob(st, 3, hash_view(&end->node));
    statement_bind_int(st, 4, end->gen);
  }
  while (code == OK && !found && (code = statement_step(s, st, &row, "logs", err)) == OK && row) {
    struct merkle_range more = *range;
    struct hash said;
    const struct mend_row log = {.size = sqlite3_column_int64(st, 0), .range = statement_blob(st, 1)};
    const bool is_row = sqlite3_column_type(st, 1) != SQLITE_NULL;
    if (is_row && !mend_root_of(&log, &said)) {
      continue;
    }
    code = fold_to(s, no, (uint64_t)log.size, &found, &more, err);
    const struct hash root = merkle_root(&more);
    found = found && (!is_row || hash_equal(&root, &said));
    *range = found ? more : *range;
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* Where entries are damaged: a row of that log whose range is the signed one, or ends where a milestone is damaged. */
static enum err_code range_of_row(struct store *s, const struct end *end, uint64_t more_than, bool *found,
                                  struct merkle_range *out, struct err *err) {
  static const char sql[] =
      "SELECT " MEND_LOG_COLUMNS ", EXISTS (SELECT 1 FROM temp.milestone_anew AS m WHERE m.node IS NULL AND m.log = l.no AND "
      "m.size = l.size) FROM temp.log_held AS l WHERE node = :node AND gen = :gen";
  struct hash root;
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  if (code == OK) {
    statement_bind_blob(st, 1, hash_view(&end->node));
    statement_bind_int(st, 2, end->gen);
  }
  while (code == OK && !*found && (code = statement_step(s, st, &row, "log", err)) == OK && row) {
    const struct mend_row log = mend_row_of(st);
    const bool at_end = (uint64_t)log.size == end->size;
    const bool beyond = (uint64_t)log.size > end->size && sqlite3_column_int(st, 6) != 0;
    *found =
        mend_root_of(&log, &root) && (uint64_t)log.size > more_than && ((at_end && hash_equal(&root, &end->root)) || beyond);
    if (*found) {
      code = merkle_range_decode((uint64_t)log.size, log.range, out, err);
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}

static enum err_code find_log(struct store *s, const struct federation *f, const struct end *end, struct err *err) {
  int64_t numbers[CANDIDATES_MAX] = {0};
  struct merkle_range range = {.size = 0};
  size_t n = 0, i = 0;
  bool proven = false;
  enum err_code code = name_numbers(s, end, numbers, &n, err);
  while (code == OK && i < n && !proven) {
    code = fold(s, end, numbers[i], &proven, &range, err);
    i += !proven;
  }
  bool found = proven;
  if (code == OK && proven) {
    code = extend(s, end, numbers[i], &range, err);
  }
  if (code == OK) {
    struct merkle_range longer;
    bool is_longer = false;
    code = range_of_row(s, end, proven ? range.size : 0, &is_longer, &longer, err);
    range = is_longer ? longer : range;
    found = found || is_longer;
  }
  if (code == OK && (!found || n == 0)) {
    code = err_set(err, ERR_CORRUPT,
                   "what the store says of %s's log is not what its owner signed, and its entries are not, either: a backup is "
                   "to be restored",
                   federation_handle(f, &end->node));
  }
  return code == OK ? put_log(s, end, numbers[proven ? i : 0], &range, err) : code;
}

static enum err_code find_logs(struct store *s, const struct federation *f, struct err *err) {
  struct end end;
  struct end next;
  bool row = false;
  enum err_code code = next_end(s, NULL, &row, &next, err);
  while (code == OK && row) {
    end = next;
    code = find_log(s, f, &end, err);
    if (code == OK) {
      code = next_end(s, &end, &row, &next, err);
    }
  }
  return code;
}

/* Logs of which nothing signed is held stand as they stand; where there are no entries, either, they are empty. */
#define HAS_ENTRIES "EXISTS (SELECT 1 FROM main.entry AS e WHERE e.id >= l.no << 40 AND e.id < (l.no + 1) << 40)"
static const char keep_unsigned[] =
    "INSERT OR IGNORE INTO temp.log_anew(" MEND_LOG_COLUMNS ") SELECT no, gen, iif(" HAS_ENTRIES ", size, 0), "
    "iif(" HAS_ENTRIES " AND typeof(body_bytes) = 'integer', body_bytes, 0), node, iif(" HAS_ENTRIES ", range, x'') "
    "FROM temp.log_held AS l WHERE NOT EXISTS (SELECT 1 FROM temp.log_anew AS a WHERE a.node = l.node AND a.gen = l.gen)";
static const char place_signed[] =
    "UPDATE temp.milestone_anew SET log = (SELECT no FROM temp.log_anew AS a WHERE a.node = milestone_anew.node AND "
    "a.gen = milestone_anew.gen) WHERE node IS NOT NULL";
/* What is not signed, and stands nowhere. */
static const char drop_unsigned[] =
    "DELETE FROM temp.milestone_anew WHERE node IS NULL AND NOT EXISTS (SELECT 1 FROM temp.log_anew AS a WHERE "
    "a.no = milestone_anew.log AND milestone_anew.size BETWEEN 1 AND a.size)";
/* A log ends at a milestone, be it one of which nothing is known. */
static const char place_ends[] =
    "INSERT INTO temp.milestone_anew(at, seq, seen, log, size, body_bytes, text) SELECT "
    "(SELECT ifnull(max(at), 0) + 1 FROM temp.milestone_anew), 0, NULL, no, size, 0, x'' FROM temp.log_anew AS l "
    "WHERE size > 0 AND NOT EXISTS (SELECT 1 FROM temp.milestone_anew AS m WHERE m.log = l.no AND m.size = l.size)";

/* ---- all of it ---- */

/* How many rows are others now, or gone. */
static enum err_code count_changes(struct store *s, uint64_t *out, struct err *err) {
  static const char sql[] =
      "SELECT (SELECT count(*) FROM (SELECT " MEND_LOG_COLUMNS " FROM temp.log_anew EXCEPT SELECT * FROM temp.log_held)) + "
      "(SELECT count(*) FROM (SELECT seq, log, size, body_bytes, text FROM temp.milestone_anew EXCEPT "
      "SELECT seq, log, size, body_bytes, text FROM main.milestone NOT INDEXED)) + "
      "(SELECT max(0, count(*) - (SELECT count(*) FROM temp.log_anew)) FROM main.log NOT INDEXED) + "
      "(SELECT max(0, count(*) - (SELECT count(*) FROM temp.milestone_anew)) FROM main.milestone NOT INDEXED)";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_one(s, st, "logs", "no answer", err);
  }
  if (code == OK) {
    *out = (uint64_t)sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}

static const char write_both[] =
    "DELETE FROM main.milestone; DELETE FROM main.log;"
    "INSERT INTO main.log(" MEND_LOG_COLUMNS ") SELECT " MEND_LOG_COLUMNS " FROM temp.log_anew;"
    "INSERT OR IGNORE INTO main.milestone(seq, log, size, body_bytes, text) SELECT seq, log, size, body_bytes, text FROM "
    "temp.milestone_anew ORDER BY node IS NULL, at, seq";

/* lost: milestones that cannot be read. */
static enum err_code make_both(struct store *s, const struct federation *f, uint64_t lost, uint64_t *n, struct err *err) {
  static const char *const scripts[] = {keep_unsigned, place_signed, drop_unsigned, place_ends};
  enum err_code code = mend_copy_milestones(s, f, err);
  if (code == OK) {
    code = find_logs(s, f, err);
  }
  for (size_t i = 0; i < sizeof scripts / sizeof scripts[0] && code == OK; i++) {
    code = statement_script(s, scripts[i], "logs", err);
  }
  if (code == OK) {
    code = mend_order_milestones(s, err);
  }
  *n = lost;
  if (code == OK && lost == 0) {
    code = count_changes(s, n, err);
  }
  return code == OK ? statement_script(s, write_both, "logs", err) : code;
}

enum err_code mend_logs_anew(struct store *s, const struct federation *f, const struct mend_look *found, uint64_t *n,
                             struct err *err) {
  uint64_t lost = 0;
  *n = 0;
  enum err_code code = pages_expect(s, PAGES_TORN, err); /* what is cleared is these tables' own */
  if (code == OK) {
    code = mend_set_aside(s, found->unread, &lost, err);
  }
  if (code == OK) {
    code = store_begin(s, err);
  }
  if (code == OK) {
    code = make_both(s, f, lost, n, err);
  }
  *n += !found->indexed || found->unread;
  if (code == OK && *n > 0) {
    code = store_commit(s, err);
  }
  if (code != OK || *n == 0) {
    store_rollback(s);
  }
  const enum err_code dropped = mend_drop_aside(s, code == OK ? err : NULL);
  return code == OK ? dropped : code;
}
