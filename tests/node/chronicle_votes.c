/*
 * chronicle_votes: how the members of a history come to another list of members: each hears of the others' words late, one
 * lies. See chronicle.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/canon.h"
#include "tests/node/chronicle.h"
#include "tests/node/rotation.h"

#define ROUNDS 24u /* until all that is wished is decided, if it can be */

enum { COME, GO };

static struct err err = ERR_INIT;

/* ---- who they are ---- */

static uint64_t version_of(const struct chronicle *c, uint32_t a) {
  return c->has_next[a] ? 2 : 1;
}

static bool find_identity(void *context, const struct hash *node, uint64_t version, struct identity *out) {
  const struct chronicle *c = context;
  uint32_t a = 0;
  while (a < CHRONICLE_LOGS && !hash_equal(&c->nodes[a]->id, node))
    a++;
  if (a == CHRONICLE_LOGS || version > version_of(c, a)) return false;
  *out = c->known[a][(version == 0 ? version_of(c, a) : version) - 1];
  return true;
}

/* An author's first identity, or the one that it takes later, from its item. */
static void know_identity(struct chronicle *c, uint32_t a) {
  struct identity_item item;
  struct bytes first;
  bytes_init(&first, LIMIT_IDENTITY);
  rotation_first(c->nodes[a], &first, &item);
  if (c->has_next[a]) {
    struct canon_reader r = canon_reader(bytes_view(&c->rotation[a]));
    identity_item_read(&r, &item);
  }
  assert_int_equal(identity_decode(item.body, &c->known[a][version_of(c, a) - 1], &err), OK);
  bytes_release(&first);
}

static const struct epoch *in_force(const struct chronicle *c) {
  return &c->epochs[c->n_epochs - 1];
}

static bool is_voice(const struct chronicle *c, uint32_t a) {
  const struct member *m = epoch_by_node(in_force(c), &c->nodes[a]->id);
  return m != NULL && !m->has_lead;
}

/* Whose log takes votes now: of a fork that is not repaired neither branch does. */
static bool may_say(const struct chronicle *c, uint32_t a) {
  const struct own_log *log = c->has_next[a] ? &c->next[a] : &c->logs[a];
  return !c->is_mute[a] && (a != c->forker || c->has_next[a]) && log->n < OWN_MAX && c->n_words < CHRONICLE_KNOWN;
}

uint64_t chronicle_voted(const struct chronicle *c, uint32_t a) {
  uint64_t out = 0;
  struct record record;
  for (uint64_t i = 0; i < c->logs[a].n; i++) {
    const struct view envelope = c->logs[a].records[i].item.envelope;
    if (record_reopen(envelope, &c->f->charter.fed_id, &record) == REASON_NONE &&
        (record.header.kind == KIND_PROPOSE || record.header.kind == KIND_VOTE))
      out = i + 1;
  }
  return out;
}

/* ---- what they hear ---- */

/* The ballots of the epoch in force, with what an author has heard. */
static struct ballots *ballots_of(struct chronicle *c, uint32_t a) {
  if (c->ballots[a] != NULL) return c->ballots[a];
  assert_int_equal(ballots_new(&c->f->charter.fed_id, in_force(c), &c->identities, &c->ballots[a], &err), OK);
  for (uint32_t i = 0; i < c->n_words; i++) {
    const struct chronicle_word *w = &c->words[i];
    if ((w->heard >> a & 1u) == 0) continue;
    assert_int_equal(ballots_take(c->ballots[a], &w->id, &w->header, bytes_view(&w->body), &err), OK);
  }
  return c->ballots[a];
}

/* Everybody counts anew, when its turn comes. */
static void count_again(struct chronicle *c) {
  for (uint32_t a = 0; a < CHRONICLE_LOGS; a++) {
    ballots_free(c->ballots[a]);
    c->ballots[a] = NULL;
  }
}

static void hear(struct chronicle *c, uint32_t a, uint64_t one_of) {
  (void)ballots_of(c, a); /* before more is heard */
  for (uint32_t i = 0; i < c->n_words; i++) {
    struct chronicle_word *w = &c->words[i];
    if ((w->heard >> a & 1u) != 0 || !chronicle_one_in(c, one_of)) continue;
    w->heard |= 1u << a;
    assert_int_equal(ballots_take(ballots_of(c, a), &w->id, &w->header, bytes_view(&w->body), &err), OK);
  }
}

void chronicle_votes_identity(struct chronicle *c, uint32_t a) {
  know_identity(c, a);
  count_again(c);
}

/* ---- what they say ---- */

