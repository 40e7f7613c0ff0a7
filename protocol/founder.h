/*
 * founder: the fields that a founding request, a row of a charter and a row of an epoch have in common (docs/protocol.md 6.3,
 * 6.4), read and written in one place. For membership.c, charter.c, founder.c and change.c only; users include
 * protocol/membership.h.
 */
#ifndef SPECOLA_PROTOCOL_FOUNDER_H
#define SPECOLA_PROTOCOL_FOUNDER_H

#include "protocol/canon.h"
#include "protocol/membership.h"

/* handle, country, region or nil. Faults are the reader's: not a handle, not two capital letters, a region of another country.
 */
void place_read(struct canon_reader *r, char handle[HANDLE_MAX], char country[3], char region[8]);
void handle_read(struct canon_reader *r, char handle[HANDLE_MAX]);
void place_write(struct canon_writer *w, const char *handle, const char *country, const char *region);
/* What is wrong with these three fields (static text), or NULL. region empty: none. */
const char *place_fault(const char *handle, const char *country, const char *region);

/* [gen, size, root], or nil: false. */
bool cut_read(struct canon_reader *r, struct cut *out);
void cut_write(struct canon_writer *w, const struct cut *cut); /* NULL: nil */

/* identity_body, handle, country, region, lead: the five fields, without an array head. The identity is decoded; it must be of
 * version 1. node is computed. identity_body borrows from the reader's octets. */
void founder_read(struct canon_reader *r, struct founder *out);
void founder_write(struct canon_writer *w, const struct founder *f);
/* What is wrong with a founder by itself (static text), or NULL. */
const char *founder_fault(const struct founder *f);

/* Passes over one policy, whose form it checks (6.3). Faults are the reader's. In charter.c. */
void policy_pass(struct canon_reader *r);

/* An ml map of 1..LIMIT_LANGUAGES texts, each of 1..max_length characters. Returns the text in lang (NULL: any), else in
 * English, else the first; borrowed. Faults are the reader's. */
struct view ml_read(struct canon_reader *r, size_t max_length, const char *lang);

#endif
