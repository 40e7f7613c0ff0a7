/*
 * mend_logs_anew: the tables of logs and milestones out of what is signed and of the entries. Both are written as wholes, since
 * an index may say something else than its table, which SQLite takes for an error where a row is changed. See
 * mend_logs_inside.h.
 */
#include <inttypes.h>
#include <string.h>

#include "node/mend_logs_inside.h"
#include "node/store/leaves.h"
#include "node/store/pages.h"
#include "node/store/statement.h"

#define LOST_MAX 64       /* milestones that cannot be read at all: where there are more the file is beyond mending */
#define CANDIDATES_MAX 16 /* numbers under which a log may stand */

/* ---- before the transaction: one in which a row could not be read writes nothing any more ---- */

#define MILESTONE_COLUMNS "seq, log, size, body_bytes, CAST(text AS BLOB)"

static enum err_code is_readable(struct store *s, int64_t seq, bool *out, struct err *err) {
  static const char sql[] = "SELECT " MILESTONE_COLUMNS " FROM milestone NOT INDEXED WHERE seq = :seq";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_new(s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, seq);
    code = statement_step(s, st, &row, "milestone", err);
  }
  (void)sqlite3_finalize(st);
  *out = code == OK;
  if (code == ERR_CORRUPT) {
    err_clear(err);
    code = OK;
  }
  return code;
}

/* The numbers of rows are read without what they hold. */
static enum err_code find_lost(struct store *s, int64_t lost[LOST_MAX], uint64_t *n, struct err *err) {
  static const char sql[] = "SELECT seq FROM milestone NOT INDEXED";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && *n < LOST_MAX && (code = statement_step(s, st, &row, "milestone", err)) == OK && row) {
    bool reads = true;
    lost[*n] = sqlite3_column_int64(st, 0);
    code = is_readable(s, lost[*n], &reads, err);
    *n += !reads;
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* *n: how many milestones cannot be read. */
static enum err_code set_aside(struct store *s, bool unread, uint64_t *n, struct err *err) {
  static const char create[] = "DROP TABLE IF EXISTS temp.milestone_lost; DROP TABLE IF EXISTS temp.milestone_seen;"
                               "DROP TABLE IF EXISTS temp.log_held;"
                               "CREATE TEMP TABLE milestone_lost(seq INTEGER PRIMARY KEY);"
                               "CREATE TEMP TABLE milestone_seen(log, size, seq, PRIMARY KEY (log, size));"
                               "CREATE TEMP TABLE log_held(no, gen, size, body_bytes, node, range)";
  static const char indexed[] =
      "INSERT OR IGNORE INTO temp.milestone_seen SELECT log, size, seq FROM main.milestone INDEXED BY "
      "sqlite_autoindex_milestone_1 WHERE log >= 0 AND size >= 0";
  static const char logs[] =
      "INSERT INTO temp.log_held SELECT " MEND_LOG_COLUMNS " FROM main.log NOT INDEXED WHERE typeof(gen) = 'integer' AND "
      "typeof(size) = 'integer' AND typeof(node) = 'blob' AND length(node) = 32 AND gen > 0 AND size >= 0";
  static const char put[] = "INSERT INTO temp.milestone_lost(seq) SELECT :seq WHERE :seq = :same";
  int64_t lost[LOST_MAX];
  *n = 0;
  enum err_code code = unread ? find_lost(s, lost, n, err) : OK;
  if (code == OK) {
    code = statement_script(s, create, "logs", err);
  }
  for (uint64_t i = 0; i < *n && code == OK; i++) {
    code = statement_run_two(s, put, lost[i], lost[i], "milestones", err);
  }
  if (code == OK && statement_script(s, logs, "log", NULL) != OK) { /* what can be told is told without */
    code = statement_script(s, "DELETE FROM temp.log_held", "logs", err);
  }
  if (code == OK && statement_script(s, indexed, "milestone", NULL) != OK) {
    code = statement_script(s, "DELETE FROM temp.milestone_seen", "milestones", err);
  }
  return code;
}

/* ---- milestones ---- */

/* at: the order in the table, which is that of arrival whatever a seq says. seen: the seq that the index says, if any. node,
 * gen, root: what is signed; NULL if nothing is, then the other columns are the row's own. */
static const char create_anew[] =
    "CREATE TEMP TABLE milestone_anew(at INTEGER PRIMARY KEY, seq, seen, log, size, body_bytes, text, node, gen, root);"
    "CREATE INDEX temp.milestone_of ON milestone_anew(node, gen, size);"
    "CREATE TEMP TABLE log_anew(no INTEGER PRIMARY KEY, gen, size, body_bytes, node, range)";
static const char drop_anew[] = "DROP TABLE temp.milestone_anew; DROP TABLE temp.log_anew";

static enum err_code copy_milestone(struct store *s, const struct federation *f, sqlite3_stmt *from, struct err *err) {
  static const char sql[] =
      "INSERT INTO temp.milestone_anew(seq, seen, log, size, body_bytes, text, node, gen, root) VALUES (:seq, "
      "(SELECT m.seq FROM temp.milestone_seen AS m WHERE m.log = :log AND m.size = :size), :log, :size, "
      "iif(typeof(:body_bytes) = 'integer', :body_bytes, 0), :text, :node, :gen, :root)";
  const struct view text = statement_blob(from, 4);
  struct checkpoint c;
  sqlite3_stmt *st = NULL;
  const bool is_signed = federation_checkpoint(f, text, &c, NULL) == OK;
  const int64_t size = is_signed ? (int64_t)c.size : sqlite3_column_int64(from, 2);
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, sqlite3_column_int64(from, 0));
  (void)sqlite3_bind_value(st, 2, sqlite3_column_value(from, 1));
  statement_bind_int(st, 3, size);
  (void)sqlite3_bind_value(st, 4, sqlite3_column_value(from, 3));
  statement_bind_blob(st, 5, text);
  if (is_signed) {
    statement_bind_blob(st, 6, hash_view(&c.node));
    statement_bind_int(st, 7, (int64_t)c.gen);
    statement_bind_blob(st, 8, hash_view(&c.root));
  }
  return statement_run(s, st, "milestones", err);
}

