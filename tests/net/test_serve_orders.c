/*
 * test_serve_orders: orders and submissions over run/ctl, and what ends serve with an error or keeps it from beginning
 * (land.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/net/land.h"

static enum err_code ask(struct place *p, const char *name, json_t *argument, json_t **answer, struct err *err) {
  struct ctl_client *c = client_of(p);
  const enum err_code code = ctl_order(c, name, argument, answer, err);
  ctl_close(c);
  json_decref(argument);
  return code;
}

static void orders_are_obeyed_or_refused_with_their_reason(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct place *p = &l->places[0];
  struct err err = ERR_INIT;
  struct signer other = {0};
  json_t *answer = NULL;
  char hex[2 * PUBKEY_LEN + 1];
  start(l, 0);
  start(l, 1);
  converge(l);
  expect_ok(signer_new(&other, &err), &err, "key");
  hex_encode(pubkey_view(&other.pub), hex);
  expect_ok(ask(p, "certify",
                json_pack("{s:s, s:i, s:i, s:s}", "key", hex, "roles", ROLE_EDITOR, "territory", 0, "name", "Ada"), &answer,
                &err),
            &err, "certify");
  assert_string_equal(json_string_value(json_object_get(answer, "reference")), "IT-2");
  json_decref(answer);
  assert_int_equal(ask(p, "certify", json_pack("{s:s}", "key", "no key"), &answer, &err), ERR_USAGE);
  expect_ok(ask(p, "sync", json_pack("{s:i}", "timeout_ms", WAIT_MS), &answer, &err), &err, "sync");
  assert_true(json_is_true(json_object_get(answer, "idle")));
  json_decref(answer);
  expect_ok(ask(p, "ping", json_pack("{s:s}", "peer", "FR"), &answer, &err), &err, "ping");
  assert_true(json_integer_value(json_object_get(answer, "ms")) < WAIT_MS);
  json_decref(answer);
  assert_int_equal(ask(p, "ping", json_pack("{s:s}", "peer", "XX"), &answer, &err), ERR_NOT_FOUND);
  assert_int_equal(ask(p, "ping", NULL, &answer, &err), ERR_USAGE);
  assert_int_equal(ask(p, "nonsense", NULL, &answer, &err), ERR_NOT_FOUND);
  assert_int_equal(ask(p, "import", json_pack("{s:s}", "path", "/nowhere/at/all"), &answer, &err), ERR_NOT_FOUND);
  assert_int_equal(ask(p, "import", json_pack("{s:s}", "path", "relative"), &answer, &err), ERR_USAGE);
  expect_ok(ask(p, "rebuild", NULL, &answer, &err), &err, "rebuild");
  json_decref(answer);
  converge(l);
  signer_release(&other);
  land_free(l);
}

static void a_refused_record_and_a_broken_submission_are_told_apart(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct place *p = &l->places[0];
  static struct receipt receipt;
  struct err err = ERR_INIT;
  struct bytes answer;
  start(l, 0);
  const struct signer editor = p->editor;
  p->editor = p->root; /* a key that nobody certified */
  expect_ok(submit_one(l, p, &receipt, &err), &err, "submit");
  assert_int_equal(receipt.rows[0].state, RECEIPT_REFUSED);
  p->editor = editor;
  bytes_init(&answer, LIMIT_SUBMIT_BYTES);
  struct ctl_client *c = client_of(p);
  assert_int_equal(ctl_submit(c, view_of_text("no msgpack"), &answer, &err), ERR_FORMAT);
  ctl_close(c);
  bytes_release(&answer);
  publish(l, 0);
  land_free(l);
}

static void a_store_that_is_locked_but_deaf_is_busy_after_the_time_is_up(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct err err = ERR_INIT;
  struct store *store = NULL;
  struct ctl_client *c = NULL;
  expect_ok(store_open(l->places[0].dir, STORE_WRITE, NULL, &store, &err), &err, "store");
  const uint64_t before = clock_ms(clock_system());
  assert_int_equal(ctl_connect(&l->places[0].home, 300, &c, &err), ERR_BUSY);
  assert_true(clock_ms(clock_system()) - before >= 300);
  store_close(store);
  assert_int_equal(ctl_connect(&l->places[0].home, 300, &c, &err), ERR_NOT_FOUND);
  land_free(l);
}

static void a_damaged_store_ends_serve_with_that_error(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct err err = ERR_INIT;
  char path[HOME_PATH_MAX];
  expect_ok(home_path(&l->places[0].home, "store.db", path, &err), &err, "path");
  const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  assert_true(fd >= 0);
  static const char RUBBISH[8192] = "this is no database at all";
  assert_int_equal(write(fd, RUBBISH, sizeof RUBBISH), (ssize_t)sizeof RUBBISH);
  close(fd);
  const struct serve_options options = {.home = l->places[0].dir};
  assert_int_equal(serve_run(&options, &err), ERR_CORRUPT);
  land_free(l);
}

static void a_port_that_is_taken_ends_serve_with_that_error(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct err err = ERR_INIT;
  start(l, 0);
  const struct serve_options options = {.home = l->places[1].dir, .listen = l->places[0].endpoint};
  assert_int_equal(serve_run(&options, &err), ERR_FAILED);
  assert_non_null(strstr(err.message, l->places[0].endpoint));
  land_free(l);
}

static void without_a_gate_it_takes_submissions_all_the_same(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct place *p = &l->places[0];
  const struct serve_options options = {.home = p->dir, .no_gate = true};
  p->pid = fork();
  assert_true(p->pid >= 0);
  if (p->pid == 0) serve_here(&options);
  uint64_t until = 0;
  struct err err = ERR_INIT;
  struct ctl_client *c = NULL;
  while (ctl_connect(&p->home, WAIT_MS, &c, &err) != OK) {
    if (!time_is_left(&until)) fail_msg("ctl does not come up");
  }
  ctl_close(c);
  publish(l, 0);
  land_free(l);
}

int main(int argc, char **argv) {
  if (serve_is_child(argc, argv)) return serve_child(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(orders_are_obeyed_or_refused_with_their_reason),
      cmocka_unit_test(a_refused_record_and_a_broken_submission_are_told_apart),
      cmocka_unit_test(a_store_that_is_locked_but_deaf_is_busy_after_the_time_is_up),
      cmocka_unit_test(a_damaged_store_ends_serve_with_that_error),
      cmocka_unit_test(a_port_that_is_taken_ends_serve_with_that_error),
      cmocka_unit_test(without_a_gate_it_takes_submissions_all_the_same),
  };
  struct err err = ERR_INIT;
  if (secret_start(&err) != OK) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
