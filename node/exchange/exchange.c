/*
 * exchange: the public calls. Events come in (frames, links that end, time), actions go out (send, dial, close); nothing else
 * crosses. The rest of the room is listed in inside.h.
 */
#include "node/exchange/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/exchange/inside.h"
#include "node/guarding.h"
#include "node/scrub.h"
#include "node/voter.h"

/* ---- small things that every file here uses ---- */

void tally(struct exchange *x, uint32_t peer, enum counter c, uint64_t n) {
  struct counters *counters = peer == NONE ? &x->counters : &x->peers[peer].counters;
  counters->n[c] += n;
}

uint32_t peer_by_node(const struct exchange *x, const struct hash *node) {
  for (uint32_t i = 0; i < x->n_peers; i++) {
    if (hash_equal(&x->peers[i].node, node)) return i;
  }
  return NONE;
}

static uint32_t peer_by_handle(const struct exchange *x, const char *handle) {
  for (uint32_t i = 0; i < x->n_peers; i++) {
    if (strcmp(x->peers[i].handle, handle) == 0) return i;
  }
  return NONE;
}

uint32_t peer_by_curve(const struct exchange *x, const uint8_t curve[32]) {
  const struct federation_member *m = federation_by_curve(x->federation, curve);
  const uint32_t peer = m == NULL ? NONE : peer_by_node(x, &m->member->node);
  return peer == NONE || x->peers[peer].is_former ? NONE : peer; /* who is no member, itself or others, exchanges with nobody */
}

uint64_t random_below(struct exchange *x, uint64_t n) {
  uint8_t octets[8];
  entropy_fill(x->config.entropy, octets, sizeof octets);
  return n == 0 ? 0 : get_u64be(octets) % n;
}

void note_set(char note[NOTE_MAX], const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(note, NOTE_MAX, format, args);
  va_end(args);
}

/* ---- life ---- */

enum err_code exchange_new(const struct exchange_config *config, struct exchange **out, struct err *err) {
  const struct federation *f = hall_federation(config->hall);
  if (hash_is_zero(&f->own) || config->node_key == NULL) {
    return err_set(err, ERR_REFUSED, "only a node exchanges with members");
  }
  struct exchange *x = calloc(1, sizeof *x);
  if (x == NULL) return err_set(err, ERR_MEMORY, NULL);
  x->config = *config;
  x->federation = f;
  x->self = (struct session_self){.fed_id = f->charter.fed_id, .node = f->own, .node_key = config->node_key};
  x->orders_end = &x->orders;
  x->next_req = 1;
  x->next_dial = 1;
  x->changes = 1;
  x->ratio16 = 16;
  x->activity_ms = x->tick_due_ms = now_ms(x);
  bytes_init(&x->scratch, LIMIT_DATA_RAW);
  bytes_init(&x->window, LIMIT_DATA_RAW);
  bytes_init(&x->encoded, PAYLOAD_MAX);
  if (!epochs_refresh(x)) {
    exchange_free(x);
    return err_set(err, ERR_MEMORY, NULL);
  }
  heads_refresh(x);
  forks_load(x);
  identities_refresh(x);
  *out = x;
  return OK;
}

static void log_free(struct exchange_log *log) {
  forks_end_doubt(log);
  bytes_release(&log->untaken);
  free(log->claims);
  while (log->n_milestones > 0)
    free(log->milestones[--log->n_milestones].text);
  free(log);
}

void exchange_free(struct exchange *x) {
  if (x == NULL) return;
  for (uint32_t i = 0; i < x->n_logs; i++) {
    fetch_abort(x, i);
    log_free(x->logs[i]);
  }
  free(x->logs);
  while (x->n_links > 0)
    xlink_free(x->links[--x->n_links]);
  while (x->orders != NULL) {
    struct order *o = x->orders;
    x->orders = o->next;
    free(o);
  }
  free(x->given);
  free(x->peers);
  bytes_release(&x->scratch);
  bytes_release(&x->window);
  bytes_release(&x->encoded);
  free(x);
}

enum err_code exchange_set_peer(struct exchange *x, const char *handle, const char *endpoint, struct err *err) {
  uint32_t peer = peer_by_handle(x, handle);
  if (!address_endpoint_is_valid(endpoint)) {
    (void)err_set(err, ERR_FORMAT, "peer %s: \"%s\" is no endpoint", handle, endpoint);
    (void)err_hint(err, "tcp://HOST:PORT");
    return ERR_FORMAT;
  }
  if (peer == NONE || x->peers[peer].is_former)
    return err_set(err, ERR_NOT_FOUND, "peer %s: no other member has that handle", handle);
  struct peer *p = &x->peers[peer];
  (void)snprintf(p->override, sizeof p->override, "%s", endpoint);
  p->dial_ms = now_ms(x);
  p->tried = false;
  return OK;
}

