/*
 * proofs: of the logs that are held, in Merkle's way. The leaf hashes of the log that was asked for last are kept: whoever asks
 * for one proof asks for more. See forks.h.
 */
#include <stdlib.h>
#include <string.h>

#include "node/forks.h"
#include "node/hall.h"
#include "node/store/leaves.h"

#define LEVELS 64

void hall_forget_leaves(struct hall *h) {
  free(h->leaves.hashes);
  h->leaves = (struct hall_leaves){.log_no = 0};
}

static enum err_code make_room(struct hall_leaves *l, uint64_t n, struct err *err) {
  struct hash *hashes = n <= l->room ? l->hashes : reallocarray(l->hashes, n, sizeof *hashes);
  if (hashes == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  l->hashes = hashes;
  l->room = n <= l->room ? l->room : n;
  return OK;
}

/* Has the first n leaves of a log in h->leaves. */
static enum err_code need(struct hall *h, const struct hash *node, uint64_t gen, uint64_t n, struct err *err) {
  const struct hall_log *log = hall_find(h, node, gen);
  struct hall_leaves *l = &h->leaves;
  if (log == NULL || n > log->log.range.size) {
    return err_set(err, ERR_NOT_FOUND, "so many entries are not held of that log");
  }
  if (n > LIMIT_PROVABLE) {
    return err_set(err, ERR_LIMIT, "proofs are made of %llu entries at most", (unsigned long long)LIMIT_PROVABLE);
  }
  if (l->log_no != log->log.no) {
    hall_forget_leaves(h);
    l->log_no = log->log.no;
  }
  enum err_code code = n <= l->n ? OK : make_room(l, n, err);
  if (code == OK && n > l->n) {
    code = leaves_read(h->config.store, log->log.no, l->n, n, l->hashes + l->n, err);
    l->n = code == OK ? n : l->n;
  }
  return code;
}

static bool leaf_of(void *context, uint64_t i, struct hash *out) {
  const struct hall_leaves *l = context;
  *out = l->hashes[i];
  return true;
}

static struct hash subtree(const struct hall_leaves *l, uint64_t from, uint64_t to) {
  struct merkle_range range = {.size = 0};
  for (uint64_t i = from; i < to; i++) {
    merkle_append(&range, &l->hashes[i]);
  }
  return merkle_root(&range);
}

enum err_code hall_inclusion(struct hall *h, const struct hash *node, uint64_t gen, uint64_t index, uint64_t size,
                             struct hash *leaf, struct hash path[HALL_PATH], size_t *n, struct err *err) {
  enum err_code code = need(h, node, gen, size, err);
  if (code == OK) {
    code = merkle_inclusion(index, size, leaf_of, &h->leaves, path, n, err);
  }
  if (code == OK) {
    *leaf = h->leaves.hashes[index];
  }
  return code;
}

enum err_code hall_fold(struct hall *h, const struct hash *node, uint64_t gen, uint64_t size, struct hash *root,
                        struct err *err) {
  const enum err_code code = need(h, node, gen, size, err);
  if (code == OK) {
    *root = subtree(&h->leaves, 0, size);
  }
  return code;
}

enum err_code hall_consistency(struct hall *h, const struct hash *node, uint64_t gen, uint64_t old_size, uint64_t size,
                               struct hash path[HALL_PATH], size_t *n, struct err *err) {
  const enum err_code code = need(h, node, gen, size, err);
  return code == OK ? merkle_consistency(old_size, size, leaf_of, &h->leaves, path, n, err) : code;
}

/* ---- where branches part ---- */

/* The subtrees beside the way from the root of `size` leaves down to `index`, the largest first. Returns how many. */
struct beside {
  uint64_t from, to;
};
static size_t walk(uint64_t index, uint64_t size, struct beside out[LEVELS]) {
  uint64_t from = 0;
  uint64_t to = size;
  size_t n = 0;
  while (to - from > 1 && n < LEVELS) {
    const uint64_t middle = from + (UINT64_C(1) << (63 - __builtin_clzll(to - from - 1)));
    if (index < middle) {
      out[n++] = (struct beside){middle, to};
      to = middle;
    } else {
      out[n++] = (struct beside){from, middle};
      from = middle;
    }
  }
  return n;
}

enum err_code hall_parting(struct hall *h, const struct hash *node, uint64_t gen, uint64_t size, const struct other_leaf *other,
                           enum parting *out, uint64_t *next, struct err *err) {
  const struct hall_head *head = hall_head(h, node, gen);
  const uint64_t own = head == NULL ? 0 : head->size < size ? head->size : size;
  struct beside beside[LEVELS];
  *out = PARTS_NOWHERE;
  if (other->index >= own) {
    return OK;
  }
  const enum err_code code = need(h, node, gen, own, err);
  if (code != OK) {
    return code;
  }
  if (!hash_equal(&h->leaves.hashes[other->index], &other->leaf)) {
    *out = PARTS_HERE;
    return OK;
  }
  const size_t n = walk(other->index, size, beside);
  for (size_t i = 0; i < n && i < other->n_path; i++) {
    const struct beside *b = &beside[n - 1 - i]; /* a path goes from the leaf up */
    if (b->to <= other->index) {
      continue;
    }
    if (b->from >= own) {
      return OK;
    }
    const struct hash ours = subtree(&h->leaves, b->from, b->to < own ? b->to : own);
    if (b->to > own || !hash_equal(&ours, &other->path[i])) {
      *out = PARTS_FURTHER;
      *next = b->from;
      return OK;
    }
  }
  return OK;
}
