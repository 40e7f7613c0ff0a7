/*
 * evaluate: every reason of docs/protocol.md 4.6 in the log of a careless owner, and revocations that reach back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"

static void every_reason_is_found(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct pull_result result;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  log.node = it;
  static enum reason expected[OWN_MAX];
  struct signer writer;
  struct signer reviewer;
  struct signer stranger;
  assert_int_equal(signer_new(&writer, &err), OK);
  assert_int_equal(signer_new(&reviewer, &err), OK);
  assert_int_equal(signer_new(&stranger, &err), OK);
  memset(expected, 0, sizeof expected);
#define EXPECT(r) expected[log.n - 1] = (r)
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR); /* before there is an identity: nobody's key */
  EXPECT(REASON_AUTHOR);
  add_identity(&log);
  add_identity(&log); /* the same again */
  EXPECT(REASON_REPEATED);
  f.now_ms += 1000;
  add_identity(&log); /* does not follow from itself */
  EXPECT(REASON_IDENTITY);
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR);
  add_cert(&log, &it->node_key, &writer.pub, 2, ROLE_CONTRIBUTOR);
  add_cert(&log, &it->node_key, &reviewer.pub, 3, ROLE_REVIEWER);
  add_cert(&log, &it->editor, &stranger.pub, 4, ROLE_EDITOR); /* an editor certifies nobody */
  EXPECT(REASON_AUTHOR);
  add_octets(&log, view_of("nonsense", 8));
  EXPECT(REASON_FORMAT);
  add_header(&log, &it->editor, 2, 16, 1);
  EXPECT(REASON_VERSION);
  add_header(&log, &it->editor, 1, 77, 1);
  EXPECT(REASON_KIND);
  add_header(&log, &it->editor, 1, KIND_COMMENT, 2);
  EXPECT(REASON_KIND);
  add_header(&log, &it->editor, 1, KIND_WITHDRAW, 2);
  EXPECT(REASON_ALG);
  add_header(&log, &it->editor, 1, KIND_WITHDRAW, 1);
  EXPECT(REASON_SHAPE);
  const struct hash first = add_case(&log, &it->editor, 1, NULL, NULL);
  const uint32_t first_at = log.n - 1;
  (void)add_case(&log, &stranger, 2, NULL, NULL);
  EXPECT(REASON_AUTHOR);
  (void)add_case(&log, &reviewer, 3, NULL, NULL);
  EXPECT(REASON_RIGHTS);
  const struct hash own = add_case(&log, &writer, 4, NULL, NULL);
  const struct hash own2 = add_case(&log, &writer, 5, &own, &own);
  (void)add_case(&log, &writer, 6, &first, &first); /* not his */
  EXPECT(REASON_RIGHTS);
  (void)add_case(&log, &it->editor, 7, &own2, &own2); /* a version is no object */
  EXPECT(REASON_SUBJECT);
  (void)add_case(&log, &it->editor, 8, &own, &own); /* own2 is newer */
  EXPECT(REASON_STALE);
  own_add(&log, &(struct fixture_record){.item = log.records[first_at].item}); /* the first case again */
  EXPECT(REASON_REPEATED);
  struct header elsewhere = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}, .home = fr->id};
  add_odd(&log, &it->editor, elsewhere, view_of("\x81\xa1\x61\xa1\x62", 5));
  EXPECT(REASON_HOME);
  struct header plain = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  add_odd(&log, &it->editor, plain, view_of("\x81\xa1\x61\xd9\x01\x62", 6)); /* a long form: kept, not shown */
  add_odd(&log, &it->editor, plain, view_of("\xa1\x62", 2));                 /* no map */
  const struct header no_identity = {.kind = KIND_IDENTITY};
  add_odd(&log, &it->node_key, no_identity, view_of("\x81\xa1\x61\xa1\x62", 5));
  EXPECT(REASON_BODY);
  (void)add_case(&log, &it->editor, 9, NULL, NULL);
  log.records[log.n - 1].envelope.p[log.records[log.n - 1].envelope.len - 1] ^= 1;
  EXPECT(REASON_SIGNATURE);
  struct bytes bad; /* a key of small order */
  bytes_init(&bad, LIMIT_ENVELOPE);
  assert_int_equal(bytes_append(&bad, log.records[log.n - 1].item.envelope, NULL), OK);
  for (size_t i = 0; i + 32 <= bad.len; i++) {
    if (memcmp(bad.p + i, it->editor.pub.b, 32) == 0) {
      memset(bad.p + i, 0, 32);
    }
  }
  add_octets(&log, bytes_view(&bad));
  log.records[log.n - 1].item.state = ITEM_WHOLE;
  log.records[log.n - 1].item.salt = log.records[log.n - 2].item.salt;
  log.records[log.n - 1].item.body = log.records[log.n - 2].item.body;
  EXPECT(REASON_KEY);
  (void)add_withdraw(&log, &it->editor, &first, &first);
  (void)add_case(&log, &it->editor, 10, &first, &first); /* withdrawn */
  EXPECT(REASON_STALE);
  add_revoke(&log, &writer, &writer.pub, log.n); /* by himself */
  (void)add_case(&log, &writer, 11, NULL, NULL);
  EXPECT(REASON_REVOKED);
  add_cert(&log, &it->node_key, &writer.pub, 2, ROLE_EDITOR); /* a revoked key does not come back */
  EXPECT(REASON_REVOKED);
  (void)add_case(&log, &it->editor, 12, NULL, NULL);
  add_header(&log, &it->editor, 1, 12, 1); /* a kind of a later version, below 16: nothing counts from here on */
  EXPECT(REASON_KIND);
  (void)add_case(&log, &it->editor, 13, NULL, NULL);
  EXPECT(REASON_KIND);
