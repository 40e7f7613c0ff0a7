/*
 * succession: what changes make of an epoch (docs/protocol.md 6.5). Prototypes stand in change.h.
 *
 * The next epoch is built beside the old one, written, and taken in by epoch_decode like a stranger's: what members must keep
 * to among each other is said there, what must not come back is said here.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/change.h"

/* The epoch in the making. Its lists have room for all changes. */
struct making {
  const struct epoch *before;
  struct epoch next;
  uint64_t next_roll;
  struct err *err;
};

static enum err_code refuse(const struct making *m, const char *handle, const char *why) {
  return err_set(m->err, ERR_REFUSED, "epoch: %s%s%s", handle, handle[0] == '\0' ? "" : ": ", why);
}

/* Room for what was and what 16 changes can add. ERR_MEMORY. */
static enum err_code making_begin(struct making *m) {
  const struct epoch *e = m->before;
  struct epoch *next = &m->next;
  *next = *e;
  next->number = e->number + 1;
  next->previous = e->hash;
  next->members = calloc(e->n_members + LIMIT_CHANGES, sizeof *next->members);
  next->formers = calloc(e->n_formers + LIMIT_CHANGES, sizeof *next->formers);
  next->past_policies = calloc(e->n_past_policies + LIMIT_CHANGES, sizeof *next->past_policies);
  if (next->members == NULL || next->formers == NULL || next->past_policies == NULL) return err_set(m->err, ERR_MEMORY, NULL);
  memcpy(next->members, e->members, e->n_members * sizeof *e->members);
  if (e->n_formers > 0) memcpy(next->formers, e->formers, e->n_formers * sizeof *e->formers);
  if (e->n_past_policies > 0) {
    memcpy(next->past_policies, e->past_policies, e->n_past_policies * sizeof *e->past_policies);
  }
  m->next_roll = epoch_next_roll(e);
  return OK;
}

/* ---- one function a kind of act ---- */

static bool handle_is_borne(const struct making *m, const char *handle) {
  const struct epoch *e = m->before;
  for (uint32_t i = 0; i < e->n_formers; i++) {
    if (strcmp(e->formers[i].handle, handle) == 0) return true;
  }
  return epoch_by_handle(e, handle) != NULL || epoch_by_handle(&m->next, handle) != NULL;
}

static enum err_code admit(struct making *m, const struct act *act) {
  const struct epoch *e = m->before;
  if (epoch_by_node(e, &act->node) != NULL) return refuse(m, act->handle, "the node is a member");
  if (epoch_former(e, &act->node) != NULL) return refuse(m, act->handle, "the node was removed, and does not come back");
  if (handle_is_borne(m, act->handle)) return refuse(m, act->handle, "the handle was given before");
  const struct member *lead = act->has_lead ? epoch_by_roll(e, act->lead_roll) : NULL;
  if (act->has_lead && (lead == NULL || lead->has_lead)) return refuse(m, act->handle, "its lead is no voice");
  struct member *row = &m->next.members[m->next.n_members++];
  *row = (struct member){.roll = m->next_roll++, .node = act->node, .has_lead = act->has_lead, .lead_roll = act->lead_roll};
  memcpy(row->handle, act->handle, sizeof row->handle);
  memcpy(row->country, act->country, sizeof row->country);
  memcpy(row->region, act->region, sizeof row->region);
  return OK;
}

static enum err_code expel(struct making *m, const struct act *act) {
  struct epoch *next = &m->next;
  uint32_t i = 0;
  if (epoch_by_node(m->before, &act->node) == NULL) return refuse(m, "", "who is to be removed is no member");
  while (i < next->n_members && !hash_equal(&next->members[i].node, &act->node))
    i++;
  if (i == next->n_members) return refuse(m, "", "a member is removed twice");
  struct former *row = &next->formers[next->n_formers++];
  *row = (struct former){.roll = next->members[i].roll, .node = act->node, .has_cut = act->has_cut, .cut = act->cut};
  memcpy(row->handle, next->members[i].handle, sizeof row->handle);
  next->n_members--;
  memmove(next->members + i, next->members + i + 1, (next->n_members - i) * sizeof *next->members);
  return OK;
}

static bool stands_among(const struct hash *ids, uint32_t n, const struct hash *id, uint32_t *at) {
  for (*at = 0; *at < n; (*at)++) {
    if (hash_equal(&ids[*at], id)) return true;
  }
  return false;
}

static enum err_code change_policies(struct making *m, const struct act *act) {
  struct epoch *next = &m->next;
  uint32_t at = 0;
  if (act->drops) {
    if (!stands_among(next->policies, next->n_policies, &act->dropped, &at)) return refuse(m, "", "no such policy is in force");
    next->n_policies--;
    memmove(next->policies + at, next->policies + at + 1, (next->n_policies - at) * sizeof next->policies[0]);
    next->past_policies[next->n_past_policies++] = act->dropped;
  }
  if (act->adopted.len == 0) return OK;
  struct hash id = hash_of(HASH_POLICY, act->adopted, view_of(NULL, 0));
  if (stands_among(next->policies, next->n_policies, &id, &at)) return refuse(m, "", "the policy is in force");
  if (stands_among(next->past_policies, next->n_past_policies, &id, &at)) {
    return refuse(m, "", "the policy was dropped, and does not come back");
  }
  if (next->n_policies == LIMIT_POLICIES) return err_set(m->err, ERR_REFUSED, "epoch: more than %u policies", LIMIT_POLICIES);
  next->policies[next->n_policies++] = id;
  return OK;
}

