/*
 * milestone: the checkpoints at which this replica stood (docs/protocol.md 7.3). See store.h.
 */
#include "node/store/milestone.h"
#include "node/store/statement.h"

/* What a cut has withdrawn keeps its number: news are told by them. */
#define NEXT_SEQ "max((SELECT ifnull(max(seq), 0) FROM milestone), (SELECT ifnull(max(arrival), 0) FROM withdrawn)) + 1"

/* One whose text was lost has a place only. */
#define HAS_TEXT "length(text) > 0"

enum err_code milestone_put(struct store *s, int64_t log_no, uint64_t size, struct view text, struct err *err) {
  static const char sql[] = "INSERT INTO milestone(seq, log, size, body_bytes, text) "
                            "VALUES (" NEXT_SEQ ", :log, :size, (SELECT body_bytes FROM log WHERE no = :log), :text)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, log_no);
  statement_bind_int(st, 2, (int64_t)size);
  statement_bind_blob(st, 3, text);
  return statement_run(s, st, "milestone", err);
}

static enum err_code get_text(struct store *s, const char *sql, int64_t log_no, uint64_t size, struct bytes *text,
                              struct err *err) {
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, log_no);
  statement_bind_int(st, 2, (int64_t)size);
  code = statement_one(s, st, "milestone", "no milestone of that size is held", err);
  if (code == OK) {
    code = bytes_append(text, statement_blob(st, 0), err);
    statement_done(st);
  }
  return code;
}

enum err_code milestone_get(struct store *s, int64_t log_no, uint64_t size, struct bytes *text, struct err *err) {
  static const char sql[] =
      "SELECT text FROM milestone WHERE log = :log AND (size = :size OR :size = 0) AND " HAS_TEXT " ORDER BY size DESC LIMIT 1";
  return get_text(s, sql, log_no, size, text, err);
}

enum err_code milestone_place(struct store *s, int64_t log_no, uint64_t size, struct bytes *text, struct err *err) {
  static const char sql[] = "SELECT text FROM milestone WHERE log = :log AND (size = :size OR :size = 0) "
                            "ORDER BY size DESC LIMIT 1";
  return get_text(s, sql, log_no, size, text, err);
}

/* How far apart the milestones are that a log is handed out in, to peers and in bundles: nearer than the protocol's limits. Who
 * takes them holds one step in memory, writes it in one transaction, and hears its peers in between. The first steps are
 * smaller, so that writing begins early. */
#define STEP_ENTRIES 1024u
#define STEP_FIRST 128u
#define STEP_BYTES ((uint64_t)4 * 1024 * 1024)

/* A milestone is passed over while the next one is still near enough to the last that was taken. */
struct plan {
  uint64_t *sizes;
  uint32_t max, n;
  uint64_t last, last_bytes;           /* taken */
  uint64_t candidate, candidate_bytes; /* seen, not taken */
};

static bool plan_take(struct plan *p) {
  if (p->candidate <= p->last || p->n == p->max) {
    return p->n < p->max;
  }
  p->sizes[p->n++] = p->candidate;
  p->last = p->candidate;
  p->last_bytes = p->candidate_bytes;
  return p->n < p->max;
}

static bool plan_add(struct plan *p, uint64_t size, uint64_t bytes) {
  const uint64_t step = p->n < 3 ? STEP_FIRST << p->n : STEP_ENTRIES;
  const bool far = size - p->last > step || bytes - p->last_bytes > STEP_BYTES;
  if (far && !plan_take(p)) {
    return false;
  }
  p->candidate = size;
  p->candidate_bytes = bytes;
  return true;
}

/* Octets of bodies below `from`: of the newest milestone at or below it. */
static enum err_code bytes_below(struct store *s, int64_t log_no, uint64_t from, uint64_t *out, struct err *err) {
  static const char sql[] =
      "SELECT body_bytes FROM milestone WHERE log = :log AND size <= :from AND " HAS_TEXT " ORDER BY size DESC LIMIT 1";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, log_no);
  statement_bind_int(st, 2, (int64_t)from);
  code = statement_step(s, st, &row, "milestone", err);
  if (code == OK && row) {
    *out = (uint64_t)sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}

enum err_code milestone_plan(struct store *s, int64_t log_no, uint64_t from, uint64_t *sizes, uint32_t max, uint32_t *n,
                             struct err *err) {
  static const char sql[] =
      "SELECT size, body_bytes FROM milestone WHERE log = :log AND size > :from AND " HAS_TEXT " ORDER BY size";
  struct plan plan = {.sizes = sizes, .max = max, .last = from};
  sqlite3_stmt *st = NULL;
  bool row = true;
  *n = 0;
  enum err_code code = from > INT64_MAX ? OK : bytes_below(s, log_no, from, &plan.last_bytes, err);
  if (code != OK || from > INT64_MAX || max == 0) {
    return code;
  }
  code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, log_no);
  statement_bind_int(st, 2, (int64_t)from);
  while ((code = statement_step(s, st, &row, "milestone", err)) == OK && row) {
    if (!plan_add(&plan, (uint64_t)sqlite3_column_int64(st, 0), (uint64_t)sqlite3_column_int64(st, 1))) {
      statement_done(st);
      break;
    }
  }
  if (code == OK) {
    (void)plan_take(&plan);
    *n = plan.n;
  }
  return code;
}

