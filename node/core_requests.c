/*
 * core_requests: what ctl and web ask of core, and how they are answered. Of both: POST /sync/submit (docs/protocol.md 9) and
 * POST /sync/ask (17). Of ctl: GET /status, and orders (core_orders.c). Of web: GET /network, and POST /damaged ([rowid…]).
 * A refusal is {"error": {code, message, hint, exit}} with a status that fits.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/core_inside.h"
#include "node/invite.h"
#include "node/net/http.h"
#include "node/store/query.h"

#define TYPE_JSON "application/json"
#define TYPE_MSGPACK "application/msgpack"
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

void core_answer_error(struct core *c, uint64_t id, const struct err *err) {
  struct bytes text;
  bytes_init(&text, HTTP_ERROR_MAX);
  http_error(err, &text);
  answer(c, id, http_status(err->code), TYPE_JSON, bytes_view(&text));
  bytes_release(&text);
}

void core_answer_json(struct core *c, uint64_t id, json_t *document) {
  struct err err = ERR_INIT;
  char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);
  if (text == NULL) {
    err_set(&err, ERR_MEMORY, NULL);
    core_answer_error(c, id, &err);
  } else if (strlen(text) > ANSWER_MAX) {
    err_set(&err, ERR_LIMIT, "the answer has %zu octets", strlen(text));
    core_answer_error(c, id, &err);
  } else {
    answer(c, id, 200, TYPE_JSON, view_of_text(text));
  }
  free(text);
  json_decref(document);
}

json_t *core_guard(const struct core *c) {
  struct guard_look look;
  return hall_guard_look(c->hall, &look) ? guard_json(&look, &c->federation) : NULL;
}

/* ---- records and asks ---- */

/* c->receipt under the node's key; ceiling: octets of it. written: the log has grown. */
static enum err_code answer_receipt(struct core *c, uint64_t id, size_t ceiling, bool written, struct err *err) {
  struct bytes octets;
  bytes_init(&octets, ceiling);
  if (written) {
    exchange_published(c->exchange);
    c->dirty = true;
  }
  const enum err_code code = receipt_seal(&c->receipt, c->node_key, &octets, err);
  if (code == OK) answer(c, id, 200, TYPE_MSGPACK, bytes_view(&octets));
  bytes_release(&octets);
  return code;
}

static enum err_code submit(struct core *c, uint64_t id, struct view body, struct err *err) {
  uint32_t n = 0;
  enum err_code code = submission_read(body, c->items, &n, err);
  if (code == OK) code = hall_admit(c->hall, c->items, n, &c->receipt, err);
  return code == OK ? answer_receipt(c, id, LIMIT_SUBMIT_BYTES, true, err) : code;
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
  bool strange = false;
  const enum err_code code = hall_ask(c->hall, body, &c->receipt, &strange, err);
  if (code != OK) return code;
  if (strange && !may_answer_stranger(c)) {
    return err_set(err, ERR_BUSY, "too many asks without a token of this node; try again in a minute");
  }
  return answer_receipt(c, id, LIMIT_ASK, c->receipt.rows[0].state == RECEIPT_LOGGED, err);
}

static enum err_code status(struct core *c, uint64_t id, struct err *err) {
  char node[HASH_HEX_LEN];
  json_t *figures = NULL;
  const enum err_code code = query_figures(c->store, &c->federation, c->schemas, &figures, err);
  if (code != OK) return code;
  hash_hex(&c->federation.own, node);
  core_answer_json(
      c, id,
      json_pack("{s:s, s:s, s:I, s:I, s:s, s:o, s:o, s:o?, s:O?, s:O?, s:s, s:I}", "node", node, "handle",
                federation_handle(&c->federation, &c->federation.own), "epoch", (json_int_t)c->federation.epoch.number,
                "uptime_s", (json_int_t)((clock_ms(clock_system()) - c->started_ms) / 1000), "endpoint", c->endpoint, "figures",
                figures, "exchange", exchange_status(c->exchange), "guard", core_guard(c), "processes", c->processes,
                "notified", c->notified, "version", SPECOLA_VERSION, "strange_asks", (json_int_t)c->asks.n_strange));
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
    code = core_order(c, asked.id, asked.path, asked.body, &refused);
  } else {
    code = err_set(&refused, ERR_NOT_FOUND, "nothing here by that name");
  }
  if (code != OK) core_answer_error(c, asked.id, &refused);
  return OK;
}

/* What pages show of the other members; nothing of strangers, nor of what is counted. */
static void network(struct core *c, uint64_t id) {
  json_t *all = exchange_status(c->exchange);
  core_answer_json(c, id,
                   json_pack("{s:I, s:O?}", "uptime_s", (json_int_t)((clock_ms(clock_system()) - c->started_ms) / 1000),
                             "peers", json_object_get(all, "peers")));
  json_decref(all);
}

/* What pages met damaged: looked at with the next turn of the exchange. */
static enum err_code take_damaged(struct core *c, uint64_t id, struct view body, struct err *err) {
  struct canon_reader r = canon_reader(body);
  const uint32_t n = canon_array(&r, STORE_SUSPECTS);
  for (uint32_t i = 0; i < n && r.fault == NULL; i++)
    store_suspect(c->store, (int64_t)canon_uint(&r));
  const enum err_code code = canon_finish(&r, "damaged", err);
  if (code == OK) core_answer_json(c, id, json_object());
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
  if (code != OK) core_answer_error(c, asked.id, &refused);
  return OK;
}
