/*
 * draft_path: what stands left of the colon in a draft: field[.N][.child][.N][.TAG] (docs/schema.md 4).
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_DRAFT_PATH_H
#define SPECOLA_PROTOCOL_SCHEMA_DRAFT_PATH_H

#include "protocol/schema/schema.h"
#include "protocol/schema/value.h"

/* Where a value goes. leaf: the field that takes it, top itself or a child of it; NULL for a bare group. row and item count
 * from 0. Without has_row a group of several rows can only be marked (`?`, `-`). */
struct draft_path {
  const struct field *top, *leaf;
  bool has_row, has_item, has_tag;
  uint32_t row, item;
  char tag[VALUE_TAG_MAX];
};

/* ERR_FORMAT, with a hint when a key is misspelled. */
MUST_CHECK enum err_code draft_path_parse(const struct schema *schema, struct view text, struct draft_path *out,
                                          struct err *err);
/* The field's key: "funding.amount". */
const char *draft_path_key(const struct draft_path *path);
/* Puts a value (a new reference, always taken) where path says; tag is used for ml texts. Missing rows and elements before it
 * become null. ERR_FORMAT when something stands there already, or for a group without a row; ERR_MEMORY. */
MUST_CHECK enum err_code draft_path_put(const struct draft_path *path, const char *tag, json_t *root, json_t *value,
                                        struct err *err);

#endif
