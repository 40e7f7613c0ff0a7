/*
 * Bodies: what a schema says of canonical octets, JSON to octets and back, lookups, walks and sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "protocol/canon.h"
#include "protocol/limits.h"
#include "protocol/schema/body.h"

static const char THING[] = "schema 1024 thing\n"
                            "title text 1 ml P max=10\n"
                            "summary text 1 ml P|overview\n"
                            "overview text 1 ml P|summary\n"
                            "original_lang code 1 - - vocab=language\n"
                            "level code 1 - C vocab=level\n"
                            "level_note text 1 - C when=level:local\n"
                            "tags text 2..3 - C\n"
                            "day date 1 - -\n"
                            "price number 1 - - sum\n"
                            "open bool 1 - -\n"
                            "site url 1 - -\n"
                            "see ref * - -\n"
                            "notes text * ml -\n"
                            "funds group * - -\n"
                            "funds.source text 1 ml P\n"
                            "funds.amount number 1 - - sum\n"
                            "funds.words text * - -\n"
                            "geo group 1 - -\n"
                            "geo.lat number 1 - C\n"
                            "files file * - -\n"
                            "files.name text 1 ml -\n"
                            "files.blob blob 1 - -\n"
                            "books group * - -\n"
                            "books.title text 1 ml -\n"
                            "citations books\n";

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MINIMAL "\"title\":{\"it\":\"Uno\"},\"summary\":{\"it\":\"Due\"}"
#define COMPLETE MINIMAL ",\"level\":\"local\",\"level_note\":\"x\",\"tags\":[\"a\",\"b\"]"

struct room {
  struct schema_set *set;
  const struct schema *schema;
};

static int enter(void **state) {
  struct room *r = calloc(1, sizeof *r);
  struct err err = ERR_INIT;
  if (r == NULL || schema_set_new(&r->set, &err) != OK || schema_set_add(r->set, "thing", view_of_text(THING), &err) != OK ||
      schema_set_link(r->set, &err) != OK) {
    (void)fprintf(stderr, "%s\n", err.message);
    return -1;
  }
  r->schema = schema_by_kind(r->set, "thing");
  *state = r;
  return 0;
}

static int leave(void **state) {
  struct room *r = *state;
  schema_set_free(r->set);
  free(r);
  return 0;
}

/* Encodes JSON; the caller releases. Findings may be NULL. */
static struct bytes encode(const struct room *r, const char *json, struct findings *findings) {
  json_error_t error;
  struct findings own = {0};
  struct err err = ERR_INIT;
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  json_t *value = json_loads(json, 0, &error);
  if (value == NULL) fail_msg("%s: %s", error.text, json);
  if (body_from_json(r->schema, value, &body, findings != NULL ? findings : &own, &err) != OK) fail_msg("%s", err.message);
  json_decref(value);
  findings_release(&own);
  return body;
}

static struct findings check_octets(const struct room *r, struct view body) {
  struct findings f = {0};
  struct err err = ERR_INIT;
  assert_int_equal(schema_check(r->schema, body, &f, &err), OK);
  return f;
}

static const struct finding *find(const struct findings *f, const char *field, const char *code) {
  for (size_t i = 0; i < f->n; i++) {
    if (strcmp(f->items[i].field, field) == 0 && strcmp(f->items[i].code, code) == 0) return &f->items[i];
  }
  return NULL;
}

/* The body has exactly one finding, of that level, field and code. */
static void expect_only(const struct room *r, struct view body, enum finding_level level, const char *field, const char *code) {
  struct findings f = check_octets(r, body);
  const struct finding *found = find(&f, field, code);
  if (f.n != 1 || found == NULL || found->level != level) {
    for (size_t i = 0; i < f.n; i++)
      print_message("%s %s: %s\n", f.items[i].field, f.items[i].code, f.items[i].message);
    fail_msg("expected one finding, %s of %s", code, field);
  }
  findings_release(&f);
}

static void expect_json(const struct room *r, const char *json, enum finding_level level, const char *field, const char *code) {
  struct bytes body = encode(r, json, NULL);
  expect_only(r, bytes_view(&body), level, field, code);
  bytes_release(&body);
}

