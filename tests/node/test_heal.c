/*
 * heal: damaged entries take their place in whatever order they are given, also while a pass goes on, and those above a cut
 * are nobody's any more. Found and healed over the exchange: test_scrub.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "node/erasure.h"
#include "node/store/withdrawn.h"
#include "protocol/message.h"
#include "tests/node/dump.h"
#include "tests/node/rot.h"
#include "tests/node/rotation.h"

#define IT (&f.nodes[0])
#define FR (&f.nodes[1])

enum { FIRST = 2, SECOND = 4, SIZE = 6 }; /* entries of IT's log, each with a milestone of its own, and how many there are */

static struct fixture f;

/* Four cases of IT, which FR holds. */
static void found_two(void) {
  fixture_found(&f, 2, fixture_seed(), true);
  for (uint64_t i = FIRST; i < SIZE; i++) {
    (void)fixture_publish(IT, i, NULL);
    fixture_transfer(IT, FR, SIZE);
  }
  fixture_transfer(FR, IT, SIZE);
}

static int64_t rowid_of(uint64_t index) {
  struct log log;
  assert_int_equal(log_find(FR->store, &IT->id, 1, &log, NULL), OK);
  return entry_rowid(log.no, index);
}

/* Changes a column of an entry in FR's store, behind everybody's back. */
static void spoil(const struct hash *node, uint64_t index, const char *column) {
  struct log log;
  char sql[128];
  assert_int_equal(log_find(FR->store, node, 1, &log, NULL), OK);
  (void)snprintf(sql, sizeof sql, "UPDATE entry SET %s = zeroblob(length(%s)) WHERE id = %lld", column, column,
                 (long long)entry_rowid(log.no, index));
  assert_int_equal(sqlite3_exec(store_db(FR->store), sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Of IT's log. */
static void damage(uint64_t index) {
  spoil(&IT->id, index, "envelope");
}

/* An entry of IT's log is gone. */
static void lose(uint64_t index) {
  char sql[128];
  (void)snprintf(sql, sizeof sql, "DELETE FROM entry WHERE id = %lld", (long long)rowid_of(index));
  assert_int_equal(sqlite3_exec(store_db(FR->store), sql, NULL, NULL, NULL), SQLITE_OK);
}

/* A pass of FR, behind which so many entries are damaged. */
static void pass(uint64_t left) {
  struct scrub_state s;
  assert_int_equal(rot_scrub(FR, 7, &s, NULL), OK);
  assert_int_equal(s.left, left);
}

/* FR is given an entry as IT has it; how many took their place. */
static uint64_t give(uint64_t index) {
  struct bytes window;
  uint64_t count = 0, mended = 0;
  bytes_init(&window, LIMIT_DATA_RAW);
  assert_int_equal(hall_window(IT->hall, &IT->id, 1, index, index + 1, GET_FULL, LIMIT_DATA_RAW, &window, &count, NULL), OK);
  assert_int_equal(hall_heal(FR->hall, &IT->id, 1, index, bytes_view(&window), &mended, NULL), OK);
  bytes_release(&window);
  return mended;
}

/* What FR asks for is this entry. */
static void expect_asked(uint64_t index) {
  uint64_t from = 0, to = 0;
  assert_int_equal(hall_damaged(FR->hall, &IT->id, 1, &from, &to, NULL), OK);
  assert_int_equal(from, index);
  assert_int_equal(to, index + 1);
}

static void expect_whole(void) {
  struct bytes dumps[2];
  assert_int_equal(hall_n_damaged(FR->hall), 0);
  rot_expect_sound(FR);
  for (size_t i = 0; i < 2; i++) {
    bytes_init(&dumps[i], DUMP_MAX);
    dump_derived(&f.nodes[i], false, &dumps[i]);
  }
  assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[1]));
  bytes_release(&dumps[0]);
  bytes_release(&dumps[1]);
}

static void expect_healed_upwards(void) {
  expect_asked(FIRST);
  assert_int_equal(give(FIRST), 1);
  expect_asked(SECOND);
  assert_int_equal(give(SECOND), 1);
  expect_whole();
}

/* The upper one comes first and cannot be judged; then the lower one does. */
static void what_came_before_it_could_be_judged_comes_again(void **state) {
  (void)state;
  found_two();
  damage(FIRST);
  damage(SECOND);
  pass(2);
  assert_int_equal(give(SECOND), 0);
  expect_healed_upwards();
  fixture_release(&f);
}

static void what_is_healed_during_a_pass_is_not_marked_at_its_end(void **state) {
  struct scrub_state s;
  (void)state;
  found_two();
  damage(FIRST);
  pass(1);
  damage(SECOND);
  hall_scrub_begin(FR->hall);
  assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK); /* IT's log, or FR's */
  assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK);
  assert_int_equal(give(FIRST), 1);
  do {
    assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK);
    assert_int_equal(hall_scrub_state(FR->hall, &s, NULL), OK);
  } while (s.running);
  assert_int_equal(s.found, 2);
  assert_int_equal(s.left, 1);
  expect_asked(SECOND);
  assert_int_equal(give(SECOND), 1);
  expect_whole();
  fixture_release(&f);
}

