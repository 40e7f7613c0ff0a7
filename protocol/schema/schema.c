/*
 * schema: the set of all kinds, labels and vocabularies that a process knows (schema.h).
 *
 * In come texts: those that the build embedded, then those of a home. kind.c, labels.c and vocabulary.c parse them; here they
 * are kept, tied together and looked up.
 */
#include "protocol/schema/schema.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/schema/embedded.h"
#include "protocol/schema/kind.h"
#include "protocol/schema/labels.h"
#include "protocol/schema/nearest.h"

#define SET_KINDS 64u
#define SET_LABELS 128u
#define SET_VOCABULARIES 256u

/* Invariants: kinds stand by rising number; labels that came later stand behind and are asked first. */
struct schema_set {
  struct kind *kinds[SET_KINDS];
  size_t n_kinds;
  struct labels *labels[SET_LABELS];
  size_t n_labels;
  struct vocabulary *vocabularies[SET_VOCABULARIES];
  size_t n_vocabularies;
  bool language_check;
};

/* ---- building ---- */

static enum err_code full(const char *what, size_t most, struct err *err) {
  return err_set(err, ERR_LIMIT, "more than %zu %s", most, what);
}

static enum err_code insert_kind(struct schema_set *set, struct kind *k, struct err *err) {
  const struct schema *same_number = schema_by_number(set, k->schema.number);
  if (schema_by_kind(set, k->schema.kind) != NULL) {
    return err_set(err, ERR_REFUSED, "there is a kind '%s' already", k->schema.kind);
  }
  if (same_number != NULL) {
    return err_set(err, ERR_REFUSED, "the schema number %u of '%s' belongs to '%s'", k->schema.number, k->schema.kind,
                   same_number->kind);
  }
  if (set->n_kinds == SET_KINDS) return full("kinds", SET_KINDS, err);
  size_t at = set->n_kinds++;
  for (; at > 0 && set->kinds[at - 1]->schema.number > k->schema.number; at--)
    set->kinds[at] = set->kinds[at - 1];
  set->kinds[at] = k;
  k->schema.set = set;
  return OK;
}

enum err_code schema_set_add(struct schema_set *set, const char *name, struct view text, struct err *err) {
  struct kind *k = NULL;
  enum err_code code = kind_parse(name, text, &k, err);
  if (code == OK) code = insert_kind(set, k, err);
  if (code == OK) k = NULL;
  kind_free(k);
  return code;
}

enum err_code schema_set_add_labels(struct schema_set *set, const char *kind, struct view tsv, struct err *err) {
  if (set->n_labels == SET_LABELS) return full("tables of labels", SET_LABELS, err);
  const enum err_code code = labels_parse(kind, tsv, &set->labels[set->n_labels], err);
  if (code == OK) set->n_labels++;
  return code;
}

/* Takes a vocabulary over, or frees it. */
static enum err_code insert_vocabulary(struct schema_set *set, struct vocabulary *v, struct err *err) {
  enum err_code code = OK;
  if (vocabulary_by_name(set, v->name) != NULL) {
    code = err_set(err, ERR_REFUSED, "there is a vocabulary '%s' already", v->name);
  } else if (set->n_vocabularies == SET_VOCABULARIES) {
    code = full("vocabularies", SET_VOCABULARIES, err);
  }
  if (code != OK) {
    vocabulary_free(v);
    return code;
  }
  set->vocabularies[set->n_vocabularies++] = v;
  return OK;
}

enum err_code schema_set_add_vocabulary(struct schema_set *set, const char *name, struct view tsv, struct err *err) {
  struct vocabulary *v = NULL;
  const enum err_code code = vocabulary_parse(name, tsv, &v, err);
  return code == OK ? insert_vocabulary(set, v, err) : code;
}

/* Adds one embedded file: what it is stands in its name. */
static enum err_code add_embedded(struct schema_set *set, const struct embedded_file *file, struct err *err) {
  char stem[64];
  const char *base = strncmp(file->name, "vocab/", 6) == 0 ? file->name + 6 : file->name;
  const char *dot = strrchr(base, '.');
  const size_t n = dot != NULL ? (size_t)(dot - base) : strlen(base);
  if (n >= sizeof stem) return err_set(err, ERR_FORMAT, "the name '%s' is too long", file->name);
  memcpy(stem, base, n);
  stem[n] = '\0';
  const struct view text = view_of(file->p, file->len);
  if (base != file->name) return schema_set_add_vocabulary(set, stem, text, err);
  if (dot != NULL && strcmp(dot, ".tsv") == 0) return schema_set_add_labels(set, stem, text, err);
  return schema_set_add(set, file->name, text, err);
}

