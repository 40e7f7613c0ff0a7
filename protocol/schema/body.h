/*
 * body: an object's content, between canonical msgpack (what is signed), JSON (what tools hold in hand) and its schema.
 *
 * Pure. The octets are the truth: schema_check walks them, never a JSON copy. In JSON a ref or blob is 64 hex digits, ml text
 * an object {tag: text}, a number its decimal text; everything else as it is.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_BODY_H
#define SPECOLA_PROTOCOL_SCHEMA_BODY_H

#include "protocol/schema/schema.h"

enum finding_level { FINDING_REFUSED, FINDING_LACKING, FINDING_WARNING };

/* One finding. code is a stable word ("need", "type", "limit", "code", "language", "few", "many", "format", "unknown-field",
 * "date", "number", "url", "tag", "blob", "citation"); message a sentence with what to do. field is empty for the whole body.
 */
struct finding {
  enum finding_level level;
  char field[FIELD_KEY_MAX];
  char code[24];
  char message[256];
};
/* A growing list with a ceiling of LIMIT_FINDINGS; n_more counts those beyond it. Zero-initialise. only_refused: whoever asks
 * wants to know what refuses the body and nothing else; other findings are then neither kept nor counted. */
struct findings {
  bool only_refused;
  struct finding *items;
  size_t n, n_more;
  size_t n_refused, n_lacking, n_warnings;
};
void findings_release(struct findings *f);
/* True if a finding of that level would be kept: to be asked before it is looked for. */
bool findings_want(const struct findings *f, enum finding_level level);
/* Adds one that is wanted; without memory it is counted in n_more. In a full list one that refuses takes the place of one that
 * does not, so that whoever is refused is told why. */
void findings_add(struct findings *f, enum finding_level level, const char *field, const char *code, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Checks a body against its schema. Appends findings; a body that is not canonical or not a map gets one FINDING_REFUSED
 * "format". Unknown keys are no finding of level refused (they are kept and signed). ERR_MEMORY only. */
MUST_CHECK enum err_code schema_check(const struct schema *schema, struct view body, struct findings *out, struct err *err);
/* 0..100: satisfied needs P and C, of those that apply. 0 for a body that is not canonical. */
unsigned schema_completeness(const struct schema *schema, struct view body);

/* Canonical body from JSON. Texts are normalised (NFC), integers become decimal text, empty values are dropped, keys sorted.
 * What cannot be encoded (wrong JSON type, bad UTF-8, no hex) is a finding of level refused and left out. schema NULL: types
 * are taken as they come. ERR_LIMIT past LIMIT_BODY, ERR_MEMORY. out is appended to. */
MUST_CHECK enum err_code body_from_json(const struct schema *schema, const json_t *json, struct bytes *out,
                                        struct findings *findings, struct err *err);
/* JSON from a canonical body; schema may be NULL (bins become hex). ERR_FORMAT, ERR_MEMORY. The caller decrefs. */
MUST_CHECK enum err_code body_to_json(const struct schema *schema, struct view body, json_t **out, struct err *err);

/* The text of a top-level field: of a list its first element, of an ml text the one in lang, else in the original language,
 * else the first. Borrowed from body; false if absent, or if body is not canonical. tag (may be NULL) receives the language
 * taken. Whoever asks for several fields takes the body apart once (slots.h). */
bool body_text(const struct schema *schema, struct view body, const char *key, const char *lang, struct view *out,
               struct view *tag);

/* The exact total of the numbers of one field (rule word sum): over the rows of its group and the elements of lists. field is
 * of type number, a child or top-level. out receives the one spelling of the total. False if there is no number, one is
 * misspelled, or body is not canonical. Allocation-free. */
bool body_sum(const struct schema *schema, struct view body, const struct field *field, char out[32]);

/* Walks every scalar of a body in schema order (unknown keys last, field NULL): row is the index in a list or group (0 based),
 * tag the language of an ml text or empty. The callback's false stops the walk. ERR_FORMAT if body is not canonical. */
struct body_value {
  const struct field *field; /* the leaf; its parent is the group */
  struct view key;           /* top-level key */
  uint32_t row;              /* row of a group or element of a list */
  uint32_t item;             /* element of a list inside a group row */
  struct view tag;           /* ml language, or empty */
  int type;                  /* enum canon_type of the scalar: STR, BOOL or BIN */
  struct view value;         /* STR, BIN: the octets; BOOL: one octet 0 or 1 */
};
typedef bool body_visit(void *context, const struct body_value *value);
MUST_CHECK enum err_code body_walk(const struct schema *schema, struct view body, body_visit *visit, void *context,
                                   struct err *err);

#endif
