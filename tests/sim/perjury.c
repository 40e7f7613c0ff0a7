/*
 * perjury: see perjury.h.
 */
#include "tests/sim/perjury.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "node/voter.h"
#include "protocol/ballot_inside.h"
#include "tests/sim/growth.h"

static bool is_under_way;

bool perjury_is_under_way(void) {
  return is_under_way;
}

struct witness {
  struct world *w;
  struct fixture_node *node;
  uint64_t epoch; /* the coming one */
  uint32_t voice;
  struct federation_lookup lookup;
  struct identities ids;
  struct ballots *ballots;
};

static void swear(struct witness *x, struct header *h, struct view body) {
  struct receipt_row row;
  is_under_way = true;
  (void)!hall_admit_own(x->node->hall, h, body, &row, NULL);
  is_under_way = false;
}

static const struct ballot_vote *any_vote(struct witness *x) {
  const size_t n = x->ballots->n_votes;
  return n == 0 ? NULL : &x->ballots->votes[chance(x->w, n)];
}

static const struct proposal *any_proposal(struct witness *x) {
  const size_t n = x->ballots->n_proposals;
  return n == 0 ? NULL : &x->ballots->proposals[chance(x->w, n)];
}

/* A vote for any proposal, in any ballot, for its hash or one that somebody else voted for. */
static void vote_as_it_likes(struct witness *x) {
  const struct proposal *p = any_proposal(x);
  const struct ballot_vote *other = any_vote(x);
  struct vote_body vote = {.has_last = false};
  struct header h = {.kind = KIND_VOTE, .n_args = 2, .has_subject = true, .args = {x->epoch, 0}};
  struct bytes body;
  if (p == NULL) return;
  h.subject = p->id;
  h.args[1] = is_likely(x->w, 700) ? p->ballot : chance(x->w, 6);
  vote.hash = other != NULL && is_likely(x->w, 300) ? other->body.hash : p->hash;
  vote.signature = vote_sign(&x->node->node_key, &x->w->sim.f.charter.fed_id, x->epoch, h.args[1], &vote.hash);
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(vote_encode(&vote, false, &body, NULL), OK);
  swear(x, &h, bytes_view(&body));
  bytes_release(&body);
}

/* A blank vote that forgets what it voted for, or says something else. */
static void promise_falsely(struct witness *x) {
  const struct ballot_vote *other = any_vote(x);
  struct header h = {.kind = KIND_VOTE, .n_args = 2, .args = {x->epoch, 1 + chance(x->w, 6)}};
  struct vote_body vote = {.has_last = other != NULL && is_likely(x->w, 500)};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  if (vote.has_last) {
    vote.hash = other->body.hash;
    vote.last_ballot = chance(x->w, h.args[1]);
    assert_int_equal(vote_encode(&vote, true, &body, NULL), OK);
  }
  swear(x, &h, bytes_view(&body));
  bytes_release(&body);
}

/* Some of the wishes, with the consents that there are; those that are ripe, or any. */
static bool pick_changes(struct witness *x, bool only_ripe, struct bytes *out) {
  struct changes changes = {.n = 0};
  for (size_t i = 0; i < x->ballots->n_wishes; i++) {
    struct change change = {.n = 0};
    bool fits = false;
    if (!is_likely(x->w, 500) || ballots_weigh(x->ballots, i, &change, &fits, NULL) != OK) continue;
    const bool is_ripe = fits && change_settle(&change, x->ballots->epoch);
    if ((!only_ripe || is_ripe) && changes_add(&changes, &change, NULL) == OK) continue;
    change_release(&change);
  }
  const bool any = changes.n > 0 && changes_encode(&changes, out, NULL) == OK;
  changes_release(&changes);
  return any;
}

static int by_octets(const void *a, const void *b) {
  return hash_compare(a, b);
}

/* The blank votes of a ballot, or with `any` those of others, too. */
static uint32_t pick_blanks(struct witness *x, uint64_t ballot, bool any, struct hash out[LIMIT_MEMBERS]) {
  uint32_t n = 0;
  for (size_t i = 0; i < x->ballots->n_votes && n < LIMIT_MEMBERS; i++) {
    const struct ballot_vote *v = &x->ballots->votes[i];
    if (v->blank && (any || v->ballot == ballot)) out[n++] = v->id;
  }
  qsort(out, n, sizeof out[0], by_octets);
  return n;
}

