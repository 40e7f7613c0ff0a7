/*
 * endorsements: what signatures in several logs come to, on every replica and in every order of arrival (docs/protocol.md 16).
 * SPECOLA_ORDERS=N: so many replicas are filled in orders of their own (default 6).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "node/store/endorsed.h"
#include "node/store/query_endorse.h"
#include "tests/node/fixture.h"

#define MEMBERS 4
#define OBJECTS 4
#define REVIEWERS 12
#define STEPS 90

static struct fixture f;
static struct err err = ERR_INIT;

/* ---- records ---- */

static struct receipt_row admit(struct fixture_node *home, struct fixture_node *log, const struct signer *author,
                                struct header h, struct hash *id) {
  struct fixture_record record;
  f.now_ms += 1000; /* no record like the one before */
  fixture_seal(home, author, h, view_of(NULL, 0), &record);
  const struct receipt_row row = fixture_admit(log, &record.item);
  if (id != NULL) {
    *id = record.id;
  }
  fixture_record_release(&record);
  return row;
}

static struct hash policy_id(void) {
  struct view octets[LIMIT_POLICIES];
  assert_int_equal(charter_policies(&f.charter, octets), 1);
  return hash_of(HASH_POLICY, octets[0], view_of(NULL, 0));
}

static struct receipt_row endorse(struct fixture_node *home, const struct signer *author, const struct hash *object,
                                  const struct hash *version, const struct hash *policy, struct hash *id) {
  const struct header h = {
      .kind = KIND_ENDORSE, .has_subject = true, .subject = *version, .n_refs = 2, .refs = {*object, *policy}};
  return admit(home, home, author, h, id);
}

static struct receipt_row take_back(struct fixture_node *home, struct fixture_node *log, const struct signer *author,
                                    const struct hash *endorsement) {
  const struct header h = {.kind = KIND_ENDORSE_WITHDRAW, .has_subject = true, .subject = *endorsement};
  return admit(home, log, author, h, NULL);
}

static void revoke(struct fixture_node *home, const struct pubkey *key, uint64_t index) {
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, index}};
  memcpy(h.subject.b, key->b, sizeof h.subject.b);
  assert_int_equal(admit(home, home, &home->node_key, h, NULL).state, RECEIPT_LOGGED);
}

static void reviewer(struct fixture_node *home, struct signer *out, uint64_t person) {
  struct receipt_row row;
  assert_int_equal(signer_new(out, &err), OK);
  assert_int_equal(hall_certify(home->hall, &out->pub, person, ROLE_REVIEWER, 0, "Reviewer", &row, &err), OK);
  assert_int_equal(row.state, RECEIPT_LOGGED);
}

/* For another member's log, and nothing that this one could judge: it goes there (docs/protocol.md 9). */
static void expect_forwarded(struct receipt_row row) {
  assert_int_equal(row.state, RECEIPT_QUEUED);
}

static void expect(struct receipt_row row, enum reason reason) {
  if (reason == REASON_NONE ? row.state != RECEIPT_LOGGED : row.state != RECEIPT_REFUSED || row.reason != (uint64_t)reason) {
    print_error("%s, not %s\n", row.state == RECEIPT_LOGGED ? "logged" : reason_name(row.reason),
                reason_name((uint64_t)reason));
    fail();
  }
}

/* ---- results ---- */

static int64_t rowid_of(struct fixture_node *at, const struct hash *object) {
  int64_t rowid = 0;
  assert_int_equal(entry_find(at->store, &f.charter.fed_id, object, &rowid, &err), OK);
  return rowid;
}

static struct endorsements weigh(struct fixture_node *at, const struct hash *object) {
  struct endorsements e;
  assert_int_equal(endorsements_read(at->store, &at->federation, rowid_of(at, object), &e, &err), OK);
  return e;
}

