/*
 * append: verified entries behind a log. See append.h.
 */
#include "node/append.h"

#include <stdlib.h>
#include <string.h>

#include "node/forks.h"
#include "node/store/endorsed.h"
#include "node/store/milestone.h"
#include "node/store/takedown.h"
#include "node/store/withdrawn.h"
#include "protocol/canon.h"

/* The state of the evaluation behind what is held: of this generation, or of the one before. */
static enum err_code take_state(struct append *a, const struct hash *node, uint64_t gen, struct err *err) {
  struct hall *h = a->h;
  a->lender = hall_find(h, node, gen);
  if (a->lender == NULL && gen > 1) {
    a->lender = hall_find(h, node, gen - 1);
  }
  if (a->lender == NULL) {
    return evaluation_new(&h->derivation.fed_id, node, &a->state, err);
  }
  const enum err_code code = hall_state(h, a->lender, err);
  if (code == OK) {
    a->state = a->lender->state;
    a->lender->state = NULL; /* ours until the commit: a failure drops it, and it is read again when it is needed */
  }
  return code;
}

/* One that is held is what it is in memory: a disk may have changed its row since. */
static enum err_code take_log(struct append *a, const struct hash *node, uint64_t gen, struct err *err) {
  const struct hall_log *held = hall_find(a->h, node, gen);
  if (held != NULL) {
    a->log = held->log;
    return OK;
  }
  return log_find_or_create(a->h->config.store, node, gen, &a->log, err);
}

enum err_code append_begin(struct append *a, struct hall *h, const struct hash *node, uint64_t gen, struct err *err) {
  memset(a, 0, sizeof *a);
  a->h = h;
  derivation_nothing_erased(&h->derivation);
  enum err_code code = hall_reserve(h, err);
  if (code == OK) {
    code = store_begin(h->config.store, err);
  }
  if (code == OK) {
    code = take_log(a, node, gen, err);
  }
  if (code == OK) {
    code = milestone_next(h->config.store, &a->arrival, err);
  }
  if (code == OK) {
    code = take_state(a, node, gen, err);
  }
  if (code == OK && a->state->gen < gen) {
    a->state_moved = true;
    code = evaluation_begin(a->state, a->log.no, err);
  }
  const struct generation *g = federation_generation(h->config.federation, node, gen);
  a->is_closed = g != NULL && g->is_closed;
  return code;
}

/* Where the next entry stands. */
static struct position next_position(const struct append *a) {
  return (struct position){a->log.gen, a->log.range.size};
}

enum err_code append_try(struct append *a, const struct verified *entry, struct verdict *v, struct err *err) {
  return evaluate(a->state, a->h->config.store, &entry->opened, next_position(a), true, v, err);
}

/* Whether an identity follows on the one that is known here. Another one of its version may have come first. */
static enum err_code follows(const struct append *a, const struct identity *identity, bool *out, struct err *err) {
  struct bytes octets;
  struct identity_item previous;
  bytes_init(&octets, LIMIT_BODY);
  *out = identity->version == 2 && hash_equal(&identity->prev, &a->log.node);
  enum err_code code = OK;
  if (identity->version > 2) {
    code = store_get_identity(a->h->config.store, &a->log.node, identity->version - 1, &octets, err);
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  } else if (code == OK && identity->version > 2) {
    struct canon_reader r = canon_reader(bytes_view(&octets));
    identity_item_read(&r, &previous);
    const struct hash hash = identity_hash(previous.body);
    *out = canon_finish(&r, "identity", NULL) == OK && hash_equal(&identity->prev, &hash);
  }
  bytes_release(&octets);
  return code;
}

