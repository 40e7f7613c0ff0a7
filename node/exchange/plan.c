/*
 * plan: what to ask of whom. Peers' HEADS are claims; a claim above what we hold leads to WANT(CKPT), a verified checkpoint to
 * GETs. One peer at a time serves a log; logs are spread over the peers; one that lies or sleeps is left for another.
 */
#include <stdlib.h>
#include <string.h>

#include "node/exchange/inside.h"
#include "node/guarding.h"

/* ---- logs ---- */

static struct exchange_log *log_add(struct exchange *x, const struct hash *node, uint64_t gen, uint32_t *index) {
  const struct federation_member *m = federation_by_node(x->federation, node);
  if (m == NULL || gen == 0 || gen > m->identity.gen || x->n_logs == LIMIT_HEADS) return NULL;
  struct exchange_log **logs = realloc(x->logs, (x->n_logs + 1) * sizeof(struct exchange_log *));
  if (logs == NULL) return NULL;
  x->logs = logs;
  struct exchange_log *log = calloc(1, sizeof *log);
  struct claim *claims = calloc(x->n_peers + 1, sizeof *claims);
  if (log == NULL || claims == NULL) {
    free(log);
    free(claims);
    return NULL;
  }
  log->node = *node;
  log->roll = m->member->roll;
  log->gen = gen;
  log->claims = claims;
  log->source = NONE;
  log->fill.filler = NONE;
  bytes_init(&log->untaken, LIMIT_EVIDENCE);
  log->per_window = ENTRIES_FIRST;
  *index = x->n_logs;
  x->logs[x->n_logs++] = log;
  plan_close(x, *index);
  return log;
}

struct exchange_log *log_of(struct exchange *x, const struct hash *node, uint64_t gen, uint32_t *index) {
  for (uint32_t i = 0; i < x->n_logs; i++) {
    if (x->logs[i]->gen == gen && hash_equal(&x->logs[i]->node, node)) {
      *index = i;
      return x->logs[i];
    }
  }
  return log_add(x, node, gen, index);
}

/* ---- what peers say ---- */

static void claim_size(struct exchange_log *log, uint32_t peer, uint64_t size) {
  if (log->is_closed && size > log->cut_size) size = log->cut_size;
  log->claims[peer].size = size;
  if (log->claimed < size) log->claimed = size;
}

void plan_claim(struct exchange *x, uint32_t log, uint32_t peer, uint64_t size) {
  claim_size(x->logs[log], peer, size);
  x->plan_due = true;
}

uint64_t plan_longer(uint64_t wait_ms) {
  uint64_t next = wait_ms == 0 ? FAULT_FIRST_MS : wait_ms * 2;
  return next < FAULT_LAST_MS ? next : FAULT_LAST_MS;
}

static void leave(struct exchange *x, uint32_t index, uint32_t peer, uint64_t *until_ms) {
  struct exchange_log *log = x->logs[index];
  struct claim *c = &log->claims[peer];
  c->wait_ms = plan_longer(c->wait_ms);
  *until_ms = now_ms(x) + c->wait_ms;
  if (log->source == peer) fetch_abort(x, index);
  x->plan_due = true;
}

void plan_fault(struct exchange *x, uint32_t index, uint32_t peer) {
  leave(x, index, peer, &x->logs[index]->claims[peer].not_before_ms);
}

void plan_silent(struct exchange *x, uint32_t index, uint32_t peer) {
  leave(x, index, peer, &x->logs[index]->claims[peer].silent_before_ms);
}

void plan_new_session(struct exchange *x, uint32_t peer) {
  for (uint32_t i = 0; i < x->n_logs; i++)
    x->logs[i]->claims[peer].silent_before_ms = 0;
}

/* Whether a peer has a list of members that we do not have yet: it may know of members that we do not, and of cuts. */
static bool has_later_list(const struct exchange *x, uint32_t peer) {
  return x->peers[peer].epoch > x->federation->epoch.number;
}

/* A head without a checkpoint: its claim falls to what is backed. That is nobody's fault where the log was cut, or may have
 * been by a list that only the peer has: what it held then fell to a milestone below. */
