/*
 * heal: entries that scrub found damaged (docs/store.md) are asked of peers again, whole, run by run: of one peer at a time,
 * the owner first. What comes is offered to the hall, which believes it when the run folds to the signed root.
 */
#include "node/exchange/inside.h"
#include "node/scrub.h"

#define HEAL_MOST 256u /* positions in one question */

/* The owner if it can serve now, else another that holds these entries. NONE. */
static uint32_t choose_healer(const struct exchange *x, uint32_t index, uint64_t to) {
  const struct exchange_log *log = x->logs[index];
  uint32_t best = NONE;
  const uint32_t first = xlink_turn_of(x, index);
  for (uint32_t i = 0; i < x->n_linked; i++) {
    const uint32_t p = x->linked[(i + first) % x->n_linked];
    const struct claim *c = &log->claims[p];
    bool is_fit = plan_is_eligible(x, log, p) && c->size >= to && now_ms(x) >= c->heal_before_ms;
    if (is_fit && hash_equal(&x->peers[p].node, &log->node)) return p;
    if (is_fit && best == NONE) best = p;
  }
  return best;
}

static bool is_asked(const struct exchange *x, uint32_t index) {
  for (uint32_t p = 0; p < x->n_peers; p++) {
    if (request_is_pending(x, p, index, MSG_GET, GET_HEAL)) return true;
  }
  return false;
}

void heal_run(struct exchange *x, uint32_t index) {
  const struct exchange_log *log = x->logs[index];
  struct hall *h = x->config.hall;
  struct range range = {0, 0};
  if (hall_n_damaged(h) == 0 || is_asked(x, index) ||
      hall_damaged(h, &log->node, log->gen, &range.from, &range.to, NULL) != OK) {
    return;
  }
  if (range.to - range.from > HEAL_MOST) range.to = range.from + HEAL_MOST;
  uint32_t peer = choose_healer(x, index, range.to);
  if (peer == NONE || request_count(x, peer, MSG_GET) >= LIMIT_GETS) return;
  /* Whoever gives nothing of use is asked again later, others before. */
  x->logs[index]->claims[peer].heal_before_ms = now_ms(x) + STORE_RETRY_MS;
  (void)request_get(x, peer, index, range, GET_HEAL);
}

void heal_data(struct exchange *x, struct exchange_link *l, struct request *request) {
  struct request r = *request;
  const struct message *m = &x->in;
  struct err err = ERR_INIT;
  struct view window;
  uint64_t mended = 0;
  request->state = REQUEST_FREE;
  x->peers[l->peer].answered_ms = now_ms(x);
  x->plan_due = true;
  if (r.state != REQUEST_PENDING || r.log == NONE) return; /* came too late to matter */
  struct exchange_log *log = x->logs[r.log];
  enum err_code code = fetch_is_answer(log, &r, m) ? window_open(m, &x->window, &window, &err) : ERR_FORMAT;
  if (code == OK) code = hall_heal(x->config.hall, &log->node, log->gen, r.from, window, &mended, &err);
  if (code == ERR_FORMAT || code == ERR_LIMIT || code == ERR_MISMATCH) {
    tally(x, l->peer, code == ERR_MISMATCH ? COUNT_DATA_MISMATCH : COUNT_DATA_FORMAT, 1);
    plan_fault(x, r.log, l->peer);
    return;
  }
  /* An error of our own store does not go by itself. */
  log->claims[l->peer].heal_before_ms = code == OK ? 0 : now_ms(x) + FAULT_FIRST_MS;
  if (mended > 0) x->activity_ms = now_ms(x);
}
