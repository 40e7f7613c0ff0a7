/*
 * dialled: see dialled.h.
 */
#include "node/net/dialled.h"

#include <stdlib.h>
#include <string.h>

#include "node/net/resolve.h"
#include "node/net/zap.h"
#include "protocol/limits.h"

#define EVENTS                                                                                                                 \
  (ZMQ_EVENT_CONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |                           \
   ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

/* Invariant: lookup is there until socket and monitor are; then socket != NULL. */
struct dialled {
  struct linkend end;
  unsigned turn;
  uint64_t until_ms; /* the handshake must have succeeded by then */
  uint64_t connected_ms;
  bool up;
  struct resolve *lookup;
  void *socket, *monitor;
  struct bytes kept; /* a frame that waits for the lookup */
};

enum err_code dialled_new(const struct linkend *to, const char *endpoint, unsigned turn, uint64_t now_ms, struct dialled **out,
                          struct err *err) {
  struct dialled *d = calloc(1, sizeof *d);
  if (d == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  d->lookup = resolve_new(endpoint);
  if (d->lookup == NULL) {
    free(d);
    return err_set(err, ERR_FORMAT, "no endpoint: %s", endpoint);
  }
  d->end = *to;
  d->turn = turn;
  d->until_ms = now_ms + DIAL_MS;
  bytes_init(&d->kept, LIMIT_FRAME);
  *out = d;
  return OK;
}

void dialled_free(struct dialled *d) {
  if (d == NULL) return;
  resolve_free(d->lookup);
  monitor_close(d->socket, d->monitor);
  if (d->socket != NULL) zmq_close(d->socket);
  bytes_release(&d->kept);
  free(d);
}

const struct linkend *dialled_end(const struct dialled *d) {
  return &d->end;
}

void *dialled_socket(struct dialled *d) {
  return d->socket;
}

void *dialled_monitor(struct dialled *d) {
  return d->monitor;
}

bool dialled_is_waiting(const struct dialled *d) {
  return d->lookup != NULL;
}

bool dialled_was_up(const struct dialled *d) {
  return d->up;
}

/* The address is known: connects, and sends what was kept. */
static enum dialled_state connect_to(struct dialled *d, void *zmq_context, const struct curve_key *key, uint64_t number,
                                     const char *numeric) {
  d->socket = socket_new(zmq_context, ZMQ_DEALER, key, d->end.curve, NULL);
  if (d->socket == NULL) return DIALLED_DOWN;
  d->monitor = monitor_open(zmq_context, d->socket, EVENTS, number, NULL);
  if (d->monitor == NULL || zmq_connect(d->socket, numeric) != 0) return DIALLED_DOWN;
  if (d->kept.len > 0 && socket_send(d->socket, bytes_view(&d->kept), false) != SENT) return DIALLED_DOWN;
  bytes_release(&d->kept);
  return DIALLED_ALIVE;
}

/* Whoever has another key hangs up at once; a peer that only is slow lets the time run out. */
static enum dialled_state broken_by(const struct dialled *d, uint64_t now_ms) {
  return now_ms - d->connected_ms < SOCKET_HANDSHAKE_MS / 2 ? DIALLED_BROKEN : DIALLED_DOWN;
}

static enum dialled_state events_read(struct dialled *d, uint64_t now_ms) {
  uint16_t event = 0;
  uint32_t value = 0;
  while (monitor_next(d->monitor, &event, &value)) {
    if (event == ZMQ_EVENT_CONNECTED) d->connected_ms = now_ms;
    if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) d->up = true;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return value == ZAP_NO_MEMBER ? DIALLED_MISMATCH : DIALLED_DOWN;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) return DIALLED_MISMATCH;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) return broken_by(d, now_ms);
    if (event == ZMQ_EVENT_DISCONNECTED || event == ZMQ_EVENT_CLOSED) return DIALLED_DOWN;
  }
  return DIALLED_ALIVE;
}

enum dialled_state dialled_step(struct dialled *d, void *zmq_context, const struct curve_key *key, uint64_t number,
                                uint64_t now_ms) {
  enum dialled_state state = DIALLED_ALIVE;
  if (d->lookup != NULL) {
    char numeric[LIMIT_ENDPOINT + 1];
    const enum resolve_state found = resolve_step(d->lookup, d->turn, numeric);
    if (found == RESOLVE_FAILED) return DIALLED_DOWN;
    if (found == RESOLVE_DONE) {
      resolve_free(d->lookup);
      d->lookup = NULL;
      state = connect_to(d, zmq_context, key, number, numeric);
    }
  }
  if (state == DIALLED_ALIVE && d->monitor != NULL) state = events_read(d, now_ms);
  if (state == DIALLED_ALIVE && !d->up && now_ms >= d->until_ms) state = DIALLED_DOWN;
  return state;
}

enum received dialled_receive(struct dialled *d, zmq_msg_t *frame) {
  if (d->socket == NULL || zmq_msg_recv(frame, d->socket, ZMQ_DONTWAIT) < 0) return RECEIVED_NOTHING;
  socket_reduce(d->socket, frame);
  return RECEIVED_FRAME;
}

enum sent dialled_send(struct dialled *d, struct view frame) {
  if (d->socket != NULL) return socket_send(d->socket, frame, false);
  if (d->kept.len > 0) return SENT_FULL;
  return bytes_append(&d->kept, frame, NULL) == OK ? SENT : SENT_GONE;
}
