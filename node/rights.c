/*
 * rights: the table of DESIGN's rights, as far as version 1 evaluates kinds. See rights.h.
 */
#include "node/rights.h"

#include <string.h>

/* any: roles that may write any object's record; own: roles that may write those of their person's own objects. */
static const struct {
  uint64_t kind, any, own;
} RIGHTS[] = {
    {KIND_VERSION, ROLE_COORDINATOR | ROLE_EDITOR, ROLE_CONTRIBUTOR},
    {KIND_WITHDRAW, ROLE_COORDINATOR | ROLE_EDITOR, ROLE_CONTRIBUTOR},
};

enum reason rights_check(uint64_t kind, const struct certificate *author, uint64_t owner) {
  for (size_t i = 0; i < sizeof RIGHTS / sizeof RIGHTS[0]; i++) {
    if (RIGHTS[i].kind != kind) {
      continue;
    }
    if ((author->roles & RIGHTS[i].any) != 0) {
      return REASON_NONE;
    }
    if ((author->roles & RIGHTS[i].own) != 0 && (owner == 0 || owner == author->person)) {
      return REASON_NONE;
    }
  }
  return REASON_RIGHTS;
}

struct region_check {
  struct view wanted;
  size_t seen, outside;
};

static bool check_region(void *context, const struct body_value *value) {
  struct region_check *check = context;
  const struct field *field = value->field;
  if (field != NULL && field->parent == NULL && strcmp(field->vocabulary_name, "region") == 0) {
    check->seen++;
    check->outside += !view_equal(value->value, check->wanted);
  }
  return true;
}

bool rights_territory(uint64_t territory, const char *country, const struct schema *schema, struct view body) {
  char wanted[8];
  bool has_regions = false;
  if (territory == 0) {
    return true;
  }
  for (size_t i = 0; i < schema->n_fields; i++) {
    has_regions = has_regions || strcmp(schema->fields[i].vocabulary_name, "region") == 0;
  }
  if (!has_regions) {
    return true;
  }
  territory_format(territory, country, wanted);
  struct region_check check = {.wanted = view_of_text(wanted)};
  if (body_walk(schema, body, check_region, &check, NULL) != OK) {
    return false;
  }
  return check.seen > 0 && check.outside == 0;
}
