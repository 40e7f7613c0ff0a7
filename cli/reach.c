/*
 * reach: connections that are opened and closed (see reach.h).
 */
#include "cli/reach.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/clock.h"

#define SCHEME "tcp://"

/* Begins to connect. */
static void start(struct reach *r) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  char host[LIMIT_ENDPOINT + 1];
  const char *begin = strncmp(r->endpoint, SCHEME, strlen(SCHEME)) == 0 ? r->endpoint + strlen(SCHEME) : r->endpoint;
  const char *colon = strrchr(begin, ':');
  r->fd = -1;
  r->failed = EINVAL;
  if (colon == NULL || colon == begin) {
    return;
  }
  const bool bracketed = begin[0] == '[' && colon[-1] == ']';
  (void)snprintf(host, sizeof host, "%.*s", (int)(colon - begin) - 2 * bracketed, begin + bracketed);
  if (getaddrinfo(host, colon + 1, &hints, &found) != 0) {
    r->failed = EHOSTUNREACH;
    return;
  }
  r->fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (r->fd < 0) {
    r->failed = errno;
  } else {
    r->failed = connect(r->fd, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  }
  freeaddrinfo(found);
}

/* Takes the result of one that was being connected. */
static void settle(struct reach *r) {
  int failed = 0;
  socklen_t len = sizeof failed;
  r->failed = getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0 ? errno : failed;
}

/* Waits for those that are being connected; returns how many still are. */
static size_t wait_some(struct reach *list, struct pollfd *polls, size_t n, int ms) {
  size_t waiting = 0;
  for (size_t i = 0; i < n; i++) {
    const bool pending = list[i].fd >= 0 && list[i].failed == EINPROGRESS;
    polls[i] = (struct pollfd){.fd = pending ? list[i].fd : -1, .events = POLLOUT};
    waiting += pending;
  }
  if (waiting == 0 || poll(polls, (nfds_t)n, ms) <= 0) {
    return waiting;
  }
  for (size_t i = 0; i < n; i++) {
    if (polls[i].fd >= 0 && polls[i].revents != 0) {
      settle(&list[i]);
      waiting--;
    }
  }
  return waiting;
}

void reach_all(struct reach *list, size_t n, uint64_t ms) {
  const uint64_t end = clock_ms(clock_system()) + ms;
  struct pollfd *polls = calloc(n == 0 ? 1 : n, sizeof *polls);
  for (size_t i = 0; i < n; i++) {
    start(&list[i]);
  }
  for (uint64_t now = clock_ms(clock_system()); polls != NULL && now < end; now = clock_ms(clock_system())) {
    if (wait_some(list, polls, n, (int)(end - now)) == 0) {
      break;
    }
  }
  for (size_t i = 0; i < n; i++) {
    list[i].failed = list[i].failed == EINPROGRESS ? ETIMEDOUT : list[i].failed;
    if (list[i].fd >= 0) {
      (void)close(list[i].fd);
    }
    list[i].fd = -1;
  }
  free(polls);
}
