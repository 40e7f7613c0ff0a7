/*
 * perjury: the lies of a member in the changing list of members. Into its own log it writes votes that it may not cast and
 * proposals that are not lawful, or two at once that are; to others it tells lists that nobody voted for. All of it is truly
 * signed, and in one history: who forks its log is found by other means (docs/protocol.md 7.5).
 */
#ifndef SPECOLA_TESTS_SIM_PERJURY_H
#define SPECOLA_TESTS_SIM_PERJURY_H

#include "tests/sim/world.h"

/* Once a round: the liar, if there is one and it is awake, writes something. */
void perjury_round(struct world *w);
/* Whether a record is being written that no honest node would admit to its own log. */
bool perjury_is_under_way(void);
/* Appends an encoded list of members as that liar would have it: the one in force or the next, with too few votes, other
 * changes, or an octet changed. False: it has none to tell. */
bool perjury_list(struct world *w, uint32_t node, struct bytes *item);

#endif
