/*
 * import_rules: what an import map holds once it is read; for import_map.c, which reads, and import_apply.c, which uses.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_IMPORT_RULES_H
#define SPECOLA_PROTOCOL_SCHEMA_IMPORT_RULES_H

#include "protocol/schema/import_map.h"
#include "protocol/schema/value.h"

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
  bool has_constant;       /* among its sources */
  char tag[VALUE_TAG_MAX]; /* language of the texts that this rule brings; empty: the row's */
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
  struct import_rule language;  /* field is NULL; n_sources 0: not said */
  char separator;               /* between the values of one text; 0: texts are not taken apart */
  bool cells, guarded;          /* rows are those of a sheet; of one that this program wrote */
  char fallback[VALUE_TAG_MAX]; /* the language where a row does not say one; empty: "und" */
  struct import_code *codes;
  size_t n_codes, codes_room;
};

/* ---- cells of a sheet ---- */

#define CELL_INNER '|' /* between the elements of a list that stands in a row of a group */

/* Whether a cell says of its whole field that it is not yet known ("?") or does not apply ("-"): the name of the list that
 * says so in a body, else NULL. */
const char *cell_mark(const char *text);
/* The text of a guarded cell without the "'" that kept a spreadsheet from taking it for a formula or a mark; inside text. */
const char *cell_unguard(const char *text);
/* Cuts the next piece off *rest at separator into out ("\\" before separator or backslash is taken off). *rest is NULL behind
 * the last piece; false then. */
bool cell_piece(const char **rest, char separator, struct bytes *out);

#endif
