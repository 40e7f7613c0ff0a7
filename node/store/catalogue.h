/*
 * catalogue: what lists and facets need of the derived tables, in memory: objects in their order, and who has which code. A
 * list of 100 000 objects under any combination of facets, with all counts, takes milliseconds and no SQL. Immutable once made.
 * When the store has changed, the next one is made of the last and of what changed, or anew if that is much.
 */
#ifndef SPECOLA_NODE_STORE_CATALOGUE_H
#define SPECOLA_NODE_STORE_CATALOGUE_H

#include <stdatomic.h>

#include "node/store/endorsed.h"
#include "protocol/schema/schema.h"

/* An object that lists show: readable, not withdrawn. */
struct catalogue_object {
  int64_t id, newest, arrival; /* as in the table `object` */
  uint64_t schema;
  uint32_t length; /* tokens of its texts */
  enum endorsed endorsed;
};
/* A code of a dimension (ENDORSED_DIM is one of every object), and the places (in objects) of those that have it, rising. */
struct catalogue_code {
  const char *dim, *code;
  const uint32_t *places;
  uint32_t n; /* > 0 */
};
/* Invariants: objects by falling (arrival, newest); by_id holds their places by rising id; codes by rising dim, then code. */
struct catalogue {
  atomic_uint holders; /* beyond the first */
  struct catalogue_object *objects;
  uint32_t *by_id;
  uint32_t n;
  struct catalogue_code *codes;
  uint32_t n_codes;
  struct log *logs;
  uint32_t n_logs;
  struct hash schemas;  /* of what the derived tables were made */
  struct bytes names;   /* dims and codes, NUL-terminated */
  struct bytes places;  /* of all codes, uint32_t */
  uint32_t *codes_of;   /* of each place, one after the other: indices into codes */
  uint32_t *codes_from; /* by place, n + 1: where in codes_of its own begin */
};
/* Reads all of it in one read transaction. ERR_MEMORY, ERR_LIMIT and store errors. The caller frees it. */
MUST_CHECK enum err_code catalogue_new(struct store *s, struct catalogue **out, struct err *err);
/* The same as catalogue_new would give, made of an earlier one of the same store: reads the bodies of what changed, with set;
 * if that is more than CATALOGUE_ANEW of all, everything is read. last is not changed. */
MUST_CHECK enum err_code catalogue_renew(struct store *s, const struct schema_set *set, const struct catalogue *last,
                                         struct catalogue **out, struct err *err);
#define CATALOGUE_ANEW(n) ((n) / 16 + 64)
/* One more holder, of any thread; each frees it. */
struct catalogue *catalogue_hold(struct catalogue *c);
void catalogue_free(struct catalogue *c); /* NULL is fine; gone when its last holder has freed it */
/* The place of an object by id; c->n: not listed. */
uint32_t catalogue_place(const struct catalogue *c, int64_t id);
/* The same for ids that rise from call to call: *at, 0 at first, remembers how far by_id is done. */
uint32_t catalogue_next(const struct catalogue *c, uint32_t *at, int64_t id);
/* The codes of a dimension; *n counts them. */
const struct catalogue_code *catalogue_dim(const struct catalogue *c, const char *dim, uint32_t *n);

#endif
