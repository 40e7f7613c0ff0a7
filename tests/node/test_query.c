/*
 * query: lists, search whatever is typed, facets, one object by its many names, rebuilding.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "node/store/query.h"
#include "tests/node/dump.h"
#include "tests/node/fixture.h"

static struct hash put(struct fixture_node *node, const char *json, const struct hash *object, const struct hash *newest) {
  struct fixture_record record;
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 1}};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  fixture_body(node->all, "case", json, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  fixture_seal(node, &node->editor, h, bytes_view(&body), &record);
  const struct receipt_row row = fixture_admit(node, &record.item);
  if (row.state != RECEIPT_LOGGED) {
    fail_msg("%s", reason_name(row.reason));
  }
  const struct hash id = record.id;
  bytes_release(&body);
  fixture_record_release(&record);
  return id;
}

/* A node with a few cases: IT-2 .. IT-5, FR-2 carried over. */
struct scene {
  struct fixture f;
  struct hash water, school, linked;
};

static void set(struct scene *s) {
  fixture_found(&s->f, 2, fixture_seed(), true);
  struct fixture_node *it = &s->f.nodes[0];
  char json[2048];
  s->water = put(it,
                 "{\"title\": {\"it\": \"Acqua pubblica\", \"en\": \"Public water\"}, \"summary\": {\"it\": \"Perché l'acqua è "
                 "di tutti\"},"
                 "\"country\": \"IT\", \"level\": \"local\", \"sectors\": [\"06.3\", \"01.3\"], \"original_lang\": \"it\","
                 "\"tags\": [\"acqua\", \"beni comuni\", \"rete\"]}",
                 NULL, NULL);
  s->school = put(it,
                  "{\"title\": {\"it\": \"Scuola aperta\"}, \"summary\": {\"it\": \"Scuole e quartieri, acqua esclusa\"},"
                  "\"country\": \"IT\", \"level\": \"regional\", \"sectors\": [\"09.1\"], \"original_lang\": \"it\"}",
                  NULL, NULL);
  char hex[HASH_HEX_LEN];
  hash_hex(&s->water, hex);
  (void)snprintf(
      json, sizeof json,
      "{\"title\": {\"it\": \"Acqua due\"}, \"summary\": {\"it\": \"Dopo\"}, \"country\": \"IT\", \"level\": \"local\","
      "\"relations\": [{\"type\": \"inspired_by\", \"target\": \"%s\"}]}",
      hex);
  s->linked = put(it, json, NULL, NULL);
  (void)put(&s->f.nodes[1],
            "{\"title\": {\"fr\": \"Eau\"}, \"summary\": {\"fr\": \"L'eau du village\"}, \"country\": \"FR\","
            "\"level\": \"local\", \"original_lang\": \"fr\"}",
            NULL, NULL);
  fixture_transfer(&s->f.nodes[1], it, 10);
}

/* What a query found: references, in order. */
struct found {
  char text[1024];
  char title[256], snippet[256];
  uint64_t total;
};

static bool take(void *context, const struct query_row *row) {
  struct found *found = context;
  const size_t len = strlen(found->text);
  (void)snprintf(found->text + len, sizeof found->text - len, "%s%s", len == 0 ? "" : " ", row->reference);
  (void)snprintf(found->title, sizeof found->title, "%s", row->title);
  (void)snprintf(found->snippet, sizeof found->snippet, "%s", row->snippet);
  return true;
}

static const char *ask(struct scene *s, struct query q) {
  static struct found found;
  struct err err = ERR_INIT;
  struct fixture_node *it = &s->f.nodes[0];
  memset(&found, 0, sizeof found);
  const enum err_code code = query_run(it->store, &it->federation, s->f.schemas, &q, take, &found, &found.total, &err);
  if (code != OK) {
    fail_msg("%s: %s", err_name(code), err.message);
  }
  return found.text;
}

