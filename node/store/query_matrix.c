/*
 * query_matrix: see query_matrix.h.
 */
#include "node/store/query_matrix.h"

#include <stdlib.h>
#include <string.h>

#include "node/store/endorsed.h"
#include "node/store/statement.h"
#include "protocol/reason.h"

/* By handle; a side each of the matrix. */
struct side {
  struct hash node;
  const char *handle, *country;
};
struct matrix {
  struct store *s;
  const struct federation *f;
  struct side *sides; /* owned */
  uint64_t *counts;   /* owned; n * n */
  size_t n;
  struct err *err;
};

static int by_handle(const void *a, const void *b) {
  return strcmp(((const struct side *)a)->handle, ((const struct side *)b)->handle);
}

static enum err_code take_members(struct matrix *m) {
  m->sides = calloc((size_t)m->f->epoch.n_members + 1, sizeof *m->sides);
  m->counts = calloc(((size_t)m->f->epoch.n_members + 1) * (m->f->epoch.n_members + 1), sizeof *m->counts);
  if (m->sides == NULL || m->counts == NULL) {
    return err_set(m->err, ERR_MEMORY, NULL);
  }
  for (uint32_t i = 0; i < m->f->epoch.n_members; i++) {
    const struct member *member = &m->f->epoch.members[i];
    m->sides[m->n++] = (struct side){member->node, member->handle, member->country};
  }
  if (m->n > 0) {
    qsort(m->sides, m->n, sizeof *m->sides, by_handle);
  }
  return OK;
}

/* n: no member, and its row or column is the last one. */
static size_t place_of(const struct matrix *m, const struct hash *node) {
  size_t i = 0;
  while (i < m->n && !hash_equal(&m->sides[i].node, node)) {
    i++;
  }
  return i;
}

static enum err_code count_all(struct matrix *m) {
  static const char sql[] =
      "SELECT giver.node, owner.node, count(*) FROM endorsement JOIN object ON object.id = endorsement.of "
      "JOIN log giver ON giver.no = endorsement.id >> 40 JOIN log owner ON owner.no = endorsement.of >> 40 "
      "WHERE standing = 0 AND readable = 1 AND withdrawn IS NULL GROUP BY giver.node, owner.node";
  sqlite3_stmt *st = NULL;
  struct hash by, about;
  bool row = true;
  enum err_code code = statement_get(m->s, sql, &st, m->err);
  while (code == OK && (code = statement_step(m->s, st, &row, "endorsements", m->err)) == OK && row) {
    if (statement_hash(st, 0, &by) && statement_hash(st, 1, &about)) {
      m->counts[place_of(m, &by) * (m->n + 1) + place_of(m, &about)] += (uint64_t)sqlite3_column_int64(st, 2);
    }
  }
  statement_done(st);
  return code;
}

/* All signatures by how they stand. */
static enum err_code put_standings(const struct matrix *m, json_t *out) {
  static const char sql[] = "SELECT standing, count(*) FROM endorsement GROUP BY standing";
#define STANDING(symbol, name, text) symbol,
  static const enum endorsement_standing all[] = {ENDORSEMENT_TABLE(STANDING)};
#undef STANDING
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(m->s, sql, &st, m->err);
  while (code == OK && (code = statement_step(m->s, st, &row, "endorsements", m->err)) == OK && row) {
    const uint64_t standing = (uint64_t)sqlite3_column_int64(st, 0);
    if (standing < sizeof all / sizeof all[0]) {
      (void)json_object_set_new(out, endorsement_name(all[standing]), json_integer(sqlite3_column_int64(st, 1)));
    }
  }
  statement_done(st);
  return code;
}

/* Those without effect in their own logs, by the reason. */
static enum err_code put_held(const struct matrix *m, json_t *out) {
  static const char sql[] = "SELECT reason, count(*) FROM endorsement_held GROUP BY reason";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(m->s, sql, &st, m->err);
  while (code == OK && (code = statement_step(m->s, st, &row, "endorsements", m->err)) == OK && row) {
    (void)json_object_set_new(out, reason_name((uint64_t)sqlite3_column_int64(st, 0)),
                              json_integer(sqlite3_column_int64(st, 1)));
  }
  statement_done(st);
  return code;
}

/* What is nobody's of the members stands last, if there is any. */
static void drop_empty(struct matrix *m, size_t *n) {
  uint64_t others = 0;
  for (size_t i = 0; i <= m->n; i++) {
    others += m->counts[m->n * (m->n + 1) + i] + m->counts[i * (m->n + 1) + m->n];
  }
  *n = m->n + (others > 0);
}

static json_t *matrix_json(struct matrix *m) {
  json_t *members = json_array(), *countries = json_array(), *counts = json_array(), *given = json_array(),
         *received = json_array();
  uint64_t total = 0;
  size_t n = 0;
  drop_empty(m, &n);
  for (size_t i = 0; i < n; i++) {
    uint64_t by = 0, about = 0;
    json_t *row = json_array();
    for (size_t k = 0; k < n; k++) {
      by += m->counts[i * (m->n + 1) + k];
      about += m->counts[k * (m->n + 1) + i];
      (void)json_array_append_new(row, json_integer((json_int_t)m->counts[i * (m->n + 1) + k]));
    }
    (void)json_array_append_new(members, json_string(i < m->n ? m->sides[i].handle : "?"));
    (void)json_array_append_new(countries, json_string(i < m->n ? m->sides[i].country : ""));
    (void)json_array_append_new(counts, row);
    (void)json_array_append_new(given, json_integer((json_int_t)by));
    (void)json_array_append_new(received, json_integer((json_int_t)about));
    total += by;
  }
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "members", members, "countries", countries, "counts", counts, "given",
                   given, "received", received, "total", (json_int_t)total);
}

enum err_code query_matrix(struct store *s, const struct federation *f, json_t **out, struct err *err) {
  struct matrix m = {.s = s, .f = f, .err = err};
  json_t *signatures = json_object(), *held = json_object();
  enum err_code code = take_members(&m);
  if (code == OK) {
    code = count_all(&m);
  }
  if (code == OK) {
    code = put_standings(&m, signatures);
  }
  if (code == OK) {
    code = put_held(&m, held);
  }
  if (code == OK) {
    *out = matrix_json(&m);
    code = *out == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  }
  if (code == OK) {
    (void)json_object_set(*out, "signatures", signatures);
    (void)json_object_set(*out, "held", held);
  }
  json_decref(signatures);
  json_decref(held);
  free(m.sides);
  free(m.counts);
  return code;
}

enum err_code query_endorsed(struct store *s, json_t *out, struct err *err) {
  static const char sql[] = "SELECT coalesce(state, 0), count(*) FROM object LEFT JOIN endorsed ON endorsed.object = object.id "
                            "WHERE readable = 1 AND withdrawn IS NULL AND newest IS NOT NULL GROUP BY 1";
  static const enum endorsed all[] = {ENDORSED_NOT, ENDORSED_EARLIER, ENDORSED_CURRENTLY};
  sqlite3_stmt *st = NULL;
  bool row = true;
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    (void)json_object_set_new(out, endorsed_name(all[i]), json_integer(0));
  }
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "objects", err)) == OK && row) {
    const uint64_t state = (uint64_t)sqlite3_column_int64(st, 0);
    if (state < sizeof all / sizeof all[0]) {
      (void)json_object_set_new(out, endorsed_name(all[state]), json_integer(sqlite3_column_int64(st, 1)));
    }
  }
  statement_done(st);
  return code;
}
