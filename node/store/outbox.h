/*
 * outbox: records that were accepted and are not yet in the own log, because the fork guard is closed; and those of them that
 * were refused when their turn came.
 */
#ifndef SPECOLA_NODE_STORE_OUTBOX_H
#define SPECOLA_NODE_STORE_OUTBOX_H

#include "node/store/store.h"

/* At the end, inside the caller's transaction. One that waits keeps its place; one that was refused waits again. received: unix
 * seconds. Store errors. */
MUST_CHECK enum err_code outbox_put(struct store *s, const struct hash *id, uint64_t received, const struct item *item,
                                    struct err *err);
/* It is in the log: nothing is kept of it. Nothing happens if it is not here. */
MUST_CHECK enum err_code outbox_remove(struct store *s, const struct hash *id, struct err *err);
/* It was refused: kept, with the reason, and not tried again. */
MUST_CHECK enum err_code outbox_refuse(struct store *s, const struct hash *id, uint64_t reason, struct err *err);
/* How many wait, how many were refused, octets of both. */
struct outbox_size {
  uint64_t n_waiting, n_refused, octets;
};
MUST_CHECK enum err_code outbox_measure(struct store *s, struct outbox_size *out, struct err *err);
/* Oldest first until visit returns false; is_refused chooses which. The item is borrowed until visit returns, octets behind the
 * caller's scratch are not needed. */
typedef bool outbox_visit(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item);
MUST_CHECK enum err_code outbox_each(struct store *s, bool is_refused, outbox_visit *visit, void *context, struct err *err);

#endif
