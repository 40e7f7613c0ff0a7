/*
 * server: connections of web: octets in, guard, a thread that answers, octets out. On libevent's listeners, timers and buffers;
 * HTTP itself is read by the guard. Bounded everywhere: connections, connections of an address, time for a request and for an
 * answer, octets that wait.
 */
#ifndef SPECOLA_NODE_WEB_SERVER_H
#define SPECOLA_NODE_WEB_SERVER_H

#include "node/web/site.h"
#include "node/web/worker.h"

#define SERVER_CONNECTIONS 64
#define SERVER_PER_ADDRESS 16                         /* but for the loopback, from where a reverse proxy speaks */
#define SERVER_TIMEOUT_S 10                           /* for a whole request, and for each piece of an answer to be taken */
#define SERVER_WAITING_MAX ((size_t)32 * 1024 * 1024) /* octets of bodies and answers of all connections */

struct event_base;
struct server; /* opaque */

/* Hands a request for core on; answered later by server_answer with the same id. False: not now. */
typedef bool server_forward(void *context, uint64_t id, const char *path, struct view body);
/* Whether a new connection may speak. */
typedef bool server_accepts(void *context, int fd);
struct server_config {
  struct event_base *base; /* borrowed */
  struct site *site;       /* borrowed; of the loop's thread, with counts */
  struct workers *workers; /* borrowed; of jobs (job.h); NULL: the loop's thread answers all, out of site's own store */
  const char *listen;      /* http://HOST:PORT; HOST an address, port 0: the kernel's choice */
  const char *name;        /* a further Host that is ours, or "" */
  unsigned timeout_s;      /* 0: SERVER_TIMEOUT_S */
  server_forward *forward;
  server_accepts *accepts; /* NULL: everybody may */
  void *context;
};
/* Binds and listens. ERR_USAGE (no such form), ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err_code server_new(const struct server_config *config, struct server **out, struct err *err);
void server_free(struct server *s); /* NULL is fine */
/* "http://127.0.0.1:43211": where it listens. Borrowed. */
const char *server_address(const struct server *s);
/* The answer of core to a request that was forwarded; an id that nobody waits for is dropped. */
void server_answer(struct server *s, uint64_t id, unsigned status, const char *type, struct view body);
/* There is another snapshot: what is kept is good for a little while, and renewed where it is asked for. */
void server_renewed(struct server *s);
/* Everybody who waits for core is told that it is gone. */
void server_core_gone(struct server *s);

#endif
