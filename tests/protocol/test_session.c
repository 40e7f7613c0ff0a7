/*
 * session: two ends in memory, through every row of the table (docs/protocol.md 8.1, 8.2), and whatever a bad link may do.
 */
#include <stdlib.h>
#include <time.h>

#include "tests/protocol/link.h"

static void two_ends_open_and_hear_each_other(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  session_start(&l.d.session);
  assert_int_equal(l.d.session.state, SESSION_GREETED);
  expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
  assert_true(l.a.session.has_hello);
  expect(&l, &l.d, hello_of(&l.a), SESSION_OPENED, SESSION_OPEN);
  assert_int_equal(payload.len, 0);
  assert_true(l.d.session.has_hello);
  assert_memory_equal(l.d.session.theirs.b, l.a.session.own.b, NONCE_LEN);
  struct bytes first = want_of(&l.d, 5);
  assert_int_equal(give(&l, &l.a, &first), SESSION_OPENED);
  assert_int_equal(message_type(payload), MSG_WANT);
  bytes_release(&first);
  for (uint64_t i = 0; i < 300; i++) {
    expect(&l, &l.a, want_of(&l.d, i + 1), SESSION_MESSAGE, SESSION_OPEN);
    expect(&l, &l.d, want_of(&l.a, i + 1), SESSION_MESSAGE, SESSION_OPEN);
  }
  link_release(&l);
}

static void the_acceptor_may_speak_before_it_has_heard_a_message(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  session_start(&l.d.session);
  expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
  struct bytes hello = hello_of(&l.a);
  struct bytes soon = want_of(&l.a, 2);
  expect(&l, &l.d, hello, SESSION_OPENED, SESSION_OPEN);
  expect(&l, &l.d, soon, SESSION_MESSAGE, SESSION_OPEN);
  link_release(&l);
}

static void a_replayed_frame_closes_the_session(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  for (int to_dialler = 0; to_dialler < 2; to_dialler++) {
    begin(&l);
    open_link(&l);
    struct end *from = to_dialler ? &l.a : &l.d;
    struct end *to = to_dialler ? &l.d : &l.a;
    struct bytes frame = want_of(from, 9);
    assert_int_equal(give(&l, to, &frame), SESSION_MESSAGE);
    expect_refusal(&l, to, frame, "frame.signature");
  }
  link_release(&l);
}

static void reordered_and_dropped_frames_close_the_session(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  for (int to_dialler = 0; to_dialler < 2; to_dialler++) {
    begin(&l);
    open_link(&l);
    struct end *from = to_dialler ? &l.a : &l.d;
    struct end *to = to_dialler ? &l.d : &l.a;
    struct bytes lost = want_of(from, 1);
    expect_refusal(&l, to, want_of(from, 2), "frame.signature");
    struct session closed = to->session;
    if (!to_dialler) expect_refusal(&l, to, lost, "frame.no-session");
    if (to_dialler) expect(&l, to, lost, SESSION_DROP, SESSION_CLOSED);
    assert_int_equal(closed.state, SESSION_CLOSED);
  }
  link_release(&l);
}

static void an_unsent_frame_moves_no_counter(void **state) {
  (void)state;
  struct link l;
  struct bytes frame;
  link_init(&l);
  open_link(&l);
  bytes_init(&frame, LIMIT_FRAME);
  assert_int_equal(session_frame(&l.d.session, view_of("\x92\x01\xc0", 3), &frame, NULL), OK); /* and never sent */
  bytes_release(&frame);
  expect(&l, &l.a, want_of(&l.d, 1), SESSION_MESSAGE, SESSION_OPEN);
  link_release(&l);
}

static void a_replayed_hello_opens_nothing(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  session_start(&l.d.session);
  struct bytes hello = hello_of(&l.d);
  assert_int_equal(give(&l, &l.a, &hello), SESSION_ANSWER);
  struct nonce first = l.a.session.own;
  expect(&l, &l.d, hello_of(&l.a), SESSION_OPENED, SESSION_OPEN);
  struct bytes speech = want_of(&l.d, 1);
  assert_int_equal(give(&l, &l.a, &speech), SESSION_OPENED);
  expect_refusal(&l, &l.a, want_of(&l.a, 1), "frame.signature");
  /* The whole conversation once more, into the closed session: a HELLO is answered under a fresh nonce, the rest fails. */
  assert_int_equal(give(&l, &l.a, &hello), SESSION_ANSWER);
  assert_memory_not_equal(l.a.session.own.b, first.b, NONCE_LEN);
  assert_int_equal(give(&l, &l.a, &speech), SESSION_REFUSE);
  assert_int_equal(l.a.session.state, SESSION_CLOSED);
  assert_false(l.a.session.has_hello);
  bytes_release(&hello);
  bytes_release(&speech);
  link_release(&l);
}

