/*
 * test_exchange_faults: a member that lies. EE's part is played by the test, with EE's keys and EE's true log, but for one lie.
 * Each lie moves exactly one counter at IT, and IT and FR find one frontier as fast as without it.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/liar.h"

static uint64_t seed;

/* IT and FR publish while the lie is told, and must agree as fast as ever. */
static void honest_rounds(struct sim *s) {
  for (uint32_t round = 0; round < 6; round++) {
    sim_publish(s, round % 2 == 0 ? IT : FR, 5);
    uint64_t took = sim_converge(s, 400);
    assert_true(took <= 200);
    sim_run(s, 150);
  }
}

static struct liar *told(enum lie lie, const char *counter, uint32_t entries) {
  struct liar *a = liar_new(lie, entries, seed);
  liar_dial(a);
  honest_rounds(a->s);
  sim_run(a->s, 25000);
  sim_expect_only(a->s, IT, EE, counter);
  sim_expect_only(a->s, IT, FR, NULL);
  sim_expect_only(a->s, FR, IT, NULL);
  return a;
}

static uint64_t held_of_ee(const struct liar *a) {
  const struct hall_head *h = hall_head(a->s->f.nodes[IT].hall, &a->s->f.nodes[EE].id, 1);
  return h == NULL ? 0 : h->size;
}

static void a_played_member_that_tells_the_truth_moves_no_counter(void **state) {
  (void)state;
  struct liar *a = told(LIE_NONE, NULL, 10);
  assert_int_equal(held_of_ee(a), 12);
  liar_free(a);
}

#define LIE_TEST(name, lie, counter)                                                                                           \
  static void name(void **state) {                                                                                             \
    (void)state;                                                                                                               \
    liar_free(told(lie, counter, 10));                                                                                         \
  }
LIE_TEST(counts_a_frame_that_was_signed_for_another_link, LIE_OTHER_LINK, "frame.signature")
LIE_TEST(counts_a_frame_that_is_none, LIE_GARBAGE, "frame.format")
LIE_TEST(counts_a_greeting_over_its_limit, LIE_TOO_LARGE, "frame.too-large")
LIE_TEST(counts_a_frame_without_a_session, LIE_NO_HELLO, "frame.no-session")
LIE_TEST(counts_a_hello_of_another_federation, LIE_OTHER_FEDERATION, "hello.federation")
LIE_TEST(counts_a_hello_in_anothers_name, LIE_OTHER_NODE, "hello.peer")
LIE_TEST(counts_a_reserved_message, LIE_UNKNOWN_MESSAGE, "message.unknown")
LIE_TEST(counts_a_message_of_another_form, LIE_BROKEN_MESSAGE, "message.format")
LIE_TEST(counts_an_answer_that_nobody_asked_for, LIE_UNASKED_IDENT, "message.unasked")
LIE_TEST(counts_a_head_that_no_checkpoint_covers, LIE_FALSE_HEAD, "heads.unbacked")
LIE_TEST(counts_a_head_of_no_member, LIE_UNKNOWN_HEAD, "heads.unknown")
LIE_TEST(counts_endless_unasked_heads, LIE_ENDLESS_HEADS, "quota.frames")
LIE_TEST(counts_a_checkpoint_under_another_key, LIE_OTHER_KEY, "checkpoint.signature")
LIE_TEST(counts_a_checkpoint_of_another_log, LIE_OTHER_LOG, "checkpoint.format")
LIE_TEST(counts_data_that_was_not_asked_for, LIE_UNASKED_DATA, "data.unasked")
LIE_TEST(counts_a_peer_that_never_answers, LIE_SILENT, "timeout")

static void counts_one_changed_octet_and_pulls_the_true_ones_later(void **state) {
  (void)state;
  struct liar *a = told(LIE_FLIPPED, "pull.mismatch", 10);
  assert_int_equal(sim_counter(a->s, IT, EE, "pull.mismatch"), 1);
  assert_int_equal(held_of_ee(a), 12);
  liar_free(a);
}

static void counts_data_of_another_place_and_pulls_the_right_ones_later(void **state) {
  (void)state;
  struct liar *a = told(LIE_WRONG_PLACE, "data.format", 10);
  assert_int_equal(sim_counter(a->s, IT, EE, "data.format"), 1);
  assert_int_equal(held_of_ee(a), 12);
  liar_free(a);
}

static void asks_again_later_what_a_peer_did_not_hold(void **state) {
  (void)state;
  struct liar *a = told(LIE_NOT_HELD, "err.not-held", 10);
  assert_int_equal(held_of_ee(a), 12);
  liar_free(a);
}

