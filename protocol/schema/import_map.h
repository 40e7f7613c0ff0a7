/*
 * import_map: how the rows of somebody else's file become objects of ours (docs/schema.md section 5).
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_IMPORT_MAP_H
#define SPECOLA_PROTOCOL_SCHEMA_IMPORT_MAP_H

#include "protocol/schema/body.h"

struct import_map; /* opaque */

/* Reads an INI text. The kind comes from `[import] kind` or default_kind. ERR_FORMAT with the line; ERR_NOT_FOUND for an
 * unknown kind or field. Fuzzed. The caller frees it. */
MUST_CHECK enum err_code import_map_read(const struct schema_set *set, struct view ini, const char *default_kind,
                                         struct import_map **out, struct err *err);
/* The identity map: columns are named as fields are. */
MUST_CHECK enum err_code import_map_identity(const struct schema *schema, struct import_map **out, struct err *err);
/* The map that the columns of a sheet give by their names: a field's key ("timeline.label"), or its label in English, Italian
 * or lang, letters' case, marks and punctuation aside; a column of a group is named by both labels; a text in languages may end
 * in a language ("title.it", "Titolo (it)"). The first of two columns for the same field counts. fields[i] (n of them) receives
 * what names[i] was taken for, or NULL. A name that can be no path stands for nothing. *out has no rule if no name was
 * understood. ERR_MEMORY. */
MUST_CHECK enum err_code import_map_of_columns(const struct schema *schema, const char *const *names, size_t n,
                                               const char *lang, const struct field **fields, struct import_map **out,
                                               struct err *err);
/* Says that rows are those of a sheet (docs/schema.md 5): each value is a text; a list of them is separated by ";" unless the
 * map says otherwise; "?" and "-" are marks; codes may be given by their labels. lang: of texts where the row does not say it;
 * guarded: "'" before what a spreadsheet would take for a formula is taken off. */
void import_map_of_sheet(struct import_map *map, const char *lang, bool guarded);
/* The code that a text means: itself, the same in other letters' case, or the code whose name it is in English, Italian or
 * lang. NULL: none. Borrowed from the vocabulary, or text. */
const char *import_map_code(const struct field *f, const char *text, const char *lang);
/* The i-th path from which a field (key, of a group's field with the dot) is taken, constants passed over; NULL beyond.
 * Borrowed. */
const char *import_map_path(const struct import_map *map, const char *key, size_t i);
/* True if some path, or that of the language, is exactly this. */
bool import_map_uses(const struct import_map *map, const char *path);
/* True if a field gets a constant where its paths lead to nothing. */
bool import_map_has_constant(const struct import_map *map, const char *key);
void import_map_free(struct import_map *map); /* NULL is fine */
const struct schema *import_map_schema(const struct import_map *map);
/* Turns one row into the JSON of a body (new object, caller decrefs; its values may be shared with the row, so neither's are to
 * be changed). Codes that were renamed or dropped, control characters and values of a wrong shape are findings; what the
 * schema has to say is schema_check's. ERR_MEMORY. */
MUST_CHECK enum err_code import_map_apply(const struct import_map *map, const json_t *row, json_t **out,
                                          struct findings *findings, struct err *err);
/* Puts the texts of the column `translations` of an exported sheet (node/export/export.h) into *body, which becomes another
 * object. What is not understood is a finding. ERR_MEMORY. */
MUST_CHECK enum err_code import_map_translate(const struct import_map *map, const char *text, json_t **body,
                                              struct findings *findings, struct err *err);

#endif
