/*
 * forks: logs that their owners forked (docs/protocol.md 7.5, 8.8). What contradicts what we hold becomes a doubt: where the
 * other branch parts from ours is asked of its holders, proof by proof, and what is found is evidence, which is kept, freezes
 * the log and is told to everybody once. Nobody but the owner's key can bring that about.
 */
#include <stdlib.h>
#include <string.h>

#include "node/admit.h"
#include "node/exchange/inside.h"
#include "node/forks.h"
#include "protocol/evidence.h"
#include "protocol/holds.h"

/* ---- a log that has forked ---- */

/* A generation that a cut has closed is frozen no more: the cut says which branch it is. */
static void take_over(struct exchange_log *log, const struct fork *fork) {
  log->is_forked = !log->is_closed;
  log->is_exact = fork->exact;
  log->fork_from = fork->from;
  if (!log->is_closed)
    note_set(log->note, "forked from %llu%s: its owner signed two branches", (unsigned long long)fork->from,
             fork->exact ? "" : " or below");
}

/* When we write the evidence into our own log, if nobody does before: the first who find it, one of the others if they do not.
 */
static void record_later(struct exchange *x, struct exchange_log *log, uint64_t after_ms) {
  log->record_ms = now_ms(x) + after_ms + random_below(x, 2 * after_ms);
}

void forks_load(struct exchange *x) {
  uint32_t n = 0, index = NONE;
  const struct fork *forks = hall_forks(x->config.hall, &n);
  for (uint32_t i = 0; i < n; i++) {
    struct exchange_log *log = log_of(x, &forks[i].node, forks[i].gen, &index);
    if (log == NULL) continue;
    take_over(log, &forks[i]);
    record_later(x, log, RECORD_OTHERS_MS);
  }
}

static void tell_later(struct exchange_link *l, uint32_t index) {
  l->alerts[index / 64] |= UINT64_C(1) << index % 64;
}

/* New evidence of a log is kept: it freezes, and everybody but who told us is told. */
static void kept(struct exchange *x, uint32_t index, const struct exchange_link *from) {
  struct exchange_log *log = x->logs[index];
  const struct fork *fork = hall_fork(x->config.hall, &log->node, log->gen);
  if (fork == NULL) return;
  if (!log->is_forked && !log->is_closed) tally(x, peer_by_node(x, &log->node), COUNT_CHECKPOINT_FORK, 1);
  take_over(log, fork);
  record_later(x, log, from == NULL ? RECORD_FIRST_MS : RECORD_OTHERS_MS);
  if (log->is_forked) fetch_abort(x, index);
  while (log->is_forked && log->n_milestones > 0)
    free(log->milestones[--log->n_milestones].text);
  for (uint32_t i = 0; i < x->n_links; i++) {
    struct exchange_link *l = x->links[i];
    if (l != from && l == x->peers[l->peer].link && xlink_is_open(l)) tell_later(l, index);
  }
  x->activity_ms = now_ms(x);
}

/* Judges an item and keeps it. An error of our own store is not the end of it: nobody tells it again while the session lasts.
 */
static enum err_code take(struct exchange *x, uint32_t index, struct view item, const struct exchange_link *from) {
  struct exchange_log *log = x->logs[index];
  bool is_kept = false;
  const enum err_code code = hall_evidence_take(x->config.hall, &log->node, log->gen, item, &is_kept, NULL);
  bytes_clear(&log->untaken);
  if (code == OK) {
    if (is_kept) kept(x, index, from);
  } else if (code != ERR_FORMAT && code != ERR_SIGNATURE && code != ERR_MISMATCH && code != ERR_NOT_FOUND) {
    log->untaken_ms = now_ms(x) + STORE_RETRY_MS;
    (void)!bytes_append(&log->untaken, item, NULL);
  }
  return code;
}

/* What we found ourselves. */
static void found(struct exchange *x, uint32_t index, struct view item) {
  (void)!take(x, index, item, NULL);
}

/* What our store did not keep: once more. */
static void take_again(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct bytes item;
  if (log->untaken.len == 0 || now_ms(x) < log->untaken_ms) return;
  bytes_init(&item, LIMIT_EVIDENCE);
  if (bytes_append(&item, bytes_view(&log->untaken), NULL) == OK) (void)!take(x, index, bytes_view(&item), NULL);
  bytes_release(&item);
}

/* ---- doubts ---- */

