/*
 * query_select: authorizer and limits. See query_select.h.
 *
 * The public views stand on hidden ones, and only the hidden ones may read what lies below. SQLite tells the authorizer the
 * name of the innermost view, but it does the same for a common table expression, which anybody may call as he likes: so the
 * names of the hidden ones are random, and new in every process.
 */
#include "node/store/query_select.h"

#include <stdio.h>
#include <string.h>

#include "node/store/inside.h"
#include "node/store/query_views.h"

#define STEPS 4096 /* of SQLite's machine between two looks at the clock */

struct questions {
  struct views views;
  struct bytes names; /* of all tables and modules, each with a NUL behind it */
  const struct clock_source *clock;
  uint64_t end_ms;
  bool late;
};

/* ---- who may read what ---- */

/* Functions of SQLite that compute and nothing else; a blank before and behind each. */
static const char FUNCTIONS[] =
    " abs avg char coalesce count cume_dist date datetime dense_rank first_value format glob group_concat hex "
    "ifnull iif instr json json_array json_each json_extract json_group_array json_group_object json_object "
    "json_valid julianday lag last_value lead length like lower ltrim max min nth_value ntile nullif percent_rank "
    "printf quote rank replace round row_number rtrim sign strftime substr substring sum time total trim typeof unicode "
    "unixepoch upper ";

static bool is_function(const char *name) {
  char word[64];
  const int n = snprintf(word, sizeof word, " %s ", name);
  return n > 2 && (size_t)n < sizeof word && strchr(name, ' ') == NULL && strcasestr(FUNCTIONS, word) != NULL;
}

static bool is_view(const struct questions *q, const char *name) {
  char scratch[WIDE_NAME_MAX];
  const char *view;
  for (size_t i = 0; (view = views_at(&q->views, i, scratch)) != NULL; i++) {
    if (sqlite3_stricmp(view, name) == 0) {
      return true;
    }
  }
  return views_is_hidden(&q->views, name);
}

/* What the views stand on (json_each is a function that computes): of these, and of no others, count(*) may be asked. SQLite
 * then names neither column nor view, and what it names may as well be a common table expression: so a name that the store does
 * not know is nobody's secret. */
static const char *const COUNTED[] = {"object",      "version",          "facet",    "facet_code", "link", "log",
                                      "endorsement", "endorsement_held", "json_each"};

static bool is_counted(const struct questions *q, const char *name) {
  char table[WIDE_NAME_MAX];
  for (size_t i = 0; i < sizeof COUNTED / sizeof COUNTED[0]; i++) {
    if (sqlite3_stricmp(COUNTED[i], name) == 0) {
      return true;
    }
  }
  for (size_t i = 0; i < schema_set_count(q->views.set); i++) {
    wide_name(schema_set_at(q->views.set, i), table);
    if (sqlite3_stricmp(table, name) == 0) {
      return true;
    }
  }
  /* SQLite's own, which no list of names holds before somebody asks for them. */
  if (sqlite3_strnicmp(name, "sqlite_", 7) == 0 || sqlite3_strnicmp(name, "pragma_", 7) == 0) {
    return false;
  }
  for (size_t at = 0; at < q->names.len; at += strlen((const char *)q->names.p + at) + 1) {
    if (sqlite3_stricmp((const char *)q->names.p + at, name) == 0) {
      return false;
    }
  }
  /* What SQLite makes by itself, some of it only when it is named. */
  return sqlite3_strnicmp(name, "sqlite_", 7) != 0 && sqlite3_strnicmp(name, "pragma_", 7) != 0;
}

static int authorize(void *context, int action, const char *a, const char *b, const char *database, const char *inner) {
  const struct questions *q = context;
  (void)database;
  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_RECURSIVE:
    return SQLITE_OK;
  case SQLITE_FUNCTION:
    return b != NULL && (is_function(b) || views_is_hidden(&q->views, inner)) ? SQLITE_OK : SQLITE_DENY;
  case SQLITE_READ:
    return a != NULL && (is_view(q, a) || views_is_hidden(&q->views, inner) || (b != NULL && b[0] == '\0' && is_counted(q, a)))
               ? SQLITE_OK
               : SQLITE_DENY;
  default:
    return SQLITE_DENY;
  }
}

