/*
 * Any octets as a draft: nothing crashes, and what is read is written and read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "protocol/limits.h"
#include "protocol/schema/draft.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct schema_set *set;
  const struct schema *schema = NULL, *again_schema = NULL;
  json_t *json = NULL, *again = NULL;
  struct err err = ERR_INIT;
  struct bytes text;
  if (set == NULL && schema_set_new(&set, NULL) != OK) abort();
  if (draft_read(set, view_of(data, size), "it", &schema, &json, &err) != OK) {
    if (err.message[0] == '\0' || json != NULL) abort();
    return 0;
  }
  bytes_init(&text, 4 * (size_t)LIMIT_DRAFT);
  if (draft_write(schema, json, &text, &err) != OK) abort();
  if (text.len <= LIMIT_DRAFT) { /* paths are spelled out in full, so a draft may grow past its ceiling */
    if (draft_read(set, bytes_view(&text), "it", &again_schema, &again, &err) != OK) abort();
    if (again_schema != schema || !json_equal(json, again)) abort();
  }
  json_decref(json);
  json_decref(again);
  bytes_release(&text);
  return 0;
}
