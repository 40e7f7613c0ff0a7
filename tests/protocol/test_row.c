/*
 * row: what is read fast is what jansson reads, and what jansson refuses is refused with its words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "protocol/schema/row.h"

/* True if line is JSON; fails unless jansson and row_read say the same. */
static bool judged_alike(struct view line) {
  json_error_t ours, theirs;
  json_t *read = row_read(line, &ours);
  json_t *expected = json_loadb((const char *)line.p, line.len, JSON_REJECT_DUPLICATES, &theirs);
  const bool good = expected != NULL;
  if ((read != NULL) != good) fail_msg("'%.*s': %s", (int)line.len, (const char *)line.p, good ? "not read" : "read");
  if (!good) {
    assert_string_equal(ours.text, theirs.text);
    return false;
  }
  char *text = json_dumps(read, JSON_COMPACT), *wanted = json_dumps(expected, JSON_COMPACT);
  if (strcmp(text, wanted) != 0) fail_msg("'%.*s' became %s, not %s", (int)line.len, (const char *)line.p, text, wanted);
  assert_true(json_equal(read, expected));
  free(text);
  free(wanted);
  json_decref(read);
  json_decref(expected);
  return true;
}

static const char *const GOOD[] = {
    "{}",
    "[]",
    " {\t\"a\" : [ 1 , -2 , 0 , -0 , 1.5e3 , 123456789012345678 ] }\r",
    "{\"b\":\"x\",\"a\":true,\"c\":false,\"d\":null,\"\":[[],{},[{}]]}",
    "{\"t\":\"caff\xc3\xa8 \xe2\x82\xac \xf0\x9f\x98\x80\"}",
    "{\"e\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e8\\u20ac\\ud83d\\ude00\\uFFFF\"}",
    "{\"k\\u0065y\":\"\\\\\",\"\\\"\":\"\\\\\\\"\"}",
    "{\"del\":\"a\x7f\"}",
};
static const char *const BAD[] = {
    "",
    " ",
    "1",
    "\"a\"",
    "{",
    "{]",
    "[1,]",
    "{\"a\":1,}",
    "{\"a\" 1}",
    "{a:1}",
    "{\"a\":1}x",
    "{\"a\":1} {}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"a\":01}",
    "{\"a\":+1}",
    "{\"a\":-}",
    "{\"a\":1-2}",
    "{\"a\":99999999999999999999}",
    "{\"a\":1e999}",
    "{\"a\":tru}",
    "{\"a\":nul",
    "{\"a\":\"b",
    "{\"a\":\"b\\\"}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\\u12\"}",
    "{\"a\":\"\\u0000\"}",
    "{\"a\":\"\\ud83d\"}",
    "{\"a\":\"\\ud83d\\u0041\"}",
    "{\"a\":\"\\ude00\"}",
    "{\"a\":\"tab\there\"}",
    "{\"a\":\"\x01\"}",
    "{\"a\":\"\xc3\"}",
    "{\"a\":\"\xed\xa0\x80\"}",
    "{\"a\":\"\xc0\xaf\"}",
    "\xef\xbb\xbf{}",
};

static void plain_and_rare_forms_are_read_as_jansson_reads_them(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++)
    assert_true(judged_alike(view_of_text(GOOD[i])));
}

static void what_is_no_json_is_refused_with_the_words_of_jansson(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
    assert_false(judged_alike(view_of_text(BAD[i])));
  assert_false(judged_alike(view_of("{\"a\":\"\0\"}", 9)));
  assert_false(judged_alike(view_of("{}\0", 3)));
}

static void nesting_is_read_to_the_depth_of_jansson(void **state) {
  (void)state;
  char text[2 * 3000];
  for (size_t depth = 1; depth <= 3000; depth = depth * 3 / 2 + 1) {
    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    assert_int_equal(judged_alike(view_of(text, 2 * depth)), depth <= 2048);
  }
}

/* Good rows with a few octets changed, taken away or repeated. */
static void damaged_rows_are_judged_as_jansson_judges_them(void **state) {
  (void)state;
  static const char octets[] = "\"\\{}[],:u0nt \x80\xc3\xe2-1.";
  const unsigned seed = (unsigned)time(NULL);
  size_t n_good = 0, n_bad = 0;
  print_message("seed %u\n", seed);
  srand(seed);
  for (int round = 0; round < 20000; round++) {
    char text[256];
    const char *from = GOOD[(size_t)rand() % (sizeof GOOD / sizeof GOOD[0])];
    size_t len = strlen(from);
    memcpy(text, from, len);
    for (int changes = rand() % 3; changes >= 0; changes--) {
      const size_t at = (size_t)rand() % len;
      if (rand() % 2 == 0) {
        text[at] = octets[(size_t)rand() % (sizeof octets - 1)];
      } else if (len > 1) {
        memmove(text + at, text + at + 1, len - at - 1);
        len--;
      }
    }
    if (judged_alike(view_of(text, len))) {
      n_good++;
    } else {
      n_bad++;
    }
  }
  assert_true(n_good > 100 && n_bad > 100);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_and_rare_forms_are_read_as_jansson_reads_them),
      cmocka_unit_test(what_is_no_json_is_refused_with_the_words_of_jansson),
      cmocka_unit_test(nesting_is_read_to_the_depth_of_jansson),
      cmocka_unit_test(damaged_rows_are_judged_as_jansson_judges_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
