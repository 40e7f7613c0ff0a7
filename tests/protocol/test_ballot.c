/*
 * Ballots step by step: what a voice does in the cases of docs/protocol.md 6.5. The random ones are in test_ballot_safety.c.
 */
#include <stdio.h>

#include "tests/protocol/council.h"

#define ALL 0x7fu

/* Everybody learns everything and moves until nobody has anything to do. */
static void settle(struct council *c, uint32_t awake) {
  bool moved = true;
  while (moved) {
    moved = false;
    for (uint32_t i = 0; i < c->n; i++) {
      for (uint32_t k = 0; k < c->n; k++) {
        if ((awake >> i & 1) != 0 && (awake >> k & 1) != 0) council_learn(c, i, k, UINT32_MAX);
      }
      if ((awake >> i & 1) != 0) moved = council_move(c, i, false) != BALLOT_WAIT || moved;
    }
  }
}

/* The voices of a mask have decided alike: an epoch of so many members. */
static struct hash expect_decided(struct council *c, uint32_t mask, uint32_t n_members) {
  struct hash first = cast_hash(0);
  struct hash hash;
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n; i++) {
    if ((mask >> i & 1) == 0) continue;
    assert_true(council_decided(c, i, &hash, &n));
    assert_int_equal(n, n_members);
    if (!hash_is_zero(&first)) assert_true(hash_equal(&first, &hash));
    first = hash;
  }
  return first;
}

static void expect_undecided(struct council *c) {
  struct hash hash;
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n; i++)
    assert_false(council_decided(c, i, &hash, &n));
}

static uint32_t proposer(const struct council *c, uint64_t ballot) {
  return (uint32_t)((c->epoch.number + ballot) % c->n);
}

static uint32_t count(const struct voice *v, uint64_t kind, uint64_t ballot) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < v->n; i++)
    n += v->log[i].header.kind == kind && v->log[i].header.args[0] > 0 && v->log[i].header.args[1] == ballot;
  return n;
}

static void a_ripe_wish_becomes_an_epoch_in_the_first_ballot(void **state) {
  (void)state;
  for (uint32_t n = 1; n <= VOICES_MAX; n++) {
    struct council c;
    council_init(&c, n, n + 3);
    council_wish_admission(&c, n - 1, 0, ALL);
    settle(&c, ALL);
    expect_decided(&c, ALL, n + 1);
    for (uint32_t i = 0; i < n; i++) {
      assert_int_equal(count(&c.voices[i], KIND_PROPOSE, 0), i == proposer(&c, 0));
      assert_int_equal(count(&c.voices[i], KIND_VOTE, 0), 1);
    }
    council_release(&c);
  }
}

static void consents_of_several_logs_are_united(void **state) {
  (void)state;
  struct council c;
  struct wish wish;
  council_init(&c, 5, 2);
  council_wish_admission(&c, 0, 0, 1u << 0);
  council_wish_admission(&c, 1, 0, 1u << 1);
  settle(&c, ALL);
  expect_undecided(&c);
  assert_int_equal(ballots_wishes(c.voices[3].ballots), 1);
  assert_int_equal(ballots_wish(c.voices[3].ballots, 0, &wish, NULL), OK);
  assert_true(wish.given == 2 && wish.needed == 3 && !wish.ripe && !wish.over && wish.n == 2);
  council_wish_admission(&c, 4, 0, 1u << 4);
  settle(&c, ALL);
  expect_decided(&c, ALL, 6);
  assert_int_equal(ballots_wish(c.voices[3].ballots, 0, &wish, NULL), OK);
  assert_true(wish.given == 3 && wish.ripe);
  council_release(&c);
}

static void an_absent_proposer_is_passed_over(void **state) {
  (void)state;
  for (uint32_t n = 3; n <= 5; n++) {
    struct council c;
    council_init(&c, n, 9);
    const uint32_t away = proposer(&c, 0);
    const uint32_t awake = ALL & ~(1u << away);
    council_wish_admission(&c, (away + 1) % n, 0, ALL);
    settle(&c, awake);
    expect_undecided(&c);
    for (uint32_t i = 1; i <= 2; i++) { /* two lose patience, more than a third: all awake follow */
      settle(&c, awake);
      expect_undecided(&c);
      assert_int_equal(council_move(&c, (away + i) % n, true), BALLOT_BLANK);
    }
    settle(&c, awake);
    expect_decided(&c, awake, n + 1);
    settle(&c, ALL); /* who comes back learns it, and its own ballot is over */
    expect_decided(&c, ALL, n + 1);
    council_release(&c);
  }
}

