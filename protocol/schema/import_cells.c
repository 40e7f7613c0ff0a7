/*
 * import_cells: what the text of one cell of a sheet says: a mark, one value, or several (import_rules.h, docs/schema.md 5).
 */
#include <string.h>

#include "keys/text.h"
#include "protocol/schema/import_rules.h"

const char *cell_mark(const char *text) {
  return strcmp(text, "?") == 0 ? "_unknown" : strcmp(text, "-") == 0 ? "_na" : NULL;
}

const char *cell_unguard(const char *text) {
  const bool quoted = text[0] == '\'' && (text[1] == '\'' || text[1] == '?' || text_is_formula(view_of_text(text + 1)));
  return quoted ? text + 1 : text;
}

bool cell_piece(const char **rest, char separator, struct bytes *out) {
  const char *p = *rest;
  bytes_clear(out);
  if (p == NULL) return false;
  for (; *p != '\0' && *p != separator; p++) {
    const bool escaped = p[0] == '\\' && (p[1] == '\\' || p[1] == separator);
    p += escaped;
    if (bytes_append_u8(out, (uint8_t)*p, NULL) != OK) return false;
  }
  *rest = *p == '\0' ? NULL : p + 1;
  return true;
}
