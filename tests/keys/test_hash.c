/* hash: golden values computed with Python's hashlib.blake2b(data, digest_size=32, key=, person=) and hashlib.sha256. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "keys/hash.h"
#include "keys/secret.h"

static struct view t(const char *text) {
  return view_of_text(text);
}

static void assert_hash(struct hash h, const char *hex) {
  char text[HASH_HEX_LEN];
  hash_hex(&h, text);
  assert_string_equal(text, hex);
}

/* blake2b(b"specola", digest_size=32, person=b"specola1.record") and so on */
static const char *const OF_SPECOLA[] = {
    [HASH_RECORD] = "7331dafeea96f6b24416423df80b3505e70810a3af89f80c2f853e00c9faf426",
    [HASH_BODY] = "b3be8aeaeed4605b29faf559416d2d13207289f741c363f37be7187e38aa681b",
    [HASH_IDENTITY] = "50ef0a7e20d48975ab7e5c2e0f7f42898d4dfe5b790b0b257e678983255498d7",
    [HASH_CHARTER] = "e4a866504abe96547e6f7647e574785ae29bcc162d6425202ea5b5a7380b0743",
    [HASH_EPOCH] = "6d1b36dc8e851ba25418fb8df3483504ef064cdb641f5269e9595c533d86d567",
    [HASH_POLICY] = "d6794cb4ad3367bd4b32d3b831623eb41c0e82d9fa000a636ae350cb85509b98",
    [HASH_FRONTIER] = "e9bf8aed05ffffc5253f77847dd7694f5038fec23a57037dab707c6543fecdf4",
    [HASH_PAYLOAD] = "6c0cc0efc2d7191780d9bf14dff8356f2a47191085b220b449165003d69b3035",
    [HASH_CHUNK] = "5ef173c4f23d31f89373b2c691d8858f6b66a92e696091390cdb5e3c4de96f9b",
    [HASH_BLOB] = "9350c6f834e4fe7b1f1a27733bc80c2f741e48ab204f45663b3ab31fd3aa71a5",
    [HASH_OCTETS] = "3259862678f73c5a31e05e0b0d258b4c3bdf0617b062cbfeb2d1f5c02846b3a7",
    [HASH_BUNDLE] = "6be6f57fd62473d65f960aa7030ab56135f57664c63a9cce072637cb090dba71",
    [HASH_KEY] = "5b114a5204e028fa027d9ea311d9e5da396b88ea2923ece687fb4335395fe7d6",
    [HASH_TOKEN] = "836d25b48ace3cc2179b2db9d7ad798fe1fe811bc4f818fe94c2fa1e7014421c",
    [HASH_ASK] = "0ce68144acf1f2cc8aa5d2c972c1d546cf7bed50dc7f8ace7d0fdd690177771f",
};

static void every_personal_gives_pythons_value(void **state) {
  (void)state;
  for (size_t use = 0; use < sizeof OF_SPECOLA / sizeof *OF_SPECOLA; use++) {
    assert_hash(hash_of((enum hash_use)use, t("specola"), t("")), OF_SPECOLA[use]);
    assert_hash(hash_of((enum hash_use)use, t("spec"), t("ola")), OF_SPECOLA[use]);
    assert_hash(hash_of((enum hash_use)use, view_of(NULL, 0), t("specola")), OF_SPECOLA[use]);
  }
}

static void personals_are_distinct_and_have_1_to_16_octets(void **state) {
  (void)state;
  static const char *const NAMES[] = {
#define NAME(symbol, personal) personal,
      HASH_PERSONALS(NAME)
#undef NAME
  };
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    assert_in_range(strlen(NAMES[i]), 1, 16);
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(NAMES[i], NAMES[j]);
  }
  assert_int_equal(sizeof NAMES / sizeof *NAMES, sizeof OF_SPECOLA / sizeof *OF_SPECOLA);
}

static void two_views_are_hashed_as_one(void **state) {
  (void)state;
  assert_hash(hash_of(HASH_RECORD, t("abc"), t("def")), "93ca2e3341aa6f64507b1dbf5a91b534dd0db81d760c0bed98792a3949fc799e");
  assert_hash(hash_of(HASH_PAYLOAD, view_of(NULL, 0), view_of(NULL, 0)),
              "f2a8fad2310aded8e80e2811b9fc5141384fd067e68d69653b4231e1a702a036");
}

