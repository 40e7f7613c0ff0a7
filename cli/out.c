/*
 * out: lines, tables and the one JSON document of a command (see out.h).
 */
#include "cli/out.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/translation.h"
#include "cli/wording.h"
#include "keys/text.h"

#define LINE_MAX_OCTETS ((size_t)1024 * 1024) /* of one line or text that a command says */

/* Writes text escaped; keep_lines as text_escape. */
static void put_escaped(FILE *file, struct view text, bool keep_lines) {
  struct bytes safe;
  bytes_init(&safe, 8 * LINE_MAX_OCTETS);
  if (text_escape(text, keep_lines, &safe, NULL) == OK) {
    fwrite(safe.len == 0 ? "" : (const char *)safe.p, 1, safe.len, file);
  } else { /* no memory left: this is how people learn of it */
    for (size_t i = 0; i < text.len; i++)
      fputc(text.p[i] >= ' ' && text.p[i] <= '~' ? text.p[i] : '?', file);
  }
  bytes_release(&safe);
}

static void put_formatted(FILE *file, const char *before, const char *after, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
static void put_formatted(FILE *file, const char *before, const char *after, const char *format, va_list args) {
  char *line = NULL;
  if (vasprintf(&line, format, args) < 0) {
    return;
  }
  fputs(before, file);
  put_escaped(file, view_of_text(line), false);
  fputs(after, file);
  fputc('\n', file);
  free(line);
}

void out_line(const struct cli *cli, const char *format, ...) {
  if (cli->json) {
    return;
  }
  va_list args;
  va_start(args, format);
  put_formatted(stdout, "", "", format, args);
  va_end(args);
}

void out_heading(const struct cli *cli, const char *format, ...) {
  if (cli->json) {
    return;
  }
  va_list args;
  va_start(args, format);
  put_formatted(stdout, cli->colour ? "\033[1m" : "", cli->colour ? "\033[0m" : "", format, args);
  va_end(args);
}

size_t out_columns(const struct cli *cli) {
  struct winsize size;
  if (!cli->tty || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) {
    return 0;
  }
  return size.ws_col;
}

/* Writes one line of escaped text that begins in column at, breaking it at blanks; further lines begin in column indent. */
static void put_wrapped(const struct cli *cli, struct view line, size_t at, size_t indent) {
  const size_t width = out_columns(cli);
  bool first = true;
  for (size_t from = 0; from < line.len;) {
    size_t to = from;
    while (to < line.len && line.p[to] == ' ') {
      to++;
    }
    while (to < line.len && line.p[to] != ' ') {
      to++;
    }
    struct view word = view_of(line.p + from, to - from);
    size_t wide = text_width(word);
    if (width > indent + 10 && !first && at + wide > width) {
      while (word.len > 0 && word.p[0] == ' ') {
        word = view_of(word.p + 1, word.len - 1);
      }
      printf("\n%*s", (int)indent, "");
      at = indent;
      wide = text_width(word);
    }
    fwrite(word.p, 1, word.len, stdout);
    at += wide;
    first = false;
    from = to;
  }
  fputc('\n', stdout);
}

/* The same with text as it came. */
static void put_wrapped_raw(const struct cli *cli, struct view line, size_t at, size_t indent) {
  struct bytes safe;
  bytes_init(&safe, 8 * LINE_MAX_OCTETS);
  if (text_escape(line, true, &safe, NULL) == OK) {
    put_wrapped(cli, bytes_view(&safe), at, indent);
  }
  bytes_release(&safe);
}

static void put_toned(const struct cli *cli, enum out_tone tone, size_t indent, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));
static void put_toned(const struct cli *cli, enum out_tone tone, size_t indent, const char *format, va_list args) {
  static const char *const colours[] = {[TONE_PLAIN] = "",
                                        [TONE_GOOD] = "\033[32m",
                                        [TONE_BAD] = "\033[31m",
                                        [TONE_WARNING] = "\033[33m",
                                        [TONE_FAINT] = "\033[2m"};
  const bool coloured = cli->colour && tone != TONE_PLAIN;
  char *line = NULL;
  if (vasprintf(&line, format, args) < 0) {
    return;
  }
  fputs(coloured ? colours[tone] : "", stdout);
  put_wrapped_raw(cli, view_of_text(line), 0, indent);
  fputs(coloured ? "\033[0m" : "", stdout);
  free(line);
}

void out_wrapped(const struct cli *cli, size_t indent, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (!cli->json) {
    put_toned(cli, TONE_PLAIN, indent, format, args);
  }
  va_end(args);
}

