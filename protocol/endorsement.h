/*
 * endorsement: policies of the charter, and what the signatures of one statement come to (docs/protocol.md 6.3, 16). Pure: the
 * same signatures in any order give the same result.
 */
#ifndef SPECOLA_PROTOCOL_ENDORSEMENT_H
#define SPECOLA_PROTOCOL_ENDORSEMENT_H

#include "protocol/membership.h"
#include "protocol/people.h"

/* A policy in hand; its views borrow from the octets that it was read from. */
struct policy {
  struct hash id;
  struct view sentence; /* encoded ml map */
  struct view criteria; /* encoded array of codes */
  uint64_t m, min_countries, min_nodes, max_per_node, max_per_country;
  bool exclude_home;
};
/* Reads an encoded policy (charter_policies gives them). ERR_FORMAT; on error *out is untouched. */
MUST_CHECK enum err_code policy_read(struct view octets, struct policy *out, struct err *err);

/* X(symbol, name, sentence): why an endorsement counts, or does not; the first that holds, in this order (section 16). */
#define ENDORSEMENT_TABLE(X)                                                                                                   \
  X(ENDORSEMENT_COUNTS, "counts", "it counts")                                                                                 \
  X(ENDORSEMENT_VERSION, "version", "it names a version that this object does not have")                                       \
  X(ENDORSEMENT_POLICY, "policy", "its policy is not in force")                                                                \
  X(ENDORSEMENT_MEMBER, "member", "its home is not a member")                                                                  \
  X(ENDORSEMENT_HOME, "home", "it comes from the home of the object")                                                          \
  X(ENDORSEMENT_WITHDRAWN, "withdrawn", "the reviewer took it back")                                                           \
  X(ENDORSEMENT_PERSON, "person", "the same person signed before")                                                             \
  X(ENDORSEMENT_NODE, "node", "others of the same node count already")                                                         \
  X(ENDORSEMENT_COUNTRY, "country", "others of the same country count already")
enum endorsement_standing {
#define ENDORSEMENT_ENUM(symbol, name, text) symbol,
  ENDORSEMENT_TABLE(ENDORSEMENT_ENUM)
#undef ENDORSEMENT_ENUM
};
const char *endorsement_name(enum endorsement_standing standing) __attribute__((const));
const char *endorsement_text(enum endorsement_standing standing) __attribute__((const));

/* One signature of a statement: a NEW kind 32. */
struct endorsement {
  int64_t rowid; /* the caller's */
  struct hash node;
  char country[3]; /* of node in the epoch */
  struct position at;
  uint64_t person;
  enum endorsement_standing standing; /* in: the first reason up to WITHDRAWN that holds, or COUNTS; out: of all */
  uint64_t rank;                      /* out: its place among those of its node, from 0 */
};
/* What they come to, and what is missing. */
struct endorsement_result {
  uint64_t counted, nodes, countries;
  uint64_t missing, missing_nodes, missing_countries; /* 0 each when the policy is met */
  bool met;
};
/* Weighs all signatures of one statement. They are sorted by (node, position) on return. */
void endorsement_weigh(const struct policy *policy, struct endorsement *signatures, size_t n, struct endorsement_result *out);

#endif
