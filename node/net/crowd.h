/*
 * crowd: how many connections each member has open to the bound socket. libzmq names a connection by its descriptor in events
 * and beside messages, and a key by itself when it asks whom to let in; only a message tells which belong together. Until then
 * a let-in key is an unnamed ticket. Invariant after each crowd_settle: tickets <= open connections that have not spoken.
 */
#ifndef SPECOLA_NODE_NET_CROWD_H
#define SPECOLA_NODE_NET_CROWD_H

#include "node/net/budget.h"
#include "node/net/linkend.h"

/* Connections of one key: two dials that cross, and their predecessors that nobody buried yet. With half of BUDGET_ACCEPTED in
 * use it is half as many, with three quarters one: a few keys cannot take all places. */
#define CROWD_OF_ONE 4
#define CROWD_MAX 4096u /* connections known: as many as a gate has descriptors */

struct crowd;                     /* opaque */
struct crowd *crowd_new(void);    /* NULL without memory */
void crowd_free(struct crowd *c); /* NULL is fine */
/* Lets a connection of this key in, with a ticket. False: the key has as many as it may, or there are BUDGET_ACCEPTED; nothing
 * changed. */
bool crowd_admit(struct crowd *c, const uint8_t curve[CURVE_LEN]);
size_t crowd_members(const struct crowd *c); /* connections that were let in and have not ended */
void crowd_opened(struct crowd *c, int fd);  /* the socket accepted a connection */
void crowd_closed(struct crowd *c, int fd);  /* and this one ended */
/* After all events that waited: tickets of connections that ended before they spoke are taken back, the oldest first. */
void crowd_settle(struct crowd *c);
/* One whose key is no member's was refused, and is told of as that: its end is no failed handshake. */
void crowd_denied(struct crowd *c);
/* How many ended before they proved a key, since it was asked last: what they sent was no handshake, or too slow. */
uint64_t crowd_take_failed(struct crowd *c);
/* A message came over fd under this key. False: no such connection is open (any more). */
bool crowd_name(struct crowd *c, int fd, const uint8_t curve[CURVE_LEN]);

#endif