void out_toned(const struct cli *cli, enum out_tone tone, size_t indent, const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (!cli->json) {
    put_toned(cli, tone, indent, format, args);
  }
  va_end(args);
}

const char *out_word(const struct cli *cli, const char *en, const char *it) {
  return strncmp(cli->lang, "it", 2) == 0 ? it : en;
}

void out_text(const struct cli *cli, struct view text) {
  if (cli->json) {
    return;
  }
  while (text.len > 0) {
    const uint8_t *end = memchr(text.p, '\n', text.len);
    size_t len = end == NULL ? text.len : (size_t)(end - text.p);
    if (len > 0) {
      fputs("  ", stdout);
    }
    put_wrapped_raw(cli, view_of(text.p, len), 2, len > 2 && memcmp(text.p, "- ", 2) == 0 ? 4 : 2);
    len += end != NULL;
    text.p += len;
    text.len -= len;
  }
}

void out_note(const struct cli *cli, const char *format, ...) {
  if (cli->json || cli->quiet) {
    return;
  }
  va_list args;
  va_start(args, format);
  put_formatted(stderr, "", "", format, args);
  va_end(args);
}

/* ---- the document ---- */

void out_set(const struct cli *cli, const char *key, json_t *value) {
  json_object_set_new(cli->doc, key, value);
}

void out_set_text(const struct cli *cli, const char *key, const char *text) {
  out_set(cli, key, out_json_text(view_of_text(text)));
}

void out_set_number(const struct cli *cli, const char *key, uint64_t number) {
  out_set(cli, key, json_integer((json_int_t)number));
}

void out_set_bool(const struct cli *cli, const char *key, bool value) {
  out_set(cli, key, json_boolean(value));
}

json_t *out_json_text(struct view text) {
  if (text.len == 0) {
    return json_string("");
  }
  json_t *json = json_stringn((const char *)text.p, text.len);
  if (json != NULL) {
    return json;
  }
  struct bytes safe;
  bytes_init(&safe, 8 * LINE_MAX_OCTETS);
  if (text_escape(text, true, &safe, NULL) == OK) {
    json = json_stringn((const char *)safe.p, safe.len);
  }
  bytes_release(&safe);
  return json;
}

json_t *out_json_hash(const struct hash *h) {
  char hex[HASH_HEX_LEN];
  hash_hex(h, hex);
  return json_string(hex);
}

/* ---- tables ---- */

struct out_table {
  struct libscols_table *table;
  size_t n_columns;
  const char *lang; /* of names and words; the run's */
  bool *filled;     /* which columns have a cell that is not empty; owned */
  bool *has_words;  /* which have words of wording.h; behind filled */
};

/* lang: NULL: names are told as they are. */
static struct out_table *table_new(const struct cli *cli, const char *const *columns, const char *lang) {
  if (cli->json) {
    return NULL;
  }
  size_t n = 0;
  while (columns[n] != NULL) {
    n++;
  }
  struct out_table *t = calloc(1, sizeof *t);
  bool *filled = calloc(2 * n + 2, sizeof *filled);
  if (t == NULL || filled == NULL || (t->table = scols_new_table()) == NULL) {
    free(filled);
    free(t);
    return NULL;
  }
  t->lang = lang;
  t->filled = filled;
  t->has_words = filled + n + 1;
  if (!cli->tty) {
    scols_table_set_termforce(t->table, SCOLS_TERMFORCE_NEVER);
  }
  /* Cells come escaped; a second encoding would show every backslash twice. */
  scols_table_enable_noencoding(t->table, 1);
  scols_table_enable_colors(t->table, cli->colour);
  for (; columns[t->n_columns] != NULL; t->n_columns++) {
    const char *name = columns[t->n_columns];
    const bool words = lang != NULL && name[0] == '=';
    const bool right = name[words] == '>', cut = name[words] == '<';
    name += words + (right || cut);
    t->has_words[t->n_columns] = words;
    struct libscols_column *column =
        scols_table_new_column(t->table, lang == NULL ? name : wording_of(name, lang), 0,
                               (right ? SCOLS_FL_RIGHT : 0) | (cut && cli->tty ? SCOLS_FL_TRUNC : 0));
    if (column != NULL && cli->colour) {
      scols_cell_set_color(scols_column_get_header(column), "bold");
    }
  }
  return t;
}

struct out_table *out_table_new(const struct cli *cli, const char *const *columns) {
  return table_new(cli, columns, cli->lang);
}

struct out_table *out_table_of(const struct cli *cli, const char *const *columns) {
  return table_new(cli, columns, NULL);
}

