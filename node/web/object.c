/*
 * object: the model of one object, in its newest or an earlier version: what query_show tells, with languages, licence, totals
 * and changes. How it looks is object_page.c. See site.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/web/site.h"
#include "protocol/schema/value.h"

/* ---- what the body says of itself ---- */

/* Languages of its texts, in the order in which they appear. */
static bool take_tag(void *context, const struct body_value *value) {
  json_t *list = context;
  size_t i = 0;
  const json_t *have = NULL;
  if (value->tag.len == 0) return true;
  json_array_foreach(list, i, have) {
    if (view_is_text(value->tag, json_string_value(have))) return true;
  }
  (void)json_array_append_new(list, json_stringn((const char *)value->tag.p, value->tag.len));
  return true;
}

/* The first field of its own whose codes are licences. */
static const struct field *license_field(const struct schema *schema) {
  for (size_t i = 0; i < schema->n_fields; i++) {
    if (strcmp(schema->fields[i].vocabulary_name, "spdx") == 0) return &schema->fields[i];
  }
  return NULL;
}

static void put_view(json_t *out, const char *key, struct view v) {
  (void)json_object_set_new(out, key, json_stringn((const char *)v.p, v.len));
}

static json_t *sums_json(const struct schema *schema, struct view body) {
  json_t *sums = json_object();
  char total[32];
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *field = &schema->fields[i];
    if (field->sum && field->many && body_sum(schema, body, field, total)) {
      (void)json_object_set_new(sums, field->key, json_string(total));
    }
    for (size_t k = 0; k < field->n_children && field->many; k++) {
      if (field->children[k].sum && body_sum(schema, body, &field->children[k], total)) {
        (void)json_object_set_new(sums, field->children[k].key, json_string(total));
      }
    }
  }
  return sums;
}

static enum err_code put_content(const struct request *r, json_t *out, const struct schema *schema, struct view body,
                                 struct err *err) {
  struct view text, tag;
  json_t *tags = json_array();
  (void)json_object_set_new(out, "languages", tags);
  if (schema == NULL || body.len == 0) return OK;
  const struct field *license = license_field(schema);
  enum err_code code = body_walk(schema, body, take_tag, tags, err);
  if (body_text(schema, body, schema->title->key, r->lang, &text, &tag)) {
    put_view(out, "title", text);
    put_view(out, "title_lang", tag);
  }
  if (schema->language != NULL && body_text(schema, body, schema->language->key, "", &text, NULL)) {
    put_view(out, "original_language", text);
  }
  if (license != NULL && body_text(schema, body, license->key, "", &text, NULL)) put_view(out, "license", text);
  (void)json_object_set_new(out, "sums", sums_json(schema, body));
  return code;
}

/* ---- versions ---- */

/* The number, from 1, of the version shown. */
static size_t number_shown(const json_t *model) {
  size_t i = 0;
  const json_t *version = NULL;
  json_array_foreach(json_object_get(model, "versions"), i, version) {
    if (strcmp(text_at(version, "reference"), text_at(model, "shown")) == 0) return i + 1;
  }
  return 1;
}

/* Keys of the fields that the version shown says otherwise than the one before. */
static enum err_code put_changes(const struct request *r, json_t *out, const struct schema *schema, size_t number,
                                 struct err *err) {
  struct bytes scratch;
  struct item item;
  json_t *before = NULL, *value = NULL, *body = json_object_get(out, "body"), *changed = json_array();
  const json_t *previous = number < 2 ? NULL : json_array_get(json_object_get(out, "versions"), number - 2);
  const char *key = NULL;
  (void)json_object_set_new(out, "changed", changed);
  if (previous == NULL) return OK;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(r->site->store, int_at(previous, "rowid"), &scratch, &item, err);
  if (code == OK && item.body.len > 0 && json_is_object(body)) {
    code = body_to_json(schema, item.body, &before, err);
    json_object_foreach(body, key, value) {
      if (!json_equal(value, json_object_get(before, key))) (void)json_array_append_new(changed, json_string(key));
    }
    json_object_foreach(before, key, value) {
      if (json_object_get(body, key) == NULL) (void)json_array_append_new(changed, json_string(key));
    }
  }
  json_decref(before);
  bytes_release(&scratch);
  return code;
}

