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

/* A version or withdrawal by one of the authors on one of the objects, well made or not. */
static void add_something(struct own_log *log, const struct signer *authors, uint32_t n_authors, struct hash *objects,
                          struct hash *newest, uint32_t *n_objects) {
  struct fixture *f = log->node->all;
  const struct signer *author = &authors[fixture_random(f, n_authors)];
  const uint64_t what = *n_objects == 0 ? 0 : fixture_random(f, 8);
  const uint32_t o = *n_objects == 0 ? 0 : (uint32_t)fixture_random(f, *n_objects);
  if (what < 2) {
    objects[*n_objects] = newest[*n_objects] = add_case(log, author, log->n, NULL, NULL);
    ++*n_objects;
  } else if (what < 5) {
    newest[o] = add_case(log, author, log->n, &objects[o], &newest[o]);
  } else if (what == 5) {
    (void)add_case(log, author, log->n, &objects[o], &objects[o]); /* stale, as a rule */
  } else if (what == 6) {
    (void)add_withdraw(log, author, &objects[o], &newest[o]);
  } else {
    struct fixture_record again;
    const struct item *item = &log->records[fixture_random(f, log->n)].item;
    memset(&again, 0, sizeof again);
    again.item = *item;
    own_add(log, &again);
  }
}

enum { AUTHORS = 4 };

/* Entries change places, so that some stand before what they name, and some before the identity. */
static void shuffle(struct own_log *log) {
  for (uint64_t n = fixture_random(log->node->all, 12); n > 0; n--) {
    const uint64_t a = fixture_random(log->node->all, log->n);
    const uint64_t b = fixture_random(log->node->all, log->n);
    const struct fixture_record moved = log->records[a];
    log->records[a] = log->records[b];
    log->records[b] = moved;
  }
}

static void add_card(struct own_log *log) {
  const uint8_t body[] = {0x81, 0xa1, 'a', 0xa1, (uint8_t)('0' + log->n)};
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {18, 0}};
  add_odd(log, &log->node->node_key, h, view_of(body, sizeof body));
}

/* A full log of versions, withdrawals, certificates and revocations that reach back. */
static void write_at_random(struct own_log *log, const struct signer *authors) {
  struct fixture *f = log->node->all;
  struct hash objects[OWN_MAX];
  struct hash newest[OWN_MAX];
  uint32_t n_objects = 0;
  add_identity(log);
  for (uint32_t i = 0; i < AUTHORS; i++) {
    add_cert(log, &log->node->node_key, &authors[i].pub, 1 + i, i % 2 == 0 ? ROLE_EDITOR : ROLE_CONTRIBUTOR);
  }
  while (log->n < OWN_MAX) {
    const struct pubkey *key = &authors[fixture_random(f, AUTHORS)].pub;
    switch (fixture_random(f, 15)) {
    case 2:
      add_card(log);
      break;
    case 0:
      add_revoke(log, &log->node->node_key, key, fixture_random(f, log->n + 2));
      break;
    case 1:
      add_cert(log, &log->node->node_key, key, 1 + fixture_random(f, AUTHORS), ROLE_EDITOR);
      break;
    default:
      add_something(log, authors, AUTHORS, objects, newest, &n_objects);
    }
  }
  shuffle(log);
}

/* Carries the log to one node in small milestones, to the other in one, and has that one rebuilt: the same rows each time. */
static void compare_ways(const struct own_log *log, struct fixture *f, struct bytes dumps[3]) {
  struct err err = ERR_INIT;
  for (uint64_t at = 0; at < log->n;) {
    const uint64_t left = log->n - at;
    const uint64_t n = 1 + fixture_random(f, left < 6 ? left : 6);
    assert_int_equal(own_carry(log, f->nodes[0].hall, at, at + n, 64, NULL, &err), OK);
    at += n;
  }
  assert_int_equal(own_carry(log, f->nodes[1].hall, 0, log->n, 64, NULL, &err), OK);
  for (int i = 0; i < 3; i++) {
    bytes_clear(&dumps[i]);
  }
  dump_derived(&f->nodes[0], false, &dumps[0]);
  dump_derived(&f->nodes[1], false, &dumps[1]);
  assert_int_equal(derive_rebuild(f->nodes[1].store, &f->nodes[1].federation, f->schemas, NULL, NULL, &err), OK);
  dump_derived(&f->nodes[1], false, &dumps[2]);
  assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[2]));
  assert_string_equal(bytes_text(&dumps[1]), bytes_text(&dumps[2]));
}