/* Proposals in a ballot of its own: two that may both be lawful, or what has not its consents, or on blanks of elsewhere. */
static void propose_as_it_likes(struct witness *x) {
  const bool is_lawful = is_likely(x->w, 600);
  struct hash blanks[LIMIT_MEMBERS];
  struct bytes changes, body;
  uint64_t ballot = chance(x->w, 1 + 3 * (uint64_t)x->ballots->epoch->n_leads);
  for (unsigned i = 0; i < x->ballots->epoch->n_leads && ballots_turn(x->ballots, ballot) != x->voice; i++)
    ballot++;
  if (is_likely(x->w, 500)) ballot %= x->ballots->epoch->n_leads;
  struct header h = {.kind = KIND_PROPOSE, .n_args = 2, .args = {x->epoch, ballot}};
  const uint32_t n = ballot == 0 ? 0 : pick_blanks(x, ballot, !is_lawful, blanks);
  if (ballot > 0 && n == 0) return;
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  for (unsigned i = 0; i < 2; i++) {
    bytes_clear(&changes);
    bytes_clear(&body);
    if (pick_changes(x, is_lawful, &changes) && proposal_encode(bytes_view(&changes), blanks, n, &body, NULL) == OK)
      swear(x, &h, bytes_view(&body));
  }
  bytes_release(&changes);
  bytes_release(&body);
}

/* What a liar has to go by, released with ballots_free(x->ballots). False: it is no voice, or its disk does not read. */
static bool witness_begin(struct world *w, uint32_t node, struct witness *x) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct bytes body;
  *x = (struct witness){.w = w, .node = fn, .epoch = fn->federation.epoch.number + 1, .lookup = {fn->store, &fn->federation}};
  x->ids = federation_identities(&x->lookup);
  if (voter_gather(fn->store, &fn->federation, &x->ids, &x->ballots, NULL) != OK) return false;
  bytes_init(&body, LIMIT_CHARTER);
  for (size_t i = 0; i < x->ballots->n_proposals; i++) { /* what each is for */
    struct proposal *p = &x->ballots->proposals[i];
    if (ballots_make(x->ballots, p, &body, NULL) == OK) p->hash = hash_of(HASH_EPOCH, bytes_view(&body), view_of(NULL, 0));
  }
  bytes_release(&body);
  if (ballots_voice(x->ballots, &fn->id, &x->voice)) return true;
  ballots_free(x->ballots);
  return false;
}

void perjury_round(struct world *w) {
  static void (*const LIES_OF_A_VOICE[])(struct witness *) = {vote_as_it_likes, promise_falsely, propose_as_it_likes};
  const struct growth *g = w->growth;
  struct witness x;
  if (g->oddity != ODD_LIAR || w->broken != NULL || !is_likely(w, 400)) return;
  if (!world_is_awake(w, g->odd) || growth_is_removed(w, g->odd) || !witness_begin(w, g->odd, &x)) return;
  LIES_OF_A_VOICE[chance(w, sizeof LIES_OF_A_VOICE / sizeof *LIES_OF_A_VOICE)](&x);
  ballots_free(x.ballots);
  world_note(w, "perjury", g->odd, x.epoch, view_of(NULL, 0));
  world_say(w, "%s swears falsely", world_name(w, g->odd));
  world_written(w, g->odd);
}

/* ---- lists that nobody voted for ---- */

/* The next list by some wishes, with its own vote alone, and perhaps those that were cast for another. */
static bool forge_list(struct witness *x, struct bytes *out) {
  struct epoch_item *item = calloc(1, sizeof *item);
  struct changes changes = {.n = 0};
  struct bytes octets, body;
  assert_non_null(item);
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_CHARTER);
  bool is_made = pick_changes(x, false, &octets) &&
                 changes_decode(bytes_view(&octets), &x->w->sim.f.charter.fed_id, &changes, NULL) == OK &&
                 changes_apply(&changes, x->ballots->epoch, &body, NULL, NULL) == OK;
  if (is_made) {
    const struct hash hash = hash_of(HASH_EPOCH, bytes_view(&body), view_of(NULL, 0));
    item->body = bytes_view(&body);
    item->changes = bytes_view(&octets);
    item->n = 1;
    item->votes[0] =
        (struct quorum_vote){.roll = federation_self(&x->node->federation)->member->roll,
                             .version = 1,
                             .signature = vote_sign(&x->node->node_key, &x->w->sim.f.charter.fed_id, x->epoch, 0, &hash)};
    is_made = epoch_item_write(item, out, NULL) == OK;
  }
  changes_release(&changes);
  bytes_release(&octets);
  bytes_release(&body);
  free(item);
  return is_made;
}

bool perjury_list(struct world *w, uint32_t node, struct bytes *item) {
  const struct fixture_node *fn = &w->sim.f.nodes[node];
  struct witness x;
  if (is_likely(w, 300)) {
    if (federation_epoch_item(fn->store, &fn->federation, fn->federation.epoch.number, item, NULL) != OK) return false;
    const uint64_t at = chance(w, item->len);
    item->p[at] ^= (uint8_t)(1u << chance(w, 8));
    return true;
  }
  if (!witness_begin(w, node, &x)) return false;
  const bool is_made = forge_list(&x, item);
  ballots_free(x.ballots);
  return is_made;
}
