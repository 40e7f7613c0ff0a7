/*
 * play: one run of the simulator, from its seed to the last invariant.
 */
#ifndef SPECOLA_TESTS_SIM_PLAY_H
#define SPECOLA_TESTS_SIM_PLAY_H

#include "tests/sim/growth.h"

struct play_result {
  bool is_broken;
  char invariant[24], why[400];
  uint64_t broken_ms;                                                /* virtual time */
  struct hash trace;                                                 /* of all that happened */
  uint64_t steps, frames, octets, entries, virtual_ms, converged_ms; /* the last: after the healing */
  uint32_t machines, liars;
  uint64_t rounds, rounds_most; /* the same in rounds, of a large federation; else 0 */
  uint64_t n_faults[32];
  struct growth_tales tales; /* of a federation that grows, */
  uint64_t settled_ms;       /* and how long it took after the healing */
};
void play(const struct world_options *options, struct play_result *out);

/* A round of gossip in a large federation: HEADS on a link at most so often. */
#define PLAY_ROUND_MS 2000u

#endif
