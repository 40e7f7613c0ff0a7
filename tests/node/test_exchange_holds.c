/*
 * test_exchange_holds: who says to hold what (docs/protocol.md 8.7): made now and then, relayed once, believed only when
 * signed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/holds.h"
#include "protocol/canon.h"
#include "tests/sim/liar.h"

#define REGULAR_MS (HOLDS_EVERY_MS * 6 / 5)
#define DE 3

static uint64_t seed;
static struct holds said;

/* What `at` keeps of `of`, in `said`; false: nothing. */
static bool keeps(struct sim *s, uint32_t at, uint32_t of) {
  struct bytes item;
  struct fixture_node *holder = &s->f.nodes[of];
  bytes_init(&item, LIMIT_FRAME);
  const bool any = holds_get(s->f.nodes[at].store, &holder->id, NULL, &item, NULL) == OK;
  if (any) {
    assert_int_equal(holds_open(bytes_view(&item), &s->f.charter.fed_id, &holder->node_key.pub, &said, NULL), OK);
    assert_true(hash_equal(&said.holder, &holder->id));
  }
  bytes_release(&item);
  return any;
}

/* The row of owner's log in `said`. */
static struct holding row_of(struct sim *s, uint32_t owner) {
  const uint64_t roll = epoch_by_node(&s->f.nodes[owner].federation.epoch, &s->f.nodes[owner].id)->roll;
  for (uint32_t i = 0; i < said.n; i++) {
    if (said.rows[i].roll == roll) return said.rows[i];
  }
  fail_msg("no row of that log");
  return (struct holding){.roll = 0};
}

/* n nodes, where IT and EE have only FR between them. */
static struct sim *begin(uint32_t n) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, n, seed);
  sim_cut(s, IT, EE, true);
  for (uint32_t i = 0; i < n; i++)
    sim_up(s, i, false);
  (void)sim_converge(s, 20000);
  return s;
}

static void end(struct sim *s) {
  sim_release(s);
  free(s);
}

static void everybody_learns_what_everybody_holds_over_relays(void **state) {
  (void)state;
  struct sim *s = begin(4);
  sim_publish(s, IT, 20);
  (void)sim_converge(s, 20000);
  sim_run(s, HOLDS_GAP_MS + 1000); /* news does not wait for the regular one */
  const uint64_t size = hall_head(s->f.nodes[IT].hall, &s->f.nodes[IT].id, 1)->size;
  for (uint32_t at = 0; at < 4; at++) {
    for (uint32_t of = 0; of < 4; of++) {
      assert_true(keeps(s, at, of));
      assert_int_equal(said.n, 4);
      assert_int_equal(row_of(s, IT).size, size);
      assert_int_equal(row_of(s, IT).missing, 0);
      assert_memory_equal(row_of(s, IT).root8, hall_head(s->f.nodes[of].hall, &s->f.nodes[IT].id, 1)->root.b, 8);
      if (at != of) sim_expect_only(s, at, of, NULL);
    }
  }
  end(s);
}

static void a_member_that_is_gone_is_told_of_to_one_that_comes(void **state) {
  (void)state;
  struct sim *s = begin(4);
  assert_true(keeps(s, FR, IT));
  const uint64_t counter = said.counter;
  sim_down(s, IT);
  sim_down(s, DE);
  fixture_close(&s->f.nodes[DE]);
  fixture_open(&s->f.nodes[DE]);
  sqlite3 *db = store_db(s->f.nodes[DE].store);
  assert_int_equal(sqlite3_exec(db, "DELETE FROM holds", NULL, NULL, NULL), SQLITE_OK);
  sim_up(s, DE, false);
  sim_run(s, 2000);
  assert_true(keeps(s, DE, IT));
  assert_int_equal(said.counter, counter);
  end(s);
}

