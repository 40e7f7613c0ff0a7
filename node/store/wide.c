/*
 * wide: a table a kind of object. See wide.h.
 */
#include "node/store/wide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store/statement.h"

#define WIDE_DDL_MAX ((size_t)1024 * 1024)
#define WIDE_FIRST 3 /* columns 1 and 2 are id and title */

bool wide_has(const struct schema *schema, const struct field *f) {
  const bool single = !f->many && (f->parent == NULL || !f->parent->many);
  return single && !f->ml && f->type != FIELD_GROUP && f->type != FIELD_FILE && f->type != FIELD_BLOB && f != schema->title;
}

void wide_name(const struct schema *schema, char out[WIDE_NAME_MAX]) {
  static const char *const taken[] = {"address",
                                      "authority",
                                      "charter",
                                      "derived_fact",
                                      "derived_wide",
                                      "entry",
                                      "facet",
                                      "facet_code",
                                      "fact",
                                      "frozen",
                                      "fulltext",
                                      "fulltext_config",
                                      "fulltext_content",
                                      "fulltext_data",
                                      "fulltext_docsize",
                                      "fulltext_idx",
                                      "held",
                                      "holds",
                                      "identity",
                                      "link",
                                      "log",
                                      "milestone",
                                      "object",
                                      "outbox",
                                      "unique_key",
                                      "version"};
  bool is_taken = strncmp(schema->kind, "sqlite_", 7) == 0;
  for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
    is_taken = is_taken || strcmp(schema->kind, taken[i]) == 0;
  }
  (void)snprintf(out, WIDE_NAME_MAX, "%s%s", strncmp(schema->kind, "sqlite_", 7) == 0 ? "_" : schema->kind,
                 strncmp(schema->kind, "sqlite_", 7) == 0 ? schema->kind
                 : is_taken                               ? "_"
                                                          : "");
}

