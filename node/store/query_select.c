/*
 * query_select: views, authorizer and limits. See query_select.h.
 *
 * The public views stand on hidden ones, and only the hidden ones may read what lies below. SQLite tells the authorizer the
 * name of the innermost view, but it does the same for a common table expression, which anybody may call as he likes: so the
 * names of the hidden ones are random, and new in every process.
 */
#include "node/store/query_select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/store/inside.h"
#include "node/store/statement.h"
#include "node/store/wide.h"

#define DDL_MAX ((size_t)1024 * 1024)
#define STEPS 4096 /* of SQLite's machine between two looks at the clock */
#define SECRET_LEN 33

/* A log whose entries are named. */
struct named_log {
  int64_t no;
  struct hash node;
  uint64_t gen;
};
struct questions {
  struct store *s;
  const struct federation *f;
  const struct schema_set *set;
  char secret[SECRET_LEN]; /* of the names of hidden views */
  struct named_log *logs;
  size_t n_logs;
  bool memory; /* ran out of it */
  const struct clock_source *clock;
  uint64_t end_ms;
  bool late;
};

/* ---- functions of the views ---- */

static const struct named_log *log_of(const struct questions *q, int64_t rowid) {
  for (size_t i = 0; i < q->n_logs; i++) {
    if (q->logs[i].no == entry_log_no(rowid)) {
      return &q->logs[i];
    }
  }
  return NULL;
}

/* specola_ref(position): "IT-312". */
static void sql_ref(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct questions *q = sqlite3_user_data(context);
  char reference[REFERENCE_MAX];
  (void)n;
  const int64_t rowid = sqlite3_value_int64(values[0]);
  const struct named_log *log = sqlite3_value_type(values[0]) == SQLITE_NULL ? NULL : log_of(q, rowid);
  if (log == NULL) {
    return;
  }
  reference_format(q->f, &log->node, log->gen, entry_index(rowid), reference);
  sqlite3_result_text(context, reference, -1, SQLITE_TRANSIENT);
}

/* specola_home(position): "IT". */
static void sql_home(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct questions *q = sqlite3_user_data(context);
  (void)n;
  const struct named_log *log = log_of(q, sqlite3_value_int64(values[0]));
  if (log != NULL) {
    sqlite3_result_text(context, federation_handle(q->f, &log->node), -1, SQLITE_TRANSIENT);
  }
}

/* specola_kind(schema number): "case". */
static void sql_kind(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct questions *q = sqlite3_user_data(context);
  (void)n;
  const struct schema *schema = schema_by_number(q->set, (uint64_t)sqlite3_value_int64(values[0]));
  if (schema != NULL) {
    sqlite3_result_text(context, schema->kind, -1, SQLITE_TRANSIENT);
  }
}

/* specola_day(envelope): the day that its author claims, "2026-11-22". */
static void sql_day(sqlite3_context *context, int n, sqlite3_value **values) {
  struct view header;
  struct view signature;
  struct header h;
  struct tm tm;
  char day[32];
  (void)n;
  const void *p = sqlite3_value_blob(values[0]);
  const struct view envelope = view_of(p, (size_t)sqlite3_value_bytes(values[0]));
  if (p == NULL || !envelope_split(envelope, &header, &signature) || header_decode(header, &h) != REASON_NONE ||
      h.created > (uint64_t)INT64_MAX / 2) {
    return;
  }
  const time_t t = (time_t)h.created;
  if (gmtime_r(&t, &tm) != NULL && strftime(day, sizeof day, "%Y-%m-%d", &tm) > 0) {
    sqlite3_result_text(context, day, -1, SQLITE_TRANSIENT);
  }
}

static const struct {
  const char *name;
  void (*run)(sqlite3_context *, int, sqlite3_value **);
} OWN[] = {{"specola_ref", sql_ref}, {"specola_home", sql_home}, {"specola_kind", sql_kind}, {"specola_day", sql_day}};

static enum err_code add_functions(struct questions *q, struct err *err) {
  for (size_t i = 0; i < sizeof OWN / sizeof OWN[0]; i++) {
    if (sqlite3_create_function(store_db(q->s), OWN[i].name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, q, OWN[i].run, NULL,
                                NULL) != SQLITE_OK) {
      return store_error(q->s, "functions", err);
    }
  }
  return OK;
}

/* ---- views ---- */

