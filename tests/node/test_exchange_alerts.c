/*
 * test_exchange_alerts: what peers can say of forks. True evidence is taken from anybody; what is none is counted against its
 * teller and has no other effect; no relay can make evidence of its own; proofs are answered truthfully.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/forks.h"
#include "node/hall.h"
#include "protocol/evidence.h"
#include "tests/sim/liar.h"

static uint64_t seed;

static uint64_t size_at(struct sim *s, uint32_t node, uint32_t log) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[log].id, 1);
  return h == NULL ? 0 : h->size;
}

/* ---- ALERT ---- */

static void say_alert(struct liar *a, uint32_t log, struct view item) {
  a->out.type = MSG_ALERT;
  a->out.has_req = false;
  a->out.u.alert.node = a->s->f.nodes[log].id;
  a->out.u.alert.gen = 1;
  a->out.u.alert.evidence = item;
  liar_say(a);
}

/* Evidence against FR: its newest checkpoint and another text, under `key`; with a position, the leaves of FR's log and a lie.
 */
static void forge(struct liar *a, const struct signer *key, bool has_index, struct bytes *out) {
  struct fixture_node *fr = &a->s->f.nodes[FR];
  const struct hall_head *head = hall_head(fr->hall, &fr->id, 1);
  struct evidence e = {.has_index = has_index, .index = 0};
  struct bytes texts[2];
  struct checkpoint c = {.fed_id = a->s->f.charter.fed_id, .node = fr->id, .gen = 1, .size = head->size + has_index};
  memset(&c.root, 7, sizeof c.root);
  for (unsigned i = 0; i < 2; i++)
    bytes_init(&texts[i], LIMIT_CHECKPOINT);
  fixture_checkpoint(fr, &fr->id, 0, &texts[0]);
  assert_int_equal(checkpoint_seal(&c, key, &texts[1], NULL), OK);
  for (unsigned i = 0; i < 2; i++) {
    e.branches[i].text = bytes_view(&texts[i]);
    e.branches[i].leaf.b[0] = (uint8_t)i;
  }
  bytes_clear(out);
  assert_int_equal(evidence_write(&e, out, NULL), OK);
  for (unsigned i = 0; i < 2; i++)
    bytes_release(&texts[i]);
}

static void forged_evidence_does_nothing_and_is_counted(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  liar_dial(a);
  sim_run(a->s, 300);
  say_alert(a, FR, view_of_text("evidence"));
  sim_run(a->s, 100);
  sim_expect_only(a->s, IT, EE, "evidence.format");
  forge(a, &a->s->f.nodes[EE].node_key, false, &item); /* its own signature under FR's name */
  say_alert(a, FR, bytes_view(&item));
  sim_run(a->s, 100);
  assert_int_equal(sim_counter(a->s, IT, EE, "evidence.signature"), 1);
  forge(a, &a->s->f.nodes[FR].node_key, true, &item); /* FR's key, and leaves that are in no tree */
  say_alert(a, FR, bytes_view(&item));
  sim_run(a->s, 100);
  assert_int_equal(sim_counter(a->s, IT, EE, "evidence.proof"), 1);
  uint32_t n = 9;
  (void)hall_forks(a->s->f.nodes[IT].hall, &n);
  assert_int_equal(n, 0);
  sim_expect_only(a->s, IT, FR, NULL);
  sim_publish(a->s, FR, 2); /* its log goes on */
  sim_run(a->s, 3000);
  assert_int_equal(size_at(a->s, IT, FR), size_at(a->s, FR, FR));
  bytes_release(&item);
  liar_free(a);
}

static void evidence_that_is_true_is_taken_from_anybody(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct bytes item, held;
  bytes_init(&item, LIMIT_EVIDENCE);
  bytes_init(&held, LIMIT_EVIDENCE);
  liar_dial(a);
  sim_run(a->s, 300);
  forge(a, &a->s->f.nodes[FR].node_key, false, &item); /* FR did sign both */
  say_alert(a, FR, bytes_view(&item));
  sim_run(a->s, 100);
  sim_expect_only(a->s, IT, EE, NULL);
  sim_expect_only(a->s, IT, FR, "checkpoint.fork");
  assert_int_equal(hall_evidence(a->s->f.nodes[FR].hall, &a->s->f.nodes[FR].id, 1, &held, NULL), OK); /* FR was told */
  assert_true(view_equal(bytes_view(&item), bytes_view(&held)));
  say_alert(a, FR, bytes_view(&item));
  sim_run(a->s, 100);
  assert_int_equal(sim_counter(a->s, IT, FR, "checkpoint.fork"), 1);
  bytes_release(&item);
  bytes_release(&held);
  liar_free(a);
}

