/*
 * epochs: who is a member now. Epochs asked for and told (docs/protocol.md 6.5), and what follows from a new one: peers come,
 * those that are members no more are left, with their links; the logs of both stay where they are in the tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/exchange/inside.h"

#define ITEM_MAX (PAYLOAD_MAX - 4096u) /* octets of epoch items in one answer */
#define WAIT_FIRST_MS 10000u           /* after an epoch that is not to be believed; twice as long each time, up to */
#define WAIT_MOST_MS 3600000u

/* ---- telling ---- */

enum err_code epochs_answer(struct exchange *x, uint64_t from, struct bytes *payload, struct err *err) {
  size_t ends[MESSAGE_ITEMS + 1] = {0};
  uint32_t n = 0;
  struct bytes storage;
  bytes_init(&storage, (size_t)2 * ITEM_MAX);
  enum err_code code = from == 0 || from > x->federation->epoch.number ? err_set(err, ERR_NOT_FOUND, "no such epoch") : OK;
  for (uint64_t number = from; code == OK && n < MESSAGE_ITEMS && number <= x->federation->epoch.number; number++) {
    code = federation_epoch_item(hall_store(x->config.hall), x->federation, number, &storage, err);
    if (code == OK && n > 0 && storage.len > ITEM_MAX) break;
    ends[++n] = storage.len;
  }
  x->out.type = MSG_EPOCH;
  x->out.u.epoch.n = n;
  for (uint32_t i = 0; i < n; i++)
    x->out.u.epoch.items[i] = view_of(storage.p + ends[i], ends[i + 1] - ends[i]);
  if (code == OK) code = message_write(&x->out, payload, err);
  bytes_release(&storage);
  return code;
}

/* ---- asking, and being told ---- */

void epochs_ask(struct exchange *x, struct exchange_link *l) {
  const uint64_t next = x->federation->epoch.number + 1;
  if (x->peers[l->peer].epoch < next || now_ms(x) < x->peers[l->peer].epoch_before_ms ||
      request_is_pending(x, l->peer, NONE, MSG_WANT, WANT_EPOCH))
    return;
  x->out.u.want.what = WANT_EPOCH;
  x->out.u.want.epoch = next;
  (void)!request_say(x, l, MSG_WANT, WANT_EPOCH);
}

/* An item of that peer that does not make the next epoch here: it is not asked for it again before a while, others are. */
static void put_off(struct exchange *x, struct peer *p, const struct err *err) {
  const uint64_t longer = 2 * p->epoch_wait_ms;
  p->epoch_wait_ms = longer == 0 ? WAIT_FIRST_MS : longer < WAIT_MOST_MS ? longer : WAIT_MOST_MS;
  p->epoch_before_ms = now_ms(x) + p->epoch_wait_ms;
  note_set(p->note, "its list of members no. %llu is not believed: %s", (unsigned long long)x->federation->epoch.number + 1,
           err->message);
}

void epochs_hope(struct exchange *x, struct exchange_link *l) {
  x->peers[l->peer].epoch_before_ms = 0;
  epochs_ask(x, l);
}

void epochs_receive(struct exchange *x, struct exchange_link *l) {
  const uint64_t before = x->federation->epoch.number;
  struct peer *p = &x->peers[l->peer];
  struct err err = ERR_INIT;
  struct hash lacking = {{0}};
  bool changed = false;
  enum err_code code = OK;
  for (uint32_t i = 0; i < x->in.u.epoch.n && code == OK; i++)
    code = hall_epoch(x->config.hall, x->in.u.epoch.items[i], &changed, &lacking, &err);
  if (code == ERR_FORMAT) tally(x, l->peer, COUNT_EPOCH_FORMAT, 1);
  if (code == ERR_SIGNATURE || code == ERR_MISMATCH || code == ERR_INCOMPLETE || code == ERR_REFUSED)
    tally(x, l->peer, COUNT_EPOCH_QUORUM, 1);
  if (code != OK) put_off(x, p, &err);
  if (code != OK && !hash_is_zero(&lacking)) identity_ask(x, l, &lacking);
  if (x->federation->epoch.number == before) return;
  x->activity_ms = now_ms(x);
  if (code != OK) return;
  p->epoch_wait_ms = 0;
  p->note[0] = '\0';
  epochs_ask(x, l); /* there may be more */
}

