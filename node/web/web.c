/*
 * web: see web.h. The loop's thread reads, guards and writes; a few answer (worker.h), each with a connection to the store of
 * its own; one makes snapshots (snapshot.h).
 */
#include "node/web/web.h"

#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/clock.h"
#include "node/web/job.h"
#include "node/web/server.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

#define QUEUE ((size_t)4 * 1024 * 1024) /* octets waiting for core */
#define THREADS WORKER_THREADS          /* that answer, at most */
#define ROOM 32u                        /* requests that wait for one of them */
#define PAGES_KIB 4096u                 /* of the store, that each of them keeps */
#define TURN_MS 1000
#define NETWORK_ID 0      /* of our own requests; those of the server begin with 1 */
#define TOLD_MS 2000      /* between two questions to core, how it stands with the others */
#define TOLD_OLD_MS 30000 /* an answer counts for so long */
#define RETRY_MS 5        /* what waits for a full pipe is tried again */

struct web {
  struct home home;
  struct schema_set *schemas;
  struct refresher *refresher;
  struct site_counts counts;
  struct site site, sites[THREADS]; /* the loop's, the threads' */
  struct workers *workers;
  struct server *server;
  struct event_base *base;
  struct event *supervisor_event, *core_event, *snapshot_event;
  struct pipe *supervisor; /* borrowed */
  struct pipe *core;       /* owned; NULL: not there */
  uint64_t asked_ms, told_ms;
  struct bytes scratch;
};

static void wake(evutil_socket_t fd, short what, void *context) {
  (void)fd;
  (void)what;
  (void)context; /* the loop looks at its pipes after each turn */
}

static void on_snapshot(evutil_socket_t fd, short what, void *context) {
  struct web *w = context;
  (void)fd;
  (void)what;
  struct snapshot *next = refresher_take(w->refresher);
  if (next == NULL) return;
  snapshot_free(w->site.now);
  w->site.now = next;
  server_renewed(w->server);
}

static bool ask_core(struct web *w, uint64_t id, const char *method, const char *path, struct view body) {
  struct err err = ERR_INIT;
  if (w->core == NULL) return false;
  bytes_clear(&w->scratch);
  struct canon_writer writer = canon_writer(&w->scratch);
  canon_put_array(&writer, 4);
  canon_put_uint(&writer, id);
  canon_put_text(&writer, method);
  canon_put_text(&writer, path);
  canon_put_bin(&writer, body);
  enum err_code code = canon_written(&writer, "request", &err);
  if (code == OK) code = pipe_send(w->core, PIPE_REQUEST, bytes_view(&w->scratch), &err);
  return code == OK;
}

static bool forward(void *context, uint64_t id, const char *path, struct view body) {
  return ask_core(context, id, "POST", path, body);
}

/* How it stands with the others, which core alone knows: asked now and then, so that no page waits for it. */
static void ask_network(struct web *w) {
  const uint64_t now = clock_ms(clock_system());
  if (w->site.told != NULL && now - w->told_ms > TOLD_OLD_MS) {
    json_decref(w->site.told);
    w->site.told = NULL;
  }
  if (w->asked_ms != 0 && now - w->asked_ms < TOLD_MS) return;
  w->asked_ms = now;
  (void)!ask_core(w, NETWORK_ID, "GET", "/network", view_of(NULL, 0)); /* else the next time */
}

static void take_network(struct web *w, unsigned status, struct view body) {
  json_t *told = status == 200 ? json_loadb((const char *)body.p, body.len, JSON_REJECT_DUPLICATES, NULL) : NULL;
  if (told == NULL) return;
  json_decref(w->site.told);
  w->site.told = told;
  w->told_ms = clock_ms(clock_system());
}

/* ---- life ---- */

