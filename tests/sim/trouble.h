/*
 * trouble: the faults, as a table, and their end.
 */
#ifndef SPECOLA_TESTS_SIM_TROUBLE_H
#define SPECOLA_TESTS_SIM_TROUBLE_H

#include "tests/sim/world.h"

struct fault {
  const char *name, *what;
  uint32_t per_mille; /* how likely in one round of trouble */
  void (*strike)(struct world *w);
};
extern const struct fault FAULTS[];
extern const uint32_t N_FAULTS;

/* One round: each fault may strike. */
void trouble_round(struct world *w);
/* Lines carry, disks write, everybody comes back. Liars go on to lie. */
void trouble_heal(struct world *w);
/* Cuts the machines into so many parts, at random. */
void trouble_partition(struct world *w, uint32_t n_parts, bool is_silent);
/* Two machines do not reach each other until the parts are one again. */
void trouble_part(struct world *w, uint32_t a, uint32_t b);
void trouble_unite(struct world *w);

#endif
