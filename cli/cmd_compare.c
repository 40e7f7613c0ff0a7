/*
 * compare: objects of one kind, field by field, side by side: what is short in a table, what is long below it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/here.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/render.h"
#include "keys/text.h"

const struct option_row options_compare[] = {
    {"differing", 'd', OPTION_FLAG, NULL, "only what is not the same in all", "solo ciò che non è uguale in tutti"},
    OPTIONS_END,
};

#define OBJECTS_MAX 16
#define SHORT_WIDTH 40                 /* columns up to which a value stands in the table */
#define VALUE_MAX ((size_t)512 * 1024) /* octets of a value as text */

struct comparison {
  struct cli *cli;
  struct here here;
  const struct schema *schema; /* of all of them */
  size_t n;
  json_t *objects[OBJECTS_MAX]; /* as query_show gives them; owned */
  struct bytes texts[OBJECTS_MAX];
  json_t *fields; /* in the document */
  struct out_table *table;
  bool differing;
};

static enum err_code load(struct comparison *c, const char *name, struct err *err) {
  int64_t rowid = 0;
  const struct here *here = &c->here;
  json_t *json = NULL;
  enum err_code code = query_object(here->store, &here->federation, here->schemas, name, &rowid, err);
  if (code == OK) {
    code = query_show(here->store, &here->federation, here->schemas, rowid, c->cli->lang, &json, NULL, err);
  }
  if (code != OK) {
    return code;
  }
  c->objects[c->n++] = json;
  const struct schema *schema = schema_by_kind(here->schemas, text_of(json, "kind"));
  if (schema == NULL || (c->schema != NULL && schema != c->schema)) {
    err_set(err, ERR_REFUSED, "%s is a %s: only objects of one kind can be compared", text_of(json, "reference"),
            schema == NULL ? "?" : schema->kind);
    return err_hint(err, "specola show %s", text_of(json, "reference"));
  }
  if (!json_is_object(json_object_get(json, "body"))) {
    err_set(err, ERR_NOT_FOUND, "the text of %s is not held here", text_of(json, "reference"));
    return err_hint(err, "specola sync");
  }
  c->schema = schema;
  return OK;
}

/* Fills the texts of one field. *any: one of them says something; *same: all say the same; *wide: one is too long for a table.
 */
static void read_field(struct comparison *c, const struct field *field, bool *any, bool *same, bool *wide) {
  const json_t *first = json_object_get(json_object_get(c->objects[0], "body"), field->key);
  *any = *wide = false;
  *same = true;
  for (size_t i = 0; i < c->n; i++) {
    json_t *value = json_object_get(json_object_get(c->objects[i], "body"), field->key);
    bytes_clear(&c->texts[i]);
    if (value != NULL) {
      render_value(c->cli, c->schema, field, value, &c->texts[i]);
    }
    const struct view text = bytes_view(&c->texts[i]);
    *any = *any || value != NULL;
    *same = *same && (value == first || json_equal(value, first));
    *wide = *wide || text_width(text) > SHORT_WIDTH || (text.len > 0 && memchr(text.p, '\n', text.len) != NULL);
  }
}

static void put_field(struct comparison *c, const struct field *field, const char *label, bool same) {
  json_t *values = json_array();
  for (size_t i = 0; i < c->n; i++) {
    json_t *value = json_object_get(json_object_get(c->objects[i], "body"), field->key);
    json_array_append_new(values, value == NULL ? json_null() : json_incref(value));
  }
  json_array_append_new(c->fields,
                        json_pack("{s:s, s:s, s:b, s:o}", "field", field->key, "label", label, "same", same, "values", values));
}

