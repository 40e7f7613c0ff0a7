/*
 * endorsements: see endorsements.h.
 */
#include "node/store/endorsements.h"

#include <stdlib.h>
#include <string.h>

#include "node/store/object.h"
#include "node/store/statement.h"

/* A version of the object that counts. */
struct known_version {
  int64_t rowid;
  struct hash id;
};
/* A signature with what it signs. */
struct signed_by {
  struct endorsement endorsement;
  struct hash version_id, policy_id;
};
struct weighing {
  struct store *s;
  const struct federation *f;
  struct endorsements *out;
  struct hash home; /* node id of the object's home */
  struct known_version *versions;
  size_t n_versions;
  struct signed_by *all;
  size_t n, capacity;
  struct bytes scratch, other; /* of a signature or version in hand, and of what takes it back */
  struct err *err;
};

static struct hash id_of(const struct weighing *w, struct view envelope) {
  return envelope_id(&w->f->charter.fed_id, envelope);
}

/* ---- versions ---- */

static enum err_code add_version(struct weighing *w, int64_t rowid, struct view envelope) {
  if ((w->n_versions & (w->n_versions + 1)) == 0) {
    struct known_version *more = reallocarray(w->versions, w->n_versions * 2 + 2, sizeof *more);
    if (more == NULL) {
      return err_set(w->err, ERR_MEMORY, NULL);
    }
    w->versions = more;
  }
  w->versions[w->n_versions++] = (struct known_version){.rowid = rowid, .id = id_of(w, envelope)};
  return OK;
}

static enum err_code read_versions(struct weighing *w, int64_t object) {
  static const char sql[] = "SELECT :object WHERE NOT EXISTS (SELECT 1 FROM held WHERE id = :object) "
                            "UNION ALL SELECT id FROM version WHERE object = :object ORDER BY 1";
  sqlite3_stmt *st = NULL;
  struct item item;
  bool row = true;
  enum err_code code = statement_get(w->s, sql, &st, w->err);
  if (code == OK) {
    statement_bind_int(st, 1, object);
  }
  while (code == OK && (code = statement_step(w->s, st, &row, "versions", w->err)) == OK && row) {
    const int64_t rowid = sqlite3_column_int64(st, 0);
    code = entry_get(w->s, rowid, &w->scratch, &item, w->err);
    code = code == OK ? add_version(w, rowid, item.envelope) : code;
  }
  statement_done(st);
  return code;
}

/* The object's id, and whose it is. */
static enum err_code read_object(struct weighing *w, int64_t object) {
  struct item item;
  struct log log;
  enum err_code code = entry_get(w->s, object, &w->scratch, &item, w->err);
  if (code == OK) {
    w->out->object = id_of(w, item.envelope);
    code = log_by_no(w->s, entry_log_no(object), &log, w->err);
  }
  if (code == OK) {
    w->home = log.node;
  }
  return code;
}

/* ---- signatures ---- */

/* Whether a kind 33 takes the signature back. node: of the log in which it stands. */
static bool takes_back(const struct record *withdrawal, uint64_t person, const struct hash *node,
                       const struct record *signature, const struct endorsement *e) {
  const struct header *h = &withdrawal->header;
  const bool same_key = pubkey_equal(&h->author, &signature->header.author);
  const bool same_person = hash_equal(node, &e->node) && person != 0 && person == e->person;
  return hash_equal(&h->subject, &signature->id) && hash_equal(&h->home, &signature->header.home) && (same_key || same_person);
}

static enum err_code look_withdrawn(struct weighing *w, const struct record *signature, struct endorsement *e) {
  static const char sql[] = "SELECT endorsement_withdrawal.id, person, log.node FROM endorsement_withdrawal "
                            "JOIN log ON log.no = endorsement_withdrawal.id >> 40 WHERE target = :target";
  sqlite3_stmt *st = NULL;
  struct record withdrawal;
  struct item item;
  struct hash node;
  bool row = true;
  enum err_code code = statement_get(w->s, sql, &st, w->err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)get_u64be(signature->id.b));
  while (code == OK && e->standing == ENDORSEMENT_COUNTS &&
         (code = statement_step(w->s, st, &row, "withdrawals", w->err)) == OK && row) {
    code = entry_get(w->s, sqlite3_column_int64(st, 0), &w->other, &item, w->err);
    if (code == OK && record_reopen(item.envelope, &w->f->charter.fed_id, &withdrawal) == REASON_NONE &&
        statement_hash(st, 2, &node) && takes_back(&withdrawal, (uint64_t)sqlite3_column_int64(st, 1), &node, signature, e)) {
      e->standing = ENDORSEMENT_WITHDRAWN;
    }
  }
  statement_done(st);
  return code;
}

