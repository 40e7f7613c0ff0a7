/*
 * list: the model of a list: objects, facets with counts, where the next page begins. See list.h; how it looks is list_page.c.
 */
#include "node/web/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store/search.h"
#include "node/store/selection.h"

/* A list in the making. */
struct making {
  const struct request *r;
  const struct list_question *q;
  const struct catalogue *c;
  struct selection text, all; /* what the text finds; what everything finds */
  struct bytes found;         /* by the text, struct search_hit */
  uint32_t *counts;           /* by code, of all */
  json_t *rows;
  struct err *err;
};

/* ---- which ---- */

/* What is found, but for the codes of one dimension (NULL: of none). */
static enum err_code select_but(const struct making *m, const char *skip, struct selection *out) {
  const struct list_question *q = m->q;
  enum err_code code = selection_new(m->c, true, out, m->err);
  if (code != OK) return code;
  selection_keep_schema(out, m->c, q->schema->number);
  if (q->text != NULL) selection_and(out, &m->text);
  if (q->node != NULL) {
    const struct federation_member *member = federation_by_handle(&m->r->site->now->federation, q->node);
    selection_keep_node(out, m->c, &member->member->node);
  }
  for (size_t i = 0; i < q->n_choices && code == OK; i++) {
    const char *codes[LIST_CHOICES], *dim = q->choices[i].dim;
    size_t n = 0;
    bool earlier = skip != NULL && strcmp(dim, skip) == 0;
    for (size_t k = 0; k < i; k++)
      earlier = earlier || strcmp(q->choices[k].dim, dim) == 0;
    for (size_t k = i; k < q->n_choices; k++) {
      if (strcmp(q->choices[k].dim, dim) == 0) codes[n++] = q->choices[k].code;
    }
    if (!earlier) code = selection_keep_codes(out, m->c, dim, codes, n, m->err);
  }
  return code;
}

static size_t n_found(const struct making *m) {
  return m->found.len / sizeof(struct search_hit);
}

static const struct search_hit *found(const struct making *m) {
  return (const struct search_hit *)(const void *)m->found.p;
}

/* Of what is found, how many have every word of the text. */
static uint32_t count_every(const struct making *m) {
  uint32_t n = 0;
  for (size_t i = 0; i < n_found(m); i++)
    n += found(m)[i].every && selection_has(&m->all, found(m)[i].place);
  return n;
}

static bool is_ranked(const struct making *m) {
  return m->q->order == LIST_BEST;
}

static enum err_code search(struct making *m) {
  if (m->q->text == NULL) return OK;
  enum err_code code = search_run(m->r->site->store, m->c, m->q->text, &m->found, m->err);
  if (code == OK) code = selection_new(m->c, false, &m->text, m->err);
  for (size_t i = 0; i < n_found(m) && code == OK; i++)
    selection_add(&m->text, found(m)[i].place);
  return code;
}

/* ---- one page ---- */

/* The ids of a page, how many stand before it, and the key behind which the next one begins. */
struct page {
  int64_t ids[LIST_PAGE];
  size_t n;
  uint32_t before, total;
  char next[48]; /* empty: no further page */
};

static void page_add(struct page *p, int64_t id) {
  if (p->n < LIST_PAGE) p->ids[p->n++] = id;
}

/* A key of ours: numbers between points, behind a letter. False: none. */
static bool key_read(const char *text, char letter, int64_t *out, size_t n) {
  if (text[0] != letter) return false;
  text++;
  for (size_t i = 0; i < n; i++) {
    const size_t len = strcspn(text, ".");
    uint64_t number = 0;
    if (decimal_decode(view_of(text, len), &number, NULL) != OK || number > INT64_MAX || (text[len] == '.') != (i + 1 < n)) {
      return false;
    }
    out[i] = (int64_t)number;
    text += len + 1;
  }
  return true;
}

/* What stands in one way (or, with all, in any) behind a key: arrival and version of an object. */
static void page_part(const struct making *m, bool all, enum endorsed state, const int64_t key[2], struct page *out) {
  for (uint32_t i = 0; i < m->c->n; i++) {
    const struct catalogue_object *o = &m->c->objects[i];
    if (!selection_has(&m->all, i) || (!all && o->endorsed != state)) continue;
    const bool behind = o->arrival < key[0] || (o->arrival == key[0] && o->newest < key[1]);
    if (!behind) {
      out->before++;
    } else {
      page_add(out, o->id);
    }
  }
}

/* The object with which a full page ends; NULL: no page follows. */
static const struct catalogue_object *last_of(const struct making *m, const struct page *p) {
  if (p->n < LIST_PAGE || p->before + LIST_PAGE >= p->total) return NULL;
  return &m->c->objects[catalogue_place(m->c, p->ids[LIST_PAGE - 1])];
}