static void counts_checkpoints_too_far_apart(void **state) {
  (void)state;
  struct liar *a = told(LIE_GAP, "checkpoint.gap", LIMIT_MILESTONE_ENTRIES + 100);
  assert_int_equal(held_of_ee(a), 0);
  liar_free(a);
}

/* More questions at once than anybody may have open; what fits is answered. */
static void say_gets(struct liar *a) {
  a->out.type = MSG_GET;
  a->out.has_req = true;
  a->out.u.get.node = a->s->f.nodes[IT].id;
  a->out.u.get.gen = 1;
  a->out.u.get.from = 0;
  a->out.u.get.to = 2;
  a->out.u.get.mode = GET_FULL;
  a->out.u.get.max_bytes = LIMIT_DATA_SOFT;
  for (a->out.req = 1; a->out.req <= 500; a->out.req++)
    liar_say(a);
}

static void counts_questions_over_the_quota_and_answers_the_rest(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 1000);
  a->s->stalled[EE] = true; /* it asks and does not read */
  say_gets(a);
  sim_run(a->s, 100);
  assert_int_equal(sim_counter(a->s, IT, EE, "quota.frames"), 500 - 1 - ASKS_MAX); /* one is parked, the others wait */
  honest_rounds(a->s);
  a->s->stalled[EE] = false;
  sim_run(a->s, 3000);
  assert_int_equal(sim_counter(a->s, IT, EE, "entries.served"), 2 * (1 + ASKS_MAX));
  sim_expect_only(a->s, IT, EE, "quota.frames");
  liar_free(a);
}

static void counts_unasked_octets_over_the_quota(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 500);
  a->out.has_req = false;
  for (uint32_t i = 0; i < 99; i++)
    liar_say_large(a);
  sim_run(a->s, 500);
  assert_int_equal(sim_counter(a->s, IT, EE, "quota.frames"), 0);
  assert_true(sim_counter(a->s, IT, EE, "quota.bytes") > 0);
  liar_free(a);
}

/* A message of n checkpoints of EE's log that nobody asked for, each of one entry more than EE has, and under that key. */
static void say_unasked(struct liar *a, uint32_t n, const struct signer *key) {
  struct fixture_node *ee = &a->s->f.nodes[EE];
  const struct hall_head *h = hall_head(ee->hall, &ee->id, 1);
  size_t ends[LIMIT_CHECKPOINTS + 1] = {0};
  bytes_clear(&a->storage);
  for (uint32_t i = 0; i < n; i++) {
    const struct checkpoint c = {
        .fed_id = a->self.fed_id, .node = ee->id, .gen = 1, .size = h->size + 1 + i, .root = a->s->f.nodes[FR].id};
    assert_int_equal(checkpoint_seal(&c, key, &a->storage, NULL), OK);
    ends[i + 1] = a->storage.len;
  }
  a->out.type = MSG_CKPT;
  a->out.u.ckpt.node = ee->id;
  a->out.u.ckpt.gen = 1;
  a->out.u.ckpt.n = n;
  for (uint32_t i = 0; i < n; i++)
    a->out.u.ckpt.texts[i] = view_of(a->storage.p + ends[i], ends[i + 1] - ends[i]);
  liar_say(a);
}

static void takes_no_more_than_one_checkpoint_that_nobody_asked_for(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 500);
  a->out.has_req = false;
  say_unasked(a, 2, &a->s->f.nodes[EE].editor);
  say_unasked(a, LIMIT_CHECKPOINTS, &a->s->f.nodes[EE].node_key);
  sim_run(a->s, 1000);
  assert_int_equal(sim_counter(a->s, IT, EE, "checkpoint.limit"), 2);
  sim_expect_only(a->s, IT, EE, "checkpoint.limit"); /* what was in them was not looked at */
  liar_free(a);
}

static void counts_checkpoints_under_a_question_that_was_never_asked(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 500);
  a->out.has_req = true;
  a->out.req = 1u << 30;
  say_unasked(a, LIMIT_CHECKPOINTS, &a->s->f.nodes[EE].editor);
  sim_run(a->s, 1000);
  assert_int_equal(sim_counter(a->s, IT, EE, "message.unasked"), 1);
  sim_expect_only(a->s, IT, EE, "message.unasked");
  liar_free(a);
}

