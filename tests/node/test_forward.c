/*
 * test_forward: records for another member's log that are handed in here (docs/protocol.md 9): whose are kept, how many, and
 * what is said when they come again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "node/store/forward.h"
#include "tests/node/dump.h"
#include "tests/node/fixture.h"

enum { IT, FR };
#define HOME_RECORDS 256u
#define SHARE_RECORDS 32u
#define NOW UINT64_C(2000000000)

/* IT has FR's log, where FR's editor is certified. */
static void found(struct fixture *f) {
  fixture_found(f, 2, fixture_seed(), true);
  fixture_transfer(&f->nodes[FR], &f->nodes[IT], 100);
}

static void expect_row(struct receipt_row row, enum receipt_state state, enum reason reason) {
  assert_int_equal(row.state, state);
  assert_int_equal(row.reason, reason);
}

static uint64_t n_waiting(struct fixture *f) {
  uint64_t n = 0, octets = 0;
  assert_int_equal(forward_measure(f->nodes[IT].store, &f->nodes[FR].id, &n, &octets, NULL), OK);
  return n;
}

static void what_is_of_another_homes_people_is_kept_for_it(void **state) {
  static struct fixture f;
  struct fixture_record record;
  struct hash home;
  (void)state;
  found(&f);
  fixture_case(&f.nodes[FR], 1, NULL, NULL, &record);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  assert_int_equal(n_waiting(&f), 1);
  assert_int_equal(forward_next(f.nodes[IT].store, NOW, &home, NULL), OK);
  assert_true(hash_equal(&home, &f.nodes[FR].id));
  /* It stays where it is over a restart, and is in nobody's log. */
  fixture_close(&f.nodes[IT]);
  fixture_open(&f.nodes[IT]);
  assert_int_equal(n_waiting(&f), 1);
  assert_int_equal(hall_head(f.nodes[IT].hall, &f.nodes[IT].id, 1)->size, 2);
  /* Where it belongs it goes in. */
  expect_row(fixture_admit(&f.nodes[FR], &record.item), RECEIPT_LOGGED, REASON_NONE);
  fixture_record_release(&record);
  fixture_release(&f);
}

static void one_submission_may_be_for_several_homes(void **state) {
  static struct fixture f;
  static struct receipt receipt;
  struct fixture_record own, other, more;
  (void)state;
  found(&f);
  fixture_case(&f.nodes[IT], 1, NULL, NULL, &own);
  fixture_case(&f.nodes[FR], 2, NULL, NULL, &other);
  fixture_case(&f.nodes[IT], 3, NULL, NULL, &more);
  const struct item items[] = {own.item, other.item, more.item};
  assert_int_equal(hall_admit(f.nodes[IT].hall, items, 3, &receipt, NULL), OK);
  assert_int_equal(receipt.n, 3);
  expect_row(receipt.rows[0], RECEIPT_LOGGED, REASON_NONE);
  expect_row(receipt.rows[1], RECEIPT_QUEUED, REASON_NONE);
  expect_row(receipt.rows[2], RECEIPT_LOGGED, REASON_NONE);
  assert_true(hash_equal(&receipt.rows[1].id, &other.id) && hash_equal(&receipt.rows[2].id, &more.id));
  assert_int_equal(receipt.rows[2].index, 3);
  fixture_record_release(&own);
  fixture_record_release(&other);
  fixture_record_release(&more);
  fixture_release(&f);
}

static void strangers_and_broken_records_are_not_kept(void **state) {
  static struct fixture f;
  struct fixture_record record;
  struct signer nobody;
  (void)state;
  found(&f);
  assert_int_equal(signer_new(&nobody, NULL), OK);
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  fixture_seal(&f.nodes[FR], &nobody, h, view_of("\x81\xa1\x61\xa1\x62", 5), &record);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_REFUSED, REASON_HOME);
  fixture_record_release(&record);
  fixture_case(&f.nodes[FR], 1, NULL, NULL, &record);
  record.body.p[record.body.len - 1] ^= 1;
  record.item.body = bytes_view(&record.body);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_REFUSED, REASON_BODY);
  record.body.p[record.body.len - 1] ^= 1;
  record.envelope.p[record.envelope.len - 1] ^= 1;
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_REFUSED, REASON_SIGNATURE);
  assert_int_equal(n_waiting(&f), 0);
  signer_release(&nobody);
  fixture_record_release(&record);
  fixture_release(&f);
}

