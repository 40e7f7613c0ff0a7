/*
 * Acts, consents, and what follows on an epoch (docs/protocol.md 6.5). The octets and the rules of succession are in
 * tests/vectors/epoch.json; here is what takes consents together, and what they come to.
 */
#include "tests/protocol/council.h"

static void encode(const struct act *act, struct bytes *out) {
  bytes_init(out, LIMIT_CHANGES_BYTES);
  assert_int_equal(act_encode(act, out, NULL), OK);
}

/* What a change that has the consents of a mask comes to, in the council's epoch. */
static enum err_code authority(struct council *c, const struct act *act, uint32_t nodes, uint32_t roots) {
  struct bytes octets;
  struct change change, more;
  encode(act, &octets);
  council_change(c, bytes_view(&octets), nodes, false, &change);
  council_change(c, bytes_view(&octets), roots, true, &more);
  for (uint32_t i = 0; i < more.n; i++)
    assert_int_equal(change_consent(&change, &more.consents[i], NULL), OK);
  enum err_code code = change_authorise(&change, &c->fed_id, &c->epoch, &c->identities, true, NULL, NULL);
  change_release(&change);
  change_release(&more);
  bytes_release(&octets);
  return code;
}

static uint32_t first(uint32_t n) {
  return (1u << n) - 1;
}

static void each_act_needs_its_own_consents(void **state) {
  (void)state;
  static const uint32_t MAJORITY[VOICES_MAX + 1] = {0, 1, 2, 2, 3, 3, 4, 4};
  static const uint32_t TWO_THIRDS[VOICES_MAX + 1] = {0, 1, 2, 2, 3, 4, 4, 5};
  for (uint32_t n = 2; n <= VOICES_MAX; n++) {
    struct council c;
    council_init(&c, n, 2);
    const struct act policy = {.kind = CHANGE_POLICY, .drops = true, .dropped = cast_hash(8)};
    struct act out = {.kind = CHANGE_REMOVE, .node = c.voices[n - 1].actor.founder.node};
    struct bytes octets;
    struct act admit;
    council_admission(&c, 0, &octets);
    assert_int_equal(act_decode(bytes_view(&octets), &c.fed_id, &admit, NULL), OK);
    assert_int_equal(authority(&c, &admit, first(MAJORITY[n]), 0), OK);
    assert_int_equal(authority(&c, &admit, first(MAJORITY[n] - 1), 0), ERR_INCOMPLETE);
    assert_int_equal(authority(&c, &admit, first(n), 1), ERR_FORMAT);
    assert_int_equal(authority(&c, &policy, 0, first(TWO_THIRDS[n])), OK);
    assert_int_equal(authority(&c, &policy, 0, first(TWO_THIRDS[n] - 1)), ERR_INCOMPLETE);
    assert_int_equal(authority(&c, &policy, first(n), 0), ERR_FORMAT);
    assert_int_equal(authority(&c, &out, 0, first(TWO_THIRDS[n])), OK);
    assert_int_equal(authority(&c, &out, 0, first(TWO_THIRDS[n] - 1)), ERR_INCOMPLETE);
    assert_int_equal(authority(&c, &out, 0, 1u << (n - 1)), OK); /* its own roots */
    assert_int_equal(authority(&c, &out, 1u << (n - 1), 0), ERR_FORMAT);
    assert_int_equal(authority(&c, &out, 0, 0), ERR_INCOMPLETE);
    bytes_release(&octets);
    council_release(&c);
  }
}

static void consents_of_a_replaced_identity_do_not_count_for_a_voter(void **state) {
  (void)state;
  struct council c;
  struct bytes act;
  struct change change;
  council_init(&c, 3, 2);
  council_admission(&c, 0, &act);
  council_change(&c, bytes_view(&act), first(2), false, &change);
  assert_int_equal(change_authorise(&change, &c.fed_id, &c.epoch, &c.identities, true, NULL, NULL), OK);
  c.renewed = 1; /* voice 0 has a second identity now */
  assert_int_equal(change_authorise(&change, &c.fed_id, &c.epoch, &c.identities, true, NULL, NULL), ERR_INCOMPLETE);
  assert_int_equal(change_authorise(&change, &c.fed_id, &c.epoch, &c.identities, false, NULL, NULL), OK);
  struct hash lacking = cast_hash(0);
  change.consents[1].version = 9;
  assert_int_equal(change_authorise(&change, &c.fed_id, &c.epoch, &c.identities, false, &lacking, NULL), ERR_NOT_FOUND);
  assert_true(hash_equal(&lacking, &change.consents[1].node));
  change_release(&change);
  bytes_release(&act);
  council_release(&c);
}

/* Two of three by roots, beside the member's own: what settles is the way that suffices, with no more than it needs. */
static void consents_of_several_ways_are_settled(void **state) {
  (void)state;
  struct council c;
  struct bytes octets;
  struct change change;
  uint32_t given = 0, needed = 0;
  council_init(&c, 5, 2);
  const struct act out = {.kind = CHANGE_REMOVE, .node = c.voices[4].actor.founder.node};
  encode(&out, &octets);
  council_change(&c, bytes_view(&octets), first(3), true, &change);
  change_progress(&change, &c.epoch, &given, &needed);
  assert_true(given == 3 && needed == 4 && !change_settle(&change, &c.epoch) && change.n == 3);
  struct change own;
  council_change(&c, bytes_view(&octets), 1u << 4, true, &own);
  assert_int_equal(change_consent(&change, &own.consents[0], NULL), OK);
  change_progress(&change, &c.epoch, &given, &needed);
  assert_true(given == 1 && needed == 1);
  assert_true(change_settle(&change, &c.epoch) && change.n == 1);
  assert_int_equal(change_authorise(&change, &c.fed_id, &c.epoch, &c.identities, true, NULL, NULL), OK);
  change_release(&own);
  change_release(&change);
  bytes_release(&octets);
  council_release(&c);
}

