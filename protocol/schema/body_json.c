/*
 * body_json: a body out of JSON, and JSON out of a body (body.h).
 *
 * From JSON in two steps: clean_* makes a new JSON value that holds only what a body may hold, in its one spelling (texts that
 * are so already it shares with the old one), and says what had to be left out; encode_* then writes it without any further
 * decision. So counts and orders are known when octets are written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/canon.h"
#include "protocol/limits.h"
#include "protocol/schema/body.h"
#include "protocol/schema/kind.h"
#include "protocol/schema/pairs.h"
#include "protocol/schema/value.h"

#define KEY_OCTETS 64u

struct cleaner {
  struct findings *findings;
  bool no_memory;
};

/* json_t * results: a new reference, or NULL when nothing is left (then a finding says why, or the value was empty). */

static json_t *keep(struct cleaner *c, json_t *value) {
  if (value == NULL) c->no_memory = true;
  return value;
}

static json_t *wrong(struct cleaner *c, const char *key, const char *message) {
  findings_add(c->findings, FINDING_REFUSED, key, "type", "%s: left out", message);
  return NULL;
}

/* A string in NFC: itself, if it is so already; nothing when it is empty. */
static json_t *clean_string(struct cleaner *c, const char *key, json_t *value) {
  const struct view text = view_of(json_string_value(value), json_string_length(value));
  struct bytes normal;
  struct err why = ERR_INIT;
  json_t *out = NULL;
  if (text_is_normal(text)) return text.len > 0 ? json_incref(value) : NULL;
  bytes_init(&normal, 4 * (size_t)LIMIT_BODY);
  const enum err_code code = text_normalise(text, &normal, &why);
  if (code == ERR_MEMORY) {
    c->no_memory = true;
  } else if (code != OK || !text_is_valid(bytes_view(&normal))) {
    findings_add(c->findings, FINDING_REFUSED, key, "format", "not a text that can be kept (%s): left out",
                 code != OK ? why.message : "control characters");
  } else if (normal.len > 0) {
    out = keep(c, json_stringn((const char *)normal.p, normal.len));
  }
  bytes_release(&normal);
  return out;
}

