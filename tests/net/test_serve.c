/*
 * test_serve: whole nodes (land.h): they exchange, lose processes, stop in order; and one round without serving.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/net/land.h"

static void three_nodes_hold_the_same_after_each_published(void **state) {
  (void)state;
  struct land *l = land_found(3, 0);
  for (uint32_t i = 0; i < 3; i++)
    start(l, i);
  for (uint32_t i = 0; i < 3; i++) {
    publish(l, i);
    publish(l, i);
  }
  converge(l);
  land_free(l);
}

static void a_process_that_is_killed_comes_back_and_the_exchange_goes_on(void **state) {
  (void)state;
  static const char *const ROLES[] = {"gate", "core", "ctl", "web", "courier"};
  struct land *l = land_found(2, 0);
  start(l, 0);
  start(l, 1);
  converge(l);
  for (size_t r = 0; r < sizeof ROLES / sizeof ROLES[0]; r++) {
    unsigned restarts = 0;
    uint64_t until = 0;
    char before[LIMIT_ENDPOINT + 1];
    memcpy(before, l->places[0].endpoint, sizeof before);
    const pid_t pid = role_of(&l->places[0], ROLES[r], &restarts);
    assert_true(pid > 0);
    assert_int_equal(restarts, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (role_of(&l->places[0], ROLES[r], &restarts) == pid || restarts != 1) {
      if (!time_is_left(&until)) fail_msg("%s does not come back", ROLES[r]);
    }
    publish(l, 0);
    publish(l, 1);
    converge(l);
    assert_true(read_ports(&l->places[0]));
    assert_string_equal(l->places[0].endpoint, before);
  }
  land_free(l);
}

static void a_second_serve_is_refused_and_the_first_goes_on(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct err err = ERR_INIT;
  start(l, 0);
  const struct serve_options options = {.home = l->places[0].dir};
  assert_int_equal(serve_run(&options, &err), ERR_BUSY);
  assert_true(err.message[0] != '\0');
  assert_int_equal(serve_once(&options, 1000, NULL, &err), ERR_BUSY);
  assert_true(read_ports(&l->places[0]));
  publish(l, 0);
  land_free(l);
}

/* Whether a node that has ended had to kill one of its processes; what it logged is shown if that is not what is expected. */
static void expect_killed(const struct place *p, const char *role) {
  struct err err = ERR_INIT;
  struct bytes text;
  char line[128];
  bytes_init(&text, (size_t)1024 * 1024);
  expect_ok(file_read(p->log, &text, &err), &err, "log");
  (void)snprintf(line, sizeof line, "a process that does not end is killed role=%s", role == NULL ? "" : role);
  const char *log = bytes_text(&text);
  assert_non_null(log);
  if ((strstr(log, line) != NULL) != (role != NULL)) fail_msg("killed: not %s\n%s", role == NULL ? "nobody" : role, log);
  bytes_release(&text);
}

static void it_stops_in_order_and_leaves_nothing_behind(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct place *p = &l->places[0];
  struct err err = ERR_INIT;
  struct stat st;
  char path[HOME_PATH_MAX], log[sizeof p->dir + 8];
  (void)snprintf(log, sizeof log, "%s.log", p->dir);
  p->log = log;
  static const int SIGNALS[] = {SIGTERM, SIGINT, 0};
  for (size_t i = 0; i < 3; i++) {
    start(l, 0);
    if (SIGNALS[i] != 0) {
      assert_int_equal(kill(p->pid, SIGNALS[i]), 0);
    } else {
      json_t *answer = NULL;
      struct ctl_client *c = client_of(p);
      expect_ok(ctl_order(c, "stop", NULL, &answer, &err), &err, "stop");
      json_decref(answer);
      ctl_close(c);
    }
    assert_int_equal(ended(p), 0);
    expect_killed(p, NULL);
    expect_ok(home_path(&p->home, "run/ports", path, &err), &err, "path");
    assert_int_equal(stat(path, &st), -1);
    expect_ok(home_path(&p->home, "run/ctl", path, &err), &err, "path");
    assert_int_equal(stat(path, &st), -1);
    struct ctl_client *c = NULL;
    assert_int_equal(ctl_connect(&p->home, WAIT_MS, &c, &err), ERR_NOT_FOUND);
  }
  land_free(l);
}

static void a_process_that_does_not_end_is_killed(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct place *p = &l->places[0];
  unsigned restarts = 0;
  char log[sizeof p->dir + 8];
  (void)snprintf(log, sizeof log, "%s.log", p->dir);
  p->log = log;
  start(l, 0);
  assert_int_equal(kill(role_of(p, "core", &restarts), SIGSTOP), 0);
  assert_int_equal(kill(p->pid, SIGTERM), 0);
  assert_int_equal(ended(p), 0);
  expect_killed(p, "core");
  start(l, 0);
  publish(l, 0);
  land_free(l);
}

