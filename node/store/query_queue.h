/*
 * query_queue: what waits for reviewers: objects of other homes whose newest version is not endorsed, where a review is wanted
 * or somebody has signed already. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_QUEUE_H
#define SPECOLA_NODE_STORE_QUERY_QUEUE_H

#include "node/store/query.h"

/* Who asks. */
struct queue_question {
  const char *const *languages; /* tags; only objects with a title in one of them; n_languages 0: in any */
  size_t n_languages;
  bool by_state; /* only those that stand so: ENDORSED_EARLIER or ENDORSED_NOT, for what is endorsed does not wait */
  enum endorsed state;
  bool all;     /* also those for which no review is wanted and that nobody signed */
  size_t limit; /* 0: all */
  const char *lang;
};
/* A row: what query_run would give, and how far it is. */
struct queue_row {
  const struct query_row *row;
  uint64_t counted, needed, missing;
  bool earlier; /* an earlier version is endorsed */
};
typedef bool queue_visit(void *context, const struct queue_row *row);
/* The nearest to its goal first, then by (node, gen, index). *total (may be NULL) counts all. ERR_MEMORY, store errors. */
MUST_CHECK enum err_code query_queue(struct store *s, const struct federation *f, const struct schema_set *set,
                                     const struct queue_question *q, queue_visit *visit, void *context, uint64_t *total,
                                     struct err *err);

#endif
