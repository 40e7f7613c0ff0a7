/*
 * import_rules: what an import map holds once it is read; for import_map.c, which reads, and import_apply.c, which uses.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_IMPORT_RULES_H
#define SPECOLA_PROTOCOL_SCHEMA_IMPORT_RULES_H

#include "protocol/schema/import_map.h"

#define IMPORT_SOURCES 8
#define IMPORT_RULES 512
#define IMPORT_TEXT 192 /* octets of a path or constant with a NUL: a line has 190 */
#define IMPORT_STEPS 16 /* of a path */

/* One part of a path: the name of a key, and whether its array is to be gone through ("[]", which is no part of the name). All
 * of the path from `at` on may also be the name of one column. */
struct import_step {
  uint8_t at, name_len; /* in the text of the source */
  bool each;
};

/* A path in the row, or a constant. */
struct import_source {
  bool is_constant;
  char text[IMPORT_TEXT];
  size_t len; /* octets of text */
  struct import_step steps[IMPORT_STEPS];
  size_t n_steps; /* 0: a constant */
};

/* Where a field comes from: the first source that is not empty. field is never a group. */
struct import_rule {
  const struct field *field;
  struct import_source sources[IMPORT_SOURCES];
  size_t n_sources;
  bool has_constant; /* among its sources */
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
