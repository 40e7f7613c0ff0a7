/*
 * endorsed: see endorsed.h.
 */
#include "node/store/endorsed.h"

#include <string.h>

#include "node/store/statement.h"

static const char *const NAMES[] = {[ENDORSED_NOT] = "none", [ENDORSED_EARLIER] = "earlier", [ENDORSED_CURRENTLY] = "current"};

const char *endorsed_name(enum endorsed state) {
  return NAMES[state];
}

bool endorsed_of_name(const char *name, enum endorsed *out) {
  static const enum endorsed states[] = {ENDORSED_NOT, ENDORSED_EARLIER, ENDORSED_CURRENTLY};
  for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
    if (strcmp(NAMES[states[i]], name) == 0) {
      *out = states[i];
      return true;
    }
  }
  return false;
}

/* ---- marks ---- */

enum err_code endorsed_touch_signed(struct store *s, int64_t object, struct err *err) {
  static const char sql[] = "INSERT OR IGNORE INTO endorsed_stale(object) SELECT :object WHERE :object = :same";
  return statement_run_two(s, sql, object, object, "endorsements", err);
}

enum err_code endorsed_touch(struct store *s, int64_t object, struct err *err) {
  /* Asked first, in a statement of its own: most objects have no signature, and an INSERT costs (object.h). */
  static const char sql[] = "SELECT EXISTS (SELECT 1 FROM endorsement WHERE object >= :object AND object <= :same)";
  uint64_t any = 0;
  const enum err_code code = statement_number(s, sql, object, object, "endorsements", "", &any, err);
  return code == OK && any != 0 ? endorsed_touch_signed(s, object, err) : code;
}

enum err_code endorsed_touch_withdrawn(struct store *s, int64_t endorsement, struct err *err) {
  static const char sql[] = "INSERT OR IGNORE INTO endorsed_stale(object) SELECT endorsement.object FROM entry "
                            "JOIN endorsement ON endorsement.id = entry.id WHERE entry.rid >= :rid AND entry.rid <= :same";
  return statement_run_two(s, sql, endorsement, endorsement, "endorsements", err);
}

enum err_code endorsed_touch_log(struct store *s, int64_t log_no, struct err *err) {
  static const char *const all[] = {
      "INSERT OR IGNORE INTO endorsed_stale(object) SELECT object FROM endorsement WHERE id >= :from AND id < :to",
      "INSERT OR IGNORE INTO endorsed_stale(object) SELECT rid FROM endorsed WHERE object >= :from AND object < :to",
      "INSERT OR IGNORE INTO endorsed_stale(object) SELECT endorsement.object FROM endorsement_withdrawal "
      "JOIN entry ON entry.rid = endorsement_withdrawal.target JOIN endorsement ON endorsement.id = entry.id "
      "WHERE endorsement_withdrawal.id >= :from AND endorsement_withdrawal.id < :to"};
  enum err_code code = OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0] && code == OK; i++) {
    code = statement_run_two(s, all[i], entry_rowid(log_no, 0), entry_rowid(log_no + 1, 0), "endorsements", err);
  }
  return code;
}

/* ---- the epoch ---- */

static enum err_code is_of_epoch(struct store *s, const struct hash *epoch, bool *out, struct err *err) {
  static const char sql[] = "SELECT value FROM derived_fact WHERE name = 'endorsed'";
  sqlite3_stmt *st = NULL;
  struct hash held;
  bool row = false;
  *out = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_step(s, st, &row, "endorsements", err);
  }
  if (code == OK && row) {
    *out = statement_hash(st, 0, &held) && hash_equal(&held, epoch);
    statement_done(st);
  }
  return code;
}

/* From here on all of it follows from this one. */
static enum err_code take_epoch(struct store *s, const struct hash *epoch, struct err *err) {
  static const char all[] = "INSERT OR IGNORE INTO endorsed_stale(object) SELECT object FROM endorsement";
  static const char sql[] = "INSERT INTO derived_fact(name, value) VALUES ('endorsed', :epoch) "
                            "ON CONFLICT(name) DO UPDATE SET value = excluded.value";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, all, &st, err);
  if (code == OK) {
    code = statement_run(s, st, "endorsements", err);
  }
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code == OK) {
    statement_bind_blob(st, 1, hash_view(epoch));
    code = statement_run(s, st, "endorsements", err);
  }
  return code;
}

/* ---- one object ---- */

