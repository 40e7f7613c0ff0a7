/*
 * listener: where web is reached: the address it is bound to, the names that a Host may have there, and new connections. It
 * rests a moment when descriptors run out.
 */
#ifndef SPECOLA_NODE_WEB_LISTENER_H
#define SPECOLA_NODE_WEB_LISTENER_H

#include <netinet/in.h>
#include <stdbool.h>

#include "keys/err.h"
#include "node/web/guard.h"

struct event_base;
struct listener; /* opaque */

/* Who connects, as far as limits care: of IPv6 a whole network of /64 is one address. */
struct listener_peer {
  struct in6_addr address;
  bool local; /* the loopback, from where a reverse proxy speaks */
};
void listener_peer_of(const struct sockaddr *from, struct listener_peer *out);

/* A new connection: fd (not blocking) is the callee's. */
typedef void listener_accept(void *context, int fd, const struct listener_peer *peer);

/* Binds and listens. address: http://HOST:PORT, HOST a numeric address, port 0: the kernel's choice. name: a further Host that
 * is ours, or "". ERR_USAGE (no such form), ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err_code listener_new(struct event_base *base, const char *address, const char *name, listener_accept *accept,
                                      void *context, struct listener **out, struct err *err);
void listener_free(struct listener *l); /* NULL is fine */
/* "http://127.0.0.1:43211": where it listens. Borrowed. */
const char *listener_address(const struct listener *l) __attribute__((pure));
/* The names that it may be asked by. Borrowed. */
const struct guard_hosts *listener_hosts(const struct listener *l) __attribute__((const));

#endif
