/*
 * Schemas, labels and vocabularies: every column and rule word, right and wrong, and the embedded set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/schema/nearest.h"
#include "protocol/schema/schema.h"
#include "protocol/schema/value.h"

#define HEAD "schema 1024 thing\n"
#define TITLE "title text 1 ml P\n"

static int new_set(void **state) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  const enum err_code code = schema_set_new(&set, &err);
  if (code != OK) (void)fprintf(stderr, "%s\n", err.message);
  *state = set;
  return code == OK ? 0 : -1;
}

static int free_set(void **state) {
  schema_set_free(*state);
  return 0;
}

static void expect_add(struct schema_set *set, const char *text) {
  struct err err = ERR_INIT;
  const enum err_code code = schema_set_add(set, "thing.schema", view_of_text(text), &err);
  if (code != OK) fail_msg("%s", err.message);
}

/* The text is refused, and the message has both parts: the line and the reason. */
static void expect_refusal(const char *text, const char *line, const char *reason) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  assert_int_equal(schema_set_new(&set, &err), OK);
  enum err_code code = schema_set_add(set, "thing.schema", view_of_text(text), &err);
  if (code == OK) code = schema_set_link(set, &err);
  if (code == OK) fail_msg("accepted: %s", text);
  if (strstr(err.message, line) == NULL || strstr(err.message, reason) == NULL) {
    fail_msg("'%s' should name '%s' and '%s'", err.message, line, reason);
  }
  schema_set_free(set);
}

static const struct field *field(const struct schema_set *set, const char *key) {
  const struct field *f = schema_field(schema_by_kind(set, "thing"), view_of_text(key));
  if (f == NULL) fail_msg("no field %s", key);
  return f;
}

static void reads_every_type(void **state) {
  expect_add(*state, HEAD TITLE "a text 1 - -\nb code * - -\nc date 1 - -\nd number 1 - -\ne bool 1 - -\nf url 1 - -\n"
                                "g ref 1 - -\nh group * - -\nh.a text 1 - -\ni file * - -\ni.blob blob 1 - -\n");
  static const enum field_type types[] = {FIELD_TEXT, FIELD_CODE, FIELD_DATE,  FIELD_NUMBER, FIELD_BOOL,
                                          FIELD_URL,  FIELD_REF,  FIELD_GROUP, FIELD_FILE};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    const char key[2] = {(char)('a' + (int)i), '\0'};
    assert_int_equal(field(*state, key)->type, types[i]);
  }
  assert_int_equal(field(*state, "i.blob")->type, FIELD_BLOB);
  assert_ptr_equal(field(*state, "i.blob")->parent, field(*state, "i"));
  assert_string_equal(field(*state, "h.a")->name, "a");
}

static void refuses_what_is_no_column(void **state) {
  (void)state;
  expect_refusal("", "line 1", "schema NUMBER KIND");
  expect_refusal("kind 3 thing\n", "line 1", "schema NUMBER KIND");
  expect_refusal("schema 0 thing\n", "line 1", "number");
  expect_refusal("schema 70000 thing\n", "line 1", "number");
  expect_refusal("schema 5 Thing\n", "line 1", "name");
  expect_refusal(HEAD "# nothing\n", "line 2", "no fields");
  expect_refusal(HEAD TITLE "x text 1 -\n", "line 3", "five columns");
  expect_refusal(HEAD TITLE "X text 1 - -\n", "line 3", "no key");
  expect_refusal(HEAD TITLE "title text 1 - -\n", "line 3", "twice");
  expect_refusal(HEAD TITLE "x txt 1 - -\n", "line 3", "no type");
  expect_refusal(HEAD TITLE "x text 2 - -\n", "line 3", "no count");
  expect_refusal(HEAD TITLE "x text 5..2 - -\n", "line 3", "no count");
  expect_refusal(HEAD TITLE "x text 1..257 - -\n", "line 3", "no count");
  expect_refusal(HEAD TITLE "x text 1 yes -\n", "line 3", "ml");
  expect_refusal(HEAD TITLE "x code 1 ml -\n", "line 3", "only a text");
  expect_refusal(HEAD TITLE "x text 1 - maybe\n", "line 3", "fifth column");
  expect_refusal(HEAD TITLE "x text 1 - P|\n", "line 3", "P|field");
  expect_refusal(HEAD TITLE "x text 1 - P|y\n", "line 3", "no field 'y'");
  expect_refusal(HEAD "x number 1 - -\n", "line 2", "text field");
  expect_refusal(HEAD TITLE "x \xff 1 - -\n", "line 3", "UTF-8");
}

