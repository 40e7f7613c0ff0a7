/*
 * verify: door 4 in parallel. Worker threads open records, hash leaves and compare bodies with their commitments, while the
 * caller goes on; a caller that waits works too. Pure: no store.
 */
#ifndef SPECOLA_NODE_VERIFY_H
#define SPECOLA_NODE_VERIFY_H

#include "node/store/evaluate.h"

/* An item and what was found about it. */
struct verified {
  struct opened opened;
  struct hash leaf;
  const char *fault; /* NULL, or why whoever served it is at fault (static text) */
};
/* A group of items that is waited for together. Zero-initialise; the pool owns its content. */
struct verify_batch {
  size_t pending; /* jobs not yet done */
};
struct verify_pool; /* opaque */

/* One thread for each core but the one that writes: 1..8. */
unsigned verify_threads(void);
/* threads 0: everything happens in the caller. ERR_MEMORY, ERR_FAILED (no thread). */
MUST_CHECK enum err_code verify_pool_new(unsigned threads, const struct hash *fed_id, struct verify_pool **out,
                                         struct err *err);
void verify_pool_free(struct verify_pool *p); /* NULL is fine; all batches have been waited for */
/* Takes n items whose opened.item is filled; they and the octets they borrow stay until verify_wait has returned. ERR_MEMORY:
 * nothing was taken. */
MUST_CHECK enum err_code verify_submit(struct verify_pool *p, struct verify_batch *batch, struct verified *items, size_t n,
                                       struct err *err);
/* Returns when every item of the batch has been looked at. */
void verify_wait(struct verify_pool *p, struct verify_batch *batch);

#endif