static enum err_code number_group(struct wide *w, size_t i, struct err *err) {
  const struct field *f = &w->schema->fields[i];
  if (f->n_children == 0) {
    return OK;
  }
  w->children[i] = calloc(f->n_children, sizeof(int));
  if (w->children[i] == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (size_t c = 0; c < f->n_children; c++) {
    if (wide_has(w->schema, &f->children[c])) {
      w->children[i][c] = ++w->n_columns;
    }
  }
  return OK;
}

static enum err_code wide_init(struct wide *w, const struct schema *schema, struct err *err) {
  enum err_code code = OK;
  w->schema = schema;
  w->n_columns = WIDE_FIRST - 1;
  wide_name(schema, w->name);
  w->top = calloc(schema->n_fields, sizeof *w->top);
  w->children = calloc(schema->n_fields, sizeof *w->children);
  if (w->top == NULL || w->children == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (size_t i = 0; i < schema->n_fields && code == OK; i++) {
    if (wide_has(schema, &schema->fields[i])) {
      w->top[i] = ++w->n_columns;
    }
    code = number_group(w, i, err);
  }
  return code;
}

enum err_code wides_new(const struct schema_set *set, struct wides *out, struct err *err) {
  enum err_code code = OK;
  out->n = schema_set_count(set);
  out->items = calloc(out->n == 0 ? 1 : out->n, sizeof *out->items);
  if (out->items == NULL) {
    out->n = 0;
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (size_t i = 0; i < out->n && code == OK; i++) {
    code = wide_init(&out->items[i], schema_set_at(set, i), err);
  }
  if (code != OK) {
    wides_release(out);
  }
  return code;
}

void wides_release(struct wides *w) {
  for (size_t i = 0; i < w->n; i++) {
    struct wide *item = &w->items[i];
    for (size_t c = 0; item->children != NULL && item->schema != NULL && c < item->schema->n_fields; c++) {
      free(item->children[c]);
    }
    free(item->children);
    free(item->top);
    (void)sqlite3_finalize(item->insert);
    (void)sqlite3_finalize(item->erase);
  }
  free(w->items);
  *w = (struct wides){0};
}

const struct wide *wide_of(const struct wides *w, uint64_t schema_number) {
  for (size_t i = 0; i < w->n; i++) {
    if (w->items[i].schema->number == schema_number) {
      return &w->items[i];
    }
  }
  return NULL;
}

int wide_column(const struct wide *w, const struct field *field) {
  if (field->parent == NULL) {
    return w->top[field - w->schema->fields];
  }
  const ptrdiff_t group = field->parent - w->schema->fields;
  return w->children[group] == NULL ? 0 : w->children[group][field - field->parent->children];
}

/* ---- SQL ---- */

static const char *column_type(const struct field *f) {
  static const char *const types[] = {
      [FIELD_TEXT] = "TEXT", [FIELD_CODE] = "TEXT", [FIELD_DATE] = "TEXT",  [FIELD_NUMBER] = "REAL", [FIELD_BOOL] = "INTEGER",
      [FIELD_URL] = "TEXT",  [FIELD_REF] = "BLOB",  [FIELD_GROUP] = "TEXT", [FIELD_FILE] = "TEXT",   [FIELD_BLOB] = "BLOB"};
  return types[f->type];
}

static enum err_code put_column(const struct wide *w, const struct field *f, struct bytes *out, struct err *err) {
  if (wide_column(w, f) == 0) {
    return OK;
  }
  const bool clash = strcmp(f->key, "id") == 0 || strcmp(f->key, "title") == 0;
  return bytes_printf(out, err, ",\n  \"%s%s\" %s", f->key, clash ? "_" : "", column_type(f));
}

enum err_code wide_ddl(const struct wide *w, struct bytes *out, struct err *err) {
  enum err_code code = bytes_printf(out, err, "CREATE TABLE \"%s\"(\n  id INTEGER PRIMARY KEY,\n  title TEXT", w->name);
  for (size_t i = 0; i < w->schema->n_fields && code == OK; i++) {
    const struct field *f = &w->schema->fields[i];
    code = put_column(w, f, out, err);
    for (size_t c = 0; c < f->n_children && code == OK; c++) {
      code = put_column(w, &f->children[c], out, err);
    }
  }
  return code == OK ? bytes_append_text(out, "\n) STRICT;\n", err) : code;
}

enum err_code wide_prepare(struct wide *w, struct store *s, struct err *err) {
  struct bytes sql;
  bytes_init(&sql, WIDE_DDL_MAX);
  enum err_code code = bytes_printf(&sql, err, "INSERT INTO \"%s\" VALUES (?", w->name);
  for (int i = 1; i < w->n_columns && code == OK; i++) {
    code = bytes_append_text(&sql, ",?", err);
  }
  if (code == OK) {
    code = bytes_append_text(&sql, ")", err);
  }
  const char *text = code == OK ? bytes_text(&sql) : NULL;
  if (code == OK) {
    code = text == NULL ? err_set(err, ERR_MEMORY, NULL) : statement_new(s, text, &w->insert, err);
  }
  if (code == OK) {
    char erase[96];
    (void)snprintf(erase, sizeof erase, "DELETE FROM \"%s\" WHERE id = :id", w->name);
    code = statement_new(s, erase, &w->erase, err);
  }
  bytes_release(&sql);
  return code;
}

/* ---- values ---- */

void wide_bind(const struct wide *w, const struct body_value *value) {
  const int column = value->field == NULL || value->row != 0 || value->item != 0 ? 0 : wide_column(w, value->field);
  char number[32];
  if (column == 0) {
    return;
  }
  switch (value->field->type) {
  case FIELD_BOOL:
    statement_bind_int(w->insert, column, value->value.len == 1 && value->value.p[0] != 0);
    return;
  case FIELD_NUMBER:
    if (value->value.len > 0 && value->value.len < sizeof number) {
      memcpy(number, value->value.p, value->value.len);
      number[value->value.len] = 0;
      (void)sqlite3_bind_double(w->insert, column, strtod(number, NULL));
    }
    return;
  case FIELD_REF:
  case FIELD_BLOB:
    statement_bind_blob(w->insert, column, value->value);
    return;
  case FIELD_TEXT:
  case FIELD_CODE:
  case FIELD_DATE:
  case FIELD_URL:
  case FIELD_GROUP:
  case FIELD_FILE:
    statement_bind_text(w->insert, column, value->value);
    return;
  }
}
