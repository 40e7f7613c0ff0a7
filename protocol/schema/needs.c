/*
 * needs: which needs of a schema a body meets (needs.h). Allocation-free.
 */
#include "protocol/schema/needs.h"

#include <string.h>

#include "protocol/schema/body.h"
#include "protocol/schema/kind.h"

uint32_t need_count(const struct field *field, struct view value) {
  struct elements e;
  return value.len > 0 && elements_open(field->many, value, &e) ? e.n : 0;
}

static bool holds_code(const struct field *field, struct view element) {
  struct view text;
  if (scalar_type(element) == CANON_BOOL) {
    struct canon_reader r = canon_reader(element);
    text = view_of_text(canon_bool(&r) ? "true" : "false");
  } else if (!scalar_str(element, &text)) {
    return false;
  }
  for (size_t i = 0; i < field->n_when; i++) {
    if (view_is_text(text, field->when_codes[i])) return true;
  }
  return false;
}

/* Whether the rule word `when` lets the need of field hold. */
static bool applies(const struct body_slots *slots, const struct field *field) {
  if (field->when_field[0] == '\0') return true;
  const int i = kind_top(slots->schema, view_of_text(field->when_field));
  struct elements e;
  struct view element;
  if (i < 0 || slots->value[i].len == 0 || !elements_open(slots->schema->fields[i].many, slots->value[i], &e)) return false;
  while (elements_next(&e, &element)) {
    if (holds_code(field, element)) return true;
  }
  return false;
}

static bool has_alternative(const struct body_slots *slots, const struct field *field) {
  for (size_t i = 0; i < field->n_alternatives; i++) {
    const int other = kind_top(slots->schema, view_of_text(field->alternatives[i]));
    if (other >= 0 && slots->value[other].len > 0) return true;
  }
  return false;
}

static enum need_state state_of(const struct body_slots *slots, const struct field *field, struct view value) {
  if (field->need == NEED_OPTIONAL || !applies(slots, field)) return NEED_DOES_NOT_APPLY;
  if (value.len > 0) return need_count(field, value) < field->min ? NEED_FEW : NEED_MET;
  if (has_alternative(slots, field)) return NEED_MET_BY_OTHER;
  if (field->need == NEED_COMPLETE && slots_list_has(slots->na, field->key)) return NEED_DOES_NOT_APPLY;
  return slots_list_has(slots->unknown, field->key) ? NEED_NOT_YET_KNOWN : NEED_MISSING;
}

enum need_state need_of(const struct body_slots *slots, size_t i) {
  return state_of(slots, &slots->schema->fields[i], slots->value[i]);
}

enum need_state need_of_child(const struct body_slots *slots, const struct field *child, struct view value) {
  return state_of(slots, child, value);
}

/* Counts applying and satisfied needs. */
struct tally {
  unsigned apply, met;
};

static void count_state(struct tally *t, enum need_state state) {
  t->apply += state != NEED_DOES_NOT_APPLY;
  t->met += state == NEED_MET || state == NEED_MET_BY_OTHER;
}

/* The needs of a group's children count once for the group: met when every row meets them. */
static void count_children(const struct body_slots *slots, const struct field *group, struct view value, struct tally *t) {
  bool apply[SCHEMA_CHILDREN] = {false}, missing[SCHEMA_CHILDREN] = {false};
  struct elements e;
  struct view row, cells[SCHEMA_CHILDREN];
  if (value.len == 0 || !elements_open(group->many, value, &e)) return;
  while (elements_next(&e, &row)) {
    if (!slots_of_row(group, row, cells, NULL)) continue;
    for (size_t i = 0; i < group->n_children; i++) {
      struct tally one = {0, 0};
      count_state(&one, need_of_child(slots, &group->children[i], cells[i]));
      apply[i] = apply[i] || one.apply > 0;
      missing[i] = missing[i] || one.met < one.apply;
    }
  }
  for (size_t i = 0; i < group->n_children; i++) {
    t->apply += apply[i];
    t->met += apply[i] && !missing[i];
  }
}

unsigned need_completeness(const struct body_slots *slots) {
  struct tally t = {0, 0};
  for (size_t i = 0; i < slots->schema->n_fields; i++) {
    count_state(&t, need_of(slots, i));
    count_children(slots, &slots->schema->fields[i], slots->value[i], &t);
  }
  return t.apply == 0 ? 100u : 100u * t.met / t.apply;
}

unsigned schema_completeness(const struct schema *schema, struct view body) {
  struct body_slots slots;
  return slots_fill(schema, body, &slots, NULL) == OK ? need_completeness(&slots) : 0;
}