static void each_statement_goes_over_a_line_once(void **state) {
  (void)state;
  struct sim *s = begin(4);
  sim_run(s, 20000);
  const uint64_t before = s->sent;
  sim_run(s, (uint64_t)10 * HOLDS_EVERY_MS);
  /* 5 lines; each of 4 statements crosses a line at most once each way; HEADS of the same pace, each way. */
  const uint64_t rounds = 10 * 5 / 4 + 1;
  assert_in_range(s->sent - before, 1, rounds * (5 * 2 * 4 + 5 * 2));
  end(s);
}

static void missing_bodies_are_told(void **state) {
  (void)state;
  struct sim *s = begin(3);
  sim_publish(s, IT, 20);
  (void)sim_converge(s, 20000);
  sim_down(s, IT);
  sim_down(s, FR);
  static const char lose[] = "UPDATE entry SET state = 3, salt = NULL, body = NULL WHERE id IN (SELECT entry.id FROM entry "
                             "JOIN log ON entry.id >> 40 = log.no WHERE log.size > 20 ORDER BY entry.id DESC LIMIT 7)";
  assert_int_equal(sqlite3_exec(store_db(s->f.nodes[FR].store), lose, NULL, NULL, NULL), SQLITE_OK);
  fixture_close(&s->f.nodes[FR]);
  fixture_open(&s->f.nodes[FR]);
  const uint64_t missing = hall_bodies_missing(s->f.nodes[FR].hall);
  assert_int_equal(missing, 7);
  assert_int_equal(hall_holds_own(s->f.nodes[FR].hall, NULL), OK);
  assert_true(keeps(s, FR, FR));
  uint64_t told = 0;
  for (uint32_t i = 0; i < said.n; i++)
    told += said.rows[i].missing;
  assert_int_equal(told, missing);
  end(s);
}

static void numbers_go_on_behind_those_of_a_lost_store(void **state) {
  (void)state;
  struct sim *s = begin(3);
  for (unsigned i = 0; i < 40; i++)
    assert_int_equal(hall_holds_own(s->f.nodes[IT].hall, NULL), OK);
  sim_run(s, REGULAR_MS);
  assert_true(keeps(s, FR, IT));
  const uint64_t counter = said.counter;
  assert_true(counter > 40);
  sim_down(s, IT);
  assert_int_equal(sqlite3_exec(store_db(s->f.nodes[IT].store), "DELETE FROM holds", NULL, NULL, NULL), SQLITE_OK);
  sim_run(s, 10000);
  sim_up(s, IT, false);
  sim_run(s, 10000);
  assert_true(keeps(s, IT, IT));
  assert_true(said.counter > counter);
  const uint64_t fresh = said.counter;
  sim_run(s, REGULAR_MS);
  assert_true(keeps(s, FR, IT));
  assert_true(said.counter >= fresh);
  end(s);
}

/* ---- a member that lies about what it or others hold ---- */

static void say_items(struct liar *a, const struct view *items, uint32_t n) {
  a->out.type = MSG_HOLDS;
  a->out.has_req = false;
  a->out.u.holds.n = n;
  for (uint32_t i = 0; i < n; i++)
    a->out.u.holds.items[i] = items[i];
  liar_say(a);
}

/* A statement of `holder` under some key. */
static void seal(struct liar *a, uint32_t holder, const struct signer *key, uint64_t version, uint64_t counter,
                 struct bytes *out) {
  said = (struct holds){.holder = a->s->f.nodes[holder].id, .version = version, .counter = counter, .n = 1};
  said.rows[0] = (struct holding){.roll = liar_roll_of(a, IT), .gen = 1, .size = 999};
  bytes_clear(out);
  assert_int_equal(holds_seal(&said, &a->s->f.charter.fed_id, key, out, NULL), OK);
}

static struct liar *opened(void) {
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 20000);
  assert_true(a->opened);
  return a;
}

static void a_statement_of_another_is_believed_only_under_its_key(void **state) {
  (void)state;
  struct liar *a = opened();
  struct bytes item;
  bytes_init(&item, LIMIT_FRAME);
  assert_true(keeps(a->s, IT, FR));
  const uint64_t counter = said.counter;
  seal(a, FR, &a->s->f.nodes[EE].node_key, 1, LIMIT_NUMBER, &item);
  const struct view forged = bytes_view(&item);
  say_items(a, &forged, 1);
  sim_run(a->s, 1000);
  sim_expect_only(a->s, IT, EE, "holds.signature");
  assert_int_equal(sim_counter(a->s, IT, EE, "holds.signature"), 1);
  assert_true(keeps(a->s, IT, FR));
  assert_int_equal(said.counter, counter);
  bytes_release(&item);
  liar_free(a);
}

