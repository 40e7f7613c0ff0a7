/*
 * request: what was asked of a peer and has not been answered. A peer owes an answer within TIMEOUT_MS of the question or of
 * its last answer, whichever is later, and within DEADLINE_MS in any case.
 */
#include "node/exchange/inside.h"

static bool is_owed(const struct request *r) {
  return r->state == REQUEST_PENDING || r->state == REQUEST_LEFT;
}

/* One of those that a peer may still owe, and takes it off `left`, which begins as peer.owed. NULL: that was all. */
static struct request *next_owed(const struct exchange *x, uint32_t peer, uint32_t *left) {
  if (*left == 0) return NULL;
  const uint32_t at = (uint32_t)__builtin_ctz(*left);
  *left &= *left - 1;
  return &x->peers[peer].requests[at];
}

/* NULL when there is none free. */
static struct request *request_new(struct exchange *x, uint32_t peer, uint64_t type, uint64_t what) {
  struct request *table = x->peers[peer].requests;
  struct request *found = NULL;
  for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
    struct request *r = &table[i];
    if (r->state == REQUEST_FREE) {
      found = r;
      break;
    }
    bool is_older = r->state == REQUEST_CANCELLED && (found == NULL || r->sent_ms < found->sent_ms);
    if (is_older) found = r;
  }
  if (found == NULL) return NULL;
  x->peers[peer].owed |= UINT32_C(1) << (found - table);
  *found = (struct request){
      .state = REQUEST_PENDING, .type = type, .what = what, .req = x->next_req++, .log = NONE, .sent_ms = now_ms(x)};
  return found;
}

struct request *request_say(struct exchange *x, struct exchange_link *l, uint64_t type, uint64_t what) {
  struct request *r = request_new(x, l->peer, type, what);
  if (r == NULL) return NULL;
  r->link = l;
  x->out.type = type;
  x->out.has_req = true;
  x->out.req = r->req;
  if (xlink_say(x, l)) return r;
  r->state = REQUEST_FREE;
  return NULL;
}

bool request_get(struct exchange *x, uint32_t peer, uint32_t index, struct range range, uint64_t mode) {
  const struct exchange_log *log = x->logs[index];
  x->out.u.get.node = log->node;
  x->out.u.get.gen = log->gen;
  x->out.u.get.from = range.from;
  x->out.u.get.to = range.to;
  x->out.u.get.mode = mode == GET_HEAL ? GET_FULL : mode;
  x->out.u.get.max_bytes = LIMIT_DATA_SOFT;
  struct request *r = request_say(x, x->peers[peer].link, MSG_GET, mode);
  if (r == NULL) return false;
  r->log = index;
  r->from = range.from;
  r->to = range.to;
  return true;
}

struct request *request_find(struct exchange *x, uint32_t peer, uint64_t req) {
  for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
    struct request *r = &x->peers[peer].requests[i];
    if (r->state != REQUEST_FREE && r->req == req) return r;
  }
  return NULL;
}

uint32_t request_count(const struct exchange *x, uint32_t peer, uint64_t type) {
  uint32_t n = 0, left = x->peers[peer].owed;
  for (const struct request *r; (r = next_owed(x, peer, &left)) != NULL;)
    n += r->type == type && is_owed(r);
  return n;
}

bool request_is_pending(const struct exchange *x, uint32_t peer, uint32_t log, uint64_t type, uint64_t what) {
  uint32_t left = x->peers[peer].owed;
  for (const struct request *r; (r = next_owed(x, peer, &left)) != NULL;) {
    if (r->state == REQUEST_PENDING && r->log == log && r->type == type && r->what == what) return true;
  }
  return false;
}

