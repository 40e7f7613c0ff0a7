/*
 * query_queue: see query_queue.h.
 */
#include "node/store/query_queue.h"

#include <stdlib.h>
#include <string.h>

#include "node/store/endorsed.h"
#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

/* An object that waits. */
struct waiting {
  int64_t object;
  struct hash node;
  uint64_t gen, counted, needed, missing;
  bool earlier;
};
struct queue {
  struct store *s;
  const struct federation *f;
  const struct schema_set *set;
  const struct queue_question *q;
  struct policy policies[LIMIT_POLICIES];
  uint32_t n_policies;
  struct waiting *rows;
  size_t n, capacity;
  struct err *err;
};

static int nearest_first(const void *a, const void *b) {
  const struct waiting *x = a;
  const struct waiting *y = b;
  if (x->missing != y->missing) {
    return x->missing < y->missing ? -1 : 1;
  }
  const int nodes = hash_compare(&x->node, &y->node);
  if (nodes != 0) {
    return nodes;
  }
  return x->gen != y->gen ? (x->gen < y->gen ? -1 : 1) : (x->object > y->object) - (x->object < y->object);
}

/* ---- languages ---- */

/* Whether the body's title is told in one of the languages asked for. */
static bool has_language(const struct queue_question *q, const struct schema *schema, struct view body) {
  if (q->n_languages == 0) {
    return true;
  }
  struct canon_reader r = canon_reader(body);
  struct view key = {NULL, 0};
  for (uint32_t n = canon_map(&r, LIMIT_LIST); n > 0 && r.fault == NULL; n--) {
    key = canon_key(&r, &key);
    if (!view_is_text(key, schema->title->key) || canon_peek(&r) != CANON_MAP) {
      (void)canon_skip(&r);
      continue;
    }
    struct view tag = {NULL, 0};
    for (uint32_t k = canon_map(&r, LIMIT_LIST); k > 0 && r.fault == NULL; k--) {
      tag = canon_key(&r, &tag);
      for (size_t i = 0; i < q->n_languages; i++) {
        if (view_is_text(tag, q->languages[i])) {
          return true;
        }
      }
      (void)canon_skip(&r);
    }
    return false;
  }
  return false;
}

static enum err_code look_language(struct queue *queue, int64_t newest, uint64_t schema_number, bool *has) {
  const struct schema *schema = schema_by_number(queue->set, schema_number);
  struct bytes scratch;
  struct item item;
  if (queue->q->n_languages == 0 || schema == NULL) {
    *has = queue->q->n_languages == 0;
    return OK;
  }
  bytes_init(&scratch, LIMIT_ITEM);
  const enum err_code code = entry_get(queue->s, newest, &scratch, &item, queue->err);
  *has = code == OK && item.body.len > 0 && has_language(queue->q, schema, item.body);
  bytes_release(&scratch);
  return code;
}

/* ---- what waits ---- */

static enum err_code add(struct queue *queue, const struct waiting *row) {
  if (queue->n == queue->capacity) {
    const size_t capacity = queue->capacity * 2 + 64;
    struct waiting *more = reallocarray(queue->rows, capacity, sizeof *more);
    if (more == NULL) {
      return err_set(queue->err, ERR_MEMORY, NULL);
    }
    queue->rows = more;
    queue->capacity = capacity;
  }
  queue->rows[queue->n++] = *row;
  return OK;
}

/* Whether an object is among those that stand as is asked. */
static bool is_asked(const struct queue_question *q, enum endorsed state) {
  return !q->by_state || state == q->state;
}

/* The statement of the newest version under the first policy, which is what lists tell. */
static enum err_code look_statement(struct queue *queue, struct waiting *row, int64_t newest, int64_t state) {
  struct endorsement_result result = {.met = false};
  if (queue->n_policies == 0 || !is_asked(queue->q, state == ENDORSED_EARLIER ? ENDORSED_EARLIER : ENDORSED_NOT)) {
    return OK;
  }
  const struct policy *policy = &queue->policies[0];
  const enum err_code code = endorsed_statement(queue->s, row->object, newest, 1, &result, queue->err);
  if (code == ERR_NOT_FOUND) { /* nobody signed it */
    err_clear(queue->err);
    endorsement_weigh(policy, NULL, 0, &result);
  } else if (code != OK) {
    return code;
  }
  row->counted = result.counted;
  row->needed = policy->m;
  row->missing = result.missing;
  row->earlier = state == ENDORSED_EARLIER;
  return result.met ? OK : add(queue, row);
}

static enum err_code look(struct queue *queue, sqlite3_stmt *st) {
  struct waiting row = {.object = sqlite3_column_int64(st, 0), .gen = (uint64_t)sqlite3_column_int64(st, 4)};
  bool wanted = false;
  if (!statement_hash(st, 3, &row.node) || hash_equal(&row.node, &queue->f->own)) {
    return OK;
  }
  enum err_code code = look_language(queue, sqlite3_column_int64(st, 1), (uint64_t)sqlite3_column_int64(st, 2), &wanted);
  if (query_is_away(code)) {
    err_clear(queue->err);
    return OK;
  }
  if (code != OK || !wanted) {
    return code;
  }
  return look_statement(queue, &row, sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 5));
}

static enum err_code collect(struct queue *queue) {
  static const char sql[] =
      "SELECT object.id, object.newest, object.schema, log.node, log.gen, endorsed.state FROM object "
      "JOIN log ON log.no = object.id >> 40 LEFT JOIN endorsed ON endorsed.object = object.id "
      "WHERE newest IS NOT NULL AND withdrawn IS NULL AND readable = 1 AND (:all OR flags & 1 OR endorsed.state IS NOT NULL)";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(queue->s, sql, &st, queue->err);
  if (code == OK) {
    statement_bind_int(st, 1, queue->q->all);
  }
  while (code == OK && (code = statement_step(queue->s, st, &row, "queue", queue->err)) == OK && row) {
    code = look(queue, st);
  }
  statement_done(st);
  if (code == OK && queue->n > 0) {
    qsort(queue->rows, queue->n, sizeof *queue->rows, nearest_first);
  }
  return code;
}

static enum err_code tell(struct queue *queue, queue_visit *visit, void *context) {
  struct query_reader reader;
  enum err_code code = OK;
  query_reader_init(&reader, queue->s, queue->f, queue->set, queue->q->lang);
  for (size_t i = 0; code == OK && i < queue->n && (queue->q->limit == 0 || i < queue->q->limit); i++) {
    const struct waiting *w = &queue->rows[i];
    code = query_reader_load(&reader, w->object, queue->err);
    const struct queue_row row = {
        .row = &reader.row, .counted = w->counted, .needed = w->needed, .missing = w->missing, .earlier = w->earlier};
    if (code == OK && !visit(context, &row)) {
      break;
    }
  }
  query_reader_release(&reader);
  return code;
}

enum err_code query_queue(struct store *s, const struct federation *f, const struct schema_set *set,
                          const struct queue_question *q, queue_visit *visit, void *context, uint64_t *total, struct err *err) {
  struct queue queue = {.s = s, .f = f, .set = set, .q = q, .err = err};
  store_use_schemas(s, set);
  enum err_code code = endorsements_policies(f, queue.policies, &queue.n_policies, err);
  if (code == OK) {
    code = collect(&queue);
  }
  if (code == OK) {
    code = tell(&queue, visit, context);
  }
  if (total != NULL) {
    *total = queue.n;
  }
  free(queue.rows);
  return code;
}
