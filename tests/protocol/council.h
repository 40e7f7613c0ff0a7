/*
 * council: voices that change their epoch, for the tests of proposals and votes. Each voice has a log of its own, in memory;
 * what stands in it is judged as evaluation does (docs/protocol.md 4.6, row 17), and what another knows of it is its beginning.
 */
#ifndef SPECOLA_TESTS_PROTOCOL_COUNCIL_H
#define SPECOLA_TESTS_PROTOCOL_COUNCIL_H

#include <stdlib.h>

#include "protocol/ballot.h"
#include "tests/protocol/cast.h"

#define VOICES_MAX 7
#define LOG_MAX 512
#define NEWCOMERS 4

/* A record in a log. */
struct written {
  struct hash id;
  struct header header;
  struct bytes body;
  bool stands; /* NEW */
};
struct voice {
  struct actor actor;
  struct written log[LOG_MAX];
  uint32_t n;
  struct voting voting; /* what the log says */
  struct ballots *ballots;
  uint32_t known[VOICES_MAX]; /* how much of whose log was handed to ballots */
  bool holds;                 /* what is answered when asked for a cut */
};
struct council {
  uint32_t n;
  struct hash fed_id;
  struct voice *voices; /* in the order of node ids */
  struct actor newcomers[NEWCOMERS];
  struct epoch epoch;
  struct identities identities;
  uint32_t renewed; /* mask of those who have a second identity, with the same keys */
};

static inline bool council_find(void *context, const struct hash *node, uint64_t version, struct identity *out) {
  const struct council *c = context;
  for (uint32_t i = 0; i < c->n; i++) {
    const uint64_t newest = 1 + (c->renewed >> i & 1);
    if (!hash_equal(&c->voices[i].actor.founder.node, node) || version > newest) continue;
    *out = c->voices[i].actor.founder.identity;
    out->version = version == 0 ? newest : version;
    return true;
  }
  return false;
}

static inline bool council_holds(void *context, const struct hash *node, const struct cut *cut) {
  const struct voice *v = context;
  (void)node;
  (void)cut;
  return v->holds;
}

static inline int council_order(const void *a, const void *b) {
  return hash_compare(&((const struct voice *)a)->actor.founder.node, &((const struct voice *)b)->actor.founder.node);
}

static inline void council_epoch(struct council *c, uint64_t number) {
  struct epoch e = {.number = number, .n_members = c->n, .n_policies = 1, .previous = cast_hash(7)};
  struct member members[VOICES_MAX] = {{.roll = 0}};
  struct bytes body;
  bytes_init(&body, LIMIT_CHARTER);
  e.members = members;
  e.policies[0] = cast_hash(8);
  for (uint32_t i = 0; i < c->n; i++) {
    const struct founder *f = &c->voices[i].actor.founder;
    members[i] = (struct member){.roll = i, .node = f->node};
    memcpy(members[i].handle, f->handle, sizeof f->handle);
    memcpy(members[i].country, f->country, sizeof f->country);
  }
  assert_int_equal(epoch_encode(&e, &body, NULL), OK);
  assert_int_equal(epoch_decode(bytes_view(&body), &c->epoch, NULL), OK);
  bytes_release(&body);
}

static inline void council_begin(struct council *c, uint32_t i) {
  struct voice *v = &c->voices[i];
  ballots_free(v->ballots);
  memset(v->known, 0, sizeof v->known);
  assert_int_equal(ballots_new(&c->fed_id, &c->epoch, &c->identities, &v->ballots, NULL), OK);
}

