/*
 * import_columns: the map of a sheet whose columns are named as our fields are: by their keys or their labels (import_map.h).
 */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/import_rules.h"
#include "protocol/schema/kind.h"

#define NAME_OCTETS 1024u /* of a name that is compared */
#define LABEL_LANGS 3

/* The names of a kind's fields, as they are compared: folded, blanks between words, nothing else. */
struct naming {
  const struct schema *schema;
  const char *langs[LABEL_LANGS];
  struct bytes name, candidate, raw;
  bool no_memory;
};

/* Letters and digits of any script, case and marks taken off, one blank between words: "Soggetti  coinvolti: Nome*" ->
 * "soggetti coinvolti nome". */
static void put_words(struct naming *n, struct view text, struct bytes *out) {
  bool gap = false;
  bytes_clear(&n->raw);
  bytes_clear(out);
  if (text.len > NAME_OCTETS || text_fold(text, &n->raw, NULL) != OK) return;
  for (size_t i = 0; i < n->raw.len; i++) {
    const uint8_t c = n->raw.p[i];
    const bool word = c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word && gap && out->len > 0 && bytes_append_u8(out, ' ', NULL) != OK) n->no_memory = true;
    if (word && bytes_append_u8(out, c, NULL) != OK) n->no_memory = true;
    gap = !word;
  }
}

static bool is_label(struct naming *n, const struct field *f, struct view words, const char *lang) {
  struct bytes both;
  bytes_init(&both, NAME_OCTETS);
  const struct field *group = f->parent;
  enum err_code code = OK;
  if (group != NULL) code = bytes_printf(&both, NULL, "%s ", schema_label(n->schema, group->key, lang));
  if (code == OK) code = bytes_append_text(&both, schema_label(n->schema, f->key, lang), NULL);
  if (code == OK) put_words(n, bytes_view(&both), &n->candidate);
  bytes_release(&both);
  return code == OK && words.len > 0 && view_equal(bytes_view(&n->candidate), words);
}

static bool is_called(struct naming *n, const struct field *f, struct view words) {
  put_words(n, view_of_text(f->key), &n->candidate);
  if (words.len > 0 && view_equal(bytes_view(&n->candidate), words)) return true;
  for (size_t i = 0; i < LABEL_LANGS; i++) {
    if (is_label(n, f, words, n->langs[i])) return true;
  }
  return false;
}

/* The field that words call, a top-level one before those of groups; NULL if there is none. */
static const struct field *field_called(struct naming *n, struct view words) {
  for (size_t i = 0; i < n->schema->n_fields; i++) {
    const struct field *f = &n->schema->fields[i];
    if (f->n_children == 0 && is_called(n, f, words)) return f;
  }
  for (size_t i = 0; i < n->schema->n_fields; i++) {
    for (size_t j = 0; j < n->schema->fields[i].n_children; j++) {
      if (is_called(n, &n->schema->fields[i].children[j], words)) return &n->schema->fields[i].children[j];
    }
  }
  return NULL;
}

/* The language at the end of words, "titolo it" -> "it", and *words without it. False if there is none that ISO 639 knows. */
static bool cut_language(const struct schema *schema, struct view *words, char tag[VALUE_TAG_MAX]) {
  const struct vocabulary *languages = kind_languages(schema);
  size_t blank = words->len;
  while (blank > 0 && words->p[blank - 1] != ' ')
    blank--;
  const struct view last = view_of(words->p + blank, words->len - blank);
  if (blank < 2 || last.len > 3 || !value_tag(last, tag)) return false;
  if (languages != NULL && !vocabulary_has(languages, view_of_text(tag))) return false;
  words->len = blank - 1;
  return true;
}

/* What one name stands for; tag is empty unless it ends in a language. */
static const struct field *understand(struct naming *n, const char *name, char tag[VALUE_TAG_MAX]) {
  put_words(n, view_of_text(name), &n->name);
  struct view words = bytes_view(&n->name);
  const struct field *f = field_called(n, words);
  tag[0] = '\0';
  if (f != NULL || !cut_language(n->schema, &words, tag)) return f;
  f = field_called(n, words);
  return f != NULL && f->ml ? f : NULL;
}

static bool add_column(struct import_map *map, const struct field *f, const char *tag, const char *name) {
  for (size_t i = 0; i < map->n_rules; i++) {
    if (map->rules[i].field == f && strcmp(map->rules[i].tag, tag) == 0) return false;
  }
  struct import_rule *rule = &map->rules[map->n_rules];
  struct import_source *source = &rule->sources[0];
  const size_t len = strlen(name);
  if (map->n_rules == IMPORT_RULES || len == 0 || len >= sizeof source->text) return false;
  memset(rule, 0, sizeof *rule);
  rule->field = f;
  memcpy(rule->tag, tag, strlen(tag) + 1);
  rule->n_sources = 1;
  memcpy(source->text, name, len + 1);
  source->len = len;
  source->n_steps = 1;
  source->steps[0] = (struct import_step){0, (uint8_t)len, false};
  map->n_rules++;
  return true;
}

/* The column of the language is the language of the row's other texts. */
static void find_language(struct import_map *map) {
  for (size_t i = 0; i < map->n_rules && map->schema->language != NULL; i++) {
    if (map->rules[i].field == map->schema->language) map->language = map->rules[i];
  }
  map->language.field = NULL;
}

enum err_code import_map_of_columns(const struct schema *schema, const char *const *names, size_t n, const char *lang,
                                    const struct field **fields, struct import_map **out, struct err *err) {
  struct naming naming = {.schema = schema, .langs = {"en", "it", lang}};
  struct import_map *map = calloc(1, sizeof *map);
  char tag[VALUE_TAG_MAX];
  if (map == NULL) return err_set(err, ERR_MEMORY, NULL);
  map->schema = schema;
  bytes_init(&naming.name, NAME_OCTETS);
  bytes_init(&naming.candidate, NAME_OCTETS);
  bytes_init(&naming.raw, (size_t)16 * NAME_OCTETS);
  for (size_t i = 0; i < n; i++) {
    const struct field *f = understand(&naming, names[i], tag);
    fields[i] = f != NULL && add_column(map, f, tag, names[i]) ? f : NULL;
  }
  find_language(map);
  bytes_release(&naming.name);
  bytes_release(&naming.candidate);
  bytes_release(&naming.raw);
  if (naming.no_memory) {
    import_map_free(map);
    return err_set(err, ERR_MEMORY, NULL);
  }
  *out = map;
  return OK;
}
