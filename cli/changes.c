/*
 * changes: differences as lines (see changes.h).
 */
#include "cli/changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/render.h"

#define NAME_MAX_OCTETS 256
#define VALUE_MAX ((size_t)512 * 1024) /* octets of a value as text */

static const char *label_of(const struct cli *cli, const struct schema *schema, const char *key) {
  return schema == NULL || schema_field(schema, view_of_text(key)) == NULL ? key : schema_label(schema, key, cli->lang);
}

/* "Funding 2: Amount", "Title (it)". */
static void name_change(const struct cli *cli, const struct schema *schema, const json_t *change, char out[NAME_MAX_OCTETS]) {
  const char *key = text_of(change, "field");
  const struct field *field = schema == NULL ? NULL : schema_field(schema, view_of_text(key));
  const json_int_t row = json_integer_value(json_object_get(change, "row"));
  const char *tag = text_of(change, "tag");
  const bool child = field != NULL && field->parent != NULL;
  char number[32] = "";
  if (row > 0) {
    snprintf(number, sizeof number, " %jd", (intmax_t)row);
  }
  const bool tagged = tag[0] != '\0';
  snprintf(out, NAME_MAX_OCTETS, "%.100s%s%s%.60s%s%.32s%s", label_of(cli, schema, child ? field->parent->key : key), number,
           child ? ": " : "", child ? label_of(cli, schema, key) : "", tagged ? " (" : "", tagged ? tag : "",
           tagged ? ")" : "");
}

/* ---- one line ---- */

void changes_brief(const struct cli *cli, const json_t *brief, struct bytes *out) {
  static const struct {
    const char *change, *en, *it;
  } sorts[] = {{"changed", "changed ", "modificato: "}, {"added", "added ", "aggiunto: "}, {"removed", "removed ", "tolto: "}};
  const char *last = "";
  size_t i;
  json_t *change;
  if (json_array_size(brief) == 0) {
    (void)!bytes_append_text(out, out_word(cli, "the same text again", "di nuovo lo stesso testo"), NULL);
  }
  json_array_foreach(brief, i, change) {
    const char *sort = text_of(change, "change");
    const bool same = strcmp(sort, last) == 0;
    const char *word = "";
    for (size_t k = 0; k < sizeof sorts / sizeof sorts[0] && !same; k++) {
      word = strcmp(sort, sorts[k].change) == 0 ? out_word(cli, sorts[k].en, sorts[k].it) : word;
    }
    const char *before = same ? ", " : i > 0 ? "; " : "";
    if (bytes_printf(out, NULL, "%s%s%s", before, word, text_of(change, "name")) != OK) {
      return;
    }
    last = sort;
  }
}

void changes_summary(const struct cli *cli, const struct schema *schema, const json_t *changes, struct bytes *out) {
  json_t *brief = NULL;
  if (difference_brief(schema, changes, cli->lang, &brief, NULL) == OK) {
    changes_brief(cli, brief, out);
  }
  json_decref(brief);
}

void changes_label(const struct cli *cli, const struct schema *schema, json_t *changes) {
  size_t i;
  json_t *change;
  json_array_foreach(changes, i, change) {
    (void)json_object_set_new(change, "label", out_json_text(view_of_text(label_of(cli, schema, text_of(change, "field")))));
  }
}

/* ---- in full ---- */

/* The line of text that begins at *at; false behind the last. */
static bool next_line(struct view text, size_t *at, struct view *line) {
  if (*at > text.len || (*at == text.len && *at > 0)) {
    return false;
  }
  const uint8_t *end = text.len == *at ? NULL : memchr(text.p + *at, '\n', text.len - *at);
  const size_t len = end == NULL ? text.len - *at : (size_t)(end - text.p) - *at;
  *line = view_of(text.p == NULL ? NULL : text.p + *at, len);
  *at += len + 1;
  return true;
}

/* How many lines at the beginning both texts share; *at: where the next one begins. */
static size_t shared_lines(struct view a, struct view b, size_t *at) {
  size_t n = 0;
  size_t i = 0;
  size_t k = 0;
  struct view x;
  struct view y;
  *at = 0;
  while (next_line(a, &i, &x) && next_line(b, &k, &y) && view_equal(x, y)) {
    *at = i;
    n++;
  }
  return n;
}

/* Octets at the end of both that are whole lines, alike, and behind from. */
static size_t shared_tail(struct view a, struct view b, size_t from) {
  size_t n = 0;
  size_t whole = 0;
  const size_t room = (a.len < b.len ? a.len : b.len);
  while (n + from < room && a.p[a.len - 1 - n] == b.p[b.len - 1 - n]) {
    n++;
    whole = a.p[a.len - n] == '\n' ? n : whole;
  }
  return whole;
}

static void say_lines(struct cli *cli, enum out_tone tone, char sign, struct view text) {
  size_t at = 0;
  struct view line;
  while (next_line(text, &at, &line)) {
    out_toned(cli, tone, 4, "  %c %.*s", sign, (int)line.len, (const char *)line.p);
  }
}

/* Two texts: what they share at both ends is only counted. */
static void say_texts(struct cli *cli, struct view before, struct view after) {
  size_t from = 0;
  const size_t head = shared_lines(before, after, &from);
  from = from > before.len ? before.len : from;
  from = from > after.len ? after.len : from;
  const size_t tail = shared_tail(before, after, from);
  if (head > 0) {
    out_toned(cli, TONE_FAINT, 4, "    (%zu %s)", head,
              head == 1 ? out_word(cli, "line as before", "riga come prima")
                        : out_word(cli, "lines as before", "righe come prima"));
  }
  if (before.len - tail > from) {
    say_lines(cli, TONE_BAD, '-', view_of(before.p + from, before.len - tail - from));
  }
  if (after.len - tail > from) {
    say_lines(cli, TONE_GOOD, '+', view_of(after.p + from, after.len - tail - from));
  }
  if (tail > 0) {
    out_toned(cli, TONE_FAINT, 4, "    (%s)", out_word(cli, "the rest as before", "il resto come prima"));
  }
}

static void say_change(struct cli *cli, const struct schema *schema, const json_t *change) {
  json_t *before = json_object_get(change, "before");
  json_t *after = json_object_get(change, "after");
  const struct field *field = schema == NULL ? NULL : schema_field(schema, view_of_text(text_of(change, "field")));
  struct bytes old;
  struct bytes new;
  bytes_init(&old, VALUE_MAX);
  bytes_init(&new, VALUE_MAX);
  if (before != NULL) {
    render_value(cli, schema, field, before, &old);
  }
  if (after != NULL) {
    render_value(cli, schema, field, after, &new);
  }
  if (before != NULL && after != NULL) {
    say_texts(cli, bytes_view(&old), bytes_view(&new));
  } else {
    say_lines(cli, before == NULL ? TONE_GOOD : TONE_BAD, before == NULL ? '+' : '-', bytes_view(before == NULL ? &new : &old));
  }
  bytes_release(&old);
  bytes_release(&new);
}

void changes_show(struct cli *cli, const struct schema *schema, const json_t *changes) {
  char last[NAME_MAX_OCTETS] = "";
  size_t i;
  json_t *change;
  json_array_foreach(changes, i, change) {
    char name[NAME_MAX_OCTETS];
    name_change(cli, schema, change, name);
    if (strcmp(name, last) != 0) {
      out_heading(cli, "%s", name);
      memcpy(last, name, sizeof last);
    }
    say_change(cli, schema, change);
  }
}
