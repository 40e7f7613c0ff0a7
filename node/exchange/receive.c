/*
 * receive: a frame comes in: its session judges it, and what it says goes to the file that deals with it. What nobody asked for
 * is held to a quota (docs/protocol.md 8.6).
 */
#include "node/exchange/inside.h"

/* ---- what one message says ---- */

static void begin_quota(struct exchange *x, struct peer *p) {
  uint64_t now = now_ms(x);
  if (now < p->quota_ms + 1000) return;
  p->quota_ms = now;
  p->quota_frames = p->quota_bytes = p->quota_texts = 0;
}

/* Whether an unasked message is within its sender's quota. */
static bool is_within_quota(struct exchange *x, uint32_t peer, size_t len) {
  struct peer *p = &x->peers[peer];
  begin_quota(x, p);
  p->quota_frames++;
  p->quota_bytes += len;
  if (p->quota_frames > LIMIT_UNASKED_FRAMES) {
    tally(x, peer, COUNT_QUOTA_FRAMES, 1);
    return false;
  }
  if (p->quota_bytes > LIMIT_UNASKED_BYTES) {
    tally(x, peer, COUNT_QUOTA_BYTES, 1);
    return false;
  }
  return true;
}

/* The checkpoints that follow HEADS unasked were counted with it. */
static bool follows_heads(struct exchange *x, uint32_t peer) {
  struct peer *p = &x->peers[peer];
  if (p->n_ckpts_follow == 0) return false;
  p->n_ckpts_follow--;
  return true;
}

/* Whether one more signature may be verified in this second because the peer wishes it. */
static bool may_verify(struct exchange *x, uint32_t peer) {
  struct peer *p = &x->peers[peer];
  begin_quota(x, p);
  if (++p->quota_texts <= LIMIT_UNASKED_TEXTS) return true;
  tally(x, peer, COUNT_QUOTA_TEXTS, 1);
  return false;
}

/* Unasked it is the newest one of a log, alone (docs/protocol.md 8.3). What is held here already is not verified again. */
static void take_checkpoints(struct exchange *x, struct exchange_link *l, struct request *r, size_t len) {
  if (r != NULL) {
    plan_checkpoints(x, l, r);
    return;
  }
  if (x->in.has_req) {
    tally(x, l->peer, COUNT_MESSAGE_UNASKED, 1);
    return;
  }
  if (!follows_heads(x, l->peer) && !is_within_quota(x, l->peer, len)) return;
  if (x->in.u.ckpt.n > 1) {
    tally(x, l->peer, COUNT_CHECKPOINT_LIMIT, 1);
  } else if (!forks_is_as_held(x, &x->in) && may_verify(x, l->peer)) {
    plan_checkpoints(x, l, NULL);
  }
}

static void take_error(struct exchange *x, uint32_t peer, struct request *r) {
  uint64_t code = x->in.u.error.code, after_ms = x->in.u.error.retry_after < 60 ? x->in.u.error.retry_after * 1000 : 60000;
  tally(x, peer, counter_of_error(code), 1);
  if (r == NULL) return;
  struct request asked = *r;
  r->state = REQUEST_FREE;
  x->peers[peer].answered_ms = now_ms(x);
  x->plan_due = true;
  if (asked.state != REQUEST_PENDING || asked.log == NONE) return;
  if (asked.type == MSG_WANT && asked.what == WANT_PROOF) { /* it may hold another branch, or none */
    forks_no_proof(x, asked.log, peer, code);
    return;
  }
  plan_fault(x, asked.log, peer);
  struct claim *c = &x->logs[asked.log]->claims[peer];
  if (code == MSGERR_BUSY || code == MSGERR_QUOTA) { /* no lie: it may be asked again when it says so */
    c->not_before_ms = now_ms(x) + (after_ms < 1000 ? 1000 : after_ms);
    c->wait_ms = 0;
  }
}

static void take_heads(struct exchange *x, struct exchange_link *l, struct request *r) {
  struct peer *p = &x->peers[l->peer];
  if (r != NULL) {
    p->answered_ms = now_ms(x);
    if (p->ping_pending && r->req == p->ping_req) {
      p->ping_pending = false;
      p->has_ping = true;
      p->ping_ms = now_ms(x) - p->ping_sent_ms;
    }
    r->state = REQUEST_FREE;
  }
  heads_receive(x, l, r != NULL);
}

/* The request that a message answers, NULL if none. */
static struct request *answered(struct exchange *x, uint32_t peer, uint64_t type, uint64_t what) {
  struct request *r = x->in.has_req ? request_find(x, peer, x->in.req) : NULL;
  return r != NULL && r->type == type && (r->what == what || type == MSG_GET) ? r : NULL;
}

static void take_answer(struct exchange *x, struct exchange_link *l, struct request *r) {
  if (x->in.type == MSG_DATA && r != NULL && r->what == GET_BODIES) {
    fill_data(x, l, r);
  } else if (x->in.type == MSG_DATA && r != NULL && r->what == GET_HEAL) {
    heal_data(x, l, r);
  } else if (x->in.type == MSG_DATA && r != NULL) {
    fetch_data(x, l, r);
  } else if (r == NULL) {
    tally(x, l->peer, x->in.type == MSG_DATA ? COUNT_DATA_UNASKED : COUNT_MESSAGE_UNASKED, 1);
  } else if (x->in.type == MSG_PROOF) {
    forks_proof(x, l, r);
  } else {
    r->state = REQUEST_FREE;
    x->peers[l->peer].answered_ms = now_ms(x);
    if (x->in.type == MSG_IDENT) identity_receive(x, l);
    if (x->in.type == MSG_EPOCH) epochs_receive(x, l);
  }
}

