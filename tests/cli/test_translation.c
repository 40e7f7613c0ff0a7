/*
 * Errors in another language: rows with holes, sentences of codes, and English as it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* these come first: cmocka.h needs them */
#include <cmocka.h>

#include "cli/translation.h"

static void expect_text(const char *text, const char *lang, const char *wanted) {
  struct bytes out;
  bool found = false;
  bytes_init(&out, 4096);
  assert_int_equal(translation_text(text, lang, &out, &found), OK);
  assert_string_equal(bytes_text(&out), wanted);
  assert_int_equal(found, strcmp(text, wanted) != 0);
  bytes_release(&out);
}

static void fills_what_differs(void **state) {
  (void)state;
  expect_text("no such country: 'itt'", "it", "country sconosciuto: «itt»");
  expect_text("no such country: ''", "it-CH", "country sconosciuto: «»");
  expect_text("no such country: 'itt'", "en", "no such country: 'itt'");
  expect_text("show: \"a: b\" is one word too many", "it", "show: «a: b» è una parola di troppo");
  expect_text("'x' fits 2 objects: IT-2, IT-3", "it", "«x» indica 2 oggetti: IT-2, IT-3");
  expect_text("did you mean --country IT (Italy)?", "it", "si intendeva --country IT (Italy)?");
  expect_text("something that no table has", "it", "something that no table has");
  expect_text("", "it", "");
}

static void expect_message(enum err_code code, const char *message, const char *lang, const char *wanted) {
  struct err err = ERR_INIT;
  struct bytes out;
  bytes_init(&out, 4096);
  err_set(&err, code, "%s", message);
  if (message[0] == '\0') err_set(&err, code, NULL);
  assert_int_equal(translation_message(&err, lang, &out), OK);
  assert_string_equal(bytes_text(&out), wanted);
  bytes_release(&out);
}

static void every_code_has_a_sentence(void **state) {
  (void)state;
  expect_message(ERR_LIMIT, "the thing has 9 octets", "it", "oltre un limite: the thing has 9 octets");
  expect_message(ERR_LIMIT, "the thing has 9 octets", "fr", "the thing has 9 octets");
  expect_message(ERR_PASSPHRASE, "", "it", "frase segreta sbagliata");
  for (int code = ERR_FAILED; code <= (int)ERR_VERSION; code++) {
    struct err err = ERR_INIT;
    struct bytes out;
    bytes_init(&out, 4096);
    err_set(&err, (enum err_code)code, "of no row");
    assert_int_equal(translation_message(&err, "it", &out), OK);
    const char *text = bytes_text(&out);
    if (strcmp(text, "of no row") == 0) fail_msg("%s has no sentence", err_name((enum err_code)code));
    bytes_release(&out);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fills_what_differs),
      cmocka_unit_test(every_code_has_a_sentence),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
