/*
 * federation: charter and epochs out of the store, and each epoch's members (federation_member.c). Everything is verified again
 * from the charter on. See federation.h.
 */
#include "node/federation.h"

#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/federation_inside.h"
#include "protocol/ballot.h"
#include "protocol/canon.h"

#define CHARTER_ITEM_MAX                                                                                                       \
  (LIMIT_CHARTER + 512u * 1024u) /* octets of a charter item: body and up to 256 * 7 pairs of signatures */

void federation_release(struct federation *f) {
  for (uint32_t i = 0; i < f->n_members; i++) {
    free(f->members[i].generations);
  }
  charter_release(&f->charter);
  epoch_release(&f->epoch);
  for (uint32_t i = 0; i < LIMIT_POLICIES; i++) {
    bytes_release(&f->policies[i]);
  }
  free(f->members);
  free(f->rows);
  memset(f, 0, sizeof *f);
}

/* ---- loading ---- */

static enum err_code load_charter(struct store *s, struct federation *f, struct epoch *first, struct err *err) {
  struct bytes item;
  bytes_init(&item, CHARTER_ITEM_MAX);
  enum err_code code = store_get_charter(s, &item, err);
  if (code == ERR_NOT_FOUND) {
    (void)err_set(err, ERR_NOT_INITIALISED, "this node is in no federation yet");
    (void)err_hint(err, "specola join FILE.charter");
    code = ERR_NOT_INITIALISED;
  }
  if (code == OK) {
    code = charter_decode(bytes_view(&item), &f->charter, err);
  }
  if (code == OK) {
    code = charter_complete(&f->charter, err);
  }
  if (code == OK) {
    code = epoch_from_charter(&f->charter, first, NULL, err);
  }
  bytes_release(&item);
  return code;
}

static enum err_code load_own(struct store *s, struct federation *f, struct err *err) {
  struct bytes own;
  bytes_init(&own, HASH_LEN);
  enum err_code code = store_get_fact(s, "own", &own, err);
  if (code == OK && own.len == HASH_LEN) {
    memcpy(f->own.b, own.p, HASH_LEN);
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK; /* a replica */
  } else if (code == OK) {
    code = err_set(err, ERR_CORRUPT, "the own node id has %zu octets", own.len);
  }
  bytes_release(&own);
  return code;
}

/* ---- epochs ---- */

enum err_code federation_epoch_item(struct store *s, const struct federation *f, uint64_t number, struct bytes *out,
                                    struct err *err) {
  struct epoch epoch = {.number = 0};
  struct bytes body;
  if (number != 1) {
    return store_get_epoch(s, number, out, err);
  }
  bytes_init(&body, LIMIT_CHARTER);
  enum err_code code = epoch_from_charter(&f->charter, &epoch, &body, err);
  if (code == OK) {
    code = epoch_item_encode(bytes_view(&body), out, err);
  }
  epoch_release(&epoch);
  bytes_release(&body);
  return code;
}

void federation_next_release(struct federation_next *next) {
  for (uint32_t i = 0; next->members != NULL && i < next->n_members; i++) {
    if (next->members[i].since == next->epoch.number) { /* the others share theirs with the federation */
      free(next->members[i].generations);
    }
  }
  for (uint32_t i = 0; i < LIMIT_POLICIES; i++) {
    bytes_release(&next->policies[i]);
  }
  epoch_release(&next->epoch);
  free(next->members);
  free(next->rows);
  memset(next, 0, sizeof *next);
}

void federation_move(struct federation *f, struct federation_next *next) {
  epoch_release(&f->epoch);
  free(f->members);
  free(f->rows);
  f->epoch = next->epoch;
  f->members = next->members;
  f->rows = next->rows;
  f->n_members = next->n_members;
  for (uint32_t i = 0; i < LIMIT_POLICIES; i++) {
    bytes_release(&f->policies[i]);
    f->policies[i] = next->policies[i];
  }
  for (uint32_t i = 0; i < f->n_members; i++) {
    federation_close(&f->members[i]);
  }
  memset(next, 0, sizeof *next);
}

