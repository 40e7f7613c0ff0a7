/*
 * catalogue_inside: what catalogue.c and catalogue_renew.c share: a catalogue in the making.
 */
#ifndef SPECOLA_NODE_STORE_CATALOGUE_INSIDE_H
#define SPECOLA_NODE_STORE_CATALOGUE_INSIDE_H

#include "node/store/catalogue.h"

/* Codes by offsets, until names and places stand where they stay. */
struct counted_code {
  size_t dim, code;
  uint32_t first, n;
};
struct cataloguing {
  struct store *s;
  struct catalogue *c;  /* owned */
  struct bytes codes;   /* struct counted_code */
  struct bytes objects; /* struct catalogue_object, by rising id */
};
MUST_CHECK enum err_code cataloguing_new(struct store *s, struct cataloguing *out, struct err *err);
void cataloguing_release(struct cataloguing *d);
/* Reads logs, the hash of the schemas, and the objects; their lengths where last (may be NULL) does not know them. */
MUST_CHECK enum err_code cataloguing_read(struct cataloguing *d, const struct catalogue *last, struct err *err);
/* Brings the objects into their order. From now on places are known. */
MUST_CHECK enum err_code cataloguing_sort(struct cataloguing *d, struct err *err);
/* Begins a code; they come by rising dim, then code. */
MUST_CHECK enum err_code cataloguing_code(struct cataloguing *d, struct view dim, struct view code, struct err *err);
/* One that has it, in any order, none twice. */
MUST_CHECK enum err_code cataloguing_place(struct cataloguing *d, uint32_t place, struct err *err);
/* Ends a code: its places rise; one that nobody has is dropped. */
void cataloguing_end(struct cataloguing *d);
/* Hands the catalogue over; nothing is left in d then. */
MUST_CHECK enum err_code cataloguing_finish(struct cataloguing *d, struct catalogue **out, struct err *err);

#endif
