/*
 * ctl: see ctl.h. libevent's parser is lenient, so the header of each request is judged again here before anything is forwarded
 * (http.c): one Host, one plain Content-Length, no transfer coding, a path of plain characters.
 */
#include "node/net/ctl.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/clock.h"
#include "node/net/http.h"
#include "node/net/unixpath.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

#define QUEUE ((size_t)4 * 1024 * 1024) /* octets waiting for core */
#define BACKLOG 16
#define ANSWER_MS (UINT64_C(15) * 60 * 1000) /* the longest order */
#define DEFAULT_TIMEOUT_S 10
#define LAST_TURNS 8
#define TURN_MS 1000
#define REST_US 100000L /* the listener rests when descriptors run out */

/* A request on its way through core. Invariant: req is NULL for a free slot. */
struct waiting {
  uint64_t id, until_ms;
  struct evhttp_request *req;
};

struct ctl {
  struct pipe *supervisor; /* borrowed */
  struct pipe *core;       /* owned; NULL: not there */
  struct event_base *base;
  struct evhttp *http;
  struct evconnlistener *listener; /* of http */
  struct event *rest, *supervisor_event, *core_event;
  int dir_fd;
  uint64_t last_id;
  struct waiting waiting[CTL_REQUESTS];
  struct bytes scratch;
};

/* ---- answers ---- */

static void reply(struct evhttp_request *req, int status, const char *type, struct view body) {
  struct evbuffer *out = evhttp_request_get_output_buffer(req);
  struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
  struct evhttp_connection *connection = evhttp_request_get_connection(req);
  if (connection != NULL) evhttp_connection_set_closecb(connection, NULL, NULL);
  (void)evhttp_add_header(headers, "Content-Type", type);
  (void)evhttp_add_header(headers, "Cache-Control", "no-store");
  if (body.len > 0) (void)evbuffer_add(out, body.p, body.len);
  evhttp_send_reply(req, status, NULL, NULL);
}

static void reply_error(struct evhttp_request *req, int status, const struct err *err) {
  struct bytes text;
  bytes_init(&text, HTTP_ERROR_MAX);
  http_error(err, &text);
  if (status >= 400 && status != 503) {
    (void)evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
  }
  reply(req, status, "application/json", bytes_view(&text));
  bytes_release(&text);
}

static void closed(struct evhttp_connection *connection, void *context) {
  struct ctl *c = context;
  for (size_t i = 0; i < CTL_REQUESTS; i++) {
    struct waiting *w = &c->waiting[i];
    if (w->req != NULL && evhttp_request_get_connection(w->req) == connection) *w = (struct waiting){0};
  }
}

/* Everybody who waits is told that core is gone. */
static void fail_all(struct ctl *c) {
  struct err err = ERR_INIT;
  err_set(&err, ERR_FAILED, "the node was interrupted while it answered");
  err_hint(&err, "look with specola status whether it was done, before you do it again");
  for (size_t i = 0; i < CTL_REQUESTS; i++) {
    struct evhttp_request *req = c->waiting[i].req;
    c->waiting[i] = (struct waiting){0};
    if (req != NULL) reply_error(req, 502, &err);
  }
}

static void expire(struct ctl *c, uint64_t now_ms) {
  struct err err = ERR_INIT;
  err_set(&err, ERR_UNREACHABLE, "the node did not answer in time");
  for (size_t i = 0; i < CTL_REQUESTS; i++) {
    struct evhttp_request *req = c->waiting[i].req;
    if (req == NULL || c->waiting[i].until_ms > now_ms) continue;
    c->waiting[i] = (struct waiting){0};
    reply_error(req, 504, &err);
  }
}

/* ---- requests ---- */

static bool peer_is_us(struct evhttp_connection *connection) {
  struct ucred peer = {0};
  socklen_t len = sizeof peer;
  const int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection));
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == geteuid() || peer.uid == 0);
}

/* Sends it to core. ERR_BUSY: not now; then nothing was sent. */
static enum err_code forward(struct ctl *c, const struct http_request *r, uint64_t id, struct err *err) {
  if (c->core == NULL) return err_set(err, ERR_BUSY, "the node is starting");
  bytes_clear(&c->scratch);
  struct canon_writer w = canon_writer(&c->scratch);
  canon_put_array(&w, 4);
  canon_put_uint(&w, id);
  canon_put_text(&w, r->method);
  canon_put_text(&w, r->path);
  canon_put_bin(&w, r->body);
  enum err_code code = canon_written(&w, "request", err);
  if (code == OK) code = pipe_send(c->core, PIPE_REQUEST, bytes_view(&c->scratch), err);
  return code == ERR_LIMIT ? err_set(err, ERR_BUSY, "too many requests wait") : code;
}

