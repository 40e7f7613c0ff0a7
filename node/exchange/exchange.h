/*
 * exchange: which peer, what to pull. Sans-I/O: links, frames and time come in, actions go out; the same code runs in `serve`
 * and in the simulator. Receiver-driven: it asks for checkpoints and windows, round-robin over logs and peers, at most
 * LIMIT_GETS in flight a peer; a peer that stalls or lies costs the others nothing (docs/protocol.md section 8).
 */
#ifndef SPECOLA_NODE_EXCHANGE_EXCHANGE_H
#define SPECOLA_NODE_EXCHANGE_EXCHANGE_H

#include <jansson.h>

#include "node/ingest.h"
#include "protocol/session.h"

/* A link as the gate names it: 'r' ‖ routing id of the ROUTER, or 'd' ‖ number of a dialled socket. */
#define LINK_ID_MAX 64
struct link_id {
  uint8_t len;
  uint8_t b[LINK_ID_MAX];
};

struct exchange; /* opaque */
struct exchange_config {
  struct hall *hall;
  const struct signer *node_key;
  const struct clock_source *clock;
  const struct entropy_source *entropy;
  bool idle_now; /* a test's wish: send the periodic HEADS every second */
};
enum exchange_action_type { ACTION_SEND, ACTION_DIAL, ACTION_CLOSE };
/* What the transport must do. frame is borrowed until the next exchange_next. */
struct exchange_action {
  enum exchange_action_type type;
  struct link_id link;
  uint8_t curve[32];                 /* the peer's key */
  struct view frame;                 /* SEND */
  char endpoint[LIMIT_ENDPOINT + 1]; /* DIAL: where to; link is the name that the new link gets */
};
MUST_CHECK enum err_code exchange_new(const struct exchange_config *config, struct exchange **out, struct err *err);
void exchange_free(struct exchange *x); /* NULL is fine */
/* Overrides where a member is dialled (node.ini `peer.FR = tcp://…`, `serve --peer`). */
MUST_CHECK enum err_code exchange_set_peer(struct exchange *x, const char *handle, const char *endpoint, struct err *err);

/* What happened. None of them fails: what is wrong is counted with a reason. */
void exchange_link_down(struct exchange *x, const struct link_id *link, const uint8_t curve[32]);
void exchange_receive(struct exchange *x, const struct link_id *link, const uint8_t curve[32], struct view frame);
/* The send was refused by the transport (EAGAIN, unreachable): it is tried again or the link is given up. */
void exchange_send_failed(struct exchange *x, const struct link_id *link, const uint8_t curve[32], bool gone);
/* A gate's report: a handshake with a key that is no member's ("stranger"), or a dialled peer whose key does not match
 * ("key-mismatch"). */
void exchange_stranger(struct exchange *x, const uint8_t curve[32]);
/* Likewise: connections that ended before they proved a key ("handshake"). */
void exchange_handshakes_failed(struct exchange *x, uint64_t n);
void exchange_key_mismatch(struct exchange *x, const uint8_t curve[32]);
/* The own log grew (after hall_admit). */
void exchange_published(struct exchange *x);
/* Time passed: dials, retries, periodic HEADS, timeouts. Returns ms until it wants to be called again (<= 1000). */
uint64_t exchange_tick(struct exchange *x);
/* The next action; false when there is none. A SEND that returns false from the transport must be told by exchange_send_failed.
 */
bool exchange_next(struct exchange *x, struct exchange_action *out);
/* Every reachable member's heads are no further than ours, but for logs that are forked or paused, and nothing is in flight:
 * what `sync` waits for. */
bool exchange_idle(const struct exchange *x);

/* {"frontier": hex, "epoch": N, "peers": [{handle, node, state, last_heard_s, behind, ahead, dialled, endpoint, counters{},
 * note}…], "logs": [{…, "forked": query_fork.h, if it has}…], "strangers": […], "counters": {}}. The caller decrefs. NULL
 * without memory. */
json_t *exchange_status(const struct exchange *x);
/* Somebody waits (`sync`): whoever has no link is dialled at once, however long ago and however often that was in vain. */
void exchange_dial_now(struct exchange *x);
/* Asks one member for its HEADS now (`peer ping`): the round trip in ms appears as "ping_ms" in status. ERR_NOT_FOUND,
 * ERR_UNREACHABLE. */
MUST_CHECK enum err_code exchange_ping(struct exchange *x, const char *handle, struct err *err);

#endif
