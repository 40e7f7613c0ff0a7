/*
 * vectors_log: tests/vectors/log.json, which make_log.py wrote from docs/protocol.md alone, against the hall: what is found of
 * every position of a log, milestone by milestone and after a rebuild.
 */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "node/store/derive.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"

/* A row's key in hexadecimal. */
static void read_hex(const json_t *row, const char *key, struct bytes *out) {
  const char *hex = json_string_value(json_object_get(row, key));
  assert_non_null(hex);
  const size_t len = strlen(hex) / 2;
  bytes_init(out, (size_t)LIMIT_BUNDLE_ITEM * 2);
  assert_int_equal(bytes_reserve(out, len + 1, NULL), OK);
  assert_int_equal(hex_decode(view_of_text(hex), out->p, len, NULL), OK);
  out->len = len;
}

/* Makes the fixture's node a replica, no member itself, of the federation of that charter. */
static void become_replica(struct fixture *f, struct view charter) {
  static const struct hash nobody = {{0}};
  struct fixture_node *node = &f->nodes[0];
  struct err err = ERR_INIT;
  fixture_close(node);
  assert_int_equal(store_open(node->dir, STORE_WRITE, NULL, &node->store, &err), OK);
  assert_int_equal(store_put_charter(node->store, charter, &err), OK);
  assert_int_equal(store_put_fact(node->store, "own", hash_view(&nobody), &err), OK);
  store_close(node->store);
  node->store = NULL;
  fixture_open(node);
}

/* Whether every position of a generation is found to be what the row says. */
static bool agrees_in(struct fixture_node *node, const json_t *row, const struct hash *owner, uint64_t gen, const char *when) {
  const json_t *reasons = json_object_get(row, gen == 1 ? "reasons" : "next");
  bool all = true;
  for (size_t i = 0; i < json_array_size(reasons); i++) {
    const char *wanted = json_string_value(json_array_get(reasons, i));
    const enum reason found = reason_in(node, owner, gen, i);
    const char *name = found == REASON_NONE ? "none" : reason_name((uint64_t)found);
    if (strcmp(name, wanted) != 0) {
      print_error("%s, %s: generation %d, entry %zu: %s, not %s\n", json_string_value(json_object_get(row, "name")), when,
                  (int)gen, i, name, wanted);
      all = false;
    }
  }
  return all;
}

static bool agrees(struct fixture_node *node, const json_t *row, const struct hash *owner, const char *when) {
  const bool first = agrees_in(node, row, owner, 1, when);
  return agrees_in(node, row, owner, 2, when) && first;
}

/* Whether of every body that is left which the row says. */
static void expect_bodies(struct fixture_node *node, const json_t *row, const struct hash *owner) {
  static const char *const names[] = {
      [ITEM_BODILESS] = "none", [ITEM_WHOLE] = "whole", [ITEM_GONE] = "gone", [ITEM_ABSENT] = "missing"};
  const json_t *bodies = json_object_get(row, "bodies");
  struct bytes scratch;
  struct log log;
  uint64_t n_missing = 0;
  bytes_init(&scratch, LIMIT_ITEM);
  assert_int_equal(log_find(node->store, owner, 1, &log, NULL), OK);
  for (size_t i = 0; i < json_array_size(bodies); i++) {
    struct item item;
    assert_int_equal(entry_get(node->store, entry_rowid(log.no, i), &scratch, &item, NULL), OK);
    assert_string_equal(names[item.state], json_string_value(json_array_get(bodies, i)));
    n_missing += item.state == ITEM_ABSENT;
  }
  assert_true(bodies == NULL || json_array_size(bodies) == log.range.size);
  assert_int_equal(hall_bodies_missing(node->hall), n_missing);
  bytes_release(&scratch);
}

