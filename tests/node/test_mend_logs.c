/*
 * mend_logs: one bit of the rows that hold logs together is another one: which log stands where, its range, its milestones.
 * What the checkpoints say is put right, and a log goes on as if nothing had been. SPECOLA_SCRUB_FLIPS: every bit of the rows
 * that are tried, instead of some of them.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/node/trial.h"

#define FLIPS_EVERYDAY 8 /* of each row */
#define HEADER 11u       /* octets in front of a row's values, and some of the row before */

static uint64_t seed;

/* Starts with the file as it is in memory, lets a pass go over it, and goes on. in_header: how long a row is may be another.
 * is_newest: the milestone at which the own log ends is concerned. */
static void try_file(struct trial *t, bool in_header, bool is_newest) {
  struct scrub_state s;
  struct err err = ERR_INIT;
  rot_write(&t->file);
  if (fixture_try_open(t->node, &err) != OK) {
    assert_true(in_header); /* told, and nothing was served */
    t->closed++;
    return;
  }
  trial_expect_folds(t->node);
  const enum err_code code = rot_scrub(t->node, 7, &s, &err);
  if (code != OK) { /* told: a row cannot be read, or the newest milestone is lost, until the log goes on */
    assert_true(in_header);
    t->broke_off++;
  } else {
    trial_expect_rows(t);
  }
  (void)fixture_publish(t->node, 100, NULL);
  trial_expect_folds(t->node);
  if (code == OK || is_newest) {
    assert_int_equal(rot_scrub(t->node, 7, &s, &err), OK); /* it may be one below now */
    rot_expect_sound(t->node);
  }
  fixture_close(t->node);
}

/* Flips each bit of a row, or some: `before` octets in front of the value that a query yields, and `len` of it. */
static void flip_row(struct trial *t, const char *sql, size_t before, size_t most, bool is_newest, const char *name) {
  const char *wish = getenv("SPECOLA_SCRUB_FLIPS");
  size_t len = 0;
  uint8_t *value = trial_place_of(t, sql, &len);
  len = before + (len < most ? len : most);
  const uint64_t n = wish == NULL ? FLIPS_EVERYDAY : 8 * len;
  t->closed = t->broke_off = t->lost = t->whole = 0;
  for (uint64_t i = 0; i < n; i++) {
    const size_t bit = (size_t)(wish == NULL ? fixture_random(&t->f, 8 * len) : i);
    uint8_t *octet = value - before + bit / 8;
    *octet ^= (uint8_t)(1u << bit % 8);
    try_file(t, bit / 8 < HEADER, is_newest);
    *octet ^= (uint8_t)(1u << bit % 8);
  }
  print_message("%s: closed %" PRIu64 ", broke off %" PRIu64 ", lost %" PRIu64 ", whole %" PRIu64 "\n", name, t->closed,
                t->broke_off, t->lost, t->whole);
}

/* ---- tests ---- */

static void a_log_stands_where_its_checkpoints_say(void **state) {
  static struct trial t;
  (void)state;
  trial_begin(&t, seed);
  for (int no = 1; no <= TRIAL_NODES; no++) {
    char sql[100], name[40];
    (void)snprintf(name, sizeof name, "log %d", no);
    (void)snprintf(sql, sizeof sql, "SELECT range FROM log WHERE no = %d", no);
    flip_row(&t, sql, HEADER + HASH_LEN + 1, SIZE_MAX, false, name);
    assert_int_equal(t.lost, 0);
  }
  trial_end(&t);
}

static void a_milestone_stands_where_its_text_says(void **state) {
  static const struct {
    int log, size;
    bool is_newest;
  } rows[] = {{1, 1, false}, {1, 4, false}, {1, 6, true}};
  static struct trial t;
  (void)state;
  trial_begin(&t, seed);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char sql[100], name[40];
    (void)snprintf(sql, sizeof sql, "SELECT text FROM milestone WHERE log = %d AND size = %d", rows[i].log, rows[i].size);
    (void)snprintf(name, sizeof name, "milestone %d of log %d", rows[i].size, rows[i].log);
    flip_row(&t, sql, HEADER, 2, rows[i].is_newest, name);
  }
  trial_end(&t);
}

