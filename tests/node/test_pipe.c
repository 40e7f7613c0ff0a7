/*
 * test_pipe: messages between processes: whole, in order, within their limits, whatever the kernel does with the octets.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/pipe.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

struct ends {
  struct pipe *a, *b;
};

static struct ends ends_new(size_t queue_max) {
  int fds[2];
  struct err err = ERR_INIT;
  assert_int_equal(pipe_pair(fds, &err), OK);
  struct ends e = {pipe_new(fds[0], queue_max), pipe_new(fds[1], queue_max)};
  assert_non_null(e.a);
  assert_non_null(e.b);
  return e;
}

static void ends_free(struct ends *e) {
  pipe_free(e->a);
  pipe_free(e->b);
}

/* The canonical bin of len octets, each of them fill. */
static struct bytes bin_of(size_t len, uint8_t fill) {
  struct bytes out;
  struct err err = ERR_INIT;
  uint8_t *raw = malloc(len);
  assert_non_null(raw);
  memset(raw, fill, len);
  bytes_init(&out, len + 16);
  struct canon_writer w = canon_writer(&out);
  canon_put_bin(&w, view_of(raw, len));
  assert_int_equal(canon_written(&w, "test", &err), OK);
  free(raw);
  return out;
}

static void a_message_arrives_as_it_was_sent(void **state) {
  (void)state;
  struct ends e = ends_new(LIMIT_PIPE);
  struct err err = ERR_INIT;
  struct bytes sent = bin_of(1000, 7);
  enum pipe_channel channel;
  struct view payload;
  int fd = 0;
  assert_false(pipe_wants_write(e.a));
  assert_int_equal(pipe_send(e.a, PIPE_FRAME_IN, bytes_view(&sent), &err), OK);
  assert_int_equal(pipe_send(e.a, PIPE_STOP, view_of(NULL, 0), &err), OK);
  assert_true(pipe_wants_write(e.a));
  assert_int_equal(pipe_write(e.a, &err), OK);
  assert_false(pipe_wants_write(e.a));
  assert_false(pipe_next(e.b, &channel, &payload, &fd));
  assert_int_equal(pipe_read(e.b, &err), OK);
  assert_true(pipe_next(e.b, &channel, &payload, &fd));
  assert_int_equal(channel, PIPE_FRAME_IN);
  assert_int_equal(fd, -1);
  assert_true(view_equal(payload, bytes_view(&sent)));
  assert_true(pipe_next(e.b, &channel, &payload, &fd));
  assert_int_equal(channel, PIPE_STOP);
  assert_int_equal(payload.len, 1); /* nil */
  assert_false(pipe_next(e.b, &channel, &payload, &fd));
  bytes_release(&sent);
  ends_free(&e);
}

static void messages_survive_octet_by_octet_delivery(void **state) {
  (void)state;
  struct ends e = ends_new(LIMIT_PIPE);
  int raw[2];
  struct err err = ERR_INIT;
  assert_int_equal(pipe_pair(raw, &err), OK);
  struct pipe *slow = pipe_new(raw[1], 0);
  struct bytes sent = bin_of(300, 9);
  uint8_t octets[2048];
  enum pipe_channel channel;
  struct view payload;
  int fd = -1, got = 0;
  for (int i = 0; i < 3; i++)
    assert_int_equal(pipe_send(e.a, PIPE_DIAL, bytes_view(&sent), &err), OK);
  assert_int_equal(pipe_write(e.a, &err), OK);
  const ssize_t n = read(pipe_fd(e.b), octets, sizeof octets);
  assert_true(n > 900);
  for (ssize_t i = 0; i < n; i++) {
    assert_int_equal(write(raw[0], octets + i, 1), 1);
    assert_int_equal(pipe_read(slow, &err), OK);
    while (pipe_next(slow, &channel, &payload, &fd)) {
      got++;
      assert_true(view_equal(payload, bytes_view(&sent)));
      assert_int_equal((i + 1) % (n / 3), 0);
    }
  }
  assert_int_equal(got, 3);
  bytes_release(&sent);
  close(raw[0]);
  pipe_free(slow);
  ends_free(&e);
}

