/*
 * import_apply: one row of somebody else's file becomes the JSON of a body, by the rules of a map (import_map.h).
 *
 * For each mapped field the first source that holds something is taken; each value found is brought into the form of its field
 * (import_value.c), or left out with a finding. What comes out is still to be checked, by body_from_json and schema_check.
 */
#include <string.h>

#include "protocol/limits.h"
#include "protocol/schema/import_inside.h"
#include "protocol/schema/value.h"

/* What a path leads to: at most LIMIT_LIST values, each with the row of a group that it belongs to. Borrowed from the row. */
struct found {
  json_t *values[LIMIT_LIST];
  uint32_t rows[LIMIT_LIST];
  size_t n, n_beyond;
};

/* ---- paths ---- */

static bool is_blank(const char *text) {
  return text[strspn(text, " \t\r\n")] == '\0';
}

static void found_add(struct found *f, json_t *value, uint32_t row) {
  const char *text = json_string_value(value);
  if (value == NULL || json_is_null(value) || (text != NULL && is_blank(text))) return;
  if (f->n == LIMIT_LIST || row >= LIMIT_LIST) {
    f->n_beyond++;
    return;
  }
  f->values[f->n] = value;
  f->rows[f->n++] = row;
}

/* At the end of a path: an array there stands for its elements, which are rows unless the path named rows before. */
static void found_add_all(struct found *f, json_t *value, uint32_t row, bool in_row) {
  if (!json_is_array(value)) {
    found_add(f, value, row);
    return;
  }
  for (size_t i = 0; i < json_array_size(value); i++) {
    const uint32_t index = i < LIMIT_LIST ? (uint32_t)i : LIMIT_LIST;
    found_add(f, json_array_get(value, i), in_row ? row : index);
  }
}

static void follow(struct found *f, const struct import_source *source, size_t i, const json_t *at, uint32_t row, bool in_row);

/* The rest of a path, behind its part i. */
static void follow_on(struct found *f, const struct import_source *source, size_t i, json_t *value, uint32_t row, bool in_row) {
  if (i + 1 < source->n_steps) {
    follow(f, source, i + 1, value, row, in_row);
  } else {
    found_add_all(f, value, row, in_row);
  }
}

/* A path from its part i on; nothing where `at` is no object. */
static void follow(struct found *f, const struct import_source *source, size_t i, const json_t *at, uint32_t row, bool in_row) {
  const struct import_step *step = &source->steps[i];
  const char *name = source->text + step->at;
  json_t *whole = json_object_getn(at, name, source->len - step->at); /* a column may be called "title.it" */
  if (whole != NULL) {
    found_add_all(f, whole, row, in_row);
    return;
  }
  if (step->name_len == source->len - step->at) return; /* that was its name */
  json_t *next = json_object_getn(at, name, step->name_len);
  if (!step->each || !json_is_array(next)) {
    follow_on(f, source, i, next, row, in_row);
    return;
  }
  for (size_t j = 0; j < json_array_size(next); j++) {
    const uint32_t index = in_row ? row : (j < LIMIT_LIST ? (uint32_t)j : LIMIT_LIST);
    follow_on(f, source, i, json_array_get(next, j), index, true);
  }
}

/* All that a source leads to in the row; nothing for a constant. */
static void find(const struct import *im, const struct import_source *source, struct found *f) {
  f->n = f->n_beyond = 0;
  if (!source->is_constant) follow(f, source, 0, im->row, 0, false);
}

/* ---- putting ---- */

/* object[key], an empty array or object if it is not there. */
static json_t *member(struct import *im, json_t *object, const char *key, bool array) {
  json_t *value = json_object_get(object, key);
  if (value != NULL) return value;
  if (json_object_set_new(object, key, array ? json_array() : json_object()) != 0) im->no_memory = true;
  return json_object_get(object, key);
}

/* Where a field's values of one row go: the body, a group, or the row of a group. NULL without memory. */
static json_t *place_of(struct import *im, const struct field *f, uint32_t row) {
  if (f->parent == NULL) return im->out;
  json_t *group = member(im, im->out, f->parent->key, f->parent->many);
  if (!f->parent->many || group == NULL) return group;
  while (json_array_size(group) <= row) {
    if (json_array_append_new(group, json_object()) != 0) {
      im->no_memory = true;
      return NULL;
    }
  }
  return json_array_get(group, row);
}

static bool array_has(const json_t *array, const json_t *value) {
  for (size_t i = 0; i < json_array_size(array); i++) {
    if (json_equal(json_array_get(array, i), value)) return true;
  }
  return false;
}

/* Puts a text beside the same text in other languages; both may be shared with the row. */
static void put_language(struct import *im, json_t *place, const char *key, json_t *value) {
  json_t *both = json_copy(json_object_get(place, key));
  if (both == NULL || json_object_update_missing(both, value) != 0 || json_object_set(place, key, both) != 0) {
    im->no_memory = true;
  }
  json_decref(both);
}

