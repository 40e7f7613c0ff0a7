/*
 * dump: see dump.h.
 */
#include "tests/node/dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"

#define POSITION(column)                                                                                                       \
  "(SELECT hex(log.node) || '.' || gen FROM log WHERE log.no = " column " >> 40) || '-' || (" column " & 1099511627775)"

static void dump_sql(struct fixture_node *node, const char *sql, struct bytes *out) {
  sqlite3_stmt *st = NULL;
  if (sqlite3_prepare_v2(store_db(node->store), sql, -1, &st, NULL) != SQLITE_OK) {
    fail_msg("%s: %s", sql, sqlite3_errmsg(store_db(node->store)));
  }
  assert_int_equal(bytes_printf(out, NULL, "-- %.60s\n", sql), OK);
  while (sqlite3_step(st) == SQLITE_ROW) {
    for (int i = 0; i < sqlite3_column_count(st); i++) {
      const unsigned char *text = sqlite3_column_text(st, i);
      assert_int_equal(bytes_printf(out, NULL, "|%s", text == NULL ? "NULL" : (const char *)text), OK);
    }
    assert_int_equal(bytes_append_text(out, "\n", NULL), OK);
  }
  (void)sqlite3_finalize(st);
}

void dump_derived(struct fixture_node *node, bool arrival, struct bytes *out) {
  static const char *const all[] = {
      "SELECT " POSITION("id") " AS p, reason FROM held ORDER BY p",
      "SELECT " POSITION("id") " AS p FROM frozen ORDER BY p",
      "SELECT " POSITION("id") " AS p, kind FROM authority ORDER BY p",
      "SELECT " POSITION("id") " AS p, " POSITION("newest") ", versions, " POSITION(
          "withdrawn") ", schema, flags, person, " POSITION("head") ", readable, complete FROM object ORDER BY p",
      "SELECT " POSITION("id") " AS p, " POSITION("object") " FROM version ORDER BY p",
      "SELECT dim, facet_code.code, " POSITION(
          "object") " AS p FROM facet JOIN facet_code ON facet_code.no = facet.code ORDER BY 1, 2, 3",
      "SELECT " POSITION("id") " AS p, person, " POSITION("of") ", " POSITION(
          "version") ", standing FROM endorsement ORDER BY p",
      "SELECT " POSITION("id") " AS p, target, person FROM endorsement_withdrawal ORDER BY p",
      "SELECT " POSITION("id") " AS p, object, reason FROM endorsement_held ORDER BY p",
      "SELECT " POSITION("object") " AS p, state FROM endorsed ORDER BY p",
      "SELECT " POSITION("object") " AS p, " POSITION(
          "version") ", policy, counted, nodes, countries, missing, missing_nodes, "
                     "missing_countries FROM endorsement_statement ORDER BY p, 2, 3",
      "SELECT hex(target), field, " POSITION("object") " AS p FROM link ORDER BY 1, 2, 3",
      "SELECT count(*) FROM unique_key",
      "SELECT " POSITION("id") " AS p, title, country, level, original_lang FROM \"case\" ORDER BY p",
      "SELECT term, col, offset, " POSITION("doc") " AS p FROM temp.words ORDER BY 1, 4, 2, 3",
  };
  assert_int_equal(sqlite3_exec(store_db(node->store),
                                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words USING fts5vocab(main, fulltext, instance)", NULL,
                                NULL, NULL),
                   SQLITE_OK);
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    dump_sql(node, all[i], out);
  }
  if (arrival) {
    dump_sql(node, "SELECT * FROM object ORDER BY id", out);
  }
  assert_int_equal(sqlite3_exec(store_db(node->store), "DROP TABLE temp.words", NULL, NULL, NULL), SQLITE_OK);
}

void dump_expect_derived(struct fixture_node *node) {
  struct bytes dumps[2];
  struct err err = ERR_INIT;
  bool damaged = true;
  for (size_t i = 0; i < 2; i++) {
    bytes_init(&dumps[i], DUMP_MAX);
  }
  dump_derived(node, true, &dumps[0]);
  if (derive_check(node->store, &node->federation, node->all->schemas, &damaged, &err) != OK) {
    fail_msg("%s", err.message);
  }
  dump_derived(node, true, &dumps[1]);
  assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[1])); /* says what, where the digest says that */
  assert_false(damaged);
  for (size_t i = 0; i < 2; i++) {
    bytes_release(&dumps[i]);
  }
}

int64_t dump_number(struct store *s, const char *sql) {
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  const int64_t n = sqlite3_column_int64(st, 0);
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  return n;
}
