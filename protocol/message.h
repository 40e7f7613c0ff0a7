/*
 * message: what members say to each other (docs/protocol.md section 8): one struct a message, encoder and decoder side by side.
 *
 * Decoders borrow from the payload; they check the form only. Which member said it, and whether it is true, is for session and
 * exchange.
 */
#ifndef SPECOLA_PROTOCOL_MESSAGE_H
#define SPECOLA_PROTOCOL_MESSAGE_H

#include "protocol/identity.h"
#include "protocol/record.h"

enum message_type {
  MSG_HELLO = 1,
  MSG_HEADS = 2,
  MSG_HOLDS = 3,
  MSG_WANT = 4,
  MSG_CKPT = 5,
  MSG_PROOF = 6,
  MSG_EPOCH = 7,
  MSG_IDENT = 8,
  MSG_BLOB = 9,
  MSG_GET = 10,
  MSG_DATA = 11,
  MSG_ALERT = 12,
  MSG_ERR = 13
};
enum want_what { WANT_HEADS = 1, WANT_CKPT = 2, WANT_IDENT = 3, WANT_EPOCH = 4, WANT_PROOF = 5, WANT_HOLDS = 6, WANT_BLOB = 7 };
enum get_mode { GET_FULL = 0, GET_HEADERS = 1, GET_BODIES = 2 };

/* X(symbol, number, name) : docs/protocol.md 8.5 */
#define MESSAGE_ERRORS(X)                                                                                                      \
  X(MSGERR_NO_SESSION, 1, "no-session")                                                                                        \
  X(MSGERR_VERSION, 2, "version")                                                                                              \
  X(MSGERR_FEDERATION, 3, "federation")                                                                                        \
  X(MSGERR_FORMAT, 4, "format")                                                                                                \
  X(MSGERR_SIGNATURE, 5, "signature")                                                                                          \
  X(MSGERR_UNKNOWN, 6, "unknown")                                                                                              \
  X(MSGERR_NOT_HELD, 7, "not-held")                                                                                            \
  X(MSGERR_BUSY, 8, "busy")                                                                                                    \
  X(MSGERR_QUOTA, 9, "quota")                                                                                                  \
  X(MSGERR_TOO_LARGE, 10, "too-large")                                                                                         \
  X(MSGERR_NOT_MEMBER, 11, "not-member")
enum message_error {
#define MESSAGE_ERROR_ENUM(symbol, number, name) symbol = (number),
  MESSAGE_ERRORS(MESSAGE_ERROR_ENUM)
#undef MESSAGE_ERROR_ENUM
};
const char *message_error_name(uint64_t code) __attribute__((const)); /* "unknown-error" if not in the table */
const char *message_type_name(uint64_t type) __attribute__((const));  /* "HEADS"; "?" */

enum proof_kind { PROOF_CONSISTENCY = 0, PROOF_INCLUSION = 1 };

#define NONCE_LEN 16
struct nonce {
  uint8_t b[NONCE_LEN];
};

struct head {
  uint64_t roll, gen, size;
  uint8_t root8[8];
};

/* The fields of HELLO; no view in it, so it may be kept. */
struct hello {
  uint64_t min_version, max_version;
  struct hash fed_id, node;
  uint64_t identity_version, epoch;
  struct hash epoch_hash, frontier_digest;
  struct nonce nonce;
};

#define MESSAGE_ITEMS 16u /* epoch items of one EPOCH, identity items of one IDENT */
#define MESSAGE_PATH 64u  /* hashes of one PROOF */

/* A message in hand. Only the part that belongs to type is meaningful. Views borrow from the payload. About 33 KiB, for the
 * rows of HEADS: one a process or a thread is enough, no arrays of them. */
struct message {
  uint64_t type;
  bool has_req;
  uint64_t req;
  union {
    struct hello hello;
    struct {
      uint64_t epoch;
      struct hash frontier_digest;
      uint32_t n;
      struct head rows[LIMIT_HEADS];
    } heads;
    struct {
      uint64_t what;
      struct hash node;           /* CKPT, IDENT, PROOF */
      uint64_t gen, from;         /* CKPT; PROOF: gen */
      uint64_t epoch;             /* EPOCH */
      uint64_t size, other, kind; /* PROOF: as below */
    } want;
    struct {
      struct hash node;
      uint64_t gen, size;
      uint64_t other, kind; /* CONSISTENCY: the smaller size, from 1 on; INCLUSION: the index below size */
      struct hash leaf;     /* INCLUSION */
      uint32_t n;
      struct hash path[MESSAGE_PATH];
    } proof;
    struct {
      struct hash node;
      uint64_t gen;
      struct view evidence; /* 1..LIMIT_EVIDENCE octets */
    } alert;
    struct {
      uint32_t n;
      struct view items[LIMIT_MEMBERS]; /* encoded holds items */
    } holds;
    struct {
      struct hash node;
      uint64_t gen;
      uint32_t n;
      struct view texts[LIMIT_CHECKPOINTS];
    } ckpt;
    struct {
      uint32_t n;
      struct view items[MESSAGE_ITEMS]; /* encoded epoch items */
    } epoch;
    struct {
      struct hash node;
      uint32_t n;
      struct view items[MESSAGE_ITEMS]; /* encoded identity items */
      struct view address;              /* encoded address item; empty: nil */
    } ident;
    struct {
      struct hash node;
      uint64_t gen, from, to, mode, max_bytes;
    } get;
    struct {
      struct hash node;
      uint64_t gen, from, count, encoding;
      struct view window;
    } data;
    struct {
      uint64_t code;
      struct view text;
      uint64_t retry_after; /* s */
    } error;
  } u;
};

/* Appends the payload. That fields are as a reader wants them (rising rows, from < to) is the caller's business. ERR_NOT_FOUND
 * (a reserved or unknown type or request), ERR_LIMIT, ERR_MEMORY; on error out is untouched. */
MUST_CHECK enum err_code message_write(const struct message *m, struct bytes *out, struct err *err);
/* ERR_FORMAT; ERR_NOT_FOUND for a reserved or unknown type or request (type and req are filled then; the payload is canonical).
 * Fuzzed. */
MUST_CHECK enum err_code message_read(struct view payload, struct message *out, struct err *err);

/* The type alone, without reading the rest; 0 if the payload does not begin like a message. */
uint64_t message_type(struct view payload);
/* HELLO without a struct message: the payload (req nil) appended to out, ERR_LIMIT, ERR_MEMORY; and a payload that must be a
 * HELLO read, ERR_FORMAT. */
MUST_CHECK enum err_code hello_write(const struct hello *hello, struct bytes *out, struct err *err);
MUST_CHECK enum err_code hello_read(struct view payload, struct hello *out, struct err *err);

/* A DATA window: inflates (into scratch, cleared, ceiling LIMIT_DATA_RAW) when encoding says so and hands back its octets:
 * an array of exactly count items. Borrowed from the payload or from scratch. ERR_FORMAT, ERR_LIMIT (more than LIMIT_DATA_RAW,
 * whatever the frame says of itself), ERR_MEMORY. */
MUST_CHECK enum err_code window_open(const struct message *data, struct bytes *scratch, struct view *window, struct err *err);
/* Deflates raw (zstd level 3) when that is smaller, else copies it; appended to out, *encoding tells. ERR_LIMIT (raw over
 * LIMIT_DATA_RAW, or out full), ERR_MEMORY. */
MUST_CHECK enum err_code window_pack(struct view raw, struct bytes *out, uint64_t *encoding, struct err *err);
/* Both keep one zstd context per thread, made at first use. A thread that ends before the process calls this first. */
void window_release_thread(void);

#endif
