/*
 * session: who said this frame (docs/protocol.md 8.1, 8.2).
 *
 * A frame becomes one of a few events (classify), and TABLE says what an event does in a state. Whether a frame verifies is
 * decided in classify alone, under the one counter and the two nonces that can be right, so an old, a reordered, a lost or a
 * diverted frame is simply one that does not verify.
 */
#include "protocol/session.h"

#include <string.h>

#include "protocol/canon.h"

#define SIGNED_LEN (HASH_LEN + HASH_LEN + NONCE_LEN + NONCE_LEN + 8 + HASH_LEN)

/* ---- the table ---- */

enum event {
  EVENT_HELLO,      /* dialler: a HELLO over both nonces; acceptor: a new HELLO over the dialler's */
  EVENT_FRAME,      /* any other frame over both nonces */
  EVENT_BAD,        /* a frame that does not verify, or cannot */
  EVENT_NO_SESSION, /* an unsigned ERR: the peer has no session with us, or wants none */
  EVENT_IDENT,      /* an unsigned IDENT: keys that we may not know yet */
  N_EVENTS
};

struct step {
  enum session_state next;
  enum session_verdict verdict;
};

/* docs/protocol.md 8.2, for [acceptor, dialler][state][event]. The dialler's first row, "connected", is session_start(). */
static const struct step TABLE[2][SESSION_OPEN + 1][N_EVENTS] = {
    {
        [SESSION_CLOSED] = {[EVENT_HELLO] = {SESSION_ANSWERED, SESSION_ANSWER},
                            [EVENT_FRAME] = {SESSION_CLOSED, SESSION_REFUSE},
                            [EVENT_BAD] = {SESSION_CLOSED, SESSION_REFUSE},
                            [EVENT_NO_SESSION] = {SESSION_CLOSED, SESSION_DROP},
                            [EVENT_IDENT] = {SESSION_CLOSED, SESSION_IDENT}},
        [SESSION_GREETED] = {[EVENT_HELLO] = {SESSION_CLOSED, SESSION_DROP}, /* an acceptor is never GREETED */
                             [EVENT_FRAME] = {SESSION_CLOSED, SESSION_DROP},
                             [EVENT_BAD] = {SESSION_CLOSED, SESSION_DROP},
                             [EVENT_NO_SESSION] = {SESSION_CLOSED, SESSION_DROP},
                             [EVENT_IDENT] = {SESSION_CLOSED, SESSION_DROP}},
        [SESSION_ANSWERED] = {[EVENT_HELLO] = {SESSION_ANSWERED, SESSION_ANSWER},
                              [EVENT_FRAME] = {SESSION_OPEN, SESSION_OPENED},
                              [EVENT_BAD] = {SESSION_CLOSED, SESSION_REFUSE},
                              [EVENT_NO_SESSION] = {SESSION_ANSWERED, SESSION_DROP},
                              [EVENT_IDENT] = {SESSION_ANSWERED, SESSION_IDENT}},
        [SESSION_OPEN] = {[EVENT_HELLO] = {SESSION_ANSWERED, SESSION_ANSWER},
                          [EVENT_FRAME] = {SESSION_OPEN, SESSION_MESSAGE},
                          [EVENT_BAD] = {SESSION_CLOSED, SESSION_REFUSE},
                          [EVENT_NO_SESSION] = {SESSION_OPEN, SESSION_DROP},
                          [EVENT_IDENT] = {SESSION_OPEN, SESSION_IDENT}},
    },
    {
        [SESSION_CLOSED] = {[EVENT_HELLO] = {SESSION_CLOSED, SESSION_DROP},
                            [EVENT_FRAME] = {SESSION_CLOSED, SESSION_DROP},
                            [EVENT_BAD] = {SESSION_CLOSED, SESSION_DROP},
                            [EVENT_NO_SESSION] = {SESSION_CLOSED, SESSION_DROP},
                            [EVENT_IDENT] = {SESSION_CLOSED, SESSION_DROP}},
        [SESSION_GREETED] = {[EVENT_HELLO] = {SESSION_OPEN, SESSION_OPENED},
                             [EVENT_FRAME] = {SESSION_CLOSED, SESSION_REOPEN},
                             [EVENT_BAD] = {SESSION_CLOSED, SESSION_REOPEN},
                             [EVENT_NO_SESSION] = {SESSION_CLOSED, SESSION_REOPEN},
                             [EVENT_IDENT] = {SESSION_GREETED, SESSION_IDENT}},
        [SESSION_ANSWERED] = {[EVENT_HELLO] = {SESSION_CLOSED, SESSION_DROP}, /* a dialler is never ANSWERED */
                              [EVENT_FRAME] = {SESSION_CLOSED, SESSION_DROP},
                              [EVENT_BAD] = {SESSION_CLOSED, SESSION_DROP},
                              [EVENT_NO_SESSION] = {SESSION_CLOSED, SESSION_DROP},
                              [EVENT_IDENT] = {SESSION_CLOSED, SESSION_DROP}},
        [SESSION_OPEN] = {[EVENT_HELLO] = {SESSION_CLOSED, SESSION_REOPEN},
                          [EVENT_FRAME] = {SESSION_OPEN, SESSION_MESSAGE},
                          [EVENT_BAD] = {SESSION_CLOSED, SESSION_REOPEN},
                          [EVENT_NO_SESSION] = {SESSION_CLOSED, SESSION_REOPEN},
                          [EVENT_IDENT] = {SESSION_OPEN, SESSION_IDENT}},
    },
};