enum err_code milestone_run(struct store *s, int64_t log_no, uint64_t from, uint64_t max_bytes, uint64_t *size, bool *last,
                            struct err *err) {
  static const char sql[] =
      "SELECT ifnull(max(CASE WHEN size <= :from + :entries AND body_bytes <= :bytes THEN size END), min(size)), max(size) "
      "FROM milestone WHERE log = :log AND size > :from AND " HAS_TEXT;
  sqlite3_stmt *st = NULL;
  uint64_t below = 0;
  bool row = false;
  if (from > INT64_MAX) return err_set(err, ERR_NOT_FOUND, "nothing is held there");
  enum err_code code = bytes_below(s, log_no, from, &below, err);
  if (code == OK) code = statement_get(s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, (int64_t)from);
  statement_bind_int(st, 2, LIMIT_MILESTONE_ENTRIES);
  statement_bind_int(st, 3, (int64_t)(below + max_bytes));
  statement_bind_int(st, 4, log_no);
  code = statement_step(s, st, &row, "milestone", err);
  if (code == OK && row && sqlite3_column_type(st, 0) == SQLITE_INTEGER) {
    *size = (uint64_t)sqlite3_column_int64(st, 0);
    *last = *size == (uint64_t)sqlite3_column_int64(st, 1);
  } else if (code == OK) {
    code = err_set(err, ERR_NOT_FOUND, "nothing is held there");
  }
  if (row) statement_done(st);
  return code;
}

enum err_code milestone_seq(struct store *s, int64_t rowid, int64_t *seq, uint64_t *covers, struct err *err) {
  static const char sql[] = "SELECT seq, size FROM milestone WHERE log = :log AND size > :index ORDER BY size LIMIT 1";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, entry_log_no(rowid));
  statement_bind_int(st, 2, (int64_t)entry_index(rowid));
  code = statement_step(s, st, &row, "milestone", err);
  if (code != OK) {
    return code;
  }
  if (!row) {
    return err_set(err, ERR_CORRUPT, "entry %lld stands behind its log's last milestone", (long long)rowid);
  }
  *seq = sqlite3_column_int64(st, 0);
  *covers = (uint64_t)sqlite3_column_int64(st, 1);
  statement_done(st);
  return OK;
}

enum err_code milestone_next(struct store *s, int64_t *seq, struct err *err) {
  static const char sql[] = "SELECT " NEXT_SEQ;
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_step(s, st, &row, "milestone", err);
  }
  if (code == OK) {
    *seq = row ? sqlite3_column_int64(st, 0) : 1;
    statement_done(st);
  }
  return code;
}

enum err_code milestone_text_above(struct store *s, int64_t log_no, uint64_t size, uint64_t *out, struct err *err) {
  static const char sql[] =
      "SELECT size FROM milestone WHERE log = :log AND size > :size AND " HAS_TEXT " ORDER BY size LIMIT 1";
  return statement_number(s, sql, log_no, (int64_t)size, "milestone", "no milestone above that is held", out, err);
}

enum err_code milestone_below(struct store *s, int64_t log_no, uint64_t most, uint64_t *size, struct err *err) {
  static const char sql[] = "SELECT ifnull(max(size), 0) FROM milestone WHERE log = :log AND size <= :most";
  return statement_number(s, sql, log_no, (int64_t)most, "milestone", "none", size, err);
}

enum err_code milestone_text_below(struct store *s, int64_t log_no, uint64_t most, uint64_t *size, struct err *err) {
  static const char sql[] = "SELECT ifnull(max(size), 0) FROM milestone WHERE log = :log AND size <= :most AND " HAS_TEXT;
  return statement_number(s, sql, log_no, (int64_t)most, "milestone", "none", size, err);
}

enum err_code milestone_bytes(struct store *s, int64_t log_no, uint64_t size, uint64_t *bytes, struct err *err) {
  static const char sql[] = "SELECT body_bytes FROM milestone WHERE log = :log AND size = :size";
  *bytes = 0;
  return size == 0
             ? OK
             : statement_number(s, sql, log_no, (int64_t)size, "milestone", "no milestone of that size is held", bytes, err);
}

enum err_code milestone_put_text(struct store *s, int64_t log_no, uint64_t size, struct view was, struct view text,
                                 struct err *err) {
  static const char sql[] = "UPDATE milestone NOT INDEXED SET text = :text WHERE log = :log AND size = :size AND text = :was";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, text);
  statement_bind_int(st, 2, log_no);
  statement_bind_int(st, 3, (int64_t)size);
  statement_bind_blob(st, 4, was);
  return statement_run(s, st, "milestone", err);
}

enum err_code milestone_put_bytes(struct store *s, int64_t log_no, uint64_t size, uint64_t bytes, struct err *err) {
  static const char sql[] = "UPDATE milestone NOT INDEXED SET body_bytes = :bytes WHERE log = :log AND size = :size";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)bytes);
  statement_bind_int(st, 2, log_no);
  statement_bind_int(st, 3, (int64_t)size);
  return statement_run(s, st, "milestone", err);
}
