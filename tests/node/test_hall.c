/*
 * hall: pulls, windows, convergence whatever the windows and their order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "node/store/inside.h"
#include "node/store/milestone.h"
#include "protocol/canon.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"
#include "tests/node/rotation.h"

static void every_node_ends_with_the_same_whatever_the_windows_and_the_order(void **state) {
  static struct fixture f;
  (void)state;
  fixture_found(&f, 4, fixture_seed(), true);
  for (uint64_t i = 0; i < 60; i++) {
    (void)fixture_publish(&f.nodes[fixture_random(&f, 3)], i, NULL);
    if (fixture_random(&f, 3) == 0) {
      const uint64_t from = fixture_random(&f, 4);
      fixture_transfer(&f.nodes[from], &f.nodes[(from + 1 + fixture_random(&f, 3)) % 4], 1 + fixture_random(&f, 9));
    }
  }
  for (int round = 0; round < 3; round++) {
    for (uint64_t i = 0; i < 4; i++) {
      fixture_transfer(&f.nodes[i], &f.nodes[(i + 1) % 4], 1 + fixture_random(&f, 20));
    }
  }
  struct bytes first;
  struct bytes other;
  bytes_init(&first, DUMP_MAX);
  bytes_init(&other, DUMP_MAX);
  dump_derived(&f.nodes[0], false, &first);
  const struct hash digest = hall_digest(f.nodes[0].hall);
  for (uint32_t i = 1; i < 4; i++) {
    const struct hash theirs = hall_digest(f.nodes[i].hall);
    assert_memory_equal(&digest, &theirs, sizeof digest);
    bytes_clear(&other);
    dump_derived(&f.nodes[i], false, &other);
    assert_true(view_equal(bytes_view(&first), bytes_view(&other)));
  }
  bytes_release(&first);
  bytes_release(&other);
  fixture_release(&f);
}

/* Whether nothing of IT's log is held by FR, in memory and on the disk. */
static void assert_nothing(struct fixture_node *fr, const struct fixture_node *it) {
  sqlite3_stmt *st = NULL;
  assert_null(hall_head(fr->hall, &it->id, 1));
  assert_int_equal(sqlite3_prepare_v2(store_db(fr->store), "SELECT count(*) FROM entry", -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  assert_int_equal(sqlite3_column_int(st, 0), 0);
  (void)sqlite3_finalize(st);
}

static void no_flipped_octet_of_a_window_gets_in(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct bytes text;
  struct bytes window;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  log.node = it;
  add_identity(&log);
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR);
  (void)add_case(&log, &it->editor, 1, NULL, NULL);
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&window, LIMIT_DATA_RAW);
  own_checkpoint(&log, log.n, &text);
  own_window(&log, 0, log.n, &window);
  for (size_t i = 0; i < window.len; i++) {
    struct pull *pull = NULL;
    window.p[i] ^= (uint8_t)(1u << fixture_random(&f, 8));
    assert_int_equal(hall_pull_begin(fr->hall, bytes_view(&text), 0, &pull, &err), OK);
    enum err_code code = hall_pull_add(pull, bytes_view(&window), &err);
    if (code == OK) {
      code = hall_pull_finish(pull, NULL, &err);
    } else {
      hall_pull_abort(pull);
    }
    if (code != ERR_MISMATCH && code != ERR_FORMAT && code != ERR_INCOMPLETE) {
      fail_msg("octet %zu: %s", i, err_name(code));
    }
    own_window(&log, 0, log.n, &window);
  }
  assert_nothing(fr, it);
  assert_int_equal(own_carry(&log, fr->hall, 0, log.n, 2, NULL, &err), OK);
  bytes_release(&text);
  bytes_release(&window);
  own_release(&log);
  fixture_release(&f);
}

