/*
 * record: a header, its id, its envelope; and the only constructor of a verified record (docs/protocol.md section 4).
 *
 * Two types on purpose: an entry is 1..LIMIT_ENVELOPE octets at a position under a signed root, and may be anything; a struct
 * record exists only when record_open() has verified its author's signature.
 */
#ifndef SPECOLA_PROTOCOL_RECORD_H
#define SPECOLA_PROTOCOL_RECORD_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/sign.h"
#include "protocol/limits.h"
#include "protocol/reason.h"

/* Kinds of docs/protocol.md 4.4; those that version 1 reserves are listed there and in record_kind_name. */
enum record_kind {
  KIND_IDENTITY = 1,
  KIND_CERT = 2,
  KIND_REVOKE = 3,
  KIND_PROPOSE = 4,
  KIND_VOTE = 5,
  KIND_TAKEDOWN = 6,
  KIND_TAKEDOWN_ACK = 7,
  KIND_EVIDENCE = 8,
  KIND_VERSION = 16,
  KIND_WITHDRAW = 17,
  KIND_TRANSLATION = 18,
  KIND_ENDORSE = 32,
  KIND_ENDORSE_WITHDRAW = 33,
  KIND_COMMENT = 48,
  KIND_MARK = 49,
  KIND_EDIT_PROPOSAL = 50
};

/* A header in hand. Invariants: n_refs <= LIMIT_REFS, n_args <= LIMIT_ARGS, body_commit only with body_len > 0. */
struct header {
  uint64_t kind;
  struct hash home; /* node id */
  struct pubkey author;
  uint64_t created; /* s since 1970, claimed */
  bool has_subject;
  struct hash subject;
  uint32_t n_refs;
  struct hash refs[LIMIT_REFS];
  uint32_t n_args;
  uint64_t args[LIMIT_ARGS];
  uint32_t body_len; /* octets; 0: no body */
  struct hash body_commit;
};

/* Encodes h canonically (appended to out). ERR_LIMIT past LIMIT_HEADER, ERR_MEMORY. */
MUST_CHECK enum err_code header_encode(const struct header *h, struct bytes *out, struct err *err);
/* Decodes a header. REASON_NONE, or REASON_FORMAT, REASON_VERSION, REASON_ALG. Allocation-free; *out untouched on failure. */
MUST_CHECK enum reason header_decode(struct view bytes, struct header *out);
/* The kind of a header of version 1, whatever its alg: what record_kind_freezes() asks for after REASON_KIND. False for what
 * header_decode calls REASON_FORMAT or REASON_VERSION. */
MUST_CHECK bool header_kind(struct view bytes, uint64_t *kind);
/* Whether subject, refs, args and body fit the kind (docs/protocol.md 4.4): REASON_NONE, REASON_SHAPE, or REASON_KIND for
 * kinds that version 1 does not evaluate. */
MUST_CHECK enum reason header_shape(const struct header *h);
/* BLAKE2b("specola1.record", fed_id ‖ header octets). */
struct hash record_id(const struct hash *fed_id, struct view header);
/* "node.identity", "object.version", …; "unknown". */
const char *record_kind_name(uint64_t kind) __attribute__((const));
/* Kinds whose body is part of the entry and keyed with a salt of zeros: those below 16 other than 2. */
bool record_kind_keeps_body(uint64_t kind) __attribute__((const));
/* True for unknown kinds below 16, which freeze the evaluation of a log. What else does: envelope_freezes(). */
bool record_kind_freezes(uint64_t kind) __attribute__((const));

/* Splits an envelope without believing it. False unless it is canonical, header 1..1024, signature 1..512. Borrows. */
MUST_CHECK bool envelope_split(struct view envelope, struct view *header, struct view *signature);
/* Appends [header, signature]. ERR_LIMIT, ERR_MEMORY; on error out holds what it held. */
MUST_CHECK enum err_code envelope_encode(struct view header, struct view signature, struct bytes *out, struct err *err);
/* The id under which a receipt names what was handed in: the record id, or, of what is no envelope, the hash "specola1.octets"
 * of its octets (docs/protocol.md section 9). */
struct hash envelope_id(const struct hash *fed_id, struct view envelope);

/* Whether an entry freezes the evaluation of its log (docs/protocol.md 4.4): a kind below 16 that version 1 does not list, or
 * one with another version, alg, size of signature, or with further fields. What is REASON_FORMAT never does. */
MUST_CHECK bool envelope_freezes(struct view envelope);