/* Newest first; a key is "n", arrival and version of the last object of the page before. */
static enum err_code page_newest(const struct making *m, struct page *out) {
  int64_t key[2] = {INT64_MAX, INT64_MAX};
  if (m->q->after != NULL && !key_read(m->q->after, 'n', key, 2)) return err_set(m->err, ERR_USAGE, "'after' is none of ours");
  page_part(m, true, ENDORSED_NOT, key, out);
  const struct catalogue_object *last = last_of(m, out);
  if (last != NULL) (void)snprintf(out->next, sizeof out->next, "n%" PRId64 ".%" PRId64, last->arrival, last->newest);
  return OK;
}

/* What is endorsed first; a key is "e", how the last object of the page before stands, its arrival and version. */
static enum err_code page_endorsed(const struct making *m, struct page *out) {
  static const enum endorsed states[] = {ENDORSED_CURRENTLY, ENDORSED_EARLIER, ENDORSED_NOT};
  static const int64_t none[2] = {0, 0}, every[2] = {INT64_MAX, INT64_MAX};
  int64_t key[3] = {ENDORSED_CURRENTLY, INT64_MAX, INT64_MAX};
  if (m->q->after != NULL && !key_read(m->q->after, 'e', key, 3)) return err_set(m->err, ERR_USAGE, "'after' is none of ours");
  for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
    const int64_t state = (int64_t)states[i];
    page_part(m, false, states[i], state > key[0] ? none : state == key[0] ? key + 1 : every, out);
  }
  const struct catalogue_object *last = last_of(m, out);
  if (last != NULL) {
    (void)snprintf(out->next, sizeof out->next, "e%d.%" PRId64 ".%" PRId64, (int)last->endorsed, last->arrival, last->newest);
  }
  return OK;
}

/* Takes a hit among the best that stand on a page, in their order. */
static void page_rank(struct page *p, struct search_hit hits[LIST_PAGE], const struct search_hit *hit) {
  size_t at = p->n;
  while (at > 0 && search_before(hit, &hits[at - 1]))
    at--;
  if (at == LIST_PAGE) return;
  if (p->n < LIST_PAGE) p->n++;
  memmove(hits + at + 1, hits + at, (p->n - at - 1) * sizeof *hits);
  hits[at] = *hit;
}

/* Best first; a key is "r" and the id of the last object of the page before. One that is not found any more: from the start. */
static enum err_code page_best(const struct making *m, struct page *out) {
  struct search_hit hits[LIST_PAGE];
  const struct search_hit *mark = NULL;
  int64_t after = 0;
  if (m->q->after != NULL && !key_read(m->q->after, 'r', &after, 1))
    return err_set(m->err, ERR_USAGE, "'after' is none of ours");
  const uint32_t place = after == 0 ? m->c->n : catalogue_place(m->c, after);
  for (size_t i = 0; i < n_found(m) && place < m->c->n && mark == NULL; i++) {
    if (found(m)[i].place == place && selection_has(&m->all, place)) mark = &found(m)[i];
  }
  for (size_t i = 0; i < n_found(m); i++) {
    const struct search_hit *hit = &found(m)[i];
    if (!selection_has(&m->all, hit->place)) continue;
    if (mark != NULL && !search_before(mark, hit)) {
      out->before++;
    } else {
      page_rank(out, hits, hit);
    }
  }
  for (size_t i = 0; i < out->n; i++)
    out->ids[i] = m->c->objects[hits[i].place].id;
  if (out->n == LIST_PAGE && out->before + LIST_PAGE < out->total) {
    (void)snprintf(out->next, sizeof out->next, "r%" PRId64, out->ids[LIST_PAGE - 1]);
  }
  return OK;
}

static bool take_row(void *context, const struct query_row *row) {
  const struct making *m = context;
  return json_array_append_new(m->rows, row_json(m->r, row)) == 0;
}

/* ---- facets ---- */

struct offered {
  const struct catalogue_code *code;
  uint32_t count;
  bool chosen;
};

static int compare_offered(const void *a, const void *b) {
  const struct offered *x = a, *y = b;
  if (x->chosen != y->chosen) return (x->chosen < y->chosen) - (x->chosen > y->chosen);
  return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->code->code, y->code->code);
}

static bool is_chosen(const struct list_question *q, const char *dim, const char *code) {
  for (size_t i = 0; i < q->n_choices; i++) {
    if (strcmp(q->choices[i].dim, dim) == 0 && strcmp(q->choices[i].code, code) == 0) return true;
  }
  return false;
}

