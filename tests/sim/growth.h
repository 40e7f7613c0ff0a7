/*
 * growth: the story of a federation whose members change (docs/protocol.md 6.4, 6.5). One founds alone; seven more countries
 * and two regions, each its lead's associate, ask to come in; one of them, the odd one, is removed again with a cut: it is
 * honest, or a liar (perjury.h), or it has gone for good. People consent when chance has it, at whichever node they are; the
 * voters in the halls do all the rest. What must be true of it is judged by roll.h.
 */
#ifndef SPECOLA_TESTS_SIM_GROWTH_H
#define SPECOLA_TESTS_SIM_GROWTH_H

#include "protocol/vote.h"
#include "tests/sim/world.h"

#define GROWTH_COUNTRIES 8u /* the founder and the odd one included */
#define GROWTH_REGIONS 2u
#define GROWTH_NODES (GROWTH_COUNTRIES + GROWTH_REGIONS)
#define GROWTH_REMOVALS 2u /* acts that remove the odd one, at different cuts: the first that is decided counts */
#define GROWTH_ACTS (GROWTH_NODES + GROWTH_REMOVALS)
#define GROWTH_LISTS 32u
#define GROWTH_HASHES 8u /* of one list, that were voted for */

enum oddity { ODD_HONEST, ODD_LIAR, ODD_GONE };

/* What may change, and who has said yes to it. */
struct growth_act {
  bool is_removal;
  uint32_t node; /* who comes, or goes */
  bool has_lead;
  uint32_t lead;
  uint64_t size; /* of a removal: its cut; 0: nothing counts */
  struct hash root;
  bool said[GROWTH_NODES];
};
/* One list of members, as the first machine had it. */
struct growth_list {
  bool is_known;
  uint32_t who;
  uint64_t ballot;
  struct epoch epoch;
  uint32_t n_hashes; /* different ones that somebody voted for */
  struct hash hashes[GROWTH_HASHES];
};
/* What came to pass in a run: docs/simulator.md. */
struct growth_tales {
  uint64_t lists, second_ballots, split_votes, late_votes, absences, alone, removals, cut_entries, entries_kept, ballots_most;
};
struct growth {
  enum oddity oddity;
  uint32_t odd;
  bool has_gone;
  struct growth_act acts[GROWTH_ACTS];
  uint32_t n_acts, n_removals;
  /* of roll.c */
  struct growth_list lists[GROWTH_LISTS];      /* by number */
  uint64_t seen[GROWTH_NODES];                 /* the number of a machine's list */
  uint64_t looked[GROWTH_NODES][GROWTH_NODES]; /* so much of a log was looked at, as a machine holds it, */
  uint64_t judged[GROWTH_NODES];               /* and as its owner wrote it: */
  struct voting votings[GROWTH_NODES];         /* its votes up to there */
  uint64_t healed_number, healed_ballot;       /* at the healing: the highest list, and the highest ballot for the next one */
  struct growth_tales tales;
};

/* The machines that may come in, and are outside. After the founder. */
void growth_new(struct world *w);
void growth_free(struct world *w);
/* Who is odd, and how. */
void growth_choose(struct world *w);
/* A machine learns the addresses of those members that it does not know yet. */
void growth_meet(struct world *w, uint32_t node);
/* One round: people come, consent and write; trouble; time. */
void growth_round(struct world *w);
/* After the healing: everybody who is there consents to what is left, until all has come to pass, or patience is over. Returns
 * the ms that it took. */
uint64_t growth_settle(struct world *w);
/* Whether somebody honest has a list from which that machine was removed. */
bool growth_is_removed(const struct world *w, uint32_t node);

#endif
