/*
 * gate: see gate.h. One loop over everything: the pipes, ZAP, the ROUTER, the dialled DEALERs and their monitors. A turn first
 * polls, then gives each of them a bounded share.
 */
#include "node/net/gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/clock.h"
#include "node/net/budget.h"
#include "node/net/dialled.h"
#include "node/net/resolve.h"
#include "protocol/limits.h"

#define CORE_QUEUE ((size_t)8 * 1024 * 1024) /* octets waiting for core: LIMIT_CORE_QUEUE frames of an ordinary size */
#define CORE_RESERVE ((size_t)64 * 1024)     /* of them kept free for what is no frame: losses and failed sends */
#define SHARE 32                             /* messages of one source in a turn */
#define LOOKUP_MS 20                         /* a turn while names are looked up */
#define DIALS LIMIT_DIALLED
#define FIXED_ITEMS 5 /* of the poll: supervisor, core, ZAP, ROUTER, its monitor */
#define TURN_MS 1000
#define ITEMS (FIXED_ITEMS + 2 * DIALS)

/* What dialling a key has been like lately: a hang-up in the handshake is an accident once, a wrong key twice. */
struct luck {
  uint8_t curve[CURVE_LEN];
  unsigned failures, broken;
};

struct gate {
  struct curve_key key;
  const char *listen;
  struct pipe *supervisor; /* borrowed */
  struct pipe *core;       /* owned; NULL: not there */
  void *context;
  struct zap *zap;
  struct router *router; /* NULL until core's first list */
  struct dialled *dials[DIALS];
  size_t n_dials;
  struct luck lucks[DIALS];
  size_t n_lucks, next_luck;
  uint64_t monitors; /* number of the last one */
  struct bytes scratch;
  uint64_t now_ms;
  bool (*is_outdated)(void *context);
  void *outdated_context;
};

enum err_code gate_new(const struct gate_config *config, struct gate **out, struct err *err) {
  if (!zmq_has("curve")) return err_set(err, ERR_FAILED, "this libzmq has no CURVE: nobody can be authenticated");
  struct gate *g = calloc(1, sizeof *g);
  if (g == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  g->key = config->key;
  g->listen = config->listen;
  g->supervisor = config->supervisor;
  g->is_outdated = config->is_outdated;
  g->outdated_context = config->context;
  bytes_init(&g->scratch, LIMIT_PIPE);
  g->context = zmq_ctx_new();
  if (g->context == NULL) {
    gate_free(g);
    return err_set(err, ERR_MEMORY, NULL);
  }
  const enum err_code code = zap_open(g->context, &g->zap, err);
  if (code != OK) {
    gate_free(g);
    return code;
  }
  *out = g;
  return OK;
}

static void dials_free(struct gate *g) {
  while (g->n_dials > 0)
    dialled_free(g->dials[--g->n_dials]);
}

void gate_free(struct gate *g) {
  if (g == NULL) return;
  dials_free(g);
  router_free(g->router);
  zap_free(g->zap);
  if (g->context != NULL) zmq_ctx_term(g->context);
  resolve_reap(true);
  pipe_free(g->core);
  bytes_release(&g->scratch);
  free(g);
}

/* ---- to core ---- */

static bool core_has_room(const struct gate *g) {
  return g->core != NULL && pipe_has_room(g->core, LIMIT_PIPE + CORE_RESERVE);
}

static struct canon_writer payload_begin(struct gate *g, uint32_t n) {
  bytes_clear(&g->scratch);
  struct canon_writer w = canon_writer(&g->scratch);
  canon_put_array(&w, n);
  return w;
}

/* Sends what was written. What finds no room is lost, and said: callers look for room first. */
static void payload_send(struct gate *g, const struct canon_writer *w, enum pipe_channel channel) {
  struct err err = ERR_INIT;
  if (g->core == NULL) return;
  enum err_code code = canon_written(w, "pipe", &err);
  if (code == OK) code = pipe_send(g->core, channel, bytes_view(&g->scratch), &err);
  if (code != OK) log_line(LOG_WARNING, "gate", "core was not told", "channel=%d why=%s", (int)channel, err.message);
}

static void tell_link(struct gate *g, enum pipe_channel channel, const struct linkend *end) {
  struct canon_writer w = payload_begin(g, 2);
  linkend_put(&w, end);
  payload_send(g, &w, channel);
}

static void tell_failed(struct gate *g, const struct linkend *end, bool gone) {
  struct canon_writer w = payload_begin(g, 3);
  linkend_put(&w, end);
  canon_put_bool(&w, gone);
  payload_send(g, &w, PIPE_SEND_FAILED);
}

static void tell_key(struct gate *g, enum pipe_channel channel, const uint8_t curve[CURVE_LEN]) {
  struct canon_writer w = payload_begin(g, 1);
  canon_put_bin(&w, view_of(curve, CURVE_LEN));
  payload_send(g, &w, channel);
}

/* Connections that came to nothing: nobody knows whose they were. */
static void tell_handshakes(struct gate *g) {
  const uint64_t n = core_has_room(g) ? crowd_take_failed(zap_crowd(g->zap)) : 0;
  if (n == 0) return;
  struct canon_writer w = payload_begin(g, 1);
  canon_put_uint(&w, n);
  payload_send(g, &w, PIPE_FAILED);
}

static void tell_frame(struct gate *g, const struct linkend *end, zmq_msg_t *frame) {
  struct canon_writer w = payload_begin(g, 3);
  linkend_put(&w, end);
  canon_put_bin(&w, view_of(zmq_msg_data(frame), zmq_msg_size(frame)));
  payload_send(g, &w, PIPE_FRAME_IN);
}

/* ---- links ---- */

static struct dialled *dial_find(struct gate *g, const struct linkend *end, size_t *at) {
  for (*at = 0; *at < g->n_dials; ++*at) {
    const struct linkend *d = dialled_end(g->dials[*at]);
    if (linkend_equal(&d->id, &end->id) && memcmp(d->curve, end->curve, CURVE_LEN) == 0) return g->dials[*at];
  }
  return NULL;
}

static void dial_drop(struct gate *g, size_t at) {
  dialled_free(g->dials[at]);
  g->dials[at] = g->dials[--g->n_dials];
}

static struct luck *luck_of(struct gate *g, const uint8_t curve[CURVE_LEN]) {
  for (size_t i = 0; i < g->n_lucks; i++) {
    if (memcmp(g->lucks[i].curve, curve, CURVE_LEN) == 0) return &g->lucks[i];
  }
  struct luck *luck = &g->lucks[g->next_luck];
  g->next_luck = (g->next_luck + 1) % DIALS;
  if (g->n_lucks < DIALS) g->n_lucks++;
  *luck = (struct luck){0};
  memcpy(luck->curve, curve, CURVE_LEN);
  return luck;
}

/* Hands core the frames of one link, at most SHARE. */
static void dial_receive(struct gate *g, struct dialled *d) {
  const struct linkend end = *dialled_end(d);
  for (int i = 0; i < SHARE && core_has_room(g); i++) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    const enum received what = dialled_receive(d, &frame);
    if (what == RECEIVED_FRAME) tell_frame(g, &end, &frame);
    zmq_msg_close(&frame);
    if (what == RECEIVED_NOTHING) return;
  }
}

