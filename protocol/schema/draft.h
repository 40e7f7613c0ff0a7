/*
 * draft: the text file in which people write an object (docs/schema.md section 4), to and from JSON.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_DRAFT_H
#define SPECOLA_PROTOCOL_SCHEMA_DRAFT_H

#include "protocol/schema/body.h"

/* Parses a draft. The first line names the kind (found in set). default_lang is the language of untagged ml texts when the
 * draft does not set the original language. ERR_FORMAT with "line N: …" and a hint; ERR_NOT_FOUND for an unknown kind (the hint
 * lists those that exist); ERR_VERSION for "specola-draft 2" and above; ERR_LIMIT past LIMIT_DRAFT; ERR_MEMORY. On success
 * *json is a new object (caller decrefs), *schema borrowed from set. Fuzzed. */
MUST_CHECK enum err_code draft_read(const struct schema_set *set, struct view text, const char *default_lang,
                                    const struct schema **schema, json_t **json, struct err *err);
/* Writes an empty draft with help, limits and examples as comments in lang; express: only the needs P.
 * ERR_FORMAT if lang is no language tag, ERR_LIMIT past out's ceiling, ERR_MEMORY. */
MUST_CHECK enum err_code draft_template(const struct schema *schema, const char *lang, bool express, struct bytes *out,
                                        struct err *err);
/* Writes a draft that draft_read turns into the same JSON, for JSON as body_to_json gives it. Keys that the schema does not
 * have cannot stand in a draft: a comment names them. ERR_FORMAT if json is no object, ERR_LIMIT past out's ceiling,
 * ERR_MEMORY. */
MUST_CHECK enum err_code draft_write(const struct schema *schema, const json_t *json, struct bytes *out, struct err *err);

#endif
