/*
 * ceilings: what a machine has of everything that is bounded, counted anew at each step, against its ceiling.
 */
#ifndef SPECOLA_TESTS_SIM_CEILINGS_H
#define SPECOLA_TESTS_SIM_CEILINGS_H

#include "tests/sim/world.h"

void ceilings_at_step(struct world *w, uint32_t node);

#endif
