/*
 * test_exchange_suspects: entries that do not fold to what the owner signed. Whoever serves them holds another branch, and is
 * blamed by nobody, or stands for the checkpoint, because it named it or proved an entry under it, and lied.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/forks.h"
#include "node/hall.h"
#include "protocol/canon.h"
#include "tests/sim/liar.h"

#define DE 3
#define FOUNDERS 4

static uint64_t seed;

static uint64_t size_at(struct sim *s, uint32_t node, uint32_t log) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[log].id, 1);
  return h == NULL ? 0 : h->size;
}

static struct claim *claim_of(struct sim *s, uint32_t node, uint32_t log, uint32_t peer) {
  struct exchange *x = s->nodes[node].exchange;
  uint32_t index = NONE;
  struct exchange_log *l = log_of(x, &s->f.nodes[log].id, 1, &index);
  assert_non_null(l);
  return &l->claims[peer_by_node(x, &s->f.nodes[peer].id)];
}

/* ---- two branches ---- */

/* IT's log has two branches: FR holds the short one, EE the long one, and they do not meet. DE, which holds the beginning or
 * nothing, hears of FR's first, and asks FR for no entries for some seconds. */
static struct sim *two_branches(bool holds_beginning) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, FOUNDERS, seed);
  const uint32_t twin = fixture_twin(&s->f, IT);
  fixture_transfer(&s->f.nodes[IT], &s->f.nodes[twin], 100);
  if (holds_beginning) fixture_transfer(&s->f.nodes[IT], &s->f.nodes[DE], 100);
  (void)fixture_publish(&s->f.nodes[IT], 4711, NULL);
  for (uint32_t i = 0; i < 5; i++)
    (void)fixture_publish(&s->f.nodes[twin], 4712 + i, NULL);
  fixture_transfer(&s->f.nodes[IT], &s->f.nodes[FR], 100);
  fixture_transfer(&s->f.nodes[twin], &s->f.nodes[EE], 100);
  sim_cut(s, FR, EE, true);
  sim_cut(s, DE, EE, true);
  for (uint32_t i = FR; i < FOUNDERS; i++)
    sim_up(s, i, true);
  claim_of(s, DE, IT, FR)->not_before_ms = s->f.now_ms + 5000;
  sim_run(s, 500);
  return s;
}

/* EE is asked for what FR named, and serves its own branch; the fork is found all the same. */
static void meet(struct sim *s) {
  const uint64_t held = size_at(s, DE, IT);
  struct bytes items[FOUNDERS];
  s->octets_per_ms = 8; /* what EE holds is heard of some time before what it names */
  sim_cut(s, DE, EE, false);
  sim_run(s, 4000);
  s->octets_per_ms = 0;
  assert_int_equal(size_at(s, DE, IT), held);
  assert_true(claim_of(s, DE, IT, EE)->not_before_ms > s->f.now_ms); /* it served, and was left */
  sim_run(s, 30000);
  sim_cut(s, FR, EE, false);
  sim_run(s, 10000);
  for (uint32_t i = FR; i < FOUNDERS; i++) {
    bytes_init(&items[i], LIMIT_EVIDENCE);
    assert_int_equal(hall_evidence(s->f.nodes[i].hall, &s->f.nodes[IT].id, 1, &items[i], NULL), OK);
    assert_true(view_equal(bytes_view(&items[i]), bytes_view(&items[FR])));
    sim_expect_only(s, i, IT, "checkpoint.fork");
    for (uint32_t k = FR; k < FOUNDERS; k++) {
      if (k != i) sim_expect_only(s, i, k, NULL);
    }
  }
  for (uint32_t i = FR; i < FOUNDERS; i++)
    bytes_release(&items[i]);
  sim_release(s);
  free(s);
}

static void who_holds_the_other_branch_is_not_blamed_by_one_that_holds_nothing(void **state) {
  (void)state;
  meet(two_branches(false));
}

