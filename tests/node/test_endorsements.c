/*
 * endorsements: what signatures in several logs come to (docs/protocol.md 16), one thing at a time. Whole histories in every
 * order of arrival: test_orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "node/store/endorsed.h"
#include "node/store/query.h"
#include "node/store/query_endorse.h"
#include "tests/node/kept.h"
#include "tests/node/own_log.h"

#define MEMBERS 4

static struct fixture f;
static struct err err = ERR_INIT;

/* ---- records ---- */

static struct receipt_row admit(struct fixture_node *home, struct fixture_node *log, const struct signer *author,
                                struct header h, struct hash *id) {
  struct fixture_record record;
  f.now_ms += 1000; /* no record like the one before */
  fixture_seal(home, author, h, view_of(NULL, 0), &record);
  const struct receipt_row row = fixture_admit(log, &record.item);
  if (id != NULL) {
    *id = record.id;
  }
  fixture_record_release(&record);
  return row;
}

static struct hash policy_id(void) {
  struct view octets[LIMIT_POLICIES];
  assert_int_equal(charter_policies(&f.charter, octets), 1);
  return hash_of(HASH_POLICY, octets[0], view_of(NULL, 0));
}

static struct receipt_row endorse(struct fixture_node *home, const struct signer *author, const struct hash *object,
                                  const struct hash *version, const struct hash *policy, struct hash *id) {
  const struct header h = {
      .kind = KIND_ENDORSE, .has_subject = true, .subject = *version, .n_refs = 2, .refs = {*object, *policy}};
  return admit(home, home, author, h, id);
}

static struct receipt_row take_back(struct fixture_node *home, struct fixture_node *log, const struct signer *author,
                                    const struct hash *endorsement) {
  const struct header h = {.kind = KIND_ENDORSE_WITHDRAW, .has_subject = true, .subject = *endorsement};
  return admit(home, log, author, h, NULL);
}

static void revoke(struct fixture_node *home, const struct pubkey *key, uint64_t index) {
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, index}};
  memcpy(h.subject.b, key->b, sizeof h.subject.b);
  assert_int_equal(admit(home, home, &home->node_key, h, NULL).state, RECEIPT_LOGGED);
}

static void reviewer(struct fixture_node *home, struct signer *out, uint64_t person) {
  struct receipt_row row;
  assert_int_equal(signer_new(out, &err), OK);
  assert_int_equal(hall_certify(home->hall, &out->pub, person, ROLE_REVIEWER, 0, "Reviewer", &row, &err), OK);
  assert_int_equal(row.state, RECEIPT_LOGGED);
}

/* For another member's log, and nothing that this one could judge: it goes there (docs/protocol.md 9). */
static void expect_forwarded(struct receipt_row row) {
  assert_int_equal(row.state, RECEIPT_QUEUED);
}

static void expect(struct receipt_row row, enum reason reason) {
  if (reason == REASON_NONE ? row.state != RECEIPT_LOGGED : row.state != RECEIPT_REFUSED || row.reason != (uint64_t)reason) {
    print_error("%s, not %s\n", row.state == RECEIPT_LOGGED ? "logged" : reason_name(row.reason),
                reason_name((uint64_t)reason));
    fail();
  }
}

/* ---- results ---- */

static int64_t rowid_of(struct fixture_node *at, const struct hash *object) {
  int64_t rowid = 0;
  assert_int_equal(entry_find(at->store, &f.charter.fed_id, object, &rowid, &err), OK);
  return rowid;
}

static struct endorsements weigh(struct fixture_node *at, const struct hash *object) {
  struct endorsements e;
  assert_int_equal(endorsements_read(at->store, &at->federation, rowid_of(at, object), &e, &err), OK);
  return e;
}

/* The result of the newest version and the state, in one number of readable digits: counted, nodes, countries, state. */
static unsigned result_at(struct fixture_node *at, const struct hash *object) {
  struct endorsements e = weigh(at, object);
  const struct statement_result *s = endorsements_newest(&e);
  assert_non_null(s);
  const unsigned out = (unsigned)(s->result.counted * 1000 + s->result.nodes * 100 + s->result.countries * 10 + e.state);
  endorsements_release(&e);
  return out;
}

