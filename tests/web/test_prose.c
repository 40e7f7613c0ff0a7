/*
 * test_prose: what people type comes out as they meant it, and nothing that they type is markup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "node/web/prose.h"

#define START "<!doctype html>\n"

/* The HTML of a text must be expected, without the document's start. */
static void shows(const char *text, const char *expected) {
  struct bytes out;
  bytes_init(&out, 100000);
  struct html h = html_start(&out);
  prose_show(&h, view_of_text(text), "h3");
  assert_int_equal(html_finish(&h, NULL), OK);
  assert_int_equal(bytes_append_u8(&out, 0, NULL), OK);
  char *got = (char *)out.p + strlen(START);
  got[strlen(got) - 1] = '\0'; /* the line end of html_finish */
  assert_string_equal(got, expected);
  bytes_release(&out);
}

static void makes_paragraphs(void **state) {
  (void)state;
  shows("", "");
  shows("\n\none\ntwo  \n \n\n<b>three\n", "<p>one<br>two</p><p>&lt;b&gt;three</p>");
}

static void makes_lists_and_keeps_their_numbers(void **state) {
  (void)state;
  shows("Steps:\n- one\n- two\n  and a half\n\n* three\nend",
        "<p>Steps:</p><ul><li>one</li><li>two<br>and a half</li><li>three<br>end</li></ul>");
  shows("3. three\n4) four\n\nend", "<ol><li value=\"3\">three</li><li value=\"4\">four</li></ol><p>end</p>");
  shows("\xe2\x80\xa2 a\n1. b", "<ul><li>a</li></ul><ol><li value=\"1\">b</li></ol>");
  shows("2019. A year\n-1 degree\n-\n- ", "<p>2019. A year<br>-1 degree<br>-<br>-</p>");
}

static void makes_headings(void **state) {
  (void)state;
  shows("## Purpose\nWhy\n# \n#tag", "<h3>Purpose</h3><p>Why<br>#<br>#tag</p>");
}

static void makes_links_of_web_addresses_alone(void **state) {
  (void)state;
  static const char OF_PEOPLE[] = "rel=\"noreferrer nofollow ugc\"";
  char expected[400];
  (void)snprintf(expected, sizeof expected,
                 "<p>See <a href=\"https://example.org/a?b=1&amp;c\" %s>https://example.org/a?b=1&amp;c</a>.</p>", OF_PEOPLE);
  shows("See https://example.org/a?b=1&c.", expected);
  (void)snprintf(expected, sizeof expected, "<p><a href=\"https://example.org/\" %s>the site</a>!</p>", OF_PEOPLE);
  shows("[the site](https://example.org/)!", expected);
  shows("[x](javascript:alert(1)) [](https://example.org/) [5] http:// ![x](x)",
        "<p>[x](javascript:alert(1)) [](<a href=\"https://example.org/\" "
        "rel=\"noreferrer nofollow ugc\">https://example.org/</a>) [5] http:// ![x](x)</p>");
}

static void makes_strong_what_ends(void **state) {
  (void)state;
  shows("a **b c** d** ** e ** f", "<p>a <strong>b c</strong> d** ** e ** f</p>");
  shows("****", "<p>****</p>");
}

/* Marks in any order: what comes out is whole, and has no element but ours. */
static void stands_any_text(void **state) {
  (void)state;
  static const char *const PARTS[] = {
      "**", "[", "](", ")", "https://example.org", "\n", "\n\n", "- ", "1. ", "# ", "<script>", "&", "\"", " ", "a", "\xff"};
  const unsigned seed = (unsigned)time(NULL);
  print_message("seed %u\n", seed);
  srand(seed);
  for (int round = 0; round < 3000; round++) {
    char text[600];
    size_t len = 0;
    for (int n = rand() % 60; n > 0; n--) {
      const char *part = PARTS[(size_t)rand() % (sizeof PARTS / sizeof PARTS[0])];
      memcpy(text + len, part, strlen(part));
      len += strlen(part);
    }
    struct bytes out;
    bytes_init(&out, 100000);
    struct html h = html_start(&out);
    prose_show(&h, view_of(text, len), "h3");
    assert_int_equal(h.depth, 0);
    assert_int_equal(html_finish(&h, NULL), OK);
    assert_non_null(bytes_text(&out));
    assert_null(strstr(bytes_text(&out), "<script"));
    bytes_release(&out);
  }
}

static double seconds_for(const char *mark, size_t len) {
  struct bytes text, out;
  bytes_init(&text, len + 64);
  bytes_init(&out, 32 * len + 4096);
  while (text.len < len)
    assert_int_equal(bytes_append_text(&text, mark, NULL), OK);
  struct html h = html_start(&out);
  const clock_t start = clock();
  prose_show(&h, bytes_view(&text), "h3");
  const clock_t end = clock();
  assert_int_equal(html_finish(&h, NULL), OK);
  bytes_release(&text);
  bytes_release(&out);
  return (double)(end - start) / CLOCKS_PER_SEC;
}

/* A line of marks that never end costs as much as its length: sixteen times the line, far less than 256 times the work. Both in
 * one run, and again when the machine was busy with something else. */
static void a_line_of_marks_costs_its_length(void **state) {
  (void)state;
  static const char *const MARKS[] = {"[", "**a", "http://", "[a](", "**[http://", "[](", "h", "*"};
  for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; i++) {
    bool is_linear = false;
    for (int turn = 0; turn < 5 && !is_linear; turn++) {
      const double some = seconds_for(MARKS[i], 16384), many = seconds_for(MARKS[i], 262144);
      is_linear = many < 100 * some + 0.01;
    }
    if (!is_linear) fail_msg("a line of %s", MARKS[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(makes_paragraphs),
      cmocka_unit_test(makes_lists_and_keeps_their_numbers),
      cmocka_unit_test(makes_headings),
      cmocka_unit_test(makes_links_of_web_addresses_alone),
      cmocka_unit_test(makes_strong_what_ends),
      cmocka_unit_test(stands_any_text),
      cmocka_unit_test(a_line_of_marks_costs_its_length),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
