/*
 * vocabulary: codes, their permanent numbers and their names (vocabulary.h, schema.h).
 */
#include "protocol/schema/vocabulary.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "keys/text.h"
#include "protocol/schema/lines.h"
#include "protocol/schema/nearest.h"

#define CODE_MAX 63u
#define WORD_MAX 1024u /* octets of a name, folded */
#define NUMBER_MAX 2147483647u
#define NEAREST_CODES 400u /* larger lists (regions, languages) are not worth a search */

static enum err_code check_code(const char *name, struct view code, struct err *err) {
  bool good = code.len > 0 && code.len <= CODE_MAX;
  for (size_t i = 0; good && i < code.len; i++)
    good = code.p[i] > ' ' && code.p[i] != ',';
  return good ? OK
              : err_set(err, ERR_FORMAT, "vocabulary %s: '%.*s' is no code (1 to %u octets, no blank, no comma)", name,
                        (int)(code.len > CODE_MAX ? CODE_MAX : code.len), (const char *)code.p, CODE_MAX);
}

static int compare_numbers(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

/* Two codes with one number would make signed headers ambiguous. */
static enum err_code check_unique(const struct vocabulary *v, struct err *err) {
  const size_t n = v->table.n_rows;
  int64_t *sorted = calloc(n + 1, sizeof *sorted);
  if (sorted == NULL) return err_set(err, ERR_MEMORY, NULL);
  memcpy(sorted, v->numbers, n * sizeof *sorted);
  qsort(sorted, n, sizeof *sorted, compare_numbers);
  enum err_code code = OK;
  for (size_t i = 1; i < n && code == OK; i++) {
    if (sorted[i] == sorted[i - 1]) {
      code = err_set(err, ERR_FORMAT, "vocabulary %s: the number %lld stands there twice", v->name, (long long)sorted[i]);
    }
  }
  free(sorted);
  return code;
}

static enum err_code take_numbers(struct vocabulary *v, struct err *err) {
  const int column = tsv_column(&v->table, "number");
  if (column < 0) return err_set(err, ERR_FORMAT, "vocabulary %s: line 1: there is no column 'number'", v->name);
  v->numbers = calloc((size_t)v->table.n_rows + 1, sizeof *v->numbers);
  if (v->numbers == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t row = 0; row < v->table.n_rows; row++) {
    const char *code_text = tsv_cell(&v->table, row, v->table.key_column);
    const enum err_code code = check_code(v->name, view_of_text(code_text), err);
    if (code != OK) return code;
    uint64_t number = 0;
    const struct view cell = view_of_text(tsv_cell(&v->table, row, (uint32_t)column));
    if (decimal_decode(cell, &number, NULL) != OK || number == 0 || number > NUMBER_MAX) {
      return err_set(err, ERR_FORMAT, "vocabulary %s: '%s' has no number from 1 to %u", v->name, code_text, NUMBER_MAX);
    }
    v->numbers[row] = (int64_t)number;
  }
  return check_unique(v, err);
}

static struct vocabulary *vocabulary_new(const char *name, struct err *err) {
  if (!lines_is_name(view_of_text(name))) {
    (void)err_set(err, ERR_FORMAT, "'%.40s' cannot name a vocabulary", name);
    (void)err_hint(err, "a name is a small letter, then small letters, digits and '_', 31 at most");
    return NULL;
  }
  struct vocabulary *v = calloc(1, sizeof *v);
  if (v == NULL) {
    (void)err_set(err, ERR_MEMORY, NULL);
    return NULL;
  }
  (void)lines_copy(view_of_text(name), v->name, sizeof v->name);
  return v;
}

static enum err_code failure_of(const struct err *err) {
  return err != NULL && err->code != OK ? err->code : ERR_MEMORY;
}

enum err_code vocabulary_parse(const char *name, struct view tsv, struct vocabulary **out, struct err *err) {
  struct err local = ERR_INIT;
  struct err *e = err != NULL ? err : &local;
  struct vocabulary *v = vocabulary_new(name, e);
  if (v == NULL) return failure_of(e);
  enum err_code code = tsv_parse(name, tsv, "code", &v->table, e);
  if (code == OK) code = take_numbers(v, e);
  if (code == OK) {
    *out = v;
    v = NULL;
  }
  vocabulary_free(v);
  return code;
}

enum err_code vocabulary_static(const char *name, const struct tsv *table, struct vocabulary **out, struct err *err) {
  struct err local = ERR_INIT;
  struct err *e = err != NULL ? err : &local;
  struct vocabulary *v = vocabulary_new(name, e);
  if (v == NULL) return failure_of(e);
  v->table = *table;
  *out = v;
  return OK;
}

void vocabulary_free(struct vocabulary *v) {
  if (v == NULL) return;
  tsv_release(&v->table);
  free(v->numbers);
  free(v);
}

const char *vocabulary_nearest(const struct vocabulary *v, struct view code) {
  if (v->table.n_rows > NEAREST_CODES) return NULL;
  struct nearest n = nearest_to(code);
  for (uint32_t row = 0; row < v->table.n_rows; row++)
    nearest_offer(&n, tsv_cell(&v->table, row, v->table.key_column));
  return nearest_word(&n);
}

size_t vocabulary_count(const struct vocabulary *v) {
  return v->table.n_rows;
}

const char *vocabulary_code(const struct vocabulary *v, size_t i) {
  return i < v->table.n_rows ? tsv_cell(&v->table, (uint32_t)i, v->table.key_column) : NULL;
}

bool vocabulary_has(const struct vocabulary *v, struct view code) {
  return tsv_find(&v->table, code) >= 0;
}

static bool is_code_in_other_case(const char *code, struct view word) {
  return strlen(code) == word.len && strncasecmp(code, (const char *)word.p, word.len) == 0;
}

/* Whether a name is the folded word. */
static bool is_name(const char *name, struct view folded, struct bytes *scratch) {
  bytes_clear(scratch);
  return name != NULL && text_fold(view_of_text(name), scratch, NULL) == OK && view_equal(bytes_view(scratch), folded);
}

/* The one code of that name; NULL: none, or several. */
static const char *code_by_name(const struct vocabulary *v, struct view word, const char *lang) {
  const char *found = NULL;
  bool several = false;
  struct bytes folded, scratch;
  bytes_init(&folded, WORD_MAX);
  bytes_init(&scratch, WORD_MAX);
  const bool is_text = text_fold(word, &folded, NULL) == OK && folded.len > 0;
  for (uint32_t row = 0; is_text && row < v->table.n_rows; row++) {
    if (!is_name(tsv_text(&v->table, row, "", lang), bytes_view(&folded), &scratch) &&
        !is_name(tsv_text(&v->table, row, "", "en"), bytes_view(&folded), &scratch)) {
      continue;
    }
    several = several || found != NULL;
    found = tsv_cell(&v->table, row, v->table.key_column);
  }
  bytes_release(&folded);
  bytes_release(&scratch);
  return several ? NULL : found;
}

const char *vocabulary_meant(const struct vocabulary *v, struct view word, const char *lang) {
  const int64_t exact = tsv_find(&v->table, word);
  if (exact >= 0) return tsv_cell(&v->table, (uint32_t)exact, v->table.key_column);
  for (uint32_t row = 0; word.len > 0 && row < v->table.n_rows; row++) {
    const char *code = tsv_cell(&v->table, row, v->table.key_column);
    if (is_code_in_other_case(code, word)) return code;
  }
  return lang == NULL ? NULL : code_by_name(v, word, lang);
}

const char *vocabulary_near(const struct vocabulary *v, struct view word, const char *lang) {
  struct nearest codes = nearest_to(word), names = nearest_to(word);
  const char *named = NULL, *before = NULL;
  for (uint32_t row = 0; row < v->table.n_rows; row++) {
    const char *code = tsv_cell(&v->table, row, v->table.key_column), *name = tsv_text(&v->table, row, "", lang);
    if (word.len > 2) nearest_offer(&codes, code); /* of two letters, every other code is near */
    if (name != NULL) nearest_offer(&names, name);
    if (names.best != before) named = code;
    before = names.best;
  }
  const bool by_name = nearest_word(&names) != NULL && names.distance < codes.distance;
  return by_name ? named : nearest_word(&codes);
}

int64_t vocabulary_number(const struct vocabulary *v, struct view code) {
  const int64_t row = tsv_find(&v->table, code);
  return row >= 0 && v->numbers != NULL ? v->numbers[row] : -1;
}

const char *vocabulary_label(const struct vocabulary *v, struct view code, const char *lang) {
  const int64_t row = tsv_find(&v->table, code);
  return row >= 0 ? tsv_text(&v->table, (uint32_t)row, "", lang) : NULL;
}
