/*
 * derive_log: a whole log: its rows anew, and its state out of them. See derivation.h.
 */
#include "node/store/derivation.h"

#include "node/store/derive_inside.h"
#include "node/store/endorsed.h"
#include "node/store/milestone.h"
#include "node/store/statement.h"

#define DERIVE_PROGRESS 1024 /* entries between two calls of progress */

/* ---- a log anew ---- */

/* A walk over a log's entries. */
struct again {
  struct derivation *d;
  struct evaluation *state;
  bool authorities;    /* the first pass: kinds 1 to 5 and what freezes; else the second: all others */
  int64_t frozen_from; /* first pass: rowid from which on nothing counts; INT64_MAX: none */
  uint64_t gen;        /* being walked over */
  int64_t arrival;
  uint64_t arrival_until; /* arrival holds for entries of this generation below this index */
  enum err_code code;
  struct err *err;
};

static bool is_authority(const struct opened *entry) {
  return entry->has_kind && entry->kind >= KIND_IDENTITY && entry->kind <= KIND_VOTE;
}

/* First pass: only the state moves; what it found is asked again in the second. */
static enum err_code first_pass(struct again *a, int64_t rowid, const struct opened *entry) {
  const struct position at = {a->gen, entry_index(rowid)};
  struct verdict v;
  const enum err_code code = evaluate(a->state, a->d->content.s, entry, at, false, &v, a->err);
  if (code == OK && a->frozen_from == INT64_MAX && a->state->frozen) {
    a->frozen_from = rowid;
  }
  return code == OK && is_authority(entry) && !entry->freezes ? derivation_apply(a->d, rowid, entry, &v, 0, a->err) : code;
}

static enum err_code second_pass(struct again *a, int64_t rowid, const struct opened *entry) {
  const struct position at = {a->gen, entry_index(rowid)};
  struct store *s = a->d->content.s;
  struct verdict v;
  enum err_code code = OK;
  a->state->frozen = rowid > a->frozen_from;
  if (is_authority(entry) && !entry->freezes) {
    return OK;
  }
  if (at.index >= a->arrival_until) {
    code = milestone_seq(s, rowid, &a->arrival, &a->arrival_until, a->err);
  }
  if (code == OK) {
    code = evaluate(a->state, s, entry, at, false, &v, a->err);
  }
  return code == OK ? derivation_apply(a->d, rowid, entry, &v, a->arrival, a->err) : code;
}

/* An entry of the store, opened: the signature of a record that was verified when it came is not verified again. */
static enum err_code open_stored(const struct derivation *d, int64_t rowid, const struct item *item, struct opened *out,
                                 struct err *err) {
  bool is_record = false;
  const enum err_code code = entry_is_record(d->content.s, rowid, &is_record, err);
  if (code == OK && is_record) {
    opened_again(item, &d->fed_id, out);
  } else if (code == OK) {
    opened_from(item, &d->fed_id, NULL, out);
  }
  return code;
}

static bool visit_again(void *context, int64_t rowid, const struct item *item) {
  struct again *a = context;
  struct view header;
  struct view signature;
  uint64_t kind = UINT64_MAX;
  struct opened entry;
  const bool has_kind = envelope_split(item->envelope, &header, &signature) && header_kind(header, &kind);
  /* The first pass does not look at other records. */
  if (!a->authorities || (has_kind && kind <= KIND_VOTE) || envelope_freezes(item->envelope)) {
    a->code = open_stored(a->d, rowid, item, &entry, a->err);
    if (a->code == OK) {
      a->code = a->authorities ? first_pass(a, rowid, &entry) : second_pass(a, rowid, &entry);
    }
  }
  if (!a->authorities && a->d->progress != NULL && ++a->d->done % DERIVE_PROGRESS == 0) {
    a->d->progress(a->d->progress_context, a->d->done, a->d->all);
  }
  return a->code == OK;
}

static enum err_code run_pass(struct again *a, bool authorities) {
  enum err_code code = OK;
  a->authorities = authorities;
  for (a->gen = 1; code == OK && a->gen <= a->state->gen; a->gen++) {
    a->arrival_until = 0;
    code = entry_each_whole(a->d->content.s, a->state->generations[a->gen - 1].log_no, 0, UINT64_C(1) << ENTRY_INDEX_BITS,
                            visit_again, a, a->err);
    code = a->code != OK ? a->code : code;
  }
  return code;
}

/* The state of a node of which nothing was evaluated, but every generation that is held has begun. */
static enum err_code begin_all(struct derivation *d, const struct hash *node, struct evaluation **out, struct err *err) {
  struct evaluation *fresh = NULL;
  struct log log;
  enum err_code code = evaluation_new(&d->fed_id, node, &fresh, err);
  while (code == OK && (code = log_find(d->content.s, node, fresh->gen + 1, &log, err)) == OK) {
    code = evaluation_begin(fresh, log.no, err);
  }
  if (code != ERR_NOT_FOUND) {
    evaluation_free(fresh);
    return code;
  }
  err_clear(err);
  *out = fresh;
  return OK;
}

static enum err_code log_again(struct again *a, const struct hash *node, struct evaluation **state) {
  struct evaluation *fresh = NULL;
  enum err_code code = begin_all(a->d, node, &fresh, a->err);
  a->state = fresh;
  a->frozen_from = INT64_MAX;
  if (code == OK) {
    code = run_pass(a, true);
  }
  if (code == OK) {
    code = derivation_void_certificates(a->d, fresh, (struct position){1, 0}, a->err);
  }
  if (code == OK) {
    code = run_pass(a, false);
  }
  if (code == OK) {
    fresh->frozen = a->frozen_from != INT64_MAX;
    evaluation_free(*state);
    *state = fresh;
    fresh = NULL;
  }
  evaluation_free(fresh);
  return code;
}

