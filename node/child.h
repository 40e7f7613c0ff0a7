/*
 * child: what supervisor (serve.c) and children (child.c) must agree on: how a child is executed, and what the first message
 * says. Keys and settings travel in that message, over the child's pipe; never in argv or the environment.
 */
#ifndef SPECOLA_NODE_CHILD_H
#define SPECOLA_NODE_CHILD_H

#include "node/home.h"
#include "node/pipe.h"

#define CHILD_WORD "serve-child" /* argv: program, this word, the role */
#define CHILD_FD 3               /* its end of the pipe */
#define CHILD_QUEUE ((size_t)2 * 1024 * 1024)

enum child_role { CHILD_CORE, CHILD_GATE, CHILD_CTL, CHILD_WEB, CHILD_COURIER, CHILD_ROLES };
const char *child_name(enum child_role role) __attribute__((const)); /* "core", "gate", "ctl", "web", "courier" */

/* PIPE_HELLO: everything that a role may need; what a role does not need is empty. Strings are borrowed. */
struct child_hello {
  const char *dir;    /* core, web: the home; ctl: <home>/run */
  struct view secret; /* core: seed of the node key; gate: CURVE secret; 32 octets, or empty */
  struct view pub;    /* gate: CURVE public key */
  const char *listen; /* gate: endpoint; "" only dials; web: http://HOST:PORT */
  const char *const *peers;
  uint32_t n_peers; /* core */
  bool no_gate, idle_now, once, verbose;
  uint64_t timeout_ms;
};
/* Queues the hello. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code child_hello_send(struct pipe *p, const struct child_hello *hello, struct err *err);

/* PIPE_STOP of a child: why it ends (code OK: it orders the node to stop, or its one round is done). */
struct child_end {
  struct err why;
  struct bytes report; /* JSON text, or empty; owned */
};
MUST_CHECK enum err_code child_end_read(struct view payload, struct child_end *out, struct err *err);

#endif
