/*
 * mend: see mend.h.
 */
#include "node/mend.h"

#include <string.h>

#include "keys/log.h"
#include "node/store/statement.h"
#include "protocol/bundle.h"
#include "protocol/canon.h"
#include "protocol/checkpoint.h"

#define CHARTER_FILE "observatory.charter"

/* ---- the charter ---- */

/* Whether a charter is the one that the logs of this store are of. */
static bool is_ours(struct store *s, const struct hash *fed_id) {
  static const char sql[] = "SELECT text FROM milestone";
  struct checkpoint c;
  sqlite3_stmt *st = NULL;
  bool row = true;
  bool ours = false;
  enum err_code code = statement_new(s, sql, &st, NULL);
  while (!ours && code == OK && (code = statement_step(s, st, &row, "milestone", NULL)) == OK && row) {
    ours = checkpoint_read(statement_blob(st, 0), &c, NULL) == OK && hash_equal(&c.fed_id, fed_id);
  }
  (void)sqlite3_finalize(st);
  return ours;
}

/* The charter item of a bundle, if it stands. */
static enum err_code take_charter(struct store *s, struct view item, struct err *err) {
  struct charter c = {.n_founders = 0};
  enum err_code code = charter_decode(item, &c, err);
  if (code == OK) {
    code = charter_complete(&c, err);
  }
  if (code == OK && !is_ours(s, &c.fed_id)) {
    code = err_set(err, ERR_MISMATCH, "%s is of another observatory", CHARTER_FILE);
  }
  charter_release(&c);
  return code == OK ? store_put_charter(s, item, err) : code;
}

static enum err_code charter_of_home(struct store *s, const struct home *home, struct err *err) {
  char path[HOME_PATH_MAX];
  struct bytes octets;
  struct view rest;
  struct bundle_reader *r = NULL;
  enum bundle_type type = BUNDLE_END;
  struct view payload;
  bytes_init(&octets, (size_t)4 * LIMIT_BUNDLE_ITEM);
  enum err_code code = home_path(home, CHARTER_FILE, path, err);
  if (code == OK) {
    code = file_read(path, &octets, err);
  }
  rest = bytes_view(&octets);
  if (code == OK) {
    code = bundle_open(bundle_source_view, &rest, &r, err);
  }
  if (code == OK) {
    code = bundle_next(r, &type, &payload, err); /* it stands first, if it is there */
  }
  if (code == OK) {
    code = type == BUNDLE_CHARTER ? take_charter(s, payload, err) : err_set(err, ERR_FORMAT, "%s holds no charter", path);
  }
  bundle_reader_free(r);
  bytes_release(&octets);
  return code;
}

static bool is_damage(enum err_code code) {
  return code == ERR_FORMAT || code == ERR_SIGNATURE || code == ERR_MISMATCH || code == ERR_INCOMPLETE || code == ERR_CORRUPT ||
         code == ERR_NOT_INITIALISED;
}

static enum err_code load(struct store *s, const struct home *home, struct federation *out, struct err *err) {
  struct err why = ERR_INIT;
  enum err_code code = federation_load(s, out, err);
  if (!is_damage(code)) {
    return code;
  }
  if (charter_of_home(s, home, &why) != OK) { /* what is wrong with the store says more than what is wrong with the file */
    log_line(LOG_WARNING, "mend", "the charter is not taken from " CHARTER_FILE, "why=%s", why.message);
    return code;
  }
  log_line(LOG_ERROR, "mend", "the charter was damaged, and is the one of " CHARTER_FILE " again", "why=%s",
           err == NULL ? "" : err->message);
  err_clear(err);
  return federation_load(s, out, err);
}

/* ---- the own id ---- */

/* The member with this node key. NULL: none. */
static const struct federation_member *member_of_key(const struct federation *f, const struct pubkey *key) {
  for (uint32_t i = 0; i < f->n_members; i++) {
    for (uint64_t gen = 0; gen < f->members[i].identity.gen; gen++) {
      if (pubkey_equal(&f->members[i].generations[gen].node_key, key)) {
        return &f->members[i];
      }
    }
  }
  return NULL;
}

