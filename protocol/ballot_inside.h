/*
 * ballot_inside: what ballot.c (records in, decision out) and proposals.c (what is lawful, what to do next) share. Users
 * include protocol/ballot.h.
 */
#ifndef SPECOLA_PROTOCOL_BALLOT_INSIDE_H
#define SPECOLA_PROTOCOL_BALLOT_INSIDE_H

#include "protocol/ballot.h"

#define BALLOT_PROPOSALS 256u /* of one voice for one epoch that are looked at */

/* A kind 5 of a voice, for the coming epoch. */
struct ballot_vote {
  uint32_t voice;
  uint64_t ballot;
  bool blank;
  struct hash id; /* record id */
  struct pubkey author;
  struct hash subject; /* the proposal, unless blank */
  struct vote_body body;
};

/* A kind 4 of the proposer of its ballot. */
struct proposal {
  struct hash id;
  uint64_t ballot;
  bool sound;           /* its changes have their consents and make an epoch: */
  struct hash hash;     /* of that; once known, it stays */
  bool hopeless;        /* it never will be */
  bool lawful;          /* these two are settled anew with each question: rules 2 and 3 */
  bool repeats;         /* what may have been chosen already */
  struct bytes changes; /* owned */
  uint32_t n_blanks;
  struct hash *blanks; /* owned; rising */
};

/* An act that somebody wishes. change holds every consent that verifies under the identity that it names. */
struct wanted {
  struct change change;
  struct hash by;
};

struct ballots {
  struct hash fed_id;
  const struct epoch *epoch;
  const struct identities *identities;
  struct ballot_vote *votes; /* owned; by rising (voice, ballot, blank first) */
  size_t n_votes;
  struct proposal *proposals; /* owned; by rising (ballot, id) */
  size_t n_proposals;
  struct wanted *wishes; /* owned; by rising octets of acts */
  size_t n_wishes;
  uint32_t untrue[LIMIT_MEMBERS]; /* of each member of the epoch: the consents in its wishes that did not verify */
  struct change shown;            /* of ballots_wish */
  bool doubts[LIMIT_MEMBERS];     /* of each member: ballots_doubt */
};

/* The vote (or blank vote) of a voice in a ballot; NULL: none. */
const struct ballot_vote *ballots_vote_of(const struct ballots *b, uint32_t voice, uint64_t ballot, bool blank);
/* The highest ballot in which a voice stands; false: in none. */
bool ballots_stand(const struct ballots *b, uint32_t voice, uint64_t *ballot);
/* A word of that node verifies under no identity held of it. */
void ballots_note_doubt(struct ballots *b, const struct hash *node);
/* Index of a voice among the voices; false: it is none. */
bool ballots_voice(const struct ballots *b, const struct hash *node, uint32_t *voice);
/* Index of the proposer of a ballot. */
uint32_t ballots_turn(const struct ballots *b, uint64_t ballot);
/* The identity of a voice whose node key is that; false: none is held. */
bool ballots_signed_by(const struct ballots *b, const struct hash *node, const struct pubkey *key, uint64_t *version);
/* The consents of wish i under newest identities, into *out; and whether they suffice and the act fits (else *why says it, may
 * be NULL). ERR_MEMORY. */
MUST_CHECK enum err_code ballots_weigh(const struct ballots *b, size_t i, struct change *out, bool *ripe, struct err *why);

/* Whether the changes of a proposal have their consents, under whatever identities, and make an epoch, whose body takes the
 * place of what body holds. *lacking (may be NULL; left alone if nothing lacks): a node of which no identity is held under
 * which its consent verifies. ERR_NOT_FOUND: no identity of that version; ERR_MEMORY; all other errors are for good, as long as
 * no identity comes. */
MUST_CHECK enum err_code ballots_make(const struct ballots *b, const struct proposal *p, struct bytes *body,
                                      struct hash *lacking);

#endif
