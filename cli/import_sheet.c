/*
 * import_sheet: from the cells of a row to JSON, whose keys are the columns' names (see import_sheet.h).
 */
#include "cli/import_sheet.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "keys/text.h"
#include "protocol/schema/nearest.h"

/* The columns before the fields of a sheet that `export --to csv` wrote, and the one behind them. */
static const char *const own_columns[] = {"reference", "version", "id",           "node",    "state",
                                          "versions",  "created", "completeness", "endorsed"};
#define N_OWN (sizeof own_columns / sizeof own_columns[0])
#define COLUMN_ID 2
#define COLUMN_TRANSLATIONS "translations"

static bool is_exported(const struct spreadsheet *s) {
  bool is = spreadsheet_find(s, COLUMN_TRANSLATIONS) != SIZE_MAX;
  for (size_t i = 0; i < N_OWN && is; i++) {
    is = strcmp(spreadsheet_name(s, i), own_columns[i]) == 0;
  }
  return is;
}

/* True for a column that says something of the row, not of a field. */
static bool is_own_column(const struct spreadsheet *s, size_t column) {
  return is_exported(s) && (column < N_OWN || strcmp(spreadsheet_name(s, column), COLUMN_TRANSLATIONS) == 0);
}

enum err_code import_sheet_map(const struct cli *cli, const struct spreadsheet *sheet, const char *path,
                               const struct schema *schema, const char *lang, struct import_map **map, struct err *err) {
  const size_t n = spreadsheet_columns(sheet);
  const struct field **fields = calloc(n, sizeof(const struct field *));
  const char **names = calloc(n, sizeof(const char *));
  if (fields == NULL || names == NULL) {
    free(fields);
    free(names);
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = OK;
  const bool exported = *map == NULL && is_exported(sheet);
  bool any = *map != NULL;
  for (size_t i = 0; i < n; i++) {
    names[i] = is_own_column(sheet, i) ? "" : spreadsheet_name(sheet, i);
  }
  if (*map == NULL) {
    code = import_map_of_columns(schema, names, n, cli->lang, fields, map, err);
  }
  for (size_t i = 0; code == OK && i < n; i++) {
    any = any || fields[i] != NULL;
  }
  if (code == OK && !any) {
    err_set(err, ERR_REFUSED, "%s: no column is named as a field of %s is: \"%.60s\"%s", path, schema->kind,
            spreadsheet_name(sheet, 0), n > 1 ? ", …" : "");
    code = err_hint(err, "specola import %s --propose-map -o MAP.ini; fill it in; specola import %s --map MAP.ini --dry-run",
                    path, path);
  }
  if (code == OK) {
    import_map_of_sheet(*map, lang, exported);
  }
  free(fields);
  free(names);
  return code;
}

/* ---- columns ---- */

typedef bool leaf_visit(void *context, const struct field *leaf);

/* Every field that a column can fill. */
static void each_leaf(const struct schema *schema, leaf_visit *visit, void *context) {
  bool goes_on = true;
  for (size_t i = 0; i < schema->n_fields && goes_on; i++) {
    const struct field *f = &schema->fields[i];
    goes_on = f->n_children > 0 || visit(context, f);
    for (size_t j = 0; j < f->n_children && goes_on; j++) {
      goes_on = visit(context, &f->children[j]);
    }
  }
}

struct column_search {
  const struct spreadsheet *sheet;
  const struct import_map *map;
  size_t column;
  json_t *fields; /* keys of those that the column fills */
};

static bool note_field(void *context, const struct field *leaf) {
  struct column_search *c = context;
  const char *path;
  for (size_t k = 0; (path = import_map_path(c->map, leaf->key, k)) != NULL; k++) {
    if (spreadsheet_find(c->sheet, path) == c->column) {
      json_array_append_new(c->fields, json_string(leaf->key));
      break;
    }
  }
  return true;
}

/* The keys of the fields that a column fills; the caller decrefs. */
static json_t *fields_of(const struct spreadsheet *sheet, const struct import_map *map, size_t column) {
  struct column_search c = {.sheet = sheet, .map = map, .column = column, .fields = json_array()};
  each_leaf(import_map_schema(map), note_field, &c);
  return c.fields;
}

struct path_search {
  const struct cli *cli;
  const struct spreadsheet *sheet;
  const struct import_map *map;
  bool aloud;
  json_t *list;
};

/* Paths that lead to no column. */
static bool check_paths(void *context, const struct field *leaf) {
  struct path_search *p = context;
  const char *path;
  for (size_t k = 0; (path = import_map_path(p->map, leaf->key, k)) != NULL; k++) {
    if (spreadsheet_find(p->sheet, path) != SIZE_MAX) {
      continue;
    }
    struct nearest near = nearest_to(view_of_text(path));
    for (size_t i = 0; i < spreadsheet_columns(p->sheet); i++) {
      nearest_offer(&near, spreadsheet_name(p->sheet, i));
    }
    const char *meant = nearest_word(&near);
    json_array_append_new(p->list, out_json_text(view_of_text(path)));
    if (p->aloud) {
      out_line(p->cli, "the map takes %s from \"%s\", which is no column%s%s%s", leaf->key, path,
               meant == NULL ? "" : ": did you mean \"", meant == NULL ? "" : meant, meant == NULL ? "" : "\"?");
    }
  }
  return true;
}

/* True if a field is filled by some column or constant. */
static bool is_given(const struct spreadsheet *sheet, const struct import_map *map, const char *key) {
  const char *path;
  bool given = import_map_has_constant(map, key);
  for (size_t k = 0; !given && (path = import_map_path(map, key, k)) != NULL; k++) {
    given = spreadsheet_find(sheet, path) != SIZE_MAX;
  }
  return given;
}

/* True if a field is needed to publish and neither it nor what may stand for it comes from anywhere. */
static bool is_wanting(const struct spreadsheet *sheet, const struct import_map *map, const struct field *f) {
  bool wanting = f->parent == NULL && f->need == NEED_PUBLISH && !is_given(sheet, map, f->key);
  for (size_t k = 0; k < f->n_alternatives; k++) {
    const struct field *other = schema_field(import_map_schema(map), view_of_text(f->alternatives[k]));
    wanting = wanting && !is_given(sheet, map, f->alternatives[k]) && (other == NULL || other > f); /* told once */
  }
  return wanting;
}

static void say_column(const struct cli *cli, const struct spreadsheet *sheet, const struct import_map *map, size_t column,
                       bool aloud, json_t *list) {
  char letter[SPREADSHEET_LETTER_MAX];
  const char *name = spreadsheet_name(sheet, column);
  json_t *fields = fields_of(sheet, map, column);
  spreadsheet_letter(column, letter);
  if (aloud && json_array_size(fields) == 0 && !is_own_column(sheet, column)) {
    out_line(cli, "column %s \"%s\": %s", letter, name,
             name[0] == '\0' ? out_word(cli, "has no name: not read", "senza nome: non è letta")
                             : out_word(cli, "no field takes it: not read", "nessun campo la prende: non è letta"));
  }
  json_array_append_new(
      list, json_pack("{s:s, s:o, s:o}", "column", letter, "name", out_json_text(view_of_text(name)), "fields", fields));
}

enum err_code import_sheet_say_columns(const struct cli *cli, const struct spreadsheet *sheet, const struct import_map *map,
                                       bool aloud, struct err *err) {
  const struct schema *schema = import_map_schema(map);
  json_t *columns = json_array(), *missing = json_array(), *strange = json_array();
  struct path_search paths = {.cli = cli, .sheet = sheet, .map = map, .aloud = aloud, .list = strange};
  if (columns == NULL || missing == NULL || strange == NULL) {
    json_decref(columns);
    json_decref(missing);
    json_decref(strange);
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (size_t i = 0; i < spreadsheet_columns(sheet); i++) {
    say_column(cli, sheet, map, i, aloud, columns);
  }
  each_leaf(schema, check_paths, &paths);
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *f = &schema->fields[i];
    if (is_wanting(sheet, map, f)) {
      json_array_append_new(missing, json_string(f->key));
      if (aloud) {
        out_line(
            cli, "%s (%s): %s", f->key, schema_label(schema, f->key, cli->lang),
            out_word(cli, "needed to publish, and no column gives it", "necessario per pubblicare, e nessuna colonna lo dà"));
      }
    }
  }
  out_set(cli, "columns", columns);
  out_set(cli, "paths_without_column", strange);
  out_set(cli, "needed_without_column", missing);
  return OK;
}

/* ---- rows ---- */

struct sheet_feed {
  struct importing *importing;
  const struct spreadsheet *sheet;
  bool *by_letter;         /* of each column: the map names it so */
  size_t id, translations; /* columns, SIZE_MAX: none */
};

/* The row as JSON; *column tells the cell that cannot be, and *why. */
static json_t *row_json(const struct sheet_feed *feed, const struct spreadsheet_row *row, size_t *column, const char **why) {
  json_t *json = json_object();
  char letter[SPREADSHEET_LETTER_MAX + 1] = "@";
  for (size_t i = 0; i < row->n_cells && i < spreadsheet_columns(feed->sheet); i++) {
    const struct view cell = row->cells[i];
    json_t *value = cell.len == 0 ? NULL : json_stringn((const char *)cell.p, cell.len);
    if (cell.len == 0) {
      continue;
    }
    *column = i;
    *why = cell.len > LIMIT_BODY ? "a cell of more than 256 KiB" : "a cell that is not UTF-8 text";
    if (cell.len > LIMIT_BODY || value == NULL || memchr(cell.p, 0, cell.len) != NULL) {
      json_decref(value);
      json_decref(json);
      return NULL;
    }
    if (feed->by_letter[i]) {
      spreadsheet_letter(i, letter + 1);
      json_object_set(json, letter, value);
    }
    if (spreadsheet_name(feed->sheet, i)[0] != '\0') {
      json_object_set(json, spreadsheet_name(feed->sheet, i), value);
    }
    json_decref(value);
  }
  return json;
}

static const char *cell_text(const json_t *json, const struct spreadsheet *sheet, size_t column) {
  return column == SIZE_MAX ? NULL : json_string_value(json_object_get(json, spreadsheet_name(sheet, column)));
}

static enum err_code take_row(const struct sheet_feed *feed, const struct spreadsheet_row *row, struct err *err) {
  const size_t wanted = spreadsheet_columns(feed->sheet);
  char why[160];
  size_t column = SIZE_MAX, last = row->n_cells;
  const char *fault = "";
  while (last > wanted && row->cells[last - 1].len == 0) {
    last--;
  }
  if (row->n_seen < wanted) {
    snprintf(why, sizeof why, "%zu cells, the header has %zu: a line break or a quote in a text that is not quoted?",
             row->n_seen, wanted);
    importing_refuse(feed->importing, row->number, row->n_seen, "few-columns", why);
    return OK;
  }
  if (last > wanted || row->n_seen > row->n_cells) {
    snprintf(why, sizeof why, "%zu cells, the header has %zu: a separator in a text that is not quoted?",
             row->n_seen > row->n_cells ? row->n_seen : last, wanted);
    importing_refuse(feed->importing, row->number, wanted, "many-columns", why);
    return OK;
  }
  json_t *json = row_json(feed, row, &column, &fault);
  if (json == NULL) {
    importing_refuse(feed->importing, row->number, column, row->cells[column].len > LIMIT_BODY ? "too-large" : "format", fault);
    return OK;
  }
  const struct import_row one = {.number = row->number,
                                 .json = json,
                                 .id = cell_text(json, feed->sheet, feed->id),
                                 .translations = cell_text(json, feed->sheet, feed->translations)};
  enum err_code code = importing_take(feed->importing, &one, err);
  json_decref(json);
  return code;
}

enum err_code import_sheet(struct importing *i, struct spreadsheet *sheet, const struct import_map *map, struct err *err) {
  const bool exported = is_exported(sheet);
  struct sheet_feed feed = {.importing = i,
                            .sheet = sheet,
                            .by_letter = calloc(spreadsheet_columns(sheet), sizeof(bool)),
                            .id = exported ? COLUMN_ID : SIZE_MAX,
                            .translations = exported ? spreadsheet_find(sheet, COLUMN_TRANSLATIONS) : SIZE_MAX};
  struct spreadsheet_row row;
  struct err fault = ERR_INIT;
  char letter[SPREADSHEET_LETTER_MAX + 1] = "@";
  enum err_code code = OK;
  if (feed.by_letter == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (size_t k = 0; k < spreadsheet_columns(sheet); k++) {
    spreadsheet_letter(k, letter + 1);
    feed.by_letter[k] = import_map_uses(map, letter);
  }
  while (code == OK && spreadsheet_next(sheet, &row, &fault)) {
    code = take_row(&feed, &row, err);
  }
  if (code == OK && fault.code != OK) {
    *err = fault;
    code = fault.code;
  }
  free(feed.by_letter);
  return code;
}

/* ---- a map to fill in ---- */

#define VALUES_SHOWN 40u /* of a column that are no codes */
#define INI_LINE 190u    /* octets that an import map's line may have */

/* How a map names a column: by its name, or by its letter where the name could not stand there. */
static void put_path(const struct spreadsheet *sheet, size_t column, char out[INI_LINE]) {
  const char *name = spreadsheet_name(sheet, column);
  const size_t len = strlen(name);
  char letter[SPREADSHEET_LETTER_MAX];
  spreadsheet_letter(column, letter);
  const bool plain = len > 0 && len < INI_LINE - FIELD_KEY_MAX && strpbrk(name, "|[]\";\r\n\t@") == NULL && name[0] != ' ' &&
                     name[len - 1] != ' ' && name[0] != '.' && name[len - 1] != '.' && strstr(name, "..") == NULL;
  snprintf(out, INI_LINE, "%s%s", plain ? "" : "@", plain ? name : letter);
}

struct proposing {
  struct spreadsheet *sheet;
  const struct import_map *map;
  const char *lang;
  struct bytes *out;
  enum err_code code;
  struct err *err;
};

static void put(struct proposing *p, const char *a, const char *b, const char *c, const char *d) {
  const char *const parts[] = {a, b, c, d};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0] && p->code == OK; i++) {
    p->code = bytes_append_text(p->out, parts[i], p->err);
  }
}

