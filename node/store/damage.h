/*
 * damage: entries whose octets are not what they were when they came (bit rot). They are told by their position, stay out of
 * every answer (state 4 reads as ERR_CORRUPT), and wait for the same entry from a member: a candidate, which takes their place
 * when its whole run folds to the signed root.
 */
#ifndef SPECOLA_NODE_STORE_DAMAGE_H
#define SPECOLA_NODE_STORE_DAMAGE_H

#include "node/store/store.h"

#define ENTRY_DAMAGED 4 /* entry.state */
/* In SQL: a row that holds other types than the table may, and cannot be changed for that. Told by the header of a row alone.
 */
#define ENTRY_IS_ODD                                                                                                           \
  "(typeof(rid) NOT IN ('integer', 'null') OR typeof(state) <> 'integer' OR typeof(envelope) <> 'blob' OR typeof(salt) NOT "   \
  "IN ('blob', 'null') OR typeof(body) NOT IN ('blob', 'null') OR typeof(takedown) NOT IN ('blob', 'null') OR typeof(leaf) "   \
  "<> 'integer')"

/* Whether what stands beside an envelope is what may: its body the one that the header commits to, nothing where there is none.
 */
MUST_CHECK bool damage_item_is_sound(const struct item *item);
/* Before a GONE is handed out: one that names another takedown than that of its record, in a log of owner, becomes ABSENT.
 * Other items stay as they are. */
void damage_confirm_gone(struct store *s, const struct hash *fed_id, const struct hash *owner, struct item *item);
/* How many there are. Store errors. */
MUST_CHECK enum err_code damage_count(struct store *s, uint64_t *n, struct err *err);
/* Marks an entry, inside a transaction; what shows it is hidden until it is whole again. Store errors. */
MUST_CHECK enum err_code damage_mark(struct store *s, int64_t rowid, struct err *err);
/* The first damaged entry of a log from `from` on, below `to`. ERR_NOT_FOUND. */
MUST_CHECK enum err_code damage_next(struct store *s, int64_t log_no, uint64_t from, uint64_t to, uint64_t *index,
                                     struct err *err);
/* Keeps a candidate; NULL: forgets it. Store errors. */
MUST_CHECK enum err_code damage_offer(struct store *s, int64_t rowid, const struct item *item, struct err *err);
/* The candidate of a damaged entry, which borrows from scratch. *has false: there is none yet. ERR_NOT_FOUND: it is not
 * damaged. */
MUST_CHECK enum err_code damage_candidate(struct store *s, int64_t rowid, struct bytes *scratch, bool *has, struct item *out,
                                          struct err *err);
/* Puts an entry in the place of the damaged one, inside a transaction. id: as in entry_put. Store errors. */
MUST_CHECK enum err_code damage_mend(struct store *s, int64_t rowid, const struct item *item, const struct hash *id,
                                     struct err *err);

#endif
