/*
 * takedown: what takedowns (docs/protocol.md 4.4, kinds 6 and 7) do to the tables: the text of what they name goes, and
 * everything that was derived from it. Envelopes stay, so no root moves. That the file forgets as well is forget.h's.
 */
#ifndef SPECOLA_NODE_STORE_TAKEDOWN_H
#define SPECOLA_NODE_STORE_TAKEDOWN_H

#include "node/store/derivation.h"

/* Whether any takedown counts here. Store errors. */
MUST_CHECK enum err_code takedown_any(struct store *s, bool *any, struct err *err);
/* The takedown, a record of a log of owner, that names a record. *found tells; *takedown is its record id. Store errors. */
MUST_CHECK enum err_code takedown_of(struct store *s, const struct hash *fed_id, const struct hash *owner,
                                     const struct hash *record, bool *found, struct hash *takedown, struct err *err);
/* The entries of owner's logs that have this record id and a body that can be erased and is not gone yet: *n of them there are,
 * at most max are told. Store errors. */
MUST_CHECK enum err_code takedown_targets(struct store *s, const struct hash *fed_id, const struct hash *owner,
                                          const struct hash *record, int64_t *rowids, size_t max, size_t *n, struct err *err);

/* For derivation, inside a transaction. The takedown at rowid counts: notes it, and takes away the texts that it names;
 * d->n_erased and n_settled count them, and table erasure then holds the takedown. Store errors. */
MUST_CHECK enum err_code takedown_apply(struct derivation *d, int64_t rowid, const struct record *record, struct err *err);
/* Notes an acknowledgement. */
MUST_CHECK enum err_code takedown_acknowledge(struct derivation *d, int64_t rowid, const struct record *record,
                                              struct err *err);
/* Notes an entry with a body that the index of record ids does not name. Others are passed over. */
MUST_CHECK enum err_code takedown_stray(struct derivation *d, int64_t rowid, const struct item *item, struct err *err);

#endif
