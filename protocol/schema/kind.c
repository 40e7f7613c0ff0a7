/*
 * kind: KIND.schema becomes a table of fields (kind.h, docs/schema.md 1).
 *
 * In comes text. The lines are read into one flat list; then each group takes its children, and names that point to other
 * fields are looked up. Errors name the line. Vocabularies and labels are the business of schema.c.
 */
#include "protocol/schema/kind.h"

#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/lines.h"
#include "protocol/schema/nearest.h"
#include "protocol/schema/rule.h"

#define FLAT_MAX 512u /* fields of a kind with those of its groups */
#define WORDS_MAX 24u /* columns and rule words of a line */
#define NUMBER_MAX 65535u
#define KIND_LINES 32u /* lines that hold for the kind */

/* A line that holds for the kind; it is applied when all fields are known. */
struct kind_line {
  struct view words[3];
  size_t n_words, number;
};

struct kind_parser {
  struct kind *kind;
  struct field *flat;
  size_t *lines; /* of each field */
  size_t n_flat;
  struct kind_line kind_lines[KIND_LINES];
  size_t n_kind_lines;
  struct view words[WORDS_MAX];
  size_t n_words;
  struct err *err;
};

static const struct {
  const char *name;
  enum field_type type;
} TYPES[] = {{"text", FIELD_TEXT}, {"code", FIELD_CODE}, {"date", FIELD_DATE}, {"number", FIELD_NUMBER},
             {"bool", FIELD_BOOL}, {"url", FIELD_URL},   {"ref", FIELD_REF},   {"group", FIELD_GROUP},
             {"file", FIELD_FILE}, {"blob", FIELD_BLOB}};

/* In a group only these may be told in several languages (protocol 5). */
static const char *const ML_IN_GROUPS[] = {"name", "label", "title", "method", "source"};

static int print_len(struct view v) {
  return (int)(v.len > 64 ? 64 : v.len);
}

/* Splits a line into words; '#' at the start of a word begins a comment. */
static enum err_code split_words(struct kind_parser *p, struct view line) {
  p->n_words = 0;
  size_t at = 0;
  for (;;) {
    while (at < line.len && (line.p[at] == ' ' || line.p[at] == '\t'))
      at++;
    if (at == line.len || line.p[at] == '#') return OK;
    const size_t start = at;
    while (at < line.len && line.p[at] != ' ' && line.p[at] != '\t')
      at++;
    if (p->n_words == WORDS_MAX) return err_set(p->err, ERR_FORMAT, "more than %u words", WORDS_MAX);
    p->words[p->n_words++] = view_of(line.p + start, at - start);
  }
}

static enum err_code take_header(struct kind_parser *p) {
  struct schema *schema = &p->kind->schema;
  uint64_t number = 0;
  if (p->n_words != 3 || !view_is_text(p->words[0], "schema")) {
    return err_set(p->err, ERR_FORMAT, "the first line has the form 'schema NUMBER KIND'");
  }
  if (decimal_decode(p->words[1], &number, NULL) != OK || number == 0 || number > NUMBER_MAX) {
    return err_set(p->err, ERR_FORMAT, "a schema's number is 1 to %u", NUMBER_MAX);
  }
  if (!lines_is_name(p->words[2])) return err_set(p->err, ERR_FORMAT, "a kind's name is small letters, digits and '_'");
  schema->number = (uint32_t)number;
  (void)lines_copy(p->words[2], schema->kind, sizeof schema->kind);
  return OK;
}

static bool key_is_taken(const struct kind_parser *p, const char *key) {
  for (size_t i = 0; i < p->n_flat; i++) {
    if (strcmp(p->flat[i].key, key) == 0) return true;
  }
  return false;
}

/* The last top-level field: the group that a "group.field" belongs to. */
static const struct field *open_group(const struct kind_parser *p) {
  for (size_t i = p->n_flat; i > 0; i--) {
    if (strchr(p->flat[i - 1].key, '.') == NULL) return &p->flat[i - 1];
  }
  return NULL;
}

