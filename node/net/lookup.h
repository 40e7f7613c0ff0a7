/*
 * lookup: the address behind a name, without making anybody wait: libzmq would look names up in the thread that moves everybody's
 * messages. Numeric addresses are answered at once.
 */
#ifndef SPECOLA_NODE_NET_LOOKUP_H
#define SPECOLA_NODE_NET_LOOKUP_H

#include <stdbool.h>

#include "protocol/identity.h"

struct lookup; /* opaque */
enum lookup_state { LOOKUP_WAIT, LOOKUP_DONE, LOOKUP_FAILED };

/* Begins. endpoint: address_endpoint_is_valid. NULL: not valid, or no memory. */
struct lookup *lookup_new(const char *endpoint);
/* How it stands. DONE: numeric is the endpoint with the turn-th of its addresses (modulo their number). */
enum lookup_state lookup_step(struct lookup *l, unsigned turn, char numeric[LIMIT_ENDPOINT + 1]);
/* Ends it; one that the resolver still works on is freed by lookup_reap. NULL is fine. */
void lookup_free(struct lookup *l);
/* Frees what was ended and is done by now; wait: until all of it is. */
void lookup_reap(bool wait);

#endif