static void unbacked(struct exchange *x, uint32_t index, uint32_t peer, uint64_t backed, enum counter c) {
  struct claim *claim = &x->logs[index]->claims[peer];
  tally(x, peer, c, !x->logs[index]->is_closed && !has_later_list(x, peer));
  claim->size = backed;
  claim->no_ckpt_wait_ms = plan_longer(claim->no_ckpt_wait_ms);
  if (hash_equal(&x->logs[index]->node, &x->self.node)) hall_hears_nothing_behind(x->config.hall, &x->peers[peer].node);
  claim->no_ckpt_before_ms = now_ms(x) + claim->no_ckpt_wait_ms;
}

bool plan_is_eligible(const struct exchange *x, const struct exchange_log *log, uint32_t peer) {
  const struct claim *c = &log->claims[peer];
  return x->peers[peer].link != NULL && now_ms(x) >= c->not_before_ms && now_ms(x) >= c->silent_before_ms;
}

/* ---- milestones ---- */

bool plan_keep(struct exchange_log *log, struct milestone *milestone) {
  uint32_t at = 0;
  while (at < log->n_milestones && log->milestones[at].size < milestone->size)
    at++;
  bool is_known = at < log->n_milestones && log->milestones[at].size == milestone->size;
  if (is_known) {
    struct milestone *known = &log->milestones[at];
    known->is_asked |= milestone->is_asked;
    if (known->peer == milestone->peer && known->given_ms < milestone->given_ms) known->given_ms = milestone->given_ms;
  }
  if (is_known || milestone->size <= log->size || at == MILESTONES_MAX) {
    free(milestone->text);
    return false;
  }
  if (log->n_milestones == MILESTONES_MAX) free(log->milestones[--log->n_milestones].text);
  memmove(log->milestones + at + 1, log->milestones + at, (log->n_milestones - at) * sizeof *log->milestones);
  log->milestones[at] = *milestone;
  log->n_milestones++;
  return true;
}

static void drop_old_milestones(struct exchange_log *log) {
  uint32_t n = 0;
  while (n < log->n_milestones && log->milestones[n].size <= log->size)
    free(log->milestones[n++].text);
  log->n_milestones -= n;
  memmove(log->milestones, log->milestones + n, log->n_milestones * sizeof *log->milestones);
}

static void drop_milestones(struct exchange_log *log) {
  while (log->n_milestones > 0)
    free(log->milestones[--log->n_milestones].text);
}

void plan_close(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  const struct generation *g = federation_generation(x->federation, &log->node, log->gen);
  if (g == NULL || !g->is_closed) return;
  if (log->is_closed && log->cut_size == g->cut_size && hash_equal(&log->cut_root, &g->cut_root)) return;
  fetch_abort(x, index);
  drop_milestones(log);
  log->is_closed = true;
  log->cut_size = g->cut_size;
  log->cut_root = g->cut_root;
  log->is_paused = false;
  log->is_forked = false; /* the cut says which branch it is */
  forks_end_doubt(log);
  log->needs_plan = false;
  log->note[0] = '\0';
  log->claimed = 0;
  for (uint32_t p = 0; p < x->n_peers; p++) {
    struct claim *c = &log->claims[p];
    c->not_before_ms = c->no_ckpt_before_ms = c->wait_ms = c->no_ckpt_wait_ms = 0;
    claim_size(log, p, c->size);
  }
  x->plan_due = true;
}

bool plan_back(struct exchange *x, uint32_t index, uint32_t giver) {
  struct exchange_log *log = x->logs[index];
  if (!log->is_closed || log->size >= log->cut_size) return false;
  fetch_abort(x, index);
  drop_milestones(log); /* one of the other branch may be among them: others are asked for theirs */
  if (giver != NONE) {
    struct claim *c = &log->claims[giver];
    c->no_ckpt_wait_ms = plan_longer(c->no_ckpt_wait_ms);
    c->no_ckpt_before_ms = now_ms(x) + c->no_ckpt_wait_ms;
  }
  if (log->size == 0) return false;
  const uint64_t step = UINT64_C(1) << (log->n_back < 20 ? log->n_back : 20);
  log->n_back++;
  if (hall_step_back(x->config.hall, &log->node, log->gen, step, NULL) != OK) return false;
  heads_refresh(x);
  return true;
}

