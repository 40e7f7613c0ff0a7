/*
 * twins: all identities that are held of a member, also those that its root keys signed twice (docs/protocol.md 6.1): the one
 * of a version that came first is believed; the others are kept beside it, so that whatever was signed under any of them counts
 * for everybody. Declared in hall.h and federation.h.
 */
#include "keys/log.h"
#include "node/federation_inside.h"
#include "node/hall.h"
#include "protocol/canon.h"

/* The body of an encoded item, and what it says. */
static bool read_item(struct view octets, struct identity_item *item, struct identity *out) {
  struct canon_reader r = canon_reader(octets);
  identity_item_read(&r, item);
  return canon_finish(&r, "identity", NULL) == OK && identity_decode(item->body, out, NULL) == OK;
}

bool federation_twin(struct store *s, const struct hash *node, uint64_t version, uint32_t i, struct identity *out) {
  struct identity_item item;
  struct bytes octets;
  bytes_init(&octets, FEDERATION_ITEM_MAX);
  const bool found = store_get_twin(s, node, version, i, &octets, NULL) == OK && read_item(bytes_view(&octets), &item, out);
  bytes_release(&octets);
  return found;
}

enum err_code federation_each_identity(struct store *s, const struct federation *f, const struct federation_member *m,
                                       take_identity_item *take, void *context, struct err *err) {
  struct bytes item;
  bool more = true;
  enum err_code code = OK;
  bytes_init(&item, FEDERATION_ITEM_MAX);
  for (uint64_t v = 1; code == OK && (v <= m->identity.version || more); v++) {
    uint32_t i = 0;
    bytes_clear(&item);
    code = v <= m->identity.version ? federation_identity_item(s, f, &m->member->node, v, &item, err) : OK;
    code = code == OK && item.len > 0 ? take(context, bytes_view(&item), err) : code;
    for (; code == OK && i <= LIMIT_TWINS; i++) {
      bytes_clear(&item);
      code = store_get_twin(s, &m->member->node, v, i, &item, err);
      code = code == OK ? take(context, bytes_view(&item), err) : code;
    }
    more = i > 1;
    if (code == ERR_NOT_FOUND) {
      err_clear(err);
      code = OK;
    }
  }
  bytes_release(&item);
  return code;
}

/* ---- identities, for whoever judges consents and votes ---- */

static bool find_identity(void *context, const struct hash *node, uint64_t version, struct identity *out) {
  const struct federation_lookup *l = context;
  const struct federation_member *m = federation_by_node(l->federation, node);
  struct identity_item item;
  struct bytes octets;
  if (m == NULL || version > m->identity.version) {
    return false;
  }
  *out = m->identity;
  if (version == 0 || version == m->identity.version) {
    return true;
  }
  bytes_init(&octets, FEDERATION_ITEM_MAX);
  const bool found = federation_identity_item(l->store, l->federation, node, version, &octets, NULL) == OK &&
                     read_item(bytes_view(&octets), &item, out) && out->version == version;
  bytes_release(&octets);
  return found;
}

static bool find_twin(void *context, const struct hash *node, uint64_t version, uint32_t i, struct identity *out) {
  const struct federation_lookup *l = context;
  return federation_twin(l->store, node, version, i, out);
}

struct identities federation_identities(struct federation_lookup *l) {
  return (struct identities){.find = find_identity, .context = l, .twin = find_twin};
}

/* ---- who has twins ---- */

bool federation_same_log(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen) {
  struct federation_lookup lookup = {s, f};
  const struct identities ids = federation_identities(&lookup);
  struct identity twin, before;
  if (!federation_twin(s, node, 0, 0, &twin)) {
    return true;
  }
  return ids.find(ids.context, node, twin.version - 1, &before) && gen <= before.gen;
}

/* The one of that version that is believed (i 0), or a twin of it (from 1 on): its encoded item. */
static enum err_code nth_item(const struct hall *h, const struct hash *node, uint64_t version, uint32_t i, struct bytes *out,
                              struct err *err) {
  bytes_clear(out);
  return i == 0 ? hall_identity_item(h, node, version, out, err)
                : store_get_twin(h->config.store, node, version, i - 1, out, err);
}

/* Whether an identity with this hash is held, of that version; its body is appended to *body, if not NULL. */
static enum err_code find_held(const struct hall *h, const struct federation_member *m, uint64_t version,
                               const struct hash *hash, bool *found, struct bytes *body, struct err *err) {
  struct identity_item item;
  struct identity identity;
  struct bytes octets;
  bytes_init(&octets, FEDERATION_ITEM_MAX);
  *found = false;
  enum err_code code = OK;
  for (uint32_t i = version > m->identity.version; code == OK && !*found && i <= LIMIT_TWINS; i++) {
    code = nth_item(h, &m->member->node, version, i, &octets, err);
    if (code != OK || !read_item(bytes_view(&octets), &item, &identity)) {
      continue;
    }
    const struct hash its = identity_hash(item.body);
    *found = hash_equal(&its, hash);
    if (*found && body != NULL) {
      code = bytes_append(body, item.body, err);
    }
  }
  bytes_release(&octets);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  return code;
}

enum err_code hall_twin(struct hall *h, const struct federation_member *m, struct view octets, bool *taken, struct err *err) {
  const struct hash *node = &m->member->node;
  struct identity_item item;
  struct identity claimed, last;
  struct bytes before;
  bool found = false;
  *taken = false;
  if (!read_item(octets, &item, &claimed) || claimed.version < 2 ||
      (claimed.version == 2 && !hash_equal(&claimed.prev, node))) {
    return OK;
  }
  const struct hash hash = identity_hash(item.body);
  bytes_init(&before, LIMIT_IDENTITY);
  enum err_code code = find_held(h, m, claimed.version, &hash, &found, NULL, err);
  if (code == OK && !found) {
    code = find_held(h, m, claimed.version - 1, &claimed.prev, &found, &before, err);
    found =
        found && identity_verify(&item, &h->config.federation->charter.fed_id, node, bytes_view(&before), &claimed, NULL) == OK;
    *taken = code == OK && found && !federation_twin(h->config.store, node, 0, LIMIT_TWINS - 1, &last);
  }
  if (*taken) {
    code = store_put_twin(h->config.store, node, claimed.version, &hash, octets, err);
    *taken = code == OK;
  }
  if (*taken) {
    log_line(LOG_WARNING, "federation", "a member's root keys signed two identities of one version", "node=%s version=%llu",
             m->member->handle, (unsigned long long)claimed.version);
    voter_touch(h);
    h->voter.doubt_ms = h->voter.doubt_wait_ms = 0;
  }
  bytes_release(&before);
  return code;
}
