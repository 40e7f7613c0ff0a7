/*
 * membership: epochs and the frontier (docs/protocol.md 6.4, 8.4). Charters are in charter.c, founding requests in founder.c.
 */
#include "protocol/membership.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/founder.h"

#define FRONTIER_ROW_MAX 96 /* octets of [node id, gen, size, root] */
#define FIRST_FIELDS 4u     /* of the body of epoch 1; of a later one: */
#define LATER_FIELDS 6u

void epoch_release(struct epoch *e) {
  free(e->members);
  free(e->formers);
  free(e->past_policies);
  *e = (struct epoch){.members = NULL};
}

/* ---- reading ---- */

static void member_read(struct canon_reader *r, struct member *m) {
  canon_array_exact(r, 6);
  m->roll = canon_uint(r);
  canon_hash(r, &m->node);
  place_read(r, m->handle, m->country, m->region);
  m->has_lead = !canon_opt_nil(r);
  if (m->has_lead) m->lead_roll = canon_uint(r);
}

static enum err_code members_read(struct canon_reader *r, struct epoch *e, struct err *err) {
  e->n_members = canon_array(r, LIMIT_MEMBERS);
  if (e->n_members == 0) {
    canon_fail(r, "an epoch without members");
    return OK;
  }
  e->members = calloc(e->n_members, sizeof *e->members);
  if (e->members == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < e->n_members && r->fault == NULL; i++) {
    member_read(r, &e->members[i]);
    if (i > 0 && hash_compare(&e->members[i - 1].node, &e->members[i].node) >= 0) canon_fail(r, "members out of order");
    e->n_leads += !e->members[i].has_lead;
  }
  return OK;
}

static void former_read(struct canon_reader *r, struct former *f) {
  canon_array_exact(r, 4);
  f->roll = canon_uint(r);
  canon_hash(r, &f->node);
  handle_read(r, f->handle);
  f->has_cut = cut_read(r, &f->cut);
}

static enum err_code formers_read(struct canon_reader *r, struct epoch *e, struct err *err) {
  e->n_formers = canon_array(r, LIMIT_FORMERS);
  if (e->n_formers == 0) return OK;
  e->formers = calloc(e->n_formers, sizeof *e->formers);
  if (e->formers == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < e->n_formers && r->fault == NULL; i++) {
    former_read(r, &e->formers[i]);
    if (i > 0 && hash_compare(&e->formers[i - 1].node, &e->formers[i].node) >= 0) canon_fail(r, "former members out of order");
  }
  return OK;
}

static void policies_read(struct canon_reader *r, struct epoch *e) {
  e->n_policies = canon_array(r, LIMIT_POLICIES);
  for (uint32_t i = 0; i < e->n_policies; i++)
    canon_hash(r, &e->policies[i]);
}

static enum err_code past_policies_read(struct canon_reader *r, struct epoch *e, struct err *err) {
  e->n_past_policies = canon_array(r, LIMIT_PAST_POLICIES);
  if (e->n_past_policies == 0) return OK;
  e->past_policies = calloc(e->n_past_policies, sizeof *e->past_policies);
  if (e->past_policies == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < e->n_past_policies && r->fault == NULL; i++) {
    canon_hash(r, &e->past_policies[i]);
    if (i > 0 && hash_compare(&e->past_policies[i - 1], &e->past_policies[i]) >= 0) canon_fail(r, "past policies out of order");
  }
  return OK;
}

/* Each roll number that was ever given belongs to a member or a former one: false if one stands twice or is left out. */
static bool rolls_fit(const struct epoch *e) {
  bool seen[LIMIT_MEMBERS + LIMIT_FORMERS] = {false};
  uint64_t n = (uint64_t)e->n_members + e->n_formers;
  for (uint64_t i = 0; i < n; i++) {
    uint64_t roll = i < e->n_members ? e->members[i].roll : e->formers[i - e->n_members].roll;
    if (roll >= n || seen[roll]) return false;
    seen[roll] = true;
  }
  return true;
}

static bool handle_stands_below(const struct epoch *e, uint32_t i, const char *handle) {
  for (uint32_t k = 0; k < i; k++) {
    if (strcmp(e->members[k].handle, handle) == 0) return true;
  }
  return false;
}

static const char *lead_fault(const struct epoch *e, const struct member *m) {
  if (!m->has_lead) return NULL;
  const struct member *lead = epoch_by_roll(e, m->lead_roll);
  if (lead == NULL) return "a lead that is no member";
  if (lead->has_lead) return "a lead that has a lead itself";
  return strcmp(lead->country, m->country) == 0 ? NULL : "a lead of another country";
}

static const char *former_fault(const struct epoch *e, uint32_t i) {
  const struct former *f = &e->formers[i];
  if (epoch_by_node(e, &f->node) != NULL) return "a former member that is a member";
  if (epoch_by_handle(e, f->handle) != NULL) return "a former member's handle";
  for (uint32_t k = 0; k < i; k++) {
    if (strcmp(e->formers[k].handle, f->handle) == 0) return "a handle of two former members";
  }
  return NULL;
}