/* A verified record. Everything borrows from the envelope it was opened from. */
struct record {
  struct hash id;
  struct header header;
  struct view header_bytes;
};
/* Opens and verifies one envelope: form, version, kind, alg, key, signature (in this order; a kind that version 1 does not
 * evaluate is REASON_KIND and never a record). envelope is borrowed for the life of
 * *out. REASON_NONE or the first reason that applies; *out is then untouched. Home, shape, rights are evaluation's business.
 * known_key: the author's key when the caller has checked it before with pubkey_check (skips that step), or NULL. */
MUST_CHECK enum reason record_open(struct view envelope, const struct hash *fed_id, const struct pubkey *known_key,
                                   struct record *out);
/* The same without the key and the signature, for an envelope that record_open passed before and that was kept since. */
MUST_CHECK enum reason record_reopen(struct view envelope, const struct hash *fed_id, struct record *out);
/* The body against its commitment: length and BLAKE2b keyed with salt; for kinds that keep their body the salt must be zeros.
 */
MUST_CHECK bool record_body_matches(const struct header *h, const struct salt *salt, struct view body);

/* Seals: fills author, body_len and body_commit of h (salt and body; body empty: none), signs, appends the envelope to out and
 * stores the record id in *id (may be NULL). salt: used only with a body, and not for kinds that keep theirs (zeros). ERR_LIMIT
 * (body or header too large), ERR_MEMORY. */
MUST_CHECK enum err_code record_seal(struct header *h, const struct hash *fed_id, const struct signer *author,
                                     const struct salt *salt, struct view body, struct bytes *out, struct hash *id,
                                     struct err *err);

/* ---- items: an entry with what travels beside it (docs/protocol.md 8.3) ---- */

enum item_state { ITEM_BODILESS, ITEM_WHOLE, ITEM_GONE, ITEM_ABSENT };
/* One item in hand; borrows. salt and body only when WHOLE; takedown only when GONE. */
struct item {
  struct view envelope;
  enum item_state state;
  struct salt salt;
  struct view body;
  struct hash takedown;
};
struct canon_reader;
struct canon_writer;
/* Reads one full-mode item (faults are the reader's). */
void item_read(struct canon_reader *r, struct item *out);
void item_write(struct canon_writer *w, const struct item *item);
/* item_write, appended to out, whose ceiling is LIMIT_ITEM. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code item_octets(const struct item *item, struct bytes *out, struct err *err);
/* Whether its kind keeps the body (record_kind_keeps_body), as far as its envelope can be read. */
bool item_keeps_body(const struct item *item);
/* The same of mode 2: what stands beside an envelope. item->envelope is left empty, and not written. */
void item_beside_read(struct canon_reader *r, struct item *out);
void item_beside_write(struct canon_writer *w, const struct item *item);

/* ---- submission and receipt (docs/protocol.md section 9) ---- */

enum receipt_state { RECEIPT_QUEUED = 0, RECEIPT_LOGGED = 1, RECEIPT_REFUSED = 2 };
struct receipt_row {
  struct hash id;
  enum receipt_state state;
  uint64_t gen, index; /* LOGGED */
  uint64_t reason;     /* REFUSED: a number of enum reason, or a later one */
};
struct receipt {
  struct hash fed_id, node;
  uint32_t n;
  struct receipt_row rows[LIMIT_SUBMIT];
};
/* Signs with the node key and appends the encoded receipt of 1..LIMIT_SUBMIT rows. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code receipt_seal(const struct receipt *receipt, const struct signer *node_key, struct bytes *out,
                                      struct err *err);
/* Decodes and verifies under node_key (NULL: form only). ERR_FORMAT, ERR_SIGNATURE; on error *out is untouched. Fuzzed. */
MUST_CHECK enum err_code receipt_open(struct view bytes, const struct pubkey *node_key, struct receipt *out, struct err *err);
/* Whether a record is refused for good: not only because the node cannot write now, or has no room (REASON_NOT_YET),
 * or because it could not reach the home (REASON_GIVEN_UP). */
bool receipt_row_is_final(const struct receipt_row *row);
/* Decodes a submission into at most LIMIT_SUBMIT items, BODILESS or WHOLE, that borrow from bytes. ERR_FORMAT, ERR_LIMIT; on
 * error *n is untouched and the items are garbage. */
MUST_CHECK enum err_code submission_read(struct view bytes, struct item items[LIMIT_SUBMIT], uint32_t *n, struct err *err);

#endif
