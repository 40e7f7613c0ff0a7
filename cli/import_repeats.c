/*
 * import_repeats: what many rows have in common, counted (see import_repeats.h).
 */
#include "cli/import_repeats.h"

#include "cli/out.h"

#define TEXTS_MAX 1000 /* different texts that are counted; those that come later are told each time */

void import_repeats_release(struct import_repeats *r) {
  json_decref(r->counts);
  r->counts = NULL;
}

bool import_repeats_tell(struct import_repeats *r, const char *text) {
  if (r->counts == NULL && (r->counts = json_object()) == NULL) {
    return true;
  }
  const json_int_t n = 1 + json_integer_value(json_object_get(r->counts, text));
  if (n == 1 && json_object_size(r->counts) == TEXTS_MAX) {
    return true;
  }
  return json_object_set_new(r->counts, text, json_integer(n)) != 0 || n <= IMPORT_REPEATS_TOLD;
}

void import_repeats_say(const struct import_repeats *r, const struct cli *cli) {
  const char *text;
  json_t *count;
  json_object_foreach(r->counts, text, count) {
    const json_int_t more = json_integer_value(count) - IMPORT_REPEATS_TOLD;
    if (more > 0) {
      out_line(cli, "%s %jd %s: %s", out_word(cli, "the same in", "lo stesso in"), (intmax_t)more,
               more == 1 ? out_word(cli, "more row", "altra riga") : out_word(cli, "more rows", "altre righe"), text);
    }
  }
}

void import_repeats_say_lacking(const struct cli *cli, const struct schema *schema, const json_t *lacking, uint64_t percent) {
  struct bytes text;
  bytes_init(&text, (size_t)SCHEMA_FIELDS * (FIELD_KEY_MAX + 24));
  enum err_code code = OK;
  for (size_t k = 0; k < schema->n_fields && code == OK; k++) {
    const char *key = schema->fields[k].key;
    const json_t *rows = json_object_get(lacking, key);
    if (rows != NULL) {
      code = bytes_printf(&text, NULL, "%s%s %ju", text.len == 0 ? "" : ", ", key, (uintmax_t)json_integer_value(rows));
    }
  }
  if (text.len > 0) {
    out_wrapped(cli, 2, "on average %ju %% complete; lacking, and in how many rows: %.*s", (uintmax_t)percent, (int)text.len,
                (const char *)text.p);
  }
  bytes_release(&text);
}