static void endless_alerts_are_held_to_the_quota(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct bytes item;
  bytes_init(&item, LIMIT_EVIDENCE);
  liar_dial(a);
  sim_run(a->s, 300);
  forge(a, &a->s->f.nodes[EE].node_key, false, &item);
  for (uint32_t i = 0; i < 300; i++)
    say_alert(a, FR, bytes_view(&item));
  sim_run(a->s, 200);
  assert_true(sim_counter(a->s, IT, EE, "evidence.signature") <= LIMIT_UNASKED_FRAMES);
  assert_true(sim_counter(a->s, IT, EE, "quota.frames") > 0);
  bytes_release(&item);
  liar_free(a);
}

/* ---- proofs ---- */

static struct message answered;
static bool keep_proof(struct liar *a) {
  if (a->in.type == MSG_PROOF || a->in.type == MSG_ERR) answered = a->in;
  return false;
}

static void want_proof(struct liar *a, uint64_t size, uint64_t other, uint64_t kind) {
  memset(&answered, 0, sizeof answered);
  a->out.type = MSG_WANT;
  a->out.has_req = true;
  a->out.req = 4711;
  a->out.u.want.what = WANT_PROOF;
  a->out.u.want.node = a->s->f.nodes[IT].id;
  a->out.u.want.gen = 1;
  a->out.u.want.size = size;
  a->out.u.want.other = other;
  a->out.u.want.kind = kind;
  liar_say(a);
  sim_run(a->s, 50);
}

static void proofs_of_every_size_and_place_are_answered(void **state) {
  (void)state;
  struct liar *a = liar_new(LIE_NONE, 3, seed);
  struct fixture_node *it = &a->s->f.nodes[IT];
  struct hash root, old;
  sim_publish(a->s, IT, 20);
  const uint64_t n = size_at(a->s, IT, IT);
  a->hook = keep_proof;
  liar_dial(a);
  sim_run(a->s, 300);
  for (uint64_t size = 1; size <= n; size += size < 9 ? 1 : 5) {
    assert_int_equal(hall_fold(it->hall, &it->id, 1, size, &root, NULL), OK);
    for (uint64_t i = 0; i < size; i += 1 + i / 3) {
      want_proof(a, size, i, PROOF_INCLUSION);
      assert_int_equal(answered.type, MSG_PROOF);
      assert_true(merkle_inclusion_verify(i, size, &answered.u.proof.leaf, answered.u.proof.path, answered.u.proof.n, &root));
      want_proof(a, size, i + 1, PROOF_CONSISTENCY);
      assert_int_equal(answered.type, MSG_PROOF);
      assert_int_equal(hall_fold(it->hall, &it->id, 1, i + 1, &old, NULL), OK);
      assert_true(merkle_consistency_verify(i + 1, size, &old, &root, answered.u.proof.path, answered.u.proof.n));
    }
  }
  want_proof(a, n + 1, 0, PROOF_INCLUSION);
  assert_int_equal(answered.type, MSG_ERR);
  assert_int_equal(answered.u.error.code, MSGERR_NOT_HELD);
  sim_publish(a->s, IT, 1); /* what is held of the tree grows with the log */
  want_proof(a, n + 1, n, PROOF_INCLUSION);
  assert_int_equal(answered.type, MSG_PROOF);
  liar_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forged_evidence_does_nothing_and_is_counted),
      cmocka_unit_test(evidence_that_is_true_is_taken_from_anybody),
      cmocka_unit_test(endless_alerts_are_held_to_the_quota),
      cmocka_unit_test(proofs_of_every_size_and_place_are_answered),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
