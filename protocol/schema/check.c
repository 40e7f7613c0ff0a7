/*
 * check: what is to be said about a body (body.h, docs/schema.md 6).
 *
 * In come canonical octets and a schema; out go findings. A table knows a function a type; groups are walked row by row; needs
 * come last. Values of unknown keys are only looked at for what no body may hold.
 */
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/body.h"
#include "protocol/schema/kind.h"
#include "protocol/schema/language.h"
#include "protocol/schema/needs.h"
#include "protocol/schema/slots.h"
#include "protocol/schema/value.h"
#include "protocol/schema/vocabulary.h"

#define SHOWN 60 /* octets of a value that a message repeats */
#define CITATION_MAX 999u

struct check {
  const struct schema *schema;
  struct body_slots slots;
  struct findings *out;
  uint32_t n_citable; /* rows of the group that citations name */
  const struct vocabulary *languages;
};

static int shown(struct view v) {
  return (int)text_prefix(view_of(v.p, v.len > SHOWN ? text_valid_prefix(view_of(v.p, SHOWN)) : v.len), SHOWN);
}

static void refuse(struct check *c, const char *field, const char *code, const char *message) {
  findings_add(c->out, FINDING_REFUSED, field, code, "%s", message);
}

/* ---- texts ---- */

static bool wants_warnings(const struct check *c) {
  return findings_want(c->out, FINDING_WARNING);
}

static void check_length(struct check *c, const struct field *f, struct view text, struct view tag) {
  if (!wants_warnings(c)) return;
  const size_t n = f->max_chars > 0 && text.len > f->max_chars ? text_length(text) : 0;
  if (n <= f->max_chars) return;
  findings_add(c->out, FINDING_WARNING, f->key, "limit", "%s%.*s%s%zu characters, at most %u are asked for: shorten it",
               tag.len > 0 ? "in '" : "", (int)tag.len, (const char *)tag.p, tag.len > 0 ? "': " : "", n, f->max_chars);
}

/* A tag of the right form may still name no language: "zz", or "eng" where "en" is meant. */
static void check_tag(struct check *c, const struct field *f, struct view tag) {
  if (!value_is_tag(tag)) {
    findings_add(c->out, FINDING_REFUSED, f->key, "tag", "'%.*s' is no language tag: write 'it' or 'pt-BR'", shown(tag),
                 (const char *)tag.p);
    return;
  }
  const uint8_t *dash = memchr(tag.p, '-', tag.len);
  const struct view language = view_of(tag.p, dash == NULL ? tag.len : (size_t)(dash - tag.p));
  if (c->languages == NULL || vocabulary_has(c->languages, language)) return;
  findings_add(c->out, FINDING_WARNING, f->key, "tag",
               "'%.*s' is no language that ISO 639 knows: correct the tag (two letters where a language has them)",
               (int)language.len, (const char *)language.p);
}

static void check_language(struct check *c, const struct field *f, struct view text, struct view tag) {
  char guess[4];
  if (!wants_warnings(c) || !kind_language_check(c->schema) || text.len < LANGUAGE_TEXT_MIN ||
      text_length(text) < LANGUAGE_TEXT_MIN)
    return;
  if (!language_guess(text, guess)) return;
  const size_t n = strlen(guess);
  if (tag.len >= n && memcmp(tag.p, guess, n) == 0 && (tag.len == n || tag.p[n] == '-')) return;
  findings_add(c->out, FINDING_WARNING, f->key, "language", "the text tagged '%.*s' reads like '%s': correct the tag",
               (int)tag.len, (const char *)tag.p, guess);
}