/* Puts a shaped value; takes the reference. Lists of codes hold none twice; a single value stays the first. */
static void put(struct import *im, const struct field *f, uint32_t row, json_t *value) {
  json_t *place = place_of(im, f, row);
  json_t *array = place != NULL && f->many ? member(im, place, f->name, true) : NULL;
  if (array != NULL && !(f->type == FIELD_CODE && array_has(array, value)) && json_array_size(array) < LIMIT_LIST) {
    if (json_array_append(array, value) != 0) im->no_memory = true;
  }
  if (place != NULL && !f->many) {
    if (im->tag[0] != '\0' && json_is_object(json_object_get(place, f->name))) {
      put_language(im, place, f->name, value);
    } else if (json_object_get(place, f->name) != NULL) {
      findings_add(im->findings, FINDING_WARNING, f->key, "many", "several values where one is asked for: the first is kept");
    } else if (json_object_set(place, f->name, value) != 0) {
      im->no_memory = true;
    }
  }
  json_decref(value);
}

/* ---- cells ---- */

/* The field is named in _unknown or _na; once, and a group's field is its group's. */
static void put_mark(struct import *im, const struct field *f, const char *list) {
  json_t *marks = member(im, im->out, list, true), *key = import_keep(im, json_string(f->key));
  if (marks != NULL && key != NULL && !array_has(marks, key) && json_array_append(marks, key) != 0) im->no_memory = true;
  json_decref(key);
}

static void put_piece(struct import *im, const struct field *f, uint32_t row, struct bytes *piece) {
  json_t *text = piece->len == 0 ? NULL : json_stringn((const char *)piece->p, piece->len);
  json_t *value = text == NULL ? NULL : import_shape(im, f, text);
  if (value != NULL) put(im, f, row, value);
  json_decref(text);
}

/* One row's part of a cell: of a list in a row the elements have a separator of their own. */
static void put_part(struct import *im, const struct field *f, uint32_t row, struct bytes *part) {
  struct bytes element;
  const char *rest = f->many && f->parent != NULL && f->parent->many ? bytes_text(part) : NULL;
  if (rest == NULL) {
    put_piece(im, f, row, part);
    return;
  }
  bytes_init(&element, LIMIT_BODY);
  while (cell_piece(&rest, CELL_INNER, &element))
    put_piece(im, f, row, &element);
  bytes_release(&element);
}

/* A text that holds several values, one a row of its group or one an element. False if it is to be taken as one. */
static bool put_cell(struct import *im, const struct field *f, json_t *value) {
  const bool rows = f->parent != NULL && f->parent->many;
  const char *rest = json_string_value(value);
  struct bytes part;
  uint32_t row = 0;
  if (im->map->separator == 0 || rest == NULL || (!f->many && !rows)) return false;
  bytes_init(&part, LIMIT_BODY);
  for (; cell_piece(&rest, im->map->separator, &part); row++) {
    if (row < LIMIT_LIST) put_part(im, f, rows ? row : 0, &part);
  }
  if (row > LIMIT_LIST) {
    findings_add(im->findings, FINDING_WARNING, f->key, "many", "%u values beyond the first %u: left out", row - LIMIT_LIST,
                 LIMIT_LIST);
  }
  bytes_release(&part);
  return true;
}

/* One value that a path led to. */
static void take_value(struct import *im, const struct field *f, json_t *value, uint32_t row) {
  const char *text = im->map->cells ? json_string_value(value) : NULL;
  const char *mark = text != NULL ? cell_mark(text) : NULL;
  if (mark != NULL) {
    put_mark(im, f, mark);
    return;
  }
  const char *plain = text != NULL && im->map->guarded ? cell_unguard(text) : text;
  json_t *unguarded = plain != text ? import_keep(im, json_string(plain)) : NULL;
  json_t *taken = unguarded != NULL ? unguarded : value;
  if (!put_cell(im, f, taken)) {
    json_t *shaped = import_shape(im, f, taken);
    if (shaped != NULL) put(im, f, row, shaped);
  }
  json_decref(unguarded);
}