/* How a signature stands in the statement of any version. */
static enum endorsement_standing standing_at(struct fixture_node *at, const struct hash *object, const struct hash *signature) {
  struct endorsements e = weigh(at, object);
  const int64_t rowid = rowid_of(at, signature);
  for (size_t i = 0; i < e.n; i++) {
    for (size_t k = 0; k < e.statements[i].n; k++) {
      if (e.statements[i].signatures[k].rowid == rowid) {
        const enum endorsement_standing out = e.statements[i].policy == 0    ? ENDORSEMENT_POLICY
                                              : e.statements[i].version == 0 ? ENDORSEMENT_VERSION
                                                                             : e.statements[i].signatures[k].standing;
        assert_int_equal(e.statements[i].signatures[k].standing, out);
        endorsements_release(&e);
        return out;
      }
    }
  }
  fail_msg("no such signature");
  return ENDORSEMENT_COUNTS;
}

/* Of so many statements the last, and no other, tells what changed since: how much. */
static size_t since_at(struct fixture_node *at, const struct hash *object, size_t n) {
  json_t *shown = NULL;
  assert_int_equal(query_show(at->store, &at->federation, f.schemas, rowid_of(at, object), "en", &shown, NULL, &err), OK);
  const json_t *statements = json_object_get(json_object_get(shown, "endorsement"), "statements");
  assert_int_equal(json_array_size(statements), n);
  for (size_t i = 0; i < n; i++)
    assert_int_equal(json_object_get(json_array_get(statements, i), "since") != NULL, i + 1 == n);
  const size_t out = json_array_size(json_object_get(json_array_get(statements, n - 1), "since"));
  json_decref(shown);
  return out;
}

static void spread(void) {
  for (uint32_t from = 0; from < f.n; from++) {
    for (uint32_t to = 0; to < f.n; to++) {
      if (from != to) fixture_transfer(&f.nodes[from], &f.nodes[to], 100);
    }
  }
}

/* ---- one thing at a time ---- */

static void reviewers_of_three_members_endorse_and_everybody_finds_the_same(void **state) {
  struct signer who[3];
  struct hash object, second, id;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  struct fixture_node *it = &f.nodes[0];
  (void)fixture_publish(it, 1, &object);
  for (uint32_t i = 0; i < 3; i++) {
    reviewer(&f.nodes[i + 1], &who[i], 0);
    expect(endorse(&f.nodes[i + 1], &who[i], &object, &object, &policy, &id), REASON_NONE);
  }
  expect(endorse(&f.nodes[1], &f.nodes[1].editor, &object, &object, &policy, &id), REASON_RIGHTS);
  expect(endorse(&f.nodes[1], &who[1], &object, &object, &policy, &id), REASON_AUTHOR); /* EE's, in FR's log */
  assert_int_equal(result_at(it, &object), 0);
  fixture_transfer(&f.nodes[1], it, 100);
  fixture_transfer(&f.nodes[2], it, 100);
  assert_int_equal(result_at(it, &object), 2220);
  spread();
  for (uint32_t i = 0; i < MEMBERS; i++)
    assert_int_equal(result_at(&f.nodes[i], &object), 3330 + ENDORSED_CURRENTLY);

  /* A corrected comma: what was signed stays with the version that was read. */
  struct fixture_record version;
  fixture_case(it, 2, &object, &object, &version);
  assert_int_equal(fixture_admit(it, &version.item).state, RECEIPT_LOGGED);
  second = version.id;
  fixture_record_release(&version);
  spread();
  assert_int_equal(result_at(&f.nodes[3], &object), ENDORSED_EARLIER);
  assert_int_equal(since_at(&f.nodes[3], &object, 2), 5);
  expect(endorse(&f.nodes[1], &who[0], &object, &second, &policy, &id), REASON_NONE);
  spread();
  assert_int_equal(result_at(&f.nodes[3], &object), 1110 + ENDORSED_EARLIER);
  for (uint32_t i = 0; i < 3; i++)
    signer_release(&who[i]);
  fixture_release(&f);
}