static void many_large_messages_pass_in_order_through_a_small_kernel_buffer(void **state) {
  (void)state;
  struct ends e = ends_new((size_t)4 * LIMIT_PIPE);
  struct err err = ERR_INIT;
  const int small = 4096;
  assert_int_equal(setsockopt(pipe_fd(e.a), SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
  unsigned sent = 0, got = 0;
  while (got < 40) {
    if (sent < 40 && pipe_has_room(e.a, LIMIT_PIPE)) {
      struct bytes message = bin_of(500000 + sent, (uint8_t)sent);
      assert_int_equal(pipe_send(e.a, PIPE_FRAME_OUT, bytes_view(&message), &err), OK);
      bytes_release(&message);
      sent++;
    }
    assert_int_equal(pipe_write(e.a, &err), OK);
    assert_int_equal(pipe_read(e.b, &err), OK);
    enum pipe_channel channel;
    struct view payload;
    int fd = -1;
    while (pipe_next(e.b, &channel, &payload, &fd)) {
      struct canon_reader r = canon_reader(payload);
      const struct view octets = canon_bin(&r, LIMIT_PIPE);
      assert_int_equal(octets.len, 500000 + got);
      assert_int_equal(octets.p[0], (uint8_t)got);
      assert_int_equal(octets.p[octets.len - 1], (uint8_t)got);
      got++;
    }
    assert_null(pipe_fault(e.b));
  }
  ends_free(&e);
}

static void a_full_queue_refuses_and_loses_nothing_of_what_it_holds(void **state) {
  (void)state;
  struct ends e = ends_new(1000);
  struct err err = ERR_INIT;
  struct bytes sent = bin_of(400, 1);
  assert_true(pipe_has_room(e.a, 1000));
  assert_int_equal(pipe_send(e.a, PIPE_ANSWER, bytes_view(&sent), &err), OK);
  assert_int_equal(pipe_send(e.a, PIPE_ANSWER, bytes_view(&sent), &err), OK);
  assert_false(pipe_has_room(e.a, 400));
  assert_int_equal(pipe_send(e.a, PIPE_ANSWER, bytes_view(&sent), &err), ERR_LIMIT);
  assert_int_equal(pipe_write(e.a, &err), OK);
  assert_true(pipe_has_room(e.a, 1000));
  assert_int_equal(pipe_read(e.b, &err), OK);
  enum pipe_channel channel;
  struct view payload;
  int fd = -1, got = 0;
  while (pipe_next(e.b, &channel, &payload, &fd))
    got++;
  assert_int_equal(got, 2);
  bytes_release(&sent);
  ends_free(&e);
}

static void a_message_over_the_limit_is_not_sent(void **state) {
  (void)state;
  struct ends e = ends_new((size_t)4 * LIMIT_PIPE);
  struct err err = ERR_INIT;
  struct bytes sent = bin_of(LIMIT_PIPE, 1);
  assert_int_equal(pipe_send(e.a, PIPE_FRAME_IN, bytes_view(&sent), &err), ERR_LIMIT);
  assert_false(pipe_wants_write(e.a));
  bytes_release(&sent);
  ends_free(&e);
}

/* Writes raw octets and expects the reader to name a fault and to stay silent from then on. */
static void refused(const void *octets, size_t len) {
  int fds[2];
  struct err err = ERR_INIT;
  assert_int_equal(pipe_pair(fds, &err), OK);
  struct pipe *p = pipe_new(fds[1], 100);
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  assert_int_equal(write(fds[0], octets, len), (ssize_t)len);
  assert_int_equal(pipe_read(p, &err), OK);
  assert_false(pipe_next(p, &channel, &payload, &fd));
  assert_non_null(pipe_fault(p));
  assert_int_equal(pipe_read(p, &err), ERR_FORMAT);
  assert_false(pipe_next(p, &channel, &payload, &fd));
  close(fds[0]);
  pipe_free(p);
}

static void what_breaks_the_rules_is_refused(void **state) {
  (void)state;
  refused("\x00\x00\x00\x00", 4);                 /* empty */
  refused("\xff\xff\xff\xff", 4);                 /* absurd */
  refused("\x00\x09\x60\x01", 4);                 /* one octet over LIMIT_PIPE */
  refused("\x00\x00\x00\x03\x91\x01\xc0", 7);     /* one element */
  refused("\x00\x00\x00\x04\x92\xcc\x01\xc0", 8); /* a channel in the long form */
  refused("\x00\x00\x00\x02\x92\x01", 6);         /* no payload */
  refused("\x00\x00\x00\x04\x92\x01\xc0\xc0", 8); /* octets behind */
  refused("\x00\x00\x00\x03\x92\x01\xc1", 7);     /* not msgpack */
  refused("\x00\x00\x00\x03\x92\x31\xc0", 7);     /* PIPE_PEER without a descriptor */
}

static void the_other_end_is_noticed_when_it_goes_and_what_it_said_is_kept(void **state) {
  (void)state;
  struct ends e = ends_new(1000);
  struct err err = ERR_INIT;
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  assert_int_equal(pipe_send(e.a, PIPE_READY, view_of(NULL, 0), &err), OK);
  assert_int_equal(pipe_write(e.a, &err), OK);
  pipe_free(e.a);
  e.a = NULL;
  assert_int_equal(pipe_read(e.b, &err), ERR_UNREACHABLE);
  assert_true(pipe_next(e.b, &channel, &payload, &fd));
  assert_int_equal(channel, PIPE_READY);
  assert_int_equal(pipe_send(e.b, PIPE_READY, view_of(NULL, 0), &err), OK);
  assert_int_equal(pipe_write(e.b, &err), ERR_UNREACHABLE);
  ends_free(&e);
}

static void descriptors_travel_with_their_messages(void **state) {
  (void)state;
  struct ends e = ends_new(LIMIT_PIPE);
  struct err err = ERR_INIT;
  int wires[3][2];
  struct bytes filler = bin_of(3000, 3);
  for (int i = 0; i < 3; i++) {
    uint8_t name[2] = {0x00, 0};
    name[0] = (uint8_t)i; /* a canonical fixint */
    assert_int_equal(pipe(wires[i]), 0);
    assert_int_equal(pipe_send(e.a, PIPE_DIAL, bytes_view(&filler), &err), OK);
    assert_int_equal(pipe_send_fd(e.a, PIPE_PEER, view_of(name, 1), wires[i][1], &err), OK);
    assert_int_equal(pipe_send(e.a, PIPE_CLOSE, view_of(NULL, 0), &err), OK);
  }
  assert_int_equal(pipe_write(e.a, &err), OK);
  assert_int_equal(fcntl(wires[0][1], F_GETFD), -1); /* sent and closed here */
  assert_int_equal(pipe_read(e.b, &err), OK);
  enum pipe_channel channel;
  struct view payload;
  int fd = -1, got = 0;
  while (pipe_next(e.b, &channel, &payload, &fd)) {
    assert_int_equal(fd >= 0, channel == PIPE_PEER);
    if (fd < 0) continue;
    const uint8_t number = payload.p[0];
    uint8_t back = 99;
    assert_int_equal(number, got++);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(write(fd, &number, 1), 1);
    assert_int_equal(read(wires[number][0], &back, 1), 1);
    assert_int_equal(back, number);
    close(fd);
  }
  assert_int_equal(got, 3);
  for (int i = 0; i < 3; i++)
    close(wires[i][0]);
  bytes_release(&filler);
  ends_free(&e);
}

static void descriptors_need_the_channel_that_is_made_for_them(void **state) {
  (void)state;
  struct ends e = ends_new(LIMIT_PIPE);
  struct err err = ERR_INIT;
  int wire[2];
  assert_int_equal(pipe(wire), 0);
  assert_int_equal(pipe_send(e.a, PIPE_PEER, view_of(NULL, 0), &err), ERR_FAILED);
  assert_int_equal(pipe_send_fd(e.a, PIPE_READY, view_of(NULL, 0), wire[1], &err), ERR_FAILED);
  assert_int_equal(fcntl(wire[1], F_GETFD), -1);
  close(wire[0]);
  ends_free(&e);
}

static void a_flood_of_descriptors_is_a_fault_and_leaks_none(void **state) {
  (void)state;
  struct ends e = ends_new(LIMIT_PIPE);
  struct err err = ERR_INIT;
  int wire[2];
  assert_int_equal(pipe(wire), 0);
  const int lowest = dup(wire[0]);
  close(lowest);
  char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = {0};
  struct iovec part = {(char[]){0}, 1};
  enum err_code code = OK;
  for (int i = 0; i < 12 && code == OK; i++) {
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &wire[0], sizeof(int));
    assert_int_equal(sendmsg(pipe_fd(e.a), &message, 0), 1);
    code = pipe_read(e.b, &err);
  }
  assert_int_equal(code, ERR_FORMAT);
  ends_free(&e);
  const int again = dup(wire[0]);
  assert_true(again <= lowest); /* all of them were closed */
  close(again);
  close(wire[0]);
  close(wire[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_message_arrives_as_it_was_sent),
      cmocka_unit_test(messages_survive_octet_by_octet_delivery),
      cmocka_unit_test(many_large_messages_pass_in_order_through_a_small_kernel_buffer),
      cmocka_unit_test(a_full_queue_refuses_and_loses_nothing_of_what_it_holds),
      cmocka_unit_test(a_message_over_the_limit_is_not_sent),
      cmocka_unit_test(what_breaks_the_rules_is_refused),
      cmocka_unit_test(the_other_end_is_noticed_when_it_goes_and_what_it_said_is_kept),
      cmocka_unit_test(descriptors_travel_with_their_messages),
      cmocka_unit_test(descriptors_need_the_channel_that_is_made_for_them),
      cmocka_unit_test(a_flood_of_descriptors_is_a_fault_and_leaks_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