/* A string, or an integer or real as decimal text. */
static json_t *clean_text(struct cleaner *c, const char *key, json_t *value, const char *message) {
  char number[VALUE_NUMBER_MAX];
  if (json_is_string(value)) return clean_string(c, key, value);
  if (json_is_integer(value)) {
    (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    return keep(c, json_string(number));
  }
  if (json_is_real(value) && value_number_of_double(json_real_value(value), number)) return keep(c, json_string(number));
  return wrong(c, key, message);
}

static json_t *clean_number(struct cleaner *c, const char *key, json_t *value) {
  char spelled[VALUE_NUMBER_MAX];
  json_t *text = clean_text(c, key, value, "a number is written as decimal text");
  if (text == NULL || !value_number(view_of_text(json_string_value(text)), spelled)) return text;
  json_decref(text);
  return keep(c, json_string(spelled));
}

static json_t *clean_hex(struct cleaner *c, const char *key, json_t *value) {
  const char *text = json_string_value(value);
  if (text == NULL || !value_is_hex32(view_of_text(text))) return wrong(c, key, "an id is 64 small hexadecimal digits");
  return json_incref(value);
}

/* Puts value under key unless it is NULL; takes the reference. */
static void put(struct cleaner *c, json_t *object, const char *key, json_t *value) {
  if (value != NULL && json_object_set_new_nocheck(object, key, value) != 0) c->no_memory = true;
}

/* An object or array that became empty is nothing. */
static json_t *unless_empty(json_t *value) {
  if (value == NULL || json_object_size(value) > 0 || json_array_size(value) > 0) return value;
  json_decref(value);
  return NULL;
}

static json_t *clean_ml(struct cleaner *c, const char *key, json_t *value) {
  if (!json_is_object(value)) return wrong(c, key, "a text in languages is an object of language tag and text");
  json_t *out = keep(c, json_object());
  struct pairs p = pairs_of(value);
  while (out != NULL && pairs_next(&p)) {
    char tag[VALUE_TAG_MAX];
    const char *given = p.key;
    json_t *text = p.value;
    if (json_is_null(text)) continue;
    if (!value_tag(view_of_text(given), tag) || json_object_get(out, tag) != NULL) {
      findings_add(c->findings, FINDING_REFUSED, key, "tag", "'%.40s' is no language tag, or stands there twice: left out",
                   given);
      continue;
    }
    if (json_object_size(out) == LIMIT_LIST) break;
    put(c, out, tag, clean_text(c, key, text, "a text is written as text"));
  }
  return unless_empty(out);
}

/* ---- values that no schema knows ---- */

static bool is_key(const char *key) {
  const size_t len = strlen(key);
  for (size_t i = 0; i < len; i++) {
    if ((unsigned char)key[i] <= ' ' || (unsigned char)key[i] >= 0x7f) return false;
  }
  return len >= 1 && len <= KEY_OCTETS;
}

static json_t *clean_any(struct cleaner *c, const char *key, json_t *value, unsigned depth);

static json_t *clean_any_array(struct cleaner *c, const char *key, json_t *value, unsigned depth) {
  json_t *out = keep(c, json_array());
  if (json_array_size(value) > LIMIT_LIST) (void)wrong(c, key, "the elements of a list beyond 256");
  for (size_t i = 0; out != NULL && i < json_array_size(value) && i < LIMIT_LIST; i++) {
    json_t *element = clean_any(c, key, json_array_get(value, i), depth + 1);
    if (element != NULL && json_array_append_new(out, element) != 0) c->no_memory = true;
  }
  return unless_empty(out);
}

static json_t *clean_any_object(struct cleaner *c, const char *key, json_t *value, unsigned depth) {
  json_t *out = keep(c, json_object());
  struct pairs p = pairs_of(value);
  while (out != NULL && pairs_next(&p)) {
    const char *inner = p.key;
    if (!is_key(inner) || json_object_size(out) == LIMIT_LIST) {
      (void)wrong(c, key, "a key is 1 to 64 ASCII characters, 256 at most");
      continue;
    }
    put(c, out, inner, clean_any(c, key, p.value, depth + 1));
  }
  return unless_empty(out);
}

static json_t *clean_any(struct cleaner *c, const char *key, json_t *value, unsigned depth) {
  if (json_is_null(value)) return NULL;
  if (depth >= LIMIT_DEPTH) return wrong(c, key, "nested too deeply");
  if (json_is_boolean(value)) return keep(c, json_boolean(json_is_true(value)));
  if (json_is_array(value)) return clean_any_array(c, key, value, depth);
  if (json_is_object(value)) return clean_any_object(c, key, value, depth);
  return clean_text(c, key, value, "a number that no text holds");
}

/* ---- values of fields ---- */

static json_t *clean_field(struct cleaner *c, const struct field *f, json_t *value);

static json_t *clean_row(struct cleaner *c, const struct field *group, json_t *value) {
  if (!json_is_object(value)) return wrong(c, group->key, "a row of a group is an object");
  json_t *out = keep(c, json_object());
  struct pairs p = pairs_of(value);
  while (out != NULL && pairs_next(&p)) {
    const char *key = p.key;
    const struct field *child = kind_child(group, view_of_text(key));
    if (child == NULL && (!is_key(key) || json_object_size(out) >= LIMIT_LIST)) {
      (void)wrong(c, group->key, "a key is 1 to 64 ASCII characters, 256 at most");
      continue;
    }
    json_t *cell = p.value;
    put(c, out, key, child != NULL ? clean_field(c, child, cell) : clean_any(c, group->key, cell, 3));
  }
  return unless_empty(out);
}

static json_t *clean_one(struct cleaner *c, const struct field *f, json_t *value) {
  if (json_is_null(value)) return NULL;
  if (f->ml) return clean_ml(c, f->key, value);
  switch (f->type) {
  case FIELD_TEXT:
  case FIELD_CODE:
  case FIELD_DATE:
  case FIELD_URL:
    return clean_text(c, f->key, value, "the value is a text");
  case FIELD_NUMBER:
    return clean_number(c, f->key, value);
  case FIELD_BOOL:
    return json_is_boolean(value) ? keep(c, json_boolean(json_is_true(value))) : wrong(c, f->key, "the value is true or false");
  case FIELD_REF:
  case FIELD_BLOB:
    return clean_hex(c, f->key, value);
  case FIELD_GROUP:
  case FIELD_FILE:
    return clean_row(c, f, value);
  }
  return NULL;
}

static json_t *clean_field(struct cleaner *c, const struct field *f, json_t *value) {
  if (!f->many || json_is_null(value)) return clean_one(c, f, value);
  if (!json_is_array(value)) return wrong(c, f->key, "several values are an array");
  if (json_array_size(value) > LIMIT_LIST) (void)wrong(c, f->key, "the elements of a list beyond 256");
  json_t *out = keep(c, json_array());
  for (size_t i = 0; out != NULL && i < json_array_size(value) && i < LIMIT_LIST; i++) {
    json_t *element = clean_one(c, f, json_array_get(value, i));
    if (element != NULL && json_array_append_new(out, element) != 0) c->no_memory = true;
  }
  return unless_empty(out);
}

static int compare_keys(const void *a, const void *b) {
  return kind_compare_keys(view_of_text(*(const char *const *)a), view_of_text(*(const char *const *)b));
}

/* _na and _unknown: field keys, sorted, none twice. */
static json_t *clean_marks(struct cleaner *c, const char *key, json_t *value) {
  const char *keys[LIMIT_LIST];
  size_t n = 0;
  if (json_is_null(value)) return NULL;
  if (!json_is_array(value)) return wrong(c, key, "a list of field keys is an array");
  for (size_t i = 0; i < json_array_size(value) && n < LIMIT_LIST; i++) {
    const char *text = json_string_value(json_array_get(value, i));
    if (text != NULL && is_key(text)) {
      keys[n++] = text;
    } else {
      (void)wrong(c, key, "a field key is a text");
    }
  }
  if (n > 1) qsort(keys, n, sizeof keys[0], compare_keys);
  json_t *out = keep(c, json_array());
  for (size_t i = 0; out != NULL && i < n; i++) {
    if (i > 0 && strcmp(keys[i], keys[i - 1]) == 0) continue;
    if (json_array_append_new(out, json_string(keys[i])) != 0) c->no_memory = true;
  }
  return unless_empty(out);
}

static json_t *clean_value(struct cleaner *c, const struct schema *schema, const char *key, json_t *value) {
  const int top = schema != NULL ? kind_top(schema, view_of_text(key)) : -1;
  if (top >= 0) return clean_field(c, &schema->fields[top], value);
  if (strcmp(key, "_na") == 0 || strcmp(key, "_unknown") == 0) return clean_marks(c, key, value);
  return clean_any(c, key, value, 1);
}

static json_t *clean_body(struct cleaner *c, const struct schema *schema, const json_t *json) {
  json_t *out = keep(c, json_object());
  if (!json_is_object(json)) {
    findings_add(c->findings, FINDING_REFUSED, "", "type", "the content is an object of fields");
    return out;
  }
  struct pairs p = pairs_of(json);
  while (out != NULL && pairs_next(&p)) {
    const char *key = p.key;
    if (!is_key(key) || json_object_size(out) == LIMIT_LIST) {
      (void)wrong(c, "", "a key is 1 to 64 ASCII characters, 256 at most");
      continue;
    }
    put(c, out, key, clean_value(c, schema, key, p.value));
  }
  return out;
}

/* ---- octets ---- */

static void encode_any(struct canon_writer *w, const struct field *f, const json_t *value);

/* The field that a key of an object names: a top-level one, or a child; NULL where there is none. */
static const struct field *field_of(const struct schema *schema, const struct field *group, const char *key) {
  if (group != NULL) return group->n_children > 0 ? kind_child(group, view_of_text(key)) : NULL;
  const int top = schema != NULL ? kind_top(schema, view_of_text(key)) : -1;
  return top >= 0 ? &schema->fields[top] : NULL;
}

static void encode_object(struct canon_writer *w, const struct schema *schema, const struct field *group, const json_t *value) {
  const char *keys[LIMIT_LIST];
  size_t n = 0;
  struct pairs p = pairs_of(value);
  while (n < LIMIT_LIST && pairs_next(&p)) {
    keys[n++] = p.key;
  }
  if (n > 1) qsort(keys, n, sizeof keys[0], compare_keys);
  canon_put_map(w, (uint32_t)n);
  for (size_t i = 0; i < n; i++) {
    canon_put_text(w, keys[i]);
    encode_any(w, field_of(schema, group, keys[i]), json_object_get(value, keys[i]));
  }
}

/* f is NULL for what no schema knows; every object in it then is of unknown keys, as are languages. */
static void encode_any(struct canon_writer *w, const struct field *f, const json_t *value) {
  static const struct field nothing = {.type = FIELD_TEXT};
  struct hash id;
  if (json_is_object(value)) {
    encode_object(w, NULL, f != NULL ? f : &nothing, value);
  } else if (json_is_array(value)) {
    canon_put_array(w, (uint32_t)json_array_size(value));
    for (size_t i = 0; i < json_array_size(value); i++)
      encode_any(w, f, json_array_get(value, i));
  } else if (json_is_boolean(value)) {
    canon_put_bool(w, json_is_true(value));
  } else {
    const struct view text = view_of(json_string_value(value), json_string_length(value));
    const bool octets = f != NULL && (f->type == FIELD_REF || f->type == FIELD_BLOB);
    if (octets && hex_decode(text, id.b, sizeof id.b, NULL) == OK) {
      canon_put_bin(w, hash_view(&id));
    } else {
      canon_put_str(w, text);
    }
  }
}

enum err_code body_from_json(const struct schema *schema, const json_t *json, struct bytes *out, struct findings *findings,
                             struct err *err) {
  struct cleaner c = {.findings = findings};
  struct bytes encoded;
  bytes_init(&encoded, LIMIT_BODY);
  json_t *clean = clean_body(&c, schema, json);
  enum err_code code = OK;
  if (c.no_memory || clean == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  struct canon_writer w = canon_writer(&encoded);
  encode_object(&w, schema, NULL, clean);
  code = canon_written(&w, "body", err);
  if (code == OK) code = bytes_append(out, bytes_view(&encoded), err);
out:
  json_decref(clean);
  bytes_release(&encoded);
  return code;
}

/* ---- JSON ---- */

static json_t *json_of(struct canon_reader *r, unsigned depth);

static json_t *json_of_map(struct canon_reader *r, unsigned depth) {
  json_t *out = json_object();
  struct view previous = view_of(NULL, 0);
  const uint32_t n = canon_map(r, UINT32_MAX);
  for (uint32_t i = 0; out != NULL && i < n; i++) {
    char name[KEY_OCTETS + 1];
    const struct view key = canon_key(r, &previous);
    (void)snprintf(name, sizeof name, "%.*s", (int)key.len, (const char *)key.p);
    if (json_object_set_new_nocheck(out, name, json_of(r, depth + 1)) == 0) continue;
    json_decref(out);
    out = NULL;
  }
  return out;
}

static json_t *json_of_array(struct canon_reader *r, unsigned depth) {
  json_t *out = json_array();
  const uint32_t n = canon_array(r, UINT32_MAX);
  for (uint32_t i = 0; out != NULL && i < n; i++) {
    if (json_array_append_new(out, json_of(r, depth + 1)) == 0) continue;
    json_decref(out);
    out = NULL;
  }
  return out;
}

static json_t *json_of_bin(struct canon_reader *r) {
  const struct view octets = canon_bin(r, LIMIT_BODY);
  char *hex = malloc(2 * octets.len + 1);
  if (hex == NULL) return NULL;
  hex_encode(octets, hex);
  json_t *out = json_string(hex);
  free(hex);
  return out;
}

/* NULL without memory. What no body may hold becomes null. The octets are canonical, so nesting is bounded. */
static json_t *json_of(struct canon_reader *r, unsigned depth) {
  const enum canon_type type = canon_peek(r);
  struct view text;
  if (depth > LIMIT_DEPTH) return NULL;
  switch (type) {
  case CANON_MAP:
    return json_of_map(r, depth);
  case CANON_ARRAY:
    return json_of_array(r, depth);
  case CANON_STR:
    text = canon_str(r, LIMIT_BODY);
    return json_stringn_nocheck(text.len > 0 ? (const char *)text.p : "", text.len);
  case CANON_BIN:
    return json_of_bin(r);
  case CANON_BOOL:
    return json_boolean(canon_bool(r));
  case CANON_NIL:
  case CANON_UINT:
  case CANON_NINT:
  case CANON_NONE:
    (void)canon_skip(r);
    return json_null();
  }
  return NULL;
}

enum err_code body_to_json(const struct schema *schema, struct view body, json_t **out, struct err *err) {
  (void)schema; /* every type is told by its octets: only a ref or blob is bin */
  const enum err_code code = canon_check(body, "body", err);
  if (code != OK) return code;
  struct canon_reader r = canon_reader(body);
  if (canon_peek(&r) != CANON_MAP) return err_set(err, ERR_FORMAT, "body: not a map");
  json_t *json = json_of(&r, 0);
  if (json == NULL) return err_set(err, ERR_MEMORY, NULL);
  *out = json;
  return OK;
}
