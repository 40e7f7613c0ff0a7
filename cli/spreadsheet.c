/*
 * spreadsheet: CSV by libcsv, a line at a time (see spreadsheet.h). A line is a chunk that ends in LF, CR or CRLF; whether it
 * ended a row, the parser says: a line break inside quotes does not.
 */
#include "cli/spreadsheet.h"

#include <csv.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"

#define CHUNK 65536
#define BOM "\xef\xbb\xbf"
#define ROW_OCTETS ((size_t)LIMIT_IMPORT_LINE)

/* Invariants: cells[i] is a run of arena, from starts[i] on, until a row is complete. */
struct spreadsheet {
  FILE *file;
  const char *path;
  char separator;
  struct csv_parser parser;
  size_t line;       /* of the line that was fed last */
  bool line_ended;   /* or there was none */
  size_t quote_line; /* where the cell begins that is open */
  size_t row;        /* number of the row that was completed last */
  size_t n_rows;     /* with content, behind the header */
  long data;         /* octets before the first row behind the header */
  size_t data_line;
  char *chunk; /* CHUNK octets */
  /* The row in the making. */
  struct bytes arena;
  size_t starts[LIMIT_SHEET_COLUMNS];
  struct view cells[LIMIT_SHEET_COLUMNS];
  size_t n_cells, n_seen;
  bool complete, no_memory;
  /* The header. */
  char **names;
  size_t n_columns;
};

void spreadsheet_letter(size_t column, char out[SPREADSHEET_LETTER_MAX]) {
  char reversed[SPREADSHEET_LETTER_MAX];
  size_t n = 0;
  for (size_t rest = column + 1; rest > 0 && n < sizeof reversed - 1; rest = (rest - 1) / 26) {
    reversed[n++] = (char)('A' + (rest - 1) % 26);
  }
  for (size_t i = 0; i < n; i++) {
    out[i] = reversed[n - 1 - i];
  }
  out[n] = '\0';
}

/* ---- what the parser tells ---- */

static void on_cell(void *p, size_t len, void *context) {
  struct spreadsheet *s = context;
  if (s->n_seen < LIMIT_SHEET_COLUMNS) {
    s->starts[s->n_cells++] = s->arena.len;
    const enum err_code code = bytes_append(&s->arena, view_of(p, len), NULL);
    s->no_memory = s->no_memory || code != OK; /* the arena holds the longest row */
  }
  s->n_seen++;
}

static void on_row(int end, void *context) {
  struct spreadsheet *s = context;
  (void)end;
  for (size_t i = 0; i < s->n_cells; i++) {
    const size_t to = i + 1 < s->n_cells ? s->starts[i + 1] : s->arena.len;
    s->cells[i] = view_of(s->arena.p == NULL ? NULL : s->arena.p + s->starts[i], to - s->starts[i]);
  }
  s->complete = true;
}

/* ---- lines ---- */

/* The next line with its end, or a part of a long one; 0 at the end of the file. */
static size_t read_chunk(struct spreadsheet *s) {
  size_t n = 0;
  s->line += s->line_ended;
  s->line_ended = false;
  for (int c; n < CHUNK - 1 && (c = getc_unlocked(s->file)) != EOF;) {
    s->chunk[n++] = (char)c;
    s->line_ended = c == '\n' || c == '\r';
    if (c == '\n') {
      break;
    }
    if (c == '\r') {
      const int after = getc_unlocked(s->file);
      if (after == '\n') {
        s->chunk[n++] = (char)after;
      } else if (after != EOF) {
        ungetc(after, s->file);
      }
      break;
    }
  }
  return n;
}

static bool is_blank_chunk(const char *p, size_t n) {
  return n > 0 && (p[0] == '\n' || p[0] == '\r') && (n == 1 || p[1] == '\n');
}

static void begin_row(struct spreadsheet *s) {
  bytes_clear(&s->arena);
  s->n_cells = s->n_seen = 0;
  s->complete = false;
}