static void refuses_groups_that_are_none(void **state) {
  (void)state;
  expect_refusal(HEAD TITLE "g group * - -\nx text 1 - -\n", "line 3", "has no fields");
  expect_refusal(HEAD TITLE "title.x text 1 - -\n", "line 3", "does not follow its group");
  expect_refusal(HEAD TITLE "g group * - -\ng.a text 1 - -\nx text 1 - -\ng.b text 1 - -\n", "line 6", "does not follow");
  expect_refusal(HEAD TITLE "g group * - -\ng.a group 1 - -\n", "line 4", "group cannot stand in a group");
  expect_refusal(HEAD TITLE "g group * - -\ng.a blob 1 - -\n", "line 4", "only in a file");
  expect_refusal(HEAD TITLE "g group * - -\ng.note text 1 ml -\n", "line 4", "cannot be 'ml'");
  expect_refusal(HEAD TITLE "g group * - -\ng.name text * ml -\n", "line 4", "cannot be 'ml'");
  expect_refusal(HEAD TITLE "g group * - -\ng.a text 1 - P|title\n", "line 4", "no alternatives");
}

static void reads_counts_and_needs(void **state) {
  expect_add(*state, HEAD TITLE "a text * - -\nb text 3..20 - C\nc text 1 - P|a|b\n");
  assert_true(field(*state, "a")->many);
  assert_int_equal(field(*state, "a")->max_items, 256);
  assert_int_equal(field(*state, "b")->min, 3);
  assert_int_equal(field(*state, "b")->max_items, 20);
  assert_int_equal(field(*state, "b")->need, NEED_COMPLETE);
  assert_int_equal(field(*state, "c")->need, NEED_PUBLISH);
  assert_int_equal(field(*state, "c")->n_alternatives, 2);
  assert_string_equal(field(*state, "c")->alternatives[1], "b");
  assert_false(field(*state, "title")->many);
}

static void reads_the_rule_words_of_fields(void **state) {
  expect_add(*state,
             HEAD TITLE "level code 1 - - vocab=level dim=level\nx text 1 - C max=12 when=level:local,central # why\n"
                        "n number 1 - - sum\ng group * - - order=d\ng.d date 1 - -\nr ref * - - ref=case inverse=back\n");
  assert_int_equal(schema_set_link(*state, NULL), OK);
  assert_int_equal(field(*state, "x")->max_chars, 12);
  assert_string_equal(field(*state, "x")->when_field, "level");
  assert_int_equal(field(*state, "x")->n_when, 2);
  assert_string_equal(field(*state, "x")->when_codes[1], "central");
  assert_string_equal(field(*state, "level")->dim, "level");
  assert_ptr_equal(field(*state, "level")->vocabulary, vocabulary_by_name(*state, "level"));
  assert_true(field(*state, "n")->sum);
  assert_string_equal(field(*state, "g")->order, "d");
  assert_string_equal(field(*state, "r")->ref_kind, "case");
  assert_string_equal(field(*state, "r")->inverse, "back");
}

