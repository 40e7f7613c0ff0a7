/*
 * submit: the way of sealed records into the own log: over run/ctl to a node that serves, else by taking the store's lock and
 * running the hall here. The same receipt comes back from both.
 */
#ifndef SPECOLA_CLI_SUBMIT_H
#define SPECOLA_CLI_SUBMIT_H

#include "cli/here.h"
#include "keys/sign.h"
#include "node/ctl_client.h"
#include "node/ingest.h"
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

/* An open way. Reading goes through here.store in both cases. */
struct submit {
  struct here here;
  struct ctl_client *ctl; /* NULL: the hall runs here */
  struct hall *hall;
  struct signer node_key; /* only with hall */
  struct signer person;   /* zeroed until submit_person */
};
/* Opens the way. ERR_NOT_INITIALISED, ERR_BUSY (locked but deaf for --timeout), ERR_LOCKED, … The caller releases it. */
MUST_CHECK enum err_code submit_open(struct cli *cli, struct submit *out, struct err *err);
void submit_release(struct submit *s); /* a zeroed struct is fine */
/* Opens the person's key; after everything else is checked, since it may ask. */
MUST_CHECK enum err_code submit_person(struct cli *cli, struct submit *s, struct err *err);

/* Seals one version of an object by the person and adds it to the batch. object and replaces NULL: the first version. */
MUST_CHECK enum err_code submit_seal(struct submit *s, uint32_t schema_number, const struct hash *object,
                                     const struct hash *replaces, struct view body, size_t tag, struct batch *batch,
                                     struct err *err);
/* Sends the batch; the receipt has a row for each, in order. The batch is not cleared. */
MUST_CHECK enum err_code submit_send(struct submit *s, const struct batch *batch, struct receipt *out, struct err *err);
/* Encodes a batch as docs/protocol.md 9 says. */
MUST_CHECK enum err_code batch_encode(const struct batch *b, struct bytes *out, struct err *err);
/* "need: something that is needed … (specola check FILE)" for a refused row. */
void refusal_text(uint64_t reason, char *out, size_t size);

#endif
