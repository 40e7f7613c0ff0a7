/*
 * disk: what survives a power cut, and that a store on it loses nothing that it promised.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/store/store.h"
#include "tests/sim/disk.h"

static char dir[64];

static int make_folder(void **state) {
  (void)state;
  const char *base = getenv("TMPDIR");
  (void)snprintf(dir, sizeof dir, "%.40s/specola-disk-XXXXXX", base == NULL ? "/tmp" : base);
  return mkdtemp(dir) == NULL;
}

static int remove_folder(void **state) {
  char path[96];
  (void)state;
  static const char *const NAMES[] = {"store.db", "store.lock"};
  for (size_t i = 0; i < 2; i++) {
    (void)snprintf(path, sizeof path, "%s/%s", dir, NAMES[i]);
    (void)unlink(path);
  }
  disk_forget(dir);
  return rmdir(dir);
}

static uint64_t none(void *context, uint64_t n) {
  (void)context;
  (void)n;
  return 0;
}

/* In order, from a fixed place. */
static uint64_t pseudo(void *context, uint64_t n) {
  uint64_t *x = context;
  *x = *x * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (*x >> 33) % n;
}

static struct store *opened(void) {
  struct store *s = NULL;
  struct err err = ERR_INIT;
  if (store_open(dir, STORE_WRITE, DISK_VFS, &s, &err) != OK) fail_msg("%s", err.message);
  return s;
}

static bool has(struct store *s, const char *name) {
  struct bytes value;
  bytes_init(&value, 64);
  enum err_code code = store_get_fact(s, name, &value, NULL);
  bytes_release(&value);
  return code == OK;
}

static void cut(struct store *s, uint64_t (*random)(void *context, uint64_t n), void *context) {
  disk_die(disk_of(dir));
  store_close(s);
  disk_revive(disk_of(dir), true, random, context);
}

static void a_commit_survives_a_power_cut(void **state) {
  (void)state;
  uint64_t x = 1;
  struct store *s = opened();
  for (uint32_t i = 0; i < 30; i++) {
    char name[16];
    (void)snprintf(name, sizeof name, "fact %u", i);
    assert_int_equal(store_put_fact(s, name, view_of("x", 1), NULL), OK);
    cut(s, pseudo, &x);
    s = opened();
    assert_true(has(s, name));
  }
  store_close(s);
}

static void what_is_not_committed_does_not_survive(void **state) {
  (void)state;
  struct store *s = opened();
  assert_int_equal(store_begin(s, NULL), OK);
  assert_int_equal(store_put_fact(s, "half", view_of("x", 1), NULL), OK);
  cut(s, none, NULL);
  s = opened();
  assert_false(has(s, "half"));
  store_close(s);
}

static void a_lying_disk_loses_what_was_committed(void **state) {
  (void)state;
  struct store *s = opened();
  disk_lie(disk_of(dir), true);
  assert_int_equal(store_put_fact(s, "told", view_of("x", 1), NULL), OK);
  cut(s, none, NULL);
  disk_lie(disk_of(dir), false);
  s = opened();
  assert_false(has(s, "told"));
  store_close(s);
}

/* A commit is killed between its write and its sync; the next start finds it, and it is told of. */
static void what_a_start_finds_stays_found(void **state) {
  (void)state;
  struct disk *d = disk_of(dir);
  struct store *s = opened();
  disk_fail(d, DISK_BAD_SYNCS);
  assert_int_not_equal(store_put_fact(s, "found", view_of("x", 1), NULL), OK);
  disk_die(d);
  store_close(s);
  disk_revive(d, false, NULL, NULL);
  s = opened();
  assert_true(has(s, "found"));
  cut(s, none, NULL);
  s = opened();
  assert_true(has(s, "found"));
  store_close(s);
}

static void a_start_whose_disk_does_not_sync_is_none(void **state) {
  (void)state;
  struct disk *d = disk_of(dir);
  struct store *s = opened();
  struct err err = ERR_INIT;
  assert_int_equal(store_put_fact(s, "a", view_of("x", 1), NULL), OK);
  disk_die(d);
  store_close(s);
  disk_revive(d, false, NULL, NULL);
  disk_fail(d, DISK_BAD_SYNCS);
  assert_int_equal(store_open(dir, STORE_WRITE, DISK_VFS, &s, &err), ERR_IO);
  disk_fail(d, DISK_HEALTHY);
  s = opened();
  assert_true(has(s, "a"));
  store_close(s);
}

static void a_full_disk_is_an_error_and_has_room_again(void **state) {
  (void)state;
  struct store *s = opened();
  static uint8_t much[600000];
  disk_leave_room(disk_of(dir), 1000);
  assert_int_equal(store_put_fact(s, "b", view_of(much, sizeof much), NULL), ERR_DISK_FULL);
  assert_false(has(s, "b"));
  disk_leave_room(disk_of(dir), UINT64_MAX);
  assert_int_equal(store_put_fact(s, "b", view_of("x", 1), NULL), OK);
  assert_true(has(s, "b"));
  store_close(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_commit_survives_a_power_cut, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(what_is_not_committed_does_not_survive, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_lying_disk_loses_what_was_committed, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(what_a_start_finds_stays_found, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_start_whose_disk_does_not_sync_is_none, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_full_disk_is_an_error_and_has_room_again, make_folder, remove_folder),
  };
  disk_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