/* Ballot 0: the proposal reaches one other voice only; then its proposer is away. Ballot 1 must repeat it, though its proposer
 * has another wish, which waits for the epoch after. */
static void a_vote_that_was_given_is_repeated_in_the_next_ballot(void **state) {
  (void)state;
  struct council c;
  council_init(&c, 5, 5);
  const uint32_t p = proposer(&c, 0), q = proposer(&c, 1), r = (q + 1) % 5;
  const uint32_t awake = ALL & ~(1u << p);
  council_wish_admission(&c, p, 0, ALL);
  council_wish_admission(&c, q, 1, ALL);
  assert_int_equal(council_move(&c, p, false), BALLOT_PROPOSE);
  assert_int_equal(council_move(&c, p, false), BALLOT_VOTE);
  council_learn(&c, r, p, UINT32_MAX);
  assert_int_equal(council_move(&c, r, false), BALLOT_VOTE);
  for (uint32_t i = 0; i < 5; i++) {
    if (i == p) continue;
    council_learn(&c, i, q, 1);
    assert_int_equal(council_move(&c, i, true), BALLOT_BLANK);
  }
  council_learn_all(&c);
  settle(&c, awake);
  expect_decided(&c, awake, 6);
  assert_int_equal(count(&c.voices[q], KIND_PROPOSE, 1), 1);
  struct proposal_body first, second;
  const uint64_t ballots[2][2] = {{6, 0}, {6, 1}};
  assert_int_equal(proposal_decode(bytes_view(&c.voices[p].log[1].body), ballots[0], &first, NULL), OK);
  for (uint32_t i = 0; i < c.voices[q].n; i++) {
    const struct written *w = &c.voices[q].log[i];
    if (w->header.kind != KIND_PROPOSE || w->header.args[0] == 0) continue;
    assert_int_equal(proposal_decode(bytes_view(&w->body), ballots[1], &second, NULL), OK);
    assert_true(view_equal(first.changes, second.changes) && second.n_blanks == 4);
  }
  council_release(&c);
}

/* Two of five voted in ballot 0, then everybody opens ballot 1, without a word of the other vote but in blank votes. */
static void a_split_vote_is_followed_by_a_second_ballot(void **state) {
  (void)state;
  struct council c;
  council_init(&c, 5, 5);
  const uint32_t p = proposer(&c, 0), q = proposer(&c, 1);
  council_wish_admission(&c, p, 0, ALL);
  council_wish_admission(&c, q, 1, ALL);
  assert_int_equal(council_move(&c, p, false), BALLOT_PROPOSE);
  assert_int_equal(council_move(&c, p, false), BALLOT_VOTE);
  for (uint32_t i = 0; i < 5; i++) { /* the others do not know of it: their patience is over first */
    if (i == p) continue;
    council_learn(&c, i, q, UINT32_MAX);
    assert_int_equal(council_move(&c, i, true), BALLOT_BLANK);
  }
  settle(&c, ALL);
  struct hash hash = expect_decided(&c, ALL, 6); /* without p's blank vote, the ballot was free for q's wish */
  assert_int_equal(count(&c.voices[q], KIND_PROPOSE, 1), 1);
  /* A late vote of the first ballot changes nothing: its voter has gone on, so it does not stand. */
  const struct written *old = NULL;
  for (uint32_t i = 0; i < c.voices[p].n; i++)
    if (c.voices[p].log[i].header.kind == KIND_PROPOSE && c.voices[p].log[i].header.args[0] > 0) old = &c.voices[p].log[i];
  assert_non_null(old);
  const uint32_t late = (q + 1) % 5;
  struct vote_body vote = {.hash = hash};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  vote.signature = vote_sign(&c.voices[late].actor.node_key, &c.fed_id, 6, 0, &vote.hash);
  assert_int_equal(vote_encode(&vote, false, &body, NULL), OK);
  assert_false(council_write(&c, late, KIND_VOTE, &old->id, 6, 0, bytes_view(&body)));
  bytes_release(&body);
  settle(&c, ALL);
  struct hash still = expect_decided(&c, ALL, 6);
  assert_true(hash_equal(&hash, &still));
  council_release(&c);
}

