/*
 * trial: see trial.h.
 */
#include "tests/node/trial.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/forks.h"
#include "tests/node/dump.h"

/* A line a row. */
void trial_dump(struct store *s, const char *sql, struct bytes *out) {
  sqlite3_stmt *st = NULL;
  bytes_clear(out);
  assert_int_equal(sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW) {
    assert_int_equal(bytes_printf(out, NULL, "%s\n", (const char *)sqlite3_column_text(st, 0)), OK);
  }
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

static void dump_logs(struct store *s, struct bytes *out) {
  trial_dump(
      s,
      "SELECT printf('%d %s %d %d %s %d', no, hex(node), gen, size, hex(range), body_bytes) FROM log NOT INDEXED ORDER BY no",
      out);
}

void trial_milestones(struct store *s, struct bytes *out) {
  trial_dump(s, "SELECT printf('%d %d %d %d', seq, log, size, body_bytes) FROM milestone NOT INDEXED ORDER BY seq", out);
}

/* How many lines of `was` are not in `now`, which has no others. */
uint64_t trial_n_lost(const char *was, const char *now) {
  uint64_t n = 0;
  while (*was != '\0') {
    const size_t len = (size_t)(strchr(was, '\n') - was) + 1;
    const bool same = strncmp(was, now, len) == 0;
    now += same ? len : 0;
    n += !same;
    was += len;
  }
  assert_string_equal(now, "");
  return n;
}

/* Every log has the root to which its entries fold. */
void trial_expect_folds(struct fixture_node *node) {
  uint32_t n = 0;
  const struct hall_head *heads = hall_heads(node->hall, &n);
  assert_int_equal(n, TRIAL_NODES);
  for (uint32_t i = 0; i < n; i++) {
    struct hash root;
    assert_int_equal(hall_fold(node->hall, &heads[i].node, heads[i].gen, heads[i].size, &root, NULL), OK);
    assert_true(hash_equal(&root, &heads[i].root));
  }
}

/* One node that holds the logs of three. */
void trial_begin(struct trial *t, uint64_t seed) {
  memset(t, 0, sizeof *t);
  fixture_found(&t->f, TRIAL_NODES, seed, true);
  t->node = &t->f.nodes[0];
  for (uint32_t i = 0; i < TRIAL_NODES; i++) {
    for (uint64_t k = 0; k < TRIAL_CASES; k++) {
      (void)fixture_publish(&t->f.nodes[i], k, NULL);
    }
    if (i > 0) {
      fixture_transfer(&t->f.nodes[i], t->node, 50);
    }
  }
  bytes_init(&t->logs, TRIAL_DUMP);
  bytes_init(&t->milestones, TRIAL_DUMP);
  dump_logs(t->node->store, &t->logs);
  trial_milestones(t->node->store, &t->milestones);
  fixture_close(t->node);
  rot_read(t->node, &t->file);
}

void trial_end(struct trial *t) {
  rot_write(&t->file);
  free(t->file.octets);
  bytes_release(&t->logs);
  bytes_release(&t->milestones);
  fixture_open(t->node);
  trial_expect_folds(t->node);
  fixture_release(&t->f);
}

/* Where the value that a query yields stands in the file. */
uint8_t *trial_place_of(struct trial *t, const char *sql, size_t *len) {
  sqlite3_stmt *st = NULL;
  rot_write(&t->file);
  fixture_open(t->node);
  assert_int_equal(sqlite3_prepare_v2(store_db(t->node->store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  *len = (size_t)sqlite3_column_bytes(st, 0);
  uint8_t *place = memmem(t->file.octets, t->file.len, sqlite3_column_blob(st, 0), *len);
  assert_non_null(place);
  (void)sqlite3_finalize(st);
  fixture_close(t->node);
  return place;
}

/* The rows are what they were, but for one milestone at most. */
void trial_expect_rows(struct trial *t) {
  struct bytes now;
  bytes_init(&now, TRIAL_DUMP);
  dump_logs(t->node->store, &now);
  assert_int_equal(trial_n_lost(bytes_text(&t->logs), bytes_text(&now)), 0);
  trial_milestones(t->node->store, &now);
  const uint64_t lost = trial_n_lost(bytes_text(&t->milestones), bytes_text(&now));
  assert_true(lost <= 1);
  t->lost += lost;
  t->whole += lost == 0;
  bytes_release(&now);
}

void trial_change(struct trial *t, const char *sql) {
  assert_int_equal(sqlite3_exec(store_db(t->node->store), sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_changes(store_db(t->node->store)), 1);
}
