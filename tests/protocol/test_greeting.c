/*
 * greeting: HELLO in every state of both ends, which one is new, and what refuses it (docs/protocol.md 8.2).
 */
#include "tests/protocol/link.h"

static void the_same_hello_twice_is_not_new(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  session_start(&l.d.session);
  struct bytes hello = hello_of(&l.d);
  assert_int_equal(give(&l, &l.a, &hello), SESSION_ANSWER);
  assert_int_equal(give(&l, &l.a, &hello), SESSION_REFUSE);
  assert_string_equal(reason, "frame.signature");
  assert_int_equal(give(&l, &l.a, &hello), SESSION_ANSWER); /* from CLOSED it is new */
  bytes_release(&hello);
  link_release(&l);
}

static void a_new_hello_begins_anew_in_every_state_of_the_acceptor(void **state) {
  (void)state;
  for (int open = 0; open < 2; open++) {
    struct link l;
    link_init(&l);
    if (open) {
      open_link(&l);
    } else {
      session_start(&l.d.session);
      expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
    }
    struct nonce before = l.a.session.own;
    session_init(&l.d.session, &l.d.self, true, &l.a.self.node, &l.a.key.pub, draw(&l));
    session_start(&l.d.session);
    expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
    assert_memory_not_equal(l.a.session.own.b, before.b, NONCE_LEN);
    expect(&l, &l.d, hello_of(&l.a), SESSION_OPENED, SESSION_OPEN);
    expect(&l, &l.a, want_of(&l.d, 1), SESSION_OPENED, SESSION_OPEN);
    link_release(&l);
  }
}

static void a_hello_is_new_by_its_nonce_and_by_zeros_for_ours(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  const struct nonce zeros = {.b = {0}};
  l.d.session.own = zeros; /* a nonce like any other where none is in hand */
  session_start(&l.d.session);
  expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
  expect(&l, &l.d, hello_of(&l.a), SESSION_OPENED, SESSION_OPEN);
  expect(&l, &l.a, want_of(&l.d, 1), SESSION_OPENED, SESSION_OPEN);
  struct session before = l.a.session;
  struct nonce theirs = l.d.session.theirs;
  l.d.session.own = draw(&l);
  l.d.session.sent = 0;
  expect_refusal(&l, &l.a, hello_of(&l.d), "frame.signature"); /* a new nonce, signed over the acceptor's */
  l.a.session = before;
  l.d.session.theirs = zeros;
  expect_refusal(&l, &l.a, hello_of(&l.d), "frame.signature"); /* over zeros, and with counter 1 */
  l.a.session = before;
  l.d.session.own = zeros;
  l.d.session.sent = 0;
  expect_refusal(&l, &l.a, hello_of(&l.d), "frame.signature"); /* over zeros, the nonce in hand */
  l.a.session = before;
  l.d.session.theirs = theirs;
  l.d.session.sent = before.received;
  expect_refusal(&l, &l.a, hello_of(&l.d), "frame.signature"); /* in its place as a frame, and no frame for it */
  l.a.session = before;
  l.d.session.own = draw(&l);
  l.d.session.theirs = zeros;
  l.d.session.sent = 0;
  expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
  link_release(&l);
}

static void a_hello_that_is_not_due_closes_a_dialler(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  open_link(&l);
  l.a.session.sent = 0;
  expect_refusal(&l, &l.d, hello_of(&l.a), "frame.signature");
  begin(&l);
  session_start(&l.d.session);
  expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
  struct nonce right = l.a.session.theirs; /* an answer to another greeting */
  l.a.session.theirs.b[3] ^= 1;
  expect_refusal(&l, &l.d, hello_of(&l.a), "frame.signature");
  assert_memory_not_equal(right.b, l.a.session.theirs.b, NONCE_LEN);
  link_release(&l);
}

/* A dialler that differs from the true one in one respect greets the acceptor. */
static void other_federation_sender_key_version_and_receiver_are_refused(void **state) {
  (void)state;
  static const char *const WHY[] = {"hello.federation", "hello.peer", "frame.signature", "frame.signature", "hello.version"};
  struct link l;
  link_init(&l);
  struct signer stranger = cast_signer(9, 9);
  for (int what = 0; what < 5; what++) {
    struct end e = l.d;
    struct hash receiver = what == 3 ? cast_hash(9) : l.a.self.node;
    if (what == 0) e.self.fed_id = cast_hash(8);
    if (what == 1) e.self.node = cast_hash(9);
    if (what == 2) e.self.node_key = &stranger;
    session_init(&e.session, &e.self, true, &receiver, &l.a.key.pub, draw(&l));
    session_start(&e.session);
    if (what < 4) {
      expect_refusal(&l, &l.a, hello_of(&e), WHY[what]);
      continue;
    }
    struct hello hello = {2, 9, e.self.fed_id, e.self.node, 1, 1, cast_hash(3), cast_hash(4), e.session.own};
    struct bytes octets;
    struct bytes frame;
    bytes_init(&octets, LIMIT_HANDSHAKE);
    bytes_init(&frame, LIMIT_FRAME);
    assert_int_equal(hello_write(&hello, &octets, NULL), OK);
    assert_int_equal(session_frame(&e.session, bytes_view(&octets), &frame, NULL), OK);
    expect_refusal(&l, &l.a, frame, WHY[what]);
    bytes_clear(&octets); /* a later version that speaks ours too is welcome */
    hello.min_version = 1;
    bytes_init(&frame, LIMIT_FRAME);
    assert_int_equal(hello_write(&hello, &octets, NULL), OK);
    assert_int_equal(session_frame(&e.session, bytes_view(&octets), &frame, NULL), OK);
    expect(&l, &l.a, frame, SESSION_ANSWER, SESSION_ANSWERED);
    bytes_release(&octets);
  }
  signer_release(&stranger);
  link_release(&l);
}

