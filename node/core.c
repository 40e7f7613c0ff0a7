/*
 * core: see core.h. One loop: pipes in, exchange, pipes out; when nothing moves, the store's housekeeping. What the gate says
 * and is told is in core_gate.c, what ctl and web ask in core_requests.c and core_orders.c.
 */
#include "node/core.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/core_inside.h"
#include "node/erasure.h"
#include "node/mend.h"
#include "node/scrub.h"
#include "node/verify.h"

#define QUEUE ((size_t)8 * 1024 * 1024) /* octets waiting for the gate, answers waiting for ctl */
#define QUIET_MS 500                    /* without anything to do, before housekeeping begins */
#define MERGE_SHARE 32                  /* of its time, that core merges full text for while it is busy with other things */
#define MERGE_LEAST_MS 100              /* between two steps of that */
#define STEP_MAX_MS 1000
#define SCRUB_STEP 200u        /* entries looked at in one step: some ms */
#define SCRUB_STEP_MS 100      /* between two: 2000 entries a second */
#define SCRUB_ASK_MS 60000     /* how often it is asked whether a pass is due */
#define SCRUB_AGAIN_MS 3600000 /* behind one that broke off: it may meet the same damage again */
#define ERASE_LATEST_MS 5000   /* a node that is never quiet forgets what was taken down all the same */
#define ERASE_AGAIN_MS 200     /* when a reader was in the way */
#define ERASE_FAILED_MS 60000  /* when the disk was full, or the log did not take the acknowledgement */
#define LOCK_WAIT_MS 5000
#define LOCK_RETRY_MS 50

/* ---- opening ---- */

static bool is_pinned(const struct home_config *c, const char *handle) {
  for (uint32_t i = 0; i < c->n_peers; i++) {
    if (strcmp(c->peers[i].handle, handle) == 0) return true;
  }
  return false;
}

/* "FR=tcp://…". *pinned counts the peers that have one. */
static enum err_code peer_set(struct core *c, const char *text, uint32_t *pinned, struct err *err) {
  char handle[HANDLE_MAX];
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text || (size_t)(equals - text) >= sizeof handle) {
    return err_set(err, ERR_USAGE, "--peer %s: expected HANDLE=tcp://HOST:PORT", text);
  }
  memcpy(handle, text, (size_t)(equals - text));
  handle[equals - text] = '\0';
  *pinned += !is_pinned(&c->home.config, handle);
  if (*pinned > LIMIT_PINNED) {
    return err_set(err, ERR_LIMIT, "--peer %s: more than %u peers, those of node.ini included", text, LIMIT_PINNED);
  }
  return exchange_set_peer(c->exchange, handle, equals + 1, err);
}

static enum err_code open_exchange(struct core *c, const struct core_config *config, struct err *err) {
  const struct exchange_config wanted = {.hall = c->hall,
                                         .node_key = config->node_key,
                                         .clock = clock_system(),
                                         .entropy = entropy_system(),
                                         .idle_now = config->idle_now};
  enum err_code code = exchange_new(&wanted, &c->exchange, err);
  for (uint32_t i = 0; code == OK && i < c->home.config.n_peers; i++) {
    code = exchange_set_peer(c->exchange, c->home.config.peers[i].handle, c->home.config.peers[i].endpoint, err);
    if (code != OK) err_context(err, "node.ini: peer.%s", c->home.config.peers[i].handle);
  }
  uint32_t pinned = c->home.config.n_peers;
  for (uint32_t i = 0; code == OK && i < config->n_peers; i++)
    code = peer_set(c, config->peers[i], &pinned, err);
  return code;
}

