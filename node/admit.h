/*
 * admit: the only way into the own log. Checks what the author may do, appends, signs a milestone, ingests like a stranger's;
 * one commit for the whole submission, acknowledged after it. The only place that can REFUSE(reason).
 */
#ifndef SPECOLA_NODE_ADMIT_H
#define SPECOLA_NODE_ADMIT_H

#include "node/ingest.h"

/* Admits n sealed records. The receipt has a row for each, in order; refused ones do not hinder the others. Store errors only
 * (nothing was appended then). ERR_REFUSED if the hall has no node key. */
MUST_CHECK enum err_code hall_admit(struct hall *h, const struct item *items, uint32_t n, struct receipt *out, struct err *err);
/* Brings the own log up to the own identity: entry 0 of its generation, and each identity behind it. Does nothing if all of
 * them stand there, or while the generation before has not come to its cut. */
MUST_CHECK enum err_code hall_admit_identity(struct hall *h, struct err *err);
/* A certificate that is wanted. */
struct certify_wish {
  struct pubkey key;
  uint64_t person; /* 0: whose key it is by an earlier certificate, else the next free number */
  uint64_t roles, territory;
  const char *name; /* its body; borrowed */
};
/* Signs and admits a key.cert with the node key; wish as above. Of a person who has another key it names that one's newest
 * certificate as the one it replaces. ERR_LIMIT or ERR_FORMAT (name), ERR_QUEUED (the fork guard is closed). */
MUST_CHECK enum err_code hall_certify(struct hall *h, const struct pubkey *key, uint64_t person, uint64_t roles,
                                      uint64_t territory, const char *name, struct receipt_row *row, struct err *err);
/* Signs and admits a key.revoke with the node key: from that position of the own log on (NULL: from now on) the key has no
 * effect any more. ERR_NOT_FOUND (it has no certificate here), ERR_USAGE (a position that the log has not reached),
 * ERR_MISMATCH (revoked already from there or from before), ERR_QUEUED. */
MUST_CHECK enum err_code hall_revoke(struct hall *h, const struct pubkey *key, const struct position *from,
                                     struct receipt_row *row, struct err *err);

/* Writes what is kept of a fork into the own log, by the node key, as a record of kind 8, unless one stands in some log that is
 * held. ERR_NOT_FOUND (no evidence), ERR_REFUSED (no node key, or the own log cannot be written to), store errors. */
MUST_CHECK enum err_code hall_admit_evidence(struct hall *h, const struct hash *node, uint64_t gen, struct err *err);

#endif