/* One dialled link's turn. False: it is over and gone. */
static bool dial_turn(struct gate *g, size_t at) {
  struct dialled *d = g->dials[at];
  const enum dialled_state state = dialled_step(d, g->context, &g->key, g->monitors + 1, g->now_ms);
  g->monitors++;
  dial_receive(g, d); /* also what arrived before the end */
  if (state == DIALLED_ALIVE) return true;
  const struct linkend end = *dialled_end(d);
  struct luck *luck = luck_of(g, end.curve);
  luck->failures = dialled_was_up(d) ? 0 : luck->failures + 1;
  luck->broken = state == DIALLED_BROKEN ? luck->broken + 1 : 0;
  dial_drop(g, at);
  if (state == DIALLED_MISMATCH || luck->broken >= 2) tell_key(g, PIPE_MISMATCH, end.curve);
  tell_link(g, PIPE_LINK_DOWN, &end);
  return false;
}

static void router_turn(struct gate *g) {
  struct linkend end;
  while (core_has_room(g) && router_next_down(g->router, &end))
    tell_link(g, PIPE_LINK_DOWN, &end);
  for (int i = 0; i < SHARE && core_has_room(g); i++) {
    zmq_msg_t frame;
    zmq_msg_init(&frame);
    const enum received what = router_receive(g->router, &end, &frame);
    if (what == RECEIVED_FRAME) tell_frame(g, &end, &frame);
    zmq_msg_close(&frame);
    if (what == RECEIVED_NOTHING) return;
  }
}

/* ---- from core ---- */

static void order_send(struct gate *g, struct canon_reader *r) {
  struct linkend end;
  size_t at = 0;
  linkend_get(r, &end);
  const struct view frame = canon_bin(r, LIMIT_FRAME);
  if (r->fault != NULL) return;
  struct dialled *d = dial_find(g, &end, &at);
  enum sent sent = SENT_GONE;
  if (d != NULL) {
    sent = dialled_send(d, frame);
  } else if (g->router != NULL && linkend_is_accepted(&end.id)) {
    sent = router_send(g->router, &end, frame);
  }
  if (sent != SENT) tell_failed(g, &end, sent == SENT_GONE);
}

