/*
 * kept: see kept.h.
 */
#include "tests/node/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/endorsed.h"

static struct err err = ERR_INIT;

uint64_t kept_number(struct fixture_node *at, const char *sql) {
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(at->store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  const uint64_t out = (uint64_t)sqlite3_column_int64(st, 0);
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  return out;
}

/* Of one object: how it stands, its statements and its signatures, as the tables have it and as the judge says. */
static void expect_object(struct fixture_node *at, int64_t object, uint64_t *signatures, uint64_t *statements) {
  struct endorsements e;
  struct endorsement_result kept;
  enum endorsed state = ENDORSED_CURRENTLY;
  char sql[256];
  const enum err_code code = endorsements_read(at->store, &at->federation, object, &e, &err);
  assert_int_equal(endorsed_get(at->store, object, &state, &err), OK);
  if (code == ERR_NOT_FOUND) {
    assert_int_equal(state, ENDORSED_NOT);
    return;
  }
  assert_int_equal(code, OK);
  assert_int_equal(state, e.state);
  for (size_t i = 0; i < e.n; i++) {
    const struct statement_result *x = &e.statements[i];
    for (size_t k = 0; k < x->n; k++, ++*signatures) {
      (void)snprintf(sql, sizeof sql,
                     KEPT_ROWS("endorsement", "id = %lld AND of = %lld AND coalesce(version, 0) = %lld AND standing = %d"),
                     (long long)x->signatures[k].rowid, (long long)object, (long long)x->rowid, (int)x->signatures[k].standing);
      assert_int_equal(kept_number(at, sql), 1);
    }
    if (x->n == 0 || x->policy == 0 || x->rowid == 0) continue;
    ++*statements;
    memset(&kept, 0, sizeof kept);
    assert_int_equal(endorsed_statement(at->store, object, x->rowid, x->policy, &kept, &err), OK);
    assert_memory_equal(&kept, &x->result, sizeof kept);
  }
  endorsements_release(&e);
}

void kept_expect(struct fixture_node *at) {
  uint64_t signatures = 0, statements = 0;
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(at->store), "SELECT id FROM object", -1, &st, NULL), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW)
    expect_object(at, sqlite3_column_int64(st, 0), &signatures, &statements);
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  assert_int_equal(kept_number(at, KEPT_ROWS("endorsement", "of IS NOT NULL")), signatures);
  assert_int_equal(kept_number(at, KEPT_ROWS("endorsement", "of IS NULL AND (version IS NOT NULL OR standing <> 1)")), 0);
  assert_int_equal(kept_number(at, KEPT_ROWS("endorsement_statement", "1")), statements);
  assert_int_equal(kept_number(at, KEPT_ROWS("endorsed", "object NOT IN (SELECT of FROM endorsement WHERE of IS NOT NULL)")),
                   0);
  assert_int_equal(kept_number(at, KEPT_ROWS("endorsed_stale", "1")), 0);
}
