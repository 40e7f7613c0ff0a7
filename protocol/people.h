/*
 * people: certificates and revocations of one log, evaluated by position (docs/protocol.md 4.5). A pure fold over the records
 * of kinds 2 and 3 in the order of their positions; the owner's key chain is the caller's.
 */
#ifndef SPECOLA_PROTOCOL_PEOPLE_H
#define SPECOLA_PROTOCOL_PEOPLE_H

#include "protocol/record.h"

#define ROLE_COORDINATOR 1u
#define ROLE_EDITOR 2u
#define ROLE_REVIEWER 4u
#define ROLE_CONTRIBUTOR 8u
#define ROLE_FACILITATOR 16u

/* A position in a log: generation first. */
struct position {
  uint64_t gen, index;
};
int position_compare(struct position a, struct position b);

/* A certificate as it stands in the log. */
struct certificate {
  struct pubkey key;
  struct hash id; /* record id of the key.cert */
  struct position at;
  uint64_t person, roles, territory;
};
struct people;                      /* opaque: certificates and revocations of one log */
struct people *people_new(void);    /* NULL without memory */
void people_free(struct people *p); /* NULL is fine */
/* Takes a record of kind 2 or 3, written for this log (its home is the owner), at a position (rising from call to call).
 * owner_key: the own key in force there.
 * *reason: REASON_NONE, REASON_SHAPE, REASON_AUTHOR or REASON_REVOKED (a certificate for a revoked key). *backdated: true when
 * a revocation may void something below its own position. ERR_MEMORY only. */
MUST_CHECK enum err_code people_apply(struct people *p, const struct record *record, struct position at,
                                      const struct pubkey *owner_key, enum reason *reason, bool *backdated, struct err *err);
/* What key may do at a position: the certificate in force, or NULL with *reason REASON_AUTHOR or REASON_REVOKED. Borrowed until
 * the next people_apply. */
const struct certificate *people_at(const struct people *p, const struct pubkey *key, struct position at, enum reason *reason);
/* Whether key is revoked at a position, be it that it never had a certificate. */
bool people_is_revoked(const struct people *p, const struct pubkey *key, struct position at);
/* The newest certificate of key below a position, be it void; NULL: none. Borrowed until the next people_apply. */
const struct certificate *people_newest(const struct people *p, const struct pubkey *key, struct position at);
/* Every certificate in log order, with the position from which it is revoked if it is. */
size_t people_count(const struct people *p);
const struct certificate *people_certificate(const struct people *p, size_t i, bool *revoked, struct position *revoked_from);
/* The next free person number. */
uint64_t people_next_person(const struct people *p);
/* Roles as a mask from "editor,reviewer"; ERR_NOT_FOUND names the unknown word. And back: "coordinator, editor". */
MUST_CHECK enum err_code roles_parse(const char *text, uint64_t *out, struct err *err);
void roles_format(uint64_t roles, char *out, size_t size);
/* Territory: "IT-34" or "34" <-> base 36 of '1' ‖ subdivision; 0 is none (""). ERR_FORMAT. */
MUST_CHECK enum err_code territory_parse(const char *text, uint64_t *out, struct err *err);
void territory_format(uint64_t territory, const char *country, char out[8]);

#endif
