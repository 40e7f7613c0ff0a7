/*
 * csv: RFC 4180 with a header; a column a field, a cell that a spreadsheet would take for a formula gets a ' before it. See
 * export.h.
 */
#include <stdlib.h>
#include <string.h>

#include "node/export/inside.h"
#include "protocol/canon.h"

#define CSV_FIXED 8 /* columns before the fields: reference … completeness */

/* Appends one cell. */
static enum err_code put_cell(struct bytes *out, struct view v, bool first, struct err *err) {
  const bool formula = v.len > 0 && strchr("=+-@\t\r", v.p[0]) != NULL && v.p[0] != 0;
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
  return put_cell(out, view_of_text(text), first, err);
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
  static const char *const fixed[CSV_FIXED] = {"reference", "version",  "id",      "node",
                                               "state",     "versions", "created", "completeness"};
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

/* One leaf's cell in the making: the values of a body that belong to it. */
struct cell {
  const struct schema *schema;
  const struct field *leaf;
  struct view original; /* tag of the original language; empty: the first of each text */
  struct bytes *out;
  uint32_t row, item; /* of the value taken last */
  bool any;
  enum err_code code;
  struct err *err;
};

static enum err_code put_value(struct cell *cell, const struct body_value *value) {
  char hex[HASH_HEX_LEN];
  struct view v = value->value;
  if (value->type == CANON_BIN && v.len == HASH_LEN) {
    hex_encode(v, hex);
    v = view_of_text(hex);
  } else if (value->type == CANON_BOOL) {
    v = view_of_text(v.len == 1 && v.p[0] != 0 ? "true" : "false");
  }
  enum err_code code = cell->any ? bytes_append_text(cell->out, "; ", cell->err) : OK;
  for (size_t i = 0; i < v.len && code == OK; i++) {
    if (v.p[i] == ';' && (cell->leaf->many || cell->leaf->parent != NULL)) {
      code = bytes_append_u8(cell->out, '\\', cell->err);
    }
    code = code == OK ? bytes_append_u8(cell->out, v.p[i], cell->err) : code;
  }
  return code;
}

/* Of an ml text one language is taken: the original one, which stands alone in the cell if the text has it. */
static bool take_value(void *context, const struct body_value *value) {
  struct cell *cell = context;
  if (value->field != cell->leaf) {
    return true;
  }
  const bool again = cell->any && value->row == cell->row && value->item == cell->item;
  if (value->tag.len > 0 && (again || (cell->original.len > 0 && !view_equal(value->tag, cell->original)))) {
    return true;
  }
  cell->code = put_value(cell, value);
  cell->any = true;
  cell->row = value->row;
  cell->item = value->item;
  return cell->code == OK;
}

struct row {
  struct export_run *run;
  struct view body;
  struct view original;
};

static enum err_code collect(struct row *row, const struct field *leaf, struct view original, struct bytes *out, bool *any,
                             struct err *err) {
  struct cell cell = {.schema = row->run->schema, .leaf = leaf, .original = original, .out = out, .code = OK, .err = err};
  const enum err_code code = body_walk(row->run->schema, row->body, take_value, &cell, err);
  *any = cell.any;
  return cell.code != OK ? cell.code : code;
}

static enum err_code put_leaf(void *context, const struct field *leaf, struct err *err) {
  struct row *row = context;
  struct bytes value;
  bool any = false;
  bytes_init(&value, (size_t)2 * LIMIT_BODY);
  enum err_code code = row->body.len == 0 ? OK : collect(row, leaf, row->original, &value, &any, err);
  if (code == OK && !any && leaf->ml && row->original.len > 0 && row->body.len > 0) {
    code = collect(row, leaf, view_of(NULL, 0), &value, &any, err); /* not told in the original language */
  }
  if (code == OK) {
    code = put_cell(&row->run->scratch, bytes_view(&value), false, err);
  }
  bytes_release(&value);
  return code;
}

/* ---- translations: {"key": {"tag": text or [texts]}} of what the cells leave out ---- */

struct translations {
  const struct row *row;
  json_t *all;
  bool any;
};

static void put_translation(json_t *all, const struct body_value *value) {
  char tag[64];
  const size_t len = value->tag.len < sizeof tag ? value->tag.len : sizeof tag - 1;
  memcpy(tag, value->tag.p, len);
  tag[len] = 0;
  json_t *texts = json_object_get(all, value->field->key);
  if (texts == NULL) {
    texts = json_object();
    (void)json_object_set_new(all, value->field->key, texts);
  }
  json_t *text = json_stringn((const char *)value->value.p, value->value.len);
  json_t *before = json_object_get(texts, tag);
  if (before == NULL) {
    (void)json_object_set_new(texts, tag, text);
  } else if (json_is_array(before)) {
    (void)json_array_append_new(before, text);
  } else {
    json_t *list = json_array();
    (void)json_array_append(list, before);
    (void)json_array_append_new(list, text);
    (void)json_object_set_new(texts, tag, list);
  }
}

/* The first language of a text without the original one stands in its cell already; it is repeated here: its tag is told so. */
static bool take_translation(void *context, const struct body_value *value) {
  struct translations *t = context;
  if (value->field != NULL && value->tag.len > 0 && !view_equal(value->tag, t->row->original)) {
    put_translation(t->all, value);
    t->any = true;
  }
  return true;
}

static enum err_code put_translations(struct row *row, struct err *err) {
  struct translations t = {.row = row, .all = json_object()};
  enum err_code code = row->body.len == 0 ? OK : body_walk(row->run->schema, row->body, take_translation, &t, err);
  char *text = code == OK && t.any ? json_dumps(t.all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
  if (code == OK) {
    code = put_text_cell(&row->run->scratch, text == NULL ? "" : text, false, err);
  }
  free(text);
  json_decref(t.all);
  return code;
}

static enum err_code put_fixed(struct export_run *run, const struct query_row *row) {
  char hex[HASH_HEX_LEN];
  hash_hex(&row->object_id, hex);
  return bytes_printf(&run->scratch, run->err, "%s,%s,%s,%s,%s,%u,%llu,%u", row->reference, row->version_reference, hex,
                      row->handle, row->withdrawn ? "withdrawn" : "published", row->versions, (unsigned long long)row->created,
                      row->completeness);
}

enum err_code export_csv_row(struct export_run *run, const struct query_row *row, struct view body) {
  struct row r = {.run = run, .body = body};
  struct view tag;
  bytes_clear(&run->scratch);
  enum err_code code = put_fixed(run, row);
  if (run->schema->language != NULL && body.len > 0 &&
      body_text(run->schema, body, run->schema->language->key, "", &tag, NULL)) {
    r.original = tag;
  }
  if (code == OK) {
    code = each_leaf(run->schema, put_leaf, &r, run->err);
  }
  if (code == OK) {
    code = put_translations(&r, run->err);
  }
  if (code == OK) {
    code = bytes_append_text(&run->scratch, "\r\n", run->err);
  }
  return code == OK ? export_put(&run->sink, bytes_view(&run->scratch), run->err) : code;
}
