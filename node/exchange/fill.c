/*
 * fill: a peer may serve an entry and lack its body (ABSENT, docs/protocol.md 7.4). The entry is kept, and its body asked of
 * others: one peer at a time goes through all that is missing of a log; what it lacks too is asked of the next one. Where it
 * stopped it goes on when its turn comes again.
 */
#include "node/exchange/inside.h"
#include "protocol/canon.h"

#define FILL_MOST 256u                      /* positions in one question */
#define FILL_CUT_RAW (LIMIT_DATA_SOFT / 2u) /* octets below which nobody has a reason to cut a window */

/* The owner if it can serve now, else another that holds more than `position`; not `not_peer`. NONE. */
static uint32_t choose_filler(const struct exchange *x, uint32_t index, uint64_t position, uint32_t not_peer) {
  const struct exchange_log *log = x->logs[index];
  uint32_t best = NONE;
  const uint32_t first = xlink_turn_of(x, index);
  for (uint32_t i = 0; i < x->n_linked; i++) {
    const uint32_t p = x->linked[(i + first) % x->n_linked];
    const struct claim *c = &log->claims[p];
    bool is_fit = p != not_peer && plan_is_eligible(x, log, p) && c->size > position && now_ms(x) >= c->absent_before_ms;
    if (is_fit && hash_equal(&x->peers[p].node, &log->node)) return p;
    if (is_fit && best == NONE) best = p;
  }
  return best;
}

static void ask_bodies(struct exchange *x, uint32_t index, uint64_t from) {
  const struct exchange_log *log = x->logs[index];
  struct range range = {from, log->size - from < FILL_MOST ? log->size : from + FILL_MOST};
  if (request_count(x, log->fill.filler, MSG_GET) < LIMIT_GETS) {
    (void)request_get(x, log->fill.filler, index, range, GET_BODIES);
  }
}

/* The filler has nothing more for us: another one, then. */
static void leave_filler(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct claim *c = &log->claims[log->fill.filler];
  c->absent_wait_ms = plan_longer(c->absent_wait_ms);
  c->absent_before_ms = now_ms(x) + c->absent_wait_ms;
  log->fill.filler = NONE;
}

/* Whether a body is absent, `from` on; after an error of the store it is asked again later. */
static enum err_code next_absent(struct exchange *x, uint32_t index, uint64_t from, uint64_t *position) {
  struct exchange_log *log = x->logs[index];
  struct err err = ERR_INIT;
  enum err_code code = hall_absent(x->config.hall, &log->node, log->gen, from, position, &err);
  if (code != OK && code != ERR_NOT_FOUND) log->fill.due_ms = now_ms(x) + STORE_RETRY_MS;
  return code;
}

/* Looks whether bodies are absent, and who can be asked for them. */
static void begin(struct exchange *x, uint32_t index) {
  struct fill *f = &x->logs[index]->fill;
  f->any = next_absent(x, index, 0, &f->first) == OK;
  f->filler = f->any ? choose_filler(x, index, f->first, NONE) : NONE;
  f->gave_ms = now_ms(x);
  if (!f->any) f->due_ms = now_ms(x) + TICK_MS;
}

uint64_t fill_run(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct fill *f = &log->fill;
  uint64_t now = now_ms(x), position = 0;
  if (hall_bodies_missing(x->config.hall) == 0) {
    f->any = false;
    f->filler = NONE;
    return now + TICK_MS;
  }
  if (log->n_slots > 0) return now + TICK_MS;
  if (now < f->due_ms) return f->due_ms;
  if (f->filler != NONE && request_is_pending(x, f->filler, index, MSG_GET, GET_BODIES)) return now + TICK_MS;
  if (f->filler != NONE && !plan_is_eligible(x, log, f->filler)) f->filler = NONE;
  if (f->filler == NONE) begin(x, index);
  if (f->filler == NONE) return now + TICK_MS;
  struct claim *c = &log->claims[f->filler];
  enum err_code code = next_absent(x, index, c->absent_next, &position);
  if (code == ERR_NOT_FOUND || (code == OK && c->size <= position)) { /* it was asked for all of them */
    c->absent_next = 0;
    leave_filler(x, index);
    return now;
  }
  if (code == OK) ask_bodies(x, index, position);
  return now + TICK_MS;
}

bool fill_is_done(const struct exchange *x, uint32_t index) {
  const struct exchange_log *log = x->logs[index];
  const struct fill *f = &log->fill;
  return !f->any || (f->filler == NONE && choose_filler(x, index, f->first, NONE) == NONE);
}

static bool holds_items(struct view window, uint64_t n) {
  struct canon_reader r = canon_reader(window);
  return canon_array(&r, FILL_MOST) == n && r.fault == NULL;
}

/* An answer that filled nothing: it could have told of all that was asked for, or there were too many such, and slow ones. */
static bool keeps_others_waiting(const struct exchange *x, const struct request *r, uint64_t count, size_t len) {
  const struct fill *f = &x->logs[r->log]->fill;
  if (count < r->to - r->from && len < FILL_CUT_RAW) return true;
  return now_ms(x) >= f->gave_ms + FILL_IDLE_MS && choose_filler(x, r->log, f->first, f->filler) != NONE;
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
  struct fill *f = &log->fill;
  if (code == ERR_FORMAT || code == ERR_LIMIT || code == ERR_MISMATCH) {
    bool is_branch = code == ERR_MISMATCH && log->is_forked; /* a body of the other one */
    if (!is_branch) tally(x, l->peer, code == ERR_MISMATCH ? COUNT_FILL_MISMATCH : COUNT_DATA_FORMAT, 1);
    plan_fault(x, r.log, l->peer);
    f->filler = NONE;
    return;
  }
  if (code != OK) {
    f->due_ms = now_ms(x) + STORE_RETRY_MS;
    return;
  }
  struct claim *c = &log->claims[l->peer];
  c->absent_next = r.from + m->u.data.count;
  if (filled > 0) {
    x->activity_ms = f->gave_ms = now_ms(x);
    c->absent_wait_ms = 0;
    tally(x, l->peer, COUNT_ENTRIES_FILLED, filled);
  } else if (f->filler == l->peer && keeps_others_waiting(x, &r, m->u.data.count, window.len)) {
    leave_filler(x, r.log);
  }
}
