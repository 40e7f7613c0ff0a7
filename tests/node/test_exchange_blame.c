/*
 * test_exchange_blame: who is blamed for what, who is not, and that no peer can hold a log up.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "protocol/canon.h"
#include "tests/sim/liar.h"

static uint64_t seed;

static uint64_t size_at(struct sim *s, uint32_t node, uint32_t log) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[log].id, 1);
  return h == NULL ? 0 : h->size;
}

static struct exchange_log *log_at(struct sim *s, uint32_t node, uint32_t log) {
  uint32_t index = NONE;
  struct exchange_log *found = log_of(s->nodes[node].exchange, &s->f.nodes[log].id, 1, &index);
  assert_non_null(found);
  return found;
}

/* ---- a source that answers in crumbs ---- */

static struct {
  struct message asked[LIMIT_GETS * 4];
  uint32_t n;
  uint64_t honest_below;
} crumbs;

/* Answers one of the questions in hand with entries from..to. */
static void answer_one(struct liar *a, uint32_t at, uint64_t to) {
  const struct message asked = crumbs.asked[at];
  struct hash node = liar_served_id(a);
  crumbs.asked[at] = crumbs.asked[--crumbs.n];
  bytes_clear(&a->storage);
  assert_int_equal(hall_window(a->s->f.nodes[EE].hall, &node, 1, asked.u.get.from, to, 0, LIMIT_DATA_SOFT, &a->storage,
                               &a->out.u.data.count, NULL),
                   OK);
  a->out.type = MSG_DATA;
  a->out.has_req = true;
  a->out.req = asked.req;
  a->out.u.data.node = node;
  a->out.u.data.gen = 1;
  a->out.u.data.from = asked.u.get.from;
  a->out.u.data.encoding = 0;
  a->out.u.data.window = bytes_view(&a->storage);
  liar_say(a);
}

/* Whole answers below honest_below. Else, once four are asked: one entry of the lowest range that is not the first; the first
 * is never answered. */
static bool give_crumbs(struct liar *a) {
  uint32_t best = NONE;
  if (a->in.type != MSG_GET) return false;
  assert_true(crumbs.n < LIMIT_GETS * 4);
  crumbs.asked[crumbs.n++] = a->in;
  bool is_honest = a->in.u.get.from < crumbs.honest_below;
  if (is_honest) answer_one(a, crumbs.n - 1, a->in.u.get.to);
  if (is_honest || crumbs.n < LIMIT_GETS) return true;
  for (uint32_t i = 0; i < crumbs.n; i++) {
    uint64_t from = crumbs.asked[i].u.get.from;
    bool is_lower = best == NONE || from < crumbs.asked[best].u.get.from;
    if (from > crumbs.honest_below && crumbs.asked[i].u.get.to - from > 1 && is_lower) best = i;
  }
  if (best != NONE) answer_one(a, best, crumbs.asked[best].u.get.from + 1);
  return true;
}

static void crumbs_lose_no_position(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 1500, seed);
  memset(&crumbs, 0, sizeof crumbs);
  a->hook = give_crumbs;
  liar_dial(a);
  sim_run(a->s, 800);
  assert_int_equal(size_at(a->s, IT, EE), 0);
  sim_cut(a->s, EE, IT, false);
  crumbs.n = 0;
  crumbs.honest_below = UINT64_MAX;
  liar_dial(a);
  sim_run(a->s, 3000);
  assert_int_equal(size_at(a->s, IT, EE), 1502);
  liar_free(a);
}

static void a_pull_that_nothing_will_come_for_is_begun_anew(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 600, seed);
  memset(&crumbs, 0, sizeof crumbs);
  a->hook = give_crumbs;
  liar_dial(a);
  sim_run(a->s, 300);
  struct exchange_log *log = log_at(a->s, IT, EE);
  uint32_t index = NONE;
  (void)log_of(a->s->nodes[IT].exchange, &log->node, 1, &index);
  assert_true(log->n_slots > 0);
  request_leave(a->s->nodes[IT].exchange, NONE, index, MSG_GET, REQUEST_CANCELLED); /* forgotten, by whatever fault of ours */
  log->next = log->slots[log->n_slots - 1].milestone.size;
  log->n_holes = 0;
  crumbs.honest_below = UINT64_MAX;
  sim_run(a->s, 3000);
  assert_int_equal(size_at(a->s, IT, EE), 602);
  sim_expect_only(a->s, IT, EE, NULL);
  liar_free(a);
}

