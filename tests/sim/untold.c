/*
 * untold: see untold.h.
 */
#include "tests/sim/untold.h"

#include "node/forks.h"

static uint64_t size_at(const struct world *w, uint32_t node, uint32_t owner) {
  const struct hall_head *h = hall_head(w->sim.f.nodes[node].hall, &w->sim.f.nodes[owner].id, 1);
  return h == NULL ? 0 : h->size;
}

/* Whether two honest machines hold branches of a log of which neither goes on from the other. */
static bool is_parted(const struct world *w, uint32_t owner) {
  const struct hash *id = &w->sim.f.nodes[owner].id;
  for (uint32_t i = 0; i < w->n; i++) {
    for (uint32_t k = 0; k < i; k++) {
      const uint64_t a = size_at(w, i, owner), b = size_at(w, k, owner), n = a < b ? a : b;
      struct hash root, other;
      if (n == 0 || !world_is_honest(w, i) || !world_is_honest(w, k)) continue;
      if (hall_fold(w->sim.f.nodes[i].hall, id, 1, n, &root, NULL) == OK &&
          hall_fold(w->sim.f.nodes[k].hall, id, 1, n, &other, NULL) == OK && !hash_equal(&root, &other)) {
        return true;
      }
    }
  }
  return false;
}

/* What a machine keeps of a fork; empty: nothing. */
static struct bytes evidence_at(const struct world *w, uint32_t node, uint32_t owner) {
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  (void)!hall_evidence(w->sim.f.nodes[node].hall, &w->sim.f.nodes[owner].id, 1, &item, NULL);
  return item;
}

/* Whether all honest machines keep one and the same of a log, be it nothing. */
static bool is_told(const struct world *w, uint32_t owner, bool *any) {
  struct bytes first = {.p = NULL};
  bool is_first = true, is_same = true;
  for (uint32_t i = 0; i < w->n; i++) {
    if (!world_is_honest(w, i)) continue;
    struct bytes item = evidence_at(w, i, owner);
    is_same = is_same && (is_first || view_equal(bytes_view(&first), bytes_view(&item)));
    if (is_first) {
      first = item;
      is_first = false;
    } else {
      bytes_release(&item);
    }
  }
  *any = first.len > 0;
  bytes_release(&first);
  return is_same;
}

uint32_t untold(const struct world *w) {
  for (uint32_t owner = 0; owner < w->n_logs; owner++) {
    bool any = false;
    if (w->seats[owner].has_twin && (!is_told(w, owner, &any) || (!any && is_parted(w, owner)))) return owner;
  }
  return w->n_logs;
}
