/*
 * query_hidden: what this node does not show, and why. For `hide --list`, `show`, and the pages, which tell that there is
 * something and not what it says. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_HIDDEN_H
#define SPECOLA_NODE_STORE_QUERY_HIDDEN_H

#include <jansson.h>

#include "node/federation.h"
#include "node/store/hidden.h"
#include "protocol/schema/schema.h"

/* {"reason": a code of the vocabulary `takedown`, or words, "label": the same in lang, where it is a code, "since": unix
 * seconds}. *out NULL: the object of that id is not hidden. The caller decrefs. Store errors, ERR_MEMORY. */
MUST_CHECK enum err_code query_hidden(struct store *s, const struct schema_set *set, const struct hash *id, const char *lang,
                                      json_t **out, struct err *err);
/* All of them, the first one that was hidden first: the same with "id", and "reference" and "home" (handle) if the object is
 * held. The caller decrefs. Store errors, ERR_MEMORY. */
MUST_CHECK enum err_code query_hidden_all(struct store *s, const struct federation *f, const struct schema_set *set,
                                          const char *lang, json_t **out, struct err *err);

#endif
