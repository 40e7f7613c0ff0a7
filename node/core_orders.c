/*
 * core_orders: what ctl may ask of core, and what web may (submit, ask, and GET /network). GET /status; POST /sync/submit
 * (docs/protocol.md 9); POST /sync/ask (17); POST /order/NAME with a JSON object:
 *
 *   sync {timeout_ms}                       -> {peers, new, idle, paused} when everything reachable is here, or time is up
 *   ping {peer, timeout_ms}                 -> {peer, ms}
 *   certify, revoke, invite, uninvite, confirm     -> node/people_orders.h
 *   import {path}                           -> {logs, entries, new, held, known}; a bundle, path absolute
 *   rebuild {}                              -> {}
 *   scrub {timeout_ms}                      -> {entries, found, derived, milestones, left} when a pass has ended and what it
 *                                              found is whole again, or time is up
 *   takedown {reference, whole, reason}     -> {takedowns: [reference…]}; reason: a number of the vocabulary
 *   hide {id, reason}                       -> {known}; an object is not shown by this node; without a reason it is again
 *   alone {}                                -> {}; opens the fork guard on a person's word
 *   stop {}                                 -> {}
 *
 * A refusal is {"error": {code, message, hint, exit}} with a status that fits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/core_inside.h"
#include "node/erasure.h"
#include "node/hiding.h"
#include "node/invite.h"
#include "node/net/http.h"
#include "node/people_orders.h"
#include "node/scrub.h"
#include "node/store/derive.h"
#include "node/store/query.h"

#define TYPE_JSON "application/json"
#define TYPE_MSGPACK "application/msgpack"
#define ORDER_PATH "/order/"
#define WAIT_DEFAULT_MS 30000
#define WAIT_MAX_MS 600000
#define ANSWER_MAX (LIMIT_PIPE - 4096u)

/* ---- answers ---- */

static void answer(struct core *c, uint64_t id, int status, const char *type, struct view body) {
  struct err err = ERR_INIT;
  if (c->asker == NULL) return;
  bytes_clear(&c->scratch);
  struct canon_writer w = canon_writer(&c->scratch);
  canon_put_array(&w, 4);
  canon_put_uint(&w, id);
  canon_put_uint(&w, (uint64_t)status);
  canon_put_text(&w, type);
  canon_put_bin(&w, body);
  enum err_code code = canon_written(&w, "answer", &err);
  if (code == OK) code = pipe_send(c->asker, PIPE_ANSWER, bytes_view(&c->scratch), &err);
  if (code != OK) log_line(LOG_ERROR, "core", "an answer was lost", "why=%s", err.message);
}

static void answer_error(struct core *c, uint64_t id, const struct err *err) {
  struct bytes text;
  bytes_init(&text, HTTP_ERROR_MAX);
  http_error(err, &text);
  answer(c, id, http_status(err->code), TYPE_JSON, bytes_view(&text));
  bytes_release(&text);
}

/* Takes document over; NULL: no memory. */
static void answer_json(struct core *c, uint64_t id, json_t *document) {
  struct err err = ERR_INIT;
  char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);
  if (text == NULL) {
    err_set(&err, ERR_MEMORY, NULL);
    answer_error(c, id, &err);
  } else if (strlen(text) > ANSWER_MAX) {
    err_set(&err, ERR_LIMIT, "the answer has %zu octets", strlen(text));
    answer_error(c, id, &err);
  } else {
    answer(c, id, 200, TYPE_JSON, view_of_text(text));
  }
  free(text);
  json_decref(document);
}

/* What the fork guard does, and what waits for it. NULL: nothing guards. */
static json_t *guard_of(const struct core *c) {
  struct guard_look look;
  return hall_guard_look(c->hall, &look) ? guard_json(&look, &c->federation) : NULL;
}

/* ---- rounds of exchange ---- */

/* Entries held of others. */
static uint64_t entries_of_others(const struct core *c) {
  uint32_t n = 0;
  uint64_t sum = 0;
  const struct hall_head *heads = hall_heads(c->hall, &n);
  for (uint32_t i = 0; i < n; i++) {
    if (!hash_equal(&heads[i].node, &c->federation.own)) sum += heads[i].size;
  }
  return sum;
}

