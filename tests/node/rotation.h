/*
 * rotation: new identities of a fixture's node, signed by its one root key, and a node that goes over to a new generation.
 */
#ifndef SPECOLA_TESTS_NODE_ROTATION_H
#define SPECOLA_TESTS_NODE_ROTATION_H

#include "tests/node/fixture.h"

/* What is new in an identity that follows on the one of the node as it knows itself. */
struct rotation {
  bool begins; /* a generation: with the node key below, and the cut */
  struct pubkey node_key;
  uint64_t cut_size;
  struct hash cut_root;
  uint8_t curve_mark;        /* changes the CURVE key; 0: it stays */
  const struct signer *root; /* takes the place of the root key; NULL: that stays */
};
/* The first identity of a node, as its root key signs it; item borrows from body, which is appended to. */
void rotation_first(const struct fixture_node *node, struct bytes *body, struct identity_item *item);
/* Seals it; item is the encoded identity item, appended. */
void rotation_seal(struct fixture_node *node, const struct rotation *r, struct bytes *item);
/* The node takes a new node key and begins a generation behind a cut at that size, of which it must hold the milestone; it is
 * closed and opened for it. item (may be NULL) receives its identity item. */
void rotation_begin(struct fixture_node *node, uint64_t cut, struct bytes *item);
/* The cut at a root that the node need not hold. */
void rotation_begin_at(struct fixture_node *node, uint64_t cut, const struct hash *root, struct bytes *item);

#endif