/* The result of the newest version and the state, in one number of readable digits: counted, nodes, countries, state. */
static unsigned result_at(struct fixture_node *at, const struct hash *object) {
  struct endorsements e = weigh(at, object);
  const struct statement_result *s = endorsements_newest(&e);
  assert_non_null(s);
  const unsigned out = (unsigned)(s->result.counted * 1000 + s->result.nodes * 100 + s->result.countries * 10 + e.state);
  endorsements_release(&e);
  return out;
}

/* How a signature stands in the statement of any version. */
static enum endorsement_standing standing_at(struct fixture_node *at, const struct hash *object, const struct hash *signature) {
  struct endorsements e = weigh(at, object);
  const int64_t rowid = rowid_of(at, signature);
  for (size_t i = 0; i < e.n; i++) {
    for (size_t k = 0; k < e.statements[i].n; k++) {
      if (e.statements[i].signatures[k].rowid == rowid) {
        const enum endorsement_standing out = e.statements[i].policy == 0    ? ENDORSEMENT_POLICY
                                              : e.statements[i].version == 0 ? ENDORSEMENT_VERSION
                                                                             : e.statements[i].signatures[k].standing;
        assert_int_equal(e.statements[i].signatures[k].standing, out);
        endorsements_release(&e);
        return out;
      }
    }
  }
  fail_msg("no such signature");
  return ENDORSEMENT_COUNTS;
}

static void spread(void) {
  for (uint32_t from = 0; from < f.n; from++) {
    for (uint32_t to = 0; to < f.n; to++) {
      if (from != to) fixture_transfer(&f.nodes[from], &f.nodes[to], 100);
    }
  }
}

/* ---- one thing at a time ---- */

static void reviewers_of_three_members_endorse_and_everybody_finds_the_same(void **state) {
  struct signer who[3];
  struct hash object, second, id;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  struct fixture_node *it = &f.nodes[0];
  (void)fixture_publish(it, 1, &object);
  for (uint32_t i = 0; i < 3; i++) {
    reviewer(&f.nodes[i + 1], &who[i], 0);
    expect(endorse(&f.nodes[i + 1], &who[i], &object, &object, &policy, &id), REASON_NONE);
  }
  expect(endorse(&f.nodes[1], &f.nodes[1].editor, &object, &object, &policy, &id), REASON_RIGHTS);
  expect(endorse(&f.nodes[1], &who[1], &object, &object, &policy, &id), REASON_AUTHOR); /* EE's, in FR's log */
  assert_int_equal(result_at(it, &object), 0);
  fixture_transfer(&f.nodes[1], it, 100);
  fixture_transfer(&f.nodes[2], it, 100);
  assert_int_equal(result_at(it, &object), 2220);
  spread();
  for (uint32_t i = 0; i < MEMBERS; i++)
    assert_int_equal(result_at(&f.nodes[i], &object), 3330 + ENDORSED_CURRENTLY);

  /* A corrected comma: what was signed stays with the version that was read. */
  struct fixture_record version;
  fixture_case(it, 2, &object, &object, &version);
  assert_int_equal(fixture_admit(it, &version.item).state, RECEIPT_LOGGED);
  second = version.id;
  fixture_record_release(&version);
  spread();
  assert_int_equal(result_at(&f.nodes[3], &object), ENDORSED_EARLIER);
  expect(endorse(&f.nodes[1], &who[0], &object, &second, &policy, &id), REASON_NONE);
  spread();
  assert_int_equal(result_at(&f.nodes[3], &object), 1110 + ENDORSED_EARLIER);
  for (uint32_t i = 0; i < 3; i++)
    signer_release(&who[i]);
  fixture_release(&f);
}

