/*
 * sending: the way of what the person of a replica signs into the log of the person's node: kept in the outbox of the replica's
 * store first, handed in over HTTP (docs/protocol.md 9), tried again by the next one who writes and by `sync`. Each answer is a
 * receipt under a node's key, which is verified and kept. What was logged leaves the outbox when it is seen in the log.
 */
#ifndef SPECOLA_CLI_SENDING_H
#define SPECOLA_CLI_SENDING_H

#include "cli/submit.h"
#include "node/ingest.h"

struct sending; /* opaque; not used by two threads at a time */

/* home is a replica's and borrowed. ERR_REFUSED: it names no node that its person belongs to. ERR_MEMORY. */
MUST_CHECK enum err_code sending_new(const struct cli *cli, const struct home *home, struct sending **out, struct err *err);
void sending_free(struct sending *s); /* NULL is fine */

/* Keeps the batch (NULL: nothing new), then hands in all that waits, oldest first, and fetches what the log says of it. out
 * (may be NULL with the batch) receives a row for each record of the batch: queued, where no answer came: sending_why. f is
 * only read. Errors of the store alone: what goes wrong on the way is no error here. */
MUST_CHECK enum err_code sending_send(struct sending *s, const struct federation *f, const struct batch *batch,
                                      struct receipt *out, struct err *err);
/* Hands in all that waits through a store that is open for writing. Same errors. */
MUST_CHECK enum err_code sending_hand_in(struct sending *s, struct store *store, const struct federation *f, struct err *err);
/* What stands in a log that is held here leaves the outbox, and its text is put there if it is absent. Store errors. */
MUST_CHECK enum err_code sending_resolve(struct hall *h, struct err *err);
/* Whether a row of that node's receipt is the last word about a record: the home alone refuses for good. */
bool sending_is_final(const struct home *home, const struct federation *f, const struct hash *node,
                      const struct receipt_row *row);
/* Why the last answer did not come, or does not count, or who refuses without being the home; "" otherwise. Borrowed. */
const char *sending_why(const struct sending *s);
/* The ids of the records that were sent since then; borrowed until the next batch. Returns how many. */
size_t sending_sent(const struct sending *s, const struct hash **ids);
/* How many records were answered for since sending_new. */
uint64_t sending_answered(const struct sending *s);

/* One line of ticks of a record, for people: "signed ✓  sent to PT ✓  in the log at PT-881 ✓  held by 3 of 12  counts 2 of 3",
 * as far as it has come; ticks (may be NULL) receives the same for programs, which the caller decrefs. Store errors. */
MUST_CHECK enum err_code sending_ticks(const struct cli *cli, const struct here *here, const struct hash *id,
                                       struct bytes *line, json_t **ticks, struct err *err);

#endif