static void expect_clean(const struct room *r, const char *json) {
  struct findings f = {0};
  struct bytes body = encode(r, json, &f);
  struct findings g = check_octets(r, bytes_view(&body));
  if (f.n + g.n > 0) fail_msg("%s: %s %s", json, f.n > 0 ? f.items[0].message : "", g.n > 0 ? g.items[0].message : "");
  findings_release(&f);
  findings_release(&g);
  bytes_release(&body);
}

static void a_complete_body_has_no_findings(void **state) {
  expect_clean(*state, "{" COMPLETE
                       ",\"day\":\"2024-05\",\"price\":\"1.5\",\"open\":true,\"site\":\"https://example.org\",\"see\":[\"" ID
                       "\"],\"notes\":[{\"it\":\"a\"},{\"en\":\"b\"}],\"funds\":[{\"source\":{\"it\":\"f\"},\"amount\":\"3\","
                       "\"words\":[\"w\"]}],\"geo\":{\"lat\":\"45.4\"},\"files\":[{\"name\":{\"it\":\"n\"}}]}");
}

static void missing_needs_are_refused_or_lacking(void **state) {
  expect_json(*state, "{\"summary\":{\"it\":\"x\"},\"level\":\"central\",\"tags\":[\"a\",\"b\"]}", FINDING_REFUSED, "title",
              "need");
  expect_json(*state, "{\"title\":{\"it\":\"x\"},\"level\":\"central\",\"tags\":[\"a\",\"b\"]}", FINDING_REFUSED, "summary",
              "need");
  expect_clean(*state, "{\"title\":{\"it\":\"x\"},\"overview\":{\"it\":\"x\"},\"level\":\"central\",\"tags\":[\"a\",\"b\"]}");
  expect_json(*state, "{" MINIMAL ",\"tags\":[\"a\",\"b\"]}", FINDING_LACKING, "level", "need");
  expect_json(*state, "{" MINIMAL ",\"level\":\"central\",\"tags\":[\"a\"]}", FINDING_LACKING, "tags", "few");
  expect_json(*state, "{" COMPLETE ",\"funds\":[{\"amount\":\"1\"}]}", FINDING_REFUSED, "funds.source", "need");
}

static void a_need_with_when_holds_only_then(void **state) {
  expect_json(*state, "{" MINIMAL ",\"level\":\"local\",\"tags\":[\"a\",\"b\"]}", FINDING_LACKING, "level_note", "need");
  expect_clean(*state, "{" MINIMAL ",\"level\":\"central\",\"tags\":[\"a\",\"b\"]}");
}

static void not_applicable_satisfies_and_not_yet_known_lacks(void **state) {
  expect_clean(*state, "{" MINIMAL ",\"level\":\"central\",\"_na\":[\"tags\"]}");
  expect_json(*state, "{" MINIMAL ",\"level\":\"central\",\"_unknown\":[\"tags\"]}", FINDING_LACKING, "tags", "need");
  expect_json(*state,
              "{\"title\":{\"it\":\"x\"},\"level\":\"central\",\"tags\":[\"a\",\"b\"],\"_na\":[\"overview\",\"summary\"]}",
              FINDING_REFUSED, "summary", "need");
  expect_json(*state, "{" COMPLETE ",\"_na\":[\"nothing\"]}", FINDING_WARNING, "_na", "unknown-field");
}

static void completeness_counts_needs_that_apply(void **state) {
  static const struct {
    const char *json;
    unsigned percent;
  } cases[] = {{"{}", 0},
               {"{" MINIMAL "}", 60},
               {"{" MINIMAL ",\"level\":\"central\"}", 80},
               {"{" MINIMAL ",\"level\":\"local\"}", 66},
               {"{" MINIMAL ",\"level\":\"central\",\"tags\":[\"a\"]}", 80},
               {"{" MINIMAL ",\"level\":\"central\",\"_na\":[\"tags\"]}", 100},
               {"{" MINIMAL ",\"level\":\"central\",\"_unknown\":[\"tags\"]}", 80},
               {"{" COMPLETE "}", 100},
               {"{" COMPLETE ",\"funds\":[{\"amount\":\"1\"}]}", 85}};
  const struct room *r = *state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct bytes body = encode(r, cases[i].json, NULL);
    const unsigned percent = schema_completeness(r->schema, bytes_view(&body));
    if (percent != cases[i].percent) fail_msg("%s: %u", cases[i].json, percent);
    bytes_release(&body);
  }
  assert_int_equal(schema_completeness(r->schema, view_of("\x81", 1)), 0);
}

