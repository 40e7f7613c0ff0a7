/*
 * test_ctl: raw requests, good and bad, on the control socket; the test plays core at the other end of the pipe.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/net/ctl.h"
#include "node/net/unixpath.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

#define WAIT_MS 20000
#define ANSWER_MAX 65536

struct rig {
  char dir[512];
  struct ctl *ctl;
  struct pipe *core, *supervisor, *ctl_supervisor;
  unsigned forwarded; /* requests that reached core */
  bool mute;          /* core does not answer */
  char path[300];     /* of the last request */
  size_t body_len;
  uint64_t last_id;
};

static void give_core(struct rig *r) {
  struct err err = ERR_INIT;
  int ends[2];
  assert_int_equal(pipe_pair(ends, &err), OK);
  pipe_free(r->core);
  r->core = pipe_new(ends[0], 4u << 20);
  assert_int_equal(pipe_send_fd(r->supervisor, PIPE_PEER, view_of(NULL, 0), ends[1], &err), OK);
}

/* name_len: octets of the directory's last part; 0: short. */
static struct rig rig_new(size_t name_len, unsigned timeout_s, bool with_core) {
  struct rig r = {.mute = false};
  struct err err = ERR_INIT;
  int ends[2];
  char base[64] = "/tmp/specola-ctl-XXXXXX";
  assert_non_null(mkdtemp(base));
  (void)snprintf(r.dir, sizeof r.dir, "%s/", base);
  const size_t at = strlen(r.dir);
  memset(r.dir + at, 'h', name_len + 1);
  r.dir[at + name_len + 1] = '\0';
  assert_int_equal(mkdir(r.dir, 0700), 0);
  assert_int_equal(pipe_pair(ends, &err), OK);
  r.supervisor = pipe_new(ends[0], 1u << 16);
  r.ctl_supervisor = pipe_new(ends[1], 1u << 16);
  const struct ctl_config config = {.dir = r.dir, .supervisor = r.ctl_supervisor, .timeout_s = timeout_s};
  assert_int_equal(ctl_new(&config, &r.ctl, &err), OK);
  if (with_core) give_core(&r);
  return r;
}

static void rig_free(struct rig *r) {
  ctl_free(r->ctl);
  pipe_free(r->core);
  pipe_free(r->supervisor);
  pipe_free(r->ctl_supervisor);
  assert_int_equal(rmdir(r->dir), 0); /* the socket is gone too */
  *strrchr(r->dir, '/') = '\0';
  assert_int_equal(rmdir(r->dir), 0);
}

static void core_answer(struct rig *r, uint64_t id, const char *text) {
  struct err err = ERR_INIT;
  struct bytes b;
  bytes_init(&b, 4096);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 4);
  canon_put_uint(&w, id);
  canon_put_uint(&w, 200);
  canon_put_text(&w, "text/plain");
  canon_put_bin(&w, view_of_text(text));
  assert_int_equal(pipe_send(r->core, PIPE_ANSWER, bytes_view(&b), &err), OK);
  bytes_release(&b);
}

static void rig_turn(struct rig *r) {
  struct err err = ERR_INIT;
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  bool stop = false;
  assert_int_equal(pipe_write(r->supervisor, &err), OK);
  if (r->core != NULL) assert_int_equal(pipe_write(r->core, &err), OK);
  assert_int_equal(ctl_step(r->ctl, 2, &stop, &err), OK);
  if (r->core == NULL) return;
  (void)(pipe_read(r->core, &err) == OK);
  while (pipe_next(r->core, &channel, &payload, &fd)) {
    struct canon_reader reader = canon_reader(payload);
    assert_int_equal(channel, PIPE_REQUEST);
    canon_array_exact(&reader, 4);
    r->last_id = canon_uint(&reader);
    (void)canon_str(&reader, 16);
    const struct view path = canon_str(&reader, 256);
    r->body_len = canon_bin(&reader, LIMIT_PIPE).len;
    assert_int_equal(canon_finish(&reader, "request", &err), OK);
    (void)snprintf(r->path, sizeof r->path, "%.*s", (int)path.len, (const char *)path.p);
    r->forwarded++;
    if (!r->mute) core_answer(r, r->last_id, "answer");
  }
}