/* Reads "[5]" or "[2, 5-7]" at the bracket v.p[at]: the largest number, or 0 for anything else. */
static uint32_t cited_at(struct view v, size_t at) {
  uint32_t largest = 0, number = 0;
  bool digits = false;
  for (size_t i = at + 1; i < v.len; i++) {
    const uint8_t ch = v.p[i];
    if (ch >= '0' && ch <= '9') {
      number = number * 10 + (uint32_t)(ch - '0');
      digits = true;
      if (number > CITATION_MAX) return 0;
      largest = number > largest ? number : largest;
    } else if (ch == ']') {
      return digits ? largest : 0;
    } else if (digits && (ch == ',' || ch == '-' || ch == ';')) {
      number = 0;
      digits = false;
    } else if (ch != ' ' || digits) {
      return 0;
    }
  }
  return 0;
}

static void check_citations(struct check *c, const struct field *f, struct view text) {
  if (!wants_warnings(c) || c->schema->citations == NULL || f->parent == c->schema->citations) return;
  for (size_t at = 0; at < text.len; at++) {
    const uint8_t *bracket = memchr(text.p + at, '[', text.len - at);
    if (bracket == NULL) return;
    at = (size_t)(bracket - text.p);
    const uint32_t cited = cited_at(text, at);
    if (cited <= c->n_citable) continue;
    findings_add(c->out, FINDING_WARNING, f->key, "citation",
                 "the text cites [%u], but there are %u entries in %s: add the entry", cited, c->n_citable,
                 c->schema->citations->key);
    return;
  }
}

static void check_ml(struct check *c, const struct field *f, struct view value) {
  struct ml_texts m;
  struct view tag, text;
  if (!ml_open(value, &m)) {
    refuse(c, f->key, "type", "a text in languages is a map of language tag and text");
    return;
  }
  if (m.n == 0) refuse(c, f->key, "format", "empty: leave the field out");
  while (ml_next(&m, &tag, &text)) {
    check_tag(c, f, tag);
    if (text.len == 0) refuse(c, f->key, "format", "an empty text: leave the language out");
    check_length(c, f, text, tag);
    check_language(c, f, text, tag);
    check_citations(c, f, text);
  }
  if (m.reader.fault != NULL) refuse(c, f->key, "type", "a text in languages is a map of language tag and text");
}

static void check_text(struct check *c, const struct field *f, struct view text) {
  check_length(c, f, text, view_of(NULL, 0));
  check_citations(c, f, text);
}

/* ---- other scalars that are str ---- */

static void check_code(struct check *c, const struct field *f, struct view code) {
  if (!wants_warnings(c) || f->vocabulary == NULL || vocabulary_has(f->vocabulary, code)) return;
  const char *meant = vocabulary_nearest(f->vocabulary, code);
  findings_add(c->out, FINDING_WARNING, f->key, "code",
               "'%.*s' is not in the vocabulary %s%s%s%s: it will be shown as it stands", shown(code), (const char *)code.p,
               f->vocabulary_name, meant != NULL ? " (did you mean '" : "", meant != NULL ? meant : "",
               meant != NULL ? "'?)" : "");
}

static void check_date(struct check *c, const struct field *f, struct view date) {
  if (value_is_date(date)) return;
  findings_add(c->out, FINDING_REFUSED, f->key, "date", "'%.*s' is no date: write 2024, 2024-05 or 2024-05-31", shown(date),
               (const char *)date.p);
}

static void check_number(struct check *c, const struct field *f, struct view number) {
  if (value_is_number(number)) return;
  findings_add(c->out, FINDING_REFUSED, f->key, "number",
               "'%.*s' is not the one spelling of a number: 1250.5, at most 6 decimals and 18 digits", shown(number),
               (const char *)number.p);
}

static void check_url(struct check *c, const struct field *f, struct view url) {
  check_length(c, f, url, view_of(NULL, 0));
  if (!wants_warnings(c) || value_is_url(url)) return;
  findings_add(c->out, FINDING_WARNING, f->key, "url", "'%.*s' is no web address (http:// or https://): it will not be a link",
               shown(url), (const char *)url.p);
}

static void check_ref(struct check *c, const struct field *f, struct view octets) {
  if (octets.len != HASH_LEN) refuse(c, f->key, "type", "a reference is the 32 octets of an object's id");
}

