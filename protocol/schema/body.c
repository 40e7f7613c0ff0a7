/*
 * body: looking up, walking and adding up the values of a body (body.h). Allocation-free: everything is borrowed from the
 * octets.
 */
#include "protocol/schema/body.h"

#include <stdio.h>
#include <string.h>

#include "protocol/limits.h"
#include "protocol/schema/kind.h"
#include "protocol/schema/slots.h"
#include "protocol/schema/value.h"

/* ---- one value ---- */

/* The text in tag, or of the main language of it ("it" for "it-CH"). */
static bool text_in(struct view ml, struct view wanted, struct view *out, struct view *tag) {
  struct ml_texts m;
  struct view t, text;
  if (wanted.len == 0 || !ml_open(ml, &m)) return false;
  while (ml_next(&m, &t, &text)) {
    if (!view_equal(t, wanted)) continue;
    *out = text;
    *tag = t;
    return true;
  }
  return false;
}

static struct view main_language(struct view tag) {
  const uint8_t *dash = tag.len > 0 ? memchr(tag.p, '-', tag.len) : NULL;
  return dash != NULL ? view_of(tag.p, (size_t)(dash - tag.p)) : tag;
}

static bool ml_text(const struct body_slots *slots, struct view ml, const char *lang, struct view *out, struct view *tag) {
  struct view wanted = lang != NULL ? view_of_text(lang) : view_of(NULL, 0), original = view_of(NULL, 0);
  if (text_in(ml, wanted, out, tag) || text_in(ml, main_language(wanted), out, tag)) return true;
  const struct field *language = slots->schema->language;
  if (language != NULL && scalar_str(slots->value[language - slots->schema->fields], &original) &&
      text_in(ml, original, out, tag)) {
    return true;
  }
  struct ml_texts m;
  return ml_open(ml, &m) && ml_next(&m, tag, out);
}

/* The first element of a field's value. */
static bool first_of(const struct field *f, struct view value, struct view *element) {
  struct elements e;
  return value.len > 0 && elements_open(f->many, value, &e) && elements_next(&e, element);
}

bool slots_text(const struct body_slots *slots, const struct field *f, const char *lang, struct view *out, struct view *tag) {
  struct view element, unused;
  if (tag == NULL) tag = &unused;
  if (!first_of(f, slots->value[f - slots->schema->fields], &element)) return false;
  if (f->ml) return ml_text(slots, element, lang, out, tag);
  *tag = view_of(NULL, 0);
  return scalar_str(element, out);
}

bool body_text(const struct schema *schema, struct view body, const char *key, const char *lang, struct view *out,
               struct view *tag) {
  struct body_slots slots;
  const int i = kind_top(schema, view_of_text(key));
  return i >= 0 && slots_fill(schema, body, &slots, NULL) == OK && slots_text(&slots, &schema->fields[i], lang, out, tag);
}

/* ---- the walk ---- */

struct walk {
  body_visit *visit;
  void *context;
  struct body_value at;
};

static bool emit(struct walk *w, enum canon_type type, struct view value) {
  w->at.type = (int)type;
  w->at.value = value;
  return w->visit(w->context, &w->at);
}

/* Emits the scalar at r, or skips what is none. False: the visitor wants no more. */
static bool walk_scalar(struct walk *w, struct canon_reader *r) {
  const enum canon_type type = canon_peek(r);
  if (type == CANON_STR) return emit(w, type, canon_str(r, LIMIT_BODY));
  if (type == CANON_BIN) return emit(w, type, canon_bin(r, LIMIT_BODY));
  if (type == CANON_BOOL) {
    const uint8_t octet = canon_bool(r) ? 1 : 0;
    return emit(w, type, view_of(&octet, 1));
  }
  (void)canon_skip(r);
  return true;
}

/* Every scalar of a value that no schema knows. Canonical values nest at most LIMIT_DEPTH deep. */
static bool walk_unknown(struct walk *w, struct canon_reader *r, unsigned depth) {
  const enum canon_type type = canon_peek(r);
  struct view previous = view_of(NULL, 0);
  if ((type != CANON_ARRAY && type != CANON_MAP) || depth > LIMIT_DEPTH) return walk_scalar(w, r);
  const uint32_t n = type == CANON_MAP ? canon_map(r, UINT32_MAX) : canon_array(r, UINT32_MAX);
  bool go = true;
  for (uint32_t i = 0; i < n && go; i++) {
    if (type == CANON_MAP) (void)canon_key(r, &previous);
    if (depth == 0 && type == CANON_ARRAY) w->at.row = i;
    go = walk_unknown(w, r, depth + 1);
  }
  return go;
}

static bool walk_leaf(struct walk *w, const struct field *f, struct view value) {
  struct canon_reader r = canon_reader_checked(value);
  struct ml_texts m;
  struct view text;
  bool go = true;
  w->at.field = f;
  w->at.tag = view_of(NULL, 0);
  if (!f->ml) return walk_scalar(w, &r);
  if (!ml_open(value, &m)) return true;
  while (go && ml_next(&m, &w->at.tag, &text))
    go = emit(w, CANON_STR, text);
  w->at.tag = view_of(NULL, 0);
  return go;
}

