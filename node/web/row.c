/*
 * row: an object as lists show it: title, first text, a few codes. What is shown follows from the schema's types and rule
 * words, never from names of fields. See site.h.
 */
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/web/site.h"

/* Characters. What another member signs may be longer than any schema says. */
#define TITLE_MAX 200
#define LEAD_MAX 220 /* of the first text behind the title */
#define CODE_TEXT_MAX 80
#define CODES_MAX 4

/* ---- the model ---- */

static json_t *text_json(struct view v) {
  json_t *text = json_stringn((const char *)v.p, v.len);
  return text == NULL ? json_string("") : text;
}

/* On one line, at most max characters (LEAD_MAX). */
static json_t *line_json(struct view v, size_t max) {
  char line[LEAD_MAX * 4 + 4];
  const size_t len = text_prefix(v, max);
  memcpy(line, v.p == NULL ? (const uint8_t *)"" : v.p, len);
  memcpy(line + len, "…", 4);
  for (size_t i = 0; i < len; i++) {
    if (line[i] == '\n' || line[i] == '\t') line[i] = ' ';
  }
  return text_json(view_of(line, len < v.len ? len + 3 : len));
}

/* The first multilingual text behind the title, cut. */
static void put_lead(json_t *out, const struct request *r, const struct body_slots *slots) {
  const struct schema *schema = slots->schema;
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *field = &schema->fields[i];
    struct view text, tag;
    if (!field->ml || field == schema->title || field->many || !slots_text(slots, field, r->lang, &text, &tag)) continue;
    (void)json_object_set_new(out, "lead", line_json(text, LEAD_MAX));
    (void)json_object_set_new(out, "lead_lang", text_json(tag));
    return;
  }
}

/* Codes that say what it is: of fields with a dimension, but what the record says of itself (language, licence). */
struct codes {
  const struct request *r;
  json_t *list;
};

static bool take_code(void *context, const struct body_value *value) {
  struct codes *c = context;
  const struct field *field = value->field;
  if (field == NULL || field->dim[0] == '\0' || field->vocabulary == NULL || value->row > 0 || field->parent != NULL)
    return true;
  if (strcmp(field->vocabulary_name, "language") == 0 || strcmp(field->vocabulary_name, "spdx") == 0) return true;
  const char *label = vocabulary_label(field->vocabulary, value->value, c->r->lang);
  json_t *code = json_pack("{s:s, s:o, s:o}", "dim", field->dim, "code", line_json(value->value, CODE_TEXT_MAX), "label",
                           line_json(label == NULL ? value->value : view_of_text(label), CODE_TEXT_MAX));
  (void)json_array_append_new(c->list, code);
  return json_array_size(c->list) < CODES_MAX;
}

/* The snippet as parts: {"text", "match"}. */
static json_t *snippet_json(const char *snippet) {
  static const char BEGIN[] = "\xe2\x81\xa8", END[] = "\xe2\x81\xa9"; /* U+2068, U+2069 */
  json_t *parts = json_array();
  bool inside = false;
  while (*snippet != '\0') {
    const char *edge = strstr(snippet, inside ? END : BEGIN);
    const size_t len = edge == NULL ? strlen(snippet) : (size_t)(edge - snippet);
    json_t *text = json_stringn(snippet, len);
    if (len > 0 && text != NULL) {
      (void)json_array_append_new(parts, json_pack("{s:o, s:b}", "text", text, "match", inside));
    } else {
      json_decref(text);
    }
    snippet += edge == NULL ? len : len + 3;
    inside = !inside;
  }
  return parts;
}