void core_round_begin(struct core *c, struct order *round, uint64_t timeout_ms) {
  const struct federation *f = &c->federation;
  const uint64_t now_ms = clock_ms(clock_system());
  *round = (struct order){.id = 1, .what = ORDER_SYNC, .since_ms = now_ms, .until_ms = now_ms + timeout_ms};
  round->entries = entries_of_others(c);
  /* Whoever is linked is asked afresh; the others are being dialled anyway. */
  for (uint32_t i = 0; i < f->epoch.n_members; i++)
    (void)(exchange_ping(c->exchange, f->epoch.members[i].handle, NULL) == OK);
}

bool core_round_is_over(const struct core *c, const struct order *round) {
  return exchange_idle(c->exchange) || clock_ms(clock_system()) >= round->until_ms;
}

/* The handles of the logs that are paused. NULL without memory. */
static json_t *paused_logs(const json_t *status) {
  json_t *out = json_array();
  size_t i = 0;
  const json_t *log = NULL;
  json_array_foreach(json_object_get(status, "logs"), i, log) {
    if (json_is_true(json_object_get(log, "paused"))) (void)json_array_append(out, json_object_get(log, "handle"));
  }
  return out;
}

json_t *core_round_report(const struct core *c, const struct order *round) {
  json_t *status = exchange_status(c->exchange);
  const uint64_t now = entries_of_others(c);
  json_t *report = json_pack("{s:O?, s:I, s:b, s:o?, s:o?}", "peers", json_object_get(status, "peers"), "new",
                             (json_int_t)(now > round->entries ? now - round->entries : 0), "idle", exchange_idle(c->exchange),
                             "paused", paused_logs(status), "guard", guard_of(c));
  json_decref(status);
  return report;
}

/* Adds a handle to a list for people, if it fits. */
static void list_add(char list[256], const char *handle) {
  const size_t len = strlen(list);
  if (handle == NULL || len + strlen(handle) + 3 > 256) return;
  (void)snprintf(list + len, 256 - len, "%s%s", len == 0 ? "" : ", ", handle);
}

static enum err_code paused_result(const json_t *report, struct err *err) {
  char paused[256] = "";
  size_t i = 0;
  const json_t *handle = NULL;
  json_array_foreach(json_object_get(report, "paused"), i, handle) {
    list_add(paused, json_string_value(handle));
  }
  if (paused[0] == '\0') return OK;
  err_set(err, ERR_REFUSED, "paused: quota: the log of %s holds as many texts as it may", paused);
  return err_hint(err, "log_bodies = MIB in node.ini, then start again");
}

enum err_code core_round_result(const struct core *c, const json_t *report, struct err *err) {
  char silent[256] = "";
  size_t i = 0, n_open = 0;
  const json_t *peer = NULL, *peers = json_object_get(report, "peers");
  json_array_foreach(peers, i, peer) {
    const char *state = json_string_value(json_object_get(peer, "state"));
    if (state == NULL || strcmp(state, "waiting") == 0) continue; /* no address is known: it dials us */
    if (strcmp(state, "open") == 0) {
      n_open++;
    } else {
      list_add(silent, json_string_value(json_object_get(peer, "handle")));
    }
  }
  if (silent[0] != '\0') {
    err_set(err, ERR_UNREACHABLE, "no answer from %s", silent);
    return err_hint(err, "specola peer list");
  }
  if (n_open == 0 && json_array_size(peers) > 0) {
    err_set(err, ERR_UNREACHABLE, "no address of another member is known");
    return err_hint(err, "peer.FR = tcp://HOST:PORT in node.ini, or --peer");
  }
  if (!exchange_idle(c->exchange)) return err_set(err, ERR_UNREACHABLE, "not finished in time");
  return paused_result(report, err);
}

/* ---- orders that take time ---- */

static uint64_t wait_of(const json_t *argument) {
  const json_t *wish = json_object_get(argument, "timeout_ms");
  const json_int_t ms = json_is_integer(wish) ? json_integer_value(wish) : WAIT_DEFAULT_MS;
  return ms < 0 ? 0 : ms > WAIT_MAX_MS ? WAIT_MAX_MS : (uint64_t)ms;
}

static struct order *order_place(struct core *c) {
  for (size_t i = 0; i < CORE_ORDERS; i++) {
    if (c->orders[i].id == 0) return &c->orders[i];
  }
  return NULL;
}

