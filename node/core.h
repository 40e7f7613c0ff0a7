/*
 * core: the process that holds the store, the node key, the hall and the exchange. No sockets: only pipes, to the supervisor,
 * the gate, ctl and web. Frames and time go into the exchange, its actions go out; requests of ctl are answered here, and
 * orders for the node key are taken from that pipe only.
 */
#ifndef SPECOLA_NODE_CORE_H
#define SPECOLA_NODE_CORE_H

#include <jansson.h>

#include "node/home.h"
#include "node/pipe.h"
#include "node/serve.h"

struct core; /* opaque */
struct core_config {
  const char *dir;               /* the home */
  const struct signer *node_key; /* borrowed */
  struct pipe *supervisor;       /* borrowed */
  const char *const *peers;      /* "FR=tcp://…"; override node.ini */
  uint32_t n_peers;
  bool no_gate;  /* nobody is dialled */
  bool idle_now; /* as in serve_options */
  bool once;     /* one round, then PIPE_STOP with the report; until timeout_ms */
  uint64_t timeout_ms;
};
/* Opens everything. ERR_BUSY (another process writes), ERR_NOT_INITIALISED, ERR_USAGE (a peer that is not "HANDLE=endpoint"),
 * and those of home_open, store_open, hall_open. */
MUST_CHECK enum err_code core_new(const struct core_config *config, struct core **out, struct err *err);
void core_free(struct core *c); /* NULL is fine */
/* One turn of at most timeout_ms. *stop is set when it is over: told by the supervisor, or the one round is done. ERR_FAILED:
 * gate or ctl broke the rules of its pipe (the supervisor starts core anew and joins all of them). ERR_UNREACHABLE: the
 * supervisor is gone. */
MUST_CHECK enum err_code core_step(struct core *c, unsigned timeout_ms, bool *stop, struct err *err);
MUST_CHECK enum err_code core_run(const struct core_config *config, struct err *err);

#endif