static void there_is_room_for_so_many_and_no_more(void **state) {
  static struct fixture f;
  struct fixture_record record;
  (void)state;
  found(&f);
  for (uint64_t i = 0; i <= HOME_RECORDS; i++) {
    fixture_case(&f.nodes[FR], i, NULL, NULL, &record);
    const bool last = i == HOME_RECORDS;
    expect_row(fixture_admit(&f.nodes[IT], &record.item), last ? RECEIPT_REFUSED : RECEIPT_QUEUED,
               last ? REASON_NOT_YET : REASON_NONE);
    fixture_record_release(&record);
  }
  assert_int_equal(n_waiting(&f), HOME_RECORDS);
  fixture_release(&f);
}

/* So many rows that wait for homes of which nothing else is known, each of so many octets. */
static void fill(struct fixture *f, uint64_t n, size_t octets) {
  char sql[96];
  struct store *s = f->nodes[IT].store;
  const struct item item = {.envelope = view_of("e", 1), .state = ITEM_BODILESS};
  assert_int_equal(store_begin(s, NULL), OK);
  for (uint64_t i = 0; i < n; i++) {
    struct hash id = {{0xaa}}, home = {{0xbb}};
    put_u64be(id.b + 8, i);
    home.b[8] = (uint8_t)(i / HOME_RECORDS);
    assert_int_equal(forward_put(s, &id, &home, NOW, &item, NULL), OK);
  }
  assert_int_equal(store_commit(s, NULL), OK);
  (void)snprintf(sql, sizeof sql, "UPDATE forward SET item = zeroblob(%zu)", octets);
  assert_int_equal(sqlite3_exec(store_db(s), sql, NULL, NULL, NULL), SQLITE_OK);
}

static void a_home_has_its_share_whatever_waits_for_others(void **state) {
  static struct fixture f;
  struct fixture_record record;
  (void)state;
  for (int by_octets = 0; by_octets < 2; by_octets++) {
    found(&f);
    if (by_octets) fill(&f, 128, (size_t)512 * 1024);
    if (!by_octets) fill(&f, 4096, 8);
    for (uint64_t i = 0; i <= SHARE_RECORDS; i++) {
      fixture_case(&f.nodes[FR], i, NULL, NULL, &record);
      const bool last = i == SHARE_RECORDS;
      expect_row(fixture_admit(&f.nodes[IT], &record.item), last ? RECEIPT_REFUSED : RECEIPT_QUEUED,
                 last ? REASON_NOT_YET : REASON_NONE);
      fixture_record_release(&record);
    }
    assert_int_equal(n_waiting(&f), SHARE_RECORDS);
    fixture_release(&f);
  }
}

static void what_waits_too_long_is_given_up_told_and_begins_anew(void **state) {
  static struct fixture f;
  struct fixture_record record;
  struct hash home;
  uint64_t n = 9;
  (void)state;
  found(&f);
  fixture_case(&f.nodes[FR], 1, NULL, NULL, &record);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  struct store *s = f.nodes[IT].store;
  const uint64_t received = clock_unix(&f.clock);
  assert_int_equal(forward_give_up(s, received, NOW, &n, NULL), OK);
  assert_int_equal(n, 0);
  assert_int_equal(n_waiting(&f), 1);
  assert_int_equal(forward_give_up(s, received + 1, NOW, &n, NULL), OK);
  assert_int_equal(n, 1);
  assert_int_equal(n_waiting(&f), 0);
  assert_int_equal(forward_next(s, NOW + 100000, &home, NULL), ERR_NOT_FOUND);
  assert_int_equal(dump_number(f.nodes[IT].store, "SELECT sum(length(item)) FROM forward"), 0);
  /* the word stays for a month, counted from now on */
  assert_int_equal(forward_prune(s, NOW, NULL), OK);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_REFUSED, REASON_GIVEN_UP);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  assert_int_equal(n_waiting(&f), 1);
  assert_int_equal(forward_give_up(s, received + 1, NOW, &n, NULL), OK);
  assert_int_equal(forward_prune(s, NOW + 1, NULL), OK);
  assert_int_equal(dump_number(f.nodes[IT].store, "SELECT count(*) FROM forward"), 0);
  fixture_record_release(&record);
  fixture_release(&f);
}

