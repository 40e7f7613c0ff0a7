/*
 * invite: invitations of this node, and what is asked with them (docs/protocol.md 17). Work on the store and the own log under
 * the one writer; whoever calls has read the octets from somewhere, and sends the receipt.
 *
 * A token and what became of it never part: the certificate is made in the transaction that marks the token as used.
 */
#ifndef SPECOLA_NODE_INVITE_H
#define SPECOLA_NODE_INVITE_H

#include "node/ingest.h"
#include "node/store/invitation.h"
#include "protocol/ask.h"

#define INVITE_DAYS 7u /* that an invitation is good, unless told otherwise */
#define INVITE_DAYS_MAX 365u

/* What somebody is invited to. */
struct invite_wish {
  bool for_node;             /* a node's place: then nothing but days counts */
  uint64_t roles, territory; /* of the certificate */
  uint64_t person;           /* 0: somebody new; else a person of the own log, who gets a further key */
  const char *name;          /* NULL: the one who asks says it; borrowed */
  bool confirm;              /* the coordinator's word is waited for */
  uint64_t days;             /* 1..INVITE_DAYS_MAX */
};
/* Makes an invitation. *token is known to nobody else, and kept by nobody. *out: as it is kept. ERR_USAGE (roles, days, name),
 * ERR_NOT_FOUND (no such person), ERR_REFUSED (no node key), store errors. */
MUST_CHECK enum err_code hall_invite(struct hall *h, const struct invite_wish *wish, struct token *token,
                                     struct invitation *out, struct err *err);
/* Takes one back. ERR_NOT_FOUND; ERR_REFUSED: it was used. One that was taken back already is fine. Store errors. */
MUST_CHECK enum err_code hall_invite_cancel(struct hall *h, uint64_t number, struct err *err);
/* The coordinator's word: who asked gets the certificate. *out: as it is kept then; *row: of the certificate. ERR_NOT_FOUND,
 * ERR_REFUSED (nobody has asked, it is a node's, or was taken back), ERR_MISMATCH (certified already), errors of
 * hall_certify. */
MUST_CHECK enum err_code hall_invite_confirm(struct hall *h, uint64_t number, struct invitation *out, struct receipt_row *row,
                                             struct err *err);
/* Answers an encoded ask item. *out: a receipt of one row, to be sealed by the caller. *strange: whoever asks has no token of
 * ours, and nothing was looked at but a table: the caller may stay silent. ERR_FORMAT (nothing that could be answered), store
 * errors: then nothing has moved. */
MUST_CHECK enum err_code hall_ask(struct hall *h, struct view item, struct receipt *out, bool *strange, struct err *err);

#endif
