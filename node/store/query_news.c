/*
 * query_news: what came since. See query_news.h.
 */
#include "node/store/query_news.h"

#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

enum err_code query_news_point(struct store *s, int64_t *out, struct err *err) {
  static const char sql[] = "SELECT ifnull(max(seq), 0) FROM milestone";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_one(s, st, "milestones", "no milestones", err);
  }
  if (code == OK) {
    *out = sqlite3_column_int64(st, 0);
    statement_done(st);
  }
  return code;
}

enum err_code query_news(struct store *s, const struct federation *f, const struct schema_set *set, int64_t since,
                         uint64_t rows, const char *lang, news_visit *visit, void *context, struct err *err) {
  /* An entry came with the first milestone of its log that covers it. */
  static const char sql[] =
      "SELECT o.id, o.arrival, "
      "(SELECT m.seq FROM milestone m WHERE m.log = o.id >> 40 AND m.size > (o.id & 0xffffffffff) ORDER BY m.size LIMIT 1) AS "
      "first, (SELECT m.seq FROM milestone m WHERE m.log = o.withdrawn >> 40 AND m.size > (o.withdrawn & 0xffffffffff) "
      "ORDER BY m.size LIMIT 1) AS gone "
      "FROM object o JOIN log ON log.no = o.id >> 40 WHERE o.readable = 1 AND (o.arrival > :since OR gone > :since) "
      "AND NOT (first > :since AND ifnull(gone, 0) > :since) ORDER BY log.node, log.gen, max(o.arrival, ifnull(gone, 0)) DESC, "
      "o.id DESC";
  struct query_reader reader;
  sqlite3_stmt *st = NULL;
  struct log log = {.no = 0};
  struct hash home = {{0}};
  uint64_t n = 0; /* of the home */
  bool row = true;
  bool go_on = true;
  store_use_schemas(s, set);
  query_reader_init(&reader, s, f, set, lang);
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, since);
  }
  while (code == OK && go_on && (code = statement_step(s, st, &row, "news", err)) == OK && row) {
    const int64_t arrival = sqlite3_column_int64(st, 1);
    const int64_t first = sqlite3_column_int64(st, 2);
    const int64_t gone = sqlite3_column_int64(st, 3);
    const int64_t id = sqlite3_column_int64(st, 0);
    code = log.no == entry_log_no(id) ? OK : log_by_no(s, entry_log_no(id), &log, err);
    n = hash_equal(&home, &log.node) ? n + 1 : 1;
    home = log.node;
    const bool in_full = rows == 0 || n <= rows;
    if (code == OK && in_full) {
      code = query_reader_load(&reader, id, err);
    }
    if (query_is_away(code)) {
      err_clear(err);
      code = OK;
      continue;
    }
    if (code == OK) {
      const enum news what = gone > 0 ? NEWS_WITHDRAWN : first > since ? NEWS_NEW : NEWS_CHANGED;
      go_on = visit(context, what, gone > arrival ? gone : arrival, in_full ? &reader.row : NULL);
    }
  }
  statement_done(st);
  query_reader_release(&reader);
  return code;
}

/* ---- signatures ---- */

struct signed_news {
  struct store *s;
  const struct federation *f;
  struct policy policies[LIMIT_POLICIES];
  uint32_t n_policies;
  struct news_signature row;
  struct err *err;
};

/* Columns: taken back, id, object, version, standing, newest, state. */
static enum err_code load_signature(struct signed_news *n, sqlite3_stmt *st) {
  const int64_t id = sqlite3_column_int64(st, 1), object = sqlite3_column_int64(st, 2), version = sqlite3_column_int64(st, 3);
#define STANDING(symbol, name, text) symbol,
  static const enum endorsement_standing standings[] = {ENDORSEMENT_TABLE(STANDING)};
#undef STANDING
  const uint64_t standing = (uint64_t)sqlite3_column_int64(st, 4), state = (uint64_t)sqlite3_column_int64(st, 6);
  struct endorsement_result result = {.met = false};
  struct log by, home;
  n->row = (struct news_signature){.taken_back = sqlite3_column_int(st, 0) != 0,
                                   .standing = standing < sizeof standings / sizeof standings[0] ? standings[standing]
                                                                                                 : ENDORSEMENT_VERSION,
                                   .state = state == 2   ? ENDORSED_CURRENTLY
                                            : state == 1 ? ENDORSED_EARLIER
                                                         : ENDORSED_NOT};
  enum err_code code = log_by_no(n->s, entry_log_no(id), &by, n->err);
  if (code == OK) {
    code = log_by_no(n->s, entry_log_no(object), &home, n->err);
  }
  if (code != OK) {
    return code;
  }
  n->row.by = federation_handle(n->f, &by.node);
  n->row.home = federation_handle(n->f, &home.node);
  reference_format(n->f, &home.node, home.gen, entry_index(object), n->row.reference);
  if (version != 0) {
    code = reference_of_row(n->s, n->f, &home, version, n->row.version, n->err);
  }
  if (code == OK && n->n_policies > 0) {
    n->row.needed = n->policies[0].m;
    code = endorsed_statement(n->s, object, sqlite3_column_int64(st, 5), 1, &result, n->err);
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(n->err);
    code = OK;
  }
  n->row.counted = result.counted;
  return code;
}

#define BEHIND(table)                                                                                                          \
  table ".id >= (log.no << 40) + coalesce((SELECT max(size) FROM milestone WHERE milestone.log = log.no AND seq <= :since), "  \
        "0) AND " table ".id < (log.no + 1) << 40 "

enum err_code query_news_signatures(struct store *s, const struct federation *f, int64_t since, news_signature_visit *visit,
                                    void *context, struct err *err) {
  static const char sql[] = "SELECT x.gone, x.by, e.of, coalesce(e.version, 0), e.standing, coalesce(object.newest, 0), "
                            "coalesce(endorsed.state, 0) "
                            "FROM (SELECT 0 AS gone, endorsement.id AS by, endorsement.id AS id FROM log JOIN endorsement "
                            "ON " BEHIND("endorsement") "UNION ALL SELECT 1, w.id, signed.id FROM log JOIN "
                                                        "endorsement_withdrawal w ON " BEHIND(
                                                            "w") "JOIN entry ON entry.rid = w.target JOIN endorsement signed "
                                                                 "ON signed.id = entry.id) x "
                                                                 "JOIN endorsement e ON e.id = x.id JOIN object ON object.id = "
                                                                 "e.of JOIN log owner ON owner.no = object.id >> 40 "
                                                                 "LEFT JOIN endorsed ON endorsed.object = object.id WHERE "
                                                                 "object.readable = 1 AND (owner.node = :own OR EXISTS "
                                                                 "(SELECT 1 FROM endorsement mine JOIN log ml ON ml.no = "
                                                                 "mine.id >> 40 WHERE mine.of = e.of AND ml.node = :own)) "
                                                                 "ORDER BY x.by";
  struct signed_news n = {.s = s, .f = f, .err = err};
  sqlite3_stmt *st = NULL;
  bool row = true, go_on = true;
  enum err_code code = endorsements_policies(f, n.policies, &n.n_policies, err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, since);
  statement_bind_blob(st, 2, hash_view(&f->own));
  while (code == OK && go_on && (code = statement_step(s, st, &row, "news", err)) == OK && row) {
    code = load_signature(&n, st);
    go_on = code == OK && visit(context, &n.row);
  }
  statement_done(st);
  return code;
}