static void refuses_rule_words_out_of_place(void **state) {
  (void)state;
  expect_refusal(HEAD TITLE "x number 1 - - max=3\n", "line 3", "'max' cannot stand with a number");
  expect_refusal(HEAD TITLE "x text 1 - - max=0\n", "line 3", "'max' needs a number");
  expect_refusal(HEAD TITLE "x text 1 - - max\n", "line 3", "needs a value");
  expect_refusal(HEAD TITLE "x text 1 - - vocab=level\n", "line 3", "cannot stand with a text");
  expect_refusal(HEAD TITLE "x code 1 - - vocab=leval\n", "thing.schema", "no vocabulary 'leval'");
  expect_refusal(HEAD TITLE "x text 1 - - sum\n", "line 3", "cannot stand with a text");
  expect_refusal(HEAD TITLE "x number 1 - - sum=1\n", "line 3", "takes no value");
  expect_refusal(HEAD TITLE "x number 1 - - order=a\n", "line 3", "cannot stand with a number");
  expect_refusal(HEAD TITLE "g group * - - order=z\ng.a text 1 - -\n", "line 3", "no field 'z'");
  expect_refusal(HEAD TITLE "x text 1 - - ref=case\n", "line 3", "cannot stand with a text");
  expect_refusal(HEAD TITLE "x ref 1 - - inverse=back\n", "line 3", "needs 'ref=KIND'");
  expect_refusal(HEAD TITLE "x text 1 ml - dim=a\n", "line 3", "cannot stand with a text");
  expect_refusal(HEAD TITLE "x text 1 - - when=title:a\n", "line 3", "needs a need");
  expect_refusal(HEAD TITLE "x text 1 - C when=title:a\n", "line 3", "looks at a code or bool");
  expect_refusal(HEAD TITLE "x text 1 - C when=y:a\n", "line 3", "no field 'y'");
  expect_refusal(HEAD TITLE "x text 1 - C when=y\n", "line 3", "when=FIELD:code");
  expect_refusal(HEAD TITLE "y code 1 - - vocab=level\nx text 1 - C when=y:nowhere\n", "thing.schema", "no code of y");
  expect_refusal(HEAD TITLE "y bool 1 - -\nx text 1 - C when=y:perhaps\n", "thing.schema", "no code of y");
  expect_refusal(HEAD TITLE "x text 1 - - dimm=a\n", "line 3", "no rule word");
  expect_refusal(HEAD TITLE "x text 1 - - dim=country\n", "thing.schema", "another type or vocabulary");
}

static void reads_the_lines_of_a_kind(void **state) {
  expect_add(*state, HEAD TITLE "s text 1 - -\ni text 1 - -\ng group * - -\ng.a text 1 - -\norder s\nunique s,i\nheading i\n"
                                "citations g\nprofile express P\nprofile short title,s\n");
  const struct schema *s = schema_by_kind(*state, "thing");
  assert_string_equal(s->order, "s");
  assert_int_equal(s->n_unique, 2);
  assert_ptr_equal(s->unique[1], field(*state, "i"));
  assert_true(field(*state, "i")->heading);
  assert_false(field(*state, "s")->heading);
  assert_ptr_equal(s->citations, field(*state, "g"));
  assert_true(schema_profile(s, "express")->publish_only);
  assert_int_equal(schema_profile(s, "short")->n_fields, 2);
  assert_ptr_equal(schema_profile(s, "short")->fields[1], field(*state, "s"));
  assert_null(schema_profile(s, "other"));
}

static void refuses_lines_of_a_kind_that_name_nothing(void **state) {
  (void)state;
  expect_refusal(HEAD TITLE "order size\n", "line 3", "no field 'size'");
  expect_refusal(HEAD TITLE "unique title\n", "line 3", "not a single value");
  expect_refusal(HEAD TITLE "s text 1 - -\nunique s\nunique s\n", "line 5", "one line");
  expect_refusal(HEAD TITLE "heading\n", "line 3", "heading FIELD");
  expect_refusal(HEAD TITLE "citations title\n", "line 3", "not a group");
  expect_refusal(HEAD TITLE "profile express\n", "line 3", "profile NAME");
  expect_refusal(HEAD TITLE "profile a title,title\n", "line 3", "twice");
  expect_refusal(HEAD TITLE "profile a P\nprofile a P\n", "line 4", "twice");
}

