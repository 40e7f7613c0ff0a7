/*
 * poison: the log of an owner who signs anything: records of every fault that evaluation knows, in any order.
 */
#ifndef SPECOLA_TESTS_SIM_POISON_H
#define SPECOLA_TESTS_SIM_POISON_H

#include "tests/sim/world.h"

/* Gives a machine such a log, behind what it has. */
void poison_log(struct world *w, uint32_t node);

#endif
