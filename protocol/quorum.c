/*
 * quorum: epoch items, and whether one makes the epoch that follows (docs/protocol.md 6.4). Prototypes stand in ballot.h and,
 * of the item of epoch 1, in membership.h.
 */
#include <string.h>

#include "protocol/ballot.h"
#include "protocol/canon.h"

/* ---- the item ---- */

static void votes_read(struct canon_reader *r, struct epoch_item *item) {
  item->n = canon_array(r, LIMIT_MEMBERS);
  for (uint32_t i = 0; i < item->n; i++) {
    struct quorum_vote *v = &item->votes[i];
    canon_array_exact(r, 3);
    v->roll = canon_uint(r);
    v->version = canon_uint(r);
    canon_signature(r, &v->signature);
    if (v->version == 0) canon_fail(r, "identities count from 1");
    if (i > 0 && item->votes[i - 1].roll >= v->roll) canon_fail(r, "votes out of order");
  }
}

enum err_code epoch_item_decode(struct view octets, struct epoch_item *out, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  *out = (struct epoch_item){.n = 0};
  if (octets.len > LIMIT_EPOCH_ITEM) return err_set(err, ERR_FORMAT, "epoch item: more than %u octets", LIMIT_EPOCH_ITEM);
  canon_array_exact(&r, 2);
  out->body = canon_bin(&r, LIMIT_CHARTER);
  uint32_t n = canon_array(&r, 3);
  if (n != 0 && n != 3) canon_fail(&r, "a quorum of three elements, or of none");
  if (n != 0) {
    out->ballot = canon_uint_max(&r, LIMIT_BALLOT);
    out->changes = canon_bin(&r, LIMIT_CHANGES_BYTES);
    if (out->changes.len == 0) canon_fail(&r, "a quorum for no changes");
    votes_read(&r, out);
  }
  return canon_finish(&r, "epoch item", err);
}

enum err_code epoch_item_write(const struct epoch_item *item, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, item->body);
  canon_put_array(&w, 3);
  canon_put_uint(&w, item->ballot);
  canon_put_bin(&w, item->changes);
  canon_put_array(&w, item->n);
  for (uint32_t i = 0; i < item->n; i++) {
    canon_put_array(&w, 3);
    canon_put_uint(&w, item->votes[i].roll);
    canon_put_uint(&w, item->votes[i].version);
    canon_put_signature(&w, &item->votes[i].signature);
  }
  enum err_code code = canon_written(&w, "epoch item", err);
  if (code != OK) out->len = before;
  return code;
}

/* ---- the quorum ---- */

struct judging {
  const struct hash *fed_id;
  const struct epoch *before;
  const struct identities *identities;
  struct hash *lacking; /* may be NULL */
  struct err *err;
};

static enum err_code vote_judge(const struct judging *j, const struct epoch_item *item, const struct quorum_vote *v,
                                const struct hash *hash) {
  struct identity id;
  uint32_t i = 0;
  const struct member *m = epoch_by_roll(j->before, v->roll);
  if (m == NULL || m->has_lead) return err_set(j->err, ERR_FORMAT, "quorum: a vote of who has no voice");
  for (; identities_each(j->identities, &m->node, v->version, i, &id); i++) {
    if (vote_verify(&id.node_key, j->fed_id, j->before->number + 1, item->ballot, hash, &v->signature)) return OK;
  }
  if (j->lacking != NULL) *j->lacking = m->node;
  if (i > 0) return err_set(j->err, ERR_SIGNATURE, "quorum: the vote of %s does not verify", m->handle);
  return err_set(j->err, ERR_NOT_FOUND, "quorum: version %llu of the identity of %s is not held",
                 (unsigned long long)v->version, m->handle);
}

static enum err_code votes_judge(const struct judging *j, const struct epoch_item *item, const struct hash *hash) {
  for (uint32_t i = 0; i < item->n; i++) {
    enum err_code code = vote_judge(j, item, &item->votes[i], hash);
    if (code != OK) return code;
  }
  if (item->n > j->before->n_leads / 2) return OK;
  return err_set(j->err, ERR_INCOMPLETE, "quorum: %u of %u voices, more than half are needed", item->n, j->before->n_leads);
}

static enum err_code changes_judge(const struct judging *j, const struct changes *changes) {
  for (uint32_t i = 0; i < changes->n; i++) {
    enum err_code code = change_authorise(&changes->list[i], j->fed_id, j->before, j->identities, false, j->lacking, j->err);
    if (code != OK) return code;
  }
  return OK;
}

/* Whether the body says that it comes right after `before`. */
static enum err_code body_follows(const struct judging *j, struct view body, struct epoch *next) {
  enum err_code code = epoch_decode(body, next, j->err);
  if (code != OK) return code;
  if (next->number == j->before->number + 1 && hash_equal(&next->previous, &j->before->hash)) return OK;
  return err_set(j->err, ERR_MISMATCH, "epoch: it does not follow on epoch %llu", (unsigned long long)j->before->number);
}

enum err_code epoch_item_verify(struct view octets, const struct hash *fed_id, const struct epoch *before,
                                const struct identities *identities, struct epoch *out, struct changes *changes,
                                struct hash *lacking, struct err *err) {
  const struct judging j = {fed_id, before, identities, lacking, err};
  struct epoch_item item;
  struct epoch next = {.members = NULL};
  struct changes made = {.n = 0};
  struct bytes body;
  bytes_init(&body, LIMIT_CHARTER);
  enum err_code code = epoch_item_decode(octets, &item, err);
  if (code == OK) code = body_follows(&j, item.body, &next);
  if (code == OK) code = changes_decode(item.changes, fed_id, &made, err);
  if (code == OK) code = changes_apply(&made, before, &body, NULL, err);
  if (code == OK && !view_equal(bytes_view(&body), item.body)) {
    code = err_set(err, ERR_MISMATCH, "epoch: its changes make another one");
  }
  if (code == OK) code = changes_judge(&j, &made);
  if (code == OK) code = votes_judge(&j, &item, &next.hash);
  bytes_release(&body);
  if (code == OK && changes != NULL) {
    *changes = made;
    made.n = 0;
  }
  changes_release(&made);
  if (code != OK) {
    epoch_release(&next);
    return code;
  }
  *out = next;
  return OK;
}