static void what_does_not_count_says_why(void **state) {
  struct signer home, fr, twin, other;
  struct hash a, b, of_home, moved, foreign, ours, again, second;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id(), no_policy = f.nodes[0].id;
  (void)fixture_publish(&f.nodes[0], 1, &a);
  (void)fixture_publish(&f.nodes[0], 2, &b);
  reviewer(&f.nodes[0], &home, 0);
  reviewer(&f.nodes[1], &fr, 7);
  reviewer(&f.nodes[1], &twin, 7); /* another key of the same person */
  reviewer(&f.nodes[1], &other, 0);
  expect(endorse(&f.nodes[0], &home, &a, &a, &policy, &of_home), REASON_NONE);
  expect(endorse(&f.nodes[1], &fr, &a, &b, &policy, &moved), REASON_NONE);      /* b is no version of a */
  expect(endorse(&f.nodes[1], &fr, &a, &a, &no_policy, &foreign), REASON_NONE); /* another federation's policy */
  expect(endorse(&f.nodes[1], &fr, &a, &a, &policy, &ours), REASON_NONE);
  expect(endorse(&f.nodes[1], &twin, &a, &a, &policy, &again), REASON_NONE);
  expect(endorse(&f.nodes[1], &other, &a, &a, &policy, &second), REASON_NONE);
  spread();
  struct fixture_node *at = &f.nodes[3];
  assert_int_equal(standing_at(at, &a, &of_home), ENDORSEMENT_HOME);
  assert_int_equal(standing_at(at, &a, &moved), ENDORSEMENT_VERSION);
  assert_int_equal(standing_at(at, &a, &foreign), ENDORSEMENT_POLICY);
  assert_int_equal(standing_at(at, &a, &ours), ENDORSEMENT_COUNTS);
  assert_int_equal(standing_at(at, &a, &again), ENDORSEMENT_PERSON);
  assert_int_equal(standing_at(at, &a, &second), ENDORSEMENT_NODE);
  assert_int_equal(result_at(at, &a), 1110);
  assert_int_equal(result_at(at, &b), 0);

  /* Taken back: by the person's other key in the own log; by the same key in another's; by nobody else. */
  expect(take_back(&f.nodes[1], &f.nodes[1], &other, &ours), REASON_AUTHOR);
  expect_forwarded(take_back(&f.nodes[1], &f.nodes[2], &twin, &ours));
  expect_forwarded(take_back(&f.nodes[1], &f.nodes[2], &fr, &a));
  expect(take_back(&f.nodes[2], &f.nodes[2], &fr, &ours), REASON_AUTHOR); /* not certified there */
  expect(take_back(&f.nodes[1], &f.nodes[1], &twin, &ours), REASON_NONE);
  expect(take_back(&f.nodes[1], &f.nodes[2], &other, &second), REASON_NONE);
  spread();
  assert_int_equal(standing_at(at, &a, &ours), ENDORSEMENT_WITHDRAWN);
  assert_int_equal(standing_at(at, &a, &again), ENDORSEMENT_COUNTS);
  assert_int_equal(standing_at(at, &a, &second), ENDORSEMENT_WITHDRAWN);
  struct signer *all[] = {&home, &fr, &twin, &other};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    signer_release(all[i]);
  fixture_release(&f);
}

static void a_revocation_that_reaches_back_takes_what_was_signed(void **state) {
  struct signer fr;
  struct hash object, id;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  (void)fixture_publish(&f.nodes[0], 1, &object);
  reviewer(&f.nodes[1], &fr, 0);
  expect(endorse(&f.nodes[1], &fr, &object, &object, &policy, &id), REASON_NONE);
  spread();
  assert_int_equal(result_at(&f.nodes[2], &object), 1110);
  revoke(&f.nodes[1], &fr.pub, entry_index(rowid_of(&f.nodes[1], &id)));
  spread();
  for (uint32_t i = 0; i < MEMBERS; i++)
    assert_int_equal(result_at(&f.nodes[i], &object), 0);
  assert_int_equal(derive_rebuild(f.nodes[2].store, &f.nodes[2].federation, f.schemas, NULL, NULL, &err), OK);
  assert_int_equal(result_at(&f.nodes[2], &object), 0);
  signer_release(&fr);
  fixture_release(&f);
}

