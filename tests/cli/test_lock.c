/*
 * test_lock: the person's key is open for as long as was said, by a clock that the test moves, and no longer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/desk/lock.h"

static uint64_t now_of(void *context) {
  return *(const uint64_t *)context;
}

static struct signer a_key(void) {
  struct signer signer = {.secret = NULL};
  assert_int_equal(signer_new(&signer, NULL), OK);
  return signer;
}

static void it_is_wiped_after_its_minutes(void **state) {
  (void)state;
  uint64_t now = 1000;
  const struct clock_source clock = {.monotonic_ms = now_of, .unix_s = now_of, .context = &now};
  struct lock l;
  struct signer key = a_key();
  const struct pubkey pub = key.pub;
  lock_init(&l, &clock, LOCK_AFTER_MIN);
  assert_null(lock_key(&l));
  assert_int_equal(lock_left_ms(&l), 0);
  lock_open(&l, &key);
  assert_null(key.secret);
  assert_int_equal(lock_left_ms(&l), 15 * 60000);
  now += 15 * 60000 - 1;
  assert_non_null(lock_key(&l));
  assert_true(pubkey_equal(&lock_key(&l)->pub, &pub));
  assert_int_equal(lock_left_ms(&l), 1);
  now += 1;
  assert_null(lock_key(&l));
  assert_null(l.signer.secret);
  now -= 60000; /* what is wiped stays so, whatever the clock says */
  assert_null(lock_key(&l));
}

static void signing_does_not_prolong_it_and_another_passphrase_does(void **state) {
  (void)state;
  uint64_t now = 0;
  const struct clock_source clock = {.monotonic_ms = now_of, .unix_s = now_of, .context = &now};
  struct lock l;
  struct signer key = a_key();
  lock_init(&l, &clock, 2);
  lock_open(&l, &key);
  now = 60000;
  assert_non_null(lock_key(&l));
  assert_int_equal(lock_left_ms(&l), 60000);
  key = a_key();
  lock_open(&l, &key);
  assert_int_equal(lock_left_ms(&l), 120000);
  lock_close(&l);
  assert_null(lock_key(&l));
  lock_close(&l);
}

static void what_was_wiped_is_lent_to_no_act(void **state) {
  (void)state;
  uint64_t now = 0;
  const struct clock_source clock = {.monotonic_ms = now_of, .unix_s = now_of, .context = &now};
  struct lock l;
  struct signer key = a_key(), lent = {.secret = NULL};
  struct err err = ERR_INIT;
  lock_init(&l, &clock, 1);
  lock_open(&l, &key);
  assert_int_equal(lock_lend(&l, &lent, &err), OK);
  assert_ptr_equal(lent.secret, l.signer.secret);
  lent.secret = NULL;
  now = 60000; /* between the button and the log */
  assert_int_equal(lock_lend(&l, &lent, &err), ERR_REFUSED);
  assert_null(lent.secret);
  assert_int_equal(err.code, ERR_REFUSED);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_wiped_after_its_minutes),
      cmocka_unit_test(signing_does_not_prolong_it_and_another_passphrase_does),
      cmocka_unit_test(what_was_wiped_is_lent_to_no_act),
  };
  struct err err = ERR_INIT;
  return secret_start(&err) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