static void take_message(struct exchange *x, struct exchange_link *l, size_t len) {
  uint32_t peer = l->peer;
  struct request *r = NULL;
  switch ((enum message_type)x->in.type) {
  case MSG_WANT:
  case MSG_GET:
    answer_take(x, l);
    break;
  case MSG_HEADS:
    r = answered(x, peer, MSG_WANT, WANT_HEADS);
    if (r != NULL || is_within_quota(x, peer, len)) take_heads(x, l, r);
    break;
  case MSG_CKPT:
    take_checkpoints(x, l, answered(x, peer, MSG_WANT, WANT_CKPT), len);
    break;
  case MSG_HOLDS:
    r = answered(x, peer, MSG_WANT, WANT_HOLDS);
    if (r != NULL) r->state = REQUEST_FREE;
    if (r != NULL || is_within_quota(x, peer, len)) holds_receive(x, l);
    break;
  case MSG_DATA:
    take_answer(x, l, answered(x, peer, MSG_GET, 0));
    break;
  case MSG_PROOF:
    take_answer(x, l, answered(x, peer, MSG_WANT, WANT_PROOF));
    break;
  case MSG_ALERT:
    if (is_within_quota(x, peer, len)) forks_alert(x, l);
    break;
  case MSG_IDENT:
    take_answer(x, l, answered(x, peer, MSG_WANT, WANT_IDENT));
    break;
  case MSG_EPOCH:
    take_answer(x, l, answered(x, peer, MSG_WANT, WANT_EPOCH));
    break;
  case MSG_ERR:
    take_error(x, peer, x->in.has_req ? request_find(x, peer, x->in.req) : NULL);
    break;
  case MSG_HELLO: /* the session keeps those */
  case MSG_BLOB:
    break;
  }
}

static void take_payload(struct exchange *x, struct exchange_link *l, struct view payload) {
  enum err_code code = message_read(payload, &x->in, NULL);
  if (code == OK) {
    take_message(x, l, payload.len);
  } else if (code == ERR_NOT_FOUND) {
    tally(x, l->peer, COUNT_MESSAGE_UNKNOWN, 1);
    (void)xlink_say_error(x, l, x->in.has_req, x->in.req, MSGERR_UNKNOWN, 0);
  } else {
    tally(x, l->peer, COUNT_MESSAGE_FORMAT, 1);
    if (message_type(payload) != MSG_ERR) (void)xlink_say_error(x, l, false, 0, MSGERR_FORMAT, 0);
  }
}

/* ---- what one frame is ---- */

static void count_reason(struct exchange *x, uint32_t peer, const char *reason) {
  enum counter c = COUNT_FRAME_FORMAT;
  if (reason != NULL && counter_by_name(reason, &c)) tally(x, peer, c, 1);
}

static void act(struct exchange *x, struct exchange_link *l, enum session_verdict verdict, struct view payload,
                const char *reason) {
  switch (verdict) {
  case SESSION_MESSAGE:
    take_payload(x, l, payload);
    break;
  case SESSION_OPENED: {
    bool has_message = !l->dialled;
    xlink_opened(x, l);
    if (has_message) take_payload(x, l, payload);
    break;
  }
  case SESSION_ANSWER:
    xlink_reset(x, l);
    l->hello_due = true;
    break;
  case SESSION_REFUSE:
    count_reason(x, l->peer, reason);
    xlink_reset(x, l);
    l->hello_due = false;
    l->no_session_due = true;
    break;
  case SESSION_REOPEN:
    count_reason(x, l->peer, reason);
    dial_again(x, l, true);
    break;
  case SESSION_DROP:
    count_reason(x, l->peer, reason);
    break;
  case SESSION_IDENT:
    if (is_within_quota(x, l->peer, payload.len)) identity_unsigned(x, l, payload);
    break;
  }
}

void exchange_receive(struct exchange *x, const struct link_id *link, const uint8_t curve[32], struct view frame) {
  uint32_t peer = peer_by_curve(x, curve);
  if (peer == NONE) {
    exchange_stranger(x, curve);
    return;
  }
  struct exchange_link *l = xlink_find(x, link, curve);
  if (l == NULL && link->len > 0 && link->b[0] == 'd') return; /* one that we closed */
  if (l == NULL) l = xlink_add(x, link, curve, peer, false);
  if (l == NULL) return;
  struct peer *p = &x->peers[peer];
  l->heard_ms = p->heard_ms = now_ms(x);
  p->heard = true;
  tally(x, peer, COUNT_FRAMES_RECEIVED, 1);
  tally(x, peer, COUNT_OCTETS_RECEIVED, frame.len);
  struct nonce fresh = {.b = {0}};
  struct view payload;
  const char *reason = NULL;
  entropy_fill(x->config.entropy, fresh.b, sizeof fresh.b);
  enum session_verdict verdict = session_receive(&l->session, frame, fresh, &payload, &reason);
  act(x, l, verdict, payload, reason);
  (void)epochs_refresh(x);
  identities_refresh(x);
}