/* What the log says of its owner's votes (docs/protocol.md 4.6, row 17). */
static struct voting voting_of(struct fixture_node *node, const struct hash *owner) {
  struct err err = ERR_INIT;
  struct hall_log *log = hall_find(node->hall, owner, 2);
  if (log == NULL) {
    log = hall_find(node->hall, owner, 1);
  }
  assert_non_null(log);
  assert_int_equal(hall_state(node->hall, log, &err), OK);
  return log->state->voting;
}

/* It is the same when it was kept while the entries came, and when it is read out of the store's rows. */
static void expect_same_votes(struct fixture_node *node, const struct hash *owner) {
  const struct voting kept = voting_of(node, owner);
  fixture_close(node);
  fixture_open(node);
  const struct voting read = voting_of(node, owner);
  assert_true(kept.epoch == read.epoch && kept.ballot == read.ballot && kept.blank == read.blank);
  assert_true(kept.has_last == read.has_last && kept.last_ballot == read.last_ballot);
  assert_true(hash_equal(&kept.last_hash, &read.last_hash));
}

/* The word for what an import says. */
static const char *word_of(enum err_code code) {
  return code == OK ? "none" : code == ERR_MISMATCH ? "mismatch" : code == ERR_FORMAT ? "format" : err_name(code);
}

static bool check_row(const json_t *row) {
  static struct fixture f;
  struct fixture_node *node = &f.nodes[0];
  struct bytes charter;
  struct bytes octets;
  struct bytes once;
  struct bytes again;
  struct hash owner;
  struct bundle_report report;
  struct err err = ERR_INIT;
  fixture_found(&f, 1, 1, false);
  read_hex(row, "charter", &charter);
  read_hex(row, "hex", &octets);
  bytes_init(&once, DUMP_MAX);
  bytes_init(&again, DUMP_MAX);
  assert_int_equal(hash_from_hex(view_of_text(json_string_value(json_object_get(row, "id"))), &owner, &err), OK);
  become_replica(&f, bytes_view(&charter));
  const char *word = word_of(fixture_import(node, bytes_view(&octets), &report, &err));
  if (strcmp(word, json_string_value(json_object_get(row, "reason"))) != 0) {
    fail_msg("%s: %s: %s", json_string_value(json_object_get(row, "name")), word, err.message);
  }
  const bool taken = json_is_true(json_object_get(row, "ok"));
  if (taken) {
    assert_int_equal(report.entries,
                     json_array_size(json_object_get(row, "reasons")) + json_array_size(json_object_get(row, "next")));
  }
  bool all = !taken || agrees(node, row, &owner, "entry by entry");
  const bool is_held = hall_find(node->hall, &owner, 1) != NULL; /* what is refused may have left the part that is good */
  assert_true(is_held || !taken);
  if (is_held) {
    expect_bodies(node, row, &owner);
    expect_same_votes(node, &owner);
  }
  dump_derived(node, false, &once);
  assert_int_equal(derive_rebuild(node->store, &node->federation, f.schemas, NULL, NULL, &err), OK);
  all = (!taken || agrees(node, row, &owner, "rebuilt")) && all;
  dump_derived(node, false, &again);
  assert_string_equal(bytes_text(&once), bytes_text(&again));
  bytes_release(&once);
  bytes_release(&again);
  bytes_release(&charter);
  bytes_release(&octets);
  fixture_release(&f);
  return all;
}

static void every_log_is_found_to_be_what_its_vector_says(void **state) {
  json_error_t error;
  size_t i = 0;
  size_t n_failed = 0;
  json_t *row;
  (void)state;
  json_t *rows = json_load_file(SPECOLA_SOURCE_DIR "/tests/vectors/log.json", 0, &error);
  if (rows == NULL) {
    fail_msg("log.json: %s", error.text);
  }
  json_array_foreach(rows, i, row) {
    n_failed += !check_row(row);
  }
  assert_int_equal(n_failed, 0);
  assert_true(json_array_size(rows) >= 28);
  json_decref(rows);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_log_is_found_to_be_what_its_vector_says),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
