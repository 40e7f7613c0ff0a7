/*
 * csv: RFC 4180 with a header; a column a field, a cell that a spreadsheet would take for a formula gets a ' before it. See
 * export.h.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/export/inside.h"
#include "protocol/schema/slots.h"

#define CSV_FIXED 9 /* columns before the fields: reference … endorsed */

enum err_code export_csv_cell(struct bytes *out, struct view v, bool first, struct err *err) {
  /* A quote of the text's own gets another one where a reader would take it for ours. */
  const bool formula =
      text_is_formula(v) ||
      (v.len > 1 && v.p[0] == '\'' && (text_is_formula(view_of(v.p + 1, v.len - 1)) || v.p[1] == '\'' || v.p[1] == '?'));
  bool quoted = formula;
  for (size_t i = 0; i < v.len && !quoted; i++) {
    quoted = v.p[i] == '"' || v.p[i] == ',' || v.p[i] == '\n' || v.p[i] == '\r';
  }
  enum err_code code = first ? OK : bytes_append_u8(out, ',', err);
  if (code == OK && quoted) {
    code = bytes_append_text(out, formula ? "\"'" : "\"", err);
  }
  for (size_t i = 0; i < v.len && code == OK; i++) {
    code = v.p[i] == '"' ? bytes_append_text(out, "\"\"", err) : bytes_append_u8(out, v.p[i], err);
  }
  return code == OK && quoted ? bytes_append_u8(out, '"', err) : code;
}

static enum err_code put_text_cell(struct bytes *out, const char *text, bool first, struct err *err) {
  return export_csv_cell(out, view_of_text(text), first, err);
}

/* ---- columns ---- */

typedef enum err_code leaf_visit(void *context, const struct field *leaf, struct err *err);

/* Every field that has a column, in the order of the schema. */
static enum err_code each_leaf(const struct schema *schema, leaf_visit *visit, void *context, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; i < schema->n_fields && code == OK; i++) {
    const struct field *field = &schema->fields[i];
    if (field->n_children == 0) {
      code = visit(context, field, err);
    }
    for (size_t c = 0; c < field->n_children && code == OK; c++) {
      code = visit(context, &field->children[c], err);
    }
  }
  return code;
}

static enum err_code put_name(void *context, const struct field *leaf, struct err *err) {
  return put_text_cell(context, leaf->key, false, err);
}

enum err_code export_csv_header(struct export_run *run) {
  static const char *const fixed[CSV_FIXED] = {"reference", "version", "id",           "node",    "state",
                                               "versions",  "created", "completeness", "endorsed"};
  enum err_code code = OK;
  bytes_clear(&run->scratch);
  for (size_t i = 0; i < CSV_FIXED && code == OK; i++) {
    code = put_text_cell(&run->scratch, fixed[i], i == 0, run->err);
  }
  if (code == OK) {
    code = each_leaf(run->schema, put_name, &run->scratch, run->err);
  }
  if (code == OK) {
    code = bytes_append_text(&run->scratch, ",translations\r\n", run->err);
  }
  return code == OK ? export_put(&run->sink, bytes_view(&run->scratch), run->err) : code;
}

/* ---- values ---- */

/* One leaf's cell in the making. */
struct cell {
  const struct field *leaf;
  struct bytes text;
  uint32_t n_rows;    /* of a group, that are begun in text */
  uint32_t row, item; /* of the value taken last */
  bool any;
  bool closed; /* told in the original language */
};

/* A row in the making: a cell for each leaf, in the order of the columns, filled by walks over the body. */
struct row {
  struct export_run *run;
  struct body_slots slots;
  bool has_body;        /* it is here, and taken apart into slots */
  struct view original; /* tag of the original language; empty: the first of each text */
  struct cell *cells;
  size_t n_cells, at; /* at: the leaf of the value before, for values come in the order of the columns */
  bool fallback;      /* second walk: texts that are not told in the original language */
  enum err_code code;
  struct err *err;
};

#define INNER_SEPARATOR "|" /* between the elements of a list that stands in a row of a group */

/* A ';' would end a value of several, and a '|' an element of several in a row: a '\\' goes before it, and before itself. */
static enum err_code put_escaped(struct bytes *out, struct view v, bool several, bool inner, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; i < v.len && code == OK; i++) {
    const uint8_t c = v.p[i];
    const size_t marks = c == '\\'  ? (size_t)several + 2 * (size_t)inner
                         : c == ';' ? several
                         : c == '|' ? 2 * (size_t)inner
                                    : 0;
    for (size_t m = 0; m < marks && code == OK; m++) {
      code = bytes_append_u8(out, '\\', err);
    }
    code = code == OK ? bytes_append_u8(out, c, err) : code;
  }
  return code;
}

