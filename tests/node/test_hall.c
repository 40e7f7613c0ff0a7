/*
 * hall: pulls, convergence, evaluation over whole logs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/node/fixture.h"

static void carries_a_log_from_one_hall_to_another(void **state) {
  static struct fixture f;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  for (uint64_t i = 0; i < 5; i++) {
    assert_int_equal(fixture_publish(&f.nodes[0], i, NULL), 2 + i);
  }
  fixture_transfer(&f.nodes[0], &f.nodes[1], 3);
  fixture_transfer(&f.nodes[1], &f.nodes[0], 100);
  const struct hash a = hall_digest(f.nodes[0].hall);
  const struct hash b = hall_digest(f.nodes[1].hall);
  assert_memory_equal(&a, &b, sizeof a);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(carries_a_log_from_one_hall_to_another)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