/* Two steps: the first is served as it should be, the second in crumbs, one every few ms. */
#define FIRST_STEP 258

static bool give_second_in_crumbs(struct liar *a) {
  const uint64_t sizes[] = {FIRST_STEP, FIRST_STEP + 1024};
  size_t ends[2];
  if (a->in.type != MSG_WANT || a->in.u.want.what != WANT_CKPT) return give_crumbs(a);
  liar_answer_to(a, MSG_CKPT);
  a->out.u.ckpt.node = liar_served_id(a);
  a->out.u.ckpt.gen = 1;
  a->out.u.ckpt.n = 2;
  bytes_clear(&a->storage);
  for (uint32_t i = 0; i < 2; i++) {
    fixture_checkpoint(&a->s->f.nodes[EE], &a->out.u.ckpt.node, sizes[i], &a->storage);
    ends[i] = a->storage.len;
  }
  a->out.u.ckpt.texts[0] = view_of(a->storage.p, ends[0]);
  a->out.u.ckpt.texts[1] = view_of(a->storage.p + ends[0], ends[1] - ends[0]);
  liar_say(a);
  return true;
}

static void a_source_that_spreads_its_second_step_does_not_hold_up_the_first(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 1500, seed);
  memset(&crumbs, 0, sizeof crumbs);
  crumbs.honest_below = FIRST_STEP;
  a->hook = give_second_in_crumbs;
  liar_dial(a);
  sim_run(a->s, 1000);
  assert_int_equal(size_at(a->s, IT, EE), FIRST_STEP);
  uint64_t octets = a->s->octets;
  sim_run(a->s, 1000);
  assert_true(a->s->octets > octets + 50000); /* it still answers */
  assert_int_equal(size_at(a->s, IT, EE), FIRST_STEP);
  liar_free(a);
}

/* ---- bodies that are too large ---- */

/* True envelopes with other bodies, so large that a milestone's worth is over its limit soon. */
static void write_large(struct liar *a, uint64_t from, uint64_t to, struct bytes *out) {
  static const uint8_t zeros[LIMIT_BODY];
  struct hash node = liar_served_id(a);
  uint64_t count = 0;
  bytes_clear(&a->storage);
  assert_int_equal(hall_window(a->s->f.nodes[EE].hall, &node, 1, from, to, 0, LIMIT_DATA_SOFT, &a->storage, &count, NULL), OK);
  struct canon_reader r = canon_reader(bytes_view(&a->storage));
  struct canon_writer w = canon_writer(out);
  assert_int_equal(canon_array(&r, LIMIT_MILESTONE_ENTRIES), count);
  canon_put_array(&w, (uint32_t)count);
  for (uint64_t i = 0; i < count; i++) {
    struct item item;
    item_read(&r, &item);
    if (item.body.len > 0) item.body = view_of(zeros, sizeof zeros);
    item_write(&w, &item);
  }
  assert_int_equal(canon_written(&w, "window", NULL), OK);
}

static bool give_large(struct liar *a) {
  struct bytes raw, packed;
  if (a->in.type != MSG_GET) return false;
  bytes_init(&raw, LIMIT_DATA_RAW);
  bytes_init(&packed, LIMIT_DATA_RAW);
  uint64_t from = a->in.u.get.from, to = a->in.u.get.to - from > 3 ? from + 3 : a->in.u.get.to;
  write_large(a, from, to, &raw);
  liar_answer_to(a, MSG_DATA);
  a->out.u.data.node = liar_served_id(a);
  a->out.u.data.gen = 1;
  a->out.u.data.from = from;
  a->out.u.data.count = to - from;
  assert_int_equal(window_pack(bytes_view(&raw), &packed, &a->out.u.data.encoding, NULL), OK);
  a->out.u.data.window = bytes_view(&packed);
  liar_say(a);
  bytes_release(&raw);
  bytes_release(&packed);
  return true;
}

static void too_many_octets_are_the_fault_of_who_served_them(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 100, seed);
  a->hook = give_large;
  liar_dial(a);
  sim_run(a->s, 5000);
  sim_expect_only(a->s, IT, EE, "data.limit");
  a->hook = NULL;
  sim_run(a->s, 20000);
  assert_int_equal(sim_counter(a->s, IT, EE, "data.limit"), 1);
  assert_int_equal(size_at(a->s, IT, EE), 102);
  liar_free(a);
}

/* ---- what is our own doing ---- */