static enum err_code put_value(struct cell *cell, const struct body_value *value, struct err *err) {
  char hex[HASH_HEX_LEN];
  struct view v = value->value;
  if (value->type == CANON_BIN && v.len == HASH_LEN) {
    hex_encode(v, hex);
    v = view_of_text(hex);
  } else if (value->type == CANON_BOOL) {
    v = view_of_text(v.len == 1 && v.p[0] != 0 ? "true" : "false");
  }
  const struct field *leaf = cell->leaf;
  const bool rows = leaf->parent != NULL && leaf->parent->many;
  enum err_code code = OK;
  /* Every row of a group has its place in the cell, be it empty: the cells of a group's fields belong together. */
  for (; rows && cell->n_rows <= value->row && code == OK; cell->n_rows++) {
    code = cell->n_rows > 0 ? bytes_append_text(&cell->text, "; ", err) : OK;
  }
  if (code == OK && rows && leaf->many && value->item > 0) {
    code = bytes_append_text(&cell->text, INNER_SEPARATOR, err);
  } else if (code == OK && !rows && cell->any) {
    code = bytes_append_text(&cell->text, "; ", err);
  }
  return code == OK ? put_escaped(&cell->text, v, leaf->many || rows, leaf->many && rows, err) : code;
}

static struct cell *cell_of(struct row *row, const struct field *leaf) {
  for (size_t i = 0; i < row->n_cells; i++) {
    const size_t k = (row->at + i) % row->n_cells;
    if (row->cells[k].leaf == leaf) {
      row->at = k;
      return &row->cells[k];
    }
  }
  return NULL;
}

/* Of an ml text one language is taken: the original one, which stands alone in the cell if any row of it has that. */
static bool take_value(void *context, const struct body_value *value) {
  struct row *row = context;
  struct cell *cell = value->field == NULL ? NULL : cell_of(row, value->field);
  const bool is_original = row->original.len == 0 || view_equal(value->tag, row->original);
  if (cell == NULL || (row->fallback && value->tag.len == 0)) {
    return true;
  }
  const bool again = cell->any && value->row == cell->row && value->item == cell->item;
  if (value->tag.len > 0 && (again || (!row->fallback && !is_original))) {
    return true;
  }
  row->code = put_value(cell, value, row->err);
  cell->any = true;
  cell->row = value->row;
  cell->item = value->item;
  return row->code == OK;
}

/* In the second walk only cells that are still empty are open. */
static bool take_fallback(void *context, const struct body_value *value) {
  struct row *row = context;
  const struct cell *cell = value->field == NULL ? NULL : cell_of(row, value->field);
  return cell == NULL || cell->closed ? true : take_value(context, value);
}

/* ---- translations: {"key": {"tag": text, or [text or null, ...] where there are several}} of what the cells leave out ---- */

struct translations {
  struct row *row;
  json_t *all, *keys;
  const struct field *repeated; /* whose key was added to keys last */
  bool any;
};

/* Where a text stands among those of its field, which are several or one. */
static size_t place_of(const struct body_value *value) {
  const struct field *f = value->field;
  return f->many || (f->parent != NULL && f->parent->many) ? value->row : SIZE_MAX;
}

static void put_translation(json_t *all, const struct body_value *value) {
  char tag[64];
  const size_t len = value->tag.len < sizeof tag ? value->tag.len : sizeof tag - 1, place = place_of(value);
  memcpy(tag, value->tag.p, len);
  tag[len] = 0;
  json_t *texts = json_object_get(all, value->field->key);
  if (texts == NULL) {
    texts = json_object();
    (void)json_object_set_new(all, value->field->key, texts);
  }
  json_t *text = json_stringn((const char *)value->value.p, value->value.len);
  if (place == SIZE_MAX) {
    (void)json_object_set_new(texts, tag, text);
    return;
  }
  json_t *list = json_object_get(texts, tag);
  if (list == NULL) {
    list = json_array();
    (void)json_object_set_new(texts, tag, list);
  }
  while (json_array_size(list) < place) {
    (void)json_array_append_new(list, json_null());
  }
  (void)json_array_append_new(list, text);
}

/* The first language of a text without the original one stands in its cell already; it is told here again, with its tag, and
 * its key under "_repeated". */
static bool take_translation(void *context, const struct body_value *value) {
  struct translations *t = context;
  if (value->field == NULL || value->tag.len == 0 || view_equal(value->tag, t->row->original)) {
    return true;
  }
  const struct cell *cell = cell_of(t->row, value->field);
  if (cell != NULL && (!cell->closed || t->row->original.len == 0) && cell->leaf != t->repeated) {
    (void)json_array_append_new(t->keys, json_string(cell->leaf->key));
    t->repeated = cell->leaf;
  }
  put_translation(t->all, value);
  t->any = true;
  return true;
}