/* ---- above a cut ---- */

/* IT begins a generation behind its first `at` entries, and FR learns of it. */
static void cut(uint64_t at) {
  struct err err = ERR_INIT;
  struct bytes item;
  bool changed = false;
  bytes_init(&item, 8192);
  rotation_begin(IT, at, &item);
  if (hall_identity(FR->hall, &IT->id, bytes_view(&item), &changed, &err) != OK) fail_msg("%s", err.message);
  assert_true(changed);
  bytes_release(&item);
}

/* FR stands at the cut, or follows to it, and then holds what IT holds. n: entries of the first generation that are kept aside.
 */
static void expect_cut(uint64_t at, uint64_t n) {
  struct log log;
  uint64_t withdrawn = 0;
  fixture_transfer(IT, FR, 1);
  fixture_transfer(FR, IT, 1);
  assert_int_equal(log_find(FR->store, &IT->id, 1, &log, NULL), OK);
  assert_int_equal(log.range.size, at);
  assert_true(hall_may_begin(FR->hall, &IT->id, 2));
  assert_int_equal(withdrawn_count(FR->store, log.no, &withdrawn, NULL), OK);
  assert_int_equal(withdrawn, n);
  expect_whole();
}

/* Nobody gives it any more: whoever has it keeps it aside. */
static void what_is_damaged_above_a_cut_is_asked_of_nobody(void **state) {
  struct scrub_state s;
  (void)state;
  found_two();
  damage(SECOND);
  pass(1);
  hall_scrub_begin(FR->hall);
  assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK);
  assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK); /* it was met */
  cut(SECOND);
  do {
    assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK);
    assert_int_equal(hall_scrub_state(FR->hall, &s, NULL), OK);
  } while (s.running);
  assert_int_equal(s.left, 0);
  expect_cut(SECOND, SIZE - SECOND - 1);
  fixture_release(&f);
}

static void nor_is_what_nobody_had_met_before(void **state) {
  (void)state;
  found_two();
  damage(SECOND);
  cut(SECOND);
  assert_int_equal(hall_n_damaged(FR->hall), 0);
  expect_cut(SECOND, SIZE - SECOND - 1);
  fixture_release(&f);
}

/* The log falls below what is damaged, and comes again from there. met: a pass had marked it. */
static void fall_below(bool met, bool one_run) {
  char sql[128];
  found_two();
  damage(SECOND - 1);
  damage(SECOND);
  if (one_run) {
    (void)snprintf(sql, sizeof sql, "DELETE FROM milestone WHERE log = %lld AND size IN (%d, %d)",
                   (long long)(rowid_of(0) >> 40), SECOND, SECOND + 1);
    assert_int_equal(sqlite3_exec(store_db(FR->store), sql, NULL, NULL, NULL), SQLITE_OK);
  }
  if (met) {
    pass(2);
  }
  cut(SECOND);
  assert_int_equal(hall_n_damaged(FR->hall), 0);
  expect_cut(SECOND, SIZE - SECOND - 1);
  fixture_release(&f);
}

static void damage_on_both_sides_of_a_cut_hinders_nobody(void **state) {
  (void)state;
  for (unsigned i = 0; i < 4; i++) {
    fall_below((i & 1) != 0, (i & 2) != 0);
  }
}

/* What is damaged far below waits to be healed, and the cut waits for it. */
static void a_cut_waits_for_what_is_damaged_far_below_it(void **state) {
  (void)state;
  found_two();
  damage(FIRST);
  damage(SECOND);
  pass(2);
  cut(SECOND);
  expect_asked(FIRST);
  assert_int_equal(give(FIRST), 1);
  assert_int_equal(hall_n_damaged(FR->hall), 0); /* the cut has taken the other one */
  expect_cut(SECOND, SIZE - SECOND - 1);
  fixture_release(&f);
}

/* ---- what needs a damaged entry waits ---- */

/* The certificate of FR's editor is damaged when all tables are made anew: FR must not forget that there is one, or the next
 * person gets the same number. */
static void expect_remembered(void) {
  struct receipt_row row;
  struct signer other;
  struct err err = ERR_INIT;
  assert_int_equal(signer_new(&other, NULL), OK);
  assert_int_equal(hall_certify(FR->hall, &other.pub, 0, ROLE_EDITOR, 0, "Altra", &row, &err), ERR_CORRUPT);
  assert_int_equal(hall_take_suspects(FR->hall, NULL), OK);
  fixture_close(FR);
  fixture_open(FR);
  assert_int_equal(hall_certify(FR->hall, &other.pub, 0, ROLE_EDITOR, 0, "Altra", &row, &err), ERR_CORRUPT);
  signer_release(&other);
}

static void a_damaged_certificate_is_not_forgotten_when_a_log_falls(void **state) {
  (void)state;
  for (unsigned met = 0; met < 2; met++) {
    found_two();
    damage(SECOND);
    if (met == 0) pass(1);
    spoil(&FR->id, 1, "envelope");
    if (met == 1) pass(2);
    cut(SECOND);
    expect_remembered();
    fixture_release(&f);
  }
}

