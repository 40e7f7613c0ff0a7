/*
 * Drafts: what is read, what is refused at which line, and that what is written is read again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "protocol/schema/draft.h"

static const char THING[] = "schema 1024 thing\n"
                            "title text 1 ml P max=100\n"
                            "original_lang code 1 - - vocab=language\n"
                            "story text 1 ml C max=5000\n"
                            "plain text 1 - -\n"
                            "tags text 1..5 - -\n"
                            "day date 1 - -\n"
                            "price number 1 - -\n"
                            "open bool 1 - -\n"
                            "see ref * - -\n"
                            "notes text * ml -\n"
                            "funds group * - -\n"
                            "funds.source text 1 ml -\n"
                            "funds.amount number 1 - -\n"
                            "funds.words text * - -\n"
                            "geo group 1 - -\n"
                            "geo.lat number 1 - -\n"
                            "heading funds\n";
static const char LABELS[] = "key\tlabel.en\tlabel.it\thelp.en\texample.en\n@heading.funds\tMoney\tSoldi\t\t\n"
                             "title\tTitle\tTitolo\tA name.\tA house\n";

#define HEAD "specola-draft 1 thing\n"
#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static int enter(void **state) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  if (schema_set_new(&set, &err) != OK || schema_set_add(set, "thing", view_of_text(THING), &err) != OK ||
      schema_set_add_labels(set, "thing", view_of_text(LABELS), &err) != OK || schema_set_link(set, &err) != OK) {
    (void)fprintf(stderr, "%s\n", err.message);
    return -1;
  }
  *state = set;
  return 0;
}

static int leave(void **state) {
  schema_set_free(*state);
  return 0;
}

static json_t *read_draft(const struct schema_set *set, struct view text) {
  struct err err = ERR_INIT;
  const struct schema *schema = NULL;
  json_t *json = NULL;
  if (draft_read(set, text, "it", &schema, &json, &err) != OK)
    fail_msg("%s\n%.*s", err.message, (int)text.len, (const char *)text.p);
  assert_ptr_equal(schema, schema_by_kind(set, "thing"));
  return json;
}

static void expect(const struct schema_set *set, const char *lines, const char *json) {
  char text[4096];
  (void)snprintf(text, sizeof text, HEAD "%s", lines);
  json_t *found = read_draft(set, view_of_text(text)), *wanted = json_loads(json, 0, NULL);
  assert_non_null(wanted);
  if (!json_equal(found, wanted)) {
    char *shown = json_dumps(found, JSON_COMPACT);
    fail_msg("%s\n%s", lines, shown);
  }
  json_decref(found);
  json_decref(wanted);
}

static void expect_error(const struct schema_set *set, const char *text, enum err_code code, const char *says,
                         const char *hint) {
  struct err err = ERR_INIT;
  const struct schema *schema = NULL;
  json_t *json = NULL;
  const enum err_code found = draft_read(set, view_of_text(text), "it", &schema, &json, &err);
  if (found != code || strncmp(err.message, says, strlen(says)) != 0 || strstr(err.hint, hint) == NULL) {
    fail_msg("%s\ngave %d '%s' hint '%s'", text, (int)found, err.message, err.hint);
  }
  assert_null(json);
}

static void reads_single_values(void **state) {
  expect(*state,
         "title.it: Casa: la nostra\ntitle.EN:  House \nplain: x\nday: 2024-05\nprice: 07.50\nopen: true\n# a comment\n\n"
         "geo.lat: 45\nsee:\n- " ID "\n",
         "{\"title\":{\"it\":\"Casa: la "
         "nostra\",\"en\":\"House\"},\"plain\":\"x\",\"day\":\"2024-05\",\"price\":\"7.5\",\"open\":true,"
         "\"geo\":{\"lat\":\"45\"},\"see\":[\"" ID "\"]}");
  expect(*state, "", "{}");
  expect(*state, "plain:\ngeo.1.lat: 5\nfunds.1.amount:\n", "{\"geo\":{\"lat\":\"5\"}}");
}

static void reads_lists(void **state) {
  expect(*state, "tags:\n- a\n-  b\n# c\n\n- -\n-\n- ?\n", "{\"tags\":[\"a\",\"b\",\"-\",\"?\"]}");
  expect(*state, "tags: a\n", "{\"tags\":[\"a\"]}");
  expect(*state, "tags.1: a\ntags.2: b\n", "{\"tags\":[\"a\",\"b\"]}");
  expect(*state, "notes:\n- a\n- b\nnotes.en:\n- c\n", "{\"notes\":[{\"it\":\"a\",\"en\":\"c\"},{\"it\":\"b\"}]}");
  expect(*state, "notes.1.en: a\nnotes.1.it: b\n", "{\"notes\":[{\"it\":\"b\",\"en\":\"a\"}]}");
}

static void reads_groups(void **state) {
  expect(*state, "funds.1.amount: 1\nfunds.1.source: a\nfunds.1.source.en: b\nfunds.2.amount: 2\nfunds.2.words:\n- x\n- y\n",
         "{\"funds\":[{\"amount\":\"1\",\"source\":{\"it\":\"a\",\"en\":\"b\"}},{\"amount\":\"2\",\"words\":[\"x\",\"y\"]}]}");
  expect(*state, "funds.2.amount: 2\nfunds.1.amount: 1\n", "{\"funds\":[{\"amount\":\"1\"},{\"amount\":\"2\"}]}");
}

static void reads_marks(void **state) {
  expect(*state, "story: ?\ntags: -\nfunds: -\nfunds.amount: ?\ngeo.lat: ?\n",
         "{\"_unknown\":[\"story\",\"funds.amount\",\"geo.lat\"],\"_na\":[\"tags\",\"funds\"]}");
}

static void untagged_texts_are_in_the_original_language(void **state) {
  expect(*state, "title: x\n", "{\"title\":{\"it\":\"x\"}}");
  expect(*state, "title: x\noriginal_lang: fr\n\n## story\ny\n",
         "{\"title\":{\"fr\":\"x\"},\"original_lang\":\"fr\",\"story\":{\"fr\":\"y\"}}");
}

static void reads_blocks(void **state) {
  expect(
      *state,
      "## story.it\n\n  one\n\ntwo  \n\\# three\n\\\\four\n- five\nsix: 6\n\n\n# a comment\n\n## story.en\nx\n## plain\ny\n\n",
      "{\"story\":{\"it\":\"  one\\n\\ntwo  \\n# three\\n\\\\four\\n- five\\nsix: 6\",\"en\":\"x\"},\"plain\":\"y\"}");
  expect(*state, "## story\n\\\nx\n\\\n", "{\"story\":{\"it\":\"\\nx\\n\"}}");
  expect(*state, "## story\n\n## plain\n", "{}");
  expect(*state, "## funds.1.source.en\nx\n## price\n5\n", "{\"funds\":[{\"source\":{\"en\":\"x\"}}],\"price\":\"5\"}");
}

static void reads_files_of_other_systems(void **state) {
  json_t *json = read_draft(*state, view_of_text("\xef\xbb\xbfspecola-draft 1 thing\r\nplain: x\r\n## story.it\r\na\r\nb\r\n"));
  assert_string_equal(json_string_value(json_object_get(json_object_get(json, "story"), "it")), "a\nb");
  assert_string_equal(json_string_value(json_object_get(json, "plain")), "x");
  json_decref(json);
}

static void every_error_names_its_line(void **state) {
  static const struct {
    const char *text, *says, *hint;
  } bad[] = {
      {"", "line 1: a draft begins with", ""},
      {"specola-draft\n", "line 1: a draft begins with", "specola new KIND"},
      {"specola-draft 0 thing\n", "line 1: a draft begins with", ""},
      {"specola-draft one thing\n", "line 1: a draft begins with", ""},
      {HEAD "titel: x\n", "line 2: thing has no field 'titel'", "'title'"},
      {HEAD "\nwhat is this\n", "line 3: this line is not understood", "field: value"},
      {HEAD "plain: x\nplain: y\n", "line 3: 'plain' has a value already", ""},
      {HEAD "title: x\ntitle.it: y\n", "line 3: 'title' has a value already", ""},
      {HEAD "plain: x\n## plain\ny\n", "line 3: 'plain' has a value already", ""},
      {HEAD "tags:\n- a\ntags:\n- b\n", "line 5: 'tags' has a value already", ""},
      {HEAD "- a\n", "line 2: a list item without", "begins with"},
      {HEAD "plain:\n- a\n", "line 3: a list item without", ""},
      {HEAD "price: many\n", "line 2: not a number", ""},
      {HEAD "day: 1.1.2024\n", "line 2: not a date", ""},
      {HEAD "open: yes\n", "line 2: the value is true or false", ""},
      {HEAD "see:\n- 123\n", "line 3: not an id", ""},
      {HEAD "title.italian1: x\n", "line 2: 'italian1' is no language tag", ""},
      {HEAD "plain.it: x\n", "line 2: 'plain.it': nothing can stand", ""},
      {HEAD "plain.: x\n", "line 2: 'plain.': nothing can stand", ""},
      {HEAD ": x\n", "line 2: there is no field", ""},
      {HEAD "funds: x\n", "line 2: 'funds' is a group", "funds.1.source"},
      {HEAD "funds.amount: 5\n", "line 2: 'funds' is a group", ""},
      {HEAD "funds.1: 5\n", "line 2: 'funds' is a group", ""},
      {HEAD "funds.0.amount: 5\n", "line 2: rows are counted", ""},
      {HEAD "funds.257.amount: 5\n", "line 2: rows are counted", ""},
      {HEAD "funds.1.amont: 5\n", "line 2: thing has no field 'funds.amont'", "funds.amount"},
      {HEAD "funds.2.amount: 5\n", "line 2: 'funds' has no number 1", ""},
      {HEAD "plain: x\ntags.3: a\n", "line 3: 'tags' has no number 1", ""},
      {HEAD "geo.2.lat: 5\n", "line 2: 'geo' has one row only", ""},
      {HEAD "plain: ?\nplain: -\n", "line 3: marked twice", ""},
      {HEAD "plain: ?\nplain: x\n", "line 3: a value, and marked", ""},
      {HEAD "title.it: ?\n", "line 2: '?' and '-' are said of a whole field", "title: ?"},
      {HEAD "plain: \xff\n", "line 2: not UTF-8", ""},
      {HEAD "plain: \x1b[31m\n", "line 2: not UTF-8", ""},
      {HEAD "## story\nx\n\xff\n", "line 4: not UTF-8", ""},
      {HEAD "## nothing\nx\n", "line 2: thing has no field", ""},
      {HEAD "##  \nx\n", "line 2: '##' without", ""},
      {HEAD "## story\n#x\n", "line 3: a line of text begins with '#'", "\\#"},
      {HEAD "## story\n# x\ny\n", "line 3: a line of text begins with '#'", ""},
      {HEAD "## story\nx\n# y\n", "line 4: a line of text begins with '#'", ""},
      {HEAD "## price\nfive\n", "line 2: not a number", ""},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    expect_error(*state, bad[i].text, ERR_FORMAT, bad[i].says, bad[i].hint);
  expect_error(*state, "specola-draft 1 nothing\n", ERR_NOT_FOUND, "line 1: unknown kind 'nothing'", "case");
}

static void a_newer_form_of_drafts_is_told_as_one(void **state) {
  static const char *const newer[] = {"specola-draft 2 thing\n", "specola-draft 9\n",
                                      "\xef\xbb\xbfspecola-draft 10 x\r\nmore\n"};
  for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++)
    expect_error(*state, newer[i], ERR_VERSION, "line 1: a draft of a newer form", "newer program");
}

static void drafts_have_a_ceiling(void **state) {
  char *text = malloc(LIMIT_DRAFT + 2);
  assert_non_null(text);
  memset(text, '\n', LIMIT_DRAFT + 1);
  text[LIMIT_DRAFT + 1] = '\0';
  expect_error(*state, text, ERR_LIMIT, "a draft has at most", "");
  free(text);
}

static void a_template_is_a_draft_without_values(void **state) {
  const struct schema_set *set = *state;
  for (size_t i = 0; i < schema_set_count(set); i++) {
    for (int express = 0; express < 2; express++) {
      for (size_t l = 0; l < 3; l++) {
        static const char *const langs[] = {"it", "en", "fi"};
        const struct schema *schema = schema_set_at(set, i), *found = NULL;
        struct err err = ERR_INIT;
        struct bytes text;
        json_t *json = NULL;
        bytes_init(&text, LIMIT_DRAFT);
        assert_int_equal(draft_template(schema, langs[l], express == 1, &text, &err), OK);
        if (draft_read(set, bytes_view(&text), "it", &found, &json, &err) != OK) fail_msg("%s", err.message);
        assert_ptr_equal(found, schema);
        assert_int_equal(json_object_size(json), express == 0 && schema->language != NULL ? 1 : 0);
        json_decref(json);
        bytes_release(&text);
      }
    }
  }
}

static void a_template_explains_its_fields(void **state) {
  struct bytes text;
  bytes_init(&text, LIMIT_DRAFT);
  assert_int_equal(draft_template(schema_by_kind(*state, "thing"), "en", false, &text, NULL), OK);
  const char *t = bytes_text(&text);
  assert_non_null(strstr(t, "# Title. A name. At most 100 characters. Needed to publish. Example: A house\ntitle.en:\n"));
  assert_non_null(strstr(t, "# === Money ===\n"));
  assert_non_null(strstr(t, "funds.1.amount:\n"));
  assert_non_null(strstr(t, "\n## story.en\n"));
  assert_non_null(strstr(t, "1 to 5 values."));
  bytes_clear(&text);
  assert_int_equal(draft_template(schema_by_kind(*state, "thing"), "en", true, &text, NULL), OK);
  assert_non_null(strstr(bytes_text(&text), "title.en:"));
  assert_null(strstr(bytes_text(&text), "story"));
  assert_int_equal(draft_template(schema_by_kind(*state, "thing"), "no language", true, &text, NULL), ERR_FORMAT);
  bytes_release(&text);
}

static void unknown_keys_become_a_comment(void **state) {
  struct bytes text;
  json_t *json = json_pack("{s:s,s:s}", "plain", "x", "colour", "red"), *found = NULL;
  const struct schema *schema = schema_by_kind(*state, "thing");
  bytes_init(&text, LIMIT_DRAFT);
  assert_int_equal(draft_write(schema, json, &text, NULL), OK);
  assert_non_null(strstr(bytes_text(&text), "colour\n"));
  found = read_draft(*state, bytes_view(&text));
  assert_int_equal(json_object_size(found), 1);
  json_decref(json);
  json_decref(found);
  bytes_release(&text);
}

/* ---- property: JSON -> draft -> JSON ---- */

