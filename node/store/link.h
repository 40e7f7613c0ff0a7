/*
 * link: references between objects, in both directions. A target that is not here yet is no error: the row waits for it.
 */
#ifndef SPECOLA_NODE_STORE_LINK_H
#define SPECOLA_NODE_STORE_LINK_H

#include "node/store/store.h"

/* An object refers to an object id in a field. Twice is once. */
MUST_CHECK enum err_code link_put(struct store *s, int64_t object, const char *field, struct view target, struct err *err);
/* Forgets what an object refers to. */
MUST_CHECK enum err_code link_erase(struct store *s, int64_t object, struct err *err);

#endif