void session_init(struct session *s, const struct session_self *self, bool dialler, const struct hash *peer,
                  const struct pubkey *peer_key, struct nonce own) {
  *s = (struct session){.self = self, .dialler = dialler, .peer = *peer, .peer_key = *peer_key, .own = own};
}

void session_start(struct session *s) {
  s->state = SESSION_GREETED;
  s->theirs = (struct nonce){.b = {0}};
  s->sent = 0;
  s->received = 0;
  s->has_hello = false;
}

/* ---- frames ---- */

/* A frame that has been taken apart. */
struct parts {
  struct view payload;
  struct signature signature;
};

/* What a frame's signature is over. */
struct envelope {
  const struct hash *sender, *receiver;
  struct nonce dialler, acceptor;
  uint64_t counter;
};

static void envelope_octets(const struct envelope *e, struct view payload, uint8_t out[SIGNED_LEN]) {
  struct hash hash = hash_of(HASH_PAYLOAD, payload, view_of(NULL, 0));
  uint8_t *p = out;
  memcpy(p, e->sender->b, HASH_LEN);
  p += HASH_LEN;
  memcpy(p, e->receiver->b, HASH_LEN);
  p += HASH_LEN;
  memcpy(p, e->dialler.b, NONCE_LEN);
  p += NONCE_LEN;
  memcpy(p, e->acceptor.b, NONCE_LEN);
  p += NONCE_LEN;
  put_u64be(p, e->counter);
  memcpy(p + 8, hash.b, HASH_LEN);
}

static bool frame_split(struct view frame, struct parts *out) {
  struct canon_reader r = canon_reader(frame);
  canon_array_exact(&r, 2);
  out->payload = canon_bin(&r, LIMIT_FRAME);
  canon_signature(&r, &out->signature);
  return canon_finish(&r, "frame", NULL) == OK;
}

static enum err_code frame_join(struct view payload, const struct signature *signature, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, payload);
  canon_put_signature(&w, signature);
  enum err_code code = canon_written(&w, "frame", err);
  if (code == OK && out->len - before > LIMIT_FRAME) code = err_set(err, ERR_LIMIT, "frame: over %u octets", LIMIT_FRAME);
  if (code != OK) out->len = before;
  return code;
}

/* ---- sending ---- */

enum err_code session_frame(const struct session *s, struct view payload, struct bytes *out, struct err *err) {
  struct envelope e = {.sender = &s->self->node,
                       .receiver = &s->peer,
                       .dialler = s->dialler ? s->own : s->theirs,
                       .acceptor = s->dialler ? s->theirs : s->own,
                       .counter = s->sent};
  uint8_t octets[SIGNED_LEN];
  envelope_octets(&e, payload, octets);
  struct signature signature = sign_tagged(s->self->node_key, SIGN_FRAME, &s->self->fed_id, view_of(octets, sizeof octets));
  return frame_join(payload, &signature, out, err);
}

void session_sent(struct session *s) {
  s->sent++;
}