static void what_does_not_count_says_why(void **state) {
  struct signer home, fr, twin, other;
  struct hash a, b, of_home, moved, foreign, ours, again, second;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id(), no_policy = f.nodes[0].id;
  (void)fixture_publish(&f.nodes[0], 1, &a);
  (void)fixture_publish(&f.nodes[0], 2, &b);
  reviewer(&f.nodes[0], &home, 0);
  reviewer(&f.nodes[1], &fr, 7);
  reviewer(&f.nodes[1], &twin, 7); /* another key of the same person */
  reviewer(&f.nodes[1], &other, 0);
  expect(endorse(&f.nodes[0], &home, &a, &a, &policy, &of_home), REASON_NONE);
  expect(endorse(&f.nodes[1], &fr, &a, &b, &policy, &moved), REASON_NONE);      /* b is no version of a */
  expect(endorse(&f.nodes[1], &fr, &a, &a, &no_policy, &foreign), REASON_NONE); /* another federation's policy */
  expect(endorse(&f.nodes[1], &fr, &a, &a, &policy, &ours), REASON_NONE);
  expect(endorse(&f.nodes[1], &twin, &a, &a, &policy, &again), REASON_NONE);
  expect(endorse(&f.nodes[1], &other, &a, &a, &policy, &second), REASON_NONE);
  spread();
  struct fixture_node *at = &f.nodes[3];
  assert_int_equal(standing_at(at, &a, &of_home), ENDORSEMENT_HOME);
  assert_int_equal(standing_at(at, &a, &moved), ENDORSEMENT_VERSION);
  assert_int_equal(standing_at(at, &a, &foreign), ENDORSEMENT_POLICY);
  assert_int_equal(standing_at(at, &a, &ours), ENDORSEMENT_COUNTS);
  assert_int_equal(standing_at(at, &a, &again), ENDORSEMENT_PERSON);
  assert_int_equal(standing_at(at, &a, &second), ENDORSEMENT_NODE);
  assert_int_equal(result_at(at, &a), 1110);
  assert_int_equal(result_at(at, &b), 0);

  /* Taken back: by the person's other key in the own log; by the same key in another's; by nobody else. */
  expect(take_back(&f.nodes[1], &f.nodes[1], &other, &ours), REASON_AUTHOR);
  expect_forwarded(take_back(&f.nodes[1], &f.nodes[2], &twin, &ours));
  expect_forwarded(take_back(&f.nodes[1], &f.nodes[2], &fr, &a));
  expect(take_back(&f.nodes[2], &f.nodes[2], &fr, &ours), REASON_AUTHOR); /* not certified there */
  expect(take_back(&f.nodes[1], &f.nodes[1], &twin, &ours), REASON_NONE);
  expect(take_back(&f.nodes[1], &f.nodes[2], &other, &second), REASON_NONE);
  spread();
  assert_int_equal(standing_at(at, &a, &ours), ENDORSEMENT_WITHDRAWN);
  assert_int_equal(standing_at(at, &a, &again), ENDORSEMENT_COUNTS);
  assert_int_equal(standing_at(at, &a, &second), ENDORSEMENT_WITHDRAWN);
  struct signer *all[] = {&home, &fr, &twin, &other};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    signer_release(all[i]);
  fixture_release(&f);
}

static void a_revocation_that_reaches_back_takes_what_was_signed(void **state) {
  struct signer fr;
  struct hash object, id;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  (void)fixture_publish(&f.nodes[0], 1, &object);
  reviewer(&f.nodes[1], &fr, 0);
  expect(endorse(&f.nodes[1], &fr, &object, &object, &policy, &id), REASON_NONE);
  spread();
  assert_int_equal(result_at(&f.nodes[2], &object), 1110);
  revoke(&f.nodes[1], &fr.pub, entry_index(rowid_of(&f.nodes[1], &id)));
  spread();
  for (uint32_t i = 0; i < MEMBERS; i++)
    assert_int_equal(result_at(&f.nodes[i], &object), 0);
  assert_int_equal(derive_rebuild(f.nodes[2].store, &f.nodes[2].federation, f.schemas, NULL, NULL, &err), OK);
  assert_int_equal(result_at(&f.nodes[2], &object), 0);
  signer_release(&fr);
  fixture_release(&f);
}

