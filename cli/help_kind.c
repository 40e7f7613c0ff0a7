/*
 * help_kind: see help_kind.h. A kind is a table of its fields, a field its codes with their names: nothing of it is written
 * here, all of it stands in the schemas.
 */
#include "cli/help_kind.h"

#include <stdio.h>
#include <string.h>

#include "cli/facets.h"
#include "cli/out.h"

/* ---- which ---- */

static bool is_called(const struct field *f, const char *word) {
  return strcmp(f->key, word) == 0 || strcmp(f->name, word) == 0 || strcmp(f->dim, word) == 0;
}

/* A field of the kind: those that stand alone before those of groups. */
static const struct field *find_field(const struct schema *schema, const char *word) {
  for (size_t i = 0; i < schema->n_fields; i++) {
    if (is_called(&schema->fields[i], word)) {
      return &schema->fields[i];
    }
  }
  for (size_t i = 0; i < schema->n_fields; i++) {
    for (size_t k = 0; k < schema->fields[i].n_children; k++) {
      if (is_called(&schema->fields[i].children[k], word)) {
        return &schema->fields[i].children[k];
      }
    }
  }
  return NULL;
}

enum err_code help_subject_of(const struct schema_set *set, const char *word, const char *second, struct help_subject *out,
                              struct err *err) {
  *out = (struct help_subject){.schema = schema_by_kind(set, word)};
  if (out->schema == NULL) {
    out->field = second == NULL ? facets_field(set, NULL, word, &out->schema) : NULL;
    return OK;
  }
  if (second == NULL || (out->field = find_field(out->schema, second)) != NULL) {
    return OK;
  }
  err_set(err, ERR_NOT_FOUND, "%s: a %s has no such field", second, word);
  const char *meant = schema_nearest_field(out->schema, view_of_text(second));
  return meant != NULL ? err_hint(err, "did you mean specola help %s %s?", word, meant)
                       : err_hint(err, "specola help %s lists the fields", word);
}

/* ---- said ---- */

static const char *need_of(const struct cli *cli, const struct field *f) {
  return f->need == NEED_PUBLISH    ? out_word(cli, "to publish", "per pubblicare")
         : f->need == NEED_COMPLETE ? out_word(cli, "to be complete", "per essere completo")
                                    : "";
}

/* "sector, 79 codes", "text, at most 200" */
static void form_of(const struct cli *cli, const struct field *f, char *out, size_t size) {
  static const char *const words[][2] = {[FIELD_TEXT] = {"text", "testo"},
                                         [FIELD_CODE] = {"code", "codice"},
                                         [FIELD_DATE] = {"date", "data"},
                                         [FIELD_NUMBER] = {"number", "numero"},
                                         [FIELD_BOOL] = {"yes or no", "s\xc3\xac o no"},
                                         [FIELD_URL] = {"address", "indirizzo"},
                                         [FIELD_REF] = {"reference", "riferimento"},
                                         [FIELD_GROUP] = {"group", "gruppo"},
                                         [FIELD_FILE] = {"file", "file"},
                                         [FIELD_BLOB] = {"data", "dati"}};
  const char *word = out_word(cli, words[f->type][0], words[f->type][1]);
  if (f->vocabulary != NULL) {
    (void)snprintf(out, size, "%zu %s", vocabulary_count(f->vocabulary), out_word(cli, "codes", "codici"));
  } else if (f->max_chars > 0) {
    (void)snprintf(out, size, "%s, %s %u", word, out_word(cli, "at most", "al massimo"), f->max_chars);
  } else {
    (void)snprintf(out, size, "%s", word);
  }
}

static json_t *field_json(const struct cli *cli, const struct help_subject *s, const struct field *f) {
  static const char *const needs[] = {[NEED_OPTIONAL] = "", [NEED_COMPLETE] = "complete", [NEED_PUBLISH] = "publish"};
  char form[96];
  form_of(cli, f, form, sizeof form);
  return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "field", f->key, "label",
                   schema_label(s->schema, f->key, cli->lang), "help", schema_help(s->schema, f->key, cli->lang), "form", form,
                   "need", needs[f->need], "many", f->many, "vocabulary", f->vocabulary_name, "facet", f->dim);
}