static void on_request(struct evhttp_request *req, void *context) {
  struct ctl *c = context;
  struct err err = ERR_INIT;
  struct http_request r;
  struct waiting *slot = NULL;
  struct evhttp_connection *connection = evhttp_request_get_connection(req);
  if (!peer_is_us(connection)) {
    err_set(&err, ERR_REFUSED, "this socket is for the user who runs the node");
    reply_error(req, 403, &err);
    return;
  }
  const int status = http_read(req, &r, &err);
  if (status != 200) {
    reply_error(req, status, &err);
    return;
  }
  for (size_t i = 0; i < CTL_REQUESTS && slot == NULL; i++) {
    if (c->waiting[i].req == NULL) slot = &c->waiting[i];
  }
  const enum err_code code =
      slot == NULL ? err_set(&err, ERR_BUSY, "too many requests wait") : forward(c, &r, c->last_id + 1, &err);
  if (code != OK || slot == NULL) {
    reply_error(req, code == ERR_BUSY ? 503 : 500, &err);
    return;
  }
  *slot = (struct waiting){++c->last_id, clock_ms(clock_system()) + ANSWER_MS, req};
  evhttp_connection_set_closecb(connection, closed, c);
}

static void on_answer(struct ctl *c, struct canon_reader *r) {
  canon_array_exact(r, 4);
  const uint64_t id = canon_uint(r);
  const uint64_t status = canon_uint_max(r, 599);
  const struct view type = canon_str(r, 64);
  const struct view body = canon_bin(r, LIMIT_PIPE);
  char name[65];
  if (r->fault != NULL || !canon_at_end(r)) return;
  memcpy(name, type.p, type.len);
  name[type.len] = '\0';
  for (size_t i = 0; i < CTL_REQUESTS; i++) {
    struct evhttp_request *req = c->waiting[i].req;
    if (req == NULL || c->waiting[i].id != id) continue;
    c->waiting[i] = (struct waiting){0};
    reply(req, (int)status, name, body);
  }
}

/* ---- life ---- */

static void wake(evutil_socket_t fd, short what, void *context) {
  (void)fd;
  (void)what;
  (void)context; /* the loop looks at its pipes after each turn */
}

static void on_rest(evutil_socket_t fd, short what, void *context) {
  (void)fd;
  (void)what;
  struct ctl *c = context;
  (void)evconnlistener_enable(c->listener);
}

static void on_accept_error(struct evconnlistener *listener, void *context) {
  static const struct timeval REST = {0, REST_US};
  struct ctl *c = context;
  log_line(LOG_WARNING, "ctl", "cannot accept", "why=%s", strerror(errno));
  (void)evconnlistener_disable(listener);
  (void)evtimer_add(c->rest, &REST);
}

/* The listening socket. */
static int listen_on(const char *path, struct err *err) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path) + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    err_errno(err, ERR_IO, errno, "run/ctl");
    return -1;
  }
  const mode_t before = umask(0177);
  (void)unlink(path);
  const bool bound = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
  umask(before);
  if (bound && listen(fd, BACKLOG) == 0) return fd;
  err_errno(err, ERR_IO, errno, "run/ctl");
  close(fd);
  return -1;
}