static void web_free(struct web *w) {
  if (w == NULL) return;
  server_free(w->server);
  workers_free(w->workers);
  if (w->supervisor_event != NULL) event_free(w->supervisor_event);
  if (w->core_event != NULL) event_free(w->core_event);
  if (w->snapshot_event != NULL) event_free(w->snapshot_event);
  refresher_free(w->refresher);
  snapshot_free(w->site.now);
  json_decref(w->site.told);
  if (w->base != NULL) event_base_free(w->base);
  for (unsigned i = 0; i < THREADS; i++)
    store_close(w->sites[i].store);
  schema_set_free(w->schemas);
  pipe_free(w->core);
  bytes_release(&w->scratch);
  free(w);
}

/* As many as there are processors: more of them would only divide the time of those, and each answer would take as long as all
 * that are made beside it. Two at least: long work leaves one to short work. */
static unsigned answering(void) {
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  return processors < 2 ? 2 : processors > (long)THREADS ? THREADS : (unsigned)processors;
}

static enum err_code open_data(struct web *w, const char *dir, struct err *err) {
  enum err_code code = home_open(dir, &w->home, err);
  if (code == OK) code = home_schemas(&w->home, &w->schemas, err);
  if (code == OK) schema_set_language_check(w->schemas, false); /* a millisecond a text; authors were told */
  if (code == OK) code = refresher_new(dir, w->schemas, &w->refresher, err);
  w->site = (struct site){.home = &w->home, .schemas = w->schemas, .counts = &w->counts};
  w->counts.started_ms = clock_ms(clock_system());
  const unsigned threads = answering();
  for (unsigned i = 0; i < threads && code == OK; i++) {
    w->sites[i] = (struct site){.home = &w->home, .schemas = w->schemas};
    code = store_open(dir, STORE_READ, NULL, &w->sites[i].store, err);
    if (code == OK) store_keep_pages(w->sites[i].store, PAGES_KIB);
  }
  return code == OK ? workers_new(threads, ROOM, job_run, job_free, w->sites, &w->workers, err) : code;
}

static enum err_code open_events(struct web *w, struct err *err) {
  w->base = event_base_new();
  if (w->base == NULL) return err_set(err, ERR_MEMORY, NULL);
  w->supervisor_event = event_new(w->base, pipe_fd(w->supervisor), EV_READ | EV_PERSIST, wake, NULL);
  w->snapshot_event = event_new(w->base, refresher_fd(w->refresher), EV_READ | EV_PERSIST, on_snapshot, w);
  if (w->supervisor_event == NULL || w->snapshot_event == NULL || event_add(w->supervisor_event, NULL) != 0 ||
      event_add(w->snapshot_event, NULL) != 0) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  return OK;
}

