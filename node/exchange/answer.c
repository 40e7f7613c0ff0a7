/*
 * answer: what peers ask of us. Questions wait in a ring a link and are answered one by one, when the link can take the answer.
 */
#include <string.h>

#include "node/exchange/inside.h"
#include "node/forks.h"
#include "node/store/milestone.h"
#include "protocol/canon.h"

#define FRAME_ROOM 1024u                                 /* what frame and DATA put around a window, rounded up */
#define SURE_RAW (LIMIT_FRAME - FRAME_ROOM - LIMIT_ITEM) /* raw octets after which one more item still fits, packed or not */

void answer_take(struct exchange *x, struct exchange_link *l) {
  const struct message *m = &x->in;
  if (l->n_asks == ASKS_MAX) {
    tally(x, l->peer, COUNT_QUOTA_FRAMES, 1);
    return;
  }
  struct ask *a = &l->asks[(l->first_ask + l->n_asks++) % ASKS_MAX];
  *a = (struct ask){.type = m->type, .has_req = m->has_req, .req = m->req};
  if (m->type == MSG_WANT) {
    a->what = m->u.want.what;
    a->node = m->u.want.node;
    a->gen = m->u.want.gen;
    a->from = m->u.want.from;
    a->epoch = m->u.want.epoch;
    a->size = m->u.want.size;
    a->other = m->u.want.other;
    a->kind = m->u.want.kind;
    return;
  }
  a->node = m->u.get.node;
  a->gen = m->u.get.gen;
  a->from = m->u.get.from;
  a->to = m->u.get.to;
  a->mode = m->u.get.mode;
  a->max_bytes = m->u.get.max_bytes;
  x->activity_ms = now_ms(x);
}

/* ---- checkpoints ---- */

/* The milestones to name. Of a log that has forked its last one of all branches is among them: who holds less follows it to
 * there, and no further. */
static enum err_code choose_checkpoints(struct exchange *x, const struct log *log, uint64_t from,
                                        uint64_t sizes[LIMIT_CHECKPOINTS], uint32_t *n, struct err *err) {
  struct store *s = hall_store(x->config.hall);
  const struct fork *fork = hall_fork(x->config.hall, &log->node, log->gen);
  uint64_t common = 0;
  uint32_t at = 0;
  enum err_code code = milestone_plan(s, log->no, from, sizes, LIMIT_CHECKPOINTS, n, err);
  if (code != OK || fork == NULL || !fork->exact) return code;
  code = milestone_text_below(s, log->no, fork->from, &common, err);
  while (at < *n && sizes[at] < common)
    at++;
  if (code != OK || common <= from || at == *n || sizes[at] == common) return code;
  if (*n < LIMIT_CHECKPOINTS) ++*n;
  memmove(&sizes[at + 1], &sizes[at], (*n - 1 - at) * sizeof *sizes);
  sizes[at] = common;
  return OK;
}

/* Reads them into storage and points x->out at them. */
static enum err_code read_checkpoints(struct exchange *x, const struct log *log, uint64_t from, bool newest,
                                      struct bytes *storage, struct err *err) {
  struct store *s = hall_store(x->config.hall);
  uint64_t sizes[LIMIT_CHECKPOINTS] = {0};
  size_t ends[LIMIT_CHECKPOINTS];
  uint32_t n = 1;
  enum err_code code = newest ? OK : choose_checkpoints(x, log, from, sizes, &n, err);
  for (uint32_t i = 0; i < n && code == OK; i++) {
    code = milestone_get(s, log->no, sizes[i], storage, err);
    ends[i] = storage->len;
  }
  if (code != OK) return code;
  x->out.u.ckpt.n = n;
  for (uint32_t i = 0; i < n; i++) {
    size_t start = i == 0 ? 0 : ends[i - 1];
    x->out.u.ckpt.texts[i] = view_of(storage->p + start, ends[i] - start);
  }
  return OK;
}

enum err_code answer_checkpoints(struct exchange *x, const struct hash *node, uint64_t gen, uint64_t from, bool newest,
                                 struct bytes *storage, struct err *err) {
  struct log log;
  x->out.type = MSG_CKPT;
  x->out.u.ckpt.node = *node;
  x->out.u.ckpt.gen = gen;
  x->out.u.ckpt.n = 0;
  enum err_code code = log_find(hall_store(x->config.hall), node, gen, &log, err);
  if (code == OK) code = read_checkpoints(x, &log, from, newest, storage, err);
  return code == ERR_NOT_FOUND && !newest ? OK : code; /* none: an empty answer */
}

static enum err_code write_checkpoints(struct exchange *x, const struct ask *a, struct bytes *payload, struct err *err) {
  struct bytes storage;
  bytes_init(&storage, (size_t)LIMIT_CHECKPOINT * LIMIT_CHECKPOINTS);
  enum err_code code = answer_checkpoints(x, &a->node, a->gen, a->from, false, &storage, err);
  if (code == OK) code = message_write(&x->out, payload, err);
  bytes_release(&storage);
  return code;
}

/* ---- proofs ---- */

