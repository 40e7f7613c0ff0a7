/*
 * difference: two JSON forms side by side (see difference.h). Rows of groups are aligned by their longest common subsequence;
 * what lies between two equal rows is paired in order, so that an edited row is told as its changed fields.
 */
#include "protocol/schema/difference.h"

#include <stdlib.h>
#include <string.h>

#define ALIGN_CELLS ((size_t)1 << 20) /* of the table of an alignment; longer lists are paired in order */

/* What is being compared. row 0: not in a group. */
struct comparison {
  const struct schema *schema;
  json_t *out;
  size_t row;
  bool memory; /* ran out of it */
};

/* ---- one change ---- */

static void put(struct comparison *c, json_t *change, const char *key, json_t *value) {
  c->memory = json_object_set_new(change, key, value) != 0 || c->memory;
}

static void tell(struct comparison *c, const char *field, const char *tag, json_t *before, json_t *after) {
  json_t *change = json_object();
  put(c, change, "field", json_string(field));
  put(c, change, "change", json_string(before == NULL ? "added" : after == NULL ? "removed" : "changed"));
  if (c->row > 0) {
    put(c, change, "row", json_integer((json_int_t)c->row));
  }
  if (tag != NULL) {
    put(c, change, "tag", json_string(tag));
  }
  if (before != NULL) {
    put(c, change, "before", json_incref(before));
  }
  if (after != NULL) {
    put(c, change, "after", json_incref(after));
  }
  c->memory = json_array_append_new(c->out, change) != 0 || c->memory;
}

/* ---- values ---- */

static bool holds(const json_t *list, const json_t *value) {
  size_t i;
  json_t *item;
  json_array_foreach(list, i, item) {
    if (json_equal(item, value)) {
      return true;
    }
  }
  return false;
}

/* A text in languages: each language by itself, those of the earlier one first. */
static void compare_languages(struct comparison *c, const char *field, json_t *before, json_t *after) {
  const char *tag;
  json_t *text;
  json_object_foreach(before, tag, text) {
    json_t *now = json_object_get(after, tag);
    if (!json_equal(text, now)) {
      tell(c, field, tag, text, now);
    }
  }
  json_object_foreach(after, tag, text) {
    if (json_object_get(before, tag) == NULL) {
      tell(c, field, tag, NULL, text);
    }
  }
}

/* A list of scalars: what went, what came; else its order is another. */
static void compare_lists(struct comparison *c, const char *field, json_t *before, json_t *after) {
  size_t i;
  json_t *item;
  bool told = false;
  json_array_foreach(before, i, item) {
    if (!holds(after, item)) {
      tell(c, field, NULL, item, NULL);
      told = true;
    }
  }
  json_array_foreach(after, i, item) {
    if (!holds(before, item)) {
      tell(c, field, NULL, NULL, item);
      told = true;
    }
  }
  if (!told) {
    tell(c, field, NULL, before, after);
  }
}

/* Anything but a group. */
static void compare_values(struct comparison *c, const struct field *field, const char *key, json_t *before, json_t *after) {
  if (json_equal(before, after) || (before == NULL && after == NULL)) {
    return;
  }
  const bool marked = json_object_get(before, "_unknown") != NULL || json_object_get(before, "_na") != NULL ||
                      json_object_get(after, "_unknown") != NULL || json_object_get(after, "_na") != NULL;
  if (!marked && (before == NULL || json_is_array(before)) && (after == NULL || json_is_array(after))) {
    compare_lists(c, key, before, after);
  } else if (!marked && field != NULL && field->ml && (before == NULL || json_is_object(before)) &&
             (after == NULL || json_is_object(after))) {
    compare_languages(c, key, before, after);
  } else {
    tell(c, key, NULL, before, after);
  }
}

/* ---- groups ---- */

