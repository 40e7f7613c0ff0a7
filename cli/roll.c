/*
 * roll: see roll.h.
 */
#include "cli/roll.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/ballot.h"
#include "protocol/canon.h"

#define ITEMS_MAX ((size_t)64 * 1024 * 1024) /* octets of epochs, and of identities */

void roll_release(struct roll *r) {
  for (uint32_t i = 0; i < r->n; i++) {
    free(r->members[i].as.generations);
    free(r->members[i].versions);
    free(r->members[i].twins);
  }
  free(r->members);
  epoch_release(&r->epoch);
  bytes_release(&r->epochs);
  bytes_release(&r->identities);
  *r = (struct roll){.n = 0};
}

/* ---- members ---- */

const struct roll_member *roll_find(const struct roll *r, const struct hash *node) {
  for (uint32_t i = 0; i < r->n; i++) {
    if (hash_equal(&r->members[i].node, node)) {
      return &r->members[i];
    }
  }
  return NULL;
}

/* The member has this identity now. */
static enum err_code member_take(struct roll_member *m, const struct identity *identity, struct view body, struct err *err) {
  struct identity *versions = reallocarray(m->versions, identity->version, sizeof *versions);
  if (versions == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  m->versions = versions;
  const enum err_code code = federation_reserve(&m->as, err);
  if (code == OK) {
    versions[identity->version - 1] = *identity;
    federation_take(&m->as, identity);
    memcpy(m->body, body.p, body.len);
    m->body_len = body.len;
  }
  return code;
}

static enum err_code member_add(struct roll *r, const struct hash *node, const char handle[HANDLE_MAX],
                                const struct identity *identity, struct view body, struct err *err) {
  struct roll_member *members = reallocarray(r->members, r->n + 1, sizeof *members);
  if (members == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  r->members = members;
  struct roll_member *m = &members[r->n++];
  memset(m, 0, sizeof *m);
  m->node = *node;
  memcpy(m->handle, handle, HANDLE_MAX);
  return member_take(m, identity, body, err);
}

enum err_code roll_begin(const struct charter *charter, struct roll *r, struct err *err) {
  *r = (struct roll){.charter = charter};
  bytes_init(&r->epochs, ITEMS_MAX);
  bytes_init(&r->identities, ITEMS_MAX);
  enum err_code code = epoch_from_charter(charter, &r->epoch, NULL, err);
  for (uint32_t i = 0; code == OK && i < charter->n_founders; i++) {
    const struct founder *f = &charter->founders[i];
    code = member_add(r, &f->node, f->handle, &f->identity, f->identity_body, err);
  }
  return code;
}

enum err_code roll_epoch(struct roll *r, struct view payload, struct err *err) {
  return bytes_append(&r->epochs, payload, err);
}

enum err_code roll_identity(struct roll *r, struct view payload, struct err *err) {
  return bytes_append(&r->identities, payload, err);
}

/* ---- identities ---- */

static enum err_code read_identity(struct view payload, struct identity_item *item, struct identity *claimed, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  identity_item_read(&r, item);
  const enum err_code code = canon_finish(&r, "identity", err);
  return code == OK ? identity_decode(item->body, claimed, err) : code;
}

/* The identity in the bundle that a twin follows on, and the first one of that node, whose hash is the node id. */
static bool find_before(const struct roll *r, const struct identity *claimed, struct identity_item *before, struct hash *node) {
  struct identity identity = *claimed;
  bool found = true;
  for (uint64_t v = claimed->version; found && v > 1; v--) {
    struct canon_reader reader = canon_reader(bytes_view(&r->identities));
    struct identity_item item;
    const struct hash prev = identity.prev;
    for (found = false; !found && !canon_at_end(&reader) && reader.fault == NULL;) {
      if (read_identity(canon_skip(&reader), &item, &identity, NULL) != OK) continue;
      *node = identity_hash(item.body);
      found = hash_equal(node, &prev) && identity.version == v - 1;
    }
    if (found && v == claimed->version) *before = item;
  }
  return found;
}

/* A twin of a member's identity, or what follows on one. */
static enum err_code offer_twin(struct roll *r, const struct identity_item *item, const struct identity *claimed, bool *taken,
                                struct err *err) {
  struct identity_item before;
  struct identity identity;
  struct hash node;
  if (!find_before(r, claimed, &before, &node) || roll_find(r, &node) == NULL) return OK;
  struct roll_member *m = &r->members[roll_find(r, &node) - r->members];
  struct identity *twins = reallocarray(m->twins, m->n_twins + 1, sizeof *twins);
  if (twins == NULL) return err_set(err, ERR_MEMORY, NULL);
  m->twins = twins;
  enum err_code code = m->n_twins < LIMIT_TWINS ? OK : err_set(err, ERR_LIMIT, "identities: more than %u twins", LIMIT_TWINS);
  if (code == OK) code = identity_verify(item, &r->charter->fed_id, &node, before.body, &identity, err);
  if (code == OK) twins[m->n_twins++] = identity;
  *taken = code == OK;
  return code;
}

/* A first one is a member's own; a later one does not say whose it is: it follows on that of one member. *taken: it does, or is
 * known. */
static enum err_code offer(struct roll *r, struct view payload, bool *taken, struct err *err) {
  struct identity_item item;
  struct identity claimed, identity;
  *taken = false;
  enum err_code code = read_identity(payload, &item, &claimed, err);
  if (code != OK) {
    return code;
  }
  if (claimed.version == 1) {
    const struct hash node = identity_hash(item.body);
    *taken = roll_find(r, &node) != NULL;
    return *taken ? identity_verify(&item, &r->charter->fed_id, &node, view_of(NULL, 0), &identity, err) : OK;
  }
  for (uint32_t i = 0; i < r->n && !*taken; i++) {
    struct roll_member *m = &r->members[i];
    const struct view before = view_of(m->body, m->body_len);
    const struct hash hash = identity_hash(before);
    if (!hash_equal(&hash, &claimed.prev)) {
      continue;
    }
    *taken = true;
    code = identity_verify(&item, &r->charter->fed_id, &m->node, before, &identity, err);
    code = code == OK ? member_take(m, &identity, item.body, err) : code;
  }
  return code == OK && !*taken ? offer_twin(r, &item, &claimed, taken, err) : code;
}

/* Those that were not taken yet, by their place. */
static enum err_code offer_all(struct roll *r, bool *taken, struct err *err) {
  struct canon_reader reader = canon_reader(bytes_view(&r->identities));
  enum err_code code = OK;
  for (size_t i = 0; code == OK && !canon_at_end(&reader); i++) {
    const struct view payload = canon_skip(&reader);
    if (reader.fault != NULL) {
      return err_set(err, ERR_FORMAT, "identities: %s", reader.fault);
    }
    if (!taken[i]) {
      code = offer(r, payload, &taken[i], err);
    }
  }
  return code;
}

/* ---- epochs ---- */

static bool find_identity(void *context, const struct hash *node, uint64_t version, struct identity *out) {
  const struct roll_member *m = roll_find(context, node);
  const uint64_t newest = m == NULL ? 0 : m->as.identity.version;
  if (m == NULL || version > newest) {
    return false;
  }
  *out = m->versions[(version == 0 ? newest : version) - 1];
  return true;
}

static bool find_twin(void *context, const struct hash *node, uint64_t version, uint32_t i, struct identity *out) {
  const struct roll_member *m = roll_find(context, node);
  for (uint32_t k = 0; m != NULL && k < m->n_twins; k++) {
    if (m->twins[k].version != version || i-- > 0) continue;
    *out = m->twins[k];
    return true;
  }
  return false;
}

/* The log of who is removed ends at the cut. */
static void end_logs(struct roll *r) {
  for (uint32_t i = 0; i < r->n; i++) {
    struct federation_member *m = &r->members[i].as;
    const struct former *former = epoch_former(&r->epoch, &r->members[i].node);
    if (former == NULL || m->end_gen != 0) {
      continue;
    }
    m->end_gen = former->has_cut ? former->cut.gen : 1;
    m->end_size = former->has_cut ? former->cut.size : 0;
    m->end_root = former->cut.root;
    const struct identity identity = m->identity;
    federation_take(m, &identity); /* which closes what lies behind the end */
  }
}

static enum err_code take_later(struct roll *r, struct view item, struct err *err) {
  const struct identities identities = {.find = find_identity, .context = r, .twin = find_twin};
  struct changes *changes = calloc(1, sizeof *changes);
  struct epoch next = {.number = 0};
  if (changes == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = epoch_item_verify(item, &r->charter->fed_id, &r->epoch, &identities, &next, changes, NULL, err);
  for (uint32_t i = 0; code == OK && i < changes->n; i++) {
    const struct act *act = &changes->list[i].act;
    if (act->kind == CHANGE_ADMIT) {
      code = member_add(r, &act->node, act->handle, &act->identity, act->item.body, err);
    }
  }
  if (code == OK) {
    epoch_release(&r->epoch);
    r->epoch = next;
    next = (struct epoch){.number = 0};
    end_logs(r);
  }
  epoch_release(&next);
  changes_release(changes);
  free(changes);
  return code;
}

/* One that is the first is the charter's. */
static enum err_code take_epoch(struct roll *r, struct view item, struct err *err) {
  struct canon_reader reader = canon_reader(item);
  struct epoch claimed = {.number = 0};
  const struct view body = epoch_item_read(&reader, 0);
  enum err_code code = canon_finish(&reader, "epoch", err);
  if (code == OK) {
    code = epoch_decode(body, &claimed, err);
  }
  if (code == OK && claimed.number != 1) {
    code = take_later(r, item, err);
  } else if (code == OK && (r->epoch.number != 1 || !hash_equal(&claimed.hash, &r->epoch.hash))) {
    code = err_set(err, ERR_MISMATCH, "the epoch does not follow from the charter");
  }
  epoch_release(&claimed);
  return code;
}

static enum err_code settle(struct roll *r, bool *taken, struct err *err) {
  struct canon_reader reader = canon_reader(bytes_view(&r->epochs));
  enum err_code code = offer_all(r, taken, err);
  while (code == OK && !canon_at_end(&reader)) {
    const uint32_t before = r->n;
    code = take_epoch(r, canon_skip(&reader), err);
    if (code == OK && r->n > before) {
      code = offer_all(r, taken, err);
    }
  }
  struct canon_reader identities = canon_reader(bytes_view(&r->identities));
  for (size_t i = 0; code == OK && !canon_at_end(&identities); i++) {
    (void)canon_skip(&identities);
    if (!taken[i]) {
      code = err_set(err, ERR_MISMATCH, "an identity that is no member's, or follows on none's");
    }
  }
  return code;
}

enum err_code roll_settle(struct roll *r, struct err *err) {
  bool *taken = NULL;
  if (r->is_settled) {
    return OK;
  }
  r->is_settled = true;
  taken = calloc(r->identities.len + 1, sizeof *taken); /* an item is an octet at least */
  const enum err_code code = taken == NULL ? err_set(err, ERR_MEMORY, NULL) : settle(r, taken, err);
  free(taken);
  return code;
}