/* Tells the others a new address of ours, when node.ini says another one than the last that was signed. */
static enum err_code advertise(struct core *c, struct err *err) {
  const struct federation_member *self = federation_self(&c->federation);
  const char *endpoint = c->home.config.advertise, *web = c->home.config.advertise_web;
  struct bytes item;
  bool changed = false;
  if ((endpoint[0] == '\0' && web[0] == '\0') || self == NULL) return OK;
  const bool same =
      endpoint[0] == '\0' || (self->address.n_endpoints == 1 && strcmp(self->address.endpoints[0], endpoint) == 0);
  if (self->has_address && same && (web[0] == '\0' || strcmp(self->address.web, web) == 0)) return OK;
  struct address *next = calloc(1, sizeof *next);
  if (next == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  next->node = c->federation.own;
  next->seq = self->has_address ? self->address.seq + 1 : 1;
  if (self->has_address)
    *next = (struct address){.node = next->node, .seq = next->seq, .n_endpoints = self->address.n_endpoints};
  if (self->has_address) memcpy(next->endpoints, self->address.endpoints, sizeof next->endpoints);
  if (self->has_address) memcpy(next->web, self->address.web, sizeof next->web);
  if (endpoint[0] != '\0') {
    next->n_endpoints = 1;
    memcpy(next->endpoints[0], endpoint, strlen(endpoint) + 1);
  }
  if (web[0] != '\0') memcpy(next->web, web, strlen(web) + 1);
  bytes_init(&item, LIMIT_IDENTITY);
  enum err_code code = address_seal(next, &c->federation.charter.fed_id, c->node_key, &item, err);
  if (code == OK) code = hall_address(c->hall, bytes_view(&item), &changed, err);
  bytes_release(&item);
  free(next);
  return code;
}

/* A command that writes by itself holds the lock for moments only: waited for, a little. */
static enum err_code open_store(const char *dir, struct store **out, struct err *err) {
  const uint64_t end = clock_ms(clock_system()) + LOCK_WAIT_MS;
  enum err_code code = store_open(dir, STORE_WRITE, NULL, out, err);
  while (code == ERR_BUSY && clock_ms(clock_system()) < end) {
    (void)poll(NULL, 0, LOCK_RETRY_MS);
    err_clear(err);
    code = store_open(dir, STORE_WRITE, NULL, out, err);
  }
  return code;
}

/* The own log is brought up to the own identity: when what it needs of the log is damaged, as soon as that is whole again. */
static enum err_code admit_identity(struct core *c, struct err *err) {
  if (federation_self(&c->federation) == NULL) return OK; /* no member (yet) */
  enum err_code code = hall_admit_identity(c->hall, err);
  c->admits_identity = code == ERR_CORRUPT;
  return hall_bear(c->hall, code, err);
}

static enum err_code open_all(struct core *c, const struct core_config *config, struct err *err) {
  enum err_code code = home_open(config->dir, &c->home, err);
  if (code == OK) code = open_store(config->dir, &c->store, err);
  if (code == OK) code = mend_federation(c->store, &c->home, c->node_key, &c->federation, err);
  if (code == OK) code = home_schemas(&c->home, &c->schemas, err);
  if (code == OK) schema_set_language_check(c->schemas, false); /* warnings are told to authors, by the commands */
  if (code != OK) return code;
  c->head = head_in(c->home.dir);
  const struct hall_config wanted = {.store = c->store,
                                     .head = &c->head,
                                     .federation = &c->federation,
                                     .schemas = c->schemas,
                                     .node_key = config->node_key,
                                     .clock = clock_system(),
                                     .entropy = entropy_system(),
                                     .threads = verify_threads(),
                                     .log_bodies = home_log_bodies(&c->home)};
  code = hall_open(&wanted, &c->hall, err);
  if (code == OK) code = admit_identity(c, err);
  if (code == OK) code = advertise(c, err);
  if (code == OK) code = open_exchange(c, config, err);
  return code;
}

enum err_code core_new(const struct core_config *config, struct core **out, struct err *err) {
  struct core *c = calloc(1, sizeof *c);
  if (c == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  bytes_init(&c->scratch, LIMIT_PIPE);
  notices_init(&c->notices);
  c->node_key = config->node_key;
  c->supervisor = config->supervisor;
  c->no_gate = config->no_gate;
  c->once = config->once;
  c->timeout_ms = config->timeout_ms;
  c->started_ms = c->now_ms = clock_ms(clock_system());
  c->dirty = true; /* commands may have written while no core ran */
  c->links = calloc(CORE_LINKS, sizeof *c->links);
  enum err_code code = c->links == NULL ? err_set(err, ERR_MEMORY, NULL) : open_all(c, config, err);
  if (code != OK) {
    core_free(c);
    return code;
  }
  *out = c;
  return OK;
}

void core_free(struct core *c) {
  if (c == NULL) return;
  exchange_free(c->exchange);
  hall_close(c->hall);
  federation_release(&c->federation);
  store_close(c->store);
  schema_set_free(c->schemas);
  pipe_free(c->gate);
  pipe_free(c->ctl);
  pipe_free(c->web);
  pipe_free(c->courier);
  json_decref(c->processes);
  json_decref(c->notified);
  notices_release(&c->notices);
  bytes_release(&c->scratch);
  free(c->links);
  free(c);
}

/* ---- in ---- */

/* Everything that waits on a pipe. *gone: its other end is gone, and the supervisor starts another one. A pipe that breaks the
 * rules, or for which memory is lacking, is an error: nobody would ever give us another one, so core ends, and the supervisor
 * joins all of them anew. */
typedef enum err_code handle_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err);

static enum err_code pipe_turn(struct core *c, struct pipe *p, handle_message *handle, const char *name, bool *gone,
                               struct err *err) {
  struct err why = ERR_INIT;
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  const enum err_code code = pipe_read(p, &why);
  enum err_code handled = OK;
  while (handled == OK && pipe_next(p, &channel, &payload, &fd)) {
    c->quiet_since_ms = c->now_ms;
    if (fd >= 0) close(fd);
    handled = handle(c, channel, payload, &why);
  }
  if (handled == OK && pipe_fault(p) != NULL) handled = err_set(&why, ERR_FORMAT, "%s", pipe_fault(p));
  *gone = code == ERR_UNREACHABLE;
  if (handled == OK && (code == OK || *gone)) return OK;
  /* ERR_FAILED whatever it was: the next core gets other pipes, so this can be cured, unlike a store of a wrong form. */
  return err_set(err, ERR_FAILED, "the pipe from %s: %s", name, why.message);
}

/* ---- supervisor ---- */

static enum err_code peer_take(struct core *c, struct view payload, int fd, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  canon_array_exact(&r, 1);
  const struct view name = canon_str(&r, 16);
  const bool gate = view_is_text(name, "gate");
  struct pipe *p = pipe_new(fd, QUEUE);
  if (p == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  if (view_is_text(name, "courier")) {
    core_courier_drop(c);
    c->courier = p;
    return OK;
  }
  if (!gate) {
    struct pipe **const place = view_is_text(name, "web") ? &c->web : &c->ctl;
    pipe_free(*place);
    *place = p;
    return OK;
  }
  core_gate_drop(c);
  c->gate = p;
  if (c->once && c->round.id == 0) core_round_begin(c, &c->round, c->timeout_ms);
  return core_gate_allow(c, err);
}

/* [[role, pid, restarts]…] */
static void processes_take(struct core *c, struct view payload) {
  struct canon_reader r = canon_reader(payload);
  json_t *list = json_array();
  const uint32_t n = canon_array(&r, 16);
  for (uint32_t i = 0; i < n && r.fault == NULL; i++) {
    canon_array_exact(&r, 3);
    const struct view role = canon_str(&r, 16);
    const uint64_t pid = canon_uint(&r), restarts = canon_uint(&r);
    (void)json_array_append_new(list, json_pack("{s:s%, s:I, s:I}", "role", (const char *)role.p, role.len, "pid",
                                                (json_int_t)pid, "restarts", (json_int_t)restarts));
  }
  json_decref(c->processes);
  c->processes = list;
}

static enum err_code supervisor_turn(struct core *c, bool *stop, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  const enum err_code read = pipe_read(c->supervisor, err);
  while (pipe_next(c->supervisor, &channel, &payload, &fd)) {
    enum err_code code = OK;
    if (channel == PIPE_STOP) *stop = true;
    if (channel == PIPE_PROCESSES) processes_take(c, payload);
    if (channel == PIPE_NOTIFIED) core_notified_take(c, payload);
    if (channel == PIPE_PEER) code = peer_take(c, payload, fd, err);
    if (code != OK) return code;
  }
  if (pipe_fault(c->supervisor) != NULL) return err_set(err, ERR_FORMAT, "%s", pipe_fault(c->supervisor));
  return *stop ? OK : read == OK ? pipe_write(c->supervisor, err) : read;
}

/* Ends the node (an order), or the one round with its report. */
static enum err_code tell_stop(struct core *c, const struct err *result, const json_t *report, struct err *err) {
  char *text = report == NULL ? NULL : json_dumps(report, JSON_COMPACT);
  bytes_clear(&c->scratch);
  struct canon_writer w = canon_writer(&c->scratch);
  canon_put_array(&w, 4);
  canon_put_uint(&w, (uint64_t)result->code);
  canon_put_text(&w, result->message);
  canon_put_text(&w, result->hint);
  canon_put_text(&w, text == NULL ? "" : text);
  free(text);
  enum err_code code = canon_written(&w, "report", err);
  return code == OK ? pipe_send(c->supervisor, PIPE_STOP, bytes_view(&c->scratch), err) : code;
}

/* ---- the loop ---- */

static enum err_code wait_for(struct core *c, unsigned timeout_ms, struct err *err) {
  struct pipe *const pipes[] = {c->supervisor, c->gate, c->ctl, c->web, c->courier};
  struct pollfd fds[sizeof pipes / sizeof pipes[0]];
  nfds_t n = 0;
  for (size_t i = 0; i < sizeof pipes / sizeof pipes[0]; i++) {
    if (pipes[i] == NULL) continue;
    fds[n++] = (struct pollfd){pipe_fd(pipes[i]), (short)(POLLIN | (pipe_wants_write(pipes[i]) ? POLLOUT : 0)), 0};
  }
  if (poll(fds, n, (int)timeout_ms) < 0 && errno != EINTR) return err_errno(err, ERR_FAILED, errno, "poll");
  c->now_ms = clock_ms(clock_system());
  return OK;
}

static void asker_drop(struct pipe **p) {
  pipe_free(*p);
  *p = NULL;
}

/* Pipes to gate, ctl, web and courier are written last, when everything that this turn brought is in them. */
static enum err_code write_out(struct core *c, struct err *err) {
  struct err why = ERR_INIT;
  enum err_code code = c->gate == NULL ? OK : pipe_write(c->gate, &why);
  if (code == ERR_UNREACHABLE) core_gate_drop(c);
  struct pipe **const askers[] = {&c->ctl, &c->web};
  for (size_t i = 0; i < 2 && (code == OK || code == ERR_UNREACHABLE); i++) {
    code = *askers[i] == NULL ? OK : pipe_write(*askers[i], &why);
    if (code == ERR_UNREACHABLE) asker_drop(askers[i]);
  }
  if ((code == OK || code == ERR_UNREACHABLE) && c->courier != NULL) {
    code = pipe_write(c->courier, &why);
    if (code == ERR_UNREACHABLE) core_courier_drop(c);
  }
  return code == OK || code == ERR_UNREACHABLE ? OK : err_set(err, code, "%s", why.message);
}

/* What gate, ctl and web say. */
static enum err_code read_in(struct core *c, struct err *err) {
  bool gone = false;
  enum err_code code = c->gate == NULL ? OK : pipe_turn(c, c->gate, core_gate_message, "gate", &gone, err);
  if (gone) core_gate_drop(c);
  gone = false;
  if (code == OK && c->ctl != NULL) code = pipe_turn(c, c->ctl, core_request_message, "ctl", &gone, err);
  if (gone) asker_drop(&c->ctl);
  gone = false;
  if (code == OK && c->web != NULL) code = pipe_turn(c, c->web, core_web_message, "web", &gone, err);
  if (gone) asker_drop(&c->web);
  gone = false;
  if (code == OK && c->courier != NULL) code = pipe_turn(c, c->courier, core_courier_message, "courier", &gone, err);
  if (gone) core_courier_drop(c);
  return code;
}

/* Long imports and syncs leave no quiet: without this, searches would walk through hundreds of segments of full text. */
static void merge_meanwhile(struct core *c) {
  struct err err = ERR_INIT;
  bool more = false;
  const uint64_t begun_ms = clock_ms(clock_system());
  if (begun_ms < c->merge_next_ms) return;
  if (store_merge(c->store, &more, &err) != OK) log_line(LOG_WARNING, "core", "merging failed", "why=%s", err.message);
  const uint64_t ended_ms = clock_ms(clock_system()), pause_ms = MERGE_SHARE * (ended_ms - begun_ms);
  c->merge_next_ms = ended_ms + (pause_ms < MERGE_LEAST_MS ? MERGE_LEAST_MS : pause_ms);
}

/* Housekeeping when nothing moved for a while: full text merged, WAL checkpointed; piece by piece. Returns whether more is to
 * do. */
static bool housekeeping(struct core *c) {
  struct err err = ERR_INIT;
  bool more = false;
  if (!c->dirty) return false;
  if (c->now_ms - c->quiet_since_ms < QUIET_MS) {
    merge_meanwhile(c);
    return false;
  }
  if (store_idle(c->store, &more, &err) != OK) log_line(LOG_WARNING, "core", "housekeeping failed", "why=%s", err.message);
  c->dirty = more;
  return more;
}

/* Takedowns: the file forgets, then others are told so. */
static void erase(struct core *c) {
  struct err err = ERR_INIT;
  bool written = false;
  if (!hall_is_erasing(c->hall)) {
    c->erase_since_ms = 0;
    return;
  }
  if (c->erase_since_ms == 0) c->erase_since_ms = c->erase_next_ms = c->now_ms;
  const bool quiet = c->now_ms - c->quiet_since_ms >= QUIET_MS;
  if (c->now_ms < c->erase_next_ms || (!quiet && c->now_ms - c->erase_since_ms < ERASE_LATEST_MS)) return;
  const enum err_code code = hall_erase(c->hall, &written, &err);
  if (code != OK) log_line(LOG_WARNING, "core", "what was taken down is not forgotten yet", "why=%s", err.message);
  c->erase_next_ms = clock_ms(clock_system()) + (code == OK ? ERASE_AGAIN_MS : ERASE_FAILED_MS);
  if (written) exchange_published(c->exchange);
  c->dirty = c->dirty || written;
}

/* A pass over everything held, bit by bit. */
static void scrub(struct core *c) {
  struct scrub_state before, after;
  if (c->now_ms < c->scrub_next_ms || hall_scrub_state(c->hall, &before, NULL) != OK) return;
  c->scrub_next_ms = c->now_ms + SCRUB_ASK_MS;
  if (!before.running && !hall_scrub_is_due(c->hall)) return;
  if (!before.running) hall_scrub_begin(c->hall);
  err_clear(&c->scrub_why);
  const enum err_code code = hall_scrub_step(c->hall, SCRUB_STEP, &c->scrub_why);
  c->scrub_next_ms = c->now_ms + (code == OK ? SCRUB_STEP_MS : SCRUB_AGAIN_MS);
  if (code != OK) log_line(LOG_ERROR, "core", "scrub broke off", "why=%s", c->scrub_why.message);
  if (hall_scrub_state(c->hall, &after, NULL) != OK || after.running || !before.running) return;
  if (after.found > 0 || after.derived)
    log_line(LOG_ERROR, "core", "the store was damaged", "entries=%ju tables=%d", (uintmax_t)after.found, (int)after.derived);
}

static enum err_code finish(struct core *c, struct err *err) {
  struct err result = ERR_INIT;
  if (c->stop_asked && c->ctl != NULL && pipe_wants_write(c->ctl)) return OK; /* its answer goes first */
  if (c->stop_asked) {
    c->stop_asked = false;
    return tell_stop(c, &result, NULL, err);
  }
  if (!c->once || c->round.id == 0 || !core_round_is_over(c, &c->round)) return OK;
  json_t *report = core_round_report(c, &c->round);
  (void)core_round_result(c, report, &result);
  c->once = false;
  const enum err_code code = tell_stop(c, &result, report, err);
  json_decref(report);
  return code;
}

/* What follows from identities that the exchange brought: who may come in; and our own next generation, which begins when the
 * one before stands at its cut. */
static enum err_code identities_step(struct core *c, struct err *err) {
  const struct federation *f = &c->federation;
  const struct federation_member *self = federation_self(f);
  uint64_t versions = 0;
  for (uint32_t i = 0; i < f->n_members; i++)
    versions += f->members[i].identity.version;
  if ((versions != c->identities || f->epoch.number != c->epoch) && c->gate != NULL) {
    c->identities = versions;
    c->epoch = f->epoch.number;
    const enum err_code code = core_gate_allow(c, err);
    if (code != OK && code != ERR_UNREACHABLE) return code;
  }
  const uint64_t gen = self == NULL ? 0 : self->identity.gen;
  const bool begins = gen > 1 && hall_head(c->hall, &f->own, gen) == NULL && hall_may_begin(c->hall, &f->own, gen);
  if (c->admits_identity ? hall_n_damaged(c->hall) > 0 : !begins) return OK;
  const enum err_code code = admit_identity(c, err);
  exchange_published(c->exchange);
  c->dirty = true;
  return code;
}

enum err_code core_step(struct core *c, unsigned timeout_ms, bool *stop, struct err *err) {
  const bool gate_ready = c->gate != NULL || c->no_gate; /* until then nobody is dialled in vain */
  uint64_t next = STEP_MAX_MS;
  if (gate_ready) {
    next = exchange_tick(c->exchange);
    if (core_gate_actions(c)) next = 0;
  }
  core_orders_step(c);
  core_courier_step(c);
  enum err_code code = identities_step(c, err);
  if (code == OK) code = write_out(c, err);
  if (code == OK) code = finish(c, err);
  if (code == OK) code = pipe_write(c->supervisor, err);
  if (code == OK) erase(c);
  if (code == OK && !c->once) scrub(c);
  if (code == OK) core_notices_step(c);
  if (code == OK && housekeeping(c)) next = 0;
  if (next > timeout_ms) next = timeout_ms;
  if (c->dirty && next > QUIET_MS) next = QUIET_MS;
  if (c->erase_since_ms != 0 && next > ERASE_AGAIN_MS) next = ERASE_AGAIN_MS;
  if (code == OK) code = wait_for(c, (unsigned)next, err);
  if (code == OK) code = supervisor_turn(c, stop, err);
  if (code != OK || *stop) return code;
  return read_in(c, err);
}

enum err_code core_run(const struct core_config *config, struct err *err) {
  struct core *c = NULL;
  bool stop = false;
  enum err_code code = core_new(config, &c, err);
  if (code == OK) code = pipe_send(config->supervisor, PIPE_READY, view_of(NULL, 0), err);
  /* What came together with the hello is read already: no descriptor tells of it. */
  for (bool first = true; code == OK && !stop; first = false)
    code = core_step(c, first ? 0 : STEP_MAX_MS, &stop, err);
  core_free(c);
  return code;
}