static void what_is_poured_over_an_object_is_told_as_a_number(void **state) {
  struct signer flood, good;
  struct hash object, id;
  json_t *out = NULL;
  size_t told = 0, i;
  json_t *statement;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  (void)fixture_publish(&f.nodes[0], 1, &object);
  reviewer(&f.nodes[1], &flood, 0);
  reviewer(&f.nodes[2], &good, 0);
  for (uint8_t n = 0; n < 3 * QUERY_ENDORSE_OTHERS / 2; n++) {
    struct hash odd = policy; /* half of them under policies that there are not: a statement each */
    odd.b[0] = (uint8_t)(odd.b[0] + (n % 2 == 0 ? 0 : n));
    expect(endorse(&f.nodes[1], &flood, &object, &object, &odd, &id), REASON_NONE);
  }
  expect(endorse(&f.nodes[2], &good, &object, &object, &policy, &id), REASON_NONE);
  spread();
  for (uint32_t at = 0; at < MEMBERS; at += 3) {
    assert_int_equal(result_at(&f.nodes[at], &object), 2220);
    assert_int_equal(
        query_endorse(f.nodes[at].store, &f.nodes[at].federation, rowid_of(&f.nodes[at], &object), "en", &out, &err), OK);
    told = 0;
    json_array_foreach(json_object_get(out, "statements"), i, statement) told +=
        json_array_size(json_object_get(statement, "endorsements"));
    assert_int_equal(told, QUERY_ENDORSE_OTHERS + 2);
    assert_int_equal(json_integer_value(json_object_get(out, "more")), 3 * QUERY_ENDORSE_OTHERS / 2 + 1 - told);
    json_decref(out);
  }
  signer_release(&flood);
  signer_release(&good);
  fixture_release(&f);
}

/* ---- any history, any order ---- */

struct history {
  struct signer reviewers[REVIEWERS];
  uint32_t home_of[REVIEWERS], n_reviewers;
  struct hash objects[OBJECTS], versions[OBJECTS][8];
  uint32_t owner_of[OBJECTS], n_versions[OBJECTS], n_objects;
  struct hash signatures[STEPS];
  uint32_t signer_of[STEPS], n_signatures;
};

static void new_object(struct history *h, uint64_t n) {
  const uint32_t owner = (uint32_t)fixture_random(&f, MEMBERS);
  if (h->n_objects == OBJECTS) return;
  (void)fixture_publish(&f.nodes[owner], n, &h->objects[h->n_objects]);
  h->versions[h->n_objects][0] = h->objects[h->n_objects];
  h->n_versions[h->n_objects] = 1;
  h->owner_of[h->n_objects++] = owner;
}

static void new_version(struct history *h, uint64_t n) {
  struct fixture_record record;
  if (h->n_objects == 0) return;
  const uint32_t i = (uint32_t)fixture_random(&f, h->n_objects);
  if (h->n_versions[i] == 8) return;
  struct fixture_node *owner = &f.nodes[h->owner_of[i]];
  fixture_case(owner, n, &h->objects[i], &h->versions[i][h->n_versions[i] - 1], &record);
  assert_int_equal(fixture_admit(owner, &record.item).state, RECEIPT_LOGGED);
  h->versions[i][h->n_versions[i]++] = record.id;
  fixture_record_release(&record);
}

static void new_reviewer(struct history *h) {
  if (h->n_reviewers == REVIEWERS) return;
  const uint32_t home = (uint32_t)fixture_random(&f, MEMBERS);
  h->home_of[h->n_reviewers] = home;
  reviewer(&f.nodes[home], &h->reviewers[h->n_reviewers++], 2 + fixture_random(&f, 3));
}

static void new_signature(struct history *h) {
  const struct hash policy = policy_id();
  if (h->n_objects == 0 || h->n_reviewers == 0) return;
  const uint32_t who = (uint32_t)fixture_random(&f, h->n_reviewers), i = (uint32_t)fixture_random(&f, h->n_objects);
  const uint32_t of = fixture_random(&f, 8) == 0 ? (uint32_t)fixture_random(&f, h->n_objects) : i;
  const struct hash *version = &h->versions[of][fixture_random(&f, h->n_versions[of])];
  if (endorse(&f.nodes[h->home_of[who]], &h->reviewers[who], &h->objects[i], version, &policy, &h->signatures[h->n_signatures])
          .state == RECEIPT_LOGGED) {
    h->signer_of[h->n_signatures++] = who;
  }
}

