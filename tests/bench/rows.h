/*
 * rows: generated cases as sealed records, with the values that a writer puts beside them at hand.
 */
#ifndef SPECOLA_TESTS_BENCH_ROWS_H
#define SPECOLA_TESTS_BENCH_ROWS_H

#include "protocol/record.h"

#define FACETS 10u /* country, level, status, sector, stage, language, licence, three tags */

/* A generated record, ready to be sent. */
struct row {
  struct bytes envelope, body;
  struct salt salt;
  char *title, *text, *country, *level, *status;
  int64_t codes[FACETS], unique;
  const char *new_codes[FACETS]; /* codes that no row before had, or NULL */
};
struct rows {
  struct row *items;
  size_t n;
  struct hash fed_id;
};
/* Reads cases as NDJSON and seals them under one new key; ends the program when one cannot be. */
void rows_read(struct rows *rows, const char *path);
void rows_release(struct rows *rows);

#endif
