/*
 * core_inside: what core.c (the loop), core_gate.c (the gate's pipe) and core_requests.c with core_orders.c (the answers)
 * share. Nobody else includes it.
 */
#ifndef SPECOLA_NODE_CORE_INSIDE_H
#define SPECOLA_NODE_CORE_INSIDE_H

#include "node/admit.h"
#include "node/core.h"
#include "node/exchange/exchange.h"
#include "node/guarding.h"
#include "node/net/linkend.h"
#include "node/notices.h"

#define CORE_ORDERS 64      /* that wait at once: as many as ctl lets through */
#define CORE_LINKS 1024     /* of the gate that are known */
#define CORE_ASKS 60u       /* without a token of ours that are answered */
#define CORE_ASKS_MS 60000u /* in so many milliseconds */

/* An order that takes time. */
struct order {
  uint64_t id; /* ctl's number of the request; 0: a free place */
  enum { ORDER_SYNC, ORDER_PING, ORDER_SCRUB } what;
  uint64_t since_ms, until_ms;
  uint64_t entries;        /* held at its beginning (sync) */
  char handle[HANDLE_MAX]; /* of the peer (ping) */
};

/* What strangers ask (docs/protocol.md 17). */
struct core_asks {
  uint64_t since_ms;   /* the window that is counted began */
  uint32_t n_answered; /* in it */
  uint64_t n_strange;  /* without a token of ours, since the start */
};

/* What the courier is carrying. */
struct core_errand {
  uint64_t id, next_ms; /* of the last request; when to look again, */
  uint64_t tidy_ms;     /* and when through what is old */
  uint32_t n;           /* records on their way; 0: none */
  struct hash home;
  struct hash ids[LIMIT_SUBMIT];
};

struct core {
  struct home home;
  struct store *store;
  struct federation federation;
  struct schema_set *schemas;
  struct head_file head;
  struct hall *hall;
  struct exchange *exchange;
  const struct signer *node_key;           /* borrowed */
  uint64_t identities;                     /* sum of the members' identity versions that the gate was told the keys of, */
  uint64_t epoch;                          /* in this epoch */
  struct pipe *supervisor;                 /* borrowed */
  struct pipe *gate, *ctl, *web, *courier; /* owned; NULL: not there */
  struct pipe *asker;                      /* ctl or web: whose request is being answered; borrowed */
  bool no_gate, once, stop_asked;
  bool admits_identity; /* once what is damaged of the own log is whole again */
  uint64_t timeout_ms, started_ms, now_ms;
  struct order orders[CORE_ORDERS];
  struct core_asks asks;
  struct core_errand errand;
  struct order round;                /* of `once`; id 1 while it runs */
  json_t *processes;                 /* as the supervisor told; NULL: not yet */
  char endpoint[LIMIT_ENDPOINT + 1]; /* where the gate listens; empty: not yet */
  struct linkend *links;             /* that the gate has, as far as we know; owned */
  size_t n_links;
  uint64_t quiet_since_ms;
  bool dirty;                             /* something was written since the last time of quiet */
  uint64_t merge_next_ms;                 /* the next step of merging while there is no quiet */
  uint64_t scrub_next_ms;                 /* the next step of a pass over everything held */
  struct err scrub_why;                   /* of one that broke off */
  struct notices notices;                 /* what the operator's program is told of, if there is one */
  uint64_t notices_next_ms;               /* the next look */
  json_t *notified;                       /* how it fares, as the supervisor told; NULL: not yet */
  uint64_t erase_since_ms, erase_next_ms; /* takedowns wait to be forgotten since; the next attempt; 0: none wait */
  struct bytes scratch;
  struct receipt receipt;
  struct item items[LIMIT_SUBMIT];
};

/* The gate is gone, and all links with it. */
void core_gate_drop(struct core *c);
/* The courier is gone, and what it carried is due again. */
void core_courier_drop(struct core *c);
/* Gives it what is due, if it is free. */
void core_courier_step(struct core *c);
/* Its answer. ERR_FORMAT: it broke the rules. */
MUST_CHECK enum err_code core_courier_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err);
/* Tells the gate who may come in: the keys of all members but ourselves, each one's of now, of before and of next. Errors of
 * pipe_send. */
MUST_CHECK enum err_code core_gate_allow(struct core *c, struct err *err);
/* Carries out what the exchange wants, as far as the gate has room. True: more is to do at once. */
bool core_gate_actions(struct core *c);
/* A message of the gate. ERR_FORMAT: it broke the rules. */
MUST_CHECK enum err_code core_gate_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err);
/* A message of ctl: a request is answered at once, or kept in orders. ERR_FORMAT: ctl broke the rules. */
MUST_CHECK enum err_code core_request_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err);
/* A message of web: POST /sync/submit, POST /sync/ask, POST /damaged ([rowid…]) and GET /network are answered, anything else
 * refused; orders come from ctl alone. ERR_FORMAT: web broke the rules. */
MUST_CHECK enum err_code core_web_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err);
/* Looks, when it is time, for what the operator's program is told. */
void core_notices_step(struct core *c);
/* How that fares: a message of the supervisor. */
void core_notified_take(struct core *c, struct view payload);
/* Answers request id of c->asker with a refusal, or with a document, which it takes over (NULL: no memory). */
void core_answer_error(struct core *c, uint64_t id, const struct err *err);
void core_answer_json(struct core *c, uint64_t id, json_t *document);
/* What the fork guard does, and what waits for it; the caller's. NULL: nothing guards. */
json_t *core_guard(const struct core *c);
/* One of ctl's orders; path begins with /order/. Answers, or keeps the order, and returns OK, or returns why not. */
MUST_CHECK enum err_code core_order(struct core *c, uint64_t id, struct view path, struct view body, struct err *err);
/* Answers the orders that are done or whose time is up. */
void core_orders_step(struct core *c);
/* Begins and reports a round of exchange; report: {"peers": […], "new": n, "idle": bool, "paused": [handle…]}. */
void core_round_begin(struct core *c, struct order *round, uint64_t timeout_ms);
bool core_round_is_over(const struct core *c, const struct order *round);
json_t *core_round_report(const struct core *c, const struct order *round);
/* OK, ERR_UNREACHABLE naming who did not answer, or ERR_REFUSED naming whose logs are paused. */
enum err_code core_round_result(const struct core *c, const json_t *report, struct err *err);

#endif
