/*
 * query_signed: see query_signed.h. Authors stand in entries alone, so each endorsement is looked at, from the newest on.
 */
#include "node/store/query_signed.h"

#include <stdlib.h>
#include <string.h>

#include "node/store/inside.h"
#include "node/store/query_endorse.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

struct found {
  int64_t *objects;
  size_t n, capacity;
};

static bool has(const struct found *f, int64_t object) {
  for (size_t i = 0; i < f->n; i++) {
    if (f->objects[i] == object) {
      return true;
    }
  }
  return false;
}

static enum err_code add(struct found *f, int64_t object, struct err *err) {
  if (f->n == f->capacity) {
    const size_t capacity = f->capacity * 2 + 64;
    int64_t *more = reallocarray(f->objects, capacity, sizeof *more);
    if (more == NULL) {
      return err_set(err, ERR_MEMORY, NULL);
    }
    f->objects = more;
    f->capacity = capacity;
  }
  f->objects[f->n++] = object;
  return OK;
}

/* Whether the entry is by the key; one that is damaged is nobody's. */
static enum err_code look(struct store *s, const struct federation *f, int64_t rowid, const struct pubkey *key, bool *is,
                          struct bytes *scratch, struct err *err) {
  struct record record;
  struct item item;
  enum err_code code = entry_get(s, rowid, scratch, &item, err);
  *is = code == OK && record_reopen(item.envelope, &f->charter.fed_id, &record) == REASON_NONE &&
        pubkey_equal(&record.header.author, key);
  if (query_is_away(code)) {
    err_clear(err);
    code = OK;
  }
  return code;
}

static enum err_code collect(struct store *s, const struct federation *f, const struct signed_question *q, struct found *out,
                             struct err *err) {
  static const char sql[] = "SELECT endorsement.id, object.id FROM endorsement JOIN entry ON entry.rid = endorsement.object "
                            "JOIN object ON object.id = entry.id ORDER BY endorsement.id DESC";
  sqlite3_stmt *st = NULL;
  struct bytes scratch;
  bool row = true;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = statement_get(s, sql, &st, err);
  while (code == OK && (q->limit == 0 || out->n < q->limit) && (code = statement_step(s, st, &row, "signed", err)) == OK &&
         row) {
    const int64_t object = sqlite3_column_int64(st, 1);
    bool is = false;
    code = look(s, f, sqlite3_column_int64(st, 0), &q->key, &is, &scratch, err);
    if (code == OK && is && !has(out, object)) {
      code = add(out, object, err);
    }
  }
  statement_done(st);
  bytes_release(&scratch);
  return code;
}

enum err_code query_signed(struct store *s, const struct federation *f, const struct schema_set *set,
                           const struct signed_question *q, signed_visit *visit, void *context, struct err *err) {
  struct query_reader reader;
  struct found found = {.n = 0};
  bool more = true;
  store_use_schemas(s, set);
  enum err_code code = collect(s, f, q, &found, err);
  query_reader_init(&reader, s, f, set, q->lang);
  for (size_t i = 0; code == OK && more && i < found.n; i++) {
    json_t *endorsement = NULL;
    code = query_endorse(s, f, found.objects[i], q->lang, &endorsement, err);
    if (code == OK && (code = query_reader_load(&reader, found.objects[i], err)) == OK) {
      const struct signed_row row = {&reader.row, endorsement};
      more = visit(context, &row);
    }
    json_decref(endorsement);
    if (query_is_away(code)) {
      err_clear(err);
      code = OK;
    }
  }
  query_reader_release(&reader);
  free(found.objects);
  return code;
}