#undef EXPECT
  assert_int_equal(own_carry(&log, fr->hall, 0, log.n, 7, &result, &err), OK);
  for (uint32_t i = 0; i < log.n; i++) {
    if (reason_at(fr, &it->id, i) != expected[i]) {
      fail_msg("entry %u: %s, not %s", i, reason_name((uint64_t)reason_at(fr, &it->id, i)), reason_name((uint64_t)expected[i]));
    }
  }
  assert_int_equal(result.n_new + result.n_held, log.n);
  assert_int_equal(result.held_by_reason[REASON_STALE], 2);
  /* Entry by entry: the same. And rebuilt: the same. */
  struct bytes once;
  struct bytes again;
  bytes_init(&once, DUMP_MAX);
  bytes_init(&again, DUMP_MAX);
  dump_derived(fr, false, &once);
  for (uint32_t i = 0; i < log.n; i++) {
    assert_int_equal(own_carry(&log, it->hall, i, i + 1, 1, NULL, &err), OK);
  }
  dump_derived(it, false, &again);
  assert_true(view_equal(bytes_view(&once), bytes_view(&again)));
  fixture_close(fr);
  fixture_open(fr);
  assert_int_equal(derive_rebuild(fr->store, &fr->federation, f.schemas, NULL, NULL, &err), OK);
  bytes_clear(&again);
  dump_derived(fr, false, &again);
  assert_true(view_equal(bytes_view(&once), bytes_view(&again)));
  bytes_release(&once);
  bytes_release(&again);
  bytes_release(&bad);
  signer_release(&writer);
  signer_release(&reviewer);
  signer_release(&stranger);
  own_release(&log);
  fixture_release(&f);
}

static void a_backdated_revocation_takes_back_what_came_after(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct signer second;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  log.node = it;
  assert_int_equal(signer_new(&second, &err), OK);
  add_identity(&log);
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR);
  add_cert(&log, &it->node_key, &second.pub, 2, ROLE_EDITOR);
  const struct hash a = add_case(&log, &second, 1, NULL, NULL); /* 3 */
  const struct hash b = add_case(&log, &second, 2, &a, &a);     /* 4: void */
  const struct hash c = add_case(&log, &it->editor, 3, &a, &b); /* 5: built on what became void, and stays */
  (void)add_case(&log, &second, 4, NULL, NULL);                 /* 6: void */
  add_cert(&log, &it->node_key, &second.pub, 2, ROLE_EDITOR);   /* 7: void */
  add_revoke(&log, &it->node_key, &second.pub, 4);              /* 8: from 4 on */
  (void)add_case(&log, &it->editor, 5, &a, &c);                 /* 9 */
  static const enum reason expected[] = {REASON_NONE, REASON_NONE,    REASON_NONE,    REASON_NONE, REASON_REVOKED,
                                         REASON_NONE, REASON_REVOKED, REASON_REVOKED, REASON_NONE, REASON_NONE};
  /* FR gets all at once; EE up to 8 first, when all seemed well; IT entry by entry and is closed in between. */
  assert_int_equal(own_carry(&log, f.nodes[1].hall, 0, log.n, 64, NULL, &err), OK);
  assert_int_equal(own_carry(&log, f.nodes[2].hall, 0, 8, 64, NULL, &err), OK);
  assert_int_equal(reason_at(&f.nodes[2], &it->id, 5), REASON_NONE);
  assert_int_equal(own_carry(&log, f.nodes[2].hall, 8, log.n, 64, NULL, &err), OK);
  for (uint32_t i = 0; i < log.n; i++) {
    assert_int_equal(own_carry(&log, it->hall, i, i + 1, 1, NULL, &err), OK);
    fixture_close(it);
    fixture_open(it);
  }
  struct bytes dumps[3];
  for (uint32_t n = 0; n < 3; n++) {
    for (uint32_t i = 0; i < log.n; i++) {
      if (reason_at(&f.nodes[n], &it->id, i) != expected[i]) {
        fail_msg("node %u, entry %u: %s", n, i, reason_name((uint64_t)reason_at(&f.nodes[n], &it->id, i)));
      }
    }
    bytes_init(&dumps[n], DUMP_MAX);
    dump_derived(&f.nodes[n], false, &dumps[n]);
    assert_true(view_equal(bytes_view(&dumps[0]), bytes_view(&dumps[n])));
  }
  for (uint32_t n = 0; n < 3; n++) {
    bytes_release(&dumps[n]);
  }
  signer_release(&second);
  own_release(&log);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_reason_is_found),
      cmocka_unit_test(a_backdated_revocation_takes_back_what_came_after),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
