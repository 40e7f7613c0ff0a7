/*
 * federation: what this node knows of its observatory: charter, current epoch, the members' identities and addresses. Loaded
 * from the store, read by everybody, changed only by the writer.
 */
#ifndef SPECOLA_NODE_FEDERATION_H
#define SPECOLA_NODE_FEDERATION_H

#include "node/store/store.h"
#include "protocol/membership.h"

/* A generation of a member's log (docs/protocol.md 6.1): whose key signs its checkpoints, and the cut that closed it, if the
 * next one has begun. */
struct generation {
  struct pubkey node_key;
  bool is_closed;
  uint64_t cut_size;    /* of a closed one: its entries, */
  struct hash cut_root; /* and their root */
};
/* A member as known here. */
struct federation_member {
  const struct member *member;    /* of the epoch */
  struct identity identity;       /* newest valid one */
  uint8_t curve_before[32];       /* the current CURVE key of the identity before it; of version 1 its own */
  struct generation *generations; /* owned; generation g stands at g - 1; those up to identity.gen */
  bool has_address;
  struct address address;
};
struct federation {
  struct charter charter;
  struct epoch epoch;
  struct hash own;                   /* own node id; zero on a replica that is no member */
  struct federation_member *members; /* owned; same order as epoch.members (rising node id) */
};
void federation_release(struct federation *f); /* a zeroed struct is fine */
/* ERR_NOT_INITIALISED if the store has no charter yet. Every identity is verified again. */
MUST_CHECK enum err_code federation_load(struct store *s, struct federation *out, struct err *err);
const struct federation_member *federation_by_node(const struct federation *f, const struct hash *node);
const struct federation_member *federation_by_handle(const struct federation *f, const char *handle);
/* A generation of a node's log; NULL: none that is known here. Borrowed until that node's identity moves. This is where to ask
 * whether a generation is closed, and at which cut. */
const struct generation *federation_generation(const struct federation *f, const struct hash *node, uint64_t gen);
/* Appends the encoded identity item of a version that a member had or has: the first one stands in the charter. ERR_NOT_FOUND,
 * store errors. */
MUST_CHECK enum err_code federation_identity_item(struct store *s, const struct federation *f, const struct hash *node,
                                                  uint64_t version, struct bytes *out, struct err *err);
/* Room for one more generation, so that federation_take cannot fail. ERR_MEMORY. */
MUST_CHECK enum err_code federation_reserve(struct federation_member *m, struct err *err);
/* The member's identity is this one now: its first one, or the one that follows on the one in hand. After federation_reserve.
 */
void federation_take(struct federation_member *m, const struct identity *identity);
/* The CURVE keys by which a member is known: its own now, the one before its newest identity if that was another, the next one
 * if it named one. Borrowed from m; returns how many, at most FEDERATION_CURVES. */
#define FEDERATION_CURVES 3
uint32_t federation_curves(const struct federation_member *m, const uint8_t *keys[FEDERATION_CURVES]);
/* By a CURVE key that is its own now, its next one, or was its own before its newest identity. */
const struct federation_member *federation_by_curve(const struct federation *f, const uint8_t curve[32]);
const struct federation_member *federation_self(const struct federation *f); /* NULL on a replica */
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