/* Who lies in a blank vote, proposes without blanks, or votes for what nobody may, moves nothing. */
static void what_is_not_lawful_finds_no_votes(void **state) {
  (void)state;
  struct council c;
  struct bytes act, octets, body;
  struct change change;
  struct changes changes = {.n = 0};
  council_init(&c, 3, 3);
  const uint32_t liar = proposer(&c, 1);
  council_admission(&c, 0, &act);
  council_change(&c, bytes_view(&act), ALL, false, &change);
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(changes_add(&changes, &change, NULL), OK);
  assert_int_equal(changes_encode(&changes, &octets, NULL), OK);
  /* a proposal of ballot 1 with one blank of its own and one of nobody's */
  assert_true(council_write(&c, liar, KIND_VOTE, NULL, 4, 1, view_of(NULL, 0)));
  struct hash blanks[2] = {c.voices[liar].log[0].id, cast_hash(0xff)};
  if (hash_compare(&blanks[0], &blanks[1]) > 0) {
    struct hash swap = blanks[0];
    blanks[0] = blanks[1];
    blanks[1] = swap;
  }
  assert_int_equal(proposal_encode(bytes_view(&octets), blanks, 2, &body, NULL), OK);
  assert_true(council_write(&c, liar, KIND_PROPOSE, NULL, 4, 1, bytes_view(&body)));
  council_learn_all(&c);
  for (uint32_t i = 0; i < 3; i++) {
    if (i == liar) continue;
    struct ballot_self self = council_self(&c, i);
    struct ballot_move move;
    assert_int_equal(ballots_next(c.voices[i].ballots, &self, false, &move, NULL, NULL), OK);
    assert_int_equal(move.step, BALLOT_WAIT); /* nothing is ripe or lawful */
    ballot_move_release(&move);
  }
  /* a blank vote that keeps silent about a vote does not stand, nor one that invents one */
  struct vote_body vote = {.hash = cast_hash(3), .has_last = true, .last_ballot = 1};
  bytes_clear(&body);
  assert_int_equal(vote_encode(&vote, true, &body, NULL), OK);
  assert_false(council_write(&c, liar, KIND_VOTE, NULL, 4, 2, bytes_view(&body)));
  bytes_clear(&body);
  vote.signature = vote_sign(&c.voices[liar].actor.node_key, &c.fed_id, 4, 1, &vote.hash);
  assert_int_equal(vote_encode(&vote, false, &body, NULL), OK);
  assert_true(council_write(&c, liar, KIND_VOTE, &c.voices[liar].log[1].id, 4, 1, bytes_view(&body)));
  assert_false(council_write(&c, liar, KIND_VOTE, NULL, 4, 2, view_of(NULL, 0)));
  /* one that names its vote for an unlawful proposal stands, and no proposal may use it */
  bytes_clear(&body);
  assert_int_equal(vote_encode(&vote, true, &body, NULL), OK);
  assert_true(council_write(&c, liar, KIND_VOTE, NULL, 4, 2, bytes_view(&body)));
  const uint32_t honest[2] = {(liar + 1) % 3, (liar + 2) % 3};
  for (uint32_t i = 0; i < 2; i++) /* their patience brought them there, too */
    assert_true(council_write(&c, honest[i], KIND_VOTE, NULL, 4, 2, view_of(NULL, 0)));
  council_wish_admission(&c, liar, 0, ALL);
  settle(&c, ALL & ~(1u << liar));
  council_learn_all(&c);
  settle(&c, ALL & ~(1u << liar));
  expect_decided(&c, ALL & ~(1u << liar), 4);
  changes_release(&changes);
  bytes_release(&act);
  bytes_release(&octets);
  bytes_release(&body);
  council_release(&c);
}

