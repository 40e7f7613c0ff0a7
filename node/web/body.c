/*
 * body: the content of an object as HTML, by its schema: chapters, short fields as a list of terms, long texts below their
 * label, groups as rows. Works on the JSON form; what a field is comes from its schema, never from its name. See site.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/web/prose.h"
#include "node/web/site.h"
#include "protocol/schema/value.h"

#define SHORT_MAX 90 /* characters up to which a text stands beside its label */
#define LEAD_MAX 600 /* characters up to which a text introduces the page */
#define RAW_DEPTH 4  /* levels of what no schema describes; past them it stands as JSON */

/* What is being shown. original: the language of the object, or "". */
struct showing {
  struct request *r;
  struct html *h;
  const struct schema *schema;
  const struct content *content;
  const char *tag, *original;
  bool open; /* a <dl> is open */
};

static struct showing showing(struct request *r, struct html *h, const struct content *content) {
  const struct field *field = content->schema == NULL ? NULL : content->schema->language;
  const char *original = field == NULL ? NULL : json_string_value(json_object_get(content->body, field->key));
  return (struct showing){.r = r,
                          .h = h,
                          .schema = content->schema,
                          .content = content,
                          .tag = content->tag,
                          .original = original == NULL ? "" : original};
}

/* The text of an ml value in the language wanted, else of the page, else the original, else the first. */
static const char *ml_text(const struct showing *s, json_t *value, const char **tag) {
  const char *const wishes[] = {s->tag, s->r->lang, s->original};
  for (size_t i = 0; i < 3; i++) {
    const char *text = json_string_value(json_object_get(value, wishes[i]));
    *tag = wishes[i];
    if (text != NULL) return text;
  }
  void *first = json_object_iter(value);
  *tag = first == NULL ? "" : json_object_iter_key(first);
  const char *text = first == NULL ? NULL : json_string_value(json_object_iter_value(first));
  return text == NULL ? "" : text;
}

static const char *scalar_text(const struct showing *s, const struct field *field, json_t *value, const char **tag) {
  *tag = "";
  if (json_is_object(value)) return ml_text(s, value, tag);
  if (json_is_boolean(value)) return phrase(json_is_true(value) ? P_YES : P_NO, s->r->lang);
  const char *text = json_string_value(value);
  if (text == NULL) return "";
  if (field != NULL && field->vocabulary != NULL) {
    const char *label = vocabulary_label(field->vocabulary, view_of_text(text), s->r->lang);
    return label == NULL ? text : label;
  }
  /* A text without a language of its own is of the object's. */
  if (field != NULL && field->type == FIELD_TEXT) *tag = s->original;
  return text;
}

/* The facet of a code, as a link to the list of those that have it too. */
static bool put_facet_link(const struct showing *s, const struct field *field, const char *code, const char *text) {
  char slug[SLUG_MAX];
  if (field == NULL || field->dim[0] == '\0') return false;
  schema_slug(s->schema, slug);
  html_open(s->h, "a");
  put_code_href(s->r, s->h, slug, field->dim, code);
  html_text(s->h, text);
  html_close(s->h);
  return true;
}

/* Another object, by its title. One that is not here is told by its number. */
static void put_ref(const struct showing *s, const char *id) {
  size_t i = 0;
  const json_t *link = NULL;
  json_array_foreach(s->content->links, i, link) {
    char path[REFERENCE_MAX + 1];
    if (strcmp(text_at(link, "id"), id) != 0 || text_at(link, "reference")[0] == '\0') continue;
    (void)snprintf(path, sizeof path, "/%s", text_at(link, "reference"));
    put_link(s->r, s->h, path, text_at(link, "title")[0] == '\0' ? text_at(link, "reference") : text_at(link, "title"));
    return;
  }
  html_element(s->h, "code", NULL, id);
  html_text(s->h, " ");
  html_text(s->h, phrase(P_NOT_HERE, s->r->lang));
}

/* A language that is not the page's is marked for screen readers and, by its name, for everybody. */
static void open_marked(const struct showing *s, const char *element, const char *tag) {
  html_open(s->h, element);
  put_lang(s->r, s->h, tag);
}

static void put_tag(const struct showing *s, const char *tag) {
  if (tag[0] == '\0' || strcmp(tag, s->tag) == 0) return;
  html_text(s->h, " ");
  html_open(s->h, "small");
  html_attr(s->h, "class", "tag");
  html_text(s->h, "(");
  html_text(s->h, language_name(s->r->site, tag, s->r->lang));
  html_text(s->h, ")");
  html_close(s->h);
}