static int dial(const struct rig *r) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct err err = ERR_INIT;
  int dir_fd = -1;
  assert_int_equal(unixpath_make(r->dir, CTL_SOCKET, address.sun_path, &dir_fd, &err), OK);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
  close(dir_fd);
  return fd;
}

/* Sends octets, reads until the other end closes or what came ends in `until`; returns the status (0: closed without a word).
 */
static int talk(struct rig *r, int fd, const char *octets, size_t len, const char *until, char answer[ANSWER_MAX]) {
  size_t sent = 0, got = 0;
  const uint64_t end = clock_ms(clock_system()) + WAIT_MS;
  while (clock_ms(clock_system()) < end) {
    if (sent < len) {
      const ssize_t n = send(fd, octets + sent, len - sent, MSG_NOSIGNAL);
      if (n > 0) sent += (size_t)n;
      if (n < 0 && errno != EAGAIN) sent = len;
    }
    rig_turn(r);
    const ssize_t n = recv(fd, answer + got, ANSWER_MAX - 1 - got, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN)) break;
    if (n > 0) got += (size_t)n;
    answer[got] = '\0';
    if (until != NULL && strstr(answer, until) != NULL) break;
  }
  answer[got] = '\0';
  return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

static int ask(struct rig *r, const char *text) {
  char answer[ANSWER_MAX];
  const int fd = dial(r);
  const int status = talk(r, fd, text, strlen(text), "\r\n\r\n", answer);
  close(fd);
  rig_turn(r);
  return status;
}

static void a_good_request_goes_to_core_and_its_answer_comes_back(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, true);
  char answer[ANSWER_MAX];
  rig_turn(&r);
  const int fd = dial(&r);
  const char *get = "GET /status HTTP/1.1\r\nHost: specola\r\n\r\n";
  assert_int_equal(talk(&r, fd, get, strlen(get), "answer", answer), 200);
  assert_string_equal(r.path, "/status");
  assert_non_null(strstr(answer, "text/plain"));
  const char *post = "POST /order/sync HTTP/1.1\r\nHost: specola\r\nContent-Length: 4\r\n\r\nbody"; /* on the same connection */
  assert_int_equal(talk(&r, fd, post, strlen(post), "answer", answer), 200);
  assert_string_equal(r.path, "/order/sync");
  assert_int_equal(r.body_len, 4);
  close(fd);
  rig_free(&r);
}

static void the_socket_is_for_its_owner_alone(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, true);
  struct stat st;
  char path[600];
  (void)snprintf(path, sizeof path, "%s/%s", r.dir, CTL_SOCKET);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  rig_free(&r);
}

static void a_home_with_a_long_name_works(void **state) {
  (void)state;
  struct rig r = rig_new(150, 0, true);
  rig_turn(&r);
  assert_int_equal(ask(&r, "GET /status HTTP/1.1\r\nHost: specola\r\n\r\n"), 200);
  rig_free(&r);
}

static void the_largest_submission_passes_and_more_does_not(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, true);
  char answer[ANSWER_MAX];
  static const size_t LENGTHS[] = {LIMIT_SUBMIT_BYTES, LIMIT_SUBMIT_BYTES + CTL_BODY_SLACK + 1};
  static const int STATUS[] = {200, 413};
  rig_turn(&r);
  for (size_t i = 0; i < 2; i++) {
    char *text = malloc(LENGTHS[i] + 200);
    assert_non_null(text);
    const int head = snprintf(text, 200, "POST /sync/submit HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", LENGTHS[i]);
    memset(text + head, 'x', LENGTHS[i]);
    const int fd = dial(&r);
    assert_int_equal(talk(&r, fd, text, (size_t)head + LENGTHS[i], "\r\n\r\n", answer), STATUS[i]);
    close(fd);
    free(text);
  }
  assert_int_equal(r.forwarded, 1);
  assert_int_equal(r.body_len, LIMIT_SUBMIT_BYTES);
  rig_free(&r);
}

