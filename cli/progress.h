/*
 * progress: how far something is that takes its time: one line on stderr, written over again and taken away at the end. Only on
 * a terminal, and only after half a second; a thread of its own writes it, so that whoever works (or waits) need not think of
 * it.
 */
#ifndef SPECOLA_CLI_PROGRESS_H
#define SPECOLA_CLI_PROGRESS_H

#include "cli/cli.h"

struct progress; /* opaque */
/* Begins. what: what is being done, static storage. NULL where nothing is to be shown: every function takes that. */
struct progress *progress_new(const struct cli *cli, const char *what);
/* So much is done of all of it (0: nobody knows of how much). From any thread. */
void progress_set(struct progress *p, uint64_t done, uint64_t all);
/* One more is done. */
void progress_step(struct progress *p);
/* Ends, and takes the line away. Nothing else may write to stderr in between. */
void progress_free(struct progress *p);

#endif
