/*
 * import_map: the INI text that says how rows become objects (import_map.h, docs/schema.md 5). import_apply.c uses it.
 */
#include "protocol/schema/import_rules.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/kind.h"
#include "protocol/schema/lines.h"
#include "protocol/schema/nearest.h"
#include "protocol/schema/value.h"

#define LINE_OCTETS 190u /* inih reads lines of at most 197 */
#define MAP_TEXT_MAX ((size_t)256 * 1024)
#define FIELD_LABEL "fields"
#define VALUES "values."

/* inih asks for lines and calls back with what it found; the count of lines asked for is the line it speaks of. */
struct import_reader {
  struct import_map *map;
  struct lines lines;
  bool only_kind; /* the first of two readings: which kind is meant */
  char kind[32];
  bool has_kind;
  enum err_code code;
  struct err *err;
};

static enum err_code unknown_field(const struct schema *schema, const char *key, struct err *err) {
  (void)err_set(err, ERR_NOT_FOUND, "%s has no field '%.64s'", schema->kind, key);
  const char *meant = schema_nearest_field(schema, view_of_text(key));
  if (meant != NULL) (void)err_hint(err, "did you mean '%s'?", meant);
  return ERR_NOT_FOUND;
}

/* Whether a part of a path is one, after its brackets were taken off. */
static bool is_bare_part(struct view part) {
  return part.len > 0 && memchr(part.p, '[', part.len) == NULL && memchr(part.p, ']', part.len) == NULL &&
         memchr(part.p, '"', part.len) == NULL;
}

/* Takes the path in source->text, "a.b[].c", apart. False if it is none, or has more than IMPORT_STEPS parts. */
static bool split_path(struct import_source *source) {
  const char *const start = source->text;
  source->n_steps = 0;
  for (const char *part = start; part != NULL && source->n_steps < IMPORT_STEPS;) {
    const char *dot = strchr(part, '.');
    size_t len = dot != NULL ? (size_t)(dot - part) : strlen(part);
    const bool each = len > 2 && memcmp(part + len - 2, "[]", 2) == 0;
    len -= each ? 2 : 0;
    if (!is_bare_part(view_of(part, len))) return false;
    source->steps[source->n_steps++] = (struct import_step){(uint8_t)(part - start), (uint8_t)len, each};
    part = dot != NULL ? dot + 1 : NULL;
    if (part == NULL) return true;
  }
  return false;
}

/* One side of a '|': a quoted constant or a path. */
static enum err_code add_source(struct import_rule *rule, struct view text, struct err *err) {
  if (rule->n_sources == IMPORT_SOURCES) return err_set(err, ERR_FORMAT, "more than %d alternatives", IMPORT_SOURCES);
  struct import_source *source = &rule->sources[rule->n_sources];
  const bool quoted = text.len >= 2 && text.p[0] == '"' && text.p[text.len - 1] == '"';
  const struct view inner = quoted ? view_of(text.p + 1, text.len - 2) : text;
  if (!lines_copy(inner, source->text, sizeof source->text) ||
      !(quoted ? memchr(inner.p, '"', inner.len) == NULL : split_path(source))) {
    (void)err_set(err, ERR_FORMAT, "'%.*s' is neither a path nor a constant in quotes", (int)(text.len > 80 ? 80 : text.len),
                  (const char *)text.p);
    return err_hint(err, "write a.b, a[] or a[].b for a path of at most %d parts, \"text\" for a constant", IMPORT_STEPS);
  }
  source->len = inner.len;
  source->is_constant = quoted;
  rule->has_constant = rule->has_constant || quoted;
  rule->n_sources++;
  return OK;
}

/* Splits at '|' outside of quotes. */
static enum err_code parse_sources(struct import_rule *rule, const char *text, struct err *err) {
  struct view rest = view_of_text(text);
  bool quoted = false;
  size_t start = 0;
  for (size_t i = 0; i <= rest.len; i++) {
    if (i < rest.len && rest.p[i] == '"') quoted = !quoted;
    if (i < rest.len && (rest.p[i] != '|' || quoted)) continue;
    const enum err_code code = add_source(rule, lines_trim(view_of(rest.p + start, i - start)), err);
    if (code != OK) return code;
    start = i + 1;
  }
  return OK;
}

