/*
 * voter: who is a member changes while nodes run: consents, ballots, epochs that are kept, refused and followed; what becomes
 * of the logs of who comes and who goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/forks.h"
#include "node/store/invitation.h"
#include "tests/node/assembly.h"
#include "tests/node/own_log.h"
#include "tests/node/rotation.h"

static void reopen(struct fixture_node *node) {
  fixture_close(node);
  fixture_open(node);
}

static void a_founder_alone_admits_a_second_member(void **state) {
  static struct fixture f;
  struct bytes changes;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0], *pt = &f.nodes[fixture_newcomer(&f, "PT")];
  (void)fixture_publish(it, 1, NULL);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_admit(pt, NULL, &changes);
  assert_null(federation_self(&pt->federation));
  assembly_wish(it, bytes_view(&changes), true);
  assert_int_equal(it->federation.epoch.number, 2);
  reopen(it); /* it is kept */
  assert_int_equal(it->federation.epoch.number, 2);
  const struct federation_member *m = federation_by_handle(&it->federation, "PT");
  assert_non_null(m);
  assert_int_equal(m->member->roll, 1);
  assert_int_equal(m->since, 2);
  assert_ptr_equal(federation_by_roll(&it->federation, 1), m);
  assert_ptr_equal(federation_by_curve(&it->federation, pt->curve), m);
  assembly_tell(it, pt);
  assert_string_equal(federation_self(&pt->federation)->member->handle, "PT");
  fixture_begin(pt);
  (void)fixture_publish(pt, 2, NULL);
  assembly_settle(&f);
  reopen(pt);
  assembly_is_one(&f, 2);
  assert_int_equal(hall_head(it->hall, &pt->id, 1)->size, 3);
  bytes_release(&changes);
  fixture_release(&f);
}

static void nobody_comes_in_by_fewer_than_half_of_the_voices(void **state) {
  static struct fixture f;
  struct bytes changes;
  json_t *members = NULL;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 4, fixture_seed(), true);
  struct fixture_node *pt = &f.nodes[fixture_newcomer(&f, "PT")];
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_admit(pt, NULL, &changes);
  for (uint32_t i = 0; i < 2; i++) {
    assembly_wish(&f.nodes[i], bytes_view(&changes), true);
    assembly_settle(&f);
    assembly_is_one(&f, 1);
  }
  assert_int_equal(query_members(f.nodes[3].store, &f.nodes[3].federation, &members, &err), OK);
  const json_t *wish = json_array_get(json_object_get(members, "wishes"), 0);
  assert_string_equal(json_string_value(json_object_get(wish, "handle")), "PT");
  assert_int_equal(json_integer_value(json_object_get(wish, "given")), 2);
  assert_int_equal(json_integer_value(json_object_get(wish, "needed")), 3);
  assert_false(json_is_true(json_object_get(wish, "ripe")));
  json_decref(members);
  assembly_wish(&f.nodes[3], bytes_view(&changes), true);
  assembly_settle(&f);
  assembly_is_one(&f, 2);
  assert_non_null(federation_self(&pt->federation));
  for (uint32_t i = 0; i < 4; i++) { /* the same out of the store */
    reopen(&f.nodes[i]);
  }
  assembly_is_one(&f, 2);
  bytes_release(&changes);
  fixture_release(&f);
}

/* A node asks with an invitation of that node. */
static void asks_at(struct fixture_node *node, const struct fixture_node *who) {
  struct invitation i = {.for_node = true, .token = who->id};
  assert_int_equal(store_begin(node->store, NULL), OK);
  assert_int_equal(invitation_put(node->store, &i, NULL), OK);
  i.is_asked = true;
  i.ask.node = who->id;
  assert_int_equal(invitation_move(node->store, &i, INVITATION_ASKED, hash_view(&who->id), NULL), OK);
  assert_int_equal(store_commit(node->store, NULL), OK);
}

static uint64_t waiting_at(struct fixture_node *node) {
  uint64_t n = 0;
  assert_int_equal(invitation_waiting(node->store, &n, NULL), OK);
  return n;
}