static void check_blob(struct check *c, const struct field *f, struct view octets) {
  (void)octets;
  refuse(c, f->key, "blob", "attachments are not exchanged yet: describe the file and leave the blob out");
}

/* What a value of a type is on the wire, and how it is looked at. */
static const struct type_rule {
  enum canon_type wire;
  const char *wrong;
  void (*check)(struct check *, const struct field *, struct view);
} TYPE_RULES[] = {
    [FIELD_TEXT] = {CANON_STR, "a text is written as text", check_text},
    [FIELD_CODE] = {CANON_STR, "a code is written as text", check_code},
    [FIELD_DATE] = {CANON_STR, "a date is written as text", check_date},
    [FIELD_NUMBER] = {CANON_STR, "a number is written as decimal text", check_number},
    [FIELD_BOOL] = {CANON_BOOL, "the value is true or false", NULL},
    [FIELD_URL] = {CANON_STR, "an address is written as text", check_url},
    [FIELD_REF] = {CANON_BIN, "a reference is the 32 octets of an object's id", check_ref},
    [FIELD_GROUP] = {CANON_MAP, "a row of a group is a map of its fields", NULL},
    [FIELD_FILE] = {CANON_MAP, "a file is a map of its fields", NULL},
    [FIELD_BLOB] = {CANON_BIN, "a blob is the 32 octets of its id", check_blob},
};

static void check_scalar(struct check *c, const struct field *f, struct view value) {
  const struct type_rule *rule = &TYPE_RULES[f->type];
  struct view octets = view_of(NULL, 0);
  if (scalar_type(value) != rule->wire) {
    refuse(c, f->key, "type", rule->wrong);
    return;
  }
  if (rule->check == NULL) return;
  const bool read = rule->wire == CANON_STR ? scalar_str(value, &octets) : scalar_bin(value, &octets);
  if (!read) {
    refuse(c, f->key, "type", rule->wrong);
  } else if (octets.len == 0) {
    refuse(c, f->key, "format", "empty: leave the field out");
  } else {
    rule->check(c, f, octets);
  }
}

/* ---- what no body may hold, in values that no schema knows ---- */

/* NULL, or what is wrong with an encoded value; it is canonical, so its nesting is bounded. */
static const char *shape_fault(struct canon_reader *r, unsigned depth) {
  struct view previous = view_of(NULL, 0);
  const enum canon_type type = canon_peek(r);
  if (depth > LIMIT_DEPTH || type == CANON_NIL || type == CANON_UINT || type == CANON_NINT || type == CANON_NONE) {
    return "a value that no body holds (nil, or a number that is not text)";
  }
  if (type == CANON_STR) return canon_str(r, LIMIT_BODY).len == 0 ? "empty: leave the key out" : NULL;
  if (type == CANON_BIN || type == CANON_BOOL) {
    (void)canon_skip(r);
    return NULL;
  }
  const uint32_t n = type == CANON_MAP ? canon_map(r, LIMIT_LIST) : canon_array(r, LIMIT_LIST);
  if (r->fault != NULL) return "a list of more than 256 elements";
  if (n == 0) return "empty: leave the key out";
  for (uint32_t i = 0; i < n; i++) {
    if (type == CANON_MAP) (void)canon_key(r, &previous);
    const char *fault = shape_fault(r, depth + 1);
    if (fault != NULL) return fault;
  }
  return NULL;
}

static void check_stranger(struct check *c, const char *prefix, struct view key, struct view value) {
  char name[FIELD_KEY_MAX];
  struct canon_reader r = canon_reader(value);
  const char *fault = shape_fault(&r, 0);
  (void)snprintf(name, sizeof name, "%s%.*s", prefix, (int)(key.len > 31 ? 31 : key.len), (const char *)key.p);
  if (fault != NULL) refuse(c, name, "format", fault);
  if (!wants_warnings(c)) return;
  const char *meant = schema_nearest_field(c->schema, view_of_text(name));
  findings_add(c->out, FINDING_WARNING, name, "unknown-field", "%s has no such field%s%s%s: it is kept, and shown as it stands",
               c->schema->kind, meant != NULL ? " (did you mean '" : "", meant != NULL ? meant : "",
               meant != NULL ? "'?)" : "");
}

