/*
 * derived_digest: one number of everything that stands in the derived tables, equal when they say the same: whether they are
 * what would be derived anew (derive_check).
 */
#ifndef SPECOLA_NODE_STORE_DERIVED_DIGEST_H
#define SPECOLA_NODE_STORE_DERIVED_DIGEST_H

#include "node/store/store.h"

/* The sum over all rows, word by word, of BLAKE2b-256(table, values): in which order rows stand does not matter. Against
 * chance, not against somebody: it stays within the process. */
struct derived_digest {
  uint64_t words[4];
};
/* Of every row of every derived table, the wide ones too, and of the text of the file's tables, indexes and views. Not in it:
 * - facet_code.no and codes that no object has: codes are numbered in the order in which they are first seen, and stay when
 *   their last object goes; a facet is told by its dimension and code instead.
 * - The tables of FTS5 itself: its segments tell in which order rows came. What they say is told, word by word.
 * Reads only. ERR_CORRUPT where a table cannot be read to its end; store errors. */
MUST_CHECK enum err_code derived_digest(struct store *s, struct derived_digest *out, struct err *err);
bool derived_digest_equal(const struct derived_digest *a, const struct derived_digest *b);

/* Whether FTS5 finds its tables whole and the full text that of the bodies. Its sum cancels where a bit falls on two words of
 * one place, so this alone is not enough. */
bool fulltext_is_sound(struct store *s);

#endif
