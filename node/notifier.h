/*
 * notifier: the operator's program, told of what happened: one event a run, a JSON document on its standard input. For the
 * supervisor, the one process of a node that may start programs. One runs at a time, no longer than NOTIFIER_MS; what comes
 * meanwhile waits, and what there is no room for is dropped and counted.
 */
#ifndef SPECOLA_NODE_NOTIFIER_H
#define SPECOLA_NODE_NOTIFIER_H

#include <sys/types.h>

#include "keys/bytes.h"

#define NOTIFIER_MS 10000u   /* that a run may take; then it is killed, and whatever it started */
#define NOTIFIER_QUEUE 64u   /* events that wait */
#define NOTIFIER_EVENT 8192u /* octets of one */
#define NOTIFIER_NEVER UINT64_MAX

struct notifier_counts {
  uint64_t told, failed, late, dropped; /* ended well; ended otherwise, or could not be started; killed; for want of room */
  uint32_t waiting;
};
struct notifier; /* opaque */
/* program: an absolute path, borrowed. ERR_MEMORY. */
MUST_CHECK enum err_code notifier_new(const char *program, struct notifier **out, struct err *err);
void notifier_free(struct notifier *n); /* kills what runs; NULL is fine */
/* Queues one event, or drops it. */
void notifier_add(struct notifier *n, struct view event);
/* Starts the next one when none runs, kills one whose time is up. Returns when to call it again at the latest (NOTIFIER_NEVER:
 * when something is added or ends). */
uint64_t notifier_step(struct notifier *n, uint64_t now_ms);
/* Looks whether the one that runs has ended; true: something changed. */
bool notifier_reap(struct notifier *n);
struct notifier_counts notifier_counts(const struct notifier *n);
/* Whether a program runs. */
bool notifier_is_busy(const struct notifier *n);

#endif
