/*
 * federation: what this node knows of its observatory: charter, the epoch in force, and of everybody who was ever admitted the
 * identities and the address. Loaded from the store, read by everybody, changed only by the writer: identities, addresses and
 * epochs move in place, so that who holds a struct federation sees them; a pointer into it lasts until it moves.
 */
#ifndef SPECOLA_NODE_FEDERATION_H
#define SPECOLA_NODE_FEDERATION_H

#include "node/store/store.h"
#include "protocol/change.h"
#include "protocol/checkpoint.h"

/* A generation of a member's log (docs/protocol.md 6.1): whose key signs its checkpoints, and the cut that closed it, if the
 * next one has begun. */
struct generation {
  struct pubkey node_key;
  bool is_closed;
  uint64_t cut_size;    /* of a closed one: its entries, */
  struct hash cut_root; /* and their root */
};
/* A member as known here, or one that was: its log stays, up to its cut, and its handle names it for ever. */
struct federation_member {
  const struct member *member;    /* its row in the newest epoch that has it */
  uint64_t since;                 /* the epoch that admitted it */
  uint64_t until;                 /* the first epoch without it; 0: it is a member */
  struct identity identity;       /* newest valid one */
  uint8_t curve_before[32];       /* the current CURVE key of the identity before it; of version 1 its own */
  struct generation *generations; /* owned; generation g stands at g - 1; those up to identity.gen */
  uint64_t end_gen, end_size;     /* of a former one: its log ends in this generation, with so many entries (0: none), */
  struct hash end_root;           /* and this root; end_gen 0 of a member */
  bool has_address;
  struct address address;
};
struct federation {
  struct charter charter;
  struct epoch epoch;                    /* in force */
  struct hash own;                       /* own node id; zero on a replica that is no member */
  struct federation_member *members;     /* owned; everybody ever admitted, by rising node id */
  uint32_t n_members;                    /* of them; epoch.n_members are members now */
  struct member *rows;                   /* owned; in the same order */
  struct bytes policies[LIMIT_POLICIES]; /* encoded, as epoch.policies names them */
};
void federation_release(struct federation *f); /* a zeroed struct is fine */
/* ERR_NOT_INITIALISED if the store has no charter yet. Every identity is verified again. */
MUST_CHECK enum err_code federation_load(struct store *s, struct federation *out, struct err *err);
const struct federation_member *federation_by_node(const struct federation *f, const struct hash *node);
const struct federation_member *federation_by_roll(const struct federation *f, uint64_t roll);
const struct federation_member *federation_by_handle(const struct federation *f, const char *handle);
/* A generation of a node's log; NULL: none that is known here. Borrowed until that node's identity moves. This is where to ask
 * whether a generation is closed, and at which cut: that of the identity behind it, or of an expulsion. */
const struct generation *federation_generation(const struct federation *f, const struct hash *node, uint64_t gen);
/* A checkpoint by the owner of the log that it names: the node key changes only with the generation. ERR_FORMAT, ERR_SIGNATURE,
 * ERR_NOT_FOUND (of another observatory, or of no log that is known here). */
MUST_CHECK enum err_code federation_checkpoint(const struct federation *f, struct view text, struct checkpoint *out,
                                               struct err *err);
/* Appends the encoded identity item of a version that a member had or has: the first one stands in the charter. ERR_NOT_FOUND,
 * store errors. */
MUST_CHECK enum err_code federation_identity_item(struct store *s, const struct federation *f, const struct hash *node,
                                                  uint64_t version, struct bytes *out, struct err *err);
/* Appends the encoded epoch item of a number up to the one in force; the first follows from the charter. ERR_NOT_FOUND, store
 * errors. */
MUST_CHECK enum err_code federation_epoch_item(struct store *s, const struct federation *f, uint64_t number, struct bytes *out,
                                               struct err *err);
