/*
 * test_generation: a log in several generations: what carries over, what a cut withdraws, and that every replica finds the
 * same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/erasure.h"
#include "node/store/derive.h"
#include "node/store/query.h"
#include "node/store/withdrawn.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"
#include "tests/node/rotation.h"

#define IT (&f.nodes[0])
#define FR (&f.nodes[1])
#define EE (&f.nodes[2])

static struct fixture f;

static void expect_same(struct fixture_node *a, struct fixture_node *b) {
  struct bytes x;
  struct bytes y;
  const struct hash left = hall_digest(a->hall);
  const struct hash right = hall_digest(b->hall);
  assert_memory_equal(&left, &right, sizeof left);
  bytes_init(&x, DUMP_MAX);
  bytes_init(&y, DUMP_MAX);
  dump_derived(a, false, &x);
  dump_derived(b, false, &y);
  assert_true(view_equal(bytes_view(&x), bytes_view(&y)));
  bytes_release(&x);
  bytes_release(&y);
}

/* What was derived bit by bit is what a rebuild derives. */
static void expect_rebuild_same(struct fixture_node *node) {
  struct err err = ERR_INIT;
  struct bytes before;
  struct bytes after;
  bytes_init(&before, DUMP_MAX);
  bytes_init(&after, DUMP_MAX);
  dump_derived(node, true, &before);
  fixture_close(node);
  fixture_open(node);
  assert_int_equal(derive_rebuild(node->store, &node->federation, f.schemas, NULL, NULL, &err), OK);
  dump_derived(node, true, &after);
  assert_true(view_equal(bytes_view(&before), bytes_view(&after)));
  bytes_release(&before);
  bytes_release(&after);
}

static void take_identity(struct fixture_node *node, const struct fixture_node *of, const struct bytes *item) {
  struct err err = ERR_INIT;
  bool changed = false;
  assert_int_equal(hall_identity(node->hall, &of->id, bytes_view(item), &changed, &err), OK);
  assert_true(changed);
}

/* Seals a version of an object and admits it; returns the row. */
static struct receipt_row publish_version(struct fixture_node *node, uint64_t n, const struct hash *object,
                                          const struct hash *newest) {
  struct fixture_record record;
  fixture_case(node, n, object, newest, &record);
  const struct receipt_row row = fixture_admit(node, &record.item);
  fixture_record_release(&record);
  return row;
}

/* The reference that a query gives for what another reference names. */
static void expect_newest(struct fixture_node *node, const char *name, const char *newest) {
  struct err err = ERR_INIT;
  struct bytes body;
  json_t *shown = NULL;
  int64_t rowid = 0;
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(query_object(node->store, &node->federation, f.schemas, name, &rowid, &err), OK);
  assert_int_equal(query_show(node->store, &node->federation, f.schemas, rowid, "it", &shown, &body, &err), OK);
  const json_t *versions = json_object_get(shown, "versions");
  const json_t *last = json_array_get(versions, json_array_size(versions) - 1);
  const char *text = json_string_value(json_object_get(last, "reference"));
  assert_string_equal(text, newest);
  json_decref(shown);
  bytes_release(&body);
}

static void the_next_generation_carries_on_where_the_cut_is(void **state) {
  struct hash first;
  struct bytes item;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  bytes_init(&item, 8192);
  (void)fixture_publish(IT, 1, &first); /* IT-2 */
  (void)fixture_publish(IT, 2, NULL);
  fixture_transfer(IT, FR, 2);
  rotation_begin(IT, 4, &item);
  assert_int_equal(hall_head(IT->hall, &IT->id, 1)->size, 4);
  assert_int_equal(hall_head(IT->hall, &IT->id, 2)->size, 1);
  const struct receipt_row changed = publish_version(IT, 3, &first, &first);
  assert_int_equal(changed.state, RECEIPT_LOGGED); /* by an editor certified in generation 1 */
  assert_int_equal(changed.gen, 2);
  assert_int_equal(changed.index, 1);
  assert_int_equal(publish_version(IT, 4, NULL, NULL).index, 2);
  take_identity(FR, IT, &item);
  take_identity(EE, IT, &item);
  fixture_transfer(FR, IT, 2);
  fixture_transfer(IT, FR, 2);
  fixture_transfer(IT, EE, 1); /* from nothing */
  fixture_transfer(EE, FR, 5);
  fixture_transfer(FR, EE, 5);
  fixture_transfer(EE, IT, 5);
  expect_same(IT, FR);
  expect_same(IT, EE);
  expect_newest(EE, "IT-2", "IT.2-1");
  expect_newest(EE, "IT.2-1", "IT.2-1");
  expect_newest(EE, "IT.2-2", "IT.2-2");
  for (uint32_t i = 0; i < 3; i++) {
    expect_rebuild_same(&f.nodes[i]);
  }
  assert_int_equal(publish_version(IT, 5, &first, &first).state, RECEIPT_REFUSED);     /* stale */
  assert_int_equal(publish_version(IT, 6, &first, &changed.id).state, RECEIPT_LOGGED); /* after being opened again */
  bytes_release(&item);
  fixture_release(&f);
}