/* The first reason of the table that one signature has by itself. */
static enum err_code look_standing(struct weighing *w, const struct record *signature, const struct policy *policy,
                                   bool has_version, struct endorsement *e) {
  const struct federation_member *m = federation_by_node(w->f, &e->node);
  if (m != NULL) {
    memcpy(e->country, m->member->country, sizeof e->country);
  }
  const bool is_member = m != NULL && m->until == 0;
  if (!has_version || policy == NULL || !is_member || (policy->exclude_home && hash_equal(&e->node, &w->home))) {
    e->standing = !has_version     ? ENDORSEMENT_VERSION
                  : policy == NULL ? ENDORSEMENT_POLICY
                  : !is_member     ? ENDORSEMENT_MEMBER
                                   : ENDORSEMENT_HOME;
    return OK;
  }
  return look_withdrawn(w, signature, e);
}

/* Counts from 1; 0: not in force. */
static uint32_t policy_of(const struct endorsements *e, const struct hash *id) {
  for (uint32_t i = 0; i < e->n_policies; i++) {
    if (hash_equal(&e->policies[i].id, id)) {
      return i + 1;
    }
  }
  return 0;
}

static const struct policy *policy_at(const struct endorsements *e, uint32_t number) {
  return number == 0 ? NULL : &e->policies[number - 1];
}

const struct policy *endorsements_policy(const struct endorsements *e, const struct statement_result *x) {
  return policy_at(e, x->policy);
}

/* 0: none of this object's. */
static uint32_t version_of(const struct weighing *w, const struct hash *id) {
  for (size_t i = 0; i < w->n_versions; i++) {
    if (hash_equal(&w->versions[i].id, id)) {
      return (uint32_t)i + 1;
    }
  }
  return 0;
}

static enum err_code add_signature(struct weighing *w, sqlite3_stmt *st) {
  struct endorsement e = {.rowid = sqlite3_column_int64(st, 0), .person = (uint64_t)sqlite3_column_int64(st, 1)};
  struct record record;
  struct item item;
  const enum err_code code = entry_get(w->s, e.rowid, &w->scratch, &item, w->err);
  if (code != OK) {
    return code;
  }
  if (record_reopen(item.envelope, &w->f->charter.fed_id, &record) != REASON_NONE || !statement_hash(st, 2, &e.node) ||
      !hash_equal(&record.header.refs[0], &w->out->object)) {
    return OK; /* another object whose id begins alike */
  }
  if (w->n == w->capacity) {
    const size_t capacity = w->capacity * 2 + 8;
    struct signed_by *more = reallocarray(w->all, capacity, sizeof *more);
    if (more == NULL) {
      return err_set(w->err, ERR_MEMORY, NULL);
    }
    w->all = more;
    w->capacity = capacity;
  }
  e.at = (struct position){(uint64_t)sqlite3_column_int64(st, 3), entry_index(e.rowid)};
  struct signed_by *row = &w->all[w->n++];
  *row = (struct signed_by){.endorsement = e, .version_id = record.header.subject, .policy_id = record.header.refs[1]};
  return look_standing(w, &record, policy_at(w->out, policy_of(w->out, &row->policy_id)), version_of(w, &row->version_id) > 0,
                       &row->endorsement);
}

static enum err_code read_signatures(struct weighing *w) {
  static const char sql[] = "SELECT endorsement.id, person, log.node, log.gen FROM endorsement "
                            "JOIN log ON log.no = endorsement.id >> 40 WHERE object = :object";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(w->s, sql, &st, w->err);
  if (code == OK) {
    statement_bind_int(st, 1, (int64_t)get_u64be(w->out->object.b));
  }
  while (code == OK && (code = statement_step(w->s, st, &row, "endorsements", w->err)) == OK && row) {
    code = add_signature(w, st);
  }
  statement_done(st);
  return code;
}

/* ---- statements ---- */

static int by_statement(const void *a, const void *b) {
  const struct signed_by *x = a;
  const struct signed_by *y = b;
  const int versions = hash_compare(&x->version_id, &y->version_id);
  return versions != 0 ? versions : hash_compare(&x->policy_id, &y->policy_id);
}

/* The order in which logs arrived shows in their rowids: signatures that are not weighed stand in no order but this. */
static int by_statement_and_position(const void *a, const void *b) {
  const struct endorsement *x = &((const struct signed_by *)a)->endorsement;
  const struct endorsement *y = &((const struct signed_by *)b)->endorsement;
  const int statements = by_statement(a, b);
  const int nodes = statements != 0 ? statements : hash_compare(&x->node, &y->node);
  return nodes != 0 ? nodes : position_compare(x->at, y->at);
}

