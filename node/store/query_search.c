/*
 * query_search: full text as a list of objects, best first, in bounded time: bm25 is asked only where few match. See query.h.
 */
#include <stdlib.h>
#include <string.h>

#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

static enum err_code collect(struct store *s, const char *sql, const struct bytes *match, struct bytes *ids, struct err *err) {
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) statement_bind_text(st, 1, bytes_view(match));
  while (code == OK && (code = statement_step(s, st, &row, "search", err)) == OK && row) {
    const int64_t id = sqlite3_column_int64(st, 0);
    code = bytes_append(ids, view_of(&id, sizeof id), err);
  }
  statement_done(st);
  return code;
}

static int compare_ids(const void *a, const void *b) {
  int64_t x = 0, y = 0;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  return (x > y) - (x < y);
}

static bool has(const struct bytes *sorted, int64_t id) {
  return sorted->len > 0 && bsearch(&id, sorted->p, sorted->len / sizeof id, sizeof id, compare_ids) != NULL;
}

/* Appends those of ids that are (or are not) among some, but none of the unwanted. */
static enum err_code take(struct bytes *out, const struct bytes *ids, const struct bytes *some, bool among,
                          const struct bytes *unwanted, struct err *err) {
  enum err_code code = OK;
  for (size_t at = 0; at < ids->len && code == OK; at += sizeof(int64_t)) {
    int64_t id = 0;
    memcpy(&id, ids->p + at, sizeof id);
    if (has(some, id) == among && !has(unwanted, id)) code = bytes_append(out, view_of(&id, sizeof id), err);
  }
  return code;
}

enum err_code query_search(struct store *s, const struct schema_set *set, const char *text, struct bytes *ids, bool *ranked,
                           struct err *err) {
  static const char plain[] = "SELECT rowid FROM fulltext WHERE fulltext MATCH :match ORDER BY rowid";
  static const char best[] = "SELECT rowid FROM fulltext WHERE fulltext MATCH :match ORDER BY bm25(fulltext, 8.0, 1.0), rowid";
  static const char all[] = "SELECT id FROM object WHERE :match IS NOT NULL AND readable = 1 ORDER BY id";
  struct query_match m;
  struct bytes any, every, unwanted;
  store_use_schemas(s, set);
  query_match_init(&m);
  bytes_init(&any, QUERY_FOUND_MAX);
  bytes_init(&every, QUERY_FOUND_MAX);
  bytes_init(&unwanted, QUERY_FOUND_MAX);
  *ranked = false;
  enum err_code code = query_match_read(&m, text, err);
  if (code == OK && m.unwanted.len > 0) code = collect(s, plain, &m.unwanted, &unwanted, err);
  if (code == OK && m.n_words > 1) code = collect(s, plain, &m.every, &every, err);
  if (code == OK && m.any.len > 0) {
    code = collect(s, plain, &m.any, &any, err);
    *ranked = any.len / sizeof(int64_t) <= QUERY_RANKED_MAX;
    if (*ranked) bytes_clear(&any);
    if (code == OK && *ranked) code = collect(s, best, &m.any, &any, err);
  } else if (code == OK && !m.nothing) {
    code = collect(s, all, &m.unwanted, &any, err);
  }
  if (code == OK && m.n_words > 1) code = take(ids, &any, &every, true, &unwanted, err);
  if (code == OK) code = take(ids, &any, &every, false, &unwanted, err);
  query_match_release(&m);
  bytes_release(&any);
  bytes_release(&every);
  bytes_release(&unwanted);
  return code;
}