/* By any reviewer in any log: most are refused, and those that are not must count alike everywhere. */
static void new_withdrawal(struct history *h) {
  if (h->n_signatures == 0) return;
  const uint32_t i = (uint32_t)fixture_random(&f, h->n_signatures), log = (uint32_t)fixture_random(&f, MEMBERS);
  const uint32_t who = fixture_random(&f, 2) == 0 ? h->signer_of[i] : (uint32_t)fixture_random(&f, h->n_reviewers);
  struct fixture_node *home = &f.nodes[h->home_of[h->signer_of[i]]];
  if (log != h->home_of[h->signer_of[i]]) fixture_transfer(home, &f.nodes[log], 100);
  (void)take_back(home, &f.nodes[log], &h->reviewers[who], &h->signatures[i]);
}

static void new_revocation(struct history *h) {
  if (h->n_reviewers == 0) return;
  const uint32_t who = (uint32_t)fixture_random(&f, h->n_reviewers);
  struct fixture_node *home = &f.nodes[h->home_of[who]];
  revoke(home, &h->reviewers[who].pub, fixture_random(&f, hall_head(home->hall, &home->id, 1)->size));
}

static void play(struct history *h) {
  static const unsigned weights[] = {2, 2, 3, 10, 3, 1};
  for (uint64_t step = 1; step <= STEPS; step++) {
    uint64_t at = fixture_random(&f, 21);
    size_t what = 0;
    for (; at >= weights[what]; what++)
      at -= weights[what];
    switch (what) {
    case 0:
      new_object(h, step);
      break;
    case 1:
      new_version(h, step);
      break;
    case 2:
      new_reviewer(h);
      break;
    case 3:
      new_signature(h);
      break;
    case 4:
      new_withdrawal(h);
      break;
    default:
      new_revocation(h);
      break;
    }
  }
}

/* Everything that a replica answers about all objects. The caller frees it. */
static char *answers(struct fixture_node *at, const struct history *h) {
  json_t *all = json_array(), *one = NULL;
  for (uint32_t i = 0; i < h->n_objects; i++) {
    assert_int_equal(query_endorse(at->store, &at->federation, rowid_of(at, &h->objects[i]), "en", &one, &err), OK);
    (void)json_array_append_new(all, one);
  }
  char *out = json_dumps(all, JSON_SORT_KEYS | JSON_INDENT(1));
  json_decref(all);
  assert_non_null(out);
  return out;
}

/* ---- what is kept ---- */

#define N_ROWS(table, condition) "SELECT count(*) FROM " table " WHERE " condition