static void order_dial(struct gate *g, struct canon_reader *r) {
  struct linkend end;
  struct err err = ERR_INIT;
  char endpoint[LIMIT_ENDPOINT + 1] = "";
  size_t at = 0;
  linkend_get(r, &end);
  const struct view text = canon_str(r, LIMIT_ENDPOINT);
  if (r->fault != NULL) return;
  memcpy(endpoint, text.p, text.len);
  if (dial_find(g, &end, &at) != NULL) dial_drop(g, at);
  if (g->n_dials == DIALS || linkend_is_accepted(&end.id)) {
    tell_link(g, PIPE_LINK_DOWN, &end);
    return;
  }
  if (dialled_new(&end, endpoint, luck_of(g, end.curve)->failures, g->now_ms, &g->dials[g->n_dials], &err) != OK) {
    log_line(LOG_WARNING, "gate", "cannot dial", "why=%s", err.message);
    tell_link(g, PIPE_LINK_DOWN, &end);
    return;
  }
  g->n_dials++;
  (void)dial_turn(g, g->n_dials - 1); /* a numeric address is connected at once, so what core sends next finds a socket */
}

static void order_close(struct gate *g, struct canon_reader *r) {
  struct linkend end;
  size_t at = 0;
  linkend_get(r, &end);
  if (r->fault != NULL) return;
  if (dial_find(g, &end, &at) != NULL) {
    dial_drop(g, at);
  } else if (g->router != NULL) {
    router_forget(g->router, &end);
  }
}

/* Tells supervisor and core where it listens. */
static void tell_bound(struct gate *g) {
  struct err err = ERR_INIT;
  struct canon_writer w = payload_begin(g, 1);
  canon_put_text(&w, router_endpoint(g->router));
  enum err_code code = canon_written(&w, "pipe", &err);
  if (code == OK) code = pipe_send(g->supervisor, PIPE_BOUND, bytes_view(&g->scratch), &err);
  if (code != OK) log_line(LOG_WARNING, "gate", "supervisor was not told", "why=%s", err.message);
  payload_send(g, &w, PIPE_BOUND);
}

static enum err_code order_allow(struct gate *g, struct canon_reader *r, struct err *err) {
  uint8_t keys[ZAP_KEYS * CURVE_LEN];
  canon_array_exact(r, 1);
  const uint32_t n = canon_array(r, ZAP_KEYS);
  for (uint32_t i = 0; i < n && r->fault == NULL; i++)
    canon_fixed(r, keys + (size_t)i * CURVE_LEN, CURVE_LEN);
  if (r->fault != NULL) return OK; /* the caller says so */
  enum err_code code = zap_allow(g->zap, keys, n, err);
  if (code == OK && g->router == NULL && g->listen != NULL) {
    code = router_open(g->context, &g->key, g->zap, g->listen, &g->router, err);
  }
  if (code == OK && g->router != NULL) tell_bound(g);
  return code;
}

static enum err_code core_message(struct gate *g, enum pipe_channel channel, struct view payload, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  enum err_code code = OK;
  if (channel == PIPE_FRAME_OUT) {
    canon_array_exact(&r, 3);
    order_send(g, &r);
  } else if (channel == PIPE_DIAL) {
    canon_array_exact(&r, 3);
    order_dial(g, &r);
  } else if (channel == PIPE_CLOSE) {
    canon_array_exact(&r, 2);
    order_close(g, &r);
  } else if (channel == PIPE_ALLOW) {
    code = order_allow(g, &r, err);
  } else {
    canon_fail(&r, "a channel that core does not use");
  }
  return code == OK ? canon_finish(&r, "core's pipe", err) : code;
}

/* Takes a new core, or none: it knows nothing of the links there are. */
static void core_set(struct gate *g, struct pipe *core) {
  pipe_free(g->core);
  g->core = core;
  dials_free(g);
  if (g->router != NULL) router_forget_all(g->router);
}

static enum err_code core_turn(struct gate *g, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  struct err gone = ERR_INIT;
  enum err_code code = pipe_read(g->core, &gone);
  while (pipe_has_room(g->core, CORE_RESERVE / 2) && pipe_next(g->core, &channel, &payload, &fd)) {
    if (fd >= 0) close(fd);
    const enum err_code handled = core_message(g, channel, payload, err);
    /* ERR_FAILED, as core says of its pipes: a gate that is started again gets another one. */
    if (handled == ERR_FORMAT && err != NULL) err->code = ERR_FAILED;
    if (handled != OK) return handled == ERR_FORMAT ? ERR_FAILED : handled;
  }
  if (pipe_fault(g->core) != NULL) return err_set(err, ERR_FAILED, "core's pipe: %s", pipe_fault(g->core));
  if (code == OK) code = pipe_write(g->core, &gone);
  if (code == ERR_UNREACHABLE) core_set(g, NULL); /* the supervisor starts another one */
  return code == OK || code == ERR_UNREACHABLE ? OK : err_set(err, code, "%s", gone.message);
}

