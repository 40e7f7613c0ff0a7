/*
 * test_gate_life: a gate whose core is deaf or new, that starts again, finds its port taken, and stops (gate_rig.h).
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/net/gate_rig.h"

static void while_core_is_deaf_nothing_is_lost_and_the_queue_stays_bounded(void **state) {
  (void)state;
  enum { FRAMES = 400, LEN = 200000 };
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client c = client_new(r, true, NULL);
  allow(r, (const uint8_t *[]){c.key.pub}, 1);
  client_connect(&c, r->bound);
  r->deaf = true;
  uint8_t *frame = calloc(1, LEN);
  assert_non_null(frame);
  int sent = 0, full = 0;
  while (sent < FRAMES && full < 200) {
    frame[0] = (uint8_t)sent;
    if (zmq_send(c.socket, frame, LEN, ZMQ_DONTWAIT) == LEN) {
      sent++;
      full = 0;
    } else {
      full++;
    }
    rig_turn(r, 1);
  }
  assert_true(sent < FRAMES); /* the kernel slowed the client down: 8 MiB, and what ZeroMQ and TCP hold */
  r->deaf = false;
  int got = 0;
  const uint64_t until = clock_ms(clock_system()) + WAIT_MS;
  while (got < FRAMES && clock_ms(clock_system()) < until) {
    if (sent < FRAMES) {
      frame[0] = (uint8_t)sent;
      if (zmq_send(c.socket, frame, LEN, ZMQ_DONTWAIT) == LEN) sent++;
    }
    rig_turn(r, 1);
    for (size_t i = 0; i < r->n; i++) {
      if (r->inbox[i].channel == PIPE_BOUND) continue;
      assert_int_equal(r->inbox[i].channel, PIPE_FRAME_IN);
      assert_int_equal(r->inbox[i].len, LEN);
      assert_int_equal(r->inbox[i].first, (uint8_t)got++);
    }
    r->n = 0;
  }
  assert_int_equal(got, FRAMES);
  free(frame);
  client_free(&c);
  rig_free(r);
}

/* A link in trouble while the gate is busy elsewhere: libzmq holds what came, and its timers go on. SPECOLA_TEST_ASLEEP_MS: for
 * how long (300). From 20000 on a heartbeat of libzmq, which is set for no socket, would end the process (its issue 4364). */
static void a_peer_that_goes_while_nobody_reads_is_told_when_somebody_does(void **state) {
  (void)state;
  const char *asleep = getenv("SPECOLA_TEST_ASLEEP_MS");
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client c = client_new(r, true, NULL), other = client_new(r, true, NULL);
  allow(r, (const uint8_t *[]){c.key.pub, other.key.pub}, 2);
  assert_true(socket_set(c.socket, ZMQ_RCVHWM, 1));
  assert_true(socket_set(c.socket, ZMQ_RCVBUF, 8192));
  client_connect(&c, r->bound);
  client_send(&c, 10, 1, 0);
  const struct told in = await(r, NULL, PIPE_FRAME_IN, c.key.pub);
  for (int i = 0; i < 400 && count(r, PIPE_SEND_FAILED) == 0; i++) {
    order_frame(r, &in.end, 100000, 3);
    rig_turn(r, 0);
  }
  static const uint8_t FRAME[100000];
  for (int i = 0; i < 100; i++) {
    (void)zmq_send(c.socket, FRAME, sizeof FRAME, ZMQ_DONTWAIT); /* until its queue is full, and the kernel's */
    (void)poll(NULL, 0, 2);
  }
  client_free(&c); /* with octets unread: its kernel sends a reset */
  (void)poll(NULL, 0, asleep == NULL ? 300 : (int)strtol(asleep, NULL, 10));
  (void)await(r, NULL, PIPE_LINK_DOWN, in.end.curve);
  client_connect(&other, r->bound);
  client_send(&other, 10, 4, 0);
  assert_int_equal(await(r, NULL, PIPE_FRAME_IN, other.key.pub).first, 4);
  client_free(&other);
  rig_free(r);
}

