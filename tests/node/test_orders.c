/*
 * orders: a whole history (chronicle.h) reaches replicas in orders of their own. Whoever ends with the same frontier finds the
 * same members, people and endorsements, octet by octet; of a fork that is not repaired yet, each camp agrees within itself.
 * SPECOLA_ORDERS=N: so many replicas, 6 of each history (default 6).
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "node/store/query.h"
#include "node/store/query_endorse.h"
#include "node/voter.h"
#include "tests/node/courier.h"
#include "tests/node/dump.h"
#include "tests/node/kept.h"

#define READERS 6u
#define SEEN_MAX 256u

static struct fixture f;
static struct chronicle c;
static struct err err = ERR_INIT;

/* What was found at a frontier of this history. What is wished hangs on the identities and the evidence known, too: it is
 * compared where all that there was has come. In a camp: before the fork was repaired. */
struct sight {
  struct hash frontier;
  struct bytes found, wishes;
  bool in_camp;
};
static struct sight seen[SEEN_MAX];
static uint32_t n_seen;
/* What came of all histories, so that a test that compares nothing is noticed. */
static struct { uint64_t histories, compared, camps, admitted, expelled, repaired; } sum;

/* ---- what a replica finds ---- */

static void put_json(json_t *value, struct bytes *out) {
  char *text = json_dumps(value, JSON_SORT_KEYS | JSON_INDENT(1));
  assert_non_null(text);
  assert_int_equal(bytes_append_text(out, text, NULL), OK);
  free(text);
  json_decref(value);
}

static bool put_person(void *context, const struct query_person *p) {
  char key[HASH_HEX_LEN];
  struct hash hash;
  memcpy(hash.b, p->key.b, sizeof hash.b);
  hash_hex(&hash, key);
  return bytes_printf(context, NULL, "%s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %d %s\n", p->reference, key, p->person,
                      p->roles, p->territory, p->name, p->revoked, p->revoked ? p->revoked_from : "") == OK;
}

static void put_people(struct fixture_node *at, struct bytes *out) {
  for (uint32_t a = 0; a < CHRONICLE_LOGS; a++) {
    if (federation_by_node(&at->federation, &c.nodes[a]->id) == NULL) continue;
    const enum err_code code = query_people(at->store, &at->federation, c.nodes[a]->handle, put_person, out, &err);
    if (code != OK) fail_msg("%s: %s", c.nodes[a]->handle, err.message);
  }
}

static void put_endorsements(struct fixture_node *at, struct bytes *out) {
  json_t *one = NULL;
  int64_t rowid = 0;
  for (uint32_t i = 0; i < c.versions.n; i++) {
    enum err_code code = entry_find(at->store, &f.charter.fed_id, &c.versions.rows[i].id, &rowid, &err);
    if (code == OK) code = query_endorse(at->store, &at->federation, rowid, "en", &one, &err);
    if (code == OK) put_json(one, out);
    assert_true(code == OK || code == ERR_NOT_FOUND);
    err_clear(&err);
  }
}

static void find(struct fixture_node *at, struct bytes *out, struct bytes *wishes) {
  json_t *members = NULL;
  assert_int_equal(query_members(at->store, &at->federation, &members, &err), OK);
  put_json(json_incref(json_object_get(members, "wishes")), wishes);
  (void)json_object_del(members, "wishes");
  put_json(members, out);
  put_people(at, out);
  put_endorsements(at, out);
  dump_derived(at, false, out);
}

/* ---- who finds the same ---- */

static void keep(const char *name, const struct bytes *text) {
  const char *folder = getenv("SPECOLA_ORDERS_KEEP");
  char path[512];
  if (folder == NULL) return;
  (void)snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "wbe");
  assert_non_null(file);
  (void)fwrite(text->p, 1, text->len, file);
  (void)fclose(file);
}

static void expect_same(const struct bytes *one, const struct bytes *other) {
  if (view_equal(bytes_view(one), bytes_view(other))) return;
  keep("one", one);
  keep("other", other);
  fail_msg("seed %" PRIu64 ": one frontier, and something else is found", f.seed);
}

/* A replica on its way (LOOK_ON_ITS_WAY), or with all that there is: whoever stood at this frontier found this. */
enum look { LOOK_ON_ITS_WAY, LOOK_IN_CAMP, LOOK_AT_ITS_END };
static void look(struct fixture_node *at, enum look when) {
  const struct hash frontier = hall_digest(at->hall);
  struct bytes found, wishes;
  struct sight *s = seen;
  bytes_init(&found, DUMP_MAX);
  bytes_init(&wishes, DUMP_MAX);
  kept_expect(at);
  if (when != LOOK_ON_ITS_WAY) dump_expect_derived(at);
  find(at, &found, &wishes);
  while (s < seen + n_seen && !hash_equal(&s->frontier, &frontier))
    s++;
  assert_true(s < seen + SEEN_MAX);
  if (s == seen + n_seen) {
    *s = (struct sight){.frontier = frontier};
    bytes_init(&s->found, DUMP_MAX);
    bytes_init(&s->wishes, DUMP_MAX);
    assert_int_equal(bytes_append(&s->found, bytes_view(&found), NULL), OK);
    n_seen++;
  } else {
    expect_same(&s->found, &found);
    sum.compared++;
    sum.camps += when == LOOK_IN_CAMP && s->in_camp;
  }
  if (when != LOOK_ON_ITS_WAY && s->wishes.len > 0) expect_same(&s->wishes, &wishes);
  if (when != LOOK_ON_ITS_WAY && s->wishes.len == 0) assert_int_equal(bytes_append(&s->wishes, bytes_view(&wishes), NULL), OK);
  s->in_camp = s->in_camp || when == LOOK_IN_CAMP;
  bytes_release(&found);
  bytes_release(&wishes);
}

