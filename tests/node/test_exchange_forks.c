/*
 * test_exchange_forks: two machines write with one key. Everybody ends with the same evidence, nothing is appended to either
 * branch, and honest relays are not blamed. What relays can do is test_exchange_alerts.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/forks.h"
#include "node/hall.h"
#include "node/store/milestone.h"
#include "protocol/evidence.h"
#include "tests/sim/liar.h"

#define DE 3
#define FOUNDERS 4

static uint64_t seed;

static uint64_t size_at(struct sim *s, uint32_t node, uint32_t log) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[log].id, 1);
  return h == NULL ? 0 : h->size;
}

/* ---- two machines ---- */

/* IT and its twin: FR and IT know each other, so do EE, DE and the twin; FR, EE and DE know each other. */
static bool is_second_half(uint32_t node) {
  return node >= EE;
}

static uint32_t route(void *context, uint32_t from, uint32_t to) {
  const struct sim *s = context;
  return to == IT && is_second_half(from) ? s->f.n : to;
}

/* A federation in which IT's log has `common` entries everywhere, and a second machine holds the same with the same key. away:
 * a founder who has left before the last of them came; NONE: nobody. */
static struct sim *two_machines_without(uint32_t away, uint32_t common, uint32_t *twin) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, FOUNDERS, seed);
  for (uint32_t i = 0; i < FOUNDERS; i++)
    sim_up(s, i, true);
  (void)sim_converge(s, 20000);
  if (away != NONE) sim_down(s, away);
  sim_publish(s, IT, common - (uint32_t)size_at(s, IT, IT));
  (void)sim_converge(s, 20000);
  *twin = fixture_twin(&s->f, IT);
  fixture_transfer(&s->f.nodes[IT], &s->f.nodes[*twin], 100);
  assert_int_equal(size_at(s, *twin, IT), common);
  for (uint32_t i = FR; i < FOUNDERS; i++) {
    sim_cut(s, is_second_half(i) ? IT : *twin, i, true);
  }
  s->hooks = (struct sim_hooks){.context = s, .route = route};
  sim_up(s, *twin, true);
  sim_run(s, 3000);
  return s;
}

static struct sim *two_machines(uint32_t common, uint32_t *twin) {
  return two_machines_without(NONE, common, twin);
}

static void end(struct sim *s) {
  sim_release(s);
  free(s);
}

/* The evidence of IT's log at a node; false: none. */
static bool evidence_at(struct sim *s, uint32_t node, struct bytes *out) {
  bytes_clear(out);
  return hall_evidence(s->f.nodes[node].hall, &s->f.nodes[IT].id, 1, out, NULL) == OK;
}

/* Everybody keeps one and the same; returns it read (it borrows from item). */
static struct evidence same_evidence(struct sim *s, uint32_t n, struct bytes *item) {
  struct bytes other;
  struct evidence e;
  bytes_init(&other, LIMIT_EVIDENCE);
  assert_true(evidence_at(s, IT, item));
  for (uint32_t i = 1; i < n; i++) {
    assert_true(evidence_at(s, i, &other));
    assert_true(view_equal(bytes_view(item), bytes_view(&other)));
  }
  bytes_release(&other);
  const struct fixture_node *it = &s->f.nodes[IT];
  assert_int_equal(evidence_open(bytes_view(item), &s->f.charter.fed_id, &it->id, 1, &it->node_key.pub, &e, NULL), OK);
  return e;
}

/* No honest member is blamed for what IT did. */
static void nobody_is_blamed(struct sim *s) {
  for (uint32_t i = FR; i < FOUNDERS; i++) {
    sim_expect_only(s, i, IT, "checkpoint.fork");
    for (uint32_t k = FR; k < FOUNDERS; k++) {
      if (k != i) sim_expect_only(s, i, k, NULL);
    }
  }
}

/* Both machines write; everybody has the same evidence within ten seconds, from the first entry that differs. */
static void fork_and_look(uint32_t common, uint32_t more, uint32_t more_of_twin) {
  uint32_t twin = NONE;
  struct sim *s = two_machines(common, &twin);
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  for (uint32_t i = 0; i < more; i++)
    sim_publish(s, IT, 1);
  sim_publish(s, twin, more_of_twin);
  sim_run(s, 10000);
  const struct evidence e = same_evidence(s, twin + 1, &item);
  assert_true(e.has_index);
  assert_int_equal(e.index, common);
  nobody_is_blamed(s);
  for (uint32_t i = 0; i <= twin; i++) {
    uint32_t index = NONE;
    const struct exchange_log *log = log_of(s->nodes[i].exchange, &s->f.nodes[IT].id, 1, &index);
    assert_true(log->is_forked && log->is_exact && log->doubt == NULL);
    assert_non_null(strstr(log->note, "forked from"));
    assert_true(size_at(s, i, IT) == common + more || size_at(s, i, IT) == common + more_of_twin ||
                size_at(s, i, IT) == common);
  }
  bytes_release(&item);
  end(s);
}

