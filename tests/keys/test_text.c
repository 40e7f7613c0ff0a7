/* text: well-formedness against a slow oracle, NFC, counting, escaping, folding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "keys/text.h"

#define T(literal) view_of(literal, sizeof(literal) - 1)

static void well_formed_text_is_valid(void **state) {
  (void)state;
  assert_true(text_is_valid(view_of(NULL, 0)));
  assert_true(text_is_valid(T("plain ASCII ~ with \n and \t, long enough for words")));
  assert_true(
      text_is_valid(T("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")));
}

static void ill_formed_text_is_refused_at_its_first_octet(void **state) {
  (void)state;
  static const char *const WRONG[] = {
      "\x80",
      "\xbf",
      "\xc0\x80",
      "\xc1\xbf",
      "\xc2",
      "\xc2\x41",
      "\xe0\x9f\xbf",
      "\xe0\xa0",
      "\xed\xa0\x80",
      "\xed\xbf\xbf",
      "\xf0\x8f\xbf\xbf",
      "\xf4\x90\x80\x80",
      "\xf5\x80\x80\x80",
      "\xf0\x90\x80",
      "\xff",
      "\xfe",
      "\xf8\x88\x80\x80",
      "\x01",
      "\r",
      "\x1f",
      "\x7f",
      "\xe2\x28\xa1",
      "\xe2\x82\x28",
      "\xf0\x28\x8c\xbc",
      "\xf0\x90\x28\xbc",
      "\xf0\x90\x8c\x28",
      "\x0b",
      "\x0c",
  };
  for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
    for (size_t before = 0; before < 20; before++) {
      char text[64];
      int n = snprintf(text, sizeof text, "%.*s%s%s", (int)before, "abcdefghijklmnopqrstuvwxyz", WRONG[i], "tail, some");
      assert_false(text_is_valid(view_of(text, (size_t)n)));
      assert_int_equal(text_valid_prefix(view_of(text, (size_t)n)), before);
    }
  }
  assert_int_equal(text_valid_prefix(T("abc\0def")), 3);
  assert_int_equal(text_valid_prefix(T("\xc3\xa8\xe2\x82\xac\xe2\x82")), 5);
}

/* Every octet in every place of a word of eight, beside ASCII: the fast path misses nothing and refuses nothing. */
static void each_octet_in_each_place_is_judged_alike(void **state) {
  (void)state;
  for (unsigned octet = 0; octet < 256; octet++) {
    bool good = (octet >= 0x20 && octet < 0x7f) || octet == '\n' || octet == '\t';
    for (size_t at = 0; at < 24; at++) {
      uint8_t text[24];
      memset(text, octet % 2 == 0 ? '~' : ' ', sizeof text);
      text[at] = (uint8_t)octet;
      assert_int_equal(text_valid_prefix(view_of(text, sizeof text)), good ? sizeof text : at);
    }
  }
}

/* RFC 3629's grammar, written another way: decode by arithmetic, encode again, compare. */
static size_t oracle(const uint8_t *p, size_t len) {
  size_t at = 0;
  while (at < len) {
    uint32_t c = p[at];
    size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
    if (n == 0 || n > len - at) return at;
    if (n > 1) c &= 0x7fU >> n;
    for (size_t i = 1; i < n; i++) {
      if (p[at + i] / 64 != 2) return at;
      c = c * 64 + p[at + i] % 64;
    }
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < LEAST[n] || c > 0x10ffff || c / 0x800 == 0x1b) return at;
    if (n == 1 && (c == 0x7f || (c < 0x20 && c != 9 && c != 10))) return at;
    at += n;
  }
  return at;
}

static void random_octets_agree_with_the_oracle(void **state) {
  (void)state;
  static const uint8_t LIKELY[] = {'a',  ' ',  '~',  0x80, 0xbf, 0x9f, 0xa0, 0x8f, 0x90,
                                   0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, '\n', 0x7f};
  unsigned seed = 0;
  assert_int_equal(getrandom(&seed, sizeof seed, 0), sizeof seed);
  print_message("seed %u\n", seed);
  for (int round = 0; round < 200000; round++) {
    uint8_t text[32];
    size_t len = (size_t)rand_r(&seed) % (sizeof text + 1);
    for (size_t i = 0; i < len; i++) {
      int r = rand_r(&seed);
      text[i] = r % 4 == 0 ? (uint8_t)(r >> 8) : LIKELY[(size_t)(r >> 8) % (r % 4 == 1 ? sizeof LIKELY : 5)];
    }
    assert_int_equal(text_valid_prefix(view_of(text, len)), oracle(text, len));
  }
}

