/*
 * needs: which needs of a schema a body meets. Completeness counts them, schema_check turns what is missing into findings.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_NEEDS_H
#define SPECOLA_PROTOCOL_SCHEMA_NEEDS_H

#include "protocol/schema/slots.h"

enum need_state {
  NEED_DOES_NOT_APPLY, /* optional, or its `when` does not hold, or C and "not applicable" */
  NEED_MET,
  NEED_MET_BY_OTHER, /* an alternative is there */
  NEED_MISSING,
  NEED_NOT_YET_KNOWN, /* missing, and the author says so */
  NEED_FEW            /* there, with fewer elements than its minimum */
};

/* The state of schema->fields[i]. */
enum need_state need_of(const struct body_slots *slots, size_t i);
/* The state of a child in a row whose children are value (slots_of_row). */
enum need_state need_of_child(const struct body_slots *slots, const struct field *child, struct view value);
/* 0..100: satisfied needs P and C, of those that apply. */
unsigned need_completeness(const struct body_slots *slots);
/* Number of elements of a field's value; 0 when absent or no array. */
uint32_t need_count(const struct field *field, struct view value);

#endif
