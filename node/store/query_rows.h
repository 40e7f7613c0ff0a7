/*
 * query_rows: rows of the tables for questions that stand in no table of the store, as JSON for SQLite's json_each: the values
 * of a body, the fields of all kinds, the codes of their vocabularies. Texts are UTF-8; the caller frees them.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_ROWS_H
#define SPECOLA_NODE_STORE_QUERY_ROWS_H

#include "protocol/schema/body.h"

/* [[field, row, item, lang, value]…]: every value that the schema knows, in its order; row and item count from 1 and are null
 * where there can be one only, lang is null where a field has no language. ERR_FORMAT: the body does not read well. ERR_MEMORY.
 */
MUST_CHECK enum err_code rows_of_body(const struct schema *schema, struct view body, char **out);
/* [[kind, field, type, many, need, vocabulary, dimension, label en, label it, help en, help it]…] of every kind, groups and
 * their fields; many is 0 or 1, need "P", "C" or "-", vocabulary and dimension null where there is none. ERR_MEMORY. */
MUST_CHECK enum err_code rows_of_kinds(const struct schema_set *set, char **out);
/* [[vocabulary, code, label en, label it]…] of every vocabulary that a field of any kind names. ERR_MEMORY. */
MUST_CHECK enum err_code rows_of_codes(const struct schema_set *set, char **out);

#endif
