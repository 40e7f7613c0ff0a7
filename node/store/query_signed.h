/*
 * query_signed: what one key endorsed, the newest first. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_SIGNED_H
#define SPECOLA_NODE_STORE_QUERY_SIGNED_H

#include "keys/sign.h"
#include "node/store/query.h"

struct signed_question {
  struct pubkey key;
  size_t limit; /* objects; 0: all */
  const char *lang;
};
/* An object with at least one signature by the key. endorsement: as query_endorse tells it; borrowed, as row is. */
struct signed_row {
  const struct query_row *row;
  const json_t *endorsement;
};
typedef bool signed_visit(void *context, const struct signed_row *row);
/* Each object once, by its newest signature of the key; what is away (hidden, damaged) is passed over. ERR_MEMORY, store
 * errors. */
MUST_CHECK enum err_code query_signed(struct store *s, const struct federation *f, const struct schema_set *set,
                                      const struct signed_question *q, signed_visit *visit, void *context, struct err *err);

#endif
