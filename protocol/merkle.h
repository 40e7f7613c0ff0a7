/*
 * merkle: the tree of a log (RFC 9162 section 2.1 with SHA-256): compact ranges, inclusion and consistency proofs.
 */
#ifndef SPECOLA_PROTOCOL_MERKLE_H
#define SPECOLA_PROTOCOL_MERKLE_H

#include "keys/bytes.h"
#include "keys/hash.h"

#define MERKLE_RANGE_MAX 64

/* A compact range: one hash per set bit of size, the largest subtree first. A zeroed struct is the empty tree. */
struct merkle_range {
  uint64_t size;                       /* leaves */
  struct hash nodes[MERKLE_RANGE_MAX]; /* popcount(size) of them are in use */
};
/* SHA-256(0x00 ‖ envelope). */
struct hash merkle_leaf(struct view envelope);
/* Appends one leaf hash. */
void merkle_append(struct merkle_range *range, const struct hash *leaf);
/* The root; of the empty tree SHA-256 of nothing. */
struct hash merkle_root(const struct merkle_range *range);
/* popcount(size). */
size_t merkle_range_count(uint64_t size) __attribute__((const));
/* Stored form: the hashes one behind the other, 32 * popcount(size) octets. decode: ERR_FORMAT if the length is another. */
MUST_CHECK enum err_code merkle_range_encode(const struct merkle_range *range, struct bytes *out, struct err *err);
MUST_CHECK enum err_code merkle_range_decode(uint64_t size, struct view bytes, struct merkle_range *out, struct err *err);

/* Fetches leaf hash i of a log (0 <= i < size); false: not available. */
typedef bool merkle_leaf_source(void *context, uint64_t i, struct hash *out);
/* Proofs (RFC 9162 2.1.3.1, 2.1.4.1), built from leaf hashes; path holds at most 64 hashes. ERR_NOT_FOUND if the source lacks a
 * leaf. */
MUST_CHECK enum err_code merkle_inclusion(uint64_t index, uint64_t size, merkle_leaf_source *source, void *context,
                                          struct hash path[64], size_t *n, struct err *err);
MUST_CHECK enum err_code merkle_consistency(uint64_t old_size, uint64_t new_size, merkle_leaf_source *source, void *context,
                                            struct hash path[64], size_t *n, struct err *err);
/* Verification (RFC 9162 2.1.3.2, 2.1.4.2). */
MUST_CHECK bool merkle_inclusion_verify(uint64_t index, uint64_t size, const struct hash *leaf, const struct hash *path,
                                        size_t n, const struct hash *root);
MUST_CHECK bool merkle_consistency_verify(uint64_t old_size, uint64_t new_size, const struct hash *old_root,
                                          const struct hash *new_root, const struct hash *path, size_t n);

#endif
