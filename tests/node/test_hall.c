/*
 * hall: pulls, convergence whatever the windows, and every reason of docs/protocol.md 4.6 in the log of a careless owner.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "protocol/canon.h"
#include "tests/node/dump.h"
#include "tests/node/fixture.h"

/* ---- a log written by hand: its owner signs anything ---- */

#define OWN_MAX 64

struct own_log {
  struct fixture_node *node;
  uint32_t n;
  struct fixture_record records[OWN_MAX];
};

static void own_add(struct own_log *log, const struct fixture_record *record) {
  assert_true(log->n < OWN_MAX);
  log->records[log->n++] = *record;
}

static void own_checkpoint(const struct own_log *log, uint64_t size, struct bytes *text) {
  struct err err = ERR_INIT;
  struct merkle_range range = {.size = 0};
  for (uint32_t i = 0; i < size; i++) {
    const struct hash leaf = merkle_leaf(log->records[i].item.envelope);
    merkle_append(&range, &leaf);
  }
  const struct checkpoint checkpoint = {
      .fed_id = log->node->all->charter.fed_id, .node = log->node->id, .gen = 1, .size = size, .root = merkle_root(&range)};
  bytes_clear(text);
  assert_int_equal(checkpoint_seal(&checkpoint, &log->node->node_key, text, &err), OK);
}

static void own_window(const struct own_log *log, uint64_t from, uint64_t to, struct bytes *out) {
  struct canon_writer w = canon_writer(out);
  bytes_clear(out);
  canon_put_array(&w, (uint32_t)(to - from));
  for (uint64_t i = from; i < to; i++) {
    item_write(&w, &log->records[i].item);
  }
  assert_int_equal(canon_written(&w, "window", NULL), OK);
}

/* Carries entries from..to as one milestone. */
static enum err_code own_carry(const struct own_log *log, struct hall *hall, uint64_t from, uint64_t to, uint64_t window,
                               struct pull_result *result, struct err *err) {
  struct bytes text;
  struct bytes octets;
  struct pull *pull = NULL;
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&octets, LIMIT_DATA_RAW);
  own_checkpoint(log, to, &text);
  enum err_code code = hall_pull_begin(hall, bytes_view(&text), from, &pull, err);
  for (uint64_t at = from; code == OK && at < to; at += window) {
    own_window(log, at, to - at < window ? to : at + window, &octets);
    code = hall_pull_add(pull, bytes_view(&octets), err);
  }
  if (code == OK) {
    code = hall_pull_finish(pull, result, err);
  } else {
    hall_pull_abort(pull);
  }
  bytes_release(&text);
  bytes_release(&octets);
  return code;
}

static void own_release(struct own_log *log) {
  for (uint32_t i = 0; i < log->n; i++) {
    fixture_record_release(&log->records[i]);
  }
}

/* ---- records ---- */

static void add_identity(struct own_log *log) {
  struct fixture *f = log->node->all;
  struct fixture_record record;
  struct identity_item item;
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  for (uint32_t i = 0; i < f->n; i++) {
    if (hash_equal(&f->charter.founders[i].node, &log->node->id)) {
      charter_identity_item(&f->charter, i, &item);
    }
  }
  struct canon_writer w = canon_writer(&body);
  identity_item_write(&w, &item);
  const struct header h = {.kind = KIND_IDENTITY};
  fixture_seal(log->node, &log->node->node_key, h, bytes_view(&body), &record);
  own_add(log, &record);
  bytes_release(&body);
}

static void add_cert(struct own_log *log, const struct signer *author, const struct pubkey *key, uint64_t person,
                     uint64_t roles) {
  static const uint8_t body[] = {0x81, 0xa4, 'n', 'a', 'm', 'e', 0xa1, 'X'};
  struct fixture_record record;
  struct header h = {.kind = KIND_CERT, .has_subject = true, .n_args = 3, .args = {person, roles, 0}};
  memcpy(h.subject.b, key->b, sizeof h.subject.b);
  fixture_seal(log->node, author, h, view_of(body, sizeof body), &record);
  own_add(log, &record);
}

static void add_revoke(struct own_log *log, const struct signer *author, const struct pubkey *key, uint64_t index) {
  struct fixture_record record;
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, index}};
  memcpy(h.subject.b, key->b, sizeof h.subject.b);
  fixture_seal(log->node, author, h, view_of(NULL, 0), &record);
  own_add(log, &record);
}