/* A member that this epoch has no more: its log ends at the cut; without one nothing of it counts. */
static void end_at_cut(struct federation_member *m, const struct epoch *e) {
  const struct former *former = epoch_former(e, &m->member->node);
  m->until = e->number;
  m->end_gen = 1;
  m->end_size = 0;
  if (former != NULL && former->has_cut) {
    m->end_gen = former->cut.gen;
    m->end_size = former->cut.size;
    m->end_root = former->cut.root;
  }
}

/* Who was there before, and whoever comes, by rising node id; the epoch is next->epoch. */
static void merge(const struct federation *f, struct federation_next *next) {
  const struct epoch *e = &next->epoch;
  uint32_t old = 0, now = 0;
  while (next->members != NULL && next->rows != NULL && (old < f->n_members || now < e->n_members)) {
    const int order = old == f->n_members   ? 1
                      : now == e->n_members ? -1
                                            : hash_compare(&f->rows[old].node, &e->members[now].node);
    struct federation_member *m = &next->members[next->n_members];
    struct member *row = &next->rows[next->n_members++];
    if (order <= 0) {
      *m = f->members[old];
      *row = f->rows[old++];
      if (order < 0 && m->until == 0) {
        end_at_cut(m, e);
      }
    } else {
      memset(m, 0, sizeof *m);
      m->since = e->number;
    }
    if (order >= 0) {
      *row = e->members[now++];
    }
    m->member = row;
  }
}

/* Takes the epoch over; it is released with *out. */
static enum err_code prepare(struct store *s, const struct federation *f, struct epoch *epoch, struct federation_next *out,
                             struct err *err) {
  const size_t most = (size_t)f->n_members + epoch->n_members;
  struct federation_next next = {.epoch = *epoch, .members = calloc(most, sizeof *next.members)};
  memset(epoch, 0, sizeof *epoch);
  next.rows = calloc(most, sizeof *next.rows);
  enum err_code code = next.members == NULL || next.rows == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  if (code == OK) {
    merge(f, &next);
  }
  for (uint32_t i = 0; code == OK && i < next.n_members; i++) {
    if (next.members[i].since == next.epoch.number) {
      code = federation_load_member(s, f, &next.members[i], err);
    }
  }
  if (code != OK) {
    federation_next_release(&next);
    return code;
  }
  *out = next;
  return OK;
}

/* ---- the next epoch ---- */

/* The first identities of those who come. */
static enum err_code put_first(struct store *s, const struct changes *changes, struct err *err) {
  struct bytes octets;
  enum err_code code = OK;
  bytes_init(&octets, FEDERATION_ITEM_MAX);
  for (uint32_t i = 0; code == OK && i < changes->n; i++) {
    const struct act *act = &changes->list[i].act;
    if (act->kind != CHANGE_ADMIT) {
      continue;
    }
    bytes_clear(&octets);
    struct canon_writer w = canon_writer(&octets);
    identity_item_write(&w, &act->item);
    code = canon_written(&w, "identity", err);
    if (code == OK) {
      code = store_put_identity(s, &act->node, 1, bytes_view(&octets), err);
    }
  }
  bytes_release(&octets);
  return code;
}

/* The octets of a policy: of those before, or of one that comes now. */
static struct view policy_octets(const struct federation *f, const struct changes *changes, const struct hash *id) {
  for (uint32_t i = 0; i < f->epoch.n_policies; i++) {
    if (hash_equal(&f->epoch.policies[i], id)) {
      return bytes_view(&f->policies[i]);
    }
  }
  for (uint32_t i = 0; i < changes->n; i++) {
    const struct view adopted = changes->list[i].act.kind == CHANGE_POLICY ? changes->list[i].act.adopted : view_of(NULL, 0);
    const struct hash its = hash_of(HASH_POLICY, adopted, view_of(NULL, 0));
    if (adopted.len > 0 && hash_equal(&its, id)) {
      return adopted;
    }
  }
  return view_of(NULL, 0);
}

