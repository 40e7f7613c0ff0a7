/*
 * ctl: the process behind run/ctl: HTTP/1.1 on a Unix socket (0600, and the peer's uid is checked), so that commands can talk
 * to the node that serves. It parses, counts and forwards; core decides. Orders for the node key come from here and from
 * nowhere else.
 *
 *   request -> PIPE_REQUEST [id, method, path, body] -> core -> PIPE_ANSWER [id, status, content type, body] -> response
 */
#ifndef SPECOLA_NODE_NET_CTL_H
#define SPECOLA_NODE_NET_CTL_H

#include "node/pipe.h"

#define CTL_SOCKET "ctl"     /* its name in the directory */
#define CTL_REQUESTS 64      /* that wait for core at once */
#define CTL_BODY_SLACK 4096u /* a body may have LIMIT_SUBMIT_BYTES and this */

struct ctl; /* opaque */
struct ctl_config {
  const char *dir;         /* <home>/run; borrowed during ctl_new */
  struct pipe *supervisor; /* borrowed; PIPE_PEER and PIPE_STOP come in */
  unsigned timeout_s;      /* how long a client may take to say what it wants; 0: 10 s */
  /* Called once when everything is open that it needs, before it answers anybody (confine.h); NULL: not called. */
  void (*settled)(void *context);
  void *context;
};
/* Binds the socket; one that an earlier process left is replaced (who starts this holds the store's lock). ERR_IO, ERR_MEMORY
 * and those of unixpath_make. */
MUST_CHECK enum err_code ctl_new(const struct ctl_config *config, struct ctl **out, struct err *err);
void ctl_free(struct ctl *c); /* NULL is fine; removes the socket */
/* One turn of at most timeout_ms. ERR_UNREACHABLE: the supervisor is gone. ERR_FORMAT: a pipe broke the rules. */
MUST_CHECK enum err_code ctl_step(struct ctl *c, unsigned timeout_ms, bool *stop, struct err *err);
MUST_CHECK enum err_code ctl_run(const struct ctl_config *config, struct err *err);

#endif
