/*
 * roles: words and codes to the numbers of a certificate, and back.
 */
#include "protocol/people.h"
#include "tests/protocol/sample.h"

static void reads_roles_by_name(void **state) {
  (void)state;
  uint64_t roles = 0;
  assert_int_equal(roles_parse("editor", &roles, NULL), OK);
  assert_int_equal(roles, ROLE_EDITOR);
  assert_int_equal(roles_parse(" coordinator, editor,reviewer ,contributor,facilitator,editor", &roles, NULL), OK);
  assert_int_equal(roles, 31);
}

static void names_the_role_that_it_does_not_know(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  uint64_t roles = 77;
  assert_int_equal(roles_parse("editor,king", &roles, &err), ERR_NOT_FOUND);
  assert_string_equal(err.message, "there is no role \"king\"");
  assert_true(err.hint[0] != '\0');
  assert_int_equal(roles_parse("", &roles, NULL), ERR_NOT_FOUND);
  assert_int_equal(roles_parse("editor,", &roles, NULL), ERR_NOT_FOUND);
  assert_int_equal(roles_parse("Editor", &roles, NULL), ERR_NOT_FOUND);
  assert_int_equal(roles, 77);
}

static void writes_roles_in_the_order_of_their_numbers(void **state) {
  (void)state;
  char out[80];
  roles_format(ROLE_EDITOR | ROLE_COORDINATOR, out, sizeof out);
  assert_string_equal(out, "coordinator, editor");
  roles_format(0, out, sizeof out);
  assert_string_equal(out, "");
  roles_format(ROLE_FACILITATOR | 32, out, sizeof out);
  assert_string_equal(out, "facilitator, role-6");
  roles_format(UINT64_MAX, out, 9);
  assert_string_equal(out, "coordina");
  roles_format(UINT64_MAX, out, sizeof out);
  assert_true(strlen(out) < sizeof out);
}

static void reads_territories_with_and_without_country(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t n;
  } GOOD[] = {{"", 0},     {"34", 1408}, {"IT-34", 1408}, {"0", 36}, {"Z", 71}, {"FR-IDF", 46656 + 18 * 1296 + 13 * 36 + 15},
              {"00", 1296}};
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
    uint64_t n = 77;
    assert_int_equal(territory_parse(GOOD[i].text, &n, NULL), OK);
    assert_int_equal(n, GOOD[i].n);
  }
}

static void refuses_what_is_no_territory(void **state) {
  (void)state;
  static const char *const BAD[] = {"ABCD", "it-34", "IT-", "-34", "I-34", "ITA-34", "IT_34", "3 4", "é", "IT-ABCD", "12-34"};
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    uint64_t n = 77;
    assert_int_equal(territory_parse(BAD[i], &n, NULL), ERR_FORMAT);
    assert_int_equal(n, 77);
  }
}

static void every_territory_comes_back(void **state) {
  (void)state;
  static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  char text[8], out[8];
  for (int i = 0; i < 36 * 36 * 36; i++) {
    uint64_t n = 0;
    (void)snprintf(text, sizeof text, "EE-%c%c%c", DIGITS[i / 1296], DIGITS[i / 36 % 36], DIGITS[i % 36]);
    assert_int_equal(territory_parse(text, &n, NULL), OK);
    territory_format(n, "EE", out);
    assert_string_equal(out, text);
  }
  territory_format(1408, "IT", out);
  assert_string_equal(out, "IT-34");
}

static void writes_nothing_for_numbers_that_are_no_territory(void **state) {
  (void)state;
  static const uint64_t BAD[] = {0, 1, 2, 35, 72, 1295, 2592, 93312, UINT64_MAX};
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    char out[8] = "before";
    territory_format(BAD[i], "IT", out);
    assert_string_equal(out, "");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_roles_by_name),
      cmocka_unit_test(names_the_role_that_it_does_not_know),
      cmocka_unit_test(writes_roles_in_the_order_of_their_numbers),
      cmocka_unit_test(reads_territories_with_and_without_country),
      cmocka_unit_test(refuses_what_is_no_territory),
      cmocka_unit_test(every_territory_comes_back),
      cmocka_unit_test(writes_nothing_for_numbers_that_are_no_territory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