static enum err_code supervisor_turn(struct gate *g, bool *stop, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  const enum err_code read = pipe_read(g->supervisor, err);
  while (pipe_next(g->supervisor, &channel, &payload, &fd)) {
    if (channel == PIPE_STOP) *stop = true;
    if (channel != PIPE_PEER) continue;
    struct pipe *core = pipe_new(fd, CORE_QUEUE);
    if (core == NULL) {
      err_set(err, ERR_MEMORY, NULL);
      return ERR_MEMORY;
    }
    core_set(g, core);
  }
  if (pipe_fault(g->supervisor) != NULL) return err_set(err, ERR_FORMAT, "%s", pipe_fault(g->supervisor));
  return *stop ? OK : read == OK ? pipe_write(g->supervisor, err) : read;
}

/* ---- the loop ---- */

static short pipe_events(const struct pipe *p) {
  return (short)(ZMQ_POLLIN | (pipe_wants_write(p) ? ZMQ_POLLOUT : 0));
}

/* What to wait for. Sockets are left out while core has no room for their frames. */
static int items_fill(struct gate *g, zmq_pollitem_t items[ITEMS], unsigned *timeout_ms) {
  int n = 0;
  const bool room = core_has_room(g);
  items[n++] = (zmq_pollitem_t){.fd = pipe_fd(g->supervisor), .events = pipe_events(g->supervisor)};
  if (g->core != NULL) items[n++] = (zmq_pollitem_t){.fd = pipe_fd(g->core), .events = pipe_events(g->core)};
  items[n++] = (zmq_pollitem_t){.socket = zap_socket(g->zap), .events = ZMQ_POLLIN};
  if (g->router != NULL && room) {
    items[n++] = (zmq_pollitem_t){.socket = router_socket(g->router), .events = ZMQ_POLLIN};
    items[n++] = (zmq_pollitem_t){.socket = router_monitor(g->router), .events = ZMQ_POLLIN};
  }
  for (size_t i = 0; i < g->n_dials; i++) {
    struct dialled *d = g->dials[i];
    if (dialled_is_waiting(d) && *timeout_ms > LOOKUP_MS) *timeout_ms = LOOKUP_MS;
    if (dialled_socket(d) == NULL || !room) continue;
    items[n++] = (zmq_pollitem_t){.socket = dialled_socket(d), .events = ZMQ_POLLIN};
    if (dialled_monitor(d) != NULL) items[n++] = (zmq_pollitem_t){.socket = dialled_monitor(d), .events = ZMQ_POLLIN};
  }
  return n;
}

/* A name is looked up, and the resolver's files are not those that this process may read: the next one may. */
static bool has_to_begin_anew(const struct gate *g) {
  bool waiting = false;
  for (size_t i = 0; i < g->n_dials; i++)
    waiting = waiting || dialled_is_waiting(g->dials[i]);
  return waiting && g->is_outdated != NULL && g->is_outdated(g->outdated_context);
}

enum err_code gate_step(struct gate *g, unsigned timeout_ms, bool *stop, struct err *err) {
  zmq_pollitem_t items[ITEMS];
  uint8_t stranger[CURVE_LEN];
  const int n = items_fill(g, items, &timeout_ms);
  if (zmq_poll(items, n, (long)timeout_ms) < 0 && zmq_errno() != EINTR) {
    return err_set(err, ERR_FAILED, "zeromq poll: %s", zmq_strerror(zmq_errno()));
  }
  g->now_ms = clock_ms(clock_system());
  resolve_reap(false);
  if (g->router != NULL) router_events(g->router);
  zap_step(g->zap, g->now_ms);
  while (core_has_room(g) && zap_next_stranger(g->zap, stranger))
    tell_key(g, PIPE_STRANGER, stranger);
  tell_handshakes(g);
  if (g->router != NULL) router_turn(g);
  for (size_t i = g->n_dials; core_has_room(g) && i > 0; i--)
    (void)dial_turn(g, i - 1);
  if (has_to_begin_anew(g)) return err_set(err, ERR_FAILED, "the files of name service were replaced: begins anew");
  enum err_code code = supervisor_turn(g, stop, err);
  if (code == OK && g->core != NULL) code = core_turn(g, err);
  return code;
}

enum err_code gate_run(const struct gate_config *config, struct err *err) {
  struct gate *g = NULL;
  bool stop = false;
  enum err_code code = gate_new(config, &g, err);
  if (code == OK && config->listen == NULL) code = pipe_send(config->supervisor, PIPE_READY, view_of(NULL, 0), err);
  /* What came together with the hello is read already: no descriptor tells of it. */
  for (bool first = true; code == OK && !stop; first = false)
    code = gate_step(g, first ? 0 : TURN_MS, &stop, err);
  gate_free(g);
  return code;
}