static void wrong_spellings_are_refused(void **state) {
  expect_json(*state, "{" COMPLETE ",\"price\":\"1,5\"}", FINDING_REFUSED, "price", "number");
  expect_json(*state, "{" COMPLETE ",\"day\":\"31.12.2024\"}", FINDING_REFUSED, "day", "date");
  expect_json(*state, "{" COMPLETE ",\"files\":[{\"blob\":\"" ID "\"}]}", FINDING_REFUSED, "files.blob", "blob");
}

static void warnings_stop_nothing(void **state) {
  expect_json(*state, "{" COMPLETE ",\"site\":\"javascript:alert(1)\"}", FINDING_WARNING, "site", "url");
  expect_json(*state, "{" MINIMAL ",\"level\":\"centrol\",\"tags\":[\"a\",\"b\"]}", FINDING_WARNING, "level", "code");
  expect_json(
      *state,
      "{\"title\":{\"it\":\"\u00e0bcdefghijk\"},\"summary\":{\"it\":\"x\"},\"level\":\"central\",\"tags\":[\"a\",\"b\"]}",
      FINDING_WARNING, "title", "limit");
  expect_clean(
      *state,
      "{\"title\":{\"it\":\"\u00e0bcdefghij\"},\"summary\":{\"it\":\"x\"},\"level\":\"central\",\"tags\":[\"a\",\"b\"]}");
  expect_json(*state, "{" MINIMAL ",\"level\":\"central\",\"tags\":[\"a\",\"b\",\"c\",\"d\"]}", FINDING_WARNING, "tags",
              "many");
  expect_json(*state, "{" COMPLETE ",\"colour\":\"red\"}", FINDING_WARNING, "colour", "unknown-field");
  expect_json(*state, "{" COMPLETE ",\"geo\":{\"lat\":\"1\",\"alt\":\"2\"}}", FINDING_WARNING, "geo.alt", "unknown-field");
}

static void citations_need_entries(void **state) {
  static const char *const cited[] = {"a [3].", "see [1, 3]", "[1-3]", "[2;3]", "x [zz] [3]"};
  static const char *const fine[] = {"a [1] and [2]", "[x3]", "[3", "[]", "[3 x]", "(3)", "[1234]", "[a](b)"};
  char json[512];
  for (size_t i = 0; i < sizeof cited / sizeof cited[0]; i++) {
    (void)snprintf(json, sizeof json,
                   "{" COMPLETE
                   ",\"overview\":{\"it\":\"%s\"},\"books\":[{\"title\":{\"it\":\"a [9]\"}},{\"title\":{\"it\":\"b\"}}]}",
                   cited[i]);
    expect_json(*state, json, FINDING_WARNING, "overview", "citation");
  }
  for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
    (void)snprintf(json, sizeof json,
                   "{" COMPLETE
                   ",\"overview\":{\"it\":\"%s\"},\"books\":[{\"title\":{\"it\":\"a\"}},{\"title\":{\"it\":\"b\"}}]}",
                   fine[i]);
    expect_clean(*state, json);
  }
}

static void a_text_in_another_language_than_its_tag_is_a_warning(void **state) {
  static const char italian[] =
      "Il laboratorio mette insieme i comuni, le imprese e i cittadini per trovare soluzioni ai problemi di ogni giorno. Ogni "
      "anno "
      "si scelgono alcune proposte, che vengono provate per sei mesi in un quartiere della città e poi valutate da tutti.";
  struct room *r = *state;
  char json[1024];
  if (access("/usr/share/libexttextcat/fpdb.conf", R_OK) != 0) skip();
  (void)snprintf(json, sizeof json, "{" COMPLETE ",\"overview\":{\"it\":\"%s\"}}", italian);
  expect_clean(r, json);
  (void)snprintf(json, sizeof json, "{" COMPLETE ",\"overview\":{\"it-CH\":\"%s\"}}", italian);
  expect_clean(r, json);
  (void)snprintf(json, sizeof json, "{" COMPLETE ",\"overview\":{\"de\":\"%s\"}}", italian);
  expect_json(r, json, FINDING_WARNING, "overview", "language");
  schema_set_language_check(r->set, false);
  expect_clean(r, json);
}