static void one_case_on_each_machine(void **state) {
  (void)state;
  fork_and_look(12, 1, 1);
}

static void branches_of_different_lengths(void **state) {
  (void)state;
  fork_and_look(12, 1, 3);
  fork_and_look(13, 4, 1);
}

static void the_place_is_found_in_a_long_log(void **state) {
  (void)state;
  fork_and_look(700, 2, 90);
}

/* ---- frozen ---- */

static void nothing_is_appended_any_more_and_a_restart_forgets_nothing(void **state) {
  (void)state;
  uint32_t twin = NONE;
  struct sim *s = two_machines(12, &twin);
  struct bytes item, again;
  struct fixture_record record;
  bytes_init(&item, LIMIT_EVIDENCE);
  bytes_init(&again, LIMIT_EVIDENCE);
  sim_publish(s, IT, 1);
  sim_publish(s, twin, 1);
  sim_run(s, 10000);
  (void)same_evidence(s, twin + 1, &item);
  const uint64_t at_fr = size_at(s, FR, IT), at_ee = size_at(s, EE, IT);
  fixture_case(&s->f.nodes[IT], 77777, NULL, NULL, &record);
  const struct receipt_row row = fixture_admit(&s->f.nodes[IT], &record.item);
  assert_int_equal(row.state, RECEIPT_REFUSED);
  assert_int_equal(row.reason, REASON_NOT_YET);
  fixture_record_release(&record);
  for (uint32_t i = 0; i <= twin; i++) {
    sim_down(s, i);
    fixture_close(&s->f.nodes[i]);
    fixture_open(&s->f.nodes[i]);
    sim_up(s, i, true);
    assert_true(evidence_at(s, i, &again) && view_equal(bytes_view(&item), bytes_view(&again)));
  }
  sim_publish(s, FR, 3); /* other logs go on */
  sim_run(s, 15000);
  assert_int_equal(size_at(s, FR, IT), at_fr);
  assert_int_equal(size_at(s, EE, IT), at_ee);
  assert_int_equal(size_at(s, EE, FR), size_at(s, FR, FR));
  (void)same_evidence(s, twin + 1, &again);
  for (uint32_t i = FR; i < FOUNDERS; i++) {
    assert_true(exchange_idle(s->nodes[i].exchange));              /* `sync` does not wait for a log that is frozen */
    assert_int_equal(sim_counter(s, i, IT, "checkpoint.fork"), 0); /* counted when it was found, before the restart */
  }
  bytes_release(&item);
  bytes_release(&again);
  end(s);
}

static void who_was_away_is_told_when_it_comes_back(void **state) {
  (void)state;
  uint32_t twin = NONE;
  struct sim *s = two_machines(12, &twin);
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  sim_down(s, DE);
  sim_publish(s, IT, 1);
  sim_publish(s, twin, 1);
  sim_run(s, 8000);
  assert_false(evidence_at(s, DE, &item));
  sim_down(s, IT);
  sim_down(s, twin);
  sim_up(s, DE, false);
  sim_run(s, 8000);
  assert_int_equal(same_evidence(s, twin + 1, &item).index, 12);
  assert_int_equal(size_at(s, DE, IT), 12); /* it follows neither branch */
  bytes_release(&item);
  end(s);
}

/* Everybody else is at 13 entries of the one branch or the other, and DE has stood below the fork since before it. */
static struct sim *forked_without_de(uint32_t *twin) {
  struct sim *s = two_machines_without(DE, 12, twin);
  assert_true(size_at(s, DE, IT) > 0 && size_at(s, DE, IT) < 12);
  sim_publish(s, IT, 1);
  sim_publish(s, *twin, 1);
  sim_run(s, 10000);
  return s;
}

static void who_comes_late_follows_it_to_the_fork_and_no_further(void **state) {
  (void)state;
  uint32_t twin = NONE;
  struct sim *s = forked_without_de(&twin);
  struct bytes item;
  bool kept = false;
  bytes_init(&item, LIMIT_EVIDENCE);
  assert_true(evidence_at(s, FR, &item));
  /* told before it meets anybody, so that no entry can come ahead of the evidence */
  assert_int_equal(hall_evidence_take(s->f.nodes[DE].hall, &s->f.nodes[IT].id, 1, bytes_view(&item), &kept, NULL), OK);
  sim_up(s, DE, true);
  sim_run(s, 8000);
  assert_int_equal(size_at(s, DE, IT), 12);
  const struct exchange_log *log = log_of(s->nodes[DE].exchange, &s->f.nodes[IT].id, 1, &(uint32_t){NONE});
  assert_string_equal(log->note, "forked from 12: its owner signed two branches");
  assert_true(exchange_idle(s->nodes[DE].exchange));
  assert_int_equal(same_evidence(s, twin + 1, &item).index, 12);
  for (uint32_t i = FR; i < DE; i++)
    sim_expect_only(s, DE, i, NULL);
  bytes_release(&item);
  end(s);
}

