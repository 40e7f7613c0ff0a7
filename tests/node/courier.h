/*
 * courier: carries a chronicle to a replica that is no member, in any order that the rules allow: entries milestone by
 * milestone, of either branch of a fork, identities, epochs told or worked out from the votes, evidence.
 */
#ifndef SPECOLA_TESTS_NODE_COURIER_H
#define SPECOLA_TESTS_NODE_COURIER_H

#include "tests/node/chronicle.h"

struct courier {
  struct chronicle *c;
  struct fixture_node *to;
  bool other_side;    /* which branch of the fork it meets first */
  bool is_unrepaired; /* the identity that repairs it has not come yet */
  bool is_untold;     /* nobody tells it epochs, and it counts no votes */
};
/* One thing, at random; nothing where that thing cannot come now. */
void courier_step(struct courier *k);
/* As much as may come now of the first generation of an author's log. */
void courier_take(struct courier *k, uint32_t a);
/* All that is left, until nothing more can come. */
void courier_finish(struct courier *k);

#endif