/* A version of a case; object and newest NULL: a new one. Returns the record id. */
static struct hash add_case(struct own_log *log, const struct signer *author, uint64_t n, const struct hash *object,
                            const struct hash *newest) {
  struct fixture_record record;
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  fixture_case_body(log->node->all, n, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  fixture_seal(log->node, author, h, bytes_view(&body), &record);
  own_add(log, &record);
  bytes_release(&body);
  return record.id;
}

static struct hash add_withdraw(struct own_log *log, const struct signer *author, const struct hash *object,
                                const struct hash *newest) {
  struct fixture_record record;
  struct header h = {.kind = KIND_WITHDRAW, .has_subject = true, .subject = *object, .n_refs = 1, .refs = {*newest}};
  fixture_seal(log->node, author, h, view_of(NULL, 0), &record);
  own_add(log, &record);
  return record.id;
}

/* An entry of octets that the owner made up. */
static void add_octets(struct own_log *log, struct view octets) {
  struct fixture_record record;
  memset(&record, 0, sizeof record);
  bytes_init(&record.envelope, LIMIT_ENVELOPE);
  bytes_init(&record.body, LIMIT_BODY);
  assert_int_equal(bytes_append(&record.envelope, octets, NULL), OK);
  record.item = (struct item){.envelope = bytes_view(&record.envelope), .state = ITEM_BODILESS};
  own_add(log, &record);
}

/* A raw header of eleven fields with an odd version, kind or alg, truly signed. */
static void add_header(struct own_log *log, const struct signer *author, uint64_t v, uint64_t kind, uint64_t alg) {
  struct bytes header;
  struct bytes envelope;
  bytes_init(&header, LIMIT_HEADER);
  bytes_init(&envelope, LIMIT_ENVELOPE);
  struct canon_writer w = canon_writer(&header);
  canon_put_array(&w, 11);
  canon_put_uint(&w, v);
  canon_put_uint(&w, kind);
  canon_put_uint(&w, alg);
  canon_put_hash(&w, &log->node->id);
  canon_put_pubkey(&w, &author->pub);
  canon_put_uint(&w, 5);
  canon_put_nil(&w);
  canon_put_array(&w, 0);
  canon_put_array(&w, 0);
  canon_put_uint(&w, 0);
  canon_put_nil(&w);
  const struct hash *fed_id = &log->node->all->charter.fed_id;
  const struct hash id = record_id(fed_id, bytes_view(&header));
  const struct signature signature = sign_tagged(author, SIGN_RECORD, fed_id, hash_view(&id));
  assert_int_equal(envelope_encode(bytes_view(&header), view_of(signature.b, sizeof signature.b), &envelope, NULL), OK);
  add_octets(log, bytes_view(&envelope));
  bytes_release(&header);
  bytes_release(&envelope);
}

/* A record with one thing in its header changed. */
static void add_odd(struct own_log *log, const struct signer *author, struct header h, struct view body) {
  struct fixture_record record;
  fixture_seal(log->node, author, h, body, &record);
  own_add(log, &record);
}

static enum reason reason_at(struct fixture_node *node, const struct hash *log_node, uint64_t index) {
  struct log log;
  sqlite3_stmt *st = NULL;
  assert_int_equal(log_find(node->store, log_node, 1, &log, NULL), OK);
  assert_int_equal(sqlite3_prepare_v2(store_db(node->store), "SELECT reason FROM held WHERE id = ?", -1, &st, NULL), SQLITE_OK);
  (void)sqlite3_bind_int64(st, 1, entry_rowid(log.no, index));
  const enum reason reason = sqlite3_step(st) == SQLITE_ROW ? (enum reason)sqlite3_column_int(st, 0) : REASON_NONE;
  (void)sqlite3_finalize(st);
  return reason;
}

/* ---- tests ---- */

static void every_node_ends_with_the_same_whatever_the_windows_and_the_order(void **state) {
  static struct fixture f;
  (void)state;
  fixture_found(&f, 4, fixture_seed(), true);
  for (uint64_t i = 0; i < 60; i++) {
    (void)fixture_publish(&f.nodes[fixture_random(&f, 3)], i, NULL);
    if (fixture_random(&f, 3) == 0) {
      const uint64_t from = fixture_random(&f, 4);
      fixture_transfer(&f.nodes[from], &f.nodes[(from + 1 + fixture_random(&f, 3)) % 4], 1 + fixture_random(&f, 9));
    }
  }
  for (int round = 0; round < 3; round++) {
    for (uint64_t i = 0; i < 4; i++) {
      fixture_transfer(&f.nodes[i], &f.nodes[(i + 1) % 4], 1 + fixture_random(&f, 20));
    }
  }
  struct bytes first;
  struct bytes other;
  bytes_init(&first, DUMP_MAX);
  bytes_init(&other, DUMP_MAX);
  dump_derived(&f.nodes[0], false, &first);
  const struct hash digest = hall_digest(f.nodes[0].hall);
  for (uint32_t i = 1; i < 4; i++) {
    const struct hash theirs = hall_digest(f.nodes[i].hall);
    assert_memory_equal(&digest, &theirs, sizeof digest);
    bytes_clear(&other);
    dump_derived(&f.nodes[i], false, &other);
    assert_true(view_equal(bytes_view(&first), bytes_view(&other)));
  }
  bytes_release(&first);
  bytes_release(&other);
  fixture_release(&f);
}

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

/* Whether nothing of IT's log is held by FR, in memory and on the disk. */
static void assert_nothing(struct fixture_node *fr, const struct fixture_node *it) {
  sqlite3_stmt *st = NULL;
  assert_null(hall_head(fr->hall, &it->id, 1));
  assert_int_equal(sqlite3_prepare_v2(store_db(fr->store), "SELECT count(*) FROM entry", -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  assert_int_equal(sqlite3_column_int(st, 0), 0);
  (void)sqlite3_finalize(st);
}

static void no_flipped_octet_of_a_window_gets_in(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct bytes text;
  struct bytes window;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  memset(&log, 0, sizeof log);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  log.node = it;
  add_identity(&log);
  add_cert(&log, &it->node_key, &it->editor.pub, 1, ROLE_EDITOR);
  (void)add_case(&log, &it->editor, 1, NULL, NULL);
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&window, LIMIT_DATA_RAW);
  own_checkpoint(&log, log.n, &text);
  own_window(&log, 0, log.n, &window);
  for (size_t i = 0; i < window.len; i++) {
    struct pull *pull = NULL;
    window.p[i] ^= (uint8_t)(1u << fixture_random(&f, 8));
    assert_int_equal(hall_pull_begin(fr->hall, bytes_view(&text), 0, &pull, &err), OK);
    enum err_code code = hall_pull_add(pull, bytes_view(&window), &err);
    if (code == OK) {
      code = hall_pull_finish(pull, NULL, &err);
    } else {
      hall_pull_abort(pull);
    }
    if (code != ERR_MISMATCH && code != ERR_FORMAT && code != ERR_INCOMPLETE) {
      fail_msg("octet %zu: %s", i, err_name(code));
    }
    own_window(&log, 0, log.n, &window);
  }
  assert_nothing(fr, it);
  assert_int_equal(own_carry(&log, fr->hall, 0, log.n, 2, NULL, &err), OK);
  bytes_release(&text);
  bytes_release(&window);
  own_release(&log);
  fixture_release(&f);
}

static void pulls_of_one_log_finish_in_order(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes text;
  struct bytes window;
  struct pull *first = NULL;
  struct pull *second = NULL;
  struct pull *third = NULL;
  uint64_t count = 0;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  f.nodes[1].threads = 2;
  fixture_close(&f.nodes[1]);
  fixture_open(&f.nodes[1]);
  struct fixture_node *it = &f.nodes[0];
  struct hall *fr = f.nodes[1].hall;
  for (uint64_t i = 0; i < 4; i++) {
    (void)fixture_publish(it, i, NULL);
  }
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&window, LIMIT_DATA_RAW);
  fixture_checkpoint(it, &it->id, 4, &text);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 0, &first, &err), OK);
  bytes_clear(&text);
  fixture_checkpoint(it, &it->id, 6, &text);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 3, &second, &err), ERR_MISMATCH);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 4, &second, &err), OK);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 4, 6, 0, 1 << 20, &window, &count, &err), OK);
  assert_int_equal(count, 2);
  assert_int_equal(hall_pull_add(second, bytes_view(&window), &err), OK);
  assert_int_equal(hall_pull_add(second, bytes_view(&window), &err), ERR_MISMATCH); /* past the milestone */
  bytes_clear(&window);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 0, 4, 0, 1 << 20, &window, &count, &err), OK);
  assert_int_equal(hall_pull_add(first, bytes_view(&window), &err), OK);
  assert_int_equal(hall_pull_finish(first, NULL, &err), OK);
  assert_int_equal(hall_head(fr, &it->id, 1)->size, 4);
  assert_int_equal(hall_pull_finish(second, NULL, &err), OK);
  assert_int_equal(hall_head(fr, &it->id, 1)->size, 6);
  /* Old news, and a pull that has not all it needs. */
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 6, &third, &err), ERR_MISMATCH);
  (void)fixture_publish(it, 9, NULL);
  bytes_clear(&text);
  fixture_checkpoint(it, &it->id, 0, &text);
  assert_int_equal(hall_pull_begin(fr, bytes_view(&text), 6, &third, &err), OK);
  assert_int_equal(hall_pull_finish(third, NULL, &err), ERR_INCOMPLETE);
  bytes_release(&text);
  bytes_release(&window);
  fixture_release(&f);
}