static enum err_code take_key(struct kind_parser *p, struct field *f) {
  const struct view key = p->words[0];
  const uint8_t *dot = memchr(key.p, '.', key.len);
  const struct view first = view_of(key.p, dot != NULL ? (size_t)(dot - key.p) : key.len);
  const struct view second = dot != NULL ? view_of(dot + 1, key.len - first.len - 1) : view_of(NULL, 0);
  if (!lines_is_name(first) || (dot != NULL && !lines_is_name(second))) {
    return err_set(p->err, ERR_FORMAT, "'%.*s' is no key (small letters, digits and '_', 31 at most)", print_len(key),
                   (const char *)key.p);
  }
  (void)lines_copy(key, f->key, sizeof f->key);
  if (key_is_taken(p, f->key)) return err_set(p->err, ERR_FORMAT, "the field '%s' stands there twice", f->key);
  if (dot == NULL) return OK;
  const struct field *group = open_group(p);
  const bool is_group = group != NULL && (group->type == FIELD_GROUP || group->type == FIELD_FILE);
  if (!is_group || !view_is_text(first, group->key)) {
    return err_set(p->err, ERR_FORMAT, "'%s' does not follow its group '%.*s'", f->key, print_len(first),
                   (const char *)first.p);
  }
  return OK;
}

static enum err_code take_type(struct kind_parser *p, struct field *f) {
  const struct view word = p->words[1];
  struct nearest n = nearest_to(word);
  for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0]; i++) {
    nearest_offer(&n, TYPES[i].name);
    if (!view_is_text(word, TYPES[i].name)) continue;
    f->type = TYPES[i].type;
    const bool child = strchr(f->key, '.') != NULL;
    if (child && (f->type == FIELD_GROUP || f->type == FIELD_FILE)) {
      return err_set(p->err, ERR_FORMAT, "'%s': a group cannot stand in a group", f->key);
    }
    const struct field *group = child ? open_group(p) : NULL;
    if (f->type == FIELD_BLOB && (group == NULL || group->type != FIELD_FILE)) {
      return err_set(p->err, ERR_FORMAT, "'%s': a blob stands only in a file", f->key);
    }
    return OK;
  }
  (void)err_set(p->err, ERR_FORMAT, "'%.*s' is no type", print_len(word), (const char *)word.p);
  if (nearest_word(&n) != NULL) (void)err_hint(p->err, "did you mean '%s'?", nearest_word(&n));
  return ERR_FORMAT;
}

static enum err_code take_many(struct kind_parser *p, struct field *f) {
  const struct view word = p->words[2];
  f->many = !view_is_text(word, "1");
  f->max_items = f->many ? LIMIT_LIST : 1;
  if (!f->many || view_is_text(word, "*")) return OK;
  uint64_t least = 0, most = 0;
  for (size_t at = 1; at + 2 < word.len; at++) {
    if (word.p[at] != '.' || word.p[at + 1] != '.') continue;
    const struct view low = view_of(word.p, at), high = view_of(word.p + at + 2, word.len - at - 2);
    if (decimal_decode(low, &least, NULL) != OK || decimal_decode(high, &most, NULL) != OK) break;
    if (least > most || most == 0 || most > LIMIT_LIST) break;
    f->min = (uint32_t)least;
    f->max_items = (uint32_t)most;
    return OK;
  }
  return err_set(p->err, ERR_FORMAT, "'%.*s' is no count: '1', '*' or 'a..b' with 0 <= a <= b <= %u", print_len(word), word.p,
                 LIMIT_LIST);
}