static enum err_code give_up(const struct spreadsheet *s, struct err *err) {
  char letter[SPREADSHEET_LETTER_MAX];
  spreadsheet_letter(s->n_seen, letter);
  err_set(err, ERR_REFUSED, "%s: line %zu: a quote opens in row %zu, column %s, and is never closed", s->path, s->quote_line,
          s->row + 1, letter);
  return err_hint(err, "close it, or write it twice (\"\") where it belongs to the text; nothing was imported");
}

/* The end of the file may be the end of a row, but not that of a quoted cell. */
static enum err_code end_file(struct spreadsheet *s, struct err *err) {
  if (ferror(s->file)) {
    return err_errno(err, ERR_IO, errno, s->path);
  }
  csv_set_opts(&s->parser, CSV_STRICT | CSV_STRICT_FINI);
  const bool failed = csv_fini(&s->parser, on_cell, on_row, s) != 0;
  csv_set_opts(&s->parser, 0);
  if (failed && csv_error(&s->parser) == CSV_EPARSE) {
    return give_up(s, err);
  }
  return failed || s->no_memory ? err_set(err, ERR_MEMORY, NULL) : OK;
}

/* Completes the next row with any content. *found: there is one. */
static enum err_code next_row(struct spreadsheet *s, bool *found, struct err *err) {
  size_t octets = 0, seen_before = 0;
  *found = false;
  begin_row(s);
  for (;;) {
    const size_t n = read_chunk(s);
    const bool open = octets > 0; /* in the middle of a row */
    if (n == 0) {
      const enum err_code code = end_file(s, err);
      *found = code == OK && s->complete;
      s->row += *found;
      return code;
    }
    if (!open && is_blank_chunk(s->chunk, n)) {
      s->row++;
      continue;
    }
    octets += n;
    if (csv_parse(&s->parser, s->chunk, n, on_cell, on_row, s) != n || s->no_memory) {
      return err_set(err, ERR_MEMORY, NULL);
    }
    if (!open || s->n_seen != seen_before) {
      s->quote_line = s->line;
    }
    seen_before = s->n_seen;
    if (s->complete) {
      s->row++;
      *found = true;
      return OK;
    }
    if (octets > ROW_OCTETS) {
      return s->parser.quoted != 0 ? give_up(s, err)
                                   : err_set(err, ERR_REFUSED, "%s: line %zu: row %zu has more than %zu octets", s->path,
                                             s->line, s->row + 1, ROW_OCTETS);
    }
  }
}

/* ---- the file as a whole ---- */

static enum err_code refuse_encoding(const struct spreadsheet *s, const char *what, struct err *err) {
  err_set(err, ERR_REFUSED, "%s: %s", s->path, what);
  return err_hint(err,
                  "save it again as UTF-8: in LibreOffice, Save As, Edit filter settings, Unicode (UTF-8); in Excel, Save As, "
                  "CSV UTF-8; or: iconv -f WINDOWS-1252 -t UTF-8 OLD >NEW");
}

/* The line of the header decides: whichever of the three stands there most often outside of quotes. */
static char find_separator(const char *line, size_t n) {
  static const char candidates[] = ",;\t";
  size_t counts[3] = {0, 0, 0}, best = 0;
  bool quoted = false;
  for (size_t i = 0; i < n; i++) {
    const char *at = line[i] == '\0' ? NULL : strchr(candidates, line[i]);
    quoted = quoted != (line[i] == '"');
    if (at != NULL && !quoted) {
      counts[at - candidates]++;
    }
  }
  for (size_t i = 1; i < 3; i++) {
    best = counts[i] > counts[best] ? i : best;
  }
  return candidates[best];
}

