/*
 * gate_rig: a gate on real ZeroMQ sockets of the loopback, ports chosen by the kernel. The test plays core and supervisor at
 * the other ends of the pipes, and hostile peers with raw sockets.
 */
#ifndef SPECOLA_TESTS_NET_GATE_RIG_H
#define SPECOLA_TESTS_NET_GATE_RIG_H

#include "node/clock.h"
#include "node/net/crowd.h"
#include "node/net/gate.h"
#include "protocol/limits.h"

#define WAIT_MS 20000
#define INBOX 4096

/* A message that a gate sent to core, taken apart as far as it goes. */
struct told {
  enum pipe_channel channel;
  struct linkend end; /* FRAME_IN, LINK_DOWN, SEND_FAILED; of STRANGER and MISMATCH only the key */
  bool gone;
  size_t len; /* of the frame */
  uint8_t first;
};

struct rig {
  struct curve_key key;
  struct gate *gate;
  struct pipe *core, *supervisor; /* our ends */
  struct pipe *gate_supervisor;   /* borrowed by the gate */
  char bound[LIMIT_ENDPOINT + 1];
  struct told inbox[INBOX];
  size_t n;
  bool deaf; /* core does not read */
};

/* A raw client: what a peer with its own program would open. */
struct client {
  void *context, *socket;
  struct curve_key key;
};

/* A new CURVE key; the caller frees its secret. */
struct curve_key key_new(void);
/* Gives the gate a (new) core: our end is r->core. */
void give_core(struct rig *r);
/* Starts a gate under r->key; listen NULL: it only dials. */
void rig_start(struct rig *r, const char *listen);
/* The same with a key of its own; rig_free. */
struct rig *rig_new(const char *listen);
/* Ends the gate; r can be started again. */
void rig_stop(struct rig *r);
/* Stops and frees. */
void rig_free(struct rig *r);
/* Writes and reads what waits in our ends of the pipes. */
void pipe_turn(struct rig *r);
/* One turn of pipes and gate; waits at most ms. */
void rig_turn(struct rig *r, unsigned ms);
/* Turns one or two gates until `r` was told something on channel about curve (NULL: anybody); removes and returns it. */
struct told await(struct rig *r, struct rig *other, enum pipe_channel channel, const uint8_t *curve);
/* How many messages of a channel wait in the inbox. */
size_t count(const struct rig *r, enum pipe_channel channel);
/* Sends a message of core. */
void send_payload(struct rig *r, enum pipe_channel channel, const struct bytes *payload);
/* Tells the gate which keys may pass, and waits until it is bound. */
void allow(struct rig *r, const uint8_t *const *keys, uint32_t n);
/* Orders a link to endpoint; returns its end. */
struct linkend dial(struct rig *r, const char *name, const uint8_t curve[CURVE_LEN], const char *endpoint);
/* Orders a frame of len octets, all of them fill. */
void order_frame(struct rig *r, const struct linkend *to, size_t len, uint8_t fill);
/* A raw client of that server. routing_id NULL: none is set. */
struct client client_new(const struct rig *server, bool with_curve, const char *routing_id);
/* Connects; whether it passes is for the gate. */
void client_connect(const struct client *c, const char *endpoint);
/* Closes it. */
void client_free(struct client *c);
/* Sends a frame of len octets fill. */
void client_send(const struct client *c, size_t len, uint8_t fill, int flags);
/* Group setup: libsodium. */
int start(void **state);

#endif
