/*
 * schema: the kinds of object, as tables (docs/schema.md). A struct schema is what one KIND.schema says, with its labels; a
 * struct schema_set is all kinds and vocabularies that a process knows. No C file knows the name of a kind or a field: who
 * needs one asks the schema by its type or its rule words.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_SCHEMA_H
#define SPECOLA_PROTOCOL_SCHEMA_SCHEMA_H

#include <jansson.h>

#include "keys/bytes.h"
#include "keys/hash.h"

enum field_type {
  FIELD_TEXT,
  FIELD_CODE,
  FIELD_DATE,
  FIELD_NUMBER,
  FIELD_BOOL,
  FIELD_URL,
  FIELD_REF,
  FIELD_GROUP,
  FIELD_FILE,
  FIELD_BLOB
};
enum field_need { NEED_OPTIONAL, NEED_COMPLETE, NEED_PUBLISH };

#define FIELD_KEY_MAX 64 /* "group.field" and a NUL */
#define FIELD_ALTERNATIVES 4

struct vocabulary;

/* One row of a schema. Strings are owned by the schema set. Invariants: children only for GROUP and FILE, one level deep;
 * ml only for TEXT; vocabulary only for CODE. */
struct field {
  char key[FIELD_KEY_MAX]; /* "timeline" or "timeline.label" */
  const char *name;        /* the part behind the dot, or key */
  enum field_type type;
  bool ml, many;
  uint32_t min, max_items; /* of a list; 0..256 for '*' */
  enum field_need need;
  char alternatives[FIELD_ALTERNATIVES][FIELD_KEY_MAX]; /* "P|a|b": any of these also satisfies the need */
  size_t n_alternatives;
  uint32_t max_chars; /* 0: none */
  const struct vocabulary *vocabulary;
  char vocabulary_name[32];
  char when_field[FIELD_KEY_MAX]; /* empty: always */
  char when_codes[8][64];
  size_t n_when;
  bool sum;
  char order[FIELD_KEY_MAX]; /* GROUP: rows are shown by this child's name */
  char ref_kind[32], inverse[32];
  char dim[32]; /* facet dimension; empty: not a facet */
  const struct field *children;
  size_t n_children;
  const struct field *parent; /* NULL at top level */
  bool heading;               /* "@heading.KEY" is shown before it */
};

#define SCHEMA_FIELDS 192  /* top-level fields of a kind: a body's map has at most LIMIT_LIST pairs */
#define SCHEMA_CHILDREN 64 /* fields of a group */
#define SCHEMA_PROFILES 4

/* A shorter form of a kind: the fields that have need P, or those that the schema lists. Borrowed from the schema. */
struct profile {
  char name[32];
  bool publish_only;           /* "P": every field whose need is P, and fields is empty */
  const struct field **fields; /* top-level fields in the order of the list */
  size_t n_fields;
};

/* A kind. fields: top-level rows in the order in which people see them. */
struct schema {
  uint32_t number;
  char kind[32];
  const struct field *fields;
  size_t n_fields;
  const struct field *title; /* the first ml text field, else the first text field: what lists show; never NULL */
  char order[FIELD_KEY_MAX]; /* default order of lists; empty: newest first */
  const struct field *unique[4];
  size_t n_unique;
  const struct field *language;  /* the first single code of the vocabulary "language": the original language; may be NULL */
  const struct field *citations; /* the group whose rows "[5]" in a text counts; NULL: brackets mean nothing */
  struct profile profiles[SCHEMA_PROFILES];
  size_t n_profiles;
  struct schema_set *set;
};

struct schema_set;

/* All embedded kinds, their labels and vocabularies, countries, regions, languages and currencies, linked. ERR_MEMORY;
 * ERR_FORMAT only for a defect of the build. The caller frees it. The set is immutable once handed to threads. */
MUST_CHECK enum err_code schema_set_new(struct schema_set **out, struct err *err);
void schema_set_free(struct schema_set *set); /* NULL is fine */
/* Adds a kind or vocabulary from text (of `<home>/schema/`). name: for messages, e.g. "KIND.schema". ERR_FORMAT names the line.
 * A number or kind that is taken: ERR_REFUSED. Labels and vocabularies may be added before or after the schema that uses them.
 */
MUST_CHECK enum err_code schema_set_add(struct schema_set *set, const char *name, struct view text, struct err *err);
MUST_CHECK enum err_code schema_set_add_labels(struct schema_set *set, const char *kind, struct view tsv, struct err *err);
MUST_CHECK enum err_code schema_set_add_vocabulary(struct schema_set *set, const char *name, struct view tsv, struct err *err);
/* Resolves vocabularies and rule words across kinds; call once after the last add. ERR_FORMAT names what is missing. */
MUST_CHECK enum err_code schema_set_link(struct schema_set *set, struct err *err);

/* Whether schema_check asks which language a text is in (about a millisecond a text). On at first; bulk imports switch it off
 * before the set is handed to threads. */
void schema_set_language_check(struct schema_set *set, bool on);

size_t schema_set_count(const struct schema_set *set);
const struct schema *schema_set_at(const struct schema_set *set, size_t i);          /* by rising number */
const struct schema *schema_by_kind(const struct schema_set *set, const char *kind); /* NULL: unknown */
const struct schema *schema_by_number(const struct schema_set *set, uint64_t number);
/* "timeline.label" or "timeline"; NULL: no such field. */
const struct field *schema_field(const struct schema *schema, struct view key);
/* The field key that somebody probably meant ("group.field" too), or NULL. Borrowed from the set. */
const char *schema_nearest_field(const struct schema *schema, struct view key);
/* The profile of that name, or NULL. */
const struct profile *schema_profile(const struct schema *schema, const char *name);

/* Labels in lang with the fallbacks of docs/schema.md 2. Borrowed from the set; never NULL (help, example: "" when none). */
const char *schema_label(const struct schema *schema, const char *key, const char *lang);
const char *schema_help(const struct schema *schema, const char *key, const char *lang);
const char *schema_example(const struct schema *schema, const char *key, const char *lang);

/* Vocabularies. */
const struct vocabulary *vocabulary_by_name(const struct schema_set *set, const char *name);
size_t vocabulary_count(const struct vocabulary *v);
const char *vocabulary_code(const struct vocabulary *v, size_t i);
bool vocabulary_has(const struct vocabulary *v, struct view code);
/* The code that somebody means by a word: as it stands, in other letters' case, or, with a lang, by a whole name in that
 * language or English (case and accents aside) that one code alone has. NULL: none. Borrowed from the set. */
const char *vocabulary_meant(const struct vocabulary *v, struct view word, const char *lang);
/* The code whose spelling or name (in lang, or English) is nearest to a word that means none, or NULL. */
const char *vocabulary_near(const struct vocabulary *v, struct view word, const char *lang);
/* The permanent number of a code; -1 if it has none. */
int64_t vocabulary_number(const struct vocabulary *v, struct view code);
/* Its name in lang, else in English, else NULL (unknown: show it raw). Borrowed from the set. */
const char *vocabulary_label(const struct vocabulary *v, struct view code, const char *lang);

#endif
