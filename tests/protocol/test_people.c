/*
 * people: docs/protocol.md 4.5, rule by rule. Records are made by hand here: people_apply() takes them as verified.
 */
#include "protocol/people.h"

#include <time.h>

#include "tests/protocol/sample.h"

#define MANY 50000u /* certificates */

static struct pubkey owner, alice, bruno, stranger;
static struct people *people;

static struct pubkey key_of(unsigned n) {
  struct signer signer = sample_signer(n);
  struct pubkey key = signer.pub;
  signer_release(&signer);
  return key;
}

static int start(void **state) {
  if (sample_start(state) != 0) return -1;
  owner = key_of(1);
  alice = key_of(2);
  bruno = key_of(3);
  stranger = key_of(4);
  return 0;
}

static int fresh(void **state) {
  (void)state;
  people = people_new();
  return people == NULL ? -1 : 0;
}

static int done(void **state) {
  (void)state;
  people_free(people);
  return 0;
}

static struct position at(uint64_t gen, uint64_t index) {
  return (struct position){gen, index};
}

static struct record record_of(uint64_t kind, const struct pubkey *author, const struct pubkey *subject) {
  struct record r = {.header = {.kind = kind, .author = *author, .has_subject = true}};
  memcpy(r.header.subject.b, subject->b, sizeof subject->b);
  return r;
}

/* Applies a record and returns its reason; *backdated is kept for the next assertion. */
static bool backdated;
static enum reason apply(const struct record *r, struct position position) {
  enum reason reason = REASON_FORMAT;
  assert_int_equal(people_apply(people, r, position, &owner, &reason, &backdated, NULL), OK);
  return reason;
}

static struct record cert_of(const struct pubkey *author, const struct pubkey *key, uint64_t person, uint64_t roles) {
  struct record r = record_of(KIND_CERT, author, key);
  r.header.n_args = 3;
  r.header.args[0] = person;
  r.header.args[1] = roles;
  r.header.body_len = 9;
  return r;
}

static enum reason certify(const struct pubkey *key, struct position position, uint64_t person, uint64_t roles) {
  struct record r = cert_of(&owner, key, person, roles);
  r.id = sample_hash((unsigned)position.index);
  return apply(&r, position);
}

static enum reason revoke_by(const struct pubkey *author, const struct pubkey *key, struct position position,
                             struct position from) {
  struct record r = record_of(KIND_REVOKE, author, key);
  r.header.n_args = 2;
  r.header.args[0] = from.gen;
  r.header.args[1] = from.index;
  return apply(&r, position);
}

static enum reason revoke(const struct pubkey *key, struct position position, struct position from) {
  return revoke_by(&owner, key, position, from);
}

/* The roles in force, or minus the reason. */
static int64_t roles_at(const struct pubkey *key, struct position position) {
  enum reason reason = REASON_FORMAT;
  const struct certificate *c = people_at(people, key, position, &reason);
  if (c != NULL) assert_int_equal(reason, REASON_NONE);
  return c == NULL ? -(int64_t)reason : (int64_t)c->roles;
}
/* The person in force, or minus the reason. */
static int64_t person_at(const struct pubkey *key, struct position position) {
  enum reason reason = REASON_FORMAT;
  const struct certificate *c = people_at(people, key, position, &reason);
  return c == NULL ? -(int64_t)reason : (int64_t)c->person;
}
#define NOBODY (-(int64_t)REASON_AUTHOR)
#define REVOKED (-(int64_t)REASON_REVOKED)

/* ---- certificates ---- */

static void a_certificate_holds_above_its_position(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 5), 1, ROLE_EDITOR), REASON_NONE);
  assert_int_equal(roles_at(&alice, at(1, 4)), NOBODY);
  assert_int_equal(roles_at(&alice, at(1, 5)), NOBODY);
  assert_int_equal(roles_at(&alice, at(1, 6)), ROLE_EDITOR);
  assert_int_equal(roles_at(&alice, at(2, 0)), ROLE_EDITOR);
  assert_int_equal(roles_at(&bruno, at(1, 6)), NOBODY);
}

