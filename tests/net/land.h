/*
 * land: whole nodes on this machine: homes founded by hand, so that nothing of the command line is needed; supervisor, core,
 * gate and ctl run as processes of their own, executed from the test's own program, and talk over loopback.
 */
#ifndef SPECOLA_TESTS_NET_LAND_H
#define SPECOLA_TESTS_NET_LAND_H

#include <sys/types.h>

#include "node/admit.h"
#include "node/ctl_client.h"
#include "node/serve.h"
#include "protocol/canon.h"
#include "tests/node/fixture.h"

#define WAIT_MS 30000
#define PLACES 3

struct place {
  char dir[512];
  struct home home;
  struct signer root, editor;
  struct hash id;
  struct bytes identity;
  pid_t pid;       /* of the supervisor; 0: not serving */
  const char *log; /* a file to which it and its children log; NULL: where the test does */
  char endpoint[LIMIT_ENDPOINT + 1];
};

/* A federation of n homes. */
struct land {
  uint32_t n;
  char base[64];
  struct place places[PLACES];
  struct fixture texts; /* only for bodies of cases */
  struct hash fed_id;
  uint64_t published;
};

/* Fails the test with what err says. */
void expect_ok(enum err_code code, const struct err *err, const char *what);
/* Waits 10 ms; false once WAIT_MS are over since the first call (*until 0). */
bool time_is_left(uint64_t *until);
/* Founds n homes, none serving; padding: octets by which their paths are longer. land_free. */
struct land *land_found(uint32_t n, size_t padding);
/* What the child of a fork does: serves until it is stopped. */
_Noreturn void serve_here(const struct serve_options *options);
/* Takes the endpoint in run/ports, once it is there. */
bool read_ports(struct place *p);
/* Removes it: what a node that was killed left there says nothing of the next one. */
void forget_ports(struct place *p);
/* A connection to run/ctl. */
struct ctl_client *client_of(struct place *p);
/* Starts a node; it dials those places of dial that serve already. */
void start(struct land *l, uint32_t i);
/* Waits for the supervisor's end; returns its exit status (-1: killed). */
int ended(struct place *p);
/* Ends those that serve, removes all folders. */
void land_free(struct land *l);
/* GET /status; the caller decrefs. */
json_t *status_of(struct place *p);
/* The pid and the restarts of a role. */
pid_t role_of(struct place *p, const char *role, unsigned *restarts);
/* Submits one new case of the place's editor; envelope_hash: SHA-256 of what was sent. */
enum err_code submit_over(struct land *l, struct place *p, struct ctl_client *c, struct hash *envelope_hash,
                          struct receipt *receipt, struct err *err);
enum err_code submit_one(struct land *l, struct place *p, struct receipt *receipt, struct err *err);
/* The same, which must be logged. */
void publish(struct land *l, uint32_t i);
/* Waits until all have the same frontier digest and n entries each of everybody. */
void converge(struct land *l);

#endif