static uint64_t seed;

static uint32_t dice(uint32_t sides) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 33) % sides;
}

static json_t *random_text(void) {
  static const char *const words[] = {
      "a",          "\u00e8",     "\n", " ",
      "#",          "\\",         "-",  "?",
      "## plain\n", "\n\n",       ":",  "\t",
      "# ",         "plain: x\n", "- ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  char text[1024] = "";
  size_t used = 0;
  for (uint32_t i = 0, n = 1 + dice(8); i < n; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", words[dice(sizeof words / sizeof words[0])]);
  }
  return json_string(text);
}

static json_t *random_ml(void) {
  static const char *const tags[] = {"it", "en", "pt-BR", "zh-Hant"};
  json_t *out = json_object();
  for (uint32_t i = 0, n = 1 + dice(3); i < n; i++)
    json_object_set_new(out, tags[dice(4)], random_text());
  return out;
}

static json_t *random_value(const struct field *f);

static json_t *random_one(const struct field *f) {
  json_t *row = NULL;
  if (f->ml) return random_ml();
  if (f->n_children > 0) {
    row = json_object();
    for (size_t i = 0; i < f->n_children; i++) {
      if (dice(2) == 0 || json_object_size(row) == 0)
        json_object_set_new(row, f->children[i].name, random_value(&f->children[i]));
    }
    return row;
  }
  if (f->type == FIELD_NUMBER) return json_string(dice(2) ? "12.5" : "-3");
  if (f->type == FIELD_DATE) return json_string("2024-02-29");
  if (f->type == FIELD_BOOL) return json_boolean(dice(2));
  if (f->type == FIELD_REF) return json_string(ID);
  return random_text();
}

static json_t *random_value(const struct field *f) {
  if (!f->many) return random_one(f);
  json_t *out = json_array();
  for (uint32_t i = 0, n = 1 + dice(3); i < n; i++)
    json_array_append_new(out, random_one(f));
  return out;
}

static void what_is_written_is_read_again(void **state) {
  const struct schema *schema = schema_by_kind(*state, "thing");
  const char *given = getenv("SPECOLA_SEED");
  seed = given != NULL ? strtoull(given, NULL, 10) : 20260102;
  print_message("seed %llu\n", (unsigned long long)seed);
  for (int i = 0; i < 3000; i++) {
    json_t *json = json_object();
    struct bytes text;
    bytes_init(&text, LIMIT_DRAFT);
    for (size_t j = 0; j < schema->n_fields; j++) {
      const struct field *f = &schema->fields[j];
      if (f != schema->language && dice(3) == 0) json_object_set_new(json, f->key, random_value(f));
    }
    if (json_object_get(json, "geo") == NULL) json_object_set_new(json, "_na", json_pack("[s,s]", "geo", "geo.lat"));
    assert_int_equal(draft_write(schema, json, &text, NULL), OK);
    json_t *found = read_draft(*state, bytes_view(&text));
    if (!json_equal(json, found))
      fail_msg("run %d\n%s\n%s\n%s", i, json_dumps(json, 0), json_dumps(found, 0), bytes_text(&text));
    json_decref(json);
    json_decref(found);
    bytes_release(&text);
  }
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {
      TEST(reads_single_values),
      TEST(reads_lists),
      TEST(reads_groups),
      TEST(reads_marks),
      TEST(untagged_texts_are_in_the_original_language),
      TEST(reads_blocks),
      TEST(reads_files_of_other_systems),
      TEST(every_error_names_its_line),
      TEST(a_newer_form_of_drafts_is_told_as_one),
      TEST(drafts_have_a_ceiling),
      TEST(a_template_is_a_draft_without_values),
      TEST(a_template_explains_its_fields),
      TEST(unknown_keys_become_a_comment),
      TEST(what_is_written_is_read_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