static enum err_code order_sync(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  struct order *order = order_place(c);
  if (order == NULL) return err_set(err, ERR_BUSY, "too many orders wait");
  exchange_dial_now(c->exchange);
  core_round_begin(c, order, wait_of(argument));
  order->id = id;
  return OK;
}

/* The last round trip to a peer as status says it, or -1. */
static json_int_t ping_of(const struct core *c, const char *handle) {
  json_t *status = exchange_status(c->exchange);
  json_int_t ms = -1;
  size_t i = 0;
  const json_t *peer = NULL;
  json_array_foreach(json_object_get(status, "peers"), i, peer) {
    const char *name = json_string_value(json_object_get(peer, "handle"));
    const json_t *ping = json_object_get(peer, "ping_ms");
    if (name != NULL && strcmp(name, handle) == 0 && json_is_number(ping)) ms = (json_int_t)json_number_value(ping);
  }
  json_decref(status);
  return ms;
}

static enum err_code order_ping(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  struct order *order = order_place(c);
  const char *handle = json_string_value(json_object_get(argument, "peer"));
  if (order == NULL) return err_set(err, ERR_BUSY, "too many orders wait");
  if (handle == NULL || strlen(handle) >= HANDLE_MAX) return err_set(err, ERR_USAGE, "ping: peer is missing");
  const enum err_code code = exchange_ping(c->exchange, handle, err);
  if (code != OK) return code;
  *order = (struct order){.id = id, .what = ORDER_PING, .since_ms = c->now_ms, .until_ms = c->now_ms + wait_of(argument)};
  memcpy(order->handle, handle, strlen(handle) + 1);
  return OK;
}

static enum err_code order_scrub(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  struct order *order = order_place(c);
  if (order == NULL) return err_set(err, ERR_BUSY, "too many orders wait");
  hall_scrub_begin(c->hall);
  c->scrub_next_ms = 0;
  *order = (struct order){.id = id, .what = ORDER_SCRUB, .since_ms = c->now_ms, .until_ms = c->now_ms + wait_of(argument)};
  return OK;
}

/* What was found is waited for as long as the order lasts; the pass itself is never cut off. */
static void scrub_step(struct core *c, struct order *order) {
  struct scrub_state s;
  struct err err = ERR_INIT;
  if (hall_scrub_state(c->hall, &s, &err) != OK) {
    answer_error(c, order->id, &err);
  } else if (s.running || (s.left > 0 && clock_ms(clock_system()) < order->until_ms)) {
    c->scrub_next_ms = 0; /* somebody waits */
    return;
  } else {
    answer_json(c, order->id,
                json_pack("{s:I, s:I, s:b, s:I, s:I}", "entries", (json_int_t)s.entries, "found", (json_int_t)s.found,
                          "derived", s.derived, "milestones", (json_int_t)s.milestones, "left", (json_int_t)s.left));
  }
  order->id = 0;
}

static void sync_step(struct core *c, struct order *order) {
  if (!core_round_is_over(c, order)) return;
  answer_json(c, order->id, core_round_report(c, order));
  order->id = 0;
}

static void ping_step(struct core *c, struct order *order) {
  struct err err = ERR_INIT;
  const json_int_t ms = ping_of(c, order->handle);
  if (ms >= 0) {
    answer_json(c, order->id, json_pack("{s:s, s:I}", "peer", order->handle, "ms", ms));
    order->id = 0;
  } else if (clock_ms(clock_system()) >= order->until_ms) {
    err_set(&err, ERR_UNREACHABLE, "no answer from %s", order->handle);
    err_hint(&err, "specola status");
    answer_error(c, order->id, &err);
    order->id = 0;
  }
}

void core_orders_step(struct core *c) {
  c->asker = c->ctl;
  for (size_t i = 0; i < CORE_ORDERS; i++) {
    struct order *order = &c->orders[i];
    if (order->id == 0) continue;
    if (order->what == ORDER_SYNC) {
      sync_step(c, order);
    } else if (order->what == ORDER_SCRUB) {
      scrub_step(c, order);
    } else {
      ping_step(c, order);
    }
  }
}

/* ---- orders that are done at once ---- */

