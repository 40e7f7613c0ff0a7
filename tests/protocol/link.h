/*
 * link: two ends of a session in memory, for the tests of sessions. For the tests only.
 */
#ifndef SPECOLA_TESTS_PROTOCOL_LINK_H
#define SPECOLA_TESTS_PROTOCOL_LINK_H

#include "protocol/session.h"
#include "tests/protocol/cast.h"

/* One end of a link. */
struct end {
  struct signer key;
  struct session_self self;
  struct session session;
};

/* A link: dialler d, acceptor a. Nonces are drawn from a counter. */
struct link {
  struct end d, a;
  uint8_t n_nonces;
};

static inline struct nonce draw(struct link *l) {
  struct nonce n = {.b = {++l->n_nonces, 0xaa}};
  return n;
}

static inline void begin(struct link *l) {
  session_init(&l->d.session, &l->d.self, true, &l->a.self.node, &l->a.key.pub, draw(l));
  session_init(&l->a.session, &l->a.self, false, &l->d.self.node, &l->d.key.pub, draw(l));
}

static inline void link_init(struct link *l) {
  memset(l, 0, sizeof *l);
  l->d.key = cast_signer(1, 1);
  l->a.key = cast_signer(2, 1);
  l->d.self = (struct session_self){cast_hash(7), cast_hash(1), &l->d.key, 1, cast_hash(3)};
  l->a.self = (struct session_self){cast_hash(7), cast_hash(2), &l->a.key, 1, cast_hash(3)};
  begin(l);
}

static inline void link_release(struct link *l) {
  signer_release(&l->d.key);
  signer_release(&l->a.key);
}

/* The next HELLO of an end, as a frame; sent. */
static inline struct bytes hello_of(struct end *e) {
  struct hello hello = {.identity_version = 1, .epoch = 1, .epoch_hash = cast_hash(3), .frontier_digest = cast_hash(4)};
  struct bytes frame;
  bytes_init(&frame, LIMIT_FRAME);
  assert_int_equal(session_hello(&e->session, &hello, &frame, NULL), OK);
  session_sent(&e->session);
  return frame;
}

/* The next frame of an end with WANT(EPOCH number) in it; sent. */
static inline struct bytes want_of(struct end *e, uint64_t number) {
  struct bytes payload;
  struct bytes frame;
  bytes_init(&payload, LIMIT_FRAME);
  bytes_init(&frame, LIMIT_FRAME);
  struct canon_writer w = canon_writer(&payload);
  canon_put_array(&w, 4);
  canon_put_uint(&w, MSG_WANT);
  canon_put_nil(&w);
  canon_put_uint(&w, WANT_EPOCH);
  canon_put_uint(&w, number);
  assert_int_equal(session_frame(&e->session, bytes_view(&payload), &frame, NULL), OK);
  session_sent(&e->session);
  bytes_release(&payload);
  return frame;
}

/* What the last frame given was taken for. */
static const char *reason;
static struct view payload;

/* Gives a frame to an end and releases nothing. */
static inline enum session_verdict give(struct link *l, struct end *e, const struct bytes *frame) {
  return session_receive(&e->session, bytes_view(frame), draw(l), &payload, &reason);
}

/* Gives, expects, releases. */
static inline void expect(struct link *l, struct end *e, struct bytes frame, enum session_verdict verdict,
                          enum session_state state) {
  assert_int_equal(give(l, e, &frame), verdict);
  assert_int_equal(e->session.state, state);
  bool is_refusal = verdict == SESSION_REFUSE || verdict == SESSION_REOPEN || verdict == SESSION_DROP;
  assert_int_equal(reason != NULL, is_refusal);
  if (is_refusal) assert_int_equal(payload.len, 0);
  bytes_release(&frame);
}

static inline void expect_refusal(struct link *l, struct end *e, struct bytes frame, const char *why) {
  enum session_verdict verdict = e->session.dialler ? SESSION_REOPEN : SESSION_REFUSE;
  expect(l, e, frame, verdict, SESSION_CLOSED);
  assert_string_equal(reason, why);
}

/* Both ends OPEN: HELLO, HELLO, one WANT. */
static inline void open_link(struct link *l) {
  session_start(&l->d.session);
  expect(l, &l->a, hello_of(&l->d), SESSION_ANSWER, SESSION_ANSWERED);
  expect(l, &l->d, hello_of(&l->a), SESSION_OPENED, SESSION_OPEN);
  expect(l, &l->a, want_of(&l->d, 1), SESSION_OPENED, SESSION_OPEN);
}

static inline struct bytes no_session(void) {
  struct bytes frame;
  bytes_init(&frame, LIMIT_FRAME);
  assert_int_equal(session_no_session_frame(&frame, NULL), OK);
  return frame;
}

#endif