static enum err_code erase(struct store *s, int64_t object, struct err *err) {
  static const char *const all[] = {
      "DELETE FROM endorsement_statement WHERE object >= :object AND object <= :same",
      "DELETE FROM endorsed WHERE object >= :object AND object <= :same",
      "UPDATE endorsement SET of = NULL, version = NULL, standing = 1 WHERE of >= :object AND of <= :same"};
  enum err_code code = OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0] && code == OK; i++) {
    code = statement_run_two(s, all[i], object, object, "endorsements", err);
  }
  return code;
}

static enum err_code put_signature(struct store *s, int64_t object, int64_t version, const struct endorsement *e,
                                   struct err *err) {
  static const char sql[] =
      "UPDATE endorsement SET of = :of, version = nullif(:version, 0), standing = :standing WHERE id = :id";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, object);
  statement_bind_int(st, 2, version);
  statement_bind_int(st, 3, (int64_t)e->standing);
  statement_bind_int(st, 4, e->rowid);
  return statement_run(s, st, "endorsement", err);
}

static enum err_code put_statement(struct store *s, int64_t object, const struct statement_result *x, struct err *err) {
  static const char sql[] =
      "INSERT INTO endorsement_statement(object, version, policy, counted, nodes, countries, missing, missing_nodes, "
      "missing_countries) VALUES (:object, :version, :policy, :counted, :nodes, :countries, :missing, :missing_nodes, "
      ":missing_countries)";
  const struct endorsement_result *r = &x->result;
  const int64_t values[] = {object,
                            x->rowid,
                            (int64_t)x->policy,
                            (int64_t)r->counted,
                            (int64_t)r->nodes,
                            (int64_t)r->countries,
                            (int64_t)r->missing,
                            (int64_t)r->missing_nodes,
                            (int64_t)r->missing_countries};
  sqlite3_stmt *st = NULL;
  if (x->n == 0 || x->policy == 0 || x->rowid == 0) {
    return OK; /* of nobody, or of no version here, or of no policy */
  }
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  for (int i = 0; i < (int)(sizeof values / sizeof values[0]); i++) {
    statement_bind_int(st, i + 1, values[i]);
  }
  return statement_run(s, st, "endorsed statement", err);
}

static enum err_code put_state(struct store *s, int64_t object, const struct endorsements *e, struct err *err) {
  static const char sql[] = "INSERT INTO endorsed(object, rid, state) VALUES (:object, :rid, :state)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, object);
  statement_bind_int(st, 2, (int64_t)get_u64be(e->object.b));
  statement_bind_int(st, 3, (int64_t)e->state);
  return statement_run(s, st, "endorsed", err);
}

static enum err_code put(struct store *s, int64_t object, const struct endorsements *e, struct err *err) {
  uint64_t n = 0;
  enum err_code code = erase(s, object, err);
  for (size_t i = 0; i < e->n && code == OK; i++) {
    const struct statement_result *x = &e->statements[i];
    code = put_statement(s, object, x, err);
    for (size_t k = 0; k < x->n && code == OK; k++, n++) {
      code = put_signature(s, object, x->rowid, &x->signatures[k], err);
    }
  }
  return code == OK && n > 0 ? put_state(s, object, e, err) : code;
}

/* *kept: it could not be read, and stays as it was. */
static enum err_code weigh(struct store *s, const struct federation *f, int64_t object, bool *kept, struct err *err) {
  struct endorsements e = {.n = 0};
  enum err_code code = endorsements_read(s, f, object, &e, err);
  if (code == OK) {
    code = put(s, object, &e, err);
    endorsements_release(&e);
  } else if (code == ERR_NOT_FOUND) { /* no version of it counts */
    err_clear(err);
    code = erase(s, object, err);
  } else if (code == ERR_CORRUPT) {
    err_clear(err);
    *kept = true;
    code = OK;
  }
  return code;
}

/* ---- all that were marked ---- */