/* Held for its author's rights at first: the row before that is told once it holds, as by whoever reads the log anew. */
static void a_revocation_that_reaches_back_is_told_of_what_was_held_for_another_reason(void **state) {
  static struct own_log log;
  struct signer fr;
  struct pull_result result;
  struct header h = {.kind = KIND_ENDORSE, .has_subject = true, .n_refs = 2};
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  assert_int_equal(signer_new(&fr, &err), OK);
  log = (struct own_log){.node = &f.nodes[0]};
  add_identity(&log);
  add_cert(&log, &f.nodes[0].node_key, &fr.pub, 2, ROLE_CONTRIBUTOR);
  add_odd(&log, &fr, h, view_of(NULL, 0));
  add_revoke(&log, &f.nodes[0].node_key, &fr.pub, 2);
  struct fixture_node *at = &f.nodes[1];
  assert_int_equal(own_carry(&log, at->hall, 0, 3, 3, &result, &err), OK);
  assert_int_equal(kept_number(at, "SELECT reason FROM endorsement_held"), REASON_RIGHTS);
  assert_int_equal(own_carry(&log, at->hall, 3, 4, 1, &result, &err), OK);
  assert_int_equal(reason_at(at, &f.nodes[0].id, 2), REASON_REVOKED);
  assert_int_equal(kept_number(at, "SELECT reason FROM endorsement_held"), REASON_REVOKED);
  own_release(&log);
  signer_release(&fr);
  fixture_release(&f);
}

static void what_is_poured_over_an_object_is_told_as_a_number(void **state) {
  struct signer flood, good;
  struct hash object, id;
  json_t *out = NULL;
  size_t told = 0, i;
  json_t *statement;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  (void)fixture_publish(&f.nodes[0], 1, &object);
  reviewer(&f.nodes[1], &flood, 0);
  reviewer(&f.nodes[2], &good, 0);
  for (uint8_t n = 0; n < 3 * QUERY_ENDORSE_OTHERS / 2; n++) {
    struct hash odd = policy; /* half of them under policies that there are not: a statement each */
    odd.b[0] = (uint8_t)(odd.b[0] + (n % 2 == 0 ? 0 : n));
    expect(endorse(&f.nodes[1], &flood, &object, &object, &odd, &id), REASON_NONE);
  }
  expect(endorse(&f.nodes[2], &good, &object, &object, &policy, &id), REASON_NONE);
  spread();
  for (uint32_t at = 0; at < MEMBERS; at += 3) {
    assert_int_equal(result_at(&f.nodes[at], &object), 2220);
    assert_int_equal(
        query_endorse(f.nodes[at].store, &f.nodes[at].federation, rowid_of(&f.nodes[at], &object), "en", &out, &err), OK);
    told = 0;
    json_array_foreach(json_object_get(out, "statements"), i, statement) told +=
        json_array_size(json_object_get(statement, "endorsements"));
    assert_int_equal(told, QUERY_ENDORSE_OTHERS + 2);
    assert_int_equal(json_integer_value(json_object_get(out, "more")), 3 * QUERY_ENDORSE_OTHERS / 2 + 1 - told);
    json_decref(out);
  }
  signer_release(&flood);
  signer_release(&good);
  fixture_release(&f);
}

