/*
 * options: the words behind a command, sorted by a table into options and operands. `--name value`, `--name=value`, `-o value`,
 * `-ovalue`; `--` ends the options. Nothing is looked at twice, nothing is guessed.
 */
#ifndef SPECOLA_CLI_OPTIONS_H
#define SPECOLA_CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "keys/err.h"

enum option_type {
  OPTION_FLAG,  /* no value */
  OPTION_VALUE, /* one value, at most once */
  OPTION_MANY   /* one value each time, as often as wanted */
};
/* A row of a command's table. Static storage. */
struct option_row {
  const char *name; /* without the hyphens; NULL ends a table */
  char letter;      /* short form, or 0 */
  enum option_type type;
  const char *value;   /* what the value is, for help: "FILE"; NULL for a flag */
  const char *en, *it; /* one line of help */
};

struct arg {
  const char *name; /* of an option: as in its table; of an open option: as typed (up to the value), name_len octets */
  size_t name_len;
  const char *value; /* NULL for a flag */
};
/* The words sorted. Everything points into argv. Zero-initialise; free with args_release. */
struct args {
  const char **operands;
  size_t n_operands;
  struct arg *options; /* those of the tables */
  size_t n_options;
  struct arg *open; /* `--name value` of no table, where a command takes them (facets) */
  size_t n_open;
};
void args_release(struct args *a);

/* Sorts words. tables: n_tables tables, each ended by a NULL name, searched in order. take_open: unknown `--name value` are
 * kept in open. *a must be empty. ERR_USAGE (unknown option with the nearest as a hint, a value missing or not wanted, given
 * twice), ERR_MEMORY. */
MUST_CHECK enum err_code args_parse(int n_words, char *const *words, const struct option_row *const *tables, size_t n_tables,
                                    bool take_open, struct args *a, struct err *err);

bool args_flag(const struct args *a, const char *name);
/* Its value, or NULL. */
const char *args_value(const struct args *a, const char *name);
/* The i-th value (from 0) of an option of type MANY, or NULL. */
const char *args_nth(const struct args *a, const char *name, size_t i);
/* Its value as a number of min..max, or fallback when it is not there. ERR_USAGE. */
MUST_CHECK enum err_code args_number(const struct args *a, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
                                     uint64_t *out, struct err *err);

#endif
