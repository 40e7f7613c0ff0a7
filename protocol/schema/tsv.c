/*
 * tsv: a tab-separated table with named columns (tsv.h).
 */
#include "protocol/schema/tsv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/schema/lines.h"

#define LANGUAGE_MAX 40u

/* A table while it is read. */
struct tsv_reader {
  const char *name;
  const uint8_t *text; /* start: cells are offsets from it, plus one */
  char *pool;          /* '\0', then a copy of the text whose separators become '\0' */
  uint32_t *cells;
  uint32_t n_rows, n_columns; /* n_rows counts the header */
  struct err *err;
};

static size_t count_octet(struct view v, uint8_t octet) {
  size_t n = 0;
  for (size_t i = 0; i < v.len; i++)
    n += v.p[i] == octet;
  return n;
}

/* Splits one line into the next row of cells. */
static enum err_code take_row(struct tsv_reader *r, const struct lines *l) {
  if (!text_is_valid(l->line)) return err_set(r->err, ERR_FORMAT, "%s: line %zu: not UTF-8 text", r->name, l->number);
  if (count_octet(l->line, '\t') >= r->n_columns) {
    return err_set(r->err, ERR_FORMAT, "%s: line %zu: more cells than the first line has columns", r->name, l->number);
  }
  uint32_t *row = r->cells + (size_t)r->n_rows * r->n_columns;
  const uint8_t *p = l->line.p, *end = l->line.p + l->line.len;
  for (uint32_t column = 0; column < r->n_columns && p <= end; column++) {
    const uint8_t *tab = p < end ? memchr(p, '\t', (size_t)(end - p)) : NULL;
    const uint8_t *stop = tab != NULL ? tab : end;
    const size_t offset = (size_t)(p - r->text) + 1;
    row[column] = stop == p ? 0 : (uint32_t)offset;
    r->pool[offset + (size_t)(stop - p)] = '\0';
    p = stop + 1;
  }
  r->n_rows++;
  return OK;
}

static int compare_rows(const void *a, const void *b, void *context) {
  const struct tsv *t = context;
  const uint32_t ra = *(const uint32_t *)a, rb = *(const uint32_t *)b;
  return strcmp(tsv_cell(t, ra, t->key_column), tsv_cell(t, rb, t->key_column));
}

/* Sorts the rows by key; a repeated key is an error. */
static enum err_code index_rows(struct tsv *t, uint32_t *sorted, const char *name, struct err *err) {
  for (uint32_t row = 0; row < t->n_rows; row++)
    sorted[row] = row;
  qsort_r(sorted, t->n_rows, sizeof *sorted, compare_rows, t);
  for (uint32_t i = 1; i < t->n_rows; i++) {
    const char *key = tsv_cell(t, sorted[i], t->key_column);
    if (strcmp(key, tsv_cell(t, sorted[i - 1], t->key_column)) == 0) {
      return err_set(err, ERR_FORMAT, "%s: '%s' stands there twice", name, key);
    }
  }
  t->sorted = sorted;
  return OK;
}

/* Reads all lines; the first one that is not empty is the header. t is filled as far as it is known. */
static enum err_code take_lines(struct tsv_reader *r, struct view text, const char *key_name, struct tsv *t) {
  struct lines l = lines_of(text);
  t->n_columns = r->n_columns;
  while (lines_next(&l)) {
    if (l.line.len == 0) continue;
    const enum err_code code = take_row(r, &l);
    if (code != OK) return code;
    const int key = tsv_column(t, key_name);
    if (key < 0) return err_set(r->err, ERR_FORMAT, "%s: line %zu: there is no column '%s'", r->name, l.number, key_name);
    t->key_column = (uint32_t)key;
    t->n_rows = r->n_rows - 1;
    if (t->n_rows > 0 && tsv_cell(t, t->n_rows - 1, t->key_column)[0] == '\0') {
      return err_set(r->err, ERR_FORMAT, "%s: line %zu: the cell '%s' is empty", r->name, l.number, key_name);
    }
  }
  return r->n_rows > 0 ? OK
                       : err_set(r->err, ERR_FORMAT, "%s: line 1: the line with the names of the columns is missing", r->name);
}