/* What all kinds share, beside `objects`, whose titles come from the tables of the kinds. */
static const struct {
  const char *name, *sql;
} VIEWS[] = {
    {"versions", "SELECT specola_ref(object.id) AS ref, specola_ref(object.id) AS version, "
                 "specola_day((SELECT envelope FROM entry WHERE entry.id = object.id)) AS day, object.id AS id "
                 "FROM object WHERE object.id NOT IN (SELECT held.id FROM held) "
                 "UNION ALL SELECT specola_ref(version.object), specola_ref(version.id), "
                 "specola_day((SELECT envelope FROM entry WHERE entry.id = version.id)), version.object FROM version"},
    {"facets", "SELECT specola_ref(facet.object) AS ref, facet_code.dim AS dimension, facet_code.code AS code, "
               "facet.object AS id FROM facet JOIN facet_code ON facet_code.no = facet.code "
               "JOIN object ON object.id = facet.object WHERE object.readable = 1 AND object.withdrawn IS NULL"},
    {"links", "SELECT specola_ref(link.object) AS ref, link.field AS field, lower(hex(link.target)) AS target, "
              "link.object AS id FROM link JOIN object ON object.id = link.object "
              "WHERE object.readable = 1 AND object.withdrawn IS NULL"},
    {"logs",
     "SELECT specola_home(log.no << 40) AS home, log.gen AS gen, log.size AS entries, log.body_bytes AS octets FROM log"},
};

/* "cases" of the kind case: `case` is a word of SQL. Another '_' behind it where that is a view of what all kinds share. */
static void plural(const struct schema *schema, char out[WIDE_NAME_MAX]) {
  const size_t len = strlen(schema->kind);
  const char *ending = len > 0 && schema->kind[len - 1] == 's' ? "es" : "s";
  bool is_taken = strcmp(schema->kind, "object") == 0;
  for (size_t i = 0; i < sizeof VIEWS / sizeof VIEWS[0]; i++) {
    is_taken = is_taken || (strncmp(VIEWS[i].name, schema->kind, len) == 0 && strcmp(VIEWS[i].name + len, ending) == 0);
  }
  (void)snprintf(out, WIDE_NAME_MAX, "%s%s%s", schema->kind, ending, is_taken ? "_" : "");
}

/* A hidden view and the public one on top of it. */
static enum err_code put_view(const struct questions *q, const char *name, const char *sql, struct bytes *ddl,
                              struct err *err) {
  return bytes_printf(ddl, err, "CREATE TEMP VIEW \"%s_%s\" AS %s; CREATE TEMP VIEW \"%s\" AS SELECT * FROM \"%s_%s\";\n",
                      q->secret, name, sql, name, q->secret, name);
}

static enum err_code put_kinds(const struct questions *q, struct bytes *ddl, struct err *err) {
  struct bytes sql;
  enum err_code code = OK;
  bytes_init(&sql, DDL_MAX);
  for (size_t i = 0; code == OK && i < schema_set_count(q->set); i++) {
    const struct schema *schema = schema_set_at(q->set, i);
    char table[WIDE_NAME_MAX];
    char name[WIDE_NAME_MAX];
    wide_name(schema, table);
    plural(schema, name);
    bytes_clear(&sql);
    code = bytes_printf(&sql, err,
                        "SELECT specola_ref(w.id) AS ref, specola_home(w.id) AS home, w.* FROM main.\"%s\" w "
                        "JOIN object ON object.id = w.id WHERE object.readable = 1 AND object.withdrawn IS NULL",
                        table);
    const char *text = code == OK ? bytes_text(&sql) : NULL;
    if (text != NULL) {
      code = put_view(q, name, text, ddl, err);
    }
  }
  bytes_release(&sql);
  return code;
}

