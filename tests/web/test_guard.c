/*
 * test_guard: what the first reader of strangers' octets lets through, and with which status it refuses the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/web/guard.h"
#include "node/web/params.h"

#define BODY_MAX 1000

static const struct guard_hosts HOSTS = {.names = {"127.0.0.1:7480", "localhost:7480", "cases.example.org"}, .n = 3};

static unsigned judge_octets(const char *text, size_t len, struct guard_request *out, size_t *used) {
  const char *why = NULL;
  const unsigned status = guard_read(view_of(text, len), &HOSTS, BODY_MAX, out, used, &why);
  if (status != 0 && status != 200) assert_non_null(why);
  return status;
}

static unsigned judge(const char *text, struct guard_request *out) {
  size_t used = 0;
  const unsigned status = judge_octets(text, strlen(text), out, &used);
  if (status == 200) assert_true(used > 0 && used <= strlen(text));
  return status;
}

static void lets_a_browser_through(void **state) {
  (void)state;
  struct guard_request r;
  assert_int_equal(
      judge("GET /it/cases?q=dati+aperti&country=IT HTTP/1.1\r\nHost: localhost:7480\r\nAccept-Language: it-IT,it;q=0.9\r\n"
            "If-None-Match: \"abc\"\r\nUser-Agent: x\r\n\r\n",
            &r),
      200);
  assert_int_equal(r.method, GUARD_GET);
  assert_true(view_is_text(r.path, "/it/cases"));
  assert_true(view_is_text(r.query, "q=dati+aperti&country=IT"));
  assert_true(view_is_text(r.accept_language, "it-IT,it;q=0.9"));
  assert_true(view_is_text(r.if_none_match, "\"abc\""));
  assert_true(r.keep_alive);
  assert_false(r.forwarded);
}

static void tells_what_a_browser_says_of_itself(void **state) {
  (void)state;
  struct guard_request r;
  assert_int_equal(
      judge("GET / HTTP/1.1\r\nHost: localhost:7480\r\nCookie: a=b; c=d\r\nSec-Fetch-Site: cross-site\r\n\r\n", &r), 200);
  assert_true(view_is_text(r.cookie, "a=b; c=d"));
  assert_true(view_is_text(r.fetch_site, "cross-site"));
  assert_int_equal(judge("GET / HTTP/1.1\r\nHost: localhost:7480\r\n\r\n", &r), 200);
  assert_int_equal(r.cookie.len + r.fetch_site.len, 0);
  assert_int_equal(judge("GET / HTTP/1.1\r\nHost: localhost:7480\r\nCookie: a=b\r\ncookie: c=d\r\n\r\n", &r), 400);
  assert_int_equal(judge("GET / HTTP/1.1\r\nHost: localhost:7480\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: none\r\n\r\n", &r),
                   400);
}

static void lets_a_submission_through(void **state) {
  (void)state;
  struct guard_request r;
  assert_int_equal(judge("POST /sync/submit HTTP/1.1\r\nHost: CASES.example.org\r\nOrigin: https://cases.example.org\r\n"
                         "Content-Type: application/msgpack\r\nContent-Length: 1000\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n",
                         &r),
                   200);
  assert_int_equal(r.body_len, 1000);
  assert_true(view_is_text(r.content_type, "application/msgpack"));
  assert_true(r.forwarded);
}

static void closes_where_the_client_says_so_or_is_old(void **state) {
  (void)state;
  struct guard_request r;
  assert_int_equal(judge("GET / HTTP/1.1\r\nHost: localhost:7480\r\nConnection: Close\r\n\r\n", &r), 200);
  assert_false(r.keep_alive);
  assert_int_equal(judge("GET / HTTP/1.0\r\nHost: localhost:7480\r\n\r\n", &r), 200);
  assert_false(r.keep_alive);
}

static void waits_for_the_whole_head(void **state) {
  (void)state;
  static const char HEAD[] = "HEAD /healthz HTTP/1.1\r\nHost: localhost:7480\r\n\r\n";
  struct guard_request r;
  size_t used = 0;
  for (size_t len = 0; len < strlen(HEAD); len++)
    assert_int_equal(judge_octets(HEAD, len, &r, &used), 0);
  assert_int_equal(judge_octets(HEAD, strlen(HEAD), &r, &used), 200);
  assert_int_equal(used, strlen(HEAD));
  assert_int_equal(judge("GET / HTTP/1.1\r\nHost: localhost:7480\r\n\r\nGET /next", &r), 200);
}

#define HOST_LINE "Host: localhost:7480\r\n"
static const struct {
  const char *text;
  unsigned status;
} REFUSED[] = {
    {"GET / HTTP/1.1\r\n\r\n", 400},                                          /* no Host */
    {"GET / HTTP/1.1\r\n" HOST_LINE HOST_LINE "\r\n", 400},                   /* two */
    {"GET / HTTP/1.1\r\nHost: evil.example.org\r\n\r\n", 421},                /* another */
    {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 421},                       /* another port */
    {"GET / HTTP/1.1\r\nHost: localhost:7480.evil.example.org\r\n\r\n", 421}, /* a longer one */
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},                                 /* an empty one */
    {"GET / HTTP/1.1\nHost: localhost:7480\n\n", 400},                        /* bare LF */
    {"GET / HTTP/1.1\r\nHost: localhost:7480\n\r\n", 400},                    /* one bare LF */
    {"GET / HTTP/1.1\r\n" HOST_LINE "X: a\rb\r\n\r\n", 400},                  /* bare CR */
    {"GET / HTTP/1.1\r\n" HOST_LINE "X: a\x01\r\n\r\n", 400},                 /* a control character */
    {"GET / HTTP/1.1\r\n" HOST_LINE " folded: x\r\n\r\n", 400},               /* folding */
    {"GET / HTTP/1.1\r\nHost : localhost:7480\r\n\r\n", 400},                 /* a blank before the colon */
    {"GET / HTTP/1.1\r\n" HOST_LINE "no colon\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\n" HOST_LINE ": no name\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\n" HOST_LINE "\r\n", 400}, /* two blanks */
    {"GET / HTTP/1.1 \r\n" HOST_LINE "\r\n", 505}, /* a blank behind */
    {"GET / HTTP/2.0\r\n" HOST_LINE "\r\n", 505},
    {"GET /\r\n" HOST_LINE "\r\n", 400}, /* HTTP/0.9 */
    {"G@T / HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"DELETE / HTTP/1.1\r\n" HOST_LINE "\r\n", 405},
    {"get / HTTP/1.1\r\n" HOST_LINE "\r\n", 405},
    {"GET http://localhost:7480/ HTTP/1.1\r\n" HOST_LINE "\r\n", 400}, /* absolute */
    {"OPTIONS * HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /../etc HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET //cases HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /%2e%2e/etc HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /a\\b HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /cases?q=%00 HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /cases?q=%zz HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /cases?q=%4 HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /cases?q=<b> HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET /cases#x HTTP/1.1\r\n" HOST_LINE "\r\n", 400},
    {"GET / HTTP/1.1\r\n" HOST_LINE "Content-Length: 5\r\n\r\nhello", 400}, /* a body with GET */
    {"GET / HTTP/1.1\r\n" HOST_LINE "Content-Type: text/plain\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" HOST_LINE "\r\n", 411},
    {"POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 1001\r\n\r\n", 413},
    {"POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: +1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 1, 1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 18446744073709551616\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
    {"POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
    {"POST / HTTP/1.1\r\n" HOST_LINE "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n", 417},
    {"GET / HTTP/1.1\r\n" HOST_LINE "Origin: http://evil.example.org\r\n\r\n", 403},
    {"GET / HTTP/1.1\r\n" HOST_LINE "Origin: null\r\n\r\n", 403},
    {"GET / HTTP/1.1\r\n" HOST_LINE "Origin: http://localhost:7481\r\n\r\n", 403},
    {"GET / HTTP/1.1\r\n" HOST_LINE "Origin: http://localhost:7480\r\nOrigin: http://localhost:7480\r\n\r\n", 400},
    {"\r\n\r\n", 400},
    {"\n\n", 400},
};

static void refuses_what_is_not_strict(void **state) {
  (void)state;
  struct guard_request r;
  for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
    const unsigned status = judge(REFUSED[i].text, &r);
    if (status != REFUSED[i].status) fail_msg("%s: %u instead of %u", REFUSED[i].text, status, REFUSED[i].status);
  }
}

static void refuses_a_nul_anywhere(void **state) {
  (void)state;
  static const char HEAD[] = "GET /cases?q=a HTTP/1.1\r\nHost: localhost:7480\r\nX: y\r\n\r\n";
  char copy[sizeof HEAD];
  struct guard_request r;
  size_t used = 0;
  for (size_t i = 0; i + 4 < strlen(HEAD); i++) {
    memcpy(copy, HEAD, sizeof HEAD);
    copy[i] = '\0';
    assert_true(judge_octets(copy, strlen(HEAD), &r, &used) >= 400);
  }
}

static void refuses_a_head_that_never_ends(void **state) {
  (void)state;
  struct guard_request r;
  size_t used = 0;
  char *head = malloc(GUARD_HEAD_MAX + 1);
  assert_non_null(head);
  memset(head, 'a', GUARD_HEAD_MAX + 1);
  assert_int_equal(judge_octets(head, GUARD_HEAD_MAX - 1, &r, &used), 0);
  assert_int_equal(judge_octets(head, GUARD_HEAD_MAX, &r, &used), 431);
  size_t len = (size_t)snprintf(head, GUARD_HEAD_MAX, "GET / HTTP/1.1\r\nHost: localhost:7480\r\n");
  for (unsigned i = 0; i < GUARD_HEADERS; i++)
    len += (size_t)snprintf(head + len, GUARD_HEAD_MAX - len, "X%u: y\r\n", i);
  len += (size_t)snprintf(head + len, GUARD_HEAD_MAX - len, "\r\n");
  assert_int_equal(judge_octets(head, len, &r, &used), 431);
  len = (size_t)snprintf(head, GUARD_HEAD_MAX, "GET /");
  memset(head + len, 'a', GUARD_PATH_MAX);
  len += GUARD_PATH_MAX;
  len += (size_t)snprintf(head + len, GUARD_HEAD_MAX - len, " HTTP/1.1\r\nHost: localhost:7480\r\n\r\n");
  assert_int_equal(judge_octets(head, len, &r, &used), 414);
  free(head);
}

static void reads_parameters(void **state) {
  (void)state;
  struct params p;
  struct err err = ERR_INIT;
  assert_int_equal(params_read(view_of_text("q=dati+aperti&country=IT&country=FR&empty=&x&sort=%C3%A8"), &p, &err), OK);
  assert_int_equal(p.n, 4);
  assert_string_equal(params_get(&p, "q"), "dati aperti");
  assert_string_equal(params_get(&p, "country"), "IT");
  assert_string_equal(params_get(&p, "sort"), "\xc3\xa8");
  assert_null(params_get(&p, "empty"));
  assert_int_equal(params_read(view_of_text("q=%C3"), &p, &err), ERR_FORMAT);
  assert_int_equal(params_read(view_of_text("q=%01"), &p, &err), ERR_FORMAT);
  assert_int_equal(
      params_read(view_of_text("a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&"
                               "a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1"),
                  &p, &err),
      ERR_LIMIT);
}

static void writes_parameters_that_it_reads(void **state) {
  (void)state;
  struct params p;
  struct bytes path;
  bytes_init(&path, 1000);
  assert_int_equal(bytes_append_text(&path, "/cases", NULL), OK);
  assert_int_equal(url_put(&path, "q", "a&b=c <\"> %\xc3\xa8", NULL), OK);
  assert_int_equal(url_put(&path, "country", "IT", NULL), OK);
  assert_string_equal(bytes_text(&path), "/cases?q=a%26b%3Dc%20%3C%22%3E%20%25%C3%A8&country=IT");
  assert_int_equal(params_read(view_of_text(strchr(bytes_text(&path), '?') + 1), &p, NULL), OK);
  assert_string_equal(params_get(&p, "q"), "a&b=c <\"> %\xc3\xa8");
  bytes_release(&path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lets_a_browser_through),    cmocka_unit_test(tells_what_a_browser_says_of_itself),
      cmocka_unit_test(lets_a_submission_through), cmocka_unit_test(closes_where_the_client_says_so_or_is_old),
      cmocka_unit_test(waits_for_the_whole_head),  cmocka_unit_test(refuses_what_is_not_strict),
      cmocka_unit_test(refuses_a_nul_anywhere),    cmocka_unit_test(refuses_a_head_that_never_ends),
      cmocka_unit_test(reads_parameters),          cmocka_unit_test(writes_parameters_that_it_reads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