/* HEADS of all three logs, as IT has them: three checkpoints may follow. */
static void say_heads_of_all(struct liar *a) {
  a->out.type = MSG_HEADS;
  a->out.u.heads.epoch = 1;
  memset(&a->out.u.heads.frontier_digest, 0, sizeof a->out.u.heads.frontier_digest);
  a->out.u.heads.n = 3;
  for (uint32_t i = 0; i < 3; i++) {
    const struct hall_head *h = hall_head(a->s->f.nodes[IT].hall, &a->s->f.nodes[i].id, 1);
    const uint64_t roll = liar_roll_of(a, i);
    assert_true(h != NULL && roll < 3);
    struct head *row = &a->out.u.heads.rows[roll];
    *row = (struct head){.roll = roll, .gen = 1, .size = h->size};
    memcpy(row->root8, h->root.b, sizeof row->root8);
  }
  liar_say(a);
}

static void verifies_no_more_unasked_checkpoints_than_the_quota(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 2500);
  a->out.has_req = false;
  for (uint32_t i = 0; i < 90; i++) {
    say_heads_of_all(a);
    for (uint32_t k = 0; k < 3; k++)
      say_unasked(a, 1, &a->s->f.nodes[EE].editor);
  }
  sim_run(a->s, 500);
  assert_int_equal(sim_counter(a->s, IT, EE, "checkpoint.signature"), LIMIT_UNASKED_TEXTS);
  assert_int_equal(sim_counter(a->s, IT, EE, "quota.checkpoints"), 3 * 90 - LIMIT_UNASKED_TEXTS);
  assert_int_equal(sim_counter(a->s, IT, EE, "quota.frames"), 0);
  sim_run(a->s, 1000); /* the next second has its own */
  say_unasked(a, 1, &a->s->f.nodes[EE].editor);
  sim_run(a->s, 500);
  assert_int_equal(sim_counter(a->s, IT, EE, "checkpoint.signature"), LIMIT_UNASKED_TEXTS + 1);
  liar_free(a);
}

/* Under whatever key: a true one would tell nothing either. */
static void does_not_verify_what_is_held(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 2500);
  assert_int_equal(held_of_ee(a), 12);
  a->out.has_req = false;
  for (uint32_t i = 0; i < 50; i++)
    liar_say_checkpoint(a, &a->s->f.nodes[EE].editor, EE);
  sim_run(a->s, 500);
  sim_expect_only(a->s, IT, EE, NULL);
  liar_free(a);
}

static void counts_another_root_of_our_size(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  liar_dial(a);
  sim_run(a->s, 1000);
  a->out.has_req = false;
  liar_say_heads(a, 0, true);
  honest_rounds(a->s);
  sim_expect_only(a->s, IT, EE, "heads.mismatch");
  liar_free(a);
}

static bool log_note_has(struct sim *s, uint32_t node, uint32_t log, const char *words) {
  json_t *status = exchange_status(s->nodes[node].exchange), *row;
  bool has = false;
  size_t i;
  json_array_foreach(json_object_get(status, "logs"), i, row) {
    bool is_log = strcmp(json_string_value(json_object_get(row, "handle")), s->f.nodes[log].handle) == 0;
    if (is_log) has = strstr(json_string_value(json_object_get(row, "note")), words) != NULL;
  }
  json_decref(status);
  return has;
}

/* FR's log is in EE's hand, and IT does not reach FR. */
static struct liar *relay(enum lie lie) {
  struct liar *a = liar_new(lie, 3, seed);
  sim_cut(a->s, IT, FR, true);
  sim_publish(a->s, FR, 30);
  fixture_transfer(&a->s->f.nodes[FR], &a->s->f.nodes[EE], 100);
  a->served = FR;
  liar_dial(a);
  return a;
}

/* FR's log out of EE's hand: changed on the way. The relay is at fault, FR is not, and FR's own word is taken instead. */
static void blames_the_relay_and_takes_the_log_from_another(void **state) {
  (void)state;
  struct liar *a = relay(LIE_FLIPPED);
  sim_run(a->s, 2000);
  sim_expect_only(a->s, IT, EE, "pull.mismatch");
  assert_true(log_note_has(a->s, IT, FR, "withheld at 32"));
  sim_cut(a->s, IT, FR, false);
  (void)sim_converge(a->s, 31000);
  assert_false(log_note_has(a->s, IT, FR, "withheld"));
  sim_expect_only(a->s, IT, FR, NULL);
  sim_expect_only(a->s, IT, EE, "pull.mismatch");
  liar_free(a);
}

