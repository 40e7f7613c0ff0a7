/*
 * endorsement: what the signatures of one statement come to (docs/protocol.md 16).
 */
#include <stdlib.h>

#include "protocol/endorsement.h"
#include "tests/protocol/cast.h"

#define MANY 60

static struct policy policy(uint64_t m, uint64_t per_node, uint64_t per_country) {
  return (struct policy){.m = m,
                         .min_countries = m,
                         .min_nodes = m,
                         .max_per_node = per_node,
                         .max_per_country = per_country,
                         .exclude_home = true};
}

static struct endorsement by(uint8_t node, const char *country, uint64_t index, uint64_t person) {
  struct endorsement e = {.node = cast_hash(node), .at = {1, index}, .person = person};
  memcpy(e.country, country, sizeof e.country);
  return e;
}

static enum endorsement_standing standing_of(const struct endorsement *s, size_t n, uint8_t node, uint64_t index) {
  const struct hash id = cast_hash(node);
  size_t i = 0;
  while (i < n && !(hash_equal(&s[i].node, &id) && s[i].at.index == index)) {
    i++;
  }
  assert_true(i < n);
  return s[i].standing;
}

static void three_countries_meet_a_policy_of_three_and_two_say_what_is_missing(void **state) {
  (void)state;
  const struct policy p = policy(3, 1, 1);
  struct endorsement_result r;
  struct endorsement s[] = {by(3, "PT", 9, 4), by(1, "FR", 5, 2), by(2, "EE", 7, 3)};
  endorsement_weigh(&p, s, 2, &r);
  assert_true(r.counted == 2 && r.nodes == 2 && r.countries == 2 && !r.met);
  assert_true(r.missing == 1 && r.missing_nodes == 1 && r.missing_countries == 1);
  endorsement_weigh(&p, s, 3, &r);
  assert_true(r.met && r.counted == 3 && r.missing == 0);
  endorsement_weigh(&p, NULL, 0, &r);
  assert_true(!r.met && r.missing == 3);
}

static void fifty_reviewers_of_one_node_move_the_countries_by_one(void **state) {
  (void)state;
  struct policy p = policy(3, 50, 50);
  struct endorsement s[MANY];
  struct endorsement_result r;
  for (size_t i = 0; i < MANY; i++)
    s[i] = by(1, "FR", i, i + 1);
  endorsement_weigh(&p, s, MANY, &r);
  assert_true(r.counted == 50 && r.nodes == 1 && r.countries == 1 && !r.met);
  assert_int_equal(standing_of(s, MANY, 1, 49), ENDORSEMENT_COUNTS);
  assert_int_equal(standing_of(s, MANY, 1, 50), ENDORSEMENT_NODE);
}

static void a_person_counts_once_by_the_lowest_signature_that_is_not_held_back(void **state) {
  (void)state;
  const struct policy p = policy(1, 5, 5);
  struct endorsement_result r;
  struct endorsement s[] = {by(1, "FR", 9, 2), by(1, "FR", 5, 2), by(1, "FR", 3, 2), by(2, "EE", 1, 2)};
  s[2].standing = ENDORSEMENT_WITHDRAWN;
  endorsement_weigh(&p, s, 4, &r);
  assert_int_equal(r.counted, 2);
  assert_int_equal(standing_of(s, 4, 1, 3), ENDORSEMENT_WITHDRAWN);
  assert_int_equal(standing_of(s, 4, 1, 5), ENDORSEMENT_COUNTS);
  assert_int_equal(standing_of(s, 4, 1, 9), ENDORSEMENT_PERSON);
  assert_int_equal(standing_of(s, 4, 2, 1), ENDORSEMENT_COUNTS);
}

static void of_a_country_the_first_of_each_node_comes_before_the_second_of_any(void **state) {
  (void)state;
  struct policy p = policy(2, 2, 2);
  struct endorsement_result r;
  struct endorsement s[] = {by(1, "IT", 1, 1), by(1, "IT", 2, 2), by(2, "IT", 8, 1)};
  p.min_countries = 1;
  endorsement_weigh(&p, s, 3, &r);
  assert_true(r.met && r.counted == 2 && r.nodes == 2 && r.countries == 1);
  assert_int_equal(standing_of(s, 3, 1, 2), ENDORSEMENT_COUNTRY);
}

