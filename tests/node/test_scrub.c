/*
 * scrub: bits that a disk changed. Whatever changes an entry or a body is found, is served to nobody, and is healed by two
 * peers. SPECOLA_SCRUB_HEALED: how many bits are flipped in entries and bodies, 500 at once in a store of 600, found and healed
 * round by round (12 in a store of 60); 10 000 for a release. Bits anywhere in the file: test_flips.c.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/damage.h"
#include "protocol/canon.h"
#include "protocol/message.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"
#include "tests/node/rot.h"
#include "tests/sim/net_sim.h"

#define N_CASES 30
#define N_LONG 40 /* texts as long as they may be */
#define FLIPS_AT_ONCE 12
#define N_CASES_MANY 300 /* and so many flips at once, where thousands are healed */
#define FLIPS_IN_A_ROUND 500

enum { IT, FR, EE };

static uint64_t seed;

/* ---- a pass ---- */

static void what_is_sound_stays_as_it_is(void **state) {
  static struct fixture f;
  struct scrub_state s;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 2, seed, true);
  for (uint64_t i = 0; i < N_CASES; i++) {
    (void)fixture_publish(&f.nodes[0], i, NULL);
  }
  fixture_transfer(&f.nodes[0], &f.nodes[1], 10);
  assert_true(hall_scrub_is_due(f.nodes[1].hall));
  assert_int_equal(rot_scrub(&f.nodes[1], 7, &s, &err), OK);
  assert_int_equal(s.entries, N_CASES + 4);
  assert_int_equal(s.found + s.milestones + s.left, 0);
  assert_false(s.derived);
  assert_false(hall_scrub_is_due(f.nodes[1].hall));
  fixture_close(&f.nodes[1]);
  fixture_open(&f.nodes[1]);
  assert_false(hall_scrub_is_due(f.nodes[1].hall));
  f.now_ms += UINT64_C(1000) * SCRUB_EVERY_S;
  assert_true(hall_scrub_is_due(f.nodes[1].hall));
  fixture_release(&f);
}

/* Texts as long as they may be: entries alone do not bound a step. */
static void a_step_reads_so_many_octets_and_no_more(void **state) {
  static struct fixture f;
  static struct own_log log;
  static uint8_t text[LIMIT_BODY];
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct scrub_state s;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 2, seed, false);
  struct fixture_node *node = &f.nodes[1];
  own_begin(&log, &f.nodes[0]);
  while (log.n < N_LONG + 2) {
    add_odd(&log, &log.node->editor, h, view_of(text, sizeof text));
  }
  assert_int_equal(own_carry(&log, node->hall, 0, log.n, 1, NULL, &err), OK);
  hall_scrub_begin(node->hall);
  uint64_t steps = 0, before = 0;
  do {
    assert_int_equal(hall_scrub_step(node->hall, 200, &err), OK);
    assert_int_equal(hall_scrub_state(node->hall, &s, &err), OK);
    assert_true((s.entries - before) * LIMIT_BODY <= SCRUB_STEP_OCTETS + (size_t)3 * LIMIT_BODY);
    steps += s.entries > before;
    before = s.entries;
  } while (s.running);
  assert_int_equal(s.entries, log.n);
  assert_int_equal(s.found + s.milestones + s.left, 0);
  assert_int_equal(steps, 1 + N_LONG * (size_t)LIMIT_BODY / SCRUB_STEP_OCTETS);
  own_release(&log);
  fixture_release(&f);
}

/* ---- healing ---- */

#define COLUMNS 3

