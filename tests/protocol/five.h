/*
 * five: the five founders of the tests of charters and epochs. For the tests only.
 */
#ifndef SPECOLA_TESTS_PROTOCOL_FIVE_H
#define SPECOLA_TESTS_PROTOCOL_FIVE_H

#include "tests/protocol/cast.h"

#define N_ACTORS 5

static const char *const HANDLES[N_ACTORS] = {"IT", "EE", "FR", "PT", "MT"};

/* Five nodes: one root key, two of three, one of two, … */
static inline void cast_init(struct actor actors[N_ACTORS]) {
  static const uint32_t ROOTS[N_ACTORS] = {1, 3, 2, 2, 3};
  static const uint32_t THRESHOLDS[N_ACTORS] = {1, 2, 1, 2, 3};
  for (uint8_t i = 0; i < N_ACTORS; i++)
    actor_init(&actors[i], (uint8_t)(i + 1), ROOTS[i], THRESHOLDS[i], HANDLES[i]);
}

static inline void cast_release(struct actor actors[N_ACTORS]) {
  for (size_t i = 0; i < N_ACTORS; i++)
    actor_release(&actors[i]);
}

static inline void found(const struct actor *actors, uint32_t n, struct charter *c) {
  struct founder founders[N_ACTORS];
  for (uint32_t i = 0; i < n; i++)
    founders[i] = actors[i].founder;
  assert_int_equal(charter_new("Prova", "it", founders, n, c, NULL), OK);
}

static inline void sign_by(struct charter *c, const struct actor *a, uint32_t n_roots) {
  uint32_t n_added = 0;
  assert_int_equal(charter_sign(c, a->roots, n_roots, &n_added, NULL), OK);
  assert_int_equal(n_added, n_roots);
}

#endif