/* Of the branch that is held here: whoever asks sees by the root whether it is the one that he means. */
static enum err_code write_proof(struct exchange *x, const struct ask *a, struct bytes *payload, struct err *err) {
  struct message *m = &x->out;
  struct hash path[HALL_PATH];
  struct hall *h = x->config.hall;
  size_t n = 0;
  m->type = MSG_PROOF;
  m->u.proof.node = a->node;
  m->u.proof.gen = a->gen;
  m->u.proof.size = a->size;
  m->u.proof.other = a->other;
  m->u.proof.kind = a->kind;
  enum err_code code = a->kind == PROOF_INCLUSION
                           ? hall_inclusion(h, &a->node, a->gen, a->other, a->size, &m->u.proof.leaf, path, &n, err)
                           : hall_consistency(h, &a->node, a->gen, a->other, a->size, path, &n, err);
  if (code == ERR_LIMIT) return err_set(err, ERR_NOT_FOUND, "a log too long to prove");
  if (code != OK) return code;
  m->u.proof.n = (uint32_t)n;
  memcpy(m->u.proof.path, path, n * sizeof *path);
  return message_write(m, payload, err);
}

/* ---- windows ---- */

/* Reads and packs up to raw_max octets of items. */
static enum err_code pack_window(struct exchange *x, const struct ask *a, size_t raw_max, struct err *err) {
  struct message *m = &x->out;
  uint64_t to = a->to;
  bytes_clear(&x->scratch);
  bytes_clear(&x->window);
  enum err_code code = hall_window(x->config.hall, &a->node, a->gen, a->from, to, (unsigned)a->mode, raw_max, &x->scratch,
                                   &m->u.data.count, err);
  if (code == OK) code = window_pack(bytes_view(&x->scratch), &x->window, &m->u.data.encoding, err);
  return code;
}

/* DATA is cut at LIMIT_DATA_SOFT after encoding: how much goes in before is known only from windows before. A window that came
 * out much too large is read again, so short that it must fit into a frame. */
static enum err_code write_window(struct exchange *x, struct exchange_link *l, const struct ask *a, struct bytes *payload,
                                  struct err *err) {
  struct message *m = &x->out;
  size_t soft = a->max_bytes < LIMIT_DATA_SOFT ? (size_t)a->max_bytes : LIMIT_DATA_SOFT;
  size_t raw_max = (size_t)(soft * x->ratio16 / 16), most = LIMIT_DATA_RAW - LIMIT_ITEM;
  enum err_code code = pack_window(x, a, raw_max < most ? raw_max : most, err);
  if (code == OK && m->u.data.count > 1 && x->window.len > LIMIT_DATA_SOFT + LIMIT_DATA_SOFT / 2) {
    x->ratio16 = 16;
    code = pack_window(x, a, soft < SURE_RAW ? soft : SURE_RAW, err);
  }
  if (code != OK) return code;
  if (x->scratch.len > 16384) { /* small windows say little about the next */
    uint64_t ratio16 = (uint64_t)x->scratch.len * 16 / x->window.len;
    x->ratio16 = ratio16 < 16 ? 16 : ratio16 > 64 ? 64 : ratio16;
  }
  m->type = MSG_DATA;
  m->u.data.node = a->node;
  m->u.data.gen = a->gen;
  m->u.data.from = a->from;
  m->u.data.window = bytes_view(&x->window);
  tally(x, l->peer, COUNT_ENTRIES_SERVED, m->u.data.count);
  return message_write(m, payload, err);
}

/* ---- one answer ---- */

static enum err_code write_answer(struct exchange *x, struct exchange_link *l, const struct ask *a, struct bytes *payload,
                                  struct err *err) {
  x->out.has_req = a->has_req;
  x->out.req = a->req;
  if (a->type == MSG_GET) return write_window(x, l, a, payload, err);
  if (a->what == WANT_HEADS) return heads_write(x, l, a, payload, err);
  if (a->what == WANT_CKPT) return write_checkpoints(x, a, payload, err);
  if (a->what == WANT_HOLDS) return holds_answer(x, payload, err);
  if (a->what == WANT_IDENT) return identity_answer(x, &a->node, payload, err);
  if (a->what == WANT_PROOF) return write_proof(x, a, payload, err);
  return epochs_answer(x, a->epoch, payload, err);
}

enum err_code answer_write(struct exchange *x, struct exchange_link *l, struct bytes *payload, struct err *err) {
  struct ask a = l->asks[l->first_ask];
  l->first_ask = (l->first_ask + 1) % ASKS_MAX;
  l->n_asks--;
  enum err_code code = write_answer(x, l, &a, payload, err);
  if (code == OK) return OK;
  bool is_held = code != ERR_NOT_FOUND;
  x->out.type = MSG_ERR;
  x->out.has_req = a.has_req;
  x->out.req = a.req;
  x->out.u.error.code = is_held ? MSGERR_BUSY : MSGERR_NOT_HELD;
  x->out.u.error.text = view_of_text(message_error_name(x->out.u.error.code));
  x->out.u.error.retry_after = is_held ? 5 : 0;
  bytes_clear(payload);
  return message_write(&x->out, payload, err);
}
