/*
 * change: acts, consents and changes as octets, encoder and decoder side by side (docs/protocol.md 6.5). Who must consent is in
 * authority.c, what an act makes of an epoch in succession.c.
 */
#include "protocol/change.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/founder.h"

/* ---- acts ---- */

static void act_write(struct canon_writer *w, const struct act *act) {
  canon_put_array(w, act->kind == CHANGE_ADMIT ? 6 : 3);
  canon_put_uint(w, act->kind);
  switch (act->kind) {
  case CHANGE_ADMIT:
    identity_item_write(w, &act->item);
    place_write(w, act->handle, act->country, act->region);
    if (act->has_lead) {
      canon_put_uint(w, act->lead_roll);
    } else {
      canon_put_nil(w);
    }
    break;
  case CHANGE_REMOVE:
    canon_put_hash(w, &act->node);
    cut_write(w, act->has_cut ? &act->cut : NULL);
    break;
  case CHANGE_POLICY:
    canon_put_opt_hash(w, act->drops ? &act->dropped : NULL);
    if (act->adopted.len > 0) {
      canon_put_raw(w, act->adopted);
    } else {
      canon_put_nil(w);
    }
    break;
  }
}

static void admit_read(struct canon_reader *r, struct act *act) {
  identity_item_read(r, &act->item);
  place_read(r, act->handle, act->country, act->region);
  act->has_lead = !canon_opt_nil(r);
  if (act->has_lead) act->lead_roll = canon_uint(r);
  if (r->fault != NULL) return;
  if (identity_decode(act->item.body, &act->identity, NULL) != OK || act->identity.version != 1 || act->item.n_prev != 0) {
    canon_fail(r, "who is admitted has a first identity");
  } else if (strncmp(act->handle, act->country, 2) != 0) {
    canon_fail(r, "a handle that does not begin with the country");
  }
  act->node = identity_hash(act->item.body);
}

static void policy_act_read(struct canon_reader *r, struct act *act) {
  act->drops = !canon_opt_nil(r);
  if (act->drops) canon_hash(r, &act->dropped);
  if (!canon_opt_nil(r)) {
    const uint8_t *from = r->p;
    policy_pass(r);
    if (r->fault == NULL) act->adopted = view_of(from, (size_t)(r->p - from));
  } else if (!act->drops) {
    canon_fail(r, "a change of policies that changes none");
  }
}

/* The form of an act: no signature is verified. */
static enum err_code act_read(struct view octets, struct act *act, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  uint32_t n = canon_array(&r, 6);
  uint64_t kind = canon_uint(&r);
  *act = (struct act){.octets = octets};
  if (kind == CHANGE_ADMIT && n == 6) {
    act->kind = CHANGE_ADMIT;
    admit_read(&r, act);
  } else if (kind == CHANGE_REMOVE && n == 3) {
    act->kind = CHANGE_REMOVE;
    canon_hash(&r, &act->node);
    act->has_cut = cut_read(&r, &act->cut);
  } else if (kind == CHANGE_POLICY && n == 3) {
    act->kind = CHANGE_POLICY;
    policy_act_read(&r, act);
  } else {
    canon_fail(&r, "no act of version 1");
  }
  return canon_finish(&r, "act", err);
}

enum err_code act_encode(const struct act *act, struct bytes *out, struct err *err) {
  struct act again;
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  act_write(&w, act);
  enum err_code code = canon_written(&w, "act", err);
  if (code == OK) code = act_read(view_of(out->p + before, out->len - before), &again, err);
  if (code != OK) out->len = before;
  return code;
}

enum err_code act_decode(struct view octets, const struct hash *fed_id, struct act *out, struct err *err) {
  struct act act;
  struct identity identity;
  enum err_code code = act_read(octets, &act, err);
  if (code == OK && act.kind == CHANGE_ADMIT) {
    code = identity_verify(&act.item, fed_id, &act.node, view_of(NULL, 0), &identity, err);
  }
  if (code == OK) *out = act;
  return code;
}

/* ---- consents ---- */

static void consent_write(struct canon_writer *w, const struct consent *c) {
  canon_put_array(w, 3);
  canon_put_hash(w, &c->node);
  canon_put_uint(w, c->version);
  if (!c->by_roots) {
    canon_put_signature(w, &c->signature);
    return;
  }
  canon_put_array(w, c->n_roots);
  for (uint32_t i = 0; i < c->n_roots; i++) {
    canon_put_array(w, 2);
    canon_put_uint(w, c->roots[i].index);
    canon_put_signature(w, &c->roots[i].signature);
  }
}

