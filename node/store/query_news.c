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