static enum err_code put_translations(struct row *row, struct err *err) {
  struct translations t = {.row = row, .all = json_object(), .keys = json_array()};
  if (row->has_body) {
    slots_walk(&row->slots, take_translation, &t);
  }
  if (json_array_size(t.keys) > 0) {
    (void)json_object_set(t.all, "_repeated", t.keys);
  }
  char *text = t.any ? json_dumps(t.all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  const enum err_code code = put_text_cell(&row->run->scratch, text == NULL ? "" : text, false, err);
  free(text);
  json_decref(t.keys);
  json_decref(t.all);
  return code;
}

static enum err_code put_fixed(struct export_run *run, const struct query_row *row) {
  char hex[HASH_HEX_LEN];
  hash_hex(&row->object_id, hex);
  return bytes_printf(&run->scratch, run->err, "%s,%s,%s,%s,%s,%u,%llu,%u,%s", row->reference, row->version_reference, hex,
                      row->handle, row->withdrawn ? "withdrawn" : "published", row->versions, (unsigned long long)row->created,
                      row->completeness, endorsed_name(row->endorsed));
}

/* What the author said of a whole field stands in its cell: "?" not yet known, "-" does not apply. A value that is such a word
 * has a "'" before it, as a formula has. */
static const char *mark_of(const struct row *row, const char *key) {
  return !row->has_body                            ? NULL
         : slots_list_has(row->slots.unknown, key) ? "?"
         : slots_list_has(row->slots.na, key)      ? "-"
                                                   : NULL;
}

static enum err_code put_cell(struct row *row, const struct cell *cell, struct err *err) {
  struct bytes *out = &row->run->scratch;
  const struct field *leaf = cell->leaf;
  const char *mark = mark_of(row, leaf->key);
  mark = mark == NULL && leaf->parent != NULL ? mark_of(row, leaf->parent->key) : mark; /* a group's stands in all its cells */
  if (!cell->any && mark != NULL) {
    enum err_code code = bytes_append_u8(out, ',', err);
    return code == OK ? bytes_append_text(out, mark, err) : code;
  }
  return view_is_text(bytes_view(&cell->text), "?") ? bytes_append_text(out, ",'?", err)
                                                    : export_csv_cell(out, bytes_view(&cell->text), false, err);
}

static enum err_code add_cell(void *context, const struct field *leaf, struct err *err) {
  struct row *row = context;
  struct cell *cells = reallocarray(row->cells, row->n_cells + 1, sizeof *cells);
  if (cells == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  row->cells = cells;
  cells[row->n_cells] = (struct cell){.leaf = leaf};
  bytes_init(&cells[row->n_cells].text, (size_t)2 * LIMIT_BODY);
  row->n_cells++;
  return OK;
}

static enum err_code fill_cells(struct row *row, struct err *err) {
  const enum err_code code = each_leaf(row->run->schema, add_cell, row, err);
  if (code != OK || !row->has_body) {
    return code;
  }
  slots_walk(&row->slots, take_value, row);
  for (size_t i = 0; i < row->n_cells; i++) {
    row->cells[i].closed = row->cells[i].any;
  }
  row->fallback = true;
  if (row->code == OK) {
    slots_walk(&row->slots, take_fallback, row);
  }
  return row->code;
}

static enum err_code put_cells(struct row *row, struct err *err) {
  enum err_code code = fill_cells(row, err);
  for (size_t i = 0; i < row->n_cells; i++) {
    code = code == OK ? put_cell(row, &row->cells[i], err) : code;
  }
  return code;
}

enum err_code export_csv_row(struct export_run *run, const struct query_row *row, struct view body) {
  struct row r = {.run = run, .code = OK, .err = run->err};
  bytes_clear(&run->scratch);
  enum err_code code = put_fixed(run, row);
  r.has_body = slots_fill(run->schema, body, &r.slots, NULL) == OK;
  if (r.has_body && run->schema->language != NULL) {
    (void)slots_text(&r.slots, run->schema->language, "", &r.original, NULL);
  }
  if (code == OK) {
    code = put_cells(&r, run->err);
  }
  if (code == OK) {
    code = put_translations(&r, run->err);
  }
  if (code == OK) {
    code = bytes_append_text(&run->scratch, "\r\n", run->err);
  }
  for (size_t i = 0; i < r.n_cells; i++) {
    bytes_release(&r.cells[i].text);
  }
  free(r.cells);
  return code == OK ? export_put(&run->sink, bytes_view(&run->scratch), run->err) : code;
}
