/*
 * query_stats: counting in one walk. See query_stats.h.
 */
#include "node/store/query_stats.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"
#include "protocol/canon.h"
#include "protocol/schema/value.h"

/* Counters by name. Invariant: all are objects owned by out. */
struct counting {
  const struct federation *f;
  const struct schema_set *set;
  json_t *out, *kinds, *homes, *languages, *years, *updated, *dates, *endorsed;
  uint64_t objects, versions, complete, bands[STATS_BANDS];
  const struct field *title; /* of the object at hand */
};

static void count(json_t *counters, const char *name, size_t len) {
  char key[64];
  if (len >= sizeof key) {
    return;
  }
  memcpy(key, name, len);
  key[len] = '\0';
  const json_t *old = json_object_get(counters, key);
  (void)json_object_set_new(counters, key, json_integer(json_integer_value(old) + 1));
}

static void count_year(json_t *counters, struct view envelope) {
  struct view octets;
  struct view signature;
  struct header h;
  struct tm tm;
  char year[16];
  if (!envelope_split(envelope, &octets, &signature) || header_decode(octets, &h) != REASON_NONE ||
      h.created > (uint64_t)INT64_MAX / 2) {
    return;
  }
  const time_t t = (time_t)h.created;
  if (gmtime_r(&t, &tm) != NULL && strftime(year, sizeof year, "%Y", &tm) > 0) {
    count(counters, year, strlen(year));
  }
}

/* A date field that stands alone, by its year. */
static void count_date(const struct counting *c, const struct body_value *value) {
  json_t *years = json_object_get(c->dates, value->field->key);
  if (years == NULL) {
    years = json_object();
    (void)json_object_set_new(c->dates, value->field->key, years);
  }
  count(years, (const char *)value->value.p, 4);
}

static bool take_value(void *context, const struct body_value *value) {
  const struct counting *c = context;
  if (value->field != NULL && value->field->type == FIELD_DATE && value->field->parent == NULL && !value->field->many &&
      value->type == CANON_STR && value_is_date(value->value)) {
    count_date(c, value);
  }
  if (value->field == c->title && value->tag.len > 0) {
    count(c->languages, (const char *)value->tag.p, value->tag.len);
  }
  return true;
}

static enum err_code count_body(struct counting *c, const struct schema *schema, struct view body) {
  const unsigned complete = schema == NULL || body.len == 0 ? 0 : schema_completeness(schema, body);
  c->complete += complete;
  c->bands[complete / 25]++;
  if (schema == NULL || body.len == 0) {
    return OK;
  }
  c->title = schema->title;
  /* A body that does not read well is shown nowhere else either. */
  return body_walk(schema, body, take_value, c, NULL) == ERR_MEMORY ? ERR_MEMORY : OK;
}

static enum err_code count_object(struct counting *c, struct store *s, sqlite3_stmt *st, struct log *log, struct err *err) {
  const int64_t id = sqlite3_column_int64(st, 0);
  const struct schema *schema = schema_by_number(c->set, (uint64_t)sqlite3_column_int64(st, 1));
  enum err_code code = log->no == entry_log_no(id) ? OK : log_by_no(s, entry_log_no(id), log, err);
  if (code != OK) {
    return code;
  }
  const char *handle = federation_handle(c->f, &log->node);
  const char *kind = schema == NULL ? "?" : schema->kind;
  c->objects++;
  c->versions += (uint64_t)sqlite3_column_int64(st, 2);
  count(c->kinds, kind, strlen(kind));
  count(c->homes, handle, strlen(handle));
  count_year(c->years, statement_blob(st, 3));
  count_year(c->updated, statement_blob(st, 4));
  const char *state = endorsed_name(sqlite3_column_int(st, 6) == ENDORSED_CURRENTLY ? ENDORSED_CURRENTLY
                                    : sqlite3_column_int(st, 6) == ENDORSED_EARLIER ? ENDORSED_EARLIER
                                                                                    : ENDORSED_NOT);
  count(c->endorsed, state, strlen(state));
  return count_body(c, schema, statement_blob(st, 5));
}

