/*
 * import_apply: one row of somebody else's file becomes the JSON of a body, by the rules of a map (import_map.h).
 *
 * For each mapped field the first source that holds something is taken; each value found is brought into the form of its field,
 * or left out with a finding. What comes out is still to be checked, by body_from_json and schema_check.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/import_rules.h"
#include "protocol/schema/value.h"
#include "protocol/schema/vocabulary.h"

#define SHOWN 60

/* What a path leads to: at most LIMIT_LIST values, each with the row of a group that it belongs to. Borrowed from the row. */
struct found {
  json_t *values[LIMIT_LIST];
  uint32_t rows[LIMIT_LIST];
  size_t n, n_beyond;
};

struct import {
  const struct import_map *map;
  const json_t *row;
  json_t *out;
  struct findings *findings;
  const struct field *field; /* that is being filled */
  const char *tag;           /* of the texts of this rule; empty: language */
  char language[VALUE_TAG_MAX];
  bool language_is_known, language_was_needed;
  bool no_memory;
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

/* ---- values ---- */

/* json_t * results: a new reference; NULL when nothing is left, or without memory (then no_memory is set). */

static json_t *keep(struct import *im, json_t *value) {
  if (value == NULL) im->no_memory = true;
  return value;
}

static bool is_control(uint8_t c) {
  return (c < ' ' && c != '\n' && c != '\t' && c != '\r') || c == 0x7f;
}

/* A string without control characters and blanks around it: itself, if it is so already. NULL when nothing is left. */
static json_t *tidy(struct import *im, json_t *value) {
  const uint8_t *text = (const uint8_t *)json_string_value(value);
  size_t start = 0, end = json_string_length(value), controls = 0;
  for (size_t i = 0; i < end; i++)
    controls += is_control(text[i]);
  while (start < end && (text[start] <= ' ' || text[start] == 0x7f))
    start++;
  while (end > start && (text[end - 1] <= ' ' || text[end - 1] == 0x7f))
    end--;
  if (controls > 0 && im->field != NULL) {
    findings_add(im->findings, FINDING_WARNING, im->field->key, "control",
                 "%zu control character%s (an ESC, for instance): left out", controls, controls == 1 ? "" : "s");
  }
  if (end == start) return NULL;
  if (controls == 0 && end - start == json_string_length(value)) return json_incref(value);
  struct bytes clean;
  bytes_init(&clean, end - start);
  if (bytes_append(&clean, view_of(text + start, end - start), NULL) != OK) return keep(im, NULL);
  for (size_t i = 0; i < clean.len; i++)
    if (is_control(clean.p[i])) clean.p[i] = ' ';
  json_t *out = keep(im, json_stringn((const char *)clean.p, clean.len));
  bytes_release(&clean);
  return out;
}

/* A value as text: strings tidied, numbers in decimal. NULL: neither, or nothing. */
static json_t *text_of(struct import *im, json_t *value) {
  char number[VALUE_NUMBER_MAX];
  if (json_is_integer(value)) {
    (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    return keep(im, json_string(number));
  }
  if (json_is_real(value)) {
    return value_number_of_double(json_real_value(value), number) ? keep(im, json_string(number)) : NULL;
  }
  return json_is_string(value) ? tidy(im, value) : NULL;
}

static json_t *leave_out(struct import *im, const struct field *f, const char *code, const char *text, const char *wanted) {
  const struct view v = view_of_text(text);
  findings_add(im->findings, FINDING_WARNING, f->key, code, "'%.*s' is no %s: left out", (int)text_prefix(v, SHOWN), text,
               wanted);
  return NULL;
}

static void say_code(struct import *im, const struct field *f, const char *from, const char *what, const char *to) {
  const struct view v = view_of_text(from);
  findings_add(im->findings, FINDING_WARNING, f->key, "code", "'%.*s' %s%s", (int)text_prefix(v, SHOWN), from, what, to);
}

const char *import_map_code(const struct field *f, const char *text, const char *lang) {
  const char *const langs[] = {"en", "it", lang};
  const struct vocabulary *v = f->vocabulary;
  if (v == NULL || vocabulary_has(v, view_of_text(text))) return text;
  for (size_t i = 0; i < vocabulary_count(v); i++) {
    const char *code = vocabulary_code(v, i);
    if (strcasecmp(code, text) == 0) return code;
    for (size_t l = 0; l < sizeof langs / sizeof langs[0]; l++) {
      const char *label = vocabulary_label(v, view_of_text(code), langs[l]);
      if (label != NULL && strcasecmp(label, text) == 0) return code;
    }
  }
  return NULL;
}

/* The code that the map says, or the code itself; NULL when it is dropped. */
static json_t *take_code(struct import *im, const struct field *f, const char *text) {
  char tag[VALUE_TAG_MAX];
  const char *named = im->map->cells ? import_map_code(f, text, im->language) : NULL;
  const char *code = named != NULL ? named : text;
  for (size_t i = 0; i < im->map->n_codes; i++) {
    const struct import_code *rename = &im->map->codes[i];
    if (rename->field != f || strcmp(rename->from, text) != 0) continue;
    say_code(im, f, text, rename->to[0] == '\0' ? "was dropped, as the map says" : "became ", rename->to);
    if (rename->to[0] == '\0') return NULL;
    code = rename->to;
    break;
  }
  if (f == im->map->schema->language && value_tag(view_of_text(code), tag)) code = tag;
  return keep(im, json_string(code));
}

static json_t *take_date(struct import *im, const struct field *f, const char *text) {
  const struct view v = view_of_text(text);
  const size_t day = 10;
  const struct view date = v.len > day && (text[day] == 'T' || text[day] == ' ') ? view_of(v.p, day) : v;
  if (!value_is_date(date)) return leave_out(im, f, "date", text, "date (2024, 2024-05 or 2024-05-31)");
  return keep(im, json_stringn((const char *)date.p, date.len));
}

static json_t *take_bool(struct import *im, const struct field *f, const char *text) {
  static const struct {
    const char *word;
    bool value;
  } words[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false}, {"1", true}, {"0", false}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcasecmp(text, words[i].word) == 0) return keep(im, json_boolean(words[i].value));
  }
  return leave_out(im, f, "type", text, "true or false");
}

