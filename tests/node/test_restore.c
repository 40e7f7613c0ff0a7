/*
 * restore: a node whose store was put back, in a federation of three in memory. Whatever its age, it signs nothing that it
 * might have signed before: what people write waits in the outbox, the rest of its log comes back from the others, and then
 * what waited goes out behind it, by itself. SPECOLA_EVERY_AGE=1: every age of a log of 100 records, else a few.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/invite.h"
#include "node/store/copy.h"
#include "node/store/outbox.h"
#include "tests/sim/net_sim.h"

#define AGES 100u      /* records of the log */
#define FEW 11u        /* ages of which one is tried */
#define PATIENCE 60000 /* virtual ms */

static void store_at(const struct fixture_node *node, char out[300]) {
  (void)snprintf(out, 300, "%s/store.db", node->dir);
}

static void copy_at(const struct sim *s, uint32_t age, char out[300]) {
  (void)snprintf(out, 300, "%s.age%u", s->f.nodes[0].dir, age);
}

static void keep(struct sim *s, uint32_t age) {
  struct err err = ERR_INIT;
  char from[300], to[300];
  store_at(&s->f.nodes[0], from);
  copy_at(s, age, to);
  if (store_copy(from, to, &err) != OK) fail_msg("%s", err.message);
}

/* The node is closed, and has a copy of its store. */
static void put_back_store(struct sim *s, uint32_t age) {
  struct fixture_node *node = &s->f.nodes[0];
  char from[300], to[300], side[310];
  fixture_close(node);
  copy_at(s, age, from);
  store_at(node, to);
  (void)snprintf(side, sizeof side, "%s-wal", to);
  (void)unlink(side);
  (void)snprintf(side, sizeof side, "%s-shm", to);
  (void)unlink(side);
  assert_int_equal(unlink(to), 0);
  struct err err = ERR_INIT;
  if (store_copy(from, to, &err) != OK) fail_msg("%s", err.message);
}

/* It comes back with a copy of its store, and without a head. */
static void put_back(struct sim *s, uint32_t age) {
  put_back_store(s, age);
  s->f.nodes[0].has_head = false;
  fixture_open(&s->f.nodes[0]);
}

static uint64_t own_size(const struct sim *s, uint32_t node) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[0].id, 1);
  return h == NULL ? 0 : h->size;
}

static struct guard_look look_at(struct sim *s, uint32_t node) {
  struct guard_look look;
  assert_true(hall_guard_look(s->f.nodes[node].hall, &look));
  return look;
}

static void say_reason(struct sim *s, char reason[GUARD_REASON_MAX]) {
  const struct guard_look look = look_at(s, 0);
  guard_reason(&look.guard, &s->f.nodes[0].federation, reason);
}

/* One record of the editor, for which nothing of the log has to be known. */
static struct receipt_row write_one(struct sim *s, struct hash *id) {
  struct fixture_record record;
  fixture_case(&s->f.nodes[0], 100000 + s->n_cases++, NULL, NULL, &record);
  const struct receipt_row row = fixture_admit(&s->f.nodes[0], &record.item);
  *id = record.id;
  fixture_record_release(&record);
  return row;
}

static uint64_t forks_seen(struct sim *s) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < s->f.n; i++) {
    for (uint32_t k = 0; k < s->f.n; k++) {
      if (i != k && s->nodes[i].exchange != NULL) n += sim_counter(s, i, k, "checkpoint.fork");
    }
  }
  return n;
}

static void found(struct sim *s) {
  sim_found(s, 3, fixture_seed());
  for (uint32_t i = 0; i < 3; i++) {
    fixture_close(&s->f.nodes[i]);
    fixture_guard(&s->f.nodes[i]);
    fixture_open(&s->f.nodes[i]);
  }
}

static void up(struct sim *s, uint32_t from) {
  for (uint32_t i = from; i < 3; i++)
    sim_up(s, i, false);
}

/* The record stands once, behind what the others had, at each of them. */
static void expect_behind(struct sim *s, const struct hash *id, uint64_t size) {
  bool is_found = false;
  int64_t rowid = 0;
  struct log log;
  for (uint32_t i = 0; i < 3; i++) {
    struct store *store = s->f.nodes[i].store;
    assert_int_equal(log_find(store, &s->f.nodes[0].id, 1, &log, NULL), OK);
    assert_int_equal(log.range.size, size + 1);
    assert_int_equal(entry_find_below(store, &s->f.charter.fed_id, id, entry_rowid(log.no, size + 1), &is_found, &rowid, NULL),
                     OK);
    assert_true(is_found);
    assert_int_equal(entry_index(rowid), size);
  }
}

