/*
 * assembly: see assembly.h.
 */
#include "tests/node/assembly.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/node/rotation.h"

#define ROUNDS 40 /* many more than anything here takes */

static void expect_ok(enum err_code code, const struct err *err, const char *what) {
  if (code != OK) fail_msg("%s: %s: %s", what, err_name(code), err->message);
}

/* ---- acts ---- */

void assembly_change(struct fixture *f, const struct act *act, const struct consent *consents, uint32_t n, struct bytes *out) {
  struct err err = ERR_INIT;
  struct bytes octets;
  struct change change = {.n = 0};
  struct changes *changes = calloc(1, sizeof *changes);
  assert_non_null(changes);
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  expect_ok(act_encode(act, &octets, &err), &err, "act");
  expect_ok(change_new(bytes_view(&octets), &f->charter.fed_id, &change, &err), &err, "change");
  for (uint32_t i = 0; i < n; i++)
    expect_ok(change_consent(&change, &consents[i], &err), &err, "consent");
  expect_ok(changes_add(changes, &change, &err), &err, "changes");
  expect_ok(changes_encode(changes, out, &err), &err, "changes");
  change_release(&change);
  changes_release(changes);
  free(changes);
  bytes_release(&octets);
}

void assembly_admit(struct fixture_node *newcomer, const struct fixture_node *lead, struct bytes *changes) {
  struct bytes body;
  struct act act = {.kind = CHANGE_ADMIT};
  bytes_init(&body, LIMIT_IDENTITY);
  rotation_first(newcomer, &body, &act.item);
  memcpy(act.handle, newcomer->handle, strlen(newcomer->handle) + 1);
  memcpy(act.country, newcomer->handle, 2);
  if (lead != NULL) {
    act.has_lead = true;
    act.lead_roll = federation_by_node(&lead->federation, &lead->id)->member->roll;
  }
  assembly_change(newcomer->all, &act, NULL, 0, changes);
  bytes_release(&body);
}

void assembly_remove(struct fixture_node *member, uint64_t size, const struct hash *root, struct fixture_node *const *by,
                     uint32_t n, struct bytes *changes) {
  struct fixture *f = member->all;
  struct act act = {.kind = CHANGE_REMOVE, .node = member->id, .has_cut = size > 0};
  struct consent consents[FIXTURE_NODES];
  struct bytes octets;
  if (size > 0) act.cut = (struct cut){.gen = 1, .size = size, .root = *root};
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  assert_int_equal(act_encode(&act, &octets, NULL), OK);
  for (uint32_t i = 0; i < n; i++) {
    const struct identity *id = &federation_by_node(&by[i]->federation, &by[i]->id)->identity;
    uint32_t added = 0;
    consents[i] = (struct consent){.node = by[i]->id, .version = id->version, .by_roots = true};
    assert_int_equal(consent_by_roots(&by[i]->root, 1, id, &f->charter.fed_id, bytes_view(&octets), &consents[i], &added, NULL),
                     OK);
  }
  bytes_release(&octets);
  assembly_change(f, &act, consents, n, changes);
}

void assembly_wish(struct fixture_node *node, struct view changes, bool consents) {
  struct err err = ERR_INIT;
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  expect_ok(hall_wish(node->hall, changes, consents, &row, &err), &err, "wish");
  assert_int_equal(row.state, RECEIPT_LOGGED);
  expect_ok(hall_voter_run(node->hall, &err), &err, "voter");
}

/* ---- carrying ---- */

void assembly_tell(struct fixture_node *from, struct fixture_node *to) {
  struct err err = ERR_INIT;
  struct bytes item;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  for (uint64_t n = to->federation.epoch.number + 1; n <= from->federation.epoch.number; n++) {
    bool changed = false;
    bytes_clear(&item);
    expect_ok(federation_epoch_item(from->store, &from->federation, n, &item, &err), &err, "epoch item");
    expect_ok(hall_epoch(to->hall, bytes_view(&item), &changed, NULL, &err), &err, "epoch");
    assert_true(changed);
  }
  bytes_release(&item);
  /* Who is behind is told by the next round: it would refuse logs that it does not know. */
  if (from->federation.epoch.number == to->federation.epoch.number) fixture_transfer(from, to, 50);
}

static uint64_t state_of(struct fixture *f) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < f->n + f->n_twins; i++) {
    if (f->nodes[i].hall == NULL) continue;
    uint32_t n = 0;
    const struct hall_head *heads = hall_heads(f->nodes[i].hall, &n);
    for (uint32_t k = 0; k < n; k++)
      sum += heads[k].size;
    sum += f->nodes[i].federation.epoch.number << 32;
  }
  return sum;
}

void assembly_settle(struct fixture *f) {
  struct err err = ERR_INIT;
  uint64_t before = 0, now = state_of(f);
  for (unsigned round = 0; before != now; round++) {
    assert_true(round < ROUNDS);
    for (uint32_t i = 0; i < f->n + f->n_twins; i++) {
      if (f->nodes[i].hall == NULL) continue;
      expect_ok(hall_voter_run(f->nodes[i].hall, &err), &err, "voter");
      for (uint32_t k = 0; k < f->n + f->n_twins; k++) {
        if (k != i && f->nodes[k].hall != NULL) assembly_tell(&f->nodes[i], &f->nodes[k]);
      }
    }
    before = now;
    now = state_of(f);
  }
}

static bool has_epoch(const struct fixture *f, uint64_t epoch) {
  for (uint32_t i = 0; i < f->n + f->n_twins; i++) {
    if (f->nodes[i].hall != NULL && f->nodes[i].federation.epoch.number >= epoch) return true;
  }
  return false;
}

void assembly_wait(struct fixture *f, uint64_t epoch) {
  assembly_settle(f);
  for (unsigned ballot = 0; !has_epoch(f, epoch); ballot++) {
    assert_true(ballot < ROUNDS);
    f->now_ms += (uint64_t)VOTER_PATIENCE_MS * (2 + ballot);
    assembly_settle(f);
  }
}

void assembly_is_one(struct fixture *f, uint64_t epoch) {
  const struct fixture_node *first = NULL;
  for (uint32_t i = 0; i < f->n + f->n_twins; i++) {
    const struct fixture_node *node = &f->nodes[i];
    if (node->hall == NULL) continue;
    if (first == NULL) first = node;
    assert_int_equal(node->federation.epoch.number, epoch);
    assert_memory_equal(&node->federation.epoch.hash, &first->federation.epoch.hash, sizeof(struct hash));
    const struct hash own = hall_digest(node->hall), theirs = hall_digest(first->hall);
    assert_memory_equal(&own, &theirs, sizeof own);
  }
}