static void put_plain(const struct showing *s, json_t *value, const char *text, const char *tag) {
  open_marked(s, "span", tag);
  html_text(s->h, text);
  html_close(s->h);
  if (json_is_object(value)) put_tag(s, tag);
}

static void put_scalar(const struct showing *s, const struct field *field, json_t *value) {
  const char *tag = "";
  const char *text = scalar_text(s, field, value, &tag);
  if (json_is_string(value) && put_facet_link(s, field, json_string_value(value), text)) return;
  switch (field == NULL || !json_is_string(value) ? FIELD_TEXT : field->type) {
  case FIELD_URL:
    if (value_is_url(view_of_text(text))) {
      put_url(s->h, view_of_text(text), view_of_text(text));
    } else {
      html_text(s->h, text);
    }
    return;
  case FIELD_REF:
    put_ref(s, text);
    return;
  case FIELD_DATE:
    put_date(s->r, s->h, text);
    return;
  case FIELD_NUMBER:
    html_digits(s->h, text);
    return;
  case FIELD_BLOB:
    html_element(s->h, "code", NULL, text);
    return;
  case FIELD_TEXT:
  case FIELD_CODE:
  case FIELD_BOOL:
  case FIELD_GROUP:
  case FIELD_FILE:
    put_plain(s, value, text, tag);
    return;
  }
}

static void put_long(const struct showing *s, const char *text, const char *tag) {
  open_marked(s, "div", tag);
  html_attr(s->h, "class", "text");
  prose_show(s->h, view_of_text(text), "h3");
  html_close(s->h);
}

static bool is_long(const char *text) {
  return text_length(view_of_text(text)) > SHORT_MAX || strchr(text, '\n') != NULL;
}

/* ---- fields ---- */

static void open_list(struct showing *s) {
  if (s->open) return;
  html_open(s->h, "dl");
  html_attr(s->h, "class", "fields");
  s->open = true;
}

static void close_list(struct showing *s) {
  if (s->open) html_close(s->h);
  s->open = false;
}

static void open_field(struct showing *s, const char *label, bool wide) {
  open_list(s);
  html_open(s->h, "div");
  if (wide) html_attr(s->h, "class", "wide");
  html_element(s->h, "dt", NULL, label);
  html_open(s->h, "dd");
}

static void close_field(struct showing *s) {
  html_close(s->h);
  html_close(s->h);
}

static void put_many(struct showing *s, const struct field *field, json_t *value) {
  size_t i = 0;
  json_t *item = NULL;
  html_open(s->h, "ul");
  html_attr(s->h, "class", "inline");
  json_array_foreach(value, i, item) {
    html_open(s->h, "li");
    put_scalar(s, field, item);
    html_close(s->h);
  }
  html_close(s->h);
}

/* A row of a group: terms and values. */
static void put_row(struct showing *s, const struct field *group, const json_t *row) {
  html_open(s->h, "dl");
  html_attr(s->h, "class", "row");
  for (size_t i = 0; i < group->n_children; i++) {
    const struct field *child = &group->children[i];
    json_t *value = json_object_get(row, child->name);
    if (value == NULL) continue;
    open_pair(s->h, schema_label(s->schema, child->key, s->r->lang));
    if (json_is_array(value)) {
      put_many(s, child, value);
    } else {
      put_scalar(s, child, value);
    }
    close_pair(s->h);
  }
  html_close(s->h);
}

/* Rows in the order that the schema asks for: by the text of one child, those without it last. */
struct ordered_row {
  const json_t *row;
  const char *by;
  size_t i;
};

static int compare_rows(const void *a, const void *b) {
  const struct ordered_row *x = a, *y = b;
  const int order = x->by == NULL || y->by == NULL ? (x->by == NULL) - (y->by == NULL) : strcmp(x->by, y->by);
  return order != 0 ? order : (x->i > y->i) - (x->i < y->i);
}

static void put_group(struct showing *s, const struct field *group, json_t *value) {
  const size_t n = json_is_array(value) ? json_array_size(value) : 1;
  struct ordered_row *rows = calloc(n + 1, sizeof *rows);
  if (rows == NULL) {
    s->h->code = ERR_MEMORY;
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const json_t *row = json_is_array(value) ? json_array_get(value, i) : value;
    const char *by = group->order[0] == '\0' ? NULL : json_string_value(json_object_get(row, group->order));
    rows[i] = (struct ordered_row){row, by, i};
  }
  if (group->order[0] != '\0' && n > 1) qsort(rows, n, sizeof rows[0], compare_rows);
  html_open(s->h, "ol");
  html_attr(s->h, "class", group == s->schema->citations ? "group cited" : "group");
  for (size_t i = 0; i < n; i++) {
    html_open(s->h, "li");
    put_row(s, group, rows[i].row);
    html_close(s->h);
  }
  html_close(s->h);
  free(rows);
}