static bool walk_row(struct walk *w, const struct field *group, struct view row) {
  struct view cells[SCHEMA_CHILDREN], element, previous = view_of(NULL, 0);
  uint32_t strangers = 0;
  struct elements e;
  bool go = true;
  if (!slots_of_row(group, row, cells, &strangers)) return true;
  for (size_t i = 0; i < group->n_children && go; i++) {
    const struct field *child = &group->children[i];
    if (cells[i].len == 0 || !elements_open(child->many, cells[i], &e)) continue;
    for (w->at.item = 0; go && elements_next(&e, &element); w->at.item++)
      go = walk_leaf(w, child, element);
  }
  w->at.item = 0;
  struct canon_reader r = canon_reader_checked(row);
  const uint32_t n = strangers > 0 && go ? canon_map(&r, LIMIT_LIST) : 0;
  for (uint32_t i = 0; i < n && go; i++) {
    const struct view key = canon_key(&r, &previous), cell = canon_skip(&r);
    if (kind_child(group, key) != NULL) continue;
    struct canon_reader inner = canon_reader_checked(cell);
    w->at.field = NULL;
    go = walk_unknown(w, &inner, 1);
  }
  return go;
}

static bool walk_field(struct walk *w, const struct field *f, struct view value) {
  struct elements e;
  struct view element;
  bool go = true;
  if (value.len == 0 || !elements_open(f->many, value, &e)) return true;
  w->at.key = view_of_text(f->key);
  for (w->at.row = 0; go && elements_next(&e, &element); w->at.row++) {
    go = f->n_children > 0 ? walk_row(w, f, element) : walk_leaf(w, f, element);
  }
  return go;
}

void slots_walk(const struct body_slots *slots, body_visit *visit, void *context) {
  const struct schema *schema = slots->schema;
  struct walk w = {.visit = visit, .context = context};
  for (size_t i = 0; i < schema->n_fields; i++) {
    if (!walk_field(&w, &schema->fields[i], slots->value[i])) return;
  }
  if (slots->n_strangers == 0) return;
  struct slots_strangers s = slots_strangers(slots);
  struct view value;
  memset(&w.at, 0, sizeof w.at);
  while (slots_next_stranger(slots, &s, &w.at.key, &value)) {
    struct canon_reader r = canon_reader_checked(value);
    w.at.row = 0;
    if (!walk_unknown(&w, &r, 0)) return;
  }
}

enum err_code body_walk(const struct schema *schema, struct view body, body_visit *visit, void *context, struct err *err) {
  struct body_slots slots;
  const enum err_code code = slots_fill(schema, body, &slots, err);
  if (code == OK) slots_walk(&slots, visit, context);
  return code;
}

/* ---- sums ---- */

__extension__ typedef __int128 millionths; /* 10^24 units a number, and at most 2^16 of them, need more than 64 bits */

#define MILLION 1000000
#define DECIMALS 6

/* A number in its one spelling, as millionths. */
static bool number_read(struct view v, millionths *out) {
  if (!value_is_number(v)) return false;
  const bool negative = v.p[0] == '-';
  millionths n = 0;
  int decimals = -1;
  for (size_t i = negative ? 1 : 0; i < v.len; i++) {
    if (v.p[i] == '.') {
      decimals = 0;
      continue;
    }
    n = n * 10 + (v.p[i] - '0');
    if (decimals >= 0) decimals++;
  }
  for (int i = decimals < 0 ? 0 : decimals; i < DECIMALS; i++)
    n *= 10;
  *out = negative ? -n : n;
  return true;
}

/* The one spelling of a total; false if it needs more than 31 characters. */
static bool number_write(millionths n, char out[32]) {
  char text[64];
  size_t at = sizeof text - 1;
  const bool negative = n < 0;
  int decimals = DECIMALS;
  if (negative) n = -n;
  text[at] = '\0';
  while (decimals > 0 && n % 10 == 0) {
    n /= 10;
    decimals--;
  }
  for (int digit = 0; n > 0 || digit <= decimals; digit++) {
    if (digit == decimals && decimals > 0) text[--at] = '.';
    text[--at] = (char)('0' + (int)(n % 10));
    n /= 10;
  }
  if (negative) text[--at] = '-';
  if (sizeof text - at > 32) return false;
  memcpy(out, text + at, sizeof text - at);
  return true;
}

struct sum {
  const struct field *field;
  millionths total;
  bool found, wrong;
};

static bool sum_visit(void *context, const struct body_value *value) {
  struct sum *s = context;
  millionths n = 0;
  if (value->field != s->field) return true;
  s->found = true;
  s->wrong = value->type != CANON_STR || !number_read(value->value, &n);
  s->total += n;
  return !s->wrong;
}

bool body_sum(const struct schema *schema, struct view body, const struct field *field, char out[32]) {
  struct sum s = {.field = field};
  if (body_walk(schema, body, sum_visit, &s, NULL) != OK || !s.found || s.wrong) return false;
  return number_write(s.total, out);
}