static void a_tag_that_names_no_language_is_a_warning(void **state) {
  expect_json(*state, "{" COMPLETE ",\"overview\":{\"zz\":\"x\"}}", FINDING_WARNING, "overview", "tag");
  expect_json(*state, "{" COMPLETE ",\"overview\":{\"zz-IT\":\"x\"}}", FINDING_WARNING, "overview", "tag");
  expect_json(*state, "{" COMPLETE ",\"overview\":{\"ita\":\"x\"}}", FINDING_WARNING, "overview", "tag");
  expect_clean(*state, "{" COMPLETE ",\"overview\":{\"it-CH\":\"x\",\"vec\":\"y\",\"und\":\"z\"}}");
}

/* ---- octets that no tool of ours writes ---- */

/* A body of one key, whose value the caller writes. */
static struct canon_writer begin(struct bytes *out, const char *key) {
  bytes_init(out, LIMIT_BODY);
  struct canon_writer w = canon_writer(out);
  canon_put_map(&w, 1);
  canon_put_text(&w, key);
  return w;
}

static void expect_refused(const struct room *r, struct bytes *body, const char *field, const char *code) {
  struct findings f = check_octets(r, bytes_view(body));
  const struct finding *found = find(&f, field, code);
  if (found == NULL || found->level != FINDING_REFUSED) fail_msg("not refused: %s of %s", code, field);
  findings_release(&f);
  bytes_release(body);
}

static void values_of_a_wrong_type_are_refused(void **state) {
  static const char *const keys[] = {"title", "level", "tags", "day", "price", "open", "site", "see", "notes", "funds", "geo"};
  struct bytes body;
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    struct canon_writer w = begin(&body, keys[i]);
    canon_put_uint(&w, 5);
    expect_refused(*state, &body, keys[i], "type");
    w = begin(&body, keys[i]);
    canon_put_nil(&w);
    expect_refused(*state, &body, keys[i], "type");
  }
  struct canon_writer w = begin(&body, "see");
  canon_put_array(&w, 1);
  canon_put_bin(&w, view_of("short", 5));
  expect_refused(*state, &body, "see", "type");
  w = begin(&body, "title");
  canon_put_map(&w, 1);
  canon_put_text(&w, "it");
  canon_put_bool(&w, true);
  expect_refused(*state, &body, "title", "type");
  w = begin(&body, "title");
  canon_put_map(&w, 1);
  canon_put_text(&w, "Italian");
  canon_put_text(&w, "x");
  expect_refused(*state, &body, "title", "tag");
}

static void empty_values_are_refused(void **state) {
  struct bytes body;
  struct canon_writer w = begin(&body, "level");
  canon_put_text(&w, "");
  expect_refused(*state, &body, "level", "format");
  w = begin(&body, "tags");
  canon_put_array(&w, 0);
  expect_refused(*state, &body, "tags", "format");
  w = begin(&body, "title");
  canon_put_map(&w, 0);
  expect_refused(*state, &body, "title", "format");
  w = begin(&body, "geo");
  canon_put_map(&w, 0);
  expect_refused(*state, &body, "geo", "format");
  w = begin(&body, "other");
  canon_put_array(&w, 1);
  canon_put_nil(&w);
  expect_refused(*state, &body, "other", "format");
  w = begin(&body, "other");
  canon_put_map(&w, 0);
  expect_refused(*state, &body, "other", "format");
}

static void lists_have_at_most_256_elements(void **state) {
  struct bytes body;
  struct canon_writer w = begin(&body, "notes");
  canon_put_array(&w, 257);
  for (int i = 0; i < 257; i++)
    canon_put_bool(&w, true);
  expect_refused(*state, &body, "notes", "type");
  w = begin(&body, "other");
  canon_put_array(&w, 257);
  for (int i = 0; i < 257; i++)
    canon_put_bool(&w, true);
  expect_refused(*state, &body, "other", "format");
}

