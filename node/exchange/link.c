/*
 * link: one line to a peer: its session, what waits to be said on it, and the frame that goes out next.
 *
 * Payloads wait unsigned and are signed when they leave, so that counters rise in the order of sending. Answers are made when
 * their turn comes, never before: a peer that does not read costs one frame of memory.
 */
#include <stdlib.h>
#include <string.h>

#include "node/exchange/inside.h"

#define NO_SESSION_GAP_MS 100u
#define LAST_KEPT 16384u /* octets of memory that a link keeps from one frame to the next */

bool xlink_is_open(const struct exchange_link *l) {
  return l->session.state == SESSION_OPEN;
}

/* ---- coming and going ---- */

struct exchange_link *xlink_find(struct exchange *x, const struct link_id *id, const uint8_t curve[32]) {
  for (uint32_t i = 0; i < x->n_links; i++) {
    struct exchange_link *l = x->links[i];
    bool is_it = l->id.len == id->len && memcmp(l->id.b, id->b, id->len) == 0 && memcmp(l->curve, curve, sizeof l->curve) == 0;
    if (is_it) return l;
  }
  return NULL;
}

static void queue_clear(struct exchange_link *l) {
  while (l->out != NULL) {
    struct payload *p = l->out;
    l->out = p->next;
    bytes_release(&p->bytes);
    free(p);
  }
  l->out_end = &l->out;
  l->n_out = 0;
}

void xlink_free(struct exchange_link *l) {
  if (l == NULL) return;
  queue_clear(l);
  bytes_release(&l->last);
  free(l);
}

/* Room for one more accepted link of a peer: its oldest one that is not in use goes. */
static void make_room(struct exchange *x, uint32_t peer) {
  struct exchange_link *oldest = NULL;
  uint32_t n = 0;
  for (uint32_t i = 0; i < x->n_links; i++) {
    struct exchange_link *l = x->links[i];
    if (l->peer != peer || l->dialled) continue;
    n++;
    if (l != x->peers[peer].link && (oldest == NULL || l->heard_ms < oldest->heard_ms)) oldest = l;
  }
  if (n >= LINKS_OF_PEER && oldest != NULL) xlink_drop(x, oldest);
}

struct exchange_link *xlink_add(struct exchange *x, const struct link_id *id, const uint8_t curve[32], uint32_t peer,
                                bool dialled) {
  const struct federation_member *m = federation_by_node(x->federation, &x->peers[peer].node);
  if (!dialled) make_room(x, peer);
  if (m == NULL || x->n_links == LINKS_MAX) return NULL;
  struct exchange_link *l = calloc(1, sizeof *l);
  if (l == NULL) return NULL;
  l->id = *id;
  memcpy(l->curve, curve, sizeof l->curve);
  l->peer = peer;
  l->dialled = dialled;
  l->since_ms = l->heard_ms = now_ms(x);
  l->out_end = &l->out;
  bytes_init(&l->last, LIMIT_FRAME);
  struct nonce own = {.b = {0}};
  entropy_fill(x->config.entropy, own.b, sizeof own.b);
  session_init(&l->session, &x->self, dialled, &m->member->node, &m->identity.node_key, own);
  x->links[x->n_links++] = l;
  if (dialled) x->peers[peer].dialled = l;
  return l;
}

void xlink_reset(struct exchange *x, struct exchange_link *l) {
  struct peer *p = &x->peers[l->peer];
  request_drop_link(x, l);
  queue_clear(l);
  l->n_asks = 0;
  memset(l->holds, 0, sizeof l->holds);
  memset(l->alerts, 0, sizeof l->alerts);
  l->heads_whole = l->heads_heard = false;
  l->told = 0;
  l->parked = false;
  l->retry_wait_ms = 0;
  if (p->link == l) {
    xlink_use(x, l->peer, NULL);
    p->ping_pending = false;
    tally(x, l->peer, COUNT_LINK_LOST, 1);
    dial_settle(x, l->peer);
  }
  x->plan_due = true;
}

void xlink_drop(struct exchange *x, struct exchange_link *l) {
  l->session.state = SESSION_CLOSED;
  xlink_reset(x, l);
  if (x->peers[l->peer].dialled == l) x->peers[l->peer].dialled = NULL;
  for (uint32_t i = 0; i < x->n_links; i++) {
    if (x->links[i] != l) continue;
    x->links[i] = x->links[--x->n_links];
    break;
  }
  xlink_free(l);
}

uint32_t xlink_turn_of(const struct exchange *x, uint32_t index) {
  uint32_t at = 0;
  while (at < x->n_linked && x->linked[at] < index % x->n_peers)
    at++;
  return at < x->n_linked ? at : 0;
}