static void large_frames_wait_for_an_answered_hello(void **state) {
  (void)state;
  static uint8_t octets[LIMIT_HANDSHAKE];
  struct link l;
  struct bytes big;
  link_init(&l);
  bytes_init(&big, LIMIT_FRAME);
  struct canon_writer w = canon_writer(&big);
  canon_put_array(&w, 3);
  canon_put_uint(&w, MSG_ALERT);
  canon_put_nil(&w);
  canon_put_bin(&w, view_of(octets, sizeof octets));
  assert_int_equal(canon_written(&w, "big", NULL), OK);
  for (int what = 0; what < 4; what++) { /* to an acceptor CLOSED, ANSWERED; to a dialler GREETED, OPEN */
    struct bytes frame;
    begin(&l);
    session_start(&l.d.session);
    if (what == 1 || what == 3) expect(&l, &l.a, hello_of(&l.d), SESSION_ANSWER, SESSION_ANSWERED);
    if (what == 1 || what == 3) expect(&l, &l.d, hello_of(&l.a), SESSION_OPENED, SESSION_OPEN);
    struct end *from = what < 2 ? &l.d : &l.a;
    struct end *to = what < 2 ? &l.a : &l.d;
    bytes_init(&frame, LIMIT_FRAME);
    assert_int_equal(session_frame(&from->session, bytes_view(&big), &frame, NULL), OK);
    if (what == 0 || what == 2) expect_refusal(&l, to, frame, "frame.no-session");
    if (what == 1) expect(&l, to, frame, SESSION_OPENED, SESSION_OPEN);
    if (what == 3) expect(&l, to, frame, SESSION_MESSAGE, SESSION_OPEN);
  }
  bytes_release(&big);
  link_release(&l);
}

static void other_frames_before_a_session_are_refused(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  expect_refusal(&l, &l.a, want_of(&l.d, 1), "frame.no-session");
  session_start(&l.d.session);
  expect_refusal(&l, &l.d, want_of(&l.a, 1), "frame.no-session");
  expect(&l, &l.d, want_of(&l.a, 1), SESSION_DROP, SESSION_CLOSED);
  begin(&l);
  session_start(&l.d.session);
  expect_refusal(&l, &l.a, hello_of(&l.a), "hello.peer"); /* its own HELLO, sent back to it */
  expect_refusal(&l, &l.d, hello_of(&l.d), "hello.peer");
  link_release(&l);
}

static void a_frame_for_another_link_is_refused(void **state) {
  (void)state;
  struct link one;
  struct link two;
  link_init(&one);
  link_init(&two);
  two.n_nonces = 100; /* the same members, another link between them */
  begin(&two);
  open_link(&one);
  open_link(&two);
  expect_refusal(&one, &one.a, want_of(&two.d, 1), "frame.signature");
  expect_refusal(&two, &two.d, want_of(&one.a, 1), "frame.signature");
  begin(&one);
  open_link(&one);
  expect_refusal(&one, &one.d, want_of(&one.d, 1), "frame.signature"); /* its own frame, sent back to it */
  link_release(&one);
  link_release(&two);
}