static void lists_in_every_order(void **state) {
  static struct scene s;
  (void)state;
  set(&s);
  assert_string_equal(ask(&s, (struct query){.sort = SORT_NEWEST}), "FR-2 IT-4 IT-3 IT-2");
  assert_string_equal(ask(&s, (struct query){.sort = SORT_NEWEST, .limit = 2, .offset = 1}), "IT-4 IT-3");
  assert_string_equal(ask(&s, (struct query){.node = "FR"}), "FR-2");
  assert_string_equal(ask(&s, (struct query){.kind = "case", .node = "IT", .sort = SORT_REFERENCE}), "IT-2 IT-3 IT-4");
  assert_string_equal(ask(&s, (struct query){.kind = "case", .node = "IT", .sort = SORT_KIND, .limit = 1}), "IT-4");
  struct query q = {.n_facets = 2, .sort = SORT_REFERENCE, .node = "IT"};
  q.facets[0].dim = "level";
  q.facets[0].code = "local";
  q.facets[1].dim = "level";
  q.facets[1].code = "regional";
  assert_string_equal(ask(&s, q), "IT-2 IT-3 IT-4");
  q.facets[1].dim = "sector";
  q.facets[1].code = "06.3";
  assert_string_equal(ask(&s, q), "IT-2");
  fixture_release(&s.f);
}

static bool falls(void *context, const struct query_row *row) {
  unsigned *last = context;
  assert_true(row->completeness <= *last);
  assert_int_equal(row->completeness, schema_completeness(row->schema, row->body));
  *last = row->completeness;
  return true;
}

static void the_most_complete_come_first(void **state) {
  static struct scene s;
  unsigned last = 100;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  const struct query q = {.kind = "case", .lang = "it", .sort = SORT_COMPLETENESS};
  assert_int_equal(query_run(it->store, &it->federation, s.f.schemas, &q, falls, &last, NULL, NULL), OK);
  assert_true(last < 50 && strncmp(ask(&s, (struct query){.sort = SORT_COMPLETENESS, .limit = 1}), "IT-2", 4) == 0);
  fixture_release(&s.f);
}

static void finds_words_phrases_prefixes_and_what_is_without(void **state) {
  static struct scene s;
  (void)state;
  set(&s);
  assert_string_equal(ask(&s, (struct query){.text = "acqua", .sort = SORT_REFERENCE}), "IT-2 IT-3 IT-4");
  assert_string_equal(ask(&s, (struct query){.text = "ACQUA", .sort = SORT_RELEVANCE, .limit = 1}), "IT-4");
  assert_string_equal(ask(&s, (struct query){.text = "perche", .sort = SORT_REFERENCE}), "IT-2"); /* without its accent */
  assert_string_equal(ask(&s, (struct query){.text = "scuol*", .sort = SORT_REFERENCE}), "IT-3");
  assert_string_equal(ask(&s, (struct query){.text = "\"acqua esclusa\"", .sort = SORT_REFERENCE}), "IT-3");
  assert_string_equal(ask(&s, (struct query){.text = "acqua -scuola", .sort = SORT_REFERENCE}), "IT-2 IT-4");
  assert_string_equal(ask(&s, (struct query){.text = "-acqua", .sort = SORT_REFERENCE}), "FR-2");
  assert_string_equal(ask(&s, (struct query){.text = "acqua dopo", .sort = SORT_REFERENCE}),
                      "IT-2 IT-3 IT-4"); /* any of them */
  assert_string_equal(ask(&s, (struct query){.text = "acqua perche", .sort = SORT_RELEVANCE, .limit = 1}),
                      "IT-2"); /* every one first */
  assert_string_equal(ask(&s, (struct query){.text = "acqua dopo", .sort = SORT_RELEVANCE, .limit = 1}), "IT-4");
  assert_string_equal(ask(&s, (struct query){.text = "l'eau"}), "FR-2");
  assert_string_equal(ask(&s, (struct query){.text = "water"}), "IT-2"); /* in any language */
  assert_string_equal(ask(&s, (struct query){.text = "local"}), "");     /* a code is no text */
  fixture_release(&s.f);
}

static void snippets_mark_the_words(void **state) {
  static struct scene s;
  static struct found found;
  struct err err = ERR_INIT;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  const struct query q = {.text = "quartieri", .lang = "it"};
  assert_int_equal(query_run(it->store, &it->federation, s.f.schemas, &q, take, &found, &found.total, &err), OK);
  assert_string_equal(found.title, "Scuola aperta");
  assert_non_null(strstr(found.snippet, "\u2068quartieri\u2069"));
  assert_int_equal(found.total, 1);
  fixture_release(&s.f);
}