void forks_end_doubt(struct exchange_log *log) {
  free(log->doubt);
  log->doubt = NULL;
}

/* Looks for where the branch of a checkpoint parts from ours. suspect: who served entries that do not fold to it, NONE; named:
 * it had named the checkpoint itself. */
static void doubt(struct exchange *x, uint32_t index, uint32_t asked_first, struct view text, uint32_t suspect, bool named) {
  struct exchange_log *log = x->logs[index];
  if (log->is_exact || log->doubt != NULL || x->n_peers == 0 || text.len > LIMIT_CHECKPOINT) return;
  struct doubt *d = calloc(1, sizeof *d);
  if (d == NULL) return;
  if (checkpoint_read(text, &d->checkpoint, NULL) != OK) {
    free(d);
    return;
  }
  memcpy(d->text, text.p, text.len);
  d->text_len = text.len;
  d->first = asked_first;
  d->suspect = suspect;
  d->named = named;
  log->doubt = d;
  x->plan_due = true;
}

void forks_other_root(struct exchange *x, uint32_t index, uint32_t source, const struct milestone *milestone) {
  const struct exchange_log *log = x->logs[index];
  /* in this session: what it named before, it may have lost with its disk */
  const bool named = milestone->peer == source && milestone->given_ms >= x->peers[source].opened_ms;
  const bool is_final = !log->is_closed || milestone->size == log->cut_size; /* nobody goes back from the cut */
  if (named && log->size == 0 && is_final) { /* entries from 0 on: there is nothing to fork from */
    tally(x, source, COUNT_PULL_MISMATCH, 1);
  } else if (!log->is_closed) {
    doubt(x, index, source, view_of(milestone->text, milestone->len), source, named);
  }
}

/* The doubt is settled, and no fork was found. is_false: what the suspect served is not of the checkpoint's branch. That is its
 * fault if it stands for that checkpoint; else it may hold another branch, which parts from this one above what is held. */
static void settle(struct exchange *x, uint32_t index, bool is_false) {
  struct exchange_log *log = x->logs[index];
  const struct doubt *d = log->doubt;
  if (is_false && d->suspect != NONE && (d->named || d->has_proven)) tally(x, d->suspect, COUNT_PULL_MISMATCH, 1);
  log->search_ms = now_ms(x) + FAULT_FIRST_MS;
  forks_end_doubt(log);
}

/* The peer whose turn it is cannot prove that branch: the next one. */
static void ask_next(struct exchange *x, uint32_t index, bool has_answered) {
  struct doubt *d = x->logs[index]->doubt;
  const bool is_suspect = (d->first + d->n_asked) % x->n_peers == d->suspect;
  d->is_unproven |= has_answered && is_suspect && d->named;
  d->n_asked++;
  x->plan_due = true;
}

/* Asks whoever is next; when to look again. */
static uint64_t ask(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct doubt *d = log->doubt;
  const uint64_t now = now_ms(x);
  for (; d->n_asked < x->n_peers; d->n_asked++) {
    const uint32_t p = (d->first + d->n_asked) % x->n_peers;
    const struct peer *peer = &x->peers[p];
    if (peer->link == NULL || log->claims[p].size < d->checkpoint.size) continue;
    const bool is_owed = request_is_pending(x, p, index, MSG_WANT, WANT_PROOF);
    if (is_owed && now < d->asked_ms + PROOF_WAIT_MS) return d->asked_ms + PROOF_WAIT_MS;
    if (d->is_asked && d->asked == p) { /* it did not answer, or its session ended */
      d->is_asked = false;
      continue;
    }
    x->out.u.want.what = WANT_PROOF;
    x->out.u.want.node = log->node;
    x->out.u.want.gen = log->gen;
    x->out.u.want.size = d->checkpoint.size;
    x->out.u.want.other = d->at;
    x->out.u.want.kind = PROOF_INCLUSION;
    struct request *r = request_say(x, peer->link, MSG_WANT, WANT_PROOF);
    if (r == NULL) return now + TICK_MS;
    r->log = index;
    r->from = d->at;
    r->to = d->checkpoint.size;
    d->is_asked = true;
    d->asked = p;
    d->asked_ms = now;
    return now + PROOF_WAIT_MS;
  }
  settle(x, index, d->is_unproven);
  return now + TICK_MS;
}