/* A field by its key, or by its key and a language: "title.it". */
static const struct field *field_of(const struct schema *schema, const char *key, char tag[VALUE_TAG_MAX]) {
  const struct field *f = schema_field(schema, view_of_text(key));
  const char *dot = strrchr(key, '.');
  tag[0] = '\0';
  if (f != NULL || dot == NULL || !value_tag(view_of_text(dot + 1), tag)) return f;
  f = schema_field(schema, view_of(key, (size_t)(dot - key)));
  return f != NULL && f->ml ? f : NULL;
}

static enum err_code take_rule(struct import_map *map, const char *key, const char *value, struct err *err) {
  char tag[VALUE_TAG_MAX];
  const struct field *f = field_of(map->schema, key, tag);
  if (f == NULL) return unknown_field(map->schema, key, err);
  if (f->n_children > 0) {
    (void)err_set(err, ERR_FORMAT, "'%s' is a group: map its fields", key);
    return err_hint(err, "write '%s.%s = path[].%s'", key, f->children[0].name, f->children[0].name);
  }
  for (size_t i = 0; i < map->n_rules; i++) {
    if (map->rules[i].field == f && strcmp(map->rules[i].tag, tag) == 0)
      return err_set(err, ERR_FORMAT, "'%s' is mapped twice", key);
  }
  if (map->n_rules == IMPORT_RULES) return err_set(err, ERR_LIMIT, "more than %d fields are mapped", IMPORT_RULES);
  struct import_rule *rule = &map->rules[map->n_rules];
  memset(rule, 0, sizeof *rule);
  rule->field = f;
  memcpy(rule->tag, tag, sizeof rule->tag);
  const enum err_code code = parse_sources(rule, value, err);
  if (code == OK) map->n_rules++;
  return code;
}

static enum err_code take_code(struct import_map *map, const char *key, const char *from, const char *to, struct err *err) {
  const struct field *f = schema_field(map->schema, view_of_text(key));
  if (f == NULL) return unknown_field(map->schema, key, err);
  if (f->type != FIELD_CODE) return err_set(err, ERR_FORMAT, "'%s' holds no codes", key);
  for (size_t i = 0; i < map->n_codes; i++) {
    if (map->codes[i].field == f && strcmp(map->codes[i].from, from) == 0) {
      return err_set(err, ERR_FORMAT, "'%s' is renamed twice", from);
    }
  }
  if (map->n_codes == map->codes_room) {
    const size_t room = map->codes_room > 0 ? 2 * map->codes_room : 32;
    struct import_code *codes = realloc(map->codes, room * sizeof *codes);
    if (codes == NULL) return err_set(err, ERR_MEMORY, NULL);
    map->codes = codes;
    map->codes_room = room;
  }
  struct import_code *code = &map->codes[map->n_codes];
  code->field = f;
  if (!lines_copy(view_of_text(from), code->from, sizeof code->from) ||
      !lines_copy(view_of_text(to), code->to, sizeof code->to)) {
    return err_set(err, ERR_LIMIT, "a code is too long");
  }
  map->n_codes++;
  return OK;
}

/* `separator = "|"`: in quotes, for a ";" would begin a comment. */
static enum err_code take_separator(struct import_reader *r, const char *value) {
  const bool quoted = strlen(value) == 3 && value[0] == '"' && value[2] == '"';
  if (r->map->separator != 0) return err_set(r->err, ERR_FORMAT, "'separator' is given twice");
  if (!quoted || strchr("\\\"' ", value[1]) != NULL) {
    (void)err_set(r->err, ERR_FORMAT, "'%.20s' is no separator", value);
    return err_hint(r->err, "one character in quotes: separator = \"|\"");
  }
  r->map->separator = value[1];
  return OK;
}