static void an_item_that_is_none_is_counted(void **state) {
  (void)state;
  struct liar *a = opened();
  struct bytes item;
  bytes_init(&item, LIMIT_FRAME);
  struct canon_writer w = canon_writer(&item);
  canon_put_array(&w, 2);
  canon_put_bin(&w, view_of_text("nothing"));
  canon_put_signature(&w, &(struct signature){.b = {0}});
  assert_int_equal(canon_written(&w, "item", NULL), OK);
  const struct view junk = bytes_view(&item);
  say_items(a, &junk, 1);
  sim_run(a->s, 1000);
  sim_expect_only(a->s, IT, EE, "holds.format");
  bytes_release(&item);
  liar_free(a);
}

static void four_of_a_holder_are_taken_at_once_then_one_in_five_seconds_and_old_ones_never(void **state) {
  (void)state;
  struct liar *a = opened();
  struct bytes item;
  bytes_init(&item, LIMIT_FRAME);
  static const struct {
    uint64_t counter, wait_ms, kept;
  } STEPS[] = {{50, 10, 50},   {51, 10, 51}, {52, 10, 52},    {53, 10, 53},   {54, 10, 53}, {55, 4000, 53},
               {56, 1100, 56}, {57, 10, 56}, {58, 30000, 58}, {58, 6000, 58}, {7, 6000, 58}};
  for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
    sim_run(a->s, STEPS[i].wait_ms);
    seal(a, EE, &a->s->f.nodes[EE].node_key, 1, STEPS[i].counter, &item);
    const struct view view = bytes_view(&item);
    say_items(a, &view, 1);
    sim_run(a->s, 10);
    assert_true(keeps(a->s, IT, EE));
    assert_int_equal(said.counter, STEPS[i].kept);
  }
  assert_true(keeps(a->s, FR, EE)); /* sent on */
  assert_int_equal(said.counter, 58);
  sim_expect_only(a->s, IT, EE, NULL);
  bytes_release(&item);
  liar_free(a);
}

static void statements_of_strangers_and_of_other_identities_are_passed_over(void **state) {
  (void)state;
  struct liar *a = opened();
  struct bytes item;
  bytes_init(&item, LIMIT_FRAME);
  seal(a, EE, &a->s->f.nodes[EE].node_key, 2, 1, &item);
  struct view view = bytes_view(&item);
  say_items(a, &view, 1);
  sim_run(a->s, 6000);
  assert_false(keeps(a->s, IT, EE));
  said.holder.b[0] ^= 1;
  said.version = 1;
  bytes_clear(&item);
  assert_int_equal(holds_seal(&said, &a->s->f.charter.fed_id, &a->s->f.nodes[EE].node_key, &item, NULL), OK);
  view = bytes_view(&item);
  say_items(a, &view, 1);
  sim_run(a->s, 1000);
  sim_expect_only(a->s, IT, EE, NULL);
  bytes_release(&item);
  liar_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everybody_learns_what_everybody_holds_over_relays),
      cmocka_unit_test(a_member_that_is_gone_is_told_of_to_one_that_comes),
      cmocka_unit_test(each_statement_goes_over_a_line_once),
      cmocka_unit_test(missing_bodies_are_told),
      cmocka_unit_test(numbers_go_on_behind_those_of_a_lost_store),
      cmocka_unit_test(a_statement_of_another_is_believed_only_under_its_key),
      cmocka_unit_test(an_item_that_is_none_is_counted),
      cmocka_unit_test(four_of_a_holder_are_taken_at_once_then_one_in_five_seconds_and_old_ones_never),
      cmocka_unit_test(statements_of_strangers_and_of_other_identities_are_passed_over),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