static void compare_rows(struct comparison *c, const struct field *group, size_t row, json_t *before, json_t *after) {
  c->row = row;
  if (before == NULL || after == NULL || !json_is_object(before) || !json_is_object(after)) {
    tell(c, group->key, NULL, before, after);
  }
  for (size_t i = 0; i < group->n_children && json_is_object(before) && json_is_object(after); i++) {
    const struct field *child = &group->children[i];
    compare_values(c, child, child->key, json_object_get(before, child->name), json_object_get(after, child->name));
  }
  c->row = 0;
}

/* Rows [a, to_a) of one list stand where rows [b, to_b) of the other do. */
static void compare_gap(struct comparison *c, const struct field *group, const json_t *before, size_t a, size_t to_a,
                        const json_t *after, size_t b, size_t to_b) {
  while (a < to_a || b < to_b) {
    json_t *old = a < to_a ? json_array_get(before, a) : NULL;
    json_t *new = b < to_b ? json_array_get(after, b) : NULL;
    compare_rows(c, group, (new == NULL ? a : b) + 1, old, new);
    a += old != NULL;
    b += new != NULL;
  }
}

/* common[a * width + b]: the length of the longest common subsequence of what begins at a and b. */
static void count_common(const json_t *before, const json_t *after, uint16_t *common) {
  const size_t n = json_array_size(before);
  const size_t m = json_array_size(after);
  const size_t width = m + 1;
  for (size_t a = n; a-- > 0;) {
    for (size_t b = m; b-- > 0;) {
      const uint16_t down = common[(a + 1) * width + b];
      const uint16_t right = common[a * width + b + 1];
      if (json_equal(json_array_get(before, a), json_array_get(after, b))) {
        common[a * width + b] = (uint16_t)(common[(a + 1) * width + b + 1] + 1u);
      } else {
        common[a * width + b] = down > right ? down : right;
      }
    }
  }
}

static void compare_groups(struct comparison *c, const struct field *group, const json_t *before, const json_t *after) {
  const size_t n = json_array_size(before);
  const size_t m = json_array_size(after);
  const size_t width = m + 1;
  uint16_t *common = (n + 1) * width > ALIGN_CELLS ? NULL : calloc((n + 1) * width, sizeof *common);
  size_t a = 0;
  size_t b = 0;
  if (common == NULL) {
    compare_gap(c, group, before, 0, n, after, 0, m);
    return;
  }
  count_common(before, after, common);
  while (a < n || b < m) {
    size_t to_a = a;
    size_t to_b = b;
    while (to_a < n && to_b < m && !json_equal(json_array_get(before, to_a), json_array_get(after, to_b))) {
      const bool down = common[(to_a + 1) * width + to_b] >= common[to_a * width + to_b + 1];
      to_a += down;
      to_b += !down;
    }
    if (to_a == n || to_b == m) {
      to_a = n;
      to_b = m;
    }
    compare_gap(c, group, before, a, to_a, after, b, to_b);
    a = to_a + 1;
    b = to_b + 1;
  }
  free(common);
}

/* ---- the whole ---- */

static bool is_listed(const json_t *body, const char *list, const char *key) {
  json_t *name = json_string(key);
  const bool found = holds(json_object_get(body, list), name);
  json_decref(name);
  return found;
}

/* What a body says of a field; the caller decrefs. NULL: nothing. */
static json_t *said(const json_t *body, const char *key) {
  json_t *value = json_object_get(body, key);
  if (value != NULL) {
    return json_incref(value);
  }
  return is_listed(body, "_unknown", key) ? json_pack("{s:b}", "_unknown", 1)
         : is_listed(body, "_na", key)    ? json_pack("{s:b}", "_na", 1)
                                          : NULL;
}

static void compare_field(struct comparison *c, const struct field *field, const json_t *before, const json_t *after) {
  json_t *old = said(before, field->key);
  json_t *new = said(after, field->key);
  const bool group = field->type == FIELD_GROUP || field->type == FIELD_FILE;
  if (group && (old == NULL || json_is_array(old)) && (new == NULL || json_is_array(new))) {
    compare_groups(c, field, old, new);
  } else if (group && json_is_object(old) && json_is_object(new) && !json_equal(old, new) && !field->many) {
    compare_rows(c, field, 0, old, new);
  } else {
    compare_values(c, field, field->key, old, new);
  }
  json_decref(old);
  json_decref(new);
}