static uint64_t number(struct fixture_node *at, const char *sql) {
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(at->store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  const uint64_t out = (uint64_t)sqlite3_column_int64(st, 0);
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  return out;
}

/* Of one object: how it stands, its statements and its signatures, as the tables have it and as the judge says. */
static void assert_kept_object(struct fixture_node *at, int64_t object, uint64_t *signatures, uint64_t *statements) {
  struct endorsements e;
  struct endorsement_result kept;
  enum endorsed state = ENDORSED_CURRENTLY;
  char sql[256];
  const enum err_code code = endorsements_read(at->store, &at->federation, object, &e, &err);
  assert_int_equal(endorsed_get(at->store, object, &state, &err), OK);
  if (code == ERR_NOT_FOUND) {
    assert_int_equal(state, ENDORSED_NOT);
    return;
  }
  assert_int_equal(code, OK);
  assert_int_equal(state, e.state);
  for (size_t i = 0; i < e.n; i++) {
    const struct statement_result *x = &e.statements[i];
    for (size_t k = 0; k < x->n; k++, ++*signatures) {
      (void)snprintf(sql, sizeof sql,
                     N_ROWS("endorsement", "id = %lld AND of = %lld AND coalesce(version, 0) = %lld AND standing = %d"),
                     (long long)x->signatures[k].rowid, (long long)object, (long long)x->rowid, (int)x->signatures[k].standing);
      assert_int_equal(number(at, sql), 1);
    }
    if (x->n == 0 || x->policy == 0 || x->rowid == 0) continue;
    ++*statements;
    memset(&kept, 0, sizeof kept);
    assert_int_equal(endorsed_statement(at->store, object, x->rowid, x->policy, &kept, &err), OK);
    assert_memory_equal(&kept, &x->result, sizeof kept);
  }
  endorsements_release(&e);
}

/* Signatures that are not weighed, of several logs, stand in the same order whichever log came first. */
static void signatures_of_no_version_stand_in_the_order_of_logs(void **state) {
  struct signer who[2];
  struct hash object, other, id;
  (void)state;
  fixture_found(&f, MEMBERS + 2, fixture_seed(), true);
  const struct hash policy = policy_id();
  (void)fixture_publish(&f.nodes[0], 1, &object);
  (void)fixture_publish(&f.nodes[0], 2, &other);
  for (uint32_t i = 0; i < 2; i++) {
    reviewer(&f.nodes[i + 1], &who[i], 0);
    for (int n = 0; n < 3; n++)
      expect(endorse(&f.nodes[i + 1], &who[i], &object, &other, &policy, &id), REASON_NONE);
  }
  for (uint32_t i = 0; i < 2; i++) {
    struct fixture_node *to = &f.nodes[MEMBERS + i];
    fixture_transfer_log(&f.nodes[0], to, &f.nodes[0].id, 9);
    fixture_transfer_log(&f.nodes[1 + i], to, &f.nodes[1 + i].id, 9);
    fixture_transfer_log(&f.nodes[2 - i], to, &f.nodes[2 - i].id, 9);
    struct endorsements e = weigh(to, &object);
    for (size_t k = 0; k < e.n; k++) {
      for (size_t s = 1; s < e.statements[k].n; s++) {
        const struct endorsement *x = &e.statements[k].signatures[s - 1], *y = &e.statements[k].signatures[s];
        assert_true(hash_compare(&x->node, &y->node) < 0 ||
                    (hash_equal(&x->node, &y->node) && position_compare(x->at, y->at) < 0));
      }
    }
    endorsements_release(&e);
  }
  for (uint32_t i = 0; i < 2; i++)
    signer_release(&who[i]);
  fixture_release(&f);
}

/* Everything that is kept is what the judge says now, and nothing else is kept. */
static void assert_kept(struct fixture_node *at) {
  uint64_t signatures = 0, statements = 0;
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(at->store), "SELECT id FROM object", -1, &st, NULL), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW)
    assert_kept_object(at, sqlite3_column_int64(st, 0), &signatures, &statements);
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  assert_int_equal(number(at, N_ROWS("endorsement", "of IS NOT NULL")), signatures);
  assert_int_equal(number(at, N_ROWS("endorsement", "of IS NULL AND (version IS NOT NULL OR standing <> 1)")), 0);
  assert_int_equal(number(at, N_ROWS("endorsement_statement", "1")), statements);
  assert_int_equal(number(at, N_ROWS("endorsed", "object NOT IN (SELECT of FROM endorsement WHERE of IS NOT NULL)")), 0);
  assert_int_equal(number(at, N_ROWS("endorsed_stale", "1")), 0);
}

