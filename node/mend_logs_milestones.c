/*
 * mend_logs_milestones: the milestones of all logs as far as they can be told, in temporary tables. See mend_logs_inside.h.
 */
#include "node/mend_logs_inside.h"
#include "node/store/statement.h"

#define LOST_MAX 2 /* milestones that cannot be read, or were lost: where there are more it is not a bit here and there */

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
  while (code == OK && (code = statement_step(s, st, &row, "milestone", err)) == OK && row) {
    const int64_t seq = sqlite3_column_int64(st, 0);
    bool reads = true;
    code = is_readable(s, seq, &reads, err);
    if (code == OK && !reads && *n == LOST_MAX) {
      code = err_set(err, ERR_CORRUPT, "store: more than %d milestones cannot be read", LOST_MAX);
    } else if (code == OK && !reads) {
      lost[(*n)++] = seq;
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* What a damaged table or index says as far as it can be read is not what counts: nothing of it does, then. */
static enum err_code fill_if_read(struct store *s, const char *fill, const char *clear, struct err *err) {
  enum err_code code = statement_script(s, fill, "logs", err);
  if (code == ERR_CORRUPT) {
    err_clear(err);
    code = statement_script(s, clear, "logs", err);
  }
  return code;
}

static const char drop_all[] =
    "DROP TABLE IF EXISTS temp.milestone_lost; DROP TABLE IF EXISTS temp.milestone_seen; DROP TABLE IF EXISTS temp.log_held;"
    "DROP TABLE IF EXISTS temp.milestone_anew; DROP TABLE IF EXISTS temp.log_anew";

enum err_code mend_set_aside(struct store *s, bool unread, uint64_t *n, struct err *err) {
  static const char create[] = "CREATE TEMP TABLE milestone_lost(seq INTEGER PRIMARY KEY);"
                               "CREATE TEMP TABLE milestone_seen(log, size, seq, PRIMARY KEY (log, size));"
                               "CREATE TEMP TABLE log_held(no, gen, size, body_bytes, node, range)";
  static const char indexed[] =
      "INSERT OR IGNORE INTO temp.milestone_seen SELECT log, size, seq FROM main.milestone INDEXED BY "
      "sqlite_autoindex_milestone_1 WHERE log >= 0 AND size >= 0";
  static const char logs[] =
      "INSERT INTO temp.log_held SELECT " MEND_LOG_COLUMNS " FROM main.log NOT INDEXED WHERE typeof(gen) = 'integer' AND "
      "typeof(size) = 'integer' AND typeof(node) = 'blob' AND length(node) = 32 AND gen > 0";
  static const char put[] = "INSERT INTO temp.milestone_lost(seq) SELECT :seq WHERE :seq = :same";
  int64_t lost[LOST_MAX];
  *n = 0;
  enum err_code code = unread ? find_lost(s, lost, n, err) : OK;
  if (code == OK) {
    code = statement_script(s, drop_all, "logs", err); /* of a time before, of which the end failed */
  }
  if (code == OK) {
    code = statement_script(s, create, "logs", err);
  }
  for (uint64_t i = 0; i < *n && code == OK; i++) {
    code = statement_run_two(s, put, lost[i], lost[i], "milestones", err);
  }
  if (code == OK) {
    code = fill_if_read(s, logs, "DELETE FROM temp.log_held", err);
  }
  return code == OK ? fill_if_read(s, indexed, "DELETE FROM temp.milestone_seen", err) : code;
}

/* ---- in it ---- */

/* at: the order in the table, which is that of arrival whatever a seq says. seen: the seq that the index says, if any. node,
 * gen, root: what is signed; NULL if nothing is, then the other columns are the row's own. */
static const char create_anew[] =
    "CREATE TEMP TABLE milestone_anew(id INTEGER PRIMARY KEY, at REAL, seq, seen, log, size, body_bytes, text, node, gen, "
    "root);"
    "CREATE INDEX temp.milestone_of ON milestone_anew(node, gen, size);"
    "CREATE INDEX temp.milestone_by_seq ON milestone_anew(seq); CREATE INDEX temp.milestone_at ON milestone_anew(log, size);"
    "CREATE TEMP TABLE log_anew(no INTEGER PRIMARY KEY, gen, size, body_bytes, node, range)";

static enum err_code copy_milestone(struct store *s, const struct federation *f, sqlite3_stmt *from, struct err *err) {
  static const char sql[] =
      "INSERT INTO temp.milestone_anew(at, seq, seen, log, size, body_bytes, text, node, gen, root) VALUES "
      "((SELECT ifnull(max(id), 0) + 1 FROM temp.milestone_anew), :seq, "
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
  statement_bind_blob(st, 5, is_signed ? text : view_of("", 0));
  if (is_signed) {
    statement_bind_blob(st, 6, hash_view(&c.node));
    statement_bind_int(st, 7, (int64_t)c.gen);
    statement_bind_blob(st, 8, hash_view(&c.root));
  }
  return statement_run(s, st, "milestones", err);
}

static enum err_code copy_all(struct store *s, const struct federation *f, struct err *err) {
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

/* Of a row that says nothing signed, and that it stands nowhere, the index knows where it does. Milestones that cannot be read,
 * or that only the index knows: their places are kept, without a text. */
static enum err_code place_lost(struct store *s, struct err *err) {
  static const char place[] =
      "UPDATE temp.milestone_anew AS a SET (log, size, seen) = (SELECT log, size, seq FROM temp.milestone_seen AS m WHERE "
      "m.seq = a.seq) WHERE node IS NULL AND seq IN (SELECT seq FROM temp.milestone_seen) AND "
      "NOT EXISTS (SELECT 1 FROM temp.log_held AS l WHERE l.no = a.log AND a.size BETWEEN 1 AND l.size) AND "
      "NOT EXISTS (SELECT 1 FROM temp.milestone_anew AS b WHERE b.seq = a.seq AND b.id <> a.id)";
  static const char sql[] =
      "INSERT INTO temp.milestone_anew(at, seq, seen, log, size, body_bytes, text) SELECT "
      "(SELECT ifnull(max(at), 0) + 0.5 FROM temp.milestone_anew AS below WHERE below.seq < seen.seq), seq, seq, log, size, 0, "
      "x'' FROM temp.milestone_seen AS seen WHERE "
      "NOT EXISTS (SELECT 1 FROM temp.milestone_anew AS a WHERE a.seq = seen.seq) AND "
      "NOT EXISTS (SELECT 1 FROM temp.milestone_anew AS a WHERE a.log = seen.log AND a.size = seen.size)";
  enum err_code code = statement_script(s, place, "milestones", err);
  if (code == OK) {
    code = statement_script(s, sql, "milestones", err);
  }
  const int n = sqlite3_changes(store_db(s));
  if (code == OK && n > LOST_MAX) {
    (void)err_set(err, ERR_CORRUPT, "store: %d milestones are lost", n);
    (void)err_hint(err, "put a backup into a new folder: specola restore FILE --home DIR");
    return ERR_CORRUPT;
  }
  return code;
}

enum err_code mend_copy_milestones(struct store *s, const struct federation *f, struct err *err) {
  enum err_code code = statement_script(s, create_anew, "logs", err);
  if (code == OK) {
    code = copy_all(s, f, err);
  }
  return code == OK ? place_lost(s, err) : code;
}

/* Of what table and index say the next one counts, else the next number. */
enum err_code mend_order_milestones(struct store *s, struct err *err) {
  static const char sql[] = "SELECT id, seq, seen FROM temp.milestone_anew ORDER BY at, seq";
  static const char put[] = "UPDATE temp.milestone_anew SET seq = :seq WHERE id = :id";
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

enum err_code mend_drop_aside(struct store *s, struct err *err) {
  return statement_script(s, drop_all, "logs", err);
}
