/*
 * entry_mend: rows of entries that a disk has changed so that they stand under another number, or cannot be read at all. Where
 * a row lies in the table still says which number it had: an entry stands behind the one before, log after log.
 */
#ifndef SPECOLA_NODE_STORE_ENTRY_MEND_H
#define SPECOLA_NODE_STORE_ENTRY_MEND_H

#include "node/store/store.h"

struct entry_mended {
  uint64_t moved; /* rows that got their number back */
  uint64_t lost;  /* rows of other members' logs that could not be read, and are missing now: these give them again */
  bool reindexed; /* indexes said something else than the rows */
};
/* Gives rows their number back, where there are as many as the logs need; where the table's inner pages lead past rows, the
 * file is written anew. Rows of other types than the table may hold get these, with the same octets. Indexes are made anew
 * where they do not agree, unless these know of more rows. What rows hold is not judged. Nothing was wrong: nothing is written.
 * own: the own node id. Outside a transaction, with no statement under way. ERR_CORRUPT, and nothing is taken out: rows stand
 * in no order that could be told, pages do not add up, or an entry of the own log cannot be read. Store errors. */
MUST_CHECK enum err_code entry_mend(struct store *s, const struct hash *own, struct entry_mended *out, struct err *err);

#endif
