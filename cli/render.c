/*
 * render: bodies as text (see render.h). Works on the JSON form; what a field is comes from its schema, never from its name.
 */
#include "cli/render.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "keys/text.h"

#define SHORT_WIDTH 60                 /* columns up to which a text stands on the line of its label */
#define VALUE_MAX ((size_t)512 * 1024) /* octets of one value as text */

/* What is being rendered. original: the language of the object, or "". */
struct rendering {
  struct cli *cli;
  const struct schema *schema;
  const char *original;
  struct bytes line; /* scratch */
  bool gap;          /* the last line was empty */
};

/* The text of an ml value that fits best: asked for, original, the first; *tag says which when it is another than the one asked
 * for. */
static const char *ml_text(const struct rendering *r, json_t *value, const char **tag) {
  const char *text = json_string_value(json_object_get(value, r->cli->lang));
  *tag = NULL;
  if (text != NULL) {
    return text;
  }
  const char *key = r->original;
  text = json_string_value(json_object_get(value, key));
  if (text == NULL) {
    void *first = json_object_iter(value);
    key = first == NULL ? NULL : json_object_iter_key(first);
    text = first == NULL ? NULL : json_string_value(json_object_iter_value(first));
  }
  *tag = key;
  return text;
}

/* Appends one scalar as people read it. Without memory or past the ceiling it ends early: the line is for display. */
static void add_scalar(struct rendering *r, const struct field *field, json_t *value) {
  const char *tag = NULL;
  const char *text = json_is_object(value) ? ml_text(r, value, &tag) : json_string_value(value);
  if (json_is_boolean(value)) {
    text = json_is_true(value) ? out_word(r->cli, "yes", "s\xc3\xac") : "no";
  }
  if (text == NULL) {
    char *raw = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    bool fits = raw != NULL && bytes_append_text(&r->line, raw, NULL) == OK;
    free(raw);
    (void)fits;
    return;
  }
  const char *label = NULL;
  if (field != NULL && field->vocabulary != NULL) {
    label = vocabulary_label(field->vocabulary, view_of_text(text), r->cli->lang);
  }
  if (tag != NULL && bytes_printf(&r->line, NULL, "[%s] ", tag) != OK) {
    return;
  }
  bool fits = label == NULL ? bytes_append_text(&r->line, text, NULL) == OK
                            : bytes_printf(&r->line, NULL, "%s (%s)", label, text) == OK;
  (void)fits;
}

static void add_value(struct rendering *r, const struct field *field, json_t *value) {
  if (!json_is_array(value)) {
    add_scalar(r, field, value);
    return;
  }
  size_t i;
  json_t *item;
  json_array_foreach(value, i, item) {
    if (i > 0 && bytes_append_text(&r->line, "; ", NULL) != OK) {
      return;
    }
    add_scalar(r, field, item);
  }
}

/* One empty line, however many are asked for in a row. */
static void say_gap(struct rendering *r) {
  if (!r->gap) {
    out_line(r->cli, "%s", "");
  }
  r->gap = true;
}

/* "Label: value", or the label and the text below it. */
static void say_labelled(struct rendering *r, const char *label) {
  struct view text = bytes_view(&r->line);
  if (text.len == 0) {
    return;
  }
  if (text_width(text) <= SHORT_WIDTH && memchr(text.p, '\n', text.len) == NULL) {
    out_wrapped(r->cli, 2, "%s: %.*s", label, (int)text.len, (const char *)text.p);
    r->gap = false;
    return;
  }
  say_gap(r);
  out_heading(r->cli, "%s", label);
  out_text(r->cli, text);
  r->gap = false;
  say_gap(r);
}

/* A row of a group: "label: value · label: value". */
static void add_row(struct rendering *r, const struct field *group, const json_t *row) {
  const size_t begin = r->line.len;
  for (size_t i = 0; i < group->n_children; i++) {
    const struct field *child = &group->children[i];
    json_t *value = json_object_get(row, child->name);
    if (value == NULL || (r->line.len > begin && bytes_append_text(&r->line, " \xc2\xb7 ", NULL) != OK) ||
        bytes_printf(&r->line, NULL, "%s: ", schema_label(r->schema, child->key, r->cli->lang)) != OK) {
      continue;
    }
    add_value(r, child, value);
  }
}

static void say_row(struct rendering *r, const struct field *group, const json_t *row) {
  bytes_clear(&r->line);
  add_row(r, group, row);
  struct view text = bytes_view(&r->line);
  out_wrapped(r->cli, 4, "  - %.*s", (int)text.len, (const char *)text.p);
}

/* Rows of a group in the order that its schema asks for: by the text of one child, those without it last. */
struct ordered_row {
  const json_t *row;
  const char *by;
  size_t i;
};

static int compare_rows(const void *a, const void *b) {
  const struct ordered_row *x = a, *y = b;
  int order = x->by == NULL || y->by == NULL ? (x->by == NULL) - (y->by == NULL) : strcmp(x->by, y->by);
  return order != 0 ? order : (x->i > y->i) - (x->i < y->i);
}

