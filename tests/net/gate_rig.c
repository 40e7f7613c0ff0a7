/*
 * gate_rig: see gate_rig.h.
 */
#include "tests/net/gate_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

struct curve_key key_new(void) {
  struct curve_key key;
  uint8_t secret[CURVE_LEN];
  assert_int_equal(crypto_box_keypair(key.pub, secret), 0);
  key.secret = secret_copy(view_of(secret, sizeof secret));
  assert_non_null(key.secret);
  return key;
}

void give_core(struct rig *r) {
  struct err err = ERR_INIT;
  int ends[2];
  assert_int_equal(pipe_pair(ends, &err), OK);
  pipe_free(r->core);
  r->core = pipe_new(ends[0], 16u << 20);
  assert_int_equal(pipe_send_fd(r->supervisor, PIPE_PEER, view_of(NULL, 0), ends[1], &err), OK);
}

void rig_start(struct rig *r, const char *listen) {
  struct err err = ERR_INIT;
  int ends[2];
  assert_int_equal(pipe_pair(ends, &err), OK);
  r->supervisor = pipe_new(ends[0], 1u << 20);
  r->gate_supervisor = pipe_new(ends[1], 1u << 20);
  const struct gate_config config = {.key = r->key, .listen = listen, .supervisor = r->gate_supervisor};
  assert_int_equal(gate_new(&config, &r->gate, &err), OK);
  give_core(r);
}

struct rig *rig_new(const char *listen) {
  struct rig *r = calloc(1, sizeof *r);
  assert_non_null(r);
  r->key = key_new();
  rig_start(r, listen);
  return r;
}

void rig_stop(struct rig *r) {
  gate_free(r->gate);
  pipe_free(r->core);
  pipe_free(r->supervisor);
  pipe_free(r->gate_supervisor);
  r->gate = NULL;
  r->core = r->supervisor = r->gate_supervisor = NULL;
}

void rig_free(struct rig *r) {
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
  } else if (channel == PIPE_FAILED) {
    t->len = canon_uint(&r);
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

void pipe_turn(struct rig *r) {
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

void rig_turn(struct rig *r, unsigned ms) {
  struct err err = ERR_INIT;
  bool stop = false;
  pipe_turn(r);
  assert_int_equal(gate_step(r->gate, ms, &stop, &err), OK);
  pipe_turn(r);
}

struct told await(struct rig *r, struct rig *other, enum pipe_channel channel, const uint8_t *curve) {
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

size_t count(const struct rig *r, enum pipe_channel channel) {
  size_t n = 0;
  for (size_t i = 0; i < r->n; i++)
    n += r->inbox[i].channel == channel;
  return n;
}

void send_payload(struct rig *r, enum pipe_channel channel, const struct bytes *payload) {
  struct err err = ERR_INIT;
  assert_int_equal(pipe_send(r->core, channel, bytes_view(payload), &err), OK);
}

void allow(struct rig *r, const uint8_t *const *keys, uint32_t n) {
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

struct linkend dial(struct rig *r, const char *name, const uint8_t curve[CURVE_LEN], const char *endpoint) {
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

void order_frame(struct rig *r, const struct linkend *to, size_t len, uint8_t fill) {
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

struct client client_new(const struct rig *server, bool with_curve, const char *routing_id) {
  struct client c = {.context = zmq_ctx_new(), .key = key_new()};
  struct err err = ERR_INIT;
  c.socket = with_curve ? socket_new(c.context, ZMQ_DEALER, &c.key, server->key.pub, &err) : zmq_socket(c.context, ZMQ_DEALER);
  assert_non_null(c.socket);
  assert_true(socket_set(c.socket, ZMQ_LINGER, 0));
  if (routing_id != NULL) assert_int_equal(zmq_setsockopt(c.socket, ZMQ_ROUTING_ID, routing_id, strlen(routing_id)), 0);
  return c;
}

void client_connect(const struct client *c, const char *endpoint) {
  assert_int_equal(zmq_connect(c->socket, endpoint), 0);
}

void client_free(struct client *c) {
  zmq_close(c->socket);
  zmq_ctx_term(c->context);
  secret_free(c->key.secret);
}

void client_send(const struct client *c, size_t len, uint8_t fill, int flags) {
  uint8_t *frame = malloc(len + 1);
  assert_non_null(frame);
  memset(frame, fill, len);
  assert_int_equal(zmq_send(c->socket, frame, len, ZMQ_DONTWAIT | flags), (int)len);
  free(frame);
}

int start(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  return secret_start(&err) == OK ? 0 : -1;
}