static enum err_code check_size(const char *name, struct view text, struct tsv_reader *r, struct err *err) {
  struct lines l = lines_of(text);
  size_t rows = 0;
  while (lines_next(&l)) {
    if (l.line.len == 0) continue;
    if (rows++ == 0) r->n_columns = (uint32_t)count_octet(l.line, '\t') + 1;
  }
  if (text.len > TSV_LIMIT || rows > TSV_ROWS || r->n_columns > TSV_COLUMNS) {
    return err_set(err, ERR_LIMIT, "%s: a table has at most %u rows and %u columns", name, TSV_ROWS, TSV_COLUMNS);
  }
  r->n_rows = (uint32_t)rows;
  return OK;
}

enum err_code tsv_parse(const char *name, struct view text, const char *key_name, struct tsv *out, struct err *err) {
  struct tsv_reader r = {.name = name, .text = text.p, .err = err};
  enum err_code code = check_size(name, text, &r, err);
  if (code != OK) return code;
  uint32_t *sorted = calloc((size_t)r.n_rows + 1, sizeof *sorted);
  r.pool = calloc(1, text.len + 2);
  r.cells = calloc(((size_t)r.n_rows + 1) * (r.n_columns + 1), sizeof *r.cells);
  struct tsv t = {.pool = r.pool, .cells = r.cells, .owned = {r.pool, r.cells, sorted}};
  if (r.pool == NULL || r.cells == NULL || sorted == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  if (text.len > 0) memcpy(r.pool + 1, text.p, text.len);
  r.n_rows = 0;
  if ((code = take_lines(&r, text, key_name, &t)) != OK) goto out;
  if ((code = index_rows(&t, sorted, name, err)) != OK) goto out;
  *out = t;
  memset(&t, 0, sizeof t);
out:
  tsv_release(&t);
  return code;
}

void tsv_release(struct tsv *t) {
  for (size_t i = 0; i < sizeof t->owned / sizeof t->owned[0]; i++)
    free(t->owned[i]);
  memset(t, 0, sizeof *t);
}

int tsv_column(const struct tsv *t, const char *name) {
  for (uint32_t column = 0; column < t->n_columns; column++) {
    if (strcmp(tsv_column_name(t, column), name) == 0) return (int)column;
  }
  return -1;
}

const char *tsv_column_name(const struct tsv *t, uint32_t column) {
  return t->pool + t->cells[column];
}

const char *tsv_cell(const struct tsv *t, uint32_t row, uint32_t column) {
  return t->pool + t->cells[((size_t)row + 1) * t->n_columns + column];
}

int64_t tsv_find(const struct tsv *t, struct view key) {
  uint32_t low = 0, high = t->n_rows;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const uint32_t row = t->sorted != NULL ? t->sorted[middle] : middle;
    const int order = view_compare(view_of_text(tsv_cell(t, row, t->key_column)), key);
    if (order == 0) return row;
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return -1;
}

/* The cell in column prefix + the first len octets of lang, or NULL. */
static const char *text_in(const struct tsv *t, uint32_t row, const char *prefix, const char *lang, size_t len) {
  char name[2 * LANGUAGE_MAX];
  if (len == 0 || len > LANGUAGE_MAX) return NULL;
  (void)snprintf(name, sizeof name, "%.20s%.*s", prefix, (int)len, lang);
  const int column = tsv_column(t, name);
  if (column < 0) return NULL;
  const char *cell = tsv_cell(t, row, (uint32_t)column);
  return cell[0] != '\0' ? cell : NULL;
}

const char *tsv_text(const struct tsv *t, uint32_t row, const char *prefix, const char *lang) {
  const char *found = NULL;
  if (lang != NULL) {
    found = text_in(t, row, prefix, lang, strlen(lang));
    if (found == NULL) found = text_in(t, row, prefix, lang, strcspn(lang, "-_"));
  }
  return found != NULL ? found : text_in(t, row, prefix, "en", 2);
}
