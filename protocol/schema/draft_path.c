/*
 * draft_path: where the values of a draft go (draft_path.h).
 */
#include "protocol/schema/draft_path.h"

#include <string.h>

#include "protocol/limits.h"
#include "protocol/schema/kind.h"

/* Takes the part up to the next '.', and that point. */
static struct view next_part(struct view *rest) {
  const uint8_t *dot = rest->len > 0 ? memchr(rest->p, '.', rest->len) : NULL;
  const size_t len = dot != NULL ? (size_t)(dot - rest->p) : rest->len;
  const struct view part = view_of(rest->p, len);
  *rest = dot != NULL ? view_of(dot + 1, rest->len - len - 1) : view_of(NULL, 0);
  return part;
}

/* If a number comes next takes it, as a count from 0. */
static enum err_code take_index(struct view *rest, bool *has, uint32_t *index, struct err *err) {
  struct view after = *rest;
  const struct view part = next_part(&after);
  uint64_t n = 0;
  if (part.len == 0 || part.p[0] < '0' || part.p[0] > '9') return OK;
  if (decimal_decode(part, &n, NULL) != OK || n == 0 || n > LIMIT_LIST) {
    return err_set(err, ERR_FORMAT, "rows are counted from 1 to %u", LIMIT_LIST);
  }
  *has = true;
  *index = (uint32_t)n - 1;
  *rest = after;
  return OK;
}

static enum err_code unknown_field(const struct schema *schema, struct view key, struct err *err) {
  const enum err_code code =
      err_set(err, ERR_FORMAT, "%s has no field '%.*s'", schema->kind, (int)(key.len > 64 ? 64 : key.len), (const char *)key.p);
  const char *meant = schema_nearest_field(schema, key);
  if (meant != NULL) (void)err_hint(err, "did you mean '%s'?", meant);
  return code;
}

static enum err_code take_child(const struct schema *schema, struct view *rest, struct draft_path *path, struct err *err) {
  const enum err_code code = take_index(rest, &path->has_row, &path->row, err);
  if (code != OK) return code;
  if (!path->top->many && path->has_row && path->row > 0) {
    return err_set(err, ERR_FORMAT, "'%s' has one row only", path->top->key);
  }
  path->leaf = NULL;
  if (rest->len == 0) return OK;
  const struct view name = next_part(rest);
  path->leaf = kind_child(path->top, name);
  if (path->leaf != NULL) return OK;
  char key[2 * FIELD_KEY_MAX];
  const size_t n = strlen(path->top->key), room = name.len < FIELD_KEY_MAX ? name.len : FIELD_KEY_MAX;
  memcpy(key, path->top->key, n);
  key[n] = '.';
  if (room > 0) memcpy(key + n + 1, name.p, room);
  return unknown_field(schema, view_of(key, n + 1 + room), err);
}

enum err_code draft_path_parse(const struct schema *schema, struct view text, struct draft_path *out, struct err *err) {
  struct draft_path path = {0};
  struct view rest = text;
  const struct view first = next_part(&rest);
  const int top = kind_top(schema, first);
  if (top < 0) return unknown_field(schema, first, err);
  path.top = path.leaf = &schema->fields[top];
  enum err_code code = OK;
  if (path.top->n_children > 0) code = take_child(schema, &rest, &path, err);
  if (code != OK) return code;
  if (path.leaf != NULL && path.leaf->many && path.leaf->n_children == 0) {
    code = take_index(&rest, &path.has_item, &path.item, err);
    if (code != OK) return code;
  }
  if (rest.len > 0 && path.leaf != NULL && path.leaf->ml) {
    path.has_tag = value_tag(rest, path.tag);
    if (!path.has_tag) {
      return err_set(err, ERR_FORMAT, "'%.*s' is no language tag", (int)(rest.len > 40 ? 40 : rest.len), (const char *)rest.p);
    }
    rest = view_of(NULL, 0);
  }
  if (rest.len > 0 || text.p[text.len - 1] == '.') {
    return err_set(err, ERR_FORMAT, "'%.*s': nothing can stand behind '%s'", (int)(text.len > 64 ? 64 : text.len),
                   (const char *)text.p, draft_path_key(&path));
  }
  *out = path;
  return OK;
}

