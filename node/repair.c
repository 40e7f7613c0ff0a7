/*
 * repair: closed generations on their way to their cut (docs/protocol.md 7.6). Entries above it, or of another branch than the
 * one that it names, go out of the log and are kept aside; what followed from them is derived anew. Declared in ingest.h.
 */
#include <inttypes.h>

#include "keys/log.h"
#include "node/hall.h"
#include "node/scrub.h"
#include "node/store/damage.h"
#include "node/store/endorsed.h"
#include "node/store/leaves.h"
#include "node/store/milestone.h"
#include "node/store/withdrawn.h"

bool hall_may_begin(const struct hall *h, const struct hash *node, uint64_t gen) {
  const struct generation *before = federation_generation(h->config.federation, node, gen - 1);
  if (gen == 1) {
    return true;
  }
  const struct hall_head *head = hall_head(h, node, gen - 1);
  return before != NULL && before->is_closed && head != NULL && head->size == before->cut_size &&
         hash_equal(&head->root, &before->cut_root);
}

/* ---- falling back ---- */

/* Whether an entry of a node's logs is known to be damaged. */
static bool is_damaged(const struct hall *h, const struct hash *node) {
  uint64_t index = 0;
  for (uint32_t i = 0; h->n_damaged > 0 && i < h->n_logs; i++) {
    const struct log *log = &h->logs[i].log;
    if (hash_equal(&log->node, node) && damage_next(h->config.store, log->no, 0, log->range.size, &index, NULL) == OK) {
      return true;
    }
  }
  return false;
}

/* What is derived of the log as it stands now. What was derived of a damaged entry cannot be taken back piece by piece: then
 * all is made anew. */
static enum err_code derive_fallen(struct hall *h, const struct log *log, bool damaged, struct err *err) {
  struct store *s = h->config.store;
  struct evaluation *state = NULL;
  if (damaged) {
    return derivation_all_again(&h->derivation, h->config.federation, err);
  }
  const enum err_code code = derivation_log_again(&h->derivation, &log->node, &state, err);
  evaluation_free(state); /* loaded again when it is needed */
  return code == OK ? endorsed_settle(s, h->config.federation, err) : code;
}

/* Everything of it in one transaction; *log is as it stands then. */
static enum err_code fall(struct hall *h, struct log *log, uint64_t size, struct err *err) {
  struct store *s = h->config.store;
  const bool damaged = is_damaged(h, &log->node);
  enum err_code code = damaged ? OK : derivation_forget(&h->derivation, &log->node, err);
  if (code == OK) {
    code = withdrawn_take(s, log->no, size, err);
  }
  log->range = (struct merkle_range){.size = 0};
  if (code == OK) {
    code = leaves_fold(s, log->no, size, &log->range, err);
  }
  if (code == OK) {
    code = milestone_bytes(s, log->no, size, &log->body_bytes, err);
  }
  if (code == OK) {
    code = log_save(s, log, err);
  }
  if (code == OK) {
    code = derive_fallen(h, log, damaged, err);
  }
  if (code == OK && !damaged && store_has_suspects(s)) { /* it was passed over: what rules the log may be lost */
    code = err_set(err, ERR_CORRUPT, "an entry is damaged that nobody had met before");
  }
  return code;
}

/* A log falls to one of its milestones, or to nothing. */
static enum err_code fall_to(struct hall *h, const struct hall_log *held, uint64_t size, struct err *err) {
  struct log log = held->log;
  derivation_nothing_erased(&h->derivation);
  enum err_code code = store_begin(h->config.store, err);
  if (code == OK) {
    code = fall(h, &log, size, err);
  }
  if (code == OK) {
    code = store_commit(h->config.store, err);
  }
  if (code != OK) {
    store_rollback(h->config.store);
    return code;
  }
  log_line(LOG_WARNING, "repair", "entries are withdrawn by a cut", "node=%s gen=%" PRIu64 " from=%" PRIu64 " to=%" PRIu64,
           federation_handle(h->config.federation, &log.node), log.gen, size, held->log.range.size);
  hall_fell(h, &log);
  hall_forget_states(h);
  scrub_fell(h->scrub, log.no, size);
  hall_erased(h);
  return hall_count_missing(h, err); /* and what was damaged above is not any more */
}

/* ---- the cut ---- */

/* Whether the first cut_size entries of a log that is as long, or longer, are those that the cut names. */
static enum err_code is_branch(struct hall *h, const struct hall_log *held, const struct generation *g, bool *out,
                               struct err *err) {
  struct merkle_range range = {.size = 0};
  const bool is_cut = held->log.range.size == g->cut_size;
  const enum err_code code = is_cut ? OK : leaves_fold(h->config.store, held->log.no, g->cut_size, &range, err);
  if (code == OK) {
    const struct hash root = merkle_root(is_cut ? &held->log.range : &range);
    *out = hash_equal(&root, &g->cut_root);
  }
  return code;
}

static enum err_code apply_cut(struct hall *h, const struct hash *node, uint64_t gen, struct err *err) {
  const struct generation *g = federation_generation(h->config.federation, node, gen);
  const struct hall_log *held = hall_find(h, node, gen);
  bool same = false;
  uint64_t size = 0;
  if (g == NULL || !g->is_closed || held == NULL || held->log.range.size < g->cut_size) {
    return OK;
  }
  enum err_code code = OK;
  if (g->cut_size == 0) { /* of whoever was expelled, behind the generation of the cut */
    same = true;
  } else {
    code = is_branch(h, held, g, &same, err);
  }
  if (code == ERR_CORRUPT && !hash_equal(node, &h->config.federation->own)) { /* members give it again */
    err_clear(err);
    code = OK;
  }
  if (code == OK) {
    code = milestone_below(h->config.store, held->log.no, same ? g->cut_size : g->cut_size - 1, &size, err);
  }
  return code == OK && size < held->log.range.size ? fall_to(h, held, size, err) : code;
}

/* Whether an entry that nobody knew of was met as damaged, and is marked now. */
static bool met_damage(struct hall *h) {
  const uint64_t known = h->n_damaged;
  return hall_take_suspects(h, NULL) == OK && h->n_damaged > known;
}

enum err_code hall_apply_cuts(struct hall *h, const struct hash *node, struct err *err) {
  const struct federation_member *m = federation_by_node(h->config.federation, node);
  enum err_code code = hall_take_suspects(h, err);
  for (uint64_t gen = 1; m != NULL && code == OK && gen <= m->identity.gen; gen++) {
    code = apply_cut(h, node, gen, err);
    while (code == ERR_CORRUPT && met_damage(h)) { /* it may stand above the cut */
      err_clear(err);
      code = apply_cut(h, node, gen, err);
    }
  }
  return code;
}

enum err_code hall_step_back(struct hall *h, const struct hash *node, uint64_t gen, uint64_t milestones, struct err *err) {
  const struct generation *g = federation_generation(h->config.federation, node, gen);
  const struct hall_log *held = hall_find(h, node, gen);
  uint64_t size = held == NULL ? 0 : held->log.range.size;
  if (g == NULL || !g->is_closed || size == 0 || size >= g->cut_size) {
    return err_set(err, ERR_REFUSED, "no closed generation on its way to its cut");
  }
  enum err_code code = OK;
  for (uint64_t i = 0; code == OK && i < milestones && size > 0; i++) {
    code = milestone_below(h->config.store, held->log.no, size - 1, &size, err);
  }
  return code == OK ? fall_to(h, held, size, err) : code;
}
