/*
 * query_frontier: see query_frontier.h.
 */
#include "node/store/query_frontier.h"

#include <stdlib.h>

struct frontier {
  struct frontier_row *rows;
  uint32_t n, capacity;
  bool memory;
};

static bool add_log(void *context, const struct log *log) {
  struct frontier *f = context;
  if (log->range.size == 0) {
    return true;
  }
  if (f->n == f->capacity) {
    struct frontier_row *more = reallocarray(f->rows, f->capacity * 2 + 8, sizeof *more);
    if (more == NULL) {
      f->memory = true;
      return false;
    }
    f->rows = more;
    f->capacity = f->capacity * 2 + 8;
  }
  f->rows[f->n++] = (struct frontier_row){log->node, log->gen, log->range.size, merkle_root(&log->range)};
  return true;
}

enum err_code query_frontier(struct store *s, const struct federation *f, struct hash *out, struct err *err) {
  struct frontier frontier = {.n = 0};
  enum err_code code = log_each(s, add_log, &frontier, err);
  if (code == OK && frontier.memory) {
    code = err_set(err, ERR_MEMORY, NULL);
  }
  if (code == OK) {
    code = frontier_digest(&f->epoch.hash, frontier.rows, frontier.n, out, err);
  }
  free(frontier.rows);
  return code;
}