/* Flips one bit of a random entry's envelope, salt or body where they lie in the file; its rowid. */
static int64_t flip_entry(struct fixture *f, struct store *s, struct rot_file *file) {
  static const char sql[] = "SELECT id, envelope, salt, body FROM entry ORDER BY id LIMIT 1 OFFSET "
                            "?1 % (SELECT count(*) FROM entry)";
  for (;;) {
    sqlite3_stmt *st = NULL;
    const int column = 1 + (int)fixture_random(f, COLUMNS);
    assert_int_equal(sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_bind_int64(st, 1, (int64_t)fixture_random(f, UINT32_MAX)), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    const int64_t rowid = sqlite3_column_int64(st, 0);
    const size_t len = (size_t)sqlite3_column_bytes(st, column);
    uint8_t *place = len == 0 ? NULL : memmem(file->octets, file->len, sqlite3_column_blob(st, column), len);
    if (place != NULL && memmem(place + 1, (size_t)(file->octets + file->len - place) - 1, place, len) != NULL) {
      place = NULL; /* a salt of zeros stands anywhere */
    }
    if (place != NULL) { /* not flipped already, and in one piece */
      place[fixture_random(f, len)] ^= (uint8_t)(1u << fixture_random(f, 8));
    }
    (void)sqlite3_finalize(st);
    if (place != NULL) {
      return rowid;
    }
  }
}

/* Flips n bits of a closed node's store, of entries and bodies; how many entries they are of. */
static uint64_t flip_entries(struct fixture *f, struct fixture_node *node, uint64_t n) {
  int64_t *hit = calloc(n, sizeof *hit);
  uint64_t n_hit = 0;
  struct rot_file file;
  assert_non_null(hit);
  rot_read(node, &file);
  fixture_open(node); /* what it says while its copy is flipped */
  for (uint64_t i = 0; i < n; i++) {
    const int64_t rowid = flip_entry(f, node->store, &file);
    bool known = false;
    for (uint64_t k = 0; k < n_hit; k++) {
      known = known || hit[k] == rowid;
    }
    hit[n_hit] = rowid;
    n_hit += !known;
  }
  fixture_close(node);
  rot_write(&file);
  free(file.octets);
  free(hit);
  return n_hit;
}

/* Whether what is given out for an entry is the one of `good`, or says no more than that its body is absent. */
static void expect_true(struct view window, struct view good) {
  struct canon_reader readers[2] = {canon_reader(window), canon_reader(good)};
  struct item items[2];
  for (size_t i = 0; i < 2; i++) {
    canon_array_exact(&readers[i], 1);
    item_read(&readers[i], &items[i]);
    assert_int_equal(canon_finish(&readers[i], "window", NULL), OK);
  }
  assert_true(view_equal(items[0].envelope, items[1].envelope));
  if (items[0].state != ITEM_ABSENT) {
    assert_true(view_equal(window, good));
  }
}

/* Whatever a node gives out of a log, to peers or to its own pages, is what another one has. */
static void expect_nothing_false(struct fixture_node *node, struct fixture_node *good, const struct hash *id) {
  const uint64_t size = hall_head(good->hall, id, 1)->size;
  struct bytes windows[2], scratch[2];
  struct log logs[2];
  uint64_t count = 0;
  assert_int_equal(log_find(node->store, id, 1, &logs[0], NULL), OK);
  assert_int_equal(log_find(good->store, id, 1, &logs[1], NULL), OK);
  for (size_t i = 0; i < 2; i++) {
    bytes_init(&windows[i], LIMIT_DATA_RAW);
    bytes_init(&scratch[i], LIMIT_ITEM);
  }
  for (uint64_t i = 0; i < size; i++) {
    struct item items[2];
    bytes_clear(&windows[0]);
    bytes_clear(&windows[1]);
    assert_int_equal(hall_window(good->hall, id, 1, i, i + 1, GET_FULL, LIMIT_DATA_RAW, &windows[1], &count, NULL), OK);
    if (hall_window(node->hall, id, 1, i, i + 1, GET_FULL, LIMIT_DATA_RAW, &windows[0], &count, NULL) == OK) {
      expect_true(bytes_view(&windows[0]), bytes_view(&windows[1]));
    }
    assert_int_equal(entry_get(good->store, entry_rowid(logs[1].no, i), &scratch[1], &items[1], NULL), OK);
    if (entry_get(node->store, entry_rowid(logs[0].no, i), &scratch[0], &items[0], NULL) == OK) {
      assert_true(view_equal(items[0].envelope, items[1].envelope) && view_equal(items[0].body, items[1].body));
    }
  }
  for (size_t i = 0; i < 2; i++) {
    bytes_release(&windows[i]);
    bytes_release(&scratch[i]);
  }
}

/* IT, FR and EE, who all hold the same; EE is down, but open. */
static struct sim *found_three(uint32_t n_cases) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, 3, seed);
  sim_publish(s, IT, n_cases);
  sim_publish(s, EE, n_cases);
  const struct header revoke = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, 0}};
  for (uint32_t i = IT; i <= EE; i += EE) {
    struct fixture_node *node = &s->f.nodes[i];
    struct fixture_record record;
    struct header h = revoke;
    memcpy(h.subject.b, s->f.nodes[FR].editor.pub.b, PUBKEY_LEN); /* whose key has no certificate there */
    fixture_seal(node, &node->node_key, h, view_of(NULL, 0), &record);
    assert_int_equal(fixture_admit(node, &record.item).state, RECEIPT_LOGGED);
    fixture_record_release(&record);
  }
  for (uint32_t i = 0; i < 3; i++) {
    sim_up(s, i, false);
  }
  (void)sim_converge(s, 60000);
  sim_down(s, EE);
  return s;
}

/* The others give what is damaged. */
static void heal(struct sim *s, struct fixture_node *node) {
  sim_run(s, 5000);
  for (unsigned i = 0; i < 60 && hall_n_damaged(node->hall) > 0; i++) {
    sim_run(s, 5000);
  }
  assert_int_equal(hall_n_damaged(node->hall), 0);
}