static enum err_code take_ml(struct kind_parser *p, struct field *f) {
  if (view_is_text(p->words[3], "-")) return OK;
  if (!view_is_text(p->words[3], "ml")) return err_set(p->err, ERR_FORMAT, "the fourth column is 'ml' or '-'");
  if (f->type != FIELD_TEXT) return err_set(p->err, ERR_FORMAT, "'%s': only a text is 'ml'", f->key);
  f->ml = true;
  const char *dot = strchr(f->key, '.');
  if (dot == NULL) return OK;
  if (f->many) return err_set(p->err, ERR_FORMAT, "'%s': a list in a group cannot be 'ml'", f->key);
  for (size_t i = 0; i < sizeof ML_IN_GROUPS / sizeof ML_IN_GROUPS[0]; i++) {
    if (strcmp(dot + 1, ML_IN_GROUPS[i]) == 0) return OK;
  }
  (void)err_set(p->err, ERR_FORMAT, "'%s' cannot be 'ml'", f->key);
  return err_hint(p->err, "in a group only name, label, title, method and source are");
}

static enum err_code take_need(struct kind_parser *p, struct field *f) {
  struct view word = p->words[4];
  if (view_is_text(word, "-")) return OK;
  if (view_is_text(word, "C")) {
    f->need = NEED_COMPLETE;
    return OK;
  }
  if (word.p[0] != 'P') return err_set(p->err, ERR_FORMAT, "the fifth column is '-', 'C', 'P' or 'P|field'");
  f->need = NEED_PUBLISH;
  word = view_of(word.p + 1, word.len - 1);
  if (word.len > 0 && strchr(f->key, '.') != NULL) {
    return err_set(p->err, ERR_FORMAT, "'%s': a field of a group has no alternatives", f->key);
  }
  while (word.len > 0) {
    const uint8_t *bar = word.len > 1 ? memchr(word.p + 1, '|', word.len - 1) : NULL;
    const struct view name = view_of(word.p + 1, bar != NULL ? (size_t)(bar - word.p) - 1 : word.len - 1);
    if (word.p[0] != '|' || !lines_is_name(name)) return err_set(p->err, ERR_FORMAT, "the need has the form 'P|field|field'");
    if (f->n_alternatives == FIELD_ALTERNATIVES)
      return err_set(p->err, ERR_FORMAT, "at most %d alternatives", FIELD_ALTERNATIVES);
    (void)lines_copy(name, f->alternatives[f->n_alternatives++], FIELD_KEY_MAX);
    word = view_of(name.p + name.len, word.len - name.len - 1);
  }
  return OK;
}

static enum err_code take_field(struct kind_parser *p, size_t line) {
  static enum err_code (*const columns[])(struct kind_parser *, struct field *) = {take_key, take_type, take_many, take_ml,
                                                                                   take_need};
  if (p->n_words < 5) return err_set(p->err, ERR_FORMAT, "a field has five columns: key, type, many, ml, need");
  if (p->n_flat == FLAT_MAX) return err_set(p->err, ERR_LIMIT, "more than %u fields", FLAT_MAX);
  struct field *f = &p->flat[p->n_flat];
  memset(f, 0, sizeof *f);
  for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
    const enum err_code code = columns[i](p, f);
    if (code != OK) return code;
  }
  for (size_t i = 5; i < p->n_words; i++) {
    const enum err_code code = rule_apply(f, p->words[i], p->err);
    if (code != OK) return code;
  }
  p->lines[p->n_flat++] = line;
  return OK;
}

static bool is_kind_line(const struct kind_parser *p) {
  static const char *const words[] = {"order", "unique", "profile", "heading", "citations"};
  if (p->n_words > 3) return false; /* a field of that name has five columns */
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (view_is_text(p->words[0], words[i])) return true;
  }
  return false;
}

static enum err_code take_line(struct kind_parser *p, const struct lines *l) {
  if (!text_is_valid(l->line)) return err_set(p->err, ERR_FORMAT, "not UTF-8 text");
  enum err_code code = split_words(p, l->line);
  if (code != OK || p->n_words == 0) return code;
  if (p->kind->schema.number == 0) return take_header(p);
  if (!is_kind_line(p)) return take_field(p, l->number);
  if (p->n_kind_lines == KIND_LINES) return err_set(p->err, ERR_LIMIT, "more than %u lines of the kind", KIND_LINES);
  struct kind_line *k = &p->kind_lines[p->n_kind_lines++];
  memcpy(k->words, p->words, sizeof k->words);
  k->n_words = p->n_words;
  k->number = l->number;
  return OK;
}