static void who_holds_the_other_branch_is_not_blamed_by_one_that_holds_what_is_of_both(void **state) {
  (void)state;
  meet(two_branches(true));
}

/* ---- liars ---- */

/* Entries that fold to nothing that the owner signed: the relay's fault, once its own proof, or the owner's, shows that there
 * is no other branch. */
static bool forge_window(struct liar *a) {
  const struct hash node = liar_served_id(a);
  if (a->in.type != MSG_GET || a->lied) return false;
  a->lied = true;
  bytes_clear(&a->storage);
  assert_int_equal(hall_window(a->s->f.nodes[EE].hall, &node, 1, a->in.u.get.from, a->in.u.get.to, 0, LIMIT_DATA_SOFT,
                               &a->storage, &a->out.u.data.count, NULL),
                   OK);
  struct bytes forged;
  bytes_init(&forged, LIMIT_DATA_RAW);
  struct canon_reader r = canon_reader(bytes_view(&a->storage));
  struct canon_writer w = canon_writer(&forged);
  const uint32_t n = canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++) {
    struct item item;
    uint8_t envelope[LIMIT_ENVELOPE];
    item_read(&r, &item);
    memcpy(envelope, item.envelope.p, item.envelope.len);
    envelope[item.envelope.len - 1] ^= 1; /* the author's signature */
    item.envelope.p = envelope;
    item_write(&w, &item);
  }
  liar_answer_to(a, MSG_DATA);
  a->out.u.data.node = node;
  a->out.u.data.gen = 1;
  a->out.u.data.from = a->in.u.get.from;
  a->out.u.data.encoding = 0;
  a->out.u.data.window = bytes_view(&forged);
  liar_say(a);
  bytes_release(&forged);
  return true;
}

static void false_entries_are_their_relays_fault_and_no_fork(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  fixture_transfer(&a->s->f.nodes[EE], &a->s->f.nodes[IT], 100);
  exchange_published(a->s->nodes[IT].exchange); /* IT holds the beginning of EE's log */
  (void)fixture_publish(&a->s->f.nodes[EE], 4711, NULL);
  a->hook = forge_window;
  liar_dial(a);
  sim_run(a->s, 3000);
  sim_expect_only(a->s, IT, EE, "pull.mismatch");
  assert_int_equal(sim_counter(a->s, IT, EE, "pull.mismatch"), 1);
  uint32_t n = 9;
  (void)hall_forks(a->s->f.nodes[IT].hall, &n);
  assert_int_equal(n, 0);
  sim_run(a->s, 20000);
  assert_int_equal(size_at(a->s, IT, EE), size_at(a->s, EE, EE));
  liar_free(a);
}

/* FR named the checkpoint of its log; EE says only that it holds as much, serves false entries, and proves the true ones. */
static void who_named_nothing_and_proves_another_thing_than_it_serves_is_blamed(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct sim *s = a->s;
  claim_of(s, IT, FR, FR)->not_before_ms = s->f.now_ms + 2000;
  sim_publish(s, FR, 1);
  fixture_transfer_log(&s->f.nodes[FR], &s->f.nodes[EE], &s->f.nodes[FR].id, 100);
  sim_run(s, 200);
  a->served = FR;
  a->hook = forge_window;
  liar_dial(a);
  sim_run(s, 3000);
  assert_true(a->lied);
  sim_expect_only(s, IT, EE, "pull.mismatch");
  assert_int_equal(sim_counter(s, IT, EE, "pull.mismatch"), 1);
  (void)sim_converge(s, 3000);
  sim_expect_only(s, IT, FR, NULL);
  liar_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_holds_the_other_branch_is_not_blamed_by_one_that_holds_nothing),
      cmocka_unit_test(who_holds_the_other_branch_is_not_blamed_by_one_that_holds_what_is_of_both),
      cmocka_unit_test(false_entries_are_their_relays_fault_and_no_fork),
      cmocka_unit_test(who_named_nothing_and_proves_another_thing_than_it_serves_is_blamed),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