void xlink_use(struct exchange *x, uint32_t peer, struct exchange_link *l) {
  struct exchange_link *before = x->peers[peer].link;
  uint32_t at = 0;
  x->peers[peer].link = l;
  if ((l == NULL) == (before == NULL)) return;
  while (at < x->n_linked && x->linked[at] < peer)
    at++;
  if (l == NULL) {
    x->n_linked--;
    memmove(x->linked + at, x->linked + at + 1, (x->n_linked - at) * sizeof *x->linked);
  } else {
    memmove(x->linked + at + 1, x->linked + at, (x->n_linked - at) * sizeof *x->linked);
    x->linked[at] = peer;
    x->n_linked++;
  }
}

/* ---- opening ---- */

/* Asks a peer for its identities and address, once a run, and whenever it speaks of a newer identity. */
static void ask_ident(struct exchange *x, struct exchange_link *l) {
  struct peer *p = &x->peers[l->peer];
  const struct federation_member *m = federation_by_node(x->federation, &p->node);
  bool is_newer = m != NULL && l->session.hello.identity_version > m->identity.version;
  if (!p->ident_asked || is_newer) identity_ask(x, l, &p->node);
}

/* Whether the peer's HELLO is of our epoch; a later one is no fault, and is asked for when its HEADS come. */
static void look_at_epoch(struct exchange *x, struct exchange_link *l) {
  struct peer *p = &x->peers[l->peer];
  const struct hello *hello = &l->session.hello;
  p->epoch = hello->epoch;
  p->key_mismatch = false;
  p->digest = hello->frontier_digest;
  if (hello->epoch > x->federation->epoch.number) {
    note_set(p->note, "speaks of epoch %llu, ours is %llu", (unsigned long long)hello->epoch,
             (unsigned long long)x->federation->epoch.number);
  } else {
    p->note[0] = '\0';
  }
}

/* Newly opened accepted links of a peer replace its older ones: their other end is gone. */
static void drop_older(struct exchange *x, struct exchange_link *l) {
  for (uint32_t i = 0; i < x->n_links;) {
    struct exchange_link *old = x->links[i];
    if (old != l && old->peer == l->peer && old->dialled == l->dialled) {
      xlink_drop(x, old);
    } else {
      i++;
    }
  }
}

void xlink_opened(struct exchange *x, struct exchange_link *l) {
  uint32_t peer = l->peer;
  struct peer *p = &x->peers[peer];
  uint64_t now = now_ms(x);
  tally(x, peer, COUNT_LINK_OPENED, 1);
  x->peers[peer].opened_ms = now_ms(x);
  drop_older(x, l);
  p->tried = true;
  p->dial_wait_ms = DIAL_FIRST_MS;
  p->slow_ms = SLOW_MS;
  plan_new_session(x, peer);
  l->heads_whole = true;
  l->heads_ms = 0;
  l->told = 0;
  l->regular_ms = now + (x->config.idle_now ? HEADS_NOW_MS : HEADS_EVERY_MS);
  look_at_epoch(x, l);
  const struct exchange_link *before = p->link;
  dial_settle(x, peer); /* this may be the end of l, whose HEADS never come then */
  if (p->link != before) p->has_heads = false;
  if (p->link != NULL) ask_ident(x, p->link);
  if (p->link != NULL) holds_ask(x, p->link);
  if (p->link != NULL) forks_greet(x, p->link);
  x->plan_due = true;
}

/* ---- saying ---- */

bool xlink_say(struct exchange *x, struct exchange_link *l) {
  if (l->n_out >= QUEUE_MAX) return false;
  struct payload *p = calloc(1, sizeof *p);
  if (p == NULL) return false;
  bytes_init(&p->bytes, PAYLOAD_MAX);
  if (message_write(&x->out, &p->bytes, NULL) != OK) {
    bytes_release(&p->bytes);
    free(p);
    return false;
  }
  *l->out_end = p;
  l->out_end = &p->next;
  l->n_out++;
  return true;
}

bool xlink_say_error(struct exchange *x, struct exchange_link *l, bool has_req, uint64_t req, enum message_error code,
                     uint64_t retry_after_s) {
  x->out.type = MSG_ERR;
  x->out.has_req = has_req;
  x->out.req = req;
  x->out.u.error.code = code;
  x->out.u.error.text = view_of_text(message_error_name(code));
  x->out.u.error.retry_after = retry_after_s;
  return xlink_say(x, l);
}

/* ---- the next frame ---- */

static bool frame_out(struct exchange *x, struct exchange_link *l, struct exchange_action *out) {
  *out = (struct exchange_action){.type = ACTION_SEND, .link = l->id, .frame = bytes_view(&l->last)};
  memcpy(out->curve, l->curve, sizeof out->curve);
  tally(x, l->peer, COUNT_FRAMES_SENT, 1);
  tally(x, l->peer, COUNT_OCTETS_SENT, l->last.len);
  return true;
}

static bool emit_no_session(struct exchange *x, struct exchange_link *l, struct exchange_action *out) {
  l->no_session_due = false;
  if (session_no_session_frame(&l->last, NULL) != OK) return false;
  l->no_session_ms = now_ms(x);
  return frame_out(x, l, out);
}

