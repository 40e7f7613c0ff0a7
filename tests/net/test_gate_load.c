/*
 * test_gate_load: peers that send too much, stall, open too many connections or steal names cost the others nothing
 * (gate_rig.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/net/gate_rig.h"

static void a_frame_over_the_limit_ends_its_link_and_no_other(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client bad = client_new(r, true, NULL), good = client_new(r, true, NULL);
  allow(r, (const uint8_t *[]){bad.key.pub, good.key.pub}, 2);
  client_connect(&bad, r->bound);
  client_connect(&good, r->bound);
  client_send(&bad, 10, 1, 0);
  client_send(&good, 10, 2, 0);
  const struct told hello = await(r, NULL, PIPE_FRAME_IN, bad.key.pub);
  (void)await(r, NULL, PIPE_FRAME_IN, good.key.pub);
  client_send(&bad, LIMIT_FRAME + 1, 1, 0);
  const struct told down = await(r, NULL, PIPE_LINK_DOWN, bad.key.pub);
  assert_true(linkend_equal(&down.end.id, &hello.end.id));
  client_send(&good, LIMIT_FRAME, 3, 0);
  assert_int_equal(await(r, NULL, PIPE_FRAME_IN, good.key.pub).len, LIMIT_FRAME);
  assert_int_equal(count(r, PIPE_FRAME_IN), 0);
  client_free(&bad);
  client_free(&good);
  rig_free(r);
}

static void several_parts_are_no_frame_and_an_empty_one_stands_for_them(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client c = client_new(r, true, NULL);
  allow(r, (const uint8_t *[]){c.key.pub}, 1);
  client_connect(&c, r->bound);
  for (int i = 0; i < 20; i++)
    client_send(&c, 1000, 9, ZMQ_SNDMORE);
  client_send(&c, 1000, 9, 0);
  client_send(&c, 77, 8, 0);
  assert_int_equal(await(r, NULL, PIPE_FRAME_IN, c.key.pub).len, 0);
  assert_int_equal(await(r, NULL, PIPE_FRAME_IN, c.key.pub).len, 77);
  client_free(&c);
  rig_free(r);
}

static void a_peer_that_stalls_costs_the_others_nothing(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client stalled = client_new(r, true, NULL), good = client_new(r, true, NULL);
  allow(r, (const uint8_t *[]){stalled.key.pub, good.key.pub}, 2);
  assert_true(socket_set(stalled.socket, ZMQ_RCVHWM, 1));
  assert_true(socket_set(stalled.socket, ZMQ_RCVBUF, 8192));
  client_connect(&stalled, r->bound);
  client_connect(&good, r->bound);
  client_send(&stalled, 10, 1, 0);
  client_send(&good, 10, 2, 0);
  const struct told to_stalled = await(r, NULL, PIPE_FRAME_IN, stalled.key.pub);
  const struct told to_good = await(r, NULL, PIPE_FRAME_IN, good.key.pub);
  for (int i = 0; i < 400 && count(r, PIPE_SEND_FAILED) == 0; i++) {
    order_frame(r, &to_stalled.end, 100000, 3);
    rig_turn(r, 0);
  }
  const struct told failed = await(r, NULL, PIPE_SEND_FAILED, stalled.key.pub);
  assert_false(failed.gone);
  order_frame(r, &to_good.end, 1234, 4);
  uint8_t frame[2000];
  int len = -1;
  const uint64_t until = clock_ms(clock_system()) + WAIT_MS;
  while (len < 0 && clock_ms(clock_system()) < until) {
    rig_turn(r, 2);
    len = zmq_recv(good.socket, frame, sizeof frame, ZMQ_DONTWAIT);
  }
  assert_int_equal(len, 1234);
  client_free(&stalled);
  client_free(&good);
  rig_free(r);
}

/* Many connections of one member, by a program that is not ours. */
enum { CROWD = 20 };
struct many {
  struct client c[CROWD]; /* all under the key of the first, in its context */
  void *monitors[CROWD];
};

static void many_open(struct many *m, const struct rig *server, size_t n) {
  struct err err = ERR_INIT;
  for (size_t i = 0; i < n; i++) {
    m->c[i] = i == 0 ? client_new(server, true, NULL) : m->c[0];
    if (i > 0) m->c[i].socket = socket_new(m->c[0].context, ZMQ_DEALER, &m->c[0].key, server->key.pub, &err);
    assert_non_null(m->c[i].socket);
    assert_true(socket_set(m->c[i].socket, ZMQ_RCVHWM, 1) && socket_set(m->c[i].socket, ZMQ_RCVBUF, 8192));
    m->monitors[i] =
        monitor_open(m->c[0].context, m->c[i].socket, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED, i, &err);
    assert_non_null(m->monitors[i]);
  }
}

/* Connects the i-th; returns whether it was let in. */
static bool many_connect(const struct many *m, struct rig *server, size_t i) {
  const uint64_t until = clock_ms(clock_system()) + WAIT_MS;
  uint16_t event = 0;
  uint32_t value = 0;
  client_connect(&m->c[i], server->bound);
  while (!monitor_next(m->monitors[i], &event, &value)) {
    rig_turn(server, 2);
    if (clock_ms(clock_system()) >= until) fail_msg("connection %zu: neither let in nor refused", i);
  }
  return event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
}

static void many_close(struct many *m, size_t from, size_t n) {
  for (size_t i = from; i < n; i++) {
    monitor_close(m->c[i].socket, m->monitors[i]);
    zmq_close(m->c[i].socket);
  }
}

static void many_free(struct many *m) {
  zmq_ctx_term(m->c[0].context);
  secret_free(m->c[0].key.secret);
}

