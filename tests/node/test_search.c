/*
 * search: over a catalogue, ranked as FTS5's own bm25 ranks.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/search.h"
#include "tests/node/fixture.h"

#define CASES 60

struct scene {
  struct fixture f;
  struct catalogue *c;
  struct bytes hits;
};

static void begin(struct scene *s) {
  struct err err = ERR_INIT;
  fixture_found(&s->f, 1, fixture_seed(), true);
  for (uint64_t i = 0; i < CASES; i++)
    (void)fixture_publish(&s->f.nodes[0], i, NULL);
  assert_int_equal(catalogue_new(s->f.nodes[0].store, &s->c, &err), OK);
  bytes_init(&s->hits, SEARCH_MAX);
}

static void end(struct scene *s) {
  catalogue_free(s->c);
  bytes_release(&s->hits);
  fixture_release(&s->f);
}

static const struct search_hit *search(struct scene *s, const char *text, size_t *n) {
  struct err err = ERR_INIT;
  bytes_clear(&s->hits);
  assert_int_equal(search_run(s->f.nodes[0].store, s->c, text, &s->hits, &err), OK);
  *n = s->hits.len / sizeof(struct search_hit);
  return (const struct search_hit *)(const void *)s->hits.p;
}

static const struct search_hit *hit_of(const struct scene *s, const struct search_hit *hits, size_t n, int64_t id) {
  for (size_t i = 0; i < n; i++)
    if (s->c->objects[hits[i].place].id == id) return &hits[i];
  return NULL;
}

static void assert_as_bm25(struct scene *s, const char *text, const char *match) {
  static const char sql[] = "SELECT rowid, bm25(fulltext, 8.0, 1.0) FROM fulltext WHERE fulltext MATCH ?";
  sqlite3_stmt *st = NULL;
  size_t n = 0, rows = 0;
  const struct search_hit *hits = search(s, text, &n);
  assert_int_equal(sqlite3_prepare_v2(store_db(s->f.nodes[0].store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_bind_text(st, 1, match, -1, SQLITE_STATIC), SQLITE_OK);
  for (; sqlite3_step(st) == SQLITE_ROW; rows++) {
    const struct search_hit *hit = hit_of(s, hits, n, sqlite3_column_int64(st, 0));
    if (hit == NULL) fail_msg("%s: %lld is not found", text, sqlite3_column_int64(st, 0));
    assert_true(hit != NULL && fabs(hit->score + sqlite3_column_double(st, 1)) <= 1e-9 * fabs(hit->score));
  }
  (void)sqlite3_finalize(st);
  assert_int_equal(rows, n);
  assert_true(n > 0);
}

static void scores_are_those_of_bm25(void **state) {
  static struct scene s;
  static const char *const WORDS[] = {"scuola", "energia", "dati", "salute", "fine", "caso", "17", "mobilita"};
  char text[128], match[128];
  (void)state;
  begin(&s);
  for (int i = 0; i < 30; i++) {
    const char *a = WORDS[fixture_random(&s.f, 8)], *b = WORDS[fixture_random(&s.f, 8)];
    (void)snprintf(text, sizeof text, "%s %s", a, b);
    (void)snprintf(match, sizeof match, "\"%s\" OR \"%s\"", a, b);
    assert_as_bm25(&s, text, match);
  }
  assert_as_bm25(&s, "\"caso 7\" scuol*", "\"caso 7\" OR \"scuol\" *");
  end(&s);
}

static void what_has_every_word_stands_before_what_has_one(void **state) {
  static struct scene s;
  size_t n = 0;
  (void)state;
  begin(&s);
  const struct search_hit *hits = search(&s, "fine 17", &n); /* a word of all, and the number of one */
  assert_int_equal(n, CASES);
  const struct search_hit *best = &hits[0];
  for (size_t i = 0; i < n; i++)
    best = search_before(&hits[i], best) ? &hits[i] : best;
  assert_true(best->every);
  for (size_t i = 0; i < n; i++) {
    assert_true(best == &hits[i] || !hits[i].every);
    assert_true(best == &hits[i] || search_before(best, &hits[i]));
    assert_false(search_before(&hits[i], &hits[i]));
  }
  end(&s);
}

static void what_is_not_wanted_and_what_is_no_word(void **state) {
  static struct scene s;
  size_t n = 0;
  (void)state;
  begin(&s);
  (void)search(&s, "fine -17", &n);
  assert_int_equal(n, CASES - 1);
  (void)search(&s, "-17", &n);
  assert_int_equal(n, CASES - 1);
  (void)search(&s, "?!", &n);
  assert_int_equal(n, 0);
  (void)search(&s, "nessuno", &n);
  assert_int_equal(n, 0);
  (void)search(&s, "\"fine\" OR ) AND NEAR(", &n); /* never a syntax error */
  assert_int_equal(n, CASES);
  end(&s);
}

static void finds_only_what_the_catalogue_lists(void **state) {
  static struct scene s;
  size_t n = 0;
  (void)state;
  begin(&s);
  (void)fixture_publish(&s.f.nodes[0], 500, NULL); /* the catalogue does not know it yet */
  (void)search(&s, "fine", &n);
  assert_int_equal(n, CASES);
  (void)search(&s, "500", &n);
  assert_int_equal(n, 0);
  end(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scores_are_those_of_bm25),
      cmocka_unit_test(what_has_every_word_stands_before_what_has_one),
      cmocka_unit_test(what_is_not_wanted_and_what_is_no_word),
      cmocka_unit_test(finds_only_what_the_catalogue_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
