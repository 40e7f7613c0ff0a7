/*
 * evidence: proof that the owner of a log has forked it (docs/protocol.md 7.5). Two checkpoints under its key that cannot both
 * be of one log: of one size with two roots, or with proofs that one position holds two different leaves.
 *
 * Only the owner's signatures make it: whoever carries it on can neither invent nor change it.
 */
#ifndef SPECOLA_PROTOCOL_EVIDENCE_H
#define SPECOLA_PROTOCOL_EVIDENCE_H

#include "protocol/checkpoint.h"
#include "protocol/limits.h"

#define EVIDENCE_PATH 40 /* hashes of an inclusion proof: a log has fewer than 2^40 entries */

/* One branch: what its owner signed, and where the branches part the leaf that stands there. */
struct evidence_branch {
  struct view text; /* the checkpoint as it was signed; borrowed */
  struct checkpoint checkpoint;
  struct hash leaf; /* these three only with an index */
  struct hash path[EVIDENCE_PATH];
  size_t n_path;
};
/* The proof in hand. The branch with the smaller size, then the smaller root, comes first. About 3 KiB. */
struct evidence {
  bool has_index; /* the leaves at `index` differ; else the roots of one size */
  uint64_t index;
  struct evidence_branch branches[2];
};

/* Appends the encoded item of two branches in any order (text, and with an index leaf and path; the checkpoint is read from the
 * text). ERR_FORMAT (they are no evidence), ERR_LIMIT, ERR_MEMORY; on error out is untouched. */
MUST_CHECK enum err_code evidence_write(const struct evidence *e, struct bytes *out, struct err *err);
/* The form alone, strictly: what evidence_write would have written. *out borrows from item. ERR_FORMAT. Fuzzed. */
MUST_CHECK enum err_code evidence_read(struct view item, struct evidence *out, struct err *err);
/* Reads, and believes when it is of that log and both checkpoints are under the node key of its generation. ERR_FORMAT (no
 * evidence, or of another log), ERR_SIGNATURE, ERR_MISMATCH (a leaf is not in its tree); on error *out says nothing. */
MUST_CHECK enum err_code evidence_open(struct view item, const struct hash *fed_id, const struct hash *node, uint64_t gen,
                                       const struct pubkey *node_key, struct evidence *out, struct err *err);
/* The branches part at this position, or below it. */
uint64_t evidence_from(const struct evidence *e);
/* Which of two items of one log is kept, when both have been read: below 0 the first, above 0 the second, 0 when they are one.
 */
int evidence_compare(const struct evidence *a, struct view a_item, const struct evidence *b, struct view b_item);

#endif