static void put_columns(struct proposing *p) {
  char path[INI_LINE];
  bool any = false;
  for (size_t i = 0; i < spreadsheet_columns(p->sheet); i++) {
    json_t *fields = fields_of(p->sheet, p->map, i);
    put_path(p->sheet, i, path);
    for (size_t k = 0; k < json_array_size(fields); k++) {
      put(p, json_string_value(json_array_get(fields, k)), " = ", path, "\n");
    }
    json_decref(fields);
  }
  for (size_t i = 0; i < spreadsheet_columns(p->sheet); i++) {
    json_t *fields = fields_of(p->sheet, p->map, i);
    if (json_array_size(fields) == 0 && !is_own_column(p->sheet, i)) {
      put_path(p->sheet, i, path);
      put(p,
          any ? ""
              : "\n# Columns that are named as no field is: put a field's key before the '=' and take the '#' away.\n"
                "# The keys are in an empty draft: specola new KIND\n",
          "#  = ", path, "\n");
      any = true;
    }
    json_decref(fields);
  }
}

static void put_wanting(struct proposing *p) {
  const struct schema *schema = import_map_schema(p->map);
  bool any = false;
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *f = &schema->fields[i];
    if (is_wanting(p->sheet, p->map, f)) {
      put(p, any ? "" : "\n# Needed to publish, and in no column: a column's name, or a value for all rows in quotes.\n", "# ",
          f->key, " =\n");
      any = true;
    }
  }
}