static void nor_when_the_last_damaged_entry_is_healed(void **state) {
  (void)state;
  found_two();
  damage(FIRST);
  pass(1);
  spoil(&FR->id, 1, "envelope"); /* nobody has met it */
  assert_int_equal(give(FIRST), 1);
  expect_remembered();
  fixture_release(&f);
}

/* Its body alone: folding does not need it. Nothing else of that log is damaged. */
static void nor_when_nobody_had_met_it_and_its_own_log_falls(void **state) {
  (void)state;
  found_two();
  spoil(&IT->id, 1, "body");
  cut(SECOND);
  assert_int_equal(hall_n_damaged(FR->hall), 1);
  assert_int_equal(dump_number(FR->store, "SELECT count(*) FROM authority JOIN damaged USING (id)"), 1);
  assert_int_equal(give(1), 1);
  expect_cut(SECOND, SIZE - SECOND);
  fixture_release(&f);
}

/* The text that it took is healed first, as one that is absent. */
static void a_damaged_takedown_leaves_no_text_missing(void **state) {
  struct takedown_report report;
  struct err err = ERR_INIT;
  uint64_t from = 0, to = 0;
  (void)state;
  found_two();
  const struct takedown_wish wish = {.node = IT->id, .gen = 1, .index = SECOND, .reason = 2};
  if (hall_take_down(IT->hall, &wish, &report, &err) != OK) fail_msg("%s", err.message);
  fixture_transfer(IT, FR, SIZE);
  damage(report.index);
  pass(2);
  for (unsigned i = 0; i < 2; i++) {
    assert_int_equal(hall_damaged(FR->hall, &IT->id, 1, &from, &to, NULL), OK);
    assert_int_equal(give(from), 1);
  }
  assert_int_equal(hall_n_damaged(FR->hall), 0);
  assert_int_equal(hall_bodies_missing(FR->hall), 0);
  rot_expect_sound(FR);
  fixture_release(&f);
}

/* ---- what else a disk changes ---- */

/* A row that is gone, below, was met by nobody: it is asked for, too. */
static void a_row_that_is_gone_is_found_by_who_folds(void **state) {
  (void)state;
  found_two();
  damage(SECOND);
  pass(1);
  lose(FIRST);
  assert_int_equal(give(SECOND), 0);
  assert_int_equal(hall_take_suspects(FR->hall, NULL), OK);
  expect_healed_upwards();
  fixture_release(&f);
}

/* The cut finds it, and a start is hindered by nothing. */
static void a_row_that_is_gone_below_a_cut_is_found(void **state) {
  (void)state;
  found_two();
  lose(FIRST);
  cut(SECOND);
  fixture_close(FR);
  fixture_open(FR);
  expect_asked(FIRST);
  assert_int_equal(give(FIRST), 1);
  expect_cut(SECOND, SIZE - SECOND);
  fixture_release(&f);
}

/* It is nobody else's fault (ERR_FORMAT, ERR_MISMATCH would be). */
static void a_damaged_checkpoint_of_ours_is_told_as_such(void **state) {
  struct bytes window;
  uint64_t count = 0, mended = 0;
  char sql[128];
  (void)state;
  found_two();
  damage(SIZE - 1);
  (void)snprintf(sql, sizeof sql, "UPDATE milestone SET text = zeroblob(length(text)) WHERE log = %lld AND size = %d",
                 (long long)(rowid_of(0) >> 40), SIZE);
  assert_int_equal(sqlite3_exec(store_db(FR->store), sql, NULL, NULL, NULL), SQLITE_OK);
  pass(1);
  bytes_init(&window, LIMIT_DATA_RAW);
  assert_int_equal(hall_window(IT->hall, &IT->id, 1, SIZE - 1, SIZE, GET_FULL, LIMIT_DATA_RAW, &window, &count, NULL), OK);
  assert_int_equal(hall_heal(FR->hall, &IT->id, 1, SIZE - 1, bytes_view(&window), &mended, NULL), ERR_CORRUPT);
  bytes_release(&window);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_came_before_it_could_be_judged_comes_again),
      cmocka_unit_test(what_is_healed_during_a_pass_is_not_marked_at_its_end),
      cmocka_unit_test(what_is_damaged_above_a_cut_is_asked_of_nobody),
      cmocka_unit_test(nor_is_what_nobody_had_met_before),
      cmocka_unit_test(damage_on_both_sides_of_a_cut_hinders_nobody),
      cmocka_unit_test(a_cut_waits_for_what_is_damaged_far_below_it),
      cmocka_unit_test(a_damaged_certificate_is_not_forgotten_when_a_log_falls),
      cmocka_unit_test(nor_when_the_last_damaged_entry_is_healed),
      cmocka_unit_test(nor_when_nobody_had_met_it_and_its_own_log_falls),
      cmocka_unit_test(a_damaged_takedown_leaves_no_text_missing),
      cmocka_unit_test(a_row_that_is_gone_is_found_by_who_folds),
      cmocka_unit_test(a_row_that_is_gone_below_a_cut_is_found),
      cmocka_unit_test(a_damaged_checkpoint_of_ours_is_told_as_such),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
