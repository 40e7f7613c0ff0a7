/*
 * content: an object's newest body in the derived tables: wide row, facets, links, unique fields, full text. What content_add
 * wrote for a body, content_erase takes out with the same body in hand.
 */
#ifndef SPECOLA_NODE_STORE_CONTENT_H
#define SPECOLA_NODE_STORE_CONTENT_H

#include "node/store/object.h"
#include "node/store/texts.h"
#include "node/store/wide.h"

/* What derivation works with. */
struct content {
  struct store *s;
  const struct schema_set *set;
  struct wides wides;
  struct texts texts;
};
MUST_CHECK enum err_code content_init(struct content *c, struct store *s, const struct schema_set *set, struct err *err);
void content_release(struct content *c); /* a zeroed struct is fine */
/* Whether a body can be shown: it is here, canonical, and a map. */
bool content_is_readable(struct view body);
/* object->id and object->schema say whose body it is; one that is not readable has no content. Store errors. */
MUST_CHECK enum err_code content_add(struct content *c, const struct object *object, struct view body, struct err *err);
MUST_CHECK enum err_code content_erase(struct content *c, const struct object *object, struct view body, struct err *err);

#endif
