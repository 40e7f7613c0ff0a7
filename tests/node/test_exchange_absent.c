/*
 * test_exchange_absent: entries whose bodies a relay lacks (docs/protocol.md 7.4): kept, counted, asked of others later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "node/store/statement.h"
#include "protocol/canon.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"
#include "tests/sim/liar.h"

static uint64_t seed;

#define N_CASES 700

/* A node that is down loses the bodies of a log's entries from <= i < to, and what was derived from them. */
static void lose_bodies(struct fixture_node *node, const struct hash *log_node, uint64_t from, uint64_t to) {
  static const char sql[] = "UPDATE entry SET state = 3, salt = NULL, body = NULL WHERE id >= ?1 AND id < ?2 AND state = 1";
  struct log log;
  sqlite3_stmt *st = NULL;
  assert_int_equal(log_find(node->store, log_node, 1, &log, NULL), OK);
  assert_int_equal(sqlite3_prepare_v2(store_db(node->store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_bind_int64(st, 1, entry_rowid(log.no, from)), SQLITE_OK);
  assert_int_equal(sqlite3_bind_int64(st, 2, entry_rowid(log.no, to)), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_DONE);
  (void)sqlite3_finalize(st);
  fixture_close(node);
  fixture_open(node);
  assert_int_equal(derive_rebuild(node->store, &node->federation, node->all->schemas, NULL, NULL, NULL), OK);
}

static void expect_same_rebuilt(struct fixture_node *node, struct bytes *before) {
  struct bytes again;
  struct err err = ERR_INIT;
  bytes_init(&again, DUMP_MAX);
  bytes_clear(before);
  dump_derived(node, false, before);
  assert_int_equal(derive_rebuild(node->store, &node->federation, node->all->schemas, NULL, NULL, &err), OK);
  dump_derived(node, false, &again);
  assert_string_equal(bytes_text(before), bytes_text(&again));
  bytes_release(&again);
}

/* IT publishes, FR holds all but some bodies, IT is gone, EE comes. */
static struct sim *begin(uint64_t from, uint64_t to) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, 3, seed);
  sim_publish(s, IT, N_CASES);
  sim_up(s, IT, false);
  sim_up(s, FR, false);
  (void)sim_converge(s, 5000);
  sim_down(s, IT);
  sim_down(s, FR);
  lose_bodies(&s->f.nodes[FR], &s->f.nodes[IT].id, from, to);
  sim_up(s, FR, false);
  sim_up(s, EE, false);
  sim_run(s, 20000);
  return s;
}

static void what_a_relay_lacks_is_kept_counted_and_asked_of_others(void **state) {
  const uint64_t lost = 400;
  struct bytes dumps[2];
  (void)state;
  struct sim *s = begin(100, 100 + lost);
  struct fixture_node *ee = &s->f.nodes[EE];
  bytes_init(&dumps[0], DUMP_MAX);
  bytes_init(&dumps[1], DUMP_MAX);
  assert_int_equal(hall_head(ee->hall, &s->f.nodes[IT].id, 1)->size, N_CASES + 2);
  assert_int_equal(hall_bodies_missing(s->f.nodes[FR].hall), lost);
  assert_int_equal(hall_bodies_missing(ee->hall), lost);
  sim_expect_only(s, EE, FR, NULL);
  sim_expect_only(s, FR, EE, NULL);
  expect_same_rebuilt(ee, &dumps[0]);
  assert_true(exchange_idle(s->nodes[EE].exchange)); /* nobody who is there could give more */
  sim_up(s, IT, false);
  sim_run(s, 40000);
  assert_int_equal(hall_bodies_missing(ee->hall), 0);
  assert_int_equal(hall_bodies_missing(s->f.nodes[FR].hall), 0);
  assert_int_equal(sim_counter(s, EE, IT, "entries.filled") + sim_counter(s, EE, FR, "entries.filled"), lost);
  sim_expect_only(s, EE, IT, NULL);
  expect_same_rebuilt(ee, &dumps[0]);
  expect_same_rebuilt(&s->f.nodes[IT], &dumps[1]);
  assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[1]));
  sim_down(s, EE); /* what is counted at the start is what was counted on the way */
  fixture_close(ee);
  fixture_open(ee);
  assert_int_equal(hall_bodies_missing(ee->hall), 0);
  bytes_release(&dumps[0]);
  bytes_release(&dumps[1]);
  sim_release(s);
  free(s);
}

