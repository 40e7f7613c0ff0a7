/*
 * forks: evidence into and out of the store. See forks.h; the proofs are proofs.c.
 */
#include "node/forks.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/hall.h"
#include "node/store/milestone.h"
#include "protocol/evidence.h"

/* ---- in memory ---- */

const struct fork *hall_forks(const struct hall *h, uint32_t *n) {
  *n = h->n_forks;
  return h->forks;
}

const struct fork *hall_fork(const struct hall *h, const struct hash *node, uint64_t gen) {
  for (uint32_t i = 0; i < h->n_forks; i++) {
    if (h->forks[i].gen == gen && hash_equal(&h->forks[i].node, node)) {
      return &h->forks[i];
    }
  }
  return NULL;
}

static enum err_code reserve(struct hall *h, struct err *err) {
  struct fork *forks = reallocarray(h->forks, h->n_forks + 1, sizeof *forks);
  if (forks == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  h->forks = forks;
  return OK;
}

static bool is_below(const struct fork *a, const struct fork *b) {
  const int order = hash_compare(&a->node, &b->node);
  return order != 0 ? order < 0 : a->gen < b->gen;
}

/* Room was reserved. */
static void remember(struct hall *h, const struct fork *fork) {
  uint32_t at = 0;
  while (at < h->n_forks && is_below(&h->forks[at], fork)) {
    at++;
  }
  if (at == h->n_forks || is_below(fork, &h->forks[at])) {
    memmove(&h->forks[at + 1], &h->forks[at], (h->n_forks - at) * sizeof *h->forks);
    h->n_forks++;
    voter_touch(h);
  }
  h->forks[at] = *fork;
}

struct loading {
  struct hall *h;
  enum err_code code;
  struct err *err;
};

static bool load(void *context, const struct fork *fork) {
  struct loading *l = context;
  l->code = reserve(l->h, l->err);
  if (l->code == OK) {
    remember(l->h, fork);
  }
  return l->code == OK;
}

enum err_code hall_load_forks(struct hall *h, struct err *err) {
  struct loading loading = {.h = h, .code = OK, .err = err};
  const enum err_code code = evidence_each(h->config.store, load, &loading, err);
  return loading.code != OK ? loading.code : code;
}

const struct pubkey *hall_node_key(const struct hall *h, const struct hash *node, uint64_t gen) {
  const struct generation *g = federation_generation(h->config.federation, node, gen);
  return g == NULL ? NULL : &g->node_key;
}

enum err_code hall_frozen(const struct hall *h, const struct hash *node, uint64_t gen, uint64_t size, struct err *err) {
  const struct fork *fork = hall_fork(h, node, gen);
  const struct generation *g = federation_generation(h->config.federation, node, gen);
  const bool is_mended = g != NULL && g->is_closed; /* its cut says which branch it is, and where it ends */
  if (fork == NULL || is_mended || (fork->exact && size <= fork->from)) {
    return OK;
  }
  return err_set(err, ERR_REFUSED, "its owner forked the log, from %" PRIu64 "%s: nothing is appended to either branch",
                 fork->from, fork->exact ? "" : " or below");
}

/* ---- taking ---- */

/* Whether a verified item takes the place of what is kept. */
static enum err_code is_lower(struct hall *h, const struct evidence *e, struct view item, const struct hash *node, uint64_t gen,
                              bool *out, struct err *err) {
  struct fork fork;
  struct evidence held;
  struct bytes octets;
  bytes_init(&octets, LIMIT_EVIDENCE);
  *out = true;
  enum err_code code = evidence_get(h->config.store, node, gen, &fork, &octets, err);
  if (code == OK) {
    /* what cannot be read any more is replaced */
    *out = evidence_read(bytes_view(&octets), &held, NULL) != OK || evidence_compare(e, item, &held, bytes_view(&octets)) < 0;
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&octets);
  return code;
}

enum err_code hall_evidence_take(struct hall *h, const struct hash *node, uint64_t gen, struct view item, bool *kept,
                                 struct err *err) {
  const struct pubkey *key = hall_node_key(h, node, gen);
  struct evidence e;
  *kept = false;
  if (key == NULL) {
    return err_set(err, ERR_NOT_FOUND, "not a member's log");
  }
  enum err_code code = evidence_open(item, &h->derivation.fed_id, node, gen, key, &e, err);
  bool fresh = false;
  if (code == OK) {
    code = is_lower(h, &e, item, node, gen, &fresh, err);
  }
  if (code == OK && fresh) {
    code = reserve(h, err);
  }
  if (code != OK || !fresh) {
    return code;
  }
  const struct fork fork = {
      .node = *node, .gen = gen, .from = evidence_from(&e), .exact = e.has_index, .received = clock_unix(h->config.clock)};
  code = evidence_put(h->config.store, &fork, item, err);
  if (code == OK) { /* `recorded` of what is remembered is nobody's business: the store knows */
    remember(h, &fork);
    *kept = true;
  }
  return code;
}

enum err_code hall_evidence(struct hall *h, const struct hash *node, uint64_t gen, struct bytes *item, struct err *err) {
  struct fork fork;
  return evidence_get(h->config.store, node, gen, &fork, item, err);
}

/* ---- making ---- */

static enum err_code our_milestone(struct hall *h, const struct hash *node, uint64_t gen, uint64_t size, struct bytes *text,
                                   struct err *err) {
  const struct hall_log *log = hall_find(h, node, gen);
  return log == NULL ? err_set(err, ERR_NOT_FOUND, "nothing is held of that log")
                     : milestone_get(h->config.store, log->log.no, size, text, err);
}

enum err_code hall_root_at(struct hall *h, const struct hash *node, uint64_t gen, uint64_t size, struct hash *root,
                           struct err *err) {
  struct checkpoint c;
  struct bytes text;
  bytes_init(&text, LIMIT_CHECKPOINT);
  enum err_code code = our_milestone(h, node, gen, size, &text, err);
  if (code == OK) {
    code = checkpoint_read(bytes_view(&text), &c, err);
  }
  if (code == OK) {
    *root = c.root;
  }
  bytes_release(&text);
  return code;
}

/* Our branch at the index, under the smallest milestone above it. */
static enum err_code our_branch(struct hall *h, const struct checkpoint *theirs, uint64_t index, struct bytes *text,
                                struct evidence_branch *out, struct err *err) {
  const struct hall_log *log = hall_find(h, &theirs->node, theirs->gen);
  struct hash path[HALL_PATH];
  uint64_t size = 0;
  if (log == NULL) {
    return err_set(err, ERR_NOT_FOUND, "nothing is held of that log");
  }
  enum err_code code = milestone_text_above(h->config.store, log->log.no, index, &size, err);
  if (code == OK) {
    code = milestone_get(h->config.store, log->log.no, size, text, err);
  }
  if (code == OK) {
    code = hall_inclusion(h, &theirs->node, theirs->gen, index, size, &out->leaf, path, &out->n_path, err);
  }
  for (size_t i = 0; code == OK && i < out->n_path && i < EVIDENCE_PATH; i++) {
    out->path[i] = path[i];
  }
  return code;
}

enum err_code hall_evidence_make(struct hall *h, struct view text, const struct other_leaf *other, struct bytes *out,
                                 struct err *err) {
  struct evidence e = {.has_index = other != NULL};
  struct evidence_branch *ours = &e.branches[0];
  struct evidence_branch *theirs = &e.branches[1];
  struct bytes own;
  enum err_code code = checkpoint_read(text, &theirs->checkpoint, err);
  const struct checkpoint *c = &theirs->checkpoint;
  bytes_init(&own, LIMIT_CHECKPOINT);
  if (code == OK && other == NULL) {
    code = our_milestone(h, &c->node, c->gen, c->size, &own, err);
  } else if (code == OK) {
    e.index = other->index;
    theirs->leaf = other->leaf;
    theirs->n_path = other->n_path;
    for (size_t i = 0; i < other->n_path && i < EVIDENCE_PATH; i++) {
      theirs->path[i] = other->path[i];
    }
    code = our_branch(h, c, other->index, &own, ours, err);
  }
  ours->text = bytes_view(&own);
  theirs->text = text;
  if (code == OK) {
    code = evidence_write(&e, out, err);
  }
  bytes_release(&own);
  return code;
}