/* What the epoch behind the one in force makes of a federation, prepared so that going over to it cannot fail. */
struct federation_next {
  struct epoch epoch;
  struct federation_member *members; /* owned, but for what they share with those of the federation */
  struct member *rows;
  uint32_t n_members;
  struct bytes policies[LIMIT_POLICIES];
};
/* Verifies an encoded epoch item (docs/protocol.md 6.4) and prepares it; what it brings of those who come (their first
 * identity) is kept in s, in the caller's transaction, and read from there. Errors of epoch_item_verify (ERR_NOT_FOUND: an
 * identity of *lacking, which may be NULL), store errors. */
MUST_CHECK enum err_code federation_follow(struct store *s, const struct federation *f, struct view item,
                                           struct federation_next *out, struct hash *lacking, struct err *err);
void federation_next_release(struct federation_next *next); /* a zeroed struct is fine */
/* That epoch is in force now; next is empty then. Pointers into f are not good any more. */
void federation_move(struct federation *f, struct federation_next *next);
/* Every identity that is held of a member, encoded, by version: the one that is believed, behind it its twins. Borrowed for the
 * call; what take returns ends the walk unless OK. Store errors. */
typedef enum err_code take_identity_item(void *context, struct view item, struct err *err);
MUST_CHECK enum err_code federation_each_identity(struct store *s, const struct federation *f,
                                                  const struct federation_member *m, take_identity_item *take, void *context,
                                                  struct err *err);
/* Twin i, from 0, of a version of a member's identity (0: of any), by rising (version, hash); false: none. */
bool federation_twin(struct store *s, const struct hash *node, uint64_t version, uint32_t i, struct identity *out);
/* Whether everybody takes the same log for that generation of a member's: a member with twins has it below them alone. */
bool federation_same_log(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen);
/* Where identities of any version are looked up, for protocol/change.h and ballot.h. *l is borrowed. */
struct federation_lookup {
  struct store *store;
  const struct federation *federation;
};
struct identities federation_identities(struct federation_lookup *l);
/* Room for one more generation, so that federation_take cannot fail. ERR_MEMORY. */
MUST_CHECK enum err_code federation_reserve(struct federation_member *m, struct err *err);
/* The member's identity is this one now: its first one, or the one that follows on the one in hand. After federation_reserve.
 */
void federation_take(struct federation_member *m, const struct identity *identity);
/* The CURVE keys by which a member is known (none of one that is a member no more): its own now, the one before its newest
 * identity if that was another, the next one if it named one. Borrowed from m; returns how many, at most FEDERATION_CURVES. */
#define FEDERATION_CURVES 3
uint32_t federation_curves(const struct federation_member *m, const uint8_t *keys[FEDERATION_CURVES]);
/* By a CURVE key that is its own now, its next one, or was its own before its newest identity. */
const struct federation_member *federation_by_curve(const struct federation *f, const uint8_t curve[32]);
const struct federation_member *federation_self(const struct federation *f); /* NULL: a replica, or no member (any more) */
/* The handle of a node, or "?" . */
const char *federation_handle(const struct federation *f, const struct hash *node);

/* "IT-312", "IT.2-312": format needs REFERENCE_MAX octets; parse takes small letters, too, where a member is called so:
 * ERR_FORMAT (not a reference), ERR_NOT_FOUND (no such handle). */
#define REFERENCE_MAX 48
void reference_format(const struct federation *f, const struct hash *node, uint64_t gen, uint64_t index,
                      char out[REFERENCE_MAX]);
/* That of an entry by its rowid; likely: the log that it may be in, or NULL. Store errors. */
MUST_CHECK enum err_code reference_of_row(struct store *s, const struct federation *f, const struct log *likely, int64_t rowid,
                                          char out[REFERENCE_MAX], struct err *err);
MUST_CHECK enum err_code reference_parse(const struct federation *f, const char *text, struct hash *node, uint64_t *gen,
                                         uint64_t *index, struct err *err);

#endif