static void pulls_of_one_log_finish_in_order(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes text;
  struct bytes window;
  struct pull *first = NULL;
  struct pull *second = NULL;
  struct pull *third = NULL;
  uint64_t count = 0;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  f.nodes[1].threads = 2;
  fixture_close(&f.nodes[1]);
  fixture_open(&f.nodes[1]);
  struct fixture_node *it = &f.nodes[0];
  struct hall *fr = f.nodes[1].hall;
  for (uint64_t i = 0; i < 4; i++) {
    (void)fixture_publish(it, i, NULL);
  }
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&window, LIMIT_DATA_RAW);
  fixture_checkpoint(it, &it->id, 4, &text);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 0, &first, &err), OK);
  bytes_clear(&text);
  fixture_checkpoint(it, &it->id, 6, &text);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 3, &second, &err), ERR_MISMATCH);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 4, &second, &err), OK);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 4, 6, 0, 1 << 20, &window, &count, &err), OK);
  assert_int_equal(count, 2);
  assert_int_equal(hall_pull_add(second, bytes_view(&window), &err), OK);
  assert_int_equal(hall_pull_add(second, bytes_view(&window), &err), ERR_MISMATCH); /* past the milestone */
  bytes_clear(&window);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 0, 4, 0, 1 << 20, &window, &count, &err), OK);
  assert_int_equal(hall_pull_add(first, bytes_view(&window), &err), OK);
  assert_int_equal(hall_pull_finish(first, NULL, &err), OK);
  assert_int_equal(hall_head(fr, &it->id, 1)->size, 4);
  assert_int_equal(hall_pull_finish(second, NULL, &err), OK);
  assert_int_equal(hall_head(fr, &it->id, 1)->size, 6);
  /* Old news, and a pull that has not all it needs. */
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 6, &third, &err), ERR_MISMATCH);
  (void)fixture_publish(it, 9, NULL);
  bytes_clear(&text);
  fixture_checkpoint(it, &it->id, 0, &text);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 6, &third, &err), OK);
  assert_int_equal(hall_pull_finish(third, NULL, &err), ERR_INCOMPLETE);
  bytes_release(&text);
  bytes_release(&window);
  fixture_release(&f);
}

static void checkpoints_of_others_begin_nothing(void **state) {
  static struct fixture f;
  static struct fixture elsewhere;
  struct err err = ERR_INIT;
  struct bytes text;
  struct pull *pull = NULL;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  fixture_found(&elsewhere, 1, f.seed + 1, true);
  bytes_init(&text, LIMIT_CHECKPOINT);
  fixture_checkpoint(&elsewhere.nodes[0], &elsewhere.nodes[0].id, 0, &text);
  assert_int_equal(hall_pull_begin(f.nodes[0].hall, bytes_view(&text), 0, &pull, &err), ERR_NOT_FOUND);
  bytes_clear(&text);
  const struct checkpoint forged = {
      .fed_id = f.charter.fed_id, .node = f.nodes[1].id, .gen = 1, .size = 2, .root = f.nodes[1].id};
  assert_int_equal(checkpoint_seal(&forged, &f.nodes[0].node_key, &text, &err), OK);
  assert_int_equal(hall_pull_begin(f.nodes[0].hall, bytes_view(&text), 0, &pull, &err), ERR_SIGNATURE);
  assert_int_equal(hall_pull_begin(f.nodes[0].hall, view_of("x", 1), 0, &pull, &err), ERR_FORMAT);
  assert_null(pull);
  bytes_release(&text);
  fixture_release(&elsewhere);
  fixture_release(&f);
}

static void windows_have_three_modes_and_an_end(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes window;
  uint64_t count = 0;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  for (uint64_t i = 0; i < 10; i++) {
    (void)fixture_publish(it, i, NULL);
  }
  bytes_init(&window, LIMIT_DATA_RAW);
  static const size_t least[] = {3, 1, 2}; /* elements of an item of a case */
  for (unsigned mode = 0; mode < 3; mode++) {
    bytes_clear(&window);
    assert_int_equal(hall_window(it->hall, &it->id, 1, 1, 99, mode, 1 << 20, &window, &count, &err), OK);
    assert_int_equal(count, 11);
    struct canon_reader r = canon_reader(bytes_view(&window));
    assert_int_equal(canon_array(&r, 99), 11);
    for (int i = 0; i < 11; i++) {
      struct canon_reader item = canon_reader(canon_skip(&r));
      assert_int_equal(canon_array(&item, 3), least[mode]);
    }
    assert_true(canon_at_end(&r));
  }
  bytes_clear(&window);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 0, 99, 1, 1 << 20, &window, &count, &err), OK);
  struct canon_reader r = canon_reader(bytes_view(&window));
  (void)canon_array(&r, 99);
  struct canon_reader item = canon_reader(canon_skip(&r));
  assert_int_equal(canon_array(&item, 3), 3); /* an identity comes with its body */
  bytes_clear(&window);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 2, 99, 0, 1, &window, &count, &err), OK);
  assert_int_equal(count, 1); /* at least one */
  assert_int_equal(hall_window(it->hall, &it->id, 1, 12, 99, 0, 1, &window, &count, &err), ERR_NOT_FOUND);
  assert_int_equal(hall_window(it->hall, &it->id, 2, 0, 99, 0, 1, &window, &count, &err), ERR_NOT_FOUND);
  bytes_release(&window);
  fixture_release(&f);
}