static int by_falling_version(const void *a, const void *b) {
  const struct statement_result *x = a;
  const struct statement_result *y = b;
  if (x->version != y->version) {
    return x->version < y->version ? 1 : -1;
  }
  if (x->policy != y->policy) {
    return y->policy == 0 || (x->policy != 0 && x->policy < y->policy) ? -1 : 1;
  }
  const int versions = hash_compare(&x->version_id, &y->version_id);
  return versions != 0 ? versions : hash_compare(&x->policy_id, &y->policy_id);
}

/* One more statement, of n signatures from `from` on. */
static void add_statement(const struct weighing *w, const struct hash *version, const struct hash *policy, size_t from,
                          size_t n) {
  struct endorsements *e = w->out;
  const uint32_t number = version_of(w, version);
  struct statement_result *x = &e->statements[e->n++];
  *x = (struct statement_result){.policy = policy_of(e, policy),
                                 .version = number,
                                 .rowid = number == 0 ? 0 : w->versions[number - 1].rowid,
                                 .version_id = *version,
                                 .policy_id = *policy,
                                 .signatures = e->signatures + from,
                                 .n = n};
  if (x->policy == 0 || number == 0) {
    return;
  }
  endorsement_weigh(policy_at(e, x->policy), e->signatures + from, n, &x->result);
  if (x->result.met && e->state != ENDORSED_CURRENTLY) {
    e->state = number == e->versions ? ENDORSED_CURRENTLY : ENDORSED_EARLIER;
  }
}

static bool has_newest(const struct endorsements *e, uint32_t policy) {
  for (size_t i = 0; i < e->n; i++) {
    if (e->statements[i].policy == policy && e->statements[i].version == e->versions) {
      return true;
    }
  }
  return false;
}

static enum err_code make_statements(struct weighing *w) {
  struct endorsements *e = w->out;
  e->versions = (uint32_t)w->n_versions;
  e->signatures = calloc(w->n + 1, sizeof *e->signatures);
  e->statements = calloc(w->n + e->n_policies + 1, sizeof *e->statements);
  if (e->signatures == NULL || e->statements == NULL) {
    return err_set(w->err, ERR_MEMORY, NULL);
  }
  if (w->n > 0) {
    qsort(w->all, w->n, sizeof *w->all, by_statement_and_position);
  }
  for (size_t i = 0; i < w->n; i++) {
    e->signatures[i] = w->all[i].endorsement;
  }
  for (size_t from = 0, to = 0; from < w->n; from = to) {
    while (to < w->n && by_statement(&w->all[from], &w->all[to]) == 0) {
      to++;
    }
    add_statement(w, &w->all[from].version_id, &w->all[from].policy_id, from, to - from);
  }
  for (uint32_t i = 0; i < e->n_policies; i++) {
    if (!has_newest(e, i + 1)) {
      add_statement(w, &w->versions[w->n_versions - 1].id, &e->policies[i].id, w->n, 0);
    }
  }
  if (e->n > 0) {
    qsort(e->statements, e->n, sizeof *e->statements, by_falling_version);
  }
  return OK;
}

enum err_code endorsements_policies(const struct federation *f, struct policy *out, uint32_t *n, struct err *err) {
  enum err_code code = OK;
  for (*n = 0; *n < f->epoch.n_policies && code == OK; ++*n) {
    code = policy_read(bytes_view(&f->policies[*n]), &out[*n], err);
  }
  return code;
}

enum err_code endorsements_read(struct store *s, const struct federation *f, int64_t object, struct endorsements *out,
                                struct err *err) {
  struct weighing w = {.s = s, .f = f, .out = out, .err = err};
  *out = (struct endorsements){.n_policies = 0};
  bytes_init(&w.scratch, LIMIT_ITEM);
  bytes_init(&w.other, LIMIT_ITEM);
  enum err_code code = endorsements_policies(f, out->policies, &out->n_policies, err);
  if (code == OK) {
    code = read_object(&w, object);
  }
  if (code == OK) {
    code = read_versions(&w, object);
  }
  if (code == OK && w.n_versions == 0) {
    code = err_set(err, ERR_NOT_FOUND, "no version of this object counts");
  }
  if (code == OK) {
    code = read_signatures(&w);
  }
  if (code == OK) {
    code = make_statements(&w);
  }
  bytes_release(&w.scratch);
  bytes_release(&w.other);
  free(w.versions);
  free(w.all);
  if (code != OK) {
    endorsements_release(out);
  }
  return code;
}

void endorsements_release(struct endorsements *e) {
  free(e->statements);
  free(e->signatures);
  *e = (struct endorsements){.n = 0};
}

const struct statement_result *endorsements_newest(const struct endorsements *e) {
  for (size_t i = 0; i < e->n; i++) {
    if (e->statements[i].policy == 1 && e->statements[i].version == e->versions) {
      return &e->statements[i];
    }
  }
  return NULL;
}