static void malformed_requests_are_refused_and_never_reach_core(void **state) {
  (void)state;
  static const struct {
    int status; /* 0: closed without a word will do as well as 400 */
    const char *text;
  } BAD[] = {
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nbody"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 04\r\n\r\nbody"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nbody"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nbody"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"},
      {411, "POST /a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"},
      {400, "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n4\r\nbody\r\n0\r\n\r\n"},
      {400, "GET /status HTTP/1.1\r\n\r\n"},
      {400, "GET /status HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
      {400, "GET /../status HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /status?x=1 HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET /st%00tus HTTP/1.1\r\nHost: a\r\n\r\n"},
      {400, "GET http://example.org/status HTTP/1.1\r\nHost: a\r\n\r\n"},
      {403, "POST /a HTTP/1.1\r\nHost: a\r\nOrigin: https://example.org\r\nContent-Length: 0\r\n\r\n"},
      {417, "POST /a HTTP/1.1\r\nHost: a\r\nExpect: something\r\nContent-Length: 0\r\n\r\n"},
      {501, "DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n"},
      {0, "\r\n\r\n\r\n\r\n"},
      {0, "nonsense\r\n\r\n"},
      {0, "GET\r\n\r\n"},
      {0, "GET /status FTP/1.1\r\nHost: a\r\n\r\n"},
      {0, "GET /status HTTP/1.1\r\nno colon here\r\n\r\n"},
      {0, "\x16\x03\x01\x02\x01\x01\r\n\r\n"},
  };
  struct rig r = rig_new(0, 1, true);
  rig_turn(&r);
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    const int status = ask(&r, BAD[i].text);
    if (BAD[i].status == 0 ? status != 0 && status != 400 : status != BAD[i].status) {
      fail_msg("request %zu (%s): status %d", i, BAD[i].text, status);
    }
  }
  assert_int_equal(r.forwarded, 0);
  assert_int_equal(ask(&r, "GET /status HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
  rig_free(&r);
}

static void a_header_that_is_too_long_is_refused(void **state) {
  (void)state;
  struct rig r = rig_new(0, 1, true);
  rig_turn(&r);
  char *text = malloc(40000);
  assert_non_null(text);
  const int head = snprintf(text, 100, "GET /status HTTP/1.1\r\nHost: a\r\nX: ");
  memset(text + head, 'x', 30000);
  memcpy(text + head + 30000, "\r\n\r\n", 5);
  const int status = ask(&r, text);
  assert_true(status == 0 || status == 400 || status == 413);
  assert_int_equal(r.forwarded, 0);
  free(text);
  rig_free(&r);
}

static void who_says_half_a_request_is_hung_up_on(void **state) {
  (void)state;
  struct rig r = rig_new(0, 1, true);
  char answer[ANSWER_MAX];
  rig_turn(&r);
  const int fd = dial(&r);
  const char *half = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf";
  const uint64_t before = clock_ms(clock_system());
  (void)talk(&r, fd, half, strlen(half), NULL, answer);
  assert_true(clock_ms(clock_system()) - before < 10000);
  assert_int_equal(r.forwarded, 0);
  close(fd);
  rig_free(&r);
}

static void without_core_the_answer_is_busy_and_nothing_is_sent(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, false);
  char answer[ANSWER_MAX];
  const int fd = dial(&r);
  const char *get = "GET /status HTTP/1.1\r\nHost: a\r\n\r\n";
  assert_int_equal(talk(&r, fd, get, strlen(get), "}", answer), 503);
  assert_non_null(strstr(answer, "store.busy"));
  give_core(&r);
  rig_turn(&r);
  rig_turn(&r);
  assert_int_equal(talk(&r, fd, get, strlen(get), "answer", answer), 200);
  close(fd);
  rig_free(&r);
}

static void when_core_dies_who_waits_is_told(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, true);
  char answer[ANSWER_MAX];
  r.mute = true;
  rig_turn(&r);
  const int fd = dial(&r);
  const char *get = "GET /status HTTP/1.1\r\nHost: a\r\n\r\n";
  assert_int_equal(send(fd, get, strlen(get), 0), (ssize_t)strlen(get));
  for (int i = 0; i < 5000 && r.forwarded == 0; i++)
    rig_turn(&r);
  assert_int_equal(r.forwarded, 1);
  pipe_free(r.core);
  r.core = NULL;
  assert_int_equal(talk(&r, fd, "", 0, "}", answer), 502);
  close(fd);
  rig_free(&r);
}

