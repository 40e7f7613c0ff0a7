/* err: one table, cleaned messages, contexts and hints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "keys/err.h"
#include "keys/text.h"

static const enum err_code CODES[] = {
#define CODE(symbol, name, exit_status, text) symbol,
    ERR_TABLE(CODE)
#undef CODE
};
#define N_CODES (sizeof CODES / sizeof *CODES)

static void names_are_distinct_and_exit_statuses_lie_between_0_and_12(void **state) {
  (void)state;
  for (size_t i = 0; i < N_CODES; i++) {
    assert_true(err_exit_status(CODES[i]) >= (i == 0 ? 0 : 1));
    assert_true(err_exit_status(CODES[i]) <= 12);
    assert_true(strlen(err_text(CODES[i])) > 0);
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(err_name(CODES[i]), err_name(CODES[j]));
  }
  assert_string_equal(err_name(ERR_UNREACHABLE), "peer.unreachable");
  assert_int_equal(err_exit_status(ERR_UNREACHABLE), 7);
  assert_int_equal(err_exit_status(ERR_VERSION), 12);
  assert_int_equal(err_exit_status(OK), 0);
}

static void set_formats_returns_the_code_and_drops_the_hint(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  assert_int_equal(err_set(&err, ERR_LIMIT, "title: %d bytes, at most %d", 900, 800), ERR_LIMIT);
  assert_string_equal(err.message, "title: 900 bytes, at most 800");
  assert_int_equal(err_hint(&err, "shorten the %s", "title"), ERR_LIMIT);
  assert_string_equal(err.hint, "shorten the title");
  assert_int_equal(err_set(&err, ERR_MEMORY, NULL), ERR_MEMORY);
  assert_string_equal(err.message, "out of memory");
  assert_string_equal(err.hint, "");
}

static void ok_means_empty(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  assert_int_equal(err_hint(&err, "no"), OK);
  assert_int_equal(err_context(&err, "no"), OK);
  assert_string_equal(err.message, "");
  assert_string_equal(err.hint, "");
  (void)err_set(&err, ERR_IO, "x");
  (void)err_hint(&err, "y");
  assert_int_equal(err_set(&err, OK, "fine"), OK);
  assert_int_equal(err.code, OK);
  assert_string_equal(err.message, "");
  assert_string_equal(err.hint, "");
}

static void null_err_is_accepted_everywhere(void **state) {
  (void)state;
  assert_int_equal(err_set(NULL, ERR_KEY, "x %d", 1), ERR_KEY);
  assert_int_equal(err_hint(NULL, "x"), ERR_FAILED);
  assert_int_equal(err_context(NULL, "x"), ERR_FAILED);
  assert_int_equal(err_errno(NULL, ERR_IO, EIO, "x"), ERR_IO);
  err_clear(NULL);
}

static void context_goes_in_front_and_keeps_code_and_hint(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  (void)err_set(&err, ERR_FORMAT, "octet 3");
  (void)err_hint(&err, "look there");
  assert_int_equal(err_context(&err, "case %x", 0x7f3aU), ERR_FORMAT);
  assert_string_equal(err.message, "case 7f3a: octet 3");
  assert_string_equal(err.hint, "look there");
}

static void arguments_may_point_into_the_error_itself(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  (void)err_set(&err, ERR_FORMAT, "inner");
  (void)err_set(&err, ERR_KEY, "outer (%s)", err.message);
  assert_string_equal(err.message, "outer (inner)");
}

static void controls_and_broken_utf8_never_reach_the_message(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  (void)err_set(&err, ERR_FORMAT, "%s",
                "a\x1b[2Jb\nc\x7f\xc2\x9b"
                "d\xff\xc3|\xe2\x80\xae|\xc3\xa8");
  assert_string_equal(err.message, "a?[2Jb?c??d??|?|\xc3\xa8");
  (void)err_hint(&err, "%s", "x\ry");
  assert_string_equal(err.hint, "x?y");
  (void)err_context(&err, "%s", "\x1b");
  assert_string_equal(err.message, "?: a?[2Jb?c??d??|?|\xc3\xa8");
}

static void long_messages_are_cut_at_a_character(void **state) {
  (void)state;
  for (size_t shift = 0; shift < 4; shift++) {
    struct err err = ERR_INIT;
    char text[2 * ERR_MESSAGE_MAX + 1];
    memset(text, 'x', shift);
    for (size_t i = shift; i + 4 < sizeof text; i += 4)
      memcpy(text + i, "\xf0\x9f\x8c\x8d", 5);
    (void)err_set(&err, ERR_FORMAT, "%s", text);
    size_t len = strlen(err.message);
    assert_true(len <= ERR_MESSAGE_MAX - 1 && len > ERR_MESSAGE_MAX - 5);
    assert_true(text_is_valid(view_of_text(err.message)));
    assert_null(strchr(err.message, '?'));
    (void)err_hint(&err, "%s", text);
    assert_true(strlen(err.hint) > ERR_HINT_MAX - 5);
    assert_null(strchr(err.hint, '?'));
    (void)err_context(&err, "%s", "abc");
    assert_memory_equal(err.message, "abc: ", 5);
    assert_true(text_is_valid(view_of_text(err.message)));
    assert_null(strchr(err.message, '?'));
  }
}

static void a_full_disk_is_told_from_other_errnos(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  assert_int_equal(err_errno(&err, ERR_IO, ENOSPC, "head"), ERR_DISK_FULL);
  assert_int_equal(err_errno(&err, ERR_IO, EDQUOT, "head"), ERR_DISK_FULL);
  assert_int_equal(err_errno(&err, ERR_IO, ENOENT, "head"), ERR_IO);
  assert_string_equal(err.message, "head: No such file or directory");
  assert_int_equal(err.code, ERR_IO);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_distinct_and_exit_statuses_lie_between_0_and_12),
      cmocka_unit_test(set_formats_returns_the_code_and_drops_the_hint),
      cmocka_unit_test(ok_means_empty),
      cmocka_unit_test(null_err_is_accepted_everywhere),
      cmocka_unit_test(context_goes_in_front_and_keeps_code_and_hint),
      cmocka_unit_test(arguments_may_point_into_the_error_itself),
      cmocka_unit_test(controls_and_broken_utf8_never_reach_the_message),
      cmocka_unit_test(long_messages_are_cut_at_a_character),
      cmocka_unit_test(a_full_disk_is_told_from_other_errnos),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
