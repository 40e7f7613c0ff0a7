/*
 * rights: who may do what, in one place. The evaluation of every log asks it (docs/protocol.md 4.6), and admission, which
 * stands beside the write, asks the same function and in addition the author's territory.
 */
#ifndef SPECOLA_NODE_RIGHTS_H
#define SPECOLA_NODE_RIGHTS_H

#include "protocol/people.h"
#include "protocol/schema/body.h"

/* What the author of a record is to the object that it names. */
enum rights_owner {
  RIGHTS_NEW,
  RIGHTS_OWN,
  RIGHTS_OTHERS
}; /* a new object; one whose first version is his person's; another's */

/* Objects that the node key alone writes (tally, node card). */
bool rights_own_key(uint64_t schema_number) __attribute__((const));
/* Whether the holder of a certificate may write or withdraw an object of that schema: REASON_NONE or REASON_RIGHTS. */
enum reason rights_check(uint64_t schema_number, const struct certificate *author, enum rights_owner owner)
    __attribute__((pure));
/* Whether the holder of a certificate may endorse: REASON_NONE or REASON_RIGHTS. */
enum reason rights_endorse(const struct certificate *author) __attribute__((pure));
/* Whether a body stays within a territory (0: none, everything does): each of its regions must be that subdivision of country,
 * and it must name one. Kinds without a field of regions are of no territory. A body that is not canonical is in none. */
bool rights_territory(uint64_t territory, const char *country, const struct schema *schema, struct view body);

#endif
