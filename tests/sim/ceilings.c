/*
 * ceilings: see ceilings.h.
 */
#include "tests/sim/ceilings.h"

#include <inttypes.h>

#include "node/exchange/inside.h"

static void full(struct world *w, uint32_t node, const char *what, uint64_t n, uint64_t most) {
  if (n > most) world_break(w, "ceilings", "%s has %" PRIu64 " %s, at most %" PRIu64, world_name(w, node), n, what, most);
}

/* Counted here: what counts in the exchange may be what is broken. */
static uint64_t n_owed(const struct peer *p, uint64_t type) {
  uint64_t n = 0;
  for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
    const struct request *r = &p->requests[i];
    n += r->type == type && (r->state == REQUEST_PENDING || r->state == REQUEST_LEFT);
  }
  return n;
}

void ceilings_at_step(struct world *w, uint32_t node) {
  const struct exchange *x = w->sim.nodes[node].exchange;
  uint64_t n_orders = 0, accepted[FIXTURE_NODES] = {0};
  full(w, node, "links", x->n_links, LINKS_MAX);
  full(w, node, "strangers", x->n_strangers, LIMIT_STRANGERS);
  for (uint32_t i = 0; i < x->n_links; i++) {
    const struct exchange_link *l = x->links[i];
    uint64_t n_out = 0;
    for (const struct payload *p = l->out; p != NULL; p = p->next)
      n_out++;
    full(w, node, "payloads waiting for one link", n_out, QUEUE_MAX);
    full(w, node, "questions of one link", l->n_asks, ASKS_MAX);
    full(w, node, "octets of one frame", l->last.len, LIMIT_FRAME);
    if (!l->dialled) full(w, node, "accepted links of one peer", ++accepted[l->peer], LINKS_OF_PEER);
  }
  for (uint32_t p = 0; p < x->n_peers; p++) {
    full(w, node, "GETs in flight to one peer", n_owed(&x->peers[p], MSG_GET), LIMIT_GETS);
    full(w, node, "questions in flight to one peer", n_owed(&x->peers[p], MSG_WANT), REQUESTS_MAX - LIMIT_GETS);
  }
  for (uint32_t i = 0; i < x->n_logs; i++) {
    const struct exchange_log *log = x->logs[i];
    full(w, node, "milestones of one log", log->n_milestones, MILESTONES_MAX);
    full(w, node, "pulls of one log", log->n_slots, PULLS_MAX);
    full(w, node, "windows waiting of one log", log->n_stash, STASH_MAX);
    full(w, node, "holes of one log", log->n_holes, HOLES_MAX);
  }
  for (const struct order *o = x->orders; o != NULL; o = o->next)
    n_orders++;
  full(w, node, "orders", n_orders, 4 * LINKS_MAX);
}
