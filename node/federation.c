/*
 * federation: charter, epoch, identities and addresses, out of the store. Identities are verified again from the charter on.
 * See federation.h.
 */
#include "node/federation.h"

#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "protocol/canon.h"

#define ITEM_MAX (LIMIT_IDENTITY + 2048u) /* octets of an identity or address item */
#define CHARTER_ITEM_MAX                                                                                                       \
  (LIMIT_CHARTER + 512u * 1024u) /* octets of a charter item: body and up to 256 * 7 pairs of signatures */

void federation_release(struct federation *f) {
  for (uint32_t i = 0; f->members != NULL && i < f->epoch.n_members; i++) {
    free(f->members[i].generations);
  }
  charter_release(&f->charter);
  epoch_release(&f->epoch);
  free(f->members);
  memset(f, 0, sizeof *f);
}

/* ---- loading ---- */

static enum err_code load_charter(struct store *s, struct federation *f, struct err *err) {
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
    code = epoch_from_charter(&f->charter, &f->epoch, NULL, err);
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

static int find_founder(const struct charter *c, const struct hash *node) {
  for (uint32_t i = 0; i < c->n_founders; i++) {
    if (hash_equal(&c->founders[i].node, node)) {
      return (int)i;
    }
  }
  return -1;
}

enum err_code federation_identity_item(struct store *s, const struct federation *f, const struct hash *node, uint64_t version,
                                       struct bytes *out, struct err *err) {
  struct identity_item item;
  const int founder = find_founder(&f->charter, node);
  if (version != 1) {
    return store_get_identity(s, node, version, out, err);
  }
  if (founder < 0) {
    return err_set(err, ERR_NOT_FOUND, "no such member");
  }
  charter_identity_item(&f->charter, (uint32_t)founder, &item);
  struct canon_writer w = canon_writer(out);
  identity_item_write(&w, &item);
  return canon_written(&w, "identity", err);
}

enum err_code federation_reserve(struct federation_member *m, struct err *err) {
  struct generation *more = reallocarray(m->generations, m->identity.gen + 1, sizeof *more);
  if (more == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  m->generations = more;
  return OK;
}

void federation_take(struct federation_member *m, const struct identity *identity) {
  memcpy(m->curve_before, identity->version == 1 ? identity->curve : m->identity.curve, sizeof m->curve_before);
  if (identity->gen > m->identity.gen) {
    m->generations[identity->gen - 1] = (struct generation){.node_key = identity->node_key};
    m->address.is_founding = true; /* of the key before: whatever the new one signs replaces it */
    m->address.seq = 0;
  }
  if (identity->gen > m->identity.gen && identity->gen > 1) {
    struct generation *closed = &m->generations[identity->gen - 2];
    closed->is_closed = true;
    closed->cut_size = identity->cut_size;
    closed->cut_root = identity->cut_root;
  }
  m->identity = *identity;
}

/* Takes an identity for the member's if it follows on the one in hand, whose octets are previous. */
static enum err_code take_next(struct view octets, const struct hash *fed_id, struct federation_member *m,
                               struct bytes *previous, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  struct identity_item item;
  struct identity next;
  identity_item_read(&r, &item);
  enum err_code code = canon_finish(&r, "identity", err);
  if (code == OK) {
    code = identity_verify(&item, fed_id, &m->member->node, bytes_view(previous), &next, err);
  }
  if (code == OK) {
    code = federation_reserve(m, err);
  }
  if (code == OK) {
    bytes_clear(previous);
    code = bytes_append(previous, item.body, err);
    federation_take(m, &next);
  }
  return code;
}

/* The identity after the one in hand: a version in the store that follows it. *found tells. One that does not follow is passed
 * over, and all behind it: a node with two identities of one version is known here by the first. */
static enum err_code load_next(struct store *s, const struct hash *fed_id, struct federation_member *m, struct bytes *previous,
                               bool *found, struct err *err) {
  struct bytes octets;
  bytes_init(&octets, ITEM_MAX);
  enum err_code code = store_get_identity(s, &m->member->node, m->identity.version + 1, &octets, err);
  *found = code == OK;
  if (code == OK) {
    code = take_next(bytes_view(&octets), fed_id, m, previous, err);
    *found = code == OK;
    if (code == ERR_MISMATCH || code == ERR_SIGNATURE || code == ERR_FORMAT) {
      log_line(LOG_WARNING, "federation", "an identity does not follow on the one before", "node=%s version=%llu",
               m->member->handle, (unsigned long long)m->identity.version + 1);
      code = ERR_NOT_FOUND;
    }
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&octets);
  return code;
}

static enum err_code load_identity(struct store *s, struct federation *f, struct federation_member *m, struct err *err) {
  const int founder = find_founder(&f->charter, &m->member->node);
  struct identity_item item;
  struct identity first;
  struct bytes previous;
  bool found = true;
  if (founder < 0) {
    return err_set(err, ERR_CORRUPT, "%s is a member, but no founder", m->member->handle);
  }
  charter_identity_item(&f->charter, (uint32_t)founder, &item);
  bytes_init(&previous, LIMIT_IDENTITY);
  enum err_code code = identity_verify(&item, &f->charter.fed_id, &m->member->node, view_of(NULL, 0), &first, err);
  if (code == OK) {
    code = federation_reserve(m, err);
  }
  if (code == OK) {
    federation_take(m, &first);
    code = bytes_append(&previous, item.body, err);
  }
  while (code == OK && found) {
    code = load_next(s, &f->charter.fed_id, m, &previous, &found, err);
  }
  bytes_release(&previous);
  return code == OK ? OK : err_context(err, "%s", m->member->handle);
}

static enum err_code load_address(struct store *s, const struct federation *f, struct federation_member *m, struct err *err) {
  struct bytes item;
  bytes_init(&item, ITEM_MAX);
  enum err_code code = store_get_address(s, &m->member->node, &item, err);
  if (code == OK) {
    /* One that was signed before the newest node key is dialled until a newer one comes; any one by that replaces it. */
    for (uint64_t gen = m->identity.gen; !m->has_address && gen > 0; gen--) {
      const struct pubkey *key = &m->generations[gen - 1].node_key;
      m->has_address = address_open(bytes_view(&item), &f->charter.fed_id, key, &m->address, NULL) == OK ||
                       address_open(bytes_view(&item), NULL, key, &m->address, NULL) == OK;
      m->address.is_founding = m->address.is_founding || gen < m->identity.gen;
    }
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&item);
  return code;
}

enum err_code federation_load(struct store *s, struct federation *out, struct err *err) {
  struct federation f;
  memset(&f, 0, sizeof f);
  enum err_code code = load_charter(s, &f, err);
  if (code == OK) {
    code = load_own(s, &f, err);
  }
  if (code == OK) {
    f.members = calloc(f.epoch.n_members == 0 ? 1 : f.epoch.n_members, sizeof *f.members);
    code = f.members == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  }
  for (uint32_t i = 0; code == OK && f.members != NULL && i < f.epoch.n_members; i++) {
    f.members[i].member = &f.epoch.members[i];
    code = load_identity(s, &f, &f.members[i], err);
    if (code == OK) {
      code = load_address(s, &f, &f.members[i], err);
    }
  }
  if (code != OK) {
    federation_release(&f);
    return code;
  }
  *out = f;
  return OK;
}

/* ---- looking up ---- */

const struct federation_member *federation_by_node(const struct federation *f, const struct hash *node) {
  uint32_t low = 0;
  uint32_t high = f->members == NULL ? 0 : f->epoch.n_members;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int order = hash_compare(&f->members[middle].member->node, node);
    if (order == 0) {
      return &f->members[middle];
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

const struct federation_member *federation_by_handle(const struct federation *f, const char *handle) {
  for (uint32_t i = 0; f->members != NULL && i < f->epoch.n_members; i++) {
    if (strcmp(f->members[i].member->handle, handle) == 0) {
      return &f->members[i];
    }
  }
  return NULL;
}

uint32_t federation_curves(const struct federation_member *m, const uint8_t *keys[FEDERATION_CURVES]) {
  uint32_t n = 0;
  keys[n++] = m->identity.curve;
  if (memcmp(m->curve_before, m->identity.curve, sizeof m->curve_before) != 0) {
    keys[n++] = m->curve_before;
  }
  if (m->identity.has_curve_next) {
    keys[n++] = m->identity.curve_next;
  }
  return n;
}

const struct federation_member *federation_by_curve(const struct federation *f, const uint8_t curve[32]) {
  for (uint32_t i = 0; f->members != NULL && i < f->epoch.n_members; i++) {
    const uint8_t *keys[FEDERATION_CURVES];
    const uint32_t n = federation_curves(&f->members[i], keys);
    for (uint32_t k = 0; k < n; k++) {
      if (memcmp(keys[k], curve, 32) == 0) {
        return &f->members[i];
      }
    }
  }
  return NULL;
}

const struct generation *federation_generation(const struct federation *f, const struct hash *node, uint64_t gen) {
  const struct federation_member *m = federation_by_node(f, node);
  return m == NULL || gen == 0 || gen > m->identity.gen ? NULL : &m->generations[gen - 1];
}

const struct federation_member *federation_self(const struct federation *f) {
  return hash_is_zero(&f->own) ? NULL : federation_by_node(f, &f->own);
}

const char *federation_handle(const struct federation *f, const struct hash *node) {
  const struct federation_member *m = federation_by_node(f, node);
  return m == NULL ? "?" : m->member->handle;
}