static void a_log_that_filled_its_share_is_paused_and_goes_on_with_more(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes text;
  struct pull *pull = NULL;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  (void)fixture_publish(it, 1, NULL);
  fixture_transfer(it, fr, 10);
  const uint64_t size = hall_head(fr->hall, &it->id, 1)->size;
  (void)fixture_publish(it, 2, NULL);
  bytes_init(&text, LIMIT_CHECKPOINT);
  fixture_checkpoint(it, &it->id, 0, &text);
  fr->hall->config.log_bodies = 100;
  assert_int_equal(hall_pull_begin(fr->hall, bytes_view(&text), size, &pull, &err), ERR_REFUSED);
  assert_non_null(strstr(err.message, "paused: quota"));
  assert_null(pull);
  fr->hall->config.log_bodies = 0; /* as many as docs/protocol.md 13 says */
  fixture_transfer(it, fr, 10);
  assert_int_equal(hall_head(fr->hall, &it->id, 1)->size, size + 1);
  bytes_release(&text);
  fixture_release(&f);
}

/* What the node keeps of a log, octet by octet. */
static uint64_t octets_of(struct fixture_node *node, const struct hash *log_node, uint64_t gen) {
  static const char sql[] = "SELECT sum(length(envelope) + ifnull(length(body), 0)) FROM (SELECT id, envelope, body FROM entry "
                            "UNION ALL SELECT id, envelope, body FROM withdrawn) WHERE id >> 40 = ?";
  sqlite3_stmt *st = NULL;
  struct log log;
  assert_int_equal(log_find(node->store, log_node, gen, &log, NULL), OK);
  assert_int_equal(sqlite3_prepare_v2(store_db(node->store), sql, -1, &st, NULL), SQLITE_OK);
  sqlite3_bind_int64(st, 1, log.no);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  const uint64_t octets = (uint64_t)sqlite3_column_int64(st, 0);
  sqlite3_finalize(st);
  return octets;
}

/* To the octet: with one more there is room, with as many there is none. */
static void expect_share(struct fixture_node *node, struct view text, uint64_t from, uint64_t octets) {
  struct err err = ERR_INIT;
  struct pull *pull = NULL;
  node->hall->config.log_bodies = octets;
  assert_int_equal(hall_pull_begin(node->hall, text, from, &pull, &err), ERR_REFUSED);
  assert_non_null(strstr(err.message, "paused: quota"));
  node->hall->config.log_bodies = octets + 1;
  assert_int_equal(hall_pull_begin(node->hall, text, from, &pull, &err), OK);
  hall_pull_abort(pull);
  node->hall->config.log_bodies = 0;
}

static void a_flood_of_entries_without_bodies_fills_the_share(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct bytes text;
  struct pull_result result;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  log.node = it;
  add_identity(&log);
  for (uint32_t i = 0; i < 90; i++) {
    (void)add_withdraw(&log, &it->node_key, &it->id, &it->id);
  }
  bytes_init(&text, LIMIT_CHECKPOINT);
  assert_int_equal(own_carry(&log, fr->hall, 0, 40, 7, &result, &err), OK);
  own_checkpoint(&log, 80, &text);
  expect_share(fr, bytes_view(&text), 40, octets_of(fr, &it->id, 1));
  assert_int_equal(own_carry(&log, fr->hall, 40, 80, 40, &result, &err), OK);
  own_checkpoint(&log, 91, &text);
  expect_share(fr, bytes_view(&text), 80, octets_of(fr, &it->id, 1)); /* what came since is read too */
  assert_true(octets_of(fr, &it->id, 1) > UINT64_C(80) * 150);
  own_release(&log);
  bytes_release(&text);
  fixture_release(&f);
}

