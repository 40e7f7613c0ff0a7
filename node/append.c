/*
 * append: verified entries behind a log. See append.h.
 */
#include "node/append.h"

#include <string.h>

#include "node/store/milestone.h"

enum err_code append_begin(struct append *a, struct hall *h, const struct hash *node, uint64_t gen, struct err *err) {
  memset(a, 0, sizeof *a);
  a->h = h;
  enum err_code code = hall_reserve(h, err);
  if (code == OK) {
    code = store_begin(h->config.store, err);
  }
  if (code == OK) {
    code = log_find_or_create(h->config.store, node, gen, &a->log, err);
  }
  if (code == OK) {
    code = milestone_next(h->config.store, &a->arrival, err);
  }
  struct hall_log *held = hall_find(h, node, gen);
  if (code == OK && held == NULL) {
    return evaluation_new(&h->derivation.fed_id, node, gen, a->log.no, &a->state, err);
  }
  if (code == OK) {
    code = hall_state(h, held, err);
  }
  if (code == OK) {
    a->state = held->state;
    held->state = NULL; /* ours until the commit: a failure drops it, and it is read again when it is needed */
  }
  return code;
}

enum err_code append_try(struct append *a, const struct verified *entry, struct verdict *v, struct err *err) {
  return evaluate(a->state, a->h->config.store, &entry->opened, a->log.range.size, true, v, err);
}

/* An identity of version 2 or later that stands in a log is the node's from then on. */
static enum err_code keep_identity(struct append *a, const struct item *item, struct err *err) {
  const struct federation_member *m = federation_by_node(a->h->config.federation, &a->log.node);
  if (m == NULL || a->state->identity.version <= m->identity.version) {
    return OK;
  }
  a->new_identity = true;
  return store_put_identity(a->h->config.store, &a->log.node, a->state->identity.version, item->body, err);
}

enum err_code append_entry(struct append *a, const struct verified *entry, enum reason *reason, struct err *err) {
  const struct opened *opened = &entry->opened;
  struct store *s = a->h->config.store;
  const int64_t rowid = entry_rowid(a->log.no, a->log.range.size);
  struct verdict v = {.reason = REASON_NONE};
  enum err_code code = entry_put(s, rowid, &opened->item, opened->reason == REASON_NONE ? &opened->record.id : NULL, err);
  if (code == OK) {
    code = evaluate(a->state, s, opened, a->log.range.size, false, &v, err);
  }
  if (code == OK) {
    code = derivation_apply(&a->h->derivation, rowid, opened, &v, a->arrival, err);
  }
  if (code == OK && v.reason == REASON_NONE && opened->record.header.kind == KIND_IDENTITY) {
    code = keep_identity(a, &opened->item, err);
  }
  if (code != OK) {
    return code;
  }
  merkle_append(&a->log.range, &entry->leaf);
  a->log.body_bytes += opened->item.body.len;
  a->missing += opened->item.state == ITEM_ABSENT;
  a->backdated = a->backdated || v.backdated;
  *reason = v.reason;
  a->n_new += v.reason == REASON_NONE;
  a->n_held += v.reason != REASON_NONE;
  a->held_by_reason[(unsigned)v.reason % 64] += v.reason != REASON_NONE;
  return OK;
}

enum err_code append_milestone(struct append *a, struct view text, struct err *err) {
  struct store *s = a->h->config.store;
  enum err_code code = log_save(s, &a->log, err);
  if (code == OK) {
    code = milestone_put(s, a->log.no, a->log.range.size, text, err);
  }
  a->arrival++;
  return code;
}

enum err_code append_commit(struct append *a, struct err *err) {
  enum err_code code = OK;
  if (a->backdated) {
    code = derivation_log_again(&a->h->derivation, &a->log, &a->state, err);
  }
  if (code == OK) {
    code = store_commit(a->h->config.store, err);
  }
  if (code != OK) {
    return code;
  }
  if (a->new_identity) {
    hall_identity_moved(a->h, &a->log.node, &a->state->identity);
  }
  hall_moved(a->h, &a->log, a->state, a->missing);
  a->state = NULL;
  return OK;
}

void append_abort(struct append *a) {
  store_rollback(a->h->config.store);
  evaluation_free(a->state);
  a->state = NULL;
}