void request_leave(struct exchange *x, uint32_t peer, uint32_t log, uint64_t type, enum request_state state) {
  for (uint32_t p = 0; p < x->n_peers; p++) {
    uint32_t left = peer != NONE && p != peer ? 0 : x->peers[p].owed;
    for (struct request *r; (r = next_owed(x, p, &left)) != NULL;) {
      if (r->log == log && r->type == type && r->state == REQUEST_PENDING) r->state = state;
    }
  }
}

/* A range that will not come on that link is asked for again. */
static void cancel(struct exchange *x, uint32_t peer, struct request *r) {
  bool was_pending = r->state == REQUEST_PENDING;
  r->state = REQUEST_CANCELLED;
  r->link = NULL;
  x->plan_due = true;
  if (r->type == MSG_WANT && r->what == WANT_IDENT) x->peers[peer].ident_asked = false;
  if (was_pending && r->type == MSG_GET && r->what == GET_FULL && r->log != NONE) {
    fetch_ask_again(x->logs[r->log], (struct range){r->from, r->to});
  }
}

void request_drop_link(struct exchange *x, const struct exchange_link *l) {
  struct peer *p = &x->peers[l->peer];
  for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
    struct request *r = &p->requests[i];
    if (r->link == l && is_owed(r)) cancel(x, l->peer, r);
    if (r->link == l) r->link = NULL;
  }
}

static uint64_t deadline(const struct peer *p, const struct request *r) {
  uint64_t from = p->answered_ms > r->sent_ms ? p->answered_ms : r->sent_ms;
  uint64_t soft = from + TIMEOUT_MS, hard = r->sent_ms + DEADLINE_MS;
  return soft < hard ? soft : hard;
}

/* One answer that did not come: counted once, whatever else the peer owes. */
static void time_out(struct exchange *x, uint32_t peer, struct request *late) {
  struct peer *p = &x->peers[peer];
  uint32_t log = late->log, left = p->owed;
  tally(x, peer, COUNT_TIMEOUT, 1);
  p->ping_pending = false;
  for (struct request *r; (r = next_owed(x, peer, &left)) != NULL;) {
    bool is_late = is_owed(r) && (r->log == log || deadline(p, r) <= now_ms(x));
    if (is_late && r->log != NONE && r->log != log) plan_silent(x, r->log, peer);
    if (is_late) cancel(x, peer, r);
  }
  if (log != NONE) plan_silent(x, log, peer);
}

static void put_off(uint64_t *at, uint64_t by, uint64_t now) {
  *at = *at + by < now ? *at + by : now;
}

void request_put_off(struct exchange *x, uint64_t by_ms) {
  uint64_t now = now_ms(x);
  for (uint32_t i = 0; i < x->n_peers; i++) {
    struct peer *p = &x->peers[i];
    put_off(&p->answered_ms, by_ms, now);
    for (uint32_t k = 0; k < REQUESTS_MAX; k++)
      put_off(&p->requests[k].sent_ms, by_ms, now);
  }
  for (uint32_t i = 0; i < x->n_logs; i++)
    put_off(&x->logs[i]->data_ms, by_ms, now);
  for (uint32_t i = 0; i < x->n_links; i++) {
    struct exchange_link *l = x->links[i];
    put_off(&l->since_ms, by_ms, now);
    put_off(&l->heard_ms, by_ms, now);
    put_off(&l->parked_ms, by_ms, now);
  }
}

uint64_t request_tick(struct exchange *x) {
  uint64_t now = now_ms(x), due = now + TICK_MS;
  struct peer *const peers = x->peers;
  for (uint32_t i = 0; i < x->n_peers; i++) {
    struct peer *p = &peers[i];
    uint32_t left = p->owed;
    for (struct request *r; (r = next_owed(x, i, &left)) != NULL;) {
      if (!is_owed(r)) {
        p->owed &= ~(UINT32_C(1) << (r - p->requests));
        continue;
      }
      uint64_t at = deadline(p, r);
      if (at <= now) {
        time_out(x, i, r);
      } else if (at < due) {
        due = at;
      }
    }
  }
  return due;
}