enum err_code session_hello(const struct session *s, struct hello *hello, struct bytes *out, struct err *err) {
  hello->min_version = SESSION_VERSION;
  hello->max_version = SESSION_VERSION;
  hello->fed_id = s->self->fed_id;
  hello->node = s->self->node;
  hello->nonce = s->own;
  struct bytes payload;
  bytes_init(&payload, LIMIT_HANDSHAKE);
  enum err_code code = hello_write(hello, &payload, err);
  if (code == OK) code = session_frame(s, bytes_view(&payload), out, err);
  bytes_release(&payload);
  return code;
}

enum err_code session_unsigned_frame(struct view payload, struct bytes *out, struct err *err) {
  static const struct signature UNSIGNED;
  return frame_join(payload, &UNSIGNED, out, err);
}

enum err_code session_no_session_frame(struct bytes *out, struct err *err) {
  struct bytes payload;
  bytes_init(&payload, LIMIT_HANDSHAKE);
  struct canon_writer w = canon_writer(&payload);
  canon_put_array(&w, 5);
  canon_put_uint(&w, MSG_ERR);
  canon_put_nil(&w);
  canon_put_uint(&w, MSGERR_NO_SESSION);
  canon_put_text(&w, message_error_name(MSGERR_NO_SESSION));
  canon_put_uint(&w, 0);
  enum err_code code = canon_written(&w, "frame", err);
  if (code == OK) code = session_unsigned_frame(bytes_view(&payload), out, err);
  bytes_release(&payload);
  return code;
}

/* ---- receiving ---- */

/* The codes that an ERR without a signature may have. */
static bool is_unsigned_code(uint64_t code) {
  return code == MSGERR_NO_SESSION || code == MSGERR_VERSION || code == MSGERR_FEDERATION || code == MSGERR_NOT_MEMBER;
}

static bool is_unsigned(const struct parts *parts) {
  static const struct signature UNSIGNED;
  return memcmp(parts->signature.b, UNSIGNED.b, SIGNATURE_LEN) == 0;
}

/* The unsigned ERR, with whatever text and delay: ERR(no-session), or the refusal of a HELLO. */
static bool is_unsigned_error(const struct parts *parts) {
  if (!is_unsigned(parts)) return false;
  struct canon_reader r = canon_reader(parts->payload);
  canon_array_exact(&r, 5);
  bool is_err = canon_uint(&r) == MSG_ERR;
  canon_nil(&r);
  bool is_code = is_unsigned_code(canon_uint(&r));
  (void)canon_str(&r, LIMIT_ERR_TEXT);
  (void)canon_uint(&r);
  return canon_finish(&r, "ERR", NULL) == OK && is_err && is_code;
}

static bool verifies(const struct session *s, const struct parts *parts, const struct envelope *e) {
  uint8_t octets[SIGNED_LEN];
  envelope_octets(e, parts->payload, octets);
  return sign_verify(&s->peer_key, SIGN_FRAME, &s->self->fed_id, view_of(octets, sizeof octets), &parts->signature);
}

static bool nonce_equal(const struct nonce *a, const struct nonce *b) {
  return memcmp(a->b, b->b, NONCE_LEN) == 0;
}

/* What is wrong with the peer's HELLO as such, as a counter's name; NULL if nothing. */
static const char *hello_fault(const struct session *s, const struct hello *hello) {
  if (hello->min_version > SESSION_VERSION) return "hello.version";
  if (!hash_equal(&hello->fed_id, &s->self->fed_id)) return "hello.federation";
  if (!hash_equal(&hello->node, &s->peer)) return "hello.peer";
  bool is_known = s->self->epoch != 0 && hello->epoch == s->self->epoch;
  if (is_known && !hash_equal(&hello->epoch_hash, &s->self->epoch_hash)) return "hello.federation";
  return NULL;
}

