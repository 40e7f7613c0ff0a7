/*
 * listener: see listener.h. On libevent's evconnlistener.
 */
#include "node/web/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "keys/log.h"

#define BACKLOG 128
#define HOST_MAX 300
#define REST_US 100000L /* the listener rests when descriptors run out */

struct listener {
  struct evconnlistener *inner;
  struct event *rest;
  listener_accept *accept;
  void *context;
  char address[HOST_MAX], hosts[4][HOST_MAX];
  struct guard_hosts names;
};

/* ---- new connections ---- */

static void take_four(const uint8_t octets[4], struct listener_peer *out) {
  memcpy(out->address.s6_addr + 12, octets, 4);
  out->local = octets[0] == 127;
}

void listener_peer_of(const struct sockaddr *from, struct listener_peer *out) {
  *out = (struct listener_peer){.local = false};
  if (from->sa_family == AF_INET) {
    struct sockaddr_in four;
    memcpy(&four, from, sizeof four);
    take_four((const uint8_t *)&four.sin_addr, out);
  } else if (from->sa_family == AF_INET6) {
    struct sockaddr_in6 six;
    memcpy(&six, from, sizeof six);
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) { /* IPv4 at a listener of both */
      take_four(six.sin6_addr.s6_addr + 12, out);
      return;
    }
    memcpy(&out->address, &six.sin6_addr, 8);
    out->local = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) != 0;
  }
}

static void on_accept(struct evconnlistener *inner, evutil_socket_t fd, struct sockaddr *from, int len, void *context) {
  const struct listener *l = context;
  struct listener_peer peer;
  (void)inner;
  (void)len;
  listener_peer_of(from, &peer);
  l->accept(l->context, fd, &peer);
}

static void on_rest(evutil_socket_t fd, short what, void *context) {
  struct listener *l = context;
  (void)fd;
  (void)what;
  (void)evconnlistener_enable(l->inner);
}

static void on_accept_error(struct evconnlistener *inner, void *context) {
  static const struct timeval REST = {0, REST_US};
  struct listener *l = context;
  log_line(LOG_WARNING, "web", "cannot accept", "why=%s", strerror(errno));
  (void)evconnlistener_disable(inner);
  (void)evtimer_add(l->rest, &REST);
}

/* ---- life ---- */

/* libevent's own reader takes no port 0. */
static enum err_code parse_listen(const char *listen, struct sockaddr_storage *out, int *len, struct err *err) {
  static const char SCHEME[] = "http://";
  char host[HOST_MAX];
  uint64_t port = 0;
  const char *colon = strrchr(listen, ':');
  const size_t scheme_len = sizeof SCHEME - 1, host_len = colon == NULL ? 0 : (size_t)(colon - listen) - scheme_len;
  *len = sizeof *out;
  bool good = strncmp(listen, SCHEME, scheme_len) == 0 && colon != NULL && colon > listen + scheme_len &&
              host_len < sizeof host && decimal_decode(view_of_text(colon + 1), &port, NULL) == OK && port <= UINT16_MAX;
  if (good) {
    memcpy(host, listen + scheme_len, host_len);
    host[host_len] = '\0';
    good = evutil_parse_sockaddr_port(host, (struct sockaddr *)out, len) == 0;
  }
  if (!good) {
    err_set(err, ERR_USAGE, "web: \"%s\" is no address such as http://127.0.0.1:7480", listen);
    return ERR_USAGE;
  }
  /* Ports stand at the same place in both kinds of address. */
  const uint16_t at = htons((uint16_t)port);
  memcpy((uint8_t *)out + offsetof(struct sockaddr_in, sin_port), &at, sizeof at);
  return OK;
}
_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port), "ports stand alike");

/* What it is bound to, as text, and the names that a Host may have. */
static enum err_code name_self(struct listener *l, const char *name, struct err *err) {
  struct sockaddr_storage at = {.ss_family = AF_UNSPEC};
  socklen_t len = sizeof at;
  char text[INET6_ADDRSTRLEN] = "";
  uint16_t port = 0;
  if (getsockname(evconnlistener_get_fd(l->inner), (struct sockaddr *)&at, &len) != 0) {
    return err_errno(err, ERR_IO, errno, "web");
  }
  const bool six = at.ss_family == AF_INET6;
  if (six) {
    struct sockaddr_in6 in;
    memcpy(&in, &at, sizeof in);
    port = ntohs(in.sin6_port);
    (void)inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
  } else {
    struct sockaddr_in in;
    memcpy(&in, &at, sizeof in);
    port = ntohs(in.sin_port);
    (void)inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  }
  (void)snprintf(l->hosts[0], HOST_MAX, six ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
  (void)snprintf(l->hosts[1], HOST_MAX, "localhost:%u", (unsigned)port);
  (void)snprintf(l->address, HOST_MAX, "http://%.280s", l->hosts[0]);
  l->names.names[l->names.n++] = l->hosts[0];
  l->names.names[l->names.n++] = l->hosts[1];
  if (name[0] != '\0') {
    (void)snprintf(l->hosts[2], HOST_MAX, "%.255s", name);
    (void)snprintf(l->hosts[3], HOST_MAX, "%.255s:%u", name, (unsigned)port);
    l->names.names[l->names.n++] = l->hosts[2];
    l->names.names[l->names.n++] = l->hosts[3];
  }
  return OK;
}

enum err_code listener_new(struct event_base *base, const char *address, const char *name, listener_accept *accept,
                           void *context, struct listener **out, struct err *err) {
  struct sockaddr_storage at;
  int len = 0;
  enum err_code code = parse_listen(address, &at, &len, err);
  if (code != OK) return code;
  struct listener *l = calloc(1, sizeof *l);
  if (l == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  l->accept = accept;
  l->context = context;
  l->rest = evtimer_new(base, on_rest, l);
  l->inner = evconnlistener_new_bind(base, on_accept, l, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                     BACKLOG, (const struct sockaddr *)&at, len);
  if (l->inner == NULL) {
    code = err_errno(err, ERR_IO, errno, address);
  } else if (l->rest == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
  } else {
    evconnlistener_set_error_cb(l->inner, on_accept_error);
    code = name_self(l, name, err);
  }
  if (code != OK) {
    listener_free(l);
    return code;
  }
  *out = l;
  return OK;
}

void listener_free(struct listener *l) {
  if (l == NULL) return;
  if (l->inner != NULL) evconnlistener_free(l->inner);
  if (l->rest != NULL) event_free(l->rest);
  free(l);
}

const char *listener_address(const struct listener *l) {
  return l->address;
}

const struct guard_hosts *listener_hosts(const struct listener *l) {
  return &l->names;
}
