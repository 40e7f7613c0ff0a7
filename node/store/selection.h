/*
 * selection: a set of places of a catalogue, a bit each: what filters find, and how many of it have which code.
 */
#ifndef SPECOLA_NODE_STORE_SELECTION_H
#define SPECOLA_NODE_STORE_SELECTION_H

#include "node/store/catalogue.h"

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
/* How many of x have each code: an array of n_codes numbers, which the caller frees. ERR_MEMORY. */
MUST_CHECK enum err_code selection_count_codes(const struct selection *x, const struct catalogue *c, uint32_t **out,
                                               struct err *err);

#endif