static void the_children_die_with_the_supervisor(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct place *p = &l->places[0];
  static const char *const ROLES[] = {"gate", "core", "ctl", "web"};
  pid_t pids[4];
  start(l, 0);
  for (size_t i = 0; i < 4; i++) {
    unsigned restarts = 0;
    pids[i] = role_of(p, ROLES[i], &restarts);
    assert_true(pids[i] > 0);
  }
  assert_int_equal(kill(p->pid, SIGKILL), 0);
  assert_int_equal(ended(p), -1);
  for (size_t i = 0; i < 4; i++) {
    uint64_t until = 0;
    char path[64], line[512];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pids[i]);
    for (;;) { /* gone, or a zombie that waits for init */
      FILE *file = fopen(path, "r");
      const bool there = file != NULL && fgets(line, sizeof line, file) != NULL && strstr(line, ") Z") == NULL;
      if (file != NULL) (void)fclose(file);
      if (!there) break;
      if (!time_is_left(&until)) fail_msg("%s lives on", ROLES[i]);
    }
  }
  start(l, 0); /* what is left of run/ is in nobody's way */
  publish(l, 0);
  land_free(l);
}

static void no_key_is_in_argv_or_the_environment_of_a_child(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  static const char *const ROLES[] = {"gate", "core", "ctl", "web"};
  start(l, 0);
  for (size_t i = 0; i < 4; i++) {
    unsigned restarts = 0;
    char path[64], text[4096] = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)role_of(&l->places[0], ROLES[i], &restarts));
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const ssize_t n = read(fd, text, sizeof text);
    close(fd);
    assert_true(n > 0);
    const char *word = text + strlen(text) + 1;
    assert_string_equal(word, "serve-child");
    assert_string_equal(word + strlen(word) + 1, ROLES[i]);
    assert_int_equal((size_t)n, strlen(text) + 1 + strlen(word) + 1 + strlen(ROLES[i]) + 1);
  }
  land_free(l);
}

static void one_round_without_serving_brings_what_is_new(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct err err = ERR_INIT;
  json_t *report = NULL;
  char peer[LIMIT_ENDPOINT + 16];
  start(l, 0);
  publish(l, 0);
  (void)snprintf(peer, sizeof peer, "IT=%s", l->places[0].endpoint);
  struct serve_options options = {.home = l->places[1].dir, .peers = {peer}, .n_peers = 1};
  expect_ok(serve_once(&options, WAIT_MS, &report, &err), &err, "sync");
  assert_int_equal(json_integer_value(json_object_get(report, "new")), 3);
  assert_int_equal(json_array_size(json_object_get(report, "peers")), 1);
  json_decref(report);
  expect_ok(serve_once(&options, WAIT_MS, &report, &err), &err, "sync");
  assert_int_equal(json_integer_value(json_object_get(report, "new")), 0);
  json_decref(report);
  /* IT has got FR's two entries over the same link. */
  json_t *status = status_of(&l->places[0]);
  assert_int_equal(json_array_size(json_object_get(json_object_get(status, "exchange"), "logs")), 2);
  json_decref(status);
  land_free(l);
}

static void one_round_with_nobody_there_says_who_was_silent(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct err err = ERR_INIT;
  json_t *report = NULL;
  struct serve_options options = {.home = l->places[1].dir, .peers = {"IT=tcp://127.0.0.1:1"}, .n_peers = 1};
  assert_int_equal(serve_once(&options, 5000, &report, &err), ERR_UNREACHABLE);
  assert_non_null(strstr(err.message, "IT"));
  assert_int_equal(json_array_size(json_object_get(report, "peers")), 1);
  json_decref(report);
  options.n_peers = 0;
  assert_int_equal(serve_once(&options, 5000, NULL, &err), ERR_UNREACHABLE);
  assert_true(err.hint[0] != '\0');
  options.peers[0] = "nonsense";
  options.n_peers = 1;
  assert_int_equal(serve_once(&options, 5000, NULL, &err), ERR_USAGE);
  land_free(l);
}

static void a_home_with_a_long_name_serves(void **state) {
  (void)state;
  struct land *l = land_found(2, 150);
  start(l, 0);
  start(l, 1);
  publish(l, 1);
  converge(l);
  land_free(l);
}

int main(int argc, char **argv) {
  if (serve_is_child(argc, argv)) return serve_child(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_nodes_hold_the_same_after_each_published),
      cmocka_unit_test(a_process_that_is_killed_comes_back_and_the_exchange_goes_on),
      cmocka_unit_test(a_second_serve_is_refused_and_the_first_goes_on),
      cmocka_unit_test(it_stops_in_order_and_leaves_nothing_behind),
      cmocka_unit_test(a_process_that_does_not_end_is_killed),
      cmocka_unit_test(the_children_die_with_the_supervisor),
      cmocka_unit_test(no_key_is_in_argv_or_the_environment_of_a_child),
      cmocka_unit_test(one_round_without_serving_brings_what_is_new),
      cmocka_unit_test(one_round_with_nobody_there_says_who_was_silent),
      cmocka_unit_test(a_home_with_a_long_name_serves),
  };
  struct err err = ERR_INIT;
  if (secret_start(&err) != OK) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
