/*
 * core_orders: what may be asked of core by ctl alone: POST /order/NAME with a JSON object.
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
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/core_inside.h"
#include "node/erasure.h"
#include "node/hiding.h"
#include "node/net/http.h"
#include "node/people_orders.h"
#include "node/scrub.h"
#include "node/store/derive.h"

#define ORDER_PATH "/order/"
#define WAIT_DEFAULT_MS 30000
#define WAIT_MAX_MS 600000

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
                             "paused", paused_logs(status), "guard", core_guard(c));
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
  err_set(err, ERR_REFUSED, "paused: quota: the log of %s holds as much as it may", paused);
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
  err_clear(&c->scrub_why);
  c->scrub_next_ms = 0;
  *order = (struct order){.id = id, .what = ORDER_SCRUB, .since_ms = c->now_ms, .until_ms = c->now_ms + wait_of(argument)};
  return OK;
}

/* What was found is waited for as long as the order lasts; the pass itself is never cut off. */
static void scrub_step(struct core *c, struct order *order) {
  struct scrub_state s;
  struct err err = ERR_INIT;
  if (c->scrub_why.code != OK) {
    core_answer_error(c, order->id, &c->scrub_why);
  } else if (hall_scrub_state(c->hall, &s, &err) != OK) {
    core_answer_error(c, order->id, &err);
  } else if (s.running || (s.left > 0 && clock_ms(clock_system()) < order->until_ms)) {
    c->scrub_next_ms = 0; /* somebody waits */
    return;
  } else {
    core_answer_json(c, order->id,
                     json_pack("{s:I, s:I, s:b, s:I, s:I}", "entries", (json_int_t)s.entries, "found", (json_int_t)s.found,
                               "derived", s.derived, "milestones", (json_int_t)s.milestones, "left", (json_int_t)s.left));
  }
  order->id = 0;
}

static void sync_step(struct core *c, struct order *order) {
  if (!core_round_is_over(c, order)) return;
  core_answer_json(c, order->id, core_round_report(c, order));
  order->id = 0;
}

static void ping_step(struct core *c, struct order *order) {
  struct err err = ERR_INIT;
  const json_int_t ms = ping_of(c, order->handle);
  if (ms >= 0) {
    core_answer_json(c, order->id, json_pack("{s:s, s:I}", "peer", order->handle, "ms", ms));
    order->id = 0;
  } else if (clock_ms(clock_system()) >= order->until_ms) {
    err_set(&err, ERR_UNREACHABLE, "no answer from %s", order->handle);
    err_hint(&err, "specola status");
    core_answer_error(c, order->id, &err);
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
  core_answer_json(c, id,
                   json_pack("{s:I, s:I, s:I, s:I, s:I}", "logs", (json_int_t)report.logs, "entries",
                             (json_int_t)report.entries, "new", (json_int_t)report.n_new, "held", (json_int_t)report.n_held,
                             "known", (json_int_t)report.known));
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
  core_answer_json(c, id, json_pack("{s:o}", "takedowns", list));
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
  if (code == OK) core_answer_json(c, id, json_pack("{s:b}", "known", known));
  return code;
}

static enum err_code order_rebuild(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  (void)argument;
  const enum err_code code = derive_rebuild(c->store, &c->federation, c->schemas, NULL, NULL, err);
  c->dirty = true;
  if (code == OK) core_answer_json(c, id, json_object());
  return code;
}

static enum err_code order_alone(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  (void)argument;
  const enum err_code code = hall_go_alone(c->hall, err);
  if (code == OK) core_answer_json(c, id, json_object());
  return code;
}

static enum err_code order_stop(struct core *c, uint64_t id, const json_t *argument, struct err *err) {
  (void)argument;
  (void)err;
  c->stop_asked = true;
  core_answer_json(c, id, json_object());
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
  if (code == OK) core_answer_json(c, id, said);
  return code;
}

static enum err_code run_order(struct core *c, uint64_t id, const char *path, const json_t *argument, struct err *err) {
  if (!json_is_object(argument)) return err_set(err, ERR_USAGE, "an order needs a JSON object");
  for (size_t i = 0; i < sizeof ORDERS / sizeof ORDERS[0]; i++) {
    if (strcmp(path, ORDERS[i].path) == 0) return ORDERS[i].run(c, id, argument, err);
  }
  return order_people(c, id, path + strlen(ORDER_PATH), argument, err);
}

enum err_code core_order(struct core *c, uint64_t id, struct view path, struct view body, struct err *err) {
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
