/*
 * admit: the only way into the own log. See admit.h. What may enter is admission.c's.
 */
#include "node/admit.h"

#include <stdlib.h>
#include <string.h>

#include "node/admission.h"
#include "node/store/outbox.h"
#include "protocol/canon.h"

/* A submission on its way. */
struct admission {
  struct append append;
  struct verified *entries;
  bool is_release;                   /* of the outbox: what becomes of it is written there in the same transaction */
  const struct admit_beside *beside; /* NULL: nothing */
  uint64_t since;                    /* size of the log at its last milestone */
  uint64_t since_bytes;              /* octets of bodies at it */
};

static enum err_code sign_milestone(struct admission *ad, struct err *err) {
  struct append *a = &ad->append;
  const struct checkpoint checkpoint = {.fed_id = a->h->derivation.fed_id,
                                        .node = a->log.node,
                                        .gen = a->log.gen,
                                        .size = a->log.range.size,
                                        .root = merkle_root(&a->log.range)};
  struct bytes text;
  bytes_init(&text, LIMIT_CHECKPOINT);
  enum err_code code = checkpoint_seal(&checkpoint, a->h->config.node_key, &text, err);
  if (code == OK) {
    code = append_milestone(a, bytes_view(&text), err);
  }
  ad->since = a->log.range.size;
  ad->since_bytes = a->log.body_bytes;
  bytes_release(&text);
  return code;
}

static enum err_code admit_one(struct admission *ad, const struct verified *entry, struct receipt_row *row, struct err *err) {
  struct append *a = &ad->append;
  enum reason reason = REASON_NONE;
  bool known = false;
  int64_t held = 0;
  row->id = envelope_id(&a->h->derivation.fed_id, entry->opened.item.envelope);
  row->gen = a->log.gen;
  row->state = RECEIPT_LOGGED;
  enum err_code code = OK;
  if (entry->opened.reason == REASON_NONE) {
    code = entry_find_below(a->h->config.store, &a->h->derivation.fed_id, &row->id, entry_rowid(a->log.no, a->log.range.size),
                            &known, &held, err);
    row->index = entry_index(held);
  }
  if (code != OK || known) {
    return code;
  }
  code = admission_check(a, entry, &reason, err);
  if (code == OK && reason != REASON_NONE) {
    *row = (struct receipt_row){.id = row->id, .state = RECEIPT_REFUSED, .reason = (uint64_t)reason};
    return OK;
  }
  if (code == OK && (a->log.range.size - ad->since >= LIMIT_MILESTONE_ENTRIES ||
                     a->log.body_bytes - ad->since_bytes + entry->opened.item.body.len > LIMIT_MILESTONE_BYTES)) {
    code = sign_milestone(ad, err);
  }
  row->index = a->log.range.size;
  return code == OK ? append_entry(a, entry, &reason, err) : code;
}

/* What became of records of the outbox: those in the log leave it, those refused stay with the reason. */
static enum err_code settle(struct admission *ad, const struct receipt *receipt, struct err *err) {
  struct store *s = ad->append.h->config.store;
  enum err_code code = OK;
  for (uint32_t i = 0; i < receipt->n && code == OK; i++) {
    const struct receipt_row *row = &receipt->rows[i];
    code = row->state == RECEIPT_LOGGED ? outbox_remove(s, &row->id, err) : outbox_refuse(s, &row->id, row->reason, err);
  }
  return code;
}

/* Nothing comes into the log. */
static enum err_code end_without_growth(struct admission *ad, struct err *err) {
  const enum err_code code = ad->is_release ? store_commit(ad->append.h->config.store, err) : OK;
  append_abort(&ad->append);
  return code;
}

