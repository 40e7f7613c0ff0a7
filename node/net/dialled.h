/*
 * dialled: one link that we opened: a DEALER to a peer's ROUTER, with the CURVE key that the peer must have. One connection and
 * no more: when it ends, or never comes about, the link is over, and core decides about the next. So a session never lives on
 * silently in a connection that libzmq made anew.
 */
#ifndef SPECOLA_NODE_NET_DIALLED_H
#define SPECOLA_NODE_NET_DIALLED_H

#include "node/net/router.h"

#define DIAL_MS 15000 /* from the order to dial to the end of the handshake */

struct dialled; /* opaque */

/* Begins to dial to->curve at endpoint under the name to->id. turn: which of several addresses of a name to take (rises with
 * failed attempts). ERR_FORMAT (endpoint), ERR_MEMORY. */
MUST_CHECK enum err_code dialled_new(const struct linkend *to, const char *endpoint, unsigned turn, uint64_t now_ms,
                                     struct dialled **out, struct err *err);
void dialled_free(struct dialled *d); /* NULL is fine */
const struct linkend *dialled_end(const struct dialled *d);
/* For the poll; NULL while the name is looked up. */
void *dialled_socket(struct dialled *d);
void *dialled_monitor(struct dialled *d);
bool dialled_is_waiting(const struct dialled *d); /* for its name: call dialled_step soon again */

enum dialled_state {
  DIALLED_ALIVE,   /* looking up, connecting, or connected */
  DIALLED_DOWN,    /* over: nobody there, connection lost, time out */
  DIALLED_BROKEN,  /* the other end hung up during the handshake: another key, if it does so again */
  DIALLED_MISMATCH /* over: the handshake failed: not the key that was expected, or we are not the one whom they expect */
};
/* Moves on; number makes the monitor's name unique. */
enum dialled_state dialled_step(struct dialled *d, void *zmq_context, const struct curve_key *key, uint64_t number,
                                uint64_t now_ms);
bool dialled_was_up(const struct dialled *d); /* the handshake succeeded once */
enum received dialled_receive(struct dialled *d, zmq_msg_t *frame);
/* Before there is a connection one frame (HELLO) is kept. */
enum sent dialled_send(struct dialled *d, struct view frame);

#endif
