/*
 * guard: what opens it and what does not, fact by fact; and a walk of random facts against the rule in one sentence: it is open
 * only if no longer log of ours is known, and a head fits, a person said so, or as many as are needed named no more than we
 * have and nobody named more. Seed: SPECOLA_SEED.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/bytes.h"
#include "node/clock.h"
#include "node/guard.h"

static struct guard guard_at(uint32_t n, uint64_t size) {
  struct guard g;
  guard_init(&g, n);
  guard_stands(&g, 1, size);
  return g;
}

static void alone_it_waits_for_its_head_or_a_person(void **state) {
  (void)state;
  struct guard fresh = guard_at(1, 0);
  assert_true(guard_is_open(&fresh));
  guard_stands(&fresh, 1, 100);
  assert_true(guard_is_open(&fresh));
  struct guard lost; /* a head file says that there was something */
  guard_init(&lost, 1);
  guard_begun(&lost);
  guard_stands(&lost, 1, 0);
  assert_false(guard_is_open(&lost));
  assert_true(guard_alone(&lost));
  struct guard put_back = guard_at(1, 100);
  assert_false(guard_is_open(&put_back)); /* others may have joined behind the copy */
  struct guard said = put_back;
  guard_fits(&put_back);
  assert_true(guard_is_open(&put_back));
  assert_true(guard_alone(&said));
  assert_true(guard_is_open(&said));
  assert_true(guard_is_confirmed(&said)); /* nobody else is there who could */
}

static void without_a_head_it_waits_for_words(void **state) {
  static const uint32_t cases[][2] = {{2, 1}, {3, 2}, {4, 3}, {5, 3}, {40, 3}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct guard g = guard_at(cases[i][0], 100);
    assert_int_equal(guard_needed(&g), cases[i][1]);
    for (uint32_t k = 0; k < cases[i][1]; k++) {
      assert_false(guard_is_open(&g));
      guard_named(&g, k, 100 - k, k == 0);
    }
    assert_true(guard_is_open(&g));
    assert_int_equal(g.key, GUARD_BY_MEMBERS);
  }
}

static void one_member_counts_once(void **state) {
  (void)state;
  struct guard g = guard_at(3, 100);
  for (int i = 0; i < 5; i++) {
    guard_named(&g, 1, 100, true);
  }
  assert_int_equal(guard_n_named(&g), 1);
  assert_false(guard_is_open(&g));
}

static void a_fitting_head_opens_at_once(void **state) {
  (void)state;
  struct guard g = guard_at(3, 100);
  guard_fits(&g);
  assert_true(guard_is_open(&g));
  guard_named(&g, 1, 200, false); /* nothing but a word */
  guard_rumour(&g, 2, 300);
  assert_true(guard_is_open(&g));
  assert_true(guard_is_ahead(&g, NULL, NULL));
}

static void a_longer_log_under_our_key_closes_it_until_it_is_here_and_named(void **state) {
  (void)state;
  struct guard g = guard_at(3, 100);
  guard_fits(&g);
  guard_proven(&g, 120);
  assert_false(guard_is_open(&g));
  assert_false(guard_alone(&g)); /* nobody may say that there is no more */
  guard_named(&g, 1, 120, false);
  guard_named(&g, 2, 120, false);
  assert_false(guard_is_open(&g));
  guard_stands(&g, 1, 110);
  assert_false(guard_is_open(&g));
  guard_stands(&g, 1, 120);
  assert_true(guard_is_open(&g));
  assert_int_equal(g.key, GUARD_BY_MEMBERS);
}

static void whoever_names_more_keeps_it_closed_until_it_cannot_show_it(void **state) {
  uint32_t member = 0;
  uint64_t size = 0;
  (void)state;
  struct guard g = guard_at(5, 100);
  guard_named(&g, 0, 150, false);
  guard_named(&g, 1, 100, true);
  guard_named(&g, 2, 90, false);
  guard_named(&g, 3, 0, false);
  assert_false(guard_is_open(&g));
  assert_true(guard_is_ahead(&g, &member, &size));
  assert_int_equal(member, 0);
  assert_int_equal(size, 150);
  guard_unbacked(&g, 0);
  guard_named(&g, 3, 0, false);
  assert_true(guard_is_open(&g));
}

static void holds_opens_nothing_and_may_keep_closed(void **state) {
  (void)state;
  struct guard g = guard_at(3, 100);
  guard_rumour(&g, 0, 100);
  guard_rumour(&g, 1, 100);
  assert_false(guard_is_open(&g));
  guard_rumour(&g, 1, 130);
  guard_named(&g, 0, 100, true);
  guard_named(&g, 1, 100, true); /* it has forgotten; what it signed has not */
  assert_false(guard_is_open(&g));
  guard_stands(&g, 1, 130);
  assert_true(guard_is_open(&g));
}