/* Carries IT's log to EE's hall with one item changed; the last error. */
static enum err_code carry_changed(struct sim *s, uint64_t at, enum item_state as, struct err *err) {
  struct fixture_node *it = &s->f.nodes[IT];
  struct bytes window;
  struct bytes changed;
  struct bytes text;
  struct pull *pull = NULL;
  uint64_t count = 0;
  bytes_init(&window, LIMIT_DATA_RAW);
  bytes_init(&changed, LIMIT_DATA_RAW);
  bytes_init(&text, LIMIT_CHECKPOINT);
  const uint64_t size = hall_head(it->hall, &it->id, 1)->size;
  assert_int_equal(hall_window(it->hall, &it->id, 1, 0, size, GET_FULL, LIMIT_DATA_RAW, &window, &count, err), OK);
  assert_int_equal(count, size);
  struct canon_reader r = canon_reader(bytes_view(&window));
  struct canon_writer w = canon_writer(&changed);
  canon_put_array(&w, canon_array(&r, LIMIT_MILESTONE_ENTRIES));
  for (uint64_t i = 0; i < count; i++) {
    struct item item;
    item_read(&r, &item);
    item.state = i == at ? as : item.state;
    item_write(&w, &item);
  }
  assert_int_equal(canon_written(&w, "window", err), OK);
  fixture_checkpoint(it, &it->id, 0, &text);
  assert_int_equal(hall_pull_begin(s->f.nodes[EE].hall, bytes_view(&text), 0, &pull, err), OK);
  enum err_code code = hall_pull_add(pull, bytes_view(&changed), err);
  if (code == OK) {
    code = hall_pull_finish(pull, NULL, err);
  } else {
    hall_pull_abort(pull);
  }
  bytes_release(&window);
  bytes_release(&changed);
  bytes_release(&text);
  return code;
}

static void what_may_not_be_absent_is_refused_with_its_reason(void **state) {
  struct sim *s = malloc(sizeof *s);
  struct err err = ERR_INIT;
  (void)state;
  assert_non_null(s);
  sim_found(s, 3, seed);
  sim_publish(s, IT, 3);
  assert_int_equal(carry_changed(s, 0, ITEM_ABSENT, &err), ERR_MISMATCH); /* an identity */
  assert_non_null(strstr(err.message, "a body is missing"));
  assert_int_equal(carry_changed(s, 2, ITEM_BODILESS, &err), ERR_MISMATCH);
  assert_non_null(strstr(err.message, "a body is missing"));
  assert_int_equal(carry_changed(s, 0, ITEM_GONE, &err), ERR_MISMATCH);
  assert_null(hall_head(s->f.nodes[EE].hall, &s->f.nodes[IT].id, 1));
  assert_int_equal(carry_changed(s, 2, ITEM_GONE, &err), OK); /* without its takedown that is no more than absent */
  assert_int_equal(hall_bodies_missing(s->f.nodes[EE].hall), 1);
  sim_release(s);
  free(s);
}

/* Writes a window of one item of mode 2. */
static void write_beside(struct bytes *out, const struct item *item) {
  struct canon_writer w = canon_writer(out);
  bytes_clear(out);
  canon_put_array(&w, 1);
  item_beside_write(&w, item);
  assert_int_equal(canon_written(&w, "window", NULL), OK);
}

