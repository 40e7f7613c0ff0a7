/*
 * draft_read: the text file in which people write an object, to JSON (draft.h, docs/schema.md 4).
 *
 * In come lines: `field: value`, lists of `- item`, and blocks that begin with "## field". draft_path.c says where a value
 * goes. Every error names its line.
 */
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/draft.h"
#include "protocol/schema/draft_path.h"
#include "protocol/schema/kind.h"
#include "protocol/schema/lines.h"
#include "protocol/schema/nearest.h"
#include "protocol/schema/value.h"

#define HEADER "specola-draft "
#define VERSION "1 "
#define BOM "\xef\xbb\xbf"

/* A draft while it is read. */
struct draft {
  const struct schema *schema;
  struct lines lines;
  size_t line; /* the line to blame */
  json_t *root;
  json_t *first_lines; /* field key -> line of its first value, for what is only seen at the end */
  char language[VALUE_TAG_MAX];
  struct draft_path list; /* the list that takes "- item" lines */
  bool list_is_open;
  struct bytes block; /* the text of the block that is being read */
  struct err *err;
};

static enum err_code fail(struct draft *d, const char *message, struct view what) {
  return err_set(d->err, ERR_FORMAT, "%s%s%.*s%s", message, what.len > 0 ? ": '" : "", (int)(what.len > 60 ? 60 : what.len),
                 what.len > 0 ? (const char *)what.p : "", what.len > 0 ? "'" : "");
}

static const struct view NOTHING = {NULL, 0};

/* ---- values ---- */

static enum err_code put_text(struct draft *d, const struct draft_path *path, struct view text) {
  const char *key = draft_path_key(path);
  const char *tag = path->has_tag ? path->tag : d->language;
  if (json_object_get(d->first_lines, key) == NULL &&
      json_object_set_new_nocheck(d->first_lines, key, json_integer((json_int_t)d->line)) != 0) {
    return err_set(d->err, ERR_MEMORY, NULL);
  }
  if (path->leaf != NULL && path->leaf->type == FIELD_BOOL) {
    const bool yes = view_is_text(text, "true");
    if (!yes && !view_is_text(text, "false")) return fail(d, "the value is true or false, not", text);
    return draft_path_put(path, tag, d->root, json_boolean(yes), d->err);
  }
  return draft_path_put(path, tag, d->root, json_stringn((const char *)text.p, text.len), d->err);
}

/* Gives a value its one spelling, or says what is wrong with it. Codes and addresses are the business of schema_check. */
static enum err_code put_value(struct draft *d, const struct draft_path *path, struct view text) {
  char number[VALUE_NUMBER_MAX];
  if (path->leaf == NULL) return put_text(d, path, text);
  switch (path->leaf->type) {
  case FIELD_NUMBER:
    if (!value_number(text, number)) return fail(d, "not a number (1250.5, at most 6 decimals and 18 digits)", text);
    return put_text(d, path, view_of_text(number));
  case FIELD_DATE:
    if (!value_is_date(text)) return fail(d, "not a date (2024, 2024-05 or 2024-05-31)", text);
    return put_text(d, path, text);
  case FIELD_REF:
  case FIELD_BLOB:
    if (value_is_hex32(text)) return put_text(d, path, text);
    (void)fail(d, "not an id (64 small hexadecimal digits)", text);
    return err_hint(d->err, "specola --json show IT-312 tells the id of an object");
  case FIELD_TEXT:
  case FIELD_CODE:
  case FIELD_BOOL:
  case FIELD_URL:
  case FIELD_GROUP:
  case FIELD_FILE:
    return put_text(d, path, text);
  }
  return OK;
}

/* `field: ?` and `field: -` */
static enum err_code put_mark(struct draft *d, const struct draft_path *path, const char *list) {
  static const char *const lists[] = {"_unknown", "_na"};
  const char *key = draft_path_key(path);
  if (path->has_row || path->has_item || path->has_tag) {
    (void)fail(d, "'?' and '-' are said of a whole field", NOTHING);
    return err_hint(d->err, "write '%s: ?' or '%s: -'", key, key);
  }
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    const json_t *marks = json_object_get(d->root, lists[i]);
    for (size_t j = 0; j < json_array_size(marks); j++) {
      if (strcmp(json_string_value(json_array_get(marks, j)), key) == 0) return fail(d, "marked twice", view_of_text(key));
    }
  }
  json_t *marks = json_object_get(d->root, list);
  if (marks == NULL) {
    if (json_object_set_new_nocheck(d->root, list, json_array()) != 0) return err_set(d->err, ERR_MEMORY, NULL);
    marks = json_object_get(d->root, list);
  }
  return json_array_append_new(marks, json_string(key)) == 0 ? OK : err_set(d->err, ERR_MEMORY, NULL);
}

