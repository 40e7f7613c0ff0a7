/*
 * net_sim: nodes in one process. See net_sim.h.
 */
#include "tests/node/net_sim.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- events ---- */

static void push(struct sim *s, struct sim_event e) {
  if (s->n_events == s->room) {
    s->room = s->room == 0 ? 256 : s->room * 2;
    s->events = realloc(s->events, s->room * sizeof *s->events);
    assert_non_null(s->events);
  }
  e.order = s->order++;
  s->events[s->n_events++] = e;
}

static bool is_before(const struct sim_event *a, const struct sim_event *b) {
  return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static size_t earliest(const struct sim *s) {
  size_t best = 0;
  for (size_t i = 1; i < s->n_events; i++) {
    if (is_before(&s->events[i], &s->events[best])) best = i;
  }
  return best;
}

/* ---- connections ---- */

static int connection_of(const struct sim *s, uint32_t node, const struct link_id *link, uint32_t *side) {
  for (uint32_t i = s->n_connections; i-- > 0;) {
    const struct sim_connection *c = &s->connections[i];
    for (*side = 0; *side < 2; ++*side) {
      const struct link_id *name = &c->name[*side];
      if (c->node[*side] == node && name->len == link->len && memcmp(name->b, link->b, link->len) == 0) return (int)i;
    }
  }
  return -1;
}

static void end_connection(struct sim *s, uint32_t at, uint32_t tell) {
  struct sim_connection *c = &s->connections[at];
  if (!c->alive) return;
  c->alive = false;
  for (uint32_t side = 0; side < 2; side++) {
    if ((tell & (1u << side)) == 0) continue;
    push(s, (struct sim_event){.at_ms = s->f.now_ms + s->delay_ms, .connection = at, .to = side, .is_down = true});
  }
}

static uint32_t connect(struct sim *s, uint32_t from, uint32_t to, const struct link_id *name) {
  assert_true(s->n_connections < SIM_CONNECTIONS);
  uint32_t at = s->n_connections++;
  struct sim_connection *c = &s->connections[at];
  *c = (struct sim_connection){.alive = true, .node = {from, to}};
  c->name[0] = *name;
  c->name[1].len = (uint8_t)snprintf((char *)c->name[1].b, LINK_ID_MAX, "r%u", at);
  bool is_there = s->nodes[to].exchange != NULL; /* who is played by a test dials, and does not listen */
  if (!is_there || s->blocked[from][to]) end_connection(s, at, 1);
  return at;
}

static void deliver_later(struct sim *s, uint32_t at, uint32_t side, struct view frame) {
  struct sim_connection *c = &s->connections[at];
  uint64_t leaves = s->f.now_ms > c->busy_ms[side] ? s->f.now_ms : c->busy_ms[side];
  if (s->octets_per_ms > 0) leaves += frame.len / s->octets_per_ms;
  c->busy_ms[side] = leaves;
  uint64_t when = leaves + s->delay_ms + (s->jitter_ms == 0 ? 0 : fixture_random(&s->f, s->jitter_ms));
  if (when < c->last_ms[side]) when = c->last_ms[side];
  c->last_ms[side] = when;
  struct sim_event e = {.at_ms = when, .connection = at, .to = 1 - side, .octets = malloc(frame.len), .len = frame.len};
  assert_non_null(e.octets);
  memcpy(e.octets, frame.p, frame.len);
  push(s, e);
  s->sent++;
  s->octets += frame.len;
}

/* False: refused; *gone says whether for good. */
static bool transmit(struct sim *s, uint32_t node, const struct link_id *link, struct view frame, bool *gone) {
  uint32_t side = 0;
  int at = connection_of(s, node, link, &side);
  *gone = at < 0 || !s->connections[at].alive;
  if (*gone || s->stalled[s->connections[at].node[1 - side]]) return false;
  deliver_later(s, (uint32_t)at, side, frame);
  if (s->duplicate > 0 && fixture_random(&s->f, s->duplicate) == 0) deliver_later(s, (uint32_t)at, side, frame);
  return true;
}

/* ---- nodes ---- */

static void perform(struct sim *s, uint32_t node, const struct exchange_action *a) {
  unsigned port = 0;
  uint32_t side = 0;
  bool gone = false;
  switch (a->type) {
  case ACTION_DIAL:
    assert_int_equal(sscanf(a->endpoint, "tcp://node.example.org:%u", &port), 1);
    (void)connect(s, node, port - 1000, &a->link);
    break;
  case ACTION_CLOSE: {
    int at = connection_of(s, node, &a->link, &side);
    if (at >= 0) end_connection(s, (uint32_t)at, 1u << (1 - side));
    break;
  }
  case ACTION_SEND:
    if (!transmit(s, node, &a->link, a->frame, &gone)) {
      exchange_send_failed(s->nodes[node].exchange, &a->link, a->curve, gone);
    }
    break;
  }
}

static void turn(struct sim *s, uint32_t node) {
  struct exchange *x = s->nodes[node].exchange;
  struct exchange_action action;
  if (x == NULL) return;
  for (int i = 0; i < 2; i++) { /* a turn that only asks is followed by one that works, in no time */
    s->nodes[node].due_ms = s->f.now_ms + exchange_tick(x);
    while (exchange_next(x, &action))
      perform(s, node, &action);
    if (s->nodes[node].due_ms > s->f.now_ms) break;
  }
  if (s->nodes[node].due_ms <= s->f.now_ms) s->nodes[node].due_ms = s->f.now_ms + 1;
}

static void happen(struct sim *s, struct sim_event *e) {
  struct sim_connection *c = &s->connections[e->connection];
  uint32_t node = c->node[e->to], peer = c->node[1 - e->to];
  struct sim_node *n = &s->nodes[node];
  const uint8_t *curve = s->f.nodes[peer].curve;
  struct view frame = view_of(e->octets, e->len);
  if (n->exchange != NULL && e->is_down) exchange_link_down(n->exchange, &c->name[e->to], curve);
  if (n->exchange != NULL && !e->is_down && c->alive) exchange_receive(n->exchange, &c->name[e->to], curve, frame);
  if (n->actor != NULL && !e->is_down) n->actor(n->context, &c->name[e->to], frame);
  free(e->octets);
  turn(s, node);
}

void sim_found(struct sim *s, uint32_t n, uint64_t seed) {
  memset(s, 0, sizeof *s);
  fixture_found(&s->f, n, seed, true);
  s->delay_ms = 5;
}

void sim_up(struct sim *s, uint32_t node, bool idle_now) {
  struct fixture_node *fn = &s->f.nodes[node];
  const struct exchange_config config = {
      .hall = fn->hall, .node_key = &fn->node_key, .clock = &s->f.clock, .entropy = &s->f.entropy, .idle_now = idle_now};
  struct err err = ERR_INIT;
  assert_int_equal(exchange_new(&config, &s->nodes[node].exchange, &err), OK);
  for (uint32_t i = 0; i < s->f.n; i++) {
    char endpoint[64];
    (void)snprintf(endpoint, sizeof endpoint, "tcp://node.example.org:%u", 1000 + i);
    if (i != node) assert_int_equal(exchange_set_peer(s->nodes[node].exchange, s->f.nodes[i].handle, endpoint, &err), OK);
  }
  s->nodes[node].due_ms = s->f.now_ms;
}

void sim_down(struct sim *s, uint32_t node) {
  for (uint32_t i = 0; i < s->n_connections; i++) {
    struct sim_connection *c = &s->connections[i];
    if (c->node[0] == node) end_connection(s, i, 2);
    if (c->node[1] == node) end_connection(s, i, 1);
  }
  exchange_free(s->nodes[node].exchange);
  s->nodes[node] = (struct sim_node){.exchange = NULL};
}

void sim_release(struct sim *s) {
  for (uint32_t i = 0; i < s->f.n; i++)
    exchange_free(s->nodes[i].exchange);
  for (size_t i = 0; i < s->n_events; i++)
    free(s->events[i].octets);
  free(s->events);
  fixture_release(&s->f);
}

void sim_play(struct sim *s, uint32_t node, sim_actor *actor, void *context) {
  s->nodes[node] = (struct sim_node){.actor = actor, .context = context};
}

void sim_cut(struct sim *s, uint32_t a, uint32_t b, bool blocked) {
  s->blocked[a][b] = s->blocked[b][a] = blocked;
  for (uint32_t i = 0; i < s->n_connections; i++) {
    const struct sim_connection *c = &s->connections[i];
    bool is_theirs = (c->node[0] == a && c->node[1] == b) || (c->node[0] == b && c->node[1] == a);
    if (is_theirs) end_connection(s, i, 3);
  }
}

struct link_id sim_dial(struct sim *s, uint32_t from, uint32_t to) {
  struct link_id name;
  name.len = (uint8_t)snprintf((char *)name.b, LINK_ID_MAX, "d-%u", s->n_connections);
  (void)connect(s, from, to, &name);
  return name;
}

void sim_send(struct sim *s, uint32_t from, const struct link_id *link, struct view frame) {
  bool gone = false;
  (void)transmit(s, from, link, frame, &gone);
}

/* ---- time ---- */

/* One thing: the earliest event, or the earliest node's turn. False when there is nothing until end_ms. */
static bool step(struct sim *s, uint64_t end_ms) {
  size_t at = s->n_events == 0 ? 0 : earliest(s);
  uint64_t next = s->n_events == 0 ? UINT64_MAX : s->events[at].at_ms;
  uint32_t due = FIXTURE_NODES;
  for (uint32_t i = 0; i < s->f.n; i++) {
    if (s->nodes[i].exchange == NULL || s->nodes[i].due_ms >= next) continue;
    next = s->nodes[i].due_ms;
    due = i;
  }
  if (next > end_ms) return false;
  if (next > s->f.now_ms) s->f.now_ms = next;
  if (due < FIXTURE_NODES) {
    turn(s, due);
    return true;
  }
  struct sim_event e = s->events[at];
  s->events[at] = s->events[--s->n_events];
  happen(s, &e);
  return true;
}

void sim_run(struct sim *s, uint64_t ms) {
  uint64_t end = s->f.now_ms + ms;
  while (step(s, end))
    continue;
  s->f.now_ms = end;
}

bool sim_is_converged(struct sim *s) {
  struct hash first = {{0}};
  bool any = false;
  for (uint32_t i = 0; i < s->f.n; i++) {
    if (s->nodes[i].exchange == NULL) continue;
    struct hash digest = hall_digest(s->f.nodes[i].hall);
    if (any && !hash_equal(&digest, &first)) return false;
    first = digest;
    any = true;
  }
  return any;
}

uint64_t sim_converge(struct sim *s, uint64_t max_ms) {
  uint64_t start = s->f.now_ms, end = start + max_ms;
  while (!sim_is_converged(s)) {
    if (step(s, end)) continue;
    for (uint32_t i = 0; i < s->f.n; i++) {
      if (s->nodes[i].exchange == NULL) continue;
      json_t *status = exchange_status(s->nodes[i].exchange);
      char *text = json_dumps(status, JSON_INDENT(1) | JSON_SORT_KEYS);
      print_message("%s: %s\n", s->f.nodes[i].handle, text);
      free(text);
      json_decref(status);
    }
    fail_msg("not converged within %" PRIu64 " ms", max_ms);
  }
  return s->f.now_ms - start;
}

/* ---- what tests ask for ---- */

static void publish_batch(struct fixture_node *node, uint32_t n) {
  static struct fixture_record records[LIMIT_SUBMIT];
  static struct item items[LIMIT_SUBMIT];
  static struct receipt receipt;
  static uint64_t number;
  struct err err = ERR_INIT;
  for (uint32_t i = 0; i < n; i++) {
    fixture_case(node, number++, NULL, NULL, &records[i]);
    items[i] = records[i].item;
  }
  assert_int_equal(hall_admit(node->hall, items, n, &receipt, &err), OK);
  for (uint32_t i = 0; i < n; i++) {
    assert_int_equal(receipt.rows[i].state, RECEIPT_LOGGED);
    fixture_record_release(&records[i]);
  }
}

void sim_publish(struct sim *s, uint32_t node, uint32_t n) {
  for (uint32_t done = 0; done < n;) {
    uint32_t batch = n - done < LIMIT_SUBMIT ? n - done : LIMIT_SUBMIT;
    publish_batch(&s->f.nodes[node], batch);
    done += batch;
  }
  if (s->nodes[node].exchange == NULL) return;
  exchange_published(s->nodes[node].exchange);
  turn(s, node);
}

static json_t *peer_counters(struct sim *s, uint32_t node, uint32_t peer, json_t **status) {
  *status = exchange_status(s->nodes[node].exchange);
  assert_non_null(*status);
  json_t *peers = json_object_get(*status, "peers"), *row;
  size_t i;
  json_array_foreach(peers, i, row) {
    if (strcmp(json_string_value(json_object_get(row, "handle")), s->f.nodes[peer].handle) == 0) {
      return json_object_get(row, "counters");
    }
  }
  fail_msg("no such peer");
  return NULL;
}

uint64_t sim_counter(struct sim *s, uint32_t node, uint32_t peer, const char *name) {
  json_t *status;
  json_t *counters = peer_counters(s, node, peer, &status);
  uint64_t n = (uint64_t)json_integer_value(json_object_get(counters, name));
  json_decref(status);
  return n;
}

static bool is_ordinary(const char *name) {
  static const char *const ORDINARY[] = {"frames.", "octets.", "pull.done", "entries.", "link."};
  for (size_t i = 0; i < sizeof ORDINARY / sizeof *ORDINARY; i++) {
    if (strncmp(name, ORDINARY[i], strlen(ORDINARY[i])) == 0) return true;
  }
  return false;
}

void sim_expect_only(struct sim *s, uint32_t node, uint32_t peer, const char *name) {
  json_t *status, *value;
  json_t *counters = peer_counters(s, node, peer, &status);
  const char *key;
  bool seen = name == NULL;
  json_object_foreach(counters, key, value) {
    if (is_ordinary(key)) continue;
    bool is_it = name != NULL && strcmp(key, name) == 0;
    if (!is_it) {
      fail_msg("%s counted %s of %s: %" JSON_INTEGER_FORMAT, s->f.nodes[node].handle, key, s->f.nodes[peer].handle,
               json_integer_value(value));
    }
    seen = true;
  }
  if (!seen) fail_msg("%s did not count %s of %s", s->f.nodes[node].handle, name, s->f.nodes[peer].handle);
  json_decref(status);
}
