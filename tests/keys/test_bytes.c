/* bytes: views, ceilings, strict hexadecimal, base64 and decimal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "keys/bytes.h"

#define T(literal) view_of(literal, sizeof(literal) - 1)

static void views_compare_as_memcmp_with_the_shorter_prefix_first(void **state) {
  (void)state;
  assert_true(view_compare(T("a"), T("ab")) < 0);
  assert_true(view_compare(T("b"), T("ab")) > 0);
  assert_true(view_compare(T("\xff"), T("\x01")) > 0);
  assert_int_equal(view_compare(T("ab"), T("ab")), 0);
  assert_true(view_compare(view_of(NULL, 0), T("a")) < 0);
  assert_int_equal(view_compare(view_of(NULL, 0), T("")), 0);
  assert_true(view_equal(view_of(NULL, 0), T("")));
  assert_false(view_equal(T("a"), T("b")));
  assert_false(view_equal(T("a"), T("ab")));
  assert_true(view_is_text(T("node"), "node"));
  assert_false(view_is_text(T("node\0"), "node"));
}

static void appends_of_every_kind_follow_each_other(void **state) {
  (void)state;
  struct bytes b;
  bytes_init(&b, 1000);
  assert_null(b.p);
  assert_string_equal(bytes_text(&b), "");
  assert_int_equal(bytes_append(&b, T("ab"), NULL), OK);
  assert_int_equal(bytes_append_u8(&b, 'c', NULL), OK);
  assert_int_equal(bytes_append_text(&b, "de", NULL), OK);
  assert_int_equal(bytes_printf(&b, NULL, "-%d-%s", 42, "x"), OK);
  assert_int_equal(bytes_printf(&b, NULL, "%s", ""), OK);
  assert_int_equal(bytes_append(&b, view_of(NULL, 0), NULL), OK);
  assert_string_equal(bytes_text(&b), "abcde-42-x");
  assert_int_equal(b.len, 10);
  bytes_consume(&b, 5);
  assert_true(view_is_text(bytes_view(&b), "-42-x"));
  bytes_consume(&b, 0);
  bytes_consume(&b, 5);
  assert_int_equal(b.len, 0);
  bytes_clear(&b);
  assert_string_equal(bytes_text(&b), "");
  bytes_release(&b);
  assert_null(b.p);
  assert_int_equal(b.ceiling, 1000);
}

static void the_ceiling_is_reached_exactly_and_never_passed(void **state) {
  (void)state;
  for (size_t ceiling = 0; ceiling < 300; ceiling++) {
    struct bytes b;
    struct err err = ERR_INIT;
    bytes_init(&b, ceiling);
    for (size_t i = 0; i < ceiling; i++) {
      assert_int_equal(bytes_append_u8(&b, 'x', &err), OK);
      assert_true(b.len <= b.capacity && b.capacity <= b.ceiling);
    }
    assert_int_equal(bytes_append_u8(&b, 'x', &err), ERR_LIMIT);
    assert_int_equal(bytes_printf(&b, &err, "%s", "yy"), ERR_LIMIT);
    assert_int_equal(bytes_reserve(&b, SIZE_MAX, &err), ERR_LIMIT);
    assert_int_equal(b.len, ceiling);
    assert_int_equal(strlen(bytes_text(&b)), ceiling);
    bytes_release(&b);
  }
}

static void memory_that_nobody_has_is_an_error_that_leaves_the_buffer_alone(void **state) {
  (void)state;
  struct bytes b;
  struct err err = ERR_INIT;
  bytes_init(&b, SIZE_MAX);
  assert_int_equal(bytes_append_text(&b, "kept", &err), OK);
  assert_int_equal(bytes_reserve(&b, SIZE_MAX - 4, &err), ERR_MEMORY);
  assert_string_equal(bytes_text(&b), "kept");
  bytes_release(&b);
}

static void hexadecimal_goes_round_and_takes_lower_case_only(void **state) {
  (void)state;
  uint8_t all[256];
  uint8_t back[256];
  char text[513];
  for (size_t i = 0; i < sizeof all; i++)
    all[i] = (uint8_t)i;
  hex_encode(view_of(all, sizeof all), text);
  assert_memory_equal(text, "000102030405060708090a0b0c0d0e0f10", 34);
  assert_int_equal(strlen(text), 512);
  assert_int_equal(hex_decode(view_of_text(text), back, sizeof back, NULL), OK);
  assert_memory_equal(all, back, sizeof all);
  static const char *const WRONG[] = {"A0", "0G", "g0", "0", "000", "", " 0", "0x", "0:", "/0", "`0"};
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    assert_int_equal(hex_decode(view_of_text(WRONG[i]), back, 1, NULL), ERR_FORMAT);
  }
  assert_int_equal(hex_decode(T(""), back, 0, NULL), OK);
}

static void base64_matches_rfc_4648_section_10(void **state) {
  (void)state;
  static const char *const PLAIN[] = {"", "f", "fo", "foo", "foob", "fooba", "foobar"};
  static const char *const CODED[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t i = 0; i < 7; i++) {
    char text[16];
    uint8_t back[8];
    base64_encode(view_of_text(PLAIN[i]), text);
    assert_string_equal(text, CODED[i]);
    assert_int_equal(base64_decode(view_of_text(text), back, i, NULL), OK);
    assert_memory_equal(back, PLAIN[i], i);
  }
}

static void base64_has_one_spelling(void **state) {
  (void)state;
  uint8_t back[8];
  static const char *const WRONG[] = {"Zh==", "Zg=", "Zg", "Zg===", "Zg==\n", " Zg==", "Zg =", "Z===", "-g==", "Zm8=", "Zg=A"};
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    assert_int_equal(base64_decode(view_of_text(WRONG[i]), back, 1, NULL), ERR_FORMAT);
  }
  assert_int_equal(base64_decode(T("Zm9="), back, 2, NULL), ERR_FORMAT);
  assert_int_equal(base64_decode(T("Zm8="), back, 2, NULL), OK);
  assert_int_equal(base64_decode(T("__8="), back, 2, NULL), ERR_FORMAT);
  assert_int_equal(base64_decode(T("//8="), back, 2, NULL), OK);
}

/* Every pair of characters before the padding: 256 spellings for 256 octets. */
static void exactly_256_texts_decode_to_one_octet(void **state) {
  (void)state;
  size_t n = 0;
  for (unsigned a = 1; a < 256; a++) {
    for (unsigned b = 1; b < 256; b++) {
      const uint8_t text[4] = {(uint8_t)a, (uint8_t)b, '=', '='};
      uint8_t octet;
      n += base64_decode(view_of(text, 4), &octet, 1, NULL) == OK;
    }
  }
  assert_int_equal(n, 256);
}