/* A proposer that makes two proposals in one ballot, each voted for by some: what may have been chosen is found out. */
static void two_proposals_of_one_ballot_do_not_split_the_voices(void **state) {
  (void)state;
  struct council c;
  council_init(&c, 5, 5);
  const uint32_t p = proposer(&c, 0);
  council_wish_admission(&c, p, 0, ALL);
  assert_int_equal(council_move(&c, p, false), BALLOT_PROPOSE);
  const uint32_t first = c.voices[p].n;
  council_wish_admission(&c, p, 1, ALL);
  /* the same body as a bundle of the second wish would have */
  struct bytes act, octets, body;
  struct change change;
  struct changes changes = {.n = 0};
  council_admission(&c, 1, &act);
  council_change(&c, bytes_view(&act), 0x7, false, &change);
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(changes_add(&changes, &change, NULL), OK);
  assert_int_equal(changes_encode(&changes, &octets, NULL), OK);
  assert_int_equal(proposal_encode(bytes_view(&octets), NULL, 0, &body, NULL), OK);
  assert_true(council_write(&c, p, KIND_PROPOSE, NULL, 6, 0, bytes_view(&body)));
  const struct hash ids[2] = {c.voices[p].log[first - 1].id, c.voices[p].log[c.voices[p].n - 1].id};
  council_learn_all(&c);
  /* whoever sees both votes for one and the same: that with the higher place */
  uint32_t voted = 0;
  for (uint32_t i = 0; i < 5; i++) {
    if (i == p) continue;
    assert_int_equal(council_move(&c, i, false), BALLOT_VOTE);
    const struct written *w = &c.voices[i].log[c.voices[i].n - 1];
    assert_true(hash_equal(&w->header.subject, &ids[0]) || hash_equal(&w->header.subject, &ids[1]));
    voted++;
  }
  assert_int_equal(voted, 4);
  settle(&c, ALL);
  expect_decided(&c, ALL, 6);
  changes_release(&changes);
  bytes_release(&act);
  bytes_release(&octets);
  bytes_release(&body);
  council_release(&c);
}

static void a_removal_waits_for_who_holds_the_log_to_the_cut(void **state) {
  (void)state;
  struct council c;
  struct bytes octets;
  struct change change;
  council_init(&c, 3, 4);
  struct act act = {
      .kind = CHANGE_REMOVE, .node = c.voices[2].actor.founder.node, .has_cut = true, .cut = {1, 5, cast_hash(1)}};
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  assert_int_equal(act_encode(&act, &octets, NULL), OK);
  council_change(&c, bytes_view(&octets), 0x3, true, &change);
  council_wish(&c, 0, &change);
  for (uint32_t i = 0; i < 3; i++)
    c.voices[i].holds = false;
  settle(&c, 0x3);
  expect_undecided(&c);
  c.voices[0].holds = c.voices[1].holds = true;
  settle(&c, 0x3);
  assert_int_equal(proposer(&c, 0), 1); /* voice 1 proposes, 0 and 1 vote: two of three */
  expect_decided(&c, 0x3, 2);
  bytes_release(&octets);
  council_release(&c);
}

/* A voice that opens one ballot after the other takes nobody's time to vote: the others vote in the ballot that they are in. */
static void one_voice_hurries_nobody_on(void **state) {
  (void)state;
  for (uint32_t n = 4; n <= VOICES_MAX; n++) {
    struct council c;
    council_init(&c, n, 9);
    const uint32_t liar = (proposer(&c, 0) + 1) % n;
    const uint32_t honest = ALL & ~(1u << liar);
    for (uint64_t ballot = 1; ballot <= n; ballot++) {
      assert_true(council_write(&c, liar, KIND_VOTE, NULL, 10, ballot, view_of(NULL, 0)));
      council_learn_all(&c);
    }
    council_wish_admission(&c, proposer(&c, 0), 0, ALL);
    council_learn_all(&c);
    for (uint32_t i = 0; i < n; i++) {
      if (i != liar && i != proposer(&c, 0)) assert_int_equal(council_move(&c, i, false), BALLOT_WAIT);
    }
    settle(&c, honest);
    expect_decided(&c, honest, n + 1);
    assert_int_equal(count(&c.voices[proposer(&c, 0)], KIND_PROPOSE, 0), 1);
    council_release(&c);
  }
}

static void patience_ends_where_nobody_follows(void **state) {
  (void)state;
  struct council c;
  council_init(&c, 3, 4);
  council_wish_admission(&c, 0, 0, ALL);
  uint32_t n = 0;
  while (council_move(&c, 0, true) != BALLOT_WAIT)
    n++;
  assert_int_equal(n, 3); /* n ballots ahead of the others, not more */
  council_release(&c);
}

