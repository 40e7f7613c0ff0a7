/*
 * watch: the invariants, as a table, and what has to be remembered to judge them. Each is looked at where it can first be seen
 * broken: after every step (of the machine that moved), at every growth of a log, at every frame, at the end.
 */
#ifndef SPECOLA_TESTS_SIM_WATCH_H
#define SPECOLA_TESTS_SIM_WATCH_H

#include "tests/sim/world.h"

struct invariant {
  const char *name, *rule;
  void (*at_step)(struct world *w, uint32_t node);                                /* a machine that is up */
  void (*at_growth)(struct world *w, uint32_t node, const struct hall_head *now); /* also of all logs after a start */
  void (*at_frame)(struct world *w, uint32_t from, const struct message *m);      /* an honest machine says this */
  void (*at_end)(struct world *w);
};
extern const struct invariant INVARIANTS[];
extern const uint32_t N_INVARIANTS;

void watch_new(struct world *w);
/* Whose log it is; w->n_logs: nobody's. */
uint32_t watch_owner(const struct world *w, const struct hash *node);
void watch_free(struct world *w);
void watch_step(struct world *w, uint32_t node);
void watch_started(struct world *w, uint32_t node);
/* A machine has forgotten what it held; what it said before stays said. */
void watch_restored(struct world *w, uint32_t node);
void watch_frame(struct world *w, uint32_t from, struct view payload);
void watch_end(struct world *w);
/* Whether the honest machines that are up hold the same of every log that was not forked. */
bool watch_is_converged(struct world *w);

#endif
