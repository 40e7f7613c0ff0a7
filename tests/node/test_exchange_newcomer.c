/*
 * test_exchange_newcomer: lists of members among nodes that exchange: who was away when somebody came in hears of the
 * newcomer's log together with the list, in whatever order; nobody is at fault for it, and nothing waits for the next regular
 * HEADS. What befalls whole federations that way is the simulator's affair (tests/sim/growth.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/node/assembly.h"
#include "tests/sim/net_sim.h"

#define IT 0
#define FR 1
#define EE 2

static struct sim *found(void) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, 3, fixture_seed());
  return s;
}

static uint64_t size_at(struct sim *s, uint32_t node, uint32_t log) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[log].id, 1);
  return h == NULL ? 0 : h->size;
}

/* Everybody but EE has a list with one member more, and its log. */
static uint32_t admit_without_ee(struct sim *s) {
  struct fixture *f = &s->f;
  struct bytes changes;
  const uint32_t pt = fixture_newcomer(f, "PT");
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_settle(f);
  fixture_close(&f->nodes[EE]);
  assembly_admit(&f->nodes[pt], NULL, &changes);
  assembly_wish(&f->nodes[IT], bytes_view(&changes), true);
  assembly_wish(&f->nodes[FR], bytes_view(&changes), true);
  assembly_wait(f, 2);
  fixture_begin(&f->nodes[pt]);
  (void)fixture_publish(&f->nodes[pt], 1, NULL);
  assembly_settle(f);
  bytes_release(&changes);
  fixture_open(&f->nodes[EE]);
  return pt;
}

static void who_hears_of_a_newcomers_log_before_the_list_blames_nobody(void **state) {
  struct sim *s = found();
  const uint32_t pt = admit_without_ee(s);
  (void)state;
  assert_int_equal(s->f.nodes[EE].federation.epoch.number, 1);
  assert_int_equal(size_at(s, EE, pt), 0);
  sim_up(s, EE, false);
  sim_up(s, IT, false);
  sim_run(s, 5000);
  (void)fixture_publish(&s->f.nodes[pt], 2, NULL);
  sim_run(s, 5000);
  assert_int_equal(s->f.nodes[EE].federation.epoch.number, 2);
  assert_int_equal(size_at(s, EE, pt), 3);
  assert_true(sim_counter(s, EE, IT, "pull.done") > 0);
  sim_expect_only(s, EE, IT, NULL);
  sim_expect_only(s, IT, EE, NULL);
  sim_release(s);
  free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_hears_of_a_newcomers_log_before_the_list_blames_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
