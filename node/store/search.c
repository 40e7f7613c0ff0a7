/*
 * search: see search.h. The statement's function is called for each row that matches and counts there; what a word is worth is
 * known when all rows have been seen. The formula is that of FTS5 (fts5.html 5.1.1): Robertson and Zaragoza, 2009.
 */
#include "node/store/search.h"

#include <math.h>
#include <string.h>

#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/selection.h"
#include "node/store/statement.h"

#define K1 1.2
#define B 0.75
#define WORTHLESS 1e-6 /* a word that half of all have */
#define TITLE_WEIGHT 8

/* A search under way. found: for each row a place (uint32_t) and how often it has each word (uint16_t). */
struct search {
  const struct catalogue *c;
  unsigned n_words;
  uint32_t at;                  /* in by_id: rows come by rising id */
  sqlite3_int64 rows, tokens;   /* of the whole index; -1: not asked yet */
  uint64_t having[QUERY_WORDS]; /* rows with the word */
  struct bytes found;
  enum err_code code;
};

static uint16_t times(const Fts5ExtensionApi *api, Fts5Context *row, int word) {
  Fts5PhraseIter i;
  int column = -1, offset = 0;
  uint32_t n = 0;
  if (api->xPhraseFirst(row, word, &i, &column, &offset) != SQLITE_OK) return 0;
  for (; column >= 0; api->xPhraseNext(row, &i, &column, &offset))
    n += column == 0 ? TITLE_WEIGHT : 1;
  return n > UINT16_MAX ? UINT16_MAX : (uint16_t)n;
}

/* specola_found(fulltext): counts a row. */
static void count_row(const Fts5ExtensionApi *api, Fts5Context *row, sqlite3_context *result, int n, sqlite3_value **values) {
  const struct store *s = api->xUserData(row);
  struct search *x = s->search;
  uint16_t counts[QUERY_WORDS];
  (void)n;
  (void)values;
  if (x == NULL || x->code != OK) return; /* not ours: as NULL */
  if (x->rows < 0 && (api->xRowCount(row, &x->rows) != SQLITE_OK || api->xColumnTotalSize(row, -1, &x->tokens) != SQLITE_OK)) {
    sqlite3_result_error_nomem(result);
    return;
  }
  for (unsigned i = 0; i < x->n_words; i++) {
    counts[i] = times(api, row, (int)i);
    x->having[i] += counts[i] > 0;
  }
  const uint32_t place = catalogue_next(x->c, &x->at, api->xRowid(row));
  if (place == x->c->n) return; /* not listed, or not yet */
  x->code = bytes_append(&x->found, view_of(&place, sizeof place), NULL);
  if (x->code == OK) x->code = bytes_append(&x->found, view_of(counts, x->n_words * sizeof counts[0]), NULL);
}

static enum err_code register_function(struct store *s, struct err *err) {
  fts5_api *api = NULL;
  if (s->searches) return OK;
  const enum err_code code = store_fts5(s, &api, err);
  if (code != OK) return code;
  if (api->xCreateFunction(api, "specola_found", s, count_row, NULL) != SQLITE_OK) return err_set(err, ERR_MEMORY, NULL);
  s->searches = true;
  return OK;
}

static enum err_code count_rows(struct search *x, struct store *s, const struct query_match *m, struct err *err) {
  static const char sql[] = "SELECT specola_found(fulltext) FROM fulltext WHERE fulltext MATCH :match ORDER BY rowid";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = register_function(s, err);
  if (code == OK) code = statement_get(s, sql, &st, err);
  if (code == OK) statement_bind_text(st, 1, bytes_view(&m->any));
  s->search = x;
  while (code == OK && row && (code = statement_step(s, st, &row, "search", err)) == OK && row)
    code = x->code == OK ? OK : err_set(err, x->code, NULL);
  s->search = NULL;
  statement_done(st);
  return code;
}

/* ---- what each is worth ---- */

