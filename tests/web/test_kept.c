/*
 * kept: who asks the same finds the same, what is asked for least is forgotten first, what is late is renewed once
 * and then forgotten, and what is being sent lives on.
 */
#include "node/web/kept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct hash question(const char *path, const char *query, const char *lang, const char *accept) {
  const struct guard_request http = {.path = view_of_text(path),
                                     .query = view_of_text(query),
                                     .host = view_of_text("localhost:7480"),
                                     .accept_encoding = view_of_text(accept)};
  const struct request r = {.http = &http, .lang = lang};
  return kept_question(&r);
}

static struct hash numbered(unsigned i) {
  char query[32];
  (void)snprintf(query, sizeof query, "q=%u", i);
  return question("/cases", query, "en", "");
}

static struct kept_answer *put(struct kept *k, unsigned i, size_t len) {
  const struct hash q = numbered(i);
  struct answer a;
  answer_init(&a);
  assert_int_equal(bytes_reserve(&a.body, len, NULL), OK);
  memset(a.body.p, (int)('a' + i % 26), len);
  a.body.len = len;
  struct kept_answer *kept = kept_put(k, &q, &a);
  assert_int_equal(a.body.len, kept == NULL ? len : 0);
  answer_release(&a);
  return kept;
}

static struct kept_answer *find(struct kept *k, unsigned i, uint64_t now_ms) {
  const struct hash q = numbered(i);
  return kept_find(k, &q, now_ms);
}

static bool has(struct kept *k, unsigned i) {
  return find(k, i, 0) != NULL;
}

static void questions_differ_in_all_that_answers_depend_on(void **state) {
  (void)state;
  const struct hash all[] = {question("/cases", "", "en", ""),       question("/cases", "", "it", ""),
                             question("/cases", "q=a", "en", ""),    question("/cases.json", "", "en", ""),
                             question("/cases", "", "en", "gzip"),   question("/casesq=a", "", "en", ""),
                             question("/cases", "q=a", "en", "gzip")};
  const size_t n = sizeof all / sizeof all[0];
  for (size_t i = 0; i < n; i++) {
    for (size_t k = i + 1; k < n; k++)
      assert_false(hash_equal(&all[i], &all[k]));
  }
  const struct hash same = question("/cases", "q=a", "en", "x, gzip;q=0.5");
  assert_true(hash_equal(&same, &all[6]));
}

static void finds_what_was_put(void **state) {
  (void)state;
  struct kept *k = kept_new();
  assert_non_null(k);
  assert_false(has(k, 1));
  assert_non_null(put(k, 1, 100));
  assert_non_null(put(k, 2, 100));
  const struct kept_answer *found = find(k, 2, 0);
  assert_non_null(found);
  assert_int_equal(found->answer.body.len, 100);
  assert_int_equal(found->answer.body.p[99], 'c');
  kept_free(k);
  kept_free(NULL);
}

static void an_answer_is_good_for_a_little_while_behind_its_snapshot(void **state) {
  (void)state;
  const uint64_t gone_ms = 1000, end_ms = gone_ms + KEPT_LATE_MS;
  struct kept *k = kept_new();
  assert_non_null(put(k, 1, 10));
  assert_non_null(find(k, 1, UINT64_MAX)); /* its snapshot is the newest, however old */
  kept_age(k, gone_ms);
  kept_age(k, end_ms - 1); /* a second one does not prolong it */
  assert_non_null(find(k, 1, end_ms - 1));
  assert_null(find(k, 1, end_ms));
  assert_non_null(find(k, 1, end_ms - 1)); /* still here */
  kept_age(k, end_ms);
  assert_null(find(k, 1, end_ms - 1)); /* forgotten */
  kept_free(k);
}

static void what_is_late_is_renewed_by_one(void **state) {
  (void)state;
  struct kept *k = kept_new();
  assert_false(kept_renew(put(k, 1, 10)));
  kept_age(k, 1000);
  assert_true(kept_renew(find(k, 1, 1000)));
  assert_false(kept_renew(find(k, 1, 1000)));
  kept_age(k, 2000); /* what that one makes is late itself */
  assert_true(kept_renew(find(k, 1, 2000)));
  assert_false(kept_renew(put(k, 1, 20)));
  assert_int_equal(find(k, 1, UINT64_MAX)->answer.body.len, 20); /* instead of the one before */
  assert_false(kept_renew(find(k, 1, UINT64_MAX)));
  kept_free(k);
}

static void the_one_not_asked_for_the_longest_goes_first(void **state) {
  (void)state;
  struct kept *k = kept_new();
  for (unsigned i = 0; i < KEPT_MOST; i++) {
    assert_false(has(k, i));
    assert_non_null(put(k, i, 10));
  }
  assert_true(has(k, 0));
  assert_false(has(k, KEPT_MOST));
  assert_non_null(put(k, KEPT_MOST, 10));
  assert_true(has(k, 0) && has(k, KEPT_MOST));
  assert_false(has(k, 1));
  kept_free(k);
}

static void octets_are_bounded_and_a_long_answer_is_not_kept(void **state) {
  (void)state;
  const size_t len = KEPT_ONE / 2;
  unsigned n = 0;
  struct kept *k = kept_new();
  assert_null(put(k, 0, KEPT_ONE + 1));
  for (unsigned i = 1; i <= 100; i++) {
    assert_false(has(k, i));
    assert_non_null(put(k, i, len));
  }
  for (unsigned i = 0; i <= 100; i++)
    n += has(k, i);
  assert_in_range(n, 1, KEPT_OCTETS / len);
  assert_true(has(k, 100));
  kept_free(k);
}

static void what_is_being_sent_outlives_all(void **state) {
  (void)state;
  struct kept *k = kept_new();
  struct kept_answer *sent = kept_hold(put(k, 3, 50));
  kept_free(k);
  assert_int_equal(sent->answer.body.len, 50);
  assert_int_equal(sent->answer.body.p[0], 'd');
  kept_release(sent);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(questions_differ_in_all_that_answers_depend_on),
      cmocka_unit_test(finds_what_was_put),
      cmocka_unit_test(an_answer_is_good_for_a_little_while_behind_its_snapshot),
      cmocka_unit_test(what_is_late_is_renewed_by_one),
      cmocka_unit_test(the_one_not_asked_for_the_longest_goes_first),
      cmocka_unit_test(octets_are_bounded_and_a_long_answer_is_not_kept),
      cmocka_unit_test(what_is_being_sent_outlives_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
