/*
 * ask: what is asked comes back as it was signed, and nobody else can have asked it. Refused forms are in
 * tests/vectors/ask.json.
 */
#include "protocol/ask.h"

#include "tests/protocol/sample.h"

static struct signer key, other;
static struct ask sent, got;

static int start(void **state) {
  if (sample_start(state) != 0) return -1;
  key = sample_signer(1);
  other = sample_signer(2);
  return 0;
}

static int stop(void **state) {
  (void)state;
  signer_release(&key);
  signer_release(&other);
  return 0;
}

static struct bytes seal(const char *name) {
  struct bytes out;
  bytes_init(&out, LIMIT_ASK_NODE);
  sent = (struct ask){.fed_id = sample_hash(1), .node = sample_hash(2), .token = {{7}}, .name = view_of_text(name)};
  assert_int_equal(ask_seal(&sent, &key, &out, NULL), OK);
  return out;
}

static void what_is_asked_comes_back(void **state) {
  (void)state;
  struct bytes out = seal("Ana");
  assert_int_equal(ask_read(bytes_view(&out), &got, NULL), OK);
  assert_int_equal(ask_verify(&got), REASON_NONE);
  assert_memory_equal(&got.token, &sent.token, sizeof got.token);
  assert_true(pubkey_equal(&got.key, &key.pub) && hash_equal(&got.id, &sent.id) && hash_equal(&got.fed_id, &sent.fed_id) &&
              hash_equal(&got.node, &sent.node) && view_is_text(got.name, "Ana") && got.request.len == 0);
  bytes_release(&out);
}

static void every_flipped_bit_is_noticed(void **state) {
  (void)state;
  struct bytes out = seal("Ana");
  for (size_t i = 0; i < 8 * out.len; i++) {
    out.p[i / 8] ^= (uint8_t)(1u << (i % 8));
    assert_true(ask_read(bytes_view(&out), &got, NULL) != OK || ask_verify(&got) != REASON_NONE);
    out.p[i / 8] ^= (uint8_t)(1u << (i % 8));
  }
  assert_int_equal(ask_read(bytes_view(&out), &got, NULL), OK);
  got.key = other.pub;
  assert_int_equal(ask_verify(&got), REASON_SIGNATURE);
  memset(got.key.b, 0, sizeof got.key.b);
  assert_int_equal(ask_verify(&got), REASON_KEY);
  bytes_release(&out);
}

static void what_cannot_be_asked_is_not_sealed(void **state) {
  (void)state;
  static const char *const NAMES[] = {"", "two\nlines", "a\ttab"};
  struct bytes out;
  bytes_init(&out, LIMIT_ASK_NODE);
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    sent = (struct ask){.name = view_of_text(NAMES[i])};
    assert_int_equal(ask_seal(&sent, &key, &out, NULL), ERR_FORMAT);
  }
  sent = (struct ask){.name = view_of_text("node"), .request = view_of_text("no request")};
  assert_int_equal(ask_seal(&sent, &key, &out, NULL), ERR_FORMAT);
  assert_int_equal(out.len, 0);
  bytes_init(&out, 64);
  sent = (struct ask){.name = view_of_text("Ana")};
  assert_int_equal(ask_seal(&sent, &key, &out, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
}

static void two_tokens_are_kept_as_two_hashes(void **state) {
  (void)state;
  const struct token a = {{1}}, b = {{2}};
  const struct hash of_a = token_hash(&a), of_b = token_hash(&b);
  assert_false(hash_equal(&of_a, &of_b));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_asked_comes_back),
      cmocka_unit_test(every_flipped_bit_is_noticed),
      cmocka_unit_test(what_cannot_be_asked_is_not_sealed),
      cmocka_unit_test(two_tokens_are_kept_as_two_hashes),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
