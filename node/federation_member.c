/*
 * federation_member: what there is of one member in the store: its identities, each verified by the one before, and its
 * address. See federation.h.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/federation_inside.h"
#include "protocol/canon.h"

/* ---- identities ---- */

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
  if (version != 1 || founder < 0) {
    return store_get_identity(s, node, version, out, err);
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

void federation_close(struct federation_member *m) {
  for (uint64_t gen = m->end_gen; gen > 0 && gen <= m->identity.gen; gen++) {
    struct generation *g = &m->generations[gen - 1];
    g->is_closed = true;
    g->cut_size = gen == m->end_gen ? m->end_size : 0;
    g->cut_root = gen == m->end_gen ? m->end_root : (struct hash){{0}};
  }
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
  federation_close(m);
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
  bytes_init(&octets, FEDERATION_ITEM_MAX);
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

/* Its first identity, which stands in the charter, or came with the epoch that admitted it. */
static enum err_code load_first(struct store *s, const struct federation *f, struct federation_member *m,
                                struct bytes *previous, struct err *err) {
  struct identity_item item;
  struct identity first;
  struct bytes octets;
  bytes_init(&octets, FEDERATION_ITEM_MAX);
  enum err_code code = federation_identity_item(s, f, &m->member->node, 1, &octets, err);
  if (code == ERR_NOT_FOUND) {
    code = err_set(err, ERR_CORRUPT, "a member whose identity is not here");
  }
  if (code == OK) {
    struct canon_reader r = canon_reader(bytes_view(&octets));
    identity_item_read(&r, &item);
    code = canon_finish(&r, "identity", err);
  }
  if (code == OK) {
    code = identity_verify(&item, &f->charter.fed_id, &m->member->node, view_of(NULL, 0), &first, err);
  }
  if (code == OK) {
    code = federation_reserve(m, err);
  }
  if (code == OK) {
    federation_take(m, &first);
    code = bytes_append(previous, item.body, err);
  }
  bytes_release(&octets);
  return code;
}

static enum err_code load_identities(struct store *s, const struct federation *f, struct federation_member *m,
                                     struct err *err) {
  struct bytes previous;
  bool found = true;
  bytes_init(&previous, LIMIT_IDENTITY);
  enum err_code code = load_first(s, f, m, &previous, err);
  while (code == OK && found) {
    code = load_next(s, &f->charter.fed_id, m, &previous, &found, err);
  }
  bytes_release(&previous);
  return code == OK ? OK : err_context(err, "%s", m->member->handle);
}

/* ---- its address ---- */

static enum err_code load_address(struct store *s, const struct federation *f, struct federation_member *m, struct err *err) {
  struct bytes item;
  bytes_init(&item, FEDERATION_ITEM_MAX);
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

enum err_code federation_load_member(struct store *s, const struct federation *f, struct federation_member *m,
                                     struct err *err) {
  const enum err_code code = load_identities(s, f, m, err);
  return code == OK ? load_address(s, f, m, err) : code;
}
