/*
 * facet: which objects have which code in which dimension (rule word dim). Codes are small numbers, remembered here.
 */
#ifndef SPECOLA_NODE_STORE_FACET_H
#define SPECOLA_NODE_STORE_FACET_H

#include "node/store/store.h"
#include "protocol/schema/schema.h"

/* Notes (or takes back) that an object has a code. Twice is once. dim is of static life (the schema set's). */
MUST_CHECK enum err_code facet_put(struct store *s, const char *dim, struct view code, int64_t object, struct err *err);
MUST_CHECK enum err_code facet_erase(struct store *s, const char *dim, struct view code, int64_t object, struct err *err);

#endif