static bool dim_is_chosen(const struct list_question *q, const char *dim) {
  for (size_t i = 0; i < q->n_choices; i++) {
    if (strcmp(q->choices[i].dim, dim) == 0) return true;
  }
  return false;
}

/* Keeps the best in order: there may be thousands of codes (tags), of which a few are shown. */
static void offer(struct offered *list, uint32_t *n, uint32_t most, struct offered o) {
  uint32_t at = *n;
  while (at > 0 && compare_offered(&o, &list[at - 1]) < 0)
    at--;
  if (at >= most) return;
  if (*n < most) ++*n;
  memmove(list + at + 1, list + at, (*n - at - 1) * sizeof *list);
  list[at] = o;
}

static int compare_codes(const void *a, const void *b) {
  const struct offered *x = a, *y = b;
  return strcmp(x->code->code, y->code->code);
}

/* Whether one of the codes is the parent of another: "01" of "01.3", where a vocabulary has both. */
static bool has_parent(const struct field *field, const struct offered *list, uint32_t n, const char *code) {
  const char *point = strrchr(code, '.');
  const size_t len = point == NULL ? 0 : (size_t)(point - code);
  bool here = false;
  for (uint32_t i = 0; i < n && len > 0; i++)
    here = here || (strlen(list[i].code->code) == len && memcmp(list[i].code->code, code, len) == 0);
  return here && field->vocabulary != NULL;
}

/* Codes that stand under others are shown so, in the order of codes; else they stand in the order of the list. */
static json_t *codes_json(const struct making *m, const struct field *field, struct offered *list, uint32_t n) {
  json_t *codes = json_array();
  bool is_tree = false;
  for (uint32_t i = 0; i < n; i++)
    is_tree = is_tree || has_parent(field, list, n, list[i].code->code);
  if (is_tree) qsort(list, n, sizeof *list, compare_codes);
  for (uint32_t i = 0; i < n; i++) {
    const char *code = list[i].code->code;
    const char *label = field->vocabulary == NULL ? NULL : vocabulary_label(field->vocabulary, view_of_text(code), m->r->lang);
    (void)json_array_append_new(codes, json_pack("{s:s, s:s, s:I, s:b, s:i}", "code", code, "label",
                                                 label == NULL ? code : label, "count", (json_int_t)list[i].count, "chosen",
                                                 list[i].chosen, "depth", is_tree && has_parent(field, list, n, code)));
  }
  return codes;
}

/* What the codes of a chosen dimension would find: counted without its own choice. */
static enum err_code count_chosen(const struct making *m, const char *dim, uint32_t **out) {
  struct selection but = {.bits = NULL};
  enum err_code code = select_but(m, dim, &but);
  if (code == OK) code = selection_count_codes(&but, m->c, out, m->err);
  selection_release(&but);
  return code;
}

static const char *label_of(const struct making *m, const struct field *field) {
  return field == &m->q->endorsed ? phrase(P_ENDORSEMENT, m->r->lang) : schema_label(m->q->schema, field->key, m->r->lang);
}

static enum err_code facet_json(const struct making *m, const struct field *field, json_t *facets) {
  struct offered list[LIST_ALL_CODES];
  const bool more = m->q->more != NULL && strcmp(m->q->more, field->dim) == 0, chosen = dim_is_chosen(m->q, field->dim);
  /* What is chosen comes first: with this much room, all of it is shown. */
  const uint32_t most = more ? LIST_ALL_CODES : LIST_CODES + (uint32_t)m->q->n_choices;
  uint32_t n = 0, n_codes = 0, kept = 0, *own = NULL;
  const struct catalogue_code *codes = catalogue_dim(m->c, field->dim, &n_codes);
  const enum err_code code = chosen ? count_chosen(m, field->dim, &own) : OK;
  const uint32_t *counts = (chosen ? own : m->counts) + (codes - m->c->codes);
  for (uint32_t i = 0; i < n_codes && code == OK; i++) {
    const struct offered o = {&codes[i], counts[i], chosen && is_chosen(m->q, field->dim, codes[i].code)};
    if (o.count == 0 && !o.chosen) continue;
    n++;
    offer(list, &kept, most, o);
  }
  if (code == OK && n > 0) {
    (void)json_array_append_new(facets, json_pack("{s:s, s:s, s:i, s:o}", "dim", field->dim, "label", label_of(m, field), "n",
                                                  (int)n, "codes", codes_json(m, field, list, kept)));
  }
  free(own);
  return code;
}

/* How it is endorsed, then a facet for each dimension of the kind, once; what the record says of itself (language, licence)
 * comes last. */
