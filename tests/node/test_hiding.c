/*
 * hiding: what a node does not show is left out of everything that it shows, and of nothing else: it is held, served and
 * evaluated as before, and stays hidden however its rows come to be derived anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hiding.h"
#include "node/store/damage.h"
#include "node/store/derive.h"
#include "node/store/object.h"
#include "node/store/query.h"
#include "node/store/query_hidden.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"
#include "tests/node/rotation.h"

#define IT (&f.nodes[0])
#define FR (&f.nodes[1])
#define EE (&f.nodes[2])

static struct fixture f;

static bool count_row(void *context, const struct query_row *row) {
  uint64_t *n = context;
  assert_false(row->hidden);
  ++*n;
  return true;
}

/* How many objects lists show. */
static uint64_t shown_at(struct fixture_node *node) {
  const struct query all = {.withdrawn = true};
  uint64_t n = 0, total = 0;
  assert_int_equal(query_run(node->store, &node->federation, f.schemas, &all, count_row, &n, &total, NULL), OK);
  assert_int_equal(n, total);
  return n;
}

static bool is_hidden(struct fixture_node *node, const struct hash *id) {
  struct object object;
  int64_t rowid = 0;
  assert_int_equal(entry_find(node->store, &f.charter.fed_id, id, &rowid, NULL), OK);
  assert_int_equal(object_get(node->store, rowid, &object, NULL), OK);
  return object.hidden;
}

static void hide(struct fixture_node *node, const struct hash *id) {
  bool known = true;
  assert_int_equal(hall_hide(node->hall, id, "rights", &known, NULL), OK);
  assert_false(known);
  assert_true(is_hidden(node, id));
}

static void rebuild(struct fixture_node *node) {
  struct bytes before, after;
  bytes_init(&before, DUMP_MAX);
  bytes_init(&after, DUMP_MAX);
  dump_derived(node, true, &before);
  fixture_close(node);
  fixture_open(node);
  assert_int_equal(derive_rebuild(node->store, &node->federation, f.schemas, NULL, NULL, NULL), OK);
  dump_derived(node, true, &after);
  assert_true(view_equal(bytes_view(&before), bytes_view(&after)));
  bytes_release(&before);
  bytes_release(&after);
}

static void it_is_left_out_here_and_nowhere_else(void **state) {
  struct hash id;
  struct bytes before, after;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  bytes_init(&before, DUMP_MAX);
  bytes_init(&after, DUMP_MAX);
  (void)fixture_publish(IT, 1, &id);
  (void)fixture_publish(IT, 2, NULL);
  fixture_transfer(IT, FR, 64);
  dump_derived(FR, true, &before);
  const struct hash digest = hall_digest(FR->hall);
  hide(FR, &id); /* of another node's log */
  assert_int_equal(shown_at(FR), 1);
  assert_int_equal(shown_at(IT), 2);
  fixture_transfer(FR, EE, 64); /* it serves what it does not show */
  assert_int_equal(shown_at(EE), 2);
  const struct hash now = hall_digest(FR->hall);
  assert_memory_equal(&digest, &now, sizeof now);
  rebuild(FR);
  assert_int_equal(shown_at(FR), 1);
  assert_int_equal(hall_unhide(FR->hall, &id, NULL), OK);
  assert_int_equal(shown_at(FR), 2);
  dump_derived(FR, true, &after);
  assert_true(view_equal(bytes_view(&before), bytes_view(&after)));
  bytes_release(&before);
  bytes_release(&after);
  fixture_release(&f);
}

static void it_stays_hidden_when_a_revocation_derives_it_anew(void **state) {
  static struct own_log log;
  struct signer second;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  log.node = IT;
  assert_int_equal(signer_new(&second, NULL), OK);
  add_identity(&log);
  add_cert(&log, &IT->node_key, &IT->editor.pub, 1, ROLE_EDITOR);
  add_cert(&log, &IT->node_key, &second.pub, 2, ROLE_EDITOR);
  const struct hash a = add_case(&log, &IT->editor, 1, NULL, NULL); /* 3 */
  const struct hash b = add_case(&log, &second, 2, &a, &a);         /* 4: void in the end */
  add_revoke(&log, &IT->node_key, &second.pub, 4);                  /* 5 */
  (void)add_case(&log, &IT->editor, 3, &a, &b);                     /* 6 */
  assert_int_equal(own_carry(&log, FR->hall, 0, 4, 64, NULL, NULL), OK);
  hide(FR, &a);
  for (uint32_t n = 4; n < log.n; n++) {
    assert_int_equal(own_carry(&log, FR->hall, n, n + 1, 64, NULL, NULL), OK);
    assert_true(is_hidden(FR, &a));
    assert_int_equal(shown_at(FR), 0);
  }
  assert_int_equal(reason_at(FR, &IT->id, 4), REASON_REVOKED);
  rebuild(FR);
  assert_true(is_hidden(FR, &a));
  assert_int_equal(hall_unhide(FR->hall, &a, NULL), OK);
  assert_int_equal(shown_at(FR), 1);
  signer_release(&second);
  own_release(&log);
  fixture_release(&f);
}

