/*
 * epochs: the hall goes over to a new list of members (docs/protocol.md 6.5): kept in one transaction, and then in force for
 * everything that is held. Declared in ingest.h.
 */
#include <inttypes.h>
#include <string.h>

#include "keys/log.h"
#include "node/hall.h"
#include "node/scrub.h"
#include "node/store/endorsed.h"
#include "node/store/invitation.h"
#include "protocol/canon.h"

/* Where everybody stood among the members before, for those of the next epoch. */
static void places_before(const struct epoch *before, const struct epoch *next, uint32_t was[LIMIT_MEMBERS]) {
  for (uint32_t i = 0; i < next->n_members; i++) {
    const struct member *m = epoch_by_node(before, &next->members[i].node);
    was[i] = m == NULL ? LIMIT_MEMBERS : (uint32_t)(m - before->members);
  }
}

/* Whoever comes asked perhaps, with an invitation of this node: that is answered now. */
static enum err_code answer_asks(struct store *s, const struct federation_next *next, struct err *err) {
  enum err_code code = OK;
  for (uint32_t i = 0; code == OK && i < next->n_members; i++) {
    code = next->members[i].since == next->epoch.number ? invitation_answer(s, &next->rows[i].node, err) : OK;
  }
  return code;
}

/* Verified and written, all or nothing; *next is what it makes of the federation. */
static enum err_code keep(struct hall *h, struct view item, struct federation_next *next, struct hash *lacking,
                          struct err *err) {
  struct store *s = h->config.store;
  enum err_code code = store_begin(s, err);
  if (code != OK) {
    return code;
  }
  code = federation_follow(s, h->config.federation, item, next, lacking, err);
  if (code == OK) {
    code = store_put_epoch(s, next->epoch.number, item, err);
  }
  if (code == OK) {
    code = answer_asks(s, next, err);
  }
  if (code == OK) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
    federation_next_release(next);
  }
  return code;
}

/* How objects stand hangs on who is a member. */
static enum err_code weigh_again(struct hall *h, struct err *err) {
  struct store *s = h->config.store;
  enum err_code code = store_begin(s, err);
  if (code != OK) {
    return code;
  }
  code = endorsed_settle(s, h->config.federation, err);
  if (code == OK) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
  }
  return code;
}

enum err_code hall_follow(struct hall *h, struct err *err) {
  const struct federation *f = h->config.federation;
  enum err_code code = OK;
  if (!h->is_behind) {
    return OK;
  }
  for (uint32_t i = 0; code == OK && i < f->n_members; i++) {
    code = f->members[i].until != 0 ? hall_bear(h, hall_apply_cuts(h, &f->rows[i].node, err), err) : OK;
  }
  if (code == OK) {
    code = weigh_again(h, err);
  }
  h->is_behind = code != OK;
  return code;
}

/* In memory. What was counted of members goes with them to their new places. */
static enum err_code go_over(struct hall *h, struct federation_next *next, struct err *err) {
  struct federation *f = h->config.federation;
  const bool was_member = federation_self(f) != NULL;
  uint32_t was[LIMIT_MEMBERS];
  enum err_code code = OK;
  places_before(&f->epoch, &next->epoch, was);
  federation_move(f, next);
  if (was_member && federation_self(f) != NULL) {
    guarding_members(h, was);
  } else if (was_member) {
    h->guarding.is_guarded = false;
  } else {
    code = guarding_open(h, err);
  }
  hall_digest_again(h);
  voter_touch(h);
  h->is_behind = true;
  return code == OK ? hall_follow(h, err) : code;
}

enum err_code hall_epoch(struct hall *h, struct view item, bool *changed, struct hash *lacking, struct err *err) {
  const struct federation *f = h->config.federation;
  struct federation_next next = {.members = NULL};
  uint64_t number = 0;
  *changed = false;
  struct canon_reader r = canon_reader(item);
  struct epoch epoch = {.number = 0};
  enum err_code code = epoch_decode(epoch_item_read(&r, 0), &epoch, err);
  number = epoch.number;
  epoch_release(&epoch);
  if (code != OK || number <= f->epoch.number) {
    return code;
  }
  code = keep(h, item, &next, lacking, err);
  if (code != OK) {
    return code;
  }
  *changed = true;
  code = go_over(h, &next, err);
  log_line(LOG_INFO, "members", "another epoch is in force", "epoch=%" PRIu64 " members=%" PRIu32, f->epoch.number,
           f->epoch.n_members);
  return code;
}