/* ---- events ---- */

void exchange_link_down(struct exchange *x, const struct link_id *link, const uint8_t curve[32]) {
  struct exchange_link *l = xlink_find(x, link, curve);
  if (l == NULL) return;
  if (l->dialled) {
    dial_again(x, l, false);
  } else {
    xlink_drop(x, l);
  }
}

void exchange_send_failed(struct exchange *x, const struct link_id *link, const uint8_t curve[32], bool gone) {
  struct exchange_link *l = xlink_find(x, link, curve);
  if (l == NULL) return;
  uint64_t now = now_ms(x);
  bool is_lost = gone || l->parked || l->last.len == 0; /* a second refusal: it is not known any more which frame is missing */
  if (is_lost) {
    exchange_link_down(x, link, curve);
    return;
  }
  tally(x, l->peer, COUNT_LINK_STALLED, l->retry_wait_ms == 0);
  if (l->retry_wait_ms == 0) l->parked_ms = now;
  l->retry_wait_ms = l->retry_wait_ms == 0 ? STALL_FIRST_MS : l->retry_wait_ms * 2;
  if (l->retry_wait_ms > STALL_LAST_MS) l->retry_wait_ms = STALL_LAST_MS;
  l->parked = true;
  l->retry_ms = now + l->retry_wait_ms;
}

void exchange_stranger(struct exchange *x, const uint8_t curve[32]) {
  struct stranger *s = NULL;
  tally(x, NONE, COUNT_STRANGER, 1);
  for (uint32_t i = 0; i < x->n_strangers; i++) {
    if (memcmp(x->strangers[i].curve, curve, 32) == 0) s = &x->strangers[i];
  }
  if (s == NULL && x->n_strangers < LIMIT_STRANGERS) {
    s = &x->strangers[x->n_strangers++];
    memcpy(s->curve, curve, sizeof s->curve);
  }
  if (s == NULL) return;
  s->n++;
  s->last_ms = now_ms(x);
}

void exchange_handshakes_failed(struct exchange *x, uint64_t n) {
  tally(x, NONE, COUNT_HANDSHAKE, n);
}

void exchange_key_mismatch(struct exchange *x, const uint8_t curve[32]) {
  uint32_t peer = peer_by_curve(x, curve);
  tally(x, peer, COUNT_KEY_MISMATCH, 1);
  if (peer == NONE) return;
  x->peers[peer].tried = true;
  x->peers[peer].key_mismatch = true;
  const struct federation_member *m = federation_by_node(x->federation, &x->peers[peer].node);
  const uint8_t *keys[FEDERATION_CURVES];
  for (uint32_t i = 0; m != NULL && federation_curves(m, keys) > 1 && i < x->n_links; i++) { /* it may serve its other key */
    struct exchange_link *l = x->links[i];
    if (!l->dialled || l->session.state != SESSION_GREETED || memcmp(l->curve, curve, sizeof l->curve) != 0) continue;
    dial_again(x, l, false);
    break;
  }
  note_set(x->peers[peer].note, "key mismatch: who answers there is not %s, or does not know us", x->peers[peer].handle);
}

void exchange_published(struct exchange *x) {
  (void)epochs_refresh(x);
  identities_refresh(x);
  heads_refresh(x);
  x->activity_ms = now_ms(x);
}

/* The head file and the outbox, when the fork guard has opened. True: more is to do at once. */
static bool guard_turn(struct exchange *x) {
  struct err err = ERR_INIT;
  bool moved = false;
  if (now_ms(x) < x->guard_due_ms) return false;
  if (hall_guard_turn(x->config.hall, &moved, &err) != OK) {
    log_line(LOG_ERROR, "guard", "what waits stays in the outbox", "why=%s", err.message);
    x->guard_due_ms = now_ms(x) + GUARD_RETRY_MS;
  }
  if (moved) exchange_published(x);
  return moved;
}

/* The own node's part in the next list of members. When to look again. */
static uint64_t voter_turn(struct exchange *x) {
  struct err err = ERR_INIT;
  bool moved = false;
  uint64_t due_ms = UINT64_MAX;
  struct hash doubted;
  if (hall_voter_turn(x->config.hall, &moved, &due_ms, &err) != OK)
    log_line(LOG_ERROR, "members", "what there is to vote on waits", "why=%s", err.message);
  if (moved) exchange_published(x);
  if (hall_voter_doubt(x->config.hall, &doubted)) {
    for (uint32_t i = 0; i < x->n_links; i++)
      if (xlink_is_open(x->links[i])) identity_ask(x, x->links[i], &doubted);
  }
  return due_ms;
}