static void no_input_is_a_syntax_error(void **state) {
  static struct scene s;
  static const char *const texts[] = {"\"",       "\"\"",         "*",       "-",  "--",        "- -",   "(",   ")",
                                      "a AND",    "NEAR(",        "title:x", "^a", "a OR OR b", "{x}",   "\"a", "a\"b",
                                      "-\"",      "-\"a b\"*",    "NOT",     "+",  "a+b",       "\\",    "'",   ";drop table",
                                      "\xff\xfe", "\xc3",         "!!!",     "…",  "\u2068",    "日本",  "a*b", "**",
                                      "-*",       "x' OR '1'='1", "%",       "_",  "𝔸",         "\t\n ", ""};
  (void)state;
  set(&s);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    (void)ask(&s, (struct query){.text = texts[i], .sort = SORT_RELEVANCE});
  }
  assert_string_equal(ask(&s, (struct query){.text = "!!!"}), "");
  assert_string_equal(ask(&s, (struct query){.text = " ", .node = "FR"}), "FR-2");
  for (int i = 0; i < 2000; i++) {
    char text[32];
    static const char alphabet[] = "\"*-+^:(){}abAND ORNOT.,'\\\xc3\xa9\xff";
    for (size_t k = 0; k < sizeof text - 1; k++) {
      text[k] = alphabet[fixture_random(&s.f, sizeof alphabet - 1)];
    }
    text[31] = 0;
    (void)ask(&s, (struct query){.text = text, .sort = SORT_RELEVANCE});
  }
  fixture_release(&s.f);
}

static void unknown_names_are_told_with_the_nearest(void **state) {
  static struct scene s;
  struct err err = ERR_INIT;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  struct query q = {.kind = "caze"};
  assert_int_equal(query_run(it->store, &it->federation, s.f.schemas, &q, take, NULL, NULL, &err), ERR_NOT_FOUND);
  assert_non_null(strstr(err.hint, "case"));
  q = (struct query){.n_facets = 1};
  q.facets[0].dim = "sectr";
  q.facets[0].code = "x";
  assert_int_equal(query_run(it->store, &it->federation, s.f.schemas, &q, take, NULL, NULL, &err), ERR_NOT_FOUND);
  assert_non_null(strstr(err.hint, "sector"));
  q = (struct query){.node = "XX"};
  assert_int_equal(query_run(it->store, &it->federation, s.f.schemas, &q, take, NULL, NULL, &err), ERR_NOT_FOUND);
  fixture_release(&s.f);
}

static bool take_code(void *context, const char *code, const char *label, uint64_t count) {
  struct found *found = context;
  const size_t len = strlen(found->text);
  assert_true(label[0] != 0);
  (void)snprintf(found->text + len, sizeof found->text - len, "%s=%" PRIu64 " ", code, count);
  return true;
}

static void facets_count_what_is_found(void **state) {
  static struct scene s;
  static struct found found;
  struct err err = ERR_INIT;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  struct query q = {.text = "acqua", .n_facets = 1, .lang = "it"};
  q.facets[0].dim = "level";
  q.facets[0].code = "local";
  assert_int_equal(query_facet(it->store, &it->federation, s.f.schemas, &q, "level", take_code, &found, &err), OK);
  assert_string_equal(found.text, "local=2 regional=1 "); /* its own facet left out */
  memset(&found, 0, sizeof found);
  assert_int_equal(query_facet(it->store, &it->federation, s.f.schemas, &q, "sector", take_code, &found, &err), OK);
  assert_string_equal(found.text, "01.3=1 06.3=1 ");
  assert_int_equal(query_facet(it->store, &it->federation, s.f.schemas, &q, "levle", take_code, &found, &err), ERR_NOT_FOUND);
  assert_non_null(strstr(err.hint, "level"));
  fixture_release(&s.f);
}

static int64_t find(struct scene *s, const char *name, enum err_code expected) {
  struct err err = ERR_INIT;
  int64_t rowid = 0;
  struct fixture_node *it = &s->f.nodes[0];
  const enum err_code code = query_object(it->store, &it->federation, s->f.schemas, name, &rowid, &err);
  if (code != expected) {
    fail_msg("%s: %s: %s", name, err_name(code), err.message);
  }
  return rowid;
}

