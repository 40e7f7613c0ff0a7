/*
 * forward: records whose home is another member, on their way there (docs/protocol.md 9). What was logged there is not kept any
 * longer; what was refused there is, with the home's receipt, until it is asked for or a month is over.
 */
#ifndef SPECOLA_NODE_STORE_FORWARD_H
#define SPECOLA_NODE_STORE_FORWARD_H

#include "node/store/store.h"

#define FORWARD_REFUSALS 256 /* of one home that are kept */

enum forward_state { FORWARD_WAITS = 0, FORWARD_REFUSED = 2, FORWARD_GIVEN_UP = 3 };

/* Inside the caller's transaction, all of these but those that read. Store errors. */
/* At the end. One that is here stays as it is. received: unix seconds. */
MUST_CHECK enum err_code forward_put(struct store *s, const struct hash *id, const struct hash *home, uint64_t received,
                                     const struct item *item, struct err *err);
/* What has become of one; refused: receipt (cleared first) is the home's. ERR_NOT_FOUND. */
MUST_CHECK enum err_code forward_get(struct store *s, const struct hash *id, enum forward_state *state, struct bytes *receipt,
                                     struct err *err);
MUST_CHECK enum err_code forward_remove(struct store *s, const struct hash *id, struct err *err); /* none there: OK */
/* It was tried once more, in vain. */
MUST_CHECK enum err_code forward_tried(struct store *s, const struct hash *id, uint64_t now, struct err *err);
/* It was refused there: the receipt takes the item's place. Of what a home refused the last FORWARD_REFUSALS are kept: its
 * people could hand in, and it refuse, for ever. */
MUST_CHECK enum err_code forward_refuse(struct store *s, const struct hash *id, struct view receipt, struct err *err);
/* What a row of the home's receipt comes to: gone (logged), refused, or tried in vain (queued, or refused with not-yet:
 * receipt_row_is_final). */
MUST_CHECK enum err_code forward_settle(struct store *s, const struct receipt_row *row, struct view receipt, uint64_t now,
                                        struct err *err);
/* What waits for a home is forgotten: it is no member any more. */
MUST_CHECK enum err_code forward_forget(struct store *s, const struct hash *home, struct err *err);
/* Those that have waited since before `before` are given up at now: the octets go, the word stays. *n: how many. */
MUST_CHECK enum err_code forward_give_up(struct store *s, uint64_t before, uint64_t now, uint64_t *n, struct err *err);
/* Those that were refused, or given up, before `before` are forgotten. */
MUST_CHECK enum err_code forward_prune(struct store *s, uint64_t before, struct err *err);

/* How many wait for a home (NULL: for any), and octets of them. */
MUST_CHECK enum err_code forward_measure(struct store *s, const struct hash *home, uint64_t *n, uint64_t *octets,
                                         struct err *err);
/* The home of the one that is due first: 5 s after its first try in vain, twice as long after each further one, an hour at
 * most. ERR_NOT_FOUND: none is due at now. */
MUST_CHECK enum err_code forward_next(struct store *s, uint64_t now, struct hash *home, struct err *err);
/* Those that wait for a home, oldest first, until visit returns false; the item is borrowed until then. */
typedef bool forward_visit(void *context, const struct hash *id, struct view item);
MUST_CHECK enum err_code forward_each(struct store *s, const struct hash *home, forward_visit *visit, void *context,
                                      struct err *err);

#endif