static void a_generation_begins_only_behind_the_cut(void **state) {
  struct err err = ERR_INIT;
  struct bytes item;
  struct bytes text;
  struct pull *pull = NULL;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  bytes_init(&item, 8192);
  bytes_init(&text, LIMIT_CHECKPOINT);
  (void)fixture_publish(IT, 1, NULL);
  rotation_begin(IT, 3, &item);
  struct log log;
  assert_int_equal(log_find(IT->store, &IT->id, 2, &log, NULL), OK);
  assert_int_equal(milestone_get(IT->store, log.no, 0, &text, NULL), OK);
  assert_int_equal(hall_pull_begin(FR->hall, bytes_view(&text), 0, &pull, &err), ERR_NOT_FOUND);
  take_identity(FR, IT, &item);
  assert_int_equal(hall_pull_begin(FR->hall, bytes_view(&text), 0, &pull, &err), ERR_MISMATCH);
  assert_false(hall_may_begin(FR->hall, &IT->id, 2));
  fixture_transfer(IT, FR, 4);
  assert_true(hall_may_begin(FR->hall, &IT->id, 2));
  assert_int_equal(hall_head(FR->hall, &IT->id, 2)->size, 1);
  bytes_release(&item);
  bytes_release(&text);
  fixture_release(&f);
}

static void what_stands_above_the_cut_is_withdrawn_and_kept_aside(void **state) {
  struct hash kept;
  struct bytes item;
  struct bytes scratch;
  struct item entry;
  struct log log;
  uint64_t n = 0;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  bytes_init(&item, 8192);
  bytes_init(&scratch, LIMIT_ITEM);
  (void)fixture_publish(IT, 1, &kept); /* 2 */
  (void)publish_version(IT, 2, &kept, &kept);
  (void)fixture_publish(IT, 3, NULL); /* 4 */
  fixture_transfer(IT, FR, 3);
  rotation_begin(IT, 3, &item);
  take_identity(FR, IT, &item);
  fixture_transfer(IT, FR, 3);
  fixture_transfer(FR, IT, 3);
  expect_same(IT, FR);
  assert_int_equal(hall_head(FR->hall, &IT->id, 1)->size, 3);
  expect_newest(FR, "IT-2", "IT-2"); /* its second version is withdrawn */
  assert_int_equal(log_find(FR->store, &IT->id, 1, &log, NULL), OK);
  assert_int_equal(withdrawn_count(FR->store, log.no, &n, NULL), OK);
  assert_int_equal(n, 2);
  assert_int_equal(withdrawn_get(FR->store, entry_rowid(log.no, 4), &scratch, &entry, NULL), OK);
  assert_int_equal(entry.state, ITEM_WHOLE);
  /* A withdrawn record may be admitted again: it names no position. */
  const struct receipt_row again = fixture_admit(IT, &entry);
  assert_int_equal(again.state, RECEIPT_LOGGED);
  assert_int_equal(again.gen, 2);
  expect_rebuild_same(FR);
  expect_rebuild_same(IT);
  /* Taken down there, its text goes where it was withdrawn, too, and nowhere else. */
  const struct takedown_wish wish = {.node = IT->id, .gen = 2, .index = again.index, .reason = 1};
  struct takedown_report report;
  assert_int_equal(hall_take_down(IT->hall, &wish, &report, NULL), OK);
  fixture_transfer(IT, FR, 3);
  for (uint32_t i = 0; i < 2; i++) {
    struct fixture_node *node = &f.nodes[i];
    assert_true(hall_is_erasing(node->hall));
    assert_int_equal(log_find(node->store, &IT->id, 1, &log, NULL), OK);
    assert_int_equal(withdrawn_get(node->store, entry_rowid(log.no, 4), &scratch, &entry, NULL), OK);
    assert_int_equal(entry.state, ITEM_GONE);
    assert_int_equal(entry.body.len, 0);
    assert_int_equal(withdrawn_get(node->store, entry_rowid(log.no, 3), &scratch, &entry, NULL), OK);
    assert_int_equal(entry.state, ITEM_WHOLE);
  }
  bytes_release(&item);
  bytes_release(&scratch);
  fixture_release(&f);
}

