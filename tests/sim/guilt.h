/*
 * guilt: the invariant "blameless": what is counted of a member that no honest one can be guilty of.
 */
#ifndef SPECOLA_TESTS_SIM_GUILT_H
#define SPECOLA_TESTS_SIM_GUILT_H

#include "tests/sim/world.h"

void guilt_at_step(struct world *w, uint32_t node);

#endif