/* ---- fields ---- */

static void report_need(struct check *c, const struct field *f, enum need_state state, uint32_t row);

/* Whether anybody wants to know if the need of a field is met. */
static bool asks_for(const struct check *c, const struct field *f) {
  return findings_want(c->out, f->need == NEED_PUBLISH ? FINDING_REFUSED : FINDING_LACKING);
}

static void check_row(struct check *c, const struct field *group, struct view value, uint32_t row) {
  struct view cells[SCHEMA_CHILDREN];
  uint32_t strangers = 0;
  if (scalar_type(value) != CANON_MAP || !slots_of_row(group, value, cells, &strangers)) {
    refuse(c, group->key, "type", TYPE_RULES[group->type].wrong);
    return;
  }
  struct canon_reader r = canon_reader(value);
  struct view previous = view_of(NULL, 0);
  const uint32_t n = canon_map(&r, LIMIT_LIST);
  if (n == 0) refuse(c, group->key, "format", "an empty row: leave it out");
  char prefix[FIELD_KEY_MAX];
  (void)snprintf(prefix, sizeof prefix, "%.30s.", group->key);
  for (uint32_t i = 0; i < n && strangers > 0; i++) {
    const struct view key = canon_key(&r, &previous), cell = canon_skip(&r);
    if (kind_child(group, key) == NULL) check_stranger(c, prefix, key, cell);
  }
  for (size_t i = 0; i < group->n_children; i++) {
    const struct field *child = &group->children[i];
    struct elements e;
    struct view element;
    if (asks_for(c, child)) report_need(c, child, need_of_child(&c->slots, child, cells[i]), row);
    if (cells[i].len == 0) continue;
    if (!elements_open(child->many, cells[i], &e)) {
      refuse(c, child->key, "type", "several values are written as a list");
      continue;
    }
    if (e.n == 0) refuse(c, child->key, "format", "empty: leave the field out");
    if (e.n > child->max_items) {
      findings_add(c->out, FINDING_WARNING, child->key, "many", "%u values, at most %u are asked for", e.n, child->max_items);
    }
    while (elements_next(&e, &element)) {
      if (child->ml) {
        check_ml(c, child, element);
      } else {
        check_scalar(c, child, element);
      }
    }
  }
}

static void check_field(struct check *c, const struct field *f, struct view value) {
  struct elements e;
  struct view element;
  if (!elements_open(f->many, value, &e)) {
    refuse(c, f->key, "type", "several values are written as a list of at most 256");
    return;
  }
  if (e.n == 0) refuse(c, f->key, "format", "an empty list: leave the field out");
  if (e.n > f->max_items) {
    findings_add(c->out, FINDING_WARNING, f->key, "many", "%u values, at most %u are asked for: take the most important ones",
                 e.n, f->max_items);
  }
  if (e.n < f->min && e.n > 0 && f->need == NEED_OPTIONAL) report_need(c, f, NEED_FEW, 0);
  for (uint32_t row = 1; elements_next(&e, &element); row++) {
    if (f->n_children > 0) {
      check_row(c, f, element, row);
    } else if (f->ml) {
      check_ml(c, f, element);
    } else {
      check_scalar(c, f, element);
    }
  }
}

/* ---- needs ---- */

/* Of fields that stand for each other only the first is reported. */
static bool is_reported_before(const struct schema *s, const struct field *f) {
  for (size_t i = 0; i < f->n_alternatives; i++) {
    const struct field *other = schema_field(s, view_of_text(f->alternatives[i]));
    if (other != NULL && other < f && other->need == NEED_PUBLISH) return true;
  }
  return false;
}