/* ---- lines ---- */

static enum err_code take_item(struct draft *d, struct view item) {
  if (!d->list_is_open) {
    (void)fail(d, "a list item without a field of several values above it", NOTHING);
    return err_hint(d->err, "a list begins with a line 'field:'");
  }
  if (item.len == 0) return OK;
  const enum err_code code = put_value(d, &d->list, item);
  d->list.item++;
  if (code == OK && d->list.item == LIMIT_LIST) d->list_is_open = false;
  return code;
}

static enum err_code take_field(struct draft *d, struct view line) {
  const uint8_t *colon = memchr(line.p, ':', line.len);
  struct draft_path path;
  if (colon == NULL) {
    (void)fail(d, "this line is not understood", line);
    return err_hint(d->err, "lines are 'field: value', '- item', '# comment' or '## field' before a text");
  }
  const struct view key = lines_trim(view_of(line.p, (size_t)(colon - line.p)));
  const struct view value = lines_trim(view_of(colon + 1, line.len - (size_t)(colon - line.p) - 1));
  if (key.len == 0) return fail(d, "there is no field before the colon", NOTHING);
  const enum err_code code = draft_path_parse(d->schema, key, &path, d->err);
  if (code != OK) return code;
  d->list_is_open = false;
  if (value.len == 0) {
    d->list_is_open = path.leaf != NULL && path.leaf->many && path.leaf->n_children == 0 && !path.has_item;
    d->list = path;
    return OK;
  }
  if (view_is_text(value, "?")) return put_mark(d, &path, "_unknown");
  if (view_is_text(value, "-")) return put_mark(d, &path, "_na");
  return put_value(d, &path, value);
}

static bool is_header(struct view line) {
  return line.len >= 3 && memcmp(line.p, "## ", 3) == 0;
}

static enum err_code take_line(struct draft *d) {
  const struct view line = lines_trim(d->lines.line);
  if (line.len == 0 || line.p[0] == '#') return OK;
  if (line.p[0] == '-' && (line.len == 1 || line.p[1] == ' '))
    return take_item(d, lines_trim(view_of(line.p + 1, line.len - 1)));
  return take_field(d, line);
}

/* ---- blocks ---- */

static bool is_comment(struct view line) {
  return line.len > 0 && line.p[0] == '#' && (line.len == 1 || line.p[1] == ' ');
}

static enum err_code append_block_line(struct draft *d, size_t *n_blank, bool *begun) {
  struct view line = d->lines.line;
  if (line.len > 0 && line.p[0] == '\\') line = view_of(line.p + 1, line.len - 1);
  enum err_code code = OK;
  for (; *n_blank > 0 && code == OK; --*n_blank) {
    if (*begun) code = bytes_append_u8(&d->block, '\n', d->err);
  }
  if (code == OK && *begun) code = bytes_append_u8(&d->block, '\n', d->err);
  *begun = true;
  return code == OK ? bytes_append(&d->block, line, d->err) : code;
}

/* Reads lines up to the next header or the end. Blank lines around the text, and comments right before a header, are no text.
 */
static enum err_code read_block_text(struct draft *d, bool *more) {
  size_t n_blank = 0, comment = 0;
  bool begun = false;
  bytes_clear(&d->block);
  while ((*more = lines_next(&d->lines)) && !is_header(d->lines.line)) {
    const struct view line = d->lines.line;
    d->line = d->lines.number;
    if (!text_is_valid(line)) return fail(d, "not UTF-8 text", NOTHING);
    if (lines_trim(line).len == 0) {
      n_blank++;
    } else if (is_comment(line)) {
      if (comment == 0) comment = d->lines.number;
    } else if (line.p[0] == '#' || comment > 0) {
      if (comment > 0) d->line = comment;
      break;
    } else {
      const enum err_code code = append_block_line(d, &n_blank, &begun);
      if (code != OK) return code;
    }
  }
  const bool stopped = *more && !is_header(d->lines.line);
  if (!stopped && (*more || comment == 0)) return OK;
  d->line = comment > 0 ? comment : d->line;
  (void)fail(d, "a line of text begins with '#'", NOTHING);
  return err_hint(d->err, "write '\\#' for a text that begins so; comments stand before '## field' only");
}

