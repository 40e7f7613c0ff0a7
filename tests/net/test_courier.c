/*
 * test_courier: the courier in a thread, core and the supervisor in another; a home on the loopback that says one thing. Where
 * the courier may not go, nobody is dialled.
 */
#include "node/net/courier.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/net/reach.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

#define PATIENCE_MS 30000
#define QUEUE ((size_t)LIMIT_PIPE * 2)

struct town {
  int home; /* listens */
  uint16_t port;
  struct pipe *supervisor, *core; /* our ends */
  struct pipe *theirs;
  pthread_t thread;
  uint64_t id;
};

static void *run(void *context) {
  struct town *t = context;
  (void)!courier_run(t->theirs, NULL);
  return NULL;
}

static void begin(struct town *t) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  struct bytes name;
  int ends[2];
  *t = (struct town){.home = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  assert_int_equal(bind(t->home, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(t->home, 4), 0);
  assert_int_equal(getsockname(t->home, (struct sockaddr *)&address, &len), 0);
  t->port = ntohs(address.sin_port);
  assert_int_equal(pipe_pair(ends, NULL), OK);
  t->supervisor = pipe_new(ends[0], QUEUE);
  t->theirs = pipe_new(ends[1], QUEUE);
  assert_int_equal(pipe_pair(ends, NULL), OK);
  t->core = pipe_new(ends[0], QUEUE);
  bytes_init(&name, 64);
  struct canon_writer w = canon_writer(&name);
  canon_put_array(&w, 1);
  canon_put_text(&w, "core");
  assert_int_equal(pipe_send_fd(t->supervisor, PIPE_PEER, bytes_view(&name), ends[1], NULL), OK);
  assert_int_equal(pipe_write(t->supervisor, NULL), OK);
  bytes_release(&name);
  assert_int_equal(pthread_create(&t->thread, NULL, run, t), 0);
}

static void end(struct town *t) {
  assert_int_equal(pipe_send(t->supervisor, PIPE_STOP, view_of(NULL, 0), NULL), OK);
  assert_int_equal(pipe_write(t->supervisor, NULL), OK);
  assert_int_equal(pthread_join(t->thread, NULL), 0);
  pipe_free(t->supervisor);
  pipe_free(t->theirs);
  pipe_free(t->core);
  close(t->home);
}

static void ask(struct town *t, enum reach reach, const char *base) {
  struct bytes b;
  bytes_init(&b, 1024);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 4);
  canon_put_uint(&w, ++t->id);
  canon_put_uint(&w, reach);
  canon_put_text(&w, base);
  canon_put_bin(&w, view_of_text("records"));
  assert_int_equal(pipe_send(t->core, PIPE_REQUEST, bytes_view(&b), NULL), OK);
  assert_int_equal(pipe_write(t->core, NULL), OK);
  bytes_release(&b);
}

/* The home lets one in and answers it. */
static void let_in(const struct town *t) {
  static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreceipt";
  struct pollfd p = {t->home, POLLIN, 0};
  char said[2048] = "";
  size_t len = 0;
  assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
  const int fd = accept(t->home, NULL, NULL);
  assert_true(fd >= 0);
  while (strstr(said, "records") == NULL) {
    const ssize_t n = recv(fd, said + len, sizeof said - 1 - len, 0);
    assert_true(n > 0);
    len += (size_t)n;
    said[len] = '\0';
  }
  assert_memory_equal(said, "POST /sync/submit ", 18);
  assert_int_equal(send(fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL), sizeof ANSWER - 1);
  close(fd);
}

/* What it says of the last request; text gets the body. */
static uint64_t answer(struct town *t, char text[256]) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  while (!pipe_next(t->core, &channel, &payload, &fd)) {
    struct pollfd p = {pipe_fd(t->core), POLLIN, 0};
    assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
    assert_int_equal(pipe_read(t->core, NULL), OK);
  }
  assert_int_equal(channel, PIPE_ANSWER);
  struct canon_reader r = canon_reader(payload);
  canon_array_exact(&r, 4);
  assert_int_equal(canon_uint(&r), t->id);
  const uint64_t status = canon_uint(&r);
  (void)canon_str(&r, 64);
  const struct view body = canon_bin(&r, 255);
  assert_int_equal(canon_finish(&r, "answer", NULL), OK);
  (void)snprintf(text, 256, "%.*s", (int)body.len, (const char *)body.p);
  return status;
}

static void it_dials_this_machine_for_a_node_of_this_machine_alone(void **state) {
  static const char *const HOSTS[] = {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1"};
  struct town t;
  char base[96], text[256];
  (void)state;
  begin(&t);
  for (size_t i = 0; i < sizeof HOSTS / sizeof HOSTS[0]; i++) {
    (void)snprintf(base, sizeof base, "http://%s:%u", HOSTS[i], t.port);
    for (enum reach reach = REACH_WORLD; reach < REACH_MACHINE; reach++) {
      ask(&t, reach, base);
      assert_int_equal(answer(&t, text), 0);
      if (strstr(text, "is not dialled") == NULL) fail_msg("%s: %s", base, text);
    }
  }
  assert_int_equal(accept(t.home, NULL, NULL), -1); /* nobody knocked */
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%u", t.port);
  ask(&t, REACH_MACHINE, base);
  let_in(&t);
  assert_int_equal(answer(&t, text), 200);
  assert_string_equal(text, "receipt");
  end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(it_dials_this_machine_for_a_node_of_this_machine_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
