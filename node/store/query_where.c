/*
 * query_where: see query_where.h.
 */
#include "node/store/query_where.h"

#include <stdlib.h>
#include <string.h>

#include "node/store/holds.h"
#include "node/store/query_fork.h"
#include "node/store/statement.h"
#include "protocol/canon.h"
#include "protocol/checkpoint.h"

/* One question: who holds the first `size` entries of a log. */
struct question {
  struct store *s;
  const struct federation *f;
  const struct log *log;
  uint64_t roll, size, now;
  struct holds *said; /* room for one statement */
  json_t *members;
  uint64_t holding;
};

/* Whether a row stands at a milestone that we hold, with another root. */
static bool is_other_branch(const struct question *q, const struct holding *row) {
  struct bytes text;
  struct checkpoint c;
  bytes_init(&text, LIMIT_CHECKPOINT);
  const bool other = row->size <= q->log->range.size && milestone_get(q->s, q->log->no, row->size, &text, NULL) == OK &&
                     checkpoint_read(bytes_view(&text), &c, NULL) == OK && memcmp(c.root.b, row->root8, sizeof row->root8) != 0;
  bytes_release(&text);
  return other;
}

/* What a member's kept statement says of the log; NULL: nothing. */
static const struct holding *row_of(const struct question *q, struct view item, const struct pubkey *key) {
  if (holds_open(item, &q->f->charter.fed_id, key, q->said, NULL) != OK) return NULL;
  for (uint32_t i = 0; i < q->said->n; i++) {
    if (q->said->rows[i].roll == q->roll && q->said->rows[i].gen == q->log->gen) return &q->said->rows[i];
  }
  return NULL;
}

static const char *word_for(const struct question *q, const struct holding *row, bool has_said) {
  if (!has_said) return "unknown";
  if (row == NULL || row->size < q->size) return "no";
  return is_other_branch(q, row) ? "other" : "yes";
}

static json_t *member_json(const struct member *m, const char *word, const struct holding *row, json_t *said_s) {
  char node[HASH_HEX_LEN];
  hash_hex(&m->node, node);
  return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "handle", m->handle, "node", node, "holds", word, "size",
                   (json_int_t)(row == NULL ? 0 : row->size), "missing", (json_int_t)(row == NULL ? 0 : row->missing), "said_s",
                   said_s);
}

static enum err_code add_member(struct question *q, const struct federation_member *m, struct bytes *item, struct err *err) {
  uint64_t received = 0;
  bytes_clear(item);
  enum err_code code = holds_get(q->s, &m->member->node, &received, item, err);
  const bool has_said = code == OK;
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
  } else if (code != OK) {
    return code;
  }
  const struct holding *row = has_said ? row_of(q, bytes_view(item), &m->identity.node_key) : NULL;
  const char *word = word_for(q, row, has_said);
  json_t *said_s = has_said ? json_integer((json_int_t)(q->now > received ? q->now - received : 0)) : json_null();
  q->holding += strcmp(word, "yes") == 0;
  return json_array_append_new(q->members, member_json(m->member, word, row, said_s)) == 0 ? OK
                                                                                           : err_set(err, ERR_MEMORY, NULL);
}

/* Every member but ourselves, by handle. */
static enum err_code ask_all(struct question *q, struct err *err) {
  const struct federation_member *order[LIMIT_MEMBERS];
  const struct federation_member *owner = federation_by_node(q->f, &q->log->node);
  struct bytes item;
  uint32_t n = 0;
  bytes_init(&item, LIMIT_HOLDS + 128u);
  q->roll = owner == NULL ? UINT64_MAX : owner->member->roll;
  q->said = malloc(sizeof *q->said);
  q->members = json_array();
  enum err_code code = q->said == NULL || q->members == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  for (uint32_t i = 0; i < q->f->n_members && n < LIMIT_MEMBERS; i++) {
    const struct federation_member *m = &q->f->members[i];
    if (m->until != 0 || hash_equal(&m->member->node, &q->f->own)) continue;
    uint32_t place = n++;
    for (; place > 0 && strcmp(order[place - 1]->member->handle, m->member->handle) > 0; place--)
      order[place] = order[place - 1];
    order[place] = m;
  }
  for (uint32_t i = 0; i < n && code == OK; i++)
    code = add_member(q, order[i], &item, err);
  free(q->said);
  bytes_release(&item);
  return code;
}