/* Gives end a HELLO of epoch with this hash. */
static void expect_epoch(struct link *l, struct end *to, uint64_t epoch, uint8_t hash, bool is_good) {
  bool to_dialler = to == &l->d;
  struct hello hello = {.identity_version = 1, .epoch = epoch, .epoch_hash = cast_hash(hash)};
  struct bytes frame;
  begin(l);
  if (to_dialler) session_start(&l->d.session);
  l->a.session.theirs = l->d.session.own;
  if (!to_dialler) l->a.session.theirs.b[0] ^= 1;
  bytes_init(&frame, LIMIT_FRAME);
  assert_int_equal(session_hello(to_dialler ? &l->a.session : &l->d.session, &hello, &frame, NULL), OK);
  if (!is_good) {
    expect_refusal(l, to, frame, "hello.federation");
  } else {
    expect(l, to, frame, to_dialler ? SESSION_OPENED : SESSION_ANSWER, to_dialler ? SESSION_OPEN : SESSION_ANSWERED);
  }
}

static void another_hash_of_a_known_epoch_is_another_federation(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  struct end *ends[2] = {&l.a, &l.d};
  for (size_t i = 0; i < 2; i++) {
    ends[i]->self.epoch = 1;
    expect_epoch(&l, ends[i], 1, 3, true);
    expect_epoch(&l, ends[i], 1, 9, false);
    expect_epoch(&l, ends[i], 2, 9, true); /* a later one is no hindrance */
    ends[i]->self.epoch = 0;
    expect_epoch(&l, ends[i], 1, 9, true); /* nothing to compare with */
  }
  link_release(&l);
}

/* An ERR with this code, without a signature. */
static struct bytes unsigned_error(uint64_t code) {
  static const uint8_t ZEROS[SIGNATURE_LEN];
  struct bytes octets;
  struct bytes frame;
  bytes_init(&octets, LIMIT_HANDSHAKE);
  bytes_init(&frame, LIMIT_HANDSHAKE);
  struct canon_writer w = canon_writer(&octets);
  canon_put_array(&w, 5);
  canon_put_uint(&w, MSG_ERR);
  canon_put_nil(&w);
  canon_put_uint(&w, code);
  canon_put_text(&w, "whatever");
  canon_put_uint(&w, 7);
  w = canon_writer(&frame);
  canon_put_array(&w, 2);
  canon_put_bin(&w, bytes_view(&octets));
  canon_put_bin(&w, view_of(ZEROS, sizeof ZEROS));
  assert_int_equal(canon_written(&w, "frame", NULL), OK);
  bytes_release(&octets);
  return frame;
}

static void the_unsigned_error_closes_only_a_dialler(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  expect(&l, &l.d, no_session(), SESSION_DROP, SESSION_CLOSED);
  session_start(&l.d.session);
  expect_refusal(&l, &l.d, no_session(), "frame.no-session"); /* GREETED */
  begin(&l);
  expect(&l, &l.a, no_session(), SESSION_DROP, SESSION_CLOSED);
  open_link(&l);
  expect(&l, &l.a, no_session(), SESSION_DROP, SESSION_OPEN);
  expect_refusal(&l, &l.d, no_session(), "frame.no-session"); /* OPEN */
  begin(&l);
  session_start(&l.d.session);
  expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
  expect(&l, &l.a, no_session(), SESSION_DROP, SESSION_ANSWERED);
  link_release(&l);
}

static void an_unsigned_error_has_the_codes_of_a_refused_hello_and_no_others(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  for (uint64_t code = 0; code <= 12; code++) {
    bool may = code == MSGERR_NO_SESSION || code == MSGERR_VERSION || code == MSGERR_FEDERATION || code == MSGERR_NOT_MEMBER;
    for (int open = 0; open < 2; open++) { /* a dialler closes either way */
      begin(&l);
      if (open) open_link(&l);
      if (!open) session_start(&l.d.session);
      expect_refusal(&l, &l.d, unsigned_error(code), may || !open ? "frame.no-session" : "frame.signature");
    }
    begin(&l); /* an acceptor is moved by none of them, and closes at the others */
    open_link(&l);
    if (may) expect(&l, &l.a, unsigned_error(code), SESSION_DROP, SESSION_OPEN);
    if (may) expect(&l, &l.a, want_of(&l.d, 1), SESSION_MESSAGE, SESSION_OPEN);
    if (!may) expect_refusal(&l, &l.a, unsigned_error(code), "frame.signature");
    begin(&l);
    if (may) expect(&l, &l.a, unsigned_error(code), SESSION_DROP, SESSION_CLOSED);
    session_start(&l.d.session);
    expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
    if (may) expect(&l, &l.a, unsigned_error(code), SESSION_DROP, SESSION_ANSWERED);
    if (!may) expect_refusal(&l, &l.a, unsigned_error(code), "frame.signature");
  }
  link_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_hello_twice_is_not_new),
      cmocka_unit_test(a_new_hello_begins_anew_in_every_state_of_the_acceptor),
      cmocka_unit_test(a_hello_is_new_by_its_nonce_and_by_zeros_for_ours),
      cmocka_unit_test(a_hello_that_is_not_due_closes_a_dialler),
      cmocka_unit_test(other_federation_sender_key_version_and_receiver_are_refused),
      cmocka_unit_test(another_hash_of_a_known_epoch_is_another_federation),
      cmocka_unit_test(the_unsigned_error_closes_only_a_dialler),
      cmocka_unit_test(an_unsigned_error_has_the_codes_of_a_refused_hello_and_no_others),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
