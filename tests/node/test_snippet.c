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

/* The snippet of a text in which "[" and "]" stand for the marks. Valid until the next call. */
static const char *cut(const char *text) {
  static struct bytes out;
  static bool begun = false;
  struct bytes marked;
  if (!begun) bytes_init(&out, SNIPPET_MAX);
  begun = true;
  bytes_clear(&out);
  bytes_init(&marked, 1000000);
  for (; *text != '\0'; text++) {
    const uint8_t c = (uint8_t)(*text == '[' ? SNIPPET_BEGIN : *text == ']' ? SNIPPET_END : *text);
    assert_int_equal(bytes_append_u8(&marked, c, NULL), OK);
  }
  assert_int_equal(snippet_cut(bytes_view(&marked), &out, NULL), OK);
  bytes_release(&marked);
  assert_true(text_is_valid(bytes_view(&out)));
  return out.len == 0 ? "" : bytes_text(&out);
}

#define FORTY "one two three four five six seven eight "
#define FAR FORTY FORTY FORTY FORTY

static void shows_a_short_text_whole(void **state) {
  (void)state;
  assert_string_equal(cut(""), "");
  assert_string_equal(cut("nothing here"), "");
  assert_string_equal(cut("a [word] here"), "a \u2068word\u2069 here");
}

static void takes_the_stretch_with_most_matches(void **state) {
  (void)state;
  const char *snippet = cut("a [word] alone " FAR "then a [word] and a [word] near " FAR);
  assert_non_null(strstr(snippet, "\u2068word\u2069 and a \u2068word\u2069 near"));
  assert_null(strstr(snippet, "alone"));
  assert_memory_equal(snippet, "…", 3);
  assert_memory_equal(snippet + strlen(snippet) - 3, "…", 3);
}

static void leaves_out_isolates_of_the_text_itself(void **state) {
  (void)state;
  assert_string_equal(cut("x\u2068y \u2069[a\u2069b]\u2066"), "xy \u2068ab\u2069\u2066");
}

static void ends_a_match_that_is_cut(void **state) {
  (void)state;
  char text[2000] = "[";
  for (size_t i = 0; i < 600; i++)
    memcpy(text + 1 + 2 * i, "\u00e8", 3);
  const char *snippet = cut(text);
  const size_t len = strlen(snippet);
  assert_in_range(len, 100, 200);
  assert_string_equal(snippet + len - 6, "\u2069…");
}

static void takes_a_hundred_thousand_matches_at_once(void **state) {
  (void)state;
  static uint8_t text[400000];
  struct bytes out;
  for (size_t i = 0; i < sizeof text; i += 4)
    memcpy(text + i, (uint8_t[]){SNIPPET_BEGIN, 'x', SNIPPET_END, ' '}, 4);
  bytes_init(&out, SNIPPET_MAX);
  assert_int_equal(snippet_cut(view_of(text, sizeof text), &out, NULL), OK);
  assert_in_range(out.len, 100, SNIPPET_MAX);
  bytes_release(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shows_a_short_text_whole),
      cmocka_unit_test(takes_the_stretch_with_most_matches),
      cmocka_unit_test(leaves_out_isolates_of_the_text_itself),
      cmocka_unit_test(ends_a_match_that_is_cut),
      cmocka_unit_test(takes_a_hundred_thousand_matches_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
