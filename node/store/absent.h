/*
 * absent: bodies that were not there when their entries came (docs/protocol.md 7.4), and what follows when they come.
 */
#ifndef SPECOLA_NODE_STORE_ABSENT_H
#define SPECOLA_NODE_STORE_ABSENT_H

#include "node/store/derivation.h"

/* The index of the first entry of a log at from or behind it whose body is absent. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err_code absent_next(struct store *s, int64_t log_no, uint64_t from, uint64_t *index, struct err *err);
/* The highest run of neighbouring entries below `below` whose bodies are absent (those that have none may stand between): *from
 * ≤ i < *to, at most max_entries of them, of as many octets of bodies as max_bytes lets begin. ERR_NOT_FOUND: none is absent
 * there. Store errors. */
MUST_CHECK enum err_code absent_run(struct store *s, int64_t log_no, uint64_t below, uint64_t max_entries, uint64_t max_bytes,
                                    uint64_t *from, uint64_t *to, struct err *err);
/* How many entries of a log have a body that is absent. */
MUST_CHECK enum err_code absent_count(struct store *s, int64_t log_no, uint64_t *n, struct err *err);
/* Puts salt and body of item (WHOLE, and the one that was committed to) to an entry whose body is absent, and derives what
 * follows. Inside a transaction. Store errors. */
MUST_CHECK enum err_code absent_fill(struct derivation *d, int64_t rowid, const struct item *item, struct err *err);

#endif
