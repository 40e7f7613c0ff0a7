/* passphrase: from a descriptor, a file, and a pseudo-terminal whose other end waits for each prompt before it types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/passphrase.h"

static void assert_secret(struct secret *s, const char *text) {
  assert_non_null(s);
  assert_int_equal(secret_len(s), strlen(text));
  assert_memory_equal(secret_open(s), text, strlen(text));
  secret_close(s);
  secret_free(s);
}

static int pipe_with(const char *p, size_t len) {
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], p, len), len);
  (void)close(ends[1]);
  return ends[0];
}

static void a_descriptor_is_read_to_the_newline_and_no_further(void **state) {
  (void)state;
  struct secret *s = NULL;
  char rest[8] = "";
  int fd = pipe_with("one two\nrest", 12);
  assert_int_equal(passphrase_from_fd(fd, &s, NULL), OK);
  assert_secret(s, "one two");
  assert_int_equal(read(fd, rest, sizeof rest), 4);
  assert_string_equal(rest, "rest");
  (void)close(fd);
  fd = pipe_with("no newline", 10);
  assert_int_equal(passphrase_from_fd(fd, &s, NULL), OK);
  assert_secret(s, "no newline");
  (void)close(fd);
}

static void empty_long_and_broken_descriptors_are_errors(void **state) {
  (void)state;
  struct secret *s = NULL;
  char long_text[PASSPHRASE_MAX + 3];
  memset(long_text, 'x', sizeof long_text);
  int fd = pipe_with("\nx", 2);
  assert_int_equal(passphrase_from_fd(fd, &s, NULL), ERR_FORMAT);
  (void)close(fd);
  fd = pipe_with("", 0);
  assert_int_equal(passphrase_from_fd(fd, &s, NULL), ERR_FORMAT);
  (void)close(fd);
  fd = pipe_with(long_text, PASSPHRASE_MAX + 1);
  assert_int_equal(passphrase_from_fd(fd, &s, NULL), ERR_LIMIT);
  (void)close(fd);
  assert_int_equal(passphrase_from_fd(-1, &s, NULL), ERR_IO);
  assert_null(s);
  long_text[PASSPHRASE_MAX] = '\n';
  fd = pipe_with(long_text, PASSPHRASE_MAX + 1);
  assert_int_equal(passphrase_from_fd(fd, &s, NULL), OK);
  assert_int_equal(secret_len(s), PASSPHRASE_MAX);
  secret_free(s);
  (void)close(fd);
}

static void a_file_gives_its_first_line_if_nobody_else_can_read_it(void **state) {
  (void)state;
  char path[] = "/tmp/specola-passphrase-XXXXXX";
  struct secret *s = NULL;
  struct err err = ERR_INIT;
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(passphrase_from_file(path, &s, &err), ERR_FORMAT);
  assert_int_equal(write(fd, "first line\nsecond\n", 18), 18);
  assert_int_equal(passphrase_from_file(path, &s, NULL), OK);
  assert_secret(s, "first line");
  assert_int_equal(ftruncate(fd, 10), 0);
  assert_int_equal(passphrase_from_file(path, &s, NULL), OK);
  assert_secret(s, "first line");
  s = NULL;
  assert_int_equal(fchmod(fd, 0640), 0);
  assert_int_equal(passphrase_from_file(path, &s, &err), ERR_PERMISSIONS);
  assert_int_equal(fchmod(fd, 0600), 0);
  assert_int_equal(ftruncate(fd, 0), 0);
  assert_int_equal(ftruncate(fd, PASSPHRASE_MAX + 1), 0);
  assert_int_equal(passphrase_from_file(path, &s, &err), ERR_LIMIT);
  assert_int_equal(ftruncate(fd, 4097), 0);
  assert_int_equal(passphrase_from_file(path, &s, &err), ERR_LIMIT);
  (void)close(fd);
  (void)unlink(path);
  assert_int_equal(passphrase_from_file(path, &s, &err), ERR_NOT_FOUND);
  assert_null(s);
}

/* What the child tells by its exit status: 100 when it got the wanted passphrase, else the error code. */
static int ask_in_child(bool confirm, const char *wanted) {
  struct secret *s = NULL;
  enum err_code code = passphrase_ask("Passphrase: ", confirm, &s, NULL);
  if (code != OK) return (int)code;
  bool right = secret_len(s) == strlen(wanted) && memcmp(secret_open(s), wanted, strlen(wanted)) == 0;
  return right ? 100 : 99;
}