static void octets_that_are_not_canonical_get_one_finding(void **state) {
  static const struct {
    const char *octets;
    size_t len;
  } bad[] = {{"", 0},
             {"\x81", 1},
             {"\xc0", 1},
             {"\x82\xa1"
              "b\xa1x\xa1"
              "a\xa1x",
              9},
             {"\x82\xa1"
              "a\xa1x\xa1"
              "a\xa1x",
              9},
             {"\x81\xa1"
              "a\xd9\x01x",
              6},
             {"\x81\xa1"
              "a\xa1\xff",
              5},
             {"\x80\x80", 2}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    expect_only(*state, view_of(bad[i].octets, bad[i].len), FINDING_REFUSED, "", "format");
  }
}

static void marks_are_sorted_lists_of_keys(void **state) {
  struct bytes body;
  struct canon_writer w = begin(&body, "_na");
  canon_put_array(&w, 2);
  canon_put_text(&w, "title");
  canon_put_text(&w, "tags");
  expect_refused(*state, &body, "_na", "format");
  w = begin(&body, "_na");
  canon_put_text(&w, "tags");
  expect_refused(*state, &body, "_na", "type");
}

static void findings_stop_at_their_ceiling(void **state) {
  (void)state;
  struct findings f = {0};
  for (int i = 0; i < 100; i++)
    findings_add(&f, FINDING_WARNING, "x", "limit", "%d", i);
  assert_int_equal(f.n, LIMIT_FINDINGS);
  assert_int_equal(f.n_more, 100 - LIMIT_FINDINGS);
  assert_int_equal(f.n_warnings, 100);
  assert_string_equal(f.items[63].message, "63");
  findings_release(&f);
  assert_int_equal(f.n, 0);
}

/* ---- JSON ---- */

static void json_is_brought_into_canonical_form(void **state) {
  const struct room *r = *state;
  struct findings f = {0};
  struct bytes body =
      encode(r,
             "{\"title\":{\"IT\":\"citta\u0300  \"},\"price\":7,\"day\":2024,\"tags\":[\"\",null,\"b\"],\"open\":false,"
             "\"geo\":{},\"level\":null,\"_na\":[\"tags\",\"geo\",\"geo\"],\"see\":[\"" ID "\"]}",
             &f);
  json_t *json = NULL;
  assert_int_equal(f.n, 0);
  assert_int_equal(canon_check(bytes_view(&body), "body", NULL), OK);
  assert_int_equal(body_to_json(r->schema, bytes_view(&body), &json, NULL), OK);
  char *text = json_dumps(json, JSON_COMPACT);
  assert_string_equal(text, "{\"_na\":[\"geo\",\"tags\"],\"day\":\"2024\",\"see\":[\"" ID "\"],\"open\":false,\"tags\":[\"b\"],"
                            "\"price\":\"7\",\"title\":{\"it\":\"citt\u00e0\"}}");
  free(text);
  json_decref(json);
  bytes_release(&body);
}

static void what_cannot_be_encoded_is_told_and_left_out(void **state) {
  static const struct {
    const char *json, *field, *code;
  } bad[] = {{"{\"title\":\"x\"}", "title", "type"},
             {"{\"title\":{\"Italian\":\"x\"}}", "title", "tag"},
             {"{\"title\":{\"it\":[]}}", "title", "type"},
             {"{\"title\":{\"it\":\"a\",\"IT\":\"b\"}}", "title", "tag"},
             {"{\"tags\":\"x\"}", "tags", "type"},
             {"{\"open\":\"true\"}", "open", "type"},
             {"{\"see\":[\"abc\"]}", "see", "type"},
             {"{\"geo\":[]}", "geo", "type"},
             {"{\"price\":{}}", "price", "type"},
             {"{\"price\":1e300}", "price", "type"},
             {"{\"level\":true}", "level", "type"},
             {"{\"level\":\"a\\u0007b\"}", "level", "format"},
             {"{\"_na\":\"tags\"}", "_na", "type"},
             {"{\"ke y\":\"x\"}", "", "type"},
             {"[]", "", "type"}};
  const struct room *r = *state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct findings f = {0};
    struct bytes body = encode(r, bad[i].json, &f);
    const struct finding *found = find(&f, bad[i].field, bad[i].code);
    if (f.n != 1 || found == NULL || found->level != FINDING_REFUSED) {
      fail_msg("%s: %zu findings, first %s %s", bad[i].json, f.n, f.n > 0 ? f.items[0].field : "",
               f.n > 0 ? f.items[0].code : "");
    }
    assert_int_equal(canon_check(bytes_view(&body), "body", NULL), OK);
    findings_release(&f);
    bytes_release(&body);
  }
}

