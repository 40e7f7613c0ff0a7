/*
 * reach: whether anybody listens where the other members say they do: a TCP connection to each, all at once, and no octet sent.
 */
#ifndef SPECOLA_CLI_REACH_H
#define SPECOLA_CLI_REACH_H

#include <stddef.h>
#include <stdint.h>

#include "keys/err.h"
#include "protocol/limits.h"

struct reach {
  char endpoint[LIMIT_ENDPOINT + 1]; /* tcp://HOST:PORT */
  int fd;                            /* while it is tried; the caller sets nothing */
  int failed;                        /* out: 0 somebody listens, else an errno value */
};
/* Tries all n of them until each has an answer or ms are over (then ETIMEDOUT). Names are asked of the resolver first, which
 * has a limit of its own. */
void reach_all(struct reach *list, size_t n, uint64_t ms);

#endif
