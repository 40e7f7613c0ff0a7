/*
 * test_budget: what all links together can make the gate hold, and who gets the places.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "node/net/crowd.h"
#include "node/net/socket.h"

static struct crowd *crowd;
static int next_fd;

/* One more connection of the n-th key: let in and heard, or refused. */
static bool comes(uint8_t n) {
  uint8_t curve[CURVE_LEN];
  memset(curve, n, sizeof curve);
  crowd_opened(crowd, next_fd);
  if (!crowd_admit(crowd, curve)) {
    crowd_closed(crowd, next_fd);
    return false;
  }
  assert_true(crowd_name(crowd, next_fd++, curve));
  return true;
}

/* A connection comes and ends. */
static void ends(bool admitted, bool denied, bool named) {
  const uint8_t curve[CURVE_LEN] = {7};
  crowd_opened(crowd, next_fd);
  if (admitted) assert_true(crowd_admit(crowd, curve));
  if (denied) crowd_denied(crowd);
  if (named) assert_true(crowd_name(crowd, next_fd, curve));
  crowd_closed(crowd, next_fd++);
  crowd_settle(crowd);
}

static void only_who_proved_no_key_is_counted(void **state) {
  (void)state;
  crowd = crowd_new();
  assert_non_null(crowd);
  ends(false, false, false);
  ends(false, false, false);
  assert_int_equal(crowd_take_failed(crowd), 2);
  assert_int_equal(crowd_take_failed(crowd), 0);
  ends(true, false, true);  /* a member that spoke, */
  ends(true, false, false); /* one that did not, */
  ends(false, true, false); /* and a stranger, who is named elsewhere */
  assert_int_equal(crowd_take_failed(crowd), 0);
  ends(false, false, false);
  assert_int_equal(crowd_take_failed(crowd), 1);
  crowd_free(crowd);
}

static void a_few_keys_do_not_get_all_places(void **state) {
  (void)state;
  size_t n = 0;
  crowd = crowd_new();
  assert_non_null(crowd);
  for (uint8_t key = 0; key < 200; key++) {
    size_t mine = 0;
    while (comes(key))
      mine++;
    n += mine;
    assert_true(mine <= CROWD_OF_ONE);
    assert_int_equal(crowd_members(crowd), n);
  }
  assert_int_equal(n, BUDGET_ACCEPTED);
  crowd_closed(crowd, 0); /* of the first key, which has others */
  assert_int_equal(crowd_members(crowd), BUDGET_ACCEPTED - 1);
  assert_false(comes(0));
  assert_true(comes(201));
  crowd_free(crowd);
}

static int value_of(void *socket, int option) {
  int value = 0;
  size_t len = sizeof value;
  assert_int_equal(zmq_getsockopt(socket, option, &value, &len), 0);
  return value;
}

static void every_socket_has_the_queues_that_the_sum_counts(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  void *context = zmq_ctx_new();
  uint8_t secret[CURVE_LEN];
  struct curve_key key;
  memset(secret, 7, sizeof secret);
  memset(key.pub, 9, sizeof key.pub);
  key.secret = secret_copy(view_of(secret, sizeof secret));
  for (int role = 0; role < 2; role++) {
    void *socket = socket_new(context, role == 0 ? ZMQ_DEALER : ZMQ_ROUTER, &key, role == 0 ? key.pub : NULL, &err);
    assert_non_null(socket);
    assert_int_equal(value_of(socket, ZMQ_SNDHWM), BUDGET_SEND);
    assert_int_equal(value_of(socket, ZMQ_RCVHWM), BUDGET_RECEIVE);
    zmq_close(socket);
  }
  zmq_ctx_term(context);
  secret_free(key.secret);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_few_keys_do_not_get_all_places),
      cmocka_unit_test(only_who_proved_no_key_is_counted),
      cmocka_unit_test(every_socket_has_the_queues_that_the_sum_counts),
  };
  struct err err = ERR_INIT;
  if (secret_start(&err) != OK) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
