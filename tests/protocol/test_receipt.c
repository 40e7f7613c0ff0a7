/*
 * receipt: a promise comes back as it was given, and nobody else can give it. Refused forms are in tests/vectors/receipt.json.
 */
#include "protocol/record.h"
#include "tests/protocol/sample.h"

static struct signer node_key, other;
static struct receipt sent, got;

static int start(void **state) {
  if (sample_start(state) != 0) return -1;
  node_key = sample_signer(1);
  other = sample_signer(2);
  return 0;
}

static int stop(void **state) {
  (void)state;
  signer_release(&node_key);
  signer_release(&other);
  return 0;
}

/* A receipt of n rows in every state; released by the caller. */
static struct bytes seal(uint32_t n) {
  struct bytes out;
  bytes_init(&out, 65536);
  sent = (struct receipt){.fed_id = sample_hash(1), .node = sample_hash(2), .n = n};
  for (uint32_t i = 0; i < n; i++) {
    enum receipt_state s = (enum receipt_state)(i % 3);
    sent.rows[i] = (struct receipt_row){.id = sample_hash(10 + i), .state = s};
    if (s == RECEIPT_LOGGED) {
      sent.rows[i].gen = LIMIT_GEN - i;
      sent.rows[i].index = LIMIT_POSITION;
    }
    if (s == RECEIPT_REFUSED) sent.rows[i].reason = REASON_NEED + i;
  }
  assert_int_equal(receipt_seal(&sent, &node_key, &out, NULL), OK);
  return out;
}

static void every_row_comes_back(void **state) {
  (void)state;
  static const uint32_t COUNTS[] = {1, 2, 3, 16, LIMIT_SUBMIT};
  for (size_t k = 0; k < sizeof COUNTS / sizeof *COUNTS; k++) {
    struct bytes out = seal(COUNTS[k]);
    assert_int_equal(receipt_open(bytes_view(&out), &node_key.pub, &got, NULL), OK);
    assert_int_equal(got.n, COUNTS[k]);
    assert_true(hash_equal(&got.fed_id, &sent.fed_id) && hash_equal(&got.node, &sent.node));
    for (uint32_t i = 0; i < got.n; i++) {
      assert_true(hash_equal(&got.rows[i].id, &sent.rows[i].id));
      assert_int_equal(got.rows[i].state, sent.rows[i].state);
      assert_int_equal(got.rows[i].gen, sent.rows[i].gen);
      assert_int_equal(got.rows[i].index, sent.rows[i].index);
      assert_int_equal(got.rows[i].reason, sent.rows[i].reason);
    }
    bytes_release(&out);
  }
}

static void another_key_is_told_from_another_form(void **state) {
  (void)state;
  struct bytes out = seal(3);
  got.n = 77;
  assert_int_equal(receipt_open(bytes_view(&out), &other.pub, &got, NULL), ERR_SIGNATURE);
  assert_int_equal(receipt_open(view_of(out.p, out.len - 1), &other.pub, &got, NULL), ERR_FORMAT);
  assert_int_equal(got.n, 77);
  assert_int_equal(receipt_open(bytes_view(&out), NULL, &got, NULL), OK);
  assert_int_equal(got.n, 3);
  bytes_release(&out);
}

static void a_flip_of_any_octet_is_refused(void **state) {
  (void)state;
  struct bytes out = seal(3);
  for (size_t i = 0; i < out.len; i++) {
    out.p[i] ^= 0x10;
    assert_int_not_equal(receipt_open(bytes_view(&out), &node_key.pub, &got, NULL), OK);
    out.p[i] ^= 0x10;
  }
  bytes_release(&out);
}

static void seals_no_empty_and_no_overlong_receipt(void **state) {
  (void)state;
  struct bytes out;
  bytes_init(&out, 65536);
  sent.n = 0;
  assert_int_equal(receipt_seal(&sent, &node_key, &out, NULL), ERR_LIMIT);
  sent.n = LIMIT_SUBMIT + 1;
  assert_int_equal(receipt_seal(&sent, &node_key, &out, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
}

static void a_receipt_that_does_not_fit_leaves_nothing_behind(void **state) {
  (void)state;
  struct bytes out = seal(1), small;
  bytes_init(&small, out.len - 1);
  assert_int_equal(receipt_seal(&sent, &node_key, &small, NULL), ERR_LIMIT);
  assert_int_equal(small.len, 0);
  bytes_release(&small);
  bytes_release(&out);
}

static void what_is_refused_for_now_is_not_refused_for_good(void **state) {
  (void)state;
  struct receipt_row row = {.state = RECEIPT_REFUSED, .reason = REASON_STALE};
  assert_true(receipt_row_is_final(&row));
  row.reason = 4711; /* of a later make */
  assert_true(receipt_row_is_final(&row));
  row.reason = REASON_NOT_YET;
  assert_false(receipt_row_is_final(&row));
  row.reason = REASON_GIVEN_UP;
  assert_false(receipt_row_is_final(&row));
  row = (struct receipt_row){.state = RECEIPT_LOGGED, .gen = 1};
  assert_false(receipt_row_is_final(&row));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_comes_back),
      cmocka_unit_test(another_key_is_told_from_another_form),
      cmocka_unit_test(a_flip_of_any_octet_is_refused),
      cmocka_unit_test(seals_no_empty_and_no_overlong_receipt),
      cmocka_unit_test(a_receipt_that_does_not_fit_leaves_nothing_behind),
      cmocka_unit_test(what_is_refused_for_now_is_not_refused_for_good),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
