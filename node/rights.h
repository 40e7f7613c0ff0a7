/*
 * rights: who may do what, in one place. The evaluation of every log asks it (docs/protocol.md 4.6), and admission, which stands
 * beside the write, asks the same function and in addition the author's territory.
 */
#ifndef SPECOLA_NODE_RIGHTS_H
#define SPECOLA_NODE_RIGHTS_H

#include "protocol/people.h"
#include "protocol/schema/body.h"

/* Whether the holder of a certificate may write a record of this kind. author: the certificate in force. owner: person number of the
 * object's first author; 0 for an object that is new. REASON_NONE or REASON_RIGHTS. */
enum reason rights_check(uint64_t kind, const struct certificate *author, uint64_t owner) __attribute__((pure));
/* Whether a body stays within a territory (0: none, everything does): each of its regions must be that subdivision of country, and
 * it must name one. Kinds without a field of regions are of no territory. A body that is not canonical is in none. */
bool rights_territory(uint64_t territory, const char *country, const struct schema *schema, struct view body);

#endif