static void a_field_may_be_called_like_a_rule_word(void **state) {
  expect_add(*state, HEAD TITLE "order number 1 - -\nprofile text 1 - -\n");
  assert_int_equal(field(*state, "order")->type, FIELD_NUMBER);
  assert_int_equal(field(*state, "profile")->type, FIELD_TEXT);
}

static void numbers_and_kinds_belong_to_one_schema(void **state) {
  struct err err = ERR_INIT;
  expect_add(*state, HEAD TITLE);
  assert_int_equal(schema_set_add(*state, "x", view_of_text(HEAD TITLE), &err), ERR_REFUSED);
  assert_int_equal(schema_set_add(*state, "x", view_of_text("schema 1024 other\n" TITLE), &err), ERR_REFUSED);
  assert_non_null(strstr(err.message, "belongs to 'thing'"));
  assert_int_equal(schema_set_add(*state, "x", view_of_text("schema 1023 other\n" TITLE), &err), OK);
  for (size_t i = 1; i < schema_set_count(*state); i++) {
    assert_true(schema_set_at(*state, i - 1)->number < schema_set_at(*state, i)->number);
  }
  assert_null(schema_set_at(*state, schema_set_count(*state)));
  assert_string_equal(schema_by_number(*state, 1024)->kind, "thing");
  assert_null(schema_by_number(*state, 4711));
  assert_null(schema_by_kind(*state, "nothing"));
}

static void labels_fall_back_to_english_then_to_the_key(void **state) {
  static const char tsv[] = "key\tlabel.en\tlabel.it\thelp.en\texample.it\ntitle\tTitle\tTitolo\tShort.\tCasa\nsize\tSize\n";
  struct err err = ERR_INIT;
  assert_int_equal(schema_set_add_labels(*state, "thing", view_of_text(tsv), &err), OK);
  expect_add(*state, HEAD TITLE "size number 1 - -\nother text 1 - -\n");
  const struct schema *s = schema_by_kind(*state, "thing");
  assert_string_equal(schema_label(s, "title", "it"), "Titolo");
  assert_string_equal(schema_label(s, "title", "it-CH"), "Titolo");
  assert_string_equal(schema_label(s, "title", "fi"), "Title");
  assert_string_equal(schema_label(s, "size", "it"), "Size");
  assert_string_equal(schema_label(s, "other", "it"), "other");
  assert_string_equal(schema_help(s, "title", "it"), "Short.");
  assert_string_equal(schema_help(s, "size", "it"), "");
  assert_string_equal(schema_example(s, "title", "it"), "Casa");
  assert_string_equal(schema_example(s, "title", "en"), "");
}

static void later_labels_go_before_earlier_ones(void **state) {
  const struct schema *s = schema_by_kind(*state, "case");
  assert_string_equal(schema_label(s, "title", "it"), "Titolo");
  assert_int_equal(schema_set_add_labels(*state, "case", view_of_text("key\tlabel.it\tlabel.fr\ntitle\tNome\tNom\n"), NULL),
                   OK);
  assert_string_equal(schema_label(s, "title", "it"), "Nome");
  assert_string_equal(schema_label(s, "title", "fr"), "Nom");
  assert_string_equal(schema_label(s, "title", "en"), "Title");
}

static void refuses_tables_that_are_none(void **state) {
  static const struct {
    const char *tsv, *says;
  } labels[] = {{"", "line 1"},
                {"label.en\nx\n", "no column 'key'"},
                {"key\tlabel.EN\n", "no column of labels"},
                {"key\tlabel.en\na\tA\na\tB\n", "'a' stands there twice"},
                {"key\tlabel.en\na\tA\tB\n", "line 2"},
                {"key\tlabel.en\n\tA\n", "line 2"},
                {"key\tlabel.en\na\t\xff\n", "line 2"}};
  for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
    struct err err = ERR_INIT;
    assert_int_equal(schema_set_add_labels(*state, "thing", view_of_text(labels[i].tsv), &err), ERR_FORMAT);
    if (strstr(err.message, labels[i].says) == NULL) fail_msg("'%s' should say '%s'", err.message, labels[i].says);
  }
}