static void the_epoch_decides_what_is_kept(void **state) {
  struct signer who[3];
  struct hash object, id;
  bool due = true;
  (void)state;
  fixture_found(&f, MEMBERS, fixture_seed(), true);
  const struct hash policy = policy_id();
  struct fixture_node *it = &f.nodes[0];
  (void)fixture_publish(it, 1, &object);
  for (uint32_t i = 0; i < 3; i++) {
    reviewer(&f.nodes[i + 1], &who[i], 0);
    expect(endorse(&f.nodes[i + 1], &who[i], &object, &object, &policy, &id), REASON_NONE);
  }
  spread();
  assert_kept(it);
  assert_int_equal(number(it, N_ROWS("endorsed", "state = 2")), 1);
  assert_int_equal(endorsed_is_due(it->store, &it->federation, &due, &err), OK);
  assert_false(due);

  /* In another epoch two of them speak for one country. */
  char(*country)[3] =
      (char(*)[3]) & it->federation.rows[federation_by_node(&it->federation, &f.nodes[1].id) - it->federation.members].country;
  const struct federation_member *other = federation_by_node(&it->federation, &f.nodes[2].id);
  const struct hash before = it->federation.epoch.hash;
  memcpy(*country, other->member->country, sizeof *country);
  it->federation.epoch.hash.b[0] ^= 1;
  assert_int_equal(endorsed_is_due(it->store, &it->federation, &due, &err), OK);
  assert_true(due);
  assert_int_equal(store_begin(it->store, &err), OK);
  assert_int_equal(endorsed_settle(it->store, &it->federation, &err), OK);
  assert_int_equal(store_commit(it->store, &err), OK);
  assert_kept(it);
  assert_int_equal(number(it, N_ROWS("endorsed", "state = 0")), 1);
  assert_int_equal(number(it, N_ROWS("endorsement", "standing = 8")), 1);
  it->federation.epoch.hash = before;
  for (uint32_t i = 0; i < 3; i++)
    signer_release(&who[i]);
  fixture_release(&f);
}

static void fill_in_some_order(struct fixture_node *to) {
  for (int i = 0; i < 30; i++) {
    const uint32_t log = (uint32_t)fixture_random(&f, MEMBERS);
    fixture_transfer_log(&f.nodes[log], to, &f.nodes[log].id, 1 + fixture_random(&f, 9));
    if (i % 10 == 0) assert_kept(to);
  }
  for (uint32_t log = 0; log < f.n; log++)
    fixture_transfer_log(&f.nodes[log], to, &f.nodes[log].id, 100);
}

static void every_order_of_arrival_gives_the_same_answers(void **state) {
  static struct history h;
  const char *wanted = getenv("SPECOLA_ORDERS");
  const uint32_t orders = wanted == NULL ? 6 : (uint32_t)strtoul(wanted, NULL, 10);
  (void)state;
  for (uint32_t done = 0; done < orders; done += 6) {
    memset(&h, 0, sizeof h);
    fixture_found(&f, MEMBERS + 6, fixture_seed() + done, true);
    play(&h);
    for (uint32_t i = MEMBERS; i < f.n; i++)
      fill_in_some_order(&f.nodes[i]);
    struct fixture_node *first = &f.nodes[MEMBERS];
    char *expected = answers(first, &h);
    for (uint32_t i = 0; i < f.n; i++)
      assert_kept(&f.nodes[i]);
    for (uint32_t i = MEMBERS + 1; i < f.n; i++) {
      char *found = answers(&f.nodes[i], &h);
      assert_string_equal(found, expected);
      free(found);
    }
    assert_int_equal(derive_rebuild(first->store, &first->federation, f.schemas, NULL, NULL, &err), OK);
    assert_kept(first);
    char *rebuilt = answers(first, &h);
    assert_string_equal(rebuilt, expected);
    free(rebuilt);
    free(expected);
    for (uint32_t i = 0; i < h.n_reviewers; i++)
      signer_release(&h.reviewers[i]);
    fixture_release(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reviewers_of_three_members_endorse_and_everybody_finds_the_same),
      cmocka_unit_test(what_does_not_count_says_why),
      cmocka_unit_test(a_revocation_that_reaches_back_takes_what_was_signed),
      cmocka_unit_test(what_is_poured_over_an_object_is_told_as_a_number),
      cmocka_unit_test(signatures_of_no_version_stand_in_the_order_of_logs),
      cmocka_unit_test(the_epoch_decides_what_is_kept),
      cmocka_unit_test(every_order_of_arrival_gives_the_same_answers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
