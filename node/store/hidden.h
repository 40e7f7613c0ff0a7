/*
 * hidden: which objects this node does not show, and why. Its own decision, kept beside what it holds: the entries stay in
 * their logs and are served. A store of an older version, open for reading, has none.
 */
#ifndef SPECOLA_NODE_STORE_HIDDEN_H
#define SPECOLA_NODE_STORE_HIDDEN_H

#include "node/store/store.h"

#define HIDDEN_REASON 400u /* octets of a reason */

/* One object. */
struct hidden {
  struct hash id; /* of the object */
  uint64_t since; /* unix seconds */
  char reason[HIDDEN_REASON + 1];
};

/* In the place of what is kept of that object. Store errors. */
MUST_CHECK enum err_code hidden_put(struct store *s, const struct hidden *hidden, struct err *err);
/* ERR_NOT_FOUND: it is not hidden. Store errors. */
MUST_CHECK enum err_code hidden_drop(struct store *s, const struct hash *id, struct err *err);
/* ERR_NOT_FOUND: it is not hidden. Store errors. */
MUST_CHECK enum err_code hidden_get(struct store *s, const struct hash *id, struct hidden *out, struct err *err);
/* How many there are. Store errors. */
MUST_CHECK enum err_code hidden_count(struct store *s, uint64_t *n, struct err *err);
/* Each, the one that was hidden first before the others; stops when visit returns false. Store errors. */
typedef bool hidden_visit(void *context, const struct hidden *hidden);
MUST_CHECK enum err_code hidden_each(struct store *s, hidden_visit *visit, void *context, struct err *err);

#endif
