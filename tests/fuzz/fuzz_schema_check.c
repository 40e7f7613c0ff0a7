/*
 * Any octets as a body of every embedded kind: nothing crashes, and what is accepted as canonical can be shown and walked.
 */
#include <stdint.h>
#include <stdlib.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  const struct schema *schema = kind(data[0]);
  const struct view body = view_of(data + 1, size - 1);
  struct findings f = {0};
  json_t *json = NULL;
  struct view text;
  size_t n = 0;
  if (schema_check(schema, body, &f, NULL) != OK) abort();
  const bool walked = body_walk(schema, body, count, &n, NULL) == OK;
  const bool shown = body_to_json(schema, body, &json, NULL) == OK;
  if (schema_completeness(schema, body) > 100) abort();
  if (n > size) abort(); /* every value is borrowed from the body, none twice */
  if (walked && !shown) abort();
  if (body_text(schema, body, schema->title->key, "it", &text, NULL) && !walked) abort();
  if (f.n_refused == 0 && !walked) abort();
  json_decref(json);
  findings_release(&f);
  return 0;
}