static void decimal_takes_one_spelling_up_to_2_to_the_64(void **state) {
  (void)state;
  uint64_t value = 7;
  assert_int_equal(decimal_decode(T("0"), &value, NULL), OK);
  assert_true(value == 0);
  assert_int_equal(decimal_decode(T("18446744073709551615"), &value, NULL), OK);
  assert_true(value == UINT64_MAX);
  static const char *const WRONG[] = {"",
                                      "00",
                                      "01",
                                      "+1",
                                      "-1",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "18446744073709551616",
                                      "99999999999999999999",
                                      "1.0",
                                      "0x10",
                                      "1\n",
                                      "123456789012345678901"};
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    assert_int_equal(decimal_decode(view_of_text(WRONG[i]), &value, NULL), ERR_FORMAT);
  }
  assert_true(value == UINT64_MAX);
}

static void big_endian_integers_go_round(void **state) {
  (void)state;
  uint8_t b[8];
  put_u32be(b, UINT32_C(0x01020384));
  assert_memory_equal(b, "\x01\x02\x03\x84", 4);
  assert_true(get_u32be(b) == UINT32_C(0x01020384));
  put_u64be(b, UINT64_C(0xf102030405060788));
  assert_memory_equal(b, "\xf1\x02\x03\x04\x05\x06\x07\x88", 8);
  assert_true(get_u64be(b) == UINT64_C(0xf102030405060788));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(views_compare_as_memcmp_with_the_shorter_prefix_first),
      cmocka_unit_test(appends_of_every_kind_follow_each_other),
      cmocka_unit_test(the_ceiling_is_reached_exactly_and_never_passed),
      cmocka_unit_test(memory_that_nobody_has_is_an_error_that_leaves_the_buffer_alone),
      cmocka_unit_test(hexadecimal_goes_round_and_takes_lower_case_only),
      cmocka_unit_test(base64_matches_rfc_4648_section_10),
      cmocka_unit_test(base64_has_one_spelling),
      cmocka_unit_test(exactly_256_texts_decode_to_one_octet),
      cmocka_unit_test(decimal_takes_one_spelling_up_to_2_to_the_64),
      cmocka_unit_test(big_endian_integers_go_round),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
