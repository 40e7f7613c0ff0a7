/*
 * out: everything that a command says. Lines and tables for people, one JSON document for programs. All text passes text_escape
 * here, so nothing that came from a stranger reaches a terminal as it was; colours exist only on a terminal.
 */
#ifndef SPECOLA_CLI_OUT_H
#define SPECOLA_CLI_OUT_H

#include "cli/cli.h"

/* A line on stdout (formatted, escaped, a newline behind it). Nothing under --json. */
void out_line(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same in bold on a terminal. */
void out_heading(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A text of several lines, each indented by two blanks; wrapped between words at the edge of a terminal, and never when stdout
 * is something else. */
void out_text(const struct cli *cli, struct view text);
/* Columns of the terminal; 0: stdout is none, so nothing is wrapped. */
size_t out_columns(const struct cli *cli);
/* A line that is wrapped like that; its further lines are indented by so many blanks. */
void out_wrapped(const struct cli *cli, size_t indent, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same in a colour, where stdout may have colours: what came, what went, what is to be looked at, what matters less. The
 * words must say it too. */
enum out_tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_WARNING, TONE_FAINT };
void out_toned(const struct cli *cli, enum out_tone tone, size_t indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The one of two words that fits the language of this run. Borrowed. */
const char *out_word(const struct cli *cli, const char *en, const char *it);
/* A line on stderr, beside the result: progress, advice, warnings. Nothing under --json or -q. */
void out_note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts value (stolen; NULL: without memory) into the JSON document. Later values of the same key replace earlier ones. */
void out_set(const struct cli *cli, const char *key, json_t *value);
/* Shorthands. */
void out_set_text(const struct cli *cli, const char *key, const char *text);
void out_set_number(const struct cli *cli, const char *key, uint64_t number);
void out_set_bool(const struct cli *cli, const char *key, bool value);
/* A JSON string of octets that need not be UTF-8 (broken ones escaped). NULL without memory. */
json_t *out_json_text(struct view text);
/* The hexadecimal digits of a hash as a JSON string. */
json_t *out_json_hash(const struct hash *h);

/* A table (libsmartcols). Names of columns end the argument list with NULL; one that begins with '>' is aligned to the right,
 * one that begins with '<' may be cut at the edge of a terminal (never when stdout is something else); one with '=' before that
 * has words of wording.h in its cells, as a list, which are said in the language of the run, as the names are. A column without
 * content is left out. */
struct out_table;
struct out_table *out_table_new(const struct cli *cli, const char *const *columns); /* NULL under --json or without memory */
/* The same with names that are somebody else's: told as they are. */
struct out_table *out_table_of(const struct cli *cli, const char *const *columns);
/* A row: as many cells as columns; NULL: empty. t may be NULL. */
void out_table_row(struct out_table *t, const char *const *cells);
void out_table_print(struct out_table *t); /* prints and frees; NULL is fine */

/* The end of a run: the document, or the error for people; stdout flushed and its errors noticed. Returns the exit status. */
int out_finish(const struct cli *cli, const struct err *err);

#endif
