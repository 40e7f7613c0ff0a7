/*
 * authority: who must consent to an act, and whether they did (docs/protocol.md 6.5). Prototypes stand in change.h.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/change.h"

/* The ways in which an act may be consented to. */
enum way { WAY_SELF, WAY_LEAD, WAY_VOICES, WAY_VOICES_BY_ROOTS, N_WAYS };

/* Whether a kind of act knows a way. An associate is admitted by its lead, anybody else by the voices. */
static bool act_knows(const struct act *act, enum way way) {
  switch (act->kind) {
  case CHANGE_ADMIT:
    return way == (act->has_lead ? WAY_LEAD : WAY_VOICES);
  case CHANGE_REMOVE:
    return way != WAY_VOICES;
  case CHANGE_POLICY:
    return way == WAY_VOICES_BY_ROOTS;
  }
  return false;
}

/* The lead whose word an act may need; NULL: none. */
static const struct member *lead_of(const struct act *act, const struct epoch *epoch) {
  if (act->kind == CHANGE_ADMIT) return act->has_lead ? epoch_by_roll(epoch, act->lead_roll) : NULL;
  const struct member *m = act->kind == CHANGE_REMOVE ? epoch_by_node(epoch, &act->node) : NULL;
  return m != NULL && m->has_lead ? epoch_by_roll(epoch, m->lead_roll) : NULL;
}

static bool is_voice(const struct epoch *epoch, const struct hash *node) {
  const struct member *m = epoch_by_node(epoch, node);
  return m != NULL && !m->has_lead;
}

/* Whether a consent is one of that way. */
static bool consent_fits(const struct act *act, const struct epoch *epoch, enum way way, const struct consent *c) {
  switch (way) {
  case WAY_SELF:
    return c->by_roots && act->kind == CHANGE_REMOVE && hash_equal(&c->node, &act->node) &&
           epoch_by_node(epoch, &c->node) != NULL;
  case WAY_LEAD: {
    const struct member *lead = lead_of(act, epoch);
    return !c->by_roots && lead != NULL && hash_equal(&lead->node, &c->node);
  }
  case WAY_VOICES:
    return !c->by_roots && is_voice(epoch, &c->node);
  case WAY_VOICES_BY_ROOTS:
    return c->by_roots && is_voice(epoch, &c->node);
  case N_WAYS:
    break;
  }
  return false;
}

bool act_heeds(const struct act *act, const struct epoch *epoch, const struct hash *node, bool by_roots) {
  const struct consent word = {.node = *node, .by_roots = by_roots};
  for (enum way way = WAY_SELF; way < N_WAYS; way++) {
    if (act_knows(act, way) && consent_fits(act, epoch, way, &word)) return true;
  }
  return false;
}

static uint32_t way_needs(const struct epoch *epoch, enum way way) {
  if (way == WAY_VOICES) return epoch->n_leads / 2 + 1;
  return way == WAY_VOICES_BY_ROOTS ? (2 * epoch->n_leads + 2) / 3 : 1;
}

static uint32_t way_given(const struct change *c, const struct epoch *epoch, enum way way) {
  uint32_t n = 0;
  for (uint32_t i = 0; act_knows(&c->act, way) && i < c->n; i++)
    n += consent_fits(&c->act, epoch, way, &c->consents[i]);
  return n;
}

/* ---- consents ---- */

void consent_by_node(const struct signer *node_key, const struct hash *fed_id, struct view act, const struct hash *node,
                     uint64_t version, struct consent *out) {
  *out = (struct consent){.node = *node, .version = version};
  out->signature = sign_tagged(node_key, SIGN_CONSENT, fed_id, act);
}

/* Puts the signature of root key index into its place; false: one stands there. */
static bool root_put(struct consent *c, uint32_t index, const struct signature *signature) {
  uint32_t i = 0;
  while (i < c->n_roots && c->roots[i].index < index)
    i++;
  if (i < c->n_roots && c->roots[i].index == index) return false;
  memmove(c->roots + i + 1, c->roots + i, (c->n_roots - i) * sizeof c->roots[0]);
  c->roots[i] = (struct root_signature){index, *signature};
  c->n_roots++;
  return true;
}

enum err_code consent_by_roots(const struct signer *roots, size_t n, const struct identity *identity, const struct hash *fed_id,
                               struct view act, struct consent *out, uint32_t *n_added, struct err *err) {
  bool found = false;
  *n_added = 0;
  out->by_roots = true;
  for (uint32_t i = 0; i < identity->n_roots; i++) {
    for (size_t k = 0; k < n; k++) {
      if (!pubkey_equal(&roots[k].pub, &identity->roots[i])) continue;
      struct signature signature = sign_tagged(&roots[k], SIGN_CONSENT, fed_id, act);
      found = true;
      *n_added += root_put(out, i, &signature);
    }
  }
  if (found) return OK;
  return err_set(err, ERR_NOT_FOUND, "consent: none of these root keys belongs to the identity");
}

