/*
 * untold: whether a fork is proven to everybody: the invariant "told" (docs/simulator.md).
 */
#ifndef SPECOLA_TESTS_SIM_UNTOLD_H
#define SPECOLA_TESTS_SIM_UNTOLD_H

#include "tests/sim/world.h"

/* The founder whose log has forked, and of which the honest machines do not all keep the same evidence; the number of founders:
 * none. All machines are up. */
uint32_t untold(const struct world *w);

#endif
