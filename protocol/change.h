/*
 * change: what may change between two epochs, and by whose word (docs/protocol.md 6.5).
 *
 * An act is one change as octets: admit a node, remove one, drop and adopt a policy. Who consents signs these octets, once and
 * for good: nothing that went comes back (no node, no handle, no policy), so no consent can serve twice, and it stands whatever
 * the number of the epoch is by then. A change is an act with its consents; changes are what a proposal and a quorum carry.
 */
#ifndef SPECOLA_PROTOCOL_CHANGE_H
#define SPECOLA_PROTOCOL_CHANGE_H

#include "protocol/membership.h"

enum change_kind { CHANGE_ADMIT = 1, CHANGE_REMOVE = 2, CHANGE_POLICY = 3 };

/* An act in hand. octets is what is signed; views borrow from it. */
struct act {
  struct view octets;
  enum change_kind kind;
  struct hash node; /* ADMIT, REMOVE */
  /* ADMIT: the identity of version 1 with its own root signatures under fed_id, which act_decode has verified. */
  struct identity_item item;
  struct identity identity;
  char handle[HANDLE_MAX];
  char country[3];
  char region[8]; /* "IT-34", or empty */
  bool has_lead;  /* an associate */
  uint64_t lead_roll;
  /* REMOVE */
  bool has_cut; /* false: nothing of its log counts */
  struct cut cut;
  /* POLICY: at least one of the two */
  bool drops;
  struct hash dropped;
  struct view adopted; /* an encoded policy (6.3); empty: none */
};
/* Appends the octets of an act: of item (ADMIT; identity and octets are not looked at), node and cut, or dropped and adopted.
 * ERR_FORMAT (a place or policy that is none), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code act_encode(const struct act *act, struct bytes *out, struct err *err);
/* Decodes an act of the federation; borrows. ERR_FORMAT, ERR_SIGNATURE (the root signatures of who is to be admitted). */
MUST_CHECK enum err_code act_decode(struct view octets, const struct hash *fed_id, struct act *out, struct err *err);

/* Where identities are looked up: that of a node with this version, or, with version 0, the newest held. False: not held. */
struct identities {
  bool (*find)(void *context, const struct hash *node, uint64_t version, struct identity *out);
  void *context;
  /* Twin i (from 0) of that version, which is named: another valid identity that the same root keys signed (6.1). NULL: none is
   * ever held. */
  bool (*twin)(void *context, const struct hash *node, uint64_t version, uint32_t i, struct identity *out);
};
/* All that are held of one version, which is named, i from 0: the one that is believed, then its twins. False: no more. */
bool identities_each(const struct identities *identities, const struct hash *node, uint64_t version, uint32_t i,
                     struct identity *out);

/* Somebody's word for an act: by the node key, or by root keys, of the identity of that version. */
struct consent {
  struct hash node;
  uint64_t version; /* from 1 */
  bool by_roots;
  struct signature signature;               /* unless by_roots */
  uint32_t n_roots;                         /* 1.. if by_roots */
  struct root_signature roots[LIMIT_ROOTS]; /* by rising root index */
};
/* Signs an act with the node key of that version. */
void consent_by_node(const struct signer *node_key, const struct hash *fed_id, struct view act, const struct hash *node,
                     uint64_t version, struct consent *out);
/* Adds to out, which names node and version and may hold signatures already, those of every key of roots (n of them) that
 * stands in identity. *n_added counts new ones. ERR_NOT_FOUND if none of the keys belongs to identity. */
MUST_CHECK enum err_code consent_by_roots(const struct signer *roots, size_t n, const struct identity *identity,
                                          const struct hash *fed_id, struct view act, struct consent *out, uint32_t *n_added,
                                          struct err *err);
/* Whether it verifies under the identity that it names, or a twin of that: by roots, at least the threshold. newest: its
 * version must be the newest held (what a voter asks); else any of the chain (what stands in a quorum). ERR_NOT_FOUND (no
 * identity of that version is held), ERR_SIGNATURE (under none that is), ERR_INCOMPLETE (fewer than the threshold, or a version
 * that is not in force any more). */
MUST_CHECK enum err_code consent_verify(const struct consent *consent, const struct hash *fed_id, struct view act,
                                        const struct identities *identities, bool newest, struct err *err);

