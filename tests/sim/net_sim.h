/*
 * net_sim: the nodes of a fixture with their exchanges and a transport in memory: connections, delay, loss, stalls, and time
 * that moves only when nothing is left to do. The same seed gives the same run. A node may also be played by a test (sim_play).
 * The one network of all tests: those of tests/node say what happens themselves, the simulator (tests/sim/play.h) draws it.
 */
#ifndef SPECOLA_TESTS_SIM_NET_SIM_H
#define SPECOLA_TESTS_SIM_NET_SIM_H

#include "node/exchange/exchange.h"
#include "tests/node/fixture.h"

struct sim;
/* A frame for a node that a test plays; link is the connection's name at that node. */
typedef void sim_actor(void *context, const struct link_id *link, struct view frame);

struct sim_node {
  struct exchange *exchange; /* NULL: down, or played by a test */
  sim_actor *actor;
  void *context;
  uint64_t due_ms;
  uint32_t *links; /* its living connections; owned */
  uint32_t n_links, links_room;
};
/* A connection between two nodes; side 0 dialled. Its place is used again when it is dead and nothing is on its way on it. */
struct sim_connection {
  bool alive;
  uint32_t n_events;
  uint32_t node[2];
  struct link_id name[2];
  uint64_t busy_ms[2]; /* until then the line is full of what that side sent */
  uint64_t last_ms[2]; /* delivery of the last frame that side sent: order is kept */
};
struct sim_event {
  uint64_t at_ms, order;
  uint32_t connection, to; /* to: side */
  bool is_down;
  uint8_t *octets;
  size_t len;
};
/* What happens on the network, for who watches it. */
enum sim_sight { SIM_SENT, SIM_LOST, SIM_DELIVERED, SIM_CONNECTED, SIM_ENDED };
/* Who watches, and who meddles. Each may be NULL. */
struct sim_hooks {
  void *context;
  void (*observe)(void *context, enum sim_sight what, uint32_t from, uint32_t to, struct view frame);
  /* Sees what a node is about to send; true: it has sent (sim_send) what it wanted instead. */
  bool (*mangle)(void *context, uint32_t node, const struct exchange_action *action);
  /* The node has died in the midst of what it did: nothing of it gets out any more. */
  bool (*is_dead)(void *context, uint32_t node);
  /* Which of several machines with one key a dial to `to` reaches. */
  uint32_t (*route)(void *context, uint32_t from, uint32_t to);
};
struct sim {
  struct fixture f;
  struct sim_hooks hooks;
  struct sim_node nodes[FIXTURE_NODES];
  struct sim_connection *connections; /* owned */
  uint32_t n_connections, connections_room;
  uint64_t n_names;         /* names given to connections so far */
  struct sim_event *events; /* a heap: the earliest first */
  size_t n_events, room;
  uint64_t order;
  uint64_t delay_ms, jitter_ms;               /* of each frame */
  uint64_t octets_per_ms;                     /* of each connection, each way; 0: any number */
  bool blocked[FIXTURE_NODES][FIXTURE_NODES]; /* no connection between them comes about */
  bool stalled[FIXTURE_NODES];                /* it reads nothing: sends to it are refused */
  bool silent[FIXTURE_NODES][FIXTURE_NODES];  /* what goes from the first to the second vanishes, and nobody is told */
  uint32_t duplicate;                         /* one of so many frames is delivered twice; 0: none */
  uint32_t lose, reorder;                     /* frames of a thousand that vanish; that do not wait for those before */
  uint64_t sent, octets;                      /* frames, octets since the start */
  uint64_t n_cases;                           /* published so far */
  uint64_t asleep_ms[FIXTURE_NODES];          /* until then a node does nothing, and what comes to it waits */
  uint32_t touched;                           /* the node that the last step was about */
};

/* Founds n nodes, logs begun, everybody knows everybody's endpoint; all are down. */
void sim_found(struct sim *s, uint32_t n, uint64_t seed);
/* The same, with stores elsewhere, and with logs that have not begun if need be. */
void sim_found_on(struct sim *s, uint32_t n, uint64_t seed, bool begun, const struct fixture_disk *disk);
void sim_release(struct sim *s);
/* Its peers' endpoints are pinned, if a node may pin so many; else they are what the members' addresses say. */
void sim_up(struct sim *s, uint32_t node, bool idle_now);
void sim_down(struct sim *s, uint32_t node); /* its connections end; the store stays */
/* The same without a word to the others. */
void sim_vanish(struct sim *s, uint32_t node);
void sim_play(struct sim *s, uint32_t node, sim_actor *actor, void *context);
/* Ends every connection between two nodes; blocked or not for the future. */
void sim_cut(struct sim *s, uint32_t a, uint32_t b, bool blocked);
/* For a played node: opens a connection, returns its name there; sends a frame on it. */
struct link_id sim_dial(struct sim *s, uint32_t from, uint32_t to);
void sim_send(struct sim *s, uint32_t from, const struct link_id *link, struct view frame);
/* Lets ms of virtual time pass. */
void sim_run(struct sim *s, uint64_t ms);
/* One thing: the earliest event, or the earliest node's turn (touched). False when there is nothing until end_ms. */
bool sim_step(struct sim *s, uint64_t end_ms);
/* A node does what is due: after something was done to it from outside. */
void sim_turn(struct sim *s, uint32_t node);
/* Until the nodes that are up have one digest; returns the ms that it took, fails the test after max_ms. */
uint64_t sim_converge(struct sim *s, uint64_t max_ms);
bool sim_is_converged(struct sim *s);
/* Publishes n cases at a node in batches of one commit, and tells its exchange. */
void sim_publish(struct sim *s, uint32_t node, uint32_t n);
/* A counter of peer at node. */
uint64_t sim_counter(struct sim *s, uint32_t node, uint32_t peer, const char *name);
/* Fails unless exactly `name` (NULL: none) of the counters of misbehaviour is not zero for peer at node. */
void sim_expect_only(struct sim *s, uint32_t node, uint32_t peer, const char *name);

#endif