static int exit_of(pid_t child) {
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* Runs the question on a terminal of its own. Each answer is typed once a new prompt (": ") has been seen. *echoed tells
 * whether any answer was shown. Returns what ask_in_child says. */
static int ask_on_terminal(bool confirm, const char *const *answers, size_t n_answers, const char *wanted, bool *echoed) {
  char seen[4096] = "";
  size_t len = 0;
  int terminal = -1;
  pid_t child = forkpty(&terminal, NULL, NULL, NULL);
  if (child < 0) {
    printf("skipped: no pseudo-terminal here (is /dev/pts mounted?)\n");
    skip();
  }
  if (child == 0) _exit(ask_in_child(confirm, wanted));
  for (size_t i = 0; i < n_answers; i++) {
    size_t from = len;
    while (strstr(seen + from, ": ") == NULL) {
      ssize_t n = read(terminal, seen + len, sizeof seen - 1 - len);
      assert_true(n > 0);
      len += (size_t)n;
      seen[len] = '\0';
    }
    assert_int_equal(write(terminal, answers[i], strlen(answers[i])), strlen(answers[i]));
  }
  ssize_t n;
  while (len < sizeof seen - 1 && (n = read(terminal, seen + len, sizeof seen - 1 - len)) > 0)
    len += (size_t)n;
  seen[len] = '\0';
  *echoed = strstr(seen, "word") != NULL;
  int result = exit_of(child);
  (void)close(terminal);
  return result;
}

static void a_terminal_is_asked_once_without_echo(void **state) {
  (void)state;
  static const char *const ANSWER[] = {"pass word\n"};
  static const char *const EMPTY[] = {"\n"};
  bool echoed = true;
  assert_int_equal(ask_on_terminal(false, ANSWER, 1, "pass word", &echoed), 100);
  assert_false(echoed);
  assert_int_equal(ask_on_terminal(false, EMPTY, 1, "", &echoed), ERR_FORMAT);
}

static void confirmation_asks_until_both_agree_three_times_at_most(void **state) {
  (void)state;
  static const char *const AT_ONCE[] = {"word1\n", "word1\n"};
  static const char *const LATER[] = {"word1\n", "word2\n", "word3\n", "word3\n"};
  static const char *const NEVER[] = {"word1\n", "word2\n", "word3\n", "word\n", "word5\n", "word6\n"};
  bool echoed = true;
  assert_int_equal(ask_on_terminal(true, AT_ONCE, 2, "word1", &echoed), 100);
  assert_false(echoed);
  assert_int_equal(ask_on_terminal(true, LATER, 4, "word3", &echoed), 100);
  assert_int_equal(ask_on_terminal(true, NEVER, 6, "", &echoed), ERR_FAILED);
  assert_false(echoed);
}

static void without_a_terminal_input_is_needed(void **state) {
  (void)state;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    (void)setsid(); /* no controlling terminal any more */
    _exit(ask_in_child(false, ""));
  }
  assert_int_equal(exit_of(child), ERR_INPUT_NEEDED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_descriptor_is_read_to_the_newline_and_no_further),
      cmocka_unit_test(empty_long_and_broken_descriptors_are_errors),
      cmocka_unit_test(a_file_gives_its_first_line_if_nobody_else_can_read_it),
      cmocka_unit_test(a_terminal_is_asked_once_without_echo),
      cmocka_unit_test(confirmation_asks_until_both_agree_three_times_at_most),
      cmocka_unit_test(without_a_terminal_input_is_needed),
  };
  return secret_start(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
