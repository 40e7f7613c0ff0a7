/*
 * test_check: what a schema says of bodies, of JSON and of octets that no tool of ours writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/protocol/body_room.h"

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
  findings_add(&f, FINDING_REFUSED, "y", "limit", "why");
  assert_int_equal(f.n, LIMIT_FINDINGS);
  assert_int_equal(f.n_more, 101 - LIMIT_FINDINGS);
  assert_int_equal(f.items[63].level, FINDING_REFUSED);
  assert_string_equal(f.items[63].message, "why");
  findings_add(&f, FINDING_REFUSED, "y", "limit", "and why else");
  assert_string_equal(f.items[61].message, "61");
  assert_string_equal(f.items[62].message, "why"); /* in the order in which they came */
  assert_string_equal(f.items[63].message, "and why else");
  findings_release(&f);
  assert_int_equal(f.n, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BODY_TEST(a_complete_body_has_no_findings),
      BODY_TEST(missing_needs_are_refused_or_lacking),
      BODY_TEST(a_need_with_when_holds_only_then),
      BODY_TEST(not_applicable_satisfies_and_not_yet_known_lacks),
      BODY_TEST(completeness_counts_needs_that_apply),
      BODY_TEST(wrong_spellings_are_refused),
      BODY_TEST(warnings_stop_nothing),
      BODY_TEST(citations_need_entries),
      BODY_TEST(a_text_in_another_language_than_its_tag_is_a_warning),
      BODY_TEST(a_tag_that_names_no_language_is_a_warning),
      BODY_TEST(values_of_a_wrong_type_are_refused),
      BODY_TEST(empty_values_are_refused),
      BODY_TEST(lists_have_at_most_256_elements),
      BODY_TEST(octets_that_are_not_canonical_get_one_finding),
      BODY_TEST(marks_are_sorted_lists_of_keys),
      cmocka_unit_test(findings_stop_at_their_ceiling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
