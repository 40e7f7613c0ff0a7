/*
 * query_sql: a question as one SELECT. See query_inside.h.
 */
#include <string.h>

#include "node/store/query_inside.h"
#include "node/store/statement.h"
#include "protocol/schema/nearest.h"

void query_sql_init(struct query_sql *q) {
  memset(q, 0, sizeof *q);
  bytes_init(&q->text, QUERY_SQL_MAX);
  query_match_init(&q->match);
}

void query_sql_release(struct query_sql *q) {
  bytes_release(&q->text);
  query_match_release(&q->match);
}

enum err_code query_sql_add(struct query_sql *q, const char *text, struct err *err) {
  return bytes_append_text(&q->text, text, err);
}

static enum err_code add_bind(struct query_sql *q, bool is_int, bool is_blob, int64_t number, struct view octets,
                              struct err *err) {
  if (q->n_binds == QUERY_BINDS) {
    return err_set(err, ERR_LIMIT, "more than %d values in a query", QUERY_BINDS);
  }
  q->binds[q->n_binds].is_int = is_int;
  q->binds[q->n_binds].is_blob = is_blob;
  q->binds[q->n_binds].number = number;
  q->binds[q->n_binds].octets = octets;
  q->n_binds++;
  return query_sql_add(q, "?", err);
}

enum err_code query_sql_int(struct query_sql *q, int64_t value, struct err *err) {
  return add_bind(q, true, false, value, view_of(NULL, 0), err);
}

enum err_code query_sql_text(struct query_sql *q, struct view value, struct err *err) {
  return add_bind(q, false, false, 0, value, err);
}

enum err_code query_sql_blob(struct query_sql *q, struct view value, struct err *err) {
  return add_bind(q, false, true, 0, value, err);
}

enum err_code query_sql_prepare(struct query_sql *q, struct store *s, sqlite3_stmt **out, struct err *err) {
  const char *text = bytes_text(&q->text);
  if (text == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  const enum err_code code = statement_new(s, text, out, err);
  for (int i = 0; i < q->n_binds && code == OK; i++) {
    if (q->binds[i].is_int) {
      statement_bind_int(*out, i + 1, q->binds[i].number);
    } else if (q->binds[i].is_blob) {
      statement_bind_blob(*out, i + 1, q->binds[i].octets);
    } else {
      statement_bind_text(*out, i + 1, q->binds[i].octets);
    }
  }
  return code;
}

/* ---- names ---- */

static const struct field *dim_in(const struct field *fields, size_t n, const char *dim) {
  for (size_t i = 0; i < n; i++) {
    if (strcmp(fields[i].dim, dim) == 0) {
      return &fields[i];
    }
    const struct field *child = dim_in(fields[i].children, fields[i].n_children, dim); // NOLINT(misc-no-recursion)
    if (child != NULL) {
      return child;
    }
  }
  return NULL;
}

const struct field *query_dim(const struct schema_set *set, const char *dim) {
  const struct field *field = NULL;
  for (size_t i = 0; i < schema_set_count(set) && field == NULL && dim[0] != 0; i++) {
    const struct schema *schema = schema_set_at(set, i);
    field = dim_in(schema->fields, schema->n_fields, dim);
  }
  return field;
}

static enum err_code unknown(const char *what, const char *name, const struct nearest *near, struct err *err) {
  const enum err_code code = err_set(err, ERR_NOT_FOUND, "there is no %s '%.60s'", what, name);
  return nearest_word(near) == NULL ? code : err_hint(err, "did you mean %s?", nearest_word(near));
}

static void offer_dims(struct nearest *near, const struct field *fields, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (fields[i].dim[0] != 0) {
      nearest_offer(near, fields[i].dim);
    }
    offer_dims(near, fields[i].children, fields[i].n_children); // NOLINT(misc-no-recursion)
  }
}

static enum err_code unknown_dim(const struct schema_set *set, const char *dim, struct err *err) {
  struct nearest near = nearest_to(view_of_text(dim));
  nearest_offer(&near, ENDORSED_DIM);
  for (size_t i = 0; i < schema_set_count(set); i++) {
    const struct schema *schema = schema_set_at(set, i);
    offer_dims(&near, schema->fields, schema->n_fields);
  }
  return unknown("facet", dim, &near, err);
}

static enum err_code unknown_kind(const struct schema_set *set, const char *kind, struct err *err) {
  struct nearest near = nearest_to(view_of_text(kind));
  for (size_t i = 0; i < schema_set_count(set); i++) {
    nearest_offer(&near, schema_set_at(set, i)->kind);
  }
  return unknown("kind", kind, &near, err);
}

static enum err_code unknown_handle(const struct federation *f, const char *handle, struct err *err) {
  struct nearest near = nearest_to(view_of_text(handle));
  for (uint32_t i = 0; i < f->n_members; i++) {
    nearest_offer(&near, f->rows[i].handle);
  }
  return unknown("node", handle, &near, err);
}

/* ---- conditions ---- */

static enum err_code where_kind(struct query_sql *q, const struct schema_set *set, const char *kind, struct err *err) {
  const struct schema *schema = schema_by_kind(set, kind);
  if (schema == NULL) {
    return unknown_kind(set, kind, err);
  }
  const enum err_code code = query_sql_add(q, " AND object.schema = ", err);
  return code == OK ? query_sql_int(q, schema->number, err) : code;
}

