/* Tests of cli/options: words are sorted by the tables, and nothing is guessed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/options.h"

static const struct option_row own[] = {
    {"out", 'o', OPTION_VALUE, "FILE", "", ""},
    {"key", 0, OPTION_MANY, "SHEET", "", ""},
    {"dry-run", 0, OPTION_FLAG, NULL, "", ""},
    {NULL, 0, OPTION_FLAG, NULL, NULL, NULL},
};
static const struct option_row general[] = {
    {"limit", 'n', OPTION_VALUE, "N", "", ""},
    {NULL, 0, OPTION_FLAG, NULL, NULL, NULL},
};

/* Parses up to eight words, the last followed by NULL. */
static enum err_code parse(const char *const *words, bool take_open, struct args *a, struct err *err) {
  const struct option_row *const tables[] = {own, general};
  char *copy[9];
  int n = 0;
  for (; words[n] != NULL; n++) {
    copy[n] = (char *)(uintptr_t)words[n];
  }
  return args_parse(n, copy, tables, 2, take_open, a, err);
}

static void sorts_options_and_operands_in_every_spelling(void **state) {
  const char *const words[] = {"one", "-o", "x", "--key=a", "two", "--key", "b", "-n5", NULL};
  struct err err = ERR_INIT;
  struct args a = {0};
  uint64_t n = 0;
  (void)state;
  assert_int_equal(parse(words, false, &a, &err), OK);
  assert_int_equal(a.n_operands, 2);
  assert_string_equal(a.operands[1], "two");
  assert_string_equal(args_value(&a, "out"), "x");
  assert_string_equal(args_nth(&a, "key", 0), "a");
  assert_string_equal(args_nth(&a, "key", 1), "b");
  assert_null(args_nth(&a, "key", 2));
  assert_int_equal(args_number(&a, "limit", 1, 10, 7, &n, &err), OK);
  assert_int_equal(n, 5);
  assert_false(args_flag(&a, "dry-run"));
  args_release(&a);
}

static void two_hyphens_end_the_options(void **state) {
  const char *const words[] = {"--dry-run", "--", "--out", "-", NULL};
  struct err err = ERR_INIT;
  struct args a = {0};
  (void)state;
  assert_int_equal(parse(words, false, &a, &err), OK);
  assert_true(args_flag(&a, "dry-run"));
  assert_int_equal(a.n_operands, 2);
  assert_string_equal(a.operands[0], "--out");
  args_release(&a);
}

static void keeps_open_options_only_where_they_are_taken(void **state) {
  const char *const words[] = {"--country", "IT", "--sector=01", NULL};
  struct err err = ERR_INIT;
  struct args a = {0};
  (void)state;
  assert_int_equal(parse(words, true, &a, &err), OK);
  assert_int_equal(a.n_open, 2);
  assert_int_equal(a.open[1].name_len, 6);
  assert_memory_equal(a.open[1].name, "sector", 6);
  assert_string_equal(a.open[1].value, "01");
  args_release(&a);
  assert_int_equal(parse(words, false, &a, &err), ERR_USAGE);
}

static void refuses_what_does_not_fit_and_says_what_was_meant(void **state) {
  static const struct {
    const char *words[4];
    const char *hint;
  } bad[] = {
      {{"--ot", "x", NULL}, "--out"},   {{"--out", NULL}, "FILE"}, {{"--dry-run=yes", NULL}, NULL},
      {{"-o", "a", "-ob", NULL}, NULL}, {{"-x", NULL}, "help"},    {{"-o", NULL}, "--out"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct err err = ERR_INIT;
    struct args a = {0};
    assert_int_equal(parse(bad[i].words, false, &a, &err), ERR_USAGE);
    assert_true(err.message[0] != '\0');
    if (bad[i].hint != NULL) {
      assert_non_null(strstr(err.hint, bad[i].hint));
    }
    assert_null(a.operands);
  }
}

static void numbers_outside_their_range_are_refused(void **state) {
  static const char *const values[] = {"0", "11", "x", "-1", "1.5", "", "99999999999999999999"};
  (void)state;
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    const char *const words[] = {"--limit", values[i], NULL};
    struct err err = ERR_INIT;
    struct args a = {0};
    uint64_t n = 0;
    assert_int_equal(parse(words, false, &a, &err), OK);
    assert_int_equal(args_number(&a, "limit", 1, 10, 7, &n, &err), ERR_USAGE);
    args_release(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sorts_options_and_operands_in_every_spelling),
      cmocka_unit_test(two_hyphens_end_the_options),
      cmocka_unit_test(keeps_open_options_only_where_they_are_taken),
      cmocka_unit_test(refuses_what_does_not_fit_and_says_what_was_meant),
      cmocka_unit_test(numbers_outside_their_range_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