static void what_is_on_its_way_fills_the_share(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct bytes text;
  struct bytes window;
  struct pull *pull = NULL;
  uint64_t coming = 0;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  struct fixture_node *fr = &f.nodes[1];
  log.node = &f.nodes[0];
  add_identity(&log);
  for (uint32_t i = 0; i < 10; i++) {
    (void)add_withdraw(&log, &log.node->node_key, &log.node->id, &log.node->id);
  }
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&window, LIMIT_DATA_RAW);
  own_checkpoint(&log, 10, &text);
  assert_int_equal(hall_pull_begin(fr->hall, bytes_view(&text), 0, &pull, &err), OK);
  own_window(&log, 0, 10, &window);
  assert_int_equal(hall_pull_add(pull, bytes_view(&window), &err), OK);
  for (uint32_t i = 0; i < 10; i++) {
    coming += log.records[i].item.envelope.len + log.records[i].item.body.len;
  }
  own_checkpoint(&log, 11, &text);
  expect_share(fr, bytes_view(&text), 10, coming);
  hall_pull_abort(pull);
  own_release(&log);
  bytes_release(&window);
  bytes_release(&text);
  fixture_release(&f);
}

static void all_generations_share_and_what_a_cut_withdrew_counts(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes item;
  struct bytes text;
  struct log log;
  bool changed = false;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  bytes_init(&item, 8192);
  bytes_init(&text, LIMIT_CHECKPOINT);
  for (uint64_t i = 0; i < 4; i++) {
    (void)fixture_publish(it, i, NULL);
    fixture_transfer(it, fr, 10);
  }
  const uint64_t before = octets_of(fr, &it->id, 1);
  fixture_checkpoint(it, &it->id, 0, &text);
  assert_int_equal(hall_quota(fr->hall, &it->id, 0, &err), OK);
  rotation_begin(it, 4, &item);
  assert_int_equal(hall_identity(fr->hall, &it->id, bytes_view(&item), &changed, &err), OK);
  assert_int_equal(hall_head(fr->hall, &it->id, 1)->size, 4); /* the others are withdrawn */
  assert_int_equal(octets_of(fr, &it->id, 1), before);
  assert_int_equal(log_find(it->store, &it->id, 2, &log, NULL), OK);
  bytes_clear(&text);
  assert_int_equal(milestone_get(it->store, log.no, 0, &text, NULL), OK);
  expect_share(fr, bytes_view(&text), 0, before); /* the second generation begins with what the first one left */
  fixture_transfer(it, fr, 10);
  (void)fixture_publish(it, 9, NULL);
  bytes_clear(&text);
  assert_int_equal(milestone_get(it->store, log.no, 0, &text, NULL), OK);
  expect_share(fr, bytes_view(&text), 1, before + octets_of(fr, &it->id, 2));
  it->hall->config.log_bodies = 1;
  assert_int_equal(hall_quota(it->hall, &it->id, 0, &err), OK); /* its own */
  assert_int_equal(hall_quota(it->hall, &fr->id, 1, &err), ERR_REFUSED);
  bytes_release(&item);
  bytes_release(&text);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_node_ends_with_the_same_whatever_the_windows_and_the_order),
      cmocka_unit_test(no_flipped_octet_of_a_window_gets_in),
      cmocka_unit_test(pulls_of_one_log_finish_in_order),
      cmocka_unit_test(checkpoints_of_others_begin_nothing),
      cmocka_unit_test(windows_have_three_modes_and_an_end),
      cmocka_unit_test(a_log_that_filled_its_share_is_paused_and_goes_on_with_more),
      cmocka_unit_test(a_flood_of_entries_without_bodies_fills_the_share),
      cmocka_unit_test(what_is_on_its_way_fills_the_share),
      cmocka_unit_test(all_generations_share_and_what_a_cut_withdrew_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