/* ---- when all lines are read ---- */

/* Copies the flat list into the two arrays of the kind; each group gets the run of its children. */
static enum err_code split_groups(struct kind_parser *p) {
  struct kind *k = p->kind;
  size_t n_tops = 0;
  for (size_t i = 0; i < p->n_flat; i++)
    n_tops += strchr(p->flat[i].key, '.') == NULL;
  if (n_tops == 0) return err_set(p->err, ERR_FORMAT, "there are no fields");
  if (n_tops > SCHEMA_FIELDS) return err_set(p->err, ERR_LIMIT, "more than %d fields outside of groups", SCHEMA_FIELDS);
  k->n_children = p->n_flat - n_tops;
  k->tops = calloc(n_tops, sizeof *k->tops);
  k->children = calloc(k->n_children + 1, sizeof *k->children);
  if (k->tops == NULL || k->children == NULL) return err_set(p->err, ERR_MEMORY, NULL);
  struct field *top = k->tops, *child = k->children;
  for (size_t i = 0; i < p->n_flat; i++) {
    const char *dot = strchr(p->flat[i].key, '.');
    struct field *f = dot == NULL ? top++ : child++;
    *f = p->flat[i];
    f->name = dot == NULL ? f->key : f->key + (dot + 1 - p->flat[i].key);
    if (dot == NULL) {
      f->children = child;
      continue;
    }
    f->parent = top - 1;
    if (++top[-1].n_children > SCHEMA_CHILDREN) {
      return err_set(p->err, ERR_LIMIT, "'%s' has more than %d fields", top[-1].key, SCHEMA_CHILDREN);
    }
  }
  k->schema.fields = k->tops;
  k->schema.n_fields = n_tops;
  return OK;
}

static int compare_tops(const void *a, const void *b, void *context) {
  const struct kind *k = context;
  return kind_compare_keys(view_of_text(k->tops[*(const uint32_t *)a].key), view_of_text(k->tops[*(const uint32_t *)b].key));
}

static enum err_code unknown_field(struct kind_parser *p, struct view key) {
  const enum err_code code = err_set(p->err, ERR_FORMAT, "there is no field '%.*s'", print_len(key), (const char *)key.p);
  const char *meant = schema_nearest_field(&p->kind->schema, key);
  if (meant != NULL) (void)err_hint(p->err, "did you mean '%s'?", meant);
  return code;
}

/* The top-level field of that key; NULL, with an error in p->err, if there is none. */
static struct field *find_top(struct kind_parser *p, struct view key) {
  const int i = kind_top(&p->kind->schema, key);
  if (i >= 0) return &p->kind->tops[i];
  (void)unknown_field(p, key);
  return NULL;
}

/* Looks up what the rule words of one field name. */
static enum err_code check_names(struct kind_parser *p, struct field *f) {
  for (size_t i = 0; i < f->n_alternatives; i++) {
    if (find_top(p, view_of_text(f->alternatives[i])) == NULL) return ERR_FORMAT;
  }
  if (f->when_field[0] != '\0') {
    const struct field *other = find_top(p, view_of_text(f->when_field));
    if (other == NULL) return ERR_FORMAT;
    if (other->type != FIELD_CODE && other->type != FIELD_BOOL) {
      return err_set(p->err, ERR_FORMAT, "'when' looks at a code or bool, '%s' is neither", other->key);
    }
  }
  const bool group = f->type == FIELD_GROUP || f->type == FIELD_FILE;
  if (group && f->n_children == 0) return err_set(p->err, ERR_FORMAT, "the group '%s' has no fields", f->key);
  if (f->order[0] != '\0' && kind_child(f, view_of_text(f->order)) == NULL) {
    return err_set(p->err, ERR_FORMAT, "the group '%s' has no field '%s' to be ordered by", f->key, f->order);
  }
  if (f->inverse[0] != '\0' && f->ref_kind[0] == '\0')
    return err_set(p->err, ERR_FORMAT, "'inverse' needs 'ref=KIND' beside it");
  return OK;
}

