/*
 * query_rows: bodies, kinds and vocabularies as rows. See query_rows.h.
 */
#include "node/store/query_rows.h"

#include <stdlib.h>
#include <string.h>

#include "keys/hash.h"
#include "protocol/canon.h"

#define VOCABULARIES_MAX 256 /* that fields of all kinds name; what is beyond is left out */

/* Rows in the making; whole: none was lost for want of memory. */
struct rows {
  json_t *all;
  bool whole;
  const struct vocabulary *seen[VOCABULARIES_MAX];
  size_t n_seen;
};

/* Takes row over. */
static bool put(struct rows *rows, json_t *row) {
  rows->whole = json_array_append_new(rows->all, row) == 0 && rows->whole;
  return rows->whole;
}

/* Releases rows. */
static enum err_code finish(struct rows *rows, enum err_code code, char **out) {
  char *text = code == OK && rows->whole ? json_dumps(rows->all, JSON_COMPACT) : NULL;
  json_decref(rows->all);
  if (code == OK && text == NULL) {
    return ERR_MEMORY;
  }
  *out = text;
  return code;
}

/* ---- values of a body ---- */

/* A number counted from 1 where there may be several; else null. */
static json_t *counted(bool many, uint32_t i) {
  return many ? json_integer((json_int_t)i + 1) : json_null();
}

static json_t *value_json(const struct body_value *value) {
  char hex[HASH_HEX_LEN];
  if (value->type == CANON_BOOL) {
    return json_string(value->value.len == 1 && value->value.p[0] != 0 ? "true" : "false");
  }
  if (value->type != CANON_BIN) {
    return json_stringn((const char *)value->value.p, value->value.len);
  }
  if (value->value.len != HASH_LEN) {
    return json_null();
  }
  hex_encode(value->value, hex);
  return json_string(hex);
}

static bool take_value(void *context, const struct body_value *value) {
  const struct field *f = value->field;
  if (f == NULL) {
    return true;
  }
  const bool many = f->parent == NULL ? f->many : f->parent->many;
  const bool in_group = f->parent != NULL && f->many;
  json_t *lang = value->tag.len == 0 ? json_null() : json_stringn((const char *)value->tag.p, value->tag.len);
  return put(context, json_pack("[s, o, o, o, o]", f->key, counted(many, value->row), counted(in_group, value->item), lang,
                                value_json(value)));
}

enum err_code rows_of_body(const struct schema *schema, struct view body, char **out) {
  struct rows rows = {.all = json_array(), .whole = true};
  const enum err_code code = rows.all == NULL ? ERR_MEMORY : body_walk(schema, body, take_value, &rows, NULL);
  return finish(&rows, code, out);
}

/* ---- kinds ---- */

static const char *type_name(const struct field *f) {
  static const char *const names[] = {
      [FIELD_TEXT] = "text", [FIELD_CODE] = "code", [FIELD_DATE] = "date",   [FIELD_NUMBER] = "number", [FIELD_BOOL] = "bool",
      [FIELD_URL] = "url",   [FIELD_REF] = "ref",   [FIELD_GROUP] = "group", [FIELD_FILE] = "file",     [FIELD_BLOB] = "blob"};
  return names[f->type];
}

static const char *or_null(const char *text) {
  return text[0] == '\0' ? NULL : text;
}

static bool put_field(struct rows *rows, const struct schema *s, const struct field *f) {
  static const char *const needs[] = {[NEED_OPTIONAL] = "-", [NEED_COMPLETE] = "C", [NEED_PUBLISH] = "P"};
  bool going = put(rows, json_pack("[s, s, s, i, s, s?, s?, s, s, s, s]", s->kind, f->key, type_name(f), f->many ? 1 : 0,
                                   needs[f->need], or_null(f->vocabulary_name), or_null(f->dim), schema_label(s, f->key, "en"),
                                   schema_label(s, f->key, "it"), schema_help(s, f->key, "en"), schema_help(s, f->key, "it")));
  for (size_t i = 0; going && i < f->n_children; i++) {
    going = put_field(rows, s, &f->children[i]); // NOLINT(misc-no-recursion)
  }
  return going;
}

enum err_code rows_of_kinds(const struct schema_set *set, char **out) {
  struct rows rows = {.all = json_array(), .whole = true};
  bool going = rows.all != NULL;
  for (size_t i = 0; going && i < schema_set_count(set); i++) {
    const struct schema *s = schema_set_at(set, i);
    for (size_t k = 0; going && k < s->n_fields; k++) {
      going = put_field(&rows, s, &s->fields[k]);
    }
  }
  return finish(&rows, going ? OK : ERR_MEMORY, out);
}

/* ---- codes ---- */

/* True if v is asked about for the first time. */
static bool is_new(struct rows *rows, const struct vocabulary *v) {
  for (size_t i = 0; i < rows->n_seen; i++) {
    if (rows->seen[i] == v) {
      return false;
    }
  }
  if (v == NULL || rows->n_seen == VOCABULARIES_MAX) {
    return false;
  }
  rows->seen[rows->n_seen++] = v;
  return true;
}

static bool put_codes(struct rows *rows, const struct field *f) {
  const size_t n = is_new(rows, f->vocabulary) ? vocabulary_count(f->vocabulary) : 0;
  bool going = true;
  for (size_t i = 0; going && i < n; i++) {
    const char *code = vocabulary_code(f->vocabulary, i);
    going = put(rows,
                json_pack("[s, s, s?, s?]", f->vocabulary_name, code, vocabulary_label(f->vocabulary, view_of_text(code), "en"),
                          vocabulary_label(f->vocabulary, view_of_text(code), "it")));
  }
  for (size_t i = 0; going && i < f->n_children; i++) {
    going = put_codes(rows, &f->children[i]); // NOLINT(misc-no-recursion)
  }
  return going;
}

enum err_code rows_of_codes(const struct schema_set *set, char **out) {
  struct rows rows = {.all = json_array(), .whole = true};
  bool going = rows.all != NULL;
  for (size_t i = 0; going && i < schema_set_count(set); i++) {
    const struct schema *s = schema_set_at(set, i);
    for (size_t k = 0; going && k < s->n_fields; k++) {
      going = put_codes(&rows, &s->fields[k]);
    }
  }
  return finish(&rows, going ? OK : ERR_MEMORY, out);
}
