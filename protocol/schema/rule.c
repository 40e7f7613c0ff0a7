/*
 * rule: the rule words of a field (rule.h).
 */
#include "protocol/schema/rule.h"

#include <string.h>

#include "protocol/limits.h"
#include "protocol/schema/lines.h"
#include "protocol/schema/nearest.h"

static const char *const TYPE_NAMES[] = {"text", "code", "date", "number", "bool", "url", "ref", "group", "file", "blob"};

bool rule_next_part(struct view *rest, struct view *part) {
  if (rest->p == NULL) return false;
  const uint8_t *comma = rest->len > 0 ? memchr(rest->p, ',', rest->len) : NULL;
  if (comma == NULL) {
    *part = *rest;
    *rest = view_of(NULL, 0);
    return true;
  }
  *part = view_of(rest->p, (size_t)(comma - rest->p));
  *rest = view_of(comma + 1, rest->len - part->len - 1);
  return true;
}

static enum err_code not_for(const struct field *field, const char *word, struct err *err) {
  return err_set(err, ERR_FORMAT, "'%s' cannot stand with a %s", word, TYPE_NAMES[field->type]);
}

static enum err_code take_name(struct view value, char out[32], const char *word, struct err *err) {
  if (!lines_is_name(value)) return err_set(err, ERR_FORMAT, "'%s' needs a name of small letters, digits and '_'", word);
  (void)lines_copy(value, out, 32);
  return OK;
}

static enum err_code apply_max(struct field *field, struct view value, struct err *err) {
  uint64_t max = 0;
  if (field->type != FIELD_TEXT && field->type != FIELD_URL) return not_for(field, "max", err);
  if (decimal_decode(value, &max, NULL) != OK || max == 0 || max > LIMIT_BODY) {
    return err_set(err, ERR_FORMAT, "'max' needs a number from 1 to %u", LIMIT_BODY);
  }
  field->max_chars = (uint32_t)max;
  return OK;
}

static enum err_code apply_vocab(struct field *field, struct view value, struct err *err) {
  if (field->type != FIELD_CODE) return not_for(field, "vocab", err);
  return take_name(value, field->vocabulary_name, "vocab", err);
}

static enum err_code apply_when(struct field *field, struct view value, struct err *err) {
  const uint8_t *colon = value.len > 0 ? memchr(value.p, ':', value.len) : NULL;
  if (field->need == NEED_OPTIONAL) return err_set(err, ERR_FORMAT, "'when' needs a need C or P to restrict");
  if (colon == NULL || !lines_is_name(view_of(value.p, (size_t)(colon - value.p)))) {
    return err_set(err, ERR_FORMAT, "'when' has the form when=FIELD:code,code");
  }
  (void)lines_copy(view_of(value.p, (size_t)(colon - value.p)), field->when_field, sizeof field->when_field);
  struct view rest = view_of(colon + 1, value.len - (size_t)(colon - value.p) - 1), part;
  while (rule_next_part(&rest, &part)) {
    if (field->n_when == sizeof field->when_codes / sizeof field->when_codes[0]) {
      return err_set(err, ERR_FORMAT, "'when' takes at most 8 codes");
    }
    if (part.len == 0 || !lines_copy(part, field->when_codes[field->n_when], sizeof field->when_codes[0])) {
      return err_set(err, ERR_FORMAT, "'when' has an empty or overlong code");
    }
    field->n_when++;
  }
  return OK;
}

static enum err_code apply_sum(struct field *field, struct view value, struct err *err) {
  (void)value;
  if (field->type != FIELD_NUMBER) return not_for(field, "sum", err);
  field->sum = true;
  return OK;
}

static enum err_code apply_order(struct field *field, struct view value, struct err *err) {
  if (field->type != FIELD_GROUP && field->type != FIELD_FILE) return not_for(field, "order", err);
  if (!lines_is_name(value)) return err_set(err, ERR_FORMAT, "'order' needs the name of a field of the group");
  (void)lines_copy(value, field->order, sizeof field->order);
  return OK;
}

static enum err_code apply_ref(struct field *field, struct view value, struct err *err) {
  if (field->type != FIELD_REF) return not_for(field, "ref", err);
  return take_name(value, field->ref_kind, "ref", err);
}

static enum err_code apply_inverse(struct field *field, struct view value, struct err *err) {
  if (field->type != FIELD_REF) return not_for(field, "inverse", err);
  return take_name(value, field->inverse, "inverse", err);
}

static enum err_code apply_dim(struct field *field, struct view value, struct err *err) {
  const bool facet = field->type == FIELD_CODE || field->type == FIELD_DATE || field->type == FIELD_BOOL ||
                     field->type == FIELD_REF || (field->type == FIELD_TEXT && !field->ml);
  if (!facet) return not_for(field, "dim", err);
  if (view_is_text(value, "endorsed")) { /* every object stands in it already, whatever its kind */
    return err_set(err, ERR_FORMAT, "%s: the dimension 'endorsed' is taken", field->key);
  }
  return take_name(value, field->dim, "dim", err);
}

static const struct rule {
  const char *word;
  bool has_value;
  enum err_code (*apply)(struct field *field, struct view value, struct err *err);
} RULES[] = {
    {"max", true, apply_max},     {"vocab", true, apply_vocab}, {"when", true, apply_when},       {"sum", false, apply_sum},
    {"order", true, apply_order}, {"ref", true, apply_ref},     {"inverse", true, apply_inverse}, {"dim", true, apply_dim},
};
#define N_RULES (sizeof RULES / sizeof RULES[0])

static enum err_code unknown_word(struct view word, struct err *err) {
  struct nearest n = nearest_to(word);
  for (size_t i = 0; i < N_RULES; i++)
    nearest_offer(&n, RULES[i].word);
  const enum err_code code =
      err_set(err, ERR_FORMAT, "'%.*s' is no rule word", (int)(word.len > 40 ? 40 : word.len), (const char *)word.p);
  if (nearest_word(&n) != NULL) (void)err_hint(err, "did you mean '%s'?", nearest_word(&n));
  return code;
}

enum err_code rule_apply(struct field *field, struct view word, struct err *err) {
  const uint8_t *equals = memchr(word.p, '=', word.len);
  const struct view name = view_of(word.p, equals != NULL ? (size_t)(equals - word.p) : word.len);
  const struct view value = equals != NULL ? view_of(equals + 1, word.len - name.len - 1) : view_of(NULL, 0);
  for (size_t i = 0; i < N_RULES; i++) {
    if (!view_is_text(name, RULES[i].word)) continue;
    if (RULES[i].has_value != (value.len > 0)) {
      return err_set(err, ERR_FORMAT, "'%s' %s value", RULES[i].word, RULES[i].has_value ? "needs a" : "takes no");
    }
    return RULES[i].apply(field, value, err);
  }
  return unknown_word(name, err);
}