static enum err_code take_setting(struct import_reader *r, const char *key, const char *value) {
  if (strcmp(key, "kind") == 0) {
    if (r->has_kind && r->only_kind) return err_set(r->err, ERR_FORMAT, "'kind' is given twice");
    r->has_kind = true;
    if (lines_copy(view_of_text(value), r->kind, sizeof r->kind)) return OK;
    return err_set(r->err, ERR_NOT_FOUND, "unknown kind '%.40s'", value);
  }
  if (r->only_kind) return OK;
  if (strcmp(key, "language") == 0) {
    if (r->map->language.n_sources > 0) return err_set(r->err, ERR_FORMAT, "'language' is given twice");
    return parse_sources(&r->map->language, value, r->err);
  }
  if (strcmp(key, "separator") == 0) return take_separator(r, value);
  (void)err_set(r->err, ERR_FORMAT, "[import] has no setting '%.40s'", key);
  return err_hint(r->err, "there are kind, language and separator");
}

static enum err_code take_entry(struct import_reader *r, const char *section, const char *key, const char *value) {
  if (strcmp(section, "import") == 0) return take_setting(r, key, value);
  if (r->only_kind) return OK;
  if (strcmp(section, FIELD_LABEL) == 0) return take_rule(r->map, key, value, r->err);
  if (strncmp(section, VALUES, strlen(VALUES)) == 0) return take_code(r->map, section + strlen(VALUES), key, value, r->err);
  (void)err_set(r->err, ERR_FORMAT, "there is no section '[%.40s]'", section);
  return err_hint(r->err, "there are [fields], [values.FIELD] and [import]");
}

static int on_entry(void *user, const char *section, const char *key, const char *value) {
  struct import_reader *r = user;
  if (r->code != OK) return 1;
  r->code = take_entry(r, section, key, value != NULL ? value : "");
  if (r->code != OK) (void)err_context(r->err, "line %zu", r->lines.number);
  return 1;
}

/* Hands the next line to inih. Blanks at its start would continue the entry above, which maps do not have: they are taken off.
 */
static char *on_line(char *out, int size, void *user) {
  struct import_reader *r = user;
  if (r->code != OK || !lines_next(&r->lines)) return NULL;
  const struct view line = lines_trim(r->lines.line);
  if (r->lines.line.len > LINE_OCTETS || line.len + 2 > (size_t)size) {
    r->code = err_set(r->err, ERR_FORMAT, "line %zu: more than %u octets", r->lines.number, LINE_OCTETS);
  } else if (!text_is_valid(line)) {
    r->code = err_set(r->err, ERR_FORMAT, "line %zu: not UTF-8 text", r->lines.number);
  }
  if (r->code != OK) return NULL;
  memcpy(out, line.p != NULL ? line.p : (const uint8_t *)"", line.len);
  out[line.len] = '\n';
  out[line.len + 1] = '\0';
  return out;
}

static enum err_code read_once(struct import_reader *r, struct view ini) {
  r->lines = lines_of(ini);
  const int bad = ini_parse_stream(on_line, r, on_entry, r);
  if (r->code == OK && bad != 0) {
    r->code = err_set(r->err, ERR_FORMAT, "line %d: neither '[section]' nor 'name = value'", bad);
  }
  return r->code;
}

static enum err_code read_map(struct import_reader *r, const struct schema_set *set, struct view ini,
                              const char *default_kind) {
  r->only_kind = true;
  enum err_code code = read_once(r, ini);
  if (code != OK) return code;
  const char *kind = r->has_kind ? r->kind : default_kind;
  r->map->schema = kind != NULL ? schema_by_kind(set, kind) : NULL;
  if (r->map->schema == NULL) {
    struct nearest n = nearest_to(view_of_text(kind != NULL ? kind : ""));
    for (size_t i = 0; i < schema_set_count(set); i++)
      nearest_offer(&n, schema_set_at(set, i)->kind);
    (void)err_set(r->err, ERR_NOT_FOUND, "unknown kind '%.40s'", kind != NULL ? kind : "");
    if (nearest_word(&n) != NULL) (void)err_hint(r->err, "did you mean '%s'?", nearest_word(&n));
    return ERR_NOT_FOUND;
  }
  r->only_kind = false;
  code = read_once(r, ini);
  if (code == OK && r->map->n_rules == 0)
    code = err_set(r->err, ERR_FORMAT, "no field is mapped: the section [fields] is empty");
  return code;
}

