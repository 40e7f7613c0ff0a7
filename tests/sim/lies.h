/*
 * lies: what a lying member does, as a table. It is an ordinary node with its true keys; what it says is altered on its way out
 * and signed again, so that everything else about it is as it should be.
 */
#ifndef SPECOLA_TESTS_SIM_LIES_H
#define SPECOLA_TESTS_SIM_LIES_H

#include "tests/sim/world.h"

struct liar_voice; /* what a lie speaks through */
struct lie_kind {
  const char *name, *what;
  bool is_fork, is_poison; /* done by other means than words */
  /* Says in place of m what it likes, with voice_say(); false: m is said as it is. */
  bool (*alter)(struct liar_voice *v, struct message *m);
};
extern const struct lie_kind LIES[]; /* number 0 is no lie */
extern const uint32_t N_LIES;

void lies_new(struct world *w);
void lies_free(struct world *w);
/* Makes a machine lie; before anybody is up. */
void lies_begin(struct world *w, uint32_t node, uint32_t lie);
/* A machine and its twin: each is known to its half of the others, and to no one else. */
void lies_split(struct world *w, uint32_t node);
/* sim_hooks.mangle and .route. */
bool lies_mangle(void *context, uint32_t node, const struct exchange_action *action);
uint32_t lies_route(void *context, uint32_t from, uint32_t to);
/* The payload of a frame; empty if it is none. */
struct view lies_payload(struct view frame);

#endif