static enum err_code own_of_key(struct store *s, const struct signer *node_key, struct federation *f, struct err *err) {
  const struct federation_member *m = node_key == NULL ? NULL : member_of_key(f, &node_key->pub);
  if (federation_self(f) != NULL || m == NULL) {
    return OK;
  }
  log_line(LOG_ERROR, "mend", "the own id was damaged, and is that of the node key again", "node=%s", m->member->handle);
  f->own = m->member->node;
  return store_put_fact(s, "own", hash_view(&f->own), err);
}

/* ---- identities ---- */

/* Keeps an identity that stands in a log if it follows on the newest that is known. *more: it does. */
static enum err_code take_identity(struct store *s, const struct federation *f, const struct hash *node, struct view octets,
                                   bool *more, struct err *err) {
  const struct federation_member *m = federation_by_node(f, node);
  struct canon_reader r = canon_reader(octets);
  struct identity_item item, before;
  struct identity claimed;
  struct bytes previous;
  identity_item_read(&r, &item);
  if (m == NULL || canon_finish(&r, "identity", NULL) != OK || identity_decode(item.body, &claimed, NULL) != OK ||
      claimed.version != m->identity.version + 1) {
    return OK;
  }
  bytes_init(&previous, (size_t)2 * LIMIT_IDENTITY);
  enum err_code code = federation_identity_item(s, f, node, m->identity.version, &previous, err);
  struct canon_reader p = canon_reader(bytes_view(&previous));
  identity_item_read(&p, &before);
  *more = code == OK && canon_finish(&p, "identity", NULL) == OK &&
          identity_verify(&item, &f->charter.fed_id, node, before.body, &claimed, NULL) == OK;
  bytes_release(&previous);
  if (*more) {
    log_line(LOG_ERROR, "mend", "an identity was damaged, and is that of its log again", "node=%s", m->member->handle);
    code = store_put_identity(s, node, claimed.version, octets, err);
  }
  return code;
}

/* One identity further, out of the logs. */
static enum err_code identity_of_logs(struct store *s, const struct federation *f, bool *more, struct err *err) {
  static const char sql[] = "SELECT authority.id, node FROM authority JOIN log ON log.no = authority.id >> 40 WHERE kind = 1 "
                            "AND authority.id NOT IN (SELECT id FROM held) ORDER BY authority.id";
  struct bytes scratch;
  struct item item;
  struct hash node;
  sqlite3_stmt *st = NULL;
  bool row = true;
  *more = false;
  if (statement_new(s, sql, &st, NULL) != OK) {
    return OK; /* nothing was derived yet */
  }
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = OK;
  while (code == OK && !*more && (code = statement_step(s, st, &row, "identities", err)) == OK && row) {
    if (statement_hash(st, 1, &node) && entry_get(s, sqlite3_column_int64(st, 0), &scratch, &item, NULL) == OK) {
      code = take_identity(s, f, &node, item.body, more, err);
    }
  }
  (void)sqlite3_finalize(st);
  bytes_release(&scratch);
  return code;
}

enum err_code mend_federation(struct store *s, const struct home *home, const struct signer *node_key, struct federation *out,
                              struct err *err) {
  struct federation f;
  bool more = true;
  enum err_code code = load(s, home, &f, err);
  if (code != OK) {
    return code;
  }
  while (code == OK && more) {
    code = identity_of_logs(s, &f, &more, err);
    if (code == OK && more) {
      federation_release(&f);
      code = federation_load(s, &f, err);
    }
  }
  if (code == OK) {
    code = own_of_key(s, node_key, &f, err);
  }
  if (code != OK) {
    federation_release(&f);
    return code;
  }
  *out = f;
  return OK;
}