/* Up to where a log that has forked is followed: its branches part there. Of one of which that is not known nothing can be told
 * to be of both. */
static uint64_t common_size(const struct exchange_log *log) {
  return log->is_exact ? log->fork_from : 0;
}

/* Of a closed generation: whether a checkpoint lies on the way to its cut, as far as one can tell. Of one that has forked:
 * whether it is of all branches. */
static bool is_on_the_way(const struct exchange_log *log, const struct checkpoint *c) {
  if (log->is_forked) return c->size <= common_size(log);
  return !log->is_closed || c->size < log->cut_size || (c->size == log->cut_size && hash_equal(&c->root, &log->cut_root));
}

/* Verifies one text and keeps it. False: counted, and the peer is at fault. */
static bool take_checkpoint(struct exchange *x, uint32_t index, uint32_t peer, struct view text, bool is_asked,
                            struct checkpoint *out) {
  struct exchange_log *log = x->logs[index];
  const struct generation *g = federation_generation(x->federation, &log->node, log->gen);
  struct checkpoint c;
  enum err_code code = g == NULL ? ERR_NOT_FOUND : checkpoint_open(text, &g->node_key, &c, NULL);
  bool is_of_log = code == OK && c.gen == log->gen && hash_equal(&c.node, &log->node) && hash_equal(&c.fed_id, &x->self.fed_id);
  if (!is_of_log) {
    tally(x, peer, code == ERR_SIGNATURE ? COUNT_CHECKPOINT_SIGNATURE : COUNT_CHECKPOINT_FORMAT, 1);
    plan_claim(x, index, peer, log->size);
    plan_fault(x, index, peer);
    return false;
  }
  *out = c;
  hall_hears_checkpoint(x->config.hall, &c);
  forks_checkpoint(x, index, peer, text, &c);
  if (c.size <= log->size || !is_on_the_way(log, &c)) return true;
  struct milestone milestone = {
      .size = c.size, .root = c.root, .peer = peer, .given_ms = now_ms(x), .is_asked = is_asked, .len = (uint32_t)text.len};
  milestone.text = malloc(text.len);
  if (milestone.text == NULL) return true;
  memcpy(milestone.text, text.p, text.len);
  if (log->claims[peer].size < c.size) claim_size(log, peer, c.size);
  (void)plan_keep(log, &milestone);
  return true;
}

/* Steps that no milestone may have: what lies behind the gap is of no use. */
static void cut_at_gap(struct exchange *x, uint32_t index, uint32_t peer, uint64_t size, uint64_t previous) {
  struct exchange_log *log = x->logs[index];
  while (log->n_milestones > 0 && log->milestones[log->n_milestones - 1].size >= size)
    free(log->milestones[--log->n_milestones].text);
  unbacked(x, index, peer, previous, COUNT_CHECKPOINT_GAP);
  log->needs_plan = false;
}

/* Judges the answer to WANT(CKPT): does it reach what was claimed, in steps that a milestone may have? */
static void judge(struct exchange *x, uint32_t index, uint32_t peer, const struct request *r, uint32_t n,
                  const struct checkpoint *last) {
  struct exchange_log *log = x->logs[index];
  const uint64_t best = last->size;
  log->needs_plan = false;
  if (r->is_doubt) { /* a later checkpoint will show it when it is pulled */
    const bool is_backed = best == r->to && memcmp(last->root.b, r->root8, sizeof r->root8) == 0;
    if (best <= r->to && !is_backed && !log->is_forked) tally(x, peer, COUNT_HEADS_MISMATCH, 1);
    return;
  }
  struct claim *claim = &log->claims[peer];
  if (log->is_forked && log->n_milestones == 0 && log->n_slots == 0) { /* it has none below the fork, or knows of no fork yet */
    claim->no_ckpt_wait_ms = plan_longer(claim->no_ckpt_wait_ms);
    claim->no_ckpt_before_ms = now_ms(x) + claim->no_ckpt_wait_ms;
  } else if (n < LIMIT_CHECKPOINTS && best < r->to && log->size < r->to) {
    unbacked(x, index, peer, best, COUNT_HEADS_UNBACKED);
  } else {
    claim->no_ckpt_wait_ms = 0;
  }
}