/* The lines from the first header on. */
static enum err_code read_blocks(struct draft *d) {
  bool more = true;
  while (more) {
    struct draft_path path;
    const size_t header = d->lines.number;
    const struct view key = lines_trim(view_of(d->lines.line.p + 3, d->lines.line.len - 3));
    d->line = header;
    if (key.len == 0) return fail(d, "'##' without a field", NOTHING);
    enum err_code code = draft_path_parse(d->schema, key, &path, d->err);
    if (code == OK) code = read_block_text(d, &more);
    if (code != OK) return code;
    d->line = header;
    if (d->block.len > 0) code = put_value(d, &path, bytes_view(&d->block));
    if (code != OK) return code;
  }
  return OK;
}

/* ---- the whole ---- */

static enum err_code unknown_kind(struct draft *d, const struct schema_set *set, struct view kind) {
  char names[160] = "";
  size_t used = 0;
  for (size_t i = 0; i < schema_set_count(set) && used < sizeof names; i++) {
    const int n = snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", schema_set_at(set, i)->kind);
    used += n > 0 ? (size_t)n : 0;
  }
  (void)err_set(d->err, ERR_NOT_FOUND, "unknown kind '%.*s'", (int)(kind.len > 40 ? 40 : kind.len), (const char *)kind.p);
  (void)err_hint(d->err, "there are %s", names);
  return ERR_NOT_FOUND;
}

/* "specola-draft N", N above 1: of a program to come. */
static bool is_newer(struct view line) {
  uint64_t version = 0;
  const size_t n = strlen(HEADER);
  if (line.len <= n || memcmp(line.p, HEADER, n) != 0) return false;
  const struct view rest = view_of(line.p + n, line.len - n);
  const uint8_t *blank = memchr(rest.p, ' ', rest.len);
  const struct view number = view_of(rest.p, blank == NULL ? rest.len : (size_t)(blank - rest.p));
  return decimal_decode(number, &version, NULL) == OK && version > 1;
}

static enum err_code read_header(struct draft *d, const struct schema_set *set) {
  char kind[32];
  d->line = 1;
  const bool any = lines_next(&d->lines);
  struct view line = any ? lines_trim(d->lines.line) : NOTHING;
  if (line.len >= strlen(BOM) && memcmp(line.p, BOM, strlen(BOM)) == 0) {
    line = view_of(line.p + strlen(BOM), line.len - strlen(BOM));
  }
  if (!text_is_valid(line)) return fail(d, "not UTF-8 text", NOTHING);
  const size_t n = strlen(HEADER VERSION);
  if (is_newer(line)) {
    (void)err_set(d->err, ERR_VERSION, "a draft of a newer form than this program knows (specola-draft 1)");
    return err_hint(d->err, "use the newer program, or begin again with: specola new KIND");
  }
  if (line.len <= n || memcmp(line.p, HEADER VERSION, n) != 0) {
    (void)fail(d, "a draft begins with 'specola-draft 1 KIND'", NOTHING);
    return err_hint(d->err, "specola new KIND writes one to fill in");
  }
  const struct view name = lines_trim(view_of(line.p + n, line.len - n));
  if (!lines_copy(name, kind, sizeof kind) || (d->schema = schema_by_kind(set, kind)) == NULL)
    return unknown_kind(d, set, name);
  return OK;
}

/* The original language, if the draft says it somewhere: untagged texts above it are in it as well. */
static void find_language(struct draft *d, const char *default_lang) {
  struct lines l = d->lines;
  if (!value_tag(view_of_text(default_lang), d->language)) memcpy(d->language, "und", 4);
  if (d->schema->language == NULL) return;
  while (lines_next(&l) && !is_header(l.line)) {
    const uint8_t *colon = l.line.len > 0 ? memchr(l.line.p, ':', l.line.len) : NULL;
    if (colon == NULL) continue;
    const struct view key = lines_trim(view_of(l.line.p, (size_t)(colon - l.line.p)));
    const struct view value = lines_trim(view_of(colon + 1, l.line.len - (size_t)(colon - l.line.p) - 1));
    if (view_is_text(key, d->schema->language->key) && value_tag(value, d->language)) return;
  }
}

