/*
 * mend_lost: milestones that a disk has lost, or an index that says something else, and what several flips at once make of
 * logs: nothing that was signed is given up, and nothing is taken for more than somebody speaks for.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "tests/node/dump.h"
#include "tests/node/rotation.h"
#include "tests/node/trial.h"

static uint64_t seed;

/* Every other bit of what a page says of where its rows are. What was signed stays, but for a row or two, or nothing is
 * written. */
static void no_page_loses_its_milestones(void **state) {
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  uint64_t refused = 0, passed = 0;
  (void)state;
  trial_begin(&t, seed);
  uint8_t *page = rot_root(t.node, &t.file, "milestone");
  const size_t n = 8 + 2 * (size_t)page[4];
  assert_int_equal(page[0], 13); /* a leaf */
  for (size_t bit = seed % 2; bit < 8 * n; bit += 2) {
    struct bytes now;
    bytes_init(&now, TRIAL_DUMP);
    page[bit / 8] ^= (uint8_t)(1u << bit % 8);
    rot_write(&t.file);
    const bool opens = fixture_try_open(t.node, &err) == OK;
    const bool passes = opens && rot_scrub(t.node, 7, &s, &err) == OK;
    if (passes) {
      trial_milestones(t.node->store, &now);
      assert_true(trial_n_lost(bytes_text(&t.milestones), bytes_text(&now)) <= 2);
      trial_expect_folds(t.node);
      assert_int_equal(rot_scrub(t.node, 7, &s, &err), OK); /* what is derived follows from it */
      assert_false(s.derived);
    }
    if (opens) fixture_close(t.node);
    if (!opens) rot_expect_unchanged(t.node, &t.file);
    passed += passes;
    refused += !opens;
    page[bit / 8] ^= (uint8_t)(1u << bit % 8);
    bytes_release(&now);
  }
  print_message("of %zu bits: refused %" PRIu64 ", passed %" PRIu64 "\n", 4 * n, refused, passed);
  assert_true(refused > 0 && passed > 0);
  trial_end(&t);
}

/* The table is whole: whatever bit of its index (one of five) is another one, no text goes, and the order of arrival is what it
 * was. */
static void a_damaged_index_costs_no_milestone(void **state) {
  static const char sql[] = "SELECT printf('%d %d %d %s', seq, log, size, hex(text)) FROM milestone NOT INDEXED ORDER BY seq";
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  struct bytes was, now;
  uint64_t passed = 0, refused = 0;
  (void)state;
  trial_begin(&t, seed);
  bytes_init(&was, TRIAL_DUMP);
  bytes_init(&now, TRIAL_DUMP);
  uint8_t *page = rot_root(t.node, &t.file, "sqlite_autoindex_milestone_1");
  const size_t head = 8 + 2 * (size_t)page[4], content = (size_t)page[5] << 8 | page[6];
  fixture_open(t.node);
  trial_dump(t.node->store, sql, &was);
  fixture_close(t.node);
  for (size_t bit = seed % 5; bit < 8 * ROT_PAGE; bit += 5) {
    if (bit >= 8 * head && bit < 8 * content) bit += 8 * (content - head);
    page[bit / 8] ^= (uint8_t)(1u << bit % 8);
    rot_write(&t.file);
    if (fixture_try_open(t.node, &err) == OK) {
      passed += rot_scrub(t.node, 7, &s, &err) == OK;
      trial_dump(t.node->store, sql, &now);
      assert_string_equal(bytes_text(&now), bytes_text(&was));
      fixture_close(t.node);
    } else {
      rot_expect_unchanged(t.node, &t.file);
      refused++;
    }
    page[bit / 8] ^= (uint8_t)(1u << bit % 8);
  }
  print_message("passed %" PRIu64 ", refused %" PRIu64 "\n", passed, refused);
  assert_true(passed > 20 * refused);
  bytes_release(&was);
  bytes_release(&now);
  trial_end(&t);
}

/* The checkpoint at the cut of a closed generation is damaged: the log stands at its cut all the same. */
static void a_closed_generation_stays_at_its_cut(void **state) {
  static struct fixture f;
  struct scrub_state s;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 3, seed, true);
  struct fixture_node *it = &f.nodes[0];
  (void)fixture_publish(it, 1, NULL);
  (void)fixture_publish(it, 2, NULL);
  rotation_begin(it, 4, NULL);
  (void)fixture_publish(it, 7, NULL);
  assert_int_equal(sqlite3_exec(store_db(it->store), "UPDATE milestone SET text = zeroblob(200) WHERE log = 1 AND size = 4",
                                NULL, NULL, NULL),
                   SQLITE_OK);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(rot_scrub(it, 7, &s, &err), OK);
    assert_int_equal(s.milestones, i == 0 ? 1 : 0);
    fixture_close(it);
    fixture_open(it);
    assert_int_equal(hall_head(it->hall, &it->id, 1)->size, 4);
    assert_true(hall_may_begin(it->hall, &it->id, 2));
  }
  (void)fixture_publish(it, 8, NULL);
  assert_int_equal(hall_head(it->hall, &it->id, 2)->size, 3);
  fixture_release(&f);
}

