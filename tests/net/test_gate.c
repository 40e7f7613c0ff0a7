/*
 * test_gate: the gate on real ZeroMQ sockets of the loopback, ports chosen by the kernel. The test plays core and supervisor at
 * the other ends of the pipes, and hostile peers with raw sockets.
 */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/clock.h"
#include "node/net/crowd.h"
#include "node/net/gate.h"
#include "protocol/limits.h"

#define WAIT_MS 20000
#define INBOX 4096

/* A message that a gate sent to core, taken apart as far as it goes. */
struct told {
  enum pipe_channel channel;
  struct linkend end; /* FRAME_IN, LINK_DOWN, SEND_FAILED; of STRANGER and MISMATCH only the key */
  bool gone;
  size_t len; /* of the frame */
  uint8_t first;
};

struct rig {
  struct curve_key key;
  struct gate *gate;
  struct pipe *core, *supervisor; /* our ends */
  struct pipe *gate_supervisor;   /* borrowed by the gate */
  char bound[LIMIT_ENDPOINT + 1];
  struct told inbox[INBOX];
  size_t n;
  bool deaf; /* core does not read */
};

static struct curve_key key_new(void) {
  struct curve_key key;
  uint8_t secret[CURVE_LEN];
  assert_int_equal(crypto_box_keypair(key.pub, secret), 0);
  key.secret = secret_copy(view_of(secret, sizeof secret));
  assert_non_null(key.secret);
  return key;
}

static void give_core(struct rig *r) {
  struct err err = ERR_INIT;
  int ends[2];
  assert_int_equal(pipe_pair(ends, &err), OK);
  pipe_free(r->core);
  r->core = pipe_new(ends[0], 16u << 20);
  assert_int_equal(pipe_send_fd(r->supervisor, PIPE_PEER, view_of(NULL, 0), ends[1], &err), OK);
}

static void rig_start(struct rig *r, const char *listen) {
  struct err err = ERR_INIT;
  int ends[2];
  assert_int_equal(pipe_pair(ends, &err), OK);
  r->supervisor = pipe_new(ends[0], 1u << 20);
  r->gate_supervisor = pipe_new(ends[1], 1u << 20);
  const struct gate_config config = {.key = r->key, .listen = listen, .supervisor = r->gate_supervisor};
  assert_int_equal(gate_new(&config, &r->gate, &err), OK);
  give_core(r);
}

static struct rig *rig_new(const char *listen) {
  struct rig *r = calloc(1, sizeof *r);
  assert_non_null(r);
  r->key = key_new();
  rig_start(r, listen);
  return r;
}

static void rig_stop(struct rig *r) {
  gate_free(r->gate);
  pipe_free(r->core);
  pipe_free(r->supervisor);
  pipe_free(r->gate_supervisor);
  r->gate = NULL;
  r->core = r->supervisor = r->gate_supervisor = NULL;
}

static void rig_free(struct rig *r) {
  rig_stop(r);
  secret_free(r->key.secret);
  free(r);
}

static void told_read(struct told *t, enum pipe_channel channel, struct view payload) {
  struct canon_reader r = canon_reader(payload);
  *t = (struct told){.channel = channel};
  const uint32_t n = canon_array(&r, 3);
  if (channel == PIPE_STRANGER || channel == PIPE_MISMATCH) {
    canon_fixed(&r, t->end.curve, CURVE_LEN);
  } else if (channel == PIPE_BOUND) {
    (void)canon_str(&r, LIMIT_ENDPOINT);
  } else {
    linkend_get(&r, &t->end);
    if (channel == PIPE_SEND_FAILED) t->gone = canon_bool(&r);
    if (channel == PIPE_FRAME_IN) {
      const struct view frame = canon_bin(&r, LIMIT_FRAME);
      t->len = frame.len;
      t->first = frame.len > 0 ? frame.p[0] : 0;
      assert_int_equal(n, 3);
    }
  }
  struct err err = ERR_INIT;
  assert_int_equal(canon_finish(&r, "told", &err), OK);
}

