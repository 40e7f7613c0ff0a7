/*
 * federation_inside: what federation.c, federation_member.c and twins.c share.
 */
#ifndef SPECOLA_NODE_FEDERATION_INSIDE_H
#define SPECOLA_NODE_FEDERATION_INSIDE_H

#include "node/federation.h"

#define FEDERATION_ITEM_MAX (LIMIT_IDENTITY + 2048u) /* octets of an identity or address item */

/* Fills in what the store has of a member: m->member says which. Identities that do not follow are passed over, and logged.
 * ERR_CORRUPT (it has none), ERR_MEMORY, store errors. */
MUST_CHECK enum err_code federation_load_member(struct store *s, const struct federation *f, struct federation_member *m,
                                                struct err *err);
/* The log of who is no member any more ends at its cut: what it had behind that, further generations too, does not count. */
void federation_close(struct federation_member *m);

#endif
