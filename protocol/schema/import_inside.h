/*
 * import_inside: a row on its way to a body, as import_apply.c and import_value.c have it in hand.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_IMPORT_INSIDE_H
#define SPECOLA_PROTOCOL_SCHEMA_IMPORT_INSIDE_H

#include "protocol/schema/import_rules.h"

struct import {
  const struct import_map *map;
  const json_t *row;
  json_t *out;
  struct findings *findings;
  const struct field *field; /* that is being filled */
  const char *tag;           /* of the texts of this rule; empty: language */
  char language[VALUE_TAG_MAX];
  bool language_is_known, language_was_needed;
  bool no_memory;
};

/* value, of which NULL means that memory is out: that is noted. */
json_t *import_keep(struct import *im, json_t *value);
/* A value in the form of the field: a new reference; NULL when nothing is left (findings tell), or without memory. */
json_t *import_shape(struct import *im, const struct field *f, json_t *value);

#endif