static enum err_code add_all_embedded(struct schema_set *set, struct err *err) {
  for (const struct embedded_table *t = embedded_tables; t->name != NULL; t++) {
    struct vocabulary *v = NULL;
    enum err_code code = vocabulary_static(t->name, &t->table, &v, err);
    if (code == OK) code = insert_vocabulary(set, v, err);
    if (code != OK) return code;
  }
  for (const struct embedded_file *f = embedded_files; f->name != NULL; f++) {
    const enum err_code code = add_embedded(set, f, err);
    if (code != OK) return code;
  }
  return schema_set_link(set, err);
}

enum err_code schema_set_new(struct schema_set **out, struct err *err) {
  struct schema_set *set = calloc(1, sizeof *set);
  if (set == NULL) return err_set(err, ERR_MEMORY, NULL);
  set->language_check = true;
  const enum err_code code = add_all_embedded(set, err);
  if (code == OK) {
    *out = set;
    set = NULL;
  }
  schema_set_free(set);
  return code;
}

void schema_set_free(struct schema_set *set) {
  if (set == NULL) return;
  for (size_t i = 0; i < set->n_kinds; i++)
    kind_free(set->kinds[i]);
  for (size_t i = 0; i < set->n_labels; i++)
    labels_free(set->labels[i]);
  for (size_t i = 0; i < set->n_vocabularies; i++)
    vocabulary_free(set->vocabularies[i]);
  free(set);
}

void schema_set_language_check(struct schema_set *set, bool on) {
  set->language_check = on;
}

/* ---- linking ---- */

static enum err_code link_vocabulary(const struct schema_set *set, struct field *f, struct err *err) {
  if (f->vocabulary_name[0] == '\0') return OK;
  f->vocabulary = vocabulary_by_name(set, f->vocabulary_name);
  if (f->vocabulary != NULL) return OK;
  struct nearest n = nearest_to(view_of_text(f->vocabulary_name));
  for (size_t i = 0; i < set->n_vocabularies; i++)
    nearest_offer(&n, set->vocabularies[i]->name);
  (void)err_set(err, ERR_FORMAT, "%s: there is no vocabulary '%s'", f->key, f->vocabulary_name);
  if (nearest_word(&n) != NULL) (void)err_hint(err, "did you mean '%s'?", nearest_word(&n));
  return ERR_FORMAT;
}

static enum err_code link_when(const struct kind *k, const struct field *f, struct err *err) {
  if (f->when_field[0] == '\0') return OK;
  const struct field *on = schema_field(&k->schema, view_of_text(f->when_field));
  for (size_t i = 0; i < f->n_when; i++) {
    const char *code = f->when_codes[i];
    const bool known = on->type == FIELD_BOOL ? strcmp(code, "true") == 0 || strcmp(code, "false") == 0
                                              : on->vocabulary == NULL || vocabulary_has(on->vocabulary, view_of_text(code));
    if (!known) return err_set(err, ERR_FORMAT, "%s: 'when': '%s' is no code of %s", f->key, code, on->key);
  }
  return OK;
}

/* Fields that share a dimension must be comparable: of one type and vocabulary. The kind with the higher number is to blame. */
static enum err_code link_dim(const struct schema_set *set, const struct kind *own, const struct field *f, struct err *err) {
  if (f->dim[0] == '\0') return OK;
  for (size_t i = 0; i < set->n_kinds && set->kinds[i]->schema.number <= own->schema.number; i++) {
    const struct kind *k = set->kinds[i];
    for (size_t j = 0; j < k->schema.n_fields + k->n_children; j++) {
      const struct field *o = j < k->schema.n_fields ? &k->tops[j] : &k->children[j - k->schema.n_fields];
      if (strcmp(o->dim, f->dim) != 0) continue;
      if (o->type == f->type && strcmp(o->vocabulary_name, f->vocabulary_name) == 0) continue;
      return err_set(err, ERR_FORMAT, "%s: the dimension '%s' has another type or vocabulary in %s.%s", f->key, f->dim,
                     k->schema.kind, o->key);
    }
  }
  return OK;
}

static enum err_code link_kind(const struct schema_set *set, struct kind *k, struct err *err) {
  for (int pass = 0; pass < 2; pass++) {
    for (size_t i = 0; i < k->schema.n_fields + k->n_children; i++) {
      struct field *f = i < k->schema.n_fields ? &k->tops[i] : &k->children[i - k->schema.n_fields];
      enum err_code code = OK;
      if (pass == 0) {
        code = link_vocabulary(set, f, err);
      } else {
        code = link_when(k, f, err);
        if (code == OK) code = link_dim(set, k, f, err);
      }
      if (code != OK) return code;
    }
  }
  return OK;
}