static void bodies_have_a_ceiling(void **state) {
  const struct room *r = *state;
  struct findings f = {0};
  struct err err = ERR_INIT;
  struct bytes body;
  bytes_init(&body, 2 * (size_t)LIMIT_BODY);
  char *text = malloc(LIMIT_BODY + 1);
  assert_non_null(text);
  memset(text, 'a', LIMIT_BODY);
  text[LIMIT_BODY] = '\0';
  json_t *json = json_pack("{s:{s:s}}", "title", "it", text);
  assert_int_equal(body_from_json(r->schema, json, &body, &f, &err), ERR_LIMIT);
  assert_int_equal(body.len, 0);
  json_decref(json);
  free(text);
  findings_release(&f);
}

static void unknown_keys_are_kept(void **state) {
  const struct room *r = *state;
  static const char json[] = "{\"a\":\"x\",\"b\":{\"c\":[\"y\",{\"d\":true}]},\"title\":{\"it\":\"t\"}}";
  for (int with = 0; with < 2; with++) {
    const struct room other = {.schema = with == 1 ? r->schema : NULL};
    struct bytes body = encode(&other, json, NULL);
    json_t *back = NULL;
    assert_int_equal(body_to_json(other.schema, bytes_view(&body), &back, NULL), OK);
    char *text = json_dumps(back, JSON_COMPACT);
    assert_string_equal(text, json);
    free(text);
    json_decref(back);
    bytes_release(&body);
  }
}

static void refuses_to_show_what_is_no_body(void **state) {
  const struct room *r = *state;
  json_t *json = NULL;
  assert_int_equal(body_to_json(r->schema, view_of("\xa1x", 2), &json, NULL), ERR_FORMAT);
  assert_int_equal(body_to_json(r->schema, view_of("\x81", 1), &json, NULL), ERR_FORMAT);
  assert_null(json);
}

/* ---- lookups, walks, sums ---- */

static void texts_are_found_in_the_reader_s_language_then_the_original(void **state) {
  const struct room *r = *state;
  struct bytes body = encode(
      r, "{\"original_lang\":\"it\",\"title\":{\"en\":\"House\",\"it\":\"Casa\",\"bg\":\"Kashta\"},\"tags\":[\"x\",\"y\"]}",
      NULL);
  struct view text, tag;
  assert_true(body_text(r->schema, bytes_view(&body), "title", "en", &text, &tag));
  assert_true(view_is_text(text, "House") && view_is_text(tag, "en"));
  assert_true(body_text(r->schema, bytes_view(&body), "title", "en-GB", &text, &tag));
  assert_true(view_is_text(text, "House"));
  assert_true(body_text(r->schema, bytes_view(&body), "title", "fi", &text, &tag));
  assert_true(view_is_text(text, "Casa") && view_is_text(tag, "it"));
  assert_true(body_text(r->schema, bytes_view(&body), "original_lang", NULL, &text, NULL));
  assert_true(view_is_text(text, "it"));
  assert_true(body_text(r->schema, bytes_view(&body), "tags", NULL, &text, NULL));
  assert_true(view_is_text(text, "x"));
  assert_false(body_text(r->schema, bytes_view(&body), "summary", "it", &text, NULL));
  assert_false(body_text(r->schema, bytes_view(&body), "nothing", "it", &text, NULL));
  bytes_release(&body);
  body = encode(r, "{\"title\":{\"en\":\"House\",\"bg\":\"Kashta\"}}", NULL);
  assert_true(body_text(r->schema, bytes_view(&body), "title", "fi", &text, NULL));
  assert_true(view_is_text(text, "Kashta"));
  bytes_release(&body);
}

struct log {
  char text[1024];
  size_t left; /* values until the walk is stopped */
};

