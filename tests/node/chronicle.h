/*
 * chronicle: one random history of a federation, whose owners sign anything, written by hand: people who are certified, revoked
 * and have two keys, cases, endorsements and what takes them back, nonsense; new node keys; wishes, proposals and votes by
 * which somebody comes and somebody goes; a log that its owner forks and repairs by a cut. Who holds what of it is courier.h's.
 *
 * Nothing in it breaks what the rules count on (docs/protocol.md 6.5): one voice lies in its votes, but nobody votes in two
 * branches of a log or above its own cut, so each epoch has one outcome, whoever hears of it when.
 */
#ifndef SPECOLA_TESTS_NODE_CHRONICLE_H
#define SPECOLA_TESTS_NODE_CHRONICLE_H

#include "protocol/ballot.h"
#include "tests/node/own_log.h"

#define CHRONICLE_FOUNDERS 5u
#define CHRONICLE_LOGS 6u /* the last one's owner comes in by a vote, if ever */
#define CHRONICLE_PEOPLE 10u
#define CHRONICLE_EPOCHS 4u
#define CHRONICLE_KNOWN 256u
#define CHRONICLE_ROOM 72u /* of a log; what is left of it is for votes */
#define CHRONICLE_NOBODY UINT32_MAX

/* A record that later ones may name. */
struct chronicle_record {
  struct hash id, object;
  uint32_t home;
  uint64_t schema;
  const struct signer *author;
};
struct chronicle_list {
  struct chronicle_record rows[CHRONICLE_KNOWN];
  uint32_t n;
};
/* A record of kind 4 or 5, and who has heard of it: a bit for each author. */
struct chronicle_word {
  struct hash id;
  struct header header;
  struct bytes body;
  uint32_t heard;
};
struct chronicle {
  struct fixture *f;
  struct fixture_node *nodes[CHRONICLE_LOGS];
  struct own_log logs[CHRONICLE_LOGS], next[CHRONICLE_LOGS]; /* the first generation, and the one behind a cut */
  struct signer people[CHRONICLE_PEOPLE], fresh[CHRONICLE_LOGS];
  struct bytes rotation[CHRONICLE_LOGS]; /* the identity item that begins the next generation */
  bool has_next[CHRONICLE_LOGS];
  struct chronicle_list certificates, versions, signatures;
  struct hash policy;
  /* ---- the fork ---- */
  uint32_t forker;       /* CHRONICLE_NOBODY: not yet */
  uint64_t parts;        /* its two branches have so many entries in common; logs[forker] is the one, */
  struct own_log other;  /* this the other, whose first records are those of the one */
  struct bytes evidence; /* once both have more: encoded */
  /* ---- who is a member ---- */
  struct epoch epochs[CHRONICLE_EPOCHS]; /* the first one's hash is that of the charter's epoch */
  struct bytes items[CHRONICLE_EPOCHS];  /* epoch items from the second on */
  uint32_t n_epochs;
  struct identity known[CHRONICLE_LOGS][2]; /* by version, from 1 on */
  struct identities identities;
  struct ballots *ballots[CHRONICLE_LOGS]; /* as each author knows them */
  struct voting voting[CHRONICLE_LOGS];
  bool is_mute[CHRONICLE_LOGS]; /* an entry freezes its log: no vote above it counts */
  uint32_t liar, leaving;       /* who votes for anything; who is to go */
  struct bytes acts[2];         /* come, go: decided on when somebody first wishes them */
  struct chronicle_word words[CHRONICLE_KNOWN];
  uint32_t n_words;
};

/* A new history of these founders and this newcomer, who comes as an associate if its handle is of a founder's country; f has
 * CHRONICLE_FOUNDERS founders. */
void chronicle_play(struct chronicle *c, struct fixture *f, struct fixture_node *newcomer);
void chronicle_release(struct chronicle *c);

/* ---- for what is written: chronicle.c, chronicle_people.c, chronicle_votes.c ---- */
uint64_t chronicle_below(const struct chronicle *c, uint64_t n);
bool chronicle_one_in(const struct chronicle *c, uint64_t n);
/* The log that an author writes now (of two branches either), and the key by which its node signs there. */
struct own_log *chronicle_log(struct chronicle *c, uint32_t a);
const struct signer *chronicle_key(const struct chronicle *c, uint32_t a);
/* Seals a record by author into a's log, for that home; nothing where the log is full. Returns its id. */
struct hash chronicle_write(struct chronicle *c, uint32_t a, uint32_t home, const struct signer *author, struct header header,
                            struct view body);
/* A log's first people and objects. */
void chronicle_people_begin(struct chronicle *c, uint32_t a);
/* One record of some kind that is none of the node's own business, or nonsense. */
void chronicle_people(struct chronicle *c, uint32_t a);
/* Begins the votes; one step of an author's; what is left until somebody knows what came of all wishes; the end. */
void chronicle_votes_begin(struct chronicle *c);
void chronicle_votes(struct chronicle *c, uint32_t a);
void chronicle_votes_conclude(struct chronicle *c);
void chronicle_votes_release(struct chronicle *c);
/* An author has another identity: everybody counts anew. */
void chronicle_votes_identity(struct chronicle *c, uint32_t a);
/* So many entries of an author's first generation hold every vote that stands there. */
uint64_t chronicle_voted(const struct chronicle *c, uint32_t a);

#endif
