/*
 * worker: a few threads that do pieces of work which one loop hands in and takes back. All of it is done in its order, but long
 * work never occupies the last thread: what is short passes it then. Of what nobody waits for, one piece is done at a time.
 *
 *   loop: workers_put -> thread: run -> workers_fd becomes readable -> loop: workers_take
 */
#ifndef SPECOLA_NODE_WEB_WORKER_H
#define SPECOLA_NODE_WEB_WORKER_H

#include <stdint.h>

#include "keys/err.h"

#define WORKER_THREADS 8u /* at most */

enum work_kind { WORK_SHORT, WORK_LONG, WORK_LATER, WORK_KINDS }; /* LATER: nobody waits for it; it counts as long */

/* Stands at the beginning of whatever is to be done. */
struct work {
  struct work *next; /* the pool's, as turn is: pieces are counted as they come */
  uint64_t turn;
  enum work_kind kind;
};
typedef void work_run(void *context, unsigned thread, struct work *work); /* thread: 0 .. threads - 1 */
typedef void work_free(struct work *work);
struct workers; /* opaque */

/* threads: 1 .. WORKER_THREADS; room: pieces that may wait, of which what nobody waits for gets half; context is borrowed and
 * seen by all threads. The caller frees it with workers_free. ERR_MEMORY, ERR_FAILED. */
MUST_CHECK enum err_code workers_new(unsigned threads, unsigned room, work_run *run, work_free *discard, void *context,
                                     struct workers **out, struct err *err);
/* Waits for what is being done, and discards that and all that was not taken. NULL is fine. */
void workers_free(struct workers *w);
/* Hands work over. False: too much waits already; the work stays the caller's. */
bool workers_put(struct workers *w, struct work *work);
/* Work that is done, the caller's again; NULL: none. */
struct work *workers_take(struct workers *w);
int workers_fd(const struct workers *w); /* readable when there may be something to take */

#endif
