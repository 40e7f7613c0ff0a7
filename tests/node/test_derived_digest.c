/*
 * derived_digest: what is derived is what would be derived anew, and whatever is altered in it is found by a pass and made as
 * it was.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "node/store/derived_digest.h"
#include "node/store/sql.h"
#include "tests/node/courier.h"
#include "tests/node/dump.h"
#include "tests/node/rot.h"

#define SQL_MAX 1024
#define ALTERED_LEAST 40 /* columns of tables that have rows in nearly any history */

static struct fixture f;
static struct chronicle c;
static struct err err = ERR_INIT;

static struct scrub_state scrub(struct fixture_node *node) {
  struct scrub_state now;
  struct err why = ERR_INIT;
  if (rot_scrub(node, 1000, &now, &why) != OK) fail_msg("%s", why.message);
  assert_int_equal(now.found + now.milestones + now.left, 0);
  return now;
}

/* A replica that holds a whole history. */
static struct fixture_node *found_reader(uint64_t seed) {
  fixture_found(&f, CHRONICLE_FOUNDERS, seed, false);
  chronicle_play(&c, &f, &f.nodes[fixture_newcomer(&f, "PT")]);
  struct fixture_node *reader = &f.nodes[fixture_newcomer(&f, "ZZ")];
  struct courier k = {.c = &c, .to = reader};
  courier_finish(&k);
  return reader;
}

static void release_reader(void) {
  chronicle_release(&c);
  fixture_release(&f);
}

/* ---- any column of any table ---- */

/* Runs a statement; how many rows it changed. */
static int run(struct fixture_node *node, const char *sql) {
  if (sqlite3_exec(store_db(node->store), sql, NULL, NULL, NULL) != SQLITE_OK) {
    fail_msg("%s: %s", sql, sqlite3_errmsg(store_db(node->store)));
  }
  return sqlite3_changes(store_db(node->store));
}

/* One statement a column of every derived table, written by SQLite: another value of the same type, where it is greatest. */
static void write_changes(struct fixture_node *node, struct bytes *out) {
  static const char sql[] =
      "WITH change(type, ground, more) AS (VALUES ('INTEGER', '0', '+ 1'), ('REAL', '0', '+ 1'), ('TEXT', '''''', "
      "'|| ''x'''), ('BLOB', 'x''''', '|| CAST(''x'' AS BLOB)')) "
      "SELECT printf('UPDATE OR REPLACE \"%w\" SET \"%w\" = CAST(coalesce(\"%w\", %s) %s AS %s) WHERE \"%w\" IS "
      "(SELECT max(\"%w\") FROM \"%w\")', t.name, c.name, c.name, ground, more, c.type, c.name, c.name, t.name) "
      "FROM sqlite_schema AS t, pragma_table_info(t.name) AS c JOIN change ON change.type = c.type WHERE t.type = 'table' AND "
      "(instr(?1, 'CREATE TABLE ' || t.name || '(') > 0 OR t.name IN (SELECT name FROM derived_wide)) ORDER BY t.name, c.cid";
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(node->store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_bind_text(st, 1, store_derived_sql, -1, SQLITE_STATIC), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW)
    assert_int_equal(bytes_printf(out, NULL, "%s\n", (const char *)sqlite3_column_text(st, 0)), OK);
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

/* How many columns were altered: of tables that have rows. */
static uint64_t alter_all(struct fixture_node *node) {
  struct derived_digest before, after;
  struct bytes changes;
  uint64_t n = 0;
  bytes_init(&changes, (size_t)1024 * 1024);
  write_changes(node, &changes);
  assert_int_equal(derived_digest(node->store, &before, &err), OK);
  char *all = strdup(bytes_text(&changes));
  assert_non_null(all);
  char *next = all;
  for (char *line = all; *line != '\0'; line = next) {
    next = line + strcspn(line, "\n");
    *next++ = '\0';
    if (run(node, line) == 0) continue;
    bool damaged = false;
    assert_int_equal(derive_check(node->store, &node->federation, f.schemas, &damaged, &err), OK);
    if (!damaged) fail_msg("seed %" PRIu64 ": nobody saw what this did: %s", f.seed, line);
    assert_int_equal(derived_digest(node->store, &after, &err), OK);
    assert_true(derived_digest_equal(&before, &after));
    n++;
  }
  free(all);
  bytes_release(&changes);
  return n;
}

/* How many columns of one random history were altered, found and made as they were. */
static uint64_t alter_history(uint64_t seed) {
  struct fixture_node *reader = found_reader(seed);
  struct bytes dumps[2];
  for (size_t i = 0; i < 2; i++)
    bytes_init(&dumps[i], DUMP_MAX);
  dump_expect_derived(reader);
  dump_derived(reader, true, &dumps[0]);
  (void)run(reader, "DELETE FROM facet_code WHERE no NOT IN (SELECT code FROM facet)"); /* nobody misses those */
  assert_false(scrub(reader).derived);
  const uint64_t n = alter_all(reader);
  print_message("%" PRIu64 " columns\n", n);
  assert_false(scrub(reader).derived);
  dump_derived(reader, true, &dumps[1]);
  assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[1]));
  for (size_t i = 0; i < 2; i++)
    bytes_release(&dumps[i]);
  release_reader();
  return n;
}

