/*
 * admit: the only way into the own log. See admit.h. What may enter is admission.c's.
 */
#include "node/admit.h"

#include <stdlib.h>
#include <string.h>

#include "node/admission.h"

/* A submission on its way. */
struct admission {
  struct append append;
  struct verified *entries;
  uint64_t since;       /* size of the log at its last milestone */
  uint64_t since_bytes; /* octets of bodies at it */
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
  if (code == OK && a->log.range.size == before) {
    append_abort(a);
    return code;
  }
  if (code == OK && a->log.range.size > ad->since) {
    code = sign_milestone(ad, err);
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

enum err_code hall_admit(struct hall *h, const struct item *items, uint32_t n, struct receipt *out, struct err *err) {
  const struct federation *f = h->config.federation;
  const struct federation_member *self = federation_self(f);
  struct admission ad = {.entries = NULL};
  if (h->config.node_key == NULL || self == NULL) {
    return err_set(err, ERR_REFUSED, "this process has no node key: it cannot write to the log");
  }
  if (!pubkey_equal(&h->config.node_key->pub, &self->identity.node_key)) {
    return err_set(err, ERR_REFUSED, "the node key is not the one of the node's identity");
  }
  if (self->identity.gen != 1) {
    return err_set(err, ERR_REFUSED, "the log is in generation %llu: this version writes to the first one only",
                   (unsigned long long)self->identity.gen);
  }
  if (n > LIMIT_SUBMIT) {
    return err_set(err, ERR_LIMIT, "%u records at once, at most %u", n, LIMIT_SUBMIT);
  }
  *out = (struct receipt){.fed_id = f->charter.fed_id, .node = f->own, .n = n};
  enum err_code code = verify_all(h, &ad, items, n, err);
  if (code == OK) {
    code = append_begin(&ad.append, h, &f->own, self->identity.gen, err);
    if (code != OK) {
      append_abort(&ad.append);
    } else {
      code = admit_all(&ad, n, out, err);
    }
  }
  free(ad.entries);
  return code;
}
