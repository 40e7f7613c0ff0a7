/*
 * milestone: where a run of entries that is handed out in one piece ends, and what of it when a checkpoint is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/milestone.h"
#include "protocol/checkpoint.h"
#include "tests/node/fixture.h"

#define MOST 200

struct held {
  uint64_t size[MOST], bytes[MOST];
  size_t n;
};

static void read_milestones(struct store *s, int64_t log_no, struct held *out) {
  sqlite3_stmt *st = NULL;
  out->n = 0;
  assert_int_equal(
      sqlite3_prepare_v2(store_db(s), "SELECT size, body_bytes FROM milestone WHERE log = ? ORDER BY size", -1, &st, NULL),
      SQLITE_OK);
  (void)sqlite3_bind_int64(st, 1, log_no);
  while (sqlite3_step(st) == SQLITE_ROW) {
    assert_true(out->n < MOST);
    out->size[out->n] = (uint64_t)sqlite3_column_int64(st, 0);
    out->bytes[out->n++] = (uint64_t)sqlite3_column_int64(st, 1);
  }
  (void)sqlite3_finalize(st);
}

/* The same by looking at each: the largest within both limits, else the next one; 0: none. */
static uint64_t expected(const struct held *h, uint64_t from, uint64_t max_bytes) {
  uint64_t below = 0, end = 0;
  for (size_t i = 0; i < h->n && h->size[i] <= from; i++)
    below = h->bytes[i];
  for (size_t i = 0; i < h->n; i++) {
    if (h->size[i] <= from) continue;
    const bool within = h->size[i] - from <= LIMIT_MILESTONE_ENTRIES && h->bytes[i] - below <= max_bytes;
    if (end == 0 || within) end = h->size[i];
    if (!within) break;
  }
  return end;
}

static void begin(struct fixture *f, struct log *log, struct held *held) {
  struct fixture_node *it = &f->nodes[0];
  fixture_found(f, 1, fixture_seed(), true);
  for (uint64_t i = 0; i < 80; i++)
    (void)fixture_publish(it, fixture_random(f, 1000), NULL);
  assert_int_equal(log_find(it->store, &it->id, 1, log, NULL), OK);
  read_milestones(it->store, log->no, held);
  assert_true(held->n > 20);
}

static void a_run_is_the_largest_within_its_octets(void **state) {
  static struct fixture f;
  static struct held held;
  struct log log;
  (void)state;
  begin(&f, &log, &held);
  for (int i = 0; i < 500; i++) {
    const uint64_t from = fixture_random(&f, log.range.size), max = fixture_random(&f, 3) == 0 ? 0 : fixture_random(&f, 40000);
    uint64_t size = 0;
    bool last = false;
    assert_int_equal(milestone_run(f.nodes[0].store, log.no, from, max, &size, &last, NULL), OK);
    assert_int_equal(size, expected(&held, from, max));
    assert_int_equal(last, size == log.range.size);
  }
  fixture_release(&f);
}

static void runs_one_after_the_other_reach_the_end(void **state) {
  static struct fixture f;
  static struct held held;
  struct log log;
  uint64_t at = 0, runs = 0;
  bool last = false;
  (void)state;
  begin(&f, &log, &held);
  for (; !last; runs++) {
    uint64_t size = 0;
    assert_int_equal(milestone_run(f.nodes[0].store, log.no, at, 8000, &size, &last, NULL), OK);
    assert_true(size > at);
    at = size;
  }
  assert_int_equal(at, log.range.size);
  assert_true(runs > 2 && runs < held.n);
  fixture_release(&f);
}

