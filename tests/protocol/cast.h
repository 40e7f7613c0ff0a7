/*
 * cast: the nodes that the tests of the federation play with. Everything comes from small numbers, so every run is the same.
 * For the tests only; cmocka's asserts report what cannot be made.
 */
#ifndef SPECOLA_TESTS_PROTOCOL_CAST_H
#define SPECOLA_TESTS_PROTOCOL_CAST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/canon.h"
#include "protocol/membership.h"

#define CAST_ROOTS 3

/* A node to be, with all its secret keys. Release with actor_release. */
struct actor {
  struct signer roots[CAST_ROOTS]; /* in the order of the identity */
  struct signer node_key;
  struct bytes body;
  struct founder founder; /* borrows from body */
};

static inline struct signer cast_signer(uint8_t a, uint8_t b) {
  struct signer signer;
  uint8_t seed[SEED_LEN] = {a, b, 1};
  assert_int_equal(signer_from_seed(seed, &signer, NULL), OK);
  return signer;
}

static inline struct hash cast_hash(uint8_t number) {
  struct hash h;
  memset(h.b, number, sizeof h.b);
  return h;
}

static inline void cast_sort_roots(struct signer *roots, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t k = i + 1; k < n; k++) {
      if (pubkey_compare(&roots[k].pub, &roots[i].pub) >= 0) continue;
      struct signer swap = roots[i];
      roots[i] = roots[k];
      roots[k] = swap;
    }
  }
}

static inline void actor_init(struct actor *a, uint8_t number, uint32_t n_roots, uint32_t threshold, const char *handle) {
  memset(a, 0, sizeof *a);
  struct identity id = {.version = 1, .n_roots = n_roots, .threshold = threshold, .gen = 1};
  for (uint32_t i = 0; i < CAST_ROOTS; i++)
    a->roots[i] = cast_signer(number, (uint8_t)(i + 1));
  cast_sort_roots(a->roots, n_roots);
  for (uint32_t i = 0; i < n_roots; i++)
    id.roots[i] = a->roots[i].pub;
  a->node_key = cast_signer(number, 100);
  id.node_key = a->node_key.pub;
  memset(id.curve, number, sizeof id.curve);
  bytes_init(&a->body, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(&id, &a->body, NULL), OK);
  a->founder.identity_body = bytes_view(&a->body);
  a->founder.identity = id;
  a->founder.node = identity_hash(bytes_view(&a->body));
  (void)snprintf(a->founder.handle, sizeof a->founder.handle, "%s", handle);
  (void)snprintf(a->founder.country, sizeof a->founder.country, "%.2s", handle);
}

static inline void actor_release(struct actor *a) {
  for (uint32_t i = 0; i < CAST_ROOTS; i++)
    signer_release(&a->roots[i]);
  signer_release(&a->node_key);
  bytes_release(&a->body);
}

/* A stream of numbers from a seed (splitmix64), for property tests that print their seed. */
static inline uint64_t cast_random(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static inline int cast_start(void **state) {
  (void)state;
  return secret_start(NULL) == OK ? 0 : -1;
}

#endif
