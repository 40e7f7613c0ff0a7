/*
 * entry_mend: see entry_mend.h. Rows are read in the order in which they lie, not by number: a search may lead past them.
 * Nothing is taken out but what is put back in the same transaction, or is another member's.
 */
#include "node/store/entry_mend.h"

#include <inttypes.h>

#include "keys/log.h"
#include "node/store/damage.h"
#include "node/store/forget.h"
#include "node/store/pages.h"
#include "node/store/statement.h"

#define STRAYS_MAX 8 /* rows under another number, or of no use: where there are more it is not a bit here and there */
#define NONE INT64_MAX

/* ---- where rows lie, and where they should ---- */

/* The numbers that the logs need, in rising order. */
struct places {
  sqlite3_stmt *st;
  int64_t now, last; /* last: of the log of `now` */
};

/* *now is NONE behind the last one. */
static enum err_code places_step(struct store *s, struct places *p, struct err *err) {
  bool row = false;
  if (p->now < p->last) {
    p->now++;
    return OK;
  }
  const enum err_code code = statement_step(s, p->st, &row, "logs", err);
  p->now = NONE;
  p->last = NONE;
  if (code == OK && row) {
    p->now = entry_rowid(sqlite3_column_int64(p->st, 0), 0);
    p->last = p->now + sqlite3_column_int64(p->st, 1) - 1;
  }
  return code;
}

struct stray {
  int64_t ordinal; /* its place in the table, from 0 */
  int64_t rowid, belongs;
};

struct order {
  struct stray strays[STRAYS_MAX]; /* where there are as many rows as places: those that are not in theirs */
  uint32_t n;
  bool complete; /* as many rows as places, and no more strays than that */
  bool rises;    /* each number is above the one before */
  bool is_found; /* each row, by its number */
};

#define BITS_MAX 2 /* of a number that are other ones */

/* Whether a row that is not in its place may belong there: its number is not far off, and the row before was in its own. */
static bool may_be_astray(const struct order *o, int64_t ordinal, int64_t rowid, int64_t belongs) {
  const bool is_alone = o->n == 0 || o->strays[o->n - 1].ordinal + 1 < ordinal;
  return is_alone && o->n < STRAYS_MAX && belongs != NONE &&
         __builtin_popcountll((uint64_t)rowid ^ (uint64_t)belongs) <= BITS_MAX;
}

static enum err_code compare(struct store *s, sqlite3_stmt *rows, struct places *p, struct order *o, struct err *err) {
  int64_t before = INT64_MIN;
  int64_t ordinal = 0;
  bool row = true;
  enum err_code code = places_step(s, p, err);
  while (code == OK && (code = statement_step(s, rows, &row, "entries", err)) == OK && row) {
    const int64_t rowid = sqlite3_column_int64(rows, 0);
    const bool fits = rowid == p->now;
    const bool astray = !fits && may_be_astray(o, ordinal, rowid, p->now);
    if (astray) {
      o->strays[o->n++] = (struct stray){.ordinal = ordinal, .rowid = rowid, .belongs = p->now};
    }
    o->complete = o->complete && (fits || astray);
    o->rises = o->rises && rowid > before;
    o->is_found = o->is_found && sqlite3_column_int(rows, 1) != 0;
    before = rowid;
    ordinal++;
    code = p->now == NONE ? OK : places_step(s, p, err);
  }
  o->complete = o->complete && p->now == NONE;
  o->n = o->complete ? o->n : 0;
  return code;
}

static enum err_code look(struct store *s, struct order *o, struct err *err) {
  static const char rows[] = "SELECT id, EXISTS (SELECT 1 FROM main.entry AS b NOT INDEXED WHERE b.id = a.id) FROM main.entry "
                             "AS a NOT INDEXED";
  static const char logs[] = "SELECT no, size FROM main.log NOT INDEXED WHERE size > 0 ORDER BY no";
  struct places places = {.now = 0, .last = 0};
  sqlite3_stmt *st = NULL;
  *o = (struct order){.complete = true, .rises = true, .is_found = true};
  enum err_code code = statement_new(s, logs, &places.st, err);
  if (code == OK) {
    code = statement_new(s, rows, &st, err);
  }
  if (code == OK) {
    code = compare(s, st, &places, o, err);
  }
  (void)sqlite3_finalize(st);
  (void)sqlite3_finalize(places.st);
  return code;
}

