/*
 * test_reach: how far addresses lead, at the edges of each range.
 */
#include "node/net/reach.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

static const struct {
  const char *address;
  enum reach reach;
} ROWS[] = {
    {"0.0.0.0", REACH_MACHINE},
    {"0.255.255.255", REACH_MACHINE},
    {"1.0.0.0", REACH_WORLD},
    {"9.255.255.255", REACH_WORLD},
    {"10.0.0.0", REACH_SITE},
    {"10.255.255.255", REACH_SITE},
    {"11.0.0.0", REACH_WORLD},
    {"100.63.255.255", REACH_WORLD},
    {"100.64.0.0", REACH_SITE},
    {"100.127.255.255", REACH_SITE},
    {"100.128.0.0", REACH_WORLD},
    {"126.255.255.255", REACH_WORLD},
    {"127.0.0.1", REACH_MACHINE},
    {"127.255.255.255", REACH_MACHINE},
    {"128.0.0.0", REACH_WORLD},
    {"169.253.255.255", REACH_WORLD},
    {"169.254.169.254", REACH_MACHINE},
    {"169.255.0.0", REACH_WORLD},
    {"172.15.255.255", REACH_WORLD},
    {"172.16.0.0", REACH_SITE},
    {"172.31.255.255", REACH_SITE},
    {"172.32.0.0", REACH_WORLD},
    {"192.0.0.8", REACH_SITE},
    {"192.0.2.1", REACH_WORLD},
    {"192.167.255.255", REACH_WORLD},
    {"192.168.0.0", REACH_SITE},
    {"192.168.255.255", REACH_SITE},
    {"192.169.0.0", REACH_WORLD},
    {"198.17.255.255", REACH_WORLD},
    {"198.18.0.0", REACH_SITE},
    {"198.19.255.255", REACH_SITE},
    {"198.20.0.0", REACH_WORLD},
    {"223.255.255.255", REACH_WORLD},
    {"224.0.0.1", REACH_NOBODY},
    {"255.255.255.255", REACH_NOBODY},
    {"::", REACH_MACHINE},
    {"::1", REACH_MACHINE},
    {"::127.0.0.1", REACH_MACHINE},
    {"::ffff:127.0.0.1", REACH_MACHINE},
    {"::ffff:10.1.2.3", REACH_SITE},
    {"::ffff:0.0.0.0", REACH_MACHINE},
    {"::ffff:192.0.2.1", REACH_WORLD},
    {"64:ff9b::169.254.169.254", REACH_MACHINE},
    {"64:ff9b::192.0.2.1", REACH_WORLD},
    {"2002:7f00:1::1", REACH_MACHINE},
    {"2002:c0a8:101::1", REACH_SITE},
    {"2002:c000:201::1", REACH_WORLD},
    {"2001:db8::1", REACH_WORLD},
    {"fbff::1", REACH_WORLD},
    {"fc00::1", REACH_SITE},
    {"fdff:ffff::1", REACH_SITE},
    {"fe7f::1", REACH_WORLD},
    {"fe80::1", REACH_MACHINE},
    {"febf::1", REACH_MACHINE},
    {"fec0::1", REACH_SITE},
    {"ff02::1", REACH_NOBODY},
};

static enum reach of_socket(const char *text) {
  struct sockaddr_in four = {.sin_family = AF_INET};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6};
  if (inet_pton(AF_INET, text, &four.sin_addr) == 1) return reach_of_socket((const struct sockaddr *)&four);
  assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
  return reach_of_socket((const struct sockaddr *)&six);
}

static void each_range_has_its_edges(void **state) {
  char url[96];
  (void)state;
  for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
    const bool six = strchr(ROWS[i].address, ':') != NULL;
    if (of_socket(ROWS[i].address) != ROWS[i].reach) fail_msg("%s", ROWS[i].address);
    (void)snprintf(url, sizeof url, six ? "http://[%s]:80/a" : "http://%s:80/a", ROWS[i].address);
    if (reach_of_text(url) != ROWS[i].reach) fail_msg("%s", url);
  }
}

static void nothing_but_the_network_is_dialled(void **state) {
  const struct sockaddr_un there = {.sun_family = AF_UNIX};
  (void)state;
  assert_int_equal(reach_of_socket((const struct sockaddr *)&there), REACH_NOBODY);
}

static void a_name_is_the_worlds_but_that_of_this_machine(void **state) {
  (void)state;
  assert_int_equal(reach_of_text("https://observatory.example.org"), REACH_WORLD);
  assert_int_equal(reach_of_text("https://127.example.org/"), REACH_WORLD);
  assert_int_equal(reach_of_text("http://localhost"), REACH_MACHINE);
  assert_int_equal(reach_of_text("tcp://localhost:7601"), REACH_MACHINE);
  assert_int_equal(reach_of_text("http://LocalHost/"), REACH_MACHINE);
  assert_int_equal(reach_of_text("http://localhost.example.org"), REACH_WORLD);
  assert_int_equal(reach_of_text("http://["), REACH_WORLD);
  assert_int_equal(reach_of_text(""), REACH_WORLD);
}

static void a_node_stands_where_its_web_does_or_else_its_endpoint(void **state) {
  static const char ANYWHERE[] = "tcp://0.0.0.0:7411", HERE[] = "tcp://127.0.0.1:0";
  struct address a = {.n_endpoints = 0};
  (void)state;
  assert_int_equal(reach_of_node(NULL, ANYWHERE), REACH_WORLD);
  assert_int_equal(reach_of_node(NULL, "tcp://[::]:7411"), REACH_WORLD);
  assert_int_equal(reach_of_node(NULL, "tcp://192.168.1.1:7411"), REACH_WORLD);
  assert_int_equal(reach_of_node(NULL, HERE), REACH_MACHINE);
  assert_int_equal(reach_of_node(&a, HERE), REACH_MACHINE);
  a.n_endpoints = 1;
  (void)snprintf(a.endpoints[0], sizeof a.endpoints[0], "tcp://127.0.0.1:7601");
  assert_int_equal(reach_of_node(&a, ANYWHERE), REACH_MACHINE);
  (void)snprintf(a.web, sizeof a.web, "https://192.168.1.1");
  assert_int_equal(reach_of_node(&a, HERE), REACH_SITE);
  (void)snprintf(a.web, sizeof a.web, "https://observatory.example.org");
  assert_int_equal(reach_of_node(&a, HERE), REACH_WORLD);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_range_has_its_edges),
      cmocka_unit_test(nothing_but_the_network_is_dialled),
      cmocka_unit_test(a_name_is_the_worlds_but_that_of_this_machine),
      cmocka_unit_test(a_node_stands_where_its_web_does_or_else_its_endpoint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
