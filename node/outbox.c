/*
 * outbox: what is done with a submission while the fork guard is closed: what may come into the log later is kept. What the log
 * would refuse for a reason that the missing part of it may cure is kept, too; the rest is refused at once. Declared in hall.h.
 */
#include <string.h>

#include "node/admission.h"

#define WAITING_MAX 4096u                       /* records: months of a person's work */
#define OCTETS_MAX ((uint64_t)64 * 1024 * 1024) /* of them */

/* Reasons that follow from what this store has, and may not from the whole log: the object or its newest version is further up,
 * or the log has not even begun here. Who may write is not one of these: else strangers could fill the disk. */
static bool may_change(enum reason reason) {
  return reason == REASON_SUBJECT || reason == REASON_STALE || reason == REASON_NOT_YET;
}

static bool has_room(const struct outbox_size *size) {
  return size->n_waiting < WAITING_MAX && size->octets < OCTETS_MAX;
}

static enum err_code queue_one(struct append *a, const struct verified *entry, struct outbox_size *size,
                               struct receipt_row *row, struct err *err) {
  struct hall *h = a->h;
  enum reason reason = entry->opened.reason;
  bool known = false;
  int64_t held = 0;
  *row = (struct receipt_row){.id = envelope_id(&h->derivation.fed_id, entry->opened.item.envelope), .state = RECEIPT_QUEUED};
  enum err_code code = OK;
  if (reason == REASON_NONE) {
    code = entry_find_below(h->config.store, &h->derivation.fed_id, &row->id, entry_rowid(a->log.no, a->log.range.size), &known,
                            &held, err);
  }
  if (code == OK && known) {
    row->state = RECEIPT_LOGGED;
    row->gen = a->log.gen;
    row->index = entry_index(held);
    return OK;
  }
  if (code == OK) {
    code = admission_check(a, entry, &reason, err);
  }
  if (code == OK && (may_change(reason) || reason == REASON_NONE)) {
    reason = has_room(size) && entry->fault == NULL ? REASON_NONE : entry->fault != NULL ? REASON_BODY : REASON_NOT_YET;
  }
  if (code != OK || reason != REASON_NONE) {
    row->state = RECEIPT_REFUSED;
    row->reason = (uint64_t)reason;
    return code;
  }
  size->n_waiting++;
  size->octets += entry->opened.item.envelope.len + entry->opened.item.body.len;
  return outbox_put(h->config.store, &row->id, clock_unix(h->config.clock), &entry->opened.item, err);
}

enum err_code outbox_queue(struct hall *h, const struct verified *entries, uint32_t n, struct receipt *out, struct err *err) {
  const struct federation *f = h->config.federation;
  struct outbox_size size = h->guarding.look.outbox;
  struct append a;
  enum err_code code = append_begin(&a, h, &f->own, federation_self(f)->identity.gen, err);
  for (uint32_t i = 0; i < n && code == OK; i++) {
    code = queue_one(&a, &entries[i], &size, &out->rows[i], err);
  }
  if (code == OK) {
    code = store_commit(h->config.store, err);
  }
  append_abort(&a); /* of the log nothing has moved */
  return code == OK ? outbox_measure(h->config.store, &h->guarding.look.outbox, err) : code;
}