/* What readers found damaged is asked for from now on. */
static void take_suspects(struct exchange *x) {
  struct err err = ERR_INIT;
  if (hall_take_suspects(x->config.hall, &err) != OK)
    log_line(LOG_ERROR, "scrub", "a damaged entry is not noted", "why=%s", err.message);
}

uint64_t exchange_tick(struct exchange *x) {
  uint64_t now = now_ms(x);
  if (now > x->tick_due_ms + TICK_MS) request_put_off(x, now - x->tick_due_ms); /* it was us who slept */
  if (x->plan_due && !x->asks_first) { /* questions go out before a write, which takes its time */
    x->asks_first = true;
    x->tick_due_ms = now;
    return 0;
  }
  x->asks_first = false;
  take_suspects(x);
  const bool is_busy = guard_turn(x);
  const uint64_t vote_ms = voter_turn(x);
  uint64_t due = dial_tick(x), at = request_tick(x);
  if (vote_ms < due) due = vote_ms;
  if (is_busy) due = now;
  if (at < due) due = at;
  at = holds_tick(x);
  if (at < due) due = at;
  at = forks_tick(x);
  if (at < due) due = at;
  for (uint32_t i = 0; i < x->n_logs; i++) {
    at = fetch_tick(x, i);
    if (at < due) due = at;
  }
  (void)epochs_refresh(x);
  identities_refresh(x); /* logs bring them, too */
  if (x->plan_due || now >= x->plan_due_ms) plan_run(x);
  if (x->plan_due_ms < due) due = x->plan_due_ms;
  for (uint32_t i = 0; i < x->n_links; i++) {
    at = xlink_due(x, x->links[i]);
    if (at < due) due = at;
  }
  uint64_t wait_ms = due <= now ? 0 : due - now < TICK_MS ? due - now : TICK_MS;
  x->tick_due_ms = now_ms(x) + wait_ms;
  return wait_ms;
}

bool exchange_next(struct exchange *x, struct exchange_action *out) {
  free(x->given);
  x->given = NULL;
  if (x->plan_due) plan_run(x);
  if (x->orders != NULL) {
    x->given = x->orders;
    x->orders = x->given->next;
    if (x->orders == NULL) x->orders_end = &x->orders;
    *out = x->given->action;
    return true;
  }
  for (uint32_t i = 0; i < x->n_links; i++) {
    uint32_t at = (x->turn + i) % x->n_links;
    if (!xlink_emit(x, x->links[at], out)) continue;
    x->turn = at + 1;
    return true;
  }
  return false;
}

/* Whether `sync` must still wait for one peer. */
static bool peer_is_busy(const struct exchange *x, uint32_t peer, uint64_t quiet_ms) {
  const struct peer *p = &x->peers[peer];
  struct hash own = hall_digest(x->config.hall);
  if (p->is_former) return false;
  if (p->link == NULL) return dial_is_pending(x, peer);
  if (!p->has_heads || p->link->out != NULL || p->link->n_asks > 0 || p->link->told < x->changes) return true;
  for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
    if (p->requests[i].state == REQUEST_PENDING) return true;
  }
  return !hash_equal(&p->digest, &own) && quiet_ms < IDLE_BEHIND_MS; /* it may be about to ask for what it lacks */
}

bool exchange_idle(const struct exchange *x) {
  uint64_t quiet_ms = now_ms(x) - x->activity_ms;
  if (x->plan_due || hall_is_releasing(x->config.hall) || x->orders != NULL || quiet_ms < IDLE_QUIET_MS || !plan_is_done(x))
    return false;
  for (uint32_t i = 0; i < x->n_peers; i++) {
    if (peer_is_busy(x, i, quiet_ms)) return false;
  }
  return true;
}

enum err_code exchange_ping(struct exchange *x, const char *handle, struct err *err) {
  uint32_t peer = peer_by_handle(x, handle);
  if (peer == NONE || x->peers[peer].is_former) return err_set(err, ERR_NOT_FOUND, "no other member has the handle %s", handle);
  struct peer *p = &x->peers[peer];
  if (p->link == NULL) return err_set(err, ERR_UNREACHABLE, "there is no open link to %s", handle);
  x->out.u.want.what = WANT_HEADS;
  const struct request *r = request_say(x, p->link, MSG_WANT, WANT_HEADS);
  if (r == NULL) return err_set(err, ERR_UNREACHABLE, "%s does not read what is sent to it", handle);
  p->ping_pending = true;
  p->has_ping = false;
  p->ping_req = r->req;
  p->ping_sent_ms = now_ms(x);
  return OK;
}