static void a_persons_word_lasts_until_members_have_what_was_written(void **state) {
  (void)state;
  struct guard g = guard_at(3, 100);
  guard_named(&g, 1, 90, true);
  assert_true(guard_alone(&g));
  assert_true(guard_is_open(&g));
  assert_true(g.is_alone);
  assert_false(guard_is_confirmed(&g));
  guard_stands(&g, 1, 103);
  guard_named(&g, 1, 90, false);
  guard_named(&g, 1, 103, true);
  assert_false(guard_is_confirmed(&g));
  guard_named(&g, 2, 102, false); /* another root, or not ours: says nothing */
  assert_false(guard_is_confirmed(&g));
  guard_named(&g, 2, 103, true);
  assert_true(guard_is_confirmed(&g));
}

static void another_generation_begins_anew(void **state) {
  (void)state;
  struct guard g = guard_at(3, 100);
  guard_proven(&g, 120);
  guard_named(&g, 1, 120, false);
  guard_stands(&g, 2, 0);
  assert_false(guard_is_open(&g));
  assert_int_equal(guard_n_named(&g), 0);
  guard_named(&g, 1, 0, true);
  guard_named(&g, 2, 0, true);
  assert_true(guard_is_open(&g));
}

/* ---- at random ---- */

#define WALKS 2000u
#define STEPS 40u

static uint64_t random_below(struct entropy_source *e, uint64_t n) {
  uint8_t octets[8];
  entropy_fill(e, octets, sizeof octets);
  return get_u64be(octets) % n;
}

/* The rule, told from the words alone. key: what opened it once, and has not been closed since. */
static bool may_open(const struct guard *g) {
  uint32_t named = 0;
  bool is_more = false;
  for (uint32_t i = 0; i < LIMIT_MEMBERS; i++) {
    const struct guard_word *w = &g->words[i];
    named += w->is_named && w->size <= g->size;
    is_more = is_more || (w->is_named && w->size > g->size) || w->rumour > g->size;
  }
  return named >= (g->n_members - 1 < 3 ? g->n_members - 1 : 3) && !is_more;
}

static void step(struct guard *g, struct entropy_source *e) {
  const uint64_t what = random_below(e, 100), size = random_below(e, 12);
  const uint32_t member = (uint32_t)random_below(e, g->n_members);
  if (what < 50) {
    guard_named(g, member, size, size == g->size);
  } else if (what < 60) {
    guard_unbacked(g, member);
  } else if (what < 70) {
    guard_rumour(g, member, size);
  } else if (what < 75) {
    guard_proven(g, size);
  } else if (what < 97) {
    guard_stands(g, 1, g->size + random_below(e, 2));
  } else {
    guard_fits(g);
  }
}

static void at_random_it_opens_by_the_rule_alone(void **state) {
  const char *wish = getenv("SPECOLA_SEED");
  struct entropy_seeded seed = {wish == NULL ? 1 : strtoull(wish, NULL, 0), 0};
  struct entropy_source e = entropy_from_seed(&seed);
  (void)state;
  printf("seed %" PRIu64 "\n", seed.seed);
  for (uint32_t w = 0; w < WALKS; w++) {
    struct guard g = guard_at(2 + (uint32_t)random_below(&e, 7), 4);
    for (uint32_t i = 0; i < STEPS; i++) {
      const enum guard_key before = g.key;
      step(&g, &e);
      assert_false(guard_is_open(&g) && g.proven > g.size);
      if (before == GUARD_LOCKED && g.key == GUARD_BY_MEMBERS) assert_true(may_open(&g));
      if (before != GUARD_LOCKED) assert_true(guard_is_open(&g) || g.proven > g.size);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(alone_it_waits_for_its_head_or_a_person),
      cmocka_unit_test(without_a_head_it_waits_for_words),
      cmocka_unit_test(one_member_counts_once),
      cmocka_unit_test(a_fitting_head_opens_at_once),
      cmocka_unit_test(a_longer_log_under_our_key_closes_it_until_it_is_here_and_named),
      cmocka_unit_test(whoever_names_more_keeps_it_closed_until_it_cannot_show_it),
      cmocka_unit_test(holds_opens_nothing_and_may_keep_closed),
      cmocka_unit_test(a_persons_word_lasts_until_members_have_what_was_written),
      cmocka_unit_test(another_generation_begins_anew),
      cmocka_unit_test(at_random_it_opens_by_the_rule_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