static void checkpoints_of_others_begin_nothing(void **state) {
  static struct fixture f;
  static struct fixture elsewhere;
  struct err err = ERR_INIT;
  struct bytes text;
  struct pull *pull = NULL;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  fixture_found(&elsewhere, 1, f.seed + 1, true);
  bytes_init(&text, LIMIT_CHECKPOINT);
  fixture_checkpoint(&elsewhere.nodes[0], &elsewhere.nodes[0].id, 0, &text);
  assert_int_equal(hall_pull_begin(f.nodes[0].hall, bytes_view(&text), 0, &pull, &err), ERR_NOT_FOUND);
  bytes_clear(&text);
  const struct checkpoint forged = {
      .fed_id = f.charter.fed_id, .node = f.nodes[1].id, .gen = 1, .size = 2, .root = f.nodes[1].id};
  assert_int_equal(checkpoint_seal(&forged, &f.nodes[0].node_key, &text, &err), OK);
  assert_int_equal(hall_pull_begin(f.nodes[0].hall, bytes_view(&text), 0, &pull, &err), ERR_SIGNATURE);
  assert_int_equal(hall_pull_begin(f.nodes[0].hall, view_of("x", 1), 0, &pull, &err), ERR_FORMAT);
  assert_null(pull);
  bytes_release(&text);
  fixture_release(&elsewhere);
  fixture_release(&f);
}