static void only_the_body_that_was_committed_to_fills(void **state) {
  struct sim *s = malloc(sizeof *s);
  struct err err = ERR_INIT;
  struct bytes window;
  struct bytes whole;
  uint64_t filled = 0;
  uint64_t count = 0;
  uint64_t index = 0;
  struct item item;
  (void)state;
  assert_non_null(s);
  sim_found(s, 3, seed);
  sim_publish(s, IT, 3);
  assert_int_equal(carry_changed(s, 3, ITEM_ABSENT, &err), OK);
  struct hall *hall = s->f.nodes[EE].hall;
  const struct hash *node = &s->f.nodes[IT].id;
  bytes_init(&window, LIMIT_DATA_RAW);
  bytes_init(&whole, LIMIT_DATA_RAW);
  assert_int_equal(hall_absent(hall, node, 1, 0, &index, &err), OK);
  assert_int_equal(index, 3);
  assert_int_equal(hall_absent(hall, node, 1, 4, &index, &err), ERR_NOT_FOUND);
  assert_int_equal(hall_window(s->f.nodes[IT].hall, node, 1, 3, 4, GET_BODIES, LIMIT_DATA_RAW, &whole, &count, &err), OK);
  struct canon_reader r = canon_reader(bytes_view(&whole));
  (void)canon_array(&r, 1);
  item_beside_read(&r, &item);
  assert_int_equal(canon_finish(&r, "window", &err), OK);
  assert_int_equal(item.state, ITEM_WHOLE);
  struct item other = item;
  other.salt.b[0] ^= 1;
  write_beside(&window, &other);
  assert_int_equal(hall_fill(hall, node, 1, 3, bytes_view(&window), &filled, &err), ERR_MISMATCH);
  other.state = ITEM_GONE;
  write_beside(&window, &other);
  assert_int_equal(hall_fill(hall, node, 1, 3, bytes_view(&window), &filled, &err), OK);
  assert_int_equal(filled, 0);
  other.state = ITEM_ABSENT;
  write_beside(&window, &other);
  assert_int_equal(hall_fill(hall, node, 1, 3, bytes_view(&window), &filled, &err), OK);
  assert_int_equal(filled, 0);
  assert_int_equal(hall_fill(hall, node, 1, 2, bytes_view(&whole), &filled, &err), OK); /* nothing is absent there */
  assert_int_equal(filled, 0);
  assert_int_equal(hall_fill(hall, node, 1, 5, bytes_view(&whole), &filled, &err), ERR_FORMAT); /* nothing is held there */
  assert_int_equal(hall_bodies_missing(hall), 1);
  assert_int_equal(hall_fill(hall, node, 1, 3, bytes_view(&whole), &filled, &err), OK);
  assert_int_equal(filled, 1);
  assert_int_equal(hall_bodies_missing(hall), 0);
  bytes_release(&window);
  bytes_release(&whole);
  sim_release(s);
  free(s);
}

/* EE has all of IT's log, and false bodies. */
static bool give_false_bodies(struct liar *a) {
  if (a->in.type != MSG_GET || a->in.u.get.mode != GET_BODIES) return false;
  struct hash node = liar_served_id(a);
  bytes_clear(&a->storage);
  assert_int_equal(hall_window(a->s->f.nodes[EE].hall, &node, 1, a->in.u.get.from, a->in.u.get.to, GET_BODIES, LIMIT_DATA_SOFT,
                               &a->storage, &a->out.u.data.count, NULL),
                   OK);
  a->storage.p[a->storage.len - 1] ^= 1;
  a->lied = true;
  liar_answer_to(a, MSG_DATA);
  a->out.u.data.node = node;
  a->out.u.data.gen = 1;
  a->out.u.data.from = a->in.u.get.from;
  a->out.u.data.encoding = 0;
  a->out.u.data.window = bytes_view(&a->storage);
  liar_say(a);
  return true;
}

static void a_false_body_is_the_fault_of_who_served_it(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 5, seed);
  struct sim *s = a->s;
  liar_dial(a);
  sim_run(s, 1000);
  assert_int_equal(hall_head(s->f.nodes[IT].hall, &s->f.nodes[EE].id, 1)->size, 7);
  sim_cut(s, EE, IT, false);
  sim_down(s, IT);
  lose_bodies(&s->f.nodes[IT], &s->f.nodes[EE].id, 4, 7);
  sim_cut(s, IT, FR, true); /* who could give them */
  sim_up(s, IT, false);
  a->hook = give_false_bodies;
  a->lied = false;
  liar_dial(a);
  sim_run(s, 5000);
  assert_true(a->lied);
  sim_expect_only(s, IT, EE, "fill.mismatch");
  assert_int_equal(hall_bodies_missing(s->f.nodes[IT].hall), 3);
  sim_cut(s, IT, FR, false);
  sim_run(s, 40000);
  assert_int_equal(hall_bodies_missing(s->f.nodes[IT].hall), 0);
  assert_int_equal(sim_counter(s, IT, FR, "entries.filled"), 3);
  liar_free(a);
}

/* Else who has them would find the same milestone too far away. */
static void absent_bodies_count_towards_what_a_milestone_may_hold(void **state) {
  static struct fixture f;
  static struct own_log log;
  static uint8_t body[LIMIT_BODY];
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 2, seed, false);
  memset(&log, 0, sizeof log);
  log.node = &f.nodes[0];
  add_identity(&log);
  while (log.n <= LIMIT_MILESTONE_BYTES / LIMIT_BODY + 2) {
    add_odd(&log, &f.nodes[0].editor, h, view_of(body, sizeof body));
    log.records[log.n - 1].item.state = ITEM_ABSENT;
  }
  assert_int_equal(own_carry(&log, f.nodes[1].hall, 0, log.n, 8, NULL, &err), ERR_LIMIT);
  assert_int_equal(own_carry(&log, f.nodes[1].hall, 0, log.n - 2, 8, NULL, &err), OK);
  own_release(&log);
  fixture_release(&f);
}

