/*
 * query_void: see query_void.h. One walk over the envelopes behind the position; each was verified when it came.
 */
#include "node/store/query_void.h"

#include <string.h>

#include "node/store/statement.h"

#define FIRST_OF_PEOPLE 16u /* kinds below are the node's own */

struct walk {
  struct store *s;
  const struct federation *f;
  const struct log *log;
  const struct pubkey *key;
  struct query_void *out;
  enum err_code code;
  struct err *err;
};

static enum err_code has_effect(struct store *s, int64_t rowid, bool *yes, struct err *err) {
  static const char sql[] = "SELECT 1 FROM held WHERE id = :id";
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, rowid);
    code = statement_step(s, st, &row, "held", err);
    statement_done(st);
  }
  *yes = !row;
  return code;
}

static bool visit(void *context, int64_t rowid, const struct item *item) {
  struct walk *w = context;
  struct query_void *out = w->out;
  struct record record;
  bool yes = false;
  if (record_reopen(item->envelope, &w->f->charter.fed_id, &record) != REASON_NONE ||
      !pubkey_equal(&record.header.author, w->key) || record.header.kind < FIRST_OF_PEOPLE) {
    return true;
  }
  w->code = has_effect(w->s, rowid, &yes, w->err);
  if (w->code != OK || !yes) {
    return w->code == OK;
  }
  out->n++;
  out->versions += record.header.kind == KIND_VERSION;
  out->endorsements += record.header.kind == KIND_ENDORSE;
  if (out->n_named < QUERY_VOID_NAMED) {
    reference_format(w->f, &w->log->node, w->log->gen, entry_index(rowid), out->named[out->n_named++]);
  }
  return true;
}

enum err_code query_void(struct store *s, const struct federation *f, const struct hash *node, const struct pubkey *key,
                         uint64_t gen, uint64_t index, struct query_void *out, struct err *err) {
  memset(out, 0, sizeof *out);
  for (uint64_t g = gen;; g++) {
    struct log log;
    enum err_code code = log_find(s, node, g, &log, err);
    if (code == ERR_NOT_FOUND) {
      err_clear(err);
      return OK; /* the newest generation is behind us */
    }
    struct walk w = {.s = s, .f = f, .log = &log, .key = key, .out = out, .code = OK, .err = err};
    if (code == OK) {
      code = entry_each_whole(s, log.no, g == gen ? index : 0, log.range.size, visit, &w, err);
    }
    if (code != OK || w.code != OK) {
      return code != OK ? code : w.code;
    }
  }
}
