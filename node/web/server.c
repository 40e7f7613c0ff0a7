/*
 * server: see server.h. A connection is READING (a request), ANSWERING (a thread does), WAITING (for core), WRITING, or CLOSING
 * (our half is shut, what still comes is thrown away); one request at a time, what a client sends ahead stays in the buffer.
 */
#include "node/web/server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "node/web/job.h"
#include "node/web/kept.h"
#include "node/web/listener.h"
#include "protocol/limits.h"

#define READ_AHEAD ((size_t)2 * GUARD_HEAD_MAX) /* octets that are read before they are asked for */
#define WRITE_AT_ONCE ((size_t)256 * 1024)      /* octets: a page in one turn */
#define WRITE_S 300                             /* for a whole answer */
#define ANSWER_TIMES 3                          /* threads and core have so many times what a client has for a request */
#define ID_NOBODY ((uint64_t)INT64_MAX)         /* of a request whose answer nobody waits for */
#define FAREWELL_S 1                            /* until a client whose request was refused has read why */

enum state { STATE_READING, STATE_ANSWERING, STATE_WAITING, STATE_WRITING, STATE_CLOSING };

struct connection {
  struct server *server; /* NULL: a free place */
  struct bufferevent *bev;
  struct event *deadline;
  struct listener_peer peer;
  bool keep_alive, head_only;
  enum state state;
  uint64_t id, since_us; /* of the request that a thread or core has; when the request was whole */
  size_t waiting, route; /* octets that count into the server's; the row that answered */
};

struct server {
  struct event_base *base;
  struct site *site;
  struct listener *listener;
  struct workers *workers;
  struct event *done; /* workers have something */
  struct kept *kept;
  struct timeval timeout;
  server_forward *forward;
  server_accepts *accepts;
  void *context;
  struct connection connections[SERVER_CONNECTIONS];
  size_t waiting; /* octets of all connections */
  uint64_t last_id;
};

