/*
 * import_rules: what an import map holds once it is read; for import_map.c, which reads, and import_apply.c, which uses.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_IMPORT_RULES_H
#define SPECOLA_PROTOCOL_SCHEMA_IMPORT_RULES_H

#include "protocol/schema/import_map.h"

#define IMPORT_SOURCES 8
#define IMPORT_RULES 512
#define IMPORT_TEXT 192 /* octets of a path or constant with a NUL: a line has 190 */

/* A path in the row, or a constant. */
struct import_source {
  bool is_constant;
  char text[IMPORT_TEXT];
};

/* Where a field comes from: the first source that is not empty. field is never a group. */
struct import_rule {
  const struct field *field;
  struct import_source sources[IMPORT_SOURCES];
  size_t n_sources;
};

/* A code found and the code meant; to is empty: dropped. */
struct import_code {
  const struct field *field;
  char from[IMPORT_TEXT], to[IMPORT_TEXT];
};

struct import_map {
  const struct schema *schema;
  struct import_rule rules[IMPORT_RULES];
  size_t n_rules;
  struct import_rule language; /* field is NULL; n_sources 0: not said */
  struct import_code *codes;
  size_t n_codes, codes_room;
};

#endif