static void any_column_that_is_altered_is_found_and_made_as_it_was(void **state) {
  const uint64_t seed = fixture_seed();
  uint64_t most = 0;
  (void)state;
  for (unsigned tries = 0; most < ALTERED_LEAST && tries < 6; tries++) { /* a cut may leave little of a history */
    const uint64_t n = alter_history(seed + tries);
    most = n > most ? n : most;
  }
  assert_true(most >= ALTERED_LEAST);
}

/* ---- in a file that nobody has open ---- */

/* Runs statements on a closed node's file, with no function of this program. */
static void run_closed(const struct fixture_node *node, const char *sql) {
  char path[SQL_MAX];
  char *why = NULL;
  sqlite3 *db = NULL;
  (void)snprintf(path, sizeof path, "%s/store.db", node->dir);
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", sql, why);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* One pass finds it, and everything is as it was; the next one finds nothing, and makes no table anew. */
static void expect_healed(struct fixture_node *node, struct bytes *before) {
  struct bytes now;
  bytes_init(&now, DUMP_MAX);
  fixture_open(node);
  assert_true(scrub(node).derived);
  dump_derived(node, true, &now);
  assert_string_equal(bytes_text(before), bytes_text(&now));
  const int64_t schema = dump_number(node->store, "PRAGMA schema_version");
  assert_false(scrub(node).derived);
  assert_int_equal(dump_number(node->store, "PRAGMA schema_version"), schema);
  bytes_release(&now);
}

static void found_cases(struct fixture_node *node, struct bytes *dump) {
  for (uint64_t i = 0; i < 10; i++)
    (void)fixture_publish(node, i, NULL);
  bytes_init(dump, DUMP_MAX);
  dump_derived(node, true, dump);
}

static void what_was_altered_in_a_stopped_nodes_tables_is_healed(void **state) {
  static const char *const all[] = {
      "UPDATE object SET complete = complete + 1 WHERE id = (SELECT max(id) FROM object)",
      "UPDATE \"case\" SET title = 'Caso' WHERE id = (SELECT max(id) FROM \"case\")",
      "DELETE FROM authority WHERE id = (SELECT max(id) FROM authority)",
      "UPDATE derived_wide SET name = 'b\"se' WHERE name = 'case'",
      "DELETE FROM derived_wide WHERE name = 'case'",
      "DELETE FROM fulltext_docsize WHERE id = (SELECT max(id) FROM fulltext_docsize)",
      "DROP TABLE link",
      "DROP INDEX object_arrival",
  };
  struct fixture_node *node = &f.nodes[0];
  struct bytes before;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  found_cases(node, &before);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    fixture_close(node);
    run_closed(node, all[i]);
    expect_healed(node, &before);
  }
  (void)fixture_publish(node, 11, NULL); /* by somebody whose certificate was gone for a while */
  bytes_release(&before);
  fixture_release(&f);
}

/* The file with an index that says something else than its table: change is made where the index is not known. */
static void alter_behind(struct fixture_node *node, const char *index, const char *change) {
  char sql[SQL_MAX];
  fixture_close(node);
  (void)snprintf(sql, sizeof sql,
                 "CREATE TABLE kept AS SELECT * FROM sqlite_schema WHERE name = '%s'; PRAGMA writable_schema = ON; "
                 "DELETE FROM sqlite_schema WHERE name = '%s'",
                 index, index);
  run_closed(node, sql);
  run_closed(node, change);
  run_closed(node, "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM kept");
  run_closed(node, "DROP TABLE kept");
}

static void an_index_that_says_something_else_than_its_table_is_healed(void **state) {
  struct fixture_node *node = &f.nodes[0];
  struct bytes before;
  struct hash id;
  int64_t rowid = 0;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  (void)fixture_publish(node, 20, &id);
  found_cases(node, &before);
  (void)run(node, "UPDATE object SET arrival = arrival + 1");
  alter_behind(node, "object_arrival", "UPDATE object SET arrival = arrival - 1");
  expect_healed(node, &before);
  (void)run(node, "UPDATE entry SET rid = rid + 1");
  alter_behind(node, "entry_rid", "UPDATE entry SET rid = rid - 1");
  fixture_open(node);
  assert_int_equal(entry_find(node->store, &f.charter.fed_id, &id, &rowid, &err), ERR_NOT_FOUND);
  fixture_close(node);
  expect_healed(node, &before);
  assert_int_equal(entry_find(node->store, &f.charter.fed_id, &id, &rowid, &err), OK);
  bytes_release(&before);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_column_that_is_altered_is_found_and_made_as_it_was),
      cmocka_unit_test(what_was_altered_in_a_stopped_nodes_tables_is_healed),
      cmocka_unit_test(an_index_that_says_something_else_than_its_table_is_healed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
