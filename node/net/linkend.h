/*
 * linkend: the names of links as gate and core speak of them: 'r' ‖ routing id of the ROUTER, or 'd' ‖ what core called a
 * dialled one (struct link_id of exchange.h), beside the CURVE key of whoever is at the other end; and the payloads that begin
 * with both.
 */
#ifndef SPECOLA_NODE_NET_LINKEND_H
#define SPECOLA_NODE_NET_LINKEND_H

#include "node/exchange/exchange.h"
#include "protocol/canon.h"

#define CURVE_LEN 32
#define LINK_ACCEPTED 'r'

/* A link and its other end. */
struct linkend {
  struct link_id id;
  uint8_t curve[CURVE_LEN];
};

bool linkend_equal(const struct link_id *a, const struct link_id *b);
/* True for a link that came in through the ROUTER. */
bool linkend_is_accepted(const struct link_id *link);
/* Writes link, curve: the first two elements of a payload. */
void linkend_put(struct canon_writer *w, const struct linkend *end);
/* Reads them; faults are the reader's. */
void linkend_get(struct canon_reader *r, struct linkend *out);

#endif