static void who_comes_late_and_hears_of_it_there_holds_what_lies_below(void **state) {
  (void)state;
  uint32_t twin = NONE;
  struct sim *s = forked_without_de(&twin);
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  sim_up(s, DE, true);
  sim_run(s, 8000);
  assert_true(size_at(s, DE, IT) == 12 || size_at(s, DE, IT) == 13); /* as the evidence or the entries came first */
  assert_int_equal(same_evidence(s, twin + 1, &item).index, 12);
  nobody_is_blamed(s);
  bytes_release(&item);
  end(s);
}

static void where_no_milestone_lies_below_the_fork_nobody_is_asked_without_end(void **state) {
  (void)state;
  uint32_t twin = NONE;
  struct sim *s = forked_without_de(&twin);
  struct fixture_node *it = &s->f.nodes[IT];
  struct bytes item, text;
  struct hash path[HALL_PATH];
  struct other_leaf other = {.index = 11, .path = path};
  bool kept = false;
  bytes_init(&item, LIMIT_EVIDENCE);
  bytes_init(&text, LIMIT_CHECKPOINT);
  /* a third branch, which parts within the run of entries up to the milestone at 12 */
  struct merkle_range range = {.size = 0};
  struct hash leaves[12];
  for (uint32_t i = 0; i < 12; i++) {
    assert_int_equal(hall_inclusion(it->hall, &it->id, 1, i, 12, &leaves[i], path, &other.n_path, NULL), OK);
    leaves[i].b[0] ^= i == 11;
    merkle_append(&range, &leaves[i]);
  }
  other.leaf = leaves[11];
  struct checkpoint c = {.fed_id = s->f.charter.fed_id, .node = it->id, .gen = 1, .size = 12, .root = merkle_root(&range)};
  assert_int_equal(checkpoint_seal(&c, &it->node_key, &text, NULL), OK);
  assert_int_equal(hall_evidence_make(s->f.nodes[FR].hall, bytes_view(&text), &other, &item, NULL), OK);
  assert_int_equal(hall_evidence_take(s->f.nodes[DE].hall, &it->id, 1, bytes_view(&item), &kept, NULL), OK);
  assert_true(kept);
  const uint64_t before = size_at(s, DE, IT);
  sim_up(s, DE, true);
  sim_run(s, 20000);
  assert_int_equal(size_at(s, DE, IT), before);
  assert_true(exchange_idle(s->nodes[DE].exchange));
  assert_true(sim_counter(s, DE, FR, "frames.sent") < 200);
  assert_int_equal(sim_counter(s, DE, FR, "heads.unbacked"), 0);
  bytes_release(&item);
  bytes_release(&text);
  end(s);
}

static void a_third_branch_from_further_below_is_taken_in_the_place_of_the_first(void **state) {
  (void)state;
  uint32_t twin = NONE;
  struct sim *s = two_machines(12, &twin);
  struct bytes item, low;
  bytes_init(&item, LIMIT_EVIDENCE);
  bytes_init(&low, LIMIT_EVIDENCE);
  sim_publish(s, IT, 1);
  sim_publish(s, twin, 1);
  sim_run(s, 10000);
  assert_int_equal(same_evidence(s, twin + 1, &item).index, 12);
  struct fixture_node *it = &s->f.nodes[IT];
  struct checkpoint c = {.fed_id = s->f.charter.fed_id, .node = it->id, .gen = 1};
  struct bytes text;
  struct log log;
  assert_int_equal(log_find(s->f.nodes[FR].store, &it->id, 1, &log, NULL), OK);
  assert_int_equal(milestone_text_above(s->f.nodes[FR].store, log.no, 0, &c.size, NULL), OK);
  assert_true(c.size < 12);
  bytes_init(&text, LIMIT_CHECKPOINT);
  memset(&c.root, 3, sizeof c.root);
  assert_int_equal(checkpoint_seal(&c, &it->node_key, &text, NULL), OK);
  assert_int_equal(hall_evidence_make(s->f.nodes[FR].hall, bytes_view(&text), NULL, &low, NULL), OK);
  bool kept = false;
  assert_int_equal(hall_evidence_take(s->f.nodes[FR].hall, &it->id, 1, bytes_view(&low), &kept, NULL), OK);
  assert_true(kept);
  assert_int_equal(hall_evidence_take(s->f.nodes[FR].hall, &it->id, 1, bytes_view(&item), &kept, NULL), OK);
  assert_false(kept); /* the first one is no longer the lowest */
  sim_down(s, FR);
  sim_up(s, FR, true); /* tells what it holds when its sessions open */
  sim_run(s, 10000);
  for (uint32_t i = 0; i <= twin; i++) {
    assert_true(evidence_at(s, i, &item));
    assert_true(view_equal(bytes_view(&item), bytes_view(&low)));
  }
  bytes_release(&text);
  bytes_release(&item);
  bytes_release(&low);
  end(s);
}

