/*
 * test_fetch: requests to a small server in a thread of this process, which gives each connection one answer that the test
 * wrote and keeps what it was asked.
 */
#include "node/net/fetch.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define CEILING 4096

struct server {
  int fd;
  uint16_t port;
  pthread_t thread;
  struct view answer; /* what it says; empty: nothing, and the line stays up until the client is gone */
  char asked[8192];   /* the last request, head and body */
};

static struct server server;

/* Reads a whole request: its head, and the body that Content-Length names. */
static void listen_to(int fd) {
  size_t len = 0, want = SIZE_MAX;
  while (len < want && len < sizeof server.asked - 1) {
    const ssize_t n = recv(fd, server.asked + len, sizeof server.asked - 1 - len, 0);
    if (n <= 0) break;
    len += (size_t)n;
    server.asked[len] = '\0';
    const char *end = strstr(server.asked, "\r\n\r\n");
    const char *length = strstr(server.asked, "Content-Length: ");
    if (end != NULL) want = (size_t)(end + 4 - server.asked) + (length == NULL ? 0 : strtoul(length + 16, NULL, 10));
  }
  server.asked[len] = '\0';
}

static void *serve(void *unused) {
  (void)unused;
  const int fd = accept(server.fd, NULL, NULL);
  if (fd < 0) return NULL;
  listen_to(fd);
  char rest[16];
  if (server.answer.len > 0) {
    (void)!send(fd, server.answer.p, server.answer.len, MSG_NOSIGNAL);
  } else {
    while (recv(fd, rest, sizeof rest, 0) > 0) {
    }
  }
  close(fd);
  return NULL;
}

static void answer_once(struct view answer) {
  server.answer = answer;
  assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void answered(void) {
  assert_int_equal(pthread_join(server.thread, NULL), 0);
}

static int set_up(void **state) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  (void)state;
  server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(server.fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(server.fd, 4) != 0) return -1;
  if (getsockname(server.fd, (struct sockaddr *)&address, &len) != 0) return -1;
  server.port = ntohs(address.sin_port);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  close(server.fd);
  return 0;
}

/* A connection to the server. */
static struct fetch *client(uint64_t total_ms) {
  char base[64];
  struct fetch *f = NULL;
  struct err err = ERR_INIT;
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%u/", server.port);
  assert_int_equal(fetch_new(base, total_ms, &f, &err), OK);
  return f;
}

/* GET /x with that answer; the caller releases *a. */
static enum err_code get(const char *answer, const char *tag, struct fetch_answer *a, struct err *err) {
  struct fetch *f = client(10000);
  fetch_answer_init(a, CEILING);
  answer_once(view_of_text(answer));
  const enum err_code code = fetch_get(f, "/x", tag, a, err);
  answered();
  fetch_free(f);
  return code;
}

static void takes_an_answer_with_its_tag_and_what_comes_next(void **state) {
  struct fetch_answer a;
  struct err err = ERR_INIT;
  (void)state;
  assert_int_equal(
      get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"abc\"\r\nLink: </y>; rel=\"next\"\r\n\r\nhello", NULL, &a, &err),
      OK);
  assert_int_equal(a.status, 200);
  assert_true(view_is_text(bytes_view(&a.body), "hello"));
  assert_string_equal(a.tag, "\"abc\"");
  assert_true(a.next);
  assert_true(a.received > 5);
  assert_memory_equal(server.asked, "GET /x HTTP/1.1\r\n", 17);
  fetch_answer_release(&a);
}

static void asks_with_a_known_tag_and_takes_that_nothing_changed(void **state) {
  struct fetch_answer a;
  struct err err = ERR_INIT;
  (void)state;
  assert_int_equal(get("HTTP/1.1 304 Not Modified\r\nETag: \"abc\"\r\n\r\n", "\"abc\"", &a, &err), OK);
  assert_int_equal(a.status, 304);
  assert_int_equal(a.body.len, 0);
  assert_non_null(strstr(server.asked, "If-None-Match: \"abc\"\r\n"));
  fetch_answer_release(&a);
}

static void an_answer_that_is_cut_is_no_answer(void **state) {
  struct fetch_answer a;
  struct err err = ERR_INIT;
  (void)state;
  assert_int_equal(get("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello", NULL, &a, &err), ERR_UNREACHABLE);
  assert_true(err.hint[0] != '\0');
  fetch_answer_release(&a);
  err_clear(&err);
  assert_int_equal(get("HTTP/1.1 200 OK\r\nContent-Le", NULL, &a, &err), ERR_UNREACHABLE);
  fetch_answer_release(&a);
}