static void the_newest_certificate_below_a_position_counts(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 2), 1, 1), REASON_NONE);
  assert_int_equal(certify(&alice, at(1, 6), 1, 2), REASON_NONE);
  assert_int_equal(certify(&bruno, at(1, 7), 2, 4), REASON_NONE);
  assert_int_equal(certify(&alice, at(2, 1), 1, 8), REASON_NONE);
  assert_int_equal(roles_at(&alice, at(1, 6)), 1);
  assert_int_equal(roles_at(&alice, at(1, 7)), 2);
  assert_int_equal(roles_at(&alice, at(1, 999)), 2);
  assert_int_equal(roles_at(&alice, at(2, 1)), 2);
  assert_int_equal(roles_at(&alice, at(2, 2)), 8);
}

static void only_the_own_key_certifies(void **state) {
  (void)state;
  struct record by_stranger = cert_of(&stranger, &alice, 1, 2), by_herself = cert_of(&alice, &alice, 1, 2);
  assert_int_equal(apply(&by_stranger, at(1, 1)), REASON_AUTHOR);
  assert_int_equal(apply(&by_herself, at(1, 2)), REASON_AUTHOR);
  assert_int_equal(people_count(people), 0);
  assert_int_equal(roles_at(&alice, at(1, 9)), NOBODY);
}

static void the_own_key_is_the_one_in_force_at_the_position(void **state) {
  (void)state;
  enum reason reason;
  struct record old_key = cert_of(&owner, &alice, 1, 2), new_key = cert_of(&stranger, &bruno, 2, 2);
  assert_int_equal(people_apply(people, &old_key, at(1, 9), &stranger, &reason, &backdated, NULL), OK);
  assert_int_equal(reason, REASON_AUTHOR);
  assert_int_equal(people_apply(people, &new_key, at(1, 10), &stranger, &reason, &backdated, NULL), OK);
  assert_int_equal(reason, REASON_NONE);
}

static void carries_person_and_territory(void **state) {
  (void)state;
  enum reason reason;
  struct record r = cert_of(&owner, &alice, 7, ROLE_CONTRIBUTOR);
  r.header.args[2] = 1408; /* 34 */
  r.id = sample_hash(55);
  assert_int_equal(apply(&r, at(1, 3)), REASON_NONE);
  const struct certificate *c = people_at(people, &alice, at(1, 4), &reason);
  assert_non_null(c);
  assert_true(hash_equal(&c->id, &r.id) && pubkey_equal(&c->key, &alice));
  assert_int_equal(c->person, 7);
  assert_int_equal(c->territory, 1408);
  assert_int_equal(position_compare(c->at, at(1, 3)), 0);
}

/* ---- revocations ---- */

static void a_revocation_holds_from_the_position_that_it_names(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 2), 1, 2), REASON_NONE);
  assert_int_equal(revoke(&alice, at(1, 10), at(1, 6)), REASON_NONE);
  assert_true(backdated);
  assert_int_equal(roles_at(&alice, at(1, 5)), 2);
  assert_int_equal(roles_at(&alice, at(1, 6)), REVOKED);
  assert_int_equal(roles_at(&alice, at(1, 7)), REVOKED);
  assert_int_equal(roles_at(&alice, at(2, 0)), REVOKED);
}

static void a_revocation_may_void_the_certificate_itself(void **state) {
  (void)state;
  bool revoked;
  struct position from;
  assert_int_equal(certify(&alice, at(1, 5), 1, 2), REASON_NONE);
  assert_int_equal(revoke(&alice, at(1, 10), at(1, 3)), REASON_NONE);
  assert_true(backdated);
  assert_int_equal(roles_at(&alice, at(1, 4)), NOBODY);
  assert_int_equal(roles_at(&alice, at(1, 6)), REVOKED);
  assert_non_null(people_certificate(people, 0, &revoked, &from));
  assert_true(revoked && position_compare(from, at(1, 3)) == 0);
}