static void it_stays_hidden_when_it_comes_again_behind_a_cut(void **state) {
  struct hash id;
  struct fixture_record record;
  json_t *all = NULL;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  (void)fixture_publish(IT, 1, NULL); /* 2 */
  fixture_case(IT, 2, NULL, NULL, &record);
  assert_int_equal(fixture_admit(IT, &record.item).index, 3);
  id = record.id;
  hide(IT, &id);
  rotation_begin(IT, 3, NULL);
  assert_int_equal(query_hidden_all(IT->store, &IT->federation, f.schemas, "en", &all, NULL), OK);
  assert_int_equal(json_array_size(all), 1);
  assert_null(json_object_get(json_array_get(all, 0), "reference")); /* it stands in no log now */
  json_decref(all);
  struct err err = ERR_INIT;
  int64_t rowid = 0;
  assert_int_equal(query_object(IT->store, &IT->federation, f.schemas, "IT-3", &rowid, &err), ERR_NOT_FOUND);
  assert_non_null(strstr(err.message, "withdrawn by the repair"));
  assert_null(strstr(err.message, "Case")); /* its title */
  const struct receipt_row again = fixture_admit(IT, &record.item);
  assert_int_equal(again.state, RECEIPT_LOGGED);
  assert_int_equal(again.gen, 2);
  assert_true(is_hidden(IT, &id));
  assert_int_equal(shown_at(IT), 1);
  fixture_record_release(&record);
  fixture_release(&f);
}

static void a_damaged_one_is_hidden_still(void **state) {
  struct hash id;
  int64_t rowid = 0;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  (void)fixture_publish(IT, 1, &id);
  hide(IT, &id);
  assert_int_equal(entry_find(IT->store, &f.charter.fed_id, &id, &rowid, NULL), OK);
  assert_int_equal(damage_mark(IT->store, rowid, NULL), OK);
  assert_true(is_hidden(IT, &id));
  fixture_release(&f);
}

static void a_reason_is_one_line_and_the_last_one_counts(void **state) {
  char long_reason[HIDDEN_REASON + 2];
  struct hidden hidden;
  struct hash id, other = {{7}};
  bool known = false;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  (void)fixture_publish(IT, 1, &id);
  memset(long_reason, 'a', sizeof long_reason);
  long_reason[sizeof long_reason - 1] = '\0';
  const char *const bad[] = {"", "two\nlines", "\xff", "\x1b[0m", "a\xe2\x80\xae", long_reason};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(hall_hide(IT->hall, &id, bad[i], &known, NULL), ERR_USAGE);
  assert_int_equal(hall_hide(IT->hall, &other, "rights", &known, NULL), ERR_NOT_FOUND);
  assert_int_equal(hall_unhide(IT->hall, &id, NULL), ERR_NOT_FOUND);
  assert_int_equal(shown_at(IT), 1);
  hide(IT, &id);
  assert_int_equal(hall_hide(IT->hall, &id, "rights", &known, NULL), OK);
  assert_true(known);
  assert_int_equal(hall_hide(IT->hall, &id, "asked for by its authors", &known, NULL), OK);
  assert_false(known);
  assert_int_equal(hidden_get(IT->store, &id, &hidden, NULL), OK);
  assert_string_equal(hidden.reason, "asked for by its authors");
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_left_out_here_and_nowhere_else),
      cmocka_unit_test(it_stays_hidden_when_a_revocation_derives_it_anew),
      cmocka_unit_test(it_stays_hidden_when_it_comes_again_behind_a_cut),
      cmocka_unit_test(a_damaged_one_is_hidden_still),
      cmocka_unit_test(a_reason_is_one_line_and_the_last_one_counts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
