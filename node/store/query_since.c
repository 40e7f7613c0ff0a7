/*
 * query_since: see query_since.h.
 */
#include "node/store/query_since.h"

#include <string.h>

#include "node/store/endorsed.h"
#include "protocol/schema/difference.h"

/* The body of a version, by the schema that it names; *out stays NULL if it is not here. */
static enum err_code body_at(struct store *s, const struct schema_set *set, int64_t rowid, const struct schema **schema,
                             json_t **out, struct err *err) {
  struct bytes scratch;
  struct item item;
  struct view octets, signature;
  struct header header;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(s, rowid, &scratch, &item, err);
  if (code == OK && item.body.len > 0 && envelope_split(item.envelope, &octets, &signature) &&
      header_decode(octets, &header) == REASON_NONE) {
    *schema = schema_by_number(set, header.args[0]);
    code = body_to_json(*schema, item.body, out, err);
    if (code == ERR_FORMAT) { /* no body that anybody could show */
      err_clear(err);
      code = OK;
    }
  }
  bytes_release(&scratch);
  return code;
}

enum err_code query_since(struct store *s, const struct schema_set *set, int64_t before, int64_t after, const char *lang,
                          json_t **out, struct err *err) {
  const struct schema *schema = NULL; /* in the end that of the later one */
  json_t *old = NULL, *new = NULL, *changes = NULL;
  *out = NULL;
  enum err_code code = body_at(s, set, before, &schema, &old, err);
  if (code == OK) {
    code = body_at(s, set, after, &schema, &new, err);
  }
  if (code == OK && json_is_object(old) && json_is_object(new)) {
    code = difference(schema, old, new, &changes, err);
  }
  if (code == OK && changes != NULL) {
    code = difference_brief(schema, changes, lang, out, err);
  }
  json_decref(changes);
  json_decref(new);
  json_decref(old);
  return code;
}

/* ---- of what is endorsed ---- */

static json_int_t int_of(const json_t *json, const char *key) {
  return json_integer_value(json_object_get(json, key));
}

static bool is_met_of(const json_t *statement, json_int_t version) {
  return json_is_true(json_object_get(statement, "met")) && int_of(statement, "version") == version;
}

/* The newest version that is endorsed; 0: none. */
static json_int_t newest_met(const json_t *statements) {
  json_int_t newest = 0;
  size_t i;
  const json_t *statement;
  json_array_foreach(statements, i, statement) {
    const json_int_t version = int_of(statement, "version");
    newest = version > newest && is_met_of(statement, version) ? version : newest;
  }
  return newest;
}

enum err_code query_since_put(struct store *s, const struct schema_set *set, const json_t *versions, json_t *endorsement,
                              const char *lang, struct err *err) {
  const char *state = json_string_value(json_object_get(endorsement, "state"));
  const json_t *statements = json_object_get(endorsement, "statements");
  const json_int_t newest = newest_met(statements);
  const json_t *before = newest == 0 ? NULL : json_array_get(versions, (size_t)newest - 1);
  const size_t n = json_array_size(versions);
  size_t i;
  json_t *statement, *since = NULL;
  if (state == NULL || strcmp(state, endorsed_name(ENDORSED_EARLIER)) != 0 || before == NULL) {
    return OK;
  }
  const enum err_code code =
      query_since(s, set, int_of(before, "rowid"), int_of(json_array_get(versions, n - 1), "rowid"), lang, &since, err);
  json_array_foreach(statements, i, statement) {
    if (since != NULL && is_met_of(statement, newest)) {
      (void)json_object_set(statement, "since", since);
    }
  }
  json_decref(since);
  return code;
}
