/*
 * rights: docs/protocol.md 4.6, row 11, and territory at admission. See rights.h.
 */
#include "node/rights.h"

#include <string.h>

#define SCHEMA_SCORE 6
#define SCHEMA_TALLY 8
#define SCHEMA_TRIAL 13
#define SCHEMA_CARD 18
#define SCHEMA_PERSON 19
#define SCHEMA_FREE 1024 /* from here on: for trials, never registered */

/* Row 11 of docs/protocol.md 4.6. any: roles that may write objects of this schema; own: roles that may write their person's
 * own; certified: whoever has a certificate may write his own. */
struct rights {
  uint64_t any, own;
  bool certified;
};

static struct rights rights_of(uint64_t schema_number) {
  static const uint64_t editors = ROLE_COORDINATOR | ROLE_EDITOR;
  static const uint64_t contributors = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 5 | 1u << 9 | 1u << 10 | 1u << 11 | 1u << 12 |
                                       1u << 13 | 1u << 14 | 1u << 15 | 1u << 16; /* by schema number */
  struct rights rights = {.any = editors};
  if (schema_number == SCHEMA_SCORE || schema_number == SCHEMA_PERSON) {
    return (struct rights){.certified = true};
  }
  if (rights_own_key(schema_number)) {
    return (struct rights){.any = 0};
  }
  if (schema_number >= SCHEMA_FREE || (schema_number < 32 && (contributors >> schema_number & 1) != 0)) {
    rights.own |= ROLE_CONTRIBUTOR;
  }
  if (schema_number == SCHEMA_TRIAL) {
    rights.own |= ROLE_REVIEWER;
  }
  return rights;
}

bool rights_own_key(uint64_t schema_number) {
  return schema_number == SCHEMA_TALLY || schema_number == SCHEMA_CARD;
}

enum reason rights_check(uint64_t schema_number, const struct certificate *author, enum rights_owner owner) {
  const struct rights rights = rights_of(schema_number);
  if ((author->roles & rights.any) != 0) {
    return REASON_NONE;
  }
  const bool mine = rights.certified || (author->roles & rights.own) != 0;
  return mine && owner != RIGHTS_OTHERS ? REASON_NONE : REASON_RIGHTS;
}

enum reason rights_endorse(const struct certificate *author) {
  return (author->roles & ROLE_REVIEWER) != 0 ? REASON_NONE : REASON_RIGHTS;
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