/* A heartbeat of libzmq judges by what it has read, and it reads nothing while the gate does not: it would end links of peers
 * that live, and this process (its issues 3937, 4364). TCP judges the way there, and the kernel answers for a peer that is
 * busy. */
static void links_are_judged_by_tcp_and_never_by_heartbeats(void **state) {
  (void)state;
  static const struct {
    int option, value;
  } WANTED[] = {{ZMQ_HEARTBEAT_IVL, 0}, {ZMQ_TCP_KEEPALIVE, 1}, {ZMQ_TCP_KEEPALIVE_IDLE, 10}, {ZMQ_TCP_MAXRT, 30000}};
  static const int TYPES[] = {ZMQ_ROUTER, ZMQ_DEALER};
  void *context = zmq_ctx_new();
  struct curve_key key = key_new();
  for (size_t t = 0; t < 2; t++) {
    void *socket = socket_new(context, TYPES[t], &key, TYPES[t] == ZMQ_DEALER ? key.pub : NULL, NULL);
    assert_non_null(socket);
    for (size_t i = 0; i < sizeof WANTED / sizeof WANTED[0]; i++) {
      int value = -1;
      size_t len = sizeof value;
      assert_int_equal(zmq_getsockopt(socket, WANTED[i].option, &value, &len), 0);
      assert_int_equal(value, WANTED[i].value);
    }
    zmq_close(socket);
  }
  zmq_ctx_term(context);
  secret_free(key.secret);
}

static void a_new_core_takes_over_and_the_port_stays(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct client c = client_new(r, true, NULL);
  char before[LIMIT_ENDPOINT + 1];
  allow(r, (const uint8_t *[]){c.key.pub}, 1);
  memcpy(before, r->bound, sizeof before);
  client_connect(&c, r->bound);
  client_send(&c, 10, 1, 0);
  const struct told old = await(r, NULL, PIPE_FRAME_IN, c.key.pub);
  give_core(r);
  r->bound[0] = '\0';
  allow(r, (const uint8_t *[]){c.key.pub}, 1);
  assert_string_equal(r->bound, before);
  order_frame(r, &old.end, 10, 1); /* the new core knows nothing of it, nor does the gate any more */
  assert_true(await(r, NULL, PIPE_SEND_FAILED, c.key.pub).gone);
  client_send(&c, 11, 2, 0);
  assert_int_equal(await(r, NULL, PIPE_FRAME_IN, c.key.pub).len, 11);
  client_free(&c);
  rig_free(r);
}

static void an_ipv4_address_is_told_as_one(void **state) {
  (void)state;
  struct rig *four = rig_new("tcp://127.0.0.1:0"), *all = rig_new("tcp://0.0.0.0:0"), *six = rig_new("tcp://[::]:0");
  allow(four, NULL, 0);
  allow(all, NULL, 0);
  assert_int_equal(strncmp(four->bound, "tcp://127.0.0.1:", 16), 0);
  assert_int_equal(strncmp(all->bound, "tcp://0.0.0.0:", 14), 0);
  allow(six, NULL, 0);
  assert_int_equal(strncmp(six->bound, "tcp://[::]:", 11), 0);
  rig_free(four);
  rig_free(all);
  rig_free(six);
}

static void a_gate_started_again_keeps_its_port(void **state) {
  (void)state;
  struct rig *a = rig_new(NULL), *b = rig_new("tcp://127.0.0.1:0");
  char before[LIMIT_ENDPOINT + 1];
  allow(b, (const uint8_t *[]){a->key.pub}, 1);
  memcpy(before, b->bound, sizeof before);
  struct linkend link = dial(a, "d1", b->key.pub, before);
  order_frame(a, &link, 10, 1);
  (void)await(b, a, PIPE_FRAME_IN, a->key.pub);
  rig_stop(b);
  (void)await(a, NULL, PIPE_LINK_DOWN, b->key.pub);
  b->bound[0] = '\0';
  rig_start(b, before);
  allow(b, (const uint8_t *[]){a->key.pub}, 1);
  assert_string_equal(b->bound, before);
  link = dial(a, "d2", b->key.pub, before);
  order_frame(a, &link, 12, 1);
  assert_int_equal(await(b, a, PIPE_FRAME_IN, a->key.pub).len, 12);
  rig_free(a);
  rig_free(b);
}

