/*
 * fetch: DATA into the hall. Some milestones of a log are on their way at once: while the first is written, the authors of the
 * others are verified, and what they lack is asked for. Windows that come before their turn wait in a stash. All entries of
 * unfinished milestones come from one peer (log->source), so that it is known whose fault it is when they do not fold.
 */
#include <stdlib.h>
#include <string.h>

#include "node/exchange/inside.h"

static uint64_t log_end(const struct exchange_log *log) {
  return log->n_slots == 0 ? log->size : log->slots[log->n_slots - 1].milestone.size;
}

static bool slot_is_complete(const struct slot *s) {
  return s->next == s->milestone.size;
}

static struct slot *slot_to_feed(struct exchange_log *log) {
  for (uint32_t i = 0; i < log->n_slots; i++) {
    if (!slot_is_complete(&log->slots[i])) return &log->slots[i];
  }
  return NULL;
}

/* ---- beginning and ending ---- */

/* Index of the milestone to go to from `base`: those that came unasked are skipped in favour of a later one within reach. */
static bool choose_milestone(struct exchange_log *log, uint64_t base, uint64_t claimed, uint32_t *out) {
  bool any = false;
  for (uint32_t i = 0; i < log->n_milestones; i++) {
    const struct milestone *m = &log->milestones[i];
    if (m->size <= base) continue;
    if (m->size > claimed || m->size - base > LIMIT_MILESTONE_ENTRIES) break;
    *out = i;
    any = true;
    if (m->is_asked) break;
  }
  return any;
}

static struct milestone take_milestone(struct exchange_log *log, uint32_t at) {
  struct milestone m = log->milestones[at];
  for (uint32_t i = 0; i < at; i++)
    free(log->milestones[i].text);
  log->n_milestones -= at + 1;
  memmove(log->milestones, log->milestones + at + 1, log->n_milestones * sizeof *log->milestones);
  return m;
}

/* An error that is ours, not the peer's: the log rests. */
static void rest(struct exchange *x, uint32_t index, const struct err *err) {
  struct exchange_log *log = x->logs[index];
  fetch_abort(x, index);
  log->retry_wait_ms = log->retry_wait_ms == 0 ? STORE_RETRY_MS : log->retry_wait_ms * 2;
  if (log->retry_wait_ms > DIAL_LAST_MS) log->retry_wait_ms = DIAL_LAST_MS;
  log->retry_ms = now_ms(x) + log->retry_wait_ms;
  note_set(log->note, "%s%s", err->code == ERR_REFUSED ? "" : "cannot be written: ", err->message);
}

/* More than a milestone may hold: there must be others in between. When they were asked for, `culprit` is at fault by `c`. */
static void too_far(struct exchange *x, uint32_t index, bool is_asked, uint32_t culprit, enum counter c) {
  struct exchange_log *log = x->logs[index];
  fetch_abort(x, index);
  if (is_asked) {
    tally(x, culprit, c, 1);
    plan_fault(x, index, culprit);
  }
  while (log->n_milestones > 0)
    free(log->milestones[--log->n_milestones].text);
  log->needs_plan = true;
  x->plan_due = true;
}

void fetch_begin(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  uint32_t at = 0;
  while (log->n_slots < PULLS_MAX && choose_milestone(log, log_end(log), log->claims[log->source].size, &at)) {
    uint64_t from = log_end(log);
    struct slot slot = {.next = from, .milestone = take_milestone(log, at)};
    struct err err = ERR_INIT;
    struct view text = view_of(slot.milestone.text, slot.milestone.len);
    enum err_code code = hall_pull_begin(x->config.hall, text, from, &slot.pull, &err);
    log->is_paused = code == ERR_REFUSED && log->n_slots == 0;
    if (code == OK) {
      if (log->n_slots == 0) log->next = from;
      log->slots[log->n_slots++] = slot;
      continue;
    }
    if (code == ERR_REFUSED && log->n_slots > 0) { /* what is on its way may end */
      (void)plan_keep(log, &slot.milestone);
      return;
    }
    free(slot.milestone.text);
    if (code == ERR_LIMIT) {
      too_far(x, index, slot.milestone.is_asked, slot.milestone.peer, COUNT_CHECKPOINT_GAP);
    } else if (code == ERR_SIGNATURE || code == ERR_FORMAT) {
      tally(x, slot.milestone.peer, COUNT_CHECKPOINT_SIGNATURE, 1);
      plan_fault(x, index, slot.milestone.peer);
    } else if (code != ERR_MISMATCH) {
      rest(x, index, &err);
    }
    return;
  }
}