/* An identity of version 2 or later that stands in a log is the node's from then on, if it follows on what is known. */
static enum err_code keep_identity(struct append *a, const struct item *item, struct err *err) {
  struct federation_member *m = hall_member(a->h, &a->log.node);
  const struct identity *identity = &a->state->identity;
  bool kept = false;
  if (m == NULL || identity->version <= m->identity.version + a->n_identities) {
    return OK;
  }
  enum err_code code = follows(a, identity, &kept, err);
  if (code != OK || !kept) {
    return code;
  }
  struct identity *more = reallocarray(a->identities, a->n_identities + 1, sizeof *more);
  if (more == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  a->identities = more;
  a->identities[a->n_identities++] = *identity;
  code = federation_reserve(m, err);
  return code == OK ? store_put_identity(a->h->config.store, &a->log.node, identity->version, item->body, err) : code;
}

/* Evidence that somebody wrote into a log is taken as if it had been told; what does not verify is kept as what it is, a record
 * without effect. */
static enum err_code keep_evidence(struct append *a, const struct opened *opened, struct err *err) {
  const struct header *h = &opened->record.header;
  bool kept = false;
  enum err_code code = hall_evidence_take(a->h, &h->subject, h->args[0], opened->item.body, &kept, err);
  if (code == OK) {
    return evidence_set_recorded(a->h->config.store, &h->subject, h->args[0], err);
  }
  if (code == ERR_FORMAT || code == ERR_SIGNATURE || code == ERR_MISMATCH || code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  return code;
}

uint64_t append_body_len(const struct item *item) {
  struct header h;
  struct view header;
  struct view signature;
  if (item->state != ITEM_ABSENT && item->state != ITEM_GONE) {
    return item->body.len;
  }
  return envelope_split(item->envelope, &header, &signature) && header_decode(header, &h) == REASON_NONE ? h.body_len : 0;
}

static void count(struct append *a, const struct verified *entry, const struct item *kept, const struct verdict *v) {
  const struct header *h = &entry->opened.record.header;
  if (v->backdated) {
    const struct position from = {h->args[0], h->args[1] < LIMIT_SIZE ? h->args[1] : LIMIT_SIZE};
    a->revoked_from = a->backdated && position_compare(a->revoked_from, from) < 0 ? a->revoked_from : from;
    a->backdated = true;
  }
  merkle_append(&a->log.range, &entry->leaf);
  a->log.body_bytes += append_body_len(kept);
  a->missing += kept->state == ITEM_ABSENT;
  a->n_new += v->reason == REASON_NONE;
  a->n_held += v->reason != REASON_NONE;
  a->held_by_reason[(unsigned)v->reason % 64] += v->reason != REASON_NONE;
}

/* A text that was taken down is not kept, whoever brings it and however late (docs/protocol.md 7.4): *gone is then the entry as
 * it is kept, and *opened points there. */
static enum err_code leave_gone(const struct append *a, const struct opened **opened, struct opened *gone, struct err *err) {
  const struct derivation *d = &a->h->derivation;
  const struct opened *entry = *opened;
  const struct item *item = &entry->item;
  struct hash id = {{0}};
  bool found = false;
  if (!d->takedowns || (item->state != ITEM_WHOLE && item->state != ITEM_ABSENT) || !entry->has_kind ||
      record_kind_keeps_body(entry->kind)) {
    return OK;
  }
  id = entry->reason == REASON_NONE ? entry->record.id : envelope_id(&d->fed_id, item->envelope);
  *gone = *entry;
  const enum err_code code = takedown_of(a->h->config.store, &d->fed_id, &a->log.node, &id, &found, &gone->item.takedown, err);
  if (code == OK && found) {
    gone->item.state = ITEM_GONE;
    gone->item.body = view_of(NULL, 0);
    gone->is_canonical = false;
    *opened = gone;
  }
  return code;
}

enum err_code append_entry(struct append *a, const struct verified *entry, enum reason *reason, struct err *err) {
  const struct opened *opened = &entry->opened;
  struct store *s = a->h->config.store;
  const int64_t rowid = entry_rowid(a->log.no, a->log.range.size);
  struct verdict v = {.reason = REASON_NONE};
  struct opened gone;
  if (opened->has_kind && (opened->kind == KIND_PROPOSE || opened->kind == KIND_VOTE)) {
    voter_touch(a->h);
  }
  a->state_moved = a->state_moved || opened->freezes || !opened->has_kind || opened->kind <= KIND_VOTE;
  enum err_code code = leave_gone(a, &opened, &gone, err);
  if (code == OK) {
    code = evaluate(a->state, s, opened, next_position(a), false, &v, err);
  }
  if (code == OK) {
    const bool is_first = opened->reason == REASON_NONE && !v.repeated;
    code = entry_put(s, rowid, &opened->item, is_first ? &opened->record.id : NULL, err);
  }
  if (code == OK) {
    code = derivation_apply(&a->h->derivation, rowid, opened, &v, a->arrival, err);
  }
  if (code == OK && a->is_closed) {
    code = withdrawn_heal(s, rowid, opened->item.envelope, err);
  }
  if (code == OK && v.reason == REASON_NONE && opened->record.header.kind == KIND_IDENTITY) {
    code = keep_identity(a, &opened->item, err);
  }
  if (code == OK && v.reason == REASON_NONE && opened->record.header.kind == KIND_EVIDENCE) {
    code = keep_evidence(a, opened, err);
  }
  if (code == OK) {
    count(a, entry, &opened->item, &v);
    *reason = v.reason;
  }
  return code;
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
    code = derivation_revoke(&a->h->derivation, a->state, a->revoked_from, err);
  }
  if (code == OK) {
    code = endorsed_settle(a->h->config.store, a->h->config.federation, err);
  }
  if (code == OK) {
    code = store_commit(a->h->config.store, err);
  }
  if (code != OK) {
    return code;
  }
  for (size_t i = 0; i < a->n_identities; i++) {
    federation_take(hall_member(a->h, &a->log.node), &a->identities[i]);
  }
  if (a->n_identities > 0) {
    voter_touch(a->h);
  }
  free(a->identities);
  a->identities = NULL;
  hall_moved(a->h, &a->log, a->state, a->missing);
  hall_erased(a->h);
  a->state = NULL;
  return OK;
}

void append_abort(struct append *a) {
  store_rollback(a->h->config.store);
  free(a->identities);
  a->identities = NULL;
  if (a->lender != NULL && a->lender->state == NULL && !a->state_moved) {
    a->lender->state = a->state;
  } else {
    evaluation_free(a->state);
  }
  a->state = NULL;
}
