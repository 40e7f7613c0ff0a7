/*
 * catalogue: see catalogue.h.
 */
#include "node/store/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "node/store/inside.h"
#include "node/store/statement.h"

#define NAMES_MAX ((size_t)64 * 1024 * 1024) /* octets of all dims and codes */
#define OBJECTS_MAX UINT32_C(16777216)
#define FIRST_ROOM 256u

/* Makes room for one more element of size octets in *items; *capacity counts elements. */
static enum err_code room(void **items, uint32_t n, uint32_t *capacity, size_t size, struct err *err) {
  if (n < *capacity) return OK;
  const uint32_t more = *capacity == 0 ? FIRST_ROOM : *capacity * 2;
  void *grown = more > OBJECTS_MAX ? NULL : realloc(*items, (size_t)more * size);
  if (grown == NULL) return err_set(err, ERR_MEMORY, NULL);
  *items = grown;
  *capacity = more;
  return OK;
}

static enum err_code read_objects(struct catalogue *c, struct store *s, struct err *err) {
  static const char sql[] =
      "SELECT id, newest, arrival, schema FROM object WHERE readable = 1 AND withdrawn IS NULL AND newest IS NOT NULL "
      "ORDER BY arrival DESC, newest DESC";
  sqlite3_stmt *st = NULL;
  uint32_t capacity = 0;
  bool row = true;
  void *items = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "catalogue", err)) == OK && row) {
    code = room(&items, c->n, &capacity, sizeof *c->objects, err);
    c->objects = items;
    if (code != OK || items == NULL) break;
    c->objects[c->n++] = (struct catalogue_object){.id = sqlite3_column_int64(st, 0),
                                                   .newest = sqlite3_column_int64(st, 1),
                                                   .arrival = sqlite3_column_int64(st, 2),
                                                   .schema = (uint64_t)sqlite3_column_int64(st, 3)};
  }
  statement_done(st);
  return code;
}

static int compare_ids(const void *a, const void *b, void *context) {
  const struct catalogue *c = context;
  const int64_t x = c->objects[*(const uint32_t *)a].id, y = c->objects[*(const uint32_t *)b].id;
  return (x > y) - (x < y);
}

static enum err_code sort_ids(struct catalogue *c, struct err *err) {
  c->by_id = calloc((size_t)c->n + 1, sizeof *c->by_id);
  if (c->by_id == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < c->n; i++)
    c->by_id[i] = i;
  qsort_r(c->by_id, c->n, sizeof *c->by_id, compare_ids, c);
  return OK;
}

/* Appends text with its NUL and tells where it begins. */
static enum err_code put_name(struct bytes *names, struct view text, size_t *at, struct err *err) {
  *at = names->len;
  const enum err_code code = bytes_append(names, text, err);
  return code == OK ? bytes_append_u8(names, 0, err) : code;
}

/* A code as it is read: its names are offsets until the buffer stops moving. */
struct reading {
  int64_t no;
  size_t dim, code;
};

static enum err_code read_codes(struct catalogue *c, struct store *s, struct reading **out, struct err *err) {
  /* Another member signs codes of any length; past what a tag may have (100 characters) nobody could choose one. */
  static const char sql[] = "SELECT no, dim, code FROM facet_code WHERE length(code) <= 100 ORDER BY dim, code";
  sqlite3_stmt *st = NULL;
  uint32_t capacity = 0;
  bool row = true;
  void *items = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "catalogue", err)) == OK && row) {
    struct reading r = {.no = sqlite3_column_int64(st, 0)};
    code = room(&items, c->n_codes, &capacity, sizeof **out, err);
    *out = items;
    if (code == OK) code = put_name(&c->names, statement_text(st, 1), &r.dim, err);
    if (code == OK) code = put_name(&c->names, statement_text(st, 2), &r.code, err);
    if (code == OK && items != NULL) (*out)[c->n_codes++] = r;
  }
  statement_done(st);
  if (code != OK) return code;
  c->codes = calloc((size_t)c->n_codes + 1, sizeof *c->codes);
  if (c->codes == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; *out != NULL && i < c->n_codes; i++) {
    c->codes[i].dim = (const char *)c->names.p + (*out)[i].dim;
    c->codes[i].code = (const char *)c->names.p + (*out)[i].code;
  }
  return OK;
}

