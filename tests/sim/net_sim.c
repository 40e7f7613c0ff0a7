/*
 * net_sim: nodes in one process. See net_sim.h.
 */
#include "tests/sim/net_sim.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void see(struct sim *s, enum sim_sight what, uint32_t from, uint32_t to, struct view frame) {
  if (s->hooks.observe != NULL) s->hooks.observe(s->hooks.context, what, from, to, frame);
}

/* ---- events ---- */

static bool is_before(const struct sim_event *a, const struct sim_event *b) {
  return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void push(struct sim *s, struct sim_event e) {
  if (s->n_events == s->room) {
    s->room = s->room == 0 ? 256 : s->room * 2;
    s->events = realloc(s->events, s->room * sizeof *s->events);
    assert_non_null(s->events);
  }
  e.order = s->order++;
  s->connections[e.connection].n_events++;
  size_t at = s->n_events++;
  while (at > 0 && is_before(&e, &s->events[(at - 1) / 2])) {
    s->events[at] = s->events[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  s->events[at] = e;
}

static struct sim_event pop(struct sim *s) {
  struct sim_event first = s->events[0], last = s->events[--s->n_events];
  size_t at = 0;
  for (size_t child; (child = 2 * at + 1) < s->n_events; at = child) {
    if (child + 1 < s->n_events && is_before(&s->events[child + 1], &s->events[child])) child++;
    if (!is_before(&s->events[child], &last)) break;
    s->events[at] = s->events[child];
  }
  s->events[at] = last;
  s->connections[first.connection].n_events--;
  return first;
}

/* ---- connections ---- */

/* A living connection by its name at a node; -1: none. */
static int connection_of(const struct sim *s, uint32_t node, const struct link_id *link, uint32_t *side) {
  const struct sim_node *n = &s->nodes[node];
  for (uint32_t i = n->n_links; i-- > 0;) {
    const struct sim_connection *c = &s->connections[n->links[i]];
    for (*side = 0; *side < 2; ++*side) {
      const struct link_id *name = &c->name[*side];
      if (c->node[*side] == node && name->len == link->len && memcmp(name->b, link->b, link->len) == 0) return (int)n->links[i];
    }
  }
  return -1;
}

static void links_add(struct sim_node *n, uint32_t at) {
  if (n->n_links == n->links_room) {
    n->links_room = n->links_room == 0 ? 16 : n->links_room * 2;
    n->links = realloc(n->links, n->links_room * sizeof *n->links);
    assert_non_null(n->links);
  }
  n->links[n->n_links++] = at;
}

static void links_remove(struct sim_node *n, uint32_t at) {
  for (uint32_t i = 0; i < n->n_links; i++) {
    if (n->links[i] != at) continue;
    n->n_links--;
    memmove(n->links + i, n->links + i + 1, (n->n_links - i) * sizeof *n->links);
    return;
  }
}

static void end_connection(struct sim *s, uint32_t at, uint32_t tell) {
  struct sim_connection *c = &s->connections[at];
  if (!c->alive) return;
  c->alive = false;
  see(s, SIM_ENDED, c->node[0], c->node[1], view_of(NULL, 0));
  for (uint32_t side = 0; side < 2; side++) {
    links_remove(&s->nodes[c->node[side]], at);
    if ((tell & (1u << side)) == 0) continue;
    push(s, (struct sim_event){.at_ms = s->f.now_ms + s->delay_ms, .connection = at, .to = side, .is_down = true});
  }
}

/* A place for one more connection. */
static uint32_t place(struct sim *s) {
  for (uint32_t i = 0; i < s->n_connections; i++) {
    if (!s->connections[i].alive && s->connections[i].n_events == 0) return i;
  }
  if (s->n_connections == s->connections_room) {
    s->connections_room = s->connections_room == 0 ? 64 : s->connections_room * 2;
    s->connections = realloc(s->connections, s->connections_room * sizeof *s->connections);
    assert_non_null(s->connections);
  }
  return s->n_connections++;
}

static void connect(struct sim *s, uint32_t from, uint32_t to, const struct link_id *name) {
  uint32_t at = place(s);
  struct sim_connection *c = &s->connections[at];
  *c = (struct sim_connection){.alive = true, .node = {from, to}};
  c->name[0] = *name;
  c->name[1].len = (uint8_t)snprintf((char *)c->name[1].b, LINK_ID_MAX, "r%" PRIu64, s->n_names++);
  links_add(&s->nodes[from], at);
  links_add(&s->nodes[to], at);
  see(s, SIM_CONNECTED, from, to, view_of(NULL, 0));
  bool is_there = s->nodes[to].exchange != NULL; /* who is played by a test dials, and does not listen */
  if (!is_there || s->blocked[from][to]) end_connection(s, at, 1);
}

static void deliver_later(struct sim *s, uint32_t at, uint32_t side, struct view frame) {
  struct sim_connection *c = &s->connections[at];
  uint64_t leaves = s->f.now_ms > c->busy_ms[side] ? s->f.now_ms : c->busy_ms[side];
  if (s->octets_per_ms > 0) leaves += frame.len / s->octets_per_ms;
  c->busy_ms[side] = leaves;
  uint64_t when = leaves + s->delay_ms + (s->jitter_ms == 0 ? 0 : fixture_random(&s->f, s->jitter_ms));
  bool is_ordered = s->reorder == 0 || fixture_random(&s->f, 1000) >= s->reorder;
  if (!is_ordered) when += fixture_random(&s->f, 4 * s->delay_ms + 1);
  if (is_ordered && when < c->last_ms[side]) when = c->last_ms[side];
  if (is_ordered) c->last_ms[side] = when;
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
  *gone = at < 0;
  if (*gone) return false;
  uint32_t peer = s->connections[at].node[1 - side];
  if (s->stalled[peer]) return false;
  see(s, SIM_SENT, node, peer, frame);
  if (s->silent[node][peer] || (s->lose > 0 && fixture_random(&s->f, 1000) < s->lose)) {
    see(s, SIM_LOST, node, peer, frame);
    return true;
  }
  deliver_later(s, (uint32_t)at, side, frame);
  if (s->duplicate > 0 && fixture_random(&s->f, s->duplicate) == 0) deliver_later(s, (uint32_t)at, side, frame);
  return true;
}

/* ---- nodes ---- */

static void perform(struct sim *s, uint32_t node, const struct exchange_action *a) {
  unsigned port = 0;
  uint32_t side = 0, to = 0;
  bool gone = false;
  switch (a->type) {
  case ACTION_DIAL:
    assert_int_equal(sscanf(a->endpoint, "tcp://node.example.org:%u", &port), 1);
    to = port - 1000;
    if (s->hooks.route != NULL) to = s->hooks.route(s->hooks.context, node, to);
    connect(s, node, to, &a->link);
    break;
  case ACTION_CLOSE: {
    int at = connection_of(s, node, &a->link, &side);
    if (at >= 0) end_connection(s, (uint32_t)at, 1u << (1 - side));
    break;
  }
  case ACTION_SEND:
    if (s->hooks.mangle != NULL && s->hooks.mangle(s->hooks.context, node, a)) break;
    if (!transmit(s, node, &a->link, a->frame, &gone)) {
      exchange_send_failed(s->nodes[node].exchange, &a->link, a->curve, gone);
    }
    break;
  }
}

static bool is_dead(const struct sim *s, uint32_t node) {
  return s->hooks.is_dead != NULL && s->hooks.is_dead(s->hooks.context, node);
}

void sim_turn(struct sim *s, uint32_t node) {
  struct exchange *x = s->nodes[node].exchange;
  struct exchange_action action;
  uint64_t rate = s->f.nodes[node].rate;
  s->touched = node;
  if (x == NULL) return;
  for (int i = 0; i < 2; i++) { /* a turn that only asks is followed by one that works, in no time */
    s->nodes[node].due_ms = s->f.now_ms + (exchange_tick(x) * 1000 + rate - 1) / rate;
    while (!is_dead(s, node) && exchange_next(x, &action) && !is_dead(s, node))
      perform(s, node, &action);
    if (s->nodes[node].due_ms > s->f.now_ms) break;
  }
  if (s->nodes[node].due_ms <= s->f.now_ms) s->nodes[node].due_ms = s->f.now_ms + 1;
}

static void happen(struct sim *s, const struct sim_event *e) {
  const struct sim_connection c = s->connections[e->connection]; /* others may come meanwhile */
  uint32_t node = c.node[e->to], peer = c.node[1 - e->to];
  struct sim_node *n = &s->nodes[node];
  const uint8_t *curve = s->f.nodes[peer].curve;
  struct view frame = view_of(e->octets, e->len);
  if (!e->is_down && c.alive) see(s, SIM_DELIVERED, peer, node, frame);
  if (n->exchange != NULL && e->is_down) exchange_link_down(n->exchange, &c.name[e->to], curve);
  if (n->exchange != NULL && !e->is_down && c.alive) exchange_receive(n->exchange, &c.name[e->to], curve, frame);
  if (n->actor != NULL && !e->is_down) n->actor(n->context, &c.name[e->to], frame);
  free(e->octets);
  sim_turn(s, node);
}

void sim_found_on(struct sim *s, uint32_t n, uint64_t seed, bool begun, const struct fixture_disk *disk) {
  memset(s, 0, sizeof *s);
  fixture_found_on(&s->f, n, seed, begun, disk);
  s->delay_ms = 5;
}

void sim_found(struct sim *s, uint32_t n, uint64_t seed) {
  const struct fixture_disk disk = {.vfs = NULL};
  sim_found_on(s, n, seed, true, &disk);
}

static void write_endpoint(char out[LIMIT_ENDPOINT + 1], uint32_t node) {
  (void)snprintf(out, LIMIT_ENDPOINT + 1, "tcp://node.example.org:%u", 1000 + node);
}

/* Everybody's address is known, and nobody's is pinned: as in any federation that has more members than may be pinned. */
static void learn_addresses(struct sim *s, struct federation *f) {
  for (uint32_t i = 0; i < f->epoch.n_members; i++) {
    struct federation_member *m = &f->members[i];
    m->address = (struct address){.node = m->member->node, .n_endpoints = 1};
    m->has_address = true;
    for (uint32_t k = 0; k < s->f.n; k++) {
      if (hash_equal(&s->f.nodes[k].id, &m->member->node)) write_endpoint(m->address.endpoints[0], k);
    }
  }
}

void sim_up(struct sim *s, uint32_t node, bool idle_now) {
  struct fixture_node *fn = &s->f.nodes[node];
  const struct exchange_config config = {
      .hall = fn->hall, .node_key = &fn->node_key, .clock = &fn->clock, .entropy = &s->f.entropy, .idle_now = idle_now};
  struct err err = ERR_INIT;
  assert_int_equal(exchange_new(&config, &s->nodes[node].exchange, &err), OK);
  const bool are_pinned = s->f.n <= LIMIT_PINNED + 1;
  if (!are_pinned) learn_addresses(s, &fn->federation);
  const bool is_member = federation_self(&fn->federation) != NULL;
  for (uint32_t i = 0; i < s->f.n && are_pinned && is_member; i++) {
    char endpoint[LIMIT_ENDPOINT + 1];
    write_endpoint(endpoint, i);
    if (strcmp(s->f.nodes[i].handle, fn->handle) != 0)
      assert_int_equal(exchange_set_peer(s->nodes[node].exchange, s->f.nodes[i].handle, endpoint, &err), OK);
  }
  s->nodes[node].due_ms = s->f.now_ms;
}

static void take_down(struct sim *s, uint32_t node, bool tell) {
  struct sim_node *n = &s->nodes[node];
  while (n->n_links > 0) {
    uint32_t at = n->links[n->n_links - 1];
    uint32_t other = s->connections[at].node[0] == node ? 2 : 1;
    end_connection(s, at, tell ? other : 0);
  }
  exchange_free(n->exchange);
  n->exchange = NULL;
  n->actor = NULL;
}

void sim_down(struct sim *s, uint32_t node) {
  take_down(s, node, true);
}

void sim_vanish(struct sim *s, uint32_t node) {
  take_down(s, node, false);
}

void sim_release(struct sim *s) {
  for (uint32_t i = 0; i < FIXTURE_NODES; i++) {
    exchange_free(s->nodes[i].exchange);
    free(s->nodes[i].links);
  }
  for (size_t i = 0; i < s->n_events; i++)
    free(s->events[i].octets);
  free(s->events);
  free(s->connections);
  fixture_release(&s->f);
}

void sim_play(struct sim *s, uint32_t node, sim_actor *actor, void *context) {
  s->nodes[node].exchange = NULL;
  s->nodes[node].actor = actor;
  s->nodes[node].context = context;
}

void sim_cut(struct sim *s, uint32_t a, uint32_t b, bool blocked) {
  s->blocked[a][b] = s->blocked[b][a] = blocked;
  for (uint32_t i = 0; i < s->n_connections; i++) { /* none comes to be meanwhile */
    const struct sim_connection *c = &s->connections[i];
    bool is_theirs = (c->node[0] == a && c->node[1] == b) || (c->node[0] == b && c->node[1] == a);
    if (is_theirs) end_connection(s, i, 3);
  }
}

struct link_id sim_dial(struct sim *s, uint32_t from, uint32_t to) {
  struct link_id name;
  name.len = (uint8_t)snprintf((char *)name.b, LINK_ID_MAX, "d-%" PRIu64, s->n_names);
  connect(s, from, to, &name);
  return name;
}

void sim_send(struct sim *s, uint32_t from, const struct link_id *link, struct view frame) {
  bool gone = false;
  (void)transmit(s, from, link, frame, &gone);
}

/* ---- time ---- */

static uint64_t due_of(const struct sim *s, uint32_t node) {
  uint64_t due = s->nodes[node].due_ms;
  return s->asleep_ms[node] > due ? s->asleep_ms[node] : due;
}

/* What comes to a node that sleeps waits for it. */
static bool waits(struct sim *s, struct sim_event *e) {
  uint64_t wakes = s->asleep_ms[s->connections[e->connection].node[e->to]];
  if (wakes <= s->f.now_ms) return false;
  e->at_ms = wakes;
  push(s, *e);
  return true;
}

bool sim_step(struct sim *s, uint64_t end_ms) {
  uint64_t next = s->n_events == 0 ? UINT64_MAX : s->events[0].at_ms;
  uint32_t due = FIXTURE_NODES;
  for (uint32_t i = 0; i < s->f.n + s->f.n_twins; i++) {
    if (s->nodes[i].exchange == NULL || due_of(s, i) >= next) continue;
    next = due_of(s, i);
    due = i;
  }
  if (next > end_ms) return false;
  if (next > s->f.now_ms) s->f.now_ms = next;
  if (due < FIXTURE_NODES) {
    sim_turn(s, due);
    return true;
  }
  struct sim_event e = pop(s);
  s->touched = s->connections[e.connection].node[e.to];
  if (!waits(s, &e)) happen(s, &e);
  return true;
}

void sim_run(struct sim *s, uint64_t ms) {
  uint64_t end = s->f.now_ms + ms;
  while (sim_step(s, end))
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
    if (sim_step(s, end)) continue;
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

static void publish_batch(struct sim *s, struct fixture_node *node, uint32_t n) {
  static struct fixture_record records[LIMIT_SUBMIT];
  static struct item items[LIMIT_SUBMIT];
  static struct receipt receipt;
  struct err err = ERR_INIT;
  for (uint32_t i = 0; i < n; i++) {
    fixture_case(node, s->n_cases++, NULL, NULL, &records[i]);
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
    publish_batch(s, &s->f.nodes[node], batch);
    done += batch;
  }
  if (s->nodes[node].exchange == NULL) return;
  exchange_published(s->nodes[node].exchange);
  sim_turn(s, node);
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