static enum err_code roots_verify(const struct consent *c, const struct identity *id, const struct hash *fed_id,
                                  struct view act, struct err *err) {
  for (uint32_t i = 0; i < c->n_roots; i++) {
    if (c->roots[i].index >= id->n_roots ||
        !sign_verify(&id->roots[c->roots[i].index], SIGN_CONSENT, fed_id, act, &c->roots[i].signature)) {
      return err_set(err, ERR_SIGNATURE, "consent: the signature of root key %u does not verify", c->roots[i].index);
    }
  }
  if (c->n_roots >= id->threshold) return OK;
  return err_set(err, ERR_INCOMPLETE, "consent: signed by %u root keys, %u are needed", c->n_roots, id->threshold);
}

bool identities_each(const struct identities *identities, const struct hash *node, uint64_t version, uint32_t i,
                     struct identity *out) {
  const bool found = identities->find(identities->context, node, version, out);
  if (found && i == 0) return true;
  return identities->twin != NULL && identities->twin(identities->context, node, version, i - found, out);
}

static enum err_code verify_under(const struct consent *c, const struct identity *id, const struct hash *fed_id,
                                  struct view act, struct err *err) {
  if (c->by_roots) return roots_verify(c, id, fed_id, act, err);
  if (sign_verify(&id->node_key, SIGN_CONSENT, fed_id, act, &c->signature)) return OK;
  return err_set(err, ERR_SIGNATURE, "consent: the signature of a node key does not verify");
}

enum err_code consent_verify(const struct consent *c, const struct hash *fed_id, struct view act,
                             const struct identities *identities, bool newest, struct err *err) {
  struct identity id;
  enum err_code code =
      err_set(err, ERR_NOT_FOUND, "consent: version %llu of an identity is not held", (unsigned long long)c->version);
  for (uint32_t i = 0; code != OK && identities_each(identities, &c->node, c->version, i, &id); i++)
    code = verify_under(c, &id, fed_id, act, err);
  if (code != OK) return code;
  if (!newest || (identities->find(identities->context, &c->node, 0, &id) && id.version == c->version)) return OK;
  return err_set(err, ERR_INCOMPLETE, "consent: given by an identity that is not in force any more");
}

/* ---- changes ---- */

/* The way of which all consents of a change are, enough or not; N_WAYS: of none. */
static enum way change_way(const struct change *c, const struct epoch *epoch) {
  enum way found = N_WAYS;
  for (enum way way = WAY_SELF; way < N_WAYS; way++) {
    if (!act_knows(&c->act, way) || way_given(c, epoch, way) != c->n) continue;
    if (found == N_WAYS || c->n >= way_needs(epoch, way)) found = way;
    if (c->n >= way_needs(epoch, found)) break;
  }
  return found;
}

enum err_code change_authorise(const struct change *change, const struct hash *fed_id, const struct epoch *epoch,
                               const struct identities *identities, bool newest, struct hash *lacking, struct err *err) {
  enum way way = change_way(change, epoch);
  if (way == N_WAYS) return err_set(err, ERR_FORMAT, "change: a consent that does not belong there");
  uint32_t needed = way_needs(epoch, way);
  if (change->n < needed) return err_set(err, ERR_INCOMPLETE, "change: %u consents, %u are needed", change->n, needed);
  for (uint32_t i = 0; i < change->n; i++) {
    const struct consent *c = &change->consents[i];
    enum err_code code = consent_verify(c, fed_id, bytes_view(&change->octets), identities, newest, err);
    if (code != OK && lacking != NULL) *lacking = c->node;
    if (code != OK) return code;
  }
  return OK;
}

bool change_settle(struct change *c, const struct epoch *epoch) {
  for (enum way way = WAY_SELF; way < N_WAYS; way++) {
    uint32_t needed = way_needs(epoch, way);
    uint32_t kept = 0;
    if (!act_knows(&c->act, way) || way_given(c, epoch, way) < needed) continue;
    for (uint32_t i = 0; i < c->n && kept < needed; i++) {
      if (consent_fits(&c->act, epoch, way, &c->consents[i])) c->consents[kept++] = c->consents[i];
    }
    c->n = kept;
    return true;
  }
  return false;
}

void change_progress(const struct change *c, const struct epoch *epoch, uint32_t *given, uint32_t *needed) {
  bool enough = false;
  *given = 0;
  *needed = 0;
  for (enum way way = WAY_SELF; way < N_WAYS && !enough; way++) {
    uint32_t n = way_given(c, epoch, way);
    if (!act_knows(&c->act, way)) continue;
    enough = n >= way_needs(epoch, way);
    if (!enough && *needed > 0 && n < *given) continue;
    *given = n;
    *needed = way_needs(epoch, way);
  }
}
