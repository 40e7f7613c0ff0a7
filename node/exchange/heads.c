/*
 * heads: who has how much. What we tell (whole after opening and when asked, then what changed), and what others tell us, which
 * moves nothing until a checkpoint covers it (docs/protocol.md 8.3).
 */
#include <stdlib.h>
#include <string.h>

#include "node/exchange/inside.h"
#include "node/guarding.h"

void heads_refresh(struct exchange *x) {
  uint32_t n = 0;
  const struct hall_head *heads = hall_heads(x->config.hall, &n);
  for (uint32_t i = 0; i < n; i++) {
    uint32_t index = NONE;
    struct exchange_log *log = log_of(x, &heads[i].node, heads[i].gen, &index);
    if (log == NULL || (log->size == heads[i].size && hash_equal(&log->root, &heads[i].root))) continue;
    log->size = heads[i].size;
    log->root = heads[i].root;
    log->changed = ++x->changes;
    log->grown_ms = now_ms(x);
    x->plan_due = true;
  }
  for (uint32_t i = 0; i < x->n_logs; i++) { /* one that a cut has taken down to nothing */
    struct exchange_log *log = x->logs[i];
    if (log->size > 0 && hall_head(x->config.hall, &log->node, log->gen) == NULL) {
      log->size = 0;
      log->changed = ++x->changes;
      x->plan_due = true;
    }
  }
}

/* ---- telling ---- */

static uint64_t gap_ms(const struct exchange *x) {
  return x->federation->epoch.n_members > MANY_MEMBERS ? HEADS_GAP_MANY_MS : HEADS_GAP_MS;
}

uint64_t heads_due_ms(const struct exchange *x, const struct exchange_link *l) {
  if (l != x->peers[l->peer].link) return l->heads_whole ? now_ms(x) : now_ms(x) + TICK_MS;
  if (l->heads_whole) return now_ms(x);
  if (l->told > 0 && l->told_epoch != x->federation->epoch.number) return now_ms(x); /* ahead of answers that are of it */
  uint64_t soon = l->heads_ms + gap_ms(x);
  return l->told < x->changes && soon < l->regular_ms ? soon : l->regular_ms;
}

bool heads_are_due(const struct exchange *x, const struct exchange_link *l) {
  if (!l->heads_whole && l != x->peers[l->peer].link) return false;
  return now_ms(x) >= heads_due_ms(x, l);
}

static int compare_rows(const void *a, const void *b) {
  const struct head *p = a, *q = b;
  if (p->roll != q->roll) return p->roll < q->roll ? -1 : 1;
  return p->gen < q->gen ? -1 : p->gen > q->gen;
}

/* The rows of logs that changed since `told`, by rising (roll, gen). */
static uint32_t write_rows(const struct exchange *x, uint64_t told, struct head *rows) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < x->n_logs && n < LIMIT_HEADS; i++) {
    const struct exchange_log *log = x->logs[i];
    if (log->size == 0 || log->changed <= told) continue;
    rows[n] = (struct head){.roll = log->roll, .gen = log->gen, .size = log->size};
    memcpy(rows[n].root8, log->root.b, sizeof rows[n].root8);
    n++;
  }
  qsort(rows, n, sizeof *rows, compare_rows);
  return n;
}

/* At most four logs: their newest checkpoints follow, to a peer that may lack them. */
static void checkpoints_follow(struct exchange *x, struct exchange_link *l, uint64_t told) {
  struct bytes storage;
  bytes_init(&storage, (size_t)LIMIT_CHECKPOINT * LIMIT_CHECKPOINTS);
  for (uint32_t i = 0; i < x->n_logs; i++) {
    const struct exchange_log *log = x->logs[i];
    if (log->size == 0 || log->changed <= told || log->claims[l->peer].size >= log->size) continue;
    bytes_clear(&storage);
    x->out.has_req = false;
    if (answer_checkpoints(x, &log->node, log->gen, 0, true, &storage, NULL) == OK) (void)xlink_say(x, l);
  }
  bytes_release(&storage);
}

enum err_code heads_write(struct exchange *x, struct exchange_link *l, const struct ask *asked, struct bytes *payload,
                          struct err *err) {
  struct message *m = &x->out;
  const bool is_first = l->told == 0;
  uint64_t now = now_ms(x), told = l->heads_whole || asked != NULL ? 0 : l->told;
  uint64_t every = x->config.idle_now ? HEADS_NOW_MS : HEADS_EVERY_MS * 4 / 5 + random_below(x, HEADS_EVERY_MS * 2 / 5);
  m->type = MSG_HEADS;
  m->has_req = asked != NULL && asked->has_req;
  m->req = m->has_req ? asked->req : 0;
  m->u.heads.epoch = x->federation->epoch.number;
  m->u.heads.frontier_digest = hall_digest(x->config.hall);
  m->u.heads.n = write_rows(x, told, m->u.heads.rows);
  uint32_t n = m->u.heads.n;
  enum err_code code = message_write(m, payload, err);
  l->heads_whole = false;
  l->heads_ms = now;
  l->regular_ms = now + every;
  l->told = x->changes;
  l->told_epoch = x->federation->epoch.number;
  /* Where our identity went ahead, there is no room for more: what is said at one go must fit the line (node/net/budget.h). */
  const bool has_room = !is_first || !identity_is_ahead(x);
  if (code == OK && n > 0 && n <= CKPTS_FOLLOW && has_room) checkpoints_follow(x, l, told);
  return code;
}

