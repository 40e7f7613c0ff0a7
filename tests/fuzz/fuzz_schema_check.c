/*
 * fuzz_schema_check: bodies, from both sides. The first octet chooses the kind and, with its highest bit, how the rest is
 * taken: as the octets of a body, or as JSON text to make one of. Nothing crashes; what is accepted as canonical can be shown,
 * walked and added up; and what was made of JSON is canonical, and out of the JSON that it is shown as the same octets are made
 * again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/canon.h"
#include "protocol/limits.h"
#include "protocol/schema/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool count(void *context, const struct body_value *value) {
  size_t *n = context;
  *n += value->value.len;
  return true;
}

static const struct schema *kind(size_t i) {
  static struct schema_set *set;
  if (set == NULL) {
    if (schema_set_new(&set, NULL) != OK) abort();
    schema_set_language_check(set, false);
  }
  return schema_set_at(set, i % schema_set_count(set));
}

/* Every number field of a kind, added up: what is found is spelled as a number is. */
static void add_up(const struct schema *schema, struct view body, bool walked) {
  char total[32];
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *f = &schema->fields[i];
    for (size_t j = 0; j <= f->n_children; j++) {
      const struct field *leaf = j < f->n_children ? &f->children[j] : f;
      if (leaf->type != FIELD_NUMBER || !body_sum(schema, body, leaf, total)) continue;
      if (!walked || total[0] == '\0' || memchr(total, '\0', sizeof total) == NULL) abort();
    }
  }
}

/* A body of any kind of octets. Returns its JSON, or NULL. */
static json_t *check_body(const struct schema *schema, struct view body) {
  struct findings f = {0};
  json_t *json = NULL;
  struct view text, tag;
  size_t n = 0;
  if (schema_check(schema, body, &f, NULL) != OK) abort();
  const bool walked = body_walk(schema, body, count, &n, NULL) == OK;
  const bool shown = body_to_json(schema, body, &json, NULL) == OK;
  if (schema_completeness(schema, body) > 100) abort();
  if (n > body.len) abort(); /* every value is borrowed from the body, none twice */
  if (walked && !shown) abort();
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *field = &schema->fields[i];
    if (!body_text(schema, body, field->key, "it", &text, &tag)) continue;
    if (!walked || !text_is_valid(text) || !text_is_valid(tag)) abort();
    if (text.len > 0 && (text.p < body.p || text.p + text.len > body.p + body.len)) abort();
  }
  add_up(schema, body, walked);
  if (f.n_refused == 0 && !walked) abort();
  findings_release(&f);
  return json;
}

/* JSON to a body, which is canonical; of its own JSON the same body is made once more, and without a finding. */
static void check_json(const struct schema *schema, const json_t *json) {
  struct findings f = {0}, none = {0};
  struct bytes body, again;
  bytes_init(&body, LIMIT_BODY);
  bytes_init(&again, LIMIT_BODY);
  const enum err_code code = body_from_json(schema, json, &body, &f, NULL);
  if (code != OK && code != ERR_LIMIT) abort();
  if (code == OK) {
    json_t *shown = check_body(schema, bytes_view(&body));
    if (shown == NULL || canon_check_body(bytes_view(&body), NULL) != OK) abort();
    if (body_from_json(schema, shown, &again, &none, NULL) != OK || none.n_refused > 0) abort();
    if (!view_equal(bytes_view(&body), bytes_view(&again))) abort();
    json_decref(shown);
  }
  findings_release(&f);
  findings_release(&none);
  bytes_release(&body);
  bytes_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  const struct schema *schema = kind(data[0] & 0x7f);
  json_t *json = NULL;
  if ((data[0] & 0x80) != 0) {
    json = json_loadb((const char *)data + 1, size - 1, 0, NULL);
  } else {
    json = check_body(schema, view_of(data + 1, size - 1));
  }
  if (json != NULL) check_json(schema, json);
  json_decref(json);
  return 0;
}
