/*
 * question: what a list is asked for, from the parameters of a request and back to a path. See list.h.
 */
#include <string.h>

#include "node/web/list.h"

/* The first top-level or group field with that dimension; NULL: none. */
static const struct field *field_of(const struct field *fields, size_t n, const char *dim) {
  const struct field *found = NULL;
  for (size_t i = 0; i < n && found == NULL; i++) {
    found = strcmp(fields[i].dim, dim) == 0
                ? &fields[i]
                : field_of(fields[i].children, fields[i].n_children, dim); // NOLINT(misc-no-recursion)
  }
  return found;
}

const char *list_order_name(enum list_order order) {
  static const char *const names[] = {[LIST_BEST] = "best", [LIST_NEWEST] = "newest", [LIST_ENDORSED] = "endorsed"};
  return names[order];
}

/* What is not said: by the words if there are any, else what is endorsed first; a feed tells what is new. */
static enum list_order usual_order(const struct list_question *q) {
  return q->text != NULL ? LIST_BEST : q->is_feed ? LIST_NEWEST : LIST_ENDORSED;
}

static enum err_code read_order(struct list_question *q, const char *name, struct err *err) {
  static const enum list_order orders[] = {LIST_BEST, LIST_NEWEST, LIST_ENDORSED};
  q->order = usual_order(q);
  for (size_t i = 0; i < sizeof orders / sizeof orders[0] && name != NULL; i++) {
    if (strcmp(list_order_name(orders[i]), name) != 0) continue;
    q->order = orders[i] == LIST_BEST ? q->order : orders[i];
    return OK;
  }
  return name == NULL ? OK : err_set(err, ERR_USAGE, "there is no order '%.60s'", name);
}

static bool is_in_use(const struct catalogue *c, const char *dim, const char *code) {
  uint32_t n = 0;
  const struct catalogue_code *codes = catalogue_dim(c, dim, &n);
  for (uint32_t i = 0; i < n; i++) {
    if (strcmp(codes[i].code, code) == 0) return true;
  }
  return false;
}

static enum err_code take_choice(const struct request *r, struct list_question *q, const char *dim, const char *code,
                                 struct err *err) {
  const struct field *field = dim[0] == '\0'                   ? NULL
                              : strcmp(dim, ENDORSED_DIM) == 0 ? &q->endorsed
                                                               : field_of(q->schema->fields, q->schema->n_fields, dim);
  if (field == NULL) return err_set(err, ERR_USAGE, "there is no facet '%.60s'", dim);
  if (q->n_choices == LIST_CHOICES) return err_set(err, ERR_USAGE, "more than %d filters", LIST_CHOICES);
  const char *meant = field->vocabulary == NULL ? code : vocabulary_meant(field->vocabulary, view_of_text(code), NULL);
  q->choices[q->n_choices].dim = dim;
  q->choices[q->n_choices].code = meant == NULL ? code : meant;
  q->choices[q->n_choices].field = field;
  q->choices[q->n_choices++].unknown =
      field->vocabulary != NULL && meant == NULL && !is_in_use(r->site->now->catalogue, dim, code);
  return OK;
}

static enum err_code take_one(const char **place, const char *name, const char *value, struct err *err) {
  if (*place != NULL) return err_set(err, ERR_USAGE, "'%s' is given twice", name);
  *place = value;
  return OK;
}

enum err_code list_read(const struct request *r, const struct schema *schema, struct list_question *out, struct err *err) {
  const char *sort = NULL;
  *out = (struct list_question){.schema = schema,
                                .is_feed = r->media == MEDIA_ATOM,
                                .endorsed = {.key = ENDORSED_DIM,
                                             .dim = ENDORSED_DIM,
                                             .type = FIELD_CODE,
                                             .vocabulary = vocabulary_by_name(r->site->schemas, ENDORSED_DIM)}};
  const struct {
    const char *name;
    const char **place;
  } ONCE[] = {{"q", &out->text}, {"node", &out->node}, {"after", &out->after}, {"more", &out->more}, {"sort", &sort}};
  enum err_code code = OK;
  for (size_t i = 0; i < r->params->n && code == OK; i++) {
    const char *name = r->params->rows[i].name, *value = r->params->rows[i].value;
    size_t k = 0;
    while (k < sizeof ONCE / sizeof ONCE[0] && strcmp(ONCE[k].name, name) != 0)
      k++;
    code = k < sizeof ONCE / sizeof ONCE[0] ? take_one(ONCE[k].place, name, value, err) : take_choice(r, out, name, value, err);
  }
  if (code != OK) return code;
  if (out->text != NULL && strlen(out->text) > LIST_TEXT_MAX) {
    return err_set(err, ERR_USAGE, "more than %d octets of words", LIST_TEXT_MAX);
  }
  code = read_order(out, sort, err);
  if (code != OK) return code;
  if (out->node != NULL && federation_by_handle(&r->site->now->federation, out->node) == NULL) {
    return err_set(err, ERR_NOT_FOUND, "there is no node '%.60s'", out->node);
  }
  return OK;
}

static bool is_skipped(const char *name, const char *code, const char *skip, const char *skip_code) {
  return skip != NULL && strcmp(name, skip) == 0 && (skip_code == NULL || strcmp(code, skip_code) == 0);
}

enum err_code list_path(const struct list_question *q, const char *skip, const char *skip_code, struct bytes *out,
                        struct err *err) {
  char slug[SLUG_MAX];
  schema_slug(q->schema, slug);
  enum err_code code = bytes_printf(out, err, "/%s", slug);
  if (code == OK && q->text != NULL && !is_skipped("q", "", skip, NULL)) code = url_put(out, "q", q->text, err);
  if (code == OK && q->node != NULL && !is_skipped("node", "", skip, NULL)) code = url_put(out, "node", q->node, err);
  for (size_t i = 0; i < q->n_choices && code == OK; i++) {
    if (!is_skipped(q->choices[i].dim, q->choices[i].code, skip, skip_code)) {
      code = url_put(out, q->choices[i].dim, q->choices[i].code, err);
    }
  }
  if (code == OK && q->order != usual_order(q)) code = url_put(out, "sort", list_order_name(q->order), err);
  return code;
}
