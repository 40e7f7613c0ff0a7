/*
 * resolve: the address behind a name, without making anybody wait: libzmq would look names up in the thread that moves
 * everybody's messages. Numeric addresses are answered at once.
 */
#ifndef SPECOLA_NODE_NET_RESOLVE_H
#define SPECOLA_NODE_NET_RESOLVE_H

#include <stdbool.h>

#include "protocol/identity.h"

struct resolve; /* opaque */
enum resolve_state { RESOLVE_WAIT, RESOLVE_DONE, RESOLVE_FAILED };

/* Begins. endpoint: address_endpoint_is_valid. NULL: not valid, or no memory. */
struct resolve *resolve_new(const char *endpoint);
/* How it stands. DONE: numeric is the endpoint with the turn-th of its addresses (modulo their number). */
enum resolve_state resolve_step(struct resolve *l, unsigned turn, char numeric[LIMIT_ENDPOINT + 1]);
/* Ends it; one that the resolver still works on is freed by resolve_reap. NULL is fine. */
void resolve_free(struct resolve *l);
/* Frees what was ended and is done by now; wait: until all of it is. */
void resolve_reap(bool wait);

#endif