/* EE serves FR's log and falls silent in the middle; FR has it too, so IT turns to FR within a second or so. */
static void leaves_a_sleeping_relay_for_another(void **state) {
  (void)state;
  struct liar *a = relay(LIE_SILENT);
  sim_run(a->s, 300);
  assert_true(a->n_gets > 0);
  sim_cut(a->s, IT, FR, false);
  a->s->nodes[IT].due_ms = a->s->nodes[FR].due_ms = a->s->f.now_ms;
  uint64_t took = sim_converge(a->s, 8000);
  print_message("left a sleeping relay after %" PRIu64 " ms\n", took);
  sim_run(a->s, 20000);
  sim_expect_only(a->s, IT, EE, "timeout");
  sim_expect_only(a->s, IT, FR, NULL);
  liar_free(a);
}

static void names_a_stranger_in_status(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 0, seed);
  struct link_id link = {.len = 3, .b = {'r', 'x', 'x'}};
  uint8_t curve[32] = {9, 9};
  exchange_receive(a->s->nodes[IT].exchange, &link, curve, view_of("x", 1));
  exchange_stranger(a->s->nodes[IT].exchange, curve);
  exchange_key_mismatch(a->s->nodes[IT].exchange, a->s->f.nodes[EE].curve);
  json_t *status = exchange_status(a->s->nodes[IT].exchange);
  json_t *strangers = json_object_get(status, "strangers");
  assert_int_equal(json_array_size(strangers), 1);
  assert_int_equal(json_integer_value(json_object_get(json_array_get(strangers, 0), "times")), 2);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(status, "counters"), "stranger")), 2);
  json_decref(status);
  sim_expect_only(a->s, IT, EE, "key-mismatch");
  liar_free(a);
}

/* Random octets, random changes of true frames: nothing but counters moves, and the honest ones go on. */
static void survives_noise(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 10, seed);
  for (uint32_t round = 0; round < 300; round++) {
    if (round % 10 == 0) liar_dial(a);
    uint8_t noise[200];
    size_t len = fixture_random(&a->s->f, sizeof noise);
    entropy_fill(&a->s->f.entropy, noise, len);
    bool is_true = fixture_random(&a->s->f, 2) == 0 && a->frame.len > 0;
    if (is_true) a->frame.p[fixture_random(&a->s->f, a->frame.len)] ^= (uint8_t)(1 + fixture_random(&a->s->f, 255));
    sim_send(a->s, EE, &a->link, is_true ? bytes_view(&a->frame) : view_of(noise, len));
    sim_run(a->s, 3);
  }
  honest_rounds(a->s);
  liar_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_played_member_that_tells_the_truth_moves_no_counter),
      cmocka_unit_test(counts_a_frame_that_was_signed_for_another_link),
      cmocka_unit_test(counts_a_frame_that_is_none),
      cmocka_unit_test(counts_a_greeting_over_its_limit),
      cmocka_unit_test(counts_a_frame_without_a_session),
      cmocka_unit_test(counts_a_hello_of_another_federation),
      cmocka_unit_test(counts_a_hello_in_anothers_name),
      cmocka_unit_test(counts_a_reserved_message),
      cmocka_unit_test(counts_a_message_of_another_form),
      cmocka_unit_test(counts_an_answer_that_nobody_asked_for),
      cmocka_unit_test(counts_a_head_that_no_checkpoint_covers),
      cmocka_unit_test(counts_a_head_of_no_member),
      cmocka_unit_test(counts_endless_unasked_heads),
      cmocka_unit_test(counts_questions_over_the_quota_and_answers_the_rest),
      cmocka_unit_test(counts_unasked_octets_over_the_quota),
      cmocka_unit_test(takes_no_more_than_one_checkpoint_that_nobody_asked_for),
      cmocka_unit_test(counts_checkpoints_under_a_question_that_was_never_asked),
      cmocka_unit_test(verifies_no_more_unasked_checkpoints_than_the_quota),
      cmocka_unit_test(does_not_verify_what_is_held),
      cmocka_unit_test(counts_another_root_of_our_size),
      cmocka_unit_test(counts_a_checkpoint_under_another_key),
      cmocka_unit_test(counts_a_checkpoint_of_another_log),
      cmocka_unit_test(counts_checkpoints_too_far_apart),
      cmocka_unit_test(counts_data_that_was_not_asked_for),
      cmocka_unit_test(counts_a_peer_that_never_answers),
      cmocka_unit_test(counts_one_changed_octet_and_pulls_the_true_ones_later),
      cmocka_unit_test(counts_data_of_another_place_and_pulls_the_right_ones_later),
      cmocka_unit_test(asks_again_later_what_a_peer_did_not_hold),
      cmocka_unit_test(blames_the_relay_and_takes_the_log_from_another),
      cmocka_unit_test(leaves_a_sleeping_relay_for_another),
      cmocka_unit_test(names_a_stranger_in_status),
      cmocka_unit_test(survives_noise),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