static void revoking_back_gives_what_evaluating_all_gives(void **state) {
  const uint64_t seed = fixture_seed();
  struct bytes dumps[3];
  (void)state;
  for (int i = 0; i < 3; i++) {
    bytes_init(&dumps[i], DUMP_MAX);
  }
  for (uint64_t round = 0; round < 12; round++) {
    static struct fixture f;
    static struct own_log log;
    struct signer authors[AUTHORS];
    memset(&log, 0, sizeof log);
    fixture_found(&f, 2, seed + round, false);
    log.node = &f.nodes[0];
    for (uint32_t i = 0; i < AUTHORS; i++) {
      assert_int_equal(signer_new(&authors[i], NULL), OK);
    }
    write_at_random(&log, authors);
    compare_ways(&log, &f, dumps);
    for (uint32_t i = 0; i < AUTHORS; i++) {
      signer_release(&authors[i]);
    }
    own_release(&log);
    fixture_release(&f);
  }
  for (int i = 0; i < 3; i++) {
    bytes_release(&dumps[i]);
  }
}

static void expect_the_same_each_way(struct own_log *log, struct fixture *f, const enum reason *expected) {
  struct bytes dumps[3];
  for (int i = 0; i < 3; i++) {
    bytes_init(&dumps[i], DUMP_MAX);
  }
  compare_ways(log, f, dumps);
  for (uint32_t i = 0; i < log->n; i++) {
    const enum reason found = reason_at(&f->nodes[0], &log->node->id, i);
    if (found != expected[i]) {
      fail_msg("entry %u: %s", i, reason_name((uint64_t)found));
    }
  }
  for (int i = 0; i < 3; i++)
    bytes_release(&dumps[i]);
}

/* An author can know the id of a record that is not in the log yet. */
static void a_version_that_stands_before_its_object_is_of_no_object(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct signer second;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  log.node = it;
  assert_int_equal(signer_new(&second, NULL), OK);
  add_identity(&log);
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR);
  add_cert(&log, &it->node_key, &second.pub, 2, ROLE_EDITOR);
  (void)add_case(&log, &second, 1, NULL, NULL);                      /* 3: void */
  const struct hash object = add_case(&log, &second, 2, NULL, NULL); /* moved to 5: void */
  (void)add_case(&log, &it->editor, 3, &object, &object);            /* moved to 4: before it */
  const struct fixture_record moved = log.records[4];
  log.records[4] = log.records[5];
  log.records[5] = moved;
  add_revoke(&log, &it->node_key, &second.pub, 0); /* 6 */
  static const enum reason expected[] = {REASON_NONE,    REASON_NONE,    REASON_REVOKED, REASON_REVOKED,
                                         REASON_SUBJECT, REASON_REVOKED, REASON_NONE};
  expect_the_same_each_way(&log, &f, expected);
  signer_release(&second);
  own_release(&log);
  fixture_release(&f);
}

static void a_card_below_the_first_identity_is_nobodys(void **state) {
  static struct fixture f;
  static struct own_log log;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  log.node = &f.nodes[0];
  add_card(&log); /* 0 */
  add_identity(&log);
  add_card(&log); /* 2 */
  static const enum reason expected[] = {REASON_AUTHOR, REASON_NONE, REASON_NONE};
  expect_the_same_each_way(&log, &f, expected);
  own_release(&log);
  fixture_release(&f);
}

static void a_repeated_certificate_that_never_stood_is_void_after_a_revocation(void **state) {
  static struct fixture f;
  static struct own_log log;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  log.node = it;
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR); /* 0: nobody's */
  add_identity(&log);
  own_add(&log, &(struct fixture_record){.item = log.records[0].item}); /* 2 */
  add_revoke(&log, &it->node_key, &it->editor.pub, 0);
  static const enum reason expected[] = {REASON_AUTHOR, REASON_NONE, REASON_REVOKED, REASON_NONE};
  expect_the_same_each_way(&log, &f, expected);
  own_release(&log);
  fixture_release(&f);
}

