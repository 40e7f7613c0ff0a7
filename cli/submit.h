/*
 * submit: the way of sealed records into the own log: over run/ctl to a node that serves, else by taking the store's lock and
 * running the hall here; from a replica over HTTP into the log of the node that its person calls home (cli/sending.h). The same
 * receipt comes back from all three.
 *
 * One submission may be on its way while the caller seals the next: submit_start, submit_finish. It travels in a thread of its
 * own, which has ctl, hall, node_key and the hall's connection to itself until submit_finish; the caller has here and person.
 */
#ifndef SPECOLA_CLI_SUBMIT_H
#define SPECOLA_CLI_SUBMIT_H

#include "cli/here.h"
#include "keys/sign.h"
#include "node/ctl_client.h"
#include "node/guarding.h"
#include "protocol/record.h"

/* A record on its way. */
struct sealed {
  struct bytes envelope, body;
  struct salt salt;
  struct hash id;
  size_t tag; /* the caller's: which file or row */
};
/* One submission: at most LIMIT_SUBMIT records and LIMIT_SUBMIT_BYTES octets. */
struct batch {
  struct sealed rows[LIMIT_SUBMIT];
  uint32_t n;
  size_t octets;
};
void batch_clear(struct batch *b);
/* True if a record with a body of so many octets still fits. */
bool batch_has_room(const struct batch *b, size_t body_len);

struct flight; /* opaque: the submission on its way */

/* An open way. Reading goes through here.store, which is opened for reading, in both cases. Not to be moved while a submission
 * is on its way. */
struct submit {
  struct here here;
  struct ctl_client *ctl;       /* a node that serves; */
  struct hall *hall;            /* a node that does not; */
  struct sending *sending;      /* a replica: one of the three is there */
  struct head_file head;        /* only with hall */
  struct store *store;          /* only with hall, whose connection it is; owned */
  bool unmerged;                /* only with hall: submissions left segments of full text to merge */
  struct federation federation; /* only with hall, which may change it; owned */
  struct signer node_key;       /* only with hall */
  struct signer person;         /* zeroed until submit_person */
  struct flight *flight;        /* NULL: nothing is on its way */
};
struct sending;
/* Opens the way. ERR_REFUSED (a replica that has no home), ERR_NOT_INITIALISED, ERR_BUSY (locked but deaf for --timeout),
 * ERR_LOCKED, … The caller releases it. */
MUST_CHECK enum err_code submit_open(struct cli *cli, struct submit *out, struct err *err);
/* The same of a node's own affairs, which a replica has none of: ERR_REFUSED there. */
MUST_CHECK enum err_code submit_open_node(struct cli *cli, struct submit *out, struct err *err);
/* Tells, on a replica, how far the records have come that were sent: a line each, and "ticks" in cli->doc, an array. Nothing
 * where this is a node, or where nothing was sent. */
void submit_tell(struct cli *cli, struct submit *s);
void submit_release(struct submit *s); /* waits for what is on its way; a zeroed struct is fine */
/* Opens the person's key; after everything else is checked, since it may ask. ERR_REFUSED, unasked, where the log has no
 * certificate for it. */
MUST_CHECK enum err_code submit_person(struct cli *cli, struct submit *s, struct err *err);

/* Seals one version of an object by the person and adds it to the batch. object and replaces NULL: the first version.
 * review_wanted: reviewers are asked to look at it. */
MUST_CHECK enum err_code submit_seal(struct submit *s, uint32_t schema_number, bool review_wanted, const struct hash *object,
                                     const struct hash *replaces, struct view body, size_t tag, struct batch *batch,
                                     struct err *err);
/* Seals the withdrawal of an object whose newest version is newest; body empty: without a reason. Same errors. */
MUST_CHECK enum err_code submit_seal_withdrawal(struct submit *s, const struct hash *object, const struct hash *newest,
                                                struct view body, size_t tag, struct batch *batch, struct err *err);
/* Seals an endorsement of a statement (docs/protocol.md 16); body empty: nothing is said beside it. Same errors. */
MUST_CHECK enum err_code submit_seal_endorsement(struct submit *s, const struct hash *object, const struct hash *version,
                                                 const struct hash *policy, struct view body, struct batch *batch,
                                                 struct err *err);
/* Seals that an endorsement is taken back. Same errors. */
MUST_CHECK enum err_code submit_seal_endorsement_withdrawal(struct submit *s, const struct hash *endorsement,
                                                            struct batch *batch, struct err *err);
/* Seals that the person's own key goes out of office, from where it comes into the log on (docs/protocol.md 4.5). Same errors.
 */
MUST_CHECK enum err_code submit_seal_revocation(struct submit *s, struct batch *batch, struct err *err);
/* Sends the batch; the receipt has a row for each, in order. The batch is not cleared. */
MUST_CHECK enum err_code submit_send(struct submit *s, const struct batch *batch, struct receipt *out, struct err *err);
/* The same in two steps. The batch is borrowed until submit_finish; meanwhile hall and ctl are not to be used. ERR_MEMORY,
 * ERR_FAILED (no thread). */
MUST_CHECK enum err_code submit_start(struct submit *s, const struct batch *batch, struct err *err);
/* Waits for the submission that was started, which there must be: its receipt, or why it has none. */
MUST_CHECK enum err_code submit_finish(struct submit *s, struct receipt *out, struct err *err);
/* Encodes a batch as docs/protocol.md 9 says. */
MUST_CHECK enum err_code batch_encode(const struct batch *b, struct bytes *out, struct err *err);
/* Opens the fork guard on a person's word, here or at the node that serves (docs/store.md). ERR_REFUSED if it is known that
 * members hold more of the own log; errors of the way. */
MUST_CHECK enum err_code submit_alone(struct submit *s, struct err *err);
/* Sets err for a row that is not in the log: ERR_QUEUED with what it waits for ("queued: waiting for 2 of 3 members to name our
 * size"), or ERR_REFUSED with why. */
MUST_CHECK enum err_code submit_not_logged(struct submit *s, const struct receipt_row *row, struct err *err);
/* "need: something that is needed … (specola check FILE)" for a refused row. */
void refusal_text(uint64_t reason, char *out, size_t size);

#endif