static enum err_code facets_json(struct making *m, json_t *facets) {
  const struct schema *schema = m->q->schema;
  enum err_code code = selection_count_codes(&m->all, m->c, &m->counts, m->err);
  if (code == OK) code = facet_json(m, &m->q->endorsed, facets);
  for (int last = 0; last < 2; last++) {
    for (size_t i = 0; i < schema->n_fields && code == OK; i++) {
      const struct field *field = &schema->fields[i];
      const bool of_itself = strcmp(field->vocabulary_name, "language") == 0 || strcmp(field->vocabulary_name, "spdx") == 0;
      bool earlier = field->dim[0] == '\0' || of_itself != (last == 1);
      for (size_t k = 0; k < i && !earlier; k++)
        earlier = strcmp(schema->fields[k].dim, field->dim) == 0;
      if (!earlier) code = facet_json(m, field, facets);
    }
  }
  return code;
}

/* Codes that are none: what they were given for, and what was probably meant. */
static json_t *findings_json(const struct making *m) {
  json_t *findings = json_array();
  for (size_t i = 0; i < m->q->n_choices; i++) {
    const struct field *field = m->q->choices[i].field;
    if (!m->q->choices[i].unknown) continue;
    json_t *finding =
        json_pack("{s:s, s:s, s:s}", "dim", field->dim, "label", label_of(m, field), "code", m->q->choices[i].code);
    const bool is_short = vocabulary_count(field->vocabulary) <= LIST_NEAR_CODES && json_array_size(findings) == 0;
    const char *near = is_short ? vocabulary_near(field->vocabulary, view_of_text(m->q->choices[i].code), m->r->lang) : NULL;
    if (near != NULL) {
      const char *label = vocabulary_label(field->vocabulary, view_of_text(near), m->r->lang);
      (void)json_object_set_new(finding, "meant", json_string(near));
      (void)json_object_set_new(finding, "meant_label", json_string(label == NULL ? near : label));
    }
    (void)json_array_append_new(findings, finding);
  }
  return findings;
}

/* ---- the model ---- */

static enum err_code make(struct making *m, json_t *out) {
  struct page page = {.n = 0};
  json_t *facets = json_array();
  m->rows = json_array();
  (void)json_object_set_new(out, "objects", m->rows);
  (void)json_object_set_new(out, "facets", facets);
  enum err_code code = search(m);
  if (code == OK) code = select_but(m, NULL, &m->all);
  if (code != OK) return code;
  page.total = selection_count(&m->all);
  code = is_ranked(m) ? page_best(m, &page) : m->q->order == LIST_ENDORSED ? page_endorsed(m, &page) : page_newest(m, &page);
  if (code == OK) {
    code = query_rows(m->r->site->store, &m->r->site->now->federation, m->r->site->schemas, page.ids, page.n, m->r->lang,
                      m->q->text, take_row, m, m->err);
  }
  if (code == OK) code = facets_json(m, facets);
  (void)json_object_set_new(out, "findings", findings_json(m));
  (void)json_object_set_new(out, "total", json_integer(page.total));
  if (m->q->text != NULL) (void)json_object_set_new(out, "every", json_integer(count_every(m)));
  (void)json_object_set_new(out, "from", json_integer(page.n == 0 ? 0 : page.before + 1));
  (void)json_object_set_new(out, "order", json_string(list_order_name(m->q->order)));
  if (page.next[0] != '\0') (void)json_object_set_new(out, "after", json_string(page.next));
  return code;
}

enum err_code list_select(const struct request *r, const struct list_question *q, struct selection *out, struct err *err) {
  struct making m = {.r = r, .q = q, .c = r->site->now->catalogue, .err = err};
  bytes_init(&m.found, SEARCH_MAX);
  enum err_code code = search(&m);
  if (code == OK) code = select_but(&m, NULL, out);
  bytes_release(&m.found);
  selection_release(&m.text);
  return code;
}

enum err_code model_list(struct request *r, json_t **out, struct err *err) {
  struct list_question q;
  struct making m = {.r = r, .q = &q, .c = r->site->now->catalogue, .err = err};
  const struct schema *schema = schema_by_slug(r->site->schemas, r->captures[0]);
  enum err_code code = schema == NULL ? err_set(err, ERR_NOT_FOUND, "there is no such kind") : list_read(r, schema, &q, err);
  if (code != OK) return code;
  bytes_init(&m.found, SEARCH_MAX);
  json_t *model = json_pack("{s:s, s:s}", "kind", schema->kind, "label", schema_label(schema, "@kinds", r->lang));
  code = model == NULL ? err_set(err, ERR_MEMORY, NULL) : make(&m, model);
  bytes_release(&m.found);
  selection_release(&m.text);
  selection_release(&m.all);
  free(m.counts);
  *out = model;
  return code;
}