void plan_checkpoints(struct exchange *x, struct exchange_link *l, struct request *request) {
  const struct message *m = &x->in;
  uint32_t index = NONE, n = m->u.ckpt.n;
  struct exchange_log *log = log_of(x, &m->u.ckpt.node, m->u.ckpt.gen, &index);
  struct request r = {.state = REQUEST_FREE};
  if (request != NULL) {
    r = *request;
    request->state = REQUEST_FREE;
    x->peers[l->peer].answered_ms = now_ms(x);
  }
  x->plan_due = true;
  const struct federation_member *owner = federation_by_node(x->federation, &m->u.ckpt.node);
  const bool is_new = owner == NULL ? has_later_list(x, l->peer) : m->u.ckpt.gen > owner->identity.gen;
  if (log == NULL && request == NULL && is_new) return; /* the list, or its identity, is asked for */
  if (log == NULL || (request != NULL && r.log != index)) {
    tally(x, l->peer, COUNT_CHECKPOINT_FORMAT, 1);
    if (r.state == REQUEST_PENDING && r.log != NONE) plan_fault(x, r.log, l->peer);
    return;
  }
  uint64_t previous = r.from;
  struct checkpoint c = {.size = 0};
  for (uint32_t i = 0; i < n; i++) {
    if (!take_checkpoint(x, index, l->peer, m->u.ckpt.texts[i], request != NULL, &c)) return;
    if (previous < log->size) previous = log->size;
    if (request != NULL && c.size > previous && c.size - previous > LIMIT_MILESTONE_ENTRIES) {
      cut_at_gap(x, index, l->peer, c.size, previous);
      return;
    }
    previous = c.size;
  }
  if (r.state == REQUEST_PENDING) judge(x, index, l->peer, &r, n, &c);
}

/* ---- asking ---- */

bool plan_has_other(const struct exchange *x, const struct exchange_log *log, uint32_t not_peer) {
  uint64_t needed = log->n_slots > 0 ? log->slots[0].milestone.size : log->size + 1;
  for (uint32_t i = 0; i < x->n_linked; i++) {
    const uint32_t p = x->linked[i];
    if (p != not_peer && plan_is_eligible(x, log, p) && log->claims[p].size >= needed) return true;
  }
  return false;
}

/* The log's owner if it can serve now, else the peer with the fewest GETs in flight that holds the next milestone; ties go
 * round with the log's number. */
static uint32_t choose_source(const struct exchange *x, uint32_t index) {
  const struct exchange_log *log = x->logs[index];
  uint32_t best = NONE, best_load = LIMIT_GETS;
  if (log->n_milestones == 0) return NONE;
  const uint32_t first = xlink_turn_of(x, index);
  for (uint32_t i = 0; i < x->n_linked; i++) {
    const uint32_t p = x->linked[(i + first) % x->n_linked];
    if (!plan_is_eligible(x, log, p) || log->claims[p].size < log->milestones[0].size) continue;
    uint32_t load = request_count(x, p, MSG_GET);
    if (load < LIMIT_GETS && hash_equal(&x->peers[p].node, &log->node)) return p;
    if (load < best_load) {
      best = p;
      best_load = load;
    }
  }
  return best;
}

/* Whether somebody can serve more than we hold, be it less than the milestone that is on its way. */
static bool holds_more(const struct exchange *x, const struct exchange_log *log) {
  for (uint32_t i = 0; i < x->n_linked; i++) {
    const uint32_t p = x->linked[i];
    if (plan_is_eligible(x, log, p) && log->claims[p].size > log->size) return true;
  }
  return false;
}

