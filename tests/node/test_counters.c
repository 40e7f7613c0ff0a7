/*
 * test_counters: every counter has its own name and a sentence, and is found by its name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/counters.h"
#include "protocol/message.h"

static void finds_each_counter_by_its_own_name(void **state) {
  (void)state;
  for (unsigned i = 0; i < N_COUNTERS; i++) {
    enum counter found = N_COUNTERS;
    assert_true(counter_by_name(counter_name((enum counter)i), &found));
    assert_int_equal(found, i);
    assert_true(strlen(counter_sentence((enum counter)i)) > 10);
  }
}

static void leaves_the_answer_alone_for_an_unknown_name(void **state) {
  (void)state;
  enum counter found = COUNT_TIMEOUT;
  assert_false(counter_by_name("frame", &found));
  assert_int_equal(found, COUNT_TIMEOUT);
}

static void names_err_counters_as_the_page_names_the_codes(void **state) {
  (void)state;
  for (uint64_t code = MSGERR_NO_SESSION; code <= MSGERR_NOT_MEMBER; code++) {
    const char *name = counter_name(counter_of_error(code));
    assert_int_equal(strncmp(name, "err.", 4), 0);
    assert_string_equal(name + 4, message_error_name(code));
  }
  assert_int_equal(counter_of_error(0), COUNT_ERR_OTHER);
  assert_int_equal(counter_of_error(12), COUNT_ERR_OTHER);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finds_each_counter_by_its_own_name),
      cmocka_unit_test(leaves_the_answer_alone_for_an_unknown_name),
      cmocka_unit_test(names_err_counters_as_the_page_names_the_codes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
