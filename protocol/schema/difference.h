/*
 * difference: what two versions of an object say differently, field by field, language by language, row by row. Pure; works on
 * the JSON form of bodies (body.h), so that whoever shows it (command, page) only has to put labels to it.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_DIFFERENCE_H
#define SPECOLA_PROTOCOL_SCHEMA_DIFFERENCE_H

#include "protocol/schema/body.h"

/* Compares two JSON forms of bodies, in the order of the schema (NULL: kind not known), keys that it does not have last. *out
 * is a new array (the caller decrefs) of
 *
 *   {"field": "timeline.label", "change": "added" | "removed" | "changed", "row": 2, "tag": "it", "before": …, "after": …}
 *
 * field is a key of the schema; row counts from 1 within a group (in the later version; of a removed row in the earlier one);
 * tag is the language of a text in languages; before and after hold the values, as far as there is one. A field that is said to
 * be not yet known or not applicable has the value {"_unknown": true} or {"_na": true}. In a list of scalars each element that
 * came or went is a change of its own; the same elements in another order are one change of the whole list.
 * Neither is changed. ERR_FORMAT if one of them is no object, ERR_MEMORY. */
MUST_CHECK enum err_code difference(const struct schema *schema, json_t *before, json_t *after, json_t **out, struct err *err);
/* The same in as few words as a reader needs, from what difference() told, names in lang. *out is a new array (the caller
 * decrefs): first what changed, then what was added, then what was removed, each once, of
 *
 *   {"field": "timeline", "change": "changed", "row": 2, "name": "Timeline 2"}
 *   {"field": "title", "change": "added", "tag": "it", "name": "Title (it)"}
 *
 * A change within a row of a group is one of the row. name is foreign text where the schema does not have the key. ERR_MEMORY.
 */
MUST_CHECK enum err_code difference_brief(const struct schema *schema, const json_t *changes, const char *lang, json_t **out,
                                          struct err *err);

#endif
