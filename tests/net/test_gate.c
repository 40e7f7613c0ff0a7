/*
 * test_gate: who passes the gate, who does not, and what core is told of them (gate_rig.h).
 */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/net/gate_rig.h"

static void a_member_passes_both_ways(void **state) {
  (void)state;
  struct rig *a = rig_new("tcp://127.0.0.1:0"), *b = rig_new("tcp://127.0.0.1:0");
  allow(a, (const uint8_t *[]){b->key.pub}, 1);
  allow(b, (const uint8_t *[]){a->key.pub}, 1);
  const struct linkend link = dial(a, "d1", b->key.pub, b->bound);
  order_frame(a, &link, 100, 42); /* at once, as core does */
  const struct told in = await(b, a, PIPE_FRAME_IN, a->key.pub);
  assert_int_equal(in.len, 100);
  assert_int_equal(in.first, 42);
  assert_true(linkend_is_accepted(&in.end.id));
  order_frame(b, &in.end, LIMIT_FRAME, 43);
  const struct told back = await(a, b, PIPE_FRAME_IN, b->key.pub);
  assert_int_equal(back.len, LIMIT_FRAME);
  assert_int_equal(back.first, 43);
  assert_true(linkend_equal(&back.end.id, &link.id));
  assert_int_equal(count(a, PIPE_SEND_FAILED) + count(b, PIPE_SEND_FAILED), 0);
  rig_free(a);
  rig_free(b);
}

static void a_stranger_is_refused_and_named(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct rig *member = rig_new(NULL);
  allow(r, (const uint8_t *[]){member->key.pub}, 1);
  struct client c = client_new(r, true, NULL);
  client_connect(&c, r->bound);
  client_send(&c, 10, 1, 0);
  (void)await(r, NULL, PIPE_STRANGER, c.key.pub);
  assert_int_equal(count(r, PIPE_FRAME_IN), 0);
  /* The same key again within ten seconds is refused, and not told again. */
  struct client again = client_new(r, true, NULL);
  secret_free(again.key.secret);
  zmq_close(again.socket);
  struct err err = ERR_INIT;
  again.socket = socket_new(again.context, ZMQ_DEALER, &c.key, r->key.pub, &err);
  again.key.secret = NULL;
  client_connect(&again, r->bound);
  const struct linkend link = dial(member, "d1", r->key.pub, r->bound);
  order_frame(member, &link, 5, 5);
  (void)await(r, member, PIPE_FRAME_IN, member->key.pub);
  for (int i = 0; i < 50; i++)
    rig_turn(r, 5);
  assert_int_equal(count(r, PIPE_STRANGER), 0);
  assert_int_equal(count(r, PIPE_FAILED), 0); /* a key was proved, and named */
  assert_int_equal(count(r, PIPE_FRAME_IN), 0);
  client_free(&again);
  client_free(&c);
  rig_free(member);
  rig_free(r);
}

static void nobody_passes_before_core_said_who_may(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  for (int i = 0; i < 20; i++)
    rig_turn(r, 2);
  assert_int_equal(r->bound[0], '\0'); /* not even bound */
  allow(r, NULL, 0);
  struct client c = client_new(r, true, NULL);
  client_connect(&c, r->bound);
  client_send(&c, 10, 1, 0);
  (void)await(r, NULL, PIPE_STRANGER, c.key.pub);
  assert_int_equal(count(r, PIPE_FRAME_IN), 0);
  client_free(&c);
  rig_free(r);
}

