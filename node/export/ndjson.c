/*
 * ndjson: one object a line. See export.h.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/export/inside.h"

static void put_text(json_t *object, const char *key, const char *text) {
  (void)json_object_set_new(object, key, json_string(text));
}

static void put_hash(json_t *object, const char *key, const struct hash *hash) {
  char hex[HASH_HEX_LEN];
  hash_hex(hash, hex);
  put_text(object, key, hex);
}

static json_t *object_of(const struct query_row *row, json_t *body) {
  json_t *object = json_object();
  put_text(object, "reference", row->reference);
  put_text(object, "version", row->version_reference);
  put_hash(object, "id", &row->object_id);
  put_hash(object, "version_id", &row->version_id);
  put_text(object, "node", row->handle);
  (void)json_object_set_new(object, "kind", row->schema == NULL ? json_null() : json_string(row->schema->kind));
  (void)json_object_set_new(object, "schema", json_integer((json_int_t)row->schema_number));
  put_text(object, "state", row->withdrawn ? "withdrawn" : "published");
  put_text(object, "endorsed", endorsed_name(row->endorsed));
  (void)json_object_set_new(object, "versions", json_integer((json_int_t)row->versions));
  (void)json_object_set_new(object, "created", json_integer((json_int_t)row->created));
  (void)json_object_set_new(object, "completeness", json_integer((json_int_t)row->completeness));
  (void)json_object_set_new(object, "body", body);
  return object;
}

enum err_code export_ndjson_row(struct export_run *run, const struct query_row *row, struct view body) {
  json_t *content = NULL;
  enum err_code code = body.len == 0 ? OK : body_to_json(row->schema, body, &content, run->err);
  if (code != OK) {
    return code;
  }
  json_t *object = object_of(row, content == NULL ? json_null() : content);
  char *line = json_dumps(object, JSON_COMPACT);
  json_decref(object);
  if (line == NULL) {
    return err_set(run->err, ERR_MEMORY, NULL);
  }
  bytes_clear(&run->scratch);
  code = text_escape_json(view_of_text(line), &run->scratch, run->err);
  free(line);
  if (code == OK) {
    code = bytes_append_u8(&run->scratch, '\n', run->err);
  }
  return code == OK ? export_put(&run->sink, bytes_view(&run->scratch), run->err) : code;
}