static enum err_code where_node(struct query_sql *q, const struct federation *f, const char *handle, struct err *err) {
  const struct federation_member *m = federation_by_handle(f, handle);
  if (m == NULL) {
    return unknown_handle(f, handle, err);
  }
  const enum err_code code = query_sql_add(q, " AND log.node = ", err);
  return code == OK ? query_sql_blob(q, hash_view(&m->member->node), err) : code;
}

/* Facet i and all behind it of the same dimension: either. */
static enum err_code where_facet(struct query_sql *q, const struct query *query, uint32_t i, struct err *err) {
  const char *dim = query->facets[i].dim;
  enum err_code code = query_sql_add(
      q, " AND object.id IN (SELECT object FROM facet WHERE code IN (SELECT no FROM facet_code WHERE dim = ", err);
  if (code == OK) {
    code = query_sql_text(q, view_of_text(dim), err);
  }
  if (code == OK) {
    code = query_sql_add(q, " AND code IN (", err);
  }
  for (uint32_t k = i; k < query->n_facets && code == OK; k++) {
    if (strcmp(query->facets[k].dim, dim) == 0) {
      code = k == i ? OK : query_sql_add(q, ", ", err);
      if (code == OK) {
        code = query_sql_text(q, view_of_text(query->facets[k].code), err);
      }
    }
  }
  return code == OK ? query_sql_add(q, ")))", err) : code;
}

/* What stands in any of the ways asked for. An object that nobody signed has no row. */
static enum err_code where_endorsed(struct query_sql *q, const struct query *query, struct err *err) {
  enum endorsed state = ENDORSED_NOT;
  enum err_code code =
      query_sql_add(q, " AND coalesce((SELECT state FROM endorsed WHERE endorsed.object = object.id), 0) IN (-1", err);
  for (uint32_t k = 0; k < query->n_facets && code == OK; k++) {
    if (strcmp(query->facets[k].dim, ENDORSED_DIM) != 0 || !endorsed_of_name(query->facets[k].code, &state)) {
      continue;
    }
    code = query_sql_add(q, ", ", err);
    code = code == OK ? query_sql_int(q, (int64_t)state, err) : code;
  }
  return code == OK ? query_sql_add(q, ")", err) : code;
}

static enum err_code where_facets(struct query_sql *q, const struct schema_set *set, const struct query *query,
                                  const char *skip, struct err *err) {
  enum err_code code = OK;
  for (uint32_t i = 0; i < query->n_facets && code == OK; i++) {
    const char *dim = query->facets[i].dim;
    bool earlier = skip != NULL && strcmp(dim, skip) == 0;
    for (uint32_t k = 0; k < i; k++) {
      earlier = earlier || strcmp(query->facets[k].dim, dim) == 0;
    }
    const bool is_endorsed = strcmp(dim, ENDORSED_DIM) == 0;
    if (!is_endorsed && query_dim(set, dim) == NULL) {
      return unknown_dim(set, dim, err);
    }
    if (!earlier) {
      code = is_endorsed ? where_endorsed(q, query, err) : where_facet(q, query, i, err);
    }
  }
  return code;
}

static enum err_code where_text(struct query_sql *q, struct err *err) {
  enum err_code code = OK;
  if (q->match.nothing) {
    return query_sql_add(q, " AND 0", err);
  }
  if (q->match.any.len > 0) {
    code = query_sql_add(q, " AND fulltext MATCH ", err);
    if (code == OK) {
      code = query_sql_text(q, bytes_view(&q->match.any), err);
    }
  }
  if (code == OK && q->match.unwanted.len > 0) {
    code = query_sql_add(q, " AND object.id NOT IN (SELECT rowid FROM fulltext WHERE fulltext MATCH ", err);
    if (code == OK) {
      code = query_sql_text(q, bytes_view(&q->match.unwanted), err);
    }
    if (code == OK) {
      code = query_sql_add(q, ")", err);
    }
  }
  return code;
}

static enum err_code from(struct query_sql *q, const struct query *query, struct err *err) {
  enum err_code code = query_match_read(&q->match, query->text, err);
  q->joined = q->match.any.len > 0;
  if (code == OK) {
    code = query_sql_add(q, q->joined ? " FROM fulltext JOIN object ON object.id = fulltext.rowid" : " FROM object", err);
  }
  return code == OK ? query_sql_add(q, " JOIN log ON log.no = object.id >> 40 WHERE object.readable = 1", err) : code;
}

enum err_code query_sql_where(struct query_sql *q, const struct federation *f, const struct schema_set *set,
                              const struct query *query, const char *skip_dim, struct err *err) {
  enum err_code code = from(q, query, err);
  if (code == OK && query->kind != NULL) {
    code = where_kind(q, set, query->kind, err);
  }
  if (code == OK && query->node != NULL) {
    code = where_node(q, f, query->node, err);
  }
  if (code == OK && !query->withdrawn) {
    code = query_sql_add(q, " AND object.withdrawn IS NULL", err);
  }
  if (code == OK) {
    code = where_facets(q, set, query, skip_dim, err);
  }
  return code == OK ? where_text(q, err) : code;
}
