/*
 * test_snippet: the stretch with most matches, its edges, and that hostile texts cost no more than their length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keys/text.h"
#include "node/store/snippet.h"

/* The snippet of a text for what query_text makes of words. Valid until the next call. */
static const char *cut_for(const char *match, const char *text) {
  static struct bytes out;
  static bool begun = false;
  if (!begun) bytes_init(&out, SNIPPET_MAX);
  begun = true;
  bytes_clear(&out);
  assert_int_equal(snippet_make(view_of_text(text), view_of_text(match), &out, NULL), OK);
  assert_true(text_is_valid(bytes_view(&out)));
  return out.len == 0 ? "" : bytes_text(&out);
}

static const char *cut(const char *text) {
  return cut_for("\"word\"", text);
}

#define FORTY "one two three four five six seven eight "
#define FAR FORTY FORTY FORTY FORTY

static void shows_a_short_text_whole(void **state) {
  (void)state;
  assert_string_equal(cut(""), "");
  assert_string_equal(cut("nothing here"), "");
  assert_string_equal(cut("a word here"), "a \u2068word\u2069 here");
  assert_string_equal(cut("Word, sword, words: WORD"), "\u2068Word\u2069, sword, words: \u2068WORD\u2069");
}

static void reads_phrases_prefixes_and_diacritics(void **state) {
  (void)state;
  assert_string_equal(cut_for("\"open data\" OR \"acqu\" *", "Acque: data"), "\u2068Acque\u2069: \u2068data\u2069");
  assert_string_equal(cut_for("\"citta\"", "le Citt\u00e0\u00a0verdi"), "le \u2068Citt\u00e0\u2069\u00a0verdi");
  assert_string_equal(cut_for("\"\u03bd\u03b5\u03c1\u03cc\"", "\u039d\u0395\u03a1\u038c"),
                      "\u2068\u039d\u0395\u03a1\u038c\u2069");
  assert_string_equal(cut_for("", "a word"), "");
}

static void takes_the_stretch_with_most_matches(void **state) {
  (void)state;
  const char *snippet = cut("a word alone " FAR "then a word and a word near " FAR);
  assert_non_null(strstr(snippet, "\u2068word\u2069 and a \u2068word\u2069 near"));
  assert_null(strstr(snippet, "alone"));
  assert_memory_equal(snippet, "…", 3);
  assert_memory_equal(snippet + strlen(snippet) - 3, "…", 3);
}

static void leaves_out_isolates_of_the_text_itself(void **state) {
  (void)state;
  assert_string_equal(cut("x\u2068y \u2069word\u2069 z\u2066"), "xy \u2068word\u2069 z\u2066");
}

static void cuts_long_words_between_characters(void **state) {
  (void)state;
  char text[2000] = "word-";
  for (size_t i = 0; i < 600; i++)
    memcpy(text + 5 + 2 * i, "\u00e8", 3);
  const char *snippet = cut(text);
  assert_in_range(strlen(snippet), 100, 200);
  assert_memory_equal(snippet, "\u2068word\u2069-\u00e8", 13);
}

static void takes_a_hundred_thousand_matches_at_once(void **state) {
  (void)state;
  static char text[200001];
  for (size_t i = 0; i + 1 < sizeof text; i += 2)
    memcpy(text + i, "x ", 2);
  assert_in_range(strlen(cut_for("\"x\"", text)), 100, SNIPPET_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_a_short_text_whole),
      cmocka_unit_test(reads_phrases_prefixes_and_diacritics),
      cmocka_unit_test(takes_the_stretch_with_most_matches),
      cmocka_unit_test(leaves_out_isolates_of_the_text_itself),
      cmocka_unit_test(cuts_long_words_between_characters),
      cmocka_unit_test(takes_a_hundred_thousand_matches_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
