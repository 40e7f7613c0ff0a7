/*
 * test_listener: which addresses web takes to listen on, by which names it may then be asked, and who counts as one client.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <event2/event.h>

#include "node/web/listener.h"

static struct listener_peer peer_of(const char *address) {
  struct sockaddr_in four = {.sin_family = AF_INET};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6};
  struct listener_peer peer;
  const bool is_six = strchr(address, ':') != NULL;
  assert_int_equal(inet_pton(is_six ? AF_INET6 : AF_INET, address, is_six ? (void *)&six.sin6_addr : (void *)&four.sin_addr),
                   1);
  listener_peer_of(is_six ? (const struct sockaddr *)&six : (const struct sockaddr *)&four, &peer);
  return peer;
}

static bool same(const char *a, const char *b) {
  const struct listener_peer x = peer_of(a), y = peer_of(b);
  return memcmp(&x.address, &y.address, sizeof x.address) == 0;
}

static void tells_the_loopback_from_others(void **state) {
  (void)state;
  assert_true(peer_of("127.0.0.1").local && peer_of("127.8.9.10").local && peer_of("::1").local);
  assert_true(peer_of("::ffff:127.0.0.1").local);
  assert_false(peer_of("192.0.2.1").local || peer_of("2001:db8::1").local || peer_of("::ffff:192.0.2.1").local);
}

static void counts_a_network_of_ipv6_as_one_client(void **state) {
  (void)state;
  assert_true(same("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"));
  assert_false(same("2001:db8:0:1::1", "2001:db8:0:2::1"));
}

static void counts_ipv4_alike_at_a_listener_of_both(void **state) {
  (void)state;
  assert_true(same("192.0.2.1", "::ffff:192.0.2.1"));
  assert_false(same("::ffff:192.0.2.1", "::ffff:192.0.2.2"));
  assert_false(same("192.0.2.1", "192.0.2.2"));
}

static void ignore(void *context, int fd, const struct listener_peer *peer) {
  (void)context;
  (void)fd;
  (void)peer;
}

static void refuses_what_is_no_address(void **state) {
  (void)state;
  static const char *const WRONG[] = {"",
                                      "http://",
                                      "http://:80",
                                      "127.0.0.1:80",
                                      "https://127.0.0.1:80",
                                      "http://127.0.0.1",
                                      "http://127.0.0.1:65536",
                                      "http://127.0.0.1:x",
                                      "http://host.example.org:80",
                                      "http://[::1:80"};
  struct event_base *base = event_base_new();
  assert_non_null(base);
  for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
    struct err err = ERR_INIT;
    struct listener *l = NULL;
    assert_int_equal(listener_new(base, WRONG[i], "", ignore, NULL, &l, &err), ERR_USAGE);
  }
  event_base_free(base);
}

static void goes_by_its_address_and_its_name(void **state) {
  (void)state;
  struct event_base *base = event_base_new();
  struct listener *l = NULL;
  struct err err = ERR_INIT;
  assert_non_null(base);
  assert_int_equal(listener_new(base, "http://127.0.0.1:0", "cases.example.org", ignore, NULL, &l, &err), OK);
  const struct guard_hosts *hosts = listener_hosts(l);
  const char *address = listener_address(l), *port = strrchr(address, ':');
  assert_int_equal(hosts->n, 4);
  assert_memory_equal(address, "http://127.0.0.1:", 17);
  assert_string_equal(hosts->names[0], address + strlen("http://"));
  assert_string_equal(strrchr(hosts->names[1], ':'), port);
  assert_memory_equal(hosts->names[1], "localhost:", 10);
  assert_string_equal(hosts->names[2], "cases.example.org");
  listener_free(l);
  event_base_free(base);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tells_the_loopback_from_others),          cmocka_unit_test(counts_a_network_of_ipv6_as_one_client),
      cmocka_unit_test(counts_ipv4_alike_at_a_listener_of_both), cmocka_unit_test(refuses_what_is_no_address),
      cmocka_unit_test(goes_by_its_address_and_its_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
