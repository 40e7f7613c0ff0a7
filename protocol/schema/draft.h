/*
 * draft: the text file in which people write an object (docs/schema.md section 4), to and from JSON.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_DRAFT_H
#define SPECOLA_PROTOCOL_SCHEMA_DRAFT_H

#include "protocol/schema/body.h"

/* Parses a draft. The first line names the kind (found in set). default_lang is the language of untagged ml texts when the
 * draft does not set original_lang. ERR_FORMAT with "line N: …" and a hint; ERR_NOT_FOUND for an unknown kind (the hint lists
 * those that exist). On success *json is a new object (caller decrefs), *schema borrowed from set. Fuzzed. */
MUST_CHECK enum err_code draft_read(const struct schema_set *set, struct view text, const char *default_lang,
                                    const struct schema **schema, json_t **json, struct err *err);
/* Writes an empty draft with help, limits and examples as comments in lang; express: only the needs P. */
MUST_CHECK enum err_code draft_template(const struct schema *schema, const char *lang, bool express, struct bytes *out,
                                        struct err *err);
/* Writes a draft that draft_read turns into the same JSON. */
MUST_CHECK enum err_code draft_write(const struct schema *schema, const json_t *json, struct bytes *out, struct err *err);

#endif