static void a_nodes_ask_is_answered_when_it_is_proposed_here_or_comes_in(void **state) {
  static struct fixture f;
  struct bytes changes;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  struct fixture_node *pt = &f.nodes[fixture_newcomer(&f, "PT")], *at = &f.nodes[fixture_newcomer(&f, "AT")];
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_admit(pt, NULL, &changes);
  for (uint32_t i = 0; i < 3; i++)
    asks_at(&f.nodes[i], pt);
  asks_at(&f.nodes[2], at);
  assembly_wish(&f.nodes[0], bytes_view(&changes), true);
  assert_int_equal(waiting_at(&f.nodes[0]), 0);
  assembly_settle(&f);
  assert_int_equal(waiting_at(&f.nodes[1]), 1); /* proposed by another: nobody here has said a word */
  assembly_wish(&f.nodes[1], bytes_view(&changes), true);
  assembly_settle(&f);
  assembly_is_one(&f, 2);
  assert_int_equal(waiting_at(&f.nodes[1]), 0);
  assert_int_equal(waiting_at(&f.nodes[2]), 1); /* the other one's */
  bytes_release(&changes);
  fixture_release(&f);
}

/* The proposer of ballot 0 is away: the others wait for their patience to end, and the next one proposes. */
static void who_is_away_does_not_hold_up_the_others(void **state) {
  static struct fixture f;
  struct bytes changes;
  (void)state;
  fixture_found(&f, 4, fixture_seed(), true);
  struct fixture_node *pt = &f.nodes[fixture_newcomer(&f, "PT")];
  const struct hash proposer = ballot_proposer(&f.nodes[0].federation.epoch, 0)->node;
  struct fixture_node *away = &f.nodes[0];
  while (!hash_equal(&away->id, &proposer))
    away++;
  assembly_settle(&f);
  fixture_close(away);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_admit(pt, NULL, &changes);
  for (uint32_t i = 0; i < 4; i++) {
    if (&f.nodes[i] != away) assembly_wish(&f.nodes[i], bytes_view(&changes), true);
  }
  assembly_settle(&f);
  assembly_is_one(&f, 1);
  f.now_ms += VOTER_PATIENCE_MS - 1;
  assembly_settle(&f);
  assembly_is_one(&f, 1);
  assembly_wait(&f, 2);
  assembly_is_one(&f, 2);
  fixture_open(away); /* it comes back, and hears of it */
  assembly_settle(&f);
  assembly_is_one(&f, 2);
  bytes_release(&changes);
  fixture_release(&f);
}

static void the_log_of_who_is_removed_ends_at_its_cut(void **state) {
  static struct fixture f;
  struct bytes changes;
  struct hash before, behind;
  struct hall_head head;
  struct fixture_record late;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  struct fixture_node *ee = &f.nodes[2];
  struct fixture_node *const others[] = {&f.nodes[0], &f.nodes[1]};
  (void)fixture_publish(ee, 1, &before);
  assembly_settle(&f);
  head = *hall_head(f.nodes[0].hall, &ee->id, 1);
  (void)fixture_publish(ee, 2, &behind);
  assembly_settle(&f);
  fixture_case(ee, 3, NULL, NULL, &late);
  fixture_close(ee);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_remove(ee, head.size, &head.root, others, 2, &changes);
  assembly_wish(&f.nodes[1], bytes_view(&changes), false);
  assembly_wait(&f, 2);
  assembly_is_one(&f, 2);
  const struct receipt_row handed = fixture_admit(&f.nodes[0], &late.item); /* its people are told that it is too late */
  assert_int_equal(handed.state, RECEIPT_REFUSED);
  assert_int_equal(handed.reason, REASON_HOME);
  fixture_record_release(&late);
  for (uint32_t i = 0; i < 2; i++) {
    struct fixture_node *node = &f.nodes[i];
    for (unsigned again = 0; again < 2; again++, reopen(node)) {
      const struct federation_member *m = federation_by_handle(&node->federation, "EE");
      int64_t rowid = 0;
      assert_int_equal(m->until, 2);
      assert_null(federation_by_curve(&node->federation, ee->curve));
      assert_int_equal(hall_head(node->hall, &ee->id, 1)->size, head.size);
      assert_int_equal(entry_find(node->store, &f.charter.fed_id, &before, &rowid, NULL), OK);
      assert_int_equal(entry_find(node->store, &f.charter.fed_id, &behind, &rowid, NULL), ERR_NOT_FOUND);
    }
  }
  /* What it signs later is taken nowhere. */
  fixture_open(ee);
  (void)fixture_publish(ee, 3, NULL);
  struct bytes text;
  struct pull *pull = NULL;
  bytes_init(&text, LIMIT_CHECKPOINT);
  fixture_checkpoint(ee, &ee->id, head.size + 2, &text);
  assert_int_equal(hall_pull_begin(f.nodes[0].hall, bytes_view(&text), head.size, &pull, NULL), ERR_MISMATCH);
  bytes_release(&text);
  bytes_release(&changes);
  fixture_release(&f);
}