static void a_backup_of_any_age_never_forks(void **state) {
  static struct sim s;
  struct hash id;
  const uint32_t every = getenv("SPECOLA_EVERY_AGE") != NULL ? 1 : FEW;
  (void)state;
  found(&s);
  up(&s, 0);
  for (uint32_t age = 0; age < AGES; age++) {
    if (age % every == 0) keep(&s, age);
    sim_publish(&s, 0, 1);
  }
  (void)sim_converge(&s, PATIENCE);
  for (uint32_t age = 0; age < AGES; age += every) {
    const uint64_t size = own_size(&s, 1);
    sim_down(&s, 0);
    put_back(&s, age);
    assert_false(hall_may_write(s.f.nodes[0].hall));
    assert_int_equal(write_one(&s, &id).state, RECEIPT_QUEUED);
    assert_int_equal(own_size(&s, 0), age + 2);
    sim_up(&s, 0, false);
    for (uint32_t k = 0; k < 30 && look_at(&s, 0).outbox.n_waiting > 0; k++)
      sim_run(&s, 1000);
    (void)sim_converge(&s, PATIENCE);
    expect_behind(&s, &id, size);
    assert_int_equal(look_at(&s, 0).guard.key, GUARD_BY_MEMBERS);
    assert_int_equal(forks_seen(&s), 0);
  }
  for (uint32_t age = 0; age < AGES; age += every) {
    char path[300];
    copy_at(&s, age, path);
    assert_int_equal(unlink(path), 0);
  }
  sim_release(&s);
}

static void one_member_is_not_enough(void **state) {
  static struct sim s;
  struct hash id;
  char reason[GUARD_REASON_MAX];
  (void)state;
  found(&s);
  up(&s, 0);
  (void)sim_converge(&s, PATIENCE);
  sim_down(&s, 0);
  keep(&s, 0);
  put_back(&s, 0);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_QUEUED);
  say_reason(&s, reason);
  assert_string_equal(reason, "waiting for 2 of 3 members to name our size");
  sim_down(&s, 2);
  sim_up(&s, 0, false);
  sim_run(&s, 20000);
  assert_false(hall_may_write(s.f.nodes[0].hall));
  say_reason(&s, reason);
  assert_string_equal(reason, "waiting for 1 of 3 members to name our size");
  sim_up(&s, 2, false);
  sim_run(&s, 40000);
  assert_true(hall_may_write(s.f.nodes[0].hall));
  assert_int_equal(look_at(&s, 0).outbox.n_waiting, 0);
  (void)sim_converge(&s, PATIENCE);
  expect_behind(&s, &id, 2);
  /* And from now on it needs nobody: the head is written. */
  sim_down(&s, 0);
  fixture_close(&s.f.nodes[0]);
  fixture_open(&s.f.nodes[0]);
  assert_int_equal(look_at(&s, 0).guard.key, GUARD_BY_HEAD);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_LOGGED);
  char path[300];
  copy_at(&s, 0, path);
  assert_int_equal(unlink(path), 0);
  sim_release(&s);
}

static void a_head_that_is_ahead_of_the_store_closes_the_guard(void **state) {
  static struct sim s;
  struct hash id;
  (void)state;
  found(&s);
  struct fixture_node *node = &s.f.nodes[0];
  const struct own_head before = node->kept;
  assert_int_equal(write_one(&s, &id).state, RECEIPT_LOGGED);
  assert_int_equal(node->kept.size, before.size + 1);
  fixture_close(node);
  node->kept.size++; /* the store was put back, the head was not */
  fixture_open(node);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_QUEUED);
  fixture_close(node);
  node->kept.size = 3;
  node->kept.root.b[0] ^= 1; /* of another history */
  fixture_open(node);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_QUEUED);
  fixture_close(node);
  node->kept = before; /* a crash between commit and head: the store has gone on from there */
  fixture_open(node);
  assert_true(hall_may_write(node->hall));
  assert_int_equal(node->kept.size, 3); /* and is written down before anything leaves */
  bool moved = false;
  assert_int_equal(hall_guard_turn(node->hall, &moved, NULL), OK);
  assert_true(moved);
  assert_int_equal(own_size(&s, 0), 5);
  assert_int_equal(node->kept.size, 5);
  sim_release(&s);
}

static uint64_t invite(struct fixture_node *node) {
  const struct invite_wish wish = {.roles = ROLE_EDITOR, .days = 7};
  struct invitation made;
  struct token token;
  assert_int_equal(hall_invite(node->hall, &wish, &token, &made, NULL), OK);
  return made.number;
}