static double worth(const struct search *x, const double *weights, double length, const uint16_t *counts) {
  const double average = x->tokens > 0 ? (double)x->tokens / (double)x->rows : 1;
  double score = 0;
  for (unsigned i = 0; i < x->n_words; i++)
    score += weights[i] * (counts[i] * (K1 + 1)) / (counts[i] + K1 * (1 - B + B * length / average));
  return score;
}

static enum err_code rate(const struct search *x, const struct selection *without, struct bytes *hits, struct err *err) {
  const size_t size = sizeof(uint32_t) + x->n_words * sizeof(uint16_t);
  double weights[QUERY_WORDS];
  uint16_t counts[QUERY_WORDS];
  enum err_code code = OK;
  for (unsigned i = 0; i < x->n_words; i++) {
    const double having = (double)x->having[i];
    weights[i] = log(((double)x->rows - having + 0.5) / (having + 0.5));
    if (weights[i] <= 0) weights[i] = WORTHLESS;
  }
  for (size_t at = 0; at < x->found.len && code == OK; at += size) {
    struct search_hit hit = {.every = true};
    memcpy(&hit.place, x->found.p + at, sizeof hit.place);
    memcpy(counts, x->found.p + at + sizeof hit.place, size - sizeof hit.place);
    if (selection_has(without, hit.place)) continue;
    for (unsigned i = 0; i < x->n_words; i++)
      hit.every = hit.every && counts[i] > 0;
    hit.score = worth(x, weights, x->c->objects[hit.place].length, counts);
    code = bytes_append(hits, view_of(&hit, sizeof hit), err);
  }
  return code;
}

/* ---- what is not wanted ---- */

static enum err_code find_unwanted(struct store *s, const struct catalogue *c, const struct query_match *m,
                                   struct selection *out, struct err *err) {
  static const char sql[] = "SELECT rowid FROM fulltext WHERE fulltext MATCH :match ORDER BY rowid";
  sqlite3_stmt *st = NULL;
  uint32_t at = 0;
  bool row = true;
  enum err_code code = selection_new(c, false, out, err);
  if (code == OK && m->unwanted.len > 0) code = statement_get(s, sql, &st, err);
  if (code != OK || st == NULL) return code;
  statement_bind_text(st, 1, bytes_view(&m->unwanted));
  while ((code = statement_step(s, st, &row, "search", err)) == OK && row) {
    const uint32_t place = catalogue_next(c, &at, sqlite3_column_int64(st, 0));
    if (place < c->n) selection_add(out, place);
  }
  return code;
}

static enum err_code take_others(const struct catalogue *c, const struct selection *without, struct bytes *hits,
                                 struct err *err) {
  enum err_code code = OK;
  for (uint32_t i = 0; i < c->n && code == OK; i++) {
    const struct search_hit hit = {.place = i, .every = true};
    if (!selection_has(without, i)) code = bytes_append(hits, view_of(&hit, sizeof hit), err);
  }
  return code;
}

enum err_code search_run(struct store *s, const struct catalogue *c, const char *text, struct bytes *hits, struct err *err) {
  struct query_match m;
  struct selection without = {.bits = NULL};
  struct search x = {.c = c, .rows = -1, .code = OK};
  query_match_init(&m);
  bytes_init(&x.found, SEARCH_MAX);
  enum err_code code = query_match_read(&m, text, err);
  if (code == OK) code = find_unwanted(s, c, &m, &without, err);
  x.n_words = m.n_words;
  if (code == OK && m.n_words > 0) {
    code = count_rows(&x, s, &m, err);
    if (code == OK) code = rate(&x, &without, hits, err);
  } else if (code == OK && !m.nothing) {
    code = take_others(c, &without, hits, err);
  }
  query_match_release(&m);
  bytes_release(&x.found);
  selection_release(&without);
  return code;
}

bool search_before(const struct search_hit *a, const struct search_hit *b) {
  if (a->every != b->every) return a->every;
  return a->score != b->score ? a->score > b->score : a->place < b->place;
}