/* Signatures that are not weighed, of several logs, stand in the same order whichever log came first. */
static void signatures_of_no_version_stand_in_the_order_of_logs(void **state) {
  struct signer who[2];
  struct hash object, other, id;
  (void)state;
  fixture_found(&f, MEMBERS + 2, fixture_seed(), true);
  const struct hash policy = policy_id();
  (void)fixture_publish(&f.nodes[0], 1, &object);
  (void)fixture_publish(&f.nodes[0], 2, &other);
  for (uint32_t i = 0; i < 2; i++) {
    reviewer(&f.nodes[i + 1], &who[i], 0);
    for (int n = 0; n < 3; n++)
      expect(endorse(&f.nodes[i + 1], &who[i], &object, &other, &policy, &id), REASON_NONE);
  }
  for (uint32_t i = 0; i < 2; i++) {
    struct fixture_node *to = &f.nodes[MEMBERS + i];
    fixture_transfer_log(&f.nodes[0], to, &f.nodes[0].id, 9);
    fixture_transfer_log(&f.nodes[1 + i], to, &f.nodes[1 + i].id, 9);
    fixture_transfer_log(&f.nodes[2 - i], to, &f.nodes[2 - i].id, 9);
    struct endorsements e = weigh(to, &object);
    for (size_t k = 0; k < e.n; k++) {
      for (size_t s = 1; s < e.statements[k].n; s++) {
        const struct endorsement *x = &e.statements[k].signatures[s - 1], *y = &e.statements[k].signatures[s];
        assert_true(hash_compare(&x->node, &y->node) < 0 ||
                    (hash_equal(&x->node, &y->node) && position_compare(x->at, y->at) < 0));
      }
    }
    endorsements_release(&e);
  }
  for (uint32_t i = 0; i < 2; i++)
    signer_release(&who[i]);
  fixture_release(&f);
}

static void the_epoch_decides_what_is_kept(void **state) {
  struct signer who[3];
  struct hash object, id;
  bool due = true;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  struct fixture_node *it = &f.nodes[0];
  (void)fixture_publish(it, 1, &object);
  for (uint32_t i = 0; i < 3; i++) {
    reviewer(&f.nodes[i + 1], &who[i], 0);
    expect(endorse(&f.nodes[i + 1], &who[i], &object, &object, &policy, &id), REASON_NONE);
  }
  spread();
  kept_expect(it);
  assert_int_equal(kept_number(it, KEPT_ROWS("endorsed", "state = 2")), 1);
  assert_int_equal(endorsed_is_due(it->store, &it->federation, &due, &err), OK);
  assert_false(due);

  /* In another epoch two of them speak for one country. */
  char(*country)[3] =
      (char(*)[3]) & it->federation.rows[federation_by_node(&it->federation, &f.nodes[1].id) - it->federation.members].country;
  const struct federation_member *other = federation_by_node(&it->federation, &f.nodes[2].id);
  const struct hash before = it->federation.epoch.hash;
  memcpy(*country, other->member->country, sizeof *country);
  it->federation.epoch.hash.b[0] ^= 1;
  assert_int_equal(endorsed_is_due(it->store, &it->federation, &due, &err), OK);
  assert_true(due);
  assert_int_equal(store_begin(it->store, &err), OK);
  assert_int_equal(endorsed_settle(it->store, &it->federation, &err), OK);
  assert_int_equal(store_commit(it->store, &err), OK);
  kept_expect(it);
  assert_int_equal(kept_number(it, KEPT_ROWS("endorsed", "state = 0")), 1);
  assert_int_equal(kept_number(it, KEPT_ROWS("endorsement", "standing = 8")), 1);
  it->federation.epoch.hash = before;
  for (uint32_t i = 0; i < 3; i++)
    signer_release(&who[i]);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reviewers_of_three_members_endorse_and_everybody_finds_the_same),
      cmocka_unit_test(what_does_not_count_says_why),
      cmocka_unit_test(a_revocation_that_reaches_back_takes_what_was_signed),
      cmocka_unit_test(a_revocation_that_reaches_back_is_told_of_what_was_held_for_another_reason),
      cmocka_unit_test(what_is_poured_over_an_object_is_told_as_a_number),
      cmocka_unit_test(signatures_of_no_version_stand_in_the_order_of_logs),
      cmocka_unit_test(the_epoch_decides_what_is_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