/* The values of a field's columns that are no codes, at most VALUES_SHOWN. The caller decrefs. */
static json_t *strange_values(struct proposing *p, const struct field *f) {
  json_t *found = json_object();
  struct spreadsheet_row row;
  const char *path = import_map_path(p->map, f->key, 0);
  const size_t column = path == NULL ? SIZE_MAX : spreadsheet_find(p->sheet, path);
  struct err fault = ERR_INIT;
  while (column != SIZE_MAX && json_object_size(found) < VALUES_SHOWN && spreadsheet_next(p->sheet, &row, &fault)) {
    if (column >= row.n_cells || !text_is_valid(row.cells[column])) {
      continue;
    }
    char *cell = view_copy(row.cells[column]), *rest = cell;
    for (char *value; cell != NULL && (value = strsep(&rest, f->many ? ";" : "")) != NULL;) {
      value += strspn(value, " \t\r\n");
      for (size_t n = strlen(value); n > 0 && strchr(" \t\r\n", value[n - 1]) != NULL; n--) {
        value[n - 1] = '\0';
      }
      if (value[0] != '\0' && strcmp(value, "?") != 0 && strcmp(value, "-") != 0 &&
          import_map_code(f, value, p->lang) == NULL) {
        json_object_set_new(found, value, json_true());
      }
    }
    free(cell);
  }
  p->code = fault.code != OK ? (*p->err = fault).code : p->code == OK ? spreadsheet_rewind(p->sheet, p->err) : p->code;
  return found;
}

