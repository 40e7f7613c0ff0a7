/*
 * holds: what members say they hold, newest first (docs/protocol.md 8.7). Verified by the hall before it is kept here.
 */
#ifndef SPECOLA_NODE_STORE_HOLDS_H
#define SPECOLA_NODE_STORE_HOLDS_H

#include "node/store/store.h"
#include "protocol/holds.h"

/* In the place of the one held of that holder; inside the caller's transaction. received: unix seconds. */
MUST_CHECK enum err_code holds_put(struct store *s, const struct holds *holds, uint64_t received, struct view item,
                                   struct err *err);
/* Version and counter of what is kept of a node; ERR_NOT_FOUND: nothing. */
MUST_CHECK enum err_code holds_mark(struct store *s, const struct hash *node, uint64_t *version, uint64_t *counter,
                                    struct err *err);
/* Appends the encoded item that is kept of a node; received (may be NULL): when it came. ERR_NOT_FOUND. */
MUST_CHECK enum err_code holds_get(struct store *s, const struct hash *node, uint64_t *received, struct bytes *item,
                                   struct err *err);
/* Each item, those that came last first, until the reader returns false. The view is borrowed until it returns. */
typedef bool holds_reader(void *context, const struct hash *node, uint64_t received, struct view item);
MUST_CHECK enum err_code holds_each(struct store *s, holds_reader *reader, void *context, struct err *err);

#endif
