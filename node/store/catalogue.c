/*
 * catalogue: see catalogue.h. How one is made anew; how it is renewed is catalogue_renew.c.
 */
#include "node/store/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "node/store/catalogue_inside.h"
#include "node/store/statement.h"

#define NAMES_MAX ((size_t)64 * 1024 * 1024) /* octets of all dims and codes */
#define OBJECTS_MAX UINT32_C(16777216)
#define PLACES_MAX ((size_t)1024 * 1024 * 1024) /* octets of all places */

enum err_code cataloguing_new(struct store *s, struct cataloguing *out, struct err *err) {
  *out = (struct cataloguing){.s = s, .c = calloc(1, sizeof *out->c)};
  bytes_init(&out->codes, NAMES_MAX);
  bytes_init(&out->objects, OBJECTS_MAX * sizeof(struct catalogue_object));
  if (out->c == NULL) return err_set(err, ERR_MEMORY, NULL);
  bytes_init(&out->c->names, NAMES_MAX);
  bytes_init(&out->c->places, PLACES_MAX);
  return OK;
}

void cataloguing_release(struct cataloguing *d) {
  catalogue_free(d->c);
  bytes_release(&d->codes);
  bytes_release(&d->objects);
}

/* ---- logs and schemas ---- */

struct log_list {
  struct catalogue *c;
  enum err_code code;
};

static bool take_log(void *context, const struct log *log) {
  struct log_list *l = context;
  struct log *more = realloc(l->c->logs, ((size_t)l->c->n_logs + 1) * sizeof *more);
  if (more == NULL) {
    l->code = ERR_MEMORY;
    return false;
  }
  l->c->logs = more;
  l->c->logs[l->c->n_logs++] = *log;
  return true;
}

static enum err_code read_schemas(struct cataloguing *d, struct err *err) {
  static const char sql[] = "SELECT value FROM derived_fact WHERE name = 'schemas'";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(d->s, sql, &st, err);
  if (code == OK) code = statement_step(d->s, st, &row, "catalogue", err);
  if (code == OK && row && !statement_hash(st, 0, &d->c->schemas)) code = err_set(err, ERR_CORRUPT, "schemas of no hash");
  statement_done(st);
  return code;
}

/* ---- objects ---- */