static void wander(struct courier *k, unsigned steps) {
  for (unsigned i = 0; i < steps; i++) {
    courier_step(k);
    if (i % 16 == 15) look(k->to, LOOK_ON_ITS_WAY);
  }
}

/* One replica: up to all that there is before the fork is repaired, unless the repair comes in the middle; then the rest. */
static void carry(struct fixture_node *to, uint32_t i) {
  struct courier k = {.c = &c, .to = to, .other_side = i % 2 == 1, .is_unrepaired = i % 3 != 2};
  if (k.is_unrepaired && c.forker != CHRONICLE_NOBODY && !chronicle_one_in(&c, 3))
    courier_take(&k, c.forker); /* before the other */
  wander(&k, 48);
  if (k.is_unrepaired) {
    courier_finish(&k);
    look(to, LOOK_IN_CAMP);
    k.is_unrepaired = false;
    wander(&k, 16);
  }
  courier_finish(&k);
  look(to, LOOK_AT_ITS_END);
}

static void expect_end(struct fixture_node *const readers[READERS]) {
  const struct hash end = hall_digest(readers[0]->hall);
  for (uint32_t i = 0; i < READERS; i++) {
    struct fixture_node *at = readers[i];
    const struct hash own = hall_digest(at->hall);
    if (!hash_equal(&own, &end)) fail_msg("seed %" PRIu64 ": replica %" PRIu32 " ends elsewhere", f.seed, i);
    assert_int_equal(at->federation.epoch.number, c.n_epochs);
  }
  assert_int_equal(derive_rebuild(readers[1]->store, &readers[1]->federation, f.schemas, NULL, NULL, &err), OK);
  look(readers[1], LOOK_AT_ITS_END);
  fixture_close(readers[2]);
  fixture_open(readers[2]);
  look(readers[2], LOOK_AT_ITS_END);
}

static void count(void) {
  const struct epoch *last = &c.epochs[c.n_epochs - 1];
  sum.histories++;
  sum.admitted += epoch_by_node(last, &c.nodes[CHRONICLE_FOUNDERS]->id) != NULL;
  sum.expelled += last->n_formers > 0;
  sum.repaired += c.forker != CHRONICLE_NOBODY && c.has_next[c.forker] && c.other.n > c.parts;
}

static void one_history(uint64_t seed) {
  struct fixture_node *readers[READERS];
  fixture_found(&f, CHRONICLE_FOUNDERS, seed, false);
  chronicle_play(&c, &f, &f.nodes[fixture_newcomer(&f, f.seed % 3 == 0 ? "IT34" : "PT")]);
  for (uint32_t i = 0; i < READERS; i++) {
    readers[i] = &f.nodes[fixture_newcomer(&f, "ZZ")];
    carry(readers[i], i);
  }
  expect_end(readers);
  count();
  for (uint32_t i = 0; i < n_seen; i++) {
    bytes_release(&seen[i].found);
    bytes_release(&seen[i].wishes);
  }
  n_seen = 0;
  chronicle_release(&c);
  fixture_release(&f);
}

static void every_order_that_ends_at_one_frontier_finds_the_same(void **state) {
  const char *wanted = getenv("SPECOLA_ORDERS");
  const uint64_t orders = wanted == NULL ? READERS : strtoull(wanted, NULL, 10), seed = fixture_seed();
  (void)state;
  for (uint64_t done = 0; done < orders; done += READERS)
    one_history(seed + done / READERS);
  print_message("%" PRIu64 " histories, %" PRIu64 " orders: %" PRIu64 " admit, %" PRIu64 " expel, %" PRIu64
                " fork and repair; %" PRIu64 " times the same at one frontier, %" PRIu64 " of them before the repair\n",
                sum.histories, sum.histories * READERS, sum.admitted, sum.expelled, sum.repaired, sum.compared, sum.camps);
  assert_true(sum.compared >= sum.histories * (READERS + 1));
  assert_true(sum.histories < 20 || (sum.admitted > 0 && sum.expelled > 0 && sum.repaired > 0 && sum.camps > 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_order_that_ends_at_one_frontier_finds_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