static int look_at_clock(void *context) {
  struct questions *q = context;
  q->late = clock_ms(q->clock) >= q->end_ms;
  return q->late;
}

/* ---- in and out ---- */

/* The names of everything that can stand behind FROM, before there are views. */
static enum err_code read_names(struct questions *q, struct store *s, struct err *err) {
  static const char sql[] = "SELECT name FROM main.sqlite_schema UNION SELECT name FROM pragma_module_list";
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL);
  enum err_code code = rc == SQLITE_OK ? OK : store_error(s, "names", err);
  bytes_init(&q->names, VIEWS_DDL_MAX);
  while (code == OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    const void *name = sqlite3_column_text(st, 0);
    code = bytes_append(&q->names, view_of(name, (size_t)sqlite3_column_bytes(st, 0)), err);
    code = code == OK ? bytes_append_u8(&q->names, '\0', err) : code;
  }
  code = code == OK && rc != SQLITE_DONE ? store_error(s, "names", err) : code;
  (void)sqlite3_finalize(st);
  return code;
}

static void limit_connection(sqlite3 *db) {
  static const struct {
    int id, value;
  } limits[] = {{SQLITE_LIMIT_LENGTH, SELECT_VALUE_MAX},
                {SQLITE_LIMIT_SQL_LENGTH, SELECT_SQL_MAX},
                {SQLITE_LIMIT_EXPR_DEPTH, 200},
                {SQLITE_LIMIT_COMPOUND_SELECT, 50},
                {SQLITE_LIMIT_COLUMN, 1000},
                {SQLITE_LIMIT_FUNCTION_ARG, 100},
                {SQLITE_LIMIT_ATTACHED, 0},
                {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
                {SQLITE_LIMIT_VARIABLE_NUMBER, 0},
                {SQLITE_LIMIT_WORKER_THREADS, 0}};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    (void)sqlite3_limit(db, limits[i].id, limits[i].value);
  }
}

/* From here on the connection answers questions, and nothing else. */
static enum err_code enter(struct questions *q, struct store *s, const struct federation *f, const struct schema_set *set,
                           struct err *err) {
  q->views.s = s; /* for leave, whatever fails */
  enum err_code code = read_names(q, s, err);
  if (code == OK) {
    code = views_open(&q->views, s, f, set, err);
  }
  if (code == OK) {
    (void)sqlite3_set_authorizer(store_db(s), authorize, q);
    limit_connection(store_db(s));
  }
  return code;
}

/* Takes everything off the connection again; its limits stay. */
static void leave(struct questions *q) {
  sqlite3_progress_handler(store_db(q->views.s), 0, NULL, NULL);
  (void)sqlite3_set_authorizer(store_db(q->views.s), NULL, NULL);
  views_close(&q->views);
  bytes_release(&q->names);
}

/* What SQLite says of the text or of its run. */
static enum err_code failed(const struct questions *q, struct err *err) {
  sqlite3 *db = store_db(q->views.s);
  const char *why = sqlite3_errmsg(db);
  switch (sqlite3_errcode(db) & 0xff) {
  case SQLITE_AUTH:
    err_set(err, ERR_REFUSED, "not for questions: %.300s", why);
    return err_hint(err, "specola sql, without a question, lists the tables");
  case SQLITE_INTERRUPT:
    err_set(err, ERR_LIMIT, "the question took too long");
    return err_hint(err, "ask for less, or allow more seconds: --timeout 60");
  case SQLITE_NOMEM:
    err_set(err, ERR_LIMIT, "the question takes too much memory");
    return err_hint(err, "ask for less at once: LIMIT, WHERE");
  case SQLITE_TOOBIG:
    return err_set(err, ERR_LIMIT, "a value or the question is too large: %.300s", why);
  case SQLITE_ERROR:
    err_set(err, ERR_USAGE, "%.400s", why);
    return err_hint(err, "specola sql, without a question, lists the tables");
  default:
    return store_error(q->views.s, "question", err);
  }
}

