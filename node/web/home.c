/*
 * home: the first page: search, figures, what is new, where to begin. See site.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/web/site.h"

#define NEWEST 5
#define BROWSE_CODES 10     /* of each dimension that the page offers */
#define BROWSE_COUNTRIES 72 /* that the map and what stands beside it offer */

struct list {
  const struct request *r;
  json_t *rows;
};

static bool take_row(void *context, const struct query_row *row) {
  struct list *l = context;
  return json_array_append_new(l->rows, row_json(l->r, row)) == 0;
}

/* What is endorsed, the newest first. */
static enum err_code endorsed_rows(struct request *r, json_t *rows, struct err *err) {
  const struct catalogue *c = r->site->now->catalogue;
  int64_t ids[NEWEST];
  size_t n = 0;
  struct list list = {r, rows};
  for (uint32_t i = 0; n < NEWEST && i < c->n; i++) {
    if (c->objects[i].endorsed == ENDORSED_CURRENTLY) ids[n++] = c->objects[i].id;
  }
  return query_rows(r->site->store, &r->site->now->federation, r->site->schemas, ids, n, r->lang, NULL, take_row, &list, err);
}

json_t *endorsed_counts(const struct catalogue *c) {
  uint32_t n = 0;
  const struct catalogue_code *codes = catalogue_dim(c, ENDORSED_DIM, &n);
  json_t *counts = json_pack("{s:i, s:i, s:i}", "current", 0, "earlier", 0, "none", 0);
  for (uint32_t i = 0; i < n; i++)
    (void)json_object_set_new(counts, codes[i].code, json_integer(codes[i].n));
  return counts;
}

enum err_code newest_rows(struct request *r, size_t most, json_t *rows, struct err *err) {
  const struct catalogue *c = r->site->now->catalogue;
  int64_t ids[NEWEST_MAX];
  size_t n = 0;
  struct list list = {r, rows};
  for (; n < most && n < NEWEST_MAX && n < c->n; n++)
    ids[n] = c->objects[n].id;
  return query_rows(r->site->store, &r->site->now->federation, r->site->schemas, ids, n, r->lang, NULL, take_row, &list, err);
}

/* The codes of a dimension, most frequent first. */
struct ranked {
  const struct catalogue_code *code;
};

static int compare_counts(const void *a, const void *b) {
  const struct catalogue_code *x = ((const struct ranked *)a)->code, *y = ((const struct ranked *)b)->code;
  return x->n != y->n ? (x->n < y->n) - (x->n > y->n) : strcmp(x->code, y->code);
}

static json_t *dim_json(const struct request *r, const struct schema *schema, const struct field *field, uint32_t *n_codes) {
  const uint32_t most = strcmp(field->vocabulary_name, "country") == 0 ? BROWSE_COUNTRIES : BROWSE_CODES;
  uint32_t n_known = 0, n = 0;
  const struct catalogue_code *known = catalogue_dim(r->site->now->catalogue, field->dim, &n_known);
  struct ranked *codes = calloc((size_t)n_known + 1, sizeof *codes);
  json_t *list = json_array();
  for (uint32_t i = 0; codes != NULL && i < n_known; i++) {
    if (known[i].n > 0) codes[n++].code = &known[i];
  }
  if (n > 1) qsort(codes, n, sizeof *codes, compare_counts);
  for (uint32_t i = 0; i < n && i < most; i++) {
    const char *label = vocabulary_label(field->vocabulary, view_of_text(codes[i].code->code), r->lang);
    (void)json_array_append_new(list,
                                json_pack("{s:s, s:s, s:I}", "code", codes[i].code->code, "label",
                                          label == NULL ? codes[i].code->code : label, "count", (json_int_t)codes[i].code->n));
  }
  free(codes);
  *n_codes = n;
  return json_pack("{s:s, s:s, s:s, s:i, s:o}", "dim", field->dim, "vocabulary", field->vocabulary_name, "label",
                   schema_label(schema, field->key, r->lang), "n", (int)n, "codes", list);
}