static bool is_of_schema(const struct schema *schema, const char *key) {
  return key[0] == '_' || (schema != NULL && schema_field(schema, view_of_text(key)) != NULL);
}

enum err_code difference(const struct schema *schema, json_t *before, json_t *after, json_t **out, struct err *err) {
  struct comparison c = {.schema = schema, .out = json_array()};
  const char *key;
  json_t *value;
  if (c.out == NULL || !json_is_object(before) || !json_is_object(after)) {
    json_decref(c.out);
    return c.out == NULL ? err_set(err, ERR_MEMORY, NULL) : err_set(err, ERR_FORMAT, "a body is no map");
  }
  for (size_t i = 0; schema != NULL && i < schema->n_fields; i++) {
    compare_field(&c, &schema->fields[i], before, after);
  }
  json_object_foreach(before, key, value) {
    if (!is_of_schema(schema, key)) {
      compare_values(&c, NULL, key, value, json_object_get(after, key));
    }
  }
  json_object_foreach(after, key, value) {
    if (!is_of_schema(schema, key) && json_object_get(before, key) == NULL) {
      compare_values(&c, NULL, key, NULL, value);
    }
  }
  if (c.memory) {
    json_decref(c.out);
    return err_set(err, ERR_MEMORY, NULL);
  }
  *out = c.out;
  return OK;
}

/* ---- in brief ---- */

/* One change as a reader is told of it; NULL without memory. */
static json_t *brief_of(const struct schema *schema, const json_t *change, const char *lang) {
  const char *key = json_string_value(json_object_get(change, "field"));
  const struct field *field = schema == NULL ? NULL : schema_field(schema, view_of_text(key));
  const bool child = field != NULL && field->parent != NULL;
  const char *whole = child ? field->parent->key : key;
  const char *label = field == NULL ? key : schema_label(schema, whole, lang);
  json_t *row = json_object_get(change, "row");
  json_t *tag = child ? NULL : json_object_get(change, "tag");
  json_t *name = row != NULL   ? json_sprintf("%s %" JSON_INTEGER_FORMAT, label, json_integer_value(row))
                 : tag != NULL ? json_sprintf("%s (%s)", label, json_string_value(tag))
                               : json_string(label);
  return json_pack("{s:s, s:O, s:O*, s:O*, s:o}", "field", whole, "change", json_object_get(change, "change"), "row", row,
                   "tag", tag, "name", name);
}

/* Appends what is of that sort, each name once. False without memory. */
static bool put_brief(const struct schema *schema, const json_t *changes, const char *sort, const char *lang, json_t *out) {
  json_t *names = json_object();
  size_t i;
  json_t *change;
  bool fits = names != NULL;
  json_array_foreach(changes, i, change) {
    if (!fits || strcmp(json_string_value(json_object_get(change, "change")), sort) != 0) {
      continue;
    }
    json_t *brief = brief_of(schema, change, lang);
    const char *name = json_string_value(json_object_get(brief, "name"));
    if (name == NULL || json_object_get(names, name) == NULL) {
      fits = name != NULL && json_object_set_new(names, name, json_true()) == 0 && json_array_append(out, brief) == 0;
    }
    json_decref(brief);
  }
  json_decref(names);
  return fits;
}

enum err_code difference_brief(const struct schema *schema, const json_t *changes, const char *lang, json_t **out,
                               struct err *err) {
  static const char *const sorts[] = {"changed", "added", "removed"};
  json_t *list = json_array();
  bool fits = list != NULL;
  for (size_t i = 0; fits && i < sizeof sorts / sizeof sorts[0]; i++) {
    fits = put_brief(schema, changes, sorts[i], lang, list);
  }
  if (!fits) {
    json_decref(list);
    return err_set(err, ERR_MEMORY, NULL);
  }
  *out = list;
  return OK;
}
