/*
 * reason: the table answers by number, and its numbers and names are those of docs/protocol.md 4.6.
 */
#include "protocol/reason.h"

#include "tests/protocol/sample.h"

static const uint64_t NUMBERS[] = {
#define NUMBER(symbol, number, name, text, todo) number,
    REASON_TABLE(NUMBER)
#undef NUMBER
};
#define N_NUMBERS (sizeof NUMBERS / sizeof *NUMBERS)

static void knows_each_reason_by_its_number(void **state) {
  (void)state;
  assert_string_equal(reason_name(REASON_NONE), "none");
  assert_string_equal(reason_name(1), "format");
  assert_string_equal(reason_name(REASON_IDENTITY), "identity");
  assert_string_equal(reason_name(32), "schema");
  assert_string_equal(reason_name(39), "not-yet");
  assert_string_equal(reason_text(REASON_STALE), "a newer version exists");
  assert_string_equal(reason_todo(REASON_NEED), "specola check FILE");
  assert_string_equal(reason_todo(REASON_SIGNATURE), "");
}

static void calls_every_other_number_unknown(void **state) {
  (void)state;
  static const uint64_t OTHERS[] = {18, 31, 99, 256, UINT64_C(0x100000001), UINT64_MAX};
  for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
    assert_string_equal(reason_name(OTHERS[i]), "unknown");
    assert_string_equal(reason_text(OTHERS[i]), "");
    assert_string_equal(reason_todo(OTHERS[i]), "");
  }
}

static void has_every_number_and_name_once_and_rising(void **state) {
  (void)state;
  for (size_t i = 1; i < N_NUMBERS; i++) {
    assert_true(NUMBERS[i - 1] < NUMBERS[i]);
    for (size_t k = 0; k < i; k++)
      assert_string_not_equal(reason_name(NUMBERS[i]), reason_name(NUMBERS[k]));
  }
}

static void writes_sentences_in_lower_case_without_a_full_stop(void **state) {
  (void)state;
  for (size_t i = 0; i < N_NUMBERS; i++) {
    const char *text = reason_text(NUMBERS[i]);
    size_t len = strlen(text);
    assert_true(len > 0 && text[len - 1] != '.' && (text[0] < 'A' || text[0] > 'Z'));
  }
}

/* The file as one string, to be freed. */
static char *page_read(void) {
  FILE *file = fopen(SPECOLA_SOURCE_DIR "/docs/protocol.md", "rb");
  assert_non_null(file);
  char *text = calloc(1, 1 << 18);
  assert_non_null(text);
  assert_true(fread(text, 1, (1 << 18) - 1, file) > 0);
  assert_int_equal(fclose(file), 0);
  return text;
}

static void agrees_with_the_page(void **state) {
  (void)state;
  char *page = page_read();
  for (size_t i = 0; i < N_NUMBERS; i++) {
    char row[64];
    if (NUMBERS[i] == REASON_NONE) continue;
    (void)snprintf(row, sizeof row, "\n| %llu | `%s` |", (unsigned long long)NUMBERS[i], reason_name(NUMBERS[i]));
    if (strstr(page, row) == NULL) fail_msg("docs/protocol.md has no row%s", row);
  }
  free(page);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_each_reason_by_its_number),
      cmocka_unit_test(calls_every_other_number_unknown),
      cmocka_unit_test(has_every_number_and_name_once_and_rising),
      cmocka_unit_test(writes_sentences_in_lower_case_without_a_full_stop),
      cmocka_unit_test(agrees_with_the_page),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