/* Takes the first source that holds something. constants: whether this is their turn. */
static void apply_rule(struct import *im, const struct import_rule *rule, struct found *found, bool constants) {
  const struct field *f = im->field = rule->field;
  im->tag = rule->tag;
  for (size_t i = 0; i < rule->n_sources; i++) {
    const struct import_source *source = &rule->sources[i];
    find(im, source, found);
    if (!source->is_constant) {
      if (found->n == 0) continue;
      if (constants) return;
      for (size_t j = 0; j < found->n; j++)
        take_value(im, f, found->values[j], found->rows[j]);
      if (found->n_beyond > 0) {
        findings_add(im->findings, FINDING_WARNING, f->key, "many", "%zu values beyond the first %u: left out", found->n_beyond,
                     LIMIT_LIST);
      }
      return;
    }
    if (!constants) return;
    /* A constant goes into each row that the other rules made. */
    const bool rows = f->parent != NULL && f->parent->many;
    const size_t n = rows ? json_array_size(json_object_get(im->out, f->parent->key)) : 1;
    json_t *constant = import_keep(im, json_string(source->text));
    for (size_t j = 0; constant != NULL && j < n; j++) {
      json_t *value = import_shape(im, f, constant);
      if (value != NULL) put(im, f, (uint32_t)j, value);
    }
    json_decref(constant);
    return;
  }
}

/* ---- the whole ---- */

static void find_language(struct import *im, struct found *found) {
  const struct import_rule *rule = &im->map->language;
  memcpy(im->language, "und", 4);
  im->tag = "";
  for (size_t i = 0; i < rule->n_sources && !im->language_is_known; i++) {
    find(im, &rule->sources[i], found);
    const char *text = rule->sources[i].is_constant ? rule->sources[i].text
                       : found->n > 0               ? json_string_value(found->values[0])
                                                    : NULL;
    im->language_is_known = text != NULL && value_tag(view_of_text(text), im->language);
  }
  if (!im->language_is_known && im->map->fallback[0] != '\0') {
    memcpy(im->language, im->map->fallback, sizeof im->language);
    im->language_is_known = true;
  }
}

static bool is_empty(const json_t *value) {
  return (json_is_object(value) && json_object_size(value) == 0) || (json_is_array(value) && json_array_size(value) == 0);
}

/* Rows and groups into which nothing came are taken away. (Only rules of groups make them: what came from the row is shared.)
 */
static void drop_empty(struct import *im) {
  const char *key;
  json_t *value;
  void *next;
  json_object_foreach_safe(im->out, next, key, value) {
    for (size_t j = json_array_size(value); j > 0; j--) {
      if (is_empty(json_array_get(value, j - 1))) (void)json_array_remove(value, j - 1);
    }
    if (is_empty(value)) (void)json_object_del(im->out, key);
  }
}

static bool list_has(const json_t *list, const char *key) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (strcmp(json_string_value(json_array_get(list, i)), key) == 0) return true;
  }
  return false;
}

static void unlist(json_t *list, const char *key) {
  for (size_t i = json_array_size(list); i > 0; i--) {
    if (strcmp(json_string_value(json_array_get(list, i - 1)), key) == 0) (void)json_array_remove(list, i - 1);
  }
}

/* A mark in all cells of a group is the group's. */
static void join_marks(struct import *im, json_t *marks) {
  for (size_t i = 0; i < im->map->schema->n_fields && json_array_size(marks) > 0; i++) {
    const struct field *group = &im->map->schema->fields[i];
    bool all = group->n_children > 0;
    for (size_t j = 0; j < group->n_children && all; j++)
      all = list_has(marks, group->children[j].key);
    for (size_t j = 0; j < group->n_children && all; j++)
      unlist(marks, group->children[j].key);
    if (all && json_array_append_new(marks, json_string(group->key)) != 0) im->no_memory = true;
  }
}

static void add_language(struct import *im) {
  const struct field *f = im->map->schema->language;
  if (im->language_was_needed && !im->language_is_known) {
    findings_add(im->findings, FINDING_WARNING, f != NULL ? f->key : "", "language",
                 "the row does not say its language: its texts are tagged 'und'");
  }
  if (f == NULL || !im->language_is_known || json_object_get(im->out, f->key) != NULL) return;
  if (json_object_set_new(im->out, f->key, json_string(im->language)) != 0) im->no_memory = true;
}

enum err_code import_map_apply(const struct import_map *map, const json_t *row, json_t **out, struct findings *findings,
                               struct err *err) {
  struct import im = {.map = map, .row = row, .out = json_object(), .findings = findings};
  struct found found;
  if (im.out == NULL) return err_set(err, ERR_MEMORY, NULL);
  find_language(&im, &found);
  for (size_t i = 0; i < map->n_rules; i++)
    apply_rule(&im, &map->rules[i], &found, false);
  for (size_t i = 0; i < map->n_rules; i++)
    if (map->rules[i].has_constant) apply_rule(&im, &map->rules[i], &found, true);
  drop_empty(&im);
  join_marks(&im, json_object_get(im.out, "_unknown"));
  join_marks(&im, json_object_get(im.out, "_na"));
  add_language(&im);
  if (im.no_memory) {
    json_decref(im.out);
    return err_set(err, ERR_MEMORY, NULL);
  }
  *out = im.out;
  return OK;
}