static uint64_t now_us(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* ---- the end of a connection ---- */

static void account(struct connection *c, size_t octets) {
  c->server->waiting -= c->waiting;
  c->waiting = octets;
  c->server->waiting += octets;
}

static void connection_close(struct connection *c) {
  account(c, 0);
  c->server->site->counts->connections_now--;
  bufferevent_free(c->bev);
  event_free(c->deadline);
  *c = (struct connection){.server = NULL};
}

/* ---- answers ---- */

static const char SECURITY[] =
    "Content-Security-Policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "X-Frame-Options: DENY\r\n";

static void count(struct connection *c, unsigned status) {
  static const uint64_t EDGES_US[SITE_BUCKETS - 1] = {1000, 5000, 10000, 50000, 250000};
  struct site_count *n = &c->server->site->counts->routes[c->route <= SITE_ROUTES_MAX ? c->route : SITE_ROUTES_MAX];
  const uint64_t took = now_us() - c->since_us;
  size_t bucket = 0;
  while (bucket < SITE_BUCKETS - 1 && took > EDGES_US[bucket])
    bucket++;
  n->by_class[status / 100 % 6]++;
  n->buckets[bucket]++;
  n->micros += took;
}

static void release_body(const void *data, size_t len, void *context) {
  (void)data;
  (void)len;
  free(context);
}

static void release_kept(const void *data, size_t len, void *context) {
  (void)data;
  (void)len;
  kept_release(context);
}

/* Hands the body over to libevent without a copy; kept (may be NULL): who holds it. */
static void put_body(struct evbuffer *out, struct bytes *body, struct kept_answer *kept) {
  if (body->len == 0) return;
  if (kept != NULL) {
    if (evbuffer_add_reference(out, body->p, body->len, release_kept, kept_hold(kept)) != 0) kept_release(kept);
  } else if (evbuffer_add_reference(out, body->p, body->len, release_body, body->p) == 0) {
    const size_t ceiling = body->ceiling;
    *body = (struct bytes){.ceiling = ceiling};
  }
}

static void put_head(struct connection *c, const struct answer *a, unsigned status) {
  struct evbuffer *out = bufferevent_get_output(c->bev);
  (void)evbuffer_add_printf(out, "HTTP/1.1 %u %s\r\n%s", status, answer_status_text(status), SECURITY);
  (void)evbuffer_add_printf(out, "Referrer-Policy: %s\r\nCache-Control: %s\r\n", a->referrer, a->cache);
  if (a->tag[0] != '\0') (void)evbuffer_add_printf(out, "ETag: \"%s%s\"\r\n", a->tag, a->packed ? "-gzip" : "");
  (void)evbuffer_add_printf(out, "Vary: Accept-Encoding%s\r\n", a->vary_language ? ", Accept-Language" : "");
  if (a->allow != NULL) (void)evbuffer_add_printf(out, "Allow: %s\r\n", a->allow);
  if (a->link[0] != '\0') (void)evbuffer_add_printf(out, "Link: %s\r\n", a->link);
  if (a->location[0] != '\0') (void)evbuffer_add_printf(out, "Location: %s\r\n", a->location);
  if (a->cookie[0] != '\0') (void)evbuffer_add_printf(out, "Set-Cookie: %s\r\n", a->cookie);
  if (status == 503) (void)evbuffer_add_printf(out, "Retry-After: 1\r\n");
  if (!c->keep_alive) (void)evbuffer_add_printf(out, "Connection: close\r\n");
  if (status != 304) {
    (void)evbuffer_add_printf(out, "Content-Type: %s\r\n", a->type);
    if (a->language != NULL) (void)evbuffer_add_printf(out, "Content-Language: %s\r\n", a->language);
    if (a->packed) (void)evbuffer_add_printf(out, "Content-Encoding: gzip\r\n");
    (void)evbuffer_add_printf(out, "Content-Length: %zu\r\n", a->body.len);
  }
  (void)evbuffer_add(out, "\r\n", 2);
}

/* Writes a finished answer and waits until it is gone. http: what the client has; NULL: nothing is known of it. kept: who holds
 * the body; NULL: it is taken over. */
static void respond(struct connection *c, struct answer *a, const struct guard_request *http, struct kept_answer *kept) {
  const struct timeval patience = {WRITE_S, 0};
  struct evbuffer *out = bufferevent_get_output(c->bev);
  const unsigned status = answer_is_known(a, http) ? 304 : a->status;
  count(c, status);
  c->state = STATE_WRITING;
  put_head(c, a, status);
  if (status != 304 && !c->head_only) put_body(out, &a->body, kept);
  account(c, evbuffer_get_length(out));
  (void)evtimer_add(c->deadline, &patience);
}

static void respond_problem(struct connection *c, unsigned status, const char *code, const char *detail) {
  struct answer a;
  answer_init(&a);
  answer_problem(&a, status, code, detail);
  respond(c, &a, NULL, NULL);
  answer_release(&a);
}

/* ---- requests ---- */

/* Asks core, or says why not. */
static void forward(struct connection *c, const char *path, struct view body) {
  c->id = ++c->server->last_id;
  c->state = STATE_WAITING;
  if (!c->server->forward(c->server->context, c->id, path, body)) {
    respond_problem(c, 503, err_name(ERR_BUSY), "the node is starting or busy");
  }
}

static void answer_now(struct connection *c, struct job *job, struct view body) {
  job->request.body = body;
  route_answer(&job->request, job->route);
  if (job->answer.forward) {
    forward(c, job->request.path, body);
  } else {
    answer_finish(&job->answer, &job->http);
    respond(c, &job->answer, &job->http, NULL);
  }
  job_free(&job->work);
}

/* Gives it to a thread, unless the answer is kept: then at most for those who come later. */
static void answer_later(struct connection *c, struct job *job) {
  struct server *s = c->server;
  struct kept_answer *kept = NULL;
  if (route_is_kept(job->route) && job->http.method != GUARD_POST) {
    job->question = kept_question(&job->request);
    kept = kept_find(s->kept, &job->question, now_us() / 1000u);
  }
  job->now = snapshot_hold(s->site->now);
  job->told = json_incref(s->site->told);
  if (kept != NULL) {
    respond(c, &kept->answer, &job->http, kept);
    job->work.kind = WORK_LATER;
    if (!kept_renew(kept) || !workers_put(s->workers, &job->work)) job_free(&job->work);
    return;
  }
  job->id = c->id = ++s->last_id;
  c->state = STATE_ANSWERING;
  if (workers_put(s->workers, &job->work)) return;
  job_free(&job->work);
  respond_problem(c, 503, err_name(ERR_BUSY), "too many requests wait here already");
}

static void run(struct connection *c, struct view head, struct view body) {
  struct server *s = c->server;
  const struct timeval patience = {s->timeout.tv_sec * ANSWER_TIMES, 0};
  struct job *job = job_new(head, listener_hosts(s->listener), s->site, c->peer.local);
  if (job == NULL) {
    respond_problem(c, 500, err_name(ERR_MEMORY), answer_status_text(500));
    return;
  }
  (void)evtimer_add(c->deadline, &patience);
  c->route = job->route = route_find(&job->request);
  const enum route_way way = route_way(&job->request, job->route);
  job->work.kind = way == ROUTE_LONG ? WORK_LONG : WORK_SHORT;
  if (way == ROUTE_NOW || s->workers == NULL) {
    answer_now(c, job, body);
  } else {
    answer_later(c, job);
  }
}

/* Answers of threads; one that nobody waits for any more is dropped. */
static void on_done(evutil_socket_t fd, short what, void *context) {
  struct server *s = context;
  struct work *work = NULL;
  (void)fd;
  (void)what;
  while ((work = workers_take(s->workers)) != NULL) {
    struct job *job = job_of(work);
    struct kept_answer *kept = NULL;
    if (job->suspects.len > 0) (void)s->forward(s->context, ID_NOBODY, "/damaged", bytes_view(&job->suspects));
    if (route_is_kept(job->route) && job->now == s->site->now && job->answer.status == 200) {
      kept = kept_put(s->kept, &job->question, &job->answer);
    }
    for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
      struct connection *c = &s->connections[i];
      if (c->server == NULL || c->state != STATE_ANSWERING || c->id != job->id) continue;
      respond(c, kept == NULL ? &job->answer : &kept->answer, &job->http, kept);
      break;
    }
    job_free(work);
  }
}