/* An act with its consents, by rising node id. */
struct change {
  struct bytes octets; /* owned: those of the act */
  struct act act;
  uint32_t n;
  struct consent *consents; /* owned */
};
void change_release(struct change *c); /* a zeroed struct is fine */
/* An act without consents; copies the octets. ERR_FORMAT, ERR_SIGNATURE, ERR_MEMORY. */
MUST_CHECK enum err_code change_new(struct view act, const struct hash *fed_id, struct change *out, struct err *err);
/* The same act again, without consents and with nothing verified anew. ERR_MEMORY. */
MUST_CHECK enum err_code change_copy(const struct change *from, struct change *out, struct err *err);
/* Puts a consent in its place; of one node that way (by roots or not) the later call takes the earlier one's. Nothing is
 * verified. ERR_LIMIT (256), ERR_MEMORY. */
MUST_CHECK enum err_code change_consent(struct change *c, const struct consent *consent, struct err *err);
/* Whether the consents of a change are all of one of the ways of docs/protocol.md 6.5, suffice in the epoch that it changes,
 * and verify:
 *   ADMIT without lead   more than n/2 of the n voices, by node keys
 *   ADMIT with lead      the lead, by its node key
 *   REMOVE               its own roots; or its lead, by its node key; or 2n/3 of the voices, rounded up, by roots
 *   POLICY               2n/3 of the voices, rounded up, by roots
 * ERR_FORMAT (a consent that does not belong there), ERR_INCOMPLETE, errors of consent_verify, with *lacking (may be NULL, else
 * is left alone): the node of which no identity is held under which it verifies. newest: see consent_verify. */
MUST_CHECK enum err_code change_authorise(const struct change *change, const struct hash *fed_id, const struct epoch *epoch,
                                          const struct identities *identities, bool newest, struct hash *lacking,
                                          struct err *err);
/* Whether the word of a node, by its node key or by its root keys, is of one of the ways of an act (change_authorise). */
bool act_heeds(const struct act *act, const struct epoch *epoch, const struct hash *node, bool by_roots);
/* Of consents that may be of several ways, drops all but as many as needed of one that suffices in epoch. False, and nothing
 * is dropped: none does. */
bool change_settle(struct change *c, const struct epoch *epoch);
/* How far it is, in epoch, with a way that suffices, else with that in which most consents are given: given of needed. */
void change_progress(const struct change *c, const struct epoch *epoch, uint32_t *given, uint32_t *needed);

/* 1..LIMIT_CHANGES changes by rising octets of their acts, no two alike. */
struct changes {
  uint32_t n;
  struct change list[LIMIT_CHANGES];
};
void changes_release(struct changes *c); /* a zeroed struct is fine */
/* Decodes encoded changes (at most LIMIT_CHANGES_BYTES octets) and verifies the form, and the root signatures inside acts, not
 * the consents. Copies. ERR_FORMAT, ERR_SIGNATURE, ERR_MEMORY; on error *out is untouched. Fuzzed. */
MUST_CHECK enum err_code changes_decode(struct view octets, const struct hash *fed_id, struct changes *out, struct err *err);
/* The form alone, with no signature verified: what evaluation asks of a log (4.6 row 14). ERR_FORMAT. */
MUST_CHECK enum err_code changes_check(struct view octets, struct err *err);
/* Puts a change in its place, and takes it over (*change is zeroed); ERR_LIMIT (16), ERR_REFUSED (the act stands there). */
MUST_CHECK enum err_code changes_add(struct changes *c, struct change *change, struct err *err);
/* Takes the change with this act out, if there is one. */
void changes_drop(struct changes *c, struct view act);
/* Appends the octets of c. ERR_LIMIT past LIMIT_CHANGES_BYTES, ERR_MEMORY. */
MUST_CHECK enum err_code changes_encode(const struct changes *c, struct bytes *out, struct err *err);
/* The epoch that follows on `before` by these acts: appends its body, and fills *out (may be NULL). Consents are not looked
 * at. ERR_REFUSED says which rule of 6.5 is broken (a handle or node that was borne before, a second voice of a country, …),
 * ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code changes_apply(const struct changes *c, const struct epoch *before, struct bytes *body,
                                       struct epoch *out, struct err *err);

#endif