/* ---- the whole ---- */

static int compare_members(const void *a, const void *b) {
  return hash_compare(&((const struct member *)a)->node, &((const struct member *)b)->node);
}

static int compare_formers(const void *a, const void *b) {
  return hash_compare(&((const struct former *)a)->node, &((const struct former *)b)->node);
}

static int compare_ids(const void *a, const void *b) {
  return hash_compare(a, b);
}

/* One voice a country, where one comes in now. */
static enum err_code check_voices(const struct making *m) {
  const struct epoch *next = &m->next;
  uint32_t n_voices = 0;
  for (uint32_t i = 0; i < next->n_members; i++) {
    const struct member *a = &next->members[i];
    if (a->has_lead) continue;
    n_voices++;
    for (uint32_t k = 0; k < next->n_members; k++) {
      const struct member *b = &next->members[k];
      const bool is_new = epoch_by_node(m->before, &a->node) == NULL;
      if (is_new && k != i && !b->has_lead && strcmp(a->country, b->country) == 0) {
        return refuse(m, a->handle, "the country has a voice");
      }
    }
  }
  return n_voices > 0 ? OK : refuse(m, "", "nobody with a voice is left");
}

/* No lead, and not all of them together, take the places of those who would come: one that admits is within its share. */
static enum err_code check_share(const struct making *m, const struct member *newcomer) {
  const struct epoch *next = &m->next;
  uint32_t n_led = 0, n_associates = 0;
  for (uint32_t i = 0; i < next->n_members; i++) {
    n_associates += next->members[i].has_lead;
    n_led += next->members[i].has_lead && next->members[i].lead_roll == newcomer->lead_roll;
  }
  if (n_led > LIMIT_LED) return refuse(m, newcomer->handle, "its lead has as many associates as one may have");
  return n_associates > LIMIT_ASSOCIATES ? refuse(m, newcomer->handle, "there are as many associates as there may be") : OK;
}

/* Nobody is led by who leaves, or by another country. */
static enum err_code check_leads(const struct making *m) {
  for (uint32_t i = 0; i < m->next.n_members; i++) {
    const struct member *a = &m->next.members[i];
    const struct member *lead = a->has_lead ? epoch_by_roll(&m->next, a->lead_roll) : NULL;
    if (a->has_lead && lead == NULL) return refuse(m, a->handle, "its lead goes, and it does not");
    if (lead != NULL && strcmp(lead->country, a->country) != 0) return refuse(m, a->handle, "its lead is of another country");
    enum err_code code = a->has_lead && epoch_by_node(m->before, &a->node) == NULL ? check_share(m, a) : OK;
    if (code != OK) return code;
  }
  return OK;
}

static enum err_code making_end(struct making *m) {
  struct epoch *next = &m->next;
  if (next->n_members > LIMIT_MEMBERS || next->n_formers > LIMIT_FORMERS || next->n_past_policies > LIMIT_PAST_POLICIES) {
    return refuse(m, "", "more members, former members or past policies than there may be");
  }
  qsort(next->members, next->n_members, sizeof *next->members, compare_members);
  if (next->n_formers > 0) qsort(next->formers, next->n_formers, sizeof *next->formers, compare_formers);
  if (next->n_past_policies > 0) {
    qsort(next->past_policies, next->n_past_policies, sizeof *next->past_policies, compare_ids);
  }
  enum err_code code = check_voices(m);
  return code == OK ? check_leads(m) : code;
}

enum err_code changes_apply(const struct changes *c, const struct epoch *before, struct bytes *body, struct epoch *out,
                            struct err *err) {
  static enum err_code (*const ACTS[])(struct making * m, const struct act *act) = {
      [CHANGE_ADMIT] = admit, [CHANGE_REMOVE] = expel, [CHANGE_POLICY] = change_policies};
  struct making m = {.before = before, .err = err};
  struct epoch made = {.members = NULL};
  size_t from = body->len;
  if (before->number >= LIMIT_NUMBER) return err_set(err, ERR_LIMIT, "epoch: the last number there is");
  enum err_code code = making_begin(&m);
  for (uint32_t i = 0; i < c->n && code == OK; i++)
    code = ACTS[c->list[i].act.kind](&m, &c->list[i].act);
  if (code == OK) code = making_end(&m);
  if (code == OK) code = epoch_encode(&m.next, body, err);
  if (code == OK) code = epoch_decode(view_of(body->p + from, body->len - from), &made, err);
  if (code == ERR_FORMAT) code = err_set(err, ERR_REFUSED, "epoch: members that do not fit each other");
  epoch_release(&m.next);
  if (code != OK) {
    body->len = from;
    return code;
  }
  if (out != NULL) {
    *out = made;
  } else {
    epoch_release(&made);
  }
  return OK;
}
