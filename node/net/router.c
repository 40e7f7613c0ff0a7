/*
 * router: see router.h. libzmq does not say which routing id a lost connection had; it does say the descriptor of a connection
 * beside each message and with each event, and so a small table joins the two.
 */
#include "node/net/router.h"

#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "protocol/limits.h"

#define DOWNS_MAX ((size_t)2 * ROUTER_LINKS)

struct accepted {
  struct linkend end;
  int fd;        /* of the connection, a name and nothing else; -1: unknown */
  uint64_t seen; /* number of the last message on it */
};

struct router {
  void *context, *socket, *monitor;
  struct zap *zap; /* borrowed */
  char endpoint[LIMIT_ENDPOINT + 1];
  struct accepted links[ROUTER_LINKS];
  size_t n_links;
  uint64_t messages;
  struct linkend downs[DOWNS_MAX]; /* to be told; when it is full the oldest is lost: core finds out by a failed send */
  size_t n_downs;
};

enum err_code router_open(void *zmq_context, const struct curve_key *key, struct zap *zap, const char *listen,
                          struct router **out, struct err *err) {
  struct router *r = calloc(1, sizeof *r);
  if (r == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  r->zap = zap;
  r->context = zmq_context;
  r->socket = socket_new(zmq_context, ZMQ_ROUTER, key, NULL, err);
  if (r->socket == NULL) goto failed;
  r->monitor = monitor_open(zmq_context, r->socket, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED, 0, err);
  if (r->monitor == NULL) goto failed;
  if (zmq_bind(r->socket, listen) != 0) {
    err_set(err, ERR_FAILED, "cannot listen on %s: %s", listen, zmq_strerror(zmq_errno()));
    err_hint(err, "another program may use that port: set another one in node.ini (listen) or with --listen");
    goto failed;
  }
  if (!socket_endpoint(r->socket, r->endpoint)) {
    err_set(err, ERR_FAILED, "zeromq: %s", zmq_strerror(zmq_errno()));
    goto failed;
  }
  *out = r;
  return OK;
failed:
  router_free(r);
  return err == NULL ? ERR_FAILED : err->code;
}

void router_free(struct router *r) {
  if (r == NULL) return;
  monitor_close(r->socket, r->monitor);
  if (r->socket != NULL) zmq_close(r->socket);
  free(r);
}

void *router_socket(struct router *r) {
  return r->socket;
}

void *router_monitor(struct router *r) {
  return r->monitor;
}

const char *router_endpoint(const struct router *r) {
  return r->endpoint;
}

/* ---- the table ---- */

static void down_add(struct router *r, const struct linkend *end) {
  if (r->n_downs == DOWNS_MAX) memmove(r->downs, r->downs + 1, --r->n_downs * sizeof r->downs[0]);
  r->downs[r->n_downs++] = *end;
}

static void link_remove(struct router *r, size_t i, bool tell) {
  if (tell) down_add(r, &r->links[i].end);
  r->links[i] = r->links[--r->n_links];
}

static struct accepted *link_find(struct router *r, const struct link_id *id) {
  for (size_t i = 0; i < r->n_links; i++) {
    if (linkend_equal(&r->links[i].end.id, id)) return &r->links[i];
  }
  return NULL;
}

/* The link that was silent longest. Call with at least one there. */
static size_t link_stalest(const struct router *r) {
  size_t found = 0;
  for (size_t i = 1; i < r->n_links; i++) {
    if (r->links[i].seen < r->links[found].seen) found = i;
  }
  return found;
}

static void link_ended(struct router *r, int fd) {
  for (size_t i = 0; i < r->n_links; i++) {
    if (r->links[i].fd == fd) link_remove(r, i--, true);
  }
}

void router_events(struct router *r) {
  struct crowd *crowd = zap_crowd(r->zap);
  uint16_t event = 0;
  uint32_t value = 0;
  while (monitor_next(r->monitor, &event, &value)) {
    if (event == ZMQ_EVENT_ACCEPTED) crowd_opened(crowd, (int)value);
    if (event != ZMQ_EVENT_DISCONNECTED) continue;
    crowd_closed(crowd, (int)value);
    link_ended(r, (int)value);
  }
  crowd_settle(crowd);
}

/* Enters the link on which a message came. */
static void link_note(struct router *r, const struct linkend *end, int fd) {
  struct accepted *link = link_find(r, &end->id);
  if (link != NULL && (memcmp(link->end.curve, end->curve, CURVE_LEN) != 0 || link->fd != fd)) {
    link_remove(r, (size_t)(link - r->links), true); /* another connection under the same name */
    link = NULL;
  }
  if (link == NULL) {
    if (r->n_links == ROUTER_LINKS) link_remove(r, link_stalest(r), true);
    link = &r->links[r->n_links++];
    *link = (struct accepted){.end = *end, .fd = fd};
  }
  link->seen = ++r->messages;
}

/* ---- messages ---- */

/* Receives the first part, the routing id. False: nothing waits. A name that is too long leaves id->len 0. */
static bool receive_name(struct router *r, struct link_id *id) {
  zmq_msg_t name;
  zmq_msg_init(&name);
  const int len = zmq_msg_recv(&name, r->socket, ZMQ_DONTWAIT);
  *id = (struct link_id){0};
  if (len > 0 && len < LINK_ID_MAX) {
    id->b[0] = LINK_ACCEPTED;
    memcpy(id->b + 1, zmq_msg_data(&name), (size_t)len);
    id->len = (uint8_t)(len + 1);
  }
  zmq_msg_close(&name);
  return len >= 0;
}

/* The key beside a message, if it is there and still allowed. */
static bool key_of(const struct router *r, const zmq_msg_t *message, uint8_t curve[CURVE_LEN]) {
  const char *user_id = zmq_msg_gets(message, "User-Id");
  return user_id != NULL && hex_decode(view_of_text(user_id), curve, CURVE_LEN, NULL) == OK && zap_allows(r->zap, curve);
}

enum received router_receive(struct router *r, struct linkend *from, zmq_msg_t *frame) {
  if (!receive_name(r, &from->id)) return RECEIVED_NOTHING;
  if (zmq_msg_recv(frame, r->socket, ZMQ_DONTWAIT) < 0) return RECEIVED_DROPPED;
  const int fd = zmq_msg_get(frame, ZMQ_SRCFD);
  const bool known = from->id.len > 0 && key_of(r, frame, from->curve);
  socket_reduce(r->socket, frame);
  if (!known) return RECEIVED_DROPPED;
  /* The kernel gives numbers of closed descriptors again: events of the earlier owner of this one may wait in front of us. */
  const struct accepted *link = link_find(r, &from->id);
  if (link == NULL || link->fd != fd) router_events(r);
  if (!crowd_name(zap_crowd(r->zap), fd, from->curve)) return RECEIVED_DROPPED; /* it has ended */
  link_note(r, from, fd);
  return RECEIVED_FRAME;
}

enum sent router_send(struct router *r, const struct linkend *to, struct view frame) {
  const struct accepted *link = link_find(r, &to->id);
  if (link == NULL || memcmp(link->end.curve, to->curve, CURVE_LEN) != 0) return SENT_GONE;
  const enum sent name = socket_send(r->socket, view_of(to->id.b + 1, to->id.len - 1u), true);
  if (name != SENT) return name;
  return socket_send(r->socket, frame, false);
}

void router_forget(struct router *r, const struct linkend *end) {
  const struct accepted *link = link_find(r, &end->id);
  if (link != NULL) link_remove(r, (size_t)(link - r->links), false);
}

void router_forget_all(struct router *r) {
  r->n_links = 0;
  r->n_downs = 0;
}

bool router_next_down(struct router *r, struct linkend *out) {
  if (r->n_downs == 0) return false;
  *out = r->downs[0];
  memmove(r->downs, r->downs + 1, --r->n_downs * sizeof r->downs[0]);
  return true;
}
