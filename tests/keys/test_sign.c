/* sign: RFC 8032 vectors for the bare form, an input assembled by hand for the tagged one, keys that must not pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "keys/sign.h"

static const char *const TAGS[] = {
#define TAG(symbol, tag) tag,
    SIGN_TAGS(TAG)
#undef TAG
};
#define N_TAGS (sizeof TAGS / sizeof *TAGS)
#define LONGEST ((size_t)600 * 1024) /* octets of the largest input that the protocol has */

static const char SEED_1[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

static void unhex(const char *hex, uint8_t *out) {
  assert_int_equal(hex_decode(view_of_text(hex), out, strlen(hex) / 2, NULL), OK);
}

static struct signer signer_of(const char *seed_hex) {
  uint8_t seed[SEED_LEN];
  struct signer signer;
  unhex(seed_hex, seed);
  assert_int_equal(signer_from_seed(seed, &signer, NULL), OK);
  return signer;
}

struct vector {
  const char *seed;
  const char *message;
  const char *pub;
  const char *signature;
};

/* RFC 8032 section 7.1, tests 1 to 3 */
static const struct vector RFC_8032[] = {
    {SEED_1, "", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438"
     "e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "72",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d29161"
     "2bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "af82",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027becee"
     "a1ec40a"},
};

static void bare_signatures_are_those_of_rfc_8032(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof RFC_8032 / sizeof *RFC_8032; i++) {
    uint8_t message[4];
    uint8_t pub[PUBKEY_LEN];
    uint8_t expected[SIGNATURE_LEN];
    unhex(RFC_8032[i].message, message);
    unhex(RFC_8032[i].pub, pub);
    unhex(RFC_8032[i].signature, expected);
    struct signer signer = signer_of(RFC_8032[i].seed);
    struct view v = view_of(message, strlen(RFC_8032[i].message) / 2);
    assert_memory_equal(signer.pub.b, pub, sizeof pub);
    struct signature signature = sign_bare(&signer, v);
    assert_memory_equal(signature.b, expected, sizeof expected);
    assert_true(sign_verify_bare(&signer.pub, v, &signature));
    assert_int_equal(pubkey_check(&signer.pub, NULL), OK);
    signer_release(&signer);
  }
}

/* Writes "specola1:" tag 0x00 fed_id bytes to out and returns its length: what the protocol says, not what sign.c does. */
static size_t assemble(const char *tag, const uint8_t fed_id[32], struct view bytes, uint8_t *out) {
  size_t tag_len = strlen(tag);
  memcpy(out, "specola1:", 9);
  for (size_t i = 0; i < tag_len; i++)
    out[9 + i] = (uint8_t)tag[i];
  out[9 + tag_len] = 0;
  memcpy(out + 10 + tag_len, fed_id, 32);
  if (bytes.len > 0) memcpy(out + 42 + tag_len, bytes.p, bytes.len);
  return 42 + tag_len + bytes.len;
}

/* Lengths on both sides of the room on the stack, and the largest input that the protocol has. */
static void the_signed_input_is_prefix_tag_zero_federation_and_bytes(void **state) {
  (void)state;
  static const size_t LENS[] = {0,   1,   32,  900, 960, 961, 962, 963, 964, 965, 966, 967, 968, 969,  970,    971,
                                972, 973, 974, 975, 976, 977, 978, 979, 980, 981, 982, 983, 984, 1024, LONGEST};
  struct signer signer = signer_of(SEED_1);
  uint8_t *bytes = malloc(LONGEST);
  uint8_t *input = malloc(LONGEST + 1024);
  struct hash fed = {{9, 8, 7}};
  const uint8_t zeros[32] = {0};
  assert_true(bytes != NULL && input != NULL);
  for (size_t i = 0; i < LONGEST; i++)
    bytes[i] = (uint8_t)(i * 7);
  for (size_t tag = 0; tag < N_TAGS; tag++) {
    for (size_t i = 0; i < sizeof LENS / sizeof *LENS; i++) {
      struct view v = view_of(bytes, LENS[i]);
      struct signature a = sign_tagged(&signer, (enum sign_tag)tag, &fed, v);
      assert_true(sign_verify_bare(&signer.pub, view_of(input, assemble(TAGS[tag], fed.b, v, input)), &a));
      assert_true(sign_verify(&signer.pub, (enum sign_tag)tag, &fed, v, &a));
      assert_false(sign_verify(&signer.pub, (enum sign_tag)tag, NULL, v, &a));
      if (LENS[i] > 1024) continue;
      struct signature b = sign_tagged(&signer, (enum sign_tag)tag, NULL, v);
      assert_true(sign_verify_bare(&signer.pub, view_of(input, assemble(TAGS[tag], zeros, v, input)), &b));
      assert_true(sign_verify(&signer.pub, (enum sign_tag)tag, NULL, v, &b));
    }
  }
  free(input);
  free(bytes);
  signer_release(&signer);
}