static void what_is_larger_than_its_ceiling_is_not_taken(void **state) {
  char text[CEILING + 200];
  struct fetch_answer a;
  struct err err = ERR_INIT;
  (void)state;
  const int head = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", CEILING + 1);
  memset(text + head, 'x', CEILING + 1);
  text[head + CEILING + 1] = '\0';
  assert_int_equal(get(text, NULL, &a, &err), ERR_LIMIT);
  assert_true(a.body.len <= CEILING);
  fetch_answer_release(&a);
}

static void a_packed_answer_counts_unpacked(void **state) {
  static uint8_t plain[100 * CEILING], packed[CEILING];
  struct bytes answer;
  struct err err = ERR_INIT;
  struct fetch_answer a;
  z_stream z = {.next_in = plain, .avail_in = sizeof plain, .next_out = packed, .avail_out = sizeof packed};
  (void)state;
  assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
  bytes_init(&answer, sizeof packed + 200);
  assert_int_equal(
      bytes_printf(&answer, &err, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %lu\r\n\r\n", z.total_out), OK);
  assert_int_equal(bytes_append(&answer, view_of(packed, z.total_out), &err), OK);
  (void)deflateEnd(&z);
  struct fetch *f = client(10000);
  fetch_answer_init(&a, CEILING);
  answer_once(bytes_view(&answer));
  assert_int_equal(fetch_get(f, "/x", NULL, &a, &err), ERR_LIMIT);
  assert_true(a.body.len <= CEILING);
  answered();
  fetch_free(f);
  fetch_answer_release(&a);
  bytes_release(&answer);
}

static void follows_nobody_elsewhere(void **state) {
  struct fetch_answer a;
  struct err err = ERR_INIT;
  (void)state;
  assert_int_equal(get("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", NULL, &a, &err),
                   ERR_REFUSED);
  assert_true(err.hint[0] != '\0');
  fetch_answer_release(&a);
}

static void tells_what_a_problem_says(void **state) {
  static const struct {
    const char *answer, *code;
    enum err_code result;
  } ROWS[] = {
      {"HTTP/1.1 422 X\r\nContent-Length: 39\r\n\r\n{\"code\":\"format\",\"detail\":\"no records\"}", "format", ERR_REFUSED},
      {"HTTP/1.1 404 X\r\nContent-Length: 20\r\n\r\n{\"code\":\"not-found\"}", "not-found", ERR_NOT_FOUND},
      {"HTTP/1.1 503 X\r\nRetry-After: 7\r\nContent-Length: 15\r\n\r\n{\"code\":\"busy\"}", "busy", ERR_UNREACHABLE},
      {"HTTP/1.1 500 X\r\nContent-Length: 3\r\n\r\n\x1b[2", "", ERR_UNREACHABLE},
  };
  (void)state;
  for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
    struct fetch_answer a;
    struct err err = ERR_INIT;
    assert_int_equal(get(ROWS[i].answer, NULL, &a, &err), ROWS[i].result);
    assert_string_equal(a.code, ROWS[i].code);
    assert_int_equal(a.retry_after_s, i == 2 ? 7 : 0);
    assert_null(strchr(err.message, 0x1b));
    fetch_answer_release(&a);
  }
}

static void sends_a_body_of_its_type(void **state) {
  struct fetch_answer a;
  struct err err = ERR_INIT;
  struct fetch *f = client(10000);
  (void)state;
  fetch_answer_init(&a, CEILING);
  answer_once(view_of_text("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  assert_int_equal(fetch_post(f, "/sync/submit", "application/msgpack", view_of_text("octets"), &a, &err), OK);
  answered();
  assert_memory_equal(server.asked, "POST /sync/submit HTTP/1.1\r\n", 28);
  assert_non_null(strstr(server.asked, "Content-Type: application/msgpack\r\n"));
  assert_non_null(strstr(server.asked, "\r\n\r\noctets"));
  fetch_free(f);
  fetch_answer_release(&a);
}

static void waits_no_longer_than_it_was_told(void **state) {
  struct fetch_answer a;
  struct err err = ERR_INIT;
  struct fetch *f = client(200);
  (void)state;
  fetch_answer_init(&a, CEILING);
  answer_once(view_of(NULL, 0));
  assert_int_equal(fetch_get(f, "/x", NULL, &a, &err), ERR_UNREACHABLE);
  assert_non_null(strstr(err.hint, "--timeout"));
  fetch_free(f);
  answered();
  fetch_answer_release(&a);
}

/* What libevent reads as an address, and libcurl does not. */
static void refuses_what_cannot_be_read(void **state) {
  struct fetch *f = NULL;
  struct fetch_answer a;
  struct err err = ERR_INIT;
  (void)state;
  assert_int_equal(fetch_new("http://exa,mple.org", 5000, &f, &err), OK);
  fetch_answer_init(&a, CEILING);
  assert_int_equal(fetch_get(f, "/x", NULL, &a, &err), ERR_USAGE);
  assert_non_null(strstr(err.hint, "https://"));
  fetch_answer_release(&a);
  fetch_free(f);
}

static void tells_that_nobody_is_there(void **state) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* bound and not listening: nobody else takes the port */
  char base[64];
  struct fetch *f = NULL;
  struct fetch_answer a;
  struct err err = ERR_INIT;
  (void)state;
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
  (void)snprintf(base, sizeof base, "http://127.0.0.1:%u", ntohs(address.sin_port));
  assert_int_equal(fetch_new(base, 5000, &f, &err), OK);
  assert_string_equal(fetch_url(f), base);
  fetch_answer_init(&a, CEILING);
  assert_int_equal(fetch_get(f, "/x", NULL, &a, &err), ERR_UNREACHABLE);
  assert_int_equal(a.status, 0);
  assert_true(err.hint[0] != '\0');
  fetch_answer_release(&a);
  fetch_free(f);
  close(fd);
}

static void takes_no_address_but_that_of_a_web(void **state) {
  static const char *const BAD[] = {
      "",
      "example.org",
      "ftp://example.org",
      "file:///etc/passwd",
      "http://",
      "http://me@example.org",
      "http://example.org/?a=b",
      "http://example.org/#x",
      "http://exa mple.org",
      "http://a:99999",
      "http://:80/",
      "http://[fe80::1%25eth0]:80",
      "http://me@example.org@example.org",
      "http://example.org\\@127.0.0.1",
  };
  static const char *const GOOD[] = {"http://example.org/", "HTTPS://example.org:8443", "http://[::1]:80",
                                     "https://example.org/a/b/"};
  char out[FETCH_URL_MAX];
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
    struct err err = ERR_INIT;
    assert_int_equal(fetch_base(BAD[i], out, &err), ERR_USAGE);
  }
  for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
    struct err err = ERR_INIT;
    assert_int_equal(fetch_base(GOOD[i], out, &err), OK);
    assert_int_not_equal(out[strlen(out) - 1], '/');
  }
  assert_string_equal(out, "https://example.org/a/b");
}

