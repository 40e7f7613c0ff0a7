/*
 * ingest: the hall itself: what it holds in memory, and identities and addresses from others. Pulls are in pull.c, windows in
 * windows.c, bundles in import.c, the own log in admit.c. See ingest.h.
 */
#include "node/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "node/forks.h"
#include "node/hall.h"
#include "node/mend.h"
#include "node/scrub.h"
#include "node/store/endorsed.h"
#include "node/store/statement.h"
#include "protocol/canon.h"

/* ---- logs in memory ---- */

static int compare_log(const struct hash *node, uint64_t gen, const struct hall_log *log) {
  const int order = hash_compare(node, &log->log.node);
  return order != 0 ? order : (gen > log->log.gen) - (gen < log->log.gen);
}

/* Index of the first log that is not below (node, gen). */
static uint32_t place_of(const struct hall *h, const struct hash *node, uint64_t gen) {
  uint32_t low = 0;
  uint32_t high = h->n_logs;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (compare_log(node, gen, &h->logs[middle]) > 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

struct hall_log *hall_find(const struct hall *h, const struct hash *node, uint64_t gen) {
  const uint32_t i = place_of(h, node, gen);
  return i < h->n_logs && compare_log(node, gen, &h->logs[i]) == 0 ? &h->logs[i] : NULL;
}

enum err_code hall_state(struct hall *h, struct hall_log *log, struct err *err) {
  return log->state != NULL ? OK : derivation_state(&h->derivation, &log->log.node, &log->state, err);
}

enum err_code hall_reserve(struct hall *h, struct err *err) {
  struct hall_log *logs = reallocarray(h->logs, h->n_logs + 1, sizeof *logs);
  if (logs == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  h->logs = logs;
  struct hall_head *heads = reallocarray(h->heads, h->n_logs + 1, sizeof *heads);
  if (heads == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  h->heads = heads;
  return OK;
}

void hall_digest_again(struct hall *h) {
  struct frontier_row *rows = calloc(h->n_logs == 0 ? 1 : h->n_logs, sizeof *rows);
  struct hash digest = {{0}};
  for (uint32_t i = 0; rows != NULL && i < h->n_logs; i++) {
    rows[i].node = h->heads[i].node;
    rows[i].gen = h->heads[i].gen;
    rows[i].size = h->heads[i].size;
    rows[i].root = h->heads[i].root;
  }
  /* Without memory the digest is zeros, which equals nobody's: peers are asked for what is here already, and no more. */
  if (rows == NULL || frontier_digest(&h->config.federation->epoch.hash, rows, h->n_logs, &digest, NULL) != OK) {
    memset(&digest, 0, sizeof digest);
  }
  h->digest = digest;
  free(rows);
}

static void drop_at(struct hall *h, uint32_t i) {
  h->n_logs--;
  memmove(&h->logs[i], &h->logs[i + 1], (h->n_logs - i) * sizeof *h->logs);
  memmove(&h->heads[i], &h->heads[i + 1], (h->n_logs - i) * sizeof *h->heads);
}

void hall_fell(struct hall *h, const struct log *log) {
  for (uint32_t i = 0; i < h->n_logs; i++) {
    if (hash_equal(&h->logs[i].log.node, &log->node)) {
      evaluation_free(h->logs[i].state);
      h->logs[i].state = NULL;
    }
  }
  hall_forget_leaves(h);
  hall_forget_shares(h);
  voter_touch(h);
  const uint32_t i = place_of(h, &log->node, log->gen);
  if (log->range.size == 0) {
    drop_at(h, i);
  } else {
    h->logs[i].log = *log;
    h->heads[i].size = log->range.size;
    h->heads[i].root = merkle_root(&log->range);
  }
  hall_digest_again(h);
}

void hall_moved(struct hall *h, const struct log *log, struct evaluation *state, uint64_t more_missing) {
  const uint32_t i = place_of(h, &log->node, log->gen);
  if (i == h->n_logs || compare_log(&log->node, log->gen, &h->logs[i]) != 0) {
    memmove(&h->logs[i + 1], &h->logs[i], (h->n_logs - i) * sizeof *h->logs);
    memmove(&h->heads[i + 1], &h->heads[i], (h->n_logs - i) * sizeof *h->heads);
    h->n_logs++;
    h->logs[i] = (struct hall_log){.state = NULL};
  }
  if (log->no == h->leaves.log_no && log->range.size < h->leaves.n) {
    hall_forget_leaves(h); /* a log that became shorter has other entries now */
  }
  if (log->range.size < h->logs[i].log.range.size) { /* other entries */
    hall_forget_shares(h);
  }
  evaluation_free(h->logs[i].state);
  h->logs[i].log = *log;
  h->logs[i].state = state;
  h->heads[i] =
      (struct hall_head){.node = log->node, .gen = log->gen, .size = log->range.size, .root = merkle_root(&log->range)};
  h->missing += more_missing;
  hall_digest_again(h);
  guarding_moved(h, log);
  if (hall_fork(h, &log->node, log->gen) != NULL) voter_touch(h); /* at its cut all of it counts */
}

/* ---- opening ---- */

struct loading {
  struct hall *h;
  enum err_code code;
  struct err *err;
};

static bool load_log(void *context, const struct log *log) {
  struct loading *l = context;
  if (log->range.size > 0) {
    l->code = hall_reserve(l->h, l->err);
    if (l->code == OK) {
      hall_moved(l->h, log, NULL, 0);
    }
  }
  return l->code == OK;
}

enum err_code hall_count_missing(struct hall *h, struct err *err) {
  static const char sql[] =
      "SELECT (SELECT count(*) FROM entry WHERE state = 3), EXISTS (SELECT 1 FROM erasure), (SELECT count(*) FROM damaged)";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(h->config.store, sql, &st, err);
  if (code == OK) {
    code = statement_step(h->config.store, st, &row, "absent bodies", err);
  }
  if (code == OK) {
    h->missing = row ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    h->n_damaged = row ? (uint64_t)sqlite3_column_int64(st, 2) : 0;
    h->erasing = row && sqlite3_column_int(st, 1) != 0;
    statement_done(st);
  }
  return code;
}

/* The epoch may have moved since this store was open, or an entry be whole again. */
static enum err_code settle_endorsed(struct hall *h, struct err *err) {
  const struct hall_config *c = &h->config;
  bool due = false;
  enum err_code code = endorsed_is_due(c->store, c->federation, &due, err);
  if (code != OK || !due) {
    return code;
  }
  code = store_begin(c->store, err);
  if (code == OK) {
    code = endorsed_settle(c->store, c->federation, err);
  }
  if (code == OK) {
    code = store_commit(c->store, err);
  }
  if (code != OK) {
    store_rollback(c->store);
  }
  return code;
}

static enum err_code open_derived(struct hall *h, struct err *err) {
  const struct hall_config *c = &h->config;
  bool stale = false;
  enum err_code code = derivation_open(&h->derivation, c->store, &c->federation->charter.fed_id, c->schemas, &stale, err);
  if (code == OK && stale) {
    return derive_rebuild(c->store, c->federation, c->schemas, NULL, NULL, err);
  }
  return code == OK ? settle_endorsed(h, err) : code;
}

enum err_code hall_open(const struct hall_config *config, struct hall **out, struct err *err) {
  struct hall *h = calloc(1, sizeof *h);
  if (h == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  h->config = *config;
  struct loading loading = {.h = h, .code = OK, .err = err};
  enum err_code code = mend_logs(config->store, config->federation, false, &h->n_mended, err);
  if (code == OK) {
    code = open_derived(h, err);
  }
  if (code == OK) {
    code = verify_pool_new(config->threads, &config->federation->charter.fed_id, &h->pool, err);
  }
  hall_digest_again(h);
  if (code == OK) {
    code = log_each(config->store, load_log, &loading, err);
    code = loading.code != OK ? loading.code : code;
  }
  if (code == OK) {
    code = hall_count_missing(h, err);
  }
  for (uint32_t i = 0; code == OK && i < config->federation->n_members; i++) {
    code = hall_bear(h, hall_apply_cuts(h, &config->federation->members[i].member->node, err), err);
  }
  if (code == OK) {
    code = hall_load_forks(h, err);
  }
  if (code == OK) {
    code = guarding_open(h, err);
  }
  if (code != OK) {
    hall_close(h);
    return code;
  }
  *out = h;
  return OK;
}

void hall_close(struct hall *h) {
  if (h == NULL) {
    return;
  }
  while (h->pulls != NULL) {
    hall_pull_abort(h->pulls);
  }
  verify_pool_free(h->pool);
  for (uint32_t i = 0; i < h->n_logs; i++) {
    evaluation_free(h->logs[i].state);
  }
  scrub_free(h->scrub);
  derivation_close(&h->derivation);
  hall_forget_leaves(h);
  hall_forget_shares(h);
  free(h->forks);
  free(h->logs);
  free(h->heads);
  free(h);
}

/* ---- what is held ---- */

const struct federation *hall_federation(const struct hall *h) {
  return h->config.federation;
}

struct store *hall_store(const struct hall *h) {
  return h->config.store;
}

const struct hall_head *hall_heads(const struct hall *h, uint32_t *n) {
  *n = h->n_logs;
  return h->heads;
}

const struct hall_head *hall_head(const struct hall *h, const struct hash *node, uint64_t gen) {
  const struct hall_log *log = hall_find(h, node, gen);
  return log == NULL ? NULL : &h->heads[log - h->logs];
}

struct hash hall_digest(const struct hall *h) {
  return h->digest;
}

uint64_t hall_bodies_missing(const struct hall *h) {
  return h->missing;
}

/* ---- identities and addresses ---- */

struct federation_member *hall_member(struct hall *h, const struct hash *node) {
  const struct federation *f = h->config.federation;
  const struct federation_member *m = federation_by_node(f, node);
  return m == NULL ? NULL : &f->members[m - f->members];
}

enum err_code hall_identity_item(const struct hall *h, const struct hash *node, uint64_t version, struct bytes *out,
                                 struct err *err) {
  return federation_identity_item(h->config.store, h->config.federation, node, version, out, err);
}

/* The octets of the identity body that a member has now. */
static enum err_code current_body(struct hall *h, const struct federation_member *m, struct bytes *out, struct err *err) {
  struct identity_item item;
  struct bytes octets;
  bytes_init(&octets, (size_t)2 * LIMIT_IDENTITY);
  enum err_code code = hall_identity_item(h, &m->member->node, m->identity.version, &octets, err);
  if (code == OK) {
    struct canon_reader r = canon_reader(bytes_view(&octets));
    identity_item_read(&r, &item);
    code = canon_finish(&r, "identity", err);
  }
  if (code == OK) {
    code = bytes_append(out, item.body, err);
  }
  bytes_release(&octets);
  return code;
}

enum err_code hall_identity(struct hall *h, const struct hash *node, struct view octets, bool *changed, struct err *err) {
  struct federation_member *m = hall_member(h, node);
  struct canon_reader r = canon_reader(octets);
  struct identity_item item;
  struct identity claimed = {.version = 0};
  struct bytes previous;
  *changed = false;
  if (m == NULL) {
    return err_set(err, ERR_NOT_FOUND, "not a member");
  }
  identity_item_read(&r, &item);
  enum err_code code = canon_finish(&r, "identity", err);
  if (code == OK) {
    code = identity_decode(item.body, &claimed, err);
  }
  if (code == OK && claimed.version <= m->identity.version) {
    return hall_twin(h, m, octets, changed, err);
  }
  if (code != OK) {
    return code;
  }
  bytes_init(&previous, LIMIT_IDENTITY);
  code = current_body(h, m, &previous, err);
  if (code == OK) {
    code = identity_verify(&item, &h->config.federation->charter.fed_id, node, bytes_view(&previous), &claimed, err);
  }
  if (code == OK) {
    code = federation_reserve(m, err);
  }
  if (code == OK) {
    code = store_put_identity(h->config.store, node, claimed.version, octets, err);
  }
  bytes_release(&previous);
  if (code == ERR_MISMATCH && hall_twin(h, m, octets, changed, NULL) == OK && *changed) { /* it follows on a twin */
    err_clear(err);
    return OK;
  }
  if (code != OK) {
    return code;
  }
  federation_take(m, &claimed);
  voter_touch(h);
  h->voter.doubt_ms = h->voter.doubt_wait_ms = 0;
  *changed = true;
  return hall_bear(h, hall_apply_cuts(h, node, err), err);
}

enum err_code hall_address(struct hall *h, struct view item, bool *changed, struct err *err) {
  const struct hash *fed_id = &h->config.federation->charter.fed_id;
  struct address address;
  *changed = false;
  enum err_code code = address_open(item, fed_id, NULL, &address, err);
  struct federation_member *m = code == OK ? hall_member(h, &address.node) : NULL;
  if (code == OK && m == NULL) {
    return err_set(err, ERR_NOT_FOUND, "not a member's address");
  }
  if (code != OK) {
    return code;
  }
  /* Addresses made before the founding are signed without a federation (docs/protocol.md 6.2). */
  if (address_open(item, fed_id, &m->identity.node_key, &address, NULL) != OK) {
    code = address_open(item, NULL, &m->identity.node_key, &address, err);
  }
  if (code == OK && m->has_address && !address_replaces(&address, &m->address)) {
    return OK;
  }
  if (code == OK) {
    code = store_put_address(h->config.store, &address.node, address.seq, item, err);
  }
  if (code == OK) {
    *changed = true;
    m->address = address;
    m->has_address = true;
  }
  return code;
}