/* Judges the head of what has come, len octets so far. 0: not whole yet. */
static unsigned read_head(struct connection *c, size_t len, struct guard_request *http, size_t *used, const char **why) {
  const struct server *s = c->server;
  const size_t look = len < GUARD_HEAD_MAX ? len : GUARD_HEAD_MAX;
  const uint8_t *octets = evbuffer_pullup(bufferevent_get_input(c->bev), (ssize_t)look);
  if (octets == NULL) {
    *why = answer_status_text(503);
    return 503;
  }
  const unsigned status = guard_read(view_of(octets, look), listener_hosts(s->listener), LIMIT_SUBMIT_BYTES, http, used, why);
  if (status == 200 && c->waiting == 0 && s->waiting + http->body_len > SERVER_WAITING_MAX) {
    *why = "too much waits here already";
    return 503;
  }
  return status;
}

/* Acts on what has come, if it is a whole request. */
static void on_read(struct bufferevent *bev, void *context) {
  struct connection *c = context;
  struct evbuffer *in = bufferevent_get_input(bev);
  struct guard_request http = {.method = GUARD_GET};
  const char *why = NULL;
  size_t used = 0, len = evbuffer_get_length(in);
  if (c->state == STATE_CLOSING) (void)evbuffer_drain(in, len);
  if (c->state != STATE_READING || len == 0) return;
  if (!evtimer_pending(c->deadline, NULL)) (void)evtimer_add(c->deadline, &c->server->timeout);
  const unsigned status = read_head(c, len, &http, &used, &why);
  if (status == 0) return;
  c->since_us = now_us();
  c->route = SITE_ROUTES_MAX;
  c->keep_alive = status == 200 && http.keep_alive;
  c->head_only = http.method == GUARD_HEAD;
  if (status != 200) {
    c->server->site->counts->refused[status]++;
    respond_problem(c, status, err_name(status == 503 ? ERR_BUSY : ERR_USAGE), why);
    return;
  }
  account(c, http.body_len);
  bufferevent_setwatermark(bev, EV_READ, 0, used + http.body_len + READ_AHEAD);
  if (len - used < http.body_len) return;
  const uint8_t *octets = evbuffer_pullup(in, (ssize_t)(used + http.body_len));
  if (octets == NULL) {
    connection_close(c);
    return;
  }
  run(c, view_of(octets, used), view_of(octets + used, http.body_len));
  (void)evbuffer_drain(in, used + http.body_len);
}

