/*
 * router: the bound socket: links that peers opened to us. Door 1 of the corridor: a frame within its limit, from a CURVE key
 * that is allowed. Routing ids mean nothing: a link is a routing id and the key that spoke on it last; a reply for one key
 * never goes to another.
 */
#ifndef SPECOLA_NODE_NET_ROUTER_H
#define SPECOLA_NODE_NET_ROUTER_H

#include "node/net/socket.h"
#include "node/net/zap.h"

#define ROUTER_LINKS 512 /* links remembered; beyond, the one that was silent longest is forgotten */

struct router; /* opaque */

/* Binds listen ("tcp://HOST:PORT", port 0: the kernel's choice). zap is borrowed and must be open. ERR_FAILED names the
 * endpoint (address in use, no such address), ERR_MEMORY. */
MUST_CHECK enum err_code router_open(void *zmq_context, const struct curve_key *key, struct zap *zap, const char *listen,
                                     struct router **out, struct err *err);
void router_free(struct router *r); /* NULL is fine */
void *router_socket(struct router *r);
void *router_monitor(struct router *r);
const char *router_endpoint(const struct router *r); /* as bound */

/* What a receive brought. */
enum received {
  RECEIVED_NOTHING, /* nothing waits */
  RECEIVED_FRAME,
  RECEIVED_DROPPED /* something that is no frame and has no member: look again */
};
/* Receives one message; *frame is initialised by the caller (zmq_msg_init) and holds the frame then. A message of several parts
 * is no frame: an empty one stands for it, so that core counts it. */
enum received router_receive(struct router *r, struct linkend *from, zmq_msg_t *frame);
enum sent router_send(struct router *r, const struct linkend *to, struct view frame);
/* Forgets a link (core closed it); what still comes in on it is a new one. */
void router_forget(struct router *r, const struct linkend *end);
/* Forgets all of them without telling (core is a new one). */
void router_forget_all(struct router *r);
/* Reads what happened to connections. Once a turn, before zap_step: it counts them. */
void router_events(struct router *r);
/* A link that ended since: disconnected, or pushed out. False: none. */
bool router_next_down(struct router *r, struct linkend *out);

#endif