/* Whether a kind 4 or 5 has effect above what its log says already; then it counts there. */
static bool has_effect(struct chronicle *c, uint32_t a, const struct header *h, struct view body) {
  struct proposal_body proposal;
  struct vote_body vote;
  const bool blank = !h->has_subject;
  if (header_shape(h) != REASON_NONE || !pubkey_equal(&h->author, &chronicle_key(c, a)->pub)) return false;
  if (h->kind == KIND_PROPOSE) return proposal_decode(body, h->args, &proposal, NULL) == OK;
  if (vote_decode(body, h, &c->f->charter.fed_id, &vote, NULL) != OK) return false;
  if (!voting_allows(&c->voting[a], h->args[0], h->args[1], blank, &vote)) return false;
  voting_apply(&c->voting[a], h->args[0], h->args[1], blank, &vote);
  return true;
}

static void say(struct chronicle *c, uint32_t a, const struct signer *author, struct header h, struct view body) {
  if (!may_say(c, a)) return;
  const struct hash id = chronicle_write(c, a, a, author, h, body);
  struct chronicle_word *w = &c->words[c->n_words];
  h.home = c->nodes[a]->id;
  h.author = author->pub;
  h.body_len = (uint32_t)body.len;
  if (!has_effect(c, a, &h, body)) return;
  *w = (struct chronicle_word){.id = id, .header = h};
  bytes_init(&w->body, LIMIT_BODY);
  assert_int_equal(bytes_append(&w->body, body, &err), OK);
  c->n_words++;
}

/* ---- wishes ---- */

static void make_act(struct chronicle *c, unsigned which) {
  struct bytes body;
  struct act act = {.kind = which == COME ? CHANGE_ADMIT : CHANGE_REMOVE};
  const uint32_t a = c->leaving;
  if (c->acts[which].len > 0) return;
  bytes_init(&body, LIMIT_IDENTITY);
  if (which == COME) {
    const struct fixture_node *who = c->nodes[CHRONICLE_FOUNDERS];
    rotation_first(who, &body, &act.item);
    memcpy(act.handle, who->handle, strlen(who->handle) + 1);
    memcpy(act.country, who->handle, 2);
    const struct member *lead = epoch_by_handle(&c->epochs[0], act.country);
    act.has_lead = lead != NULL;
    act.lead_roll = lead == NULL ? 0 : lead->roll;
  } else {
    const struct own_log *log = c->has_next[a] && !chronicle_one_in(c, 3)  ? &c->next[a]
                                : a == c->forker && chronicle_one_in(c, 2) ? &c->other
                                                                           : &c->logs[a];
    act.node = c->nodes[a]->id;
    act.has_cut = !chronicle_one_in(c, 6);
    act.cut = (struct cut){.gen = log == &c->next[a] ? 2 : 1, .size = 1 + chronicle_below(c, log->n)};
    act.cut.root = own_root(log, act.cut.size);
  }
  assert_int_equal(act_encode(&act, &c->acts[which], &err), OK);
  bytes_release(&body);
}

static void consent(struct chronicle *c, uint32_t a, bool by_roots, struct change *change) {
  struct consent out = {.node = c->nodes[a]->id, .version = version_of(c, a), .by_roots = by_roots};
  struct identity id;
  uint32_t added = 0;
  const struct hash *fed = &c->f->charter.fed_id;
  assert_true(find_identity(c, &c->nodes[a]->id, out.version, &id));
  if (by_roots) {
    assert_int_equal(consent_by_roots(&c->nodes[a]->root, 1, &id, fed, change->act.octets, &out, &added, &err), OK);
  } else {
    consent_by_node(chronicle_key(c, a), fed, change->act.octets, &out.node, out.version, &out);
  }
  assert_int_equal(change_consent(change, &out, &err), OK);
}

/* An act with the consents of some: one's own, and those that were handed over on paper; that of who is to go seldom. */
static void wish(struct chronicle *c, uint32_t a, unsigned which, uint64_t one_of) {
  struct changes *changes = calloc(1, sizeof *changes);
  struct change change = {.n = 0};
  struct bytes octets, body;
  assert_non_null(changes);
  make_act(c, which);
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(change_new(bytes_view(&c->acts[which]), &c->f->charter.fed_id, &change, &err), OK);
  for (uint32_t i = 0; i < CHRONICLE_LOGS; i++) {
    const bool asked = i == a || chronicle_one_in(c, one_of);
    if (!asked || !is_voice(c, i) || (which == GO && i == c->leaving && !chronicle_one_in(c, 4))) continue;
    consent(c, i, (which == GO) != chronicle_one_in(c, 20), &change);
  }
  assert_int_equal(changes_add(changes, &change, &err), OK);
  assert_int_equal(changes_encode(changes, &octets, &err), OK);
  assert_int_equal(proposal_encode(bytes_view(&octets), NULL, 0, &body, &err), OK);
  say(c, a, chronicle_key(c, a), (struct header){.kind = KIND_PROPOSE, .n_args = 2}, bytes_view(&body));
  changes_release(changes);
  free(changes);
  bytes_release(&octets);
  bytes_release(&body);
}