/* ---- rows of no use ---- */

struct lost {
  int64_t rowids[STRAYS_MAX];
  bool reads[STRAYS_MAX]; /* it has odd types, but can be read */
  uint32_t n;
};

/* Each by itself: the numbers of rows are read without what they hold. */
static enum err_code find_each_lost(struct store *s, struct lost *out, struct err *err) {
  static const char sql[] = "SELECT id FROM main.entry NOT INDEXED";
  static const char odd[] = "SELECT " ENTRY_IS_ODD " FROM main.entry NOT INDEXED WHERE id = :id";
  sqlite3_stmt *all = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &all, err);
  while (code == OK && (code = statement_step(s, all, &row, "entries", err)) == OK && row) {
    sqlite3_stmt *st = NULL;
    bool found = false;
    code = statement_new(s, odd, &st, err);
    if (code != OK) {
      break;
    }
    statement_bind_int(st, 1, sqlite3_column_int64(all, 0));
    const enum err_code read = statement_step(s, st, &found, "entry", NULL);
    const bool is_lost = read == ERR_CORRUPT || (found && sqlite3_column_int(st, 0) != 0);
    (void)sqlite3_finalize(st);
    if (is_lost && out->n == STRAYS_MAX) {
      code = err_set(err, ERR_CORRUPT, "store: more than %d entries cannot be read", STRAYS_MAX);
    } else if (is_lost) {
      out->reads[out->n] = read == OK;
      out->rowids[out->n++] = sqlite3_column_int64(all, 0);
    }
  }
  (void)sqlite3_finalize(all);
  return code;
}

/* All at once, unless there is one. */
static enum err_code find_lost(struct store *s, struct lost *out, struct err *err) {
  static const char sql[] = "SELECT 1 FROM main.entry NOT INDEXED WHERE " ENTRY_IS_ODD;
  bool any = false;
  enum err_code code = statement_any(s, sql, "entries", &any, err);
  if (code == OK && !any) {
    return OK;
  }
  if (code == OK || code == ERR_CORRUPT) {
    err_clear(err);
    code = find_each_lost(s, out, err);
  }
  return code;
}

/* Whether an entry is in another member's log: who has it is asked for it again. */
static enum err_code is_of_another(struct store *s, const struct hash *own, int64_t rowid, bool *out, struct err *err) {
  struct log log;
  const enum err_code code = log_by_no(s, entry_log_no(rowid), &log, err);
  *out = code == OK && entry_index(rowid) < log.range.size && !hash_equal(&log.node, own);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  return code;
}

/* ---- written ---- */

#define COLUMNS "rid, state, envelope, salt, body, takedown, leaf"

/* The statements that drop the indexes of the table, and those that make them again. What an index says of such a row is not
 * what the row says, and SQLite takes that for an error. */
