/*
 * erasure: takedowns of this node (docs/protocol.md 4.4, kinds 6 and 7): records whose text goes for good, here and on every
 * member. The tables forget a text in the transaction that brings its takedown; hall_erase makes the file forget it too, and
 * only then acknowledges it in the own log. What waits stands in the store, so that a crash between is no end of it.
 */
#ifndef SPECOLA_NODE_ERASURE_H
#define SPECOLA_NODE_ERASURE_H

#include "node/ingest.h"

/* What is to be taken down. */
struct takedown_wish {
  struct hash node; /* of the log, */
  uint64_t gen;     /* its generation */
  uint64_t index;   /* and the position that was named */
  bool whole;       /* of an object's version: all its versions, and all that names it or one of them in the own log */
  uint64_t reason;  /* a number of the vocabulary `takedown` */
};
/* The takedowns that stand in the own log now: n of them, one behind the other from (gen, index) on. */
struct takedown_report {
  uint64_t gen, index, n;
};
/* Writes a takedown for each text that the wish means and none names yet. One that was cut short is told as it stands:
 * hall_erase finishes it. ERR_REFUSED (another node's, which its home alone takes down; no node key; the
 * log does not take it now), ERR_NOT_FOUND (nothing stands there), ERR_MISMATCH (nothing that could be erased, or all of it
 * is), store errors. */
MUST_CHECK enum err_code hall_take_down(struct hall *h, const struct takedown_wish *wish, struct takedown_report *out,
                                        struct err *err);

/* Whether texts that were taken down may still lie in the store's files, or their acknowledgement is owed. */
bool hall_is_erasing(const struct hall *h);
/* One attempt to be done with them. Outside a transaction. *written: acknowledgements are in the own log now. A reader of the
 * store may be in the way: then hall_is_erasing stays true, and nothing is wrong. Store errors: again later. */
MUST_CHECK enum err_code hall_erase(struct hall *h, bool *written, struct err *err);

#endif