static void roots_read(struct canon_reader *r, struct consent *c) {
  c->n_roots = canon_array(r, LIMIT_ROOTS);
  if (c->n_roots == 0) canon_fail(r, "a consent without a signature");
  for (uint32_t i = 0; i < c->n_roots; i++) {
    canon_array_exact(r, 2);
    c->roots[i].index = (uint32_t)canon_uint_max(r, LIMIT_ROOTS - 1);
    if (i > 0 && c->roots[i].index <= c->roots[i - 1].index) canon_fail(r, "root signatures out of order");
    canon_signature(r, &c->roots[i].signature);
  }
}

static void consent_read(struct canon_reader *r, struct consent *c) {
  *c = (struct consent){.version = 0};
  canon_array_exact(r, 3);
  canon_hash(r, &c->node);
  c->version = canon_uint(r);
  if (c->version == 0) canon_fail(r, "identities count from 1");
  c->by_roots = canon_peek(r) == CANON_ARRAY;
  if (c->by_roots) {
    roots_read(r, c);
  } else {
    canon_signature(r, &c->signature);
  }
}

/* By node id; the word of a node key before that of its root keys. */
static int compare_consents(const struct consent *a, const struct consent *b) {
  int order = hash_compare(&a->node, &b->node);
  return order != 0 ? order : (int)a->by_roots - (int)b->by_roots;
}

/* ---- a change ---- */

void change_release(struct change *c) {
  bytes_release(&c->octets);
  free(c->consents);
  *c = (struct change){.n = 0};
}

enum err_code change_new(struct view act, const struct hash *fed_id, struct change *out, struct err *err) {
  struct change c = {.n = 0};
  bytes_init(&c.octets, LIMIT_CHANGES_BYTES);
  enum err_code code = bytes_append(&c.octets, act, err);
  if (code == OK) code = act_decode(bytes_view(&c.octets), fed_id, &c.act, err);
  if (code != OK) {
    change_release(&c);
    return code;
  }
  *out = c;
  return OK;
}

/* The same octets, which borrowed from one run, in another. */
static struct view moved(struct view v, struct view from, struct view to) {
  return v.len == 0 ? v : view_of(to.p + (v.p - from.p), v.len);
}

enum err_code change_copy(const struct change *from, struct change *out, struct err *err) {
  struct change c = {.act = from->act};
  struct view before = bytes_view(&from->octets);
  bytes_init(&c.octets, LIMIT_CHANGES_BYTES);
  enum err_code code = bytes_append(&c.octets, before, err);
  if (code != OK) return code;
  struct view after = bytes_view(&c.octets);
  c.act.octets = after;
  c.act.item.body = moved(from->act.item.body, before, after);
  c.act.adopted = moved(from->act.adopted, before, after);
  *out = c;
  return OK;
}

enum err_code change_consent(struct change *c, const struct consent *consent, struct err *err) {
  uint32_t i = 0;
  while (i < c->n && compare_consents(&c->consents[i], consent) < 0)
    i++;
  if (i < c->n && compare_consents(&c->consents[i], consent) == 0) {
    c->consents[i] = *consent;
    return OK;
  }
  if (c->n >= 2 * LIMIT_MEMBERS) return err_set(err, ERR_LIMIT, "change: consents of more than %u", LIMIT_MEMBERS);
  struct consent *grown = reallocarray(c->consents, c->n + (size_t)1, sizeof *grown);
  if (grown == NULL) return err_set(err, ERR_MEMORY, NULL);
  memmove(grown + i + 1, grown + i, (c->n - i) * sizeof *grown);
  grown[i] = *consent;
  c->consents = grown;
  c->n++;
  return OK;
}

static void change_write(struct canon_writer *w, const struct change *c) {
  canon_put_array(w, 2);
  canon_put_bin(w, bytes_view(&c->octets));
  canon_put_array(w, c->n);
  for (uint32_t i = 0; i < c->n; i++)
    consent_write(w, &c->consents[i]);
}

/* ---- changes ---- */

void changes_release(struct changes *c) {
  for (uint32_t i = 0; i < c->n; i++)
    change_release(&c->list[i]);
  c->n = 0;
}