/* IT is in the middle of a pull from FR. */
static struct liar *pulling_from_fr(void) {
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct sim *s = a->s;
  s->delay_ms = 30;
  sim_publish(s, FR, 50);
  for (uint32_t i = 0; i < 200 && log_at(s, IT, FR)->n_slots == 0; i++)
    sim_run(s, 1);
  assert_true(log_at(s, IT, FR)->n_slots > 0);
  return a;
}

static void our_own_sleep_makes_nobody_late(void **state) {
  (void)state;
  struct liar *a = pulling_from_fr();
  struct sim *s = a->s;
  s->f.now_ms += 11000;
  (void)exchange_tick(s->nodes[IT].exchange);
  sim_run(s, 200);
  assert_int_equal(size_at(s, IT, FR), 52);
  sim_expect_only(s, IT, FR, NULL);
  liar_free(a);
}

static void a_log_that_was_moved_by_an_import_is_nobodys_fault(void **state) {
  (void)state;
  struct liar *a = pulling_from_fr();
  struct sim *s = a->s;
  fixture_transfer(&s->f.nodes[FR], &s->f.nodes[IT], 100);
  sim_run(s, 500);
  sim_publish(s, FR, 5);
  (void)sim_converge(s, 500);
  sim_expect_only(s, IT, FR, NULL);
  liar_free(a);
}

static void a_log_that_is_paused_is_nobodys_fault_and_waited_for_by_nobody(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct sim *s = a->s;
  uint64_t held = size_at(s, IT, FR);
  s->f.nodes[IT].hall->config.log_bodies = 1;
  sim_publish(s, FR, 50);
  sim_run(s, 3000);
  assert_int_equal(size_at(s, IT, FR), held);
  assert_true(log_at(s, IT, FR)->is_paused);
  assert_true(exchange_idle(s->nodes[IT].exchange));
  assert_non_null(strstr(log_at(s, IT, FR)->note, "paused: quota"));
  sim_expect_only(s, IT, FR, NULL);
  s->f.nodes[IT].hall->config.log_bodies = 0;
  (void)sim_converge(s, 40000);
  assert_false(log_at(s, IT, FR)->is_paused);
  liar_free(a);
}

/* ---- two roots ---- */

/* A checkpoint of `log` as large as `size`, with a root of nothing. */
static void say_other_root(struct liar *a, uint32_t log, uint64_t size, const struct signer *key) {
  struct fixture_node *owner = &a->s->f.nodes[log];
  struct checkpoint c = {.fed_id = a->self.fed_id, .node = owner->id, .gen = 1, .size = size};
  memset(&c.root, 7, sizeof c.root);
  bytes_clear(&a->storage);
  assert_int_equal(checkpoint_seal(&c, key, &a->storage, NULL), OK);
  a->out.type = MSG_CKPT;
  a->out.has_req = false;
  a->out.u.ckpt.node = owner->id;
  a->out.u.ckpt.gen = 1;
  a->out.u.ckpt.n = 1;
  a->out.u.ckpt.texts[0] = bytes_view(&a->storage);
  liar_say(a);
}

static bool hold_nothing(struct liar *a) {
  if (a->in.type != MSG_GET) return false;
  liar_answer_to(a, MSG_ERR);
  a->out.u.error.code = MSGERR_NOT_HELD;
  a->out.u.error.text = view_of_text("not held");
  a->out.u.error.retry_after = 0;
  liar_say(a);
  return true;
}

static void two_roots_of_a_size_that_is_not_held_are_the_owners_fault(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct sim *s = a->s;
  uint64_t held = size_at(s, IT, FR);
  sim_cut(s, IT, FR, true);
  sim_publish(s, FR, 20);
  a->hook = hold_nothing;
  liar_dial(a);
  sim_run(s, 200);
  say_other_root(a, FR, held + 20, &s->f.nodes[FR].node_key);
  sim_run(s, 200);
  assert_int_equal(sim_counter(s, IT, FR, "checkpoint.fork"), 0);
  sim_cut(s, IT, FR, false);
  sim_run(s, 60000);
  sim_expect_only(s, IT, FR, "checkpoint.fork");
  sim_expect_only(s, IT, EE, "err.not-held");
  assert_int_equal(sim_counter(s, IT, FR, "checkpoint.fork"), 1);
  assert_int_equal(size_at(s, IT, FR), held); /* neither branch */
  assert_non_null(strstr(log_at(s, IT, FR)->note, "forked from"));
  liar_free(a);
}

