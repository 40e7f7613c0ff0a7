/*
 * query_history: what counts is numbered, what was held back is told with its reason, and the withdrawal stands where it came.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/query_history.h"
#include "tests/node/own_log.h"

/* A log in IT's name, and what a history of it says: "ref number reason" a line. */
struct scene {
  struct fixture f;
  struct own_log log;
  struct signer second;
  char text[1024];
  size_t most; /* stops behind so many */
  size_t n;
};

static void set(struct scene *s) {
  struct err err = ERR_INIT;
  memset(s, 0, sizeof *s);
  s->most = SIZE_MAX;
  fixture_found(&s->f, 2, fixture_seed(), false);
  s->log.node = &s->f.nodes[0];
  assert_int_equal(signer_new(&s->second, &err), OK);
  add_identity(&s->log);
  add_cert(&s->log, &s->f.nodes[0].node_key, &s->f.nodes[0].editor.pub, 1, ROLE_EDITOR);
  add_cert(&s->log, &s->f.nodes[0].node_key, &s->second.pub, 2, ROLE_EDITOR);
}

static void release(struct scene *s) {
  signer_release(&s->second);
  own_release(&s->log);
  fixture_release(&s->f);
}

static bool take(void *context, const struct history_row *row) {
  struct scene *s = context;
  const size_t len = strlen(s->text);
  (void)snprintf(s->text + len, sizeof s->text - len, "%s %u %s%s\n", row->reference, row->number,
                 row->held == 0 ? "" : reason_name(row->held), row->withdrawal ? "withdrawal" : "");
  assert_true(row->withdrawal || row->body.len > 0);
  return ++s->n < s->most;
}

/* The history of the object with a version at index, as FR sees it. */
static const char *history_at(struct scene *s, uint64_t index) {
  struct err err = ERR_INIT;
  struct log log;
  struct fixture_node *fr = &s->f.nodes[1];
  assert_int_equal(log_find(fr->store, &s->f.nodes[0].id, 1, &log, &err), OK);
  s->text[0] = '\0';
  s->n = 0;
  assert_int_equal(query_history(fr->store, &fr->federation, entry_rowid(log.no, index), take, s, &err), OK);
  return s->text;
}

static void carry(struct scene *s) {
  struct err err = ERR_INIT;
  assert_int_equal(own_carry(&s->log, s->f.nodes[1].hall, 0, s->log.n, 64, NULL, &err), OK);
}

static void what_is_stale_is_told_between_the_versions(void **state) {
  static struct scene s;
  struct err err = ERR_INIT;
  (void)state;
  set(&s);
  const struct signer *editor = &s.f.nodes[0].editor;
  const struct hash a = add_case(&s.log, editor, 1, NULL, NULL); /* 3 */
  const struct hash b = add_case(&s.log, editor, 2, &a, &a);     /* 4 */
  (void)add_case(&s.log, editor, 3, NULL, NULL);                 /* 5: another object */
  (void)add_case(&s.log, editor, 4, &a, &a);                     /* 6: stale */
  const struct hash c = add_case(&s.log, editor, 5, &a, &b);     /* 7 */
  (void)add_withdraw(&s.log, editor, &a, &c);                    /* 8 */
  (void)add_case(&s.log, editor, 6, &a, &c);                     /* 9: withdrawn by then */
  carry(&s);
  const char *whole = "IT-3 1 \nIT-4 2 \nIT-6 0 stale\nIT-7 3 \nIT-8 0 withdrawal\nIT-9 0 stale\n";
  assert_string_equal(history_at(&s, 3), whole);
  assert_string_equal(history_at(&s, 7), whole);
  assert_string_equal(history_at(&s, 5), "IT-5 1 \n");
  s.most = 2;
  assert_string_equal(history_at(&s, 3), "IT-3 1 \nIT-4 2 \n");
  assert_int_equal(query_history(s.f.nodes[1].store, &s.f.nodes[1].federation, 12345, take, &s, &err), ERR_NOT_FOUND);
  release(&s);
}

static void what_a_revocation_made_void_is_told_as_such(void **state) {
  static struct scene s;
  (void)state;
  set(&s);
  const struct hash a = add_case(&s.log, &s.second, 1, NULL, NULL); /* 3: void */
  (void)add_case(&s.log, &s.f.nodes[0].editor, 2, &a, &a);          /* 4: stays */
  add_revoke(&s.log, &s.f.nodes[0].node_key, &s.second.pub, 3);     /* 5 */
  carry(&s);
  assert_string_equal(history_at(&s, 4), "IT-3 0 revoked\nIT-4 1 \n");
  release(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_stale_is_told_between_the_versions),
      cmocka_unit_test(what_a_revocation_made_void_is_told_as_such),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