/* An unsigned member of an object; absent: 0. */
static enum err_code number_of(const json_t *argument, const char *name, uint64_t *out, struct err *err) {
  const json_t *value = json_object_get(argument, name);
  *out = 0;
  if (value == NULL) return OK;
  if (!json_is_integer(value) || json_integer_value(value) < 0) return err_set(err, ERR_USAGE, "%s is no number", name);
  *out = (uint64_t)json_integer_value(value);
  return OK;
}

static enum err_code file_source(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  const int fd = *(const int *)context;
  ssize_t got = 0;
  do {
    got = read(fd, buffer, size);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return err_errno(err, ERR_IO, errno, "bundle");
  *n = (size_t)got;
  return OK;
}

static enum err_code file_rewind(void *context, struct err *err) {
  const int fd = *(const int *)context;
  return lseek(fd, 0, SEEK_SET) < 0 ? err_errno(err, ERR_IO, errno, "bundle") : OK;
}

static enum err_code order_import(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  struct bundle_report report = {0};
  const char *path = json_string_value(json_object_get(argument, "path"));
  if (path == NULL || path[0] != '/') return err_set(err, ERR_USAGE, "import: an absolute path is needed");
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
  const enum err_code code = hall_import_bundle(c->hall, file_source, file_rewind, &fd, &report, err);
  close(fd);
  exchange_published(c->exchange); /* others want to know what came, also from the part before an error */
  c->dirty = true;
  if (code != OK) return code;
  answer_json(c, id,
              json_pack("{s:I, s:I, s:I, s:I, s:I}", "logs", (json_int_t)report.logs, "entries", (json_int_t)report.entries,
                        "new", (json_int_t)report.n_new, "held", (json_int_t)report.n_held, "known", (json_int_t)report.known));
  return OK;
}

static enum err_code order_takedown(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  struct takedown_wish wish = {.whole = json_is_true(json_object_get(argument, "whole"))};
  struct takedown_report report;
  const char *name = json_string_value(json_object_get(argument, "reference"));
  if (name == NULL) return err_set(err, ERR_USAGE, "takedown: reference is missing");
  enum err_code code = reference_parse(&c->federation, name, &wish.node, &wish.gen, &wish.index, err);
  if (code == OK) code = number_of(argument, "reason", &wish.reason, err);
  if (code == OK) code = hall_take_down(c->hall, &wish, &report, err);
  if (code != OK) return code;
  exchange_published(c->exchange);
  c->dirty = true;
  json_t *list = json_array();
  for (uint64_t i = 0; i < report.n; i++) {
    char reference[REFERENCE_MAX];
    reference_format(&c->federation, &c->federation.own, report.gen, report.index + i, reference);
    (void)json_array_append_new(list, json_string(reference));
  }
  answer_json(c, id, json_pack("{s:o}", "takedowns", list));
  return OK;
}

static enum err_code order_hide(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  struct hash object;
  bool known = false;
  const char *hex = json_string_value(json_object_get(argument, "id"));
  const char *reason = json_string_value(json_object_get(argument, "reason"));
  if (hex == NULL || hex_decode(view_of_text(hex), object.b, HASH_LEN, err) != OK) {
    return err_set(err, ERR_USAGE, "hide: id is not 64 hexadecimal digits");
  }
  const enum err_code code =
      reason == NULL ? hall_unhide(c->hall, &object, err) : hall_hide(c->hall, &object, reason, &known, err);
  if (code == OK) answer_json(c, id, json_pack("{s:b}", "known", known));
  return code;
}

static enum err_code order_rebuild(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  (void)argument;
  const enum err_code code = derive_rebuild(c->store, &c->federation, c->schemas, NULL, NULL, err);
  c->dirty = true;
  if (code == OK) answer_json(c, id, json_object());
  return code;
}

static enum err_code order_alone(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  (void)argument;
  const enum err_code code = hall_go_alone(c->hall, err);
  if (code == OK) answer_json(c, id, json_object());
  return code;
}

static enum err_code order_stop(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  (void)argument;
  (void)err;
  c->stop_asked = true;
  answer_json(c, id, json_object());
  return OK;
}

/* ---- requests ---- */

/* Either answers (or keeps the order) and returns OK, or returns why not. */
typedef enum err_code order_function(struct core *c, uint64_t id, const json_t *argument, struct err *err);
static const struct {
  const char *path;
  order_function *run;
} ORDERS[] = {
    {"/order/sync", order_sync},       {"/order/ping", order_ping},         {"/order/import", order_import},
    {"/order/rebuild", order_rebuild}, {"/order/takedown", order_takedown}, {"/order/hide", order_hide},
    {"/order/alone", order_alone},     {"/order/scrub", order_scrub},       {"/order/stop", order_stop},
};

/* An order about people. */
static enum err_code order_people(struct core *c, uint64_t id, const char *name, const json_t *argument, struct err *err) {
  json_t *said = NULL;
  bool written = false;
  const enum err_code code = people_order(c->hall, name, argument, &written, &said, err);
  if (written) {
    exchange_published(c->exchange);
    c->dirty = true;
  }
  if (code == OK) answer_json(c, id, said);
  return code;
}

static enum err_code run_order(struct core *c, uint64_t id, const char *path, const json_t *argument, struct err *err) {
  if (!json_is_object(argument)) return err_set(err, ERR_USAGE, "an order needs a JSON object");
  for (size_t i = 0; i < sizeof ORDERS / sizeof ORDERS[0]; i++) {
    if (strcmp(path, ORDERS[i].path) == 0) return ORDERS[i].run(c, id, argument, err);
  }
  return order_people(c, id, path + strlen(ORDER_PATH), argument, err);
}

static enum err_code order(struct core *c, uint64_t id, struct view path, struct view body, struct err *err) {
  char text[HTTP_PATH_MAX + 1];
  if (path.len > HTTP_PATH_MAX || path.len <= strlen(ORDER_PATH) || memcmp(path.p, ORDER_PATH, strlen(ORDER_PATH)) != 0) {
    return err_set(err, ERR_NOT_FOUND, "nothing here by that name");
  }
  memcpy(text, path.p, path.len);
  text[path.len] = '\0';
  json_t *argument = body.len == 0 ? json_object() : json_loadb((const char *)body.p, body.len, JSON_REJECT_DUPLICATES, NULL);
  const enum err_code code = run_order(c, id, text, argument, err);
  json_decref(argument);
  return code;
}

static enum err_code submit(struct core *c, uint64_t id, struct view body, struct err *err) {
  struct bytes octets;
  uint32_t n = 0;
  enum err_code code = submission_read(body, c->items, &n, err);
  if (code != OK) return code;
  bytes_init(&octets, LIMIT_SUBMIT_BYTES);
  code = hall_admit(c->hall, c->items, n, &c->receipt, err);
  if (code == OK) {
    exchange_published(c->exchange);
    c->dirty = true;
    code = receipt_seal(&c->receipt, c->node_key, &octets, err);
  }
  if (code == OK) answer(c, id, 200, TYPE_MSGPACK, bytes_view(&octets));
  bytes_release(&octets);
  return code;
}

/* Strangers get an answer as long as they are few: what it costs is a signature. Whoever has a token gets one always. */
static bool may_answer_stranger(struct core *c) {
  struct core_asks *asks = &c->asks;
  const uint64_t now = clock_ms(clock_system());
  asks->n_strange++;
  if (now - asks->since_ms >= CORE_ASKS_MS) {
    asks->since_ms = now;
    asks->n_answered = 0;
  }
  return asks->n_answered++ < CORE_ASKS;
}

static enum err_code ask(struct core *c, uint64_t id, struct view body, struct err *err) {
  struct bytes octets;
  bool strange = false;
  enum err_code code = hall_ask(c->hall, body, &c->receipt, &strange, err);
  if (code == OK && strange && !may_answer_stranger(c)) {
    return err_set(err, ERR_BUSY, "too many asks without a token of this node; try again in a minute");
  }
  if (code != OK) return code;
  bytes_init(&octets, LIMIT_ASK);
  if (c->receipt.rows[0].state == RECEIPT_LOGGED) {
    exchange_published(c->exchange);
    c->dirty = true;
  }
  code = receipt_seal(&c->receipt, c->node_key, &octets, err);
  if (code == OK) answer(c, id, 200, TYPE_MSGPACK, bytes_view(&octets));
  bytes_release(&octets);
  return code;
}

static enum err_code status(struct core *c, uint64_t id, struct err *err) {
  char node[HASH_HEX_LEN];
  json_t *figures = NULL;
  const enum err_code code = query_figures(c->store, &c->federation, c->schemas, &figures, err);
  if (code != OK) return code;
  hash_hex(&c->federation.own, node);
  answer_json(c, id,
              json_pack("{s:s, s:s, s:I, s:I, s:s, s:o, s:o, s:o?, s:O?, s:O?, s:s, s:I}", "node", node, "handle",
                        federation_handle(&c->federation, &c->federation.own), "epoch", (json_int_t)c->federation.epoch.number,
                        "uptime_s", (json_int_t)((clock_ms(clock_system()) - c->started_ms) / 1000), "endpoint", c->endpoint,
                        "figures", figures, "exchange", exchange_status(c->exchange), "guard", guard_of(c), "processes",
                        c->processes, "notified", c->notified, "version", SPECOLA_VERSION, "strange_asks",
                        (json_int_t)c->asks.n_strange));
  return OK;
}

/* A request as it comes through a pipe. */
struct asked {
  uint64_t id;
  struct view method, path, body;
};

static enum err_code asked_read(enum pipe_channel channel, struct view payload, struct asked *out, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  if (channel != PIPE_REQUEST) return err_set(err, ERR_FORMAT, "a channel that is not used here");
  canon_array_exact(&r, 4);
  out->id = canon_uint(&r);
  out->method = canon_str(&r, 8);
  out->path = canon_str(&r, HTTP_PATH_MAX);
  out->body = canon_bin(&r, LIMIT_PIPE);
  return canon_finish(&r, "request", err);
}

enum err_code core_request_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err) {
  struct err refused = ERR_INIT;
  struct asked asked = {.id = 0};
  enum err_code code = asked_read(channel, payload, &asked, err);
  if (code != OK) return code;
  const bool post = view_is_text(asked.method, "POST");
  c->asker = c->ctl;
  if (!post && view_is_text(asked.path, "/status")) {
    code = status(c, asked.id, &refused);
  } else if (post && view_is_text(asked.path, "/sync/submit")) {
    code = submit(c, asked.id, asked.body, &refused);
  } else if (post && view_is_text(asked.path, "/sync/ask")) {
    code = ask(c, asked.id, asked.body, &refused);
  } else if (post) {
    code = order(c, asked.id, asked.path, asked.body, &refused);
  } else {
    code = err_set(&refused, ERR_NOT_FOUND, "nothing here by that name");
  }
  if (code != OK) answer_error(c, asked.id, &refused);
  return OK;
}