/* FTS5 keeps a varint for each column (fts5.html 8.4). */
static uint32_t read_length(struct view sizes) {
  uint64_t sum = 0, number = 0;
  for (size_t i = 0; i < sizes.len; i++) {
    number = number << 7 | (sizes.p[i] & 0x7f);
    if ((sizes.p[i] & 0x80) != 0) continue;
    sum += number;
    number = 0;
  }
  return sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

static enum err_code find_length(struct cataloguing *d, struct catalogue_object *o, struct err *err) {
  static const char sql[] = "SELECT sz FROM fulltext_docsize WHERE id = :id";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(d->s, sql, &st, err);
  if (code != OK) return code;
  statement_bind_int(st, 1, o->id);
  code = statement_step(d->s, st, &row, "catalogue", err);
  if (code == OK && row) o->length = read_length(statement_blob(st, 0));
  statement_done(st);
  return code;
}

static enum endorsed state_of(int64_t state) {
  return state == ENDORSED_CURRENTLY ? ENDORSED_CURRENTLY : state == ENDORSED_EARLIER ? ENDORSED_EARLIER : ENDORSED_NOT;
}

static enum err_code read_objects(struct cataloguing *d, const struct catalogue *last, struct err *err) {
  static const char sql[] =
      "SELECT id, newest, arrival, schema, coalesce((SELECT state FROM endorsed WHERE endorsed.object = object.id), 0) "
      "FROM object WHERE readable = 1 AND withdrawn IS NULL AND newest IS NOT NULL ORDER BY id";
  sqlite3_stmt *st = NULL;
  uint32_t at = 0;
  bool row = true;
  enum err_code code = statement_get(d->s, sql, &st, err);
  while (code == OK && (code = statement_step(d->s, st, &row, "catalogue", err)) == OK && row) {
    struct catalogue_object o = {.id = sqlite3_column_int64(st, 0),
                                 .newest = sqlite3_column_int64(st, 1),
                                 .arrival = sqlite3_column_int64(st, 2),
                                 .schema = (uint64_t)sqlite3_column_int64(st, 3),
                                 .endorsed = state_of(sqlite3_column_int64(st, 4))};
    const uint32_t place = last == NULL ? 0 : catalogue_next(last, &at, o.id);
    if (last != NULL && place < last->n && last->objects[place].newest == o.newest) {
      o.length = last->objects[place].length;
    } else {
      code = find_length(d, &o, err);
    }
    if (code == OK) code = bytes_append(&d->objects, view_of(&o, sizeof o), err);
  }
  statement_done(st);
  return code;
}

enum err_code cataloguing_read(struct cataloguing *d, const struct catalogue *last, struct err *err) {
  struct log_list logs = {.c = d->c, .code = OK};
  enum err_code code = log_each(d->s, take_log, &logs, err);
  if (code == OK && logs.code != OK) code = err_set(err, logs.code, NULL);
  if (code == OK) code = read_schemas(d, err);
  return code == OK ? read_objects(d, last, err) : code;
}

static int compare_objects(const void *a, const void *b, void *context) {
  const struct catalogue_object *objects = context;
  const struct catalogue_object *x = &objects[*(const uint32_t *)a], *y = &objects[*(const uint32_t *)b];
  if (x->arrival != y->arrival) return (x->arrival < y->arrival) - (x->arrival > y->arrival);
  return (x->newest < y->newest) - (x->newest > y->newest);
}

enum err_code cataloguing_sort(struct cataloguing *d, struct err *err) {
  struct catalogue *c = d->c;
  struct catalogue_object *read = (struct catalogue_object *)(void *)d->objects.p;
  c->n = (uint32_t)(d->objects.len / sizeof *read);
  c->objects = calloc((size_t)c->n + 1, sizeof *c->objects);
  c->by_id = calloc((size_t)c->n + 1, sizeof *c->by_id);
  uint32_t *order = calloc((size_t)c->n + 1, sizeof *order);
  const bool good = c->objects != NULL && c->by_id != NULL && order != NULL;
  for (uint32_t i = 0; good && i < c->n; i++)
    order[i] = i;
  if (good) qsort_r(order, c->n, sizeof *order, compare_objects, read);
  for (uint32_t i = 0; good && i < c->n; i++) {
    c->objects[i] = read[order[i]];
    c->by_id[order[i]] = i;
  }
  free(order);
  bytes_release(&d->objects);
  return good ? OK : err_set(err, ERR_MEMORY, NULL);
}

/* ---- codes ---- */

/* Appends text with its NUL and tells where it begins. */
static enum err_code put_name(struct bytes *names, struct view text, size_t *at, struct err *err) {
  *at = names->len;
  const enum err_code code = bytes_append(names, text, err);
  return code == OK ? bytes_append_u8(names, 0, err) : code;
}

static struct counted_code *last_code(struct cataloguing *d) {
  return (struct counted_code *)(void *)(d->codes.p + d->codes.len) - 1;
}

enum err_code cataloguing_code(struct cataloguing *d, struct view dim, struct view code, struct err *err) {
  struct counted_code next = {.first = (uint32_t)(d->c->places.len / sizeof(uint32_t))};
  enum err_code result = put_name(&d->c->names, dim, &next.dim, err);
  if (result == OK) result = put_name(&d->c->names, code, &next.code, err);
  return result == OK ? bytes_append(&d->codes, view_of(&next, sizeof next), err) : result;
}

enum err_code cataloguing_place(struct cataloguing *d, uint32_t place, struct err *err) {
  last_code(d)->n++;
  return bytes_append(&d->c->places, view_of(&place, sizeof place), err);
}

static int compare_places(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

void cataloguing_end(struct cataloguing *d) {
  const struct counted_code *code = last_code(d);
  if (code->n == 0) {
    d->c->names.len = code->dim;
    d->codes.len -= sizeof *code;
    return;
  }
  uint32_t *places = (uint32_t *)(void *)d->c->places.p + code->first;
  bool rise = true;
  for (uint32_t i = 1; i < code->n && rise; i++)
    rise = places[i - 1] < places[i];
  if (!rise) qsort(places, code->n, sizeof *places, compare_places);
}

/* The same the other way round: counted, summed up, filled. */
static enum err_code turn_round(struct catalogue *c, struct err *err) {
  c->codes_of = malloc(c->places.len + 1);
  c->codes_from = calloc((size_t)c->n + 2, sizeof *c->codes_from);
  if (c->codes_of == NULL || c->codes_from == NULL) return err_set(err, ERR_MEMORY, NULL);
  uint32_t *next = c->codes_from + 1;
  for (uint32_t i = 0; i < c->n_codes; i++)
    for (uint32_t k = 0; k < c->codes[i].n; k++)
      next[c->codes[i].places[k] + 1]++;
  for (uint32_t i = 0; i < c->n; i++)
    next[i + 1] += next[i];
  for (uint32_t i = 0; i < c->n_codes; i++)
    for (uint32_t k = 0; k < c->codes[i].n; k++)
      c->codes_of[next[c->codes[i].places[k]]++] = i;
  return OK;
}

enum err_code cataloguing_finish(struct cataloguing *d, struct catalogue **out, struct err *err) {
  struct catalogue *c = d->c;
  const struct counted_code *codes = (const struct counted_code *)(const void *)d->codes.p;
  const uint32_t *places = (const uint32_t *)(const void *)c->places.p;
  c->n_codes = (uint32_t)(d->codes.len / sizeof *codes);
  c->codes = calloc((size_t)c->n_codes + 1, sizeof *c->codes);
  if (c->codes == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < c->n_codes; i++) {
    c->codes[i] = (struct catalogue_code){.dim = (const char *)c->names.p + codes[i].dim,
                                          .code = (const char *)c->names.p + codes[i].code,
                                          .places = places + codes[i].first,
                                          .n = codes[i].n};
  }
  const enum err_code code = turn_round(c, err);
  if (code != OK) return code;
  d->c = NULL;
  *out = c;
  return OK;
}

/* The dimension that no body tells. */
static enum err_code put_endorsed(struct cataloguing *d, struct err *err) {
  static const enum endorsed states[] = {ENDORSED_CURRENTLY, ENDORSED_EARLIER, ENDORSED_NOT}; /* rising by their names */
  enum err_code code = OK;
  for (size_t i = 0; i < sizeof states / sizeof states[0] && code == OK; i++) {
    code = cataloguing_code(d, view_of_text(ENDORSED_DIM), view_of_text(endorsed_name(states[i])), err);
    for (uint32_t k = 0; k < d->c->n && code == OK; k++) {
      if (d->c->objects[k].endorsed == states[i]) code = cataloguing_place(d, k, err);
    }
    if (code == OK) cataloguing_end(d);
  }
  return code;
}

/* Whether it stands behind the dimension that no body tells. */
static bool is_behind(struct view dim) {
  const int order = memcmp(dim.p, ENDORSED_DIM, dim.len < strlen(ENDORSED_DIM) ? dim.len : strlen(ENDORSED_DIM));
  return order > 0 || (order == 0 && dim.len > strlen(ENDORSED_DIM));
}

static enum err_code read_codes(struct cataloguing *d, struct err *err) {
  static const char sql[] =
      "SELECT facet_code.no, facet_code.dim, facet_code.code, facet.object FROM facet_code JOIN facet ON "
      "facet.code = facet_code.no WHERE length(facet_code.code) <= 100 ORDER BY facet_code.dim, facet_code.code, facet.object";
  sqlite3_stmt *st = NULL;
  int64_t no = 0;
  uint32_t at = 0;
  bool row = true, endorsed = false;
  enum err_code code = statement_get(d->s, sql, &st, err);
  while (code == OK && (code = statement_step(d->s, st, &row, "catalogue", err)) == OK && row) {
    if (sqlite3_column_int64(st, 0) != no) {
      if (no != 0) cataloguing_end(d);
      if (!endorsed && is_behind(statement_text(st, 1))) {
        endorsed = true;
        code = put_endorsed(d, err);
        if (code != OK) break;
      }
      no = sqlite3_column_int64(st, 0);
      at = 0;
      code = cataloguing_code(d, statement_text(st, 1), statement_text(st, 2), err);
    }
    const uint32_t place = catalogue_next(d->c, &at, sqlite3_column_int64(st, 3));
    if (code == OK && place < d->c->n) code = cataloguing_place(d, place, err);
  }
  if (code == OK && no != 0) cataloguing_end(d);
  if (code == OK && !endorsed) code = put_endorsed(d, err);
  statement_done(st);
  return code;
}

enum err_code catalogue_new(struct store *s, struct catalogue **out, struct err *err) {
  struct cataloguing d;
  enum err_code code = cataloguing_new(s, &d, err);
  if (code == OK) code = store_read_begin(s, err);
  if (code == OK) {
    code = cataloguing_read(&d, NULL, err);
    if (code == OK) code = cataloguing_sort(&d, err);
    if (code == OK) code = read_codes(&d, err);
    store_read_end(s);
  }
  if (code == OK) code = cataloguing_finish(&d, out, err);
  cataloguing_release(&d);
  return code;
}

struct catalogue *catalogue_hold(struct catalogue *c) {
  (void)atomic_fetch_add(&c->holders, 1);
  return c;
}

void catalogue_free(struct catalogue *c) {
  if (c == NULL || atomic_fetch_sub(&c->holders, 1) > 0) return;
  free(c->objects);
  free(c->by_id);
  free(c->codes);
  free(c->codes_of);
  free(c->codes_from);
  free(c->logs);
  bytes_release(&c->names);
  bytes_release(&c->places);
  free(c);
}

/* ---- reading ---- */

/* The first in by_id, from low to high, whose id is not below. */
static uint32_t lower_bound(const struct catalogue *c, uint32_t low, uint32_t high, int64_t id) {
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (c->objects[c->by_id[middle]].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

uint32_t catalogue_place(const struct catalogue *c, int64_t id) {
  const uint32_t at = lower_bound(c, 0, c->n, id);
  return at < c->n && c->objects[c->by_id[at]].id == id ? c->by_id[at] : c->n;
}

uint32_t catalogue_next(const struct catalogue *c, uint32_t *at, int64_t id) {
  uint32_t step = 1, low = *at, high = low;
  while (high < c->n && c->objects[c->by_id[high]].id < id) {
    low = high + 1;
    high += step;
    step *= 2;
  }
  if (high > c->n) high = c->n;
  *at = lower_bound(c, low, high, id);
  return *at < c->n && c->objects[c->by_id[*at]].id == id ? c->by_id[*at] : c->n;
}

const struct catalogue_code *catalogue_dim(const struct catalogue *c, const char *dim, uint32_t *n) {
  uint32_t low = 0, high = c->n_codes;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (strcmp(c->codes[middle].dim, dim) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  for (high = low; high < c->n_codes && strcmp(c->codes[high].dim, dim) == 0;)
    high++;
  *n = high - low;
  return c->codes + low;
}