/* What all say alike is said once. */
static void say_wide(struct comparison *c, const char *label, bool same) {
  out_line(c->cli, "%s", "");
  out_heading(c->cli, "%s", label);
  if (same) {
    out_line(c->cli, "%s",
             c->n == 2 ? out_word(c->cli, "the same in both:", "uguale in entrambi:")
                       : out_word(c->cli, "the same in all:", "uguale in tutti:"));
    out_text(c->cli, bytes_view(&c->texts[0]));
    return;
  }
  for (size_t i = 0; i < c->n; i++) {
    const struct view text = bytes_view(&c->texts[i]);
    out_line(c->cli, "%s%s", text_of(c->objects[i], "reference"), text.len == 0 ? ": -" : "");
    out_text(c->cli, text);
  }
}

static void say_short(struct comparison *c, const char *label, bool same) {
  const char *cells[OBJECTS_MAX + 2] = {same ? "=" : "", label};
  for (size_t i = 0; i < c->n; i++) {
    const char *text = bytes_text(&c->texts[i]);
    cells[i + 2] = text == NULL || text[0] == '\0' ? "-" : text;
  }
  out_table_row(c->table, cells);
}

/* One pass for the table, one for what is too long for it; the document is filled by the first. */
static void say_fields(struct comparison *c, bool wide_ones) {
  for (size_t i = 0; i < c->schema->n_fields; i++) {
    const struct field *field = &c->schema->fields[i];
    const char *label = schema_label(c->schema, field->key, c->cli->lang);
    bool any = false, same = false, wide = false;
    read_field(c, field, &any, &same, &wide);
    if (!any || (same && c->differing)) {
      continue;
    }
    if (!wide_ones) {
      put_field(c, field, label, same);
    }
    if (wide && wide_ones) {
      say_wide(c, label, same);
    } else if (!wide && !wide_ones) {
      say_short(c, label, same);
    }
  }
}

static void say(struct comparison *c) {
  const char *columns[OBJECTS_MAX + 3] = {"", "field"};
  char names[OBJECTS_MAX][REFERENCE_MAX + 1];
  json_t *list = json_array();
  for (size_t i = 0; i < c->n; i++) {
    const json_t *o = c->objects[i];
    (void)snprintf(names[i], sizeof names[i], "<%s", text_of(o, "reference"));
    columns[i + 2] = names[i];
    out_heading(c->cli, "%s  %s%s", text_of(o, "reference"), text_of(o, "title"),
                strcmp(text_of(o, "state"), "withdrawn") == 0 ? out_word(c->cli, "  (withdrawn)", "  (ritirato)") : "");
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:O}", "ref", text_of(o, "reference"), "id",
                                          text_of(o, "id"), "kind", text_of(o, "kind"), "home",
                                          text_of(json_object_get(o, "home"), "handle"), "title",
                                          out_json_text(view_of_text(text_of(o, "title"))), "state", text_of(o, "state"),
                                          "completeness", json_object_get(o, "completeness")));
  }
  out_set(c->cli, "objects", list);
  c->table = out_table_new(c->cli, columns);
  say_fields(c, false);
  out_table_print(c->table);
  say_fields(c, true);
}

enum err_code cmd_compare(struct cli *cli, const struct args *args, struct err *err) {
  struct comparison c = {.cli = cli, .fields = json_array(), .differing = args_flag(args, "differing")};
  out_set(cli, "fields", c.fields);
  if (args->n_operands > OBJECTS_MAX) {
    return err_set(err, ERR_USAGE, "%zu objects, at most %d", args->n_operands, OBJECTS_MAX);
  }
  enum err_code code = here_open(cli, &c.here, err);
  if (code != OK) {
    return code;
  }
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    bytes_init(&c.texts[i], VALUE_MAX);
  }
  for (size_t i = 0; code == OK && i < args->n_operands; i++) {
    code = load(&c, args->operands[i], err);
  }
  if (code == OK) {
    say(&c);
  }
  for (size_t i = 0; i < OBJECTS_MAX; i++) {
    bytes_release(&c.texts[i]);
    json_decref(c.objects[i]);
  }
  here_release(&c.here);
  return code;
}
