/*
 * notifier: one event a run, one run at a time; what is too slow is ended, what there is no room for is dropped, and all of it
 * is counted.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/log.h"
#include "node/notifier.h"

static char folder[] = "/tmp/notifier-XXXXXX";
static char program[64];
static struct err err = ERR_INIT;

static void write_program(const char *lines) {
  (void)snprintf(program, sizeof program, "%s/program", folder);
  (void)unlink(program);
  FILE *file = fopen(program, "we");
  assert_non_null(file);
  assert_true(fprintf(file, "#!/bin/sh\ncd %s || exit 9\n%s\n", folder, lines) > 0);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(chmod(program, 0700), 0);
}

static int setup(void **state) {
  (void)state;
  log_set_level(LOG_ERROR);
  return mkdtemp(folder) == NULL;
}

static int teardown(void **state) {
  char command[128];
  (void)state;
  (void)snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static void add(struct notifier *n, const char *event) {
  notifier_add(n, view_of_text(event));
}

/* Steps at one moment until nothing runs and nothing waits, but for what only time ends. */
static void run_all(struct notifier *n, uint64_t now_ms) {
  for (int i = 0; i < 20000 && (notifier_step(n, now_ms) != NOTIFIER_NEVER || notifier_is_busy(n)); i++) {
    if (!notifier_reap(n)) (void)poll(NULL, 0, 1);
  }
}

static void read_said(char *out, size_t size) {
  char path[96];
  (void)snprintf(path, sizeof path, "%s/said", folder);
  FILE *file = fopen(path, "re");
  assert_non_null(file);
  out[fread(out, 1, size - 1, file)] = '\0';
  (void)fclose(file);
  (void)unlink(path);
}

static void every_event_is_one_run_in_their_order(void **state) {
  struct notifier *n = NULL;
  char said[256];
  (void)state;
  write_program("cat >>said; echo >>said");
  assert_int_equal(notifier_new(program, &n, &err), OK);
  assert_true(notifier_step(n, 0) == NOTIFIER_NEVER);
  add(n, "{\"event\":\"a\"}");
  add(n, "{\"event\":\"b\"}");
  add(n, "{\"event\":\"c\"}");
  run_all(n, 5);
  read_said(said, sizeof said);
  assert_string_equal(said, "{\"event\":\"a\"}\n{\"event\":\"b\"}\n{\"event\":\"c\"}\n");
  assert_int_equal(notifier_counts(n).told, 3);
  assert_int_equal(notifier_counts(n).waiting, 0);
  notifier_free(n);
}

static void what_fails_or_cannot_start_is_counted(void **state) {
  struct notifier *n = NULL;
  (void)state;
  write_program("exit 3");
  assert_int_equal(notifier_new(program, &n, &err), OK);
  add(n, "{}");
  run_all(n, 0);
  assert_int_equal(notifier_counts(n).failed, 1);
  notifier_free(n);
  assert_int_equal(notifier_new("/nonexistent/program", &n, &err), OK);
  add(n, "{}");
  run_all(n, 0);
  assert_int_equal(notifier_counts(n).failed, 1);
  assert_int_equal(notifier_counts(n).told, 0);
  notifier_free(n);
}

static void what_takes_too_long_is_ended_with_all_that_it_started(void **state) {
  struct notifier *n = NULL;
  char said[64];
  (void)state;
  write_program("sleep 1000 & echo $! >pid; mv pid said; wait");
  assert_int_equal(notifier_new(program, &n, &err), OK);
  add(n, "{}");
  assert_true(notifier_step(n, 100) == 100 + NOTIFIER_MS);
  char path[96];
  (void)snprintf(path, sizeof path, "%s/said", folder);
  for (int i = 0; i < 20000 && access(path, F_OK) != 0; i++)
    (void)poll(NULL, 0, 1);
  read_said(said, sizeof said);
  const pid_t sleeper = (pid_t)strtol(said, NULL, 10);
  assert_true(sleeper > 1 && kill(sleeper, 0) == 0);
  assert_false(notifier_reap(n));
  assert_true(notifier_step(n, 100 + NOTIFIER_MS - 1) == 100 + NOTIFIER_MS);
  run_all(n, 100 + NOTIFIER_MS);
  assert_int_equal(notifier_counts(n).late, 1);
  assert_int_equal(notifier_counts(n).failed, 0);
  for (int i = 0; i < 20000 && kill(sleeper, 0) == 0; i++) { /* somebody else's child now: it is gone when that has waited */
    char status[64], line[256] = "";
    (void)snprintf(status, sizeof status, "/proc/%d/stat", (int)sleeper);
    FILE *file = fopen(status, "re");
    if (file == NULL) break;
    const bool read = fgets(line, sizeof line, file) != NULL;
    (void)fclose(file);
    if (read && strstr(line, ") Z ") != NULL) break;
    assert_true(i < 19999);
    (void)poll(NULL, 0, 1);
  }
  notifier_free(n);
}

static void what_there_is_no_room_for_is_dropped(void **state) {
  struct notifier *n = NULL;
  char large[NOTIFIER_EVENT + 2];
  (void)state;
  write_program("cat >/dev/null");
  assert_int_equal(notifier_new(program, &n, &err), OK);
  for (unsigned i = 0; i < NOTIFIER_QUEUE + 5; i++)
    add(n, "{}");
  assert_int_equal(notifier_counts(n).waiting, NOTIFIER_QUEUE);
  assert_int_equal(notifier_counts(n).dropped, 5);
  notifier_free(n);
  assert_int_equal(notifier_new(program, &n, &err), OK);
  memset(large, 'x', sizeof large - 1);
  large[sizeof large - 1] = '\0';
  add(n, large);
  assert_int_equal(notifier_counts(n).dropped, 1);
  notifier_free(n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_event_is_one_run_in_their_order),
      cmocka_unit_test(what_fails_or_cannot_start_is_counted),
      cmocka_unit_test(what_takes_too_long_is_ended_with_all_that_it_started),
      cmocka_unit_test(what_there_is_no_room_for_is_dropped),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