/* The last question for bodies, which EE lacks all. */
static struct { uint64_t from, to, req; } asked;

static bool is_for_bodies(struct liar *a) {
  if (a->in.type != MSG_GET || a->in.u.get.mode != GET_BODIES) return false;
  asked.from = a->in.u.get.from;
  asked.to = a->in.u.get.to;
  asked.req = a->in.req;
  a->n_gets++;
  return true;
}

/* The answer, of `count` positions at most. */
static void say_absent(struct liar *a, uint64_t count) {
  const struct item absent = {.state = ITEM_ABSENT};
  struct message *m = &a->out;
  *m = (struct message){.type = MSG_DATA, .has_req = true, .req = asked.req};
  m->u.data.node = liar_served_id(a);
  m->u.data.gen = 1;
  m->u.data.from = asked.from;
  m->u.data.count = asked.to - asked.from < count ? asked.to - asked.from : count;
  bytes_clear(&a->storage);
  struct canon_writer w = canon_writer(&a->storage);
  canon_put_array(&w, (uint32_t)m->u.data.count);
  for (uint64_t i = 0; i < m->u.data.count; i++)
    item_beside_write(&w, &absent);
  assert_int_equal(canon_written(&w, "window", NULL), OK);
  m->u.data.window = bytes_view(&a->storage);
  liar_say(a);
}

static bool say_one_is_absent(struct liar *a) {
  if (!is_for_bodies(a)) return false;
  say_absent(a, 1);
  return true;
}

/* IT has lost the bodies of EE's log, and reaches EE alone, who has none of them. */
static struct liar *begin_without_bodies(uint32_t n_cases, bool (*hook)(struct liar *a)) {
  struct liar *a = liar_new(LIE_NONE, n_cases, seed);
  struct sim *s = a->s;
  liar_dial(a);
  sim_run(s, 3000);
  assert_int_equal(hall_head(s->f.nodes[FR].hall, &s->f.nodes[EE].id, 1)->size, n_cases + 2);
  sim_cut(s, EE, IT, false);
  sim_down(s, IT);
  lose_bodies(&s->f.nodes[IT], &s->f.nodes[EE].id, 2, n_cases + 2);
  sim_cut(s, IT, FR, true);
  sim_up(s, IT, false);
  a->hook = hook;
  a->n_gets = 0;
  liar_dial(a);
  sim_run(s, 200);
  return a;
}

static void who_lacks_bodies_and_says_so_one_by_one_is_left_for_another(void **state) {
  (void)state;
  struct liar *a = begin_without_bodies(40, say_one_is_absent);
  sim_cut(a->s, IT, FR, false);
  sim_run(a->s, 40000);
  assert_int_equal(hall_bodies_missing(a->s->f.nodes[IT].hall), 0);
  assert_in_range(a->n_gets, 1, 3);
  liar_free(a);
}

/* Every answer is whole and in time, and none is of use. */
static void who_lacks_bodies_and_says_so_slowly_is_left_for_another(void **state) {
  (void)state;
  struct liar *a = begin_without_bodies(1000, is_for_bodies);
  struct sim *s = a->s;
  sim_cut(s, IT, FR, false);
  assert_int_equal(a->n_gets, 1);
  sim_run(s, 4000);
  say_absent(a, UINT64_MAX);
  sim_run(s, 500);
  assert_int_equal(a->n_gets, 2); /* it may have others: they are asked for in their order */
  assert_int_equal(asked.from, 2 + 256);
  sim_run(s, 4000);
  assert_int_equal(hall_bodies_missing(s->f.nodes[IT].hall), 1000);
  say_absent(a, UINT64_MAX);
  sim_run(s, 3000);
  assert_int_equal(a->n_gets, 2);
  assert_int_equal(hall_bodies_missing(s->f.nodes[IT].hall), 0);
  assert_int_equal(sim_counter(s, IT, FR, "entries.filled"), 1000);
  sim_expect_only(s, IT, EE, NULL);
  liar_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_a_relay_lacks_is_kept_counted_and_asked_of_others),
      cmocka_unit_test(what_may_not_be_absent_is_refused_with_its_reason),
      cmocka_unit_test(only_the_body_that_was_committed_to_fills),
      cmocka_unit_test(a_false_body_is_the_fault_of_who_served_it),
      cmocka_unit_test(absent_bodies_count_towards_what_a_milestone_may_hold),
      cmocka_unit_test(who_lacks_bodies_and_says_so_one_by_one_is_left_for_another),
      cmocka_unit_test(who_lacks_bodies_and_says_so_slowly_is_left_for_another),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