/* ---- in a log ---- */

struct count {
  uint32_t n;
  struct bytes item;
};

static bool count_evidence(void *context, int64_t rowid, const struct item *item) {
  struct count *c = context;
  struct view header, signature;
  uint64_t kind = 0;
  (void)rowid;
  if (envelope_split(item->envelope, &header, &signature) && header_kind(header, &kind) && kind == KIND_EVIDENCE) {
    c->n++;
    bytes_clear(&c->item);
    assert_int_equal(bytes_append(&c->item, item->body, NULL), OK);
  }
  return true;
}

/* Records of kind 8 that a node holds in all logs together; the last one's body. */
static struct count recorded_at(struct sim *s, uint32_t node) {
  struct count c = {.n = 0};
  bytes_init(&c.item, LIMIT_EVIDENCE);
  for (uint32_t i = 0; i < FOUNDERS; i++) {
    struct log log;
    assert_int_equal(log_find(s->f.nodes[node].store, &s->f.nodes[i].id, 1, &log, NULL), OK);
    assert_int_equal(entry_each(s->f.nodes[node].store, log.no, 0, log.range.size, count_evidence, &c, NULL), OK);
  }
  return c;
}

static void finders_write_it_into_their_logs_and_laptops_have_it_from_there(void **state) {
  (void)state;
  uint32_t twin = NONE;
  struct sim *s = two_machines(12, &twin);
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  sim_publish(s, IT, 1);
  sim_publish(s, twin, 1);
  sim_run(s, 190000); /* where IT itself was the first to find it, another does it some minutes later */
  (void)same_evidence(s, twin + 1, &item);
  struct count c = recorded_at(s, FR);
  assert_true(c.n >= 1 && c.n < FOUNDERS);
  assert_true(view_equal(bytes_view(&c.item), bytes_view(&item)));
  const uint32_t after = c.n;
  bytes_release(&c.item);
  sim_run(s, 120000); /* nobody else does it again, and none of them twice */
  c = recorded_at(s, FR);
  assert_int_equal(c.n, after);
  bytes_release(&c.item);
  /* a replica that follows FR's log alone, by whatever way */
  const uint32_t replica = fixture_twin(&s->f, DE);
  struct fixture_node *fr = &s->f.nodes[FR], *to = &s->f.nodes[replica];
  struct fork fork;
  for (uint32_t i = FR; i < FOUNDERS; i++)
    fixture_transfer_log(fr, to, &s->f.nodes[i].id, 100);
  assert_int_equal(evidence_get(to->store, &s->f.nodes[IT].id, 1, &fork, NULL, NULL), OK);
  assert_true(fork.recorded && fork.exact);
  assert_int_equal(fork.from, 12);
  struct err err = ERR_INIT;
  struct pull *pull = NULL;
  struct bytes text;
  bytes_init(&text, LIMIT_CHECKPOINT);
  fixture_checkpoint(fr, &s->f.nodes[IT].id, 0, &text);
  assert_int_equal(hall_pull_begin(to->hall, bytes_view(&text), 0, &pull, &err), ERR_REFUSED);
  assert_non_null(strstr(err.message, "forked the log, from 12"));
  bytes_clear(&text);
  fixture_checkpoint(fr, &s->f.nodes[IT].id, 12, &text); /* what both branches have may come */
  assert_int_equal(hall_pull_begin(to->hall, bytes_view(&text), 0, &pull, &err), OK);
  hall_pull_abort(pull);
  bytes_release(&text);
  bytes_release(&item);
  end(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_case_on_each_machine),
      cmocka_unit_test(branches_of_different_lengths),
      cmocka_unit_test(the_place_is_found_in_a_long_log),
      cmocka_unit_test(nothing_is_appended_any_more_and_a_restart_forgets_nothing),
      cmocka_unit_test(who_was_away_is_told_when_it_comes_back),
      cmocka_unit_test(who_comes_late_follows_it_to_the_fork_and_no_further),
      cmocka_unit_test(who_comes_late_and_hears_of_it_there_holds_what_lies_below),
      cmocka_unit_test(where_no_milestone_lies_below_the_fork_nobody_is_asked_without_end),
      cmocka_unit_test(a_third_branch_from_further_below_is_taken_in_the_place_of_the_first),
      cmocka_unit_test(finders_write_it_into_their_logs_and_laptops_have_it_from_there),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
