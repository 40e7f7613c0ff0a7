/*
 * draft_write: JSON to a draft that draft_read turns into the same JSON (draft.h, docs/schema.md 4).
 *
 * Fields on one line come first, then the blocks: behind the first "## " there are only blocks. Both passes walk the schema in
 * its order and print a value where the pass wants its form.
 */
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/draft.h"
#include "protocol/schema/kind.h"
#include "protocol/schema/lines.h"
#include "protocol/schema/pairs.h"

#define LINE_OCTETS 200u /* longer texts become blocks */
#define PATH_MAX_OCTETS 192

struct draft_writer {
  struct bytes *out;
  bool blocks; /* the pass */
  enum err_code code;
  struct err *err;
};

static void print(struct draft_writer *w, struct view text) {
  if (w->code == OK) w->code = bytes_append(w->out, text, w->err);
}

static void print_text(struct draft_writer *w, const char *text) {
  print(w, view_of_text(text));
}

/* Whether a text survives on one line. */
static bool fits_line(struct view v, bool is_item) {
  if (v.len == 0 || v.len > LINE_OCTETS || memchr(v.p, '\n', v.len) != NULL || memchr(v.p, '\r', v.len) != NULL) return false;
  if (lines_trim(v).len != v.len) return false;
  return is_item || (!view_is_text(v, "?") && !view_is_text(v, "-"));
}

static struct view text_of(const json_t *value) {
  if (json_is_string(value)) return view_of(json_string_value(value), json_string_length(value));
  if (json_is_boolean(value)) return view_of_text(json_is_true(value) ? "true" : "false");
  return view_of(NULL, 0);
}

/* A text as a block. Lines that would end it, be a comment or be stripped get a backslash. */
static void print_block(struct draft_writer *w, const char *path, struct view text) {
  struct lines l = lines_of(text);
  const size_t ends_with_newline = text.len > 0 && text.p[text.len - 1] == '\n';
  print_text(w, "\n## ");
  print_text(w, path);
  print_text(w, "\n");
  bool first = true;
  while (lines_next(&l)) {
    const bool last = l.p == l.end && !ends_with_newline;
    const bool blank = lines_trim(l.line).len == 0;
    const bool special = l.line.len > 0 && (l.line.p[0] == '#' || l.line.p[0] == '\\');
    if (special || (blank && (first || last || l.line.len > 0))) print_text(w, "\\");
    print(w, l.line);
    print_text(w, "\n");
    first = false;
  }
  if (ends_with_newline) print_text(w, "\\\n");
}

static void print_scalar(struct draft_writer *w, const char *path, const json_t *value) {
  const struct view text = text_of(value);
  if (text.len == 0 || fits_line(text, false) == w->blocks) return;
  if (w->blocks) {
    print_block(w, path, text);
    return;
  }
  print_text(w, path);
  print_text(w, ": ");
  print(w, text);
  print_text(w, "\n");
}

static void print_languages(struct draft_writer *w, const char *path, const json_t *value) {
  char longer[PATH_MAX_OCTETS];
  struct pairs p = pairs_of(value);
  while (pairs_next(&p)) {
    const int n = snprintf(longer, sizeof longer, "%s.%s", path, p.key);
    if (n > 0 && (size_t)n < sizeof longer) print_scalar(w, longer, p.value);
  }
}

/* `field:` with "- item" lines, when every element fits. */
static bool is_plain_list(const struct field *f, const json_t *list) {
  for (size_t i = 0; i < json_array_size(list); i++) {
    if (f->ml || !fits_line(text_of(json_array_get(list, i)), true)) return false;
  }
  return true;
}

static void print_list(struct draft_writer *w, const struct field *f, const char *path, const json_t *list) {
  char longer[PATH_MAX_OCTETS];
  const bool plain = is_plain_list(f, list);
  if (plain && w->blocks) return;
  if (plain && json_array_size(list) > 0) {
    print_text(w, path);
    print_text(w, ":\n");
  }
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *element = json_array_get(list, i);
    (void)snprintf(longer, sizeof longer, "%s.%zu", path, i + 1);
    if (plain) {
      print_text(w, "- ");
      print(w, text_of(element));
      print_text(w, "\n");
    } else if (f->ml) {
      print_languages(w, longer, element);
    } else {
      print_scalar(w, longer, element);
    }
  }
}

static void print_leaf(struct draft_writer *w, const struct field *f, const char *path, const json_t *value) {
  if (f->many) {
    print_list(w, f, path, value);
  } else if (f->ml) {
    print_languages(w, path, value);
  } else {
    print_scalar(w, path, value);
  }
}

static void print_row(struct draft_writer *w, const struct field *group, const char *path, const json_t *row) {
  char longer[PATH_MAX_OCTETS];
  for (size_t i = 0; i < group->n_children; i++) {
    const struct field *child = &group->children[i];
    (void)snprintf(longer, sizeof longer, "%s.%s", path, child->name);
    print_leaf(w, child, longer, json_object_get(row, child->name));
  }
}

static void print_field(struct draft_writer *w, const struct field *f, const json_t *value) {
  char path[PATH_MAX_OCTETS];
  if (value == NULL) return;
  if (f->n_children == 0) {
    print_leaf(w, f, f->key, value);
  } else if (!f->many) {
    print_row(w, f, f->key, value);
  } else {
    for (size_t i = 0; i < json_array_size(value); i++) {
      (void)snprintf(path, sizeof path, "%s.%zu", f->key, i + 1);
      print_row(w, f, path, json_array_get(value, i));
    }
  }
}

static void print_marks(struct draft_writer *w, const json_t *keys, const char *mark) {
  for (size_t i = 0; i < json_array_size(keys); i++) {
    const char *key = json_string_value(json_array_get(keys, i));
    if (key == NULL) continue;
    print_text(w, key);
    print_text(w, mark);
  }
}

/* Keys that no draft can name are said in a comment. */
static void print_strangers(struct draft_writer *w, const struct schema *schema, const json_t *json) {
  struct pairs p = pairs_of(json);
  while (pairs_next(&p)) {
    const char *key = p.key;
    if (kind_top(schema, view_of_text(key)) >= 0 || strcmp(key, "_na") == 0 || strcmp(key, "_unknown") == 0) continue;
    print_text(w, "# not shown here, for this schema does not have it: ");
    struct bytes safe;
    bytes_init(&safe, LIMIT_DRAFT);
    if (w->code == OK) w->code = text_escape(view_of_text(key), false, &safe, w->err);
    print(w, bytes_view(&safe));
    print_text(w, "\n");
    bytes_release(&safe);
  }
}

enum err_code draft_write(const struct schema *schema, const json_t *json, struct bytes *out, struct err *err) {
  struct draft_writer w = {.out = out, .code = OK, .err = err};
  if (!json_is_object(json)) return err_set(err, ERR_FORMAT, "the content is not an object of fields");
  print_text(&w, "specola-draft 1 ");
  print_text(&w, schema->kind);
  print_text(&w, "\n");
  print_strangers(&w, schema, json);
  for (int pass = 0; pass < 2; pass++) {
    w.blocks = pass == 1;
    for (size_t i = 0; i < schema->n_fields; i++) {
      print_field(&w, &schema->fields[i], json_object_get(json, schema->fields[i].key));
    }
    if (pass == 1) continue;
    print_marks(&w, json_object_get(json, "_unknown"), ": ?\n");
    print_marks(&w, json_object_get(json, "_na"), ": -\n");
  }
  return w.code;
}