static void a_port_that_is_taken_is_an_error_that_says_so(void **state) {
  (void)state;
  struct rig *a = rig_new("tcp://127.0.0.1:0");
  allow(a, NULL, 0);
  struct rig *b = rig_new(a->bound);
  struct err err = ERR_INIT;
  struct bytes payload;
  bool stop = false;
  bytes_init(&payload, 16);
  assert_int_equal(bytes_append(&payload, view_of("\x91\x90", 2), &err), OK);
  send_payload(b, PIPE_ALLOW, &payload);
  enum err_code code = OK;
  for (int i = 0; i < 1000 && code == OK; i++) {
    pipe_turn(b);
    code = gate_step(b->gate, 2, &stop, &err);
  }
  assert_int_equal(code, ERR_FAILED);
  assert_non_null(strstr(err.message, a->bound));
  assert_true(err.hint[0] != '\0');
  bytes_release(&payload);
  rig_free(a);
  rig_free(b);
}

/* ERR_FORMAT would tell the supervisor that another gate meets the same again: it gets another pipe. */
static void a_core_that_breaks_the_rules_ends_the_gate_curably(void **state) {
  (void)state;
  struct rig *r = rig_new("tcp://127.0.0.1:0");
  struct err err = ERR_INIT;
  struct bytes b;
  bool stop = false;
  enum err_code code = OK;
  bytes_init(&b, 16);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 1);
  canon_put_nil(&w);
  send_payload(r, PIPE_DIAL, &b);
  for (int i = 0; i < 100 && code == OK; i++) {
    pipe_turn(r);
    code = gate_step(r->gate, 2, &stop, &err);
  }
  assert_int_equal(code, ERR_FAILED);
  assert_int_equal(err.code, ERR_FAILED);
  assert_non_null(strstr(err.message, "core's pipe"));
  bytes_release(&b);
  rig_free(r);
}

static void it_stops_when_it_is_told_and_when_the_supervisor_is_gone(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  bool stop = false;
  struct rig *a = rig_new(NULL), *b = rig_new(NULL);
  assert_int_equal(pipe_send(a->supervisor, PIPE_STOP, view_of(NULL, 0), &err), OK);
  for (int i = 0; i < 1000 && !stop; i++) {
    pipe_turn(a);
    assert_int_equal(gate_step(a->gate, 2, &stop, &err), OK);
  }
  assert_true(stop);
  pipe_free(b->supervisor);
  b->supervisor = NULL;
  stop = false;
  enum err_code code = OK;
  for (int i = 0; i < 1000 && code == OK; i++)
    code = gate_step(b->gate, 2, &stop, &err);
  assert_int_equal(code, ERR_UNREACHABLE);
  rig_free(a);
  rig_free(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(while_core_is_deaf_nothing_is_lost_and_the_queue_stays_bounded),
      cmocka_unit_test(a_peer_that_goes_while_nobody_reads_is_told_when_somebody_does),
      cmocka_unit_test(links_are_judged_by_tcp_and_never_by_heartbeats),
      cmocka_unit_test(a_new_core_takes_over_and_the_port_stays),
      cmocka_unit_test(an_ipv4_address_is_told_as_one),
      cmocka_unit_test(a_gate_started_again_keeps_its_port),
      cmocka_unit_test(a_port_that_is_taken_is_an_error_that_says_so),
      cmocka_unit_test(a_core_that_breaks_the_rules_ends_the_gate_curably),
      cmocka_unit_test(it_stops_when_it_is_told_and_when_the_supervisor_is_gone),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
