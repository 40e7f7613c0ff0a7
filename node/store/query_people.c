/*
 * query_people: who is certified in a log. See query.h.
 */
#include <string.h>

#include "node/store/derivation.h"
#include "node/store/inside.h"
#include "node/store/people_inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"
#include "protocol/canon.h"

/* The name in the body of a key.cert. */
static struct view name_in(struct view body) {
  struct canon_reader r = canon_reader(body);
  struct view previous = {NULL, 0};
  uint32_t n = canon_map(&r, LIMIT_LIST);
  for (; n > 0 && r.fault == NULL; n--) {
    previous = canon_key(&r, &previous);
    if (view_is_text(previous, "name") && canon_peek(&r) == CANON_STR) {
      return canon_str(&r, LIMIT_BODY);
    }
    (void)canon_skip(&r);
  }
  return view_of(NULL, 0);
}

enum err_code people_name(struct store *s, int64_t rowid, struct bytes *out, struct err *err) {
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  bytes_clear(out);
  enum err_code code = entry_get(s, rowid, &scratch, &item, err);
  if (code == OK && item.body.len > 0) {
    code = bytes_append(out, name_in(item.body), err);
  }
  bytes_release(&scratch);
  return code;
}

/* What the state of a node's log follows from: its authorities, which only grow in number unless a cut withdraws some, and
 * whether it is frozen. */
static enum err_code read_mark(struct store *s, const struct log *log, struct store_people *out, struct err *err) {
  static const char sql[] =
      "SELECT sum((SELECT count(*) FROM authority WHERE id >= no << 40 AND id < (no + 1) << 40)), "
      "max(ifnull((SELECT max(id) FROM authority WHERE id >= no << 40 AND id < (no + 1) << 40), 0)), "
      "max(EXISTS (SELECT 1 FROM frozen WHERE log = no)), min(no), count(*), "
      "sum((SELECT count(*) FROM withdrawn WHERE id >= no << 40 AND id < (no + 1) << 40)) FROM log WHERE node = :node";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&log->node));
  code = statement_step(s, st, &row, "authority", err);
  if (code == OK && row) {
    *out = (struct store_people){.log_no = sqlite3_column_int64(st, 3),
                                 .n = sqlite3_column_int64(st, 0),
                                 .last = sqlite3_column_int64(st, 1),
                                 .gens = sqlite3_column_int64(st, 4),
                                 .withdrawn = sqlite3_column_int64(st, 5),
                                 .frozen = sqlite3_column_int(st, 2) != 0};
  }
  statement_done(st);
  return code;
}

enum err_code people_state(struct store *s, const struct federation *f, const struct log *log, const struct evaluation **out,
                           struct err *err) {
  struct store_people now = {.log_no = 0};
  enum err_code code = read_mark(s, log, &now, err);
  struct store_people *kept = &s->people[(uint64_t)now.log_no % STORE_PEOPLE];
  const bool same = kept->state != NULL && kept->log_no == now.log_no && kept->n == now.n && kept->last == now.last &&
                    kept->gens == now.gens && kept->withdrawn == now.withdrawn && kept->frozen == now.frozen;
  if (code == OK && !same) {
    struct derivation d;
    memset(&d, 0, sizeof d);
    d.fed_id = f->charter.fed_id;
    d.content.s = s;
    code = derivation_state(&d, &log->node, &now.state, err);
    if (code == OK) {
      evaluation_free(kept->state);
      *kept = now;
    }
  }
  *out = kept->state;
  return code;
}

void store_forget_people(struct store *s) {
  for (size_t i = 0; i < STORE_PEOPLE; i++) {
    evaluation_free(s->people[i].state);
    s->people[i] = (struct store_people){.log_no = 0};
  }
}

struct listing {
  struct store *s;
  const struct federation *f;
  const struct hash *node; /* NULL: all */
  person_visit *visit;
  void *context;
  bool stopped;
  enum err_code code;
  struct err *err;
};

static enum err_code tell(struct listing *l, const struct log *log, const struct evaluation *state, size_t i,
                          struct bytes *name) {
  struct position from;
  struct query_person person;
  memset(&person, 0, sizeof person);
  const struct certificate *c = people_certificate(state->people, i, &person.revoked, &from);
  const enum err_code code = people_name(l->s, evaluation_rowid(state, c->at), name, l->err);
  const char *text = bytes_text(name);
  if (code != OK || text == NULL) {
    return code != OK ? code : err_set(l->err, ERR_MEMORY, NULL);
  }
  person.handle = federation_handle(l->f, &log->node);
  person.key = c->key;
  person.person = c->person;
  person.roles = c->roles;
  person.territory = c->territory;
  person.name = text;
  reference_format(l->f, &log->node, c->at.gen, c->at.index, person.reference);
  if (person.revoked) {
    reference_format(l->f, &log->node, from.gen, from.index, person.revoked_from);
  }
  l->stopped = !l->visit(l->context, &person);
  return OK;
}

static bool list_log(void *context, const struct log *log) {
  struct listing *l = context;
  const struct evaluation *state = NULL;
  struct bytes name;
  if (log->gen > 1 || (l->node != NULL && !hash_equal(l->node, &log->node))) {
    return true; /* the first generation brings all of them */
  }
  bytes_init(&name, LIMIT_BODY + 1);
  l->code = people_state(l->s, l->f, log, &state, l->err);
  for (size_t i = 0; l->code == OK && !l->stopped && i < people_count(state->people); i++) {
    l->code = tell(l, log, state, i, &name);
  }
  bytes_release(&name);
  return l->code == OK && !l->stopped;
}

enum err_code query_people(struct store *s, const struct federation *f, const char *handle, person_visit *visit, void *context,
                           struct err *err) {
  struct listing l = {.s = s, .f = f, .visit = visit, .context = context, .code = OK, .err = err};
  if (handle != NULL) {
    const struct federation_member *m = federation_by_handle(f, handle);
    if (m == NULL) {
      return err_set(err, ERR_NOT_FOUND, "there is no node '%.60s'", handle);
    }
    l.node = &m->member->node;
  }
  const enum err_code code = log_each(s, list_log, &l, err);
  return l.code != OK ? l.code : code;
}