static void what_is_damaged_is_served_to_nobody_and_healed_by_the_others(void **state) {
  const char *wish = getenv("SPECOLA_SCRUB_HEALED");
  struct sim *s = found_three(wish == NULL ? N_CASES : N_CASES_MANY);
  struct fixture_node *ee = &s->f.nodes[EE];
  struct bytes dumps[2];
  struct scrub_state now;
  struct err err = ERR_INIT;
  uint64_t left = wish == NULL ? FLIPS_AT_ONCE : strtoull(wish, NULL, 10), flips = 0, found = 0;
  (void)state;
  bytes_init(&dumps[0], DUMP_MAX);
  bytes_init(&dumps[1], DUMP_MAX);
  dump_derived(ee, false, &dumps[0]);
  while (left > 0) {
    const uint64_t n = left < FLIPS_IN_A_ROUND ? left : FLIPS_IN_A_ROUND;
    left -= n;
    flips += n;
    fixture_close(ee);
    const uint64_t n_hit = flip_entries(&s->f, ee, n);
    fixture_open(ee); /* nobody has looked at anything yet */
    expect_nothing_false(ee, &s->f.nodes[IT], &s->f.nodes[IT].id);
    expect_nothing_false(ee, &s->f.nodes[IT], &ee->id);
    assert_int_equal(rot_scrub(ee, 7, &now, &err), OK);
    assert_int_equal(now.found, n_hit);
    assert_int_equal(now.left, n_hit);
    expect_nothing_false(ee, &s->f.nodes[IT], &ee->id);
    fixture_close(ee); /* it is remembered */
    fixture_open(ee);
    assert_int_equal(hall_n_damaged(ee->hall), n_hit);
    sim_up(s, EE, false);
    heal(s, ee);
    sim_down(s, EE);
    assert_int_equal(rot_scrub(ee, 7, &now, &err), OK);
    assert_int_equal(now.found + now.left + now.milestones, 0);
    bytes_clear(&dumps[1]);
    dump_derived(ee, false, &dumps[1]);
    assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[1]));
    expect_nothing_false(ee, &s->f.nodes[IT], &ee->id);
    found += n_hit;
    print_message("%" PRIu64 " flips, %" PRIu64 " damaged entries found and healed\n", flips, found);
  }
  bytes_release(&dumps[0]);
  bytes_release(&dumps[1]);
  sim_release(s);
  free(s);
}

/* The checkpoint at which another member's log ends is damaged: who asks is given the log up to the one before, and all of it
 * once there is a newer one. */
