/*
 * network: how it stands with each other member, out of two sources: what members say they hold (the store,
 * docs/protocol.md 8.7), and what core knows of the links while the node serves. For `where`, `explain`, and the pages that
 * show the same. Pure.
 */
#ifndef SPECOLA_NODE_NETWORK_H
#define SPECOLA_NODE_NETWORK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* To each row of members (query_where, query_holders: handle and said_s are read) adds what told has of that peer:
 *   "reach": a word of below; "last_heard_s", "behind", "ahead": as status says them, null where it does not.
 * told: {"uptime_s": N, "peers": [as in status]}; NULL: the node does not serve.
 *   linked    a session is open
 *   key       who answers there is another than the member, by its key
 *   indirect  not reached, but since this node serves its word came over others, later than anything from itself
 *   silent    not reached, and no word of it came over others either
 *   waiting   no address of it is known, and it has not dialled
 *   unasked   the node does not serve */
void network_join(json_t *members, const json_t *told);
/* One sentence of a row that was joined: how it is reached, for people, in lang ("it"; else English). Cut at size octets. */
void network_sentence(const json_t *member, const char *lang, char *out, size_t size);
/* Seconds in the unit that people would take: "12 s", "3 min", "26 h", "4 d". */
#define NETWORK_SPAN_MAX 32
void network_span(uint64_t seconds, char out[NETWORK_SPAN_MAX]);

#endif