static void knows_which_code_a_word_means(void **state) {
  const struct vocabulary *country = vocabulary_by_name(*state, "country"), *sector = vocabulary_by_name(*state, "sector");
  const struct {
    const struct vocabulary *v;
    const char *word, *lang, *code;
  } rows[] = {{country, "IT", "en", "IT"},    {country, "it", NULL, "IT"},    {country, "Italia", "it", "IT"},
              {country, "ITALY", "it", "IT"}, {country, "Italy", NULL, NULL}, {country, "", "en", NULL},
              {country, "itt", "en", NULL},   {sector, "01.3", NULL, "01.3"}, {sector, "general services", "en", "01.3"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *code = vocabulary_meant(rows[i].v, view_of_text(rows[i].word), rows[i].lang);
    if (rows[i].code != NULL && (code == NULL || strcmp(code, rows[i].code) != 0)) fail_msg("%s: %s", rows[i].word, code);
    if (rows[i].code == NULL && code != NULL) fail_msg("%s: %s", rows[i].word, code);
  }
  assert_string_equal(vocabulary_near(country, view_of_text("itt"), "en"), "IT");
  assert_string_equal(vocabulary_near(country, view_of_text("Itly"), "en"), "IT");
  assert_null(vocabulary_near(country, view_of_text("zz"), "en"));
  assert_null(vocabulary_near(country, view_of_text("qqqqqqqqqqqq"), "en"));
  /* A name that two codes have means neither. */
  const char twice[] = "number\tcode\ten\n1\ta\tSame\n2\tb\tSame\n3\tc\tOther\n";
  assert_int_equal(schema_set_add_vocabulary(*state, "twice", view_of_text(twice), NULL), OK);
  const struct vocabulary *v = vocabulary_by_name(*state, "twice");
  assert_null(vocabulary_meant(v, view_of_text("same"), "en"));
  assert_string_equal(vocabulary_meant(v, view_of_text("other"), "en"), "c");
}

static void reads_a_vocabulary(void **state) {
  static const char tsv[] = "number\tcode\ten\tit\r\n3\tred\tRed\tRosso\r\n\r\n1\tblue\tBlue\t\r\n7\tx\t\t\r\n";
  assert_int_equal(schema_set_add_vocabulary(*state, "colour", view_of_text(tsv), NULL), OK);
  const struct vocabulary *v = vocabulary_by_name(*state, "colour");
  assert_int_equal(vocabulary_count(v), 3);
  assert_string_equal(vocabulary_code(v, 0), "red");
  assert_null(vocabulary_code(v, 3));
  assert_true(vocabulary_has(v, view_of_text("blue")));
  assert_false(vocabulary_has(v, view_of_text("blu")));
  assert_int_equal(vocabulary_number(v, view_of_text("red")), 3);
  assert_int_equal(vocabulary_number(v, view_of_text("green")), -1);
  assert_string_equal(vocabulary_label(v, view_of_text("red"), "it"), "Rosso");
  assert_string_equal(vocabulary_label(v, view_of_text("blue"), "it"), "Blue");
  assert_null(vocabulary_label(v, view_of_text("x"), "it"));
  assert_null(vocabulary_label(v, view_of_text("green"), "en"));
  assert_int_equal(schema_set_add_vocabulary(*state, "colour", view_of_text(tsv), NULL), ERR_REFUSED);
}

static void refuses_vocabularies_with_bad_numbers_or_codes(void **state) {
  static const char *const bad[] = {"code\ten\na\tA\n",       "number\tcode\n0\ta\n",       "number\tcode\nx\ta\n",
                                    "number\tcode\n1\ta b\n", "number\tcode\n1\ta\n1\tb\n", "number\tcode\n1\ta\n2\ta\n",
                                    "number\tcode\n1\t\n",    "number\tcode\n1\ta,b\n"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct err err = ERR_INIT;
    if (schema_set_add_vocabulary(*state, "colour", view_of_text(bad[i]), &err) != ERR_FORMAT) fail_msg("accepted: %s", bad[i]);
    assert_true(strlen(err.message) > 0);
  }
  assert_int_equal(schema_set_add_vocabulary(*state, "No", view_of_text("number\tcode\n1\ta\n"), NULL), ERR_FORMAT);
}

static void knows_countries_in_every_official_language_of_the_eu(void **state) {
  static const struct {
    const char *lang, *germany;
  } names[] = {{"bg", "Германия"},     {"cs", "Německo"},  {"da", "Tyskland"},    {"de", "Deutschland"}, {"el", "Γερμανία"},
               {"en", "Germany"},      {"es", "Alemania"}, {"et", "Saksamaa"},    {"fi", "Saksa"},       {"fr", "Allemagne"},
               {"ga", "An Ghearmáin"}, {"hr", "Njemačka"}, {"hu", "Németország"}, {"it", "Germania"},    {"lt", "Vokietija"},
               {"lv", "Vācija"},       {"mt", "Ġermanja"}, {"nl", "Duitsland"},   {"pl", "Niemcy"},      {"pt", "Alemanha"},
               {"ro", "Germania"},     {"sk", "Nemecko"},  {"sl", "Nemčija"},     {"sv", "Tyskland"}};
  const struct vocabulary *v = vocabulary_by_name(*state, "country");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *label = vocabulary_label(v, view_of_text("DE"), names[i].lang);
    if (strcasecmp(label, names[i].germany) != 0) fail_msg("%s: %s", names[i].lang, label);
  }
  assert_string_equal(vocabulary_label(v, view_of_text("XK"), "it"), "Kosovo");
  assert_string_equal(vocabulary_label(v, view_of_text("EU"), "it"), "Unione europea");
  assert_int_equal(vocabulary_number(v, view_of_text("DE")), -1);
  assert_true(vocabulary_count(v) > 240);
}

