/*
 * roll: what must be true of the lists of members, whatever befalls: the invariants one-list, cut and reached (watch.h), and
 * what came to pass while they were (struct growth_tales).
 */
#ifndef SPECOLA_TESTS_SIM_ROLL_H
#define SPECOLA_TESTS_SIM_ROLL_H

#include "tests/sim/growth.h"

void roll_new(struct world *w);
void roll_free(struct world *w);
/* Whose roll number it is, by the newest list that anybody has; w->n_logs: nobody's. */
uint32_t roll_owner(const struct world *w, uint64_t roll);
void roll_healed(struct world *w);
/* Whether the list in force at a machine ends a log there, or above, at a milestone that it did not keep. Whether it
 * ends one at all: then it may have fallen to nothing. */
bool roll_is_cut(const struct world *w, uint32_t node, const struct hall_head *now);
bool roll_is_over(const struct world *w, uint32_t node, uint32_t owner);
/* Whether all who are present have one list: seven countries, two regions, and the odd one among those that were. */
bool roll_is_reached(const struct world *w);

void roll_at_step(struct world *w, uint32_t node);
void roll_at_growth(struct world *w, uint32_t node, const struct hall_head *now);
void roll_cut_at_end(struct world *w);
void roll_reached_at_end(struct world *w);

#endif
