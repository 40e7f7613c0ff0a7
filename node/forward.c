/*
 * forward: a submission's records whose home is another member (docs/protocol.md 9): kept for it, if the home's own log says
 * that their authors may write there. Who carries them is core's (core_courier.c). Declared in hall.h.
 */
#include "node/store/forward.h"

#include <stdlib.h>

#include "node/admission.h"
#include "node/store/query.h"

#define HOME_RECORDS 256u                       /* that wait for one home: one submission's worth */
#define HOME_OCTETS ((uint64_t)4 * 1024 * 1024) /* of them */
#define ALL_RECORDS 4096u                       /* for all homes, past which each still has its share: */
#define ALL_OCTETS ((uint64_t)64 * 1024 * 1024) /* of them */
#define SHARE_RECORDS 32u                       /* a few homes that do not answer take nothing from the others */
#define SHARE_OCTETS ((uint64_t)512 * 1024)     /* of them */

/* The member whose log the record is for, if that is another one; NULL: it is for ours, or for nobody's. The log of who is no
 * member any more has ended: nothing is kept for it. */
static const struct federation_member *home_of(const struct hall *h, const struct item *item) {
  struct view octets, signature;
  struct header header;
  const struct federation *f = h->config.federation;
  if (!envelope_split(item->envelope, &octets, &signature) || header_decode(octets, &header) != REASON_NONE ||
      hash_equal(&header.home, &f->own)) {
    return NULL;
  }
  const struct federation_member *m = federation_by_node(f, &header.home);
  return m == NULL || m->until != 0 ? NULL : m;
}

struct search {
  const struct pubkey *key;
  bool found;
};

static bool is_certified(void *context, const struct query_person *p) {
  struct search *s = context;
  s->found = s->found || (pubkey_equal(&p->key, s->key) && !p->revoked);
  return !s->found;
}

/* Whether that log certifies the key now. Store errors. */
static enum err_code look_up(const struct hall *h, const struct federation_member *m, const struct pubkey *key, bool *found,
                             struct err *err) {
  struct search s = {.key = key};
  const enum err_code code = query_people(h->config.store, h->config.federation, m->member->handle, is_certified, &s, err);
  *found = s.found;
  return code;
}

/* Whether an endorsement that is held is by that key: who took it back is then known here, whoever certified the key. */
static enum err_code is_signed_by(const struct hall *h, const struct hash *endorsement, const struct pubkey *key, bool *out,
                                  struct err *err) {
  const struct hash *fed_id = &h->config.federation->charter.fed_id;
  struct record signature;
  struct bytes scratch;
  struct item item;
  int64_t rowid = 0;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_find(h->config.store, fed_id, endorsement, &rowid, err);
  if (code == OK) code = entry_get(h->config.store, rowid, &scratch, &item, err);
  if (code == OK) {
    *out = record_reopen(item.envelope, fed_id, &signature) == REASON_NONE && signature.header.kind == KIND_ENDORSE &&
           pubkey_equal(&signature.header.author, key);
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&scratch);
  return code;
}

/* Withdrawals of endorsements, and revocations by the key itself, count from whichever log carries them: those of our own
 * people go into ours, and so does a withdrawal by the key that signed. */
static enum err_code is_ours_too(const struct hall *h, const struct item *item, bool *ours, struct err *err) {
  struct view octets, signature;
  struct header header;
  const struct federation_member *self = federation_self(h->config.federation);
  *ours = false;
  if (self == NULL) return OK;
  if (!envelope_split(item->envelope, &octets, &signature) || header_decode(octets, &header) != REASON_NONE ||
      (header.kind != KIND_ENDORSE_WITHDRAW && header.kind != KIND_REVOKE)) {
    return OK;
  }
  const enum err_code code =
      header.kind == KIND_ENDORSE_WITHDRAW ? is_signed_by(h, &header.subject, &header.author, ours, err) : OK;
  return code == OK && !*ours ? look_up(h, self, &header.author, ours, err) : code;
}

enum err_code forward_sort(const struct hall *h, const struct item *items, uint32_t n, bool *foreign, bool *any,
                           struct err *err) {
  enum err_code code = OK;
  *any = false;
  for (uint32_t i = 0; i < n && code == OK; i++) {
    bool ours = false;
    foreign[i] = home_of(h, &items[i]) != NULL;
    if (foreign[i]) code = is_ours_too(h, &items[i], &ours, err);
    foreign[i] = foreign[i] && !ours;
    *any = *any || foreign[i];
  }
  return code;
}

