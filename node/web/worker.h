/*
 * worker: a few threads that do pieces of work which one loop hands in and takes back. Long and short work wait in
 * rows of their own, each in its order, and long work never occupies the last thread: what is short does not wait behind it.
 *
 *   loop: workers_put -> thread: run -> workers_fd becomes readable -> loop: workers_take
 */
#ifndef SPECOLA_NODE_WEB_WORKER_H
#define SPECOLA_NODE_WEB_WORKER_H

#include "keys/err.h"

#define WORKER_THREADS 8u /* at most */

/* Stands at the beginning of whatever is to be done. */
struct work {
  struct work *next; /* the pool's */
  bool is_long;
};
typedef void work_run(void *context, unsigned thread, struct work *work); /* thread: 0 .. threads - 1 */
typedef void work_free(struct work *work);
struct workers; /* opaque */

/* threads: 1 .. WORKER_THREADS; room: pieces that may wait; context is borrowed and seen by all threads. The caller frees it
 * with workers_free. ERR_MEMORY, ERR_FAILED. */
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