/* What was said of an object that is no more. */
static enum err_code erase_orphans(struct store *s, int64_t rid, struct err *err) {
  static const char *const all[] = {
      "DELETE FROM endorsement_statement WHERE object IN (SELECT object FROM endorsed WHERE rid >= :rid AND rid <= :same AND "
      "object NOT IN (SELECT id FROM object))",
      "DELETE FROM endorsed WHERE rid >= :rid AND rid <= :same AND object NOT IN (SELECT id FROM object)",
      "UPDATE endorsement SET of = NULL, version = NULL, standing = 1 WHERE object >= :rid AND object <= :same AND "
      "of IS NOT NULL AND of NOT IN (SELECT id FROM object)"};
  enum err_code code = OK;
  for (size_t i = 0; i < sizeof all / sizeof all[0] && code == OK; i++) {
    code = statement_run_two(s, all[i], rid, rid, "endorsements", err);
  }
  return code;
}

/* Every object whose id begins so; nearly always one, or none that is here. */
static enum err_code weigh_all(struct store *s, const struct federation *f, int64_t rid, struct err *err) {
  static const char sql[] = "SELECT object.id FROM entry JOIN object ON object.id = entry.id WHERE entry.rid = :rid";
  static const char done[] = "DELETE FROM endorsed_stale WHERE object >= :object AND object <= :same";
  sqlite3_stmt *st = NULL;
  bool row = true, kept = false;
  enum err_code code = erase_orphans(s, rid, err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rid);
  while (code == OK && (code = statement_step(s, st, &row, "objects", err)) == OK && row) {
    code = weigh(s, f, sqlite3_column_int64(st, 0), &kept, err);
  }
  statement_done(st);
  return code == OK && !kept ? statement_run_two(s, done, rid, rid, "endorsements", err) : code;
}

static enum err_code next_stale(struct store *s, int64_t from, bool *row, int64_t *out, struct err *err) {
  static const char sql[] = "SELECT object FROM endorsed_stale WHERE object >= :from ORDER BY object LIMIT 1";
  sqlite3_stmt *st = NULL;
  *row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, from);
    code = statement_step(s, st, row, "endorsements", err);
  }
  if (code == OK && *row) {
    *out = sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}

enum err_code endorsed_settle(struct store *s, const struct federation *f, struct err *err) {
  int64_t rid = INT64_MIN;
  bool row = false, same = false;
  enum err_code code = is_of_epoch(s, &f->epoch.hash, &same, err);
  if (code == OK && !same) {
    code = take_epoch(s, &f->epoch.hash, err);
  }
  while (code == OK && (code = next_stale(s, rid, &row, &rid, err)) == OK && row) {
    code = weigh_all(s, f, rid, err);
    if (rid++ == INT64_MAX) {
      break;
    }
  }
  return code;
}

enum err_code endorsed_is_due(struct store *s, const struct federation *f, bool *out, struct err *err) {
  int64_t rid = 0;
  bool same = false;
  enum err_code code = is_of_epoch(s, &f->epoch.hash, &same, err);
  *out = !same;
  return code == OK && same ? next_stale(s, INT64_MIN, out, &rid, err) : code;
}

/* ---- reading ---- */

enum err_code endorsed_get(struct store *s, int64_t object, enum endorsed *out, struct err *err) {
  static const char sql[] = "SELECT state FROM endorsed WHERE object >= :object AND object <= :same";
  static const enum endorsed states[] = {ENDORSED_NOT, ENDORSED_EARLIER, ENDORSED_CURRENTLY};
  uint64_t state = 0;
  const enum err_code code = statement_number(s, sql, object, object, "endorsed", "not endorsed", &state, err);
  *out = code == OK && state < sizeof states / sizeof states[0] ? states[state] : ENDORSED_NOT;
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  return code;
}

enum err_code endorsed_statement(struct store *s, int64_t object, int64_t version, uint32_t policy,
                                 struct endorsement_result *out, struct err *err) {
  static const char sql[] = "SELECT counted, nodes, countries, missing, missing_nodes, missing_countries "
                            "FROM endorsement_statement WHERE object = :object AND version = :version AND policy = :policy";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, object);
  statement_bind_int(st, 2, version);
  statement_bind_int(st, 3, (int64_t)policy);
  code = statement_one(s, st, "endorsed statement", "nobody signed it", err);
  if (code == OK) {
    uint64_t *const places[] = {&out->counted, &out->nodes,         &out->countries,
                                &out->missing, &out->missing_nodes, &out->missing_countries};
    for (int i = 0; i < (int)(sizeof places / sizeof places[0]); i++) {
      *places[i] = (uint64_t)sqlite3_column_int64(st, i);
    }
    out->met = out->missing == 0 && out->missing_nodes == 0 && out->missing_countries == 0;
    statement_done(st);
  }
  return code;
}