/* PyNaCl: SigningKey(seed of RFC 8032 test 1).sign(b"specola1:record\0" + bytes(32) + b"hello") and the others. */
static void tagged_signatures_have_their_golden_values(void **state) {
  (void)state;
  uint8_t expected[SIGNATURE_LEN];
  struct signer signer = signer_of(SEED_1);
  struct hash fed;
  memset(fed.b, 7, sizeof fed.b);
  struct signature a = sign_tagged(&signer, SIGN_RECORD, NULL, view_of_text("hello"));
  unhex("a5e1c163d4de2f4265efda55c846c2641b5f6868e6792e4899e8f90bf2c278c73792f1c306985b0674e21ebeaed06d01481702ee76f0f887332107"
        "a1d002dd04",
        expected);
  assert_memory_equal(a.b, expected, sizeof expected);
  struct signature b = sign_tagged(&signer, SIGN_VOTE, &fed, view_of_text("hello"));
  unhex("9d07c36b9affa2bc5542a4eb14ed5692bf0560f3b4ce49323942e7f010fbe735d89318556369543db98613d2a08334f77a966911a884753887771d"
        "45eb4ec704",
        expected);
  assert_memory_equal(b.b, expected, sizeof expected);
  struct signature c = sign_tagged(&signer, SIGN_BATCH, &fed, view_of_text("hello"));
  unhex("5dd92486b78dbe7574d0955d9505cfee1ef8b83b5eea2f9735d0c194e739d7c90dd10e27ebb25aa0e76b201156444bf148c0827cf9a828fa4b5a18"
        "f99fa2e30e",
        expected);
  assert_memory_equal(c.b, expected, sizeof expected);
  signer_release(&signer);
}

static void a_signature_for_one_use_serves_no_other(void **state) {
  (void)state;
  struct signer signer = signer_of(SEED_1);
  struct view v = view_of_text("hello");
  for (size_t made = 0; made < N_TAGS; made++) {
    struct signature s = sign_tagged(&signer, (enum sign_tag)made, NULL, v);
    for (size_t used = 0; used < N_TAGS; used++) {
      assert_int_equal(sign_verify(&signer.pub, (enum sign_tag)used, NULL, v, &s), made == used);
    }
    assert_false(sign_verify_bare(&signer.pub, v, &s));
  }
  signer_release(&signer);
}

static void no_checkpoint_text_is_the_start_of_a_tagged_input(void **state) {
  (void)state;
  static const char ORIGIN[] = "specola/";
  struct signer signer = signer_of(SEED_1);
  const uint8_t zeros[32] = {0};
  for (size_t tag = 0; tag < N_TAGS; tag++) {
    uint8_t input[128];
    size_t len = assemble(TAGS[tag], zeros, view_of_text("x"), input);
    struct signature s = sign_tagged(&signer, (enum sign_tag)tag, NULL, view_of_text("x"));
    assert_true(sign_verify_bare(&signer.pub, view_of(input, len), &s)); /* so this is the true input */
    assert_true(len >= strlen(ORIGIN));
    assert_memory_not_equal(input, ORIGIN, strlen(ORIGIN));
    for (size_t other = 0; other < tag; other++) {
      size_t n = strlen(TAGS[tag]) + 1; /* with the 0x00: no tag is the start of another */
      assert_true(strlen(TAGS[other]) + 1 != n || memcmp(TAGS[tag], TAGS[other], n) != 0);
    }
  }
  signer_release(&signer);
}

