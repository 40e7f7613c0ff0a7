/*
 * budget: how much the gate lets libzmq hold. It lives in a bounded address space (256 MiB: confine.c), and every peer may be
 * hostile: fill its queue towards us, or read nothing of what we send. So both the queues of a link and the number of links are
 * bounded: what others can fill by themselves stays below BUDGET_RECEIVED, and with what they asked us for and then do not read
 * below BUDGET_OCTETS. That takes more than half of all links, each a member's that asks for the largest answers at once; then
 * the gate ends, and another one begins.
 *
 * The queues are the same however many links there are: libzmq lets them be changed on a living connection, but then loses
 * wake-ups (a side that believes its queue full is told of room only every so many reads). With a receive queue of one message
 * a ROUTER does not wake at all (libzmq 4.3.4).
 */
#ifndef SPECOLA_NODE_NET_BUDGET_H
#define SPECOLA_NODE_NET_BUDGET_H

#include <stdint.h>

#include "protocol/limits.h"

#define BUDGET_ACCEPTED 32u               /* connections of members to the bound socket */
#define BUDGET_SEND 8u                    /* that wait to be sent: what core says at one go; of two refused the link is lost */
#define BUDGET_RECEIVE 2u                 /* that wait for the gate, which does nothing else than to take them */
#define BUDGET_IN_HAND 2u                 /* beside the queues: one in the decoder, one in the encoder */
#define BUDGET_OCTETS UINT64_C(402653184) /* of them all: 384 MiB */
#define BUDGET_RECEIVED UINT64_C(134217728) /* of all that come in: 128 MiB */

_Static_assert((uint64_t)(BUDGET_ACCEPTED + LIMIT_DIALLED) * (BUDGET_SEND + BUDGET_RECEIVE + BUDGET_IN_HAND) * LIMIT_FRAME <=
                   BUDGET_OCTETS,
               "every link may fill its queues");
_Static_assert((uint64_t)(BUDGET_ACCEPTED + LIMIT_DIALLED) * (BUDGET_RECEIVE + 1) * LIMIT_FRAME <= BUDGET_RECEIVED,
               "nobody needs to be asked for that");

#endif
