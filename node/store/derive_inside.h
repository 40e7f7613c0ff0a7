/*
 * derive_inside: what derive.c and revoke.c share. Others use derivation.h.
 */
#ifndef SPECOLA_NODE_STORE_DERIVE_INSIDE_H
#define SPECOLA_NODE_STORE_DERIVE_INSIDE_H

#include "node/store/derivation.h"

/* The entry has no effect for this reason, whatever was found before. Store errors. */
MUST_CHECK enum err_code derive_held(struct store *s, int64_t rowid, enum reason reason, struct err *err);
/* Takes away what the object's newest version (there must be one) gave to facets, links, full text and wide tables. Store
 * errors. */
MUST_CHECK enum err_code derive_erase_newest(struct derivation *d, const struct object *object, struct err *err);

/* The same of an endorsement, by the object that its header names; of other kinds nothing. Store errors. */
MUST_CHECK enum err_code derive_held_endorsement(struct store *s, int64_t rowid, const struct header *h, enum reason reason,
                                                 struct err *err);
/* The object of a version or withdrawal: the first 8 octets of its id. */
int64_t derive_object_of(const struct record *record);

#endif
