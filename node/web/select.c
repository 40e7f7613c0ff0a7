/*
 * select: where the texts stand of the objects that a question finds (docs/protocol.md 15): for a replica that wants some of
 * all texts. The question is that of a list, with the kind of object among its parameters. See site.h, list.h.
 */
#include <stdlib.h>
#include <string.h>

#include "node/store/selection.h"
#include "node/web/list.h"

/* The parameters without `kind`, whose value is *kind: NULL if it is not there. ERR_USAGE: twice. */
static enum err_code take_kind(const struct params *all, struct params *rest, const char **kind, struct err *err) {
  *rest = (struct params){.n = 0};
  *kind = NULL;
  for (size_t i = 0; i < all->n; i++) {
    if (strcmp(all->rows[i].name, "kind") != 0) {
      rest->rows[rest->n++] = all->rows[i];
    } else if (*kind != NULL) {
      return err_set(err, ERR_USAGE, "'kind' is given twice");
    } else {
      *kind = all->rows[i].value;
    }
  }
  return OK;
}

static int compare_rows(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Where the newest version of each object that was found stands, rising; the caller frees them. NULL without memory. */
static int64_t *rows_of(const struct catalogue *c, const struct selection *found, size_t *n) {
  int64_t *rows = calloc((size_t)selection_count(found) + 1, sizeof *rows);
  *n = 0;
  for (uint32_t i = 0; rows != NULL && i < c->n; i++) {
    if (selection_has(found, i)) rows[(*n)++] = c->objects[i].newest;
  }
  if (rows != NULL) qsort(rows, *n, sizeof *rows, compare_rows);
  return rows;
}

static json_t *log_json(const struct log *log, json_t *positions) {
  char node[HASH_HEX_LEN];
  hash_hex(&log->node, node);
  return json_pack("{s:s, s:I, s:o}", "node", node, "gen", (json_int_t)log->gen, "positions", positions);
}

static json_t *logs_json(const struct catalogue *c, const int64_t *rows, size_t n) {
  json_t *logs = json_array();
  for (uint32_t k = 0; k < c->n_logs; k++) {
    json_t *positions = json_array();
    for (size_t i = 0; i < n; i++) {
      if (entry_log_no(rows[i]) != c->logs[k].no) continue;
      (void)json_array_append_new(positions, json_integer((json_int_t)entry_index(rows[i])));
    }
    if (json_array_size(positions) > 0) {
      (void)json_array_append_new(logs, log_json(&c->logs[k], positions));
    } else {
      json_decref(positions);
    }
  }
  return logs;
}

enum err_code raw_sync_select(struct request *r, struct err *err) {
  struct params rest;
  struct request inner = *r;
  struct list_question q;
  struct selection found = {.bits = NULL};
  const char *kind = NULL;
  size_t n = 0;
  enum err_code code = take_kind(r->params, &rest, &kind, err);
  const struct schema *schema = schema_by_kind(r->site->schemas, kind == NULL ? "case" : kind);
  if (code == OK && schema == NULL) code = err_set(err, ERR_NOT_FOUND, "there is no kind '%.60s'", kind);
  inner.params = &rest;
  if (code == OK) code = list_read(&inner, schema, &q, err);
  if (code == OK) code = list_select(&inner, &q, &found, err);
  if (code != OK) return code;
  const struct catalogue *c = r->site->now->catalogue;
  int64_t *rows = rows_of(c, &found, &n);
  json_t *document = rows == NULL ? NULL : json_pack("{s:I, s:o}", "n", (json_int_t)n, "logs", logs_json(c, rows, n));
  r->out->type = "application/json";
  code = document == NULL ? err_set(err, ERR_MEMORY, NULL) : answer_put_json(r->out, document, err);
  json_decref(document);
  free(rows);
  selection_release(&found);
  return code;
}