/* A text in the form of a field: itself, if it has that form. */
static json_t *shape(struct import *im, const struct field *f, json_t *value) {
  char number[VALUE_NUMBER_MAX];
  const char *text = json_string_value(value);
  switch (f->type) {
  case FIELD_TEXT:
  case FIELD_URL:
    return json_incref(value);
  case FIELD_CODE:
    return take_code(im, f, text);
  case FIELD_DATE:
    return take_date(im, f, text);
  case FIELD_NUMBER:
    if (!value_number(view_of_text(text), number)) return leave_out(im, f, "number", text, "number");
    return keep(im, json_string(number));
  case FIELD_BOOL:
    return take_bool(im, f, text);
  case FIELD_REF:
  case FIELD_BLOB:
    if (!value_is_hex32(view_of_text(text))) return leave_out(im, f, "type", text, "id (64 small hexadecimal digits)");
    return json_incref(value);
  case FIELD_GROUP:
  case FIELD_FILE:
    return NULL;
  }
  return NULL;
}

/* A text in the row's language; an object of language and text is taken as it is. */
static json_t *shape_ml(struct import *im, json_t *value) {
  if (json_is_object(value)) return json_incref(value);
  json_t *text = text_of(im, value);
  if (text == NULL) return NULL;
  im->language_was_needed = im->language_was_needed || im->tag[0] == '\0';
  json_t *out = json_object();
  if (out == NULL || json_object_set_new(out, im->tag[0] != '\0' ? im->tag : im->language, text) != 0) {
    json_decref(out);
    return keep(im, NULL);
  }
  return out;
}

static json_t *shape_value(struct import *im, const struct field *f, json_t *value) {
  if (f->ml && (json_is_object(value) || json_is_string(value) || json_is_number(value))) return shape_ml(im, value);
  if (f->type == FIELD_BOOL && json_is_boolean(value)) return keep(im, json_boolean(json_is_true(value)));
  json_t *text = text_of(im, value);
  if (text == NULL) {
    if (!json_is_string(value) && !im->no_memory) {
      findings_add(im->findings, FINDING_WARNING, f->key, "type", "a value of another kind than the field's: left out");
    }
    return NULL;
  }
  json_t *out = shape(im, f, text);
  json_decref(text);
  return out;
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
  json_t *marks = member(im, im->out, list, true), *key = keep(im, json_string(f->key));
  if (marks != NULL && key != NULL && !array_has(marks, key) && json_array_append(marks, key) != 0) im->no_memory = true;
  json_decref(key);
}

static void put_piece(struct import *im, const struct field *f, uint32_t row, struct bytes *piece) {
  json_t *text = piece->len == 0 ? NULL : json_stringn((const char *)piece->p, piece->len);
  json_t *value = text == NULL ? NULL : shape_value(im, f, text);
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
  json_t *unguarded = plain != text ? keep(im, json_string(plain)) : NULL;
  json_t *taken = unguarded != NULL ? unguarded : value;
  if (!put_cell(im, f, taken)) {
    json_t *shaped = shape_value(im, f, taken);
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
    json_t *constant = keep(im, json_string(source->text));
    for (size_t j = 0; constant != NULL && j < n; j++) {
      json_t *value = shape_value(im, f, constant);
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
