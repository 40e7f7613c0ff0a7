/*
 * proposal: JSON to a checked body (see proposal.h). Which fields hold the language and the licence is asked of the schema by
 * their vocabularies, never by name.
 */
#include "cli/proposal.h"

#include <string.h>

#define LICENSES "spdx" /* the vocabulary of licences */

void proposal_release(struct proposal *o) {
  bytes_release(&o->body);
  findings_release(&o->findings);
}

unsigned proposal_completeness(const struct proposal *o) {
  return schema_completeness(o->schema, bytes_view(&o->body));
}

/* The one language in which the title is told, or NULL. */
static const char *title_language(const struct schema *schema, const json_t *json) {
  json_t *title = json_object_get(json, schema->title->key);
  if (!json_is_object(title) || json_object_size(title) != 1) {
    return NULL;
  }
  return json_object_iter_key(json_object_iter(title));
}

/* True if list (of `_na` or `_unknown`) names key: the author has said something about it. */
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

static void fill(json_t *json, const struct field *field, const char *value) {
  if (field != NULL && value != NULL && value[0] != '\0' && json_object_get(json, field->key) == NULL &&
      !is_listed(json, "_na", field->key) && !is_listed(json, "_unknown", field->key)) {
    json_object_set_new(json, field->key, field->many ? json_pack("[s]", value) : json_string(value));
  }
}

static const struct field *license_field(const struct schema *schema) {
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *f = &schema->fields[i];
    if (f->type == FIELD_CODE && !f->many && strcmp(f->vocabulary_name, LICENSES) == 0) {
      return f;
    }
  }
  return NULL;
}

enum err_code proposal_build(const struct schema *schema, json_t *json, const struct home_config *config, struct proposal *o,
                             struct err *err) {
  o->schema = schema;
  bytes_init(&o->body, LIMIT_BODY);
  const char *language = title_language(schema, json);
  fill(json, schema->language, language != NULL ? language : config->language);
  fill(json, license_field(schema), config->license);
  enum err_code code = body_from_json(schema, json, &o->body, &o->findings, err);
  if (code == OK) {
    code = schema_check(schema, bytes_view(&o->body), &o->findings, err);
  }
  return code;
}

void proposal_carry_over(const struct schema *schema, struct view old_body, json_t *json) {
  json_t *old = NULL, *value;
  const char *key;
  if (body_to_json(schema, old_body, &old, NULL) != OK) {
    return;
  }
  json_object_foreach(old, key, value) {
    if (key[0] != '_' && schema_field(schema, view_of_text(key)) == NULL) {
      (void)json_object_set(json, key, value);
    }
  }
  json_decref(old);
}

enum err_code proposal_from_text(const struct schema_set *set, struct view text, const char *path,
                                 const struct home_config *config, const char *lang, struct proposal *o, struct err *err) {
  const struct schema *schema = NULL;
  json_t *json = NULL;
  memset(o, 0, sizeof *o);
  enum err_code code = draft_read(set, text, config->language[0] != '\0' ? config->language : lang, &schema, &json, err);
  if (code == OK) {
    code = proposal_build(schema, json, config, o, err);
    json_decref(json);
  }
  if (code != OK) {
    err_context(err, "%s", path);
    proposal_release(o);
  }
  return code;
}

enum err_code proposal_from_draft(const struct schema_set *set, const char *path, const struct home_config *config,
                                  const char *lang, struct proposal *o, struct err *err) {
  struct bytes text;
  memset(o, 0, sizeof *o);
  bytes_init(&text, LIMIT_DRAFT);
  enum err_code code = file_read(path, &text, err);
  if (code == OK) {
    code = proposal_from_text(set, bytes_view(&text), path, config, lang, o, err);
  }
  bytes_release(&text);
  return code;
}

struct view proposal_title(const struct proposal *o, const char *lang) {
  struct view title = view_of(NULL, 0);
  if (!body_text(o->schema, bytes_view(&o->body), o->schema->title->key, lang, &title, NULL)) {
    return view_of(NULL, 0);
  }
  return title;
}
