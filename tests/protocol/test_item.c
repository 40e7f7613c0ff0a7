/*
 * item: the four states of an entry on its way, and submissions, which know two of them.
 */
#include "protocol/canon.h"
#include "protocol/record.h"
#include "tests/protocol/sample.h"

static struct item item_in(enum item_state state) {
  struct item item = {.envelope = view_of_text("some envelope"), .state = state};
  if (state == ITEM_WHOLE) {
    item.body = view_of_text("some body");
    memset(item.salt.b, 5, sizeof item.salt.b);
  }
  if (state == ITEM_GONE) item.takedown = sample_hash(1);
  return item;
}

static void an_item_comes_back_in_its_state(void **state) {
  (void)state;
  for (enum item_state s = ITEM_BODILESS; s <= ITEM_ABSENT; s++) {
    struct bytes out;
    struct item sent = item_in(s), got;
    bytes_init(&out, LIMIT_ITEM);
    struct canon_writer w = canon_writer(&out);
    item_write(&w, &sent);
    assert_int_equal(canon_written(&w, "item", NULL), OK);
    assert_int_equal(canon_check(bytes_view(&out), "item", NULL), OK);
    struct canon_reader r = canon_reader(bytes_view(&out));
    item_read(&r, &got);
    assert_int_equal(canon_finish(&r, "item", NULL), OK);
    assert_int_equal(got.state, s);
    assert_true(view_equal(got.envelope, sent.envelope));
    assert_true(view_equal(got.body, sent.body));
    assert_memory_equal(got.salt.b, sent.salt.b, sizeof got.salt.b);
    assert_true(hash_equal(&got.takedown, &sent.takedown));
    for (size_t n = 0; n < out.len; n++) {
      r = canon_reader(view_of(out.p, n));
      item_read(&r, &got);
      assert_non_null(r.fault);
      assert_int_equal(got.envelope.len + got.body.len, 0);
    }
    bytes_release(&out);
  }
}

/* Writes an item as the parts say: octets of envelope, elements, octets of salt (or takedown), octets of body. */
static void refuses(uint32_t elements, size_t envelope, size_t second, size_t body) {
  static const uint8_t OCTETS[LIMIT_BODY + 1];
  struct bytes out;
  struct item got;
  bytes_init(&out, (size_t)2 * LIMIT_ITEM);
  struct canon_writer w = canon_writer(&out);
  canon_put_array(&w, elements);
  if (elements > 0) canon_put_bin(&w, view_of(OCTETS, envelope));
  if (elements > 1) canon_put_bin(&w, view_of(OCTETS, second));
  if (elements > 2) canon_put_bin(&w, view_of(OCTETS, body));
  if (elements > 3) canon_put_nil(&w);
  assert_int_equal(canon_written(&w, "item", NULL), OK);
  struct canon_reader r = canon_reader(bytes_view(&out));
  item_read(&r, &got);
  assert_non_null(r.fault);
  bytes_release(&out);
}

static void refuses_parts_of_another_size(void **state) {
  (void)state;
  refuses(0, 0, 0, 0);
  refuses(1, 0, 0, 0);
  refuses(1, LIMIT_ENVELOPE + 1, 0, 0);
  refuses(2, 5, 16, 0);
  refuses(2, 5, 31, 0);
  refuses(3, 5, 15, 5);
  refuses(3, 5, 32, 5);
  refuses(3, 5, 16, 0);
  refuses(3, 5, 16, LIMIT_BODY + 1);
  refuses(4, 5, 16, 5);
}

static void an_empty_item_does_not_take_what_follows_it(void **state) {
  (void)state;
  struct item got;
  struct canon_reader r = canon_reader(view_of("\x90\xc4\x01x", 4));
  item_read(&r, &got);
  assert_non_null(r.fault);
}

/* ---- submissions ---- */

/* n items, all in one state but for the last; released by the caller. */
static struct bytes submission_of(uint32_t n, enum item_state all, enum item_state last) {
  struct bytes out;
  bytes_init(&out, (size_t)2 * LIMIT_SUBMIT_BYTES);
  struct canon_writer w = canon_writer(&out);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++) {
    struct item item = item_in(i + 1 == n ? last : all);
    item_write(&w, &item);
  }
  assert_int_equal(canon_written(&w, "submission", NULL), OK);
  return out;
}

static struct item items[LIMIT_SUBMIT];

static void reads_submissions_of_1_to_256_records(void **state) {
  (void)state;
  static const uint32_t COUNTS[] = {1, 2, LIMIT_SUBMIT};
  for (size_t i = 0; i < sizeof COUNTS / sizeof *COUNTS; i++) {
    uint32_t n = 0;
    struct bytes out = submission_of(COUNTS[i], ITEM_WHOLE, ITEM_BODILESS);
    assert_int_equal(submission_read(bytes_view(&out), items, &n, NULL), OK);
    assert_int_equal(n, COUNTS[i]);
    assert_int_equal(items[n - 1].state, ITEM_BODILESS);
    if (n > 1) assert_int_equal(items[0].state, ITEM_WHOLE);
    bytes_release(&out);
  }
}

static void submission_fails(uint32_t n, enum item_state last, enum err_code expected) {
  uint32_t found = 77;
  struct bytes out = submission_of(n, ITEM_BODILESS, last);
  assert_int_equal(submission_read(bytes_view(&out), items, &found, NULL), expected);
  assert_int_equal(found, 77);
  bytes_release(&out);
}

static void refuses_submissions_of_other_shapes(void **state) {
  (void)state;
  submission_fails(0, ITEM_BODILESS, ERR_FORMAT);
  submission_fails(3, ITEM_GONE, ERR_FORMAT);
  submission_fails(3, ITEM_ABSENT, ERR_FORMAT);
  submission_fails(LIMIT_SUBMIT + 1, ITEM_BODILESS, ERR_LIMIT);
}

static void refuses_a_submission_with_something_behind_or_over_its_size(void **state) {
  (void)state;
  uint32_t n = 0;
  struct bytes out = submission_of(2, ITEM_WHOLE, ITEM_WHOLE);
  assert_int_equal(bytes_append_u8(&out, 0xc0, NULL), OK);
  assert_int_equal(submission_read(bytes_view(&out), items, &n, NULL), ERR_FORMAT);
  assert_int_equal(bytes_reserve(&out, LIMIT_SUBMIT_BYTES, NULL), OK);
  assert_int_equal(submission_read(view_of(out.p, LIMIT_SUBMIT_BYTES + 1), items, &n, NULL), ERR_LIMIT);
  bytes_release(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_item_comes_back_in_its_state),
      cmocka_unit_test(refuses_parts_of_another_size),
      cmocka_unit_test(an_empty_item_does_not_take_what_follows_it),
      cmocka_unit_test(reads_submissions_of_1_to_256_records),
      cmocka_unit_test(refuses_submissions_of_other_shapes),
      cmocka_unit_test(refuses_a_submission_with_something_behind_or_over_its_size),
  };
  return cmocka_run_group_tests(tests, sample_start, NULL);
}