static void a_revocation_from_its_own_position_on_is_not_backdated(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 2), 1, 2), REASON_NONE);
  assert_int_equal(revoke(&alice, at(1, 10), at(1, 10)), REASON_NONE);
  assert_false(backdated);
  assert_int_equal(roles_at(&alice, at(1, 9)), 2);
  assert_int_equal(roles_at(&alice, at(1, 10)), REVOKED);
}

static void a_position_above_the_revocation_counts_as_its_own(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 2), 1, 2), REASON_NONE);
  assert_int_equal(revoke(&alice, at(1, 10), at(1, 500)), REASON_NONE);
  assert_false(backdated);
  assert_int_equal(roles_at(&alice, at(1, 9)), 2);
  assert_int_equal(roles_at(&alice, at(1, 10)), REVOKED);
  assert_int_equal(certify(&bruno, at(1, 11), 2, 2), REASON_NONE);
  assert_int_equal(revoke(&bruno, at(1, 12), at(9, 0)), REASON_NONE);
  assert_int_equal(roles_at(&bruno, at(1, 13)), REVOKED);
}

static void the_earliest_of_several_revocations_counts(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 2), 1, 2), REASON_NONE);
  assert_int_equal(revoke(&alice, at(1, 10), at(1, 8)), REASON_NONE);
  assert_true(backdated);
  assert_int_equal(revoke(&alice, at(1, 11), at(1, 9)), REASON_NONE);
  assert_false(backdated); /* nothing between 9 and 8 */
  assert_int_equal(roles_at(&alice, at(1, 7)), 2);
  assert_int_equal(roles_at(&alice, at(1, 8)), REVOKED);
  assert_int_equal(revoke(&alice, at(1, 12), at(1, 4)), REASON_NONE);
  assert_true(backdated);
  assert_int_equal(roles_at(&alice, at(1, 4)), REVOKED);
  assert_int_equal(roles_at(&alice, at(1, 3)), 2);
}

static void a_revocation_of_a_key_that_was_not_certified_reaches_back_all_the_same(void **state) {
  (void)state;
  assert_int_equal(revoke(&alice, at(1, 10), at(1, 0)), REASON_NONE);
  assert_true(backdated); /* certificates that are held for another reason become void */
  assert_int_equal(roles_at(&alice, at(1, 11)), NOBODY);
}

static void a_key_revokes_itself_and_no_other(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 2), 1, 2), REASON_NONE);
  assert_int_equal(revoke_by(&stranger, &alice, at(1, 3), at(1, 3)), REASON_AUTHOR);
  assert_int_equal(revoke_by(&bruno, &alice, at(1, 4), at(1, 4)), REASON_AUTHOR);
  assert_int_equal(roles_at(&alice, at(1, 5)), 2);
  assert_int_equal(revoke_by(&alice, &alice, at(1, 7), at(1, 1)), REASON_NONE);
  assert_false(backdated); /* a thief of the key voids nothing that was signed before */
  assert_int_equal(roles_at(&alice, at(1, 6)), 2);
  assert_int_equal(roles_at(&alice, at(1, 7)), REVOKED);
}

static void a_revoked_key_does_not_come_back(void **state) {
  (void)state;
  assert_int_equal(certify(&alice, at(1, 2), 1, 2), REASON_NONE);
  assert_int_equal(revoke(&alice, at(1, 3), at(1, 3)), REASON_NONE);
  assert_int_equal(certify(&alice, at(1, 4), 1, 2), REASON_REVOKED);
  assert_int_equal(roles_at(&alice, at(1, 5)), REVOKED);
  assert_int_equal(certify(&bruno, at(1, 6), 1, 2), REASON_NONE); /* the same person's other key */
  assert_int_equal(roles_at(&bruno, at(1, 7)), 2);
}

