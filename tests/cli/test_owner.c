/*
 * test_owner: the kernel says whose end of a connection over the loopback is whose, over IPv4 and IPv6; and what it does not
 * know is nobody's.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/desk/owner.h"

#define NOBODY 65534

/* A listener on the loopback; its address into *at. */
static int listen_at(int family, struct sockaddr_storage *at, socklen_t *len) {
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  *len = family == AF_INET ? sizeof four : sizeof six;
  if (family == AF_INET) {
    memcpy(at, &four, sizeof four);
  } else {
    memcpy(at, &six, sizeof six);
  }
  if (fd < 0 || bind(fd, (const struct sockaddr *)at, *len) != 0 || listen(fd, 4) != 0 ||
      getsockname(fd, (struct sockaddr *)at, len) != 0) {
    if (fd >= 0) close(fd);
    return -1;
  }
  return fd;
}

/* The same address for an IPv6 socket: ::ffff:127.0.0.1. */
static void map(struct sockaddr_storage *at, socklen_t *len) {
  struct sockaddr_in four;
  memcpy(&four, at, sizeof four);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = four.sin_port};
  six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xff;
  memcpy(&six.sin6_addr.s6_addr[12], &four.sin_addr, sizeof four.sin_addr);
  memcpy(at, &six, sizeof six);
  *len = sizeof six;
}

/* The owner of the other end of a connection to a listener of that family that a child makes as uid, with a socket of the
 * family `with`. */
static enum err_code owner_of_child(int family, int with, uid_t uid, uid_t *out) {
  struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
  socklen_t len = 0;
  int hold[2];
  const int listener = listen_at(family, &at, &len), tried = socket(with, SOCK_STREAM, 0);
  if (tried >= 0) close(tried);
  if (listener >= 0 && tried < 0) close(listener);
  if (listener < 0 || tried < 0) return ERR_UNREACHABLE;
  if (with != family) map(&at, &len);
  assert_int_equal(pipe(hold), 0);
  const pid_t child = fork();
  if (child == 0) {
    uint8_t octet;
    close(hold[1]);
    if (uid != getuid() && setuid(uid) != 0) _exit(1);
    const int fd = socket(with, SOCK_STREAM, 0); /* whose it is is settled here */
    if (connect(fd, (const struct sockaddr *)&at, len) != 0) _exit(1);
    _exit(read(hold[0], &octet, 1) == 0 ? 0 : 1); /* until the test has looked */
  }
  assert_true(child > 0);
  close(hold[0]);
  const int fd = accept(listener, NULL, NULL);
  assert_true(fd >= 0);
  const enum err_code code = owner_of_peer(fd, out, NULL);
  int status = 0;
  close(hold[1]);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  close(fd);
  close(listener);
  return code;
}

static void it_is_told_over_both_kinds_of_address_and_sockets(void **state) {
  (void)state;
  static const int families[][2] = {{AF_INET, AF_INET}, {AF_INET6, AF_INET6}, {AF_INET, AF_INET6}};
  for (size_t i = 0; i < 3; i++) {
    uid_t uid = NOBODY;
    const enum err_code code = owner_of_child(families[i][0], families[i][1], getuid(), &uid);
    if (i > 0 && code == ERR_UNREACHABLE) continue; /* a machine without IPv6 */
    assert_int_equal(code, OK);
    assert_int_equal(uid, getuid());
  }
}

static void another_user_is_told_apart(void **state) {
  (void)state;
  uid_t uid = 0;
  if (geteuid() != 0) skip(); /* nobody else can be had */
  assert_int_equal(owner_of_child(AF_INET, AF_INET, NOBODY, &uid), OK);
  assert_int_equal(uid, NOBODY);
}

static void what_is_no_connection_is_nobodys(void **state) {
  (void)state;
  struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
  socklen_t len = 0;
  uid_t uid = 0;
  const int listener = listen_at(AF_INET, &at, &len);
  assert_true(listener >= 0);
  assert_int_equal(owner_of_peer(listener, &uid, NULL), ERR_IO);
  assert_int_equal(owner_of_peer(-1, &uid, NULL), ERR_IO);
  close(listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_told_over_both_kinds_of_address_and_sockets),
      cmocka_unit_test(another_user_is_told_apart),
      cmocka_unit_test(what_is_no_connection_is_nobodys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
