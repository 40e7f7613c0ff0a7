/*
 * import_rows: line by line (see import_rows.h).
 */
#include "cli/import_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/limits.h"

#define READ_OCTETS 65536u
#define LINE_ROOM (LIMIT_IMPORT_LINE + READ_OCTETS) /* octets */

/* One line of the file. */
static enum err_code take_line(struct importing *i, struct view line, size_t row, struct err *err) {
  json_error_t fault;
  json_t *json = json_loadb((const char *)line.p, line.len, JSON_REJECT_DUPLICATES, &fault);
  enum err_code code = OK;
  if (json_is_object(json)) {
    code = importing_take(i, &(struct import_row){.number = row, .json = json}, err);
  } else {
    importing_refuse(i, row, SIZE_MAX, "format", json == NULL ? fault.text : "not a JSON object");
  }
  json_decref(json);
  return code;
}

/* The lines of a file, which is read in pieces. */
struct line_reader {
  FILE *file;
  char *p; /* LINE_ROOM octets; those from at to end are read and not given out */
  size_t at, end;
};

/* Reads a piece behind what is not given out, of which there are at most LIMIT_IMPORT_LINE octets. False at the end. */
static bool read_on(struct line_reader *r) {
  memmove(r->p, r->p + r->at, r->end - r->at);
  r->end -= r->at;
  r->at = 0;
  const size_t n = fread(r->p + r->end, 1, LINE_ROOM - r->end, r->file);
  r->end += n;
  return n > 0;
}

/* The next line, borrowed until the one after. A line of more than LIMIT_IMPORT_LINE octets is read to its end and *too_long.
 * False at the end. */
static bool next_line(struct line_reader *r, struct view *line, bool *too_long) {
  size_t seen = 0;
  *too_long = false;
  for (;;) {
    const char *from = r->p + r->at;
    const char *end = memchr(from + seen, '\n', r->end - r->at - seen);
    if (end != NULL) {
      *line = view_of(from, (size_t)(end - from));
      *too_long = *too_long || line->len > LIMIT_IMPORT_LINE;
      r->at += line->len + 1;
      return true;
    }
    seen = r->end - r->at;
    if (seen > LIMIT_IMPORT_LINE) {
      *too_long = true;
      r->at = r->end = seen = 0;
    }
    if (!read_on(r)) {
      *line = view_of(r->p, seen);
      r->at = r->end;
      return seen > 0 || *too_long;
    }
  }
}

static bool is_blank(struct view line) {
  for (size_t i = 0; i < line.len; i++) {
    if (strchr(" \t\r", line.p[i]) == NULL) {
      return false;
    }
  }
  return true;
}

enum err_code import_rows(struct importing *i, FILE *file, const char *path, struct err *err) {
  struct line_reader reader = {.file = file, .p = malloc(LINE_ROOM)};
  struct view line;
  bool too_long = false;
  if (reader.p == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = OK;
  for (size_t row = 1; code == OK && next_line(&reader, &line, &too_long); row++) {
    if (too_long) {
      importing_refuse(i, row, SIZE_MAX, "too-large", "longer than a line may be");
    } else if (!is_blank(line)) {
      code = take_line(i, line, row, err);
    }
  }
  if (code == OK && ferror(file)) {
    code = err_errno(err, ERR_IO, errno, path);
  }
  free(reader.p);
  return code;
}
