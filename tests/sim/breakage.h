/*
 * breakage: rules of the product broken on purpose, as a table, each to be found by the invariant that it breaks. None of it is
 * in the product: calls between its files are led through here by the linker (--wrap), in the simulator's program only.
 */
#ifndef SPECOLA_TESTS_SIM_BREAKAGE_H
#define SPECOLA_TESTS_SIM_BREAKAGE_H

#include "tests/sim/world.h"

enum breakage_no {
  BREAK_NONE,
  BREAK_PROMISE,
  BREAK_SYNC,
  BREAK_RESTORE,
  BREAK_FOLD,
  BREAK_SWAP,
  BREAK_GAP,
  BREAK_DERIVE,
  BREAK_TWIN,
  BREAK_VERIFY,
  BREAK_BLAME,
  BREAK_GETS,
  BREAK_QUEUE,
  BREAK_NEWS,
  /* of a federation that grows */
  BREAK_QUORUM,
  BREAK_FORGET,
  BREAK_CONSENTS,
  BREAK_BELIEVE,
  BREAK_CUT,
  BREAK_PATIENCE,
  BREAK_END
};
struct breakage {
  const char *name, *what;
  const char *found_by; /* the invariant, or several: names between spaces */
  bool grows;           /* to be found in the story of a federation that grows, */
  uint64_t from;        /* in seeds from this one on; 0: from the first */
};
extern const struct breakage BREAKAGES[]; /* number 0 is none */
extern const uint32_t N_BREAKAGES;

void breakage_set(uint32_t number);
bool breakage_is(enum breakage_no number);            /* in force, and not paused */
void breakage_pause(bool is_paused);                  /* who judges calls the product, too */
void breakage_begin(struct world *w);                 /* everybody is about to start */
void breakage_end_of(struct world *w, uint32_t node); /* a machine has ended */
void breakage_over(struct world *w);

#endif