static enum err_code web_new(const struct web_config *config, struct web **out, struct err *err) {
  struct web *w = calloc(1, sizeof *w);
  if (w == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  w->supervisor = config->supervisor;
  bytes_init(&w->scratch, LIMIT_PIPE);
  (void)signal(SIGPIPE, SIG_IGN);
  enum err_code code = open_data(w, config->dir, err);
  if (code == OK) code = open_events(w, err);
  if (code == OK) {
    const struct server_config server = {.base = w->base,
                                         .site = &w->site,
                                         .workers = w->workers,
                                         .listen = config->listen,
                                         .name = w->home.config.web_name,
                                         .timeout_s = config->timeout_s,
                                         .forward = forward,
                                         .context = w};
    code = server_new(&server, &w->server, err);
  }
  if (code != OK) {
    web_free(w);
    return code;
  }
  *out = w;
  return OK;
}

static enum err_code tell_ready(struct web *w, struct err *err) {
  bytes_clear(&w->scratch);
  struct canon_writer writer = canon_writer(&w->scratch);
  canon_put_array(&writer, 1);
  canon_put_text(&writer, server_address(w->server));
  enum err_code code = canon_written(&writer, "address", err);
  if (code == OK) code = pipe_send(w->supervisor, PIPE_BOUND, bytes_view(&w->scratch), err);
  return code == OK ? pipe_send(w->supervisor, PIPE_READY, view_of(NULL, 0), err) : code;
}

/* ---- the loop ---- */

static void core_drop(struct web *w) {
  if (w->core_event != NULL) event_free(w->core_event);
  w->core_event = NULL;
  pipe_free(w->core);
  w->core = NULL;
  w->asked_ms = 0;
  server_core_gone(w->server);
}

static enum err_code core_take(struct web *w, int fd, struct err *err) {
  core_drop(w);
  w->core = pipe_new(fd, QUEUE);
  if (w->core == NULL) return err_set(err, ERR_MEMORY, NULL);
  w->core_event = event_new(w->base, fd, EV_READ | EV_PERSIST, wake, NULL);
  return w->core_event == NULL || event_add(w->core_event, NULL) != 0 ? err_set(err, ERR_MEMORY, NULL) : OK;
}

static enum err_code supervisor_turn(struct web *w, bool *stop, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  const enum err_code read = pipe_read(w->supervisor, err);
  while (pipe_next(w->supervisor, &channel, &payload, &fd)) {
    if (channel == PIPE_STOP) *stop = true;
    if (channel != PIPE_PEER) continue;
    const enum err_code code = core_take(w, fd, err);
    if (code != OK) return code;
  }
  if (pipe_fault(w->supervisor) != NULL) return err_set(err, ERR_FORMAT, "%s", pipe_fault(w->supervisor));
  return *stop ? OK : read == OK ? pipe_write(w->supervisor, err) : read;
}

static void take_answer(struct web *w, struct view payload) {
  struct canon_reader r = canon_reader(payload);
  char type[65];
  canon_array_exact(&r, 4);
  const uint64_t id = canon_uint(&r), status = canon_uint_max(&r, 599);
  const struct view name = canon_str(&r, sizeof type - 1), body = canon_bin(&r, LIMIT_PIPE);
  if (canon_finish(&r, "answer", NULL) != OK) return;
  memcpy(type, name.len == 0 ? (const uint8_t *)"" : name.p, name.len);
  type[name.len] = '\0';
  if (id == NETWORK_ID) {
    take_network(w, (unsigned)status, body);
  } else {
    server_answer(w->server, id, (unsigned)status, type, body);
  }
}

static enum err_code core_turn(struct web *w, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  struct err gone = ERR_INIT;
  int fd = -1;
  enum err_code code = pipe_read(w->core, &gone);
  while (pipe_next(w->core, &channel, &payload, &fd)) {
    if (channel == PIPE_ANSWER) take_answer(w, payload);
    if (fd >= 0) close(fd);
  }
  if (pipe_fault(w->core) != NULL) return err_set(err, ERR_FORMAT, "core's pipe: %s", pipe_fault(w->core));
  if (code == OK) code = pipe_write(w->core, &gone);
  if (code == OK) return OK;
  if (code != ERR_UNREACHABLE) return err_set(err, code, "%s", gone.message);
  core_drop(w); /* the supervisor starts another one */
  return OK;
}

static enum err_code step(struct web *w, unsigned timeout_ms, bool *stop, struct err *err) {
  struct timeval wait = {timeout_ms / 1000, (suseconds_t)(timeout_ms % 1000) * 1000};
  if (w->core != NULL && pipe_wants_write(w->core) && timeout_ms > RETRY_MS) wait = (struct timeval){0, RETRY_MS * 1000L};
  if (event_base_loopexit(w->base, &wait) != 0 || event_base_loop(w->base, EVLOOP_ONCE) < 0) {
    return err_set(err, ERR_FAILED, "event loop failed");
  }
  const enum err_code code = supervisor_turn(w, stop, err);
  if (code == OK && w->core != NULL) ask_network(w);
  return code == OK && w->core != NULL ? core_turn(w, err) : code;
}

enum err_code web_run(const struct web_config *config, struct err *err) {
  struct web *w = NULL;
  bool stop = false;
  enum err_code code = web_new(config, &w, err);
  if (code == OK && config->settled != NULL) config->settled(config->context);
  if (w != NULL) code = tell_ready(w, err);
  /* What came together with the hello is read already: no descriptor tells of it. */
  for (bool first = true; code == OK && !stop; first = false)
    code = step(w, first ? 0 : TURN_MS, &stop, err);
  web_free(w);
  return code;
}