/* Any order gives what any other gives, and none of the sums ever passes its ceiling. */
static void the_order_of_arrival_changes_nothing(void **state) {
  (void)state;
  static const char *const countries[] = {"IT", "FR", "EE", "PT"};
  const unsigned seed = 20260;
  srand(seed);
  print_message("seed %u\n", seed);
  for (int round = 0; round < 500; round++) {
    struct policy p = policy(1 + (uint64_t)rand() % 4, 1 + (uint64_t)rand() % 3, 1 + (uint64_t)rand() % 3);
    struct endorsement s[MANY], other[MANY];
    struct endorsement_result r, again;
    const size_t n = (size_t)rand() % MANY;
    for (size_t i = 0; i < n; i++) {
      const uint8_t node = (uint8_t)(rand() % 7);
      s[i] = by(node, countries[node % 4], i, 1 + (uint64_t)rand() % 5);
      s[i].standing = rand() % 5 == 0 ? ENDORSEMENT_WITHDRAWN : ENDORSEMENT_COUNTS;
      other[i] = s[i];
    }
    for (size_t i = n; i > 1; i--) {
      const size_t k = (size_t)rand() % i;
      const struct endorsement swap = other[i - 1];
      other[i - 1] = other[k];
      other[k] = swap;
    }
    endorsement_weigh(&p, s, n, &r);
    endorsement_weigh(&p, other, n, &again);
    assert_memory_equal(&r, &again, sizeof r);
    for (size_t i = 0; i < n; i++) {
      assert_int_equal(s[i].at.index, other[i].at.index);
      assert_int_equal(s[i].standing, other[i].standing);
    }
    assert_true(r.countries <= r.nodes && r.nodes <= r.counted && r.counted <= r.countries * p.max_per_country);
  }
}

static void a_policy_is_read_as_the_charter_writes_it_and_nothing_else_is(void **state) {
  (void)state;
  struct actor a;
  struct charter c;
  struct policy p;
  struct view octets[LIMIT_POLICIES];
  memset(&c, 0, sizeof c);
  actor_init(&a, 1, 3, 2, "IT");
  assert_int_equal(charter_new("Observatory", "en", &a.founder, 1, &c, NULL), OK);
  assert_int_equal(charter_policies(&c, octets), 1);
  assert_int_equal(policy_read(octets[0], &p, NULL), OK);
  assert_true(p.m == 1 && p.min_countries == 1 && p.max_per_node == 1 && p.max_per_country == 1 && p.exclude_home);
  const struct hash id = hash_of(HASH_POLICY, octets[0], view_of(NULL, 0));
  assert_true(hash_equal(&p.id, &id));
  assert_int_equal(policy_read(view_of(octets[0].p, octets[0].len - 1), &p, NULL), ERR_FORMAT);
  assert_int_equal(policy_read(view_of("\x90", 1), &p, NULL), ERR_FORMAT);
  charter_release(&c);
  actor_release(&a);
}

static void every_standing_has_a_name_and_a_sentence(void **state) {
  (void)state;
  for (int i = ENDORSEMENT_COUNTS; i <= ENDORSEMENT_COUNTRY; i++) {
    assert_true(strlen(endorsement_name((enum endorsement_standing)i)) > 0);
    assert_true(strlen(endorsement_text((enum endorsement_standing)i)) > 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_countries_meet_a_policy_of_three_and_two_say_what_is_missing),
      cmocka_unit_test(fifty_reviewers_of_one_node_move_the_countries_by_one),
      cmocka_unit_test(a_person_counts_once_by_the_lowest_signature_that_is_not_held_back),
      cmocka_unit_test(of_a_country_the_first_of_each_node_comes_before_the_second_of_any),
      cmocka_unit_test(the_order_of_arrival_changes_nothing),
      cmocka_unit_test(a_policy_is_read_as_the_charter_writes_it_and_nothing_else_is),
      cmocka_unit_test(every_standing_has_a_name_and_a_sentence),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