/* A member consents to many acts in its time: those that are done take no place of what it wishes now. */
static void what_was_done_leaves_room_for_new_wishes(void **state) {
  (void)state;
  struct council c;
  council_init(&c, 3, 4);
  const struct actor *there = &c.voices[1].actor;
  for (unsigned i = 0; i < 260; i++) {
    struct act act = {.kind = CHANGE_ADMIT, .country = "IT"};
    struct change change;
    struct bytes octets;
    act.item.body = bytes_view(&there->body);
    act.item.n = 1;
    act.item.signatures[0].signature = sign_tagged(&there->roots[0], SIGN_IDENTITY, &c.fed_id, hash_view(&there->founder.node));
    snprintf(act.handle, sizeof act.handle, "IT%03u", i);
    snprintf(act.region, sizeof act.region, "IT-%03u", i);
    bytes_init(&octets, LIMIT_CHANGES_BYTES);
    assert_int_equal(act_encode(&act, &octets, NULL), OK);
    council_change(&c, bytes_view(&octets), 0x1, false, &change);
    council_wish(&c, 0, &change);
    bytes_release(&octets);
  }
  council_wish_admission(&c, 0, 0, ALL);
  settle(&c, ALL);
  assert_int_equal(ballots_wishes(c.voices[2].ballots), 1);
  expect_decided(&c, ALL, 4);
  council_release(&c);
}

/* Consents that do not verify cost whoever looks at them: a member that hands over many is heard no more, the others are. */
static void a_flood_of_untrue_consents_spoils_nobody_elses_wishes(void **state) {
  (void)state;
  struct council c;
  struct bytes act;
  council_init(&c, 3, 4);
  council_admission(&c, 0, &act);
  for (uint32_t i = 0; i < 256; i++) {
    struct change change;
    council_change(&c, bytes_view(&act), 0x2, false, &change);
    change.consents[0].signature.b[i % 64] ^= 1;
    council_wish(&c, 0, &change);
  }
  council_wish_admission(&c, 0, 1, ALL);
  council_learn_all(&c);
  assert_int_equal(ballots_wishes(c.voices[2].ballots), 1); /* that of the flood, without a consent */
  council_wish_admission(&c, 1, 0, ALL);
  settle(&c, ALL);
  expect_decided(&c, ALL, 4);
  bytes_release(&act);
  council_release(&c);
}

/* Of one voice 256 proposals are looked at: whoever has made them does not go on to fill its log. */
static void nobody_makes_a_proposal_that_is_not_looked_at(void **state) {
  (void)state;
  struct council c;
  struct bytes act, octets, body;
  struct change change;
  struct changes changes = {.n = 0};
  const struct hash blank = cast_hash(9);
  council_init(&c, 1, 4);
  council_admission(&c, 1, &act);
  council_change(&c, bytes_view(&act), 0, false, &change); /* nobody's consent: not lawful */
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(changes_add(&changes, &change, NULL), OK);
  assert_int_equal(changes_encode(&changes, &octets, NULL), OK);
  assert_int_equal(proposal_encode(bytes_view(&octets), &blank, 1, &body, NULL), OK);
  for (uint64_t ballot = 1; ballot <= 256; ballot++)
    assert_true(council_write(&c, 0, KIND_PROPOSE, NULL, 5, ballot, bytes_view(&body)));
  council_wish_admission(&c, 0, 0, ALL);
  assert_int_equal(council_move(&c, 0, false), BALLOT_WAIT);
  changes_release(&changes);
  bytes_release(&act);
  bytes_release(&octets);
  bytes_release(&body);
  council_release(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ripe_wish_becomes_an_epoch_in_the_first_ballot),
      cmocka_unit_test(consents_of_several_logs_are_united),
      cmocka_unit_test(an_absent_proposer_is_passed_over),
      cmocka_unit_test(a_vote_that_was_given_is_repeated_in_the_next_ballot),
      cmocka_unit_test(a_split_vote_is_followed_by_a_second_ballot),
      cmocka_unit_test(what_is_not_lawful_finds_no_votes),
      cmocka_unit_test(two_proposals_of_one_ballot_do_not_split_the_voices),
      cmocka_unit_test(a_removal_waits_for_who_holds_the_log_to_the_cut),
      cmocka_unit_test(one_voice_hurries_nobody_on),
      cmocka_unit_test(patience_ends_where_nobody_follows),
      cmocka_unit_test(what_was_done_leaves_room_for_new_wishes),
      cmocka_unit_test(a_flood_of_untrue_consents_spoils_nobody_elses_wishes),
      cmocka_unit_test(nobody_makes_a_proposal_that_is_not_looked_at),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