static void every_flipped_bit_is_noticed(void **state) {
  (void)state;
  struct signer signer = signer_of(SEED_1);
  struct hash fed = {{1}};
  uint8_t text[5] = {'h', 'e', 'l', 'l', 'o'};
  struct view v = view_of(text, sizeof text);
  struct signature s = sign_tagged(&signer, SIGN_RECORD, &fed, v);
  for (size_t bit = 0; bit < 8 * sizeof s.b; bit++) {
    s.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    assert_false(sign_verify(&signer.pub, SIGN_RECORD, &fed, v, &s));
    s.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
  for (size_t bit = 0; bit < 8 * sizeof text; bit++) {
    text[bit / 8] ^= (uint8_t)(1U << bit % 8);
    assert_false(sign_verify(&signer.pub, SIGN_RECORD, &fed, v, &s));
    text[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
  for (size_t bit = 0; bit < 256; bit++) {
    fed.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    assert_false(sign_verify(&signer.pub, SIGN_RECORD, &fed, v, &s));
    fed.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
  assert_true(sign_verify(&signer.pub, SIGN_RECORD, &fed, v, &s));
  signer_release(&signer);
}

static void the_zero_signature_verifies_under_no_key(void **state) {
  (void)state;
  const struct signature zero = {{0}};
  struct signer signer = signer_of(SEED_1);
  for (size_t tag = 0; tag < N_TAGS; tag++) {
    assert_false(sign_verify(&signer.pub, (enum sign_tag)tag, NULL, view_of_text("x"), &zero));
  }
  signer_release(&signer);
}

static void a_fresh_key_is_new_and_its_seed_makes_it_again(void **state) {
  (void)state;
  struct signer a;
  struct signer b;
  struct signer again;
  uint8_t seed[SEED_LEN];
  assert_int_equal(signer_new(&a, NULL), OK);
  assert_int_equal(signer_new(&b, NULL), OK);
  assert_false(pubkey_equal(&a.pub, &b.pub));
  assert_true(pubkey_compare(&a.pub, &b.pub) != 0);
  signer_seed(&a, seed);
  assert_int_equal(signer_from_seed(seed, &again, NULL), OK);
  assert_true(pubkey_equal(&a.pub, &again.pub));
  assert_true(view_equal(pubkey_view(&a.pub), pubkey_view(&again.pub)));
  struct signature s = sign_bare(&again, view_of_text("x"));
  assert_true(sign_verify_bare(&a.pub, view_of_text("x"), &s));
  signer_release(&a);
  signer_release(&a);
  signer_release(&b);
  signer_release(&again);
}

/* Small order, mixed order (base point plus a point of order 2 and 4), second spellings of y, and y without an x. */
static void keys_outside_the_prime_order_subgroup_are_refused(void **state) {
  (void)state;
  static const char *const WRONG[] = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "0000000000000000000000000000000000000000000000000000000000000080",
      "0100000000000000000000000000000000000000000000000000000000000080",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "9599999999999999999999999999999999999999999999999999999999999999",
      "5252cc0a7f208133b620acbd4537eba2a4123bf0a8c2e4f980c3b31bb69765ea",
      "0200000000000000000000000000000000000000000000000000000000000000",
  };
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    struct pubkey pub;
    struct err err = ERR_INIT;
    unhex(WRONG[i], pub.b);
    assert_int_equal(pubkey_check(&pub, &err), ERR_FORMAT);
    assert_string_not_equal(err.message, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bare_signatures_are_those_of_rfc_8032),
      cmocka_unit_test(the_signed_input_is_prefix_tag_zero_federation_and_bytes),
      cmocka_unit_test(tagged_signatures_have_their_golden_values),
      cmocka_unit_test(a_signature_for_one_use_serves_no_other),
      cmocka_unit_test(no_checkpoint_text_is_the_start_of_a_tagged_input),
      cmocka_unit_test(every_flipped_bit_is_noticed),
      cmocka_unit_test(the_zero_signature_verifies_under_no_key),
      cmocka_unit_test(a_fresh_key_is_new_and_its_seed_makes_it_again),
      cmocka_unit_test(keys_outside_the_prime_order_subgroup_are_refused),
  };
  return secret_start(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