/* n voices, in epoch `number`. One root key each. */
static inline void council_init(struct council *c, uint32_t n, uint64_t number) {
  static const char *const PLACES[VOICES_MAX] = {"IT", "EE", "FR", "PT", "MT", "ES", "AT"};
  static const char *const OTHERS[NEWCOMERS] = {"FI", "SE", "DK", "NL"};
  *c = (struct council){.n = n, .fed_id = cast_hash(5)};
  c->identities = (struct identities){.find = council_find, .context = c};
  c->voices = calloc(n, sizeof *c->voices);
  assert_non_null(c->voices);
  for (uint32_t i = 0; i < n; i++) {
    actor_init(&c->voices[i].actor, (uint8_t)(i + 1), 1, 1, PLACES[i]);
    c->voices[i].holds = true;
  }
  qsort(c->voices, n, sizeof *c->voices, council_order);
  for (uint32_t i = 0; i < n; i++) { /* what borrows moved with its voice */
    c->voices[i].actor.founder.identity_body = bytes_view(&c->voices[i].actor.body);
  }
  for (uint32_t i = 0; i < NEWCOMERS; i++)
    actor_init(&c->newcomers[i], (uint8_t)(i + 101), 1, 1, OTHERS[i]);
  council_epoch(c, number);
  for (uint32_t i = 0; i < n; i++)
    council_begin(c, i);
}

static inline void council_clear_logs(struct council *c) {
  for (uint32_t i = 0; i < c->n; i++) {
    for (uint32_t k = 0; k < c->voices[i].n; k++)
      bytes_release(&c->voices[i].log[k].body);
    c->voices[i].n = 0;
    c->voices[i].voting = (struct voting){.epoch = 0};
    council_begin(c, i);
  }
}

static inline void council_release(struct council *c) {
  council_clear_logs(c);
  for (uint32_t i = 0; i < c->n; i++) {
    ballots_free(c->voices[i].ballots);
    actor_release(&c->voices[i].actor);
  }
  for (uint32_t i = 0; i < NEWCOMERS; i++)
    actor_release(&c->newcomers[i]);
  epoch_release(&c->epoch);
  free(c->voices);
}

/* Appends a record to the log of voice i, whatever it says; false: it does not stand. */
static inline bool council_write(struct council *c, uint32_t i, uint64_t kind, const struct hash *subject, uint64_t epoch,
                                 uint64_t ballot, struct view body) {
  struct voice *v = &c->voices[i];
  struct written *w = &v->log[v->n];
  struct bytes envelope;
  struct vote_body vote;
  struct salt salt = {.b = {0}};
  assert_true(v->n < LOG_MAX);
  *w = (struct written){.header = {.kind = kind, .home = v->actor.founder.node, .created = v->n, .n_args = 2}};
  w->header.has_subject = subject != NULL;
  if (subject != NULL) w->header.subject = *subject;
  w->header.args[0] = epoch;
  w->header.args[1] = ballot;
  bytes_init(&w->body, LIMIT_BODY);
  bytes_init(&envelope, LIMIT_ENVELOPE);
  assert_int_equal(bytes_append(&w->body, body, NULL), OK);
  assert_int_equal(record_seal(&w->header, &c->fed_id, &v->actor.node_key, &salt, body, &envelope, &w->id, NULL), OK);
  bytes_release(&envelope);
  w->stands = header_shape(&w->header) == REASON_NONE;
  if (w->stands && kind == KIND_VOTE) {
    w->stands = vote_decode(body, &w->header, &c->fed_id, &vote, NULL) == OK &&
                voting_allows(&v->voting, epoch, ballot, subject == NULL, &vote);
    if (w->stands) voting_apply(&v->voting, epoch, ballot, subject == NULL, &vote);
  }
  v->n++;
  return w->stands;
}

/* Voice i learns the log of voice k up to position to. */
static inline void council_learn(struct council *c, uint32_t i, uint32_t k, uint32_t to) {
  struct voice *v = &c->voices[i];
  for (; v->known[k] < to && v->known[k] < c->voices[k].n; v->known[k]++) {
    const struct written *w = &c->voices[k].log[v->known[k]];
    if (w->stands) assert_int_equal(ballots_take(v->ballots, &w->id, &w->header, bytes_view(&w->body), NULL), OK);
  }
}

static inline void council_learn_all(struct council *c) {
  for (uint32_t i = 0; i < c->n; i++) {
    for (uint32_t k = 0; k < c->n; k++)
      council_learn(c, i, k, UINT32_MAX);
  }
}

static inline struct ballot_self council_self(struct council *c, uint32_t i) {
  struct voice *v = &c->voices[i];
  return (struct ballot_self){v->actor.founder.node, &v->actor.node_key, v->voting, council_holds, v};
}

