/*
 * lives: processes that publish (IT) and follow (FR holds IT's log) until they end in some way, one after the other on the same
 * stores. Each tells over a pipe what a person and a peer would be told: "logged at i" behind a receipt, "size n has this
 * checkpoint" behind a commit, "FR holds n". Whatever was told is true for ever: no record is lost, no checkpoint is
 * contradicted, nothing is mended by hand: the head file lets the log grow on. Each start looks. Stores stand under $TMPDIR.
 */
#ifndef SPECOLA_TESTS_CRASH_LIVES_H
#define SPECOLA_TESTS_CRASH_LIVES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define LATEST_US 60000u           /* a life is at most so long behind its first word */
#define LIVES_OF_A_FEDERATION 250u /* then the logs are checked from their first entry on, and others begin */

/* Founds a federation of three; its stores are closed. */
void lives_found(uint64_t seed);
/* Starts a process; *told: what it says, for life_wait and life_hear. It does not end by itself. */
pid_t life_begin(unsigned round, int *told);
/* Waits as chance wants: half of all for the first word; then a little. */
void life_wait(int told, uint64_t chance);
/* Takes what was told so far, or (behind its end) all of it. True if its start was complete. Fails the test if it contradicts
 * what was told before. The caller closes told. */
bool life_hear(int told, bool to_the_end);
/* All promises again; EE, which never ran, takes both logs from the first entry on, as one that saw the checkpoints in between
 * would. Adds the receipts and the entries that were told of; removes everything. */
void lives_end(uint64_t *logged, uint64_t *told);

#endif
