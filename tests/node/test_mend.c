/*
 * mend: what the record says of the federation, damaged in each of its parts, and put right out of what is at hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/mend.h"
#include "protocol/bundle.h"
#include "protocol/canon.h"
#include "tests/node/rotation.h"

static struct fixture f;
static struct home home;

#define IT (&f.nodes[0])

/* The file that a home keeps of its founding. */
static void write_charter(const struct fixture *of) {
  struct bundle_writer w;
  struct bytes octets;
  struct err err = ERR_INIT;
  char path[HOME_PATH_MAX];
  memset(&w, 0, sizeof w);
  bytes_init(&octets, (size_t)1024 * 1024);
  assert_int_equal(bundle_start(&w, bundle_sink_bytes, &octets, &err), OK);
  assert_int_equal(bundle_put(&w, BUNDLE_CHARTER, bytes_view(&of->charter_item), &err), OK);
  assert_int_equal(bundle_finish(&w, &err), OK);
  assert_int_equal(home_path(&home, "observatory.charter", path, &err), OK);
  assert_int_equal(file_write(path, bytes_view(&octets), true, &err), OK);
  bundle_writer_release(&w);
  bytes_release(&octets);
}

/* Flips a bit of what a statement finds: its rowid-less row has one blob. */
static void flip(const char *select, const char *update) {
  sqlite3 *db = store_db(IT->store);
  sqlite3_stmt *st = NULL, *change = NULL;
  uint8_t octets[8192];
  assert_int_equal(sqlite3_prepare_v2(db, select, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  const size_t len = (size_t)sqlite3_column_bytes(st, 0);
  assert_in_range(len, 1, sizeof octets);
  memcpy(octets, sqlite3_column_blob(st, 0), len);
  (void)sqlite3_finalize(st);
  octets[fixture_random(&f, len)] ^= (uint8_t)(1u << fixture_random(&f, 8));
  assert_int_equal(sqlite3_prepare_v2(db, update, -1, &change, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_bind_blob(change, 1, octets, (int)len, SQLITE_TRANSIENT), SQLITE_OK);
  assert_int_equal(sqlite3_step(change), SQLITE_DONE);
  (void)sqlite3_finalize(change);
}

/* Loads it twice: put right, and then as it is. */
static void expect_mended(void) {
  struct federation now;
  struct err err = ERR_INIT;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(
        i == 0 ? mend_federation(IT->store, &home, &IT->node_key, &now, &err) : federation_load(IT->store, &now, &err), OK);
    assert_true(hash_equal(&now.charter.fed_id, &f.charter.fed_id));
    assert_true(hash_equal(&now.own, &IT->id));
    assert_int_equal(federation_self(&now)->identity.version, 2);
    assert_true(pubkey_equal(&federation_self(&now)->identity.node_key, &IT->node_key.pub));
    federation_release(&now);
  }
}

static void begin(void) {
  fixture_found(&f, 2, fixture_seed(), true);
  (void)snprintf(home.dir, sizeof home.dir, "%s", IT->dir);
  (void)fixture_publish(IT, 1, NULL);
  rotation_begin(IT, 3, NULL);
  write_charter(&f);
}

static void each_part_is_put_right_out_of_what_is_at_hand(void **state) {
  static const char CHARTER[] = "SELECT item FROM charter", OWN[] = "SELECT value FROM fact WHERE name = 'own'",
                    IDENTITY[] = "SELECT item FROM identity WHERE version = 2";
  (void)state;
  begin();
  expect_mended();
  for (int i = 0; i < 8; i++) {
    flip(CHARTER, "UPDATE charter SET item = ?1");
    expect_mended();
    flip(OWN, "UPDATE fact SET value = ?1 WHERE name = 'own'");
    expect_mended();
    flip(IDENTITY, "UPDATE identity SET item = ?1 WHERE version = 2");
    expect_mended();
  }
  flip(CHARTER, "UPDATE charter SET item = ?1");
  flip(OWN, "UPDATE fact SET value = ?1 WHERE name = 'own'");
  flip(IDENTITY, "UPDATE identity SET item = ?1 WHERE version = 2");
  expect_mended();
  fixture_release(&f);
}

static void a_charter_of_others_is_not_taken(void **state) {
  static struct fixture others;
  struct federation now;
  struct err err = ERR_INIT;
  (void)state;
  begin();
  fixture_found(&others, 2, fixture_seed() + 1, true);
  write_charter(&others);
  fixture_release(&others);
  flip("SELECT item FROM charter", "UPDATE charter SET item = ?1");
  assert_int_not_equal(mend_federation(IT->store, &home, &IT->node_key, &now, &err), OK);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_part_is_put_right_out_of_what_is_at_hand),
      cmocka_unit_test(a_charter_of_others_is_not_taken),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