static void decoding_gives_every_scalar_value(void **state) {
  (void)state;
  uint32_t c = 7;
  assert_int_equal(text_decode(view_of(NULL, 0), &c), 0);
  assert_int_equal(text_decode(T("\xed\xa0\x80"), &c), 0);
  assert_int_equal(c, 7);
  assert_int_equal(text_decode(T("\x1b"), &c), 1);
  assert_int_equal(c, 0x1b);
  assert_int_equal(text_decode(T("\xc3\xa8x"), &c), 2);
  assert_int_equal(c, 0xe8);
  assert_int_equal(text_decode(T("\xe2\x82\xac"), &c), 3);
  assert_int_equal(c, 0x20ac);
  assert_int_equal(text_decode(T("\xf4\x8f\xbf\xbf"), &c), 4);
  assert_int_equal(c, 0x10ffff);
}

static void length_and_prefix_count_scalar_values(void **state) {
  (void)state;
  struct view v = T("a\xc3\xa8\xe2\x82\xac\xf0\x9f\x8c\x8dz");
  static const size_t ENDS[] = {0, 1, 3, 6, 10, 11, 11};
  assert_int_equal(text_length(v), 5);
  assert_int_equal(text_length(view_of(NULL, 0)), 0);
  for (size_t n = 0; n < 7; n++)
    assert_int_equal(text_prefix(v, n), ENDS[n]);
}

static void assert_normal(struct view from, const char *to) {
  struct bytes out;
  bytes_init(&out, 1000);
  assert_int_equal(bytes_append_text(&out, "<", NULL), OK);
  assert_int_equal(text_normalise(from, &out, NULL), OK);
  bytes_consume(&out, 1);
  assert_string_equal(bytes_text(&out), to);
  bytes_release(&out);
}

static void normalising_composes_and_tidies_lines(void **state) {
  (void)state;
  assert_normal(view_of(NULL, 0), "");
  assert_normal(T("e\xcc\x80"), "\xc3\xa8");
  assert_normal(T("\xc3\xa8"), "\xc3\xa8");
  assert_normal(T("\xe2\x84\xab"), "\xc3\x85");               /* angstrom sign */
  assert_normal(T("q\xcc\x87\xcc\xa3"), "q\xcc\xa3\xcc\x87"); /* canonical order */
  assert_normal(T("a\r\nb\rc\n"), "a\nb\nc");
  assert_normal(T("a  \t\r\n b \r\r\n\n \t "), "a\n b");
  assert_normal(T(" \n\t\r\n"), "");
  assert_normal(T("\r\r"), "");
  assert_normal(T("\xef\xac\x81"), "\xef\xac\x81"); /* NFC, not NFKC: the ligature stays */
}

/* Each character stands before a decomposed one, so that it goes through utf8proc, and alone. */
static void what_is_called_normal_is_normal(void **state) {
  (void)state;
  size_t n_called = 0;
  for (uint32_t c = 0x20; c < 0x3000; c++) {
    uint8_t octets[8];
    struct bytes out;
    size_t len = 0;
    if (c >= 0x800) octets[len++] = (uint8_t)(0xe0 | c >> 12);
    if (c >= 0x80) octets[len++] = (uint8_t)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
    octets[len++] = (uint8_t)(c < 0x80 ? c : 0x80 | (c & 0x3f));
    if (!text_is_normal(view_of(octets, len))) continue;
    n_called++;
    memcpy(octets + len, "e\xcc\x81", 3);
    bytes_init(&out, 100);
    assert_int_equal(text_normalise(view_of(octets, len + 3), &out, NULL), OK);
    assert_int_equal(out.len, len + 2);
    assert_memory_equal(out.p, octets, len);
    bytes_release(&out);
  }
  assert_int_equal(n_called, 0x5e + 0x280 + 0x17 + 1); /* ASCII but the blank, up to U+02FF, dashes and quotes, the euro */
}

static void what_is_to_be_tidied_is_not_normal(void **state) {
  (void)state;
  static const char *const tidy[] = {"", "a", "one\ntwo\n\nthree", "twelve octets, or a few more",
                                     "caff\xc3\xa8 \xe2\x80\x94 \xe2\x82\xac"};
  static const char *const untidy[] = {" ",     "a ",    "a\n",      "a \nb",     "a\tb",         "a\r\nb",
                                       "a\x7f", "a\xc3", "\xe2\x80", "e\xcc\x81", "\xe2\x84\xab", "exactly sixteen.\x1b",
                                       "a\xff"};
  for (size_t i = 0; i < sizeof tidy / sizeof tidy[0]; i++)
    assert_true(text_is_normal(view_of_text(tidy[i])));
  for (size_t i = 0; i < sizeof untidy / sizeof untidy[0]; i++)
    assert_false(text_is_normal(view_of_text(untidy[i])));
}