/* All that was to be written is with the kernel. */
static void on_written(struct bufferevent *bev, void *context) {
  struct connection *c = context;
  if (c->state != STATE_WRITING) return;
  account(c, 0);
  bufferevent_setwatermark(bev, EV_READ, 0, READ_AHEAD);
  if (!c->keep_alive) {
    /* Closed at once with octets unread, the kernel would send a reset, and the client might never see the answer. */
    const struct timeval farewell = {FAREWELL_S, 0};
    struct evbuffer *in = bufferevent_get_input(bev);
    c->state = STATE_CLOSING;
    (void)shutdown(bufferevent_getfd(bev), SHUT_WR);
    (void)evbuffer_drain(in, evbuffer_get_length(in));
    (void)evtimer_add(c->deadline, &farewell);
    return;
  }
  c->state = STATE_READING;
  (void)evtimer_add(c->deadline, &c->server->timeout);
  if (evbuffer_get_length(bufferevent_get_input(bev)) > 0) on_read(bev, c);
}

/* A client may shut its half behind the request, and still wants the answer. */
static void on_event(struct bufferevent *bev, short what, void *context) {
  struct connection *c = context;
  (void)bev;
  const bool owes = c->state == STATE_ANSWERING || c->state == STATE_WAITING || c->state == STATE_WRITING;
  if ((what & BEV_EVENT_EOF) == 0 || !owes) {
    connection_close(c);
    return;
  }
  c->keep_alive = false;
}

static void on_deadline(evutil_socket_t fd, short what, void *context) {
  struct connection *c = context;
  (void)fd;
  (void)what;
  if (c->state == STATE_READING && evbuffer_get_length(bufferevent_get_input(c->bev)) > 0) {
    c->keep_alive = false;
    c->since_us = now_us();
    c->route = SITE_ROUTES_MAX;
    c->server->site->counts->refused[408]++;
    respond_problem(c, 408, err_name(ERR_USAGE), "the request took too long");
    return;
  }
  if (c->state == STATE_ANSWERING) {
    respond_problem(c, 504, err_name(ERR_BUSY), "the answer took too long");
    return;
  }
  if (c->state == STATE_WAITING) {
    respond_problem(c, 504, err_name(ERR_BUSY),
                    "the node did not answer in time; submit again: what is known is answered as before");
    return;
  }
  connection_close(c);
}

/* ---- new connections ---- */

/* A free place, unless the address has too many. */
static struct connection *place_for(struct server *s, const struct listener_peer *peer) {
  struct connection *place = NULL;
  size_t same = 0;
  for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
    struct connection *c = &s->connections[i];
    if (c->server == NULL) {
      place = c;
    } else {
      same += memcmp(&c->peer.address, &peer->address, sizeof peer->address) == 0;
    }
  }
  return peer->local || same < SERVER_PER_ADDRESS ? place : NULL;
}