static void root_signatures_are_added_one_after_the_other(void **state) {
  (void)state;
  struct actor a, b;
  const struct hash fed = cast_hash(5);
  const struct view act = view_of("an act", 6);
  uint32_t n_added = 0;
  actor_init(&a, 1, 3, 2, "IT");
  actor_init(&b, 2, 1, 1, "EE");
  struct consent consent = {.node = a.founder.node, .version = 1};
  assert_int_equal(consent_by_roots(b.roots, 1, &a.founder.identity, &fed, act, &consent, &n_added, NULL), ERR_NOT_FOUND);
  assert_int_equal(consent_by_roots(&a.roots[2], 1, &a.founder.identity, &fed, act, &consent, &n_added, NULL), OK);
  assert_true(n_added == 1 && consent.n_roots == 1 && consent.roots[0].index == 2);
  assert_int_equal(consent_by_roots(a.roots, 3, &a.founder.identity, &fed, act, &consent, &n_added, NULL), OK);
  assert_true(n_added == 2 && consent.n_roots == 3 && consent.roots[0].index == 0 && consent.roots[2].index == 2);
  assert_int_equal(consent_by_roots(a.roots, 3, &a.founder.identity, &fed, act, &consent, &n_added, NULL), OK);
  assert_int_equal(n_added, 0);
  actor_release(&a);
  actor_release(&b);
}

static void there_are_at_most_sixteen_changes(void **state) {
  (void)state;
  struct council c;
  struct changes changes = {.n = 0};
  council_init(&c, 1, 2);
  for (uint32_t i = 0; i <= LIMIT_CHANGES; i++) {
    struct act act = {.kind = CHANGE_REMOVE, .node = cast_hash((uint8_t)(40 - i))};
    struct bytes octets;
    struct change change;
    encode(&act, &octets);
    assert_int_equal(change_new(bytes_view(&octets), &c.fed_id, &change, NULL), OK);
    assert_int_equal(changes_add(&changes, &change, NULL), i < LIMIT_CHANGES ? OK : ERR_LIMIT);
    change_release(&change);
    assert_int_equal(change_new(bytes_view(&octets), &c.fed_id, &change, NULL), OK);
    assert_int_equal(changes_add(&changes, &change, NULL), i < LIMIT_CHANGES ? ERR_REFUSED : ERR_LIMIT);
    change_release(&change);
    bytes_release(&octets);
  }
  for (uint32_t i = 1; i < changes.n; i++)
    assert_true(view_compare(changes.list[i - 1].act.octets, changes.list[i].act.octets) < 0);
  changes_drop(&changes, changes.list[3].act.octets);
  assert_int_equal(changes.n, LIMIT_CHANGES - 1);
  changes_release(&changes);
  council_release(&c);
}

static void an_epoch_has_no_more_members_than_there_may_be(void **state) {
  (void)state;
  struct council c;
  struct bytes act, body;
  struct changes changes = {.n = 1};
  struct member *members = calloc(LIMIT_MEMBERS, sizeof *members);
  assert_non_null(members);
  council_init(&c, 1, 2);
  for (uint32_t i = 0; i < LIMIT_MEMBERS; i++) {
    members[i] = (struct member){.roll = i, .has_lead = i > 250};
    put_u32be(members[i].node.b, i + 1);
    (void)snprintf(members[i].country, sizeof members[i].country, "IT");
    (void)snprintf(members[i].handle, sizeof members[i].handle, "IT%03u", i);
  }
  struct epoch full = {.number = 2, .members = members, .n_members = LIMIT_MEMBERS, .n_leads = 1};
  council_admission(&c, 0, &act);
  assert_int_equal(change_new(bytes_view(&act), &c.fed_id, &changes.list[0], NULL), OK);
  bytes_init(&body, LIMIT_CHARTER);
  assert_int_equal(changes_apply(&changes, &full, &body, NULL, NULL), ERR_REFUSED);
  assert_int_equal(body.len, 0);
  full.n_members--;
  assert_int_equal(changes_apply(&changes, &full, &body, NULL, NULL), OK);
  full.number = LIMIT_NUMBER;
  assert_int_equal(changes_apply(&changes, &full, &body, NULL, NULL), ERR_LIMIT);
  changes_release(&changes);
  bytes_release(&body);
  bytes_release(&act);
  free(members);
  council_release(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_act_needs_its_own_consents),
      cmocka_unit_test(consents_of_a_replaced_identity_do_not_count_for_a_voter),
      cmocka_unit_test(consents_of_several_ways_are_settled),
      cmocka_unit_test(root_signatures_are_added_one_after_the_other),
      cmocka_unit_test(there_are_at_most_sixteen_changes),
      cmocka_unit_test(an_epoch_has_no_more_members_than_there_may_be),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
