/*
 * web: the process that shows the observatory to everybody: HTTP on TCP, a read-only connection to the store, no keys. What
 * strangers submit it hands to core by its pipe, octet for octet; orders it cannot give.
 *
 *   browser, curl -> server (guard, route, handler) -> store.db (read only)
 *   POST /sync/submit, /sync/ask -> PIPE_REQUEST [id, method, path, body] -> core -> PIPE_ANSWER [id, status, content type,
 * body]
 */
#ifndef SPECOLA_NODE_WEB_WEB_H
#define SPECOLA_NODE_WEB_WEB_H

#include "node/pipe.h"

struct web_config {
  const char *dir;         /* the home */
  const char *listen;      /* http://HOST:PORT */
  struct pipe *supervisor; /* borrowed; PIPE_PEER and PIPE_STOP come in, PIPE_BOUND and PIPE_READY go out */
  unsigned timeout_s;      /* of a request; 0: SERVER_TIMEOUT_S */
  /* Called once when everything is open that it needs, before it answers anybody (confine.h); NULL: not called. */
  void (*settled)(void *context);
  void *context;
};
/* Runs until told to stop. ERR_UNREACHABLE: the supervisor is gone. ERR_USAGE, ERR_IO (the address), and those of home_open,
 * store_open. */
MUST_CHECK enum err_code web_run(const struct web_config *config, struct err *err);

#endif
