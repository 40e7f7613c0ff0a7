/*
 * gate: the process that speaks ZeroMQ. It holds the CURVE secret and nothing else: no store, no signing key. Frames go through
 * it in wire form, between core's pipe and the links; who may come in, core says. If it dies, links are lost and nothing more.
 *
 * Back pressure: while the queue to core is full no socket is read, and the kernel slows the peers down. Towards a peer nothing
 * ever waits: what cannot be sent at once goes back as PIPE_SEND_FAILED.
 */
#ifndef SPECOLA_NODE_NET_GATE_H
#define SPECOLA_NODE_NET_GATE_H

#include "node/net/socket.h"
#include "node/pipe.h"

struct gate; /* opaque */
struct gate_config {
  struct curve_key key;    /* its secret is borrowed */
  const char *listen;      /* "tcp://HOST:PORT"; NULL: only dials. Borrowed */
  struct pipe *supervisor; /* borrowed; PIPE_PEER and PIPE_STOP come in, PIPE_BOUND goes out */
  /* Whether the files of name service were replaced, so that this process can read them no more (confine.h); NULL: never. */
  bool (*is_outdated)(void *context);
  void *context;
};
/* Opens the authentication handler; binds only after core's first PIPE_ALLOW. ERR_FAILED (a libzmq without CURVE: fail closed),
 * ERR_MEMORY. */
MUST_CHECK enum err_code gate_new(const struct gate_config *config, struct gate **out, struct err *err);
void gate_free(struct gate *g); /* NULL is fine */
/* One turn: waits at most timeout_ms for something to happen, and handles it. *stop is set after an orderly PIPE_STOP.
 * ERR_UNREACHABLE (the supervisor is gone), ERR_FAILED (cannot listen; core's pipe broke the rules, or a name is looked up in
 * files that were replaced: another gate gets others), ERR_FORMAT (the supervisor's did). */
MUST_CHECK enum err_code gate_step(struct gate *g, unsigned timeout_ms, bool *stop, struct err *err);
/* As a process: turns until it is told to stop. */
MUST_CHECK enum err_code gate_run(const struct gate_config *config, struct err *err);

#endif
