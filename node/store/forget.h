/*
 * forget: the file forgets what the tables no longer hold. SQLite leaves octets of old rows in free pages, in unused parts of
 * pages that were split (measured: 80 of 3000 words after an incremental vacuum, with secure_delete) and in the write-ahead
 * log; FTS5 keeps the words of deleted texts, prefix-compressed, until their segments are merged.
 */
#ifndef SPECOLA_NODE_STORE_FORGET_H
#define SPECOLA_NODE_STORE_FORGET_H

#include "node/store/store.h"

/* Merges the full text into one segment and writes the file anew, as much as it is long. Outside a transaction; no statement of
 * this store may be under way. Again after a failure or a crash. Store errors. */
MUST_CHECK enum err_code forget_file(struct store *s, struct err *err);
/* Writes the file anew alone, as its tables lie. Likewise. */
MUST_CHECK enum err_code forget_write(struct store *s, struct err *err);
/* Moves the write-ahead log into the file and cuts it to nothing. *done false: a reader is in the way, again later. Store
 * errors. */
MUST_CHECK enum err_code forget_wal(struct store *s, bool *done, struct err *err);

#endif
