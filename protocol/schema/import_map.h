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
void import_map_free(struct import_map *map); /* NULL is fine */
const struct schema *import_map_schema(const struct import_map *map);
/* Turns one row into the JSON of a body (new object, caller decrefs; its values may be shared with the row, so neither's are to
 * be changed). Codes that were renamed, dropped or found unknown, and values of a wrong shape, are findings. ERR_MEMORY. */
MUST_CHECK enum err_code import_map_apply(const struct import_map *map, const json_t *row, json_t **out,
                                          struct findings *findings, struct err *err);

#endif