/* What pages show of the other members; nothing of strangers, nor of what is counted. */
static void network(struct core *c, uint64_t id) {
  json_t *all = exchange_status(c->exchange);
  answer_json(c, id,
              json_pack("{s:I, s:O?}", "uptime_s", (json_int_t)((clock_ms(clock_system()) - c->started_ms) / 1000), "peers",
                        json_object_get(all, "peers")));
  json_decref(all);
}

/* What pages met damaged: looked at with the next turn of the exchange. */
static enum err_code take_damaged(struct core *c, uint64_t id, struct view body, struct err *err) {
  struct canon_reader r = canon_reader(body);
  const uint32_t n = canon_array(&r, STORE_SUSPECTS);
  for (uint32_t i = 0; i < n && r.fault == NULL; i++)
    store_suspect(c->store, (int64_t)canon_uint(&r));
  const enum err_code code = canon_finish(&r, "damaged", err);
  if (code == OK) answer_json(c, id, json_object());
  return code;
}

enum err_code core_web_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err) {
  struct err refused = ERR_INIT;
  struct asked asked = {.id = 0};
  enum err_code code = asked_read(channel, payload, &asked, err);
  if (code != OK) return code;
  c->asker = c->web;
  if (view_is_text(asked.method, "GET") && view_is_text(asked.path, "/network")) {
    network(c, asked.id);
    return OK;
  }
  const bool post = view_is_text(asked.method, "POST");
  if (post && view_is_text(asked.path, "/sync/submit")) {
    code = submit(c, asked.id, asked.body, &refused);
  } else if (post && view_is_text(asked.path, "/sync/ask")) {
    code = ask(c, asked.id, asked.body, &refused);
  } else if (post && view_is_text(asked.path, "/damaged")) {
    code = take_damaged(c, asked.id, asked.body, &refused);
  } else {
    code = err_set(&refused, ERR_REFUSED, "orders are not taken from here");
  }
  if (code != OK) answer_error(c, asked.id, &refused);
  return OK;
}