/* All records of a submission in one transaction. */
static enum err_code admit_all(struct admission *ad, uint32_t n, struct receipt *out, struct err *err) {
  struct append *a = &ad->append;
  enum err_code code = OK;
  ad->since = a->log.range.size;
  ad->since_bytes = a->log.body_bytes;
  const uint64_t before = a->log.range.size;
  for (uint32_t i = 0; i < n && code == OK; i++) {
    code = admit_one(ad, &ad->entries[i], &out->rows[i], err);
  }
  if (code == OK && ad->is_release) {
    code = settle(ad, out, err);
  }
  if (code == OK && a->log.range.size == before) {
    return end_without_growth(ad, err);
  }
  if (code == OK && a->log.range.size > ad->since) {
    code = sign_milestone(ad, err);
  }
  if (code == OK && ad->beside != NULL) {
    code = ad->beside->write(ad->beside->context, out, err);
  }
  if (code == OK) {
    code = append_commit(a, err);
  }
  if (code != OK) {
    append_abort(a);
  }
  return code;
}

static enum err_code verify_all(struct hall *h, struct admission *ad, const struct item *items, uint32_t n, struct err *err) {
  struct verify_batch batch = {.pending = 0};
  ad->entries = calloc(n == 0 ? 1 : n, sizeof *ad->entries);
  if (ad->entries == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (uint32_t i = 0; i < n; i++) {
    ad->entries[i].opened.item = items[i];
  }
  const enum err_code code = verify_submit(h->pool, &batch, ad->entries, n, err);
  verify_wait(h->pool, &batch);
  return code;
}

/* Everything that must be so before anything of the own log is touched. */
static enum err_code check_self(const struct hall *h, uint32_t n, struct err *err) {
  const struct federation_member *self = federation_self(h->config.federation);
  if (h->config.node_key == NULL) {
    return err_set(err, ERR_REFUSED, "this process has no node key: it cannot write to the log");
  }
  if (self == NULL) {
    (void)err_set(err, ERR_REFUSED, "this node is no member: it has no log to write to");
    return err_hint(err, "specola member list says who is");
  }
  if (!pubkey_equal(&h->config.node_key->pub, &self->identity.node_key)) {
    return err_set(err, ERR_REFUSED, "the node key is not the one of the node's identity");
  }
  if (!hall_may_begin(h, &h->config.federation->own, self->identity.gen)) {
    (void)err_set(err, ERR_REFUSED, "generation %llu of the log begins when the one before stands at its cut",
                  (unsigned long long)self->identity.gen);
    return err_hint(err, "specola sync brings what is missing");
  }
  return n <= LIMIT_SUBMIT ? OK : err_set(err, ERR_LIMIT, "%u records at once, at most %u", n, LIMIT_SUBMIT);
}

/* Admission as such: the guard is open. */
static enum err_code admit(struct hall *h, struct admission *ad, struct receipt *out, struct err *err) {
  const struct federation *f = h->config.federation;
  enum err_code code = append_begin(&ad->append, h, &f->own, federation_self(f)->identity.gen, err);
  if (code != OK) {
    append_abort(&ad->append);
    return code;
  }
  return admit_all(ad, out->n, out, err);
}

/* Whoever came before waits no longer than whoever comes now. */
static enum err_code release_all(struct hall *h, struct err *err) {
  bool moved = false;
  enum err_code code = OK;
  while (code == OK && hall_may_write(h) && h->guarding.look.outbox.n_waiting > 0) {
    code = outbox_release(h, &moved, err);
  }
  return code;
}

/* Of a submission that is not all for the own log: the one part goes the usual way, the other is kept for its homes. */
static enum err_code admit_mixed(struct hall *h, const struct item *items, const bool *foreign, uint32_t n, struct receipt *out,
                                 struct err *err) {
  struct item own[LIMIT_SUBMIT];
  struct admission ad = {.entries = NULL};
  struct receipt *part = calloc(1, sizeof *part);
  uint32_t n_own = 0;
  if (part == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (!foreign[i]) {
      own[n_own++] = items[i];
    }
  }
  enum err_code code = n_own == 0 ? OK : hall_admit_beside(h, own, n_own, NULL, part, err);
  *out = (struct receipt){.fed_id = h->config.federation->charter.fed_id, .node = h->config.federation->own, .n = n};
  for (uint32_t i = 0, k = 0; i < n; i++) {
    if (!foreign[i]) {
      out->rows[i] = part->rows[k++];
    }
  }
  if (code == OK) {
    code = verify_all(h, &ad, items, n, err);
  }
  if (code == OK) {
    code = forward_take(h, ad.entries, foreign, n, out, err);
  }
  free(ad.entries);
  free(part);
  return code;
}

enum err_code hall_admit(struct hall *h, const struct item *items, uint32_t n, struct receipt *out, struct err *err) {
  bool foreign[LIMIT_SUBMIT];
  bool any = false;
  enum err_code code = check_self(h, n, err);
  if (code == OK) {
    code = forward_sort(h, items, n, foreign, &any, err);
  }
  if (code != OK) {
    return code;
  }
  return any ? admit_mixed(h, items, foreign, n, out, err) : hall_admit_beside(h, items, n, NULL, out, err);
}

enum err_code hall_admit_beside(struct hall *h, const struct item *items, uint32_t n, const struct admit_beside *beside,
                                struct receipt *out, struct err *err) {
  const struct federation *f = h->config.federation;
  struct admission ad = {.entries = NULL, .beside = beside};
  enum err_code code = check_self(h, n, err);
  if (code == OK) {
    code = release_all(h, err);
  }
  if (code != OK) {
    return code;
  }
  *out = (struct receipt){.fed_id = f->charter.fed_id, .node = f->own, .n = n};
  code = verify_all(h, &ad, items, n, err);
  if (code == OK) {
    code = hall_may_write(h) ? admit(h, &ad, out, err) : outbox_queue(h, ad.entries, n, out, err);
  }
  free(ad.entries);
  return code;
}

/* ---- out of the outbox ---- */

struct release {
  struct bytes octets; /* of the items, one behind the other */
  size_t ends[LIMIT_SUBMIT];
  uint32_t n;
  enum err_code code;
  struct err *err;
};

static bool collect(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item) {
  struct release *r = context;
  (void)id;
  (void)received;
  (void)reason;
  if (r->n == LIMIT_SUBMIT || (r->n > 0 && r->octets.len + item.len > LIMIT_SUBMIT_BYTES)) {
    return false;
  }
  r->code = bytes_append(&r->octets, item, r->err);
  r->ends[r->n++] = r->octets.len;
  return r->code == OK;
}

/* The items that were collected, which borrow from them. */
static enum err_code read_collected(struct release *r, struct item items[LIMIT_SUBMIT], struct err *err) {
  enum err_code code = r->code;
  for (uint32_t i = 0; i < r->n && code == OK; i++) {
    const size_t start = i == 0 ? 0 : r->ends[i - 1];
    struct canon_reader reader = canon_reader(view_of(r->octets.p + start, r->ends[i] - start));
    item_read(&reader, &items[i]);
    code = canon_finish(&reader, "outbox", err);
  }
  return code;
}

enum err_code outbox_release(struct hall *h, bool *moved, struct err *err) {
  const struct federation *f = h->config.federation;
  struct admission ad = {.is_release = true};
  struct item items[LIMIT_SUBMIT];
  struct receipt *receipt = calloc(1, sizeof *receipt);
  struct release *r = calloc(1, sizeof *r);
  enum err_code code = OK;
  if (receipt == NULL || r == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  r->err = err;
  bytes_init(&r->octets, LIMIT_SUBMIT_BYTES + LIMIT_ITEM);
  code = check_self(h, 0, err);
  if (code == OK) {
    code = outbox_each(h->config.store, false, collect, r, err);
  }
  if (code == OK) {
    code = read_collected(r, items, err);
  }
  if (code == OK) {
    *receipt = (struct receipt){.fed_id = f->charter.fed_id, .node = f->own, .n = r->n};
    code = verify_all(h, &ad, items, r->n, err);
  }
  const struct hall_head *before = hall_head(h, &f->own, 1);
  const uint64_t size = before == NULL ? 0 : before->size;
  if (code == OK) {
    code = admit(h, &ad, receipt, err);
  }
  if (code == OK) {
    code = outbox_measure(h->config.store, &h->guarding.look.outbox, err);
    before = hall_head(h, &f->own, 1);
    *moved = *moved || (before != NULL && before->size > size);
  }
out:
  free(ad.entries);
  if (r != NULL) {
    bytes_release(&r->octets);
  }
  free(r);
  free(receipt);
  return code;
}