static void asks_no_proxy_where_it_may_not_lead(void **state) {
  struct fetch_answer a;
  struct err err = ERR_INIT;
  struct fetch *f = NULL;
  char proxy[64];
  (void)state;
  (void)snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", server.port);
  assert_int_equal(setenv("http_proxy", proxy, 1), 0);
  assert_int_equal(fetch_new("http://10.0.0.1", 5000, &f, &err), OK);
  fetch_keep_within(f, REACH_WORLD);
  fetch_answer_init(&a, CEILING);
  assert_int_equal(fetch_get(f, "/x", NULL, &a, &err), ERR_REFUSED);
  assert_true(err.hint[0] != '\0');
  assert_int_equal(unsetenv("http_proxy"), 0);
  const int flags = fcntl(server.fd, F_GETFL);
  assert_int_equal(fcntl(server.fd, F_SETFL, flags | O_NONBLOCK), 0);
  assert_int_equal(accept(server.fd, NULL, NULL), -1);
  assert_int_equal(fcntl(server.fd, F_SETFL, flags), 0);
  fetch_free(f);
  fetch_answer_release(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_an_answer_with_its_tag_and_what_comes_next),
      cmocka_unit_test(asks_with_a_known_tag_and_takes_that_nothing_changed),
      cmocka_unit_test(an_answer_that_is_cut_is_no_answer),
      cmocka_unit_test(what_is_larger_than_its_ceiling_is_not_taken),
      cmocka_unit_test(a_packed_answer_counts_unpacked),
      cmocka_unit_test(follows_nobody_elsewhere),
      cmocka_unit_test(tells_what_a_problem_says),
      cmocka_unit_test(sends_a_body_of_its_type),
      cmocka_unit_test(waits_no_longer_than_it_was_told),
      cmocka_unit_test(refuses_what_cannot_be_read),
      cmocka_unit_test(tells_that_nobody_is_there),
      cmocka_unit_test(asks_no_proxy_where_it_may_not_lead),
      cmocka_unit_test(takes_no_address_but_that_of_a_web),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
