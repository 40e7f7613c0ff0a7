/*
 * heal: damaged entries take their place in whatever order they are given, also while a pass goes on, and those above a cut
 * are nobody's any more. Found and healed over the exchange: test_scrub.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "node/store/statement.h"
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

/* Changes the octets of an entry in FR's store, behind everybody's back. */
static void damage(uint64_t index) {
  char sql[128];
  (void)snprintf(sql, sizeof sql, "UPDATE entry SET envelope = zeroblob(length(envelope)) WHERE id = %lld",
                 (long long)rowid_of(index));
  assert_int_equal(sqlite3_exec(store_db(FR->store), sql, NULL, NULL, NULL), SQLITE_OK);
}

/* FR is given an entry as IT has it; how many took their place. */
static uint64_t give(uint64_t index) {
  struct bytes window;
  uint64_t count = 0, mended = 0;
  bytes_init(&window, LIMIT_DATA_RAW);
  assert_int_equal(hall_window(IT->hall, &IT->id, 1, index, index + 1, GET_FULL, LIMIT_DATA_RAW, &window, &count, NULL), OK);
  assert_int_equal(hall_restore(FR->hall, &IT->id, 1, index, bytes_view(&window), &mended, NULL), OK);
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

/* The upper one comes first and cannot be judged; then the lower one does. */
static void what_came_before_it_could_be_judged_comes_again(void **state) {
  struct scrub_state s;
  (void)state;
  found_two();
  damage(FIRST);
  damage(SECOND);
  assert_int_equal(rot_scrub(FR, 7, &s, NULL), OK);
  assert_int_equal(s.left, 2);
  assert_int_equal(give(SECOND), 0);
  expect_asked(FIRST);
  assert_int_equal(give(FIRST), 1);
  expect_asked(SECOND);
  assert_int_equal(give(SECOND), 1);
  expect_whole();
  fixture_release(&f);
}

static void what_is_healed_during_a_pass_is_not_marked_at_its_end(void **state) {
  struct scrub_state s;
  (void)state;
  found_two();
  damage(FIRST);
  assert_int_equal(rot_scrub(FR, 7, &s, NULL), OK);
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

/* Nobody gives it any more: whoever has it keeps it aside. */
static void what_is_damaged_above_a_cut_is_asked_of_nobody(void **state) {
  struct scrub_state s;
  struct bytes item;
  struct log log;
  uint64_t n = 0;
  bool changed = false;
  (void)state;
  found_two();
  bytes_init(&item, 8192);
  damage(SECOND);
  assert_int_equal(rot_scrub(FR, 7, &s, NULL), OK);
  assert_int_equal(s.left, 1);
  hall_scrub_begin(FR->hall);
  assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK);
  assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK); /* it was met */
  rotation_begin(IT, SECOND, &item);
  assert_int_equal(hall_identity(FR->hall, &IT->id, bytes_view(&item), &changed, NULL), OK);
  do {
    assert_int_equal(hall_scrub_step(FR->hall, 100, NULL), OK);
    assert_int_equal(hall_scrub_state(FR->hall, &s, NULL), OK);
  } while (s.running);
  assert_int_equal(s.left, 0);
  assert_int_equal(log_find(FR->store, &IT->id, 1, &log, NULL), OK);
  assert_int_equal(log.range.size, SECOND);
  assert_int_equal(withdrawn_count(FR->store, log.no, &n, NULL), OK);
  assert_int_equal(n, SIZE - SECOND - 1);
  fixture_transfer(IT, FR, 1);
  fixture_transfer(FR, IT, 1);
  expect_whole();
  bytes_release(&item);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_came_before_it_could_be_judged_comes_again),
      cmocka_unit_test(what_is_healed_during_a_pass_is_not_marked_at_its_end),
      cmocka_unit_test(what_is_damaged_above_a_cut_is_asked_of_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