static enum err_code write_indexes(struct store *s, struct bytes *drop, struct bytes *make, struct err *err) {
  static const char sql[] = "SELECT printf('DROP INDEX \"%w\";', name), printf('%s;', sql) FROM sqlite_schema WHERE "
                            "type = 'index' AND tbl_name = 'entry' AND sql IS NOT NULL";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "indexes", err)) == OK && row) {
    code = bytes_append(drop, statement_text(st, 0), err);
    if (code == OK) {
      code = bytes_append(make, statement_text(st, 1), err);
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}

static enum err_code run_text(struct store *s, struct bytes *sql, struct err *err) {
  const char *text = bytes_text(sql);
  return text == NULL ? err_set(err, ERR_MEMORY, NULL) : statement_script(s, text, "indexes", err);
}

static enum err_code expect_one(struct store *s, struct err *err) {
  return sqlite3_changes(store_db(s)) == 1 ? OK : err_set(err, ERR_CORRUPT, "store: entries stand in no order");
}

static enum err_code copy_strays(struct store *s, const struct order *o, struct err *err) {
  static const char create[] = "CREATE TEMP TABLE entry_astray AS SELECT 0 AS belongs, id, " COLUMNS " FROM main.entry WHERE 0";
  static const char put[] = "INSERT INTO temp.entry_astray SELECT :belongs, id, " COLUMNS " FROM main.entry NOT INDEXED "
                            "LIMIT 1 OFFSET :ordinal";
  enum err_code code = statement_script(s, create, "entries", err);
  for (uint32_t i = 0; i < o->n && code == OK; i++) {
    code = statement_run_two(s, put, o->strays[i].belongs, o->strays[i].ordinal, "entries", err);
    code = code == OK ? expect_one(s, err) : code;
  }
  return code;
}

/* Without a subquery, so that SQLite deletes the row that it has read, not one that it searches by number. */
static enum err_code take_stray(struct store *s, int64_t rowid, struct view envelope, struct err *err) {
  static const char sql[] = "DELETE FROM main.entry NOT INDEXED WHERE +id = :id AND envelope = :envelope";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  statement_bind_blob(st, 2, envelope);
  code = statement_run(s, st, "entries", err);
  return code == OK ? expect_one(s, err) : code;
}

static enum err_code move_strays(struct store *s, const struct order *o, struct err *err) {
  static const char sql[] = "SELECT id, envelope FROM temp.entry_astray";
  static const char back[] = "INSERT INTO main.entry(id, " COLUMNS ") SELECT belongs, " COLUMNS " FROM temp.entry_astray;"
                             "DROP TABLE temp.entry_astray";
  struct order after;
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = copy_strays(s, o, err);
  if (code == OK) {
    code = statement_new(s, sql, &st, err);
  }
  while (code == OK && (code = statement_step(s, st, &row, "entries", err)) == OK && row) {
    code = take_stray(s, sqlite3_column_int64(st, 0), statement_blob(st, 1), err);
  }
  (void)sqlite3_finalize(st);
  if (code == OK) {
    code = statement_script(s, back, "entries", err);
  }
  if (code == OK) {
    code = look(s, &after, err);
  }
  if (code == OK && (!after.complete || after.n > 0 || !after.rises || !after.is_found)) {
    code = err_set(err, ERR_CORRUPT, "store: entries stand in no order");
  }
  return code;
}

/* Rows of odd types get types that the table may hold, with the same octets, and are judged then as any other. One that cannot
 * be read is deleted without being read, which a table without indexes allows. */
static enum err_code settle_lost(struct store *s, const struct lost *lost, struct err *err) {
  static const char settle[] =
      "UPDATE main.entry SET rid = iif(typeof(rid) = 'integer', rid, NULL), state = iif(typeof(state) = 'integer', state, 4), "
      "envelope = ifnull(CAST(envelope AS BLOB), x''), salt = CAST(salt AS BLOB), body = CAST(body AS BLOB), "
      "takedown = CAST(takedown AS BLOB), leaf = iif(typeof(leaf) = 'integer', leaf, 0) WHERE id = :id AND :id = :same";
  static const char drop[] = "DELETE FROM main.entry WHERE id = :id AND :id = :same";
  enum err_code code = OK;
  for (uint32_t i = 0; i < lost->n && code == OK; i++) {
    code = statement_run_two(s, lost->reads[i] ? settle : drop, lost->rowids[i], lost->rowids[i], "entries", err);
    code = code == OK ? expect_one(s, err) : code;
  }
  return code;
}

static enum err_code write_rows(struct store *s, const struct order *o, const struct lost *lost, struct err *err) {
  struct bytes drop;
  struct bytes make;
  bytes_init(&drop, (size_t)64 * 1024);
  bytes_init(&make, (size_t)64 * 1024);
  enum err_code code = pages_expect_schema(s, err);
  if (code == OK) {
    code = write_indexes(s, &drop, &make, err);
  }
  if (code == OK) {
    code = run_text(s, &drop, err);
  }
  if (code == OK && o != NULL) {
    code = move_strays(s, o, err);
  }
  if (code == OK && lost != NULL) {
    code = settle_lost(s, lost, err);
  }
  if (code == OK) {
    code = run_text(s, &make, err);
  }
  bytes_release(&drop);
  bytes_release(&make);
  return code;
}

/* In one transaction, and with the indexes anew. o, lost: NULL: none. */
static enum err_code write(struct store *s, const struct order *o, const struct lost *lost, struct err *err) {
  enum err_code code = store_begin(s, err);
  if (code == OK) {
    code = write_rows(s, o, lost, err);
  }
  if (code == OK) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
  }
  return code;
}