/* A proof under the other root, verified: goes on, or ends the doubt. */
static void look(struct exchange *x, uint32_t index, const struct other_leaf *other) {
  struct exchange_log *log = x->logs[index];
  struct doubt *d = log->doubt;
  enum parting parting = PARTS_NOWHERE;
  uint64_t next = 0;
  struct bytes item;
  struct hall *h = x->config.hall;
  if (hall_parting(h, &log->node, log->gen, d->checkpoint.size, other, &parting, &next, NULL) != OK) {
    settle(x, index, false); /* an error of our own */
    return;
  }
  if (parting == PARTS_NOWHERE) {
    settle(x, index, true);
    return;
  }
  if (parting == PARTS_FURTHER) {
    d->at = next;
    d->is_asked = false;
    x->plan_due = true;
    return;
  }
  bytes_init(&item, LIMIT_EVIDENCE);
  if (hall_evidence_make(h, view_of(d->text, d->text_len), other, &item, NULL) == OK) found(x, index, bytes_view(&item));
  bytes_release(&item);
  settle(x, index, false);
}

void forks_proof(struct exchange *x, struct exchange_link *l, struct request *request) {
  const struct request r = *request;
  const struct message *m = &x->in;
  request->state = REQUEST_FREE;
  x->peers[l->peer].answered_ms = now_ms(x);
  struct doubt *d = r.log == NONE || r.state != REQUEST_PENDING ? NULL : x->logs[r.log]->doubt;
  if (d == NULL || !d->is_asked || d->asked != l->peer || d->at != r.from || d->checkpoint.size != r.to) return; /* too late */
  const struct exchange_log *log = x->logs[r.log];
  const bool is_answer = hash_equal(&m->u.proof.node, &log->node) && m->u.proof.gen == log->gen && m->u.proof.size == r.to &&
                         m->u.proof.other == r.from && m->u.proof.kind == PROOF_INCLUSION;
  const struct other_leaf other = {.index = r.from, .leaf = m->u.proof.leaf, .path = m->u.proof.path, .n_path = m->u.proof.n};
  const struct checkpoint *c = &d->checkpoint;
  if (!is_answer) tally(x, l->peer, COUNT_MESSAGE_FORMAT, 1);
  if (is_answer && merkle_inclusion_verify(r.from, r.to, &other.leaf, other.path, other.n_path, &c->root)) {
    d->has_proven |= l->peer == d->suspect;
    look(x, r.log, &other);
  } else { /* it holds another branch, or none */
    d->is_asked = false;
    ask_next(x, r.log, true);
  }
}

void forks_no_proof(struct exchange *x, uint32_t index, uint32_t peer, uint64_t code) {
  struct doubt *d = x->logs[index]->doubt;
  if (d == NULL || !d->is_asked || d->asked != peer) return;
  d->is_asked = false;
  ask_next(x, index, code == MSGERR_NOT_HELD && d->checkpoint.size <= LIMIT_PROVABLE);
}

/* Evidence that does not say where: one of its branches is not ours. */
static void search(struct exchange *x, uint32_t index) {
  struct exchange_log *log = x->logs[index];
  struct evidence e;
  struct hash own;
  struct bytes item;
  log->search_ms = now_ms(x) + FAULT_FIRST_MS;
  bytes_init(&item, LIMIT_EVIDENCE);
  if (hall_evidence(x->config.hall, &log->node, log->gen, &item, NULL) == OK &&
      evidence_read(bytes_view(&item), &e, NULL) == OK) {
    const struct checkpoint *c = &e.branches[0].checkpoint;
    if (c->size <= log->size && hall_fold(x->config.hall, &log->node, log->gen, c->size, &own, NULL) == OK) {
      const struct evidence_branch *other = &e.branches[hash_equal(&c->root, &own) ? 1 : 0];
      doubt(x, index, (uint32_t)random_below(x, x->n_peers), other->text, NONE, false);
    }
  }
  bytes_release(&item);
}

/* Evidence that came in a log, or by an import: as if it had been told. */
static void look_at_hall(struct exchange *x) {
  uint32_t n = 0, index = NONE;
  const struct fork *forks = hall_forks(x->config.hall, &n);
  for (uint32_t i = 0; i < n; i++) {
    const struct fork fork = forks[i];
    const struct exchange_log *log = log_of(x, &fork.node, fork.gen, &index);
    const bool is_known =
        log == NULL || ((log->is_forked || log->is_closed) && log->is_exact == fork.exact && log->fork_from == fork.from);
    if (!is_known) kept(x, index, NULL);
  }
}

