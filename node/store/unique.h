/*
 * unique: objects by the fields that make them one within a log (rule word unique).
 */
#ifndef SPECOLA_NODE_STORE_UNIQUE_H
#define SPECOLA_NODE_STORE_UNIQUE_H

#include "node/store/store.h"
#include "protocol/schema/slots.h"

/* The key of a body's unique fields within a node's log; log_no: of its first generation. False if the kind has none or the
 * body lacks one of them. */
bool unique_key(const struct body_slots *body, int64_t log_no, int64_t *key);
MUST_CHECK enum err_code unique_put(struct store *s, int64_t key, int64_t object, struct err *err);
MUST_CHECK enum err_code unique_erase(struct store *s, int64_t key, int64_t object, struct err *err);
/* The object of this log, not withdrawn, whose newest version has the same unique fields. ERR_NOT_FOUND. */
MUST_CHECK enum err_code unique_find(struct store *s, const struct schema *schema, int64_t log_no, struct view body,
                                     int64_t *object, struct err *err);

#endif