static int compare_places(const void *a, const void *b) {
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static enum err_code read_places(struct catalogue *c, struct store *s, struct catalogue_code *code, int64_t no,
                                 struct err *err) {
  static const char sql[] = "SELECT object FROM facet WHERE code = :code";
  sqlite3_stmt *st = NULL;
  uint32_t capacity = 0;
  bool row = true;
  void *items = NULL;
  enum err_code result = statement_get(s, sql, &st, err);
  if (result == OK) statement_bind_int(st, 1, no);
  while (result == OK && (result = statement_step(s, st, &row, "catalogue", err)) == OK && row) {
    const uint32_t place = catalogue_place(c, sqlite3_column_int64(st, 0));
    if (place == c->n) continue;
    result = room(&items, code->n, &capacity, sizeof *code->places, err);
    code->places = items;
    if (result == OK && items != NULL) code->places[code->n++] = place;
  }
  statement_done(st);
  if (code->n > 1 && code->places != NULL) qsort(code->places, code->n, sizeof *code->places, compare_places);
  return result;
}

struct log_list {
  struct catalogue *c;
  uint32_t capacity;
  enum err_code code;
  struct err *err;
};

static bool take_log(void *context, const struct log *log) {
  struct log_list *l = context;
  void *items = l->c->logs;
  l->code = room(&items, l->c->n_logs, &l->capacity, sizeof *log, l->err);
  l->c->logs = items;
  if (l->code == OK) l->c->logs[l->c->n_logs++] = *log;
  return l->code == OK;
}

static enum err_code read_all(struct catalogue *c, struct store *s, struct err *err) {
  struct reading *readings = NULL;
  struct log_list logs = {.c = c, .code = OK, .err = err};
  enum err_code code = log_each(s, take_log, &logs, err);
  if (code == OK) code = logs.code;
  if (code == OK) code = read_objects(c, s, err);
  if (code == OK) code = sort_ids(c, err);
  if (code == OK) code = read_codes(c, s, &readings, err);
  for (uint32_t i = 0; code == OK && readings != NULL && i < c->n_codes; i++)
    code = read_places(c, s, &c->codes[i], readings[i].no, err);
  free(readings);
  return code;
}

enum err_code catalogue_new(struct store *s, struct catalogue **out, struct err *err) {
  struct catalogue *c = calloc(1, sizeof *c);
  if (c == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  bytes_init(&c->names, NAMES_MAX);
  enum err_code code = statement_script(s, "BEGIN", "catalogue", err);
  if (code == OK) {
    code = read_all(c, s, err);
    const enum err_code end = statement_script(s, "COMMIT", "catalogue", NULL);
    if (code == OK && end != OK) code = err_set(err, end, NULL);
  }
  if (code != OK) {
    catalogue_free(c);
    return code;
  }
  *out = c;
  return OK;
}

void catalogue_free(struct catalogue *c) {
  if (c == NULL) return;
  for (uint32_t i = 0; c->codes != NULL && i < c->n_codes; i++)
    free(c->codes[i].places);
  free(c->objects);
  free(c->by_id);
  free(c->codes);
  free(c->logs);
  bytes_release(&c->names);
  free(c);
}

uint32_t catalogue_place(const struct catalogue *c, int64_t id) {
  uint32_t low = 0, high = c->n;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (c->objects[c->by_id[middle]].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < c->n && c->objects[c->by_id[low]].id == id ? c->by_id[low] : c->n;
}

/* ---- selections ---- */

static size_t words_of_bits(uint32_t n) {
  return ((size_t)n + 63) / 64;
}

enum err_code selection_new(const struct catalogue *c, bool all, struct selection *out, struct err *err) {
  out->n = c->n;
  out->bits = calloc(words_of_bits(c->n) + 1, sizeof *out->bits);
  if (out->bits == NULL) return err_set(err, ERR_MEMORY, NULL);
  if (all) memset(out->bits, 0xff, c->n / 64 * sizeof *out->bits);
  for (uint32_t i = c->n / 64 * 64; all && i < c->n; i++)
    selection_add(out, i);
  return OK;
}

void selection_release(struct selection *x) {
  free(x->bits);
  *x = (struct selection){.bits = NULL};
}

static void drop(struct selection *x, uint32_t place) {
  x->bits[place / 64] &= ~(UINT64_C(1) << place % 64);
}

uint32_t selection_count(const struct selection *x) {
  uint32_t n = 0;
  for (size_t i = 0; i < words_of_bits(x->n); i++)
    n += (uint32_t)__builtin_popcountll(x->bits[i]);
  return n;
}

void selection_and(struct selection *x, const struct selection *other) {
  for (size_t i = 0; i < words_of_bits(x->n); i++)
    x->bits[i] &= other->bits[i];
}

void selection_keep_schema(struct selection *x, const struct catalogue *c, uint64_t schema) {
  for (uint32_t i = 0; i < c->n; i++) {
    if (c->objects[i].schema != schema) drop(x, i);
  }
}

/* Whether a log is that node's. Logs are few: by_id runs through one after the other. */
static bool log_is_of(const struct catalogue *c, int64_t no, const struct hash *node) {
  for (uint32_t i = 0; i < c->n_logs; i++) {
    if (c->logs[i].no == no) return hash_equal(&c->logs[i].node, node);
  }
  return false;
}

void selection_keep_node(struct selection *x, const struct catalogue *c, const struct hash *node) {
  int64_t last = -1;
  bool is_theirs = false;
  for (uint32_t i = 0; i < c->n; i++) {
    const uint32_t place = c->by_id[i];
    const int64_t no = entry_log_no(c->objects[place].id);
    if (no != last) is_theirs = log_is_of(c, no, node);
    last = no;
    if (!is_theirs) drop(x, place);
  }
}

enum err_code selection_keep_codes(struct selection *x, const struct catalogue *c, const char *dim, const char *const *codes,
                                   size_t n, struct err *err) {
  struct selection any;
  uint32_t n_codes = 0;
  const struct catalogue_code *known = catalogue_dim(c, dim, &n_codes);
  const enum err_code code = selection_new(c, false, &any, err);
  if (code != OK) return code;
  for (uint32_t i = 0; i < n_codes; i++) {
    bool wanted = false;
    for (size_t k = 0; k < n && !wanted; k++)
      wanted = strcmp(known[i].code, codes[k]) == 0;
    for (uint32_t k = 0; wanted && k < known[i].n; k++)
      selection_add(&any, known[i].places[k]);
  }
  selection_and(x, &any);
  selection_release(&any);
  return OK;
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

uint32_t catalogue_count(const struct catalogue_code *code, const struct selection *x) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < code->n; i++)
    n += selection_has(x, code->places[i]);
  return n;
}
