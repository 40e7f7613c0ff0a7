/*
 * texts: what of a body is full text. See texts.h.
 */
#include "node/store/texts.h"

#include "protocol/canon.h"
#include "protocol/limits.h"
#include "protocol/schema/slots.h"

#define TEXTS_MAX ((size_t)2 * LIMIT_BODY) /* a body's texts and a newline for each */

void texts_init(struct texts *t) {
  bytes_init(&t->title, TEXTS_MAX);
  bytes_init(&t->text, TEXTS_MAX);
}

void texts_release(struct texts *t) {
  bytes_release(&t->title);
  bytes_release(&t->text);
}

void texts_clear(struct texts *t) {
  bytes_clear(&t->title);
  bytes_clear(&t->text);
}

static enum err_code put(struct bytes *out, struct view v, struct err *err) {
  const enum err_code code = bytes_append(out, v, err);
  return code == OK ? bytes_append_u8(out, '\n', err) : code;
}

enum err_code texts_take(struct texts *t, const struct schema *schema, const struct body_value *value, struct err *err) {
  if (value->field == NULL || value->field->type != FIELD_TEXT || value->type != CANON_STR) {
    return OK;
  }
  return put(value->field == schema->title ? &t->title : &t->text, value->value, err);
}

struct walk {
  struct texts *texts;
  const struct schema *schema;
  enum err_code code;
  struct err *err;
};

static bool take(void *context, const struct body_value *value) {
  struct walk *walk = context;
  walk->code = texts_take(walk->texts, walk->schema, value, walk->err);
  return walk->code == OK;
}

/* Without a schema nothing tells a code from a text. Depth is bounded by canon_check_body. */
enum err_code texts_take_all(struct texts *t, struct view body, struct err *err) { // NOLINT(misc-no-recursion)
  struct canon_reader r = canon_reader_checked(body);
  const enum canon_type type = canon_peek(&r);
  enum err_code code = OK;
  if (type == CANON_STR) {
    return put(&t->text, canon_str(&r, LIMIT_BODY), err);
  }
  if (type != CANON_ARRAY && type != CANON_MAP) {
    return OK;
  }
  struct view previous = {NULL, 0};
  uint32_t n = type == CANON_ARRAY ? canon_array(&r, LIMIT_LIST) : canon_map(&r, LIMIT_LIST);
  for (; n > 0 && code == OK && r.fault == NULL; n--) {
    if (type == CANON_MAP) {
      previous = canon_key(&r, &previous);
    }
    code = texts_take_all(t, canon_pass(&r), err);
  }
  return code;
}

enum err_code texts_of_slots(struct texts *t, const struct body_slots *slots, struct err *err) {
  struct walk walk = {.texts = t, .schema = slots->schema, .code = OK, .err = err};
  slots_walk(slots, take, &walk);
  return walk.code;
}

enum err_code texts_of(struct texts *t, const struct schema *schema, struct view body, struct err *err) {
  struct body_slots slots;
  if (canon_check_body(body, NULL) != OK) {
    return OK;
  }
  if (schema == NULL) {
    return texts_take_all(t, body, err);
  }
  return slots_take(schema, body, &slots, NULL) == OK ? texts_of_slots(t, &slots, err) : OK;
}