/* Dimensions of short vocabularies of the kind that most objects have: what the page offers to browse by. */
static const char *const BROWSE_VOCABULARIES[] = {"country", "sector", "level"};

static json_t *browse_json(const struct request *r, const struct schema *schema, uint32_t *n_countries) {
  json_t *list = json_array();
  for (size_t k = 0; k < sizeof BROWSE_VOCABULARIES / sizeof BROWSE_VOCABULARIES[0]; k++) {
    for (size_t i = 0; i < schema->n_fields; i++) {
      const struct field *field = &schema->fields[i];
      uint32_t n = 0;
      if (field->dim[0] == '\0' || strcmp(field->vocabulary_name, BROWSE_VOCABULARIES[k]) != 0) continue;
      (void)json_array_append_new(list, dim_json(r, schema, field, &n));
      if (k == 0) *n_countries = n;
      break;
    }
  }
  return list;
}

static uint32_t count_of(const struct catalogue *c, const struct schema *schema) {
  uint32_t n = 0;
  for (uint32_t k = 0; k < c->n; k++)
    n += c->objects[k].schema == schema->number;
  return n;
}

/* The kind that most of the objects are of; the first one when there are none. */
static const struct schema *main_schema(const struct request *r, uint32_t *most) {
  const struct schema *best = schema_set_at(r->site->schemas, 0);
  *most = 0;
  for (size_t i = 0; i < schema_set_count(r->site->schemas); i++) {
    const struct schema *schema = schema_set_at(r->site->schemas, i);
    const uint32_t n = count_of(r->site->now->catalogue, schema);
    if (n > *most) best = schema;
    if (n > *most) *most = n;
  }
  return best;
}

enum err_code model_home(struct request *r, json_t **out, struct err *err) {
  const struct snapshot *now = r->site->now;
  uint32_t n_countries = 0, n_objects = 0;
  const struct schema *schema = main_schema(r, &n_objects);
  json_t *rows = json_array(), *endorsed = json_array();
  char fed_id[HASH_HEX_LEN], slug[SLUG_MAX];
  hash_hex(&now->federation.charter.fed_id, fed_id);
  schema_slug(schema, slug);
  enum err_code code = endorsed_rows(r, endorsed, err);
  code = code == OK ? newest_rows(r, NEWEST, rows, err) : code;
  json_t *browse = browse_json(r, schema, &n_countries);
  *out = json_pack("{s:o, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:o}", "name", observatory_name(r), "fed_id",
                   fed_id, "kind", schema->kind, "list", slug, "label", schema_label(schema, "@kinds", r->lang), "objects",
                   (int)n_objects, "countries", (int)n_countries, "members", (int)now->federation.epoch.n_members, "newest",
                   rows, "browse", browse, "endorsed", endorsed, "endorsement", endorsed_counts(now->catalogue));
  return code;
}

/* ---- as HTML ---- */

static void show_hero(struct request *r, struct html *h, const json_t *model) {
  html_open(h, "div");
  html_attr(h, "class", "hero");
  html_element(h, "h1", NULL, text_at(model, "name"));
  html_element(h, "p", "lead", phrase(P_TAGLINE, r->lang));
  show_search(r, h, schema_by_kind(r->site->schemas, text_at(model, "kind")));
  html_open(h, "dl");
  html_attr(h, "class", "figures");
  show_figure(h, int_at(model, "objects"), text_at(model, "label"));
  show_figure(h, int_at(model, "countries"), phrase(P_COUNTRIES, r->lang));
  show_figure(h, int_at(model, "members"), phrase(P_MEMBERS, r->lang));
  show_figure(h, int_at(json_object_get(model, "endorsement"), "current"), phrase(P_ENDORSED, r->lang));
  html_close(h);
  html_close(h);
}

