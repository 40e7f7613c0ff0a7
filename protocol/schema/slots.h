/*
 * slots: a body taken apart, without a copy: which octets belong to which field. Checking, completeness, walking and sums begin
 * here. Allocation-free. slots_fill checks the octets; everything else here expects checked ones.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_SLOTS_H
#define SPECOLA_PROTOCOL_SCHEMA_SLOTS_H

#include "protocol/canon.h"
#include "protocol/schema/body.h"

/* value[i] belongs to schema->fields[i], encoded; empty: absent. na, unknown: the encoded lists of keys, or empty. All
 * borrowed from the body. */
struct body_slots {
  const struct schema *schema;
  struct view body;
  struct view value[SCHEMA_FIELDS];
  struct view na, unknown;
  uint32_t n_strangers; /* keys that the schema does not have */
};

/* ERR_FORMAT if body is not a canonical map of at most LIMIT_LIST pairs. */
MUST_CHECK enum err_code slots_fill(const struct schema *schema, struct view body, struct body_slots *out, struct err *err);
/* The same of octets that canon_check or canon_check_body has passed. */
MUST_CHECK enum err_code slots_take(const struct schema *schema, struct view body, struct body_slots *out, struct err *err);
/* body_text and body_walk of a body that is taken apart already; field is one of the top level. lang may be NULL. */
bool slots_text(const struct body_slots *slots, const struct field *field, const char *lang, struct view *out,
                struct view *tag);
void slots_walk(const struct body_slots *slots, body_visit *visit, void *context);
/* The same for a row of a group: value[i] belongs to group->children[i]. False if row is no map. n_strangers may be NULL. */
bool slots_of_row(const struct field *group, struct view row, struct view value[SCHEMA_CHILDREN], uint32_t *n_strangers);
/* True if an encoded list of keys holds key. */
bool slots_list_has(struct view list, const char *key);

/* The keys that the schema does not have, one after the other: start with zeroes. */
struct slots_strangers {
  struct canon_reader reader;
  uint32_t left;
  struct view previous;
};
struct slots_strangers slots_strangers(const struct body_slots *slots);
bool slots_next_stranger(const struct body_slots *slots, struct slots_strangers *s, struct view *key, struct view *value);

/* The elements of a field's value: those of its list, or the one value. */
struct elements {
  struct canon_reader reader;
  struct view single;
  uint32_t n, i; /* i: the number of elements taken */
};
/* False if the field is a list and value is no array. */
bool elements_open(bool many, struct view value, struct elements *out);
bool elements_next(struct elements *e, struct view *element);

/* The languages of an encoded ml text. False if it is no map. */
struct ml_texts {
  struct canon_reader reader;
  uint32_t n, i;
  struct view previous;
};
bool ml_open(struct view value, struct ml_texts *out);
/* False behind the last, or when a text is no str (then reader.fault is set). */
bool ml_next(struct ml_texts *m, struct view *tag, struct view *text);

/* The scalar in an encoded value: STR or BIN octets. False if it is of another type. */
bool scalar_str(struct view value, struct view *out);
bool scalar_bin(struct view value, struct view *out);
enum canon_type scalar_type(struct view value);

#endif
