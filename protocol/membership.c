/*
 * membership: epochs and the frontier (docs/protocol.md 6.4, 8.4). Charters are in charter.c, founding requests in founder.c.
 */
#include "protocol/membership.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/founder.h"

#define FRONTIER_ROW_MAX 96 /* octets of [node id, gen, size, root] */

void epoch_release(struct epoch *e) {
  free(e->members);
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

/* What is wrong between members; NULL if nothing. */
static const char *members_fault(const struct epoch *e) {
  for (uint32_t i = 0; i < e->n_members; i++) {
    const struct member *m = &e->members[i];
    if (e->number == 1 && m->roll != i) return "in the first epoch roll numbers count from 0 in the order of node ids";
    for (uint32_t k = 0; k < i; k++) {
      if (e->members[k].roll == m->roll) return "a roll number twice";
      if (strcmp(e->members[k].handle, m->handle) == 0) return "a handle twice";
    }
    if (!m->has_lead) continue;
    const struct member *lead = epoch_by_roll(e, m->lead_roll);
    if (lead == NULL) return "a lead that is no member";
    if (lead->has_lead) return "a lead that has a lead itself";
    if (strcmp(lead->country, m->country) != 0) return "a lead of another country";
  }
  return NULL;
}

static void policies_read(struct canon_reader *r) {
  struct hash unused;
  uint32_t n = canon_array(r, LIMIT_POLICIES);
  for (uint32_t i = 0; i < n; i++)
    canon_hash(r, &unused);
}

enum err_code epoch_decode(struct view body, struct epoch *out, struct err *err) {
  struct epoch e = {.members = NULL};
  struct hash previous;
  struct canon_reader r = canon_reader(body);
  if (body.len > LIMIT_CHARTER) return err_set(err, ERR_FORMAT, "epoch: more than %u octets", LIMIT_CHARTER);
  canon_array_exact(&r, 4);
  e.number = canon_uint(&r);
  if (e.number == 0) canon_fail(&r, "epochs count from 1");
  bool is_first = canon_opt_nil(&r);
  if (!is_first) canon_hash(&r, &previous);
  if (is_first != (e.number == 1)) canon_fail(&r, "a previous epoch belongs to every epoch but the first");
  enum err_code code = members_read(&r, &e, err);
  policies_read(&r);
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
  uint32_t n = canon_array(r, LIMIT_LIST); /* the quorum of a later epoch, whose form is reserved */
  for (uint32_t i = 0; i < n; i++)
    (void)canon_skip_inside(r, above + 2);
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

static void member_write(struct canon_writer *w, const struct charter *c, uint32_t i) {
  const struct founder *f = &c->founders[i];
  canon_put_array(w, 6);
  canon_put_uint(w, i);
  canon_put_hash(w, &f->node);
  place_write(w, f->handle, f->country, f->region);
  if (f->lead[0] == '\0') {
    canon_put_nil(w);
  } else {
    canon_put_uint(w, roll_of(c, f->lead));
  }
}

static enum err_code first_write(const struct charter *c, struct bytes *out, struct err *err) {
  struct view policies[LIMIT_POLICIES];
  uint32_t n_policies = charter_policies(c, policies);
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 4);
  canon_put_uint(&w, 1);
  canon_put_nil(&w);
  canon_put_array(&w, c->n_founders);
  for (uint32_t i = 0; i < c->n_founders; i++)
    member_write(&w, c, i);
  canon_put_array(&w, n_policies);
  for (uint32_t i = 0; i < n_policies; i++) {
    struct hash id = hash_of(HASH_POLICY, policies[i], view_of(NULL, 0));
    canon_put_hash(&w, &id);
  }
  return canon_written(&w, "epoch", err);
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
