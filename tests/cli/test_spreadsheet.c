/*
 * Spreadsheets: whatever cells are written as CSV are read as they were, in whichever form it is written.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cli/spreadsheet.h"
#include "protocol/limits.h"

#define COLUMNS 7
#define ROWS 40
#define CELL 24

static struct spreadsheet *open_text(const char *text, size_t len, char separator, FILE **file, struct err *err) {
  struct spreadsheet *s = NULL;
  *file = tmpfile();
  assert_non_null(*file);
  assert_int_equal(fwrite(text, 1, len, *file), len);
  rewind(*file);
  (void)!spreadsheet_open(*file, "x.csv", separator, &s, err);
  return s;
}

static void put_cell(struct bytes *out, const char *cell, char separator, bool quote) {
  quote = cell[0] == '\0' ? false
                          : quote || strchr(cell, separator) != NULL || strpbrk(cell, "\"\r\n") != NULL ||
                                strchr(" \t", cell[0]) != NULL || strchr(" \t", cell[strlen(cell) - 1]) != NULL;
  assert_int_equal(bytes_append_text(out, quote ? "\"" : "", NULL), OK);
  for (const char *c = cell; *c != '\0'; c++) {
    assert_int_equal(bytes_append_text(out, *c == '"' ? "\"" : "", NULL), OK);
    assert_int_equal(bytes_append_u8(out, (uint8_t)*c, NULL), OK);
  }
  assert_int_equal(bytes_append_text(out, quote ? "\"" : "", NULL), OK);
}

static void one_sheet(unsigned *seed, char separator, const char *end, bool last_end) {
  static const char letters[] = "ab ;,\"\n\r\t'=|x";
  static char cells[ROWS][COLUMNS][CELL];
  struct bytes text;
  struct err err = ERR_INIT;
  struct spreadsheet_row row;
  FILE *file = NULL;
  size_t n = 0;
  bytes_init(&text, (size_t)1 << 20);
  for (size_t c = 0; c < COLUMNS; c++) {
    char name[8];
    (void)snprintf(name, sizeof name, "n%zu", c);
    if (c > 0) assert_int_equal(bytes_append_u8(&text, (uint8_t)separator, NULL), OK);
    put_cell(&text, name, separator, false);
  }
  for (size_t r = 0; r < ROWS; r++) {
    assert_int_equal(bytes_append_text(&text, end, NULL), OK);
    for (size_t c = 0; c < COLUMNS; c++) {
      size_t len = (size_t)rand_r(seed) % CELL;
      for (size_t i = 0; i < len; i++)
        cells[r][c][i] = letters[(size_t)rand_r(seed) % (sizeof letters - 1)];
      cells[r][c][len] = '\0';
      if (c == 0) memcpy(cells[r][c], "k", 2); /* no row is empty */
      if (c > 0) assert_int_equal(bytes_append_u8(&text, (uint8_t)separator, NULL), OK);
      put_cell(&text, cells[r][c], separator, rand_r(seed) % 4 == 0);
    }
  }
  if (last_end) assert_int_equal(bytes_append_text(&text, end, NULL), OK);
  struct spreadsheet *s = open_text((const char *)text.p, text.len, separator, &file, &err);
  if (s == NULL) fail_msg("%s", err.message);
  assert_int_equal(spreadsheet_columns(s), COLUMNS);
  assert_int_equal(spreadsheet_count(s), ROWS);
  for (; spreadsheet_next(s, &row, &err); n++) {
    assert_int_equal(row.number, n + 2);
    assert_int_equal(row.n_cells, COLUMNS);
    for (size_t c = 0; c < COLUMNS; c++) {
      if (!view_is_text(row.cells[c], cells[n][c])) {
        fail_msg("row %zu, column %zu: '%.*s', not '%s'", row.number, c, (int)row.cells[c].len, (const char *)row.cells[c].p,
                 cells[n][c]);
      }
    }
  }
  assert_int_equal(err.code, OK);
  assert_int_equal(n, ROWS);
  spreadsheet_free(s);
  (void)fclose(file);
  bytes_release(&text);
}

static void reads_what_was_written(void **state) {
  static const char *const ends[] = {"\n", "\r\n", "\r"};
  unsigned seed = (unsigned)time(NULL);
  (void)state;
  print_message("seed %u\n", seed);
  for (int i = 0; i < 60; i++) {
    one_sheet(&seed, ",;\t"[i % 3], ends[i / 3 % 3], i % 2 == 0);
  }
}

static void survives_any_octets(void **state) {
  static const char letters[] = "\"\"\";;,\r\n\n a\xef\xbb\xbf\xe0\xff";
  unsigned seed = (unsigned)time(NULL);
  (void)state;
  print_message("seed %u\n", seed);
  for (int i = 0; i < 3000; i++) {
    char text[64];
    FILE *file = NULL;
    struct err err = ERR_INIT;
    struct spreadsheet_row row;
    const size_t len = (size_t)rand_r(&seed) % sizeof text;
    for (size_t k = 0; k < len; k++)
      text[k] = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
    struct spreadsheet *s = open_text(text, len, '\0', &file, &err);
    size_t last = 1, n = 0;
    for (; s != NULL && spreadsheet_next(s, &row, &err); n++) {
      assert_true(row.number > last && row.n_cells <= row.n_seen);
      last = row.number;
    }
    assert_true(s == NULL || (err.code == OK && n <= spreadsheet_count(s)));
    spreadsheet_free(s);
    (void)fclose(file);
  }
}

static void rows_are_counted_as_a_spreadsheet_does(void **state) {
  static const char text[] = "a;b\r\n\r\n\"x\r\n\r\ny\";1\r\n;\r\n\r\nz;2";
  struct err err = ERR_INIT;
  struct spreadsheet_row row;
  FILE *file = NULL;
  (void)state;
  struct spreadsheet *s = open_text(text, sizeof text - 1, '\0', &file, &err);
  assert_non_null(s);
  assert_int_equal(spreadsheet_separator(s), ';');
  assert_true(spreadsheet_next(s, &row, &err));
  assert_int_equal(row.number, 3);
  assert_true(view_is_text(row.cells[0], "x\r\n\r\ny"));
  assert_true(spreadsheet_next(s, &row, &err));
  assert_int_equal(row.number, 6);
  assert_false(spreadsheet_next(s, &row, &err));
  assert_int_equal(spreadsheet_rewind(s, &err), OK);
  assert_true(spreadsheet_next(s, &row, &err));
  assert_int_equal(row.number, 3);
  spreadsheet_free(s);
  (void)fclose(file);
}

static void columns_have_letters(void **state) {
  char letter[SPREADSHEET_LETTER_MAX];
  const struct {
    size_t column;
    const char *letter;
  } some[] = {{0, "A"}, {25, "Z"}, {26, "AA"}, {701, "ZZ"}, {702, "AAA"}, {LIMIT_SHEET_COLUMNS - 1, "AMJ"}};
  (void)state;
  for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
    spreadsheet_letter(some[i].column, letter);
    assert_string_equal(letter, some[i].letter);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_was_written),
      cmocka_unit_test(survives_any_octets),
      cmocka_unit_test(rows_are_counted_as_a_spreadsheet_does),
      cmocka_unit_test(columns_have_letters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