static void knows_regions_languages_and_currencies(void **state) {
  const struct vocabulary *region = vocabulary_by_name(*state, "region"), *language = vocabulary_by_name(*state, "language");
  const struct vocabulary *currency = vocabulary_by_name(*state, "currency");
  assert_string_equal(vocabulary_label(region, view_of_text("IT-34"), "en"), "Veneto");
  assert_true(vocabulary_has(region, view_of_text("US-MN")));
  assert_string_equal(vocabulary_label(language, view_of_text("it"), "en"), "Italian");
  assert_string_equal(vocabulary_label(language, view_of_text("it"), "it"), "Italiano");
  assert_true(vocabulary_has(language, view_of_text("vec")));
  assert_false(vocabulary_has(language, view_of_text("ita")));
  assert_string_equal(vocabulary_label(currency, view_of_text("EUR"), "en"), "Euro");
  assert_string_equal(vocabulary_label(currency, view_of_text("CHF"), "it"), "Franco svizzero");
  for (size_t i = 1; i < vocabulary_count(region); i++) {
    assert_true(strcmp(vocabulary_code(region, i - 1), vocabulary_code(region, i)) < 0);
  }
}

static void embedded_kinds_are_labelled_in_english_and_italian(void **state) {
  for (size_t i = 0; i < schema_set_count(*state); i++) {
    const struct schema *s = schema_set_at(*state, i);
    for (size_t j = 0; j < s->n_fields; j++) {
      for (size_t k = 0; k <= s->fields[j].n_children; k++) {
        const char *key = k == 0 ? s->fields[j].key : s->fields[j].children[k - 1].key;
        if (strcmp(schema_label(s, key, "en"), key) == 0 || strcmp(schema_label(s, key, "it"), key) == 0) {
          fail_msg("%s: %s has no label", s->kind, key);
        }
      }
    }
  }
}