static void the_running_form_agrees_however_the_octets_are_cut(void **state) {
  (void)state;
  uint8_t all[256];
  for (size_t i = 0; i < sizeof all; i++)
    all[i] = (uint8_t)i;
  for (size_t step = 1; step <= sizeof all; step++) {
    struct hash_stream s;
    hash_stream_init(&s, HASH_KEY);
    for (size_t at = 0; at < sizeof all; at += step) {
      hash_stream_add(&s, view_of(all + at, at + step <= sizeof all ? step : sizeof all - at));
      hash_stream_add(&s, view_of(NULL, 0));
    }
    assert_hash(hash_stream_final(&s), "4a9f462c78cd20bbca067d146f182c9b9ff2c7e308885146a673d490a6729ccc");
  }
}

static void a_commitment_is_keyed_by_the_salt(void **state) {
  (void)state;
  struct salt salt = {{0}};
  assert_hash(hash_commit(&salt, t("body of a record")), "594b69f881734d44d8d4cff7e6473028ce8ad4c66991caf268be88592861ffa2");
  assert_hash(hash_commit(&salt, view_of(NULL, 0)), "39cfc11c86b35475c6530f440116bfd82284c33bf851a880af26ad36a86494fa");
  for (uint8_t i = 0; i < SALT_LEN; i++)
    salt.b[i] = i;
  assert_hash(hash_commit(&salt, t("body of a record")), "68ccb2bf2a78aace685bdda3dfcfec72e2225ff48d5e9fe4ce3b912989833827");
}

static void sha256_is_that_of_fips_180_4_and_prefixed_that_of_rfc_9162(void **state) {
  (void)state;
  uint8_t left[32] = {0};
  uint8_t right[32];
  memset(right, 0xff, sizeof right);
  assert_hash(hash_sha256(t("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_hash(hash_sha256(view_of(NULL, 0)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert_hash(hash_sha256_prefixed(0, t("ab"), t("cd")), "b4768f09ca070169db2f5962745531650515dbd00ea5bf393cd88fec601d598a");
  assert_hash(hash_sha256_prefixed(0, view_of(NULL, 0), view_of(NULL, 0)),
              "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  assert_hash(hash_sha256_prefixed(1, view_of(left, 32), view_of(right, 32)),
              "bc6b943b820c449acf880d293c216a24a8066b153f87f2361fae2beda3a72641");
}

static void hashes_compare_and_print(void **state) {
  (void)state;
  struct hash a = {{0}};
  struct hash b = {{0}};
  assert_true(hash_is_zero(&a));
  assert_true(hash_equal(&a, &b));
  assert_int_equal(hash_compare(&a, &b), 0);
  b.b[31] = 1;
  assert_false(hash_is_zero(&b));
  assert_false(hash_equal(&a, &b));
  assert_true(hash_compare(&a, &b) < 0);
  assert_true(hash_compare(&b, &a) > 0);
  a.b[0] = 0xff;
  assert_true(hash_compare(&a, &b) > 0);
  assert_int_equal(hash_view(&a).len, 32);
  struct hash back;
  char hex[HASH_HEX_LEN];
  hash_hex(&a, hex);
  assert_int_equal(hash_from_hex(t(hex), &back, NULL), OK);
  assert_true(hash_equal(&a, &back));
  hex[63] = 'F';
  assert_int_equal(hash_from_hex(t(hex), &back, NULL), ERR_FORMAT);
  assert_int_equal(hash_from_hex(view_of(hex, 62), &back, NULL), ERR_FORMAT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_personal_gives_pythons_value),
      cmocka_unit_test(personals_are_distinct_and_have_1_to_16_octets),
      cmocka_unit_test(two_views_are_hashed_as_one),
      cmocka_unit_test(the_running_form_agrees_however_the_octets_are_cut),
      cmocka_unit_test(a_commitment_is_keyed_by_the_salt),
      cmocka_unit_test(sha256_is_that_of_fips_180_4_and_prefixed_that_of_rfc_9162),
      cmocka_unit_test(hashes_compare_and_print),
  };
  return secret_start(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