/* Its row cannot be read: its place stays, so that all else can be derived, until the log goes on. */
static void a_newest_milestone_that_is_lost_stops_nothing(void **state) {
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  size_t len = 0;
  uint64_t n = 0;
  (void)state;
  trial_begin(&t, seed);
  uint8_t *text = trial_place_of(&t, "SELECT text FROM milestone WHERE log = 2 AND size = 6", &len);
  for (size_t bit = 0; bit < (size_t)8 * 3; bit++) { /* of its header: types and lengths */
    uint8_t *octet = text - 1 - bit / 8 - 4;
    *octet ^= (uint8_t)(1u << bit % 8);
    rot_write(&t.file);
    if (fixture_try_open(t.node, &err) == OK) {
      const bool passes = rot_scrub(t.node, 7, &s, &err) == OK;
      if (passes && s.milestones > 0) {
        assert_int_equal(derive_rebuild(t.node->store, &t.node->federation, t.f.schemas, NULL, NULL, &err), OK);
        trial_change(&t, "UPDATE derived_fact SET value = zeroblob(32) WHERE name = 'schemas'"); /* as another version would */
        fixture_close(t.node);
        fixture_open(t.node);
        trial_expect_folds(t.node);
        (void)fixture_publish(&t.f.nodes[1], 500 + bit, NULL);
        fixture_transfer(&t.f.nodes[1], t.node, 50);
        assert_int_equal(rot_scrub(t.node, 7, &s, &err), OK);
        rot_expect_sound(t.node);
        n++;
      }
      fixture_close(t.node);
    }
    *octet ^= (uint8_t)(1u << bit % 8);
  }
  assert_true(n > 0);
  trial_end(&t);
}

/* A row of another log that a disk has put behind the own one is none of it. */
static void nothing_comes_behind_a_log_that_nobody_speaks_for(void **state) {
  static struct trial t;
  (void)state;
  trial_begin(&t, seed);
  rot_write(&t.file);
  fixture_open(t.node);
  trial_change(&t, "UPDATE entry SET id = (1 << 40) + 6 WHERE id = (2 << 40) + 5");
  trial_change(&t, "UPDATE log SET range = zeroblob(length(range)) WHERE no = 1");
  fixture_close(t.node);
  fixture_open(t.node);
  const struct hall_head *own = hall_head(t.node->hall, &t.node->id, 1);
  assert_int_equal(own->size, TRIAL_CASES + 2);
  fixture_close(t.node);
  trial_end(&t);
}

/* As a cut to nothing leaves it. */
static void a_log_without_entries_is_empty_whatever_its_row_says(void **state) {
  static struct trial t;
  struct scrub_state s;
  (void)state;
  trial_begin(&t, seed);
  rot_write(&t.file);
  fixture_open(t.node);
  trial_change(&t, "INSERT INTO log(node, gen, size, range, body_bytes) SELECT node, 2, 0, x'', 0 FROM log WHERE no = 2");
  rot_expect_sound(t.node);
  trial_change(&t, "UPDATE log SET size = 8 WHERE gen = 2");
  fixture_close(t.node);
  fixture_open(t.node);
  assert_int_equal(dump_number(t.node->store, "SELECT size FROM log WHERE gen = 2"), 0);
  assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
  rot_expect_sound(t.node);
  fixture_close(t.node);
  trial_end(&t);
}

static uint64_t steps_left;

static int interrupt_once(void *context) {
  (void)context;
  return --steps_left == 0;
}

/* A pass that is interrupted anywhere leaves what was, or what should be; the next one brings it about. */
static void an_error_on_the_way_is_no_damage(void **state) {
  static const char *const changes[] = {"UPDATE milestone SET size = 73 WHERE log = 1 AND size = 4",
                                        "UPDATE log SET no = 9 WHERE no = 2"};
  static struct trial t;
  struct scrub_state s;
  uint64_t failed = 0;
  (void)state;
  trial_begin(&t, seed);
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    bool hit = true;
    for (uint64_t at = 1; hit; at += 1 + at / 5) {
      rot_write(&t.file);
      fixture_open(t.node);
      trial_change(
          &t, "INSERT INTO log(no, node, gen, size, range, body_bytes) SELECT 20, node, 2, 0, x'', 0 FROM log WHERE no = 3");
      trial_change(&t, changes[i]);
      steps_left = at;
      sqlite3_progress_handler(store_db(t.node->store), 20, interrupt_once, NULL);
      failed += rot_scrub(t.node, 7, &s, NULL) != OK;
      sqlite3_progress_handler(store_db(t.node->store), 0, NULL, NULL);
      hit = steps_left == 0 || steps_left > at;
      assert_int_equal(sqlite3_get_autocommit(store_db(t.node->store)), 1);
      assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
      assert_int_equal(dump_number(t.node->store, "SELECT count(*) FROM log WHERE no = 20"), 1);
      trial_change(&t, "DELETE FROM log WHERE no = 20");
      t.lost = 0;
      trial_expect_rows(&t);
      assert_int_equal(t.lost, 0);
      fixture_close(t.node);
    }
  }
  assert_true(failed > 10);
  trial_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_page_loses_its_milestones),
      cmocka_unit_test(a_damaged_index_costs_no_milestone),
      cmocka_unit_test(a_closed_generation_stays_at_its_cut),
      cmocka_unit_test(a_newest_milestone_that_is_lost_stops_nothing),
      cmocka_unit_test(nothing_comes_behind_a_log_that_nobody_speaks_for),
      cmocka_unit_test(a_log_without_entries_is_empty_whatever_its_row_says),
      cmocka_unit_test(an_error_on_the_way_is_no_damage),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
