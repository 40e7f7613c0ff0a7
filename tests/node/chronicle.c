/*
 * chronicle: a whole history, its forks and generations. See chronicle.h.
 */
#include "tests/node/chronicle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/evidence.h"
#include "protocol/merkle.h"
#include "tests/node/rotation.h"

#define STEPS 190u

static struct err err = ERR_INIT;

uint64_t chronicle_below(const struct chronicle *c, uint64_t n) {
  return fixture_random(c->f, n);
}

bool chronicle_one_in(const struct chronicle *c, uint64_t n) {
  return chronicle_below(c, n) == 0;
}

static void make_key(struct chronicle *c, struct signer *out) {
  uint8_t seed[SEED_LEN];
  entropy_fill(&c->f->entropy, seed, sizeof seed);
  assert_int_equal(signer_from_seed(seed, out, &err), OK);
}

/* ---- one record ---- */

struct own_log *chronicle_log(struct chronicle *c, uint32_t a) {
  if (c->has_next[a]) return &c->next[a];
  return a == c->forker && chronicle_one_in(c, 2) ? &c->other : &c->logs[a];
}

const struct signer *chronicle_key(const struct chronicle *c, uint32_t a) {
  return c->has_next[a] ? &c->fresh[a] : &c->nodes[a]->node_key;
}

struct hash chronicle_write(struct chronicle *c, uint32_t a, uint32_t home, const struct signer *author, struct header header,
                            struct view body) {
  const bool is_vote = header.kind == KIND_PROPOSE || header.kind == KIND_VOTE;
  struct fixture_record record;
  struct own_log *log = chronicle_log(c, a);
  if (is_vote || !chronicle_one_in(c, 25)) c->f->now_ms += 1000; /* now and then a record is the one before again */
  fixture_seal(c->nodes[home], author, header, body, &record);
  const struct hash id = record.id;
  if (log->n < (is_vote ? OWN_MAX : CHRONICLE_ROOM)) {
    own_add(log, &record);
  } else {
    fixture_record_release(&record);
  }
  return id;
}

/* ---- a fork ---- */

/* From here on the owner writes two branches; he votes in neither. */
static void part(struct chronicle *c, uint32_t a) {
  if (c->forker != CHRONICLE_NOBODY || a >= CHRONICLE_FOUNDERS || c->has_next[a] || c->logs[a].n < 8 ||
      c->logs[a].n >= CHRONICLE_ROOM - 8)
    return;
  c->forker = a;
  c->parts = c->logs[a].n;
  c->other = c->logs[a];
}

static bool leaf_of(void *context, uint64_t i, struct hash *out) {
  const struct own_log *log = context;
  *out = merkle_leaf(log->records[i].item.envelope);
  return i < log->n;
}

static void branch_of(const struct chronicle *c, struct own_log *log, struct bytes *text, struct evidence *e, unsigned side) {
  struct evidence_branch *b = &e->branches[side];
  struct hash path[64];
  const uint64_t less = log == &c->other ? c->logs[c->forker].n : c->other.n;
  const uint64_t least = log->n < less ? log->n : less;
  const uint64_t size = e->has_index ? c->parts + 1 + chronicle_below(c, log->n - c->parts) : least;
  own_checkpoint(log, size, text);
  b->text = bytes_view(text);
  if (!e->has_index) return;
  (void)leaf_of(log, c->parts, &b->leaf);
  assert_int_equal(merkle_inclusion(c->parts, size, leaf_of, log, path, &b->n_path, &err), OK);
  memcpy(b->path, path, b->n_path * sizeof path[0]);
}

/* What proves it, once both branches have something of their own; some author writes it down, perhaps. */
static void prove(struct chronicle *c) {
  struct evidence *e = calloc(1, sizeof *e);
  struct bytes texts[2];
  assert_non_null(e);
  if (c->forker != CHRONICLE_NOBODY && c->evidence.len == 0 && c->logs[c->forker].n > c->parts && c->other.n > c->parts) {
    e->has_index = !chronicle_one_in(c, 3);
    e->index = e->has_index ? c->parts : 0;
    for (unsigned i = 0; i < 2; i++) {
      bytes_init(&texts[i], LIMIT_CHECKPOINT);
      branch_of(c, i == 0 ? &c->logs[c->forker] : &c->other, &texts[i], e, i);
    }
    assert_int_equal(evidence_write(e, &c->evidence, &err), OK);
    bytes_release(&texts[0]);
    bytes_release(&texts[1]);
  }
  free(e);
}

/* In an author's own log; now and then with an octet changed, which may leave it the form of evidence and prove nothing. */
static void write_evidence(struct chronicle *c, uint32_t a) {
  struct bytes octets;
  if (c->evidence.len == 0 || a == c->forker) return;
  bytes_init(&octets, LIMIT_EVIDENCE);
  assert_int_equal(bytes_append(&octets, bytes_view(&c->evidence), &err), OK);
  if (chronicle_one_in(c, 3)) octets.p[chronicle_below(c, octets.len)] ^= 1;
  const struct header header = {
      .kind = KIND_EVIDENCE, .has_subject = true, .subject = c->nodes[c->forker]->id, .n_args = 1, .args = {1}};
  (void)chronicle_write(c, a, a, chronicle_key(c, a), header, bytes_view(&octets));
  bytes_release(&octets);
}

