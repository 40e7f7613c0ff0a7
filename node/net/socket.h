/*
 * socket: ZeroMQ sockets as this house wants them (bounded queues, no lingering, CURVE, keepalive), their monitors, and the
 * send that never blocks. Used by router and dialled.
 */
#ifndef SPECOLA_NODE_NET_SOCKET_H
#define SPECOLA_NODE_NET_SOCKET_H

#include <zmq.h>

#include "keys/secret.h"
#include "node/net/linkend.h"

#define SOCKET_HANDSHAKE_MS 3000 /* a handshake that takes longer is given up */

/* The node's transport key. */
struct curve_key {
  uint8_t pub[CURVE_LEN];
  struct secret *secret; /* CURVE_LEN octets; borrowed */
};

/* A ROUTER (server NULL: it is the server) or a DEALER to the server with that key; not yet bound or connected. NULL: *err
 * says. */
void *socket_new(void *zmq_context, int type, const struct curve_key *key, const uint8_t *server, struct err *err);
/* Sets an int option; false if libzmq does not know it. */
bool socket_set(void *socket, int option, int value);
/* A PAIR that receives the events of a socket; number makes its name unique in the context. NULL: *err says. */
void *monitor_open(void *zmq_context, void *socket, int events, uint64_t number, struct err *err);
void monitor_close(void *socket, void *monitor); /* either may be NULL; before socket is closed */
/* The next event, without waiting. value: a descriptor, an errno or a status, as zmq_socket_monitor(3) says. */
bool monitor_next(void *monitor, uint16_t *event, uint32_t *value);

enum sent { SENT, SENT_FULL, SENT_GONE };
/* Sends one part (more: others follow), never waiting. FULL: try later. GONE: nobody is there. */
enum sent socket_send(void *socket, struct view part, bool more);
/* Where a socket is bound, as people and peers write it: libzmq binds IPv4 addresses on IPv6 sockets and then says
 * "tcp://[::ffff:127.0.0.1]:7411". False: libzmq does not say. */
bool socket_endpoint(void *socket, char out[LIMIT_ENDPOINT + 1]);
/* Makes an empty message of what is no frame: several parts (the rest is dropped), or more than LIMIT_FRAME octets. */
void socket_reduce(void *socket, zmq_msg_t *message);
/* Receives and drops what is left of a message of several parts. */
void socket_drop_rest(void *socket);

#endif