static bool log_value(void *context, const struct body_value *v) {
  struct log *log = context;
  const size_t used = strlen(log->text);
  (void)snprintf(log->text + used, sizeof log->text - used, "%s/%.*s/%u/%u/%.*s/%.*s\n", v->field != NULL ? v->field->key : "?",
                 (int)v->key.len, (const char *)v->key.p, v->row, v->item, (int)v->tag.len, (const char *)v->tag.p,
                 v->type == CANON_STR ? (int)v->value.len : 1,
                 v->type == CANON_STR   ? (const char *)v->value.p
                 : v->type == CANON_BIN ? "B"
                 : v->value.p[0] == 1   ? "T"
                                        : "F");
  return --log->left > 0;
}

static void a_walk_visits_every_scalar_in_schema_order(void **state) {
  const struct room *r = *state;
  struct log log = {.left = 100};
  struct bytes body = encode(r,
                             "{\"zz\":[\"u\",{\"k\":true}],\"open\":true,\"see\":[\"" ID
                             "\"],\"notes\":[{\"it\":\"a\"},{\"en\":\"b\",\"it\":\"c\"}],"
                             "\"title\":{\"it\":\"t\"},\"funds\":[{\"amount\":\"1\",\"words\":[\"w\",\"x\"]},{\"source\":{"
                             "\"it\":\"s\"},\"odd\":\"o\"}]}",
                             NULL);
  assert_int_equal(body_walk(r->schema, bytes_view(&body), log_value, &log, NULL), OK);
  assert_string_equal(log.text,
                      "title/title/0/0/it/t\nopen/open/0/0//T\nsee/see/0/0//B\nnotes/notes/0/0/it/a\nnotes/notes/1/0/en/b\n"
                      "notes/notes/1/0/it/c\nfunds.amount/funds/0/0//1\nfunds.words/funds/0/0//w\nfunds.words/funds/0/1//x\n"
                      "funds.source/funds/1/0/it/s\n?/funds/1/0//o\n?/zz/0/0//u\n?/zz/1/0//T\n");
  log = (struct log){.left = 2};
  assert_int_equal(body_walk(r->schema, bytes_view(&body), log_value, &log, NULL), OK);
  assert_string_equal(log.text, "title/title/0/0/it/t\nopen/open/0/0//T\n");
  bytes_release(&body);
  assert_int_equal(body_walk(r->schema, view_of("\x81", 1), log_value, &log, NULL), ERR_FORMAT);
}

static void sums_are_exact(void **state) {
  static const struct {
    const char *json, *sum;
  } cases[] = {{"{\"funds\":[{\"amount\":\"0.1\"},{\"amount\":\"0.2\"}]}", "0.3"},
               {"{\"funds\":[{\"amount\":\"999999999999.999999\"},{\"amount\":\"0.000001\"}]}", "1000000000000"},
               {"{\"funds\":[{\"amount\":\"-5\"},{\"amount\":\"5\"}]}", "0"},
               {"{\"funds\":[{\"amount\":\"-0.5\"},{\"source\":{\"it\":\"x\"}}]}", "-0.5"},
               {"{\"funds\":[{\"amount\":\"999999999999999999\"},{\"amount\":\"999999999999999999\"},{\"amount\":\"0.5\"}]}",
                "1999999999999999998.5"},
               {"{\"funds\":[{\"source\":{\"it\":\"x\"}}]}", NULL},
               {"{\"funds\":[{\"amount\":\"1\"},{\"amount\":\"1,5\"}]}", NULL}};
  const struct room *r = *state;
  const struct field *amount = schema_field(r->schema, view_of_text("funds.amount"));
  char out[32];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct bytes body = encode(r, cases[i].json, NULL);
    const bool found = body_sum(r->schema, bytes_view(&body), amount, out);
    if (found != (cases[i].sum != NULL) || (found && strcmp(out, cases[i].sum) != 0)) fail_msg("%s: %s", cases[i].json, out);
    bytes_release(&body);
  }
  struct bytes body = encode(r, "{\"price\":12.5}", NULL);
  assert_true(body_sum(r->schema, bytes_view(&body), schema_field(r->schema, view_of_text("price")), out));
  assert_string_equal(out, "12.5");
  bytes_release(&body);
}

/* ---- property: octets -> JSON -> octets ---- */

static uint64_t seed;

static uint32_t dice(uint32_t sides) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 33) % sides;
}