static bool emit_hello(struct exchange *x, struct exchange_link *l, struct exchange_action *out) {
  if (identity_is_ahead(x) && !l->ident_said) {
    l->ident_said = true;
    if (identity_ahead(x, &l->last, NULL) == OK) return frame_out(x, l, out);
    bytes_clear(&l->last);
  }
  l->ident_said = false;
  struct hello hello = {.identity_version = x->own_identity_version,
                        .epoch = x->federation->epoch.number,
                        .epoch_hash = x->federation->epoch.hash,
                        .frontier_digest = hall_digest(x->config.hall)};
  l->hello_due = false;
  if (session_hello(&l->session, &hello, &l->last, NULL) != OK) return false;
  session_sent(&l->session);
  return frame_out(x, l, out);
}

/* The first HEADS, what is queued, later HEADS, ALERTs, HOLDS, answers: in this order. */
static enum err_code next_payload(struct exchange *x, struct exchange_link *l, struct bytes *payload, bool *any) {
  *any = true;
  if (l->heads_whole && l->told == 0) return heads_write(x, l, NULL, payload, NULL);
  if (l->out != NULL) {
    struct payload *p = l->out;
    l->out = p->next;
    if (l->out == NULL) l->out_end = &l->out;
    l->n_out--;
    enum err_code code = bytes_append(payload, bytes_view(&p->bytes), NULL);
    bytes_release(&p->bytes);
    free(p);
    return code;
  }
  if (heads_are_due(x, l)) return heads_write(x, l, NULL, payload, NULL);
  if (forks_are_due(x, l)) return forks_write(x, l, payload, NULL);
  if (holds_are_due(x, l)) return holds_write(x, l, payload, NULL);
  if (l->n_asks > 0) return answer_write(x, l, payload, NULL);
  *any = false;
  return OK;
}

static bool emit_payload(struct exchange *x, struct exchange_link *l, struct exchange_action *out) {
  bool any = true;
  while (any) {
    bytes_clear(&x->encoded);
    enum err_code code = next_payload(x, l, &x->encoded, &any);
    if (code != OK || x->encoded.len == 0) continue; /* this one cannot be said; the next */
    if (session_frame(&l->session, bytes_view(&x->encoded), &l->last, NULL) != OK) continue;
    session_sent(&l->session);
    return frame_out(x, l, out);
  }
  return false;
}

/* False: its burst is full for now. */
static bool has_room(struct exchange_link *l, uint64_t now) {
  if (now >= l->burst_ms + BURST_GAP_MS) {
    l->burst_ms = now;
    l->n_burst = 0;
  }
  return l->n_burst < BURST_MAX;
}

/* The largest frame of each of a hundred links is more than a machine should lend them for ever. */
static void last_clear(struct exchange_link *l) {
  if (l->last.capacity > LAST_KEPT) {
    bytes_release(&l->last);
  } else {
    bytes_clear(&l->last);
  }
}

static bool emit(struct exchange *x, struct exchange_link *l, struct exchange_action *out) {
  uint64_t now = now_ms(x);
  if (l->parked) {
    if (now < l->retry_ms) return false;
    l->parked = false;
    return frame_out(x, l, out);
  }
  if (l->retry_wait_ms > 0 && now < l->retry_ms + STALL_CLEAR_MS) return false; /* was it taken this time? */
  l->retry_wait_ms = 0;
  last_clear(l);
  if (l->no_session_due && now >= l->no_session_ms + NO_SESSION_GAP_MS) return emit_no_session(x, l, out);
  if (l->hello_due) return emit_hello(x, l, out);
  return xlink_is_open(l) && emit_payload(x, l, out);
}

bool xlink_emit(struct exchange *x, struct exchange_link *l, struct exchange_action *out) {
  if (!has_room(l, now_ms(x)) || !emit(x, l, out)) return false;
  l->n_burst++;
  return true;
}

uint64_t xlink_due(const struct exchange *x, const struct exchange_link *l) {
  uint64_t now = now_ms(x);
  if (l->parked) return l->retry_ms;
  if (l->retry_wait_ms > 0 && now < l->retry_ms + STALL_CLEAR_MS) return l->retry_ms + STALL_CLEAR_MS;
  if (l->hello_due) return now + 1; /* the caller takes what there is after each tick: no hurry */
  if (l->no_session_due) return l->no_session_ms + NO_SESSION_GAP_MS;
  if (!xlink_is_open(l)) return now + TICK_MS;
  if (l->n_burst >= BURST_MAX && now < l->burst_ms + BURST_GAP_MS) return l->burst_ms + BURST_GAP_MS;
  const uint64_t holds = holds_due_ms(x, l);
  if (l->out != NULL || l->n_asks > 0 || holds <= now) return now + 1;
  const uint64_t heads = heads_due_ms(x, l), alert = forks_due_ms(x, l), soon = heads < alert ? heads : alert;
  return holds < soon ? holds : soon;
}
