/*
 * ballot: how the next epoch comes about (docs/protocol.md 6.5): epoch items with their quorum; and, of the records of kinds 4
 * and 5 that a node holds, what is wished, what has been decided, and what the own node may propose or vote now.
 *
 * Pure and without a clock: records in, in any order; acts out. It is one decree of Paxos per epoch: ballots with one lawful
 * proposer each, blank votes as promises. People decide by consents (protocol/change.h), which wishes gather in their own time;
 * ballots only bring what has its consents into one order, and need nobody's opinion any more.
 */
#ifndef SPECOLA_PROTOCOL_BALLOT_H
#define SPECOLA_PROTOCOL_BALLOT_H

#include "protocol/vote.h"

/* ---- epoch items ---- */

/* A vote of a quorum. */
struct quorum_vote {
  uint64_t roll, version; /* of the voice, and of the identity whose node key signed */
  struct signature signature;
};
/* An epoch item in hand; borrows from its octets. Of epoch 1: n == 0, no changes, ballot 0. */
struct epoch_item {
  struct view body;
  uint64_t ballot;
  struct view changes; /* encoded, for changes_decode */
  uint32_t n;
  struct quorum_vote votes[LIMIT_MEMBERS]; /* by rising roll no. */
};
/* Form only. ERR_FORMAT; *out is then garbage. Fuzzed. */
MUST_CHECK enum err_code epoch_item_decode(struct view octets, struct epoch_item *out, struct err *err);
/* Appends the octets of an item of an epoch above 1. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code epoch_item_write(const struct epoch_item *item, struct bytes *out, struct err *err);
/* Whether the item makes the epoch that follows on `before`, which the caller holds: its body is what its changes make of it,
 * each change has its consents, and more than half of the voices of `before` voted for its hash in its ballot. Logs are not
 * asked. On success fills *out (epoch_release) and, if not NULL, *changes (changes_release): who was admitted, with identities,
 * who removed, with cuts, which policies adopted. ERR_MISMATCH (another number than the next, or another body), ERR_REFUSED,
 * ERR_INCOMPLETE, ERR_FORMAT, ERR_MEMORY; ERR_NOT_FOUND. *lacking (may be NULL; left alone if nothing
 * lacks): a node of which no identity is held, under which a consent or vote verifies: whoever told the item is asked for those
 * that he holds (WANT IDENT), and it is tried again. */
MUST_CHECK enum err_code epoch_item_verify(struct view octets, const struct hash *fed_id, const struct epoch *before,
                                           const struct identities *identities, struct epoch *out, struct changes *changes,
                                           struct hash *lacking, struct err *err);

/* ---- ballots ---- */

/* The proposer of ballot b for the epoch after e: voice (N + b) mod n in the order of node ids. */
const struct member *ballot_proposer(const struct epoch *e, uint64_t ballot);

struct ballots; /* opaque: the records of one coming epoch, and all wishes */
/* For the epoch after `epoch`; epoch and identities are borrowed for its life. ERR_MEMORY. */
MUST_CHECK enum err_code ballots_new(const struct hash *fed_id, const struct epoch *epoch, const struct identities *identities,
                                     struct ballots **out, struct err *err);
void ballots_free(struct ballots *b); /* NULL is fine */
/* Takes a record of kind 4 or 5 that is NEW in the log of its home, with its body (empty: none). In any order, as often as you
 * like. Wishes of whatever time; proposals and votes of another epoch, or of who is no voice, are passed over. Of a log that is
 * frozen by evidence (7.5) hand over only what stands below the fork; of a log with a withdrawn end (7.6) only what stands.
 * ERR_MEMORY only. */
MUST_CHECK enum err_code ballots_take(struct ballots *b, const struct hash *id, const struct header *header, struct view body,
                                      struct err *err);

/* A wish: an act with the consents given to it, by rising octets of acts. */
struct wish {
  const struct act *act; /* borrowed until the next call on ballots, as are consents */
  uint32_t n;            /* the consents that verify under the newest identity of their node */
  const struct consent *consents;
  struct hash by;         /* a node in whose log it stands: that with the smallest id */
  uint32_t given, needed; /* how far it is: change_progress */
  bool ripe;              /* the consents suffice and the act fits the epoch: a proposer takes it up */
  bool over;              /* the act does not fit the epoch: done already, or impossible */
  char why_not[160];      /* if over: the rule that says so */
};
/* How many, of every state. What needs an identity that was not held when the record was taken is passed over: when one has
 * come, begin anew with fresh ballots. */
size_t ballots_wishes(const struct ballots *b);
/* Wish i. ERR_MEMORY. */
MUST_CHECK enum err_code ballots_wish(struct ballots *b, size_t i, struct wish *out, struct err *err);

/* Whether the votes held make an epoch: appends the epoch item to item and sets *decided. Whoever holds these records finds
 * the same epoch body (the set of votes in the item may differ). The caller hands the item to epoch_item_verify like a
 * stranger's. ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err_code ballots_decided(struct ballots *b, bool *decided, struct bytes *item, struct err *err);

/* What the own node may, and should, write into its log now; then feed it back by ballots_take, and ask again. */
enum ballot_step { BALLOT_WAIT, BALLOT_PROPOSE, BALLOT_VOTE, BALLOT_BLANK };
struct ballot_move {
  enum ballot_step step;
  uint64_t kind;          /* KIND_PROPOSE or KIND_VOTE */
  uint64_t epoch, ballot; /* args of the header */
  bool has_subject;
  struct hash subject; /* the proposal, of a vote */
  struct bytes body;   /* of the record; may be empty. Released by ballot_move_release */
};
void ballot_move_release(struct ballot_move *m); /* a zeroed struct is fine */
/* The own node as the ballots see it. */
struct ballot_self {
  struct hash node;
  const struct signer *node_key; /* borrowed */
  struct voting voting;          /* of the own log, as evaluation has it, whatever was handed to ballots_take */
  /* Whether this node holds the log of a node up to the cut, with that root. Asked before a vote for a removal that nobody
   * voted for yet. */
  bool (*holds)(void *context, const struct hash *node, const struct cut *cut);
  void *context;
};
/* pressed: the caller's patience with the ballot in hand (self->voting) is over, so that the next one is to be opened; 6.5 says
 * what is usual. WAIT: there is nothing to do before another record comes, or the caller's patience is over. *pending (may be
 * NULL): something is ripe or voted for, and not decided: only then a timer needs to run. ERR_MEMORY, ERR_LIMIT. */
MUST_CHECK enum err_code ballots_next(struct ballots *b, const struct ballot_self *self, bool pressed, struct ballot_move *out,
                                      bool *pending, struct err *err);

/* Whether a wish or proposal names a word of a member that verifies under no identity held of that: a twin may be missing
 * (6.1). *node is that member, the first behind the one that it was, so that none hides the others. Of wishes all that were
 * taken; of proposals what ballots_next found last. */
bool ballots_doubt(const struct ballots *b, struct hash *node);

#endif
