/*
 * evaluate: what an entry of a log is worth (docs/protocol.md 4.5, 4.6). A function of that log alone: the same on every
 * replica, whatever the sizes of the windows in which it came. One function a kind of record, in a table.
 */
#ifndef SPECOLA_NODE_STORE_EVALUATE_H
#define SPECOLA_NODE_STORE_EVALUATE_H

#include "node/store/object.h"
#include "protocol/identity.h"
#include "protocol/people.h"
#include "protocol/vote.h"

/* An entry that was looked at: what door 4 found. record is filled exactly when reason is REASON_NONE; it borrows from item. */
struct opened {
  struct item item;
  enum reason reason; /* of record_open */
  bool has_kind;      /* a header of version 1: kind is its kind */
  uint64_t kind;
  bool freezes;      /* the log is not evaluated from here on (docs/protocol.md 4.4) */
  bool is_canonical; /* body_is_canonical of its body: asked where records are opened, in several threads */
  struct record record;
};
/* Whether a body is there and canonical; only then can it be shown (docs/protocol.md 4.3). */
bool body_is_canonical(struct view body);
/* Opens item. known: a key that pubkey_check has passed before, or NULL. item's octets are borrowed for the life of *out. */
void opened_from(const struct item *item, const struct hash *fed_id, const struct pubkey *known, struct opened *out);

/* The same for an entry of the store whose author's signature was verified when it came. */
void opened_again(const struct item *item, const struct hash *fed_id, struct opened *out);

/* A generation that is evaluated, or was. */
struct evaluated {
  int64_t log_no;
  bool has_identity;
  uint64_t identified_at; /* index of its first identity: above it the own key is the generation's node key */
  struct pubkey node_key;
};
/* The state of the evaluation of a node's log, its generations one behind the other, up to a position. */
struct evaluation {
  struct hash fed_id, owner;
  struct evaluated *generations; /* owned; generation g stands at g - 1 */
  uint64_t gen;                  /* how many there are: the newest */
  bool has_identity;
  struct identity identity;   /* in force */
  struct bytes identity_body; /* its octets, which the next one names */
  struct people *people;
  struct voting voting; /* of the owner, for the next epoch (docs/protocol.md 6.5) */
  bool frozen;          /* nothing counts any more: upgrade needed */
};
/* The state of a node of which nothing is held. ERR_MEMORY. */
MUST_CHECK enum err_code evaluation_new(const struct hash *fed_id, const struct hash *owner, struct evaluation **out,
                                        struct err *err);
void evaluation_free(struct evaluation *e); /* NULL is fine */
/* The next generation begins, in the log of that number; the one before, if any, stands at its cut. ERR_MEMORY. */
MUST_CHECK enum err_code evaluation_begin(struct evaluation *e, int64_t log_no, struct err *err);
/* The rowid of a position. The generation must have begun. */
int64_t evaluation_rowid(const struct evaluation *e, struct position at);
/* The position of a rowid, of one of the logs evaluated. False: of none of them. */
bool evaluation_position(const struct evaluation *e, int64_t rowid, struct position *out);

/* What one entry turned out to be. */
struct verdict {
  enum reason reason;
  bool repeated;   /* a record with this id stands below in the log, or in an earlier generation of it */
  bool stands;     /* NEW, or kept from it by row 10 (revoked) alone: its object's chain of versions goes on from it */
  bool backdated;  /* a revocation that voids something below it: derivation_revoke must run */
  bool has_object; /* kinds 16 and 17: the object named (of a first version: itself) stands below, as object says */
  struct object object;
  uint64_t person;    /* person number of the author, kinds 16, 17, 32 and 33; 0: written for another home */
  uint64_t territory; /* of the author's certificate, kinds 16 and 17 */
};
/* Evaluates the next entry, of a generation that has begun, and, for kinds 1 to 3, 5 and what freezes, moves the state. Store
 * errors, ERR_MEMORY. With dry nothing moves (what would be found if it were appended). */
MUST_CHECK enum err_code evaluate(struct evaluation *e, struct store *s, const struct opened *entry, struct position at,
                                  bool dry, struct verdict *out, struct err *err);

#endif