/* The way to all codes of a dimension, if some are not shown. */
static void show_all(struct request *r, struct html *h, const json_t *dim, const char *list) {
  const json_int_t n = int_at(dim, "n");
  if ((size_t)n <= json_array_size(json_object_get(dim, "codes"))) return;
  html_open(h, "p");
  html_open(h, "a");
  put_code_href(r, h, list, "more", text_at(dim, "dim"));
  html_text(h, phrase(P_MORE, r->lang));
  html_text(h, ": ");
  html_text(h, text_at(dim, "label"));
  html_text(h, " (");
  html_uint(h, (uint64_t)n);
  html_text(h, ")");
  html_close(h);
  html_close(h);
}

/* Codes of a dimension as bars, the longest first. */
static void show_bars(struct request *r, struct html *h, const json_t *dim, const char *list) {
  size_t i = 0;
  const json_t *code = NULL, *codes = json_object_get(dim, "codes");
  const json_int_t most = int_at(json_array_get(codes, 0), "count");
  if (json_array_size(codes) == 0) return;
  html_open(h, "section");
  html_element(h, "h2", NULL, text_at(dim, "label"));
  html_open(h, "ul");
  html_attr(h, "class", "bars");
  json_array_foreach(codes, i, code) {
    html_open(h, "li");
    show_code_link(r, h, list, text_at(dim, "dim"), code);
    put_bar(h, (uint64_t)int_at(code, "count"), (uint64_t)most);
    html_close(h);
  }
  html_close(h);
  show_all(r, h, dim, list);
  html_close(h);
}

static void show_where(struct request *r, struct html *h, const json_t *dim, const char *list) {
  if (json_array_size(json_object_get(dim, "codes")) == 0) return;
  html_open(h, "section");
  html_attr(h, "class", "where");
  html_element(h, "h2", NULL, phrase(P_WHERE, r->lang));
  show_map(r, h, dim, list);
  show_all(r, h, dim, list);
  html_close(h);
}

/* What is endorsed, or new, and the way to all of it: newest first. */
static void show_part(struct request *r, struct html *h, const json_t *model, const json_t *rows, enum phrase title,
                      const char *sort) {
  char path[SLUG_MAX + 32];
  html_open(h, "section");
  html_element(h, "h2", NULL, phrase(title, r->lang));
  if (json_array_size(rows) == 0) {
    html_element(h, "p", NULL, phrase(P_NOTHING_YET, r->lang));
  } else {
    show_rows(r, h, rows);
    (void)snprintf(path, sizeof path, "/%s%s", text_at(model, "list"), sort);
    html_open(h, "p");
    html_open(h, "a");
    html_attr(h, "class", "button");
    put_href(r, h, path);
    html_text(h, phrase(sort[0] == '\0' ? P_SEE_ALL : P_ALL_PUBLISHED, r->lang));
    html_text(h, ": ");
    html_text(h, text_at(model, "label"));
    html_close(h);
    html_close(h);
  }
  html_close(h);
}

void show_home(struct request *r, struct html *h, const json_t *model) {
  size_t i = 0;
  const json_t *dim = NULL, *browse = json_object_get(model, "browse");
  const char *list = text_at(model, "list");
  layout_begin(r, h, phrase(P_HOME, r->lang), "/");
  show_hero(r, h, model);
  html_open(h, "div");
  html_attr(h, "class", "columns");
  json_array_foreach(browse, i, dim) {
    if (strcmp(text_at(dim, "vocabulary"), "country") == 0) show_where(r, h, dim, list);
  }
  if (json_array_size(json_object_get(model, "endorsed")) > 0) {
    show_part(r, h, model, json_object_get(model, "endorsed"), P_ENDORSED_FIRST, "");
  }
  show_part(r, h, model, json_object_get(model, "newest"), P_NEWEST, "?sort=newest");
  json_array_foreach(browse, i, dim) {
    if (strcmp(text_at(dim, "vocabulary"), "country") != 0) show_bars(r, h, dim, list);
  }
  html_close(h);
  layout_end(r, h);
}