/* True if there is nothing more than blanks and semicolons. */
static bool is_blank(const char *text) {
  return text == NULL || text[strspn(text, " \t\r\n;")] == '\0';
}

static enum err_code prepare(const struct questions *q, const char *sql, sqlite3_stmt **st, struct err *err) {
  const char *rest = NULL;
  if (sqlite3_prepare_v3(store_db(q->views.s), sql, -1, 0, st, &rest) != SQLITE_OK) {
    return failed(q, err);
  }
  if (*st == NULL || !is_blank(rest) || sqlite3_stmt_isexplain(*st) != 0 || sqlite3_stmt_readonly(*st) == 0 ||
      sqlite3_column_count(*st) == 0) {
    err_set(err, ERR_USAGE, "one SELECT, please");
    return err_hint(err, "specola sql \"SELECT ref, title FROM objects LIMIT 5\"");
  }
  return OK;
}

static enum err_code run(struct questions *q, sqlite3_stmt *st, const struct select_limits *limits,
                         const struct select_sink *sink, bool *more, struct err *err) {
  int rc = SQLITE_ROW;
  q->end_ms = clock_ms(q->clock) + limits->ms;
  sqlite3_progress_handler(store_db(q->views.s), STEPS, look_at_clock, q);
  enum err_code code = sink->columns(sink->context, st, err);
  for (uint64_t n = 0; code == OK && (rc = sqlite3_step(st)) == SQLITE_ROW; n++) {
    if (limits->rows > 0 && n == limits->rows) {
      *more = true;
      break;
    }
    code = sink->row(sink->context, st, err);
  }
  return code == OK && rc != SQLITE_ROW && rc != SQLITE_DONE ? failed(q, err) : code;
}

enum err_code query_select(struct store *s, const struct federation *f, const struct schema_set *set, const char *sql,
                           const struct select_limits *limits, const struct clock_source *clock, const struct select_sink *sink,
                           bool *more, struct err *err) {
  struct questions q = {.clock = clock};
  sqlite3_stmt *st = NULL;
  *more = false;
  enum err_code code = enter(&q, s, f, set, err);
  if (code == OK) {
    code = prepare(&q, sql, &st, err);
  }
  if (code == OK) {
    code = run(&q, st, limits, sink, more, err);
  }
  (void)sqlite3_finalize(st);
  leave(&q);
  return code;
}

enum err_code query_select_tables(struct store *s, const struct federation *f, const struct schema_set *set,
                                  select_visit *visit, void *context, struct err *err) {
  struct questions q = {.clock = NULL};
  struct bytes text;
  char scratch[WIDE_NAME_MAX];
  const char *name;
  bool go_on = true;
  bytes_init(&text, VIEWS_DDL_MAX);
  enum err_code code = enter(&q, s, f, set, err);
  for (size_t i = 0; code == OK && go_on && (name = views_at(&q.views, i, scratch)) != NULL; i++) {
    sqlite3_stmt *st = NULL;
    bytes_clear(&text);
    code = bytes_printf(&text, err, "SELECT * FROM \"%s\"", name);
    const char *sql = code == OK ? bytes_text(&text) : NULL;
    code = sql == NULL ? err_set(err, ERR_MEMORY, NULL) : prepare(&q, sql, &st, err);
    bytes_clear(&text);
    for (int c = 0; code == OK && c < sqlite3_column_count(st); c++) {
      code = bytes_printf(&text, err, "%s%s", c == 0 ? "" : ", ", sqlite3_column_name(st, c));
    }
    const char *columns = code == OK ? bytes_text(&text) : NULL;
    go_on = columns != NULL && visit(context, name, columns);
    (void)sqlite3_finalize(st);
  }
  bytes_release(&text);
  leave(&q);
  return code;
}
