/*
 * test_exchange_members: lists of members on their way between nodes: a member that shows each of the others another identity
 * of one version, and one that tells of lists that are none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/inside.h"
#include "tests/node/assembly.h"
#include "tests/node/rotation.h"
#include "tests/sim/net_sim.h"

#define FACES 2u

static struct sim *found(uint32_t n) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, n, fixture_seed());
  return s;
}

static void done(struct sim *s) {
  sim_release(s);
  free(s);
}

/* Two identities of version 2 of one node, each with a root key of its own. */
struct faces {
  struct signer root[FACES];
  struct bytes item[FACES];
};

static void faces_make(struct fixture_node *liar, struct faces *f) {
  for (uint32_t i = 0; i < FACES; i++) {
    uint8_t seed[SEED_LEN];
    entropy_fill(&liar->all->entropy, seed, sizeof seed);
    assert_int_equal(signer_from_seed(seed, &f->root[i], NULL), OK);
    const struct rotation r = {.root = &f->root[i]};
    bytes_init(&f->item[i], 8192);
    rotation_seal(liar, &r, &f->item[i]);
  }
}

static void faces_release(struct faces *f) {
  for (uint32_t i = 0; i < FACES; i++) {
    signer_release(&f->root[i]);
    bytes_release(&f->item[i]);
  }
}

static void show(struct fixture_node *to, const struct fixture_node *liar, const struct faces *f, uint32_t face) {
  bool changed = false;
  assert_int_equal(hall_identity(to->hall, &liar->id, bytes_view(&f->item[face]), &changed, NULL), OK);
  assert_true(changed);
}

/* Of one node, by one root key, under the newest identity that `judge` knows. */
static struct consent by_root(const struct fixture_node *judge, const struct hash *node, const struct signer *root,
                              struct view act) {
  const struct identity *id = &federation_by_node(&judge->federation, node)->identity;
  struct consent c = {.node = *node, .version = id->version, .by_roots = true};
  uint32_t added = 0;
  assert_int_equal(consent_by_roots(root, 1, id, &judge->federation.charter.fed_id, act, &c, &added, NULL), OK);
  return c;
}

/* The policy is dropped, by the root keys of the first n nodes, and of the last one by that of its face 0. */
static void wish_by(struct sim *s, uint32_t n, const struct faces *faces) {
  struct fixture *f = &s->f;
  struct fixture_node *first = &f->nodes[0];
  struct act act = {.kind = CHANGE_POLICY, .drops = true, .dropped = first->federation.epoch.policies[0]};
  struct consent consents[FIXTURE_NODES];
  struct bytes octets, changes;
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assert_int_equal(act_encode(&act, &octets, NULL), OK);
  for (uint32_t i = 0; i < n; i++)
    consents[i] = by_root(first, &f->nodes[i].id, &f->nodes[i].root, bytes_view(&octets));
  consents[n] = by_root(first, &f->nodes[f->n - 1].id, &faces->root[0], bytes_view(&octets));
  assembly_change(f, &act, consents, n + 1, &changes);
  assembly_wish(first, bytes_view(&changes), false);
  exchange_published(s->nodes[0].exchange);
  bytes_release(&octets);
  bytes_release(&changes);
}

static bool all_have(const struct sim *s, uint32_t n, uint64_t epoch) {
  for (uint32_t i = 0; i < n; i++) {
    if (s->f.nodes[i].federation.epoch.number < epoch) return false;
  }
  return true;
}

static void wait_for(struct sim *s, uint32_t n, uint64_t epoch) {
  for (unsigned i = 0; i < 60 && !all_have(s, n, epoch); i++)
    sim_run(s, 60000);
  for (uint32_t i = 0; i < n; i++) {
    assert_int_equal(s->f.nodes[i].federation.epoch.number, epoch);
    assert_memory_equal(&s->f.nodes[i].federation.epoch.hash, &s->f.nodes[0].federation.epoch.hash, sizeof(struct hash));
  }
}

static void who_met_another_identity_of_a_liar_votes_with_the_others(void **state) {
  (void)state;
  struct sim *s = found(4);
  struct faces faces;
  struct identity twin;
  faces_make(&s->f.nodes[3], &faces);
  for (uint32_t i = 0; i < 3; i++) {
    sim_up(s, i, false);
    show(&s->f.nodes[i], &s->f.nodes[3], &faces, i == 2);
  }
  (void)sim_converge(s, 20000);
  wish_by(s, 2,
          &faces); /* three of four, one of them the liar: the third vote must be that of who believes the other identity */
  wait_for(s, 3, 2);
  for (uint32_t i = 0; i < 3; i++) {
    struct fixture_node *node = &s->f.nodes[i];
    assert_int_equal(federation_twin(node->store, &s->f.nodes[3].id, 2, 0, &twin), i == 2);
    sim_down(s, i);
    fixture_close(node);
    fixture_open(node); /* it is kept: the list is found again */
    assert_int_equal(node->federation.epoch.number, 2);
  }
  faces_release(&faces);
  done(s);
}