static void frames_over_their_limit_are_refused(void **state) {
  (void)state;
  struct link l;
  struct bytes big;
  struct bytes frame;
  link_init(&l);
  bytes_init(&big, (size_t)LIMIT_FRAME * 2);
  bytes_init(&frame, (size_t)LIMIT_FRAME * 2);
  struct canon_writer w = canon_writer(&big);
  static uint8_t octets[LIMIT_FRAME];
  canon_put_array(&w, 3);
  canon_put_uint(&w, MSG_ALERT);
  canon_put_nil(&w);
  canon_put_bin(&w, view_of(octets, LIMIT_FRAME - 100));
  assert_int_equal(session_frame(&l.d.session, bytes_view(&big), &frame, NULL), OK);
  expect_refusal(&l, &l.a, frame, "frame.no-session"); /* nobody has greeted yet */
  open_link(&l);
  bytes_init(&frame, (size_t)LIMIT_FRAME * 2);
  assert_int_equal(session_frame(&l.d.session, bytes_view(&big), &frame, NULL), OK);
  session_sent(&l.d.session);
  expect(&l, &l.a, frame, SESSION_MESSAGE, SESSION_OPEN);
  bytes_init(&frame, (size_t)LIMIT_FRAME * 2);
  assert_int_equal(session_frame(&l.d.session, view_of(octets, LIMIT_FRAME), &frame, NULL), ERR_LIMIT);
  assert_int_equal(frame.len, 0);
  assert_int_equal(bytes_append(&frame, view_of(octets, LIMIT_FRAME), NULL), OK);
  assert_int_equal(bytes_append_u8(&frame, 0, NULL), OK);
  expect_refusal(&l, &l.a, frame, "frame.too-large");
  bytes_release(&big);
  link_release(&l);
}

static void what_is_no_frame_is_refused(void **state) {
  (void)state;
  struct link l;
  link_init(&l);
  open_link(&l);
  struct bytes frame = want_of(&l.d, 1);
  for (size_t n = 0; n < frame.len; n++) {
    struct link copy = l;
    assert_int_equal(session_receive(&copy.a.session, view_of(frame.p, n), draw(&l), &payload, &reason), SESSION_REFUSE);
    assert_string_equal(reason, "frame.format");
  }
  assert_int_equal(bytes_append_u8(&frame, 0, NULL), OK);
  expect_refusal(&l, &l.a, frame, "frame.format");
  link_release(&l);
}

/* Any change to any frame, in any state: never a message, never a session that opens. */
static void no_mutation_of_any_frame_is_ever_accepted(void **state) {
  (void)state;
  uint64_t seed = (uint64_t)time(NULL);
  const char *given = getenv("SPECOLA_SEED");
  if (given != NULL) seed = strtoull(given, NULL, 10);
  print_message("SPECOLA_SEED=%llu\n", (unsigned long long)seed);
  struct link l;
  struct session before[4];
  struct bytes frames[4];
  link_init(&l);
  session_start(&l.d.session);
  for (size_t i = 0; i < 4; i++) { /* HELLO, HELLO, the frame that opens, one more */
    struct end *from = i == 1 ? &l.a : &l.d;
    struct end *to = i == 1 ? &l.d : &l.a;
    frames[i] = i < 2 ? hello_of(from) : want_of(from, i);
    before[i] = to->session;
    assert_true(give(&l, to, &frames[i]) <= SESSION_ANSWER);
  }
  for (size_t i = 0; i < (size_t)4 * 1500; i++) {
    struct session s = before[i % 4];
    struct bytes *frame = &frames[i % 4];
    size_t at = cast_random(&seed) % frame->len;
    uint8_t change = (uint8_t)(1 + cast_random(&seed) % 255);
    frame->p[at] ^= change;
    enum session_verdict verdict = session_receive(&s, bytes_view(frame), draw(&l), &payload, &reason);
    assert_int_equal(verdict, s.dialler ? SESSION_REOPEN : SESSION_REFUSE);
    assert_int_equal(s.state, SESSION_CLOSED);
    frame->p[at] ^= change;
  }
  for (size_t i = 0; i < 4; i++)
    bytes_release(&frames[i]);
  link_release(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_ends_open_and_hear_each_other),
      cmocka_unit_test(the_acceptor_may_speak_before_it_has_heard_a_message),
      cmocka_unit_test(a_replayed_frame_closes_the_session),
      cmocka_unit_test(reordered_and_dropped_frames_close_the_session),
      cmocka_unit_test(an_unsent_frame_moves_no_counter),
      cmocka_unit_test(a_replayed_hello_opens_nothing),
      cmocka_unit_test(large_frames_wait_for_an_answered_hello),
      cmocka_unit_test(other_frames_before_a_session_are_refused),
      cmocka_unit_test(a_frame_for_another_link_is_refused),
      cmocka_unit_test(frames_over_their_limit_are_refused),
      cmocka_unit_test(what_is_no_frame_is_refused),
      cmocka_unit_test(no_mutation_of_any_frame_is_ever_accepted),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