static void a_log_whose_newest_checkpoint_is_lost_is_given_up_to_the_one_before(void **state) {
  struct sim *s = found_three(N_CASES);
  struct fixture_node *ee = &s->f.nodes[EE], *it = &s->f.nodes[IT];
  struct scrub_state now;
  struct err err = ERR_INIT;
  (void)state;
  sim_up(s, EE, true);
  (void)sim_converge(s, 60000);
  sim_down(s, FR);
  const uint64_t there = hall_head(s->f.nodes[FR].hall, &it->id, 1)->size;
  sim_publish(s, IT, 2);
  (void)sim_converge(s, 60000);
  const uint64_t before = hall_head(ee->hall, &it->id, 1)->size;
  sim_publish(s, IT, 1);
  (void)sim_converge(s, 60000);
  assert_true(there < before);
  sim_down(s, IT);
  sim_down(s, EE);
  assert_int_equal(sqlite3_exec(store_db(ee->store),
                                "UPDATE milestone SET text = zeroblob(length(text)) WHERE size = (SELECT size FROM log WHERE "
                                "no = milestone.log) AND log = (SELECT no FROM log WHERE node = (SELECT node FROM log ORDER BY "
                                "size DESC LIMIT 1))",
                                NULL, NULL, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_changes(store_db(ee->store)), 1);
  assert_int_equal(rot_scrub(ee, 7, &now, &err), OK);
  assert_int_equal(now.milestones, 1);
  rot_expect_sound(ee);
  assert_int_equal(hall_head(ee->hall, &it->id, 1)->size, before + 1);
  sim_up(s, EE, true);
  sim_up(s, FR, true);
  sim_run(s, 20000);
  assert_int_equal(hall_head(s->f.nodes[FR].hall, &it->id, 1)->size, before);
  sim_up(s, IT, true);
  sim_publish(s, IT, 1);
  (void)sim_converge(s, 60000);
  assert_int_equal(hall_head(s->f.nodes[FR].hall, &it->id, 1)->size, before + 2);
  rot_expect_sound(ee);
  sim_release(s);
  free(s);
}

/* ---- what rules a log ---- */

/* Flips a bit of one column of every identity, certificate and revocation that a closed node holds. */
static void flip_rulers(struct fixture *f, struct fixture_node *node, const char *column) {
  char path[512], sql[256];
  sqlite3 *db = NULL;
  sqlite3_stmt *st = NULL, *change = NULL;
  (void)snprintf(path, sizeof path, "%s/store.db", node->dir);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  (void)snprintf(sql, sizeof sql, "SELECT id, %s FROM entry WHERE id IN (SELECT id FROM authority) AND %s IS NOT NULL", column,
                 column);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
  (void)snprintf(sql, sizeof sql, "UPDATE entry SET %s = ?1 WHERE id = ?2", column);
  assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &change, NULL), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW) {
    uint8_t octets[LIMIT_IDENTITY * 2];
    const size_t len = (size_t)sqlite3_column_bytes(st, 1);
    assert_true(len > 0 && len <= sizeof octets);
    memcpy(octets, sqlite3_column_blob(st, 1), len);
    octets[fixture_random(f, len)] ^= (uint8_t)(1u << fixture_random(f, 8));
    assert_int_equal(sqlite3_bind_blob(change, 1, octets, (int)len, SQLITE_TRANSIENT), SQLITE_OK);
    assert_int_equal(sqlite3_bind_int64(change, 2, sqlite3_column_int64(st, 0)), SQLITE_OK);
    assert_int_equal(sqlite3_step(change), SQLITE_DONE);
    assert_int_equal(sqlite3_reset(change), SQLITE_OK);
  }
  (void)sqlite3_finalize(st);
  (void)sqlite3_finalize(change);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_damaged_identity_stops_no_start_and_is_healed(void **state) {
  static const char *const columns[COLUMNS] = {"envelope", "salt", "body"};
  struct sim *s = found_three(N_CASES);
  struct fixture_node *ee = &s->f.nodes[EE];
  struct bytes dumps[2];
  struct err err = ERR_INIT;
  (void)state;
  bytes_init(&dumps[0], DUMP_MAX);
  bytes_init(&dumps[1], DUMP_MAX);
  for (size_t i = 0; i < COLUMNS; i++) {
    fixture_close(ee);
    flip_rulers(&s->f, ee, columns[i]);
    fixture_open(ee);
    enum err_code code = hall_admit_identity(ee->hall, &err); /* as core does when it starts */
    assert_int_equal(code, ERR_CORRUPT);
    assert_int_equal(hall_bear(ee->hall, code, &err), OK);
    assert_true(hall_n_damaged(ee->hall) > 0);
    sim_up(s, EE, false);
    sim_publish(s, IT, 1); /* what comes meanwhile waits */
    hall_scrub_begin(ee->hall);
    for (struct scrub_state now = {.running = true}; now.running;) {
      assert_int_equal(hall_scrub_step(ee->hall, 7, &err), OK);
      assert_int_equal(hall_scrub_state(ee->hall, &now, &err), OK);
    }
    heal(s, ee);
    sim_publish(s, EE, 1);
    (void)sim_converge(s, 20000);
    bytes_clear(&dumps[0]);
    bytes_clear(&dumps[1]);
    dump_derived(ee, false, &dumps[0]);
    dump_derived(&s->f.nodes[FR], false, &dumps[1]);
    assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[1]));
    sim_down(s, EE);
  }
  bytes_release(&dumps[0]);
  bytes_release(&dumps[1]);
  sim_release(s);
  free(s);
}

/* Without any pass: what is asked for is looked at, and what is damaged then is asked for. */
static void what_a_reader_meets_is_healed_at_once(void **state) {
  struct sim *s = found_three(N_CASES);
  struct fixture_node *ee = &s->f.nodes[EE];
  struct scrub_state now;
  struct err err = ERR_INIT;
  (void)state;
  fixture_close(ee);
  (void)flip_entries(&s->f, ee, FLIPS_AT_ONCE);
  fixture_open(ee);
  sim_up(s, EE, false);
  for (uint32_t i = IT; i <= EE; i++) {
    expect_nothing_false(ee, &s->f.nodes[IT], &s->f.nodes[i].id);
  }
  heal(s, ee);
  assert_int_equal(rot_scrub(ee, 7, &now, &err), OK);
  assert_int_equal(now.found + now.left, 0);
  sim_release(s);
  free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_sound_stays_as_it_is),
      cmocka_unit_test(a_step_reads_so_many_octets_and_no_more),
      cmocka_unit_test(a_log_whose_newest_checkpoint_is_lost_is_given_up_to_the_one_before),
      cmocka_unit_test(what_is_damaged_is_served_to_nobody_and_healed_by_the_others),
      cmocka_unit_test(a_damaged_identity_stops_no_start_and_is_healed),
      cmocka_unit_test(what_a_reader_meets_is_healed_at_once),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