const char *draft_path_key(const struct draft_path *path) {
  return path->leaf != NULL ? path->leaf->key : path->top->key;
}

/* object[key], made as made (json_object or json_array) if it is not there. NULL without memory. */
static json_t *child_of(json_t *object, const char *key, json_t *(*make)(void)) {
  json_t *child = json_object_get(object, key);
  if (child != NULL) return child;
  return json_object_set_new_nocheck(object, key, make()) == 0 ? json_object_get(object, key) : NULL;
}

/* array[i], an object; rows before it become null. */
static json_t *row_of(json_t *array, size_t i) {
  while (array != NULL && json_array_size(array) <= i) {
    if (json_array_append_new(array, json_null()) != 0) return NULL;
  }
  json_t *row = json_array_get(array, i);
  if (json_is_object(row)) return row;
  return array != NULL && json_array_set_new(array, i, json_object()) == 0 ? json_array_get(array, i) : NULL;
}

static enum err_code twice(const struct draft_path *path, struct err *err) {
  return err_set(err, ERR_FORMAT, "'%s' has a value already", draft_path_key(path));
}

static enum err_code put_member(const struct draft_path *path, json_t *object, const char *key, json_t *value,
                                struct err *err) {
  if (object == NULL) return err_set(err, ERR_MEMORY, NULL);
  if (json_object_get(object, key) != NULL) return twice(path, err);
  return json_object_set_nocheck(object, key, value) == 0 ? OK : err_set(err, ERR_MEMORY, NULL);
}

static enum err_code put_element(const struct draft_path *path, json_t *array, json_t *value, struct err *err) {
  while (array != NULL && json_array_size(array) <= path->item) {
    if (json_array_append_new(array, json_null()) != 0) return err_set(err, ERR_MEMORY, NULL);
  }
  if (array == NULL) return err_set(err, ERR_MEMORY, NULL);
  if (!json_is_null(json_array_get(array, path->item))) return twice(path, err);
  return json_array_set(array, path->item, value) == 0 ? OK : err_set(err, ERR_MEMORY, NULL);
}

static enum err_code put(const struct draft_path *path, const char *tag, json_t *root, json_t *value, struct err *err) {
  json_t *place = root;
  const struct field *leaf = path->leaf, *top = path->top;
  if (leaf == NULL || (top != leaf && top->many && !path->has_row)) {
    (void)err_set(err, ERR_FORMAT, "'%s' is a group%s: a value needs its field", top->key, top->many ? " of rows" : "");
    return err_hint(err, "write '%s%s.%s: …'", top->key, top->many ? ".1" : "", top->children[0].name);
  }
  if (top != leaf) {
    place = child_of(root, top->key, top->many ? json_array : json_object);
    if (top->many) place = row_of(place, path->row);
  }
  if (place == NULL) return err_set(err, ERR_MEMORY, NULL);
  if (leaf->many && leaf->ml) {
    return put_member(path, row_of(child_of(place, leaf->name, json_array), path->item), tag, value, err);
  }
  if (leaf->many) return put_element(path, child_of(place, leaf->name, json_array), value, err);
  if (leaf->ml) return put_member(path, child_of(place, leaf->name, json_object), tag, value, err);
  return put_member(path, place, leaf->name, value, err);
}

enum err_code draft_path_put(const struct draft_path *path, const char *tag, json_t *root, json_t *value, struct err *err) {
  const enum err_code code = value == NULL ? err_set(err, ERR_MEMORY, NULL) : put(path, tag, root, value, err);
  json_decref(value);
  return code;
}