static void pipe_turn(struct rig *r) {
  struct err err = ERR_INIT;
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  assert_int_equal(pipe_write(r->supervisor, &err), OK);
  assert_int_equal(pipe_read(r->supervisor, &err), OK);
  while (pipe_next(r->supervisor, &channel, &payload, &fd)) {
    if (channel != PIPE_BOUND) continue;
    struct canon_reader reader = canon_reader(payload);
    canon_array_exact(&reader, 1);
    const struct view text = canon_str(&reader, LIMIT_ENDPOINT);
    (void)snprintf(r->bound, sizeof r->bound, "%.*s", (int)text.len, (const char *)text.p);
  }
  const enum err_code written = pipe_write(r->core, &err);
  assert_true(written == OK || written == ERR_UNREACHABLE); /* a core that was replaced */
  if (r->deaf) return;
  assert_int_equal(pipe_read(r->core, &err), OK);
  while (r->n < INBOX && pipe_next(r->core, &channel, &payload, &fd))
    told_read(&r->inbox[r->n++], channel, payload);
}

static void rig_turn(struct rig *r, unsigned ms) {
  struct err err = ERR_INIT;
  bool stop = false;
  pipe_turn(r);
  assert_int_equal(gate_step(r->gate, ms, &stop, &err), OK);
  pipe_turn(r);
}

/* Turns one or two gates until `r` was told something on channel about curve (NULL: anybody); removes and returns it. */
static struct told await(struct rig *r, struct rig *other, enum pipe_channel channel, const uint8_t *curve) {
  const uint64_t until = clock_ms(clock_system()) + WAIT_MS;
  while (clock_ms(clock_system()) < until) {
    for (size_t i = 0; i < r->n; i++) {
      if (r->inbox[i].channel != channel) continue;
      if (curve != NULL && memcmp(r->inbox[i].end.curve, curve, CURVE_LEN) != 0) continue;
      const struct told found = r->inbox[i];
      memmove(r->inbox + i, r->inbox + i + 1, (--r->n - i) * sizeof r->inbox[0]);
      return found;
    }
    rig_turn(r, 2);
    if (other != NULL) rig_turn(other, 2);
  }
  fail_msg("waited for channel %d in vain", (int)channel);
  return (struct told){0};
}

static size_t count(const struct rig *r, enum pipe_channel channel) {
  size_t n = 0;
  for (size_t i = 0; i < r->n; i++)
    n += r->inbox[i].channel == channel;
  return n;
}

static void send_payload(struct rig *r, enum pipe_channel channel, const struct bytes *payload) {
  struct err err = ERR_INIT;
  assert_int_equal(pipe_send(r->core, channel, bytes_view(payload), &err), OK);
}

static void allow(struct rig *r, const uint8_t *const *keys, uint32_t n) {
  struct bytes b;
  bytes_init(&b, LIMIT_PIPE);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 1);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_bin(&w, view_of(keys[i], CURVE_LEN));
  send_payload(r, PIPE_ALLOW, &b);
  bytes_release(&b);
  const uint64_t until = clock_ms(clock_system()) + WAIT_MS;
  while (r->bound[0] == '\0' && clock_ms(clock_system()) < until)
    rig_turn(r, 2);
  rig_turn(r, 2);
  assert_true(r->bound[0] != '\0');
}

static struct linkend dial(struct rig *r, const char *name, const uint8_t curve[CURVE_LEN], const char *endpoint) {
  struct linkend end = {.id.len = (uint8_t)strlen(name)};
  struct bytes b;
  memcpy(end.id.b, name, strlen(name));
  memcpy(end.curve, curve, CURVE_LEN);
  bytes_init(&b, 4096);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 3);
  linkend_put(&w, &end);
  canon_put_text(&w, endpoint);
  send_payload(r, PIPE_DIAL, &b);
  bytes_release(&b);
  return end;
}

