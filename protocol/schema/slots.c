/*
 * slots: a body taken apart (slots.h).
 */
#include "protocol/schema/slots.h"

#include <string.h>

#include "protocol/limits.h"
#include "protocol/schema/kind.h"

#define NA "_na"
#define UNKNOWN "_unknown"

enum err_code slots_fill(const struct schema *schema, struct view body, struct body_slots *out, struct err *err) {
  const enum err_code code = canon_check(body, "body", err);
  return code == OK ? slots_take(schema, body, out, err) : code;
}

enum err_code slots_take(const struct schema *schema, struct view body, struct body_slots *out, struct err *err) {
  memset(out, 0, sizeof *out);
  out->schema = schema;
  out->body = body;
  struct canon_reader r = canon_reader_checked(body);
  struct view previous = view_of(NULL, 0);
  const uint32_t n = canon_map(&r, LIMIT_LIST);
  for (uint32_t i = 0; i < n; i++) {
    const struct view key = canon_key(&r, &previous);
    const struct view value = canon_pass(&r);
    const int top = kind_top(schema, key);
    if (top >= 0) {
      out->value[top] = value;
    } else if (view_is_text(key, NA)) {
      out->na = value;
    } else if (view_is_text(key, UNKNOWN)) {
      out->unknown = value;
    } else {
      out->n_strangers++;
    }
  }
  return canon_finish(&r, "body", err);
}

bool slots_of_row(const struct field *group, struct view row, struct view value[SCHEMA_CHILDREN], uint32_t *n_strangers) {
  memset(value, 0, SCHEMA_CHILDREN * sizeof *value);
  struct canon_reader r = canon_reader_checked(row);
  struct view previous = view_of(NULL, 0);
  const uint32_t n = canon_map(&r, LIMIT_LIST);
  uint32_t strangers = 0;
  for (uint32_t i = 0; i < n; i++) {
    const struct field *child = kind_child(group, canon_key(&r, &previous));
    const struct view v = canon_pass(&r);
    if (child != NULL) {
      value[child - group->children] = v;
    } else {
      strangers++;
    }
  }
  if (n_strangers != NULL) *n_strangers = strangers;
  return canon_finish(&r, "row", NULL) == OK;
}

bool slots_list_has(struct view list, const char *key) {
  struct elements e;
  struct view element, text;
  if (list.len == 0 || !elements_open(true, list, &e)) return false;
  while (elements_next(&e, &element)) {
    if (scalar_str(element, &text) && view_is_text(text, key)) return true;
  }
  return false;
}

struct slots_strangers slots_strangers(const struct body_slots *slots) {
  struct slots_strangers s = {.reader = canon_reader_checked(slots->body)};
  s.left = canon_map(&s.reader, LIMIT_LIST);
  return s;
}

bool slots_next_stranger(const struct body_slots *slots, struct slots_strangers *s, struct view *key, struct view *value) {
  while (s->left > 0) {
    s->left--;
    *key = canon_key(&s->reader, &s->previous);
    *value = canon_pass(&s->reader);
    if (s->reader.fault != NULL) return false;
    if (kind_top(slots->schema, *key) < 0 && !view_is_text(*key, NA) && !view_is_text(*key, UNKNOWN)) return true;
  }
  return false;
}

bool elements_open(bool many, struct view value, struct elements *out) {
  *out = (struct elements){.reader = canon_reader_checked(value), .single = value, .n = value.len > 0 ? 1u : 0u};
  if (!many) return true;
  out->n = canon_array(&out->reader, LIMIT_LIST);
  out->single = view_of(NULL, 0);
  return out->reader.fault == NULL;
}

bool elements_next(struct elements *e, struct view *element) {
  if (e->i == e->n) return false;
  e->i++;
  *element = e->single.len > 0 ? e->single : canon_pass(&e->reader);
  return e->reader.fault == NULL;
}

bool ml_open(struct view value, struct ml_texts *out) {
  *out = (struct ml_texts){.reader = canon_reader_checked(value)};
  out->n = canon_map(&out->reader, LIMIT_LIST);
  return out->reader.fault == NULL;
}

bool ml_next(struct ml_texts *m, struct view *tag, struct view *text) {
  if (m->i == m->n) return false;
  m->i++;
  *tag = canon_key(&m->reader, &m->previous);
  *text = canon_str(&m->reader, LIMIT_BODY);
  return m->reader.fault == NULL;
}

enum canon_type scalar_type(struct view value) {
  const struct canon_reader r = canon_reader_checked(value);
  return canon_peek(&r);
}

bool scalar_str(struct view value, struct view *out) {
  struct canon_reader r = canon_reader_checked(value);
  *out = canon_str(&r, LIMIT_BODY);
  return canon_finish(&r, "text", NULL) == OK;
}

bool scalar_bin(struct view value, struct view *out) {
  struct canon_reader r = canon_reader_checked(value);
  *out = canon_bin(&r, LIMIT_BODY);
  return canon_finish(&r, "octets", NULL) == OK;
}