/* Leaves a source that has gone, or sleeps while another could serve. When to look again. */
static uint64_t leave_slow(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  uint64_t now = now_ms(x);
  if (log->source == NONE) return now + TICK_MS;
  uint64_t at = log->data_ms + x->peers[log->source].slow_ms;
  bool is_gone = x->peers[log->source].link == NULL;
  bool is_waiting = request_is_pending(x, log->source, index, MSG_GET, GET_FULL);
  if (log->n_slots == 0 && !is_waiting) {
    log->source = NONE;
    return now + TICK_MS;
  }
  if (!is_waiting && fetch_lacks_range(log)) { /* nothing of it will come any more: anew */
    fetch_abort(x, index);
    return now;
  }
  if (!is_gone && (!is_waiting || now < at)) return is_waiting ? at : now + TICK_MS;
  if (!plan_has_other(x, log, log->source) && !(is_gone && holds_more(x, log))) return now + TICK_MS;
  if (!is_gone) {
    struct peer *p = &x->peers[log->source];
    p->slow_ms = p->slow_ms * 2 < TIMEOUT_MS ? p->slow_ms * 2 : TIMEOUT_MS; /* on slow lines everybody would be left for ever */
    log->claims[log->source].silent_before_ms = now + FAULT_FIRST_MS / 2;
    request_leave(x, log->source, index, MSG_GET, REQUEST_LEFT);
  }
  fetch_abort(x, index);
  return now;
}

static void ask_windows(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct range range;
  if (log->source == NONE) {
    log->source = choose_source(x, index);
    log->data_ms = now_ms(x);
  }
  if (log->source == NONE || x->peers[log->source].link == NULL) return;
  fetch_begin(x, index);
  while (log->source != NONE && request_count(x, log->source, MSG_GET) < LIMIT_GETS && fetch_range(log, &range)) {
    bool was_idle = !request_is_pending(x, log->source, index, MSG_GET, GET_FULL);
    if (was_idle) log->data_ms = now_ms(x);
    if (request_get(x, log->source, index, range, GET_FULL)) continue;
    fetch_ask_again(log, range);
    return;
  }
}

static void ask_checkpoints(struct exchange *x, uint32_t index, uint32_t peer, uint64_t from) {
  struct exchange_log *log = x->logs[index];
  x->out.u.want.what = WANT_CKPT;
  x->out.u.want.node = log->node;
  x->out.u.want.gen = log->gen;
  x->out.u.want.from = from;
  struct request *r = request_say(x, x->peers[peer].link, MSG_WANT, WANT_CKPT);
  if (r == NULL) return;
  r->log = index;
  r->from = from;
  r->to = log->claims[peer].size;
  log->ckpt_asked_ms = now_ms(x);
}

static bool may_be_wanted(const struct exchange *x, uint32_t index, uint32_t peer) {
  const struct exchange_log *log = x->logs[index];
  return plan_is_eligible(x, log, peer) && now_ms(x) >= log->claims[peer].no_ckpt_before_ms &&
         request_count(x, peer, MSG_WANT) < WANTS_MAX;
}

/* Whether anybody can serve up to the next milestone. Else others may hold less, but more than we do: whoever named it has
 * gone, or does not read. */
static bool is_served(const struct exchange *x, const struct exchange_log *log) {
  for (uint32_t i = 0; i < x->n_linked; i++) {
    const uint32_t p = x->linked[i];
    if (plan_is_eligible(x, log, p) && log->claims[p].size >= log->milestones[0].size) return true;
  }
  return false;
}