/* ---- clearing a log's rows ---- */

static enum err_code erase_range(struct store *s, const char *sql, int64_t log_no, struct err *err) {
  return statement_run_two(s, sql, entry_rowid(log_no, 0), entry_rowid(log_no + 1, 0), "derived rows", err);
}

static enum err_code erase_objects(struct derivation *d, int64_t log_no, struct err *err) {
  static const char sql[] = "SELECT id FROM object WHERE id >= :from AND id < :to AND newest IS NOT NULL";
  sqlite3_stmt *st = NULL;
  struct object object;
  bool row = true;
  enum err_code code = statement_get(d->content.s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, entry_rowid(log_no, 0));
  statement_bind_int(st, 2, entry_rowid(log_no + 1, 0));
  while (code == OK && (code = statement_step(d->content.s, st, &row, "object", err)) == OK && row) {
    code = object_get(d->content.s, sqlite3_column_int64(st, 0), &object, err);
    if (code == OK) {
      code = derive_erase_newest(d, &object, err);
    }
  }
  statement_done(st);
  return code;
}

static enum err_code erase_log(struct derivation *d, int64_t log_no, struct err *err) {
  static const char authority[] = "DELETE FROM authority WHERE id >= :from AND id < :to";
  static const char held[] = "DELETE FROM held WHERE id >= :from AND id < :to";
  static const char frozen[] = "DELETE FROM frozen WHERE id >= :from AND id < :to";
  static const char version[] = "DELETE FROM version WHERE id >= :from AND id < :to";
  static const char object[] = "DELETE FROM object WHERE id >= :from AND id < :to";
  static const char takedown[] = "DELETE FROM takedown WHERE id >= :from AND id < :to";
  static const char ack[] = "DELETE FROM takedown_ack WHERE id >= :from AND id < :to";
  static const char stray[] = "DELETE FROM stray WHERE id >= :from AND id < :to";
  static const char endorsement[] = "DELETE FROM endorsement WHERE id >= :from AND id < :to";
  static const char withdrawal[] = "DELETE FROM endorsement_withdrawal WHERE id >= :from AND id < :to";
  static const char without[] = "DELETE FROM endorsement_held WHERE id >= :from AND id < :to";
  static const char *const all[] = {held, authority, frozen,      version,    object, takedown,
                                    ack,  stray,     endorsement, withdrawal, without};
  enum err_code code = endorsed_touch_log(d->content.s, log_no, err);
  if (code == OK) {
    code = erase_objects(d, log_no, err);
  }
  for (size_t i = 0; i < sizeof all / sizeof all[0] && code == OK; i++) {
    code = erase_range(d->content.s, all[i], log_no, err);
  }
  return code;
}

enum err_code derivation_forget(struct derivation *d, const struct hash *node, struct err *err) {
  struct log log;
  enum err_code code = OK;
  for (uint64_t gen = 1; code == OK && (code = log_find(d->content.s, node, gen, &log, err)) == OK; gen++) {
    code = erase_log(d, log.no, err);
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  return code;
}

enum err_code derivation_log_again(struct derivation *d, const struct hash *node, struct evaluation **state, struct err *err) {
  struct again again = {.d = d, .code = OK, .err = err};
  const enum err_code code = derivation_forget(d, node, err);
  return code == OK ? log_again(&again, node, state) : code;
}

/* ---- the state of a log, out of its rows ---- */

static enum err_code replay(struct derivation *d, struct evaluation *state, int64_t rowid, struct err *err) {
  struct bytes scratch;
  struct position at = {0, 0};
  struct item item;
  struct opened entry;
  struct verdict v;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(d->content.s, rowid, &scratch, &item, err);
  if (code == OK) {
    code = open_stored(d, rowid, &item, &entry, err);
  }
  if (code == OK && evaluation_position(state, rowid, &at)) {
    code = evaluate(state, d->content.s, &entry, at, false, &v, err);
  }
  bytes_release(&scratch);
  return code;
}

static enum err_code read_frozen(struct store *s, struct evaluation *state, int64_t log_no, struct err *err) {
  static const char sql[] = "SELECT 1 FROM frozen WHERE log = :log";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, log_no);
    code = statement_step(s, st, &row, "frozen log", err);
    statement_done(st);
    state->frozen = state->frozen || row;
  }
  return code;
}

/* The authorities of one generation, in their order. */
static enum err_code replay_log(struct derivation *d, struct evaluation *state, int64_t log_no, struct err *err) {
  static const char sql[] = "SELECT id FROM authority WHERE id >= :from AND id < :to ORDER BY id";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(d->content.s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, entry_rowid(log_no, 0));
    statement_bind_int(st, 2, entry_rowid(log_no + 1, 0));
  }
  while (code == OK && (code = statement_step(d->content.s, st, &row, "authority", err)) == OK && row) {
    code = replay(d, state, sqlite3_column_int64(st, 0), err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code derivation_state(struct derivation *d, const struct hash *node, struct evaluation **out, struct err *err) {
  struct evaluation *state = NULL;
  enum err_code code = begin_all(d, node, &state, err);
  for (uint64_t i = 0; code == OK && i < state->gen; i++) {
    code = replay_log(d, state, state->generations[i].log_no, err);
  }
  for (uint64_t i = 0; code == OK && i < state->gen; i++) { /* last: what stood below was evaluated before it froze */
    code = read_frozen(d->content.s, state, state->generations[i].log_no, err);
  }
  if (code != OK) {
    evaluation_free(state);
    return code;
  }
  *out = state;
  return OK;
}
