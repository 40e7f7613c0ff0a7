/*
 * membership: charters and epochs (docs/protocol.md 6.3, 6.4): who founds, who is a member.
 */
#ifndef SPECOLA_PROTOCOL_MEMBERSHIP_H
#define SPECOLA_PROTOCOL_MEMBERSHIP_H

#include "protocol/identity.h"

#define HANDLE_MAX 6 /* octets with the NUL */

/* A founding request, and a founder's row of a charter. */
struct founder {
  struct hash node;
  struct view identity_body; /* borrowed */
  struct identity identity;
  char handle[HANDLE_MAX];
  char country[3];
  char region[8];        /* "IT-34", or empty */
  char lead[HANDLE_MAX]; /* handle of the lead, or empty */
};
bool handle_is_valid(const char *handle);

/* A charter in hand; body owns the octets from which everything borrows. signatures[i] belongs to founder f, root r. */
struct charter_signature {
  uint32_t founder, root;
  struct signature charter, identity;
};
struct charter {
  struct bytes body;
  struct hash fed_id;
  struct founder *founders; /* owned; by rising node id */
  uint32_t n_founders;
  struct charter_signature *signatures; /* owned; rising (founder, root) */
  uint32_t n_signatures;
};
void charter_release(struct charter *c); /* a zeroed struct is fine */
/* A new charter from founders (sorted here). name is shown to people, tagged lang. The default policy, its sentence in en and
 * it. ERR_REFUSED (double handle, key, node; an unknown lead), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code charter_new(const char *name, const char *lang, const struct founder *founders, uint32_t n,
                                     struct charter *out, struct err *err);
/* Decodes a charter item; verifies the form and every signature that it carries, not that all are there. ERR_FORMAT,
 * ERR_SIGNATURE. Fuzzed. */
MUST_CHECK enum err_code charter_decode(struct view item, struct charter *out, struct err *err);
MUST_CHECK enum err_code charter_encode(const struct charter *c, struct bytes *out, struct err *err);
/* Adds both signatures of every key of roots (n of them) wherever a founder has that root key. *n_added counts new pairs.
 * ERR_NOT_FOUND if none of the keys belongs to a founder. */
MUST_CHECK enum err_code charter_sign(struct charter *c, const struct signer *roots, size_t n, uint32_t *n_added,
                                      struct err *err);
/* Unites the signatures of two copies of one charter. ERR_MISMATCH if the bodies differ. */
MUST_CHECK enum err_code charter_merge(struct charter *c, const struct charter *other, struct err *err);
/* OK if every founder has at least its threshold; ERR_INCOMPLETE names the handles that are missing. */
MUST_CHECK enum err_code charter_complete(const struct charter *c, struct err *err);
/* The identity item of founder i, made of the charter's identity signatures. */
void charter_identity_item(const struct charter *c, uint32_t i, struct identity_item *out);
/* The name in lang, else English, else the first; borrowed from the body (not NUL-terminated). */
struct view charter_name(const struct charter *c, const char *lang);
/* The encoded policies, borrowed from the body; returns how many. A policy's id is hash_of(HASH_POLICY, it). */
uint32_t charter_policies(const struct charter *c, struct view out[LIMIT_POLICIES]);
/* Encoded founding request (bundle item 8): decode borrows from payload; address may be an empty view. */
MUST_CHECK enum err_code founding_request_encode(const struct founder *f, const char *name, struct view address,
                                                 struct bytes *out, struct err *err);
MUST_CHECK enum err_code founding_request_decode(struct view payload, struct founder *out, struct view *name,
                                                 struct view *address, struct err *err);

/* A member of an epoch. */
struct member {
  uint64_t roll;
  struct hash node;
  char handle[HANDLE_MAX];
  char country[3];
  char region[8];
  bool has_lead;
  uint64_t lead_roll;
};
/* A request to a federation that exists carries its root signatures (an eighth element). Appends payload with those of every
 * key of roots that belongs to its identity; *n_added counts new ones. ERR_NOT_FOUND if none does; ERR_FORMAT. */
MUST_CHECK enum err_code founding_request_sign(struct view payload, const struct hash *fed_id, const struct signer *roots,
                                               size_t n, struct bytes *out, uint32_t *n_added, struct err *err);
/* The identity item of such a request, for an act (protocol/change.h); borrows. n is 0 when it carries no signature; they are
 * not verified. ERR_FORMAT. */
MUST_CHECK enum err_code founding_request_item(struct view payload, struct identity_item *out, struct err *err);

/* Where a log ends for good: size entries of generation gen, whose root is root. */
struct cut {
  uint64_t gen, size; /* both from 1 */
  struct hash root;
};
/* Who was a member of an earlier epoch and is none: its node id, handle and roll number stay taken. */
struct former {
  uint64_t roll;
  struct hash node;
  char handle[HANDLE_MAX];
  bool has_cut; /* false: nothing of its log counts */
  struct cut cut;
};
struct epoch {
  uint64_t number;            /* from 1 */
  struct hash hash, previous; /* previous: zeros in epoch 1 */
  struct member *members;     /* owned; by rising node id */
  uint32_t n_members;
  uint32_t n_leads;       /* members without a lead: the voices */
  struct former *formers; /* owned; by rising node id; NULL when there are none */
  uint32_t n_formers;
  uint32_t n_policies; /* ids of the policies in force, in the order in which they were adopted */
  struct hash policies[LIMIT_POLICIES];
  uint32_t n_past_policies;   /* ids of those that were dropped, rising */
  struct hash *past_policies; /* owned */
};
void epoch_release(struct epoch *e);
/* Epoch 1 of a complete charter; body (may be NULL) receives its octets. */
MUST_CHECK enum err_code epoch_from_charter(const struct charter *c, struct epoch *out, struct bytes *body, struct err *err);
MUST_CHECK enum err_code epoch_decode(struct view body, struct epoch *out, struct err *err);
/* Appends the body of e (its hash is not looked at). Whether members fit each other shows when it is decoded. ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK enum err_code epoch_encode(const struct epoch *e, struct bytes *out, struct err *err);
/* Appends the epoch item [body, []] of the first epoch. Those of later ones: protocol/ballot.h. */
MUST_CHECK enum err_code epoch_item_encode(struct view body, struct bytes *out, struct err *err);
/* Reads one epoch item, which stands inside so many arrays, and returns its body (for epoch_decode), borrowed; the votes
 * of its quorum are only skipped. Faults are the reader's. */
struct view epoch_item_read(struct canon_reader *r, unsigned above);
const struct member *epoch_by_node(const struct epoch *e, const struct hash *node);
const struct member *epoch_by_handle(const struct epoch *e, const char *handle);
const struct member *epoch_by_roll(const struct epoch *e, uint64_t roll);
const struct former *epoch_former(const struct epoch *e, const struct hash *node); /* NULL: never removed */
/* Voice i of n_leads, in the order of node ids; NULL past the last. */
const struct member *epoch_voice(const struct epoch *e, uint32_t i);
/* The next roll number. Each that was ever given belongs to a member or to a former one. */
uint64_t epoch_next_roll(const struct epoch *e);

/* The frontier digest (docs/protocol.md 8.4). rows by rising (node, gen). */
struct frontier_row {
  struct hash node;
  uint64_t gen, size;
  struct hash root;
};
MUST_CHECK enum err_code frontier_digest(const struct hash *epoch_hash, const struct frontier_row *rows, uint32_t n,
                                         struct hash *out, struct err *err);

#endif