static void report_missing(struct check *c, const struct field *f, const char *where) {
  char others[4 * FIELD_KEY_MAX + 32] = "";
  size_t used = 0;
  for (size_t i = 0; i < f->n_alternatives && used < sizeof others; i++) {
    used += (size_t)snprintf(others + used, sizeof others - used, " or %s", f->alternatives[i]);
  }
  findings_add(c->out, FINDING_REFUSED, f->key, "need", "%s%s is needed to publish%s", f->key, others, where);
}

static void report_need(struct check *c, const struct field *f, enum need_state state, uint32_t row) {
  char where[32] = "";
  if (state == NEED_DOES_NOT_APPLY || state == NEED_MET || state == NEED_MET_BY_OTHER) return;
  if (row > 0 && f->parent != NULL && f->parent->many) (void)snprintf(where, sizeof where, " (row %u)", row);
  if (state == NEED_FEW) {
    findings_add(c->out, FINDING_LACKING, f->key, "few", "fewer than %u values%s: add some", f->min, where);
  } else if (f->need == NEED_PUBLISH) {
    if (!is_reported_before(c->schema, f)) report_missing(c, f, where);
  } else if (state == NEED_MISSING) {
    findings_add(c->out, FINDING_LACKING, f->key, "need", "%s is missing%s: fill it in, or say that it does not apply", f->key,
                 where);
  } else {
    findings_add(c->out, FINDING_LACKING, f->key, "need", "%s is not yet known%s: fill it in when it is", f->key, where);
  }
}

/* _na and _unknown: arrays of field keys, in the order of map keys, none twice. */
static void check_marks(struct check *c, const char *name, struct view list) {
  struct elements e;
  struct view element, key, previous = view_of(NULL, 0);
  if (list.len == 0) return;
  if (!elements_open(true, list, &e) || e.n == 0) {
    refuse(c, name, "type", "a list of field keys");
    return;
  }
  while (elements_next(&e, &element)) {
    if (!scalar_str(element, &key) || kind_compare_keys(previous, key) >= 0) {
      refuse(c, name, "format", "a list of field keys, shorter ones first, then by their letters, none twice");
      return;
    }
    previous = key;
    if (schema_field(c->schema, key) == NULL) {
      findings_add(c->out, FINDING_WARNING, name, "unknown-field", "'%.*s' is no field of %s", shown(key), (const char *)key.p,
                   c->schema->kind);
    }
  }
}

enum err_code schema_check(const struct schema *schema, struct view body, struct findings *out, struct err *err) {
  struct check c = {.schema = schema, .out = out, .languages = kind_languages(schema)};
  struct err why = ERR_INIT;
  const size_t lost = out->n_more;
  if (body.len > LIMIT_BODY) {
    findings_add(out, FINDING_REFUSED, "", "format", "%zu octets, a body has at most %u: shorten the texts", body.len,
                 LIMIT_BODY);
    return OK;
  }
  if (slots_fill(schema, body, &c.slots, &why) != OK) {
    findings_add(out, FINDING_REFUSED, "", "format", "%s", why.message);
    return OK;
  }
  if (schema->citations != NULL) {
    c.n_citable = need_count(schema->citations, c.slots.value[schema->citations - schema->fields]);
  }
  for (size_t i = 0; i < schema->n_fields; i++) {
    if (c.slots.value[i].len > 0) check_field(&c, &schema->fields[i], c.slots.value[i]);
    if (asks_for(&c, &schema->fields[i])) report_need(&c, &schema->fields[i], need_of(&c.slots, i), 0);
  }
  struct slots_strangers s = slots_strangers(&c.slots);
  struct view key, value;
  while (c.slots.n_strangers > 0 && slots_next_stranger(&c.slots, &s, &key, &value))
    check_stranger(&c, "", key, value);
  check_marks(&c, "_na", c.slots.na);
  check_marks(&c, "_unknown", c.slots.unknown);
  return out->n_more > lost && out->n < LIMIT_FINDINGS ? err_set(err, ERR_MEMORY, NULL) : OK;
}