static void too_many_requests_are_turned_away_and_the_rest_answered(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, true);
  int fds[CTL_REQUESTS];
  char answer[ANSWER_MAX];
  const char *get = "GET /status HTTP/1.1\r\nHost: a\r\n\r\n";
  r.mute = true;
  rig_turn(&r);
  for (size_t i = 0; i < CTL_REQUESTS; i++) {
    fds[i] = dial(&r);
    assert_int_equal(send(fds[i], get, strlen(get), 0), (ssize_t)strlen(get));
    for (int turn = 0; turn < 1000 && r.forwarded <= i; turn++)
      rig_turn(&r);
  }
  assert_int_equal(r.forwarded, CTL_REQUESTS);
  const int more = dial(&r);
  assert_int_equal(talk(&r, more, get, strlen(get), "}", answer), 503);
  close(more);
  for (uint64_t id = r.last_id + 1 - CTL_REQUESTS; id <= r.last_id; id++)
    core_answer(&r, id, "late answer");
  core_answer(&r, 999999, "to nobody");
  for (size_t i = 0; i < CTL_REQUESTS; i++) {
    assert_int_equal(talk(&r, fds[i], "", 0, "late answer", answer), 200);
    close(fds[i]);
  }
  rig_free(&r);
}

static void a_client_that_leaves_early_harms_nobody(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, true);
  const char *get = "GET /status HTTP/1.1\r\nHost: a\r\n\r\n";
  r.mute = true;
  rig_turn(&r);
  for (unsigned i = 0; i < 3 * CTL_REQUESTS; i++) {
    const int fd = dial(&r);
    assert_int_equal(send(fd, get, strlen(get), 0), (ssize_t)strlen(get));
    for (int turn = 0; turn < 1000 && r.forwarded <= i; turn++)
      rig_turn(&r);
    assert_int_equal(r.forwarded, i + 1);
    close(fd);
    core_answer(&r, r.last_id, "nobody listens");
    for (int turn = 0; turn < 3; turn++)
      rig_turn(&r);
  }
  r.mute = false;
  assert_int_equal(ask(&r, get), 200);
  rig_free(&r);
}

static void it_stops_when_it_is_told(void **state) {
  (void)state;
  struct rig r = rig_new(0, 0, true);
  struct err err = ERR_INIT;
  bool stop = false;
  assert_int_equal(pipe_send(r.supervisor, PIPE_STOP, view_of(NULL, 0), &err), OK);
  for (int i = 0; i < 1000 && !stop; i++) {
    assert_int_equal(pipe_write(r.supervisor, &err), OK);
    assert_int_equal(ctl_step(r.ctl, 2, &stop, &err), OK);
  }
  assert_true(stop);
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_good_request_goes_to_core_and_its_answer_comes_back),
      cmocka_unit_test(the_socket_is_for_its_owner_alone),
      cmocka_unit_test(a_home_with_a_long_name_works),
      cmocka_unit_test(the_largest_submission_passes_and_more_does_not),
      cmocka_unit_test(malformed_requests_are_refused_and_never_reach_core),
      cmocka_unit_test(a_header_that_is_too_long_is_refused),
      cmocka_unit_test(who_says_half_a_request_is_hung_up_on),
      cmocka_unit_test(without_core_the_answer_is_busy_and_nothing_is_sent),
      cmocka_unit_test(when_core_dies_who_waits_is_told),
      cmocka_unit_test(too_many_requests_are_turned_away_and_the_rest_answered),
      cmocka_unit_test(a_client_that_leaves_early_harms_nobody),
      cmocka_unit_test(it_stops_when_it_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