enum err_code changes_add(struct changes *c, struct change *change, struct err *err) {
  uint32_t i = 0;
  int order = 1;
  while (i < c->n && (order = view_compare(c->list[i].act.octets, change->act.octets)) < 0)
    i++;
  if (i < c->n && order == 0) return err_set(err, ERR_REFUSED, "changes: the same act twice");
  if (c->n == LIMIT_CHANGES) return err_set(err, ERR_LIMIT, "changes: at most %u at once", LIMIT_CHANGES);
  memmove(c->list + i + 1, c->list + i, (c->n - i) * sizeof c->list[0]);
  c->list[i] = *change;
  c->n++;
  *change = (struct change){.n = 0};
  return OK;
}

void changes_drop(struct changes *c, struct view act) {
  uint32_t i = 0;
  while (i < c->n && !view_equal(c->list[i].act.octets, act))
    i++;
  if (i == c->n) return;
  change_release(&c->list[i]);
  c->n--;
  memmove(c->list + i, c->list + i + 1, (c->n - i) * sizeof c->list[0]);
}

enum err_code changes_encode(const struct changes *c, struct bytes *out, struct err *err) {
  struct bytes room;
  bytes_init(&room, LIMIT_CHANGES_BYTES);
  struct canon_writer w = canon_writer(&room);
  canon_put_array(&w, c->n);
  for (uint32_t i = 0; i < c->n; i++)
    change_write(&w, &c->list[i]);
  enum err_code code = canon_written(&w, "changes", err);
  if (code == OK) code = bytes_append(out, bytes_view(&room), err);
  bytes_release(&room);
  return code;
}

/* What is done with one change that is read: its act, its consents from the reader on. */
typedef enum err_code take_change(void *context, struct view act, struct canon_reader *r, uint32_t n_consents, struct err *err);

/* The consents of a change, in their form and order. */
static void consents_pass(struct canon_reader *r, uint32_t n) {
  struct consent two[2];
  for (uint32_t i = 0; i < n && r->fault == NULL; i++) {
    consent_read(r, &two[i % 2]);
    if (i > 0 && compare_consents(&two[(i + 1) % 2], &two[i % 2]) >= 0) canon_fail(r, "consents out of order");
  }
}

static enum err_code check_one(void *context, struct view octets, struct canon_reader *r, uint32_t n, struct err *err) {
  struct act act;
  (void)context;
  enum err_code code = r->fault == NULL ? act_read(octets, &act, err) : OK;
  consents_pass(r, n);
  return code;
}

struct taking {
  const struct hash *fed_id;
  struct changes *out;
};

static enum err_code take_one(void *context, struct view octets, struct canon_reader *r, uint32_t n, struct err *err) {
  const struct taking *t = context;
  struct change change = {.n = 0};
  struct consent consent;
  struct canon_reader ahead = *r;
  consents_pass(&ahead, n);
  if (ahead.fault != NULL) {
    *r = ahead;
    return OK;
  }
  enum err_code code = change_new(octets, t->fed_id, &change, err);
  for (uint32_t i = 0; i < n && code == OK; i++) {
    consent_read(r, &consent);
    code = change_consent(&change, &consent, err);
  }
  if (code == OK) code = changes_add(t->out, &change, err);
  change_release(&change);
  return code;
}

static enum err_code changes_walk(struct view octets, take_change *take, void *context, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  struct view last = view_of(NULL, 0);
  enum err_code code = OK;
  if (octets.len > LIMIT_CHANGES_BYTES) return err_set(err, ERR_FORMAT, "changes: more than %u octets", LIMIT_CHANGES_BYTES);
  uint32_t n = canon_array(&r, LIMIT_CHANGES);
  if (n == 0) canon_fail(&r, "no changes");
  for (uint32_t i = 0; i < n && r.fault == NULL && code == OK; i++) {
    canon_array_exact(&r, 2);
    struct view act = canon_bin(&r, LIMIT_CHANGES_BYTES);
    uint32_t n_consents = canon_array(&r, LIMIT_MEMBERS);
    if (i > 0 && view_compare(last, act) >= 0) canon_fail(&r, "acts out of order");
    last = act;
    if (r.fault == NULL) code = take(context, act, &r, n_consents, err);
  }
  return code == OK ? canon_finish(&r, "changes", err) : code;
}

enum err_code changes_check(struct view octets, struct err *err) {
  return changes_walk(octets, check_one, NULL, err);
}

enum err_code changes_decode(struct view octets, const struct hash *fed_id, struct changes *out, struct err *err) {
  struct changes c = {.n = 0};
  struct taking taking = {fed_id, &c};
  enum err_code code = changes_walk(octets, take_one, &taking, err);
  if (code != OK) {
    changes_release(&c);
    return code;
  }
  *out = c;
  return OK;
}