enum err_code import_map_read(const struct schema_set *set, struct view ini, const char *default_kind, struct import_map **out,
                              struct err *err) {
  struct err local = ERR_INIT;
  struct import_reader r = {.map = calloc(1, sizeof *r.map), .err = err != NULL ? err : &local};
  if (r.map == NULL) return err_set(err, ERR_MEMORY, NULL);
  enum err_code code = OK;
  if (ini.len > MAP_TEXT_MAX) {
    code = err_set(err, ERR_LIMIT, "an import map has at most %zu octets", MAP_TEXT_MAX);
  } else {
    code = read_map(&r, set, ini, default_kind);
  }
  if (code == OK) {
    *out = r.map;
    r.map = NULL;
  }
  import_map_free(r.map);
  return code;
}

/* The one source of a rule: key, key.name or key[].name. Keys and names of fields are parts of a path. */
static bool set_path(struct import_rule *rule, const char *key, bool each, const char *name) {
  struct import_source *source = &rule->sources[0];
  const int len =
      snprintf(source->text, sizeof source->text, "%s%s%s%s", key, each ? "[]" : "", name[0] != '\0' ? "." : "", name);
  source->len = (size_t)len;
  rule->n_sources = 1;
  return split_path(source);
}

/* A rule that takes a field from the column of its name: "funding[].amount" for the rows of a group. */
static void add_identity(struct import_map *map, const struct field *f) {
  struct import_rule *rule = &map->rules[map->n_rules++];
  const struct field *group = f->parent;
  rule->field = f;
  (void)set_path(rule, group != NULL ? group->key : f->key, group != NULL && group->many, group != NULL ? f->name : "");
}

enum err_code import_map_identity(const struct schema *schema, struct import_map **out, struct err *err) {
  struct import_map *map = calloc(1, sizeof *map);
  if (map == NULL) return err_set(err, ERR_MEMORY, NULL);
  map->schema = schema;
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *f = &schema->fields[i];
    if (f->n_children == 0 && map->n_rules < IMPORT_RULES) add_identity(map, f);
    for (size_t j = 0; j < f->n_children && map->n_rules < IMPORT_RULES; j++)
      add_identity(map, &f->children[j]);
  }
  if (schema->language != NULL) (void)set_path(&map->language, schema->language->key, false, "");
  *out = map;
  return OK;
}

void import_map_free(struct import_map *map) {
  if (map == NULL) return;
  free(map->codes);
  free(map);
}

const struct schema *import_map_schema(const struct import_map *map) {
  return map->schema;
}

/* ---- sheets ---- */

void import_map_of_sheet(struct import_map *map, const char *lang, bool guarded) {
  map->cells = true;
  map->guarded = guarded;
  if (map->separator == 0) map->separator = ';';
  if (!value_tag(view_of_text(lang), map->fallback)) map->fallback[0] = '\0';
}

const char *import_map_path(const struct import_map *map, const char *key, size_t i) {
  for (size_t r = 0; r < map->n_rules; r++) {
    const struct import_rule *rule = &map->rules[r];
    if (strcmp(rule->field->key, key) != 0) continue;
    for (size_t j = 0; j < rule->n_sources; j++) {
      if (!rule->sources[j].is_constant && i-- == 0) return rule->sources[j].text;
    }
  }
  return NULL;
}

static bool rule_uses(const struct import_rule *rule, const char *path) {
  for (size_t i = 0; i < rule->n_sources; i++) {
    if (!rule->sources[i].is_constant && strcmp(rule->sources[i].text, path) == 0) return true;
  }
  return false;
}

bool import_map_uses(const struct import_map *map, const char *path) {
  bool uses = rule_uses(&map->language, path);
  for (size_t i = 0; i < map->n_rules && !uses; i++)
    uses = rule_uses(&map->rules[i], path);
  return uses;
}

bool import_map_has_constant(const struct import_map *map, const char *key) {
  for (size_t i = 0; i < map->n_rules; i++) {
    if (map->rules[i].has_constant && strcmp(map->rules[i].field->key, key) == 0) return true;
  }
  return false;
}