/* Else an owner could make each look-up of a record walk over all its copies. */
static void a_record_stands_in_the_index_once_however_often_it_is_repeated(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct signer stranger;
  int64_t rowid = 0;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  log.node = it;
  assert_int_equal(signer_new(&stranger, &err), OK);
  add_identity(&log);
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR);
  const struct hash id = add_case(&log, &it->editor, 1, NULL, NULL);
  (void)add_case(&log, &stranger, 2, NULL, NULL); /* held for its author */
  for (int i = 0; i < 5; i++) {
    own_add(&log, &(struct fixture_record){.item = log.records[2].item});
    own_add(&log, &(struct fixture_record){.item = log.records[3].item});
  }
  assert_int_equal(own_carry(&log, f.nodes[1].hall, 0, log.n, 3, NULL, &err), OK);
  assert_int_equal(dump_number(f.nodes[1].store, "SELECT count(rid) FROM entry"), 4);
  assert_int_equal(reason_at(&f.nodes[1], &it->id, 4), REASON_REPEATED);
  assert_int_equal(reason_at(&f.nodes[1], &it->id, 5), REASON_AUTHOR);
  assert_int_equal(entry_find(f.nodes[1].store, &f.charter.fed_id, &id, &rowid, &err), OK);
  assert_int_equal(entry_index(rowid), 2);
  signer_release(&stranger);
  own_release(&log);
  fixture_release(&f);
}

static void a_version_keeps_its_schema_and_a_revoked_node_key_writes_no_card(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  const struct view body = view_of("\x81\xa1\x61\xa1\x62", 5);
  log.node = it;
  add_identity(&log);
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR);
  const struct hash first = add_case(&log, &it->editor, 1, NULL, NULL); /* 2 */
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {2, 0}, .has_subject = true, .subject = first};
  h.n_refs = 1;
  h.refs[0] = first;
  add_odd(&log, &it->editor, h, body); /* 3: a case does not become a need */
  h.args[0] = 18;
  add_odd(&log, &it->node_key, h, body); /* 4: nor a card */
  const struct header card = {.kind = KIND_VERSION, .n_args = 2, .args = {18, 0}};
  add_odd(&log, &it->node_key, card, body); /* 5 */
  const struct hash card_id = log.records[5].id;
  h.args[0] = 1;
  h.subject = h.refs[0] = card_id;
  add_odd(&log, &it->editor, h, body);                                    /* 6: a card does not become a case */
  (void)add_case(&log, &it->editor, 2, &first, &first);                   /* 7 */
  add_revoke(&log, &it->node_key, &it->node_key.pub, log.n);              /* 8: the node key, by itself */
  add_odd(&log, &it->node_key, card, view_of("\x81\xa1\x63\xa1\x64", 5)); /* 9 */
  (void)add_case(&log, &it->editor, 3, NULL, NULL);                       /* 10: the editor is none of that */
  static const enum reason expected[] = {REASON_NONE,   REASON_NONE, REASON_NONE, REASON_RIGHTS,  REASON_RIGHTS, REASON_NONE,
                                         REASON_RIGHTS, REASON_NONE, REASON_NONE, REASON_REVOKED, REASON_NONE};
  assert_int_equal(log.n, sizeof expected / sizeof expected[0]);
  assert_int_equal(own_carry(&log, f.nodes[1].hall, 0, log.n, 64, NULL, &err), OK);
  for (uint32_t i = 0; i < log.n; i++) {
    if (reason_at(&f.nodes[1], &it->id, i) != expected[i]) {
      fail_msg("entry %u: %s", i, reason_name((uint64_t)reason_at(&f.nodes[1], &it->id, i)));
    }
  }
  own_release(&log);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_reason_is_found),
      cmocka_unit_test(a_backdated_revocation_takes_back_what_came_after),
      cmocka_unit_test(revoking_back_gives_what_evaluating_all_gives),
      cmocka_unit_test(a_version_that_stands_before_its_object_is_of_no_object),
      cmocka_unit_test(a_card_below_the_first_identity_is_nobodys),
      cmocka_unit_test(a_repeated_certificate_that_never_stood_is_void_after_a_revocation),
      cmocka_unit_test(a_record_stands_in_the_index_once_however_often_it_is_repeated),
      cmocka_unit_test(a_version_keeps_its_schema_and_a_revoked_node_key_writes_no_card),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