static enum err_code copy_milestones(struct store *s, const struct federation *f, struct err *err) {
  static const char sql[] = "SELECT " MILESTONE_COLUMNS " FROM main.milestone NOT INDEXED WHERE seq NOT IN temp.milestone_lost";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "milestone", err)) == OK && row) {
    code = copy_milestone(s, f, st, err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* The order of arrival rises from row to row: of what table and index say the next one counts, else the next number. */
static enum err_code put_in_order(struct store *s, struct err *err) {
  static const char sql[] = "SELECT at, seq, seen FROM temp.milestone_anew ORDER BY at";
  static const char put[] = "UPDATE temp.milestone_anew SET seq = :seq WHERE at = :at";
  sqlite3_stmt *st = NULL;
  bool row = true;
  int64_t last = 0;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "milestones", err)) == OK && row) {
    const int64_t seq = sqlite3_column_int64(st, 1), seen = sqlite3_column_int64(st, 2);
    const int64_t low = seen == 0 || seq < seen ? seq : seen, high = seq < seen ? seen : seq;
    last = low > last ? low : high > last ? high : last + 1;
    if (last != seq) {
      code = statement_run_two(s, put, last, sqlite3_column_int64(st, 0), "milestones", err);
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}

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

/* The entries under a number, if they fold to the signed end; what stands behind it came with a milestone that is damaged. */
static enum err_code fold(struct store *s, const struct end *end, int64_t no, bool *proven, struct merkle_range *out,
                          struct err *err) {
  uint64_t n = 0;
  *out = (struct merkle_range){.size = 0};
  *proven = false;
  enum err_code code = mend_n_rows(s, no, &n, err);
  if (code == OK && n >= end->size) {
    code = leaves_fold(s, no, end->size, out, err);
    const struct hash root = merkle_root(out);
    *proven = code == OK && hash_equal(&root, &end->root);
  }
  if (code == OK && *proven && n > end->size) {
    code = leaves_fold(s, no, n, out, err);
    *proven = code == OK;
  }
  if (code == ERR_CORRUPT) {
    err_clear(err);
    code = OK;
  }
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

/* Logs of which nothing signed is held stand as they stand. */
static const char keep_unsigned[] =
    "INSERT OR IGNORE INTO temp.log_anew(" MEND_LOG_COLUMNS ") SELECT no, gen, size, "
    "iif(typeof(body_bytes) = 'integer', body_bytes, 0), node, iif(size = 0, x'', range) FROM temp.log_held AS l "
    "WHERE NOT EXISTS (SELECT 1 FROM temp.log_anew AS a WHERE a.node = l.node AND a.gen = l.gen)";
static const char place_signed[] =
    "UPDATE temp.milestone_anew SET log = (SELECT no FROM temp.log_anew AS a WHERE a.node = milestone_anew.node AND "
    "a.gen = milestone_anew.gen) WHERE node IS NOT NULL";
/* What is not signed, and stands nowhere. */
static const char drop_unsigned[] =
    "DELETE FROM temp.milestone_anew WHERE node IS NULL AND NOT EXISTS (SELECT 1 FROM temp.log_anew AS a WHERE "
    "a.no = milestone_anew.log AND milestone_anew.size BETWEEN 1 AND a.size)";

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
    "temp.milestone_anew ORDER BY node IS NULL, at";

/* lost: milestones that cannot be read. */
static enum err_code make_both(struct store *s, const struct federation *f, uint64_t lost, uint64_t *n, struct err *err) {
  static const char *const scripts[] = {keep_unsigned, place_signed, drop_unsigned};
  enum err_code code = statement_script(s, create_anew, "logs", err);
  if (code == OK) {
    code = copy_milestones(s, f, err);
  }
  if (code == OK) {
    code = find_logs(s, f, err);
  }
  for (size_t i = 0; i < sizeof scripts / sizeof scripts[0] && code == OK; i++) {
    code = statement_script(s, scripts[i], "logs", err);
  }
  if (code == OK) {
    code = put_in_order(s, err);
  }
  *n = lost;
  if (code == OK && lost == 0) {
    code = count_changes(s, n, err);
  }
  if (code == OK) {
    code = statement_script(s, write_both, "logs", err);
  }
  return code == OK ? statement_script(s, drop_anew, "logs", err) : code;
}

enum err_code mend_logs_anew(struct store *s, const struct federation *f, const struct mend_look *found, uint64_t *n,
                             struct err *err) {
  uint64_t lost = 0;
  *n = 0;
  enum err_code code = pages_expect(s, PAGES_TORN, err); /* what is cleared is these tables' own */
  if (code == OK) {
    code = set_aside(s, found->unread, &lost, err);
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
  return code;
}