static void the_case_has_the_number_one_and_its_four_needs(void **state) {
  const struct schema *s = schema_by_number(*state, 1);
  size_t n = 0;
  assert_string_equal(s->kind, "case");
  for (size_t i = 0; i < s->n_fields; i++)
    n += s->fields[i].need == NEED_PUBLISH;
  assert_int_equal(n, 5); /* summary and overview stand for each other */
  assert_non_null(s->language);
  assert_non_null(s->citations);
  assert_true(s->title->ml);
}

static void finds_fields_and_suggests_near_ones(void **state) {
  expect_add(*state, HEAD TITLE "timeline group * - -\ntimeline.label text 1 ml -\n");
  const struct schema *s = schema_by_kind(*state, "thing");
  assert_non_null(schema_field(s, view_of_text("timeline.label")));
  assert_null(schema_field(s, view_of_text("timeline.")));
  assert_null(schema_field(s, view_of_text("title.it")));
  assert_null(schema_field(s, view_of_text("")));
  assert_string_equal(schema_nearest_field(s, view_of_text("titel")), "title");
  assert_string_equal(schema_nearest_field(s, view_of_text("timelin.label")), "timeline.label");
  assert_null(schema_nearest_field(s, view_of_text("zebra")));
}

static void measures_edits(void **state) {
  (void)state;
  assert_int_equal(nearest_distance(view_of_text(""), view_of_text("abc")), 3);
  assert_int_equal(nearest_distance(view_of_text("abc"), view_of_text("")), 3);
  assert_int_equal(nearest_distance(view_of_text("kitten"), view_of_text("sitting")), 3);
  assert_int_equal(nearest_distance(view_of_text("publihs"), view_of_text("publish")), 1);
  assert_int_equal(nearest_distance(view_of_text("ABC"), view_of_text("abc")), 0);
}

static void numbers_have_one_spelling(void **state) {
  (void)state;
  static const char *const good[] = {
      "0", "1", "-1", "0.5", "-0.5", "1250.5", "0.000001", "123456789012345678", "123456789012.345678"};
  static const char *const bad[] = {"",
                                    "-",
                                    "-0",
                                    "+1",
                                    "01",
                                    "1.",
                                    ".5",
                                    "1.50",
                                    "1,5",
                                    "1e3",
                                    " 1",
                                    "1 ",
                                    "0.0000001",
                                    "1234567890123456789",
                                    "1234567890123.456789",
                                    "0x1",
                                    "--1",
                                    "-0.0",
                                    "0.0",
                                    "NaN"};
  static const char *const spelled[][2] = {{"+007.50", "7.5"}, {"1.0", "1"}, {"-0", "0"},
                                           {"-0.000", "0"},    {"00", "0"},  {"000.5", "0.5"}};
  char out[VALUE_NUMBER_MAX];
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    if (!value_is_number(view_of_text(good[i]))) fail_msg("%s", good[i]);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (value_is_number(view_of_text(bad[i]))) fail_msg("%s", bad[i]);
  }
  for (size_t i = 0; i < sizeof spelled / sizeof spelled[0]; i++) {
    assert_true(value_number(view_of_text(spelled[i][0]), out));
    assert_string_equal(out, spelled[i][1]);
  }
  assert_true(value_number_of_double(45.4384, out));
  assert_string_equal(out, "45.4384");
  assert_true(value_number_of_double(-1e15, out));
  assert_string_equal(out, "-1000000000000000");
  assert_false(value_number_of_double(1e300, out));
}

