/*
 * resolve: getaddrinfo_a(3) of the C library, which asks in threads of its own. A request that runs cannot be taken back, so
 * what is given up early goes on a list until the library is done with it.
 */
#include "node/net/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX LIMIT_ENDPOINT

struct resolve {
  struct gaicb request;
  struct addrinfo hints;
  char host[HOST_MAX + 1], port[8];
  bool begun;
  struct resolve *next; /* in the list of those given up */
};

static struct resolve *given_up = NULL;

/* "tcp://HOST:PORT" or "tcp://[HOST]:PORT" into its parts. */
static bool endpoint_split(const char *endpoint, char host[HOST_MAX + 1], char port[8]) {
  static const char SCHEME[] = "tcp://";
  const char *colon = strrchr(endpoint, ':');
  if (!address_endpoint_is_valid(endpoint) || colon == NULL) return false;
  struct view name = view_of(endpoint + strlen(SCHEME), (size_t)(colon - endpoint) - strlen(SCHEME));
  if (name.len >= 2 && name.p[0] == '[' && name.p[name.len - 1] == ']') name = view_of(name.p + 1, name.len - 2);
  if (name.len == 0 || name.len > HOST_MAX) return false;
  memcpy(host, name.p, name.len);
  host[name.len] = '\0';
  return snprintf(port, 8, "%s", colon + 1) < 8;
}

struct resolve *resolve_new(const char *endpoint) {
  struct resolve *l = calloc(1, sizeof *l);
  if (l == NULL || !endpoint_split(endpoint, l->host, l->port)) {
    free(l);
    return NULL;
  }
  l->hints = (struct addrinfo){.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  if (getaddrinfo(l->host, l->port, &l->hints, &l->request.ar_result) == 0) return l;
  l->hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  l->request.ar_name = l->host;
  l->request.ar_service = l->port;
  l->request.ar_request = &l->hints;
  l->request.ar_result = NULL;
  struct gaicb *list[] = {&l->request};
  l->begun = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL) == 0;
  return l;
}

enum resolve_state resolve_step(struct resolve *l, unsigned turn, char numeric[LIMIT_ENDPOINT + 1]) {
  const int state = l->begun ? gai_error(&l->request) : 0;
  if (state == EAI_INPROGRESS) return RESOLVE_WAIT;
  if (state != 0 || l->request.ar_result == NULL) return RESOLVE_FAILED;
  unsigned n = 0;
  for (const struct addrinfo *a = l->request.ar_result; a != NULL; a = a->ai_next)
    n++;
  const struct addrinfo *chosen = l->request.ar_result;
  for (unsigned i = turn % n; i > 0; i--)
    chosen = chosen->ai_next;
  char host[NI_MAXHOST], port[8];
  if (getnameinfo(chosen->ai_addr, chosen->ai_addrlen, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV)) {
    return RESOLVE_FAILED;
  }
  const bool v6 = chosen->ai_family == AF_INET6;
  const int len = v6 ? snprintf(numeric, LIMIT_ENDPOINT + 1, "tcp://[%s]:%s", host, port)
                     : snprintf(numeric, LIMIT_ENDPOINT + 1, "tcp://%s:%s", host, port);
  return len > 0 && len <= (int)LIMIT_ENDPOINT ? RESOLVE_DONE : RESOLVE_FAILED;
}

static void destroy(struct resolve *l) {
  if (l->request.ar_result != NULL) freeaddrinfo(l->request.ar_result);
  free(l);
}

void resolve_free(struct resolve *l) {
  if (l == NULL) return;
  if (!l->begun || gai_cancel(&l->request) != EAI_NOTCANCELED) {
    destroy(l);
    return;
  }
  l->next = given_up;
  given_up = l;
}

void resolve_reap(bool wait) {
  struct resolve **at = &given_up;
  while (*at != NULL) {
    struct resolve *l = *at;
    const struct gaicb *list[] = {&l->request};
    while (wait && gai_error(&l->request) == EAI_INPROGRESS)
      (void)gai_suspend(list, 1, NULL);
    if (gai_error(&l->request) == EAI_INPROGRESS) {
      at = &l->next;
      continue;
    }
    *at = l->next;
    destroy(l);
  }
}