static enum err_code walk(struct counting *c, struct store *s, const struct query *query, struct err *err) {
  struct query_sql q;
  struct log log = {.no = 0};
  sqlite3_stmt *st = NULL;
  bool row = true;
  query_sql_init(&q);
  enum err_code code = query_sql_add(&q,
                                     "SELECT object.id, object.schema, object.versions, "
                                     "(SELECT envelope FROM entry WHERE entry.id = object.id), "
                                     "(SELECT envelope FROM entry WHERE entry.id = object.newest), "
                                     "(SELECT body FROM entry WHERE entry.id = object.newest), "
                                     "coalesce((SELECT state FROM endorsed WHERE endorsed.object = object.id), 0)",
                                     err);
  if (code == OK) {
    code = query_sql_where(&q, c->f, c->set, query, NULL, err);
  }
  if (code == OK) {
    code = query_sql_prepare(&q, s, &st, err);
  }
  while (code == OK && (code = statement_step(s, st, &row, "figures", err)) == OK && row) {
    code = count_object(c, s, st, &log, err);
  }
  (void)sqlite3_finalize(st);
  query_sql_release(&q);
  return code;
}

/* How many of what the query finds were withdrawn. */
static enum err_code count_withdrawn(const struct counting *c, struct store *s, const struct query *query, int64_t *n,
                                     struct err *err) {
  struct query with = *query;
  struct query_sql q;
  sqlite3_stmt *st = NULL;
  bool row = false;
  with.withdrawn = true;
  query_sql_init(&q);
  enum err_code code = query_sql_add(&q, "SELECT count(object.withdrawn)", err);
  if (code == OK) {
    code = query_sql_where(&q, c->f, c->set, &with, NULL, err);
  }
  if (code == OK) {
    code = query_sql_prepare(&q, s, &st, err);
  }
  if (code == OK) {
    code = statement_step(s, st, &row, "figures", err);
  }
  *n = code == OK && row ? sqlite3_column_int64(st, 0) : 0;
  (void)sqlite3_finalize(st);
  query_sql_release(&q);
  return code;
}

static json_t *new_counters(json_t *out, const char *name) {
  json_t *counters = json_object();
  return json_object_set_new(out, name, counters) == 0 ? counters : NULL;
}

static void put(json_t *out, const char *name, uint64_t value) {
  (void)json_object_set_new(out, name, json_integer((json_int_t)value));
}

enum err_code query_stats(struct store *s, const struct federation *f, const struct schema_set *set, const struct query *q,
                          json_t **out, struct err *err) {
  struct counting c = {.f = f, .set = set, .out = json_object()};
  struct query found = *q;
  int64_t withdrawn = 0;
  found.withdrawn = false;
  store_use_schemas(s, set);
  c.kinds = new_counters(c.out, "kind");
  c.homes = new_counters(c.out, "home");
  c.languages = new_counters(c.out, "title_language");
  c.years = new_counters(c.out, "year");
  c.updated = new_counters(c.out, "updated");
  c.dates = new_counters(c.out, "dates");
  c.endorsed = new_counters(c.out, "endorsed");
  json_t *bands = json_array();
  if (c.kinds == NULL || c.homes == NULL || c.languages == NULL || c.years == NULL || c.updated == NULL || c.dates == NULL ||
      c.endorsed == NULL || bands == NULL) {
    json_decref(c.out);
    json_decref(bands);
    return err_set(err, ERR_MEMORY, NULL);
  }
  (void)json_object_set_new(c.out, "completeness_bands", bands);
  enum err_code code = walk(&c, s, &found, err);
  if (code == OK) {
    code = count_withdrawn(&c, s, q, &withdrawn, err);
  }
  if (code != OK) {
    json_decref(c.out);
    return code;
  }
  for (size_t i = 0; i < STATS_BANDS; i++) {
    (void)json_array_append_new(bands, json_integer((json_int_t)c.bands[i]));
  }
  put(c.out, "objects", c.objects);
  put(c.out, "versions", c.versions);
  put(c.out, "withdrawn", (uint64_t)withdrawn);
  put(c.out, "completeness", c.objects == 0 ? 0 : c.complete / c.objects);
  *out = c.out;
  return OK;
}