/* Writes the evidence into our own log, where it stays, and whence whoever follows logs has it. */
static void record(struct exchange *x, struct exchange_log *log) {
  const enum err_code code = hall_admit_evidence(x->config.hall, &log->node, log->gen, NULL);
  log->record_ms = 0;
  if (code != OK && code != ERR_REFUSED && code != ERR_NOT_FOUND) record_later(x, log, RECORD_OTHERS_MS);
  if (code == OK) exchange_published(x);
}

uint64_t forks_tick(struct exchange *x) {
  const uint64_t now = now_ms(x);
  uint64_t due = now + TICK_MS;
  look_at_hall(x);
  for (uint32_t i = 0; i < x->n_logs; i++) {
    struct exchange_log *log = x->logs[i];
    take_again(x, i);
    if (log->is_exact) forks_end_doubt(log);
    if (log->is_forked && !log->is_exact && log->doubt == NULL && now >= log->search_ms && log->size > 0) search(x, i);
    if (log->is_exact && log->record_ms != 0 && now >= log->record_ms) record(x, log);
    if (log->doubt == NULL) continue;
    const uint64_t at = ask(x, i);
    due = at < due ? at : due;
  }
  return due;
}

/* ---- what contradicts ---- */

/* Two texts of one size under the owner's key, with two roots. */
static void two_texts(struct exchange *x, uint32_t index, struct view a, struct view b) {
  const struct evidence e = {.has_index = false, .branches = {{.text = a}, {.text = b}}};
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  if (evidence_write(&e, &item, NULL) == OK) found(x, index, bytes_view(&item));
  bytes_release(&item);
}

/* The checkpoint that waits, or is on its way, for that size. */
static const struct milestone *waiting(const struct exchange_log *log, uint64_t size) {
  for (uint32_t i = 0; i < log->n_slots; i++) {
    if (log->slots[i].milestone.size == size) return &log->slots[i].milestone;
  }
  for (uint32_t i = 0; i < log->n_milestones; i++) {
    if (log->milestones[i].size == size) return &log->milestones[i];
  }
  return NULL;
}

/* The root at which we stood at a size. */
static bool root_at(const struct exchange *x, const struct exchange_log *log, uint64_t size, struct hash *root) {
  if (size == log->size) *root = log->root;
  return size == log->size || hall_root_at(x->config.hall, &log->node, log->gen, size, root, NULL) == OK;
}

void forks_checkpoint(struct exchange *x, uint32_t index, uint32_t peer, struct view text, const struct checkpoint *c) {
  struct exchange_log *log = x->logs[index];
  struct hash own;
  if (log->is_exact || log->is_closed) return;
  if (c->size > log->size) {
    const struct milestone *m = waiting(log, c->size);
    if (m == NULL || hash_equal(&m->root, &c->root)) return;
    two_texts(x, index, view_of(m->text, m->len), text);
    return;
  }
  if (!root_at(x, log, c->size, &own) || hash_equal(&own, &c->root)) return;
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  if (hall_evidence_make(x->config.hall, text, NULL, &item, NULL) == OK) found(x, index, bytes_view(&item));
  bytes_release(&item);
  doubt(x, index, peer, text, NONE, false);
}

bool forks_is_as_held(struct exchange *x, const struct message *m) {
  struct checkpoint c;
  struct hash own;
  uint32_t index = NONE;
  if (m->u.ckpt.n != 1 || checkpoint_read(m->u.ckpt.texts[0], &c, NULL) != OK) return false;
  if (!hash_equal(&c.fed_id, &x->self.fed_id) || !hash_equal(&c.node, &m->u.ckpt.node) || c.gen != m->u.ckpt.gen) return false;
  const struct exchange_log *log = hash_equal(&c.node, &x->self.node) ? NULL : log_of(x, &c.node, c.gen, &index);
  return log != NULL && c.size <= log->size && root_at(x, log, c.size, &own) && hash_equal(&own, &c.root);
}

