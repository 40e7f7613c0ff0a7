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

#include "node/forks.h"
#include "node/store/derive.h"
#include "tests/node/dump.h"
#include "tests/node/rot.h"

#define N_NODES 3
#define N_CASES 4
#define FLIPS_EVERYDAY 8 /* of each row */
#define DUMP_ROWS_MAX ((size_t)1 << 20)
#define HEADER 11u /* octets in front of a row's values, and some of the row before */

static uint64_t seed;

/* A line a row. */
static void dump(struct store *s, const char *sql, struct bytes *out) {
  sqlite3_stmt *st = NULL;
  bytes_clear(out);
  assert_int_equal(sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW) {
    assert_int_equal(bytes_printf(out, NULL, "%s\n", (const char *)sqlite3_column_text(st, 0)), OK);
  }
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

static void dump_logs(struct store *s, struct bytes *out) {
  dump(s,
       "SELECT printf('%d %s %d %d %s %d', no, hex(node), gen, size, hex(range), body_bytes) FROM log NOT INDEXED ORDER BY no",
       out);
}

static void dump_milestones(struct store *s, struct bytes *out) {
  dump(s, "SELECT printf('%d %d %d %d', seq, log, size, body_bytes) FROM milestone NOT INDEXED ORDER BY seq", out);
}

/* How many lines of `was` are not in `now`, which has no others. */
static uint64_t n_lost(const char *was, const char *now) {
  uint64_t n = 0;
  while (*was != '\0') {
    const size_t len = (size_t)(strchr(was, '\n') - was) + 1;
    const bool same = strncmp(was, now, len) == 0;
    now += same ? len : 0;
    n += !same;
    was += len;
  }
  assert_string_equal(now, "");
  return n;
}

/* Every log has the root to which its entries fold. */
static void expect_folds(struct fixture_node *node) {
  uint32_t n = 0;
  const struct hall_head *heads = hall_heads(node->hall, &n);
  assert_int_equal(n, N_NODES);
  for (uint32_t i = 0; i < n; i++) {
    struct hash root;
    assert_int_equal(hall_fold(node->hall, &heads[i].node, heads[i].gen, heads[i].size, &root, NULL), OK);
    assert_true(hash_equal(&root, &heads[i].root));
  }
}

/* ---- a store, and what was in it ---- */

struct trial {
  struct fixture f;
  struct fixture_node *node;
  struct rot_file file;
  struct bytes logs, milestones;
  uint64_t closed, broke_off, lost, whole;
};

/* One node that holds the logs of three. */
static void begin(struct trial *t) {
  memset(t, 0, sizeof *t);
  fixture_found(&t->f, N_NODES, seed, true);
  t->node = &t->f.nodes[0];
  for (uint32_t i = 0; i < N_NODES; i++) {
    for (uint64_t k = 0; k < N_CASES; k++) {
      (void)fixture_publish(&t->f.nodes[i], k, NULL);
    }
    if (i > 0) {
      fixture_transfer(&t->f.nodes[i], t->node, 50);
    }
  }
  bytes_init(&t->logs, DUMP_ROWS_MAX);
  bytes_init(&t->milestones, DUMP_ROWS_MAX);
  dump_logs(t->node->store, &t->logs);
  dump_milestones(t->node->store, &t->milestones);
  fixture_close(t->node);
  rot_read(t->node, &t->file);
}

static void end(struct trial *t) {
  rot_write(&t->file);
  free(t->file.octets);
  bytes_release(&t->logs);
  bytes_release(&t->milestones);
  fixture_open(t->node);
  expect_folds(t->node);
  fixture_release(&t->f);
}

/* Where the value that a query yields stands in the file. */
static uint8_t *place_of(struct trial *t, const char *sql, size_t *len) {
  sqlite3_stmt *st = NULL;
  rot_write(&t->file);
  fixture_open(t->node);
  assert_int_equal(sqlite3_prepare_v2(store_db(t->node->store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  *len = (size_t)sqlite3_column_bytes(st, 0);
  uint8_t *place = memmem(t->file.octets, t->file.len, sqlite3_column_blob(st, 0), *len);
  assert_non_null(place);
  (void)sqlite3_finalize(st);
  fixture_close(t->node);
  return place;
}

/* The rows are what they were, but for one milestone at most. */
static void expect_rows(struct trial *t) {
  struct bytes now;
  bytes_init(&now, DUMP_ROWS_MAX);
  dump_logs(t->node->store, &now);
  assert_int_equal(n_lost(bytes_text(&t->logs), bytes_text(&now)), 0);
  dump_milestones(t->node->store, &now);
  const uint64_t lost = n_lost(bytes_text(&t->milestones), bytes_text(&now));
  assert_true(lost <= 1);
  t->lost += lost;
  t->whole += lost == 0;
  bytes_release(&now);
}

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
  expect_folds(t->node);
  const enum err_code code = rot_scrub(t->node, 7, &s, &err);
  if (code != OK) { /* told: a row cannot be read, or the newest milestone is lost, until the log goes on */
    assert_true(in_header);
    t->broke_off++;
  } else {
    expect_rows(t);
  }
  (void)fixture_publish(t->node, 100, NULL);
  expect_folds(t->node);
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
  uint8_t *value = place_of(t, sql, &len);
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
  begin(&t);
  for (int no = 1; no <= N_NODES; no++) {
    char sql[100], name[40];
    (void)snprintf(name, sizeof name, "log %d", no);
    (void)snprintf(sql, sizeof sql, "SELECT range FROM log WHERE no = %d", no);
    flip_row(&t, sql, HEADER + HASH_LEN + 1, SIZE_MAX, false, name);
    assert_int_equal(t.lost, 0);
  }
  end(&t);
}

static void a_milestone_stands_where_its_text_says(void **state) {
  static const struct {
    int log, size;
    bool is_newest;
  } rows[] = {{1, 1, false}, {1, 4, false}, {1, 6, true}};
  static struct trial t;
  (void)state;
  begin(&t);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char sql[100], name[40];
    (void)snprintf(sql, sizeof sql, "SELECT text FROM milestone WHERE log = %d AND size = %d", rows[i].log, rows[i].size);
    (void)snprintf(name, sizeof name, "milestone %d of log %d", rows[i].size, rows[i].log);
    flip_row(&t, sql, HEADER, 2, rows[i].is_newest, name);
  }
  end(&t);
}

static void change(struct trial *t, const char *sql) {
  assert_int_equal(sqlite3_exec(store_db(t->node->store), sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_changes(store_db(t->node->store)), 1);
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
  begin(&t);
  for (size_t i = 0; i < 2 * (sizeof changes / sizeof changes[0]); i++) {
    rot_write(&t.file);
    fixture_open(t.node);
    change(&t, changes[i / 2]);
    if (i % 2 == 1) { /* or by the next start, as far as nobody may rest on it for a moment */
      fixture_close(t.node);
      fixture_open(t.node);
      expect_folds(t.node);
    }
    if (rot_scrub(t.node, 7, &s, &err) != OK) fail_msg("%s: %s", changes[i / 2], err.message);
    assert_true(s.milestones > 0);
    assert_int_equal(s.found, 0);
    t.lost = 0;
    expect_rows(&t);
    assert_int_equal(t.lost, 0);
    rot_expect_sound(t.node);
    fixture_close(t.node);
  }
  end(&t);
}

/* Its newest checkpoint is damaged, and some time later its size, or its range: the entries know where it ends. */
static void a_log_is_never_shortened(void **state) {
  static const char *const changes[] = {"UPDATE log SET size = 7 WHERE no = 1", "UPDATE log SET size = 5 WHERE no = 1",
                                        "UPDATE log SET range = zeroblob(length(range)) WHERE no = 1",
                                        "DELETE FROM log WHERE no = 1"};
  static struct trial t;
  struct scrub_state s;
  (void)state;
  begin(&t);
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    rot_write(&t.file);
    fixture_open(t.node);
    change(&t, "UPDATE milestone SET text = zeroblob(length(text)) WHERE log = 1 AND size = 6");
    assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
    assert_true(s.milestones > 0);
    change(&t, changes[i]);
    fixture_close(t.node);
    fixture_open(t.node);
    expect_folds(t.node);
    assert_int_equal(hall_head(t.node->hall, &t.node->id, 1)->size, N_CASES + 2);
    (void)fixture_publish(t.node, 100, NULL);
    expect_folds(t.node);
    assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK); /* the damaged one is not the newest any more, and goes */
    rot_expect_sound(t.node);
    fixture_close(t.node);
  }
  end(&t);
}

/* An index that knows of no log does not make a node begin its log anew. */
static void a_log_that_its_index_has_forgotten_is_not_begun_again(void **state) {
  static struct trial t;
  struct scrub_state s;
  (void)state;
  begin(&t);
  uint8_t *page = rot_root(t.node, &t.file, "sqlite_autoindex_log_1");
  page[4] ^= 3; /* the number of its rows: none */
  rot_write(&t.file);
  fixture_open(t.node);
  expect_folds(t.node);
  assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
  assert_true(s.milestones > 0); /* by the start */
  rot_expect_sound(t.node);
  fixture_close(t.node);
  page[4] ^= 3;
  end(&t);
}

/* A log that grows rests on what is in memory, not on a row that was changed behind its back. */
static void a_log_that_grows_does_not_rest_on_a_changed_row(void **state) {
  static struct trial t;
  (void)state;
  begin(&t);
  fixture_open(t.node);
  change(&t, "UPDATE log SET range = zeroblob(length(range)) WHERE no = 1");
  (void)fixture_publish(t.node, 100, NULL);
  expect_folds(t.node);
  rot_expect_sound(t.node);
  fixture_close(t.node);
  end(&t);
}

/* ---- what several flips, or one of many rows, make of it ---- */

/* Every bit of what a page says of where its rows are. What was signed stays, but for a row or two, or nothing is written. */
static void no_page_loses_its_milestones(void **state) {
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  uint64_t refused = 0, passed = 0;
  (void)state;
  begin(&t);
  uint8_t *page = rot_root(t.node, &t.file, "milestone");
  const size_t n = 8 + 2 * (size_t)page[4];
  assert_int_equal(page[0], 13); /* a leaf */
  for (size_t bit = 0; bit < 8 * n; bit++) {
    struct bytes now;
    bytes_init(&now, DUMP_ROWS_MAX);
    page[bit / 8] ^= (uint8_t)(1u << bit % 8);
    rot_write(&t.file);
    const bool opens = fixture_try_open(t.node, &err) == OK;
    const bool passes = opens && rot_scrub(t.node, 7, &s, &err) == OK;
    if (passes) {
      dump_milestones(t.node->store, &now);
      assert_true(n_lost(bytes_text(&t.milestones), bytes_text(&now)) <= 2);
      expect_folds(t.node);
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
  print_message("of %zu bits: refused %" PRIu64 ", passed %" PRIu64 "\n", 8 * n, refused, passed);
  assert_true(refused > 0 && passed > 0);
  end(&t);
}

/* Its row cannot be read: its place stays, so that all else can be derived, until the log goes on. */
static void a_newest_milestone_that_is_lost_stops_nothing(void **state) {
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  size_t len = 0;
  uint64_t n = 0;
  (void)state;
  begin(&t);
  uint8_t *text = place_of(&t, "SELECT text FROM milestone WHERE log = 2 AND size = 6", &len);
  for (size_t bit = 0; bit < (size_t)8 * 3; bit++) { /* of its header: types and lengths */
    uint8_t *octet = text - 1 - bit / 8 - 4;
    *octet ^= (uint8_t)(1u << bit % 8);
    rot_write(&t.file);
    if (fixture_try_open(t.node, &err) == OK) {
      const bool passes = rot_scrub(t.node, 7, &s, &err) == OK;
      if (passes && s.milestones > 0) {
        assert_int_equal(derive_rebuild(t.node->store, &t.node->federation, t.f.schemas, NULL, NULL, &err), OK);
        change(&t, "UPDATE derived_fact SET value = zeroblob(32) WHERE name = 'schemas'"); /* as another version would */
        fixture_close(t.node);
        fixture_open(t.node);
        expect_folds(t.node);
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
  end(&t);
}

/* A row of another log that a disk has put behind the own one is none of it. */
static void nothing_comes_behind_a_log_that_nobody_speaks_for(void **state) {
  static struct trial t;
  (void)state;
  begin(&t);
  rot_write(&t.file);
  fixture_open(t.node);
  change(&t, "UPDATE entry SET id = (1 << 40) + 6 WHERE id = (2 << 40) + 5");
  change(&t, "UPDATE log SET range = zeroblob(length(range)) WHERE no = 1");
  fixture_close(t.node);
  fixture_open(t.node);
  const struct hall_head *own = hall_head(t.node->hall, &t.node->id, 1);
  assert_int_equal(own->size, N_CASES + 2);
  fixture_close(t.node);
  end(&t);
}

/* As a cut to nothing leaves it. */
static void a_log_without_entries_is_empty_whatever_its_row_says(void **state) {
  static struct trial t;
  struct scrub_state s;
  (void)state;
  begin(&t);
  rot_write(&t.file);
  fixture_open(t.node);
  change(&t, "INSERT INTO log(node, gen, size, range, body_bytes) SELECT node, 2, 0, x'', 0 FROM log WHERE no = 2");
  rot_expect_sound(t.node);
  change(&t, "UPDATE log SET size = 8 WHERE gen = 2");
  fixture_close(t.node);
  fixture_open(t.node);
  assert_int_equal(dump_number(t.node->store, "SELECT size FROM log WHERE gen = 2"), 0);
  assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
  rot_expect_sound(t.node);
  fixture_close(t.node);
  end(&t);
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
  begin(&t);
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    bool hit = true;
    for (uint64_t at = 1; hit; at += 1 + at / 5) {
      rot_write(&t.file);
      fixture_open(t.node);
      change(&t, "INSERT INTO log(no, node, gen, size, range, body_bytes) SELECT 20, node, 2, 0, x'', 0 FROM log WHERE no = 3");
      change(&t, changes[i]);
      steps_left = at;
      sqlite3_progress_handler(store_db(t.node->store), 20, interrupt_once, NULL);
      failed += rot_scrub(t.node, 7, &s, NULL) != OK;
      sqlite3_progress_handler(store_db(t.node->store), 0, NULL, NULL);
      hit = steps_left == 0 || steps_left > at;
      assert_int_equal(sqlite3_get_autocommit(store_db(t.node->store)), 1);
      assert_int_equal(rot_scrub(t.node, 7, &s, NULL), OK);
      assert_int_equal(dump_number(t.node->store, "SELECT count(*) FROM log WHERE no = 20"), 1);
      change(&t, "DELETE FROM log WHERE no = 20");
      t.lost = 0;
      expect_rows(&t);
      assert_int_equal(t.lost, 0);
      fixture_close(t.node);
    }
  }
  assert_true(failed > 10);
  end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_page_loses_its_milestones),
      cmocka_unit_test(a_newest_milestone_that_is_lost_stops_nothing),
      cmocka_unit_test(nothing_comes_behind_a_log_that_nobody_speaks_for),
      cmocka_unit_test(a_log_without_entries_is_empty_whatever_its_row_says),
      cmocka_unit_test(an_error_on_the_way_is_no_damage),
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
