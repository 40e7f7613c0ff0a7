/*
 * federation: what this node knows of its observatory: charter, current epoch, the members' identities and addresses. Loaded
 * from the store, read by everybody, changed only by the writer.
 */
#ifndef SPECOLA_NODE_FEDERATION_H
#define SPECOLA_NODE_FEDERATION_H

#include "node/store/store.h"
#include "protocol/membership.h"

/* A member as known here. */
struct federation_member {
  const struct member *member; /* of the epoch */
  struct identity identity;    /* newest valid one */
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
/* Current or next CURVE key. */
const struct federation_member *federation_by_curve(const struct federation *f, const uint8_t curve[32]);
const struct federation_member *federation_self(const struct federation *f); /* NULL on a replica */
/* The handle of a node, or "?" . */
const char *federation_handle(const struct federation *f, const struct hash *node);

/* "IT-312", "IT.2-312": format needs REFERENCE_MAX octets; parse takes small letters, too, where a member is called so: ERR_FORMAT
 * (not a reference), ERR_NOT_FOUND (no such handle). */
#define REFERENCE_MAX 48
void reference_format(const struct federation *f, const struct hash *node, uint64_t gen, uint64_t index,
                      char out[REFERENCE_MAX]);
MUST_CHECK enum err_code reference_parse(const struct federation *f, const char *text, struct hash *node, uint64_t *gen,
                                         uint64_t *index, struct err *err);

#endif