enum err_code query_where(struct store *s, const struct federation *f, int64_t rowid, uint64_t now, json_t **out,
                          struct err *err) {
  struct log log;
  *out = NULL;
  enum err_code code = log_by_no(s, rowid >> ENTRY_INDEX_BITS, &log, err);
  if (code != OK) {
    return code;
  }
  struct question q = {.s = s, .f = f, .log = &log, .size = entry_index(rowid) + 1, .now = now};
  code = ask_all(&q, err);
  if (code == OK) {
    *out = json_pack("{s:s, s:I, s:I, s:I, s:I, s:O}", "log", federation_handle(f, &log.node), "gen", (json_int_t)log.gen,
                     "index", (json_int_t)entry_index(rowid), "holding", (json_int_t)q.holding, "others",
                     (json_int_t)json_array_size(q.members), "members", q.members);
    code = *out == NULL ? err_set(err, ERR_MEMORY, NULL) : query_fork_put(s, f, &log.node, log.gen, *out, err);
  }
  json_decref(q.members);
  return code;
}

enum err_code query_holders(struct store *s, const struct federation *f, uint64_t now, json_t **out, struct err *err) {
  const struct federation_member *self = federation_self(f);
  struct log log = {.no = 0};
  *out = NULL;
  if (self == NULL) {
    return err_set(err, ERR_NOT_FOUND, "a replica has no log of its own");
  }
  enum err_code code = log_find(s, &f->own, self->identity.gen, &log, err);
  if (code != OK) {
    return code;
  }
  struct question q = {.s = s, .f = f, .log = &log, .size = log.range.size, .now = now};
  code = ask_all(&q, err);
  if (code == OK) {
    *out = json_pack("{s:I, s:O}", "size", (json_int_t)log.range.size, "members", q.members);
    code = *out == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  }
  json_decref(q.members);
  return code;
}

/* The rowid of the newest identity in the own log. ERR_NOT_FOUND. */
static enum err_code newest_identity(struct store *s, const struct federation *f, int64_t *rowid, struct err *err) {
  static const char sql[] = "SELECT max(authority.id) FROM log JOIN authority ON authority.id >= no << 40 AND "
                            "authority.id < (no + 1) << 40 WHERE node = :node AND kind = 1";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&f->own));
  code = statement_one(s, st, "authority", "none", err);
  if (code == OK) {
    *rowid = sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code == OK && *rowid == 0 ? err_set(err, ERR_NOT_FOUND, "the own log has not begun") : code;
}

enum err_code query_identity_known(struct store *s, const struct federation *f, bool *known, struct err *err) {
  struct bytes scratch;
  struct item item;
  struct identity_item identity_item;
  struct identity identity = {.version = 0};
  json_t *where = NULL;
  int64_t rowid = 0;
  const struct federation_member *self = federation_self(f);
  *known = false;
  if (self == NULL) {
    return err_set(err, ERR_NOT_FOUND, "a replica has no log of its own");
  }
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = newest_identity(s, f, &rowid, err);
  if (code == OK) {
    code = entry_get(s, rowid, &scratch, &item, err);
  }
  if (code == OK) {
    struct canon_reader r = canon_reader(item.body);
    identity_item_read(&r, &identity_item);
    code = canon_finish(&r, "identity", err);
  }
  if (code == OK) {
    code = identity_decode(identity_item.body, &identity, err);
  }
  if (code == OK && identity.version == self->identity.version && (code = query_where(s, f, rowid, 0, &where, err)) == OK) {
    *known = json_integer_value(json_object_get(where, "holding")) == json_integer_value(json_object_get(where, "others"));
  }
  json_decref(where);
  bytes_release(&scratch);
  return code;
}