static void order_frame(struct rig *r, const struct linkend *to, size_t len, uint8_t fill) {
  struct bytes b;
  bytes_init(&b, LIMIT_PIPE);
  uint8_t *frame = malloc(len + 1);
  assert_non_null(frame);
  memset(frame, fill, len);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 3);
  linkend_put(&w, to);
  canon_put_bin(&w, view_of(frame, len));
  send_payload(r, PIPE_FRAME_OUT, &b);
  free(frame);
  bytes_release(&b);
}

/* A raw client: what a peer with its own program would open. */
struct client {
  void *context, *socket;
  struct curve_key key;
};

static struct client client_new(const struct rig *server, bool with_curve, const char *routing_id) {
  struct client c = {.context = zmq_ctx_new(), .key = key_new()};
  struct err err = ERR_INIT;
  c.socket = with_curve ? socket_new(c.context, ZMQ_DEALER, &c.key, server->key.pub, &err) : zmq_socket(c.context, ZMQ_DEALER);
  assert_non_null(c.socket);
  assert_true(socket_set(c.socket, ZMQ_LINGER, 0));
  if (routing_id != NULL) assert_int_equal(zmq_setsockopt(c.socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id)), 0);
  return c;
}

static void client_connect(const struct client *c, const char *endpoint) {
  assert_int_equal(zmq_connect(c->socket, endpoint), 0);
}

static void client_free(struct client *c) {
  zmq_close(c->socket);
  zmq_ctx_term(c->context);
  secret_free(c->key.secret);
}

static void client_send(const struct client *c, size_t len, uint8_t fill, int flags) {
  uint8_t *frame = malloc(len + 1);
  assert_non_null(frame);
  memset(frame, fill, len);
  assert_int_equal(zmq_send(c->socket, frame, len, ZMQ_DONTWAIT | flags), (int)len);
  free(frame);
}

static int start(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  return secret_start(&err) == OK ? 0 : -1;
}

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
      cmocka_unit_test(a_member_passes_both_ways),
      cmocka_unit_test(a_stranger_is_refused_and_named),
      cmocka_unit_test(nobody_passes_before_core_said_who_may),
      cmocka_unit_test(a_client_without_curve_does_not_pass),
      cmocka_unit_test(a_wrong_server_key_is_told_as_a_mismatch),
      cmocka_unit_test(a_peer_that_does_not_know_us_is_told_as_a_mismatch),
      cmocka_unit_test(a_closed_port_is_a_link_down_and_no_mismatch),
      cmocka_unit_test(a_name_is_looked_up_and_one_that_is_none_is_a_link_down),
      cmocka_unit_test(a_frame_over_the_limit_ends_its_link_and_no_other),
      cmocka_unit_test(several_parts_are_no_frame_and_an_empty_one_stands_for_them),
      cmocka_unit_test(a_peer_that_stalls_costs_the_others_nothing),
      cmocka_unit_test(a_member_with_many_connections_parks_little_and_an_honest_one_passes),
      cmocka_unit_test(a_core_that_breaks_the_rules_ends_the_gate_curably),
      cmocka_unit_test(silent_connections_count_and_make_room_when_they_end),
      cmocka_unit_test(a_link_that_ends_is_told_and_then_gone),
      cmocka_unit_test(a_stolen_routing_id_gets_no_reply_of_another),
      cmocka_unit_test(while_core_is_deaf_nothing_is_lost_and_the_queue_stays_bounded),
      cmocka_unit_test(a_new_core_takes_over_and_the_port_stays),
      cmocka_unit_test(an_ipv4_address_is_told_as_one),
      cmocka_unit_test(a_gate_started_again_keeps_its_port),
      cmocka_unit_test(a_port_that_is_taken_is_an_error_that_says_so),
      cmocka_unit_test(it_stops_when_it_is_told_and_when_the_supervisor_is_gone),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