/* Rowids are this store's own business. */
static void drop_rowids(json_t *out) {
  size_t i = 0;
  json_t *version = NULL;
  json_array_foreach(json_object_get(out, "versions"), i, version)(void) json_object_del(version, "rowid");
}

/* ---- which ---- */

enum err_code object_of_path(const struct request *r, int64_t *rowid, struct err *err) {
  const struct snapshot *now = r->site->now;
  struct hash node;
  uint64_t gen = 0, index = 0;
  const char *name = r->captures[0];
  if (!value_is_hex32(view_of_text(name)) && reference_parse(&now->federation, name, &node, &gen, &index, NULL) != OK) {
    return err_set(err, ERR_NOT_FOUND, "nothing here by that name");
  }
  return query_object(r->site->store, &now->federation, r->site->schemas, name, rowid, err);
}

static enum err_code show(const struct request *r, int64_t rowid, json_t **out, struct err *err) {
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  enum err_code code = query_show(r->site->store, &r->site->now->federation, r->site->schemas, rowid, r->lang, out, &body, err);
  const bool hidden = code == OK && json_object_get(*out, "hidden") != NULL;
  if (hidden) {
    code = hidden_instead(r, out, err);
  } else if (code == OK) {
    const struct schema *schema = schema_by_number(r->site->schemas, (uint64_t)int_at(*out, "schema"));
    const size_t number = number_shown(*out);
    const struct federation_member *home =
        federation_by_handle(&r->site->now->federation, text_at(json_object_get(*out, "home"), "handle"));
    if (home != NULL) {
      (void)json_object_set_new(json_object_get(*out, "home"), "country", json_string(home->member->country));
    }
    (void)json_object_set_new(*out, "number", json_integer((json_int_t)number));
    const char *state = text_at(json_object_get(*out, "endorsement"), "state");
    (void)json_object_set_new(*out, "endorsed", json_string(state[0] == '\0' ? "none" : state));
    if (json_object_get(*out, "takedown") != NULL) r->out->status = 410;
    code = put_content(r, *out, schema, bytes_view(&body), err);
    if (code == OK) code = put_changes(r, *out, schema, number, err);
    drop_rowids(*out);
  }
  bytes_release(&body);
  return code;
}

/* The text's language: a parameter, else the page's. */
static enum err_code check_params(const struct request *r, struct err *err) {
  for (size_t i = 0; i < r->params->n; i++) {
    if (strcmp(r->params->rows[i].name, "text") != 0 || !value_is_tag(view_of_text(r->params->rows[i].value))) {
      return err_set(err, ERR_USAGE, "there is no parameter '%.60s' of that kind", r->params->rows[i].name);
    }
  }
  return OK;
}

enum err_code model_object(struct request *r, json_t **out, struct err *err) {
  int64_t rowid = 0;
  enum err_code code = check_params(r, err);
  if (code == OK) code = object_of_path(r, &rowid, err);
  return code == OK ? show(r, rowid, out, err) : code;
}

enum err_code model_version(struct request *r, json_t **out, struct err *err) {
  uint64_t number = 0;
  int64_t rowid = 0;
  json_t *newest = NULL;
  enum err_code code = check_params(r, err);
  if (code == OK) code = object_of_path(r, &rowid, err);
  if (code == OK && decimal_decode(view_of_text(r->captures[1]), &number, NULL) != OK) {
    code = err_set(err, ERR_NOT_FOUND, "there is no such version");
  }
  if (code == OK) {
    code = query_show(r->site->store, &r->site->now->federation, r->site->schemas, rowid, r->lang, &newest, NULL, err);
  }
  const json_t *versions = json_object_get(newest, "versions");
  if (code == OK && (number == 0 || number > json_array_size(versions))) {
    code = err_set(err, ERR_NOT_FOUND, "there is no such version");
  }
  if (code == OK) code = show(r, int_at(json_array_get(versions, (size_t)number - 1), "rowid"), out, err);
  json_decref(newest);
  return code;
}
