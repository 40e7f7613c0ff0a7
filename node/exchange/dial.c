/*
 * dial: whom to call, and when again. Up to DIAL_ALL members everybody dials everybody whose address is known. Above, each
 * dials those that node.ini pins, the next node after it on the ring of node ids (so that the federation hangs together,
 * whatever the rest), and DIAL_FEW by rendezvous hash: a choice that everybody can compute, and that moves little when members
 * come and go. Whoever could not be reached is passed over for the next one until there is a link.
 *
 * Of two open links with a peer the one dialled by the smaller node id is used; the other is closed by its dialler.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/exchange/inside.h"

_Static_assert(DIAL_ALL - 1 <= LIMIT_DIALLED, "who dials everybody has room for them");
_Static_assert(LIMIT_PINNED + 1 + DIAL_FEW <= LIMIT_DIALLED, "pinned peers leave room for the next on the ring and the chosen");

const char *dial_endpoint(const struct exchange *x, const struct peer *p) {
  if (p->is_former) return NULL;
  if (p->override[0] != '\0') return p->override;
  const struct federation_member *m = federation_by_node(x->federation, &p->node);
  if (m == NULL || !m->has_address || m->address.n_endpoints == 0) return NULL;
  const uint8_t *keys[FEDERATION_CURVES];
  return m->address.endpoints[p->endpoint_turn / federation_curves(m, keys) % m->address.n_endpoints];
}

uint64_t dial_rank(const struct exchange *x, const struct peer *p) {
  uint8_t both[2 * HASH_LEN];
  memcpy(both, x->self.node.b, HASH_LEN);
  memcpy(both + HASH_LEN, p->node.b, HASH_LEN);
  const struct hash hash = hash_sha256(view_of(both, sizeof both));
  return get_u64be(hash.b);
}

/* Whether a comes before b on the ring of node ids, seen from this node. */
static bool is_nearer(const struct exchange *x, const struct hash *a, const struct hash *b) {
  const bool a_above = hash_compare(a, &x->self.node) > 0, b_above = hash_compare(b, &x->self.node) > 0;
  return a_above != b_above ? a_above : hash_compare(a, b) < 0;
}

/* The member behind this one on the ring of node ids. */
static uint32_t next_on_ring(const struct exchange *x) {
  uint32_t next = NONE;
  for (uint32_t i = 0; i < x->n_peers; i++) {
    if (x->peers[i].is_former) continue;
    if (next == NONE || is_nearer(x, &x->peers[i].node, &x->peers[next].node)) next = i;
  }
  return next;
}

/* Whether a peer counts among those that are chosen: it has a link, or dialling it has not failed of late. */
static bool is_hopeful(const struct exchange *x, const struct peer *p) {
  return p->link != NULL || (p->dial_wait_ms < DIAL_GIVE_UP_MS && dial_endpoint(x, p) != NULL);
}

/* Whom a node dials in a large federation, beside those that are pinned. */
struct chosen {
  bool is_known;
  uint32_t next; /* on the ring */
  uint64_t rank; /* and everybody whose rank is not below: that of the last of DIAL_FEW, of those that count */
};

static struct chosen choose(const struct exchange *x) {
  uint64_t best[DIAL_FEW] = {0}; /* falling */
  for (uint32_t i = 0; i < x->n_peers; i++) {
    uint64_t rank = x->peers[i].rank;
    if (rank <= best[DIAL_FEW - 1] || !is_hopeful(x, &x->peers[i])) continue;
    for (uint32_t k = 0; k < DIAL_FEW; k++) {
      if (rank <= best[k]) continue;
      const uint64_t lower = best[k];
      best[k] = rank;
      rank = lower;
    }
  }
  return (struct chosen){true, next_on_ring(x), best[DIAL_FEW - 1]};
}

/* *chosen is made when it is needed. */
static bool is_chosen(const struct exchange *x, uint32_t peer, struct chosen *chosen) {
  const struct peer *p = &x->peers[peer];
  if (x->federation->epoch.n_members <= DIAL_ALL || p->override[0] != '\0') return true;
  if (!chosen->is_known) *chosen = choose(x);
  return peer == chosen->next || p->rank >= chosen->rank;
}

bool dial_is_chosen(const struct exchange *x, uint32_t peer) {
  struct chosen chosen = {.is_known = false};
  return is_chosen(x, peer, &chosen);
}

static void order(struct exchange *x, enum exchange_action_type type, const struct exchange_link *l, const char *endpoint) {
  struct order *o = calloc(1, sizeof *o);
  if (o == NULL) return; /* the tick gives up the link and tries again */
  o->action.type = type;
  o->action.link = l->id;
  memcpy(o->action.curve, l->curve, sizeof o->action.curve);
  if (endpoint != NULL) (void)snprintf(o->action.endpoint, sizeof o->action.endpoint, "%s", endpoint);
  *x->orders_end = o;
  x->orders_end = &o->next;
}

void dial_close(struct exchange *x, const struct exchange_link *l) {
  order(x, ACTION_CLOSE, l, NULL);
}

