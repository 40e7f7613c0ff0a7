/*
 * linkend: writes and reads the names of links. See linkend.h.
 */
#include "node/net/linkend.h"

#include <string.h>

bool linkend_equal(const struct link_id *a, const struct link_id *b) {
  return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

bool linkend_is_accepted(const struct link_id *link) {
  return link->len > 0 && link->b[0] == LINK_ACCEPTED;
}

void linkend_put(struct canon_writer *w, const struct linkend *end) {
  canon_put_bin(w, view_of(end->id.b, end->id.len));
  canon_put_bin(w, view_of(end->curve, CURVE_LEN));
}

void linkend_get(struct canon_reader *r, struct linkend *out) {
  const struct view name = canon_bin(r, LINK_ID_MAX);
  if (name.len == 0) canon_fail(r, "a link without a name");
  *out = (struct linkend){.id.len = (uint8_t)name.len};
  if (name.len > 0) memcpy(out->id.b, name.p, name.len);
  canon_fixed(r, out->curve, CURVE_LEN);
}