static void what_its_home_refused_is_told_once_and_begins_anew(void **state) {
  static struct fixture f;
  static struct receipt receipt;
  struct fixture_record record;
  struct bytes octets;
  (void)state;
  found(&f);
  fixture_case(&f.nodes[FR], 1, NULL, NULL, &record);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  receipt = (struct receipt){.fed_id = f.charter.fed_id, .node = f.nodes[FR].id, .n = 1};
  receipt.rows[0] = (struct receipt_row){.id = record.id, .state = RECEIPT_REFUSED, .reason = REASON_STALE};
  bytes_init(&octets, LIMIT_SUBMIT_BYTES);
  assert_int_equal(receipt_seal(&receipt, &f.nodes[FR].node_key, &octets, NULL), OK);
  assert_int_equal(forward_refuse(f.nodes[IT].store, &record.id, bytes_view(&octets), NULL), OK);
  assert_int_equal(n_waiting(&f), 0);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_REFUSED, REASON_STALE);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  assert_int_equal(n_waiting(&f), 1);
  bytes_release(&octets);
  fixture_record_release(&record);
  fixture_release(&f);
}

static void it_is_tried_later_and_later_and_an_hour_later_at_most(void **state) {
  static struct fixture f;
  struct fixture_record record;
  struct hash home;
  (void)state;
  found(&f);
  fixture_case(&f.nodes[FR], 1, NULL, NULL, &record);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  struct store *s = f.nodes[IT].store;
  static const uint64_t waits[] = {5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600};
  for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
    assert_int_equal(forward_tried(s, &record.id, NOW, NULL), OK);
    assert_int_equal(forward_next(s, NOW + waits[i] - 1, &home, NULL), ERR_NOT_FOUND);
    assert_int_equal(forward_next(s, NOW + waits[i], &home, NULL), OK);
  }
  assert_int_equal(forward_prune(s, UINT64_C(1) << 40, NULL), OK); /* it waits: it is not forgotten */
  assert_int_equal(n_waiting(&f), 1);
  fixture_record_release(&record);
  fixture_release(&f);
}

/* FR's receipt of one row. */
static struct receipt_row say(struct fixture *f, const struct hash *id, enum receipt_state state, enum reason reason,
                              struct bytes *octets) {
  static struct receipt receipt;
  receipt = (struct receipt){.fed_id = f->charter.fed_id, .node = f->nodes[FR].id, .n = 1};
  receipt.rows[0] = (struct receipt_row){.id = *id, .state = state, .reason = reason};
  if (state == RECEIPT_LOGGED) receipt.rows[0].gen = 1;
  bytes_clear(octets);
  assert_int_equal(receipt_seal(&receipt, &f->nodes[FR].node_key, octets, NULL), OK);
  return receipt.rows[0];
}