static void a_void_certificate_takes_its_number_and_its_key_was_revoked(void **state) {
  (void)state;
  assert_int_equal(revoke(&alice, at(1, 2), at(1, 2)), REASON_NONE);
  assert_int_equal(certify(&alice, at(1, 4), 8, 2), REASON_REVOKED);
  assert_int_equal(roles_at(&alice, at(1, 4)), NOBODY);
  assert_int_equal(roles_at(&alice, at(1, 5)), REVOKED);
  assert_int_equal(people_next_person(people), 9);
}

/* ---- shapes ---- */

static void refuses_other_shapes_and_keys(void **state) {
  (void)state;
  struct record no_role = cert_of(&owner, &alice, 1, 0), strange_role = cert_of(&owner, &alice, 1, 33);
  assert_int_equal(apply(&no_role, at(1, 0)), REASON_SHAPE);
  assert_int_equal(apply(&strange_role, at(1, 0)), REASON_SHAPE);
  struct record person_0 = cert_of(&owner, &alice, 0, 2), bodiless = cert_of(&owner, &alice, 1, 2);
  struct record other_kind = record_of(KIND_VERSION, &owner, &alice);
  static const struct pubkey SMALL_ORDER = {{1}};
  bodiless.header.body_len = 0;
  struct record no_point = cert_of(&owner, &SMALL_ORDER, 1, 2);
  assert_int_equal(apply(&person_0, at(1, 1)), REASON_SHAPE);
  assert_int_equal(apply(&bodiless, at(1, 2)), REASON_SHAPE);
  assert_int_equal(apply(&other_kind, at(1, 3)), REASON_SHAPE);
  assert_int_equal(apply(&no_point, at(1, 4)), REASON_SHAPE);
  assert_int_equal(revoke(&SMALL_ORDER, at(1, 5), at(1, 5)), REASON_SHAPE);
  assert_int_equal(revoke(&alice, at(1, 6), at(0, 5)), REASON_SHAPE);
  assert_int_equal(people_count(people), 0);
  assert_int_equal(people_next_person(people), 1);
}

static void shape_comes_before_author(void **state) {
  (void)state;
  struct record r = cert_of(&stranger, &alice, 0, 2);
  assert_int_equal(apply(&r, at(1, 1)), REASON_SHAPE);
}

static void lists_certificates_in_log_order(void **state) {
  (void)state;
  bool revoked = true;
  struct position from;
  assert_int_equal(certify(&bruno, at(1, 2), 1, 2), REASON_NONE);
  assert_int_equal(certify(&alice, at(1, 3), 2, 4), REASON_NONE);
  assert_int_equal(certify(&bruno, at(1, 4), 1, 8), REASON_NONE);
  assert_int_equal(revoke(&alice, at(1, 5), at(1, 4)), REASON_NONE);
  assert_int_equal(people_count(people), 3);
  assert_int_equal(people_certificate(people, 0, &revoked, &from)->roles, 2);
  assert_false(revoked);
  assert_int_equal(people_certificate(people, 1, &revoked, &from)->roles, 4);
  assert_true(revoked && position_compare(from, at(1, 4)) == 0);
  assert_int_equal(people_certificate(people, 2, &revoked, &from)->roles, 8);
  assert_int_equal(people_next_person(people), 3);
}

static void positions_compare_generation_first(void **state) {
  (void)state;
  assert_true(position_compare(at(1, 9), at(2, 0)) < 0);
  assert_true(position_compare(at(2, 0), at(1, UINT64_MAX)) > 0);
  assert_true(position_compare(at(1, 3), at(1, 4)) < 0);
  assert_int_equal(position_compare(at(1, 4), at(1, 4)), 0);
  people_free(NULL);
}