static enum err_code put_objects(const struct questions *q, struct bytes *ddl, struct err *err) {
  struct bytes sql;
  bytes_init(&sql, DDL_MAX);
  enum err_code code = bytes_append_text(
      &sql, "SELECT specola_ref(object.id) AS ref, specola_home(object.id) AS home, specola_kind(object.schema) AS kind, ",
      err);
  for (size_t i = 0; code == OK && i < schema_set_count(q->set); i++) {
    char table[WIDE_NAME_MAX];
    wide_name(schema_set_at(q->set, i), table);
    code = bytes_printf(&sql, err, "%s(SELECT title FROM main.\"%s\" w WHERE w.id = object.id)",
                        i == 0 ? "coalesce(NULL, " : ", ", table);
  }
  if (code == OK) {
    code = bytes_append_text(&sql,
                             ") AS title, object.versions AS versions, object.withdrawn IS NOT NULL AS withdrawn, "
                             "specola_day((SELECT envelope FROM entry WHERE entry.id = object.id)) AS published, "
                             "specola_day((SELECT envelope FROM entry WHERE entry.id = object.newest)) AS updated, "
                             "object.id AS id FROM object WHERE object.readable = 1",
                             err);
  }
  const char *text = code == OK ? bytes_text(&sql) : NULL;
  if (text != NULL) {
    code = put_view(q, "objects", text, ddl, err);
  }
  bytes_release(&sql);
  return code;
}

/* Temporary views live in this connection alone; the store stays as it is. */
static enum err_code add_views(const struct questions *q, struct err *err) {
  struct bytes ddl;
  bytes_init(&ddl, DDL_MAX);
  enum err_code code = bytes_append_text(&ddl, "PRAGMA query_only = OFF;\n", err);
  if (code == OK) {
    code = put_objects(q, &ddl, err);
  }
  if (code == OK) {
    code = put_kinds(q, &ddl, err);
  }
  for (size_t i = 0; code == OK && i < sizeof VIEWS / sizeof VIEWS[0]; i++) {
    code = put_view(q, VIEWS[i].name, VIEWS[i].sql, &ddl, err);
  }
  if (code == OK) {
    code = bytes_append_text(&ddl, "PRAGMA query_only = ON;\n", err);
  }
  const char *text = code == OK ? bytes_text(&ddl) : NULL;
  if (text != NULL) {
    code = statement_script(q->s, text, "views for questions", err);
  }
  bytes_release(&ddl);
  return code == OK && text == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
}

/* The i-th public view, or NULL behind the last. */
static const char *view_at(const struct questions *q, size_t i, char name[WIDE_NAME_MAX]) {
  const size_t kinds = schema_set_count(q->set);
  if (i == 0) {
    return "objects";
  }
  if (i <= kinds) {
    plural(schema_set_at(q->set, i - 1), name);
    return name;
  }
  return i - 1 - kinds < sizeof VIEWS / sizeof VIEWS[0] ? VIEWS[i - 1 - kinds].name : NULL;
}

/* ---- who may read what ---- */

/* Functions of SQLite that compute and nothing else, and ours; a blank before and behind each. */
static const char FUNCTIONS[] =
    " abs avg char coalesce count cume_dist date datetime dense_rank first_value format glob group_concat hex "
    "ifnull iif instr json json_array json_each json_extract json_group_array json_group_object json_object "
    "json_valid julianday lag last_value lead length like lower ltrim max min nth_value ntile nullif percent_rank "
    "printf quote rank replace round row_number rtrim sign specola_day specola_home specola_kind specola_ref "
    "strftime substr substring sum time total trim typeof unicode unixepoch upper ";

static bool is_function(const char *name) {
  char word[64];
  const int n = snprintf(word, sizeof word, " %s ", name);
  return n > 2 && (size_t)n < sizeof word && strchr(name, ' ') == NULL && strcasestr(FUNCTIONS, word) != NULL;
}

static bool is_hidden(const struct questions *q, const char *name) {
  return name != NULL && strncmp(name, q->secret, SECRET_LEN - 1) == 0;
}

static bool is_view(const struct questions *q, const char *name) {
  char scratch[WIDE_NAME_MAX];
  const char *view;
  for (size_t i = 0; (view = view_at(q, i, scratch)) != NULL; i++) {
    if (sqlite3_stricmp(view, name) == 0) {
      return true;
    }
  }
  return is_hidden(q, name);
}

/* Tables of which not even the number of rows is for questions. Of all others count(*) may be asked: SQLite then names neither
 * column nor view, and what it names may as well be a common table expression. */
static bool is_counted(const char *name) {
  static const char *const hidden[] = {"address",      "authority", "charter",   "dbstat",    "derived_fact",
                                       "derived_wide", "entry",     "fact",      "frozen",    "held",
                                       "holds",        "identity",  "milestone", "unique_key"};
  for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
    if (sqlite3_stricmp(hidden[i], name) == 0) {
      return false;
    }
  }
  return sqlite3_strnicmp(name, "sqlite_", 7) != 0 && sqlite3_strnicmp(name, "pragma_", 7) != 0 &&
         sqlite3_strnicmp(name, "fulltext", 8) != 0;
}