/* ---- an honest voice ---- */

static bool holds(void *context, const struct hash *node, const struct cut *cut) {
  (void)context;
  (void)node;
  (void)cut;
  return true;
}

/* Somebody knows what was decided: it is in force, and the votes go on with the next. */
static void look(struct chronicle *c, uint32_t a) {
  struct bytes *item = &c->items[c->n_epochs];
  bool decided = false;
  if (c->n_epochs == CHRONICLE_EPOCHS) return;
  assert_int_equal(ballots_decided(ballots_of(c, a), &decided, item, &err), OK);
  if (!decided) return;
  const enum err_code code = epoch_item_verify(bytes_view(item), &c->f->charter.fed_id, in_force(c), &c->identities,
                                               &c->epochs[c->n_epochs], NULL, NULL, &err);
  if (code != OK) fail_msg("what was decided is no epoch: %s", err.message);
  c->n_epochs++;
  count_again(c);
}

static void vote(struct chronicle *c, uint32_t a, bool pressed) {
  struct ballot_self self = {.node = c->nodes[a]->id, .node_key = chronicle_key(c, a), .holds = holds};
  bool waits = false;
  for (int i = 0; i < 3 && !waits && may_say(c, a); i++) {
    struct ballot_move move = {.step = BALLOT_WAIT};
    self.voting = c->voting[a];
    assert_int_equal(ballots_next(ballots_of(c, a), &self, pressed && i == 0, &move, NULL, &err), OK);
    waits = move.step == BALLOT_WAIT;
    const struct header h = {.kind = move.kind,
                             .has_subject = move.has_subject,
                             .subject = move.subject,
                             .n_args = 2,
                             .args = {move.epoch, move.ballot}};
    if (!waits) say(c, a, self.node_key, h, bytes_view(&move.body));
    ballot_move_release(&move);
    for (uint32_t k = 0; k < c->n_words; k++) { /* its own word, whatever else it has not heard of */
      struct chronicle_word *w = &c->words[k];
      if ((w->heard >> a & 1u) != 0 || !hash_equal(&w->header.home, &self.node)) continue;
      w->heard |= 1u << a;
      assert_int_equal(ballots_take(ballots_of(c, a), &w->id, &w->header, bytes_view(&w->body), &err), OK);
    }
  }
  look(c, a);
}

/* ---- a liar, and noise ---- */

static const struct chronicle_word *any_word(const struct chronicle *c) {
  return c->n_words == 0 ? NULL : &c->words[chronicle_below(c, c->n_words)];
}

/* A vote in any ballot of about this time for anything that somebody voted for. */
static void lie(struct chronicle *c, uint32_t a) {
  const struct chronicle_word *about = any_word(c), *like = any_word(c);
  struct header h = {.kind = KIND_VOTE, .n_args = 2, .args = {c->n_epochs + 1, chronicle_below(c, 3)}};
  struct vote_body body = {.hash = c->policy};
  struct bytes octets;
  if (about == NULL) return;
  if (chronicle_one_in(c, 5)) h.args[0] += 1 - chronicle_below(c, 3);
  h.has_subject = !chronicle_one_in(c, 4);
  h.subject = about->id;
  if (like->header.kind == KIND_VOTE && like->header.has_subject)
    assert_int_equal(vote_decode(bytes_view(&like->body), &like->header, &c->f->charter.fed_id, &body, &err), OK);
  body.signature = vote_sign(chronicle_one_in(c, 6) ? &c->people[0] : chronicle_key(c, a), &c->f->charter.fed_id, h.args[0],
                             h.args[1], &body.hash);
  body.last_ballot = chronicle_below(c, 2);
  bytes_init(&octets, LIMIT_BODY);
  if (h.has_subject || chronicle_one_in(c, 2)) assert_int_equal(vote_encode(&body, !h.has_subject, &octets, &err), OK);
  say(c, a, chronicle_key(c, a), h, bytes_view(&octets));
  bytes_release(&octets);
}