static void an_object_has_many_names(void **state) {
  static struct scene s;
  char hex[HASH_HEX_LEN];
  (void)state;
  set(&s);
  const int64_t water = find(&s, "IT-2", OK);
  hash_hex(&s.water, hex);
  assert_int_equal(find(&s, hex, OK), water);
  hex[8] = 0;
  assert_int_equal(find(&s, hex, OK), water);
  hex[7] = 0;
  (void)find(&s, hex, ERR_NOT_FOUND);
  assert_int_equal(find(&s, "acqua pubb", OK), water);
  assert_int_equal(find(&s, "Public Water", OK), water);
  assert_int_equal(find(&s, "perché no", ERR_NOT_FOUND), 0);
  (void)find(&s, "Acqua", ERR_AMBIGUOUS);
  (void)find(&s, "IT-99", ERR_NOT_FOUND);
  (void)find(&s, "IT-0", ERR_NOT_FOUND); /* an identity is no object */
  (void)find(&s, "ZZ-1", ERR_NOT_FOUND);
  (void)find(&s, "IT-18446744073709551615", ERR_NOT_FOUND);
  (void)find(&s, "", ERR_NOT_FOUND);
  (void)find(&s, "\"", ERR_NOT_FOUND);
  (void)find(&s, "\xff", ERR_NOT_FOUND);
  /* A newer version: the old reference names the same object. */
  (void)put(
      &s.f.nodes[0],
      "{\"title\": {\"it\": \"Acqua di tutti\"}, \"summary\": {\"it\": \"Nuova\"}, \"country\": \"IT\", \"level\": \"local\"}",
      &s.water, &s.water);
  const int64_t newest = find(&s, "IT-2", OK);
  assert_int_equal(newest & 0xff, 5);
  assert_int_equal(find(&s, "IT-5", OK), newest);
  (void)find(&s, "acqua pubblica", ERR_NOT_FOUND);
  assert_int_equal(find(&s, "acqua di", OK), newest);
  assert_string_equal(ask(&s, (struct query){.text = "perché"}), ""); /* the old text is not found any more */
  assert_string_equal(ask(&s, (struct query){.text = "nuova"}), "IT-2");
  fixture_release(&s.f);
}

static void shows_everything_about_an_object(void **state) {
  static struct scene s;
  struct err err = ERR_INIT;
  struct bytes body;
  json_t *shown = NULL;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(query_show(it->store, &it->federation, s.f.schemas, find(&s, "IT-2", OK), "en", &shown, &body, &err), OK);
  assert_string_equal(json_string_value(json_object_get(shown, "reference")), "IT-2");
  assert_string_equal(json_string_value(json_object_get(shown, "title")), "Public water");
  assert_string_equal(json_string_value(json_object_get(json_object_get(shown, "author"), "name")), "Redazione");
  assert_true(json_is_true(json_object_get(shown, "review_wanted")));
  assert_true(json_array_size(json_object_get(shown, "findings")) > 0);
  assert_true(body.len > 0);
  const json_t *in = json_object_get(json_object_get(shown, "links"), "in");
  assert_int_equal(json_array_size(in), 1);
  assert_string_equal(json_string_value(json_object_get(json_array_get(in, 0), "inverse")), "related_from");
  assert_string_equal(json_string_value(json_object_get(json_array_get(in, 0), "reference")), "IT-4");
  json_decref(shown);
  assert_int_equal(query_show(it->store, &it->federation, s.f.schemas, find(&s, "IT-4", OK), "it", &shown, NULL, &err), OK);
  const json_t *out = json_object_get(json_object_get(shown, "links"), "out");
  assert_int_equal(json_array_size(out), 1);
  assert_true(json_is_false(json_object_get(json_array_get(out, 0), "waiting")));
  json_decref(shown);
  bytes_release(&body);
  fixture_release(&s.f);
}

static bool count_person(void *context, const struct query_person *person) {
  int *n = context;
  assert_string_equal(person->name, "Redazione");
  assert_int_equal(person->roles, ROLE_COORDINATOR | ROLE_EDITOR);
  ++*n;
  return true;
}