/* What is wrong between members; NULL if nothing. */
static const char *members_fault(const struct epoch *e) {
  if (!rolls_fit(e)) return "roll numbers count from 0, and each stands once";
  for (uint32_t i = 0; i < e->n_members; i++) {
    const struct member *m = &e->members[i];
    if (e->number == 1 && m->roll != i) return "in the first epoch roll numbers count from 0 in the order of node ids";
    if (handle_stands_below(e, i, m->handle)) return "a handle twice";
    const char *fault = lead_fault(e, m);
    if (fault != NULL) return fault;
  }
  for (uint32_t i = 0; i < e->n_formers; i++) {
    const char *fault = former_fault(e, i);
    if (fault != NULL) return fault;
  }
  return NULL;
}

/* The number and the hash before; false: this is a body of the first epoch. */
static bool number_read(struct canon_reader *r, struct epoch *e) {
  uint32_t n_fields = canon_array(r, LATER_FIELDS);
  e->number = canon_uint(r);
  if (e->number == 0) canon_fail(r, "epochs count from 1");
  const bool is_first = canon_opt_nil(r);
  if (!is_first) canon_hash(r, &e->previous);
  if (is_first != (e->number == 1)) canon_fail(r, "a previous epoch belongs to every epoch but the first");
  if (n_fields != (is_first ? FIRST_FIELDS : LATER_FIELDS)) canon_fail(r, "the first epoch has 4 fields, a later one 6");
  return !is_first;
}

enum err_code epoch_decode(struct view body, struct epoch *out, struct err *err) {
  struct epoch e = {.members = NULL};
  struct canon_reader r = canon_reader(body);
  if (body.len > LIMIT_CHARTER) return err_set(err, ERR_FORMAT, "epoch: more than %u octets", LIMIT_CHARTER);
  const bool is_later = number_read(&r, &e);
  enum err_code code = members_read(&r, &e, err);
  policies_read(&r, &e);
  if (is_later && code == OK) code = formers_read(&r, &e, err);
  if (is_later && code == OK) code = past_policies_read(&r, &e, err);
  if (code == OK) code = canon_finish(&r, "epoch", err);
  const char *fault = code == OK ? members_fault(&e) : NULL;
  if (fault != NULL) code = err_set(err, ERR_FORMAT, "epoch: %s", fault);
  if (code != OK) {
    epoch_release(&e);
    return code;
  }
  e.hash = hash_of(HASH_EPOCH, body, view_of(NULL, 0));
  *out = e;
  return OK;
}

/* ---- writing ---- */

static void member_put(struct canon_writer *w, const struct member *m) {
  canon_put_array(w, 6);
  canon_put_uint(w, m->roll);
  canon_put_hash(w, &m->node);
  place_write(w, m->handle, m->country, m->region);
  if (m->has_lead) {
    canon_put_uint(w, m->lead_roll);
  } else {
    canon_put_nil(w);
  }
}

static void hashes_put(struct canon_writer *w, const struct hash *hashes, uint32_t n) {
  canon_put_array(w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_hash(w, &hashes[i]);
}

static void formers_put(struct canon_writer *w, const struct former *formers, uint32_t n) {
  canon_put_array(w, n);
  for (uint32_t i = 0; i < n; i++) {
    canon_put_array(w, 4);
    canon_put_uint(w, formers[i].roll);
    canon_put_hash(w, &formers[i].node);
    canon_put_text(w, formers[i].handle);
    cut_write(w, formers[i].has_cut ? &formers[i].cut : NULL);
  }
}

enum err_code epoch_encode(const struct epoch *e, struct bytes *out, struct err *err) {
  const bool is_first = e->number == 1;
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, is_first ? FIRST_FIELDS : LATER_FIELDS);
  canon_put_uint(&w, e->number);
  canon_put_opt_hash(&w, is_first ? NULL : &e->previous);
  canon_put_array(&w, e->n_members);
  for (uint32_t i = 0; i < e->n_members; i++)
    member_put(&w, &e->members[i]);
  hashes_put(&w, e->policies, e->n_policies);
  if (!is_first) formers_put(&w, e->formers, e->n_formers);
  if (!is_first) hashes_put(&w, e->past_policies, e->n_past_policies);
  enum err_code code = canon_written(&w, "epoch", err);
  if (code != OK) out->len = before;
  return code;
}

enum err_code epoch_item_encode(struct view body, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, body);
  canon_put_array(&w, 0);
  enum err_code code = canon_written(&w, "epoch", err);
  if (code != OK) out->len = before;
  return code;
}

struct view epoch_item_read(struct canon_reader *r, unsigned above) {
  canon_array_exact(r, 2);
  struct view body = canon_bin(r, LIMIT_CHARTER);
  uint32_t n = canon_array(r, 3);
  if (n == 0) return body; /* epoch 1 */
  if (n != 3) canon_fail(r, "a quorum of three elements, or of none");
  (void)canon_uint_max(r, LIMIT_BALLOT);
  if (canon_bin(r, LIMIT_CHANGES_BYTES).len == 0) canon_fail(r, "a quorum for no changes");
  (void)canon_skip_inside(r, above + 2); /* the votes: protocol/quorum.c */
  return body;
}