static void another_root_of_the_size_that_is_held_is_the_owners_fault(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  liar_dial(a);
  sim_run(a->s, 200);
  say_other_root(a, FR, size_at(a->s, IT, FR), &a->s->f.nodes[FR].node_key);
  sim_run(a->s, 3000);
  sim_expect_only(a->s, IT, FR, "checkpoint.fork");
  sim_expect_only(a->s, IT, EE, NULL);
  assert_true(exchange_idle(a->s->nodes[IT].exchange));
  liar_free(a);
}

static void a_checkpoint_under_no_key_of_its_owner_is_not_believed(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct federation *f = &a->s->f.nodes[IT].federation;
  for (uint32_t i = 0; i < f->epoch.n_members; i++)
    f->members[i].identity.version = 2; /* the node key stays with the generation */
  liar_dial(a);
  sim_run(a->s, 200);
  say_other_root(a, FR, size_at(a->s, IT, FR), &a->s->f.nodes[EE].editor);
  sim_run(a->s, 200);
  sim_expect_only(a->s, IT, EE, "checkpoint.signature");
  sim_expect_only(a->s, IT, FR, NULL);
  liar_free(a);
}

/* ---- sessions, questions, quotas ---- */

static void a_new_session_does_not_wash_a_lie_away(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_FLIPPED, 10, seed);
  liar_dial(a);
  sim_run(a->s, 500);
  assert_int_equal(sim_counter(a->s, IT, EE, "pull.mismatch"), 1);
  uint32_t n_gets = a->n_gets;
  for (uint32_t i = 0; i < 5; i++) {
    sim_cut(a->s, EE, IT, false);
    liar_dial(a);
    sim_run(a->s, 500);
  }
  assert_int_equal(a->n_gets, n_gets);
  sim_run(a->s, 10000);
  assert_int_equal(size_at(a->s, IT, EE), 12);
  liar_free(a);
}

static uint64_t heads_seen[2];

static bool note_heads(struct liar *a) {
  if (a->in.type == MSG_HEADS && a->in.has_req && a->in.req - 501 < 2) heads_seen[a->in.req - 501]++;
  return false;
}

static void each_question_for_heads_is_answered(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  memset(heads_seen, 0, sizeof heads_seen);
  a->hook = note_heads;
  liar_dial(a);
  sim_run(a->s, 500);
  a->out.type = MSG_WANT;
  a->out.has_req = true;
  a->out.u.want.what = WANT_HEADS;
  a->s->stalled[EE] = true; /* the first answer is refused, the others wait together */
  for (a->out.req = 500; a->out.req <= 502; a->out.req++)
    liar_say(a);
  sim_run(a->s, 100);
  a->s->stalled[EE] = false;
  sim_run(a->s, 2000);
  assert_int_equal(heads_seen[0], 1);
  assert_int_equal(heads_seen[1], 1);
  liar_free(a);
}

static void checkpoints_that_follow_heads_are_outside_the_quota(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  liar_dial(a);
  sim_run(a->s, 2000);
  for (uint32_t i = 0; i < 90; i++) {
    a->out.has_req = false;
    liar_say_heads(a, 0, false);
    liar_say_checkpoint(a, NULL, EE);
  }
  sim_run(a->s, 500);
  sim_expect_only(a->s, IT, EE, NULL);
  for (uint32_t i = 0; i < 90; i++)
    liar_say_checkpoint(a, NULL, EE); /* these follow nothing */
  sim_run(a->s, 100);
  sim_expect_only(a->s, IT, EE, "quota.frames");
  liar_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crumbs_lose_no_position),
      cmocka_unit_test(a_source_that_spreads_its_second_step_does_not_hold_up_the_first),
      cmocka_unit_test(a_pull_that_nothing_will_come_for_is_begun_anew),
      cmocka_unit_test(too_many_octets_are_the_fault_of_who_served_them),
      cmocka_unit_test(our_own_sleep_makes_nobody_late),
      cmocka_unit_test(a_log_that_was_moved_by_an_import_is_nobodys_fault),
      cmocka_unit_test(a_log_that_is_paused_is_nobodys_fault_and_waited_for_by_nobody),
      cmocka_unit_test(two_roots_of_a_size_that_is_not_held_are_the_owners_fault),
      cmocka_unit_test(another_root_of_the_size_that_is_held_is_the_owners_fault),
      cmocka_unit_test(a_checkpoint_under_no_key_of_its_owner_is_not_believed),
      cmocka_unit_test(a_new_session_does_not_wash_a_lie_away),
      cmocka_unit_test(each_question_for_heads_is_answered),
      cmocka_unit_test(checkpoints_that_follow_heads_are_outside_the_quota),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
