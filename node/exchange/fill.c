/*
 * fill: a peer may serve an entry and lack its body (ABSENT, docs/protocol.md 7.4). The entry is kept, and its body asked of
 * others: one peer at a time goes through all that is missing of a log; what it lacks too is asked of the next one.
 */
#include "node/exchange/inside.h"
#include "protocol/canon.h"

#define FILL_MOST 256u                      /* positions in one question */
#define FILL_CUT_RAW (LIMIT_DATA_SOFT / 2u) /* octets below which nobody has a reason to cut a window */

/* The owner if it can serve now, else another that holds more than `position`; NONE. */
static uint32_t choose_filler(const struct exchange *x, uint32_t index, uint64_t position) {
  const struct exchange_log *log = x->logs[index];
  uint32_t best = NONE;
  for (uint32_t i = 0; i < x->n_peers; i++) {
    uint32_t p = (i + index) % x->n_peers;
    const struct claim *c = &log->claims[p];
    if (!plan_is_eligible(x, log, p) || c->size <= position || now_ms(x) < c->absent_before_ms) continue;
    if (hash_equal(&x->peers[p].node, &log->node)) return p;
    if (best == NONE) best = p;
  }
  return best;
}

static bool ask_bodies(struct exchange *x, uint32_t index, uint64_t from) {
  struct exchange_log *log = x->logs[index];
  if (request_count(x, log->filler, MSG_GET) >= LIMIT_GETS) return false;
  struct request *r = request_new(x, log->filler, MSG_GET, GET_BODIES);
  if (r == NULL) return false;
  r->link = x->peers[log->filler].link;
  r->log = index;
  r->from = from;
  r->to = log->size - from < FILL_MOST ? log->size : from + FILL_MOST;
  x->out.type = MSG_GET;
  x->out.has_req = true;
  x->out.req = r->req;
  x->out.u.get.node = log->node;
  x->out.u.get.gen = log->gen;
  x->out.u.get.from = r->from;
  x->out.u.get.to = r->to;
  x->out.u.get.mode = GET_BODIES;
  x->out.u.get.max_bytes = LIMIT_DATA_SOFT;
  if (xlink_say(x, r->link)) return true;
  r->state = REQUEST_FREE;
  return false;
}

/* The filler has nothing more for us: another one, then. */
static void leave_filler(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct claim *c = &log->claims[log->filler];
  c->absent_wait_ms = plan_longer(c->absent_wait_ms);
  c->absent_before_ms = now_ms(x) + c->absent_wait_ms;
  log->filler = NONE;
}

/* The next absent body; false: none, or an error of the store. */
static bool next_absent(struct exchange *x, uint32_t index, uint64_t from, uint64_t *position) {
  struct exchange_log *log = x->logs[index];
  struct err err = ERR_INIT;
  enum err_code code = hall_absent(x->config.hall, &log->node, log->gen, from, position, &err);
  if (code != OK && code != ERR_NOT_FOUND) log->fill_due_ms = now_ms(x) + STORE_RETRY_MS;
  return code == OK;
}

uint64_t fill_run(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  uint64_t now = now_ms(x), position = 0;
  if (hall_bodies_missing(x->config.hall) == 0) {
    log->is_absent = false;
    log->filler = NONE;
    return now + TICK_MS;
  }
  if (log->n_slots > 0) return now + TICK_MS;
  if (now < log->fill_due_ms) return log->fill_due_ms;
  if (log->filler != NONE && request_is_pending(x, log->filler, index, MSG_GET, GET_BODIES)) return now + TICK_MS;
  if (log->filler != NONE && !plan_is_eligible(x, log, log->filler)) log->filler = NONE;
  if (log->filler != NONE && !next_absent(x, index, log->fill_at, &position)) leave_filler(x, index);
  if (log->filler == NONE) {
    log->is_absent = next_absent(x, index, 0, &position);
    log->absent_at = position;
    log->filler = log->is_absent ? choose_filler(x, index, position) : NONE;
    log->fill_at = 0;
  }
  if (log->filler == NONE) {
    log->fill_due_ms = log->is_absent ? 0 : now + TICK_MS;
    return now + TICK_MS;
  }
  if (log->claims[log->filler].size <= position) {
    leave_filler(x, index);
    return now;
  }
  (void)ask_bodies(x, index, position);
  return now + TICK_MS;
}

bool fill_is_done(const struct exchange *x, uint32_t index) {
  const struct exchange_log *log = x->logs[index];
  if (!log->is_absent) return true;
  return log->filler == NONE && choose_filler(x, index, log->absent_at) == NONE;
}

static bool holds_items(struct view window, uint64_t n) {
  struct canon_reader r = canon_reader(window);
  return canon_array(&r, FILL_MOST) == n && r.fault == NULL;
}

void fill_data(struct exchange *x, struct exchange_link *l, struct request *request) {
  struct request r = *request;
  const struct message *m = &x->in;
  struct err err = ERR_INIT;
  struct view window;
  uint64_t filled = 0;
  request->state = REQUEST_FREE;
  x->peers[l->peer].answered_ms = now_ms(x);
  x->plan_due = true;
  if (r.state != REQUEST_PENDING || r.log == NONE) return; /* came too late to matter */
  struct exchange_log *log = x->logs[r.log];
  enum err_code code = fetch_is_answer(log, &r, m) ? window_open(m, &x->window, &window, &err) : ERR_FORMAT;
  if (code == OK && !holds_items(window, m->u.data.count)) code = ERR_FORMAT;
  if (code == OK) code = hall_fill(x->config.hall, &log->node, log->gen, r.from, window, &filled, &err);
  if (code == ERR_FORMAT || code == ERR_LIMIT || code == ERR_MISMATCH) {
    tally(x, l->peer, code == ERR_MISMATCH ? COUNT_DATA_MISMATCH : COUNT_DATA_FORMAT, 1);
    plan_fault(x, r.log, l->peer);
    log->filler = NONE;
    return;
  }
  if (code != OK) {
    log->fill_due_ms = now_ms(x) + STORE_RETRY_MS;
    return;
  }
  log->fill_at = r.from + m->u.data.count;
  if (filled > 0) {
    x->activity_ms = now_ms(x);
    log->claims[l->peer].absent_wait_ms = 0;
    tally(x, l->peer, COUNT_ENTRIES_FILLED, filled);
  } else if (log->filler == l->peer && m->u.data.count < r.to - r.from && window.len < FILL_CUT_RAW) {
    leave_filler(x, r.log); /* it could have told of all of them: others shall not wait for its next words */
  }
}