static void stash_drop(struct exchange_log *log, uint32_t at) {
  bytes_release(&log->stash[at].raw);
  log->stash[at] = log->stash[--log->n_stash];
}

void fetch_abort(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  request_leave(x, NONE, index, MSG_GET, REQUEST_CANCELLED);
  while (log->n_slots > 0) {
    struct slot *s = &log->slots[--log->n_slots];
    hall_pull_abort(s->pull);
    (void)plan_keep(log, &s->milestone);
  }
  while (log->n_stash > 0)
    stash_drop(log, log->n_stash - 1);
  log->n_holes = 0;
  log->source = NONE;
  x->plan_due = true;
}

/* ---- which positions to ask for ---- */

/* There is always room: what is pending and what is to be asked again are LIMIT_GETS ranges at most, since an answer leaves one
 * range or none, and fresh positions are asked for only when no hole is left. */
void fetch_ask_again(struct exchange_log *log, struct range range) {
  if (log->n_slots == 0 || range.to <= range.from || log->n_holes == HOLES_MAX) return;
  log->holes[log->n_holes++] = range;
}

static bool take_hole(struct exchange_log *log, struct range *out) {
  uint32_t lowest = 0;
  if (log->n_holes == 0) return false;
  for (uint32_t i = 1; i < log->n_holes; i++) {
    if (log->holes[i].from < log->holes[lowest].from) lowest = i;
  }
  *out = log->holes[lowest];
  log->holes[lowest] = log->holes[--log->n_holes];
  return true;
}

static bool has_fresh_range(const struct exchange_log *log) {
  return log->n_slots > 0 && log->next < log_end(log) && log->n_stash + LIMIT_GETS < STASH_MAX;
}

bool fetch_lacks_range(struct exchange_log *log) {
  return slot_to_feed(log) != NULL && log->n_holes == 0 && !has_fresh_range(log);
}

bool fetch_range(struct exchange_log *log, struct range *out) {
  if (take_hole(log, out)) return true;
  if (!has_fresh_range(log)) return false;
  uint32_t i = 0;
  while (log->slots[i].milestone.size <= log->next)
    i++; /* a window belongs to one milestone; has_fresh_range: there is one that reaches further */
  uint64_t left = log->slots[i].milestone.size - log->next;
  uint64_t windows = (left + log->per_window - 1) / log->per_window;
  uint64_t n = (left + windows - 1) / windows; /* even ones: no small rest */
  *out = (struct range){log->next, log->next + n};
  log->next += n;
  return true;
}

/* How many entries fill a window of this log, as far as one can tell. */
static void learn_window(struct exchange_log *log, const struct request *r, uint64_t count, size_t encoded) {
  uint64_t fit = count * LIMIT_DATA_SOFT / (encoded == 0 ? 1 : encoded);
  if (count < r->to - r->from && fit > count) fit = count; /* it was cut, so no more go in */
  fit -= fit / 8;                                          /* a window that is cut costs another question for its rest */
  if (fit < 1) fit = 1;
  log->per_window = fit < LIMIT_MILESTONE_ENTRIES ? fit : LIMIT_MILESTONE_ENTRIES;
}

/* ---- DATA ---- */

static void blame(struct exchange *x, uint32_t index, enum counter c) {
  uint32_t source = x->logs[index]->source;
  tally(x, source, c, 1);
  plan_fault(x, index, source);
}

/* False: the pull has ended. */
static bool feed(struct exchange *x, uint32_t index, struct slot *slot, uint64_t count, struct view window) {
  struct err err = ERR_INIT;
  enum err_code code = hall_pull_add(slot->pull, window, &err);
  if (code == OK && hall_pull_next(slot->pull) != slot->next + count) code = ERR_FORMAT;
  if (code == OK) {
    slot->next += count;
    slot->fed_ms = now_ms(x);
    return true;
  }
  if (code == ERR_FORMAT) {
    blame(x, index, COUNT_DATA_FORMAT);
  } else if (code == ERR_MISMATCH) {
    blame(x, index, COUNT_DATA_MISMATCH);
  } else if (code == ERR_LIMIT) {
    /* octets that nobody has signed for yet: they say nothing of who gave the checkpoint, and who did not may hold another
     * branch */
    const uint32_t source = x->logs[index]->source;
    too_far(x, index, slot->milestone.is_asked && slot->milestone.peer == source, source, COUNT_DATA_LIMIT);
  } else {
    rest(x, index, &err);
  }
  return false;
}

