/*
 * restored: the story of one machine whose disk is lost and comes back as it was on an earlier day, without its head file
 * (docs/store.md, "The fork guard"). All honest machines are guarded in such a run; otherwise trouble goes on as ever. What was
 * signed since must be held by so many others that three of them cannot all lack it: that is what the guard promises.
 */
#ifndef SPECOLA_TESTS_SIM_RESTORED_H
#define SPECOLA_TESTS_SIM_RESTORED_H

#include "tests/sim/world.h"

/* Before the machines are started. */
void restored_begin(struct world *w);
/* Once a round: a copy is taken, and some rounds later it is put back. */
void restored_round(struct world *w);
/* A machine has started: if it is that one, people write there before anybody has told it anything. */
void restored_started(struct world *w, uint32_t node);
void restored_over(struct world *w);

#endif