enum err_code schema_set_link(struct schema_set *set, struct err *err) {
  for (size_t i = 0; i < set->n_kinds; i++) {
    const enum err_code code = link_kind(set, set->kinds[i], err);
    if (code != OK) {
      if (err != NULL) (void)err_context(err, "%s.schema", set->kinds[i]->schema.kind);
      return code;
    }
  }
  return OK;
}

/* ---- looking up ---- */

size_t schema_set_count(const struct schema_set *set) {
  return set->n_kinds;
}

const struct schema *schema_set_at(const struct schema_set *set, size_t i) {
  return i < set->n_kinds ? &set->kinds[i]->schema : NULL;
}

const struct schema *schema_by_kind(const struct schema_set *set, const char *kind) {
  for (size_t i = 0; i < set->n_kinds; i++) {
    if (strcmp(set->kinds[i]->schema.kind, kind) == 0) return &set->kinds[i]->schema;
  }
  return NULL;
}

const struct schema *schema_by_number(const struct schema_set *set, uint64_t number) {
  for (size_t i = 0; i < set->n_kinds; i++) {
    if (set->kinds[i]->schema.number == number) return &set->kinds[i]->schema;
  }
  return NULL;
}

const struct vocabulary *vocabulary_by_name(const struct schema_set *set, const char *name) {
  for (size_t i = 0; i < set->n_vocabularies; i++) {
    if (strcmp(set->vocabularies[i]->name, name) == 0) return set->vocabularies[i];
  }
  return NULL;
}

const struct kind *kind_of(const struct schema *schema) {
  return (const struct kind *)schema;
}

int kind_compare_keys(struct view a, struct view b) {
  if (a.len != b.len) return a.len < b.len ? -1 : 1;
  return a.len == 0 ? 0 : memcmp(a.p, b.p, a.len);
}

int kind_top(const struct schema *schema, struct view key) {
  const struct kind *k = kind_of(schema);
  size_t low = 0, high = schema->n_fields;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const uint32_t i = k->by_key[middle];
    const int order = kind_compare_keys(view_of_text(k->tops[i].key), key);
    if (order == 0) return (int)i;
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return -1;
}

const struct field *kind_child(const struct field *group, struct view name) {
  for (size_t i = 0; i < group->n_children; i++) {
    if (view_is_text(name, group->children[i].name)) return &group->children[i];
  }
  return NULL;
}

bool kind_language_check(const struct schema *schema) {
  return schema->set != NULL && schema->set->language_check;
}

const struct vocabulary *kind_languages(const struct schema *schema) {
  return schema->set == NULL ? NULL : vocabulary_by_name(schema->set, "language");
}

const struct field *schema_field(const struct schema *schema, struct view key) {
  const uint8_t *dot = key.len > 0 ? memchr(key.p, '.', key.len) : NULL;
  const struct view first = view_of(key.p, dot != NULL ? (size_t)(dot - key.p) : key.len);
  const int i = kind_top(schema, first);
  if (i < 0) return NULL;
  if (dot == NULL) return &schema->fields[i];
  return kind_child(&schema->fields[i], view_of(dot + 1, key.len - first.len - 1));
}

const char *schema_nearest_field(const struct schema *schema, struct view key) {
  const struct kind *k = kind_of(schema);
  struct nearest n = nearest_to(key);
  for (size_t i = 0; i < schema->n_fields; i++)
    nearest_offer(&n, k->tops[i].key);
  for (size_t i = 0; i < k->n_children; i++)
    nearest_offer(&n, k->children[i].key);
  return nearest_word(&n);
}

const struct profile *schema_profile(const struct schema *schema, const char *name) {
  for (size_t i = 0; i < schema->n_profiles; i++) {
    if (strcmp(schema->profiles[i].name, name) == 0) return &schema->profiles[i];
  }
  return NULL;
}

static const char *text_of(const struct schema *schema, const char *key, const char *prefix, const char *lang) {
  const struct schema_set *set = schema->set;
  for (size_t i = set->n_labels; i > 0; i--) {
    if (strcmp(set->labels[i - 1]->kind, schema->kind) != 0) continue;
    const char *text = labels_text(set->labels[i - 1], key, prefix, lang);
    if (text != NULL) return text;
  }
  return NULL;
}

const char *schema_label(const struct schema *schema, const char *key, const char *lang) {
  const char *text = text_of(schema, key, "label.", lang);
  return text != NULL ? text : key;
}

const char *schema_help(const struct schema *schema, const char *key, const char *lang) {
  const char *text = text_of(schema, key, "help.", lang);
  return text != NULL ? text : "";
}

const char *schema_example(const struct schema *schema, const char *key, const char *lang) {
  const char *text = text_of(schema, key, "example.", lang);
  return text != NULL ? text : "";
}