/* Voice i does what is to be done, once. Returns which step. */
static inline enum ballot_step council_move(struct council *c, uint32_t i, bool pressed) {
  struct ballot_self self = council_self(c, i);
  struct ballot_move move;
  council_learn(c, i, i, UINT32_MAX);
  assert_int_equal(ballots_next(c->voices[i].ballots, &self, pressed, &move, NULL, NULL), OK);
  enum ballot_step step = move.step;
  if (step != BALLOT_WAIT) {
    assert_true(council_write(c, i, move.kind, move.has_subject ? &move.subject : NULL, move.epoch, move.ballot,
                              bytes_view(&move.body)));
    council_learn(c, i, i, UINT32_MAX);
  }
  ballot_move_release(&move);
  return step;
}

/* Whether voice i finds the next epoch decided, which then verifies; its hash and how many members it has. */
static inline bool council_decided(struct council *c, uint32_t i, struct hash *hash, uint32_t *n_members) {
  struct bytes item;
  struct epoch next;
  bool decided = false;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  assert_int_equal(ballots_decided(c->voices[i].ballots, &decided, &item, NULL), OK);
  if (decided) {
    assert_int_equal(epoch_item_verify(bytes_view(&item), &c->fed_id, &c->epoch, &c->identities, &next, NULL, NULL, NULL), OK);
    *hash = next.hash;
    *n_members = next.n_members;
    epoch_release(&next);
  }
  bytes_release(&item);
  return decided;
}

/* The act that admits a newcomer, as octets. */
static inline void council_admission(struct council *c, uint32_t newcomer, struct bytes *out) {
  const struct actor *a = &c->newcomers[newcomer];
  struct act act = {.kind = CHANGE_ADMIT};
  act.item.body = bytes_view(&a->body);
  act.item.n = 1;
  struct hash node = a->founder.node;
  act.item.signatures[0].signature = sign_tagged(&a->roots[0], SIGN_IDENTITY, &c->fed_id, hash_view(&node));
  memcpy(act.handle, a->founder.handle, sizeof act.handle);
  memcpy(act.country, a->founder.country, sizeof act.country);
  bytes_init(out, LIMIT_CHANGES_BYTES);
  assert_int_equal(act_encode(&act, out, NULL), OK);
}

/* An act with the consents of the voices of a mask, by node keys or by their one root key. */
static inline void council_change(struct council *c, struct view act, uint32_t mask, bool by_roots, struct change *out) {
  assert_int_equal(change_new(act, &c->fed_id, out, NULL), OK);
  for (uint32_t i = 0; i < c->n; i++) {
    const struct actor *a = &c->voices[i].actor;
    struct consent consent = {.node = a->founder.node, .version = 1};
    uint32_t n_added = 0;
    if ((mask >> i & 1) == 0) continue;
    if (by_roots) {
      assert_int_equal(consent_by_roots(a->roots, 1, &a->founder.identity, &c->fed_id, act, &consent, &n_added, NULL), OK);
    } else {
      consent_by_node(&a->node_key, &c->fed_id, act, &a->founder.node, 1, &consent);
    }
    assert_int_equal(change_consent(out, &consent, NULL), OK);
  }
}

/* Voice i writes a wish with one change, which is released. */
static inline void council_wish(struct council *c, uint32_t i, struct change *change) {
  struct changes changes = {.n = 0};
  struct bytes octets, body;
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(changes_add(&changes, change, NULL), OK);
  assert_int_equal(changes_encode(&changes, &octets, NULL), OK);
  assert_int_equal(proposal_encode(bytes_view(&octets), NULL, 0, &body, NULL), OK);
  assert_true(council_write(c, i, KIND_PROPOSE, NULL, 0, 0, bytes_view(&body)));
  changes_release(&changes);
  bytes_release(&octets);
  bytes_release(&body);
}

/* Voice i wishes that a newcomer be admitted, with the consents of a mask. */
static inline void council_wish_admission(struct council *c, uint32_t i, uint32_t newcomer, uint32_t mask) {
  struct bytes act;
  struct change change;
  council_admission(c, newcomer, &act);
  council_change(c, bytes_view(&act), mask, false, &change);
  council_wish(c, i, &change);
  bytes_release(&act);
}

#endif