/* ---- the first epoch ---- */

/* The row in which handle stands; charter_decode has made sure that a lead is a founder. */
static uint64_t roll_of(const struct charter *c, const char *handle) {
  uint32_t i = 0;
  while (i < c->n_founders && strcmp(c->founders[i].handle, handle) != 0)
    i++;
  return i;
}

static enum err_code first_write(const struct charter *c, struct bytes *out, struct err *err) {
  struct view policies[LIMIT_POLICIES];
  struct epoch e = {.number = 1, .n_members = c->n_founders, .n_policies = charter_policies(c, policies)};
  e.members = calloc(c->n_founders, sizeof *e.members);
  if (e.members == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < c->n_founders; i++) {
    const struct founder *f = &c->founders[i];
    struct member *m = &e.members[i];
    m->roll = i;
    m->node = f->node;
    memcpy(m->handle, f->handle, sizeof m->handle);
    memcpy(m->country, f->country, sizeof m->country);
    memcpy(m->region, f->region, sizeof m->region);
    m->has_lead = f->lead[0] != '\0';
    if (m->has_lead) m->lead_roll = roll_of(c, f->lead);
  }
  for (uint32_t i = 0; i < e.n_policies; i++)
    e.policies[i] = hash_of(HASH_POLICY, policies[i], view_of(NULL, 0));
  enum err_code code = epoch_encode(&e, out, err);
  epoch_release(&e);
  return code;
}

enum err_code epoch_from_charter(const struct charter *c, struct epoch *out, struct bytes *body, struct err *err) {
  struct epoch e = {.members = NULL};
  struct bytes octets;
  bytes_init(&octets, LIMIT_CHARTER);
  enum err_code code = charter_complete(c, err);
  if (code == OK) code = first_write(c, &octets, err);
  if (code == OK) code = epoch_decode(bytes_view(&octets), &e, err);
  if (code == OK && body != NULL) code = bytes_append(body, bytes_view(&octets), err);
  bytes_release(&octets);
  if (code != OK) {
    epoch_release(&e);
    return code;
  }
  *out = e;
  return OK;
}

/* ---- members ---- */

const struct member *epoch_by_node(const struct epoch *e, const struct hash *node) {
  uint32_t low = 0;
  uint32_t high = e->n_members;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = hash_compare(&e->members[middle].node, node);
    if (order == 0) return &e->members[middle];
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

const struct member *epoch_by_handle(const struct epoch *e, const char *handle) {
  for (uint32_t i = 0; i < e->n_members; i++) {
    if (strcmp(e->members[i].handle, handle) == 0) return &e->members[i];
  }
  return NULL;
}

const struct member *epoch_by_roll(const struct epoch *e, uint64_t roll) {
  for (uint32_t i = 0; i < e->n_members; i++) {
    if (e->members[i].roll == roll) return &e->members[i];
  }
  return NULL;
}

const struct former *epoch_former(const struct epoch *e, const struct hash *node) {
  for (uint32_t i = 0; i < e->n_formers; i++) {
    if (hash_equal(&e->formers[i].node, node)) return &e->formers[i];
  }
  return NULL;
}

const struct member *epoch_voice(const struct epoch *e, uint32_t i) {
  for (uint32_t k = 0; k < e->n_members; k++) {
    if (!e->members[k].has_lead && i-- == 0) return &e->members[k];
  }
  return NULL;
}

uint64_t epoch_next_roll(const struct epoch *e) {
  return (uint64_t)e->n_members + e->n_formers;
}

/* ---- the frontier ---- */

static bool is_rising(const struct frontier_row *a, const struct frontier_row *b) {
  int order = hash_compare(&a->node, &b->node);
  return order < 0 || (order == 0 && a->gen < b->gen);
}

enum err_code frontier_digest(const struct hash *epoch_hash, const struct frontier_row *rows, uint32_t n, struct hash *out,
                              struct err *err) {
  struct bytes octets;
  bytes_init(&octets, FRONTIER_ROW_MAX * (n + (size_t)1));
  struct canon_writer w = canon_writer(&octets);
  canon_put_array(&w, 2);
  canon_put_hash(&w, epoch_hash);
  canon_put_array(&w, n);
  enum err_code code = OK;
  for (uint32_t i = 0; i < n && code == OK; i++) {
    if (i > 0 && !is_rising(&rows[i - 1], &rows[i])) code = err_set(err, ERR_FORMAT, "frontier: rows out of order");
    canon_put_array(&w, 4);
    canon_put_hash(&w, &rows[i].node);
    canon_put_uint(&w, rows[i].gen);
    canon_put_uint(&w, rows[i].size);
    canon_put_hash(&w, &rows[i].root);
  }
  if (code == OK) code = canon_written(&w, "frontier", err);
  if (code == OK) *out = hash_of(HASH_FRONTIER, bytes_view(&octets), view_of(NULL, 0));
  bytes_release(&octets);
  return code;
}