static void tells_people_and_figures(void **state) {
  static struct scene s;
  struct err err = ERR_INIT;
  json_t *figures = NULL;
  int n = 0;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  assert_int_equal(query_people(it->store, &it->federation, NULL, count_person, &n, &err), OK);
  assert_int_equal(n, 2);
  assert_int_equal(query_people(it->store, &it->federation, "IT", count_person, &n, &err), OK);
  assert_int_equal(n, 3);
  assert_int_equal(query_people(it->store, &it->federation, "QQ", count_person, &n, &err), ERR_NOT_FOUND);
  assert_int_equal(query_figures(it->store, &it->federation, s.f.schemas, &figures, &err), OK);
  assert_int_equal(json_integer_value(json_object_get(figures, "objects")), 4);
  assert_int_equal(json_integer_value(json_object_get(figures, "own")), 3);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(figures, "by_home"), "FR")), 1);
  assert_int_equal(json_integer_value(json_object_get(json_object_get(figures, "by_kind"), "case")), 4);
  json_decref(figures);
  fixture_release(&s.f);
}

/* No free page, and nothing in the write-ahead log: the store is one file of its content. */
static void expect_at_rest(const struct fixture_node *node) {
  char path[300];
  struct stat wal;
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(node->store), "PRAGMA freelist_count", -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  assert_int_equal(sqlite3_column_int(st, 0), 0);
  (void)sqlite3_finalize(st);
  (void)snprintf(path, sizeof path, "%s/store.db-wal", node->dir);
  assert_int_equal(stat(path, &wal), 0);
  assert_int_equal(wal.st_size, 0);
}

static void rebuilding_gives_the_same_rows(void **state) {
  static struct scene s;
  struct err err = ERR_INIT;
  struct bytes before;
  struct bytes after;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  struct hash newest = s.school;
  for (uint64_t i = 0; i < 10; i++) {
    char json[512];
    (void)snprintf(json, sizeof json,
                   "{\"title\": {\"it\": \"Scuola %" PRIu64 "\"}, \"summary\": {\"it\": \"Volta\"}, \"country\": \"IT\","
                   "\"level\": \"%s\", \"source\": \"S\", \"source_id\": \"%" PRIu64 "\"}",
                   i, i % 2 == 0 ? "local" : "national", i);
    newest = put(it, json, &s.school, &newest);
  }
  bytes_init(&before, DUMP_MAX);
  bytes_init(&after, DUMP_MAX);
  dump_derived(it, true, &before);
  assert_int_equal(derive_rebuild(it->store, &it->federation, s.f.schemas, NULL, NULL, &err), OK);
  dump_derived(it, true, &after);
  assert_true(view_equal(bytes_view(&before), bytes_view(&after)));
  /* The hall that was open goes on. */
  newest = put(
      it,
      "{\"title\": {\"it\": \"Scuola ultima\"}, \"summary\": {\"it\": \"Volta\"}, \"country\": \"IT\", \"level\": \"local\"}",
      &s.school, &newest);
  bytes_clear(&before);
  dump_derived(it, true, &before);
  assert_int_equal(derive_rebuild(it->store, &it->federation, s.f.schemas, NULL, NULL, &err), OK);
  bytes_clear(&after);
  dump_derived(it, true, &after);
  assert_true(view_equal(bytes_view(&before), bytes_view(&after)));
  bool more = true;
  while (more) {
    assert_int_equal(store_idle(it->store, &more, &err), OK);
  }
  expect_at_rest(it);
  assert_string_equal(ask(&s, (struct query){.text = "ultima"}), "IT-3");
  assert_string_equal(ask(&s, (struct query){.text = "volta", .node = "IT"}), "IT-3");
  bytes_release(&before);
  bytes_release(&after);
  fixture_release(&s.f);
}

static int n_segments(struct fixture_node *node) {
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(node->store), "SELECT count(DISTINCT segid) FROM fulltext_idx", -1, &st, NULL),
                   SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  const int n = sqlite3_column_int(st, 0);
  (void)sqlite3_finalize(st);
  return n;
}

static void merging_leaves_few_segments_that_answer_as_before(void **state) {
  static struct scene s;
  static char before[1024];
  struct err err = ERR_INIT;
  bool more = true;
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  for (int i = 0; i < 12; i++) {
    char json[256];
    (void)snprintf(json, sizeof json,
                   "{\"title\": {\"it\": \"Acqua %d\"}, \"summary\": {\"it\": \"Volta di scuola\"}, \"country\": \"IT\","
                   "\"level\": \"local\"}",
                   i);
    (void)put(it, json, NULL, NULL);
  }
  assert_true(n_segments(it) > 12);
  (void)snprintf(before, sizeof before, "%s", ask(&s, (struct query){.text = "acqua scuola"}));
  assert_int_equal(store_begin(it->store, &err), OK);
  assert_int_equal(store_merge(it->store, &more, &err), OK); /* not in the middle of something */
  assert_false(more);
  store_rollback(it->store);
  assert_true(n_segments(it) > 12);
  for (int steps = 0; steps == 0 || more; steps++) {
    assert_in_range(steps, 0, 100);
    assert_int_equal(store_merge(it->store, &more, &err), OK);
  }
  assert_in_range(n_segments(it), 1, 4);
  assert_string_equal(ask(&s, (struct query){.text = "acqua scuola"}), before);
  fixture_release(&s.f);
}

