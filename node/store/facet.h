/*
 * facet: which objects have which code in which dimension (rule word dim). Codes are small numbers, remembered here.
 */
#ifndef SPECOLA_NODE_STORE_FACET_H
#define SPECOLA_NODE_STORE_FACET_H

#include "node/store/store.h"
#include "protocol/schema/schema.h"

#define FACET_CODES 1024    /* remembered numbers, a power of two */
#define FACET_CODE_MAX 64   /* octets of a code that is remembered */

struct facet_memory {
  struct facet_slot {
    int64_t no; /* 0: free */
    const char *dim; /* borrowed from the schema set */
    uint8_t code[FACET_CODE_MAX];
    size_t len;
  } slots[FACET_CODES];
};
/* Forgets everything: after a rollback numbers may be others. */
void facet_forget(struct facet_memory *m);
/* Notes (or takes back) that an object has a code. Twice is once. */
MUST_CHECK enum err_code facet_put(struct facet_memory *m, struct store *s, const char *dim, struct view code, int64_t object,
                                   struct err *err);
MUST_CHECK enum err_code facet_erase(struct facet_memory *m, struct store *s, const char *dim, struct view code, int64_t object,
                                     struct err *err);

#endif