/* False: no room. */
static bool stash_put(struct exchange_log *log, uint64_t from, uint64_t count, struct view window) {
  struct window w = {.from = from, .count = count};
  bytes_init(&w.raw, LIMIT_DATA_RAW);
  if (log->n_stash == STASH_MAX || bytes_append(&w.raw, window, NULL) != OK) {
    bytes_release(&w.raw);
    return false;
  }
  log->stash[log->n_stash++] = w;
  return true;
}

/* Feeds what waits for its turn. */
static void drain(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  for (uint32_t i = 0; i < log->n_stash;) {
    struct slot *slot = slot_to_feed(log);
    struct window *w = &log->stash[i];
    if (slot == NULL || w->from != slot->next) {
      i++;
      continue;
    }
    if (!feed(x, index, slot, w->count, bytes_view(&w->raw))) return;
    stash_drop(log, i);
    i = 0;
  }
}

bool fetch_is_answer(const struct exchange_log *log, const struct request *r, const struct message *m) {
  return hash_equal(&m->u.data.node, &log->node) && m->u.data.gen == log->gen && m->u.data.from == r->from &&
         m->u.data.count <= r->to - r->from;
}

void fetch_data(struct exchange *x, struct exchange_link *l, struct request *request) {
  struct request r = *request;
  const struct message *m = &x->in;
  request->state = REQUEST_FREE;
  x->peers[l->peer].answered_ms = now_ms(x);
  x->plan_due = true;
  if (r.state != REQUEST_PENDING || r.log == NONE) return; /* came too late to matter */
  struct exchange_log *log = x->logs[r.log];
  struct view window;
  struct err err = ERR_INIT;
  enum err_code code = fetch_is_answer(log, &r, m) ? window_open(m, &x->window, &window, &err) : ERR_FORMAT;
  if (code == ERR_MEMORY) {
    rest(x, r.log, &err);
    return;
  }
  if (code != OK) {
    blame(x, r.log, COUNT_DATA_FORMAT);
    return;
  }
  uint64_t from = m->u.data.from, count = m->u.data.count;
  x->activity_ms = log->data_ms = now_ms(x);
  learn_window(log, &r, count, m->u.data.window.len);
  struct slot *slot = slot_to_feed(log);
  bool is_next = slot != NULL && slot->next == from;
  bool is_kept = is_next || stash_put(log, from, count, window);
  fetch_ask_again(log, (struct range){is_kept ? from + count : from, r.to});
  if (is_next && feed(x, r.log, slot, count, window)) drain(x, r.log);
}

/* ---- into the store ---- */

/* Ends the first pull. False: it failed, and all of them are gone. */
static bool finish_first(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct slot done = log->slots[0];
  struct pull_result result;
  struct err err = ERR_INIT;
  uint64_t before = log->size;
  enum err_code code = hall_pull_finish(done.pull, &result, &err);
  log->slots[0].pull = NULL;
  if (code == ERR_MISMATCH) {
    const uint32_t source = log->source;
    if (plan_back(x, index, done.milestone.peer)) return false;
    if (result.other_root) { /* of another branch, or of none */
      forks_other_root(x, index, source, &done.milestone);
    } else {
      tally(x, source, COUNT_PULL_MISMATCH, 1);
    }
    plan_fault(x, index, source);
    return false;
  }
  if (code == ERR_REFUSED) { /* the log grew by other hands than ours, as in an import: from there on, then */
    fetch_abort(x, index);
    heads_refresh(x);
    return false;
  }
  if (code != OK) {
    rest(x, index, &err);
    return false;
  }
  free(done.milestone.text);
  log->n_slots--;
  memmove(log->slots, log->slots + 1, log->n_slots * sizeof *log->slots);
  log->retry_wait_ms = 0;
  log->n_back = 0;
  if (!log->is_forked) log->note[0] = '\0';
  log->claims[log->source].wait_ms = 0;
  tally(x, log->source, COUNT_PULL_DONE, 1);
  tally(x, log->source, COUNT_ENTRIES_PULLED, done.milestone.size - before);
  if (log->n_slots == 0) log->source = NONE;
  heads_refresh(x);
  x->plan_due = true;
  return true;
}

uint64_t fetch_tick(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  uint64_t now = now_ms(x);
  if (log->n_slots == 0 || !slot_is_complete(&log->slots[0])) return now + TICK_MS;
  bool is_followed = log->n_slots == 1 || log->slots[1].next > log->slots[0].milestone.size;
  uint64_t soon = log->data_ms + OVERLAP_MS, last = log->slots[0].fed_ms + OVERLAP_LAST_MS;
  uint64_t until = is_followed ? now : soon < last ? soon : last;
  if (now < until) return until;
  return finish_first(x, index) && log->n_slots > 0 && slot_is_complete(&log->slots[0]) ? now : now + TICK_MS;
}