/* ---- against the law, written as it stands ---- */

#define EVENTS 40
#define KEYS 3

/* One record of a random log. */
struct event {
  bool is_revocation;
  unsigned key;
  struct position from; /* of a revocation, never above its own position */
};

/* docs/protocol.md 4.5, by looking at every record for every question. */
static int64_t law_at(const struct event *events, unsigned key, struct position position) {
  int64_t newest = NOBODY;
  for (uint64_t i = 0; i < EVENTS; i++) {
    if (events[i].key == key && !events[i].is_revocation && position_compare(at(1, i), position) < 0) newest = (int64_t)i + 1;
  }
  for (uint64_t i = 0; i < EVENTS && newest >= 0; i++) {
    bool names = events[i].key == key && events[i].is_revocation && position_compare(events[i].from, position) <= 0;
    if (names) newest = REVOKED;
  }
  return newest;
}

static void agrees_with_the_law_on_random_logs(void **state) {
  (void)state;
  struct dice dice = dice_new("people");
  const struct pubkey *keys[KEYS] = {&alice, &bruno, &stranger};
  for (int round = 0; round < 100; round++) {
    struct event events[EVENTS];
    people_free(people);
    people = people_new();
    assert_non_null(people);
    for (uint64_t i = 0; i < EVENTS; i++) {
      struct event *e = &events[i];
      *e = (struct event){dice_below(&dice, 8) == 0, (unsigned)dice_below(&dice, KEYS), at(1, dice_below(&dice, EVENTS))};
      if (e->is_revocation) {
        assert_int_equal(revoke(keys[e->key], at(1, i), e->from), REASON_NONE);
        if (e->from.index > i) e->from.index = i;
      } else {
        (void)certify(keys[e->key], at(1, i), 1 + i, ROLE_EDITOR);
      }
    }
    for (unsigned key = 0; key < KEYS; key++) {
      for (uint64_t i = 0; i <= EVENTS; i++)
        assert_int_equal(person_at(keys[key], at(1, i)), law_at(events, key, at(1, i)));
    }
  }
}

/* Every certificate and a million questions about one key: looking through its list one by one would take minutes. */
static void stays_quick_with_many_certificates(void **state) {
  (void)state;
  for (uint64_t i = 0; i < MANY; i++)
    assert_int_equal(certify(&alice, at(1, i), 1 + i, ROLE_EDITOR), REASON_NONE);
  clock_t began = clock();
  for (uint64_t i = 0; i < UINT64_C(20) * MANY; i++) {
    uint64_t index = 1 + i % MANY;
    assert_true(person_at(&alice, at(1, index)) == (int64_t)index);
  }
  assert_true((double)(clock() - began) / CLOCKS_PER_SEC < 15.0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_certificate_holds_above_its_position),
      TEST(the_newest_certificate_below_a_position_counts),
      TEST(only_the_own_key_certifies),
      TEST(the_own_key_is_the_one_in_force_at_the_position),
      TEST(carries_person_and_territory),
      TEST(a_revocation_holds_from_the_position_that_it_names),
      TEST(a_revocation_may_void_the_certificate_itself),
      TEST(a_revocation_from_its_own_position_on_is_not_backdated),
      TEST(a_position_above_the_revocation_counts_as_its_own),
      TEST(the_earliest_of_several_revocations_counts),
      TEST(a_revocation_of_a_key_that_was_not_certified_reaches_back_all_the_same),
      TEST(a_key_revokes_itself_and_no_other),
      TEST(a_revoked_key_does_not_come_back),
      TEST(a_void_certificate_takes_its_number_and_its_key_was_revoked),
      TEST(refuses_other_shapes_and_keys),
      TEST(shape_comes_before_author),
      TEST(lists_certificates_in_log_order),
      TEST(positions_compare_generation_first),
      TEST(agrees_with_the_law_on_random_logs),
      TEST(stays_quick_with_many_certificates),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