static void no_run_begins_where_nothing_is_held(void **state) {
  static struct fixture f;
  static struct held held;
  struct log log;
  uint64_t size = 7;
  bool last = false;
  struct err err = ERR_INIT;
  (void)state;
  begin(&f, &log, &held);
  assert_int_equal(milestone_run(f.nodes[0].store, log.no, log.range.size, 100, &size, &last, &err), ERR_NOT_FOUND);
  assert_int_equal(milestone_run(f.nodes[0].store, log.no, UINT64_MAX, 100, &size, &last, &err), ERR_NOT_FOUND);
  assert_int_equal(milestone_run(f.nodes[0].store, log.no + 1, 0, 100, &size, &last, &err), ERR_NOT_FOUND);
  fixture_release(&f);
}

static void lose(struct store *s, int64_t log_no, uint64_t size) {
  struct bytes text;
  bytes_init(&text, LIMIT_CHECKPOINT);
  assert_int_equal(milestone_get(s, log_no, size, &text, NULL), OK);
  assert_int_equal(milestone_put_text(s, log_no, size, view_of("another", 7), view_of("", 0), NULL), OK);
  assert_int_equal(milestone_get(s, log_no, size, &text, NULL), OK); /* it was not that */
  text.len /= 2;
  assert_int_equal(milestone_put_text(s, log_no, size, bytes_view(&text), view_of("", 0), NULL), OK);
  bytes_release(&text);
}

/* One of the middle, then the newest: their texts were damaged. Their places stay, nobody is handed them. */
static void one_whose_text_is_lost_is_handed_to_nobody(void **state) {
  static struct fixture f;
  static struct held held, now;
  struct log log;
  struct bytes text;
  uint64_t sizes[MOST] = {0}, at = 0;
  uint32_t n = 0;
  bool last = false;
  (void)state;
  begin(&f, &log, &held);
  struct store *s = f.nodes[0].store;
  bytes_init(&text, LIMIT_CHECKPOINT);
  const uint64_t middle = held.size[held.n / 2], newest = log.range.size, before = held.size[held.n - 2];
  lose(s, log.no, middle);
  lose(s, log.no, newest);
  read_milestones(s, log.no, &now);
  assert_memory_equal(&now, &held, sizeof now);
  assert_int_equal(milestone_get(s, log.no, middle, &text, NULL), ERR_NOT_FOUND);
  assert_int_equal(milestone_place(s, log.no, middle, &text, NULL), OK);
  assert_int_equal(text.len, 0);
  assert_int_equal(milestone_get(s, log.no, 0, &text, NULL), OK);
  struct checkpoint c;
  assert_int_equal(checkpoint_read(bytes_view(&text), &c, NULL), OK);
  assert_int_equal(c.size, before);
  assert_int_equal(milestone_plan(s, log.no, middle - 1, sizes, MOST, &n, NULL), OK);
  for (uint32_t i = 0; i < n; i++)
    assert_true(sizes[i] != middle && sizes[i] != newest);
  assert_int_equal(sizes[n - 1], before);
  assert_int_equal(milestone_plan(s, log.no, before, sizes, MOST, &n, NULL), OK);
  assert_int_equal(n, 0);
  for (last = false; !last;)
    assert_int_equal(milestone_run(s, log.no, at, 8000, &at, &last, NULL), OK);
  assert_int_equal(at, before);
  assert_int_equal(milestone_run(s, log.no, before, 8000, &at, &last, NULL), ERR_NOT_FOUND);
  assert_int_equal(milestone_below(s, log.no, middle, &at, NULL), OK);
  assert_int_equal(at, middle);
  assert_int_equal(milestone_text_below(s, log.no, middle, &at, NULL), OK);
  assert_int_equal(at, held.size[held.n / 2 - 1]);
  assert_int_equal(milestone_text_above(s, log.no, middle - 1, &at, NULL), OK);
  assert_int_equal(at, held.size[held.n / 2 + 1]);
  bytes_release(&text);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_is_the_largest_within_its_octets),
      cmocka_unit_test(runs_one_after_the_other_reach_the_end),
      cmocka_unit_test(no_run_begins_where_nothing_is_held),
      cmocka_unit_test(one_whose_text_is_lost_is_handed_to_nobody),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
