/*
 * revoke: what a backdated revocation takes back (docs/protocol.md 4.5). One walk over the headers from the position that it
 * names finds the records that become void; a second one, from the first version of the oldest object among those they touched,
 * evaluates these objects' records anew. Every record in question was verified when it came, so no signature is looked at.
 * See derivation.h.
 */
#include <stdlib.h>
#include <string.h>

#include "node/store/derive_inside.h"
#include "node/store/endorsed.h"
#include "node/store/milestone.h"
#include "node/store/statement.h"

/* Reasons that evaluation gives to a verified record of a certified author, and that may change: none, revoked, rights,
 * subject, stale, repeated. */
#define MAY_CHANGE "coalesce(reason, 0) IN (0, 10, 11, 12, 13, 16)"

struct revoke {
  struct derivation *d;
  struct evaluation *state;
  uint64_t *objects; /* owned: first 8 octets of the ids of the objects that are touched; rising once all are known */
  size_t n, capacity;
  int64_t first; /* rowid from which their records are evaluated anew: those of a node rise with its generations */
  int64_t arrival, arrival_log;
  uint64_t arrival_until; /* arrival holds for entries of arrival_log below this index */
  struct err *err;
};

/* ---- certificates ---- */

static enum err_code void_certificate(struct derivation *d, const struct evaluation *state, sqlite3_stmt *st, struct err *err) {
  const int64_t rowid = sqlite3_column_int64(st, 0);
  struct position at = {0, 0};
  struct record record;
  struct pubkey key;
  if (!evaluation_position(state, rowid, &at) || record_reopen(statement_blob(st, 1), &d->fed_id, &record) != REASON_NONE ||
      record.header.kind != KIND_CERT) {
    return OK;
  }
  memcpy(key.b, record.header.subject.b, sizeof key.b);
  const bool revoked = people_is_revoked(state->people, &key, at);
  return revoked ? derive_held(d->content.s, rowid, REASON_REVOKED, err) : OK;
}

static enum err_code void_certificates(struct derivation *d, const struct evaluation *state, int64_t from, struct err *err) {
  static const char sql[] =
      "SELECT id, envelope FROM entry WHERE id IN (SELECT id FROM authority WHERE id >= :from AND id < :to AND kind = 2 "
      "UNION ALL SELECT id FROM held WHERE id >= :from AND id < :to AND reason = 16)";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(d->content.s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, from);
    statement_bind_int(st, 2, entry_rowid(entry_log_no(from) + 1, 0));
  }
  while (code == OK && (code = statement_step(d->content.s, st, &row, "certificate", err)) == OK && row) {
    code = void_certificate(d, state, st, err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code derivation_void_certificates(struct derivation *d, const struct evaluation *state, struct position from,
                                           struct err *err) {
  enum err_code code = OK;
  for (uint64_t gen = from.gen; code == OK && gen <= state->gen; gen++) {
    code = void_certificates(d, state, evaluation_rowid(state, (struct position){gen, gen == from.gen ? from.index : 0}), err);
  }
  return code;
}

/* ---- which objects are touched ---- */

static int compare_objects(const void *a, const void *b) {
  const uint64_t *x = a;
  const uint64_t *y = b;
  return (*x > *y) - (*x < *y);
}

/* The object that a version or withdrawal names, by the first 8 octets of its id. False: a record of another kind. */
static bool object_named(const struct revoke *r, struct view envelope, struct record *record, uint64_t *object) {
  if (record_reopen(envelope, &r->d->fed_id, record) != REASON_NONE ||
      (record->header.kind != KIND_VERSION && record->header.kind != KIND_WITHDRAW)) {
    return false;
  }
  *object = (uint64_t)derive_object_of(record);
  return true;
}

/* Whether it is an endorsement, or one taken back, that was written for this log. */
static bool is_endorsement(const struct revoke *r, struct view envelope, struct record *record) {
  return record_reopen(envelope, &r->d->fed_id, record) == REASON_NONE &&
         (record->header.kind == KIND_ENDORSE || record->header.kind == KIND_ENDORSE_WITHDRAW) &&
         hash_equal(&record->header.home, &r->state->owner);
}

/* The rowid of an object's first version, if it is here and below r->first. */
static enum err_code begin_at(struct revoke *r, uint64_t object) {
  static const char sql[] = "SELECT min(entry.id) FROM entry CROSS JOIN log ON log.no = entry.id >> 40 "
                            "WHERE rid = :rid AND entry.id < :first AND log.node = :node";
  struct store *s = r->d->content.s;
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, r->err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)object);
  statement_bind_int(st, 2, r->first);
  statement_bind_blob(st, 3, hash_view(&r->state->owner));
  code = statement_step(s, st, &row, "object", r->err);
  if (code == OK && row && sqlite3_column_type(st, 0) != SQLITE_NULL) {
    r->first = sqlite3_column_int64(st, 0);
  }
  statement_done(st);
  return code;
}

