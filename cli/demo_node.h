/*
 * demo_node: one of the demo's nodes: a home in a temporary folder, a coordinator who publishes, and `serve` as a child
 * process.
 */
#ifndef SPECOLA_CLI_DEMO_NODE_H
#define SPECOLA_CLI_DEMO_NODE_H

#include <sys/types.h>

#include "cli/founding.h"
#include "cli/publication.h"
#include "protocol/membership.h"

/* Strings are owned. Invariant: pid > 0 exactly while its serve runs. */
struct demo_node {
  const char *handle, *name; /* "IT", "Dipartimento della Funzione Pubblica"; static */
  struct cli cli;            /* as a command of this node's coordinator would have it */
  char home[HOME_PATH_MAX], person[HOME_PATH_MAX], request[HOME_PATH_MAX];
  struct home opened;
  struct person_card coordinator;
  struct root_set roots;
  char endpoint[LIMIT_ENDPOINT + 1]; /* where it listens, once it serves */
  char web[LIMIT_ENDPOINT + 1];      /* where it shows pages; empty: not yet (demo_node_web) */
  pid_t pid;
};

/* Makes folder/HANDLE with home, keys (not sealed: thrown away at the end) and the founding request. */
MUST_CHECK enum err_code demo_node_init(struct demo_node *n, const struct cli *cli, const char *folder, struct err *err);
/* Signs the charter with the node's root sheet. */
MUST_CHECK enum err_code demo_node_sign(struct demo_node *n, struct charter_file *charter, struct err *err);
/* Starts serve; earlier: nodes that serve already, which it dials. Waits until it answers on run/ctl. */
MUST_CHECK enum err_code demo_node_serve(struct demo_node *n, const struct demo_node *earlier, size_t n_earlier,
                                         const char *program, struct err *err);
/* Waits until its web is there too (n->web). False: it does not come. */
bool demo_node_web(struct demo_node *n);
/* Its status; the caller decrefs. */
MUST_CHECK enum err_code demo_node_status(struct demo_node *n, json_t **out, struct err *err);
/* Asks it to stop, and sees to it. */
void demo_node_stop(struct demo_node *n);
/* Waits ms milliseconds, or less when somebody pressed Ctrl-C; false then. */
bool demo_wait(unsigned ms);
/* From now on SIGINT, SIGTERM and SIGHUP end demo_wait. */
void demo_catch_signals(void);

#endif