static bool is_listed(const json_t *body, const char *list, const char *key) {
  size_t i = 0;
  const json_t *item = NULL;
  json_array_foreach(json_object_get(body, list), i, item) {
    if (json_is_string(item) && strcmp(json_string_value(item), key) == 0) return true;
  }
  return false;
}

static void put_absent(struct showing *s, const struct field *field) {
  const json_t *body = s->content->body;
  const bool unknown = is_listed(body, "_unknown", field->key);
  if (!unknown && !is_listed(body, "_na", field->key)) return;
  open_field(s, schema_label(s->schema, field->key, s->r->lang), false);
  html_element(s->h, "em", NULL, phrase(unknown ? P_UNKNOWN : P_NOT_APPLICABLE, s->r->lang));
  close_field(s);
}

static void put_field(struct showing *s, const struct field *field, json_t *value) {
  const char *label = schema_label(s->schema, field->key, s->r->lang), *tag = "";
  if (field->type == FIELD_GROUP || field->type == FIELD_FILE) {
    open_field(s, label, true);
    put_group(s, field, value);
  } else if (json_is_array(value)) {
    open_field(s, label, false);
    put_many(s, field, value);
  } else {
    const char *text = scalar_text(s, field, value, &tag);
    const bool wide = field->type == FIELD_TEXT && is_long(text);
    open_field(s, label, wide);
    if (wide) {
      if (json_is_object(value)) put_tag(s, tag);
      put_long(s, text, tag);
    } else {
      put_scalar(s, field, value);
    }
  }
  close_field(s);
}

/* The totals that the schema asks for (rule word sum) stand in the model, beside the body. */
static void put_sums(struct showing *s, const struct field *field) {
  for (size_t i = 0; i <= field->n_children; i++) {
    const struct field *leaf = i == field->n_children ? field : &field->children[i];
    const char *total = json_string_value(json_object_get(s->content->sums, leaf->key));
    char label[160];
    if (total == NULL) continue;
    (void)snprintf(label, sizeof label, "%s: %s", phrase(P_TOTAL, s->r->lang), schema_label(s->schema, leaf->key, s->r->lang));
    open_field(s, label, false);
    html_digits(s->h, total);
    close_field(s);
  }
}

/* ---- chapters ---- */

static bool chapter_has_content(const struct schema *schema, size_t from, const json_t *body) {
  for (size_t i = from; i < schema->n_fields && (i == from || !schema->fields[i].heading); i++) {
    const char *key = schema->fields[i].key;
    if (json_object_get(body, key) != NULL || is_listed(body, "_unknown", key) || is_listed(body, "_na", key)) return true;
  }
  return false;
}

static void open_chapter(struct showing *s, const char *id, const char *title) {
  html_open(s->h, "section");
  html_attr(s->h, "aria-labelledby", id);
  html_open(s->h, "h2");
  html_attr(s->h, "id", id);
  html_text(s->h, title);
  html_close(s->h);
}

static const char *heading_of(const struct showing *s, const struct field *field) {
  char key[FIELD_KEY_MAX + 16];
  (void)snprintf(key, sizeof key, "@heading.%s", field->key);
  return schema_label(s->schema, key, s->r->lang);
}

/* Whether an object is a text in several languages, as far as one can tell without a schema. */
static bool is_multilingual(json_t *value) {
  const char *key = NULL;
  json_t *text = NULL;
  json_object_foreach(value, key, text) {
    if (!json_is_string(text) || !value_is_tag(view_of_text(key))) return false;
  }
  return json_object_size(value) > 0;
}

/* What no schema describes, by its form alone. */
static void put_raw(struct showing *s, json_t *value, unsigned depth) { // NOLINT(misc-no-recursion): depth ends it
  const char *key = NULL, *tag = "";
  size_t i = 0;
  json_t *item = NULL;
  if (json_is_string(value) || is_multilingual(value)) {
    const char *text = json_is_string(value) ? json_string_value(value) : ml_text(s, value, &tag);
    put_plain(s, value, text, tag);
  } else if (depth == RAW_DEPTH || !(json_is_array(value) || json_is_object(value))) {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    html_text(s->h, text == NULL ? "" : text);
    free(text);
  } else if (json_is_array(value)) {
    html_open(s->h, "ul");
    html_attr(s->h, "class", json_is_string(json_array_get(value, 0)) ? "inline" : "group");
    json_array_foreach(value, i, item) {
      html_open(s->h, "li");
      put_raw(s, item, depth + 1);
      html_close(s->h);
    }
    html_close(s->h);
  } else {
    html_open(s->h, "dl");
    html_attr(s->h, "class", "row");
    json_object_foreach(value, key, item) {
      open_pair(s->h, key);
      put_raw(s, item, depth + 1);
      close_pair(s->h);
    }
    html_close(s->h);
  }
}

