/*
 * test_browser: an address lets one browser in, once; its cookie and the secrets of its forms are the way to everything else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/desk/browser.h"

struct fixture {
  struct entropy_seeded seed;
  struct entropy_source entropy;
  struct browser b;
};

static void begin(struct fixture *f) {
  f->seed = (struct entropy_seeded){.seed = 7};
  f->entropy = entropy_from_seed(&f->seed);
  browser_init(&f->b, &f->entropy);
}

static bool knows(const struct browser *b, const char *before, const char *value, const char *after) {
  char header[256];
  (void)snprintf(header, sizeof header, "%s%s%s", before, value, after);
  return browser_knows(b, view_of_text(header));
}

static void an_address_works_once_and_the_next_one_ends_the_session(void **state) {
  (void)state;
  struct fixture f;
  char address[BROWSER_SECRET_HEX], first[BROWSER_SECRET_HEX], second[BROWSER_SECRET_HEX], form[BROWSER_SECRET_HEX];
  begin(&f);
  assert_false(browser_enter(&f.b, view_of_text("00000000000000000000000000000000"), first));
  assert_false(knows(&f.b, "specola_desk=", "00000000000000000000000000000000", ""));
  browser_invite(&f.b, address);
  assert_false(browser_enter(&f.b, view_of(address, 31), first));
  assert_true(browser_enter(&f.b, view_of_text(address), first));
  assert_false(browser_enter(&f.b, view_of_text(address), second));
  assert_string_not_equal(address, first);
  assert_true(knows(&f.b, "specola_desk=", first, ""));
  browser_form(&f.b, BROWSER_SIGN, json_object(), form);
  browser_invite(&f.b, address);
  assert_true(knows(&f.b, "specola_desk=", first, "")); /* until somebody opens it */
  assert_true(browser_enter(&f.b, view_of_text(address), second));
  assert_false(knows(&f.b, "specola_desk=", first, ""));
  assert_true(knows(&f.b, "specola_desk=", second, ""));
  assert_null(browser_look(&f.b, BROWSER_SIGN, form));
  browser_release(&f.b);
}

static void only_its_own_cookie_is_known_among_others(void **state) {
  (void)state;
  struct fixture f;
  char address[BROWSER_SECRET_HEX], cookie[BROWSER_SECRET_HEX];
  begin(&f);
  browser_invite(&f.b, address);
  assert_true(browser_enter(&f.b, view_of_text(address), cookie));
  assert_true(knows(&f.b, "a=b; specola_desk=", cookie, ""));
  assert_true(knows(&f.b, "specola_desk=evil; specola_desk=", cookie, ";c"));
  assert_false(knows(&f.b, "specola_desk=", cookie, "0"));
  assert_false(knows(&f.b, "specola_desk= ", cookie, ""));
  assert_false(knows(&f.b, "xspecola_desk=", cookie, ""));
  assert_false(knows(&f.b, "specola_desk=", address, ""));
  assert_false(knows(&f.b, "", cookie, ""));
  assert_false(knows(&f.b, "specola_desk=", "", ""));
  assert_false(knows(&f.b, ";;; ;specola_desk", "", ""));
  assert_false(browser_knows(&f.b, view_of(NULL, 0)));
  browser_release(&f.b);
}

static void a_form_that_acts_is_taken_once_and_for_its_use_alone(void **state) {
  (void)state;
  struct fixture f;
  char form[BROWSER_SECRET_HEX];
  begin(&f);
  browser_form(&f.b, BROWSER_SIGN, json_pack("{s:s}", "id", "x"), form);
  assert_null(browser_look(&f.b, BROWSER_REVIEW, form));
  assert_null(browser_take(&f.b, BROWSER_TAKE_BACK, form));
  assert_null(browser_take(&f.b, BROWSER_SIGN, NULL));
  assert_null(browser_take(&f.b, BROWSER_SIGN, ""));
  assert_non_null(browser_look(&f.b, BROWSER_SIGN, form));
  json_t *what = browser_take(&f.b, BROWSER_SIGN, form);
  assert_string_equal(json_string_value(json_object_get(what, "id")), "x");
  json_decref(what);
  assert_null(browser_take(&f.b, BROWSER_SIGN, form));
  browser_release(&f.b);
}

static void the_oldest_form_gives_way(void **state) {
  (void)state;
  struct fixture f;
  char forms[BROWSER_FORMS + 1][BROWSER_SECRET_HEX];
  begin(&f);
  for (size_t i = 0; i <= BROWSER_FORMS; i++) {
    browser_form(&f.b, BROWSER_REVIEW, json_integer((json_int_t)i), forms[i]);
  }
  assert_null(browser_look(&f.b, BROWSER_REVIEW, forms[0]));
  for (size_t i = 1; i <= BROWSER_FORMS; i++) {
    assert_int_equal(json_integer_value(browser_look(&f.b, BROWSER_REVIEW, forms[i])), i);
  }
  browser_release(&f.b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_address_works_once_and_the_next_one_ends_the_session),
      cmocka_unit_test(only_its_own_cookie_is_known_among_others),
      cmocka_unit_test(a_form_that_acts_is_taken_once_and_for_its_use_alone),
      cmocka_unit_test(the_oldest_form_gives_way),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
