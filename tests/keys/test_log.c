/* log: what reaches standard error, read back through a datagram socket that keeps the borders of each write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keys/log.h"
#include "keys/text.h"

static int receiver;
static int old_stderr;

static void capture(void) {
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
  old_stderr = dup(STDERR_FILENO);
  assert_true(old_stderr >= 0);
  assert_int_equal(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
  (void)close(pair[1]);
  receiver = pair[0];
}

/* Ends the capture and returns what one write wrote; *n_more counts further writes. */
static const char *captured(size_t *n_more) {
  static char text[8192];
  char rest[8192];
  ssize_t n = recv(receiver, text, sizeof text - 1, MSG_DONTWAIT);
  *n_more = 0;
  while (recv(receiver, rest, sizeof rest, MSG_DONTWAIT) >= 0)
    ++*n_more;
  (void)dup2(old_stderr, STDERR_FILENO);
  (void)close(old_stderr);
  (void)close(receiver);
  text[n < 0 ? 0 : n] = '\0';
  return text;
}

static void a_line_is_level_room_message_and_values_in_one_write(void **state) {
  (void)state;
  size_t n_more;
  log_set_level(LOG_INFO);
  capture();
  log_line(LOG_INFO, "gate", "peer connected", "peer=%s n=%d", "FR", 3);
  assert_string_equal(captured(&n_more), "info gate: peer connected peer=FR n=3\n");
  assert_int_equal(n_more, 0);
  capture();
  log_line(LOG_ERROR, "store", "disk full", NULL);
  assert_string_equal(captured(&n_more), "error store: disk full\n");
}

static void the_process_goes_in_front(void **state) {
  (void)state;
  size_t n_more;
  log_set_process("core");
  capture();
  log_line(LOG_WARNING, "store", "busy", NULL);
  assert_string_equal(captured(&n_more), "core warning store: busy\n");
  log_set_process(NULL);
}

static void lines_above_the_level_are_dropped(void **state) {
  (void)state;
  size_t n_more;
  log_set_level(LOG_WARNING);
  capture();
  log_line(LOG_INFO, "a", "b", NULL);
  log_line(LOG_DEBUG, "a", "b", NULL);
  assert_string_equal(captured(&n_more), "");
  log_set_level(LOG_DEBUG);
  capture();
  log_line(LOG_DEBUG, "a", "b", NULL);
  assert_string_equal(captured(&n_more), "debug a: b\n");
}

static void remote_text_cannot_forge_a_line_or_drive_a_terminal(void **state) {
  (void)state;
  size_t n_more;
  capture();
  log_line(LOG_ERROR, "gate", "refused", "name=%s", "x\nerror core: forged\x1b[2J\r\xff\xe2\x80\xae\xc3\xa8");
  assert_string_equal(captured(&n_more),
                      "error gate: refused name=x\\x0aerror core: forged\\x1b[2J\\x0d\\xff\\u{202e}\xc3\xa8\n");
  assert_int_equal(n_more, 0);
}

static void long_lines_are_cut_at_a_character_and_stay_one_write(void **state) {
  (void)state;
  char long_text[3001];
  for (size_t shift = 0; shift < 3; shift++) {
    size_t n_more;
    memset(long_text, 'y', shift);
    for (size_t i = shift; i + 3 < sizeof long_text; i += 3)
      memcpy(long_text + i, "\xe2\x82\xac", 4);
    capture();
    log_line(LOG_ERROR, "gate", "long", "text=%s", long_text);
    const char *line = captured(&n_more);
    assert_int_equal(n_more, 0);
    assert_in_range(strlen(line), 990, 1000);
    assert_string_equal(line + strlen(line) - 4, "...\n");
    assert_null(strstr(line, "\\x"));
  }
  for (size_t len = 960; len < 1010; len++) {
    size_t n_more;
    memset(long_text, '\x01', len);
    long_text[len] = '\0';
    capture();
    log_line(LOG_ERROR, "gate", long_text, "n=%d", 1);
    const char *line = captured(&n_more);
    assert_in_range(strlen(line), 3800, 4096);
    assert_int_equal(n_more, 0);
  }
}

static void errno_survives(void **state) {
  (void)state;
  size_t n_more;
  capture();
  (void)close(receiver);
  errno = EDOM;
  log_line(LOG_ERROR, "gate", "nobody listens", NULL);
  assert_int_equal(errno, EDOM);
  receiver = -1;
  (void)captured(&n_more);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_line_is_level_room_message_and_values_in_one_write),
      cmocka_unit_test(the_process_goes_in_front),
      cmocka_unit_test(lines_above_the_level_are_dropped),
      cmocka_unit_test(remote_text_cannot_forge_a_line_or_drive_a_terminal),
      cmocka_unit_test(long_lines_are_cut_at_a_character_and_stay_one_write),
      cmocka_unit_test(errno_survives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
