/*
 * rule: the rule words of a field (docs/schema.md 1), as a table of word and effect.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_RULE_H
#define SPECOLA_PROTOCOL_SCHEMA_RULE_H

#include "protocol/schema/schema.h"

/* Applies one word ("max=200", "sum") to a field whose other columns are read. Fields that it names are looked up later, when
 * all are known. ERR_FORMAT says what is wrong, without file and line. */
MUST_CHECK enum err_code rule_apply(struct field *field, struct view word, struct err *err);
/* Splits a list at its commas: the next part, or false behind the last. rest starts as the whole list. */
bool rule_next_part(struct view *rest, struct view *part);

#endif
