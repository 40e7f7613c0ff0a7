/* secret: guarded pages are closed at rest (a child that looks dies), open between open and close, wiped when fresh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/secret.h"

static void start_passes_twice(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  assert_int_equal(secret_start(&err), OK);
  assert_int_equal(secret_start(&err), OK);
  assert_string_equal(err.message, "");
}

static void a_fresh_secret_is_zeroed_and_keeps_what_is_written(void **state) {
  (void)state;
  struct secret *s = secret_new(33);
  uint8_t zeros[33] = {0};
  assert_non_null(s);
  assert_int_equal(secret_len(s), 33);
  assert_memory_equal(secret_open(s), zeros, 33);
  memset(secret_open(s), 7, 33);
  secret_close(s);
  secret_close(s);
  assert_int_equal(secret_open(s)[32], 7);
  secret_close(s);
  secret_free(s);
  secret_free(NULL);
}

static void lengths_outside_1_to_65536_are_refused(void **state) {
  (void)state;
  assert_null(secret_new(0));
  assert_null(secret_new(65537));
  assert_null(secret_copy(view_of(NULL, 0)));
  struct secret *s = secret_new(65536);
  assert_non_null(s);
  secret_open(s)[65535] = 1;
  secret_close(s);
  secret_free(s);
}

static void a_copy_is_the_same_octets(void **state) {
  (void)state;
  struct secret *s = secret_copy(view_of_text("correct horse"));
  assert_non_null(s);
  assert_int_equal(secret_len(s), 13);
  assert_memory_equal(secret_open(s), "correct horse", 13);
  secret_close(s);
  secret_free(s);
}

/* The signal that ends a child which reads p[0]; 0 when it lives. */
static int fate_of_a_reader(const volatile uint8_t *p) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)signal(SIGSEGV, SIG_DFL);
    _exit(p[0] == 0 ? 0 : 3);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void pages_are_closed_except_between_open_and_close_which_nest(void **state) {
  (void)state;
  struct secret *s = secret_new(16);
  const uint8_t *p = secret_open(s);
  assert_int_equal(fate_of_a_reader(p), 0);
  (void)secret_open(s);
  secret_close(s);
  assert_int_equal(fate_of_a_reader(p), 0);
  secret_close(s);
  assert_int_equal(fate_of_a_reader(p), SIGSEGV);
  secret_free(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(start_passes_twice),
      cmocka_unit_test(a_fresh_secret_is_zeroed_and_keeps_what_is_written),
      cmocka_unit_test(lengths_outside_1_to_65536_are_refused),
      cmocka_unit_test(a_copy_is_the_same_octets),
      cmocka_unit_test(pages_are_closed_except_between_open_and_close_which_nest),
  };
  return secret_start(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
