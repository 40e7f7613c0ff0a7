/*
 * mend: what the record says of the federation, put right out of copies where a disk has changed it: the charter out of the
 * file that the home keeps, the own id by the node key, identities out of the logs in which they stand, logs out of their
 * checkpoints. Entries are healed by the members (scrub.h); without these nobody could be asked.
 */
#ifndef SPECOLA_NODE_MEND_H
#define SPECOLA_NODE_MEND_H

#include "node/federation.h"
#include "node/home.h"

/* As federation_load, of a store that may be written; what was put right is told and stays. node_key: NULL if there is none. */
MUST_CHECK enum err_code mend_federation(struct store *s, const struct home *home, const struct signer *node_key,
                                         struct federation *out, struct err *err);
/* What the tables of logs and milestones say beside the signed checkpoints, put right by these and by the entries: which log
 * stands under which number, where it ends, its range, where each milestone stands, in which order they came. *n: how many rows
 * (and indexes) were wrong; 0: nothing was written. Without thoroughly the end of each log alone is looked at: some lookups a
 * log. ERR_CORRUPT: the entries are damaged as well, or the file is. Outside a transaction. */
MUST_CHECK enum err_code mend_logs(struct store *s, const struct federation *f, bool thoroughly, uint64_t *n, struct err *err);

#endif
