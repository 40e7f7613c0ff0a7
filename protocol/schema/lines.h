/*
 * lines: a text, line by line. The tables, drafts and maps of this room are read with it, so that each error can name its line.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_LINES_H
#define SPECOLA_PROTOCOL_SCHEMA_LINES_H

#include "keys/bytes.h"

/* A cursor over borrowed text. line: the current line without its "\n" or "\r\n"; number: counted from 1. */
struct lines {
  const uint8_t *p, *end;
  struct view line;
  size_t number;
};

struct lines lines_of(struct view text);
/* Moves to the next line; false behind the last. A final line without "\n" is a line. */
bool lines_next(struct lines *l);
/* v without blanks (space and tab) at both ends; borrowed from v. */
struct view lines_trim(struct view v);
/* Copies v into out with a NUL. False if it does not fit or contains a NUL. */
bool lines_copy(struct view v, char *out, size_t size);
/* True for [a-z][a-z0-9_]{0,30}: the names of kinds, fields, vocabularies and dimensions. */
bool lines_is_name(struct view v);

#endif
