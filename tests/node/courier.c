/*
 * courier: see courier.h. What may come next is asked of the replica itself: what it is a member of, where generations are
 * closed, what is frozen. What then fails, fails the test.
 */
#include "tests/node/courier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node/forks.h"
#include "node/hall.h"

#define GRID 6u /* where milestones stand */

static struct err err = ERR_INIT;

static void expect_ok(enum err_code code, const char *what) {
  if (code != OK) fail_msg("%s: %s: %s", what, err_name(code), err.message);
}

/* ---- a log ---- */

/* Whether a branch begins with what is held. */
static bool begins_with(const struct own_log *log, const struct hall_head *held) {
  if (held == NULL) return true;
  if (log->n < held->size) return false;
  const struct hash root = own_root(log, held->size);
  return hash_equal(&root, &held->root);
}

/* The branch that a cut names. */
static const struct own_log *branch_of(const struct courier *k, uint32_t a, uint64_t gen, const struct generation *g) {
  const struct own_log *all[] = {&k->c->logs[a], &k->c->other, &k->c->next[a]};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    if (all[i]->node != k->c->nodes[a] || (all[i]->gen == 2) != (gen == 2) || all[i]->n < g->cut_size) continue;
    const struct hash root = own_root(all[i], g->cut_size);
    if (hash_equal(&root, &g->cut_root)) return all[i];
  }
  fail_msg("a cut that names no branch");
  return NULL;
}

static const struct own_log *branch_to_follow(const struct courier *k, uint32_t a, uint64_t gen, const struct generation *g) {
  if (g->is_closed) return branch_of(k, a, gen, g);
  if (gen == 2) return &k->c->next[a];
  return a == k->c->forker && k->other_side ? &k->c->other : &k->c->logs[a];
}

/* The milestone to go to, at most so many entries: the next on the grid, or a later one. */
static uint64_t milestone(const struct courier *k, uint64_t held, uint64_t most) {
  const uint64_t to = (held / GRID + 1 + chronicle_below(k->c, 4)) * GRID;
  return to < most ? to : most;
}

/* So far a log may come that may be frozen. */
static uint64_t allowed(const struct courier *k, const struct hash *node, uint64_t gen, uint64_t size) {
  const struct fork *fork = hall_fork(k->to->hall, node, gen);
  if (hall_frozen(k->to->hall, node, gen, size, NULL) == OK) return size;
  return fork->exact ? fork->from : 0;
}

/* On the way to a cut from another branch: some milestones back. */
static bool step_back(const struct courier *k, const struct hash *node, uint64_t gen) {
  expect_ok(hall_step_back(k->to->hall, node, gen, 1 + chronicle_below(k->c, 2), &err), "step back");
  return true;
}

static bool advance(const struct courier *k, uint32_t a, uint64_t gen) {
  const struct hash *node = &k->c->nodes[a]->id;
  const struct generation *g = federation_generation(&k->to->federation, node, gen);
  struct pull_result result;
  if (g == NULL || !hall_may_begin(k->to->hall, node, gen) || (g->is_closed && g->cut_size == 0)) return false;
  const struct hall_head *head = hall_head(k->to->hall, node, gen);
  const uint64_t held = head == NULL ? 0 : head->size;
  const struct own_log *log = branch_to_follow(k, a, gen, g);
  const uint64_t most = allowed(k, node, gen, g->is_closed ? g->cut_size : log->n);
  if (!begins_with(log, head)) return g->is_closed && step_back(k, node, gen);
  if (held >= most) return false;
  expect_ok(own_carry(log, k->to->hall, held, milestone(k, held, most), 1 + chronicle_below(k->c, 9), &result, &err),
            "entries");
  return true;
}

/* ---- all else ---- */

static bool tell_identity(const struct courier *k, uint32_t a) {
  bool changed = false;
  if (!k->c->has_next[a] || (a == k->c->forker && k->is_unrepaired)) return false;
  if (federation_by_node(&k->to->federation, &k->c->nodes[a]->id) == NULL) return false;
  expect_ok(hall_identity(k->to->hall, &k->c->nodes[a]->id, bytes_view(&k->c->rotation[a]), &changed, &err), "identity");
  return changed;
}

/* The next epoch; not before the identities under which it was voted for. */
static bool tell_epoch(const struct courier *k) {
  const uint64_t held = k->to->federation.epoch.number;
  struct hash lacking;
  bool changed = false;
  if (k->is_untold || held >= k->c->n_epochs) return false;
  const enum err_code code = hall_epoch(k->to->hall, bytes_view(&k->c->items[held]), &changed, &lacking, &err);
  if (code != ERR_NOT_FOUND) expect_ok(code, "epoch");
  err_clear(&err);
  return changed;
}

/* From the votes in the logs that it holds. */
static bool count_votes(const struct courier *k) {
  const uint64_t before = k->to->federation.epoch.number;
  if (k->is_untold) return false;
  expect_ok(hall_voter_run(k->to->hall, &err), "votes");
  return k->to->federation.epoch.number != before;
}

static bool tell_evidence(const struct courier *k) {
  bool kept = false;
  if (k->c->evidence.len == 0) return false;
  const struct hash *node = &k->c->nodes[k->c->forker]->id;
  expect_ok(hall_evidence_take(k->to->hall, node, 1, bytes_view(&k->c->evidence), &kept, &err), "evidence");
  return kept;
}

void courier_step(struct courier *k) {
  const uint32_t a = (uint32_t)chronicle_below(k->c, CHRONICLE_LOGS);
  switch (chronicle_below(k->c, 24)) {
  case 0:
    (void)tell_identity(k, a);
    break;
  case 1:
    if (chronicle_one_in(k->c, 2)) (void)tell_epoch(k);
    break;
  case 2:
    (void)count_votes(k);
    break;
  case 3:
    if (chronicle_one_in(k->c, 6)) (void)tell_evidence(k);
    break;
  default:
    (void)advance(k, a, 1 + chronicle_below(k->c, 2));
    break;
  }
}

void courier_take(struct courier *k, uint32_t a) {
  while (advance(k, a, 1)) {
  }
}

void courier_finish(struct courier *k) {
  for (bool more = true; more;) {
    more = tell_epoch(k);
    for (uint32_t i = 0; i < CHRONICLE_LOGS; i++) {
      const uint32_t a = (i + (uint32_t)k->to->federation.n_members) % CHRONICLE_LOGS;
      more = tell_identity(k, a) || more;
      for (uint64_t gen = 1; gen <= 2; gen++) {
        while (advance(k, a, gen))
          more = true;
      }
    }
    more = tell_evidence(k) || more;
  }
}