/* A proposal of changes that somebody carried, on blank votes that nobody need have sent. */
static void lie_proposing(struct chronicle *c, uint32_t a) {
  const struct chronicle_word *like = any_word(c);
  struct header h = {.kind = KIND_PROPOSE, .n_args = 2, .args = {c->n_epochs + 1, chronicle_below(c, 3)}};
  struct proposal_body body;
  struct bytes octets;
  if (like == NULL || like->header.kind != KIND_PROPOSE) return;
  assert_int_equal(proposal_decode(bytes_view(&like->body), like->header.args, &body, &err), OK);
  for (uint32_t i = 0; i < c->n_words && body.n_blanks == 0 && h.args[1] > 0; i++) {
    if (c->words[i].header.kind == KIND_VOTE && !c->words[i].header.has_subject) body.blanks[body.n_blanks++] = c->words[i].id;
  }
  if (h.args[1] == 0 || chronicle_one_in(c, 4)) body.n_blanks = 0;
  bytes_init(&octets, LIMIT_BODY);
  assert_int_equal(proposal_encode(body.changes, body.blanks, body.n_blanks, &octets, &err), OK);
  say(c, a, chronicle_key(c, a), h, bytes_view(&octets));
  bytes_release(&octets);
}

/* What is held everywhere: a vote by who is no node, or with an octet changed, or with args that none has. */
static void noise(struct chronicle *c, uint32_t a) {
  const struct chronicle_word *like = any_word(c);
  const struct signer *author = chronicle_key(c, a);
  struct bytes octets;
  if (like == NULL || !may_say(c, a)) return;
  struct header h = like->header;
  bytes_init(&octets, LIMIT_BODY);
  assert_int_equal(bytes_append(&octets, bytes_view(&like->body), &err), OK);
  const uint64_t how = chronicle_below(c, 3);
  if (how == 0) author = &c->people[0];
  if (how == 1) h.args[0] = 1;
  if (how == 2 && octets.len == 0) h.n_args = 1;
  if (how == 2 && octets.len > 0) octets.p[0] ^= 1;
  h.home = (struct hash){{0}};
  (void)chronicle_write(c, a, a, author, h, bytes_view(&octets));
  bytes_release(&octets);
}

/* ---- all of it ---- */

void chronicle_votes(struct chronicle *c, uint32_t a) {
  hear(c, a, 2);
  if (chronicle_one_in(c, 12)) {
    noise(c, a);
  } else if (chronicle_one_in(c, 4)) {
    wish(c, a, chronicle_one_in(c, 2) ? COME : GO, 3);
  } else if (a == c->liar && chronicle_one_in(c, 3)) {
    lie_proposing(c, a);
  } else if (a == c->liar) {
    lie(c, a);
  } else {
    vote(c, a, chronicle_one_in(c, 3));
  }
}

/* Whoever was to come is here, and whoever was to go is gone. */
static bool is_done(const struct chronicle *c) {
  return epoch_by_node(in_force(c), &c->nodes[CHRONICLE_FOUNDERS]->id) != NULL &&
         epoch_former(in_force(c), &c->nodes[c->leaving]->id) != NULL;
}

void chronicle_votes_conclude(struct chronicle *c) {
  for (unsigned which = COME; which <= GO; which++) {
    if (!chronicle_one_in(c, 8)) wish(c, (c->liar + 1 + (uint32_t)chronicle_below(c, 4)) % CHRONICLE_FOUNDERS, which, 1);
  }
  for (unsigned round = 0; round < ROUNDS && !is_done(c); round++) {
    for (uint32_t a = 0; a < CHRONICLE_LOGS; a++) {
      hear(c, a, 1);
      if (a != c->liar) vote(c, a, round % 2 == 1 && chronicle_one_in(c, 2));
    }
  }
}

void chronicle_votes_begin(struct chronicle *c) {
  c->liar = (uint32_t)chronicle_below(c, CHRONICLE_FOUNDERS);
  c->leaving = (c->liar + 1 + (uint32_t)chronicle_below(c, CHRONICLE_FOUNDERS - 1)) % CHRONICLE_FOUNDERS;
  for (uint32_t a = 0; a < CHRONICLE_LOGS; a++)
    know_identity(c, a);
  c->identities = (struct identities){.find = find_identity, .context = c};
  for (uint32_t i = 0; i < CHRONICLE_EPOCHS; i++)
    bytes_init(&c->items[i], LIMIT_EPOCH_ITEM);
  for (unsigned which = COME; which <= GO; which++)
    bytes_init(&c->acts[which], LIMIT_CHANGES_BYTES);
  assert_int_equal(epoch_from_charter(&c->f->charter, &c->epochs[0], NULL, &err), OK);
  c->n_epochs = 1;
  count_again(c);
}

void chronicle_votes_release(struct chronicle *c) {
  for (uint32_t a = 0; a < CHRONICLE_LOGS; a++)
    ballots_free(c->ballots[a]);
  for (uint32_t i = 0; i < c->n_words; i++)
    bytes_release(&c->words[i].body);
  for (uint32_t i = 0; i < CHRONICLE_EPOCHS; i++) {
    epoch_release(&c->epochs[i]);
    bytes_release(&c->items[i]);
  }
  for (unsigned which = COME; which <= GO; which++)
    bytes_release(&c->acts[which]);
}