static enum err_code apply_order(struct kind_parser *p, const struct kind_line *l) {
  if (l->n_words != 2) return err_set(p->err, ERR_FORMAT, "the line has the form 'order FIELD'");
  const struct field *f = find_top(p, l->words[1]);
  if (f == NULL) return ERR_FORMAT;
  memcpy(p->kind->schema.order, f->key, sizeof f->key);
  return OK;
}

static enum err_code apply_unique(struct kind_parser *p, const struct kind_line *l) {
  struct schema *s = &p->kind->schema;
  struct view rest = l->words[1], part;
  if (l->n_words != 2 || s->n_unique > 0) return err_set(p->err, ERR_FORMAT, "one line of the form 'unique FIELD,FIELD'");
  while (rule_next_part(&rest, &part)) {
    const struct field *f = find_top(p, part);
    if (f == NULL) return ERR_FORMAT;
    if (f->many || f->ml || f->n_children > 0) return err_set(p->err, ERR_FORMAT, "'%s' is not a single value", f->key);
    if (s->n_unique == sizeof s->unique / sizeof s->unique[0]) return err_set(p->err, ERR_FORMAT, "at most 4 unique fields");
    s->unique[s->n_unique++] = f;
  }
  return OK;
}

static enum err_code apply_heading(struct kind_parser *p, const struct kind_line *l) {
  if (l->n_words != 2) return err_set(p->err, ERR_FORMAT, "the line has the form 'heading FIELD'");
  struct field *f = find_top(p, l->words[1]);
  if (f == NULL) return ERR_FORMAT;
  f->heading = true;
  return OK;
}

static enum err_code apply_citations(struct kind_parser *p, const struct kind_line *l) {
  if (l->n_words != 2) return err_set(p->err, ERR_FORMAT, "the line has the form 'citations FIELD'");
  const struct field *f = find_top(p, l->words[1]);
  if (f == NULL) return ERR_FORMAT;
  if (!f->many || f->n_children == 0) return err_set(p->err, ERR_FORMAT, "'%s' is not a group of several rows", f->key);
  p->kind->schema.citations = f;
  return OK;
}

static size_t profile_fields_used(const struct schema *s) {
  size_t n = 0;
  for (size_t i = 0; i < s->n_profiles; i++)
    n += s->profiles[i].n_fields;
  return n;
}

static enum err_code apply_profile(struct kind_parser *p, const struct kind_line *l) {
  struct schema *s = &p->kind->schema;
  if (l->n_words != 3 || !lines_is_name(l->words[1])) {
    return err_set(p->err, ERR_FORMAT, "the line has the form 'profile NAME P' or 'profile NAME field,field'");
  }
  if (s->n_profiles == SCHEMA_PROFILES) return err_set(p->err, ERR_LIMIT, "more than %d profiles", SCHEMA_PROFILES);
  struct profile *profile = &s->profiles[s->n_profiles];
  (void)lines_copy(l->words[1], profile->name, sizeof profile->name);
  if (schema_profile(s, profile->name) != NULL) return err_set(p->err, ERR_FORMAT, "the profile stands there twice");
  profile->fields = p->kind->profile_fields + profile_fields_used(s);
  profile->publish_only = view_is_text(l->words[2], "P");
  struct view rest = l->words[2], part;
  while (!profile->publish_only && rule_next_part(&rest, &part)) {
    const struct field *f = find_top(p, part);
    if (f == NULL) return ERR_FORMAT;
    for (size_t i = 0; i < profile->n_fields; i++) {
      if (profile->fields[i] == f) return err_set(p->err, ERR_FORMAT, "'%s' stands there twice", f->key);
    }
    profile->fields[profile->n_fields++] = f;
  }
  s->n_profiles++;
  return OK;
}

