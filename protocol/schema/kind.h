/*
 * kind: what stands behind a struct schema, for this room only.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_KIND_H
#define SPECOLA_PROTOCOL_SCHEMA_KIND_H

#include "protocol/schema/schema.h"
#include "protocol/schema/tsv.h"
#include "protocol/schema/vocabulary.h"

#define KIND_TEXT_MAX ((size_t)256 * 1024) /* octets of a KIND.schema */

/* A kind with its memory. schema is the first member: every struct schema is one of these. */
struct kind {
  struct schema schema;
  struct field *tops;     /* schema.fields */
  struct field *children; /* of all groups, one run a group */
  size_t n_children;
  uint32_t by_key[SCHEMA_FIELDS];      /* indices into tops, in the order of encoded keys: shorter first, then octets */
  const struct field **profile_fields; /* of all profiles, one run a profile */
};

/* Parses KIND.schema into a kind that is not yet linked: vocabularies and labels are missing. name is for messages.
 * ERR_FORMAT "name: line N: …", ERR_LIMIT, ERR_MEMORY. The caller frees it. */
MUST_CHECK enum err_code kind_parse(const char *name, struct view text, struct kind **out, struct err *err);
void kind_free(struct kind *k); /* NULL is fine */

/* The kind of a schema that this room made. */
const struct kind *kind_of(const struct schema *schema);
/* Index of a top-level field in schema->fields, or -1. */
int kind_top(const struct schema *schema, struct view key);
/* A group's child by the part of its key behind the dot, or NULL. */
const struct field *kind_child(const struct field *group, struct view name);
/* Order of map keys: shorter first, then octets. */
int kind_compare_keys(struct view a, struct view b);
bool kind_language_check(const struct schema *schema);
/* The languages of ISO 639, for tags; NULL where a set has no such vocabulary. */
const struct vocabulary *kind_languages(const struct schema *schema);

#endif