void forks_row(struct exchange *x, uint32_t index, uint32_t peer, uint64_t size, const uint8_t root8[8], bool is_head) {
  struct exchange_log *log = x->logs[index];
  struct claim *c = &log->claims[peer];
  struct hash own;
  const bool may_ask = !log->is_exact && !log->is_closed && size > 0 && size <= log->size && x->peers[peer].link != NULL &&
                       now_ms(x) >= c->doubt_before_ms && request_count(x, peer, MSG_WANT) < WANTS_MAX;
  if (!may_ask || !root_at(x, log, size, &own) || memcmp(own.b, root8, 8) == 0) return;
  x->out.u.want.what = WANT_CKPT;
  x->out.u.want.node = log->node;
  x->out.u.want.gen = log->gen;
  x->out.u.want.from = size - 1;
  struct request *r = request_say(x, x->peers[peer].link, MSG_WANT, WANT_CKPT);
  if (r == NULL) return;
  r->log = index;
  r->from = size - 1;
  r->to = size;
  r->is_doubt = is_head;
  memcpy(r->root8, root8, sizeof r->root8);
  c->doubt_before_ms = now_ms(x) + FAULT_FIRST_MS;
}

/* Rows of a HOLDS item that was kept. */
void forks_holds(struct exchange *x, const struct exchange_link *l, struct view item) {
  struct holds *holds = malloc(sizeof *holds);
  if (holds == NULL || holds_open(item, &x->self.fed_id, NULL, holds, NULL) != OK) {
    free(holds);
    return;
  }
  const uint32_t holder = peer_by_node(x, &holds->holder);
  const uint32_t peer = holder != NONE && x->peers[holder].link != NULL ? holder : l->peer;
  for (uint32_t i = 0; i < holds->n; i++) {
    const struct federation_member *m = federation_by_roll(x->federation, holds->rows[i].roll);
    uint32_t index = NONE;
    if (m == NULL || log_of(x, &m->member->node, holds->rows[i].gen, &index) == NULL) continue;
    forks_row(x, index, peer, holds->rows[i].size, holds->rows[i].root8, false);
  }
  free(holds);
}

/* ---- ALERT ---- */

void forks_greet(struct exchange *x, struct exchange_link *l) {
  for (uint32_t i = 0; i < x->n_logs; i++) {
    if (x->logs[i]->is_forked) tell_later(l, i);
  }
}

void forks_alert(struct exchange *x, struct exchange_link *l) {
  const struct hash node = x->in.u.alert.node;
  uint32_t index = NONE;
  if (log_of(x, &node, x->in.u.alert.gen, &index) == NULL)
    return; /* of a generation, or a member, that we have yet to hear of */
  switch ((int)take(x, index, x->in.u.alert.evidence, l)) {
  case ERR_FORMAT:
    tally(x, l->peer, COUNT_EVIDENCE_FORMAT, 1);
    break;
  case ERR_SIGNATURE:
    tally(x, l->peer, COUNT_EVIDENCE_SIGNATURE, 1);
    break;
  case ERR_MISMATCH:
    tally(x, l->peer, COUNT_EVIDENCE_PROOF, 1);
    break;
  default:
    break;
  }
}

static bool any_alert(const struct exchange_link *l) {
  uint64_t any = 0;
  for (size_t i = 0; i < sizeof l->alerts / sizeof l->alerts[0]; i++)
    any |= l->alerts[i];
  return any != 0;
}

uint64_t forks_due_ms(const struct exchange *x, const struct exchange_link *l) {
  if (!any_alert(l)) return now_ms(x) + TICK_MS;
  return l->alert_ms + ALERT_GAP_MS;
}

bool forks_are_due(const struct exchange *x, const struct exchange_link *l) {
  return any_alert(l) && now_ms(x) >= l->alert_ms + ALERT_GAP_MS;
}

enum err_code forks_write(struct exchange *x, struct exchange_link *l, struct bytes *payload, struct err *err) {
  uint32_t index = 0;
  while (index + 1 < x->n_logs && (l->alerts[index / 64] >> index % 64 & 1) == 0)
    index++;
  l->alerts[index / 64] &= ~(UINT64_C(1) << index % 64);
  l->alert_ms = now_ms(x);
  const struct exchange_log *log = x->logs[index];
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  enum err_code code = hall_evidence(x->config.hall, &log->node, log->gen, &item, err);
  x->out.type = MSG_ALERT;
  x->out.has_req = false;
  x->out.u.alert.node = log->node;
  x->out.u.alert.gen = log->gen;
  x->out.u.alert.evidence = bytes_view(&item);
  if (code == OK) code = message_write(&x->out, payload, err);
  bytes_release(&item);
  return code;
}