/* Passes over a byte order mark and Excel's "sep=;"; the separator is known then. */
static enum err_code begin(struct spreadsheet *s, char separator, bool *marked, struct err *err) {
  size_t n = read_chunk(s);
  long at = 0;
  if (n >= 2 &&
      (memcmp(s->chunk, "\xff\xfe", 2) == 0 || memcmp(s->chunk, "\xfe\xff", 2) == 0 || memchr(s->chunk, 0, n) != NULL)) {
    return refuse_encoding(s, "this is UTF-16, not UTF-8", err);
  }
  *marked = n >= 3 && memcmp(s->chunk, BOM, 3) == 0;
  at = *marked ? 3 : 0;
  const char *line = s->chunk + at;
  n -= (size_t)at;
  const bool told = n >= 6 && strncasecmp(line, "sep=", 4) == 0 && (line[5] == '\r' || line[5] == '\n');
  s->separator = separator;
  if (separator == 0) {
    s->separator = find_separator(line, n);
    if (told) {
      s->separator = line[4];
    }
  }
  at += told ? (long)n : 0;
  s->line = told ? 1 : 0;
  s->line_ended = true;
  csv_set_delim(&s->parser, (unsigned char)s->separator);
  return fseek(s->file, at, SEEK_SET) == 0 ? OK : err_errno(err, ERR_IO, errno, s->path);
}

static enum err_code name_columns(struct spreadsheet *s, struct err *err) {
  size_t n = s->n_cells;
  if (s->n_seen > LIMIT_SHEET_COLUMNS) {
    err_set(err, ERR_REFUSED, "%s: %zu columns, at most %u are read", s->path, s->n_seen, LIMIT_SHEET_COLUMNS);
    return err_hint(err, "leave out those that the map does not need");
  }
  while (n > 0 && s->cells[n - 1].len == 0) {
    n--;
  }
  s->names = calloc(n + 1, sizeof *s->names);
  for (size_t i = 0; s->names != NULL && i < n; i++) {
    if (!text_is_valid(s->cells[i])) {
      return refuse_encoding(s, "the header is not UTF-8", err);
    }
    s->names[i] = view_copy(s->cells[i]);
    if (s->names[i] == NULL) {
      return err_set(err, ERR_MEMORY, NULL);
    }
    s->n_columns = i + 1;
    for (size_t j = 0; j < i; j++) {
      if (s->names[i][0] != '\0' && strcmp(s->names[i], s->names[j]) == 0) {
        char first[SPREADSHEET_LETTER_MAX], second[SPREADSHEET_LETTER_MAX];
        spreadsheet_letter(j, first);
        spreadsheet_letter(i, second);
        err_set(err, ERR_REFUSED, "%s: columns %s and %s are both called \"%.100s\"", s->path, first, second, s->names[i]);
        return err_hint(err, "give one of them another name in row 1");
      }
    }
  }
  return s->names == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
}

static bool has_content(const struct spreadsheet *s) {
  bool any = s->n_seen > s->n_cells;
  for (size_t i = 0; i < s->n_cells && !any; i++) {
    any = s->cells[i].len > 0;
  }
  return any;
}

/* Reads all rows for the sake of what would stop an import in its middle. */
static enum err_code look_through(struct spreadsheet *s, bool marked, struct err *err) {
  bool found = true, any_utf8 = marked;
  size_t bad_row = 0, bad_column = 0;
  enum err_code code = OK;
  while ((code = next_row(s, &found, err)) == OK && found) {
    s->n_rows += has_content(s);
    for (size_t i = 0; i < s->n_cells; i++) {
      const struct view cell = s->cells[i];
      for (size_t at = 0; at < cell.len; at++) {
        uint32_t scalar = 0;
        const size_t width = cell.p[at] < 0x80 ? 1 : text_decode(view_of(cell.p + at, cell.len - at), &scalar);
        any_utf8 = any_utf8 || width > 1;
        if (width == 0 && bad_row == 0) {
          bad_row = s->row;
          bad_column = i;
        }
        at += width > 1 ? width - 1 : 0;
      }
    }
  }
  /* One broken row is that row's; a file without one UTF-8 letter, but with others, was saved in another encoding. */
  if (code == OK && bad_row > 0 && !any_utf8) {
    char what[128], letter[SPREADSHEET_LETTER_MAX];
    spreadsheet_letter(bad_column, letter);
    snprintf(what, sizeof what, "not UTF-8, but probably Latin-1 or Windows-1252 (row %zu, column %s)", bad_row, letter);
    code = refuse_encoding(s, what, err);
  }
  return code;
}