static void dates_exist(void **state) {
  (void)state;
  static const char *const good[] = {"2024", "2024-02", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"};
  static const char *const bad[] = {"",           "24",          "0000",       "2024-",      "2024-00",    "2024-13",
                                    "2024-2",     "2024-02-30",  "2023-02-29", "1900-02-29", "2024-04-31", "2024-01-00",
                                    "2024/01/01", "2024-01-01T", "20240101",   "2024-1-01",  "abcd"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    if (!value_is_date(view_of_text(good[i]))) fail_msg("%s", good[i]);
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (value_is_date(view_of_text(bad[i]))) fail_msg("%s", bad[i]);
  }
}

static void tags_and_addresses_are_told_from_what_is_none(void **state) {
  (void)state;
  static const char *const tags[] = {"it", "pt-BR", "zh-Hant", "vec", "de-CH-1996"};
  static const char *const no_tags[] = {"", "i", "ital", "IT", "it-", "it_IT", "it-x", "-it", "it--IT", "it-123456789"};
  static const char *const urls[] = {"http://example.org", "https://example.org/a?b=c#d"};
  static const char *const no_urls[] = {"",
                                        "example.org",
                                        "javascript:alert(1)",
                                        "ftp://example.org",
                                        "http://",
                                        "http:///a",
                                        "https://example.org/a b",
                                        "https://example.org/\"",
                                        "https://example.org/<b>",
                                        "HTTP://x"};
  char tag[VALUE_TAG_MAX];
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
    assert_true(value_is_tag(view_of_text(tags[i])));
  for (size_t i = 0; i < sizeof no_tags / sizeof no_tags[0]; i++)
    assert_false(value_is_tag(view_of_text(no_tags[i])));
  for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
    assert_true(value_is_url(view_of_text(urls[i])));
  for (size_t i = 0; i < sizeof no_urls / sizeof no_urls[0]; i++)
    assert_false(value_is_url(view_of_text(no_urls[i])));
  assert_true(value_tag(view_of_text("EN_gb"), tag));
  assert_string_equal(tag, "en-GB");
  assert_true(value_tag(view_of_text("zh-hant-tw"), tag));
  assert_string_equal(tag, "zh-Hant-TW");
  assert_false(value_tag(view_of_text("Italian"), tag));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(reads_every_type, new_set, free_set),
      cmocka_unit_test(refuses_what_is_no_column),
      cmocka_unit_test(refuses_groups_that_are_none),
      cmocka_unit_test_setup_teardown(reads_counts_and_needs, new_set, free_set),
      cmocka_unit_test_setup_teardown(reads_the_rule_words_of_fields, new_set, free_set),
      cmocka_unit_test(refuses_rule_words_out_of_place),
      cmocka_unit_test_setup_teardown(reads_the_lines_of_a_kind, new_set, free_set),
      cmocka_unit_test(refuses_lines_of_a_kind_that_name_nothing),
      cmocka_unit_test_setup_teardown(a_field_may_be_called_like_a_rule_word, new_set, free_set),
      cmocka_unit_test_setup_teardown(numbers_and_kinds_belong_to_one_schema, new_set, free_set),
      cmocka_unit_test_setup_teardown(labels_fall_back_to_english_then_to_the_key, new_set, free_set),
      cmocka_unit_test_setup_teardown(later_labels_go_before_earlier_ones, new_set, free_set),
      cmocka_unit_test_setup_teardown(refuses_tables_that_are_none, new_set, free_set),
      cmocka_unit_test_setup_teardown(reads_a_vocabulary, new_set, free_set),
      cmocka_unit_test_setup_teardown(knows_which_code_a_word_means, new_set, free_set),
      cmocka_unit_test_setup_teardown(refuses_vocabularies_with_bad_numbers_or_codes, new_set, free_set),
      cmocka_unit_test_setup_teardown(knows_countries_in_every_official_language_of_the_eu, new_set, free_set),
      cmocka_unit_test_setup_teardown(knows_regions_languages_and_currencies, new_set, free_set),
      cmocka_unit_test_setup_teardown(embedded_kinds_are_labelled_in_english_and_italian, new_set, free_set),
      cmocka_unit_test_setup_teardown(the_case_has_the_number_one_and_its_four_needs, new_set, free_set),
      cmocka_unit_test_setup_teardown(finds_fields_and_suggests_near_ones, new_set, free_set),
      cmocka_unit_test(measures_edits),
      cmocka_unit_test(numbers_have_one_spelling),
      cmocka_unit_test(dates_exist),
      cmocka_unit_test(tags_and_addresses_are_told_from_what_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
