/*
 * milestone: in which order things arrived here, and what lies below one. The rest of milestones is in store.h.
 */
#ifndef SPECOLA_NODE_STORE_MILESTONE_H
#define SPECOLA_NODE_STORE_MILESTONE_H

#include "node/store/store.h"

/* The milestone that brought an entry: *seq is its order of arrival (from 1), *covers the size of its log at it, so that the
 * same answer holds for the entries up to there. ERR_CORRUPT if no milestone covers the entry, store errors. */
MUST_CHECK enum err_code milestone_seq(struct store *s, int64_t rowid, int64_t *seq, uint64_t *covers, struct err *err);
/* The order of arrival that the next milestone will have. */
MUST_CHECK enum err_code milestone_next(struct store *s, int64_t *seq, struct err *err);
/* As milestone_get, of one whose text was lost as well: then that is empty. ERR_NOT_FOUND. */
MUST_CHECK enum err_code milestone_place(struct store *s, int64_t log_no, uint64_t size, struct bytes *text, struct err *err);
/* The size of a log's newest milestone of at most `most` entries; 0: there is none. Store errors. */
MUST_CHECK enum err_code milestone_below(struct store *s, int64_t log_no, uint64_t most, uint64_t *size, struct err *err);
/* The same of those whose text is there, and the smallest of them that is above `size` (ERR_NOT_FOUND). Store errors. */
MUST_CHECK enum err_code milestone_text_below(struct store *s, int64_t log_no, uint64_t most, uint64_t *size, struct err *err);
MUST_CHECK enum err_code milestone_text_above(struct store *s, int64_t log_no, uint64_t size, uint64_t *out, struct err *err);
/* Octets of bodies below the milestone of exactly that size, absent ones included; 0 of size 0. ERR_NOT_FOUND. */
MUST_CHECK enum err_code milestone_bytes(struct store *s, int64_t log_no, uint64_t size, uint64_t *bytes, struct err *err);
/* Its text was damaged, and is another one from now on; empty: all that is known is what stood there at which order of arrival,
 * and it is handed to nobody. was: what is to be replaced, else nothing is. Store errors. */
MUST_CHECK enum err_code milestone_put_text(struct store *s, int64_t log_no, uint64_t size, struct view was, struct view text,
                                            struct err *err);
/* Says anew how many octets lie below one. Store errors. */
MUST_CHECK enum err_code milestone_put_bytes(struct store *s, int64_t log_no, uint64_t size, uint64_t bytes, struct err *err);

#endif