/* What the home's receipt says of a record; the row stays as it is if it says nothing. */
static enum err_code read_refusal(struct view octets, struct receipt_row *row, struct err *err) {
  struct receipt *r = calloc(1, sizeof *r);
  if (r == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  const enum err_code code = receipt_open(octets, NULL, r, err);
  for (uint32_t i = 0; code == OK && i < r->n; i++) {
    if (hash_equal(&r->rows[i].id, &row->id)) *row = r->rows[i];
  }
  free(r);
  return code;
}

/* What became of one that was handed in before: *known. What was refused, or given up, is told once, and then
 * begins anew. */
static enum err_code recall(struct hall *h, struct receipt_row *row, bool *known, struct err *err) {
  struct store *s = h->config.store;
  enum forward_state state = FORWARD_WAITS;
  struct bytes octets;
  bytes_init(&octets, LIMIT_SUBMIT_BYTES);
  enum err_code code = forward_get(s, &row->id, &state, &octets, err);
  *known = code == OK;
  if (code == OK && state == FORWARD_REFUSED) {
    code = read_refusal(bytes_view(&octets), row, err);
    if (code == OK) code = forward_remove(s, &row->id, err);
  } else if (code == OK && state == FORWARD_GIVEN_UP) {
    row->state = RECEIPT_REFUSED;
    row->reason = REASON_GIVEN_UP;
    code = forward_remove(s, &row->id, err);
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&octets);
  return code;
}

/* Whether there is room for one more of that home. Store errors. */
static enum err_code has_room(const struct hall *h, const struct hash *home, bool *room, struct err *err) {
  uint64_t n = 0, octets = 0;
  enum err_code code = forward_measure(h->config.store, home, &n, &octets, err);
  const bool shares = n < SHARE_RECORDS && octets < SHARE_OCTETS;
  *room = n < HOME_RECORDS && octets < HOME_OCTETS;
  if (code == OK) code = forward_measure(h->config.store, NULL, &n, &octets, err);
  *room = *room && (shares || (n < ALL_RECORDS && octets < ALL_OCTETS));
  return code;
}

/* Why one is not taken; REASON_NONE: it is. */
static enum err_code judge(struct hall *h, const struct verified *entry, const struct federation_member *m, enum reason *reason,
                           struct err *err) {
  bool certified = false, room = false;
  *reason = entry->opened.reason != REASON_NONE ? entry->opened.reason : entry->fault != NULL ? REASON_BODY : REASON_NONE;
  if (*reason == REASON_NONE && m->until != 0) *reason = REASON_HOME; /* its log has ended */
  if (*reason != REASON_NONE) return OK;
  enum err_code code = look_up(h, m, &entry->opened.record.header.author, &certified, err);
  if (code == OK && !certified) *reason = REASON_HOME;
  if (code != OK || !certified) return code;
  code = has_room(h, &m->member->node, &room, err);
  if (code == OK && !room) *reason = REASON_NOT_YET;
  return code;
}

static enum err_code take_one(struct hall *h, const struct verified *entry, struct receipt_row *row, struct err *err) {
  const struct federation_member *m = home_of(h, &entry->opened.item);
  enum reason reason = REASON_NONE;
  bool known = false;
  *row = (struct receipt_row){.id = envelope_id(&h->derivation.fed_id, entry->opened.item.envelope), .state = RECEIPT_QUEUED};
  if (m == NULL) {
    err_set(err, ERR_FAILED, "no such home");
    return ERR_FAILED;
  }
  enum err_code code = recall(h, row, &known, err);
  if (code != OK || known) return code;
  code = judge(h, entry, m, &reason, err);
  if (code == OK && reason != REASON_NONE) {
    row->state = RECEIPT_REFUSED;
    row->reason = (uint64_t)reason;
    return OK;
  }
  if (code != OK) return code;
  return forward_put(h->config.store, &row->id, &m->member->node, clock_unix(h->config.clock), &entry->opened.item, err);
}

enum err_code forward_take(struct hall *h, const struct verified *entries, const bool *foreign, uint32_t n, struct receipt *out,
                           struct err *err) {
  enum err_code code = store_begin(h->config.store, err);
  for (uint32_t i = 0; i < n && code == OK; i++) {
    if (foreign[i]) code = take_one(h, &entries[i], &out->rows[i], err);
  }
  if (code == OK) code = store_commit(h->config.store, err);
  if (code != OK) store_rollback(h->config.store);
  return code;
}