static void put_unknown_keys(struct showing *s, json_t *body) {
  const char *key = NULL;
  json_t *value = NULL;
  json_object_foreach(body, key, value) {
    if (key[0] == '_' || (s->schema != NULL && schema_field(s->schema, view_of_text(key)) != NULL)) continue;
    open_field(s, key, json_is_array(value) || json_is_object(value));
    put_raw(s, value, 0);
    close_field(s);
  }
}

bool field_is_aside(const struct schema *schema, const struct field *field) {
  bool aside = field == schema->language || strcmp(field->vocabulary_name, "spdx") == 0;
  for (size_t i = 0; i < schema->n_unique; i++)
    aside = aside || (schema->unique[i] == field && field->type == FIELD_TEXT);
  return aside;
}

/* The field that introduces the page, its text and language; NULL: none does. */
static const struct field *lead_field(const struct showing *s, const char **text, const char **tag) {
  for (size_t i = 0; s->schema != NULL && i < s->schema->n_fields; i++) {
    const struct field *field = &s->schema->fields[i];
    json_t *value = json_object_get(s->content->body, field->key);
    if (!field->ml || field->many || field == s->schema->title || value == NULL) continue;
    *text = scalar_text(s, field, value, tag);
    return text_length(view_of_text(*text)) <= LEAD_MAX ? field : NULL;
  }
  return NULL;
}

void show_lead(struct request *r, struct html *h, const struct content *content) {
  const struct showing s = showing(r, h, content);
  const char *text = "", *tag = "";
  if (lead_field(&s, &text, &tag) == NULL) return;
  open_marked(&s, "div", tag);
  html_attr(h, "class", "lead");
  prose_show(h, view_of_text(text), "p");
  html_close(h);
  put_tag(&s, tag);
}

static void chapter_id(const struct field *field, char out[FIELD_KEY_MAX + 8]) {
  (void)snprintf(out, FIELD_KEY_MAX + 8, "c-%s", field == NULL ? "first" : field->key);
}

/* What has its own place on the page (title, lead, what the record says of itself) is passed over. */
static void put_fields(struct showing *s) {
  const char *text = "", *tag = "";
  const struct field *lead = lead_field(s, &text, &tag);
  char id[FIELD_KEY_MAX + 8];
  chapter_id(NULL, id);
  open_chapter(s, id, phrase(P_DETAILS, s->r->lang));
  for (size_t i = 0; s->schema != NULL && i < s->schema->n_fields; i++) {
    const struct field *field = &s->schema->fields[i];
    if (i > 0 && field->heading && chapter_has_content(s->schema, i, s->content->body)) {
      chapter_id(field, id);
      close_list(s);
      html_close(s->h);
      open_chapter(s, id, heading_of(s, field));
    }
    json_t *value = json_object_get(s->content->body, field->key);
    if (value == NULL) {
      put_absent(s, field);
    } else if (field != s->schema->title && field != lead && !field_is_aside(s->schema, field)) {
      put_field(s, field, value);
      put_sums(s, field);
    }
  }
  put_unknown_keys(s, s->content->body);
  close_list(s);
  html_close(s->h);
}

void show_body(struct request *r, struct html *h, const struct content *content) {
  struct showing s = showing(r, h, content);
  put_fields(&s);
}

static void put_chapter_link(const struct showing *s, const struct field *field, const char *title) {
  char to[FIELD_KEY_MAX + 9] = "#";
  chapter_id(field, to + 1);
  html_open(s->h, "li");
  html_open(s->h, "a");
  html_attr(s->h, "href", to);
  html_text(s->h, title);
  html_close(s->h);
  html_close(s->h);
}

void show_chapters(struct request *r, struct html *h, const struct content *content) {
  const struct showing s = showing(r, h, content);
  put_chapter_link(&s, NULL, phrase(P_DETAILS, r->lang));
  for (size_t i = 1; s.schema != NULL && i < s.schema->n_fields; i++) {
    const struct field *field = &s.schema->fields[i];
    if (field->heading && chapter_has_content(s.schema, i, content->body)) put_chapter_link(&s, field, heading_of(&s, field));
  }
}