static enum err_code put_policies(const struct federation *f, const struct changes *changes, struct federation_next *next,
                                  struct err *err) {
  enum err_code code = OK;
  for (uint32_t i = 0; code == OK && i < next->epoch.n_policies; i++) {
    bytes_init(&next->policies[i], LIMIT_CHARTER);
    code = bytes_append(&next->policies[i], policy_octets(f, changes, &next->epoch.policies[i]), err);
  }
  return code;
}

/* is_new: what the epoch brings is not in the store yet. */
static enum err_code follow(struct store *s, const struct federation *f, struct view item, bool is_new,
                            struct federation_next *out, struct hash *lacking, struct err *err) {
  struct federation_lookup lookup = {s, f};
  const struct identities identities = federation_identities(&lookup);
  struct changes *changes = calloc(1, sizeof *changes);
  struct epoch epoch = {.number = 0};
  if (changes == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = epoch_item_verify(item, &f->charter.fed_id, &f->epoch, &identities, &epoch, changes, lacking, err);
  if (code == OK && is_new) {
    code = put_first(s, changes, err);
  }
  if (code == OK) {
    code = prepare(s, f, &epoch, out, err);
  }
  if (code == OK && (code = put_policies(f, changes, out, err)) != OK) {
    federation_next_release(out);
  }
  epoch_release(&epoch);
  changes_release(changes);
  free(changes);
  return code;
}

enum err_code federation_follow(struct store *s, const struct federation *f, struct view item, struct federation_next *out,
                                struct hash *lacking, struct err *err) {
  return follow(s, f, item, true, out, lacking, err);
}

/* An error that says something of the item, and not of this machine. */
static bool is_of_item(enum err_code code) {
  return code == ERR_MISMATCH || code == ERR_REFUSED || code == ERR_INCOMPLETE || code == ERR_FORMAT || code == ERR_SIGNATURE;
}

/* The epochs behind the first. One that does not follow on the one before is passed over, and all behind it. */
static enum err_code load_later(struct store *s, struct federation *f, struct err *err) {
  struct bytes item;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  enum err_code code = OK;
  while (code == OK) {
    struct federation_next next = {.members = NULL};
    bytes_clear(&item);
    code = store_get_epoch(s, f->epoch.number + 1, &item, err);
    if (code == OK) {
      code = follow(s, f, bytes_view(&item), false, &next, NULL, err);
    }
    if (code == OK) {
      federation_move(f, &next);
    }
    if (code != OK && code != ERR_NOT_FOUND && is_of_item(code)) {
      log_line(LOG_ERROR, "federation", "an epoch does not follow on the one before", "epoch=%llu why=%s",
               (unsigned long long)f->epoch.number + 1, err == NULL ? "" : err->message);
      code = ERR_NOT_FOUND;
    }
  }
  bytes_release(&item);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  return code;
}

/* Those of the charter, which the first epoch has. */
static enum err_code first_policies(const struct charter *c, struct federation_next *next, struct err *err) {
  struct view octets[LIMIT_POLICIES];
  const uint32_t n = charter_policies(c, octets);
  enum err_code code = OK;
  for (uint32_t i = 0; code == OK && i < n; i++) {
    bytes_init(&next->policies[i], LIMIT_CHARTER);
    code = bytes_append(&next->policies[i], octets[i], err);
  }
  return code;
}

enum err_code federation_load(struct store *s, struct federation *out, struct err *err) {
  struct federation f;
  struct federation_next next = {.members = NULL};
  struct epoch first = {.number = 0};
  memset(&f, 0, sizeof f);
  enum err_code code = load_charter(s, &f, &first, err);
  if (code == OK) {
    code = load_own(s, &f, err);
  }
  if (code == OK) {
    code = prepare(s, &f, &first, &next, err);
  }
  if (code == OK) {
    code = first_policies(&f.charter, &next, err);
  }
  if (code == OK) {
    federation_move(&f, &next);
  }
  epoch_release(&first);
  federation_next_release(&next);
  if (code == OK) {
    code = load_later(s, &f, err);
  }
  if (code != OK) {
    federation_release(&f);
    return code;
  }
  *out = f;
  return OK;
}