/* The list is kept, and then the disk does not take what follows from it: that is done later, not with the next start. */
static void a_cut_that_a_disk_did_not_take_is_made_up_for(void **state) {
  static struct fixture f;
  struct bytes changes, item;
  struct err err = ERR_INIT;
  bool changed = false;
  (void)state;
  fixture_found(&f, 4, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0], *ee = &f.nodes[2], *de = &f.nodes[3];
  struct fixture_node *const by[] = {it, &f.nodes[1], de};
  assembly_settle(&f);
  const struct hall_head head = *hall_head(it->hall, &ee->id, 1);
  (void)fixture_publish(ee, 2, NULL);
  assembly_settle(&f);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  assembly_remove(ee, head.size, &head.root, by, 3, &changes);
  fixture_close(de);
  assembly_wish(it, bytes_view(&changes), false);
  assembly_wait(&f, 2);
  assert_int_equal(federation_epoch_item(it->store, &it->federation, 2, &item, NULL), OK);
  fixture_open(de);
  static const char stop[] = "CREATE TEMP TRIGGER stop BEFORE DELETE ON main.entry BEGIN SELECT RAISE(ABORT, 'no'); END";
  assert_int_equal(sqlite3_exec(store_db(de->store), stop, NULL, NULL, NULL), SQLITE_OK);
  assert_int_not_equal(hall_epoch(de->hall, bytes_view(&item), &changed, NULL, &err), OK);
  assert_true(changed);
  assert_int_equal(de->federation.epoch.number, 2);
  assert_int_equal(hall_head(de->hall, &ee->id, 1)->size, head.size + 1);
  assert_int_equal(sqlite3_exec(store_db(de->store), "DROP TRIGGER stop", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(hall_voter_run(de->hall, &err), OK);
  assert_int_equal(hall_head(de->hall, &ee->id, 1)->size, head.size);
  bytes_release(&item);
  bytes_release(&changes);
  fixture_release(&f);
}

/* What a node has no say in its own log does not take, whoever asks for it and how. */
static void refuses(struct fixture_node *node, const struct bytes *changes, bool consents) {
  struct err err = ERR_INIT;
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  const struct hall_head *head = hall_head(node->hall, &node->id, 1);
  const uint64_t size = head == NULL ? 0 : head->size;
  assert_int_equal(hall_wish(node->hall, bytes_view(changes), consents, &row, &err), ERR_REFUSED);
  head = hall_head(node->hall, &node->id, 1);
  assert_int_equal(head == NULL ? 0 : head->size, size);
}

static void what_a_node_has_no_say_in_is_refused_beside_the_write(void **state) {
  static struct fixture f;
  struct bytes admit, led, remove, policy;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  struct fixture_node *veneto = &f.nodes[fixture_newcomer(&f, "IT34")], *pt = &f.nodes[fixture_newcomer(&f, "PT")];
  const struct act drop = {.kind = CHANGE_POLICY, .drops = true, .dropped = f.nodes[0].federation.epoch.policies[0]};
  struct bytes *const all[] = {&admit, &led, &remove, &policy};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    bytes_init(all[i], LIMIT_CHANGES_BYTES);
  assembly_admit(pt, NULL, &admit);
  assembly_admit(veneto, &f.nodes[0], &led);
  assembly_remove(&f.nodes[2], 0, NULL, NULL, 0, &remove);
  assembly_change(&f, &drop, NULL, 0, &policy);
  refuses(&f.nodes[1], &led, true);
  refuses(&f.nodes[0], &remove, true); /* a voice: by root keys */
  refuses(&f.nodes[0], &policy, true);
  refuses(&f.nodes[0], &admit, false); /* nobody's word */
  assembly_wish(&f.nodes[0], bytes_view(&led), true);
  assembly_settle(&f);
  assembly_is_one(&f, 2);
  assembly_tell(&f.nodes[0], veneto);
  fixture_begin(veneto);
  assembly_settle(&f);
  refuses(veneto, &admit, true); /* an associate has no voice */
  refuses(pt, &admit, true);     /* no member */
  assembly_wish(&f.nodes[1], bytes_view(&admit), true);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    bytes_release(all[i]);
  fixture_release(&f);
}

static void an_associate_is_its_leads_affair_alone(void **state) {
  static struct fixture f;
  struct bytes changes;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  struct fixture_node *veneto = &f.nodes[fixture_newcomer(&f, "IT34")];
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_admit(veneto, &f.nodes[0], &changes);
  refuses(&f.nodes[1], &changes, true);
  refuses(&f.nodes[2], &changes, true);
  assembly_settle(&f);
  assembly_is_one(&f, 1); /* not by others, however many */
  assembly_wish(&f.nodes[0], bytes_view(&changes), true);
  assembly_settle(&f);
  assembly_is_one(&f, 2);
  assert_int_equal(f.nodes[1].federation.epoch.n_leads, 3);
  assert_int_equal(f.nodes[1].federation.epoch.n_members, 4);
  bytes_release(&changes);
  fixture_release(&f);
}

/* An epoch by a founder alone; item receives it. */
static void make_epoch(struct fixture *f, struct bytes *item) {
  struct bytes changes;
  fixture_found(f, 1, fixture_seed(), true);
  struct fixture_node *it = &f->nodes[0], *pt = &f->nodes[fixture_newcomer(f, "PT")];
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assembly_admit(pt, NULL, &changes);
  assembly_wish(it, bytes_view(&changes), true);
  assert_int_equal(federation_epoch_item(it->store, &it->federation, 2, item, NULL), OK);
  bytes_release(&changes);
}

static void an_epoch_that_was_changed_on_its_way_is_refused(void **state) {
  static struct fixture f;
  struct bytes item;
  bool changed = false;
  (void)state;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  make_epoch(&f, &item);
  struct fixture_node *pt = &f.nodes[1];
  for (size_t at = 0; at < item.len; at += 1 + (size_t)fixture_random(&f, 16)) {
    const uint8_t bit = (uint8_t)(1u << fixture_random(&f, 8));
    item.p[at] ^= bit;
    if (hall_epoch(pt->hall, bytes_view(&item), &changed, NULL, NULL) == OK && pt->federation.epoch.number != 1)
      fail_msg("taken with bit %u of octet %zu flipped", bit, at);
    item.p[at] ^= bit;
  }
  assert_int_equal(pt->federation.n_members, 1);
  assert_int_equal(hall_epoch(pt->hall, bytes_view(&item), &changed, NULL, NULL), OK);
  assert_true(changed);
  bytes_release(&item);
  fixture_release(&f);
}

static void an_epoch_that_cannot_be_kept_changes_nothing(void **state) {
  static struct fixture f;
  struct bytes item;
  struct err err = ERR_INIT;
  bool changed = false;
  (void)state;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  make_epoch(&f, &item);
  struct fixture_node *pt = &f.nodes[1];
  const struct hash before = hall_digest(pt->hall);
  assert_int_equal(store_begin(pt->store, &err), OK); /* so that it cannot begin one */
  assert_true(hall_epoch(pt->hall, bytes_view(&item), &changed, NULL, &err) != OK);
  assert_false(changed);
  store_rollback(pt->store);
  assert_int_equal(pt->federation.epoch.number, 1);
  const struct hash now = hall_digest(pt->hall);
  assert_memory_equal(&now, &before, sizeof now);
  reopen(pt);
  assert_int_equal(pt->federation.epoch.number, 1);
  assert_int_equal(hall_epoch(pt->hall, bytes_view(&item), &changed, NULL, &err), OK);
  reopen(pt);
  assert_int_equal(pt->federation.epoch.number, 2);
  bytes_release(&item);
  fixture_release(&f);
}

static size_t wishes_at(struct fixture_node *node) {
  json_t *members = NULL;
  assert_int_equal(query_members(node->store, &node->federation, &members, NULL), OK);
  const size_t n = json_array_size(json_object_get(members, "wishes"));
  json_decref(members);
  return n;
}

/* A log in two branches behind the identity: the one with a wish, the other without. A cut names the other, longer one. */
static void what_stands_in_the_branch_that_a_cut_gives_up_is_no_wish(void **state) {
  static struct fixture f;
  static struct own_log one, other;
  struct bytes changes, body, text, evidence, item;
  struct pull_result result;
  struct err err = ERR_INIT;
  bool kept = false;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), false);
  struct fixture_node *it = &f.nodes[0], *at = &f.nodes[1];
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&evidence, LIMIT_EVIDENCE);
  bytes_init(&item, 8192);
  assembly_admit(&f.nodes[fixture_newcomer(&f, "PT")], NULL, &changes);
  assert_int_equal(proposal_encode(bytes_view(&changes), NULL, 0, &body, &err), OK);
  one = other = (struct own_log){.node = it};
  const struct header wish = {.kind = KIND_PROPOSE, .n_args = 2};
  add_identity(&one);
  add_identity(&other);
  add_odd(&one, &it->node_key, wish, bytes_view(&body));
  for (uint64_t i = 0; i < 3; i++)
    add_cert(&other, &it->node_key, &it->editor.pub, 1 + i, ROLE_EDITOR);
  assert_int_equal(own_carry(&one, at->hall, 0, 2, 2, &result, &err), OK);
  assert_int_equal(wishes_at(at), 1);
  own_checkpoint(&other, 2, &text);
  assert_int_equal(hall_evidence_make(at->hall, bytes_view(&text), NULL, &evidence, &err), OK);
  assert_int_equal(hall_evidence_take(at->hall, &it->id, 1, bytes_view(&evidence), &kept, &err), OK);
  assert_int_equal(wishes_at(at), 0);
  struct rotation r = {.begins = true, .node_key = it->editor.pub, .cut_size = 4, .cut_root = own_root(&other, 4)};
  rotation_seal(it, &r, &item);
  assert_int_equal(hall_identity(at->hall, &it->id, bytes_view(&item), &kept, &err), OK);
  assert_int_equal(hall_head(at->hall, &it->id, 1)->size, 2); /* where it stands is not said by the cut */
  assert_int_equal(wishes_at(at), 0);
  own_release(&one);
  own_release(&other);
  struct bytes *all[] = {&changes, &body, &text, &evidence, &item};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    bytes_release(all[i]);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_founder_alone_admits_a_second_member),
      cmocka_unit_test(nobody_comes_in_by_fewer_than_half_of_the_voices),
      cmocka_unit_test(a_nodes_ask_is_answered_when_it_is_proposed_here_or_comes_in),
      cmocka_unit_test(who_is_away_does_not_hold_up_the_others),
      cmocka_unit_test(the_log_of_who_is_removed_ends_at_its_cut),
      cmocka_unit_test(a_cut_that_a_disk_did_not_take_is_made_up_for),
      cmocka_unit_test(what_a_node_has_no_say_in_is_refused_beside_the_write),
      cmocka_unit_test(an_associate_is_its_leads_affair_alone),
      cmocka_unit_test(an_epoch_that_was_changed_on_its_way_is_refused),
      cmocka_unit_test(an_epoch_that_cannot_be_kept_changes_nothing),
      cmocka_unit_test(what_stands_in_the_branch_that_a_cut_gives_up_is_no_wish),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