static json_t *random_text(void) {
  static const char *const words[] = {"a", "\u00e8", "\n", " ", "#", "\\", "-", "?", "## x", "\u4e2d", "e\u0301", ":", "\t"};
  char text[256] = "x";
  size_t used = 1;
  for (uint32_t i = 0, n = dice(12); i < n; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", words[dice(sizeof words / sizeof words[0])]);
  }
  return json_string(text);
}

static json_t *random_object(int depth) {
  static const char *const keys[] = {"title",  "summary", "tags", "geo", "it",  "en",  "amount",
                                     "source", "funds",   "open", "zz",  "see", "lat", "notes"};
  json_t *out = json_object();
  for (uint32_t i = 0, n = dice(6); i < n; i++) {
    const char *key = keys[dice(sizeof keys / sizeof keys[0])];
    const uint32_t kind = dice(depth > 3 ? 4 : 6);
    json_t *value = kind < 2 ? random_text() : kind == 2 ? json_integer(dice(1000)) : kind == 3 ? json_boolean(dice(2)) : NULL;
    if (kind == 4) value = random_object(depth + 1);
    if (kind == 5) {
      value = json_array();
      for (uint32_t j = 0, m = dice(4); j < m; j++)
        json_array_append_new(value, dice(2) ? random_text() : random_object(depth + 1));
    }
    json_object_set_new(out, key, value);
  }
  return out;
}

static void any_json_becomes_a_body_that_json_gives_back(void **state) {
  const struct room *r = *state;
  const char *given = getenv("SPECOLA_SEED");
  seed = given != NULL ? strtoull(given, NULL, 10) : 20260101;
  print_message("seed %llu\n", (unsigned long long)seed);
  for (int i = 0; i < 3000; i++) {
    struct findings f = {0};
    struct bytes first, second;
    json_t *json = random_object(0), *back = NULL;
    bytes_init(&first, LIMIT_BODY);
    bytes_init(&second, LIMIT_BODY);
    assert_int_equal(body_from_json(r->schema, json, &first, &f, NULL), OK);
    assert_int_equal(canon_check(bytes_view(&first), "body", NULL), OK);
    assert_int_equal(body_to_json(r->schema, bytes_view(&first), &back, NULL), OK);
    findings_release(&f);
    assert_int_equal(body_from_json(r->schema, back, &second, &f, NULL), OK);
    if (f.n > 0 || !view_equal(bytes_view(&first), bytes_view(&second))) fail_msg("run %d differs", i);
    assert_int_equal(schema_check(r->schema, bytes_view(&first), &f, NULL), OK);
    for (size_t k = 0; k < f.n; k++) { /* what our own tools write is never of a wrong shape */
      if (strcmp(f.items[k].code, "format") == 0 || strcmp(f.items[k].code, "type") == 0)
        fail_msg("run %d: %s", i, f.items[k].message);
    }
    findings_release(&f);
    bytes_release(&first);
    bytes_release(&second);
    json_decref(json);
    json_decref(back);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {
      TEST(a_complete_body_has_no_findings),
      TEST(missing_needs_are_refused_or_lacking),
      TEST(a_need_with_when_holds_only_then),
      TEST(not_applicable_satisfies_and_not_yet_known_lacks),
      TEST(completeness_counts_needs_that_apply),
      TEST(wrong_spellings_are_refused),
      TEST(warnings_stop_nothing),
      TEST(citations_need_entries),
      TEST(a_text_in_another_language_than_its_tag_is_a_warning),
      TEST(a_tag_that_names_no_language_is_a_warning),
      TEST(values_of_a_wrong_type_are_refused),
      TEST(empty_values_are_refused),
      TEST(lists_have_at_most_256_elements),
      TEST(octets_that_are_not_canonical_get_one_finding),
      TEST(marks_are_sorted_lists_of_keys),
      cmocka_unit_test(findings_stop_at_their_ceiling),
      TEST(json_is_brought_into_canonical_form),
      TEST(what_cannot_be_encoded_is_told_and_left_out),
      TEST(bodies_have_a_ceiling),
      TEST(unknown_keys_are_kept),
      TEST(refuses_to_show_what_is_no_body),
      TEST(texts_are_found_in_the_reader_s_language_then_the_original),
      TEST(a_walk_visits_every_scalar_in_schema_order),
      TEST(sums_are_exact),
      TEST(any_json_becomes_a_body_that_json_gives_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
