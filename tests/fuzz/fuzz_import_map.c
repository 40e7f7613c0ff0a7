/*
 * fuzz_import_map: any octets as an import map, up to the first NUL; what follows is a row that goes through the map into a
 * body. Where there is nothing before the NUL, the map is the identity of the first kind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/limits.h"
#include "protocol/schema/import_map.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const struct import_map *map, const json_t *row) {
  struct findings f = {0};
  struct bytes body;
  json_t *json = NULL;
  bytes_init(&body, LIMIT_BODY);
  if (import_map_apply(map, row, &json, &f, NULL) != OK) abort();
  const enum err_code code = body_from_json(import_map_schema(map), json, &body, &f, NULL);
  if (code != OK && code != ERR_LIMIT) abort();
  if (code == OK && canon_check(bytes_view(&body), "body", NULL) != OK) abort();
  json_decref(json);
  findings_release(&f);
  bytes_release(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct schema_set *set;
  struct import_map *map = NULL;
  const uint8_t *nul = size > 0 ? memchr(data, 0, size) : NULL;
  const size_t ini = nul != NULL ? (size_t)(nul - data) : size;
  if (set == NULL && schema_set_new(&set, NULL) != OK) abort();
  if (nul == data) {
    if (import_map_identity(schema_set_at(set, 0), &map, NULL) != OK) abort();
  } else if (import_map_read(set, view_of(data, ini), "case", &map, NULL) != OK) {
    return 0;
  }
  if (nul != NULL) {
    json_t *row = json_loadb((const char *)nul + 1, size - ini - 1, JSON_REJECT_DUPLICATES, NULL);
    if (row != NULL) apply(map, row);
    json_decref(row);
  }
  import_map_free(map);
  return 0;
}