static void expect_invitation(const struct fixture_node *node, uint64_t number, enum invitation_state state) {
  struct invitation kept;
  assert_int_equal(invitation_by_number(node->store, number, &kept, NULL), OK);
  assert_int_equal(kept.state, state);
}

/* A disk that lost everything, or an empty store put in its place: the head file knows that there was something. One whose
 * newest checkpoint alone is lost is still that of the head. */
static void an_empty_store_under_a_head_waits_for_a_person(void **state) {
  static struct sim s;
  struct hash id;
  struct err err = ERR_INIT;
  (void)state;
  sim_found(&s, 1, fixture_seed());
  struct fixture_node *node = &s.f.nodes[0];
  fixture_close(node);
  fixture_guard(node);
  fixture_open(node);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_LOGGED);
  assert_true(node->kept.size > 0);
  const char *lost = "UPDATE milestone SET text = x'' WHERE size = (SELECT max(size) FROM milestone)";
  assert_int_equal(sqlite3_exec(store_db(node->store), lost, NULL, NULL, NULL), SQLITE_OK);
  fixture_close(node);
  fixture_open(node); /* a checkpoint that a disk has changed closes nothing: the log still is that of the head */
  assert_true(hall_may_write(node->hall));
  fixture_close(node);
  const struct fixture_node *empty = &s.f.nodes[fixture_twin(&s.f, 0)];
  assert_null(hall_head(empty->hall, &empty->id, 1));
  assert_false(hall_may_write(empty->hall));
  assert_int_equal(hall_must_write(empty->hall, &err), ERR_QUEUED);
  assert_int_equal(hall_go_alone(empty->hall, &err), OK);
  assert_true(hall_may_write(empty->hall));
  sim_release(&s);
}

static void invitations_of_a_store_that_was_put_back_are_taken_back(void **state) {
  static struct sim s;
  (void)state;
  found(&s);
  struct fixture_node *node = &s.f.nodes[0];
  const uint64_t first = invite(node);
  fixture_close(node);
  fixture_open(node);
  expect_invitation(node, first, INVITATION_OPEN); /* the head fits */
  /* the head is of a later store: at once, before anybody is met */
  struct hash id;
  keep(&s, 0);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_LOGGED);
  up(&s, 0);
  (void)sim_converge(&s, PATIENCE);
  sim_down(&s, 0);
  put_back_store(&s, 0);
  fixture_open(node);
  expect_invitation(node, first, INVITATION_CANCELLED);
  sim_up(&s, 0, false);
  (void)sim_converge(&s, PATIENCE);
  for (uint32_t k = 0; k < 40 && !hall_may_write(node->hall); k++)
    sim_run(&s, 1000);
  assert_true(hall_may_write(node->hall));
  /* with its head, as a disk that is put back whole: when a member shows what was signed since */
  const uint64_t second = invite(node);
  keep(&s, 1);
  const struct own_head before = node->kept;
  sim_publish(&s, 0, 1);
  (void)sim_converge(&s, PATIENCE);
  expect_invitation(node, second, INVITATION_OPEN);
  sim_down(&s, 0);
  put_back_store(&s, 1);
  node->kept = before;
  fixture_open(node);
  expect_invitation(node, second, INVITATION_OPEN);
  sim_up(&s, 0, false);
  for (uint32_t k = 0; k < 60 && look_at(&s, 0).guard.proven <= before.size; k++)
    sim_run(&s, 1000);
  expect_invitation(node, second, INVITATION_CANCELLED);
  char path[300];
  for (uint32_t age = 0; age < 2; age++) {
    copy_at(&s, age, path);
    assert_int_equal(unlink(path), 0);
  }
  sim_release(&s);
}

static void nothing_is_signed_while_the_head_cannot_be_written(void **state) {
  static struct sim s;
  struct hash id;
  bool moved = false;
  (void)state;
  found(&s);
  struct fixture_node *node = &s.f.nodes[0];
  node->head_fault = ERR_DISK_FULL;
  assert_int_equal(write_one(&s, &id).state, RECEIPT_LOGGED); /* it is in the store; the next one is not */
  assert_false(hall_may_write(node->hall));
  assert_int_equal(write_one(&s, &id).state, RECEIPT_QUEUED);
  assert_int_equal(hall_guard_turn(node->hall, &moved, NULL), ERR_DISK_FULL);
  assert_int_equal(own_size(&s, 0), 3);
  node->head_fault = OK;
  assert_int_equal(hall_guard_turn(node->hall, &moved, NULL), OK);
  assert_true(moved);
  assert_int_equal(own_size(&s, 0), 4);
  assert_int_equal(node->kept.size, 4);
  sim_release(&s);
}

