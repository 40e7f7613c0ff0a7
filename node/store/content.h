/*
 * content: an object's newest body in the derived tables: wide row, facets, links, unique fields, full text. What content_add
 * wrote for a body, content_erase takes out with the same body in hand.
 */
#ifndef SPECOLA_NODE_STORE_CONTENT_H
#define SPECOLA_NODE_STORE_CONTENT_H

#include "node/store/object.h"
#include "node/store/texts.h"
#include "node/store/wide.h"
#include "protocol/schema/slots.h"

/* What derivation works with. */
struct content {
  struct store *s;
  const struct schema_set *set;
  struct wides wides;
  struct texts texts;
};
MUST_CHECK enum err_code content_init(struct content *c, struct store *s, const struct schema_set *set, struct err *err);
void content_release(struct content *c); /* a zeroed struct is fine */
/* A body taken apart, once for all who look at it. */
struct content_body {
  bool readable;           /* it is here, canonical, and a map: it can be shown */
  const struct wide *wide; /* of its kind; NULL: a kind that is not known here */
  struct body_slots slots; /* only of a known kind */
  unsigned complete;       /* 0..100; 0 of an unknown kind */
  struct view octets;
};
/* is_canonical: of the body, as body_is_canonical says. */
void content_open(const struct content *c, uint64_t schema_number, struct view body, bool is_canonical,
                  struct content_body *out);
/* The facet that a value of a body is. False: none; else *code borrows from the value, or is "yes" or "no". */
bool content_code(const struct body_value *value, struct view *code);
/* object is the rowid of the object whose newest body it is; one that is not readable has no content. Store errors. */
MUST_CHECK enum err_code content_add(struct content *c, int64_t object, const struct content_body *body, struct err *err);
MUST_CHECK enum err_code content_erase(struct content *c, int64_t object, const struct content_body *body, struct err *err);

#endif