static enum err_code touch(struct revoke *r, int64_t rowid, uint64_t object) {
  if (r->n > 0 && r->objects[r->n - 1] == object) {
    return OK;
  }
  if (r->n == r->capacity) {
    const size_t more = r->capacity == 0 ? 64 : r->capacity * 2;
    uint64_t *objects = reallocarray(r->objects, more, sizeof *objects);
    if (objects == NULL) {
      return err_set(r->err, ERR_MEMORY, NULL);
    }
    r->objects = objects;
    r->capacity = more;
  }
  r->objects[r->n++] = object;
  r->first = rowid < r->first ? rowid : r->first;
  return begin_at(r, object);
}

/* An endorsement, or one taken back, hangs on nothing below it: what is void is held, and nothing else moves. */
static enum err_code void_endorsement(struct revoke *r, int64_t rowid, const struct header *h) {
  static const char sign[] = "DELETE FROM endorsement WHERE id >= :id AND id <= :same";
  static const char withdraw[] = "DELETE FROM endorsement_withdrawal WHERE id >= :id AND id <= :same";
  struct store *s = r->d->content.s;
  const bool signs = h->kind == KIND_ENDORSE;
  const int64_t named = (int64_t)get_u64be(signs ? h->refs[0].b : h->subject.b);
  enum err_code code = signs ? endorsed_touch_signed(s, named, r->err) : endorsed_touch_withdrawn(s, named, r->err);
  code = code == OK ? statement_run_two(s, signs ? sign : withdraw, rowid, rowid, "endorsement", r->err) : code;
  code = code == OK ? derive_held_endorsement(s, rowid, h, REASON_REVOKED, r->err) : code;
  return code == OK ? derive_held(s, rowid, REASON_REVOKED, r->err) : code;
}

static enum err_code look(struct revoke *r, sqlite3_stmt *st) {
  const int64_t rowid = sqlite3_column_int64(st, 0);
  struct position at = {0, 0};
  struct record record;
  uint64_t object = 0;
  if (is_endorsement(r, statement_blob(st, 1), &record)) {
    return evaluation_position(r->state, rowid, &at) && people_is_revoked(r->state->people, &record.header.author, at)
               ? void_endorsement(r, rowid, &record.header)
               : OK;
  }
  return evaluation_position(r->state, rowid, &at) && object_named(r, statement_blob(st, 1), &record, &object) &&
                 people_is_revoked(r->state->people, &record.header.author, at)
             ? touch(r, rowid, object)
             : OK;
}

/* ---- their records anew ---- */

static enum err_code erase_object(struct revoke *r, int64_t rowid) {
  static const char versions[] = "DELETE FROM version WHERE object = :object AND :object = :same";
  static const char objects[] = "DELETE FROM object WHERE id = :id AND :id = :same";
  struct store *s = r->d->content.s;
  struct object object;
  enum err_code code = object_get(s, rowid, &object, r->err);
  if (code == ERR_NOT_FOUND) {
    err_clear(r->err);
    return OK; /* a later version, or of no object */
  }
  if (code == OK && object.newest != 0) {
    code = derive_erase_newest(r->d, &object, r->err);
  }
  if (code == OK) {
    code = statement_run_two(s, versions, rowid, rowid, "versions", r->err);
  }
  return code == OK ? statement_run_two(s, objects, rowid, rowid, "object", r->err) : code;
}