/* FTS5 writes its hash out at every savepoint, and SQLite makes one for statements that need a journal of their own: a
 * submission must be one segment, or an ingest takes twice its time. */
static void a_submission_is_one_segment_of_full_text(void **state) {
  static struct fixture f;
  static struct fixture_record records[100];
  static struct item items[100];
  static struct receipt receipt;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  for (uint64_t i = 0; i < 100; i++) {
    fixture_case(it, i, NULL, NULL, &records[i]);
    items[i] = records[i].item;
  }
  assert_int_equal(hall_admit(it->hall, items, 100, &receipt, &err), OK);
  assert_int_equal(n_segments(it), 1);
  for (uint64_t i = 0; i < 100; i++) {
    fixture_record_release(&records[i]);
  }
  fixture_release(&f);
}

static void derived_tables_are_made_anew_when_schemas_change(void **state) {
  static struct scene s;
  struct err err = ERR_INIT;
  static const char bicycle[] = "schema 1024 bicycle\ntitle text 1 ml P max=200\nframe text 1 - - dim=frame\n";
  (void)state;
  set(&s);
  struct fixture_node *it = &s.f.nodes[0];
  struct schema_set *old = s.f.schemas; /* FR goes on with it */
  fixture_close(it);
  assert_int_equal(schema_set_new(&s.f.schemas, &err), OK);
  assert_int_equal(schema_set_add(s.f.schemas, "bicycle.schema", view_of_text(bicycle), &err), OK);
  assert_int_equal(schema_set_link(s.f.schemas, &err), OK);
  fixture_open(it);
  struct fixture_record record;
  struct bytes body;
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1024, 0}};
  bytes_init(&body, LIMIT_BODY);
  fixture_body(&s.f, "bicycle", "{\"title\": {\"it\": \"Graziella\"}, \"frame\": \"steel\"}", &body);
  fixture_seal(it, &it->editor, h, bytes_view(&body), &record);
  assert_int_equal(fixture_admit(it, &record.item).state, RECEIPT_LOGGED);
  struct query q = {.n_facets = 1};
  q.facets[0].dim = "frame";
  q.facets[0].code = "steel";
  assert_string_equal(ask(&s, q), "IT-5");
  assert_string_equal(ask(&s, (struct query){.kind = "bicycle", .text = "graziella"}), "IT-5");
  assert_string_equal(ask(&s, (struct query){.text = "acqua", .limit = 1, .sort = SORT_REFERENCE}), "IT-2");
  /* FR does not know the kind: it holds it all the same, and says so. */
  fixture_transfer(it, &s.f.nodes[1], 5);
  const struct hash a = hall_digest(it->hall);
  const struct hash b = hall_digest(s.f.nodes[1].hall);
  assert_memory_equal(&a, &b, sizeof a);
  bytes_release(&body);
  fixture_record_release(&record);
  fixture_release(&s.f);
  schema_set_free(old);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_in_every_order),
      cmocka_unit_test(the_most_complete_come_first),
      cmocka_unit_test(finds_words_phrases_prefixes_and_what_is_without),
      cmocka_unit_test(snippets_mark_the_words),
      cmocka_unit_test(no_input_is_a_syntax_error),
      cmocka_unit_test(unknown_names_are_told_with_the_nearest),
      cmocka_unit_test(facets_count_what_is_found),
      cmocka_unit_test(an_object_has_many_names),
      cmocka_unit_test(shows_everything_about_an_object),
      cmocka_unit_test(tells_people_and_figures),
      cmocka_unit_test(rebuilding_gives_the_same_rows),
      cmocka_unit_test(merging_leaves_few_segments_that_answer_as_before),
      cmocka_unit_test(a_submission_is_one_segment_of_full_text),
      cmocka_unit_test(derived_tables_are_made_anew_when_schemas_change),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
