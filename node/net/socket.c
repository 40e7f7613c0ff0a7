/*
 * socket: options of ZeroMQ sockets and the few calls that everybody makes. See socket.h; the traps are listed in
 * docs/security.md.
 */
#include "node/net/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "node/net/budget.h"
#include "node/net/zap.h"
#include "protocol/limits.h"

/* In zmq.h only for those who ask for the draft API; libzmq 4.3 knows it always: a server whose handler is missing refuses. */
#define ZAP_ENFORCE_DOMAIN 93

#define CURVE_OVERHEAD                                                                                                         \
  33 /* octets of a MESSAGE command around a part: name, nonce, authenticator, flags; libzmq counts them                       \
      */
#define CONNECT_MS 10000
/* TCP alone judges whether a peer can be reached: a heartbeat of libzmq counts what it has read, and it reads nothing while the
 * gate does not. Then it would end links of peers that live, and where one is gone this process (its issues 3937, 4364). */
#define SILENCE_S 10        /* then the kernel asks the other one */
#define ASK_AGAIN_S 5       /* without an answer */
#define ASKED_TIMES 4       /* 30 s after its last sign of life the link is over */
#define UNANSWERED_MS 30000 /* the same while something is on its way to it */
#define BACKLOG 128
#define EVENT_LEN 6 /* octets of a monitor's first part: u16 event, u32 value */

bool socket_set(void *socket, int option, int value) {
  return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static bool set_common(void *socket) {
  static const struct {
    int option, value;
  } OPTIONS[] = {
      {ZMQ_LINGER, 0},
      {ZMQ_SNDHWM, BUDGET_SEND},
      {ZMQ_RCVHWM, BUDGET_RECEIVE},
      {ZMQ_HANDSHAKE_IVL, SOCKET_HANDSHAKE_MS},
      {ZMQ_IPV6, 1},
      {ZMQ_TCP_KEEPALIVE, 1},
      {ZMQ_TCP_KEEPALIVE_IDLE, SILENCE_S},
      {ZMQ_TCP_KEEPALIVE_INTVL, ASK_AGAIN_S},
      {ZMQ_TCP_KEEPALIVE_CNT, ASKED_TIMES},
      {ZMQ_TCP_MAXRT, UNANSWERED_MS},
  };
  static const int64_t LARGEST = LIMIT_FRAME + CURVE_OVERHEAD;
  for (size_t i = 0; i < sizeof OPTIONS / sizeof OPTIONS[0]; i++) {
    if (!socket_set(socket, OPTIONS[i].option, OPTIONS[i].value)) return false;
  }
  return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &LARGEST, sizeof LARGEST) == 0;
}

static bool set_curve(void *socket, const struct curve_key *key, const uint8_t *server) {
  const uint8_t *secret = secret_open(key->secret);
  const bool have = zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, CURVE_LEN) == 0 &&
                    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, key->pub, CURVE_LEN) == 0;
  secret_close(key->secret);
  if (!have) return false;
  if (server != NULL) return zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, CURVE_LEN) == 0;
  return socket_set(socket, ZMQ_CURVE_SERVER, 1) &&
         zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN)) == 0 &&
         socket_set(socket, ZAP_ENFORCE_DOMAIN, 1);
}

static bool set_role(void *socket, int type) {
  if (type == ZMQ_ROUTER) return socket_set(socket, ZMQ_ROUTER_MANDATORY, 1) && socket_set(socket, ZMQ_BACKLOG, BACKLOG);
  /* One connection a dialled socket: when it ends the link is over, and core decides about the next. */
  return socket_set(socket, ZMQ_RECONNECT_IVL, -1) && socket_set(socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS);
}

void *socket_new(void *zmq_context, int type, const struct curve_key *key, const uint8_t *server, struct err *err) {
  void *socket = zmq_socket(zmq_context, type);
  if (socket == NULL || !set_common(socket) || !set_role(socket, type) || !set_curve(socket, key, server)) {
    err_set(err, ERR_FAILED, "zeromq socket: %s", zmq_strerror(zmq_errno()));
    if (socket != NULL) zmq_close(socket);
    return NULL;
  }
  return socket;
}

void *monitor_open(void *zmq_context, void *socket, int events, uint64_t number, struct err *err) {
  char name[64];
  (void)snprintf(name, sizeof name, "inproc://monitor.%llu", (unsigned long long)number);
  void *monitor = NULL;
  if (zmq_socket_monitor(socket, name, events) == 0) monitor = zmq_socket(zmq_context, ZMQ_PAIR);
  if (monitor == NULL || !socket_set(monitor, ZMQ_LINGER, 0) || zmq_connect(monitor, name) != 0) {
    err_set(err, ERR_FAILED, "zeromq monitor: %s", zmq_strerror(zmq_errno()));
    monitor_close(socket, monitor);
    return NULL;
  }
  return monitor;
}

void monitor_close(void *socket, void *monitor) {
  if (socket != NULL) zmq_socket_monitor(socket, NULL, 0);
  if (monitor != NULL) zmq_close(monitor);
}

bool monitor_next(void *monitor, uint16_t *event, uint32_t *value) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  const int len = zmq_msg_recv(&message, monitor, ZMQ_DONTWAIT);
  if (len < 0) {
    zmq_msg_close(&message);
    return false;
  }
  *event = 0;
  *value = 0;
  if (len == EVENT_LEN) {
    const uint8_t *p = zmq_msg_data(&message);
    memcpy(event, p, sizeof *event);
    memcpy(value, p + sizeof *event, sizeof *value);
  }
  const bool more = zmq_msg_more(&message);
  zmq_msg_close(&message);
  if (more) socket_drop_rest(monitor);
  return true;
}

bool socket_endpoint(void *socket, char out[LIMIT_ENDPOINT + 1]) {
  char address[16], port[8];
  size_t len = LIMIT_ENDPOINT + 1;
  if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, out, &len) != 0) return false;
  if (sscanf(out, "tcp://[::ffff:%15[0-9.]]:%7[0-9]", address, port) == 2) {
    (void)snprintf(out, LIMIT_ENDPOINT + 1, "tcp://%s:%s", address, port);
  }
  return true;
}

enum sent socket_send(void *socket, struct view part, bool more) {
  while (zmq_send(socket, part.p, part.len, ZMQ_DONTWAIT | (more ? ZMQ_SNDMORE : 0)) < 0) {
    const int why = zmq_errno();
    if (why == EAGAIN) return SENT_FULL;
    if (why != EINTR) return SENT_GONE;
  }
  return SENT;
}

void socket_reduce(void *socket, zmq_msg_t *message) {
  const bool more = zmq_msg_more(message);
  if (!more && zmq_msg_size(message) <= LIMIT_FRAME) return;
  if (more) socket_drop_rest(socket);
  zmq_msg_close(message);
  zmq_msg_init(message);
}

void socket_drop_rest(void *socket) {
  int more = 1;
  while (more) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    if (zmq_msg_recv(&message, socket, ZMQ_DONTWAIT) < 0) more = 0;
    if (more) more = zmq_msg_more(&message);
    zmq_msg_close(&message);
  }
}