/* ---- what follows ---- */

/* Room for so many peers, here and in the claims of each log. */
static bool reserve(struct exchange *x, uint32_t n) {
  struct peer *peers = realloc(x->peers, (n + 1) * sizeof *peers);
  if (peers == NULL) return false;
  x->peers = peers;
  memset(x->peers + x->n_peers, 0, (n + 1 - x->n_peers) * sizeof *peers);
  for (uint32_t i = 0; i < x->n_logs; i++) {
    struct claim *claims = realloc(x->logs[i]->claims, (n + 1) * sizeof *claims);
    if (claims == NULL) return false;
    x->logs[i]->claims = claims;
    memset(claims + x->n_peers, 0, (n + 1 - x->n_peers) * sizeof *claims);
  }
  return true;
}

static void peer_add(struct exchange *x, const struct member *m) {
  struct peer *p = &x->peers[x->n_peers++];
  p->node = m->node;
  (void)snprintf(p->handle, sizeof p->handle, "%s", m->handle);
  p->dial_ms = p->quota_ms = now_ms(x);
  p->dial_wait_ms = DIAL_FIRST_MS;
  p->rank = dial_rank(x, p);
}

/* Nobody's member any more: its links end, and what it said of logs counts no more. */
static void peer_leave(struct exchange *x, uint32_t peer) {
  for (uint32_t i = 0; i < x->n_links;) {
    struct exchange_link *l = x->links[i];
    if (l->peer != peer) {
      i++;
      continue;
    }
    dial_close(x, l);
    xlink_drop(x, l);
  }
  for (uint32_t i = 0; i < x->n_logs; i++)
    plan_claim(x, i, peer, 0);
  x->peers[peer].has_heads = false;
  x->peers[peer].note[0] = '\0';
}

static uint32_t count_new(const struct exchange *x) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < x->federation->n_members; i++) {
    const struct hash *node = &x->federation->rows[i].node;
    n += !hash_equal(node, &x->self.node) && peer_by_node(x, node) == NONE;
  }
  return n;
}

/* Who had this list before us named logs that we passed over: of whoever came with it. */
static void ask_again(struct exchange *x, uint64_t before) {
  for (uint32_t i = 0; i < x->n_links; i++) {
    struct exchange_link *l = x->links[i];
    const struct peer *p = &x->peers[l->peer];
    if (l == p->link && p->epoch > before && p->epoch <= x->self.epoch) heads_ask(x, l);
  }
}

bool epochs_refresh(struct exchange *x) {
  const struct federation *f = x->federation;
  const struct federation_member *self = federation_self(f);
  if (hash_equal(&x->self.epoch_hash, &f->epoch.hash)) return true;
  if (!reserve(x, x->n_peers + count_new(x))) {
    log_line(LOG_ERROR, "exchange", "no memory for another member", "epoch=%llu", (unsigned long long)f->epoch.number);
    return false; /* tried again with the next turn */
  }
  for (uint32_t i = 0; i < f->n_members; i++) {
    const struct member *row = &f->rows[i];
    if (!hash_equal(&row->node, &x->self.node) && peer_by_node(x, &row->node) == NONE) peer_add(x, row);
    const uint32_t peer = peer_by_node(x, &row->node);
    if (peer == NONE) continue;
    const bool was_former = x->peers[peer].is_former;
    x->peers[peer].is_former = self == NULL || f->members[i].until != 0;
    if (x->peers[peer].is_former && !was_former) peer_leave(x, peer);
  }
  const uint64_t before = x->self.epoch;
  x->self.epoch = f->epoch.number;
  x->self.epoch_hash = f->epoch.hash;
  x->own_identity_version = self == NULL ? 0 : self->identity.version;
  for (uint32_t i = 0; i < x->n_links; i++) /* places among the members are others now */
    memset(x->links[i]->holds, 0, sizeof x->links[i]->holds);
  for (uint32_t i = 0; i < x->n_logs; i++)
    plan_close(x, i);
  x->identities = 0;
  x->changes++; /* the digest is another: everybody is told */
  x->plan_due = true;
  ask_again(x, before);
  return true;
}
