/*
 * query: lists and searches. See query.h.
 */
#include "node/store/query.h"

#include <string.h>

#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/snippet.h"
#include "node/store/statement.h"
#include "node/store/texts.h"
#include "node/store/unique.h"
#include "node/store/wide.h"

#define IDS_MAX ((size_t)512 * 1024 * 1024) /* octets of all ids of a list, 8 each */

/* ---- order ---- */

static enum err_code order_newest(struct query_sql *q, const struct query *query, const struct schema_set *set,
                                  struct err *err) {
  (void)query;
  (void)set;
  return query_sql_add(q, " ORDER BY object.arrival DESC, object.newest DESC", err);
}

static enum err_code order_reference(struct query_sql *q, const struct query *query, const struct schema_set *set,
                                     struct err *err) {
  (void)query;
  (void)set;
  return query_sql_add(q, " ORDER BY log.node, log.gen, object.id", err);
}

static enum err_code order_completeness(struct query_sql *q, const struct query *query, const struct schema_set *set,
                                        struct err *err) {
  (void)query;
  (void)set;
  return query_sql_add(q, " ORDER BY object.complete DESC, log.node, log.gen, object.id", err);
}

static enum err_code order_endorsed(struct query_sql *q, const struct query *query, const struct schema_set *set,
                                    struct err *err) {
  (void)query;
  (void)set;
  return query_sql_add(q,
                       " ORDER BY coalesce((SELECT state FROM endorsed WHERE endorsed.object = object.id), 0) DESC, "
                       "object.arrival DESC, object.newest DESC",
                       err);
}

/* "object.id IN (what has every word)". */
static enum err_code put_every(struct query_sql *q, struct err *err) {
  enum err_code code = query_sql_add(q, "object.id IN (SELECT rowid FROM fulltext WHERE fulltext MATCH ", err);
  if (code == OK) {
    code = query_sql_text(q, bytes_view(&q->match.every), err);
  }
  return code == OK ? query_sql_add(q, ")", err) : code;
}

/* What has every word comes first; the title weighs more than the rest; ties go by (node, gen, index). */
static enum err_code order_relevance(struct query_sql *q, const struct query *query, const struct schema_set *set,
                                     struct err *err) {
  if (!q->joined) {
    return order_newest(q, query, set, err);
  }
  enum err_code code = query_sql_add(q, " ORDER BY ", err);
  if (code == OK && q->match.n_words > 1) {
    code = put_every(q, err);
    code = code == OK ? query_sql_add(q, " DESC, ", err) : code;
  }
  return code == OK ? query_sql_add(q, "bm25(fulltext, 8.0, 1.0), log.node, log.gen, object.id", err) : code;
}

static enum err_code order_kind(struct query_sql *q, const struct query *query, const struct schema_set *set, struct err *err) {
  const struct schema *schema = query->kind == NULL ? NULL : schema_by_kind(set, query->kind);
  const struct field *field =
      schema == NULL || schema->order[0] == 0 ? NULL : schema_field(schema, view_of_text(schema->order));
  char name[WIDE_NAME_MAX];
  if (field == NULL || !wide_has(schema, field)) {
    return order_newest(q, query, set, err);
  }
  wide_name(schema, name);
  return bytes_printf(&q->text, err, " ORDER BY (SELECT \"%s\" FROM \"%s\" WHERE id = object.id), log.node, log.gen, object.id",
                      field->key, name);
}

/* whole: without limit and offset, as when all are to be counted. */
static enum err_code put_order(struct query_sql *q, const struct query *query, const struct schema_set *set, bool whole,
                               struct err *err) {
  static enum err_code (*const orders[])(struct query_sql *, const struct query *, const struct schema_set *, struct err *) = {
      [SORT_NEWEST] = order_newest,       [SORT_RELEVANCE] = order_relevance,       [SORT_KIND] = order_kind,
      [SORT_REFERENCE] = order_reference, [SORT_COMPLETENESS] = order_completeness, [SORT_ENDORSED] = order_endorsed};
  enum err_code code = orders[query->sort](q, query, set, err);
  if (code == OK && !whole && (query->limit > 0 || query->offset > 0)) {
    code = query_sql_add(q, " LIMIT ", err);
    if (code == OK) {
      code = query_sql_int(q, query->limit == 0 ? -1 : (int64_t)query->limit, err);
    }
    if (code == OK) {
      code = query_sql_add(q, " OFFSET ", err);
    }
    if (code == OK) {
      code = query_sql_int(q, query->offset, err);
    }
  }
  return code;
}

/* ---- rows ---- */

/* The part of the text in which the words stand, or of the title where they stand there alone. */
static enum err_code load_snippet(struct query_reader *r, const struct query_sql *q, struct texts *texts, struct err *err) {
  bytes_clear(&r->snippet);
  texts_clear(texts);
  enum err_code code =
      r->row.slots == NULL ? texts_of(texts, r->row.schema, r->row.body, err) : texts_of_slots(texts, r->row.slots, err);
  if (code == OK) code = snippet_make(bytes_view(&texts->text), bytes_view(&q->match.any), &r->snippet, err);
  if (code == OK && r->snippet.len == 0) {
    code = snippet_make(bytes_view(&texts->title), bytes_view(&q->match.any), &r->snippet, err);
  }
  const char *text = code == OK ? bytes_text(&r->snippet) : NULL;
  r->row.snippet = text == NULL ? "" : text;
  return code;
}