static enum err_code evaluate_again(struct revoke *r, int64_t rowid, const struct item *item) {
  struct opened entry;
  struct verdict v;
  struct position at = {0, 0};
  enum err_code code = OK;
  if (!evaluation_position(r->state, rowid, &at)) {
    return OK;
  }
  if (entry_log_no(rowid) != r->arrival_log || at.index >= r->arrival_until) {
    r->arrival_log = entry_log_no(rowid);
    code = milestone_seq(r->d->content.s, rowid, &r->arrival, &r->arrival_until, r->err);
  }
  if (code == OK) {
    opened_again(item, &r->d->fed_id, &entry);
    code = evaluate(r->state, r->d->content.s, &entry, at, false, &v, r->err);
  }
  return code == OK ? derivation_apply(r->d, rowid, &entry, &v, r->arrival, r->err) : code;
}

static enum err_code renew(struct revoke *r, sqlite3_stmt *st) {
  static const char held[] = "DELETE FROM held WHERE id >= :id AND id <= :same";
  const int64_t rowid = sqlite3_column_int64(st, 0);
  struct record record;
  struct bytes scratch;
  struct item item;
  uint64_t object = 0;
  if (!object_named(r, statement_blob(st, 1), &record, &object) ||
      bsearch(&object, r->objects, r->n, sizeof object, compare_objects) == NULL) {
    return OK;
  }
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = erase_object(r, rowid);
  if (code == OK) {
    code = endorsed_touch(r->d->content.s, (int64_t)object, r->err);
  }
  if (code == OK) {
    code = statement_run_two(r->d->content.s, held, rowid, rowid, "held entry", r->err);
  }
  if (code == OK) {
    code = entry_get(r->d->content.s, rowid, &scratch, &item, r->err);
  }
  if (code == OK) {
    code = evaluate_again(r, rowid, &item);
  }
  bytes_release(&scratch);
  return code;
}

/* ---- both walks ---- */

typedef enum err_code visit_entry(struct revoke *r, sqlite3_stmt *st);

/* From a rowid to the end of its generation. */
static enum err_code walk_log(struct revoke *r, const char *sql, int64_t from, visit_entry *visit) {
  struct store *s = r->d->content.s;
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, r->err); /* its own: visit writes */
  if (code == OK) {
    statement_bind_int(st, 1, from);
    statement_bind_int(st, 2, entry_rowid(entry_log_no(from) + 1, 0));
  }
  while (code == OK && (code = statement_step(s, st, &row, "entries", r->err)) == OK && row) {
    code = visit(r, st);
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* From a rowid to the end of the node's log. */
static enum err_code walk(struct revoke *r, const char *sql, int64_t from, visit_entry *visit) {
  enum err_code code = OK;
  for (uint64_t i = 0; code == OK && i < r->state->gen; i++) {
    const int64_t begin = entry_rowid(r->state->generations[i].log_no, 0);
    if (begin >= from || entry_log_no(begin) == entry_log_no(from)) {
      code = walk_log(r, sql, begin > from ? begin : from, visit);
    }
  }
  return code;
}

enum err_code derivation_revoke(struct derivation *d, struct evaluation *state, struct position from, struct err *err) {
  /* Where a log is frozen, what stands above is held for that and stays so. */
  static const char standing[] =
      "SELECT entry.id, envelope FROM entry LEFT JOIN held ON held.id = entry.id "
      "WHERE entry.id >= :from AND entry.id < :to AND " MAY_CHANGE " AND coalesce(reason, 0) <> 10 ORDER BY entry.id";
  static const char all[] = "SELECT entry.id, envelope FROM entry LEFT JOIN held ON held.id = entry.id "
                            "WHERE entry.id >= :from AND entry.id < :to AND " MAY_CHANGE " ORDER BY entry.id";
  struct revoke r = {.d = d, .state = state, .first = INT64_MAX, .err = err};
  const bool frozen = state->frozen;
  enum err_code code = derivation_void_certificates(d, state, from, err);
  if (code == OK) {
    code = walk(&r, standing, evaluation_rowid(state, from), look);
  }
  if (code == OK && r.n > 0) {
    qsort(r.objects, r.n, sizeof *r.objects, compare_objects);
    state->frozen = false; /* these stand below */
    code = walk(&r, all, r.first, renew);
    state->frozen = frozen;
  }
  free(r.objects);
  return code;
}
