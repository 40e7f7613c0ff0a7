/*
 * test_exchange_generation: rotations and repairs among members: a new node key while others write and one is away, and a log
 * of which members hold different branches. All frontiers are equal afterwards.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/inside.h"
#include "node/store/query_fork.h"
#include "tests/node/dump.h"
#include "tests/node/rotation.h"
#include "tests/sim/net_sim.h"

static uint64_t seed;

static struct sim *found(uint32_t n) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, n, seed);
  s->jitter_ms = 10;
  return s;
}

static void done(struct sim *s) {
  sim_release(s);
  free(s);
}

static uint64_t size_at(struct sim *s, uint32_t node, uint32_t log, uint64_t gen) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[log].id, gen);
  return h == NULL ? 0 : h->size;
}

/* A node stops, takes a new node key behind a cut at what it holds, and comes back. */
static void rotate(struct sim *s, uint32_t node) {
  const uint64_t gen = federation_self(&s->f.nodes[node].federation)->identity.gen;
  sim_down(s, node);
  rotation_begin(&s->f.nodes[node], size_at(s, node, node, gen), NULL);
  sim_up(s, node, false);
}

static void expect_all_same(struct sim *s) {
  struct bytes first;
  struct bytes other;
  bytes_init(&first, DUMP_MAX);
  bytes_init(&other, DUMP_MAX);
  dump_derived(&s->f.nodes[0], false, &first);
  for (uint32_t i = 1; i < s->f.n; i++) {
    bytes_clear(&other);
    dump_derived(&s->f.nodes[i], false, &other);
    if (!view_equal(bytes_view(&first), bytes_view(&other))) fail_msg("%s derived something else", s->f.nodes[i].handle);
  }
  bytes_release(&first);
  bytes_release(&other);
}

static void a_new_node_key_is_learnt_from_its_owner_and_from_others(void **state) {
  (void)state;
  struct sim *s = found(4);
  for (uint32_t i = 0; i < 4; i++) {
    sim_publish(s, i, 5);
    sim_up(s, i, false);
  }
  (void)sim_converge(s, 5000);
  sim_down(s, 3); /* DE is away the whole time */
  sim_publish(s, 1, 10);
  rotate(s, 0);
  sim_publish(s, 0, 20);
  sim_publish(s, 2, 10);
  print_message("after a rotation: %" PRIu64 " ms\n", sim_converge(s, 60000));
  rotate(s, 0); /* once more */
  sim_publish(s, 0, 5);
  (void)sim_converge(s, 60000);
  sim_cut(s, 0, 3, true); /* DE meets IT only by others */
  sim_up(s, 3, false);
  sim_publish(s, 3, 5);
  print_message("who was away: %" PRIu64 " ms\n", sim_converge(s, 60000));
  sim_cut(s, 0, 3, false);
  sim_publish(s, 0, 3);
  (void)sim_converge(s, 60000);
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(size_at(s, i, 0, 1), 7);
    assert_int_equal(size_at(s, i, 0, 2), 21);
    assert_int_equal(size_at(s, i, 0, 3), 9);
    assert_int_equal(federation_by_node(&s->f.nodes[i].federation, &s->f.nodes[0].id)->identity.gen, 3);
  }
  expect_all_same(s);
  done(s);
}

static void two_who_know_nothing_of_each_others_new_keys_meet(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_publish(s, 0, 5);
  sim_publish(s, 1, 5);
  rotate(s, 0);
  sim_down(s, 0);
  rotate(s, 1);
  rotate(s, 1);
  sim_up(s, 0, false);
  sim_publish(s, 0, 2);
  print_message("two with new keys: %" PRIu64 " ms\n", sim_converge(s, 60000));
  assert_int_equal(size_at(s, 0, 1, 3), 1);
  assert_int_equal(size_at(s, 1, 0, 2), 3);
  expect_all_same(s);
  done(s);
}

static void a_session_under_the_old_key_ends_when_the_new_one_is_known(void **state) {
  (void)state;
  struct sim *s = found(3);
  for (uint32_t i = 0; i < 3; i++)
    sim_up(s, i, false);
  (void)sim_converge(s, 5000);
  /* A thief goes on with the key of IT, who takes another one on another machine. */
  const uint32_t twin = fixture_twin(&s->f, 0);
  struct fixture_node *other = &s->f.nodes[twin];
  struct signer key;
  uint8_t octets[SEED_LEN];
  struct bytes item;
  bool changed = false;
  signer_seed(&other->node_key, octets);
  assert_int_equal(signer_from_seed(octets, &key, NULL), OK);
  other->node_key = key;
  fixture_transfer(&s->f.nodes[0], other, 64);
  bytes_init(&item, 8192);
  fixture_close(other);
  fixture_open(other);
  rotation_begin(other, 2, &item);
  assert_int_equal(hall_identity(s->f.nodes[1].hall, &other->id, bytes_view(&item), &changed, NULL), OK);
  sim_turn(s, 1);
  sim_run(s, 100);
  const uint32_t it = peer_by_node(s->nodes[1].exchange, &other->id);
  sim_publish(s, 0, 3); /* by the thief: nobody who knows takes it */
  sim_run(s, 20000);
  assert_null(s->nodes[1].exchange->peers[it].link);
  assert_int_equal(size_at(s, 1, 0, 1), 2);
  signer_release(&other->node_key);
  bytes_release(&item);
  done(s);
}