static int authorize(void *context, int action, const char *a, const char *b, const char *database, const char *inner) {
  const struct questions *q = context;
  (void)database;
  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_RECURSIVE:
    return SQLITE_OK;
  case SQLITE_FUNCTION:
    return b != NULL && is_function(b) ? SQLITE_OK : SQLITE_DENY;
  case SQLITE_READ:
    return a != NULL && (is_view(q, a) || is_hidden(q, inner) || (b != NULL && b[0] == '\0' && is_counted(a))) ? SQLITE_OK
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

static bool keep_log(void *context, const struct log *log) {
  struct questions *q = context;
  struct named_log *logs = realloc(q->logs, (q->n_logs + 1) * sizeof *logs);
  if (logs == NULL) {
    q->memory = true;
    return false;
  }
  q->logs = logs;
  q->logs[q->n_logs++] = (struct named_log){log->no, log->node, log->gen};
  return true;
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
static enum err_code enter(struct questions *q, struct err *err) {
  uint8_t octets[(SECRET_LEN - 1) / 2];
  entropy_fill(entropy_system(), octets, sizeof octets);
  hex_encode(view_of(octets, sizeof octets), q->secret);
  enum err_code code = log_each(q->s, keep_log, q, err);
  if (code == OK && q->memory) {
    code = err_set(err, ERR_MEMORY, NULL);
  }
  if (code == OK) {
    code = add_functions(q, err);
  }
  if (code == OK) {
    code = add_views(q, err);
  }
  if (code == OK) {
    (void)sqlite3_set_authorizer(store_db(q->s), authorize, q);
    limit_connection(store_db(q->s));
  }
  return code;
}

/* Takes everything off the connection again; its limits stay. */
static void leave(struct questions *q) {
  sqlite3 *db = store_db(q->s);
  char scratch[WIDE_NAME_MAX];
  const char *name;
  sqlite3_progress_handler(db, 0, NULL, NULL);
  (void)sqlite3_set_authorizer(db, NULL, NULL);
  (void)sqlite3_exec(db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
  for (size_t i = 0; q->secret[0] != '\0' && (name = view_at(q, i, scratch)) != NULL; i++) {
    char drop[2 * WIDE_NAME_MAX + 128];
    (void)snprintf(drop, sizeof drop, "DROP VIEW IF EXISTS temp.\"%s\"; DROP VIEW IF EXISTS temp.\"%s_%s\"", name, q->secret,
                   name);
    (void)sqlite3_exec(db, drop, NULL, NULL, NULL);
  }
  (void)sqlite3_exec(db, "PRAGMA query_only = ON", NULL, NULL, NULL);
  for (size_t i = 0; i < sizeof OWN / sizeof OWN[0]; i++) {
    (void)sqlite3_create_function(db, OWN[i].name, 1, SQLITE_UTF8, NULL, NULL, NULL, NULL);
  }
  free(q->logs);
  q->logs = NULL;
  q->n_logs = 0;
}

/* What SQLite says of the text or of its run. */
static enum err_code failed(const struct questions *q, struct err *err) {
  sqlite3 *db = store_db(q->s);
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
    return store_error(q->s, "question", err);
  }
}

/* True if there is nothing more than blanks and semicolons. */
static bool is_blank(const char *text) {
  return text == NULL || text[strspn(text, " \t\r\n;")] == '\0';
}

static enum err_code prepare(const struct questions *q, const char *sql, sqlite3_stmt **st, struct err *err) {
  const char *rest = NULL;
  if (sqlite3_prepare_v3(store_db(q->s), sql, -1, 0, st, &rest) != SQLITE_OK) {
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
  sqlite3_progress_handler(store_db(q->s), STEPS, look_at_clock, q);
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
  struct questions q = {.s = s, .f = f, .set = set, .clock = clock};
  sqlite3_stmt *st = NULL;
  *more = false;
  enum err_code code = enter(&q, err);
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
  struct questions q = {.s = s, .f = f, .set = set};
  struct bytes text;
  char scratch[WIDE_NAME_MAX];
  const char *name;
  bool go_on = true;
  bytes_init(&text, DDL_MAX);
  enum err_code code = enter(&q, err);
  for (size_t i = 0; code == OK && go_on && (name = view_at(&q, i, scratch)) != NULL; i++) {
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
