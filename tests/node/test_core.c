/*
 * test_core: core's loop on a real home; the test plays supervisor, gate and ctl at the other ends of the pipes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "node/core.h"
#include "node/home_config.h"
#include "protocol/canon.h"
#include "protocol/limits.h"
#include "tests/node/fixture.h"

#define TURNS 200

struct rig {
  struct fixture f;
  struct pipe *supervisor, *ours; /* core's end, which it borrows, and the test's */
  struct core *core;
};

static void rig_start(struct rig *r) {
  const struct home_config config = {.country = "IT", .handle = "IT", .listen = "tcp://127.0.0.1:0"};
  struct err err = ERR_INIT;
  char path[512];
  int ends[2];
  fixture_found(&r->f, 2, fixture_seed(), true);
  fixture_close(&r->f.nodes[0]);
  (void)snprintf(path, sizeof path, "%s/node.ini", r->f.nodes[0].dir);
  assert_int_equal(config_write(path, &config, &err), OK);
  assert_int_equal(pipe_pair(ends, &err), OK);
  r->supervisor = pipe_new(ends[0], LIMIT_PIPE);
  r->ours = pipe_new(ends[1], LIMIT_PIPE);
  const struct core_config wanted = {
      .dir = r->f.nodes[0].dir, .node_key = &r->f.nodes[0].node_key, .supervisor = r->supervisor};
  if (core_new(&wanted, &r->core, &err) != OK) fail_msg("core: %s", err.message);
}

static void rig_stop(struct rig *r) {
  core_free(r->core);
  pipe_free(r->supervisor);
  pipe_free(r->ours);
  fixture_release(&r->f);
}

/* Gives core a pipe to the process of that name; returns the other end. */
static int join(struct rig *r, const char *name) {
  struct err err = ERR_INIT;
  struct bytes payload;
  int ends[2];
  bytes_init(&payload, 64);
  struct canon_writer w = canon_writer(&payload);
  canon_put_array(&w, 1);
  canon_put_text(&w, name);
  assert_int_equal(canon_written(&w, "peer", &err), OK);
  assert_int_equal(pipe_pair(ends, &err), OK);
  assert_int_equal(pipe_send_fd(r->ours, PIPE_PEER, bytes_view(&payload), ends[0], &err), OK);
  assert_int_equal(pipe_write(r->ours, &err), OK);
  bytes_release(&payload);
  return ends[1];
}

/* Turns until it fails, at most TURNS. */
static enum err_code turns(struct rig *r, struct err *err) {
  bool stop = false;
  enum err_code code = OK;
  for (int i = 0; code == OK && i < TURNS; i++)
    code = core_step(r->core, 1, &stop, err);
  assert_false(stop);
  return code;
}

static void rubbish_from_gate_or_ctl_ends_core_so_that_another_one_comes(void **state) {
  (void)state;
  static const char *const NAMES[] = {"gate", "ctl"};
  static const char *const RUBBISH[] = {"\xff\xff\xff\xff", "GET / HTTP/1.1\r\n", "\0\0\0\3\x92\x63\xc0"};
  static const size_t LENGTHS[] = {4, 16, 7}; /* the last one is well formed, on channel 99 */
  for (size_t i = 0; i < 6; i++) {
    static struct rig r;
    struct err err = ERR_INIT;
    rig_start(&r);
    const int end = join(&r, NAMES[i % 2]);
    assert_int_equal(write(end, RUBBISH[i / 2], LENGTHS[i / 2]), (ssize_t)LENGTHS[i / 2]);
    assert_int_equal(turns(&r, &err), ERR_FAILED); /* which the supervisor cures by another core; ERR_FORMAT it would not */
    assert_non_null(strstr(err.message, NAMES[i % 2]));
    close(end);
    rig_stop(&r);
  }
}

static void a_gate_or_ctl_that_is_gone_is_waited_for(void **state) {
  (void)state;
  static struct rig r;
  struct err err = ERR_INIT;
  rig_start(&r);
  close(join(&r, "gate"));
  close(join(&r, "ctl"));
  assert_int_equal(turns(&r, &err), OK);
  const int gate = join(&r, "gate");
  assert_int_equal(turns(&r, &err), OK);
  uint8_t list[64];
  assert_true(read(gate, list, sizeof list) > 0); /* who may come in: it is joined again */
  close(gate);
  rig_stop(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rubbish_from_gate_or_ctl_ends_core_so_that_another_one_comes),
      cmocka_unit_test(a_gate_or_ctl_that_is_gone_is_waited_for),
  };
  struct err err = ERR_INIT;
  if (secret_start(&err) != OK) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
