/*
 * import_translations: the texts in other languages that a sheet of ours carries in one column, back in their places
 * (import_map.h): {"title": {"en": "…"}, "actors.name": {"en": ["…", null, "…"]}, "_repeated": ["title"]}.
 */
#include <string.h>

#include "protocol/limits.h"
#include "protocol/schema/import_rules.h"

/* Where the text number row of a field stands in a body: the object of its languages, made if need be. NULL without memory, or
 * where the body has something else. */
static json_t *place_of(json_t *body, const struct field *f, size_t row) {
  json_t *holder = body;
  if (f->parent != NULL) {
    json_t *group = json_object_get(body, f->parent->key);
    if (group == NULL) {
      (void)json_object_set_new(body, f->parent->key, f->parent->many ? json_array() : json_object());
      group = json_object_get(body, f->parent->key);
    }
    while (f->parent->many && json_is_array(group) && json_array_size(group) <= row)
      if (json_array_append_new(group, json_object()) != 0) return NULL;
    holder = f->parent->many ? json_array_get(group, row) : group;
  }
  json_t *texts = json_object_get(holder, f->name);
  if (texts == NULL && json_object_set_new(holder, f->name, f->many ? json_array() : json_object()) != 0) return NULL;
  texts = json_object_get(holder, f->name);
  while (f->many && json_is_array(texts) && json_array_size(texts) <= row)
    if (json_array_append_new(texts, json_object()) != 0) return NULL;
  return f->many ? json_array_get(texts, row) : texts;
}

/* A cell that repeats a translation is no text in the original language. */
static void drop_repeated(json_t *place, const char *text) {
  void *next;
  const char *tag;
  json_t *value;
  json_object_foreach_safe(place, next, tag, value) {
    if (json_is_string(value) && strcmp(json_string_value(value), text) == 0) (void)json_object_del(place, tag);
  }
}

/* Two passes over the same texts: what is repeated goes, then the texts come. */
static bool put_text(json_t *body, const struct field *f, size_t row, const char *tag, json_t *text, bool drop) {
  if (!json_is_string(text)) return true;
  json_t *place = place_of(body, f, row);
  if (!json_is_object(place)) return place != NULL;
  if (drop) {
    drop_repeated(place, json_string_value(text));
    return true;
  }
  return json_object_set(place, tag, text) == 0;
}

static bool put_field(json_t *body, const struct field *f, json_t *texts, bool drop) {
  const char *tag;
  json_t *value;
  bool fine = true;
  json_object_foreach(texts, tag, value) {
    for (size_t i = 0; fine && i < json_array_size(value) && i < LIMIT_LIST; i++)
      fine = put_text(body, f, i, tag, json_array_get(value, i), drop);
    fine = fine && (json_is_array(value) || put_text(body, f, 0, tag, value, drop));
  }
  return fine;
}

static bool is_repeated(const json_t *translations, const char *key) {
  const json_t *list = json_object_get(translations, "_repeated");
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *name = json_string_value(json_array_get(list, i));
    if (name != NULL && strcmp(name, key) == 0) return true;
  }
  return false;
}

enum err_code import_map_translate(const struct import_map *map, const char *text, json_t **body, struct findings *findings,
                                   struct err *err) {
  json_error_t fault;
  const char *key;
  json_t *texts, *translations = json_loads(text, JSON_REJECT_DUPLICATES, &fault);
  if (!json_is_object(translations)) {
    findings_add(findings, FINDING_WARNING, "", "format", "the column of translations is not understood: left out");
    json_decref(translations);
    return OK;
  }
  json_t *own = json_deep_copy(*body); /* its values may be shared with the row */
  bool fine = own != NULL;
  json_object_foreach(translations, key, texts) {
    const struct field *f = schema_field(map->schema, view_of_text(key));
    if (!fine || f == NULL || !f->ml) continue;
    fine = (!is_repeated(translations, key) || put_field(own, f, texts, true)) && put_field(own, f, texts, false);
  }
  json_decref(translations);
  if (!fine) {
    json_decref(own);
    return err_set(err, ERR_MEMORY, NULL);
  }
  json_decref(*body);
  *body = own;
  return OK;
}