static bool put_values(void *context, const struct field *leaf) {
  struct proposing *p = context;
  if (leaf->type != FIELD_CODE || leaf->vocabulary == NULL || import_map_path(p->map, leaf->key, 0) == NULL) {
    return true;
  }
  json_t *values = strange_values(p, leaf), *unused;
  const char *value;
  if (json_object_size(values) > 0) {
    put(p, "\n[values.", leaf->key, "]\n# Values that are no code of the vocabulary ", leaf->vocabulary_name);
    put(p, ": put the code behind the '=' (nothing: the value is dropped), ", "and take the '#' away.\n", "", "");
  }
  json_object_foreach(values, value, unused) {
    const bool fits = strlen(value) < INI_LINE / 2 && strpbrk(value, "=:;[\r\n") == NULL;
    put(p, fits ? "# " : "", fits ? value : "", fits ? " =\n" : "", "");
  }
  json_decref(values);
  return p->code == OK;
}

enum err_code import_sheet_propose(struct spreadsheet *sheet, const char *path, const struct import_map *map, const char *lang,
                                   struct bytes *out, struct err *err) {
  struct proposing p = {.sheet = sheet, .map = map, .lang = lang, .out = out, .code = OK, .err = err};
  const struct schema *schema = import_map_schema(map);
  const char *name = strrchr(path, '/');
  const char *language = schema->language == NULL ? NULL : import_map_path(map, schema->language->key, 0);
  put(&p, "# Import map for ", name == NULL ? path : name + 1, ". Left a field, right a column (docs/schema.md 5).\n", "");
  put(&p, "[import]\nkind = ", schema->kind, "\n# Of the texts in the rows.\nlanguage = ", language == NULL ? "\"" : language);
  put(&p, language == NULL ? lang : "", language == NULL ? "\"" : "", "\n\n[fields]\n", "");
  put_columns(&p);
  put_wanting(&p);
  each_leaf(schema, put_values, &p);
  return p.code;
}