static void on_accept(void *context, int fd, const struct listener_peer *peer) {
  struct server *s = context;
  const int one = 1;
  s->site->counts->connections++;
  if (s->accepts != NULL && !s->accepts(s->context, fd)) {
    s->site->counts->refused[403]++;
    close(fd);
    return;
  }
  struct connection *c = place_for(s, peer);
  if (c == NULL) {
    static const char FULL[] =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    s->site->counts->refused[503]++;
    (void)send(fd, FULL, sizeof FULL - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
    return;
  }
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  *c = (struct connection){.server = s, .peer = *peer};
  c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
  c->deadline = evtimer_new(s->base, on_deadline, c);
  if (c->bev == NULL || c->deadline == NULL) {
    if (c->bev == NULL) close(fd);
    if (c->bev != NULL) bufferevent_free(c->bev);
    if (c->deadline != NULL) event_free(c->deadline);
    *c = (struct connection){.server = NULL};
    return;
  }
  s->site->counts->connections_now++;
  (void)bufferevent_set_max_single_write(c->bev, WRITE_AT_ONCE);
  bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
  bufferevent_setwatermark(c->bev, EV_READ, 0, READ_AHEAD);
  bufferevent_set_timeouts(c->bev, NULL, &s->timeout);
  (void)evtimer_add(c->deadline, &s->timeout);
  (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

/* ---- answers of core ---- */

void server_answer(struct server *s, uint64_t id, unsigned status, const char *type, struct view body) {
  for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
    struct connection *c = &s->connections[i];
    if (c->server == NULL || c->state != STATE_WAITING || c->id != id) continue;
    struct answer a;
    answer_init(&a);
    a.status = status;
    a.type = "application/msgpack";
    a.cache = "no-store";
    if (strcmp(type, a.type) != 0) {
      answer_core_error(&a, status, body);
    } else if (bytes_append(&a.body, body, NULL) != OK) {
      answer_problem(&a, 500, err_name(ERR_MEMORY), answer_status_text(500));
    }
    respond(c, &a, NULL, NULL);
    answer_release(&a);
    return;
  }
}

void server_renewed(struct server *s) {
  kept_age(s->kept, now_us() / 1000u);
}

void server_core_gone(struct server *s) {
  for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
    struct connection *c = &s->connections[i];
    if (c->server == NULL || c->state != STATE_WAITING) continue;
    respond_problem(c, 502, err_name(ERR_FAILED),
                    "the node was interrupted; submit again: what is known is answered as before");
  }
}

/* ---- life ---- */

enum err_code server_new(const struct server_config *config, struct server **out, struct err *err) {
  struct server *s = calloc(1, sizeof *s);
  if (s == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  s->base = config->base;
  s->site = config->site;
  s->forward = config->forward;
  s->context = config->context;
  s->timeout = (struct timeval){config->timeout_s == 0 ? SERVER_TIMEOUT_S : (time_t)config->timeout_s, 0};
  s->workers = config->workers;
  s->accepts = config->accepts;
  s->kept = kept_new();
  if (s->workers != NULL) s->done = event_new(s->base, workers_fd(s->workers), EV_READ | EV_PERSIST, on_done, s);
  const bool told = s->workers == NULL || (s->done != NULL && event_add(s->done, NULL) == 0);
  enum err_code code = s->kept == NULL || !told ? err_set(err, ERR_MEMORY, NULL) : OK;
  if (code == OK) code = listener_new(s->base, config->listen, config->name, on_accept, s, &s->listener, err);
  if (code != OK) {
    server_free(s);
    return code;
  }
  *out = s;
  return OK;
}

void server_free(struct server *s) {
  if (s == NULL) return;
  for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
    if (s->connections[i].server != NULL) connection_close(&s->connections[i]);
  }
  listener_free(s->listener);
  if (s->done != NULL) event_free(s->done);
  kept_free(s->kept);
  free(s);
}

const char *server_address(const struct server *s) {
  return listener_address(s->listener);
}