static void normalising_refuses_what_is_no_text_and_leaves_out_alone(void **state) {
  (void)state;
  struct bytes out;
  struct err err = ERR_INIT;
  bytes_init(&out, 4);
  assert_int_equal(text_normalise(T("abc\xff"), &out, &err), ERR_FORMAT);
  assert_string_equal(err.message, "octet 3: not UTF-8");
  assert_int_equal(text_normalise(T("ab\x1b"), &out, &err), ERR_FORMAT);
  assert_string_equal(err.message, "octet 2: control character U+001B");
  assert_int_equal(text_normalise(T("abcde"), &out, &err), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
}

static void endless_marks_are_refused_before_they_cost_time(void **state) {
  (void)state;
  struct bytes marks;
  struct bytes out;
  bytes_init(&marks, SIZE_MAX);
  bytes_init(&out, SIZE_MAX);
  for (int i = 0; i < TEXT_MARKS_MAX / 2; i++)
    assert_int_equal(bytes_append_text(&marks, "\xcc\x87\xcc\xa3", NULL), OK);
  assert_int_equal(text_normalise(bytes_view(&marks), &out, NULL), OK);
  for (int i = 0; i < 200000; i++)
    assert_int_equal(bytes_append_text(&marks, "\xcc\x87\xcc\xa3", NULL), OK);
  bytes_clear(&out);
  assert_int_equal(text_normalise(bytes_view(&marks), &out, NULL), ERR_FORMAT);
  assert_int_equal(text_fold(bytes_view(&marks), &out, NULL), OK);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
  bytes_release(&marks);
}

static void width_is_counted_in_columns(void **state) {
  (void)state;
  assert_int_equal(text_width(T("abc")), 3);
  assert_int_equal(text_width(T("e\xcc\x80")), 1);
  assert_int_equal(text_width(T("\xe6\xbc\xa2\xe5\xad\x97")), 4);
  assert_int_equal(text_width(T("a\xffz")), 3);
  assert_int_equal(text_width(T("\n\x1b")), 0);
  assert_int_equal(text_width(view_of(NULL, 0)), 0);
}

static void assert_escaped(struct view from, bool keep_lines, const char *to) {
  struct bytes out;
  bytes_init(&out, 1000);
  assert_int_equal(text_escape(from, keep_lines, &out, NULL), OK);
  assert_string_equal(bytes_text(&out), to);
  assert_int_equal(text_valid_prefix(bytes_view(&out)), out.len);
  bytes_release(&out);
}

static void escaping_makes_text_harmless(void **state) {
  (void)state;
  assert_escaped(view_of(NULL, 0), false, "");
  assert_escaped(T("plain \xc3\xa8 text"), false, "plain \xc3\xa8 text");
  assert_escaped(T("a\nb\tc"), true, "a\nb\tc");
  assert_escaped(T("a\nb\tc\r"), false, "a\\x0ab\\x09c\\x0d");
  assert_escaped(T("\x1b[31m\x7f\0z"), true, "\\x1b[31m\\x7f\\x00z");
  assert_escaped(T("\xc2\x9b"), true, "\\u{9b}");
  assert_escaped(T("x\xff\xc3"), true, "x\\xff\\xc3");
  assert_escaped(T("\xe2\x80\xaa\xe2\x80\xae\xe2\x81\xa6\xe2\x81\xa9"), true, "\\u{202a}\\u{202e}\\u{2066}\\u{2069}");
  assert_escaped(T("\xe2\x80\xa8\xe2\x80\xa9y"), true, "\\u{2028}\\u{2029}y");
  assert_escaped(T("\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5"), true, "\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5");
}

static void escaped_json_says_the_same(void **state) {
  (void)state;
  struct bytes out;
  bytes_init(&out, 1000);
  assert_int_equal(
      text_escape_json(T("{\"a\": \"\xc2\x9b \x7f\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8 \xc3\xa8\xe2\x82\xac\",\n\t1}"), &out,
                       NULL),
      OK);
  assert_string_equal(bytes_text(&out), "{\"a\": \"\\u009b \\u007f\\u202e\\u2066\\u2028 \xc3\xa8\xe2\x82\xac\",\n\t1}");
  bytes_release(&out);
}

static void escaping_past_the_ceiling_leaves_out_as_it_was(void **state) {
  (void)state;
  for (size_t ceiling = 1; ceiling < 12; ceiling++) {
    struct bytes out;
    bytes_init(&out, ceiling);
    assert_int_equal(bytes_append_text(&out, "k", NULL), OK);
    assert_int_equal(text_escape(T("abc\x01"
                                   "def\x02"),
                                 false, &out, NULL),
                     ERR_LIMIT);
    assert_string_equal(bytes_text(&out), "k");
    assert_int_equal(text_fold(T("ABCDEFGHIJKL"), &out, NULL), ERR_LIMIT);
    assert_string_equal(bytes_text(&out), "k");
    bytes_release(&out);
  }
}

static void assert_folded(const char *from, const char *to) {
  struct bytes out;
  bytes_init(&out, 1000);
  assert_int_equal(text_fold(view_of_text(from), &out, NULL), OK);
  assert_string_equal(bytes_text(&out), to);
  bytes_release(&out);
}

static void folding_drops_case_and_diacritics_of_the_unions_languages(void **state) {
  (void)state;
  assert_folded("", "");
  assert_folded("Citt\xc3\xa0 Pi\xc3\xb9 E\xcc\x80", "citta piu e");
  assert_folded("Stra\xc3\x9f"
                "e",
                "strasse");
  assert_folded("\xc5\x81\xc3\xb3"
                "d\xc5\xba",
                "lodz");
  assert_folded("S\xc3\xb8ren \xc3\x86r\xc3\xb8 \xc4\x90or\xc4\x91"
                "e \xc4\xa6"
                "al",
                "soren aero dorde hal");
  assert_folded("\xce\x91\xce\xb8\xce\xae\xce\xbd\xce\xb1\xcf\x82", "\xce\xb1\xce\xb8\xce\xb7\xce\xbd\xce\xb1\xcf\x83");
  assert_folded("\xd0\xa1\xd0\x9e\xd0\xa4\xd0\x98\xd0\xaf", "\xd1\x81\xd0\xbe\xd1\x84\xd0\xb8\xd1\x8f");
  assert_folded("\xef\xac\x81", "fi");
  for (char c = 1; c > 0 && c < 0x7f; c++) {
    const char from[] = {c, 'A', c, '\xc3', '\xa9', c, '\0'};
    const char low = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    const char to[] = {low, 'a', low, 'e', low, '\0'};
    assert_folded(from, to);
  }
}

static void folding_refuses_broken_text_and_survives_every_scalar_value(void **state) {
  (void)state;
  struct bytes out;
  struct err err = ERR_INIT;
  bytes_init(&out, 1000);
  assert_int_equal(text_fold(T("ab\xff"), &out, &err), ERR_FORMAT);
  assert_string_equal(err.message, "octet 2: not UTF-8");
  assert_int_equal(out.len, 0);
  for (uint32_t c = 0x800; c <= 0x10ffff; c++) {
    uint8_t p[4] = {(uint8_t)(0xf0 | c >> 18), (uint8_t)(0x80 | (c >> 12 & 63)), (uint8_t)(0x80 | (c >> 6 & 63)),
                    (uint8_t)(0x80 | (c & 63))};
    struct view v = c >= 0x10000 ? view_of(p, 4) : view_of(p + 1, 3);
    if (c < 0x10000) p[1] = (uint8_t)(0xe0 | c >> 12);
    bytes_clear(&out);
    if (c >= 0xd800 && c <= 0xdfff) {
      assert_int_equal(text_fold(v, &out, NULL), ERR_FORMAT);
      continue;
    }
    assert_int_equal(text_fold(v, &out, NULL), OK);
    assert_int_equal(oracle(out.p, out.len), out.len);
  }
  bytes_release(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(well_formed_text_is_valid),
      cmocka_unit_test(ill_formed_text_is_refused_at_its_first_octet),
      cmocka_unit_test(each_octet_in_each_place_is_judged_alike),
      cmocka_unit_test(random_octets_agree_with_the_oracle),
      cmocka_unit_test(decoding_gives_every_scalar_value),
      cmocka_unit_test(length_and_prefix_count_scalar_values),
      cmocka_unit_test(normalising_composes_and_tidies_lines),
      cmocka_unit_test(what_is_called_normal_is_normal),
      cmocka_unit_test(what_is_to_be_tidied_is_not_normal),
      cmocka_unit_test(normalising_refuses_what_is_no_text_and_leaves_out_alone),
      cmocka_unit_test(endless_marks_are_refused_before_they_cost_time),
      cmocka_unit_test(width_is_counted_in_columns),
      cmocka_unit_test(escaping_makes_text_harmless),
      cmocka_unit_test(escaped_json_says_the_same),
      cmocka_unit_test(escaping_past_the_ceiling_leaves_out_as_it_was),
      cmocka_unit_test(folding_drops_case_and_diacritics_of_the_unions_languages),
      cmocka_unit_test(folding_refuses_broken_text_and_survives_every_scalar_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