static void a_revocation_reaches_back_into_the_generation_before(void **state) {
  struct hash object;
  struct bytes item;
  struct fixture_record record;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  bytes_init(&item, 8192);
  (void)fixture_publish(IT, 1, NULL);    /* 2 */
  (void)fixture_publish(IT, 2, &object); /* 3 */
  rotation_begin(IT, 4, &item);
  (void)publish_version(IT, 3, &object, &object); /* 2-1 */
  take_identity(FR, IT, &item);
  fixture_transfer(IT, FR, 3);
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, 3}};
  memcpy(h.subject.b, IT->editor.pub.b, PUBKEY_LEN);
  fixture_seal(IT, &IT->node_key, h, view_of(NULL, 0), &record);
  const struct receipt_row row = fixture_admit(IT, &record.item);
  assert_int_equal(row.state, RECEIPT_LOGGED);
  fixture_transfer(IT, FR, 3);
  fixture_transfer(FR, IT, 3);
  expect_same(IT, FR);
  for (uint32_t i = 0; i < 2; i++) {
    assert_int_equal(reason_at(&f.nodes[i], &IT->id, 2), REASON_NONE);
    assert_int_equal(reason_at(&f.nodes[i], &IT->id, 3), REASON_REVOKED);
    expect_rebuild_same(&f.nodes[i]);
  }
  assert_int_equal(publish_version(IT, 4, NULL, NULL).reason, REASON_REVOKED);
  fixture_record_release(&record);
  bytes_release(&item);
  fixture_release(&f);
}

static void the_old_key_writes_nothing_any_more(void **state) {
  struct err err = ERR_INIT;
  struct bytes item;
  struct bytes text;
  struct pull *pull = NULL;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  bytes_init(&item, 8192);
  bytes_init(&text, LIMIT_CHECKPOINT);
  uint8_t seed[SEED_LEN];
  signer_seed(&IT->node_key, seed);
  struct signer old;
  assert_int_equal(signer_from_seed(seed, &old, &err), OK);
  fixture_transfer(IT, FR, 3);
  rotation_begin(IT, 2, &item);
  take_identity(FR, IT, &item);
  fixture_transfer(IT, FR, 3);
  struct checkpoint c = {.fed_id = f.charter.fed_id, .node = IT->id, .gen = 1, .size = 3};
  assert_int_equal(checkpoint_seal(&c, &old, &text, &err), OK);
  assert_int_equal(hall_pull_begin(FR->hall, bytes_view(&text), 2, &pull, &err), ERR_MISMATCH); /* behind the cut */
  bytes_clear(&text);
  c.gen = 2;
  assert_int_equal(checkpoint_seal(&c, &old, &text, &err), OK);
  assert_int_equal(hall_pull_begin(FR->hall, bytes_view(&text), 1, &pull, &err), ERR_SIGNATURE);
  signer_release(&old);
  bytes_release(&item);
  bytes_release(&text);
  fixture_release(&f);
}

/* Identities that a cut withdraws stay in the chain: the one that begins the next generation follows on the last of them. */
static void an_identity_above_the_cut_stays_in_the_chain(void **state) {
  struct err err = ERR_INIT;
  const struct rotation curve = {.curve_mark = 1};
  struct bytes item;
  struct bytes second;
  bool changed = false;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  bytes_init(&item, 8192);
  bytes_init(&second, 8192);
  rotation_seal(IT, &curve, &second);
  assert_int_equal(hall_identity(IT->hall, &IT->id, bytes_view(&second), &changed, &err), OK);
  assert_int_equal(hall_admit_identity(IT->hall, &err), OK); /* IT-2 */
  assert_int_equal(hall_head(IT->hall, &IT->id, 1)->size, 3);
  rotation_begin(IT, 2, &item);
  take_identity(FR, IT, &second);
  take_identity(FR, IT, &item);
  fixture_transfer(IT, FR, 3);
  fixture_transfer(FR, IT, 3);
  assert_int_equal(federation_by_node(&FR->federation, &IT->id)->identity.version, 3);
  expect_same(IT, FR);
  (void)fixture_publish(IT, 1, NULL);
  expect_rebuild_same(FR);
  expect_rebuild_same(IT);
  bytes_release(&item);
  bytes_release(&second);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_next_generation_carries_on_where_the_cut_is),
      cmocka_unit_test(a_generation_begins_only_behind_the_cut),
      cmocka_unit_test(what_stands_above_the_cut_is_withdrawn_and_kept_aside),
      cmocka_unit_test(a_revocation_reaches_back_into_the_generation_before),
      cmocka_unit_test(the_old_key_writes_nothing_any_more),
      cmocka_unit_test(an_identity_above_the_cut_stays_in_the_chain),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