/* What stands wrong in a store that is open is found by the pass, whichever log it is of; a second one finds nothing. */
static void a_pass_puts_right_what_a_disk_has_changed(void **state) {
  static const char *const changes[] = {
      "UPDATE milestone SET size = 73 WHERE log = 1 AND size = 4",
      "UPDATE milestone SET log = 99 WHERE log = 1 AND size = 4",
      "UPDATE milestone SET log = 2, size = 4 WHERE log = 1 AND size = 4",
      "UPDATE milestone SET log = 0 WHERE log = 3",
      "UPDATE milestone SET body_bytes = body_bytes + 1 WHERE log = 1 AND size = 4",
      "UPDATE log SET range = zeroblob(length(range)) WHERE no = 2",
      "UPDATE log SET size = 3 WHERE no = 2",
      "UPDATE log SET size = 10 WHERE no = 1", /* of which the range would fit */
      "UPDATE log SET body_bytes = 0 WHERE no = 3",
      "UPDATE log SET node = zeroblob(32) WHERE no = 2",
      "UPDATE log SET gen = 2 WHERE no = 1",
      "UPDATE log SET no = 4 WHERE no = 2",
      "DELETE FROM log WHERE no = 3",
  };
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  (void)state;
  trial_begin(&t, seed);
  for (size_t i = 0; i < 2 * (sizeof changes / sizeof changes[0]); i++) {
    rot_write(&t.file);
    fixture_open(t.node);
    trial_change(&t, changes[i / 2]);
    if (i % 2 == 1) { /* or by the next start, as far as nobody may rest on it for a moment */
      fixture_close(t.node);
      fixture_open(t.node);
      trial_expect_folds(t.node);
    }
    if (rot_scrub(t.node, 7, &s, &err) != OK) fail_msg("%s: %s", changes[i / 2], err.message);
    assert_true(s.milestones > 0);
    assert_int_equal(s.found, 0);
    t.lost = 0;
    trial_expect_rows(&t);
    assert_int_equal(t.lost, 0);
    rot_expect_sound(t.node);
    fixture_close(t.node);
  }
  trial_end(&t);
}

/* Its newest checkpoint is damaged, and some time later its size, or its range: the entries know where it ends. */
static void a_log_is_never_shortened(void **state) {
  static const char *const changes[] = {"UPDATE log SET size = 7 WHERE no = 1", "UPDATE log SET size = 5 WHERE no = 1",
                                        "UPDATE log SET range = zeroblob(length(range)) WHERE no = 1",
                                        "DELETE FROM log WHERE no = 1"};
  static struct trial t;
  struct scrub_state s;
  (void)state;
  trial_begin(&t, seed);
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    rot_write(&t.file);
    fixture_open(t.node);
    trial_change(&t, "UPDATE milestone SET text = zeroblob(length(text)) WHERE log = 1 AND size = 6");
    assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
    assert_true(s.milestones > 0);
    trial_change(&t, changes[i]);
    fixture_close(t.node);
    fixture_open(t.node);
    trial_expect_folds(t.node);
    assert_int_equal(hall_head(t.node->hall, &t.node->id, 1)->size, TRIAL_CASES + 2);
    (void)fixture_publish(t.node, 100, NULL);
    trial_expect_folds(t.node);
    assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK); /* the damaged one is not the newest any more, and goes */
    rot_expect_sound(t.node);
    fixture_close(t.node);
  }
  trial_end(&t);
}

/* An index that knows of no log does not make a node begin its log anew. */
static void a_log_that_its_index_has_forgotten_is_not_begun_again(void **state) {
  static struct trial t;
  struct scrub_state s;
  (void)state;
  trial_begin(&t, seed);
  uint8_t *page = rot_root(t.node, &t.file, "sqlite_autoindex_log_1");
  page[4] ^= 3; /* the number of its rows: none */
  rot_write(&t.file);
  fixture_open(t.node);
  trial_expect_folds(t.node);
  assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
  assert_true(s.milestones > 0); /* by the start */
  rot_expect_sound(t.node);
  fixture_close(t.node);
  page[4] ^= 3;
  trial_end(&t);
}

/* A log that grows rests on what is in memory, not on a row that was changed behind its back. */
static void a_log_that_grows_does_not_rest_on_a_changed_row(void **state) {
  static struct trial t;
  (void)state;
  trial_begin(&t, seed);
  fixture_open(t.node);
  trial_change(&t, "UPDATE log SET range = zeroblob(length(range)) WHERE no = 1");
  (void)fixture_publish(t.node, 100, NULL);
  trial_expect_folds(t.node);
  rot_expect_sound(t.node);
  fixture_close(t.node);
  trial_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pass_puts_right_what_a_disk_has_changed),
      cmocka_unit_test(a_log_is_never_shortened),
      cmocka_unit_test(a_log_that_its_index_has_forgotten_is_not_begun_again),
      cmocka_unit_test(a_log_that_grows_does_not_rest_on_a_changed_row),
      cmocka_unit_test(a_log_stands_where_its_checkpoints_say),
      cmocka_unit_test(a_milestone_stands_where_its_text_says),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
