/*
 * vocabulary: the codes that a field may hold, with names (docs/schema.md 3). What others call stands in schema.h; here is
 * what the set of this room needs to make one.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_VOCABULARY_H
#define SPECOLA_PROTOCOL_SCHEMA_VOCABULARY_H

#include "protocol/schema/schema.h"
#include "protocol/schema/tsv.h"

/* name: e.g. "level". numbers has an entry for each row, or is NULL (ISO lists have none). Immutable. */
struct vocabulary {
  char name[32];
  struct tsv table;
  int64_t *numbers;
};

/* From the text of vocab/NAME.tsv: columns number, code and languages. Numbers are 1..2147483647 and unique; a code is 1..63
 * octets without blanks. ERR_FORMAT names the line or the code, ERR_MEMORY. The caller frees it. */
MUST_CHECK enum err_code vocabulary_parse(const char *name, struct view tsv, struct vocabulary **out, struct err *err);
/* From a table that the build made (borrowed, static). ERR_MEMORY. */
MUST_CHECK enum err_code vocabulary_static(const char *name, const struct tsv *table, struct vocabulary **out, struct err *err);
void vocabulary_free(struct vocabulary *v); /* NULL is fine */
/* The code that somebody probably meant, or NULL; only small vocabularies are searched. */
const char *vocabulary_nearest(const struct vocabulary *v, struct view code);

#endif