/* Rows and elements are counted without gaps. */
static enum err_code check_gaps(struct draft *d, const json_t *array, const struct field *f) {
  for (size_t i = 0; i < json_array_size(array); i++) {
    if (!json_is_null(json_array_get(array, i))) continue;
    const json_t *line = NULL;
    for (size_t j = 0; line == NULL && j <= f->n_children; j++) {
      line = json_object_get(d->first_lines, j < f->n_children ? f->children[j].key : f->key);
    }
    d->line = (size_t)json_integer_value(line);
    return err_set(d->err, ERR_FORMAT, "'%s' has no number %zu, but later ones: count from 1 without a gap", f->key, i + 1);
  }
  return OK;
}

static enum err_code check_row_gaps(struct draft *d, const json_t *row, const struct field *group) {
  enum err_code code = OK;
  for (size_t i = 0; i < group->n_children && code == OK; i++) {
    code = check_gaps(d, json_object_get(row, group->children[i].name), &group->children[i]);
  }
  return code;
}

static enum err_code check_end(struct draft *d) {
  enum err_code code = OK;
  for (size_t i = 0; i < d->schema->n_fields && code == OK; i++) {
    const struct field *f = &d->schema->fields[i];
    const json_t *value = json_object_get(d->root, f->key);
    code = check_gaps(d, f->many ? value : NULL, f);
    if (f->n_children > 0 && !f->many && code == OK) code = check_row_gaps(d, value, f);
    for (size_t j = 0; f->n_children > 0 && f->many && j < json_array_size(value) && code == OK; j++) {
      code = check_row_gaps(d, json_array_get(value, j), f);
    }
  }
  for (int i = 0; i < 2 && code == OK; i++) {
    const json_t *marks = json_object_get(d->root, i == 0 ? "_na" : "_unknown");
    for (size_t j = 0; j < json_array_size(marks) && code == OK; j++) {
      const char *key = json_string_value(json_array_get(marks, j));
      const json_t *line = json_object_get(d->first_lines, key);
      if (line == NULL) continue;
      d->line = (size_t)json_integer_value(line);
      code = fail(d, "a value, and marked '?' or '-' elsewhere", view_of_text(key));
    }
  }
  return code;
}

static enum err_code read_all(struct draft *d, const struct schema_set *set, const char *default_lang) {
  enum err_code code = read_header(d, set);
  if (code != OK) return code;
  find_language(d, default_lang);
  while (lines_next(&d->lines)) {
    d->line = d->lines.number;
    if (!text_is_valid(d->lines.line)) return fail(d, "not UTF-8 text", NOTHING);
    if (is_header(d->lines.line)) {
      code = read_blocks(d);
      return code == OK ? check_end(d) : code;
    }
    if ((code = take_line(d)) != OK) return code;
  }
  return check_end(d);
}

enum err_code draft_read(const struct schema_set *set, struct view text, const char *default_lang, const struct schema **schema,
                         json_t **json, struct err *err) {
  struct err local = ERR_INIT;
  struct draft d = {.lines = lines_of(text), .root = json_object(), .first_lines = json_object()};
  d.err = err != NULL ? err : &local;
  bytes_init(&d.block, LIMIT_DRAFT);
  enum err_code code = OK;
  if (d.root == NULL || d.first_lines == NULL) {
    code = err_set(d.err, ERR_MEMORY, NULL);
  } else if (text.len > LIMIT_DRAFT) {
    code = err_set(d.err, ERR_LIMIT, "a draft has at most %u octets", LIMIT_DRAFT);
  } else if ((code = read_all(&d, set, default_lang)) != OK) {
    (void)err_context(d.err, "line %zu", d.line);
  }
  if (code == OK) {
    *schema = d.schema;
    *json = d.root;
    d.root = NULL;
  }
  json_decref(d.root);
  json_decref(d.first_lines);
  bytes_release(&d.block);
  return code;
}