static void add_field(struct cli *cli, const struct help_subject *s, const struct field *f, struct out_table *table,
                      json_t *list) {
  char form[96];
  form_of(cli, f, form, sizeof form);
  const char *cells[] = {f->key, form, need_of(cli, f), f->dim, schema_label(s->schema, f->key, cli->lang)};
  out_table_row(table, cells);
  json_array_append_new(list, field_json(cli, s, f));
  for (size_t i = 0; i < f->n_children; i++) {
    add_field(cli, s, &f->children[i], table, list);
  }
}

static void show_kind(struct cli *cli, const struct help_subject *s) {
  const char *columns[] = {out_word(cli, "field", "campo"),  out_word(cli, "takes", "contiene"),
                           out_word(cli, "needed", "serve"), out_word(cli, "facet", "faccetta"),
                           out_word(cli, "<name", "<nome"),  NULL};
  json_t *list = json_array();
  out_heading(cli, "%s  %s", s->schema->kind, schema_label(s->schema, "@kind", cli->lang));
  out_wrapped(cli, 2, "  %s", schema_help(s->schema, "@kind", cli->lang));
  struct out_table *table = out_table_new(cli, columns);
  for (size_t i = 0; i < s->schema->n_fields; i++) {
    add_field(cli, s, &s->schema->fields[i], table, list);
  }
  out_table_print(table);
  out_set_text(cli, "kind", s->schema->kind);
  out_set_text(cli, "label", schema_label(s->schema, "@kind", cli->lang));
  out_set(cli, "fields", list);
  out_note(cli, "%s specola help %s %s", out_word(cli, "The codes of a field:", "I codici di un campo:"), s->schema->kind,
           out_word(cli, "FIELD", "CAMPO"));
}

static void show_codes(struct cli *cli, const struct vocabulary *v) {
  const char *columns[] = {out_word(cli, "code", "codice"), out_word(cli, "<name", "<nome"), NULL};
  struct out_table *table = out_table_new(cli, columns);
  json_t *list = json_array();
  for (size_t i = 0; i < vocabulary_count(v); i++) {
    const char *code = vocabulary_code(v, i), *label = vocabulary_label(v, view_of_text(code), cli->lang);
    const char *cells[] = {code, label == NULL ? "" : label};
    out_table_row(table, cells);
    json_array_append_new(list, json_pack("{s:s, s:s}", "code", code, "label", label == NULL ? code : label));
  }
  out_table_print(table);
  out_set(cli, "codes", list);
}

static void show_field(struct cli *cli, const struct help_subject *s) {
  const struct field *f = s->field;
  const char *example = schema_example(s->schema, f->key, cli->lang), *need = need_of(cli, f);
  char form[96];
  form_of(cli, f, form, sizeof form);
  out_heading(cli, "%s  %s", f->key, schema_label(s->schema, f->key, cli->lang));
  out_wrapped(cli, 2, "  %s", schema_help(s->schema, f->key, cli->lang));
  out_line(cli, "  %s: %s%s%s", schema_label(s->schema, "@kind", cli->lang), form,
           need[0] == '\0' ? "" : out_word(cli, "; needed ", "; serve "), need);
  if (f->dim[0] != '\0') {
    out_line(cli, "  %s --%s %s", out_word(cli, "To find by it:  specola search", "Per cercare:  specola search"), f->dim,
             out_word(cli, "CODE", "CODICE"));
  }
  if (example[0] != '\0') {
    out_wrapped(cli, 2, "  %s %s", out_word(cli, "Example:", "Esempio:"), example);
  }
  json_t *about = field_json(cli, s, f);
  json_object_update(cli->doc, about);
  json_decref(about);
  out_set_text(cli, "kind", s->schema->kind);
  if (f->vocabulary != NULL) {
    show_codes(cli, f->vocabulary);
  }
}

void help_subject_show(struct cli *cli, const struct help_subject *subject) {
  if (subject->field == NULL) {
    show_kind(cli, subject);
  } else {
    show_field(cli, subject);
  }
}