/* ---- being told ---- */

/* The same frontier: every log is as ours. */
static void take_equal(struct exchange *x, uint32_t peer) {
  for (uint32_t i = 0; i < x->n_logs; i++)
    plan_claim(x, i, peer, x->logs[i]->size);
}

/* Of a generation that is not known here: who began it has a newer identity, which the peer knows. True: asked. */
static bool ask_generation(struct exchange *x, struct exchange_link *l, const struct federation_member *m, uint64_t gen) {
  if (m == NULL || gen <= m->identity.gen) return false;
  identity_ask(x, l, &m->member->node);
  return true;
}

/* False: no epoch up to ours has such a log. */
static bool take_row(struct exchange *x, struct exchange_link *l, const struct head *row, bool follows) {
  const struct federation_member *m = federation_by_roll(x->federation, row->roll);
  const uint32_t peer = l->peer;
  uint32_t index = NONE;
  struct exchange_log *log = m == NULL ? NULL : log_of(x, &m->member->node, row->gen, &index);
  if (log == NULL) return ask_generation(x, l, m, row->gen);
  if (log->is_closed && row->size == log->cut_size && memcmp(row->root8, log->cut_root.b, sizeof row->root8) != 0) {
    plan_claim(x, index, peer, 0); /* the other branch */
    return true;
  }
  forks_row(x, index, peer, row->size, row->root8, true);
  bool is_news = row->size > log->size && row->size > log->claims[peer].size;
  uint64_t now = now_ms(x);
  if (is_news && follows && now >= log->ckpt_wait_ms + GRACE_MS) log->ckpt_wait_ms = now + GRACE_MS;
  if (is_news) x->activity_ms = now;
  plan_claim(x, index, peer, row->size);
  return true;
}

/* For the fork guard: how much of our own log the peer holds. HEADS that names all logs and not ours says: nothing of it. */
static void hear_own(struct exchange *x, uint32_t peer, bool is_equal, bool is_whole) {
  const struct federation_member *self = federation_self(x->federation);
  if (self == NULL) return;
  const struct hall_head *own = hall_head(x->config.hall, &x->self.node, self->identity.gen);
  const uint64_t size = own == NULL ? 0 : own->size;
  const struct hash *node = &x->peers[peer].node;
  if (is_equal) {
    hall_hears_size(x->config.hall, node, size, true);
    return;
  }
  for (uint32_t i = 0; i < x->in.u.heads.n; i++) {
    const struct head *row = &x->in.u.heads.rows[i];
    if (row->roll != self->member->roll || row->gen != self->identity.gen) continue;
    const bool is_ours = own != NULL && row->size == size && memcmp(row->root8, own->root.b, sizeof row->root8) == 0;
    hall_hears_size(x->config.hall, node, row->size, is_ours);
    return;
  }
  if (is_whole && x->in.u.heads.n < LIMIT_HEADS) hall_hears_size(x->config.hall, node, 0, size == 0);
}

/* The peer's frontier is another, and it named nothing that says how. */
void heads_ask(struct exchange *x, struct exchange_link *l) {
  if (request_is_pending(x, l->peer, NONE, MSG_WANT, WANT_HEADS)) return;
  x->out.u.want.what = WANT_HEADS;
  (void)request_say(x, l, MSG_WANT, WANT_HEADS);
}

void heads_receive(struct exchange *x, struct exchange_link *l, bool is_answer) {
  struct peer *p = &x->peers[l->peer];
  struct hash own = hall_digest(x->config.hall);
  const uint32_t n = x->in.u.heads.n;
  bool is_unknown = false;
  p->epoch = x->in.u.heads.epoch;
  p->digest = x->in.u.heads.frontier_digest;
  p->has_heads = true;
  p->n_ckpts_follow = n <= CKPTS_FOLLOW ? n : 0;
  hear_own(x, l->peer, hash_equal(&p->digest, &own), is_answer || !l->heads_heard);
  l->heads_heard = true;
  epochs_ask(x, l);
  if (hash_equal(&p->digest, &own)) {
    take_equal(x, l->peer);
    return;
  }
  for (uint32_t i = 0; i < n; i++)
    is_unknown |= !take_row(x, l, &x->in.u.heads.rows[i], n <= CKPTS_FOLLOW);
  if (is_unknown && p->epoch == x->federation->epoch.number) tally(x, l->peer, COUNT_HEADS_UNKNOWN, 1);
  if (n == 0) heads_ask(x, l);
}
