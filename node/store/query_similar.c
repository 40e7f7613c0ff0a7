/*
 * query_similar: candidates by full text, then sketches compared (see query_similar.h).
 */
#include "node/store/query_similar.h"

#include <string.h>

#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

#define CANDIDATES 100 /* whose bodies are read */
#define MATCH_MAX 8192u

/* One answer; object 0: none. */
struct answer {
  int64_t object;
  unsigned percent;
};

struct search {
  struct store *s;
  const struct schema *schema;
  const struct similarity *sketch;
  const struct similar_bounds *bounds;
  struct query_reader reader;
  struct answer best[QUERY_SIMILAR_MAX]; /* the most like first */
};

/* `"phrase" OR "phrase"`: phrases are words of folded letters and blanks. */
static enum err_code put_match(const struct similarity *sketch, struct bytes *out, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; i < sketch->n_phrases && code == OK; i++) {
    if (out->len + strlen(sketch->phrases[i]) + 8 < MATCH_MAX) {
      code = bytes_printf(out, err, "%s\"%s\"", out->len == 0 ? "" : " OR ", sketch->phrases[i]);
    }
  }
  return code;
}

static bool is_excluded(const struct search *q, int64_t object) {
  return object == q->bounds->object ||
         (q->bounds->from > 0 && entry_log_no(object) == entry_log_no(q->bounds->from) && object >= q->bounds->from);
}

static void rank(struct search *q, struct answer a) {
  for (size_t i = 0; i < QUERY_SIMILAR_MAX; i++) {
    if (a.percent > q->best[i].percent) {
      const struct answer lower = q->best[i];
      q->best[i] = a;
      a = lower;
    }
  }
}

static enum err_code look_at(struct search *q, int64_t object, struct err *err) {
  struct similarity other;
  enum err_code code = query_reader_load(&q->reader, object, err);
  if (query_is_away(code)) {
    err_clear(err);
    return OK;
  }
  const struct query_row *row = &q->reader.row;
  if (code != OK || row->schema != q->schema || row->withdrawn || row->hidden || row->body.len == 0) {
    return code;
  }
  code = similarity_of(q->schema, row->body, &other, err);
  if (code == OK) {
    const unsigned percent = similarity_percent(q->sketch, &other);
    if (percent >= SIMILARITY_TOLD) {
      rank(q, (struct answer){object, percent});
    }
    similarity_release(&other);
  }
  return code;
}

static enum err_code find_candidates(struct search *q, struct view match, int64_t ids[CANDIDATES], size_t *n, struct err *err) {
  static const char sql[] = "SELECT rowid FROM fulltext WHERE fulltext MATCH :match";
  sqlite3_stmt *st = NULL;
  bool row = true;
  *n = 0;
  enum err_code code = statement_get(q->s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_text(st, 1, match);
  while (*n < CANDIDATES && (code = statement_step(q->s, st, &row, "similar", err)) == OK && row) {
    const int64_t object = sqlite3_column_int64(st, 0);
    if (!is_excluded(q, object)) {
      ids[(*n)++] = object;
    }
  }
  statement_done(st);
  return code;
}

enum err_code query_similar(struct store *s, const struct federation *f, const struct schema_set *set,
                            const struct schema *schema, const struct similarity *sketch, const struct similar_bounds *bounds,
                            const char *lang, similar_visit *visit, void *context, struct err *err) {
  struct search q = {.s = s, .schema = schema, .sketch = sketch, .bounds = bounds};
  struct bytes match;
  int64_t ids[CANDIDATES];
  size_t n = 0;
  store_use_schemas(s, set);
  query_reader_init(&q.reader, s, f, set, lang);
  bytes_init(&match, MATCH_MAX);
  enum err_code code = put_match(sketch, &match, err);
  if (code == OK && match.len > 0) {
    code = find_candidates(&q, bytes_view(&match), ids, &n, err);
  }
  for (size_t i = 0; i < n && code == OK; i++) {
    code = look_at(&q, ids[i], err);
  }
  for (size_t i = 0; i < QUERY_SIMILAR_MAX && code == OK && q.best[i].object != 0; i++) {
    code = query_reader_load(&q.reader, q.best[i].object, err);
    if (code == OK && !visit(context, &q.reader.row, q.best[i].percent)) {
      break;
    }
  }
  bytes_release(&match);
  query_reader_release(&q.reader);
  return code;
}
