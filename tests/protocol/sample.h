/*
 * sample: what the tests of this floor share. Keys and hashes by number, a failing source of nothing, and dice whose seed is
 * printed, so that a run can be repeated: SPECOLA_SEED=N test_protocol_…
 */
#ifndef SPECOLA_TESTS_PROTOCOL_SAMPLE_H
#define SPECOLA_TESTS_PROTOCOL_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "keys/sign.h"

struct dice {
  uint64_t state;
};

/* A new seed, or the one in SPECOLA_SEED; printed. */
static inline struct dice dice_new(const char *test) {
  struct dice dice;
  const char *given = getenv("SPECOLA_SEED");
  if (given != NULL) {
    dice.state = strtoull(given, NULL, 10);
  } else {
    struct signer fresh;
    assert_int_equal(signer_new(&fresh, NULL), OK);
    memcpy(&dice.state, fresh.pub.b, sizeof dice.state);
    signer_release(&fresh);
  }
  print_message("%s: SPECOLA_SEED=%llu\n", test, (unsigned long long)dice.state);
  return dice;
}

/* splitmix64 */
static inline uint64_t dice_roll(struct dice *dice) {
  uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* 0 <= result < n */
static inline uint64_t dice_below(struct dice *dice, uint64_t n) {
  return dice_roll(dice) % n;
}

static inline struct hash sample_hash(unsigned n) {
  uint8_t octets[4];
  put_u32be(octets, n);
  return hash_sha256(view_of(octets, sizeof octets));
}

/* The same key for the same number. The caller releases it. */
static inline struct signer sample_signer(unsigned n) {
  struct signer signer;
  struct hash seed = sample_hash(n + 1000000);
  assert_int_equal(signer_from_seed(seed.b, &signer, NULL), OK);
  return signer;
}

static inline int sample_start(void **state) {
  (void)state;
  return secret_start(NULL) == OK ? 0 : -1;
}

#endif
