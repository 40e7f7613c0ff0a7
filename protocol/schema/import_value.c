/*
 * import_value: one value of somebody else's row in the form of a field, or left out with a finding. See import_inside.h and
 * import_map.h (import_map_code).
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/import_inside.h"
#include "protocol/schema/value.h"
#include "protocol/schema/vocabulary.h"

#define SHOWN 60 /* octets of a value in a finding */

/* json_t * results: a new reference; NULL when nothing is left, or without memory (then no_memory is set). */

json_t *import_keep(struct import *im, json_t *value) {
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
  if (bytes_append(&clean, view_of(text + start, end - start), NULL) != OK) return import_keep(im, NULL);
  for (size_t i = 0; i < clean.len; i++)
    if (is_control(clean.p[i])) clean.p[i] = ' ';
  json_t *out = import_keep(im, json_stringn((const char *)clean.p, clean.len));
  bytes_release(&clean);
  return out;
}

/* A value as text: strings tidied, numbers in decimal. NULL: neither, or nothing. */
static json_t *text_of(struct import *im, json_t *value) {
  char number[VALUE_NUMBER_MAX];
  if (json_is_integer(value)) {
    (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    return import_keep(im, json_string(number));
  }
  if (json_is_real(value)) {
    return value_number_of_double(json_real_value(value), number) ? import_keep(im, json_string(number)) : NULL;
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
  return import_keep(im, json_string(code));
}

static json_t *take_date(struct import *im, const struct field *f, const char *text) {
  const struct view v = view_of_text(text);
  const size_t day = 10;
  const struct view date = v.len > day && (text[day] == 'T' || text[day] == ' ') ? view_of(v.p, day) : v;
  if (!value_is_date(date)) return leave_out(im, f, "date", text, "date (2024, 2024-05 or 2024-05-31)");
  return import_keep(im, json_stringn((const char *)date.p, date.len));
}

static json_t *take_bool(struct import *im, const struct field *f, const char *text) {
  static const struct {
    const char *word;
    bool value;
  } words[] = {{"true", true}, {"false", false}, {"yes", true}, {"no", false}, {"1", true}, {"0", false}};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (strcasecmp(text, words[i].word) == 0) return import_keep(im, json_boolean(words[i].value));
  }
  return leave_out(im, f, "type", text, "true or false");
}

/* A text in the form of a field: itself, if it has that form. */
static json_t *shape(struct import *im, const struct field *f, json_t *value) {
  char number[VALUE_NUMBER_MAX];
  const char *text = json_string_value(value);
  if (text == NULL) return NULL;
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
    return import_keep(im, json_string(number));
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
    return import_keep(im, NULL);
  }
  return out;
}

json_t *import_shape(struct import *im, const struct field *f, json_t *value) {
  if (f->ml && (json_is_object(value) || json_is_string(value) || json_is_number(value))) return shape_ml(im, value);
  if (f->type == FIELD_BOOL && json_is_boolean(value)) return import_keep(im, json_boolean(json_is_true(value)));
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
