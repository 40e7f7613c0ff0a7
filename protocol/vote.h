/*
 * vote: the bodies of kinds 4 and 5, and what one log says of its owner's votes (docs/protocol.md 4.4, 4.6 row 17, 6.5).
 */
#ifndef SPECOLA_PROTOCOL_VOTE_H
#define SPECOLA_PROTOCOL_VOTE_H

#include "protocol/change.h"
#include "protocol/record.h"

/* ---- kind 4: a wish (args [0, 0]) or a proposal (args [epoch, ballot]) ---- */

/* The body of a kind 4 in hand; borrows. */
struct proposal_body {
  struct view changes;               /* for changes_decode */
  uint32_t n_blanks;                 /* 0 exactly in a wish and in ballot 0 */
  struct hash blanks[LIMIT_MEMBERS]; /* record ids of blank votes, rising */
};
MUST_CHECK enum err_code proposal_encode(struct view changes, const struct hash *blanks, uint32_t n, struct bytes *out,
                                         struct err *err);
/* Form only: what evaluation asks (row 14). args are those of the header. ERR_FORMAT. Fuzzed. */
MUST_CHECK enum err_code proposal_decode(struct view body, const uint64_t args[2], struct proposal_body *out, struct err *err);

/* ---- kind 5: a vote for a proposal (with subject), or a blank one ---- */

/* The body of a kind 5 in hand. Of a vote: hash and signature. Of a blank vote: whether, and in which ballot and for which
 * hash, its author voted last in this epoch; without such a vote it has no body. */
struct vote_body {
  struct hash hash; /* of the epoch voted for */
  struct signature signature;
  bool has_last;
  uint64_t last_ballot;
};
/* The signature of a vote, which stands alone: tag vote, over [epoch, ballot, hash]. */
struct signature vote_sign(const struct signer *node_key, const struct hash *fed_id, uint64_t epoch, uint64_t ballot,
                           const struct hash *hash);
MUST_CHECK bool vote_verify(const struct pubkey *node_key, const struct hash *fed_id, uint64_t epoch, uint64_t ballot,
                            const struct hash *hash, const struct signature *signature);
/* Appends the body of a vote, or of a blank one with a last vote. */
MUST_CHECK enum err_code vote_encode(const struct vote_body *vote, bool blank, struct bytes *out, struct err *err);
/* Decodes, and of a vote verifies the signature under the author's key (row 14). body empty: a blank one without a last vote.
 * ERR_FORMAT, ERR_SIGNATURE. Fuzzed. */
MUST_CHECK enum err_code vote_decode(struct view body, const struct header *header, const struct hash *fed_id,
                                     struct vote_body *out, struct err *err);

/* What a log says of its owner's votes up to a position. A zeroed struct is the beginning. */
struct voting {
  uint64_t epoch, ballot; /* of the newest NEW kind 5; epoch 0: there is none */
  bool blank;             /* that was a blank one */
  bool has_last;          /* a vote in that epoch stands below, */
  uint64_t last_ballot;   /* its ballot */
  struct hash last_hash;  /* and what it was for */
};
/* Whether a kind 5 may follow (row 17): its (epoch, ballot) is above, or it votes in the ballot of the blank one before; and a
 * blank one names the last vote of its epoch, if there is one, and none else. */
bool voting_allows(const struct voting *v, uint64_t epoch, uint64_t ballot, bool blank, const struct vote_body *vote);
void voting_apply(struct voting *v, uint64_t epoch, uint64_t ballot, bool blank, const struct vote_body *vote);

#endif
