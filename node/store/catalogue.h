/*
 * catalogue: what lists and facets need of the derived tables, in memory: objects in their order, and who has which code. A
 * list of 100 000 objects under any combination of facets, with all counts, takes milliseconds and no SQL. Immutable once made;
 * made anew when the store has changed.
 */
#ifndef SPECOLA_NODE_STORE_CATALOGUE_H
#define SPECOLA_NODE_STORE_CATALOGUE_H

#include "node/store/store.h"

/* An object that lists show: readable, not withdrawn. */
struct catalogue_object {
  int64_t id, newest, arrival; /* as in the table `object` */
  uint64_t schema;
};
/* A code of a dimension, and the places (in objects) of those that have it, rising. */
struct catalogue_code {
  const char *dim, *code; /* owned by the catalogue */
  uint32_t *places;       /* owned */
  uint32_t n;
};
/* Invariants: objects by falling (arrival, newest); by_id holds their places by rising id; codes by rising dim, then code. */
struct catalogue {
  struct catalogue_object *objects;
  uint32_t *by_id;
  uint32_t n;
  struct catalogue_code *codes;
  uint32_t n_codes;
  struct log *logs;
  uint32_t n_logs;
  struct bytes names; /* dims and codes, NUL-terminated */
};
/* Reads all of it in one read transaction. ERR_MEMORY, ERR_LIMIT and store errors. The caller frees it. */
MUST_CHECK enum err_code catalogue_new(struct store *s, struct catalogue **out, struct err *err);
void catalogue_free(struct catalogue *c); /* NULL is fine */
/* The place of an object by id; c->n: not listed. */
uint32_t catalogue_place(const struct catalogue *c, int64_t id);

/* A set of places: a bit each. */
struct selection {
  uint64_t *bits; /* owned; (n + 63) / 64 words */
  uint32_t n;
};
/* All places, or none. ERR_MEMORY. */
MUST_CHECK enum err_code selection_new(const struct catalogue *c, bool all, struct selection *out, struct err *err);
void selection_release(struct selection *x); /* a zeroed struct is fine */
static inline void selection_add(struct selection *x, uint32_t place) {
  x->bits[place / 64] |= UINT64_C(1) << place % 64;
}
static inline bool selection_has(const struct selection *x, uint32_t place) {
  return (x->bits[place / 64] >> place % 64 & 1) != 0;
}
uint32_t selection_count(const struct selection *x);
void selection_and(struct selection *x, const struct selection *other);
/* Keeps what is of that kind, of that node, or has one of the codes of a dimension. */
void selection_keep_schema(struct selection *x, const struct catalogue *c, uint64_t schema);
void selection_keep_node(struct selection *x, const struct catalogue *c, const struct hash *node);
MUST_CHECK enum err_code selection_keep_codes(struct selection *x, const struct catalogue *c, const char *dim,
                                              const char *const *codes, size_t n, struct err *err);
/* The codes of a dimension; *n counts them. */
const struct catalogue_code *catalogue_dim(const struct catalogue *c, const char *dim, uint32_t *n);
/* How many of x have a code. */
uint32_t catalogue_count(const struct catalogue_code *code, const struct selection *x);

#endif