void out_table_row(struct out_table *t, const char *const *cells) {
  struct libscols_line *line = t == NULL ? NULL : scols_table_new_line(t->table, NULL);
  for (size_t i = 0; line != NULL && i < t->n_columns; i++) {
    struct bytes safe;
    bytes_init(&safe, LINE_MAX_OCTETS);
    char words[128];
    const char *text = NULL, *cell = cells[i];
    if (cell != NULL && t->has_words[i]) {
      wording_list(cell, t->lang, words, sizeof words);
      cell = words;
    }
    if (cell != NULL && text_escape(view_of_text(cell), false, &safe, NULL) == OK) {
      text = bytes_text(&safe);
    }
    scols_line_set_data(line, i, text == NULL ? "" : text);
    t->filled[i] = t->filled[i] || (text != NULL && text[0] != '\0');
    bytes_release(&safe);
  }
}

/* Hides the columns in which no line has anything. */
static void hide_empty_columns(struct out_table *t) {
  for (size_t i = 0; i < t->n_columns; i++) {
    struct libscols_column *column = scols_table_get_column(t->table, i);
    if (!t->filled[i] && column != NULL) {
      scols_column_set_flags(column, scols_column_get_flags(column) | SCOLS_FL_HIDDEN);
    }
  }
}

void out_table_print(struct out_table *t) {
  if (t == NULL) {
    return;
  }
  char *text = NULL;
  hide_empty_columns(t);
  if (scols_table_get_nlines(t->table) > 0 && scols_print_table_to_string(t->table, &text) == 0 && text != NULL) {
    /* libsmartcols pads the last column, too: nobody needs blanks at the ends of lines. */
    for (char *line = text; *line != '\0';) {
      size_t len = strcspn(line, "\n"), kept = len;
      while (kept > 0 && line[kept - 1] == ' ') {
        kept--;
      }
      fwrite(line, 1, kept, stdout);
      fputc('\n', stdout);
      line += len + (line[len] == '\n');
    }
  }
  free(text);
  scols_unref_table(t->table);
  free(t->filled);
  free(t);
}

/* ---- the end ---- */

/* json_dump_callback's: context is a scratch buffer. */
static int put_piece(const char *piece, size_t len, void *context) {
  struct bytes *safe = context;
  bytes_clear(safe);
  if (text_escape_json(view_of(piece, len), safe, NULL) != OK) {
    return -1;
  }
  return safe->len == 0 || fwrite(safe->p, 1, safe->len, stdout) == safe->len ? 0 : -1;
}

static void put_document(const struct cli *cli) {
  struct bytes safe;
  bytes_init(&safe, 8 * LINE_MAX_OCTETS);
  if (json_dump_callback(cli->doc, put_piece, &safe, JSON_INDENT(2) | JSON_PRESERVE_ORDER) == 0) {
    fputc('\n', stdout);
  }
  bytes_release(&safe);
}

static json_t *error_json(const struct err *err) {
  json_t *json = json_object();
  json_object_set_new(json, "code", json_string(err_name(err->code)));
  json_object_set_new(json, "message", out_json_text(view_of_text(err->message)));
  json_object_set_new(json, "hint", out_json_text(view_of_text(err->hint)));
  json_object_set_new(json, "exit", json_integer(err_exit_status(err->code)));
  return json;
}

/* One line on stderr behind its first word. Without memory the English has to do. */
static void put_said(const char *first, enum err_code code, struct bytes *said, const char *english) {
  fputs(first, stderr);
  put_escaped(stderr, code == OK ? bytes_view(said) : view_of_text(english), false);
  fputc('\n', stderr);
  bytes_clear(said);
}

static void put_error(const struct cli *cli, const struct err *err) {
  const bool red = cli->tty_err && cli->colour;
  struct bytes said;
  bytes_init(&said, (size_t)4 * ERR_MESSAGE_MAX);
  put_said(red ? "\033[31mspecola: \033[0m" : "specola: ", translation_message(err, cli->lang, &said), &said,
           err->message[0] != '\0' ? err->message : err_text(err->code));
  if (err->hint[0] != '\0') {
    put_said(out_word(cli, "  try: ", "  prova: "), translation_hint(err, cli->lang, &said), &said, err->hint);
  }
  bytes_release(&said);
}

int out_finish(const struct cli *cli, const struct err *err) {
  int status = err_exit_status(err->code);
  if (cli->json) {
    if (err->code != OK) {
      out_set(cli, "error", error_json(err));
    }
    put_document(cli);
  } else if (err->code != OK) {
    fflush(stdout);
    put_error(cli, err);
  }
  if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0) {
    struct err failed = ERR_INIT;
    err_errno(&failed, ERR_IO, errno, "stdout");
    put_error(cli, &failed);
    return err_exit_status(failed.code);
  }
  return status;
}