static void alone_is_written_down_until_members_confirm_it(void **state) {
  static struct sim s;
  struct hash id;
  (void)state;
  found(&s);
  struct fixture_node *node = &s.f.nodes[0];
  fixture_close(node);
  node->has_head = false;
  fixture_open(node);
  struct receipt_row row;
  assert_int_equal(hall_certify(node->hall, &node->editor.pub, 0, ROLE_EDITOR, 0, "Redazione", &row, NULL), ERR_QUEUED);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_QUEUED);
  assert_int_equal(hall_go_alone(node->hall, NULL), OK);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_LOGGED); /* behind what waited */
  assert_int_equal(own_size(&s, 0), 4);
  fixture_close(node);
  fixture_open(node);
  assert_true(look_at(&s, 0).guard.is_alone);
  up(&s, 0);
  (void)sim_converge(&s, PATIENCE);
  sim_run(&s, 2000);
  assert_false(look_at(&s, 0).guard.is_alone);
  sim_down(&s, 0);
  fixture_close(node);
  fixture_open(node);
  assert_false(look_at(&s, 0).guard.is_alone);
  sim_release(&s);
}

/* ---- the outbox ---- */

static bool count_refused(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item) {
  uint64_t *reasons = context;
  (void)id;
  (void)received;
  (void)item;
  reasons[reason % 64]++;
  return true;
}

static void what_is_refused_when_its_turn_comes_is_kept_with_the_reason(void **state) {
  static struct sim s;
  struct fixture_record first, second;
  struct hash id;
  uint64_t reasons[64] = {0};
  (void)state;
  found(&s);
  struct fixture_node *node = &s.f.nodes[0];
  fixture_close(node);
  node->has_head = false;
  fixture_open(node);
  /* Two first versions would both be fine; two successors of one version are not. */
  fixture_case(node, 1, NULL, NULL, &first);
  assert_int_equal(fixture_admit(node, &first.item).state, RECEIPT_QUEUED);
  assert_int_equal(fixture_admit(node, &first.item).state, RECEIPT_QUEUED); /* the same one again is the same one */
  for (uint64_t i = 0; i < 2; i++) {
    fixture_case(node, 2 + i, &first.id, &first.id, &second);
    assert_int_equal(fixture_admit(node, &second.item).state, RECEIPT_QUEUED);
    fixture_record_release(&second);
  }
  assert_int_equal(look_at(&s, 0).outbox.n_waiting, 3);
  /* What will never be fine is told at once. */
  fixture_case(node, 9, NULL, NULL, &second);
  second.envelope.p[second.envelope.len - 1] ^= 1;
  const struct receipt_row row = fixture_admit(node, &second.item);
  assert_int_equal(row.state, RECEIPT_REFUSED);
  assert_int_equal(row.reason, REASON_SIGNATURE);
  fixture_record_release(&second);
  fixture_close(node);
  fixture_open(node);
  assert_int_equal(look_at(&s, 0).outbox.n_waiting, 3);
  assert_int_equal(hall_go_alone(node->hall, NULL), OK);
  assert_int_equal(write_one(&s, &id).state, RECEIPT_LOGGED);
  const struct guard_look look = look_at(&s, 0);
  assert_int_equal(look.outbox.n_waiting, 0);
  assert_int_equal(look.outbox.n_refused, 1);
  assert_int_equal(own_size(&s, 0), 5);
  assert_int_equal(outbox_each(node->store, true, count_refused, reasons, NULL), OK);
  assert_int_equal(reasons[REASON_STALE], 1);
  assert_int_equal(fixture_admit(node, &first.item).state, RECEIPT_LOGGED); /* known, at its place */
  fixture_record_release(&first);
  sim_release(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_backup_of_any_age_never_forks),
      cmocka_unit_test(one_member_is_not_enough),
      cmocka_unit_test(a_head_that_is_ahead_of_the_store_closes_the_guard),
      cmocka_unit_test(an_empty_store_under_a_head_waits_for_a_person),
      cmocka_unit_test(invitations_of_a_store_that_was_put_back_are_taken_back),
      cmocka_unit_test(nothing_is_signed_while_the_head_cannot_be_written),
      cmocka_unit_test(alone_is_written_down_until_members_confirm_it),
      cmocka_unit_test(what_is_refused_when_its_turn_comes_is_kept_with_the_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