static void windows_have_three_modes_and_an_end(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes window;
  uint64_t count = 0;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  for (uint64_t i = 0; i < 10; i++) {
    (void)fixture_publish(it, i, NULL);
  }
  bytes_init(&window, LIMIT_DATA_RAW);
  static const size_t least[] = {3, 1, 2}; /* elements of an item of a case */
  for (unsigned mode = 0; mode < 3; mode++) {
    bytes_clear(&window);
    assert_int_equal(hall_window(it->hall, &it->id, 1, 1, 99, mode, 1 << 20, &window, &count, &err), OK);
    assert_int_equal(count, 11);
    struct canon_reader r = canon_reader(bytes_view(&window));
    assert_int_equal(canon_array(&r, 99), 11);
    for (int i = 0; i < 11; i++) {
      struct canon_reader item = canon_reader(canon_skip(&r));
      assert_int_equal(canon_array(&item, 3), least[mode]);
    }
    assert_true(canon_at_end(&r));
  }
  bytes_clear(&window);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 0, 99, 1, 1 << 20, &window, &count, &err), OK);
  struct canon_reader r = canon_reader(bytes_view(&window));
  (void)canon_array(&r, 99);
  struct canon_reader item = canon_reader(canon_skip(&r));
  assert_int_equal(canon_array(&item, 3), 3); /* an identity comes with its body */
  bytes_clear(&window);
  assert_int_equal(hall_window(it->hall, &it->id, 1, 2, 99, 0, 1, &window, &count, &err), OK);
  assert_int_equal(count, 1); /* at least one */
  assert_int_equal(hall_window(it->hall, &it->id, 1, 12, 99, 0, 1, &window, &count, &err), ERR_NOT_FOUND);
  assert_int_equal(hall_window(it->hall, &it->id, 2, 0, 99, 0, 1, &window, &count, &err), ERR_NOT_FOUND);
  bytes_release(&window);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_node_ends_with_the_same_whatever_the_windows_and_the_order),
      cmocka_unit_test(every_reason_is_found),
      cmocka_unit_test(a_backdated_revocation_takes_back_what_came_after),
      cmocka_unit_test(no_flipped_octet_of_a_window_gets_in),
      cmocka_unit_test(pulls_of_one_log_finish_in_order),
      cmocka_unit_test(checkpoints_of_others_begin_nothing),
      cmocka_unit_test(windows_have_three_modes_and_an_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
