/*
 * invitation: the line comes back as it was printed, however a mail program broke it, and says what is missing where it was
 * cut.
 */
#include "cli/invitation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct invitation_line sample(bool has_token, const char *at) {
  struct invitation_line line = {.has_token = has_token};
  for (unsigned i = 0; i < HASH_LEN; i++) {
    line.fed_id.b[i] = (uint8_t)(7 * i + 1);
    line.node.b[i] = (uint8_t)(11 * i + 3);
  }
  for (unsigned i = 0; has_token && i < TOKEN_LEN; i++)
    line.token.b[i] = (uint8_t)(37 * i + 200);
  assert_int_equal(invitation_address(at, line.at, NULL), OK);
  return line;
}

static void same(const struct invitation_line *a, const struct invitation_line *b) {
  assert_true(hash_equal(&a->fed_id, &b->fed_id) && hash_equal(&a->node, &b->node));
  assert_int_equal(a->has_token, b->has_token);
  assert_memory_equal(&a->token, &b->token, sizeof a->token);
  assert_string_equal(a->at, b->at);
}

static void it_comes_back_as_it_was_printed(void **state) {
  static const char *const ADDRESSES[] = {"https://node.example.org/", "http://[::1]:7480", "https://example.org/specola/pt"};
  (void)state;
  for (unsigned i = 0; i < 6; i++) {
    const struct invitation_line line = sample(i % 2 == 0, ADDRESSES[i / 2]);
    struct invitation_line got;
    char text[INVITATION_LINE_MAX];
    invitation_format(&line, text);
    assert_true(invitation_is_line(text));
    assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:?&=%-._~"), strlen(text));
    assert_int_equal(invitation_parse(text, &got, NULL), OK);
    same(&line, &got);
  }
}

static void a_line_that_mail_broke_is_read_as_one(void **state) {
  char text[INVITATION_LINE_MAX], broken[2 * INVITATION_LINE_MAX];
  struct invitation_line got;
  const struct invitation_line line = sample(true, "https://node.example.org");
  (void)state;
  invitation_format(&line, text);
  size_t n = 0;
  for (size_t i = 0; text[i] != '\0'; i++) {
    broken[n++] = text[i];
    if (i % 40 == 20) broken[n++] = '\r', broken[n++] = '\n', broken[n++] = ' ';
  }
  broken[n] = '\0';
  assert_int_equal(invitation_parse(broken, &got, NULL), OK);
  same(&line, &got);
}

static void every_cut_line_says_what_is_missing(void **state) {
  static const char *const PARTS[] = {"(o=)", "(n=)", "(k=)", "(t=)", "(at=)", "begins with"};
  char text[INVITATION_LINE_MAX], cut[INVITATION_LINE_MAX];
  struct invitation_line got;
  const struct invitation_line line = sample(true, "https://node.example.org");
  (void)state;
  invitation_format(&line, text);
  const char *address = strstr(text, "&at=");
  assert_non_null(address);
  for (size_t len = 0; len < (size_t)(address - text) + strlen("&at=https%3A%2F"); len++) {
    struct err err = ERR_INIT;
    bool says = false;
    memcpy(cut, text, len);
    cut[len] = '\0';
    assert_int_equal(invitation_parse(cut, &got, &err), ERR_USAGE);
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
      says = says || strstr(err.message, PARTS[i]) != NULL;
    assert_true(says);
    assert_non_null(strstr(err.hint, "quotes"));
  }
}

static void a_letter_mistyped_before_the_address_is_noticed(void **state) {
  char text[INVITATION_LINE_MAX];
  struct invitation_line got, line = sample(true, "https://node.example.org");
  (void)state;
  invitation_format(&line, text);
  const char *node = strstr(text, "&n=");
  assert_non_null(node);
  for (size_t i = (size_t)(node - text) + 3; i < (size_t)(node - text) + 3 + 16; i++) { /* what the words speak of */
    const char kept = text[i];
    text[i] = kept == '0' ? '1' : '0';
    assert_int_equal(invitation_parse(text, &got, NULL), ERR_USAGE);
    text[i] = kept;
  }
  text[strlen(text) - 1] = ' '; /* a shorter address is one, too: whoever answers there is asked who it is */
  assert_int_equal(invitation_parse(text, &got, NULL), OK);
}

static void what_is_no_address_of_pages_is_refused(void **state) {
  static const char *const BAD[] = {"",
                                    "node.example.org",
                                    "tcp://node.example.org:7411",
                                    "https://",
                                    "http://user@example.org",
                                    "https://example.org/?x",
                                    "https://example.org/#x",
                                    "https://exa mple.org"};
  char out[LIMIT_ENDPOINT + 1], longer[LIMIT_ENDPOINT + 32];
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
    assert_int_equal(invitation_address(BAD[i], out, NULL), ERR_USAGE);
  memset(longer, 'a', sizeof longer);
  memcpy(longer, "https://", 8);
  longer[sizeof longer - 1] = '\0';
  assert_int_equal(invitation_address(longer, out, NULL), ERR_USAGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_comes_back_as_it_was_printed),
      cmocka_unit_test(a_line_that_mail_broke_is_read_as_one),
      cmocka_unit_test(every_cut_line_says_what_is_missing),
      cmocka_unit_test(a_letter_mistyped_before_the_address_is_noticed),
      cmocka_unit_test(what_is_no_address_of_pages_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
