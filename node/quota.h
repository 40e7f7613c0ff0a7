/*
 * quota: whether a member's logs have filled their share of the disk, for who has a store and no hall; a hall asks hall_quota.
 */
#ifndef SPECOLA_NODE_QUOTA_H
#define SPECOLA_NODE_QUOTA_H

#include "node/store/store.h"

/* Whether all that is kept of a member's logs, all generations together, is `most` octets or more. Reads all its envelopes if
 * it might be. Store errors. */
MUST_CHECK enum err_code quota_is_filled(struct store *s, const struct hash *node, uint64_t most, bool *filled,
                                         struct err *err);

#endif