/* IT's log in two branches behind `common` cases: the owner's of `own` more, the other machine's of `others` more. What a
 * member holds of it. */
struct branches {
  uint32_t common, own, others;
  uint64_t cut; /* where the owner cuts; 0: at all that it holds */
};
enum held { HOLDS_NOTHING, HOLDS_COMMON, HOLDS_OWN, HOLDS_OTHER };

static void publish(struct fixture_node *node, uint64_t first, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    (void)fixture_publish(node, first + i, NULL);
}

/* Answers about that log tell of its fork; once a cut has closed it they do not, though the evidence stays. */
static bool is_told(struct sim *s, uint32_t node) {
  const struct fixture_node *n = &s->f.nodes[node], *it = &s->f.nodes[0];
  struct fork fork;
  json_t *told = NULL;
  assert_int_equal(evidence_get(n->store, &it->id, 1, &fork, NULL, NULL), OK);
  assert_int_equal(query_fork(n->store, &n->federation, &it->id, 1, &told, NULL), OK);
  json_decref(told);
  return told != NULL;
}

static void repair(const struct branches *b) {
  static const enum held held[] = {HOLDS_OWN, HOLDS_OWN, HOLDS_OTHER, HOLDS_COMMON, HOLDS_NOTHING};
  const uint32_t n = sizeof held / sizeof held[0];
  struct sim *s = found(n);
  struct fixture_node *nodes = s->f.nodes;
  publish(&nodes[0], 1000, b->common);
  struct fixture_node *twin = &nodes[fixture_twin(&s->f, 0)];
  for (uint32_t i = 1; i < n; i++) {
    if (held[i] != HOLDS_NOTHING) fixture_transfer(&nodes[0], &nodes[i], 64);
  }
  fixture_transfer(&nodes[0], twin, 64);
  publish(&nodes[0], 2000, b->own);
  publish(twin, 3000, b->others);
  for (uint32_t i = 1; i < n; i++) {
    if (held[i] == HOLDS_OWN) fixture_transfer(&nodes[0], &nodes[i], 64);
    if (held[i] == HOLDS_OTHER) fixture_transfer(twin, &nodes[i], 64);
  }
  for (uint32_t i = 0; i < n; i++)
    sim_up(s, i, false);
  sim_run(s, 5000);
  assert_false(sim_is_converged(s));
  assert_true(is_told(s, 1) && is_told(s, 2));
  sim_down(s, 0);
  rotation_begin(&nodes[0], b->cut == 0 ? size_at(s, 0, 0, 1) : b->cut, NULL);
  sim_up(s, 0, false);
  sim_publish(s, 0, 1);
  print_message("repaired: %" PRIu64 " ms\n", sim_converge(s, 300000));
  for (uint32_t i = 0; i < n; i++) {
    assert_int_equal(size_at(s, i, 0, 1), b->cut == 0 ? 2 + b->common + b->own : b->cut);
    assert_int_equal(size_at(s, i, 0, 2), 2);
  }
  expect_all_same(s);
  assert_false(is_told(s, 1) || is_told(s, 2));
  sim_run(s, 200000); /* by then the evidence of the fork is written down, and nothing is left to do */
  for (uint32_t i = 0; i < n; i++)
    assert_true(exchange_idle(s->nodes[i].exchange));
  done(s);
}

static void all_come_to_the_branch_that_a_cut_names(void **state) {
  (void)state;
  repair(&(struct branches){.common = 1, .own = 3, .others = 1});           /* the other branch is shorter than the cut, */
  repair(&(struct branches){.common = 0, .own = 1, .others = 3});           /* longer and another from its beginning, */
  repair(&(struct branches){.common = 3, .own = 1, .others = 1, .cut = 4}); /* or withdrawn with the owner's own. */
}

int main(void) {
  seed = fixture_seed();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_node_key_is_learnt_from_its_owner_and_from_others),
      cmocka_unit_test(two_who_know_nothing_of_each_others_new_keys_meet),
      cmocka_unit_test(a_session_under_the_old_key_ends_when_the_new_one_is_known),
      cmocka_unit_test(all_come_to_the_branch_that_a_cut_names),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