/* The objects in their order. All of them before the first is visited: who visits may wait for a person, and meanwhile no
 * statement may be open (a reader in the middle of a transaction keeps the WAL from being emptied). */
static enum err_code collect(struct store *s, sqlite3_stmt *st, struct bytes *ids, struct err *err) {
  bool row = true;
  enum err_code code = OK;
  while (code == OK && (code = statement_step(s, st, &row, "query", err)) == OK && row) {
    const int64_t id = sqlite3_column_int64(st, 0);
    code = bytes_append(ids, view_of(&id, sizeof id), err);
  }
  return code;
}

/* Leaves the part that is asked for. */
static void cut(struct bytes *ids, const struct query *query) {
  const size_t offset = (size_t)query->offset * sizeof(int64_t), limit = (size_t)query->limit * sizeof(int64_t);
  bytes_consume(ids, offset < ids->len ? offset : ids->len);
  if (limit > 0 && ids->len > limit) {
    ids->len = limit;
  }
}

/* An object that is gone, or hidden, since it was collected is passed over. */
static enum err_code each_row(struct query_reader *r, const struct query_sql *q, const struct bytes *ids, query_visit *visit,
                              void *context, struct err *err) {
  struct texts texts;
  texts_init(&texts);
  enum err_code code = OK;
  bool goes_on = true;
  for (size_t at = 0; at < ids->len && goes_on && code == OK; at += sizeof(int64_t)) {
    int64_t object = 0;
    memcpy(&object, ids->p + at, sizeof object);
    code = query_reader_load(r, object, err);
    if (query_is_away(code)) {
      err_clear(err);
      code = OK;
      continue;
    }
    if (code == OK && r->row.hidden) {
      continue;
    }
    if (code == OK && q->joined) {
      code = load_snippet(r, q, &texts, err);
    }
    goes_on = code == OK && visit(context, &r->row);
  }
  texts_release(&texts);
  return code;
}

enum err_code query_run(struct store *s, const struct federation *f, const struct schema_set *set, const struct query *query,
                        query_visit *visit, void *context, uint64_t *total, struct err *err) {
  struct query_sql q;
  struct query_reader reader;
  struct bytes ids;
  sqlite3_stmt *st = NULL;
  bytes_init(&ids, IDS_MAX);
  store_use_schemas(s, set);
  query_sql_init(&q);
  query_reader_init(&reader, s, f, set, query->lang);
  enum err_code code = query_sql_add(&q, "SELECT object.id", err);
  if (code == OK) {
    code = query_sql_where(&q, f, set, query, NULL, err);
  }
  if (code == OK) {
    code = put_order(&q, query, set, total != NULL, err);
  }
  if (code == OK) {
    code = query_sql_prepare(&q, s, &st, err);
  }
  if (code == OK) {
    code = collect(s, st, &ids, err);
  }
  if (code == OK && total != NULL) {
    *total = ids.len / sizeof(int64_t);
    cut(&ids, query);
  }
  (void)sqlite3_finalize(st);
  if (code == OK) {
    code = each_row(&reader, &q, &ids, visit, context, err);
  }
  bytes_release(&ids);
  query_reader_release(&reader);
  query_sql_release(&q);
  return code;
}

enum err_code query_every(struct store *s, const struct federation *f, const struct schema_set *set, const struct query *query,
                          bool *several, uint64_t *out, struct err *err) {
  struct query_sql q;
  sqlite3_stmt *st = NULL;
  bool row = false;
  *several = false;
  *out = 0;
  store_use_schemas(s, set);
  query_sql_init(&q);
  enum err_code code = query_sql_add(&q, "SELECT count(*)", err);
  if (code == OK && (code = query_sql_where(&q, f, set, query, NULL, err)) == OK && q.match.n_words > 1) {
    *several = true;
    if ((code = query_sql_add(&q, " AND ", err)) == OK && (code = put_every(&q, err)) == OK &&
        (code = query_sql_prepare(&q, s, &st, err)) == OK && (code = statement_step(s, st, &row, "query", err)) == OK && row) {
      *out = (uint64_t)sqlite3_column_int64(st, 0);
    }
  }
  (void)sqlite3_finalize(st);
  query_sql_release(&q);
  return code;
}

enum err_code query_rows(struct store *s, const struct federation *f, const struct schema_set *set, const int64_t *ids,
                         size_t n, const char *lang, const char *text, query_visit *visit, void *context, struct err *err) {
  struct query_sql q;
  struct query_reader reader;
  struct bytes list;
  store_use_schemas(s, set);
  query_sql_init(&q);
  query_reader_init(&reader, s, f, set, lang);
  bytes_init(&list, IDS_MAX);
  enum err_code code = query_match_read(&q.match, text, err);
  q.joined = q.match.any.len > 0;
  if (code == OK) {
    code = bytes_append(&list, view_of(ids, n * sizeof ids[0]), err);
  }
  if (code == OK) {
    code = each_row(&reader, &q, &list, visit, context, err);
  }
  bytes_release(&list);
  query_reader_release(&reader);
  query_sql_release(&q);
  return code;
}

enum err_code query_unique(struct store *s, const struct schema *schema, int64_t log_no, struct view body, int64_t *rowid,
                           struct err *err) {
  int64_t id = 0;
  struct object object;
  enum err_code code = unique_find(s, schema, log_no, body, &id, err);
  if (code == OK) {
    code = object_get(s, id, &object, err);
  }
  if (code == OK) {
    *rowid = object.newest;
  }
  return code;
}