/* Checkpoints that are missing: one peer is asked, and a second one when the first takes its time. When to look again. */
static uint64_t want_checkpoints(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  uint64_t now = now_ms(x);
  uint64_t base = log->n_slots == 0 ? log->size : log->slots[log->n_slots - 1].milestone.size;
  bool is_far = log->n_milestones > 0 && log->milestones[0].size - base > LIMIT_MILESTONE_ENTRIES;
  bool from_base = log->n_milestones == 0 || log->needs_plan || is_far || (log->n_slots == 0 && !is_served(x, log));
  uint64_t from = from_base ? base : log->milestones[log->n_milestones - 1].size;
  if (!from_base && log->n_milestones > PULLS_MAX) return now + TICK_MS;
  uint32_t n_pending = 0, best = NONE;
  const uint32_t first = xlink_turn_of(x, index);
  for (uint32_t i = 0; i < x->n_linked; i++) { /* nothing is asked of the others, nor can be */
    const uint32_t p = x->linked[(i + first) % x->n_linked];
    if (request_is_pending(x, p, index, MSG_WANT, WANT_CKPT)) {
      n_pending++;
    } else if (log->claims[p].size > from && may_be_wanted(x, index, p) &&
               (best == NONE || log->claims[p].size > log->claims[best].size)) {
      best = p;
    }
  }
  if (best == NONE || n_pending > 2) return now + TICK_MS;
  if (n_pending > 0 && now < log->ckpt_asked_ms + ASK_AGAIN_MS) return log->ckpt_asked_ms + ASK_AGAIN_MS;
  bool may_come_unasked = !log->needs_plan && !is_far && log->claims[best].size - base <= LIMIT_MILESTONE_ENTRIES;
  if (may_come_unasked && now < log->ckpt_wait_ms) return log->ckpt_wait_ms;
  ask_checkpoints(x, index, best, from);
  return now + ASK_AGAIN_MS;
}

/* Says so when a log goes on somewhere, but nobody serves it. */
static void note_withheld(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  uint64_t most = 0;
  bool any = log->is_forked; /* which its note says already */
  for (uint32_t i = 0; i < x->n_linked; i++) {
    const uint32_t p = x->linked[i];
    if (log->claims[p].size <= log->size) continue;
    any |= plan_is_eligible(x, log, p);
    if (log->claims[p].size > most) most = log->claims[p].size;
  }
  if (most > 0 && !any) note_set(log->note, "withheld at %llu", (unsigned long long)most);
}

/* Whether there is more of a log somewhere, or it is on its way. Asked of every log at every turn: mostly there is not. */
static bool goes_on(const struct exchange *x, struct exchange_log *log) {
  if (log->is_forked && log->size >= common_size(log)) return false;
  bool any = log->n_slots > 0;
  if (!any && log->claimed <= log->size) return false;
  for (uint32_t p = 0; p < x->n_peers && !any; p++)
    any = log->claims[p].size > log->size;
  if (!any) log->claimed = log->size;
  return any && hall_may_begin(x->config.hall, &log->node, log->gen);
}

void plan_run(struct exchange *x) {
  uint64_t now = now_ms(x), due = now + TICK_MS;
  x->plan_due = false;
  for (uint32_t i = 0; i < x->n_logs; i++) {
    struct exchange_log *log = x->logs[i];
    drop_old_milestones(log);
    heal_run(x, i);
    uint64_t fill = fill_run(x, i);
    due = fill < due ? fill : due;
    if (!goes_on(x, log)) continue;
    if (now < log->retry_ms) {
      due = log->retry_ms < due ? log->retry_ms : due;
      continue;
    }
    uint64_t slow = leave_slow(x, i);
    ask_windows(x, i);
    uint64_t again = want_checkpoints(x, i);
    note_withheld(x, i);
    if (slow < due) due = slow;
    if (again < due) due = again;
  }
  x->plan_due_ms = due;
}

bool plan_is_done(const struct exchange *x) {
  for (uint32_t i = 0; i < x->n_logs; i++) {
    const struct exchange_log *log = x->logs[i];
    if (log->n_slots > 0 || !fill_is_done(x, i)) return false;
    if (log->is_paused || (log->is_forked && log->size >= common_size(log))) continue;
    for (uint32_t p = 0; p < x->n_peers; p++) {
      const bool may_give = !log->is_forked || now_ms(x) >= log->claims[p].no_ckpt_before_ms;
      if (log->claims[p].size > log->size && may_give && plan_is_eligible(x, log, p)) return false;
    }
  }
  return true;
}
