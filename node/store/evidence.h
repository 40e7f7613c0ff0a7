/*
 * evidence: which logs were forked by their owners, and the proof of each (docs/protocol.md 7.5). Verified by the hall before
 * it is kept here. A store of an older version, open for reading, has none.
 */
#ifndef SPECOLA_NODE_STORE_EVIDENCE_H
#define SPECOLA_NODE_STORE_EVIDENCE_H

#include "node/store/store.h"

/* What is kept of one log. */
struct fork {
  struct hash node;
  uint64_t gen;
  uint64_t from;     /* the branches part at this index; not exact: at it or below */
  bool exact;        /* two leaves are known there */
  bool recorded;     /* a record of it stands in some log that is held */
  uint64_t received; /* unix seconds */
};

/* In the place of the one held of that log, but for `recorded`, which stays as it was; a transaction of its own outside of one.
 * Store errors. */
MUST_CHECK enum err_code evidence_put(struct store *s, const struct fork *fork, struct view item, struct err *err);
/* From now on a record of it stands in some log. Nothing happens where there is none. Store errors. */
MUST_CHECK enum err_code evidence_set_recorded(struct store *s, const struct hash *node, uint64_t gen, struct err *err);
/* Of a log; item (may be NULL): the encoded item is appended. ERR_NOT_FOUND: it is not known to have forked. */
MUST_CHECK enum err_code evidence_get(struct store *s, const struct hash *node, uint64_t gen, struct fork *out,
                                      struct bytes *item, struct err *err);
/* Each by (node, gen); stops when visit returns false. */
typedef bool evidence_visit(void *context, const struct fork *fork);
MUST_CHECK enum err_code evidence_each(struct store *s, evidence_visit *visit, void *context, struct err *err);

#endif
