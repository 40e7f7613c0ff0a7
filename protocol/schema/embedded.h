/*
 * embedded: what the build puts into the library: the schemas, labels and vocabularies of this folder as they stand, and
 * tables made of Debian's iso-codes. The definitions are written by embed.c, which runs at build.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_EMBEDDED_H
#define SPECOLA_PROTOCOL_SCHEMA_EMBEDDED_H

#include "protocol/schema/tsv.h"

/* A file. name: "case.schema", "case.tsv" or "vocab/level.tsv"; the array ends with a NULL name. */
struct embedded_file {
  const char *name;
  const uint8_t *p;
  size_t len; /* octets */
};
extern const struct embedded_file embedded_files[];

/* An ISO list as a vocabulary: country, region, language, currency; the array ends with a NULL name. Columns are code, en and
 * the other official languages of the EU; rows stand in the order of their codes. */
struct embedded_table {
  const char *name;
  struct tsv table;
};
extern const struct embedded_table embedded_tables[];

#endif
