/*
 * lines: a text, line by line (lines.h).
 */
#include "protocol/schema/lines.h"

#include <string.h>

#define NAME_MAX_OCTETS 31u

struct lines lines_of(struct view text) {
  return (struct lines){.p = text.p, .end = text.len > 0 ? text.p + text.len : text.p};
}

bool lines_next(struct lines *l) {
  if (l->p == l->end) return false;
  const uint8_t *stop = memchr(l->p, '\n', (size_t)(l->end - l->p));
  const uint8_t *end = stop != NULL ? stop : l->end;
  l->line = view_of(l->p, (size_t)(end - l->p));
  if (l->line.len > 0 && l->line.p[l->line.len - 1] == '\r') l->line.len--;
  l->p = stop != NULL ? stop + 1 : l->end;
  l->number++;
  return true;
}

static bool is_blank(uint8_t c) {
  return c == ' ' || c == '\t';
}

struct view lines_trim(struct view v) {
  while (v.len > 0 && is_blank(v.p[0])) {
    v.p++;
    v.len--;
  }
  while (v.len > 0 && is_blank(v.p[v.len - 1]))
    v.len--;
  return v;
}

bool lines_copy(struct view v, char *out, size_t size) {
  if (v.len >= size || (v.len > 0 && memchr(v.p, 0, v.len) != NULL)) return false;
  if (v.len > 0) memcpy(out, v.p, v.len);
  out[v.len] = '\0';
  return true;
}

bool lines_is_name(struct view v) {
  if (v.len == 0 || v.len > NAME_MAX_OCTETS || v.p[0] < 'a' || v.p[0] > 'z') return false;
  for (size_t i = 1; i < v.len; i++) {
    const uint8_t c = v.p[i];
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return false;
  }
  return true;
}
