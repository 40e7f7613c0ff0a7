/*
 * receipts: what nodes answered to what the person of a replica handed in (docs/protocol.md 9). They are promises under a
 * node's key: whoever has one can show it.
 */
#ifndef SPECOLA_NODE_STORE_RECEIPTS_H
#define SPECOLA_NODE_STORE_RECEIPTS_H

#include "node/store/store.h"

/* Keeps an encoded receipt, whose row number `row` is about that record, in the place of an earlier one. received: unix
 * seconds. Store errors. */
MUST_CHECK enum err_code receipts_put(struct store *s, const struct hash *id, uint64_t received, uint64_t row, struct view item,
                                      struct err *err);
/* Appends what is kept about a record. ERR_NOT_FOUND. */
MUST_CHECK enum err_code receipts_get(struct store *s, const struct hash *id, uint64_t *received, uint64_t *row,
                                      struct bytes *item, struct err *err);
/* Those that came last first, at most n, until visit returns false. The view is borrowed until it returns. */
typedef bool receipts_visit(void *context, const struct hash *id, uint64_t received, uint64_t row, struct view item);
MUST_CHECK enum err_code receipts_each(struct store *s, uint64_t n, receipts_visit *visit, void *context, struct err *err);

#endif
