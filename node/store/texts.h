/*
 * texts: what of a body is full text: the title in all its languages, and every other text. Used when a body is indexed, when
 * it is taken out again (the same octets must come), and by the SQL function specola_text for snippets.
 */
#ifndef SPECOLA_NODE_STORE_TEXTS_H
#define SPECOLA_NODE_STORE_TEXTS_H

#include "protocol/schema/slots.h"

struct texts {
  struct bytes title, text; /* values, each with a newline behind it */
};
void texts_init(struct texts *t);
void texts_release(struct texts *t);
void texts_clear(struct texts *t);
/* Takes a value that is text; others are passed over. */
MUST_CHECK enum err_code texts_take(struct texts *t, const struct schema *schema, const struct body_value *value,
                                    struct err *err);
/* All texts of a body whose kind is not known here: every str that is not a key. The body is canonical. */
MUST_CHECK enum err_code texts_take_all(struct texts *t, struct view body, struct err *err);
/* All texts of a body that is taken apart already. */
MUST_CHECK enum err_code texts_of_slots(struct texts *t, const struct body_slots *slots, struct err *err);
/* All texts of any octets; those that are no canonical body have none. schema NULL: of a kind that is not known here. */
MUST_CHECK enum err_code texts_of(struct texts *t, const struct schema *schema, struct view body, struct err *err);

#endif
