/*
 * holds: a statement comes back as it was signed, and nobody else can make it. Refused forms are in tests/vectors/holds.json.
 */
#include "protocol/holds.h"

#include "tests/protocol/sample.h"

static struct signer node_key, other;
static struct hash fed_id;
static struct holds sent, got;

static int start(void **state) {
  if (sample_start(state) != 0) return -1;
  node_key = sample_signer(1);
  other = sample_signer(2);
  fed_id = sample_hash(1);
  return 0;
}

static int stop(void **state) {
  (void)state;
  signer_release(&node_key);
  signer_release(&other);
  return 0;
}

/* n logs with the longest numbers. */
static void fill(uint32_t n) {
  sent = (struct holds){.holder = sample_hash(2), .version = LIMIT_NUMBER, .counter = LIMIT_NUMBER, .n = n};
  for (uint32_t i = 0; i < n && i < LIMIT_HEADS; i++) {
    sent.rows[i] = (struct holding){.roll = LIMIT_NUMBER, .gen = LIMIT_GEN - LIMIT_HEADS + i, .size = LIMIT_SIZE, .missing = i};
  }
}

static struct bytes seal(uint32_t n) {
  struct bytes out;
  bytes_init(&out, LIMIT_FRAME);
  fill(n);
  assert_int_equal(holds_seal(&sent, &fed_id, &node_key, &out, NULL), OK);
  return out;
}

static void every_row_comes_back(void **state) {
  (void)state;
  static const uint32_t COUNTS[] = {0, 1, 2, 16, LIMIT_HEADS};
  for (size_t k = 0; k < sizeof COUNTS / sizeof *COUNTS; k++) {
    struct bytes out = seal(COUNTS[k]);
    memset(&got, 0, sizeof got);
    assert_int_equal(holds_open(bytes_view(&out), &fed_id, &node_key.pub, &got, NULL), OK);
    assert_memory_equal(&got, &sent, sizeof got);
    assert_true(out.len <= LIMIT_HOLDS);
    bytes_release(&out);
  }
}

static void another_key_or_federation_is_told_from_another_form(void **state) {
  (void)state;
  struct bytes out = seal(3);
  const struct hash elsewhere = sample_hash(9);
  assert_int_equal(holds_open(bytes_view(&out), &fed_id, &other.pub, &got, NULL), ERR_SIGNATURE);
  assert_int_equal(holds_open(bytes_view(&out), &elsewhere, &node_key.pub, &got, NULL), ERR_SIGNATURE);
  assert_int_equal(holds_open(view_of(out.p, out.len - 1), &fed_id, &node_key.pub, &got, NULL), ERR_FORMAT);
  assert_int_equal(holds_open(bytes_view(&out), &fed_id, NULL, &got, NULL), OK);
  bytes_release(&out);
}

static void a_flip_of_any_octet_is_refused(void **state) {
  (void)state;
  struct bytes out = seal(2);
  for (size_t i = 0; i < out.len; i++) {
    out.p[i] ^= 0x10;
    assert_int_not_equal(holds_open(bytes_view(&out), &fed_id, &node_key.pub, &got, NULL), OK);
    out.p[i] ^= 0x10;
  }
  bytes_release(&out);
}

static void seals_nothing_that_no_reader_would_take(void **state) {
  (void)state;
  struct bytes out;
  bytes_init(&out, LIMIT_FRAME);
  for (unsigned fault = 0; fault < 9; fault++) {
    fill(2);
    if (fault == 0) sent.version = 0;
    if (fault == 1) sent.counter = 0;
    if (fault == 2) sent.n = LIMIT_HEADS + 1;
    if (fault == 3) sent.rows[1].gen = sent.rows[0].gen;
    if (fault == 4) sent.rows[0].gen = 0;
    if (fault == 5) sent.rows[0].size = 0;
    if (fault == 6) sent.rows[1].size = LIMIT_SIZE + 1;
    if (fault == 7) sent.rows[1].missing = LIMIT_SIZE + 1;
    if (fault == 8) sent.counter = LIMIT_NUMBER + 1;
    assert_int_equal(holds_seal(&sent, &fed_id, &node_key, &out, NULL), ERR_FORMAT);
    assert_int_equal(out.len, 0);
  }
  fill(2);
  out.ceiling = 16;
  assert_int_equal(holds_seal(&sent, &fed_id, &node_key, &out, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
}

static void the_later_identity_then_the_higher_counter_replaces(void **state) {
  (void)state;
  static struct holds a, b;
  a.version = b.version = 1;
  a.counter = b.counter = 7;
  assert_false(holds_replaces(&a, &b));
  a.counter = 8;
  assert_true(holds_replaces(&a, &b));
  assert_false(holds_replaces(&b, &a));
  b.version = 2;
  b.counter = 1;
  assert_true(holds_replaces(&b, &a));
  assert_false(holds_replaces(&a, &b));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_comes_back),
      cmocka_unit_test(another_key_or_federation_is_told_from_another_form),
      cmocka_unit_test(a_flip_of_any_octet_is_refused),
      cmocka_unit_test(seals_nothing_that_no_reader_would_take),
      cmocka_unit_test(the_later_identity_then_the_higher_counter_replaces),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
