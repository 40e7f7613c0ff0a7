/*
 * tsv: a tab-separated table with named columns, held as offsets into one pool of C strings. Labels and vocabularies are such
 * tables; those that the build makes of the ISO lists have the same form as static data, without a parse at start.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_TSV_H
#define SPECOLA_PROTOCOL_SCHEMA_TSV_H

#include "keys/bytes.h"

#define TSV_COLUMNS 256u /* columns of a table: a label, a help and an example in every language that a node has */
#define TSV_ROWS 10000u  /* rows of a table */
#define TSV_LIMIT ((size_t)4 * 1024 * 1024) /* octets of a table's text */

/* Invariants: cells has (n_rows + 1) * n_columns offsets, row 0 of it is the header; offset 0 is the empty string; sorted
 * holds the rows by the octets of their key, or is NULL where the rows stand in that order already. */
struct tsv {
  const char *pool;
  const uint32_t *cells;
  const uint32_t *sorted;
  uint32_t n_rows, n_columns;
  uint32_t key_column;
  void *owned[3]; /* what tsv_release frees; NULLs for static tables */
};

/* Parses text; key_name is the column whose values are unique and not empty. Empty lines are skipped, missing cells are empty.
 * name is for messages. ERR_FORMAT "name: line N: …", ERR_LIMIT, ERR_MEMORY. On error *out is untouched. */
MUST_CHECK enum err_code tsv_parse(const char *name, struct view text, const char *key_name, struct tsv *out, struct err *err);
void tsv_release(struct tsv *t);
/* The column of that name, or -1. */
int tsv_column(const struct tsv *t, const char *name);
const char *tsv_column_name(const struct tsv *t, uint32_t column);
/* row: 0..n_rows-1. Borrowed from the table; "" for an empty cell. */
const char *tsv_cell(const struct tsv *t, uint32_t row, uint32_t column);
/* The row of a key, or -1. */
int64_t tsv_find(const struct tsv *t, struct view key);
/* The cell of a row in the column prefix + lang, else prefix + the part of lang before its first '-', else prefix + "en"; NULL
 * when all are empty. */
const char *tsv_text(const struct tsv *t, uint32_t row, const char *prefix, const char *lang);

#endif