static void a_home_that_refuses_all_fills_no_disk(void **state) {
  static struct fixture f;
  struct fixture_record record;
  struct bytes octets;
  struct hash last = {{0}};
  (void)state;
  found(&f);
  bytes_init(&octets, LIMIT_SUBMIT_BYTES);
  for (uint64_t i = 0; i < FORWARD_REFUSALS + 20; i++) {
    fixture_case(&f.nodes[FR], i, NULL, NULL, &record);
    expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
    const struct receipt_row row = say(&f, &record.id, RECEIPT_REFUSED, REASON_STALE, &octets);
    assert_int_equal(forward_settle(f.nodes[IT].store, &row, bytes_view(&octets), NOW, NULL), OK);
    last = record.id;
    fixture_record_release(&record);
  }
  assert_int_equal(dump_number(f.nodes[IT].store, "SELECT count(*) FROM forward"), FORWARD_REFUSALS);
  assert_int_equal(dump_number(f.nodes[IT].store, "SELECT sum(length(item)) FROM forward"), 0);
  enum forward_state what = FORWARD_WAITS;
  assert_int_equal(forward_get(f.nodes[IT].store, &last, &what, &octets, NULL), OK);
  assert_int_equal(what, FORWARD_REFUSED);
  bytes_release(&octets);
  fixture_release(&f);
}

static void a_home_that_cannot_write_now_is_asked_again(void **state) {
  static struct fixture f;
  struct fixture_record record;
  struct bytes octets;
  struct hash home;
  (void)state;
  found(&f);
  bytes_init(&octets, LIMIT_SUBMIT_BYTES);
  struct store *s = f.nodes[IT].store;
  fixture_case(&f.nodes[FR], 1, NULL, NULL, &record);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  struct receipt_row row = say(&f, &record.id, RECEIPT_REFUSED, REASON_NOT_YET, &octets);
  assert_int_equal(forward_settle(s, &row, bytes_view(&octets), NOW, NULL), OK);
  assert_int_equal(n_waiting(&f), 1);
  assert_int_equal(forward_next(s, NOW + 4, &home, NULL), ERR_NOT_FOUND);
  assert_int_equal(forward_next(s, NOW + 5, &home, NULL), OK);
  row = say(&f, &record.id, RECEIPT_LOGGED, REASON_NONE, &octets);
  assert_int_equal(forward_settle(s, &row, bytes_view(&octets), NOW, NULL), OK);
  assert_int_equal(dump_number(f.nodes[IT].store, "SELECT count(*) FROM forward"), 0);
  bytes_release(&octets);
  fixture_record_release(&record);
  fixture_release(&f);
}

static void a_home_that_is_no_member_any_more_gets_nothing(void **state) {
  static struct fixture f;
  struct fixture_record record;
  (void)state;
  found(&f);
  fixture_case(&f.nodes[FR], 1, NULL, NULL, &record);
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_QUEUED, REASON_NONE);
  assert_int_equal(forward_forget(f.nodes[IT].store, &f.nodes[FR].id, NULL), OK);
  assert_int_equal(n_waiting(&f), 0);
  struct federation *known = &f.nodes[IT].federation;
  for (uint32_t i = 0; i < known->n_members; i++) {
    if (hash_equal(&known->rows[i].node, &f.nodes[FR].id)) known->members[i].until = 2;
  }
  expect_row(fixture_admit(&f.nodes[IT], &record.item), RECEIPT_REFUSED, REASON_HOME);
  assert_int_equal(n_waiting(&f), 0);
  fixture_record_release(&record);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_of_another_homes_people_is_kept_for_it),
      cmocka_unit_test(one_submission_may_be_for_several_homes),
      cmocka_unit_test(strangers_and_broken_records_are_not_kept),
      cmocka_unit_test(there_is_room_for_so_many_and_no_more),
      cmocka_unit_test(a_home_has_its_share_whatever_waits_for_others),
      cmocka_unit_test(what_waits_too_long_is_given_up_told_and_begins_anew),
      cmocka_unit_test(what_its_home_refused_is_told_once_and_begins_anew),
      cmocka_unit_test(it_is_tried_later_and_later_and_an_hour_later_at_most),
      cmocka_unit_test(a_home_that_refuses_all_fills_no_disk),
      cmocka_unit_test(a_home_that_cannot_write_now_is_asked_again),
      cmocka_unit_test(a_home_that_is_no_member_any_more_gets_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