/* ---- one after the other ---- */

static enum err_code mend_order(struct store *s, struct entry_mended *out, struct err *err) {
  struct order order;
  enum err_code code = look(s, &order, err);
  if (code != OK || (order.n == 0 && order.rises && order.is_found)) {
    return code;
  }
  code = pages_expect(s, PAGES_SOUND, err);
  if (code == OK && order.n > 0) {
    code = write(s, &order, NULL, err);
    out->moved = code == OK ? order.n : 0;
  } else if (code == OK && order.rises) {
    code = forget_write(s, err); /* which copies the rows as they lie */
    if (code == OK) {
      log_line(LOG_ERROR, "mend", "rows of entries could not be found by their numbers: the file is written anew", NULL);
    }
  }
  if (code == OK) {
    code = look(s, &order, err);
  }
  return code == OK && (!order.rises || !order.is_found) ? err_set(err, ERR_CORRUPT, "store: entries stand in no order") : code;
}

static enum err_code mend_lost(struct store *s, const struct hash *own, struct entry_mended *out, struct err *err) {
  struct lost rows = {.n = 0};
  enum err_code code = find_lost(s, &rows, err);
  if (code != OK || rows.n == 0) {
    return code;
  }
  for (uint32_t i = 0; i < rows.n && code == OK; i++) {
    bool gone = false;
    code = rows.reads[i] ? OK : is_of_another(s, own, rows.rowids[i], &gone, err);
    if (code == OK && !rows.reads[i] && !gone) {
      code = err_set(err, ERR_CORRUPT, "store: an entry of the own log cannot be read");
    }
    out->lost += gone;
  }
  if (code == OK) {
    code = pages_expect(s, PAGES_SOUND, err);
  }
  return code == OK ? write(s, NULL, &rows, err) : code;
}

/* A row that is to be marked, or replaced, must stand in the indexes as it stands in the table, or SQLite refuses. */
static enum err_code mend_indexes(struct store *s, struct entry_mended *out, struct err *err) {
  static const char sql[] = "SELECT 1 FROM pragma_integrity_check('entry') WHERE integrity_check <> 'ok'";
  enum pages pages = PAGES_SOUND;
  bool any = false;
  enum err_code code = statement_any(s, sql, "entries", &any, err);
  if (code != OK || !any) {
    return code;
  }
  code = pages_look(s, &pages, err);
  if (code == OK && pages <= PAGES_LOOSE) { /* else what can be done is done at the end of the pass */
    code = pages_expect_rows(s, "entry", err);
    code = code == OK ? write(s, NULL, NULL, err) : code;
    out->reindexed = code == OK;
  }
  return code;
}

enum err_code entry_mend(struct store *s, const struct hash *own, struct entry_mended *out, struct err *err) {
  *out = (struct entry_mended){.reindexed = false};
  enum err_code code = mend_order(s, out, err);
  if (code == OK) {
    code = mend_lost(s, own, out, err);
  }
  if (code == OK) {
    code = mend_indexes(s, out, err);
  }
  if (out->moved + out->lost > 0) {
    log_line(LOG_ERROR, "mend", "rows of entries were damaged", "moved=%" PRIu64 " lost=%" PRIu64, out->moved, out->lost);
  }
  return code;
}
