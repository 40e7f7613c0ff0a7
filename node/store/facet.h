/*
 * facet: which objects have which code in which dimension (rule word dim). Codes are small numbers, remembered here.
 */
#ifndef SPECOLA_NODE_STORE_FACET_H
#define SPECOLA_NODE_STORE_FACET_H

#include "node/store/store.h"
#include "protocol/schema/schema.h"

#define FACET_ROWS 16 /* of one INSERT: a statement costs as much as a row, or more */

/* The numbers of codes that an object has, on their way into the table. Zero-initialise. */
struct facets {
  int64_t object, codes[FACET_ROWS];
  int n;
};
/* Notes that facets->object has a code; twice is once. Written when FACET_ROWS have come, the rest by facet_flush. dim is of
 * static life (the schema set's). */
MUST_CHECK enum err_code facet_put(struct store *s, struct facets *facets, const char *dim, struct view code, struct err *err);
MUST_CHECK enum err_code facet_flush(struct store *s, struct facets *facets, struct err *err);
/* Whether any object ever had that code. Reads only. */
MUST_CHECK enum err_code facet_is_known(struct store *s, const char *dim, struct view code, bool *out, struct err *err);
/* Takes it back. */
MUST_CHECK enum err_code facet_erase(struct store *s, const char *dim, struct view code, int64_t object, struct err *err);

#endif
