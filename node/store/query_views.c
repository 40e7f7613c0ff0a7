/*
 * query_views: the tables for questions and the functions below them. See query_views.h. To add one that all kinds share: a row
 * in VIEWS, and a section in docs/research.md, whose examples are run by a test.
 */
#include "node/store/query_views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/clock.h"
#include "node/store/inside.h"
#include "node/store/query_rows.h"
#include "node/store/signed_function.h"
#include "node/store/statement.h"

/* A log whose entries are named. */
struct views_log {
  int64_t no;
  struct hash node;
  struct hash root; /* of the entries held */
  uint64_t gen;
};

/* ---- functions of the views ---- */

static const struct views_log *log_of(const struct views *v, int64_t rowid) {
  for (size_t i = 0; i < v->n_logs; i++) {
    if (v->logs[i].no == entry_log_no(rowid)) {
      return &v->logs[i];
    }
  }
  return NULL;
}

static void put_text(sqlite3_context *context, const char *text) {
  sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void put_hash(sqlite3_context *context, const struct hash *hash) {
  char hex[HASH_HEX_LEN];
  hex_encode(hash_view(hash), hex);
  put_text(context, hex);
}

static struct view blob_of(sqlite3_value *value) {
  const void *p = sqlite3_value_blob(value);
  return view_of(p, p == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

/* specola_ref(position): "IT-312". */
static void sql_ref(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  char reference[REFERENCE_MAX];
  (void)n;
  const int64_t rowid = sqlite3_value_int64(values[0]);
  const struct views_log *log = sqlite3_value_type(values[0]) == SQLITE_NULL ? NULL : log_of(v, rowid);
  if (log != NULL) {
    reference_format(v->f, &log->node, log->gen, entry_index(rowid), reference);
    put_text(context, reference);
  }
}

/* specola_home(position): "IT". */
static void sql_home(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  (void)n;
  const struct views_log *log = log_of(v, sqlite3_value_int64(values[0]));
  if (log != NULL) {
    put_text(context, federation_handle(v->f, &log->node));
  }
}

/* specola_root(position): the root of the entries held of that log. */
static void sql_root(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views_log *log = log_of(sqlite3_user_data(context), sqlite3_value_int64(values[0]));
  (void)n;
  if (log != NULL) {
    put_hash(context, &log->root);
  }
}

/* specola_kind(schema number): "case". */
static void sql_kind(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  (void)n;
  const struct schema *schema = schema_by_number(v->set, (uint64_t)sqlite3_value_int64(values[0]));
  if (schema != NULL) {
    put_text(context, schema->kind);
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
  const struct view envelope = blob_of(values[0]);
  if (envelope.p == NULL || !envelope_split(envelope, &header, &signature) || header_decode(header, &h) != REASON_NONE ||
      h.created > (uint64_t)INT64_MAX / 2) {
    return;
  }
  const time_t t = (time_t)h.created;
  if (gmtime_r(&t, &tm) != NULL && strftime(day, sizeof day, "%Y-%m-%d", &tm) > 0) {
    put_text(context, day);
  }
}

/* specola_id(envelope): the record id. */
static void sql_id(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  struct view header;
  struct view signature;
  (void)n;
  const struct view envelope = blob_of(values[0]);
  if (envelope.p != NULL && envelope_split(envelope, &header, &signature)) {
    const struct hash id = record_id(&v->f->charter.fed_id, header);
    put_hash(context, &id);
  }
}

/* specola_rid(record id): as the column `rid` of entries has it. */
static void sql_rid(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct view id = blob_of(values[0]);
  (void)n;
  if (id.len == HASH_LEN) {
    sqlite3_result_int64(context, (int64_t)get_u64be(id.p));
  }
}

/* specola_country(position): of that node in the epoch, "IT". */
static void sql_country(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  (void)n;
  const struct views_log *log = log_of(v, sqlite3_value_int64(values[0]));
  const struct federation_member *m = log == NULL ? NULL : federation_by_node(v->f, &log->node);
  if (m != NULL && m->until == 0) {
    put_text(context, m->member->country);
  }
}

/* specola_completeness(schema number, body): 0 to 100. */
static void sql_completeness(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  const struct schema *schema = schema_by_number(v->set, (uint64_t)sqlite3_value_int64(values[0]));
  const struct view body = blob_of(values[1]);
  (void)n;
  if (schema != NULL && body.len > 0) {
    sqlite3_result_int(context, (int)schema_completeness(schema, body));
  }
}

/* A text of rows, owned by SQLite from here on. What does not read well has no rows, and hinders nobody's question. */
static void put_rows(sqlite3_context *context, enum err_code code, char *rows) {
  if (code == OK) {
    sqlite3_result_text(context, rows, -1, free);
  } else if (code == ERR_MEMORY) {
    sqlite3_result_error_nomem(context);
  }
}

/* specola_fields(schema number, body), specola_kinds(), specola_codes(): JSON for json_each (query_rows.h). */
static void sql_fields(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  const struct schema *schema = schema_by_number(v->set, (uint64_t)sqlite3_value_int64(values[0]));
  const struct view body = blob_of(values[1]);
  char *rows = NULL;
  (void)n;
  if (schema != NULL && body.len > 0) {
    const enum err_code code = rows_of_body(schema, body, &rows);
    put_rows(context, code, rows);
  }
}

static void sql_kinds(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  char *rows = NULL;
  (void)n;
  (void)values;
  const enum err_code code = rows_of_kinds(v->set, &rows);
  put_rows(context, code, rows);
}

static void sql_codes(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct views *v = sqlite3_user_data(context);
  char *rows = NULL;
  (void)n;
  (void)values;
  const enum err_code code = rows_of_codes(v->set, &rows);
  put_rows(context, code, rows);
}

static const struct {
  const char *name;
  int n_values;
  void (*run)(sqlite3_context *, int, sqlite3_value **);
} OWN[] = {{"specola_ref", 1, sql_ref},         {"specola_home", 1, sql_home},
           {"specola_root", 1, sql_root},       {"specola_kind", 1, sql_kind},
           {"specola_day", 1, sql_day},         {"specola_id", 1, sql_id},
           {"specola_rid", 1, sql_rid},         {"specola_fields", 2, sql_fields},
           {"specola_kinds", 0, sql_kinds},     {"specola_codes", 0, sql_codes},
           {"specola_country", 1, sql_country}, {"specola_standing", 1, signed_standing},
           {"specola_named", 2, signed_named},  {"specola_certifies", 2, signed_certifies},
           {"specola_name", 1, signed_name},    {"specola_completeness", 2, sql_completeness}};
#define N_OWN (sizeof OWN / sizeof OWN[0])

static enum err_code add_functions(struct views *v, struct err *err) {
  for (size_t i = 0; i < N_OWN; i++) {
    if (sqlite3_create_function(store_db(v->s), OWN[i].name, OWN[i].n_values, SQLITE_UTF8 | SQLITE_DETERMINISTIC, v, OWN[i].run,
                                NULL, NULL) != SQLITE_OK) {
      return store_error(v->s, "functions", err);
    }
  }
  return OK;
}

/* ---- views ---- */

#define ENVELOPE_OF(position) "(SELECT envelope FROM entry WHERE entry.id = " position ")"

/* What all kinds share, beside `objects`, whose titles come from the tables of the kinds. LIMIT -1 keeps SQLite from reading
 * `schema` and `codes` anew for each row that they are joined to. */
static const struct {
  const char *name, *sql;
} VIEWS[] = {
    {"versions", "SELECT specola_ref(object.id) AS ref, specola_ref(object.id) AS version, specola_day(" ENVELOPE_OF(
                     "object.id") ") AS day, "
                                  "specola_id(" ENVELOPE_OF(
                                      "object.id") ") AS version_id, object.id AS id "
                                                   "FROM object WHERE object.readable < 2 AND object.id NOT IN "
                                                   "(SELECT held.id FROM held) "
                                                   "UNION ALL SELECT specola_ref(version.object), specola_ref(version.id), "
                                                   "specola_day(" ENVELOPE_OF(
                                                       "version.id") "), "
                                                                     "specola_id(" ENVELOPE_OF(
                                                                         "version.id") "), version.object FROM version "
                                                                                       "JOIN object ON object.id = "
                                                                                       "version.object "
                                                                                       "WHERE object.readable < 2"},
    {"fields", "SELECT specola_ref(object.id) AS ref, json_extract(j.value, '$[0]') AS field, "
               "json_extract(j.value, '$[1]') AS row, json_extract(j.value, '$[2]') AS item, "
               "json_extract(j.value, '$[3]') AS lang, json_extract(j.value, '$[4]') AS value, object.id AS id "
               "FROM object JOIN entry ON entry.id = object.newest "
               "JOIN json_each(specola_fields(object.schema, entry.body)) j "
               "WHERE object.readable = 1 AND object.withdrawn IS NULL"},
    {"schema", "SELECT json_extract(j.value, '$[0]') AS kind, json_extract(j.value, '$[1]') AS field, "
               "json_extract(j.value, '$[2]') AS type, json_extract(j.value, '$[3]') AS many, "
               "json_extract(j.value, '$[4]') AS need, json_extract(j.value, '$[5]') AS vocabulary, "
               "json_extract(j.value, '$[6]') AS dimension, json_extract(j.value, '$[7]') AS label_en, "
               "json_extract(j.value, '$[8]') AS label_it, json_extract(j.value, '$[9]') AS help_en, "
               "json_extract(j.value, '$[10]') AS help_it FROM json_each(specola_kinds()) j LIMIT -1"},
    {"codes", "SELECT json_extract(j.value, '$[0]') AS vocabulary, json_extract(j.value, '$[1]') AS code, "
              "json_extract(j.value, '$[2]') AS label_en, json_extract(j.value, '$[3]') AS label_it "
              "FROM json_each(specola_codes()) j LIMIT -1"},
    {"facets", "SELECT specola_ref(facet.object) AS ref, facet_code.dim AS dimension, facet_code.code AS code, "
               "facet.object AS id FROM facet JOIN facet_code ON facet_code.no = facet.code "
               "JOIN object ON object.id = facet.object WHERE object.readable = 1 AND object.withdrawn IS NULL"},
    {"links", "SELECT specola_ref(link.object) AS ref, link.field AS field, lower(hex(link.target)) AS target, "
              "(SELECT o.id FROM entry e JOIN object o ON o.id = e.id WHERE e.rid = specola_rid(link.target) "
              "AND specola_id(e.envelope) = lower(hex(link.target)) AND o.readable = 1 ORDER BY o.id LIMIT 1) AS target_id, "
              "link.object AS id FROM link JOIN object ON object.id = link.object "
              "WHERE object.readable = 1 AND object.withdrawn IS NULL"},
    {"endorsements",
     "SELECT specola_ref(x.id) AS endorsement, specola_ref(x.of) AS ref, specola_ref(x.version) AS version, "
     "specola_home(x.id) AS home, specola_country(x.id) AS country, "
     "(SELECT specola_name(c.body) FROM log own JOIN log each ON each.node = own.node JOIN authority ON authority.kind = 2 AND "
     "authority.id >= each.no << 40 AND authority.id < (each.no + 1) << 40 JOIN entry c ON c.id = authority.id "
     "WHERE own.no = x.id >> 40 AND (each.gen < own.gen OR (each.gen = own.gen AND authority.id < x.id)) "
     "AND specola_certifies(c.envelope, " ENVELOPE_OF(
         "x.id") ") ORDER BY each.gen DESC, authority.id DESC LIMIT 1) "
                 "AS reviewer, x.person AS person, specola_day(" ENVELOPE_OF(
                     "x.id") ") AS day, "
                             "x.standing = 0 AS counts, specola_standing(x.standing) AS standing, "
                             "specola_named(" ENVELOPE_OF("x.id") ", 1) AS object_id, specola_named(" ENVELOPE_OF(
                                 "x.id") ", 0) AS version_id, "
                                         "specola_named(" ENVELOPE_OF("x.id") ", 2) AS policy_id, specola_id(" ENVELOPE_OF(
                                             "x.id") ") AS endorsement_id, "
                                                     "x.of AS id FROM (SELECT id, of, version, person, standing FROM "
                                                     "endorsement UNION ALL "
                                                     "SELECT id, NULL, NULL, NULL, -reason FROM endorsement_held) x "
                                                     "WHERE NOT EXISTS (SELECT object.id FROM object WHERE object.id = x.of "
                                                     "AND object.readable > 1)"},
    {"logs", "SELECT specola_home(log.no << 40) AS home, log.gen AS gen, log.size AS entries, log.body_bytes AS octets, "
             "specola_root(log.no << 40) AS root FROM log"},
};
#define N_VIEWS (sizeof VIEWS / sizeof VIEWS[0])

/* "cases" of the kind case: `case` is a word of SQL. Another '_' behind it where that is a view of what all kinds share. */
static void plural(const struct schema *schema, char out[WIDE_NAME_MAX]) {
  const size_t len = strlen(schema->kind);
  const char *ending = len > 0 && schema->kind[len - 1] == 's' ? "es" : "s";
  bool is_taken = strcmp(schema->kind, "object") == 0;
  for (size_t i = 0; i < N_VIEWS; i++) {
    is_taken = is_taken || (strncmp(VIEWS[i].name, schema->kind, len) == 0 && strcmp(VIEWS[i].name + len, ending) == 0);
  }
  (void)snprintf(out, WIDE_NAME_MAX, "%s%s%s", schema->kind, ending, is_taken ? "_" : "");
}

/* A hidden view and the public one on top of it. */
static enum err_code put_view(const struct views *v, const char *name, const char *sql, struct bytes *ddl, struct err *err) {
  return bytes_printf(ddl, err, "CREATE TEMP VIEW \"%s_%s\" AS %s; CREATE TEMP VIEW \"%s\" AS SELECT * FROM \"%s_%s\";\n",
                      v->secret, name, sql, name, v->secret, name);
}

static enum err_code put_kinds(const struct views *v, struct bytes *ddl, struct err *err) {
  struct bytes sql;
  enum err_code code = OK;
  bytes_init(&sql, VIEWS_DDL_MAX);
  for (size_t i = 0; code == OK && i < schema_set_count(v->set); i++) {
    const struct schema *schema = schema_set_at(v->set, i);
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
      code = put_view(v, name, text, ddl, err);
    }
  }
  bytes_release(&sql);
  return code;
}

static enum err_code put_objects(const struct views *v, struct bytes *ddl, struct err *err) {
  struct bytes sql;
  bytes_init(&sql, VIEWS_DDL_MAX);
  enum err_code code = bytes_append_text(
      &sql, "SELECT specola_ref(object.id) AS ref, specola_home(object.id) AS home, specola_kind(object.schema) AS kind, ",
      err);
  for (size_t i = 0; code == OK && i < schema_set_count(v->set); i++) {
    char table[WIDE_NAME_MAX];
    wide_name(schema_set_at(v->set, i), table);
    code = bytes_printf(&sql, err, "%s(SELECT title FROM main.\"%s\" w WHERE w.id = object.id)",
                        i == 0 ? "coalesce(NULL, " : ", ", table);
  }
  if (code == OK) {
    code = bytes_append_text(
        &sql,
        ") AS title, object.versions AS versions, object.withdrawn IS NOT NULL AS withdrawn, "
        "specola_day(" ENVELOPE_OF(
            "object.id") ") AS published, "
                         "specola_day(" ENVELOPE_OF(
                             "object.newest") ") AS updated, "
                                              "specola_completeness(object.schema, (SELECT body FROM entry WHERE entry.id = "
                                              "object.newest)) "
                                              "AS completeness, specola_id(" ENVELOPE_OF(
                                                  "object.id") ") AS object_id, "
                                                               "object.id AS id, "
                                                               "CASE (SELECT state FROM endorsed WHERE endorsed.object = "
                                                               "object.id) WHEN 2 THEN 'current' WHEN 1 THEN 'earlier' ELSE "
                                                               "'none' END AS endorsed FROM object WHERE object.readable = 1",
        err);
  }
  const char *text = code == OK ? bytes_text(&sql) : NULL;
  if (text != NULL) {
    code = put_view(v, "objects", text, ddl, err);
  }
  bytes_release(&sql);
  return code;
}

static enum err_code add_views(const struct views *v, struct err *err) {
  struct bytes ddl;
  bytes_init(&ddl, VIEWS_DDL_MAX);
  enum err_code code = bytes_append_text(&ddl, "PRAGMA query_only = OFF;\n", err);
  if (code == OK) {
    code = put_objects(v, &ddl, err);
  }
  if (code == OK) {
    code = put_kinds(v, &ddl, err);
  }
  for (size_t i = 0; code == OK && i < N_VIEWS; i++) {
    code = put_view(v, VIEWS[i].name, VIEWS[i].sql, &ddl, err);
  }
  if (code == OK) {
    /* Once asked for, json_each is there: under an authorizer SQLite could not make it. */
    code = bytes_append_text(&ddl, "SELECT 0 FROM json_each('[]');\nPRAGMA query_only = ON;\n", err);
  }
  const char *text = code == OK ? bytes_text(&ddl) : NULL;
  if (text != NULL) {
    code = statement_script(v->s, text, "views for questions", err);
  }
  bytes_release(&ddl);
  return code == OK && text == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
}

const char *views_at(const struct views *v, size_t i, char name[WIDE_NAME_MAX]) {
  const size_t kinds = schema_set_count(v->set);
  if (i == 0) {
    return "objects";
  }
  if (i <= kinds) {
    plural(schema_set_at(v->set, i - 1), name);
    return name;
  }
  return i - 1 - kinds < N_VIEWS ? VIEWS[i - 1 - kinds].name : NULL;
}

bool views_is_hidden(const struct views *v, const char *name) {
  return name != NULL && strncmp(name, v->secret, VIEWS_SECRET_LEN - 1) == 0;
}

/* ---- in and out ---- */

static bool keep_log(void *context, const struct log *log) {
  struct views *v = context;
  struct views_log *logs = realloc(v->logs, (v->n_logs + 1) * sizeof *logs);
  if (logs == NULL) {
    v->memory = true;
    return false;
  }
  v->logs = logs;
  v->logs[v->n_logs++] =
      (struct views_log){.no = log->no, .node = log->node, .root = merkle_root(&log->range), .gen = log->gen};
  return true;
}

enum err_code views_open(struct views *v, struct store *s, const struct federation *f, const struct schema_set *set,
                         struct err *err) {
  uint8_t octets[(VIEWS_SECRET_LEN - 1) / 2];
  *v = (struct views){.s = s, .f = f, .set = set};
  entropy_fill(entropy_system(), octets, sizeof octets);
  hex_encode(view_of(octets, sizeof octets), v->secret);
  enum err_code code = log_each(s, keep_log, v, err);
  if (code == OK && v->memory) {
    code = err_set(err, ERR_MEMORY, NULL);
  }
  if (code == OK) {
    code = add_functions(v, err);
  }
  return code == OK ? add_views(v, err) : code;
}

void views_close(struct views *v) {
  sqlite3 *db = store_db(v->s);
  char scratch[WIDE_NAME_MAX];
  const char *name;
  (void)sqlite3_exec(db, "PRAGMA query_only = OFF", NULL, NULL, NULL);
  for (size_t i = 0; v->secret[0] != '\0' && (name = views_at(v, i, scratch)) != NULL; i++) {
    char drop[2 * WIDE_NAME_MAX + 128];
    (void)snprintf(drop, sizeof drop, "DROP VIEW IF EXISTS temp.\"%s\"; DROP VIEW IF EXISTS temp.\"%s_%s\"", name, v->secret,
                   name);
    (void)sqlite3_exec(db, drop, NULL, NULL, NULL);
  }
  (void)sqlite3_exec(db, "PRAGMA query_only = ON", NULL, NULL, NULL);
  for (size_t i = 0; i < N_OWN; i++) {
    (void)sqlite3_create_function(db, OWN[i].name, OWN[i].n_values, SQLITE_UTF8, NULL, NULL, NULL, NULL);
  }
  free(v->logs);
  v->logs = NULL;
  v->n_logs = 0;
}