static void a_client_without_curve_does_not_pass(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct rig *member = rig_new(NULL);
  allow(r, (const uint8_t *[]){member->key.pub}, 1);
  struct client c = client_new(r, false, NULL);
  struct err err = ERR_INIT;
  void *monitor = monitor_open(c.context, c.socket, ZMQ_EVENT_ALL & ~ZMQ_EVENT_CONNECT_RETRIED, 1, &err);
  assert_non_null(monitor);
  client_connect(&c, r->bound);
  client_send(&c, 10, 1, 0);
  bool refused = false;
  const uint64_t until = clock_ms(clock_system()) + WAIT_MS;
  while (!refused && clock_ms(clock_system()) < until) {
    uint16_t event = 0;
    uint32_t value = 0;
    rig_turn(r, 2);
    while (monitor_next(monitor, &event, &value)) {
      assert_int_not_equal(event, ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
      refused |= event == ZMQ_EVENT_DISCONNECTED;
    }
  }
  assert_true(refused);
  assert_true(await(r, NULL, PIPE_FAILED, NULL).len > 0);
  assert_int_equal(count(r, PIPE_STRANGER), 0);
  assert_int_equal(count(r, PIPE_FRAME_IN), 0);
  monitor_close(c.socket, monitor);
  client_free(&c);
  rig_free(member);
  rig_free(r);
}

static void a_wrong_server_key_is_told_as_a_mismatch(void **state) {
  (void)state;
  struct rig *a = rig_new(NULL), *b = rig_new("tcp://127.0.0.1:0");
  const struct curve_key other = key_new();
  allow(b, (const uint8_t *[]){a->key.pub}, 1);
  const struct linkend first = dial(a, "d1", other.pub, b->bound);
  const struct told down = await(a, b, PIPE_LINK_DOWN, other.pub);
  assert_true(linkend_equal(&down.end.id, &first.id));
  (void)dial(a, "d2", other.pub, b->bound);
  (void)await(a, b, PIPE_MISMATCH, other.pub);
  (void)await(a, b, PIPE_LINK_DOWN, other.pub);
  assert_int_equal(count(b, PIPE_FRAME_IN), 0);
  secret_free(other.secret);
  rig_free(a);
  rig_free(b);
}

static void a_peer_that_does_not_know_us_is_told_as_a_mismatch(void **state) {
  (void)state;
  struct rig *a = rig_new(NULL), *b = rig_new("tcp://127.0.0.1:0");
  allow(b, NULL, 0);
  (void)dial(a, "d1", b->key.pub, b->bound);
  (void)await(a, b, PIPE_MISMATCH, b->key.pub);
  (void)await(a, b, PIPE_LINK_DOWN, b->key.pub);
  (void)await(b, a, PIPE_STRANGER, a->key.pub);
  rig_free(a);
  rig_free(b);
}

static void a_closed_port_is_a_link_down_and_no_mismatch(void **state) {
  (void)state;
  struct rig *a = rig_new(NULL), *b = rig_new("tcp://127.0.0.1:0");
  char endpoint[LIMIT_ENDPOINT + 1];
  allow(b, NULL, 0);
  memcpy(endpoint, b->bound, sizeof endpoint);
  rig_stop(b);
  for (int i = 0; i < 3; i++) {
    const struct linkend link = dial(a, "d1", b->key.pub, endpoint);
    order_frame(a, &link, 10, 1);
    (void)await(a, NULL, PIPE_LINK_DOWN, b->key.pub);
  }
  assert_int_equal(count(a, PIPE_MISMATCH), 0);
  rig_free(a);
  rig_free(b);
}

static void a_name_is_looked_up_and_one_that_is_none_is_a_link_down(void **state) {
  (void)state;
  struct addrinfo *known = NULL;
  if (getaddrinfo("localhost", NULL, NULL, &known) != 0) {
    printf("skipped: this machine does not know the name localhost\n");
    skip();
  }
  freeaddrinfo(known);
  struct rig *a = rig_new(NULL), *b = rig_new("tcp://127.0.0.1:0");
  char endpoint[LIMIT_ENDPOINT + 1];
  allow(b, (const uint8_t *[]){a->key.pub}, 1);
  (void)dial(a, "d0", b->key.pub, "tcp://nobody.invalid:7411");
  (void)await(a, b, PIPE_LINK_DOWN, b->key.pub);
  (void)dial(a, "d0", b->key.pub, "not an endpoint");
  (void)await(a, b, PIPE_LINK_DOWN, b->key.pub);
  (void)snprintf(endpoint, sizeof endpoint, "tcp://localhost%.16s", strrchr(b->bound, ':'));
  bool arrived = false; /* localhost may be ::1 first, where nobody listens: each failure takes the next address */
  for (int i = 0; i < 4 && !arrived; i++) {
    const struct linkend link = dial(a, "d1", b->key.pub, endpoint);
    order_frame(a, &link, 10, 1);
    while (!arrived && count(a, PIPE_LINK_DOWN) == 0) {
      rig_turn(a, 2);
      rig_turn(b, 2);
      arrived = count(b, PIPE_FRAME_IN) > 0;
    }
    if (!arrived) (void)await(a, b, PIPE_LINK_DOWN, NULL);
  }
  assert_true(arrived);
  rig_free(a);
  rig_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_member_passes_both_ways),
      cmocka_unit_test(a_stranger_is_refused_and_named),
      cmocka_unit_test(nobody_passes_before_core_said_who_may),
      cmocka_unit_test(a_client_without_curve_does_not_pass),
      cmocka_unit_test(a_wrong_server_key_is_told_as_a_mismatch),
      cmocka_unit_test(a_peer_that_does_not_know_us_is_told_as_a_mismatch),
      cmocka_unit_test(a_closed_port_is_a_link_down_and_no_mismatch),
      cmocka_unit_test(a_name_is_looked_up_and_one_that_is_none_is_a_link_down),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
