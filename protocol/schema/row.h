/*
 * row: one line of somebody else's file as JSON. jansson is the judge of what JSON is and says what is wrong with what is none;
 * but it looks at each octet through several calls, which is a fifth of an import, so the plain forms are read here.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_ROW_H
#define SPECOLA_PROTOCOL_SCHEMA_ROW_H

#include <jansson.h>

#include "keys/bytes.h"

/* What json_loadb(line, JSON_REJECT_DUPLICATES) gives: an object or array (the caller decrefs), or NULL and *fault. */
json_t *row_read(struct view line, json_error_t *fault);

#endif
