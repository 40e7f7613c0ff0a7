/*
 * resolve: getaddrinfo(3) in a thread of its own for each name. A lookup that runs cannot be taken back, so what is given up
 * early goes on a list until its thread is done with it. (getaddrinfo_a(3) would start threads that ThreadSanitizer does not
 * see, and that crash under it.)
 */
#include "node/net/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOST_MAX LIMIT_ENDPOINT
#define AT_ONCE 16u /* lookups that run; the others wait for a place */

/* Invariant: result and error are the thread's until is_done; host, port and hints do not change while it runs. */
struct resolve {
  struct addrinfo hints, *result;
  char host[HOST_MAX + 1], port[8];
  int error; /* EAI_*; 0: result is there */
  bool begun;
  atomic_bool is_done; /* also of one that needed no thread */
  pthread_t thread;
  struct resolve *next; /* in the list of those given up */
};

/* Of the one thread that asks for names. */
static struct resolve *given_up = NULL;
static unsigned n_running = 0;

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

static void *look_up(void *context) {
  struct resolve *l = context;
  l->error = getaddrinfo(l->host, l->port, &l->hints, &l->result);
  atomic_store_explicit(&l->is_done, true, memory_order_release);
  return NULL;
}

/* A thread that hears no signals: they are for the others. Without one it is tried again by the next step. */
static void begin(struct resolve *l) {
  sigset_t all, before;
  if (n_running >= AT_ONCE || sigfillset(&all) != 0 || pthread_sigmask(SIG_SETMASK, &all, &before) != 0) return;
  l->begun = pthread_create(&l->thread, NULL, look_up, l) == 0;
  n_running += l->begun;
  (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static bool is_done(struct resolve *l) {
  return atomic_load_explicit(&l->is_done, memory_order_acquire);
}

struct resolve *resolve_new(const char *endpoint) {
  struct resolve *l = calloc(1, sizeof *l);
  if (l == NULL || !endpoint_split(endpoint, l->host, l->port)) {
    free(l);
    return NULL;
  }
  l->hints = (struct addrinfo){.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  if (getaddrinfo(l->host, l->port, &l->hints, &l->result) == 0) {
    atomic_store(&l->is_done, true);
    return l;
  }
  l->hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
  l->result = NULL;
  begin(l);
  return l;
}

enum resolve_state resolve_step(struct resolve *l, unsigned turn, char numeric[LIMIT_ENDPOINT + 1]) {
  if (!is_done(l)) {
    if (!l->begun) begin(l);
    return RESOLVE_WAIT;
  }
  if (l->error != 0 || l->result == NULL) return RESOLVE_FAILED;
  unsigned n = 0;
  for (const struct addrinfo *a = l->result; a != NULL; a = a->ai_next)
    n++;
  const struct addrinfo *chosen = l->result;
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

/* Its thread is done or will be soon, or it never had one. */
static void destroy(struct resolve *l) {
  if (l->begun && pthread_join(l->thread, NULL) == 0) n_running--;
  if (l->result != NULL) freeaddrinfo(l->result);
  free(l);
}

void resolve_free(struct resolve *l) {
  if (l == NULL) return;
  if (!l->begun || is_done(l)) {
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
    if (!wait && !is_done(l)) {
      at = &l->next;
      continue;
    }
    *at = l->next;
    destroy(l);
  }
}