/* A frame that says HELLO: the answer that a dialler waits for, or a dialler's new greeting. */
static enum event classify_hello(const struct session *s, const struct parts *parts, struct hello *hello, const char **reason) {
  static const struct nonce NONE;
  *reason = "frame.format";
  if (hello_read(parts->payload, hello, NULL) != OK) return EVENT_BAD;
  *reason = hello_fault(s, hello);
  if (*reason != NULL) return EVENT_BAD;
  *reason = "frame.signature";
  bool is_new = s->state == SESSION_CLOSED || !nonce_equal(&hello->nonce, &s->theirs); /* CLOSED has none in hand */
  bool is_due = s->dialler ? s->state == SESSION_GREETED : is_new;
  struct envelope e = {.sender = &s->peer,
                       .receiver = &s->self->node,
                       .dialler = s->dialler ? s->own : hello->nonce,
                       .acceptor = s->dialler ? hello->nonce : NONE,
                       .counter = 0};
  return is_due && verifies(s, parts, &e) ? EVENT_HELLO : EVENT_BAD;
}

static enum event classify_other(const struct session *s, const struct parts *parts, const char **reason) {
  *reason = "frame.no-session";
  if (s->state != SESSION_ANSWERED && s->state != SESSION_OPEN) return EVENT_BAD;
  *reason = "frame.signature";
  struct envelope e = {.sender = &s->peer,
                       .receiver = &s->self->node,
                       .dialler = s->dialler ? s->own : s->theirs,
                       .acceptor = s->dialler ? s->theirs : s->own,
                       .counter = s->received};
  return verifies(s, parts, &e) ? EVENT_FRAME : EVENT_BAD;
}

/* Why a frame is not looked at whose size nobody may have that has not been greeted. Whoever sends one in a session that is
 * over here has done nothing wrong: one before it was lost, or this node began anew. */
static const char *large_fault(struct view frame) {
  struct parts parts;
  const bool is_late = frame.len <= LIMIT_FRAME && frame_split(frame, &parts) && message_type(parts.payload) != MSG_HELLO;
  return is_late ? "frame.no-session" : "frame.too-large";
}

/* reason is meaningful for BAD and NO_SESSION. */
static enum event classify(const struct session *s, struct view frame, struct parts *parts, struct hello *hello,
                           const char **reason) {
  bool is_greeted = s->state == SESSION_ANSWERED || s->state == SESSION_OPEN;
  if (frame.len > (is_greeted ? LIMIT_FRAME : LIMIT_HANDSHAKE)) {
    *reason = large_fault(frame);
    return EVENT_BAD;
  }
  *reason = "frame.format";
  if (!frame_split(frame, parts)) return EVENT_BAD;
  *reason = "frame.no-session";
  if (is_unsigned_error(parts)) return EVENT_NO_SESSION;
  if (is_unsigned(parts) && frame.len <= LIMIT_HANDSHAKE && message_type(parts->payload) == MSG_IDENT) return EVENT_IDENT;
  if (message_type(parts->payload) != MSG_HELLO) return classify_other(s, parts, reason);
  *reason = "frame.too-large";
  if (frame.len > LIMIT_HANDSHAKE) return EVENT_BAD;
  return classify_hello(s, parts, hello, reason);
}

/* What HELLO leaves in the session: nonces and counters start anew. */
static void take_hello(struct session *s, const struct hello *hello, struct nonce fresh) {
  if (!s->dialler) {
    s->own = fresh;
    s->sent = 0;
  }
  s->theirs = hello->nonce;
  s->received = 1;
  s->hello = *hello;
  s->has_hello = true;
}

enum session_verdict session_receive(struct session *s, struct view frame, struct nonce fresh, struct view *payload,
                                     const char **reason) {
  struct parts parts = {.payload = view_of(NULL, 0)};
  struct hello hello;
  enum event event = classify(s, frame, &parts, &hello, reason);
  struct step step = TABLE[s->dialler][s->state][event];
  *payload = view_of(NULL, 0);
  s->state = step.next;
  if (event == EVENT_HELLO && step.next != SESSION_CLOSED) {
    take_hello(s, &hello, fresh);
  } else if (event == EVENT_FRAME && step.next == SESSION_OPEN) {
    s->received++;
    *payload = parts.payload;
  } else if (step.verdict == SESSION_IDENT) {
    *payload = parts.payload;
  } else if (step.next == SESSION_CLOSED) {
    s->has_hello = false;
    s->theirs = (struct nonce){.b = {0}};
  }
  if (event == EVENT_HELLO || event == EVENT_FRAME || step.verdict == SESSION_IDENT) *reason = NULL;
  return step.verdict;
}