static void who_was_away_takes_a_list_that_rests_on_the_other_identity(void **state) {
  (void)state;
  struct sim *s = found(5);
  struct faces faces;
  faces_make(&s->f.nodes[4], &faces);
  for (uint32_t i = 0; i < 4; i++) {
    sim_up(s, i, false);
    show(&s->f.nodes[i], &s->f.nodes[4], &faces, i == 3);
  }
  (void)sim_converge(s, 20000);
  sim_down(s, 3);
  wish_by(s, 3, &faces);
  wait_for(s, 3, 2);
  assert_int_equal(s->f.nodes[3].federation.epoch.number, 1);
  sim_up(s, 3, false);
  wait_for(s, 4, 2);
  faces_release(&faces);
  done(s);
}

/* An item whose quorum is none, as octets. */
static void false_item(const struct federation *f, struct bytes *out) {
  struct epoch_item item = {.ballot = 0, .n = 0};
  struct bytes body, changes, act;
  struct change change = {.n = 0};
  struct changes *all = calloc(1, sizeof *all);
  struct act drop = {.kind = CHANGE_POLICY, .drops = true, .dropped = f->epoch.policies[0]};
  assert_non_null(all);
  bytes_init(&body, LIMIT_CHARTER);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  bytes_init(&act, LIMIT_CHANGES_BYTES);
  assert_int_equal(act_encode(&drop, &act, NULL), OK);
  assert_int_equal(change_new(bytes_view(&act), &f->charter.fed_id, &change, NULL), OK);
  assert_int_equal(changes_add(all, &change, NULL), OK);
  assert_int_equal(changes_encode(all, &changes, NULL), OK);
  assert_int_equal(changes_apply(all, &f->epoch, &body, NULL, NULL), OK);
  item.body = bytes_view(&body);
  item.changes = bytes_view(&changes);
  assert_int_equal(epoch_item_write(&item, out, NULL), OK);
  changes_release(all);
  free(all);
  bytes_release(&body);
  bytes_release(&changes);
  bytes_release(&act);
}

static uint32_t questions(const struct exchange *x, uint32_t peer) {
  return request_count(x, peer, MSG_WANT);
}

static void a_list_that_is_none_is_not_asked_for_again_at_once(void **state) {
  (void)state;
  struct sim *s = found(2);
  struct bytes item;
  for (uint32_t i = 0; i < 2; i++)
    sim_up(s, i, false);
  (void)sim_converge(s, 20000);
  struct exchange *x = s->nodes[0].exchange;
  const uint32_t liar = peer_by_node(x, &s->f.nodes[1].id);
  struct peer *p = &x->peers[liar];
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  false_item(&s->f.nodes[0].federation, &item);
  p->epoch = 9;
  for (uint64_t n = 1; n <= 3; n++) {
    const uint32_t before = questions(x, liar);
    epochs_ask(x, p->link);
    assert_int_equal(questions(x, liar), before + 1);
    x->in.type = MSG_EPOCH;
    x->in.u.epoch.n = 1;
    x->in.u.epoch.items[0] = bytes_view(&item);
    request_drop_link(x, p->link); /* it is answered */
    const uint32_t left = questions(x, liar);
    epochs_receive(x, p->link);
    assert_int_equal(p->counters.n[COUNT_EPOCH_QUORUM], n);
    assert_non_null(strstr(p->note, "no. 2 is not believed"));
    epochs_ask(x, p->link);
    assert_int_equal(questions(x, liar), left);
    s->f.now_ms += p->epoch_wait_ms - 1;
    epochs_ask(x, p->link);
    assert_int_equal(questions(x, liar), left);
    s->f.now_ms += 1;
  }
  assert_int_equal(p->epoch_wait_ms, 40000);
  bytes_release(&item);
  done(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_met_another_identity_of_a_liar_votes_with_the_others),
      cmocka_unit_test(who_was_away_takes_a_list_that_rests_on_the_other_identity),
      cmocka_unit_test(a_list_that_is_none_is_not_asked_for_again_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