static void a_member_with_many_connections_parks_little_and_an_honest_one_passes(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0"), *honest = rig_new(NULL);
  struct many m;
  many_open(&m, r, CROWD);
  allow(r, (const uint8_t *[]){m.c[0].key.pub, honest->key.pub}, 2);
  size_t in = 0, parked = 0;
  for (size_t i = 0; i < CROWD; i++) {
    if (!many_connect(&m, r, i)) continue;
    in++;
    client_send(&m.c[i], 10, 1, 0);
    const struct told told = await(r, NULL, PIPE_FRAME_IN, m.c[0].key.pub);
    for (; count(r, PIPE_SEND_FAILED) == 0 && parked < (size_t)CROWD * 64; parked++) {
      order_frame(r, &told.end, 500000, 3);
      rig_turn(r, 0);
    }
    assert_false(await(r, NULL, PIPE_SEND_FAILED, m.c[0].key.pub).gone);
  }
  assert_int_equal(in, CROWD_OF_ONE);
  assert_true(parked < (size_t)CROWD_OF_ONE * 40); /* what libzmq queues, and what the kernel takes: not 64 each */
  assert_int_equal(count(r, PIPE_STRANGER), 0);    /* refused, and yet no stranger */
  const struct linkend link = dial(honest, "d1", r->key.pub, r->bound);
  order_frame(honest, &link, 300, 42);
  const struct told told = await(r, honest, PIPE_FRAME_IN, honest->key.pub);
  order_frame(r, &told.end, LIMIT_FRAME, 43);
  assert_int_equal(await(honest, r, PIPE_FRAME_IN, r->key.pub).len, LIMIT_FRAME);
  many_close(&m, 0, CROWD);
  many_free(&m);
  rig_free(honest);
  rig_free(r);
}

static void silent_connections_count_and_make_room_when_they_end(void **state) {
  (void)state;
  enum { N = CROWD_OF_ONE + 2 };
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct many m;
  many_open(&m, r, N);
  allow(r, (const uint8_t *[]){m.c[0].key.pub}, 1);
  for (size_t i = 0; i < CROWD_OF_ONE; i++)
    assert_true(many_connect(&m, r, i));
  assert_false(many_connect(&m, r, CROWD_OF_ONE));
  client_send(&m.c[0], 10, 1, 0); /* the first one speaks: its end is told, the second one's is not */
  (void)await(r, NULL, PIPE_FRAME_IN, m.c[0].key.pub);
  many_close(&m, 0, 2);
  (void)await(r, NULL, PIPE_LINK_DOWN, m.c[0].key.pub);
  assert_true(many_connect(&m, r, N - 1));
  client_send(&m.c[N - 1], 11, 1, 0);
  assert_int_equal(await(r, NULL, PIPE_FRAME_IN, m.c[0].key.pub).len, 11);
  many_close(&m, 2, N);
  many_free(&m);
  rig_free(r);
}

static void a_link_that_ends_is_told_and_then_gone(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client c = client_new(r, true, NULL);
  allow(r, (const uint8_t *[]){c.key.pub}, 1);
  client_connect(&c, r->bound);
  client_send(&c, 10, 1, 0);
  const struct told in = await(r, NULL, PIPE_FRAME_IN, c.key.pub);
  zmq_close(c.socket);
  c.socket = NULL;
  const struct told down = await(r, NULL, PIPE_LINK_DOWN, c.key.pub);
  assert_true(linkend_equal(&down.end.id, &in.end.id));
  order_frame(r, &in.end, 10, 1);
  assert_true(await(r, NULL, PIPE_SEND_FAILED, c.key.pub).gone);
  zmq_ctx_term(c.context);
  secret_free(c.key.secret);
  rig_free(r);
}

static void a_stolen_routing_id_gets_no_reply_of_another(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client victim = client_new(r, true, "the-same-name"), thief = client_new(r, true, "the-same-name");
  allow(r, (const uint8_t *[]){victim.key.pub, thief.key.pub}, 2);
  client_connect(&victim, r->bound);
  client_send(&victim, 10, 1, 0);
  const struct told of_victim = await(r, NULL, PIPE_FRAME_IN, victim.key.pub);
  zmq_close(victim.socket);
  victim.socket = NULL;
  (void)await(r, NULL, PIPE_LINK_DOWN, victim.key.pub);
  client_connect(&thief, r->bound);
  client_send(&thief, 10, 2, 0);
  const struct told of_thief = await(r, NULL, PIPE_FRAME_IN, thief.key.pub);
  assert_true(linkend_equal(&of_thief.end.id, &of_victim.end.id));
  order_frame(r, &of_victim.end, 50, 3);
  assert_true(await(r, NULL, PIPE_SEND_FAILED, victim.key.pub).gone);
  order_frame(r, &of_thief.end, 60, 4);
  uint8_t frame[100];
  int len = -1;
  const uint64_t until = clock_ms(clock_system()) + WAIT_MS;
  while (len < 0 && clock_ms(clock_system()) < until) {
    rig_turn(r, 2);
    len = zmq_recv(thief.socket, frame, sizeof frame, ZMQ_DONTWAIT);
  }
  assert_int_equal(len, 60);
  zmq_ctx_term(victim.context);
  secret_free(victim.key.secret);
  client_free(&thief);
  rig_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_frame_over_the_limit_ends_its_link_and_no_other),
      cmocka_unit_test(several_parts_are_no_frame_and_an_empty_one_stands_for_them),
      cmocka_unit_test(a_peer_that_stalls_costs_the_others_nothing),
      cmocka_unit_test(a_member_with_many_connections_parks_little_and_an_honest_one_passes),
      cmocka_unit_test(silent_connections_count_and_make_room_when_they_end),
      cmocka_unit_test(a_link_that_ends_is_told_and_then_gone),
      cmocka_unit_test(a_stolen_routing_id_gets_no_reply_of_another),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
