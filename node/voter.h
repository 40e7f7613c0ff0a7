/*
 * voter: the own node's part in how the next list of members comes about (docs/protocol.md 6.5). People consent to an act,
 * which makes a wish in the own log; all the rest is done here, by itself: what is ripe is proposed and voted for, what was
 * decided goes into force. Part of the hall; the rules are protocol/ballot.h's.
 */
#ifndef SPECOLA_NODE_VOTER_H
#define SPECOLA_NODE_VOTER_H

#include <jansson.h>

#include "node/ingest.h"
#include "protocol/ballot.h"

#define VOTER_PATIENCE_MS 60000u /* with ballot 0; one more for each that passed */
#define VOTER_PATIENCE_MOST 60u
#define VOTER_DOUBT_MS 5000u /* a liar's false consents make nobody ask more often */
#define VOTER_DOUBT_MOST_MS 3600000u

/* Since when the ballot in hand is waited for. A zeroed struct is the beginning. */
struct voter {
  bool is_seen;      /* what is held was looked at, */
  bool is_able;      /* when this node could write */
  bool is_pending;   /* and something is to be decided: */
  uint64_t ballot;   /* the highest that this node stands in, */
  uint64_t since_ms; /* since then */
  uint64_t retry_ms; /* not before, after an error */
  bool is_doubtful;  /* at the last look a word verified under no identity held, and */
  bool doubts;       /* others are to be asked for that node's: hall_voter_doubt */
  struct hash doubted;
  uint64_t doubt_ms, doubt_wait_ms; /* no other doubt before; how long the last wait was, 0 after an identity that came */
};

/* All proposals, votes and wishes that are held, for the epoch behind the one in force. f and ids are borrowed for its life.
 * ERR_MEMORY, store errors. */
MUST_CHECK enum err_code voter_gather(struct store *s, const struct federation *f, const struct identities *ids,
                                      struct ballots **out, struct err *err);
/* Something came, or went, that the next turn must look at: a proposal or vote, an identity, a fork. */
void voter_touch(struct hall *h);
/* If anything came, or patience is over: writes what the own node should write now, and goes over to an epoch that was decided.
 * *moved: the own log grew, or another epoch is in force (then pointers into the federation are not good any more).
 * *due_ms: when to look again, by the hall's clock; UINT64_MAX: when something comes. Nothing is written while the fork guard
 * is closed. Store errors. */
MUST_CHECK enum err_code hall_voter_turn(struct hall *h, bool *moved, uint64_t *due_ms, struct err *err);
/* Whether others are to be asked for the identities of *node, since a wish or proposal names its word and no identity held here
 * proves it: a twin may be missing (docs/protocol.md 6.1). True once a doubt, at most once in
 * VOTER_DOUBT_MS, and twice as long each time, up to VOTER_DOUBT_MOST_MS, until an identity comes. */
bool hall_voter_doubt(struct hall *h, struct hash *node);
/* Turns until there is nothing to do at once. Errors of hall_voter_turn. */
MUST_CHECK enum err_code hall_voter_run(struct hall *h, struct err *err);
/* Whether this node has a say in an act: the own word, by its node key or by its root keys, is one of those that it needs. The
 * one place where that is decided: hall_wish asks it beside the write. ERR_REFUSED says whose affair it is. */
MUST_CHECK enum err_code wish_allowed(const struct federation *f, const struct act *act, bool by_roots, struct err *err);
/* The word of the people at this node: a wish with these acts and the consents given to them, and, if `consents`, that of the
 * own node key. row: what became of it. ERR_REFUSED (no node key, or the guard is closed; an act that this node has no say in),
 * errors of changes_decode. */
MUST_CHECK enum err_code hall_wish(struct hall *h, struct view changes, bool consents, struct receipt_row *row,
                                   struct err *err);

/* {"epoch", "members": [{"handle", "node", "roll", "country", "region", "lead", "since", "own", "twin": the version of
 * which it has two identities, if so}…], "former": [{"handle",
 * "node", "roll", "until", "cut": {"gen", "size"} or null}…], "wishes": [{"id", "act", "handle", "country", "node", "by",
 * "given", "needed", "roots", "ripe", "consents": [handle…]}…]}, each list by handle. Wishes that are over are left out. The
 * caller decrefs. ERR_MEMORY, store errors. */
MUST_CHECK enum err_code query_members(struct store *s, const struct federation *f, json_t **out, struct err *err);

/* Appends the octets of the act that a wish in force has, by its number (of which 4 digits will do) or the handle of who would
 * come or go; *consented: the own node did so. ERR_NOT_FOUND, ERR_REFUSED (several), ERR_MEMORY, store errors. */
MUST_CHECK enum err_code query_wish(struct store *s, const struct federation *f, const char *name, struct bytes *act,
                                    bool *consented, struct err *err);

#endif