enum err_code spreadsheet_rewind(struct spreadsheet *s, struct err *err) {
  if (fseek(s->file, s->data, SEEK_SET) != 0) {
    return err_errno(err, ERR_IO, errno, s->path);
  }
  (void)csv_fini(&s->parser, NULL, NULL, NULL); /* forgets what it was in the middle of */
  s->line = s->data_line;
  s->line_ended = true;
  s->row = 1;
  return OK;
}

enum err_code spreadsheet_open(FILE *file, const char *path, char separator, struct spreadsheet **out, struct err *err) {
  struct spreadsheet *s = calloc(1, sizeof *s);
  bool marked = false, found = false;
  *out = NULL;
  if (s == NULL || (s->chunk = malloc(CHUNK)) == NULL || csv_init(&s->parser, 0) != 0) {
    spreadsheet_free(s);
    return err_set(err, ERR_MEMORY, NULL);
  }
  s->file = file;
  s->path = path;
  bytes_init(&s->arena, ROW_OCTETS + CHUNK);
  enum err_code code = begin(s, separator, &marked, err);
  if (code == OK && (code = next_row(s, &found, err)) == OK && found) {
    code = name_columns(s, err);
    s->row = 1;
    s->data = ftell(file);
    s->data_line = s->line;
    if (code == OK && (code = look_through(s, marked, err)) == OK) {
      code = spreadsheet_rewind(s, err);
    }
  }
  if (code == OK && found && s->n_columns > 0) {
    *out = s;
    s = NULL;
  }
  spreadsheet_free(s);
  return code;
}

void spreadsheet_free(struct spreadsheet *s) {
  if (s == NULL) {
    return;
  }
  for (size_t i = 0; s->names != NULL && i < s->n_columns; i++) {
    free(s->names[i]);
  }
  free(s->names);
  csv_free(&s->parser);
  bytes_release(&s->arena);
  free(s->chunk);
  free(s);
}

size_t spreadsheet_columns(const struct spreadsheet *s) {
  return s->n_columns;
}

const char *spreadsheet_name(const struct spreadsheet *s, size_t column) {
  return column < s->n_columns ? s->names[column] : "";
}

const char *const *spreadsheet_names(const struct spreadsheet *s) {
  return (const char *const *)s->names;
}

size_t spreadsheet_find(const struct spreadsheet *s, const char *name) {
  char letter[SPREADSHEET_LETTER_MAX];
  for (size_t i = 0; i < s->n_columns; i++) {
    if (s->names[i][0] != '\0' && strcmp(s->names[i], name) == 0) {
      return i;
    }
  }
  for (size_t i = 0; name[0] == '@' && i < s->n_columns; i++) {
    spreadsheet_letter(i, letter);
    if (strcasecmp(letter, name + 1) == 0) {
      return i;
    }
  }
  return SIZE_MAX;
}

char spreadsheet_separator(const struct spreadsheet *s) {
  return s->separator;
}

size_t spreadsheet_count(const struct spreadsheet *s) {
  return s->n_rows;
}

bool spreadsheet_next(struct spreadsheet *s, struct spreadsheet_row *out, struct err *err) {
  bool found = false;
  while (next_row(s, &found, err) == OK && found) {
    if (has_content(s)) {
      *out = (struct spreadsheet_row){.number = s->row, .cells = s->cells, .n_cells = s->n_cells, .n_seen = s->n_seen};
      return true;
    }
  }
  return false;
}