static enum err_code apply_kind_line(struct kind_parser *p, const struct kind_line *l) {
  static const struct {
    const char *word;
    enum err_code (*apply)(struct kind_parser *, const struct kind_line *);
  } rules[] = {{"order", apply_order},
               {"unique", apply_unique},
               {"heading", apply_heading},
               {"citations", apply_citations},
               {"profile", apply_profile}};
  for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
    if (view_is_text(l->words[0], rules[i].word)) return rules[i].apply(p, l);
  }
  return err_set(p->err, ERR_FORMAT, "no rule word");
}

static enum err_code choose_title(struct kind_parser *p) {
  struct schema *s = &p->kind->schema;
  const struct field *text = NULL;
  for (size_t i = 0; i < s->n_fields; i++) {
    const struct field *f = &s->fields[i];
    if (f->type == FIELD_TEXT && text == NULL) text = f;
    if (f->ml && s->title == NULL) s->title = f;
    if (f->type == FIELD_CODE && !f->many && s->language == NULL && strcmp(f->vocabulary_name, "language") == 0)
      s->language = f;
  }
  if (s->title == NULL) s->title = text;
  return s->title != NULL ? OK : err_set(p->err, ERR_FORMAT, "a kind needs a text field, to be shown in lists");
}

/* line receives the line to blame. */
static enum err_code build(struct kind_parser *p, size_t *line) {
  struct kind *k = p->kind;
  if (k->schema.number == 0) return err_set(p->err, ERR_FORMAT, "the first line has the form 'schema NUMBER KIND'");
  enum err_code code = split_groups(p);
  if (code != OK) return code;
  for (uint32_t i = 0; i < k->schema.n_fields; i++)
    k->by_key[i] = i;
  qsort_r(k->by_key, k->schema.n_fields, sizeof k->by_key[0], compare_tops, k);
  k->profile_fields = calloc(SCHEMA_PROFILES * k->schema.n_fields, sizeof(struct field *));
  if (k->profile_fields == NULL) return err_set(p->err, ERR_MEMORY, NULL);
  size_t top = 0, child = 0;
  for (size_t i = 0; i < p->n_flat && code == OK; i++) {
    *line = p->lines[i];
    code = check_names(p, strchr(p->flat[i].key, '.') == NULL ? &k->tops[top++] : &k->children[child++]);
  }
  for (size_t i = 0; i < p->n_kind_lines && code == OK; i++) {
    *line = p->kind_lines[i].number;
    code = apply_kind_line(p, &p->kind_lines[i]);
  }
  return code == OK ? choose_title(p) : code;
}

static enum err_code parse_all(struct kind_parser *p, struct view text, size_t *line) {
  struct lines l = lines_of(text);
  while (lines_next(&l)) {
    *line = l.number;
    const enum err_code code = take_line(p, &l);
    if (code != OK) return code;
  }
  return build(p, line);
}

enum err_code kind_parse(const char *name, struct view text, struct kind **out, struct err *err) {
  struct err local = ERR_INIT;
  struct kind_parser *p = calloc(1, sizeof *p);
  struct field *flat = calloc(FLAT_MAX, sizeof *flat);
  size_t *numbers = calloc(FLAT_MAX, sizeof *numbers);
  struct kind *kind = calloc(1, sizeof *kind);
  size_t line = 1;
  enum err_code code = OK;
  if (p == NULL || flat == NULL || numbers == NULL || kind == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  if (text.len > KIND_TEXT_MAX) {
    code = err_set(err, ERR_LIMIT, "%s: a schema has at most %zu octets", name, KIND_TEXT_MAX);
    goto out;
  }
  p->kind = kind;
  p->flat = flat;
  p->lines = numbers;
  p->err = err != NULL ? err : &local;
  code = parse_all(p, text, &line);
  if (code != OK) {
    (void)err_context(p->err, "%s: line %zu", name, line);
    goto out;
  }
  *out = kind;
  kind = NULL;
out:
  kind_free(kind);
  free(numbers);
  free(flat);
  free(p);
  return code;
}

void kind_free(struct kind *k) {
  if (k == NULL) return;
  free(k->tops);
  free(k->children);
  free(k->profile_fields);
  free(k);
}