static enum err_code http_open(struct ctl *c, int fd, unsigned timeout_s, struct err *err) {
  c->base = event_base_new();
  c->http = c->base == NULL ? NULL : evhttp_new(c->base);
  c->rest = c->base == NULL ? NULL : evtimer_new(c->base, on_rest, c);
  c->supervisor_event = c->base == NULL ? NULL : event_new(c->base, pipe_fd(c->supervisor), EV_READ | EV_PERSIST, wake, NULL);
  if (c->http == NULL || c->rest == NULL || c->supervisor_event == NULL || event_add(c->supervisor_event, NULL) != 0) {
    close(fd);
    return err_set(err, ERR_MEMORY, NULL);
  }
  evhttp_set_allowed_methods(c->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
  evhttp_set_max_headers_size(c->http, LIMIT_HTTP_HEADER);
  evhttp_set_max_body_size(c->http, LIMIT_SUBMIT_BYTES + CTL_BODY_SLACK);
  evhttp_set_timeout(c->http, timeout_s == 0 ? DEFAULT_TIMEOUT_S : (int)timeout_s);
  evhttp_set_gencb(c->http, on_request, c);
  struct evhttp_bound_socket *bound = evhttp_accept_socket_with_handle(c->http, fd);
  if (bound == NULL) {
    close(fd);
    return err_set(err, ERR_MEMORY, NULL);
  }
  c->listener = evhttp_bound_socket_get_listener(bound);
  evconnlistener_set_error_cb(c->listener, on_accept_error);
  return OK;
}

enum err_code ctl_new(const struct ctl_config *config, struct ctl **out, struct err *err) {
  char path[UNIXPATH_MAX];
  struct ctl *c = calloc(1, sizeof *c);
  if (c == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  c->supervisor = config->supervisor;
  bytes_init(&c->scratch, LIMIT_PIPE);
  (void)signal(SIGPIPE, SIG_IGN); /* libevent writes to clients that are gone */
  enum err_code code = unixpath_make(config->dir, CTL_SOCKET, path, &c->dir_fd, err);
  if (code == OK) {
    const int fd = listen_on(path, err);
    code = fd < 0 ? ERR_IO : http_open(c, fd, config->timeout_s, err);
  }
  if (code != OK) {
    ctl_free(c);
    return code;
  }
  *out = c;
  return OK;
}

void ctl_free(struct ctl *c) {
  if (c == NULL) return;
  if (c->dir_fd >= 0) (void)unlinkat(c->dir_fd, CTL_SOCKET, 0);
  if (c->http != NULL) evhttp_free(c->http);
  if (c->rest != NULL) event_free(c->rest);
  if (c->supervisor_event != NULL) event_free(c->supervisor_event);
  if (c->core_event != NULL) event_free(c->core_event);
  if (c->base != NULL) event_base_free(c->base);
  if (c->dir_fd >= 0) close(c->dir_fd);
  pipe_free(c->core);
  bytes_release(&c->scratch);
  free(c);
}

/* ---- the loop ---- */

static void core_drop(struct ctl *c) {
  if (c->core_event != NULL) event_free(c->core_event);
  c->core_event = NULL;
  pipe_free(c->core);
  c->core = NULL;
  fail_all(c);
}

static enum err_code core_take(struct ctl *c, int fd, struct err *err) {
  core_drop(c);
  c->core = pipe_new(fd, QUEUE);
  if (c->core == NULL) return err_set(err, ERR_MEMORY, NULL);
  c->core_event = event_new(c->base, fd, EV_READ | EV_PERSIST, wake, NULL);
  if (c->core_event == NULL || event_add(c->core_event, NULL) != 0) return err_set(err, ERR_MEMORY, NULL);
  return OK;
}

static enum err_code supervisor_turn(struct ctl *c, bool *stop, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  const enum err_code read = pipe_read(c->supervisor, err);
  while (pipe_next(c->supervisor, &channel, &payload, &fd)) {
    if (channel == PIPE_STOP) *stop = true;
    if (channel != PIPE_PEER) continue;
    const enum err_code code = core_take(c, fd, err);
    if (code != OK) return code;
  }
  if (pipe_fault(c->supervisor) != NULL) return err_set(err, ERR_FORMAT, "%s", pipe_fault(c->supervisor));
  return *stop ? OK : read == OK ? pipe_write(c->supervisor, err) : read;
}

static enum err_code core_turn(struct ctl *c, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  struct err gone = ERR_INIT;
  int fd = -1;
  enum err_code code = pipe_read(c->core, &gone);
  while (pipe_next(c->core, &channel, &payload, &fd)) {
    struct canon_reader r = canon_reader(payload);
    if (channel == PIPE_ANSWER) on_answer(c, &r);
    if (fd >= 0) close(fd);
  }
  if (pipe_fault(c->core) != NULL) return err_set(err, ERR_FORMAT, "core's pipe: %s", pipe_fault(c->core));
  if (code == OK) code = pipe_write(c->core, &gone);
  if (code == OK) return OK;
  if (code != ERR_UNREACHABLE) return err_set(err, code, "%s", gone.message);
  core_drop(c); /* the supervisor starts another one */
  return OK;
}

enum err_code ctl_step(struct ctl *c, unsigned timeout_ms, bool *stop, struct err *err) {
  struct timeval wait = {timeout_ms / 1000, (suseconds_t)(timeout_ms % 1000) * 1000};
  /* What waits for a full pipe is tried again soon; there is next to nothing to say on it, so no event watches for that. */
  if (c->core != NULL && pipe_wants_write(c->core) && timeout_ms > 5) wait = (struct timeval){0, 5000};
  if (event_base_loopexit(c->base, &wait) != 0 || event_base_loop(c->base, EVLOOP_ONCE) < 0) {
    return err_set(err, ERR_FAILED, "event loop failed");
  }
  expire(c, clock_ms(clock_system()));
  enum err_code code = supervisor_turn(c, stop, err);
  if (code == OK && c->core != NULL) code = core_turn(c, err);
  /* The answer to the order to stop was in core's pipe before the supervisor heard of it: it still goes out. */
  for (int i = 0; i < LAST_TURNS && code == OK && *stop; i++)
    (void)event_base_loop(c->base, EVLOOP_NONBLOCK);
  return code;
}

enum err_code ctl_run(const struct ctl_config *config, struct err *err) {
  struct ctl *c = NULL;
  bool stop = false;
  enum err_code code = ctl_new(config, &c, err);
  if (code == OK && config->settled != NULL) config->settled(config->context);
  if (code == OK) code = pipe_send(config->supervisor, PIPE_READY, view_of(NULL, 0), err);
  /* What came together with the hello is read already: no descriptor tells of it. */
  for (bool first = true; code == OK && !stop; first = false)
    code = ctl_step(c, first ? 0 : TURN_MS, &stop, err);
  ctl_free(c);
  return code;
}
