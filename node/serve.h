/*
 * serve: the supervisor and its children. The supervisor opens the keys, starts gate, core, ctl and web (each `specola`
 * executed anew with its role), hands over keys and pipes, restarts whoever dies, and passes signals on. Nothing else.
 *
 *   gate   ZeroMQ and the CURVE secret; no store, no signing key           node/net/gate
 *   core   store, node key, hall, exchange, verifier threads; only pipes   node/core
 *   ctl    HTTP on run/ctl (Unix socket, 0600, peer's uid checked)         node/net/ctl
 *   web    HTTP on TCP for everybody; reads the store, no key              node/web
 */
#ifndef SPECOLA_NODE_SERVE_H
#define SPECOLA_NODE_SERVE_H

#include "node/home.h"

struct serve_options {
  const char *home;
  const char *program;             /* path of this executable: children are executed from it */
  const char *listen;              /* overrides node.ini; NULL: as configured */
  const char *web;                 /* the same of the key web: http://HOST:PORT, or "off" */
  const char *peers[LIMIT_PINNED]; /* "FR=tcp://…" */
  uint32_t n_peers;
  struct secret *passphrase; /* of node.key and curve.key; NULL: not sealed */
  bool no_gate;              /* only core and ctl */
  bool idle_now;             /* tests: periodic HEADS every second */
  bool verbose;              /* children log what they do, too */
  /* Called once, when the node works: where others (tcp://…) and readers (http://…) reach it; "": not. NULL: not called. */
  void (*ready)(void *context, const char *gate, const char *web);
  void *context;
};
/* Runs until SIGTERM, SIGINT or an order to stop. OK after a clean stop. ERR_BUSY if somebody serves or writes here already. */
MUST_CHECK enum err_code serve_run(const struct serve_options *options, struct err *err);
/* The entry point of a child: argv as the supervisor made it. Returns an exit status. */
int serve_child(int argc, char **argv);
/* True if argv names a child's role. */
bool serve_is_child(int argc, char **argv);

/* `sync` without `serve`: gate and core for one round, until exchange_idle or timeout_ms. *report (may be NULL): {"peers": […],
 * "new": n, "paused": […]}. ERR_UNREACHABLE, ERR_REFUSED (a log is paused): what was done is in *report. */
MUST_CHECK enum err_code serve_once(const struct serve_options *options, uint64_t timeout_ms, json_t **report, struct err *err);

#endif
