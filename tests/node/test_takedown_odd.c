/*
 * takedown_odd: takedowns and texts in logs that no honest node writes.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/erasure.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"
#include "tests/node/rot.h"

enum { IT, FR };

static void add_takedown(struct own_log *log, const struct signer *author, const struct hash *record) {
  struct header h = {.kind = KIND_TAKEDOWN, .has_subject = true, .subject = *record, .n_args = 1, .args = {1}};
  add_odd(log, author, h, view_of(NULL, 0));
}

static void it_counts_for_every_entry_of_that_id_above_and_below(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct pull_result result;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  struct fixture_node *node = &f.nodes[1];
  own_begin(&log, &f.nodes[0]);
  const struct hash a = add_case(&log, &log.node->editor, 1, NULL, NULL); /* 2 */
  const struct hash b = add_case(&log, &log.node->editor, 2, NULL, NULL); /* 3 */
  own_add(&log, &log.records[2]);                                         /* 4: a again, which is held, with its text */
  memset(&log.records[4], 0, sizeof log.records[4]);
  log.records[4].item = log.records[2].item;
  add_takedown(&log, &log.node->editor, &b);   /* 5: not the node's */
  add_takedown(&log, &log.node->node_key, &a); /* 6 */
  own_add(&log, &log.records[4]);              /* 7: a once more, above */
  struct signer stranger = f.nodes[1].editor;
  const struct hash c = add_case(&log, &stranger, 3, NULL, NULL); /* 8: nobody's, held, and its text is there all the same */
  add_takedown(&log, &log.node->node_key, &c);                    /* 9 */
  const struct hash late = add_case(&log, &log.node->editor, 4, NULL, NULL);
  log.n--; /* it comes behind its takedown */
  struct fixture_record record = log.records[log.n];
  add_takedown(&log, &log.node->node_key, &late); /* 10 */
  own_add(&log, &record);                         /* 11 */
  assert_int_equal(own_carry(&log, node->hall, 0, log.n, 4, &result, &err), OK);
  assert_int_equal(reason_at(node, &log.node->id, 5), REASON_AUTHOR);
  assert_int_equal(reason_at(node, &log.node->id, 6), REASON_NONE);
  assert_int_equal(reason_at(node, &log.node->id, 7), REASON_REPEATED);
  static const struct {
    uint64_t index;
    int state;
  } wanted[] = {{2, ITEM_GONE}, {3, ITEM_WHOLE}, {4, ITEM_GONE}, {7, ITEM_GONE}, {8, ITEM_GONE}, {11, ITEM_GONE}};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT state FROM entry WHERE id & 1099511627775 = %" PRIu64, wanted[i].index);
    if (dump_number(node->store, sql) != wanted[i].state) {
      fail_msg("entry %" PRIu64 " has state %" PRId64, wanted[i].index, dump_number(node->store, sql));
    }
  }
  assert_int_equal(dump_number(node->store, "SELECT count(*) FROM erasure"), 2); /* the last one met nothing */
  assert_int_equal(hall_bodies_missing(node->hall), 0);
  own_release(&log);
  fixture_release(&f);
}

static void a_takedown_of_anothers_record_has_no_effect(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct hash id;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  struct fixture_node *it = &f.nodes[IT];
  assert_int_equal(hall_admit_identity(it->hall, &err), OK);
  struct receipt_row row;
  assert_int_equal(hall_certify(it->hall, &it->editor.pub, 0, 2, 0, "Prova", &row, &err), OK);
  (void)fixture_publish(it, 1, &id);
  memset(&log, 0, sizeof log);
  log.node = &f.nodes[FR];
  add_identity(&log);
  add_takedown(&log, &log.node->node_key, &id);
  assert_int_equal(own_carry(&log, it->hall, 0, log.n, 4, NULL, &err), OK);
  assert_int_equal(reason_at(it, &log.node->id, 1), REASON_NONE);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM entry WHERE state = 2"), 0);
  assert_false(hall_is_erasing(it->hall));
  own_release(&log);
  fixture_release(&f);
}

/* A body that is no map, and one that is none of its kind, are in no full text. */
static void a_scrub_finds_nothing_wrong_with_bodies_that_nobody_can_read(void **state) {
  static const uint8_t no_map[] = {0x01}, no_case[] = {0x81, 0x01};
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  struct fixture_node *node = &f.nodes[1];
  own_begin(&log, &f.nodes[0]);
  add_odd(&log, &log.node->editor, h, view_of(no_map, sizeof no_map));
  add_odd(&log, &log.node->editor, h, view_of(no_case, sizeof no_case));
  (void)add_case(&log, &log.node->editor, 1, NULL, NULL);
  assert_int_equal(own_carry(&log, node->hall, 0, log.n, 4, NULL, &err), OK);
  assert_int_equal(dump_number(node->store, "SELECT count(*) FROM object WHERE readable = 0"), 2);
  assert_int_equal(dump_number(node->store, "SELECT count(*) FROM object WHERE readable = 1"), 1);
  rot_expect_sound(node);
  own_release(&log);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_counts_for_every_entry_of_that_id_above_and_below),
      cmocka_unit_test(a_takedown_of_anothers_record_has_no_effect),
      cmocka_unit_test(a_scrub_finds_nothing_wrong_with_bodies_that_nobody_can_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