static void say_group(struct rendering *r, const struct field *group, json_t *value, const char *label) {
  size_t n = json_is_array(value) ? json_array_size(value) : 1;
  struct ordered_row *rows = calloc(n + 1, sizeof *rows);
  if (rows == NULL) {
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const json_t *row = json_is_array(value) ? json_array_get(value, i) : value;
    const char *by = group->order[0] == '\0' ? NULL : json_string_value(json_object_get(row, group->order));
    rows[i] = (struct ordered_row){row, by, i};
  }
  if (group->order[0] != '\0') {
    qsort(rows, n, sizeof rows[0], compare_rows);
  }
  say_gap(r);
  out_heading(r->cli, "%s", label);
  for (size_t i = 0; i < n; i++) {
    say_row(r, group, rows[i].row);
  }
  r->gap = false;
  free(rows);
}

/* The totals that the schema asks for (rule word sum). */
static void say_sums(struct rendering *r, const struct field *field, struct view body) {
  char total[32];
  for (size_t i = 0; i < field->n_children; i++) {
    if (field->children[i].sum && body_sum(r->schema, body, &field->children[i], total)) {
      out_line(r->cli, "  = %s: %s", schema_label(r->schema, field->children[i].key, r->cli->lang), total);
    }
  }
  if (field->sum && field->many && body_sum(r->schema, body, field, total)) {
    out_line(r->cli, "  = %s: %s", schema_label(r->schema, field->key, r->cli->lang), total);
  }
}

static bool is_listed(const json_t *json, const char *list, const char *key) {
  size_t i;
  json_t *item;
  json_array_foreach(json_object_get(json, list), i, item) {
    if (json_is_string(item) && strcmp(json_string_value(item), key) == 0) {
      return true;
    }
  }
  return false;
}

static void say_field(struct rendering *r, const struct field *field, const json_t *json, struct view body) {
  const char *label = schema_label(r->schema, field->key, r->cli->lang);
  json_t *value = json_object_get(json, field->key);
  if (value == NULL) {
    bool unknown = is_listed(json, "_unknown", field->key);
    if (unknown || is_listed(json, "_na", field->key)) {
      out_line(r->cli, "%s: %s", label,
               unknown ? out_word(r->cli, "not yet known", "non ancora noto")
                       : out_word(r->cli, "not applicable", "non applicabile"));
      r->gap = false;
    }
    return;
  }
  if (field->type == FIELD_GROUP || field->type == FIELD_FILE) {
    say_group(r, field, value, label);
  } else {
    bytes_clear(&r->line);
    add_value(r, field, value);
    say_labelled(r, label);
  }
  say_sums(r, field, body);
  if (field->type == FIELD_GROUP || field->type == FIELD_FILE) {
    say_gap(r);
  }
}

/* True if field, or one of those up to the next heading, has something to say. */
static bool chapter_has_content(const struct schema *schema, size_t from, const json_t *json) {
  for (size_t i = from; i < schema->n_fields && (i == from || !schema->fields[i].heading); i++) {
    if (json_object_get(json, schema->fields[i].key) != NULL) {
      return true;
    }
  }
  return false;
}

static void say_unknown_keys(struct rendering *r, json_t *json) {
  const char *key;
  json_t *value;
  json_object_foreach(json, key, value) {
    if (key[0] == '_' || (r->schema != NULL && schema_field(r->schema, view_of_text(key)) != NULL)) {
      continue;
    }
    bytes_clear(&r->line);
    add_value(r, NULL, value);
    say_labelled(r, key);
  }
}

void render_value(struct cli *cli, const struct schema *schema, const struct field *field, json_t *value, struct bytes *out) {
  struct rendering r = {.cli = cli, .schema = schema, .original = "", .line = *out};
  const bool group = field != NULL && field->n_children > 0;
  size_t i;
  json_t *row;
  if (json_object_get(value, "_unknown") != NULL || json_object_get(value, "_na") != NULL) {
    bool fits = bytes_append_text(&r.line,
                                  json_object_get(value, "_na") == NULL ? out_word(cli, "not yet known", "non ancora noto")
                                                                        : out_word(cli, "not applicable", "non applicabile"),
                                  NULL) == OK;
    (void)fits;
  } else if (group && json_is_object(value)) {
    add_row(&r, field, value);
  } else if (group) {
    json_array_foreach(value, i, row) {
      if (i > 0 && bytes_append_text(&r.line, "; ", NULL) != OK) {
        break;
      }
      add_row(&r, field, row);
    }
  } else {
    add_value(&r, field, value);
  }
  *out = r.line;
}

enum err_code render_body(struct cli *cli, const struct schema *schema, struct view body, struct err *err) {
  json_t *json = NULL;
  struct rendering r = {.cli = cli, .schema = schema, .original = ""};
  enum err_code code = body_to_json(schema, body, &json, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&r.line, VALUE_MAX);
  if (schema != NULL && schema->language != NULL) {
    const char *original = json_string_value(json_object_get(json, schema->language->key));
    r.original = original == NULL ? "" : original;
  }
  for (size_t i = 0; schema != NULL && i < schema->n_fields; i++) {
    const struct field *field = &schema->fields[i];
    if (field->heading && chapter_has_content(schema, i, json)) {
      char key[FIELD_KEY_MAX + 16] = "@heading.";
      memcpy(key + strlen("@heading."), field->key, strlen(field->key) + 1);
      say_gap(&r);
      out_heading(cli, "== %s ==", schema_label(schema, key, cli->lang));
      r.gap = true;
    }
    say_field(&r, field, json, body);
  }
  say_unknown_keys(&r, json);
  say_gap(&r);
  bytes_release(&r.line);
  json_decref(json);
  return OK;
}