json_t *row_json(const struct request *r, const struct query_row *row) {
  json_t *out = json_pack("{s:s, s:s, s:s, s:o, s:I, s:i, s:i}", "reference", row->reference, "kind",
                          row->schema == NULL ? "" : row->schema->kind, "home", row->handle, "title",
                          line_json(view_of_text(row->title), TITLE_MAX), "created", (json_int_t)row->created, "versions",
                          (int)row->versions, "completeness", (int)row->completeness);
  const struct federation_member *m = federation_by_handle(&r->site->now->federation, row->handle);
  if (m != NULL) (void)json_object_set_new(out, "home_country", json_string(m->member->country));
  (void)json_object_set_new(out, "state", json_string(row->withdrawn ? "withdrawn" : "published"));
  (void)json_object_set_new(out, "endorsed", json_string(endorsed_name(row->endorsed)));
  if (row->slots != NULL) {
    struct codes codes = {r, json_array()};
    struct view title, tag;
    if (slots_text(row->slots, row->schema->title, r->lang, &title, &tag)) {
      (void)json_object_set_new(out, "title_lang", text_json(tag));
    }
    put_lead(out, r, row->slots);
    slots_walk(row->slots, take_code, &codes);
    (void)json_object_set_new(out, "codes", codes.list);
  }
  if (row->snippet[0] != '\0') (void)json_object_set_new(out, "snippet", snippet_json(row->snippet));
  return out;
}

/* ---- as HTML ---- */

static void show_snippet(struct html *h, const json_t *parts) {
  size_t i = 0;
  const json_t *part = NULL;
  html_open(h, "p");
  html_attr(h, "class", "snippet");
  json_array_foreach(parts, i, part) {
    if (json_is_true(json_object_get(part, "match"))) {
      html_element(h, "mark", NULL, text_at(part, "text"));
    } else {
      html_text(h, text_at(part, "text"));
    }
  }
  html_close(h);
}

static void show_row_codes(struct request *r, struct html *h, const json_t *row) {
  size_t i = 0;
  const json_t *code = NULL;
  char path[64];
  html_open(h, "p");
  html_attr(h, "class", "meta");
  html_element(h, "span", "ref", text_at(row, "reference"));
  html_text(h, " ");
  html_open(h, "span");
  html_text(h, phrase(P_HOME_NODE, r->lang));
  html_text(h, " ");
  (void)snprintf(path, sizeof path, "/nodes/%s", text_at(row, "home"));
  put_link(r, h, path, country_name(r->site, text_at(row, "home_country"), r->lang));
  html_text(h, ", ");
  put_day(r, h, int_at(row, "created"));
  html_close(h);
  html_text(h, " ");
  put_completeness(r, h, int_at(row, "completeness"));
  const char *endorsed = text_at(row, "endorsed");
  html_text(h, " ");
  html_element(h, "span", strcmp(endorsed, "current") == 0 ? "badge good" : "badge plain", endorsed_badge(r, endorsed));
  html_close(h);
  if (json_array_size(json_object_get(row, "codes")) == 0) return;
  html_open(h, "ul");
  html_attr(h, "class", "codes");
  json_array_foreach(json_object_get(row, "codes"), i, code) {
    html_element(h, "li", NULL, text_at(code, "label"));
  }
  html_close(h);
}

void show_rows(struct request *r, struct html *h, const json_t *rows) {
  size_t i = 0;
  const json_t *row = NULL;
  html_open(h, "ol");
  html_attr(h, "class", "rows");
  json_array_foreach(rows, i, row) {
    char path[REFERENCE_MAX + 1];
    const char *title = text_at(row, "title");
    (void)snprintf(path, sizeof path, "/%s", text_at(row, "reference"));
    html_open(h, "li");
    html_open(h, "article");
    html_open(h, "h3");
    html_open(h, "a");
    put_href(r, h, path);
    put_lang(r, h, text_at(row, "title_lang"));
    html_text(h, title[0] == '\0' ? text_at(row, "reference") : title);
    html_close(h);
    html_close(h);
    if (json_object_get(row, "snippet") != NULL) {
      show_snippet(h, json_object_get(row, "snippet"));
    } else if (text_at(row, "lead")[0] != '\0') {
      html_open(h, "p");
      put_lang(r, h, text_at(row, "lead_lang"));
      html_text(h, text_at(row, "lead"));
      html_close(h);
    }
    show_row_codes(r, h, row);
    html_close(h);
    html_close(h);
  }
  html_close(h);
}