static void dial(struct exchange *x, uint32_t peer, const char *endpoint) {
  struct peer *p = &x->peers[peer];
  const struct federation_member *m = federation_by_node(x->federation, &p->node);
  struct link_id id;
  int n = snprintf((char *)id.b, sizeof id.b, "d%llu", (unsigned long long)x->next_dial++);
  id.len = (uint8_t)n;
  const uint8_t *keys[FEDERATION_CURVES];
  const uint32_t n_keys = m == NULL ? 0 : federation_curves(m, keys);
  struct exchange_link *l = n_keys == 0 ? NULL : xlink_add(x, &id, keys[p->endpoint_turn % n_keys], peer, true);
  p->dial_ms = now_ms(x) + p->dial_wait_ms;
  if (l == NULL) return;
  order(x, ACTION_DIAL, l, endpoint);
  session_start(&l->session);
  l->hello_due = true;
}

void dial_again(struct exchange *x, struct exchange_link *l, bool is_reopen) {
  uint32_t peer = l->peer;
  struct peer *p = &x->peers[peer];
  uint64_t now = now_ms(x);
  dial_close(x, l);
  xlink_drop(x, l);
  p->tried = true;
  p->endpoint_turn++;
  /* +-25 %, so that nodes that lost each other do not knock in step */
  uint64_t wait = p->dial_wait_ms * 3 / 4 + random_below(x, p->dial_wait_ms / 2 + 1);
  p->dial_wait_ms = p->dial_wait_ms * 2 < DIAL_LAST_MS ? p->dial_wait_ms * 2 : DIAL_LAST_MS;
  p->dial_ms = now + wait;
  if (!is_reopen) return;
  if (p->has_reopened && p->dial_ms < p->reopened_ms + REOPEN_MS) p->dial_ms = p->reopened_ms + REOPEN_MS;
  p->has_reopened = true;
  p->reopened_ms = p->dial_ms;
}

void dial_settle(struct exchange *x, uint32_t peer) {
  struct peer *p = &x->peers[peer];
  bool we_are_smaller = hash_compare(&x->self.node, &p->node) < 0;
  struct exchange_link *best = NULL, *other = NULL;
  for (uint32_t i = 0; i < x->n_links; i++) {
    struct exchange_link *l = x->links[i];
    if (l->peer != peer || !xlink_is_open(l)) continue;
    if (best == NULL || l->dialled == we_are_smaller) {
      other = best != NULL ? best : other;
      best = l;
    } else {
      other = l;
    }
  }
  xlink_use(x, peer, best);
  if (other == NULL) return;
  request_drop_link(x, other); /* asked again on the one that stays */
  if (other->dialled && !we_are_smaller) {
    dial_close(x, other);
    xlink_drop(x, other);
  }
}

/* The dial to one peer; when to look again. */
static uint64_t dial_peer(struct exchange *x, uint32_t peer, struct chosen *chosen) {
  struct peer *p = &x->peers[peer];
  uint64_t now = now_ms(x);
  struct exchange_link *l = p->dialled;
  if (l != NULL && l->session.state == SESSION_GREETED) {
    if (now < l->since_ms + HELLO_WAIT_MS) return l->since_ms + HELLO_WAIT_MS;
    tally(x, peer, COUNT_LINK_FAILED, 1);
    dial_again(x, l, false);
    chosen->is_known = false; /* it may count no more */
    l = NULL;
  }
  if (l != NULL || p->link != NULL) return now + TICK_MS;
  if (now < p->dial_ms) return p->dial_ms;
  const char *endpoint = is_chosen(x, peer, chosen) ? dial_endpoint(x, p) : NULL;
  if (endpoint == NULL) return now + TICK_MS;
  dial(x, peer, endpoint);
  return now;
}

/* Links that take nothing or say nothing although open; accepted ones that nobody opened, or that nobody has used for long. */
static void forget_silent(struct exchange *x) {
  uint64_t now = now_ms(x);
  for (uint32_t i = 0; i < x->n_links;) {
    struct exchange_link *l = x->links[i];
    bool is_used = l == x->peers[l->peer].link;
    bool is_dead = xlink_is_open(l) && now > l->heard_ms + DEAD_MS;
    bool is_over = is_dead || (l->parked && now > l->parked_ms + STALL_MAX_MS);
    if (is_over && l->dialled) {
      dial_again(x, l, false);
    } else if (!l->dialled && (is_over || (!is_used && now > l->heard_ms + SILENT_MS))) {
      dial_close(x, l);
      xlink_drop(x, l);
    } else {
      i++;
    }
  }
}

uint64_t dial_tick(struct exchange *x) {
  struct chosen chosen = {.is_known = false};
  uint64_t due = now_ms(x) + TICK_MS;
  forget_silent(x);
  for (uint32_t i = 0; i < x->n_peers; i++) {
    uint64_t at = dial_peer(x, i, &chosen);
    if (at < due) due = at;
  }
  return due;
}

bool dial_is_pending(const struct exchange *x, uint32_t peer) {
  const struct peer *p = &x->peers[peer];
  return p->link == NULL && dial_endpoint(x, p) != NULL && !p->tried && dial_is_chosen(x, peer);
}

void exchange_dial_now(struct exchange *x) {
  for (uint32_t i = 0; i < x->n_peers; i++) {
    struct peer *p = &x->peers[i];
    struct exchange_link *l = p->dialled;
    /* What was closed for an error has its own time to come back (docs/protocol.md 8.2). */
    if (p->link != NULL || (p->has_reopened && now_ms(x) < p->reopened_ms)) continue;
    if (l != NULL && l->session.state != SESSION_GREETED) continue;
    if (l != NULL) {
      dial_close(x, l);
      xlink_drop(x, l);
    }
    p->dial_wait_ms = DIAL_FIRST_MS;
    p->dial_ms = now_ms(x);
    p->tried = false;
  }
}