/* ---- generations ---- */

/* The node's key is another from here on: the next generation begins behind a cut, above which others may hold more; of two
 * branches it names either, or what they have in common. No vote is withdrawn by it. */
static void new_generation(struct chronicle *c, uint32_t a) {
  const struct own_log *log = a == c->forker && chronicle_one_in(c, 2) ? &c->other : &c->logs[a];
  struct rotation r = {.begins = true};
  const uint64_t least = chronicle_voted(c, a) < 1 ? 1 : chronicle_voted(c, a);
  if (c->has_next[a] || a >= CHRONICLE_FOUNDERS || log->n < 8 || log->n < least) return;
  r.cut_size = least + chronicle_below(c, log->n - least + 1);
  r.cut_root = own_root(log, r.cut_size);
  make_key(c, &c->fresh[a]);
  r.node_key = c->fresh[a].pub;
  rotation_seal(c->nodes[a], &r, &c->rotation[a]);
  c->has_next[a] = true;
  c->next[a] = (struct own_log){.node = c->nodes[a], .gen = 2, .key = &c->fresh[a]};
  (void)chronicle_write(c, a, a, &c->fresh[a], (struct header){.kind = KIND_IDENTITY}, bytes_view(&c->rotation[a]));
  chronicle_votes_identity(c, a);
}

/* ---- a history ---- */

static struct hash policy_of(const struct fixture *f) {
  struct view octets[LIMIT_POLICIES];
  assert_true(charter_policies(&f->charter, octets) > 0);
  return hash_of(HASH_POLICY, octets[0], view_of(NULL, 0));
}

static void begin(struct chronicle *c, struct fixture *f, struct fixture_node *newcomer) {
  memset(c, 0, sizeof *c);
  c->f = f;
  c->policy = policy_of(f);
  c->forker = CHRONICLE_NOBODY;
  bytes_init(&c->evidence, LIMIT_EVIDENCE);
  for (uint32_t a = 0; a < CHRONICLE_LOGS; a++) {
    c->nodes[a] = a < CHRONICLE_FOUNDERS ? &f->nodes[a] : newcomer;
    c->logs[a].node = c->nodes[a];
    bytes_init(&c->rotation[a], 8192);
  }
  for (uint32_t i = 0; i < CHRONICLE_PEOPLE; i++)
    make_key(c, &c->people[i]);
  chronicle_votes_begin(c);
}

static void step(struct chronicle *c, uint32_t n) {
  const uint32_t a = (uint32_t)chronicle_below(c, CHRONICLE_LOGS);
  switch (chronicle_below(c, 8)) {
  case 0:
  case 1:
    chronicle_votes(c, a);
    break;
  case 2:
    if (n > STEPS / 4 && n < STEPS / 2) part(c, a);
    prove(c);
    if (chronicle_one_in(c, 4)) write_evidence(c, a);
    if (chronicle_one_in(c, 8) && a != c->forker) new_generation(c, a);
    break;
  default:
    chronicle_people(c, a);
    break;
  }
}

void chronicle_play(struct chronicle *c, struct fixture *f, struct fixture_node *newcomer) {
  begin(c, f, newcomer);
  for (uint32_t a = 0; a < CHRONICLE_LOGS; a++) {
    add_identity(&c->logs[a]);
    chronicle_people_begin(c, a);
  }
  const uint32_t repair = STEPS * 3 / 4 + (uint32_t)chronicle_below(c, STEPS / 4);
  for (uint32_t n = 0; n < STEPS; n++) {
    if (n == STEPS / 2) part(c, (uint32_t)chronicle_below(c, CHRONICLE_FOUNDERS));
    if (n == repair && c->forker != CHRONICLE_NOBODY) new_generation(c, c->forker);
    step(c, n);
  }
  chronicle_votes_conclude(c);
}

void chronicle_release(struct chronicle *c) {
  if (c->forker != CHRONICLE_NOBODY) { /* the branch owns what it has of its own */
    for (uint64_t i = c->parts; i < c->other.n; i++)
      fixture_record_release(&c->other.records[i]);
  }
  for (uint32_t a = 0; a < CHRONICLE_LOGS; a++) {
    own_release(&c->logs[a]);
    own_release(&c->next[a]);
    bytes_release(&c->rotation[a]);
    if (c->has_next[a]) signer_release(&c->fresh[a]);
  }
  for (uint32_t i = 0; i < CHRONICLE_PEOPLE; i++)
    signer_release(&c->people[i]);
  bytes_release(&c->evidence);
  chronicle_votes_release(c);
}
