/* Tests of node/clock: the system's sources move forward; a seeded stream is the same whenever the seed is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "node/clock.h"

static void monotonic_time_never_goes_back(void **state) {
  (void)state;
  uint64_t last = clock_ms(clock_system());
  for (int i = 0; i < 1000; i++) {
    uint64_t now = clock_ms(clock_system());
    assert_true(now >= last);
    last = now;
  }
}

static void the_wall_clock_is_past_2020(void **state) {
  (void)state;
  assert_true(clock_unix(clock_system()) > 1577836800u);
}

static void system_entropy_fills_every_octet_and_differs_each_time(void **state) {
  uint8_t a[64] = {0}, b[64] = {0};
  bool seen[64] = {false};
  (void)state;
  entropy_fill(entropy_system(), a, sizeof a);
  entropy_fill(entropy_system(), b, sizeof b);
  assert_memory_not_equal(a, b, sizeof a);
  for (int round = 0; round < 20; round++) {
    entropy_fill(entropy_system(), a, sizeof a);
    for (size_t i = 0; i < sizeof a; i++) {
      seen[i] = seen[i] || a[i] != 0;
    }
  }
  for (size_t i = 0; i < sizeof a; i++) {
    assert_true(seen[i]);
  }
}

static void equal_seeds_give_equal_streams_and_others_other_ones(void **state) {
  struct entropy_seeded one = {.seed = 7}, same = {.seed = 7}, other = {.seed = 8};
  struct entropy_source a = entropy_from_seed(&one), b = entropy_from_seed(&same), c = entropy_from_seed(&other);
  uint8_t x[40], y[40], z[40];
  (void)state;
  for (int i = 0; i < 10; i++) {
    entropy_fill(&a, x, sizeof x);
    entropy_fill(&b, y, sizeof y);
    entropy_fill(&c, z, sizeof z);
    assert_memory_equal(x, y, sizeof x);
    assert_memory_not_equal(x, z, sizeof x);
  }
}

static void two_draws_of_one_stream_differ(void **state) {
  struct entropy_seeded one = {.seed = 42};
  struct entropy_source a = entropy_from_seed(&one);
  uint8_t x[32], y[32];
  (void)state;
  entropy_fill(&a, x, sizeof x);
  entropy_fill(&a, y, sizeof y);
  assert_memory_not_equal(x, y, sizeof x);
}

int main(void) {
  struct err err = ERR_INIT;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(monotonic_time_never_goes_back),
      cmocka_unit_test(the_wall_clock_is_past_2020),
      cmocka_unit_test(system_entropy_fills_every_octet_and_differs_each_time),
      cmocka_unit_test(equal_seeds_give_equal_streams_and_others_other_ones),
      cmocka_unit_test(two_draws_of_one_stream_differ),
  };
  if (secret_start(&err) != OK) {
    return 1;
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
