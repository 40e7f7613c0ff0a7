/*
 * histories: random histories (chronicle.h) as bundles, each with what this program finds in it: why entries are held, who is
 * certified, who is a member, and what endorsements come to. For the second evaluator (tests/second/against.py FOLDER). Of each
 * history four: N-a and N-b, the camps of the fork, and N-mended, where the repair has come, by all of whom nobody is told an
 * epoch and no vote is counted; and N-end, with all of it.
 *
 * usage: histories FOLDER N [SEED]
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/export/export.h"
#include "node/store/endorsements.h"
#include "node/store/query.h"
#include "node/store/query_frontier.h"
#include "tests/node/courier.h"

#define OUT_MAX ((size_t)16 * 1024 * 1024)

static struct fixture f;
static struct chronicle c;
static struct err err = ERR_INIT;

/* ---- what is found ---- */

static json_t *hex(const struct hash *hash) {
  char text[HASH_HEX_LEN];
  hash_hex(hash, text);
  return json_string(text);
}

static bool add_person(void *context, const struct query_person *p) {
  char key[HASH_HEX_LEN];
  struct hash hash;
  memcpy(hash.b, p->key.b, sizeof hash.b);
  hash_hex(&hash, key);
  return json_array_append_new(context,
                               json_pack("[s, s, I, I, I, s]", p->reference, key, (json_int_t)p->person, (json_int_t)p->roles,
                                         (json_int_t)p->territory, p->revoked ? p->revoked_from : "")) == 0;
}

static json_t *people_json(struct fixture_node *at) {
  json_t *out = json_array();
  assert_int_equal(query_people(at->store, &at->federation, NULL, add_person, out, &err), OK);
  return out;
}

/* Who is a member, and where the logs of those end who were. */
static json_t *members_json(const struct federation *x) {
  json_t *members = json_object(), *former = json_object();
  for (uint32_t i = 0; i < x->n_members; i++) {
    const struct federation_member *m = &x->members[i];
    if (m->until == 0) {
      (void)json_object_set_new(members, m->member->handle, json_integer((json_int_t)m->member->roll));
    } else {
      (void)json_object_set_new(former, m->member->handle,
                                json_pack("[I, I, I]", (json_int_t)m->member->roll,
                                          (json_int_t)(m->end_size == 0 ? 0 : m->end_gen), (json_int_t)m->end_size));
    }
  }
  return json_pack("{s:I, s:o, s:o, s:o}", "epoch", (json_int_t)x->epoch.number, "hash", hex(&x->epoch.hash), "members",
                   members, "former", former);
}

static json_t *held_json(struct fixture_node *at) {
  sqlite3_stmt *st = NULL;
  struct log log;
  char name[64];
  json_t *out = json_object();
  assert_int_equal(sqlite3_prepare_v2(store_db(at->store), "SELECT id, reason FROM held", -1, &st, NULL), SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW) {
    const int64_t id = sqlite3_column_int64(st, 0);
    assert_int_equal(log_by_no(at->store, entry_log_no(id), &log, &err), OK);
    (void)snprintf(name, sizeof name, "%s.%" PRIu64 "-%" PRIu64, federation_handle(&at->federation, &log.node), log.gen,
                   entry_index(id));
    (void)json_object_set_new(out, name, json_string(reason_name((uint64_t)sqlite3_column_int64(st, 1))));
  }
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  return out;
}

static struct hash record_at(struct fixture_node *at, int64_t rowid) {
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  assert_int_equal(entry_get(at->store, rowid, &scratch, &item, &err), OK);
  const struct hash id = envelope_id(&f.charter.fed_id, item.envelope);
  bytes_release(&scratch);
  return id;
}

static json_t *statement_json(struct fixture_node *at, const struct statement_result *x) {
  json_t *signatures = json_object();
  char name[HASH_HEX_LEN];
  for (size_t i = 0; i < x->n; i++) {
    const struct hash id = record_at(at, x->signatures[i].rowid);
    hash_hex(&id, name);
    (void)json_object_set_new(signatures, name, json_string(endorsement_name(x->signatures[i].standing)));
  }
  return json_pack("{s:o, s:o, s:I, s:I, s:I, s:b, s:[I, I, I], s:o}", "version", hex(&x->version_id), "policy",
                   hex(&x->policy_id), "counted", (json_int_t)x->result.counted, "nodes", (json_int_t)x->result.nodes,
                   "countries", (json_int_t)x->result.countries, "met", x->result.met, "missing", (json_int_t)x->result.missing,
                   (json_int_t)x->result.missing_nodes, (json_int_t)x->result.missing_countries, "signatures", signatures);
}

static int by_statement(const void *a, const void *b) {
  const struct statement_result *x = a, *y = b;
  const int order = hash_compare(&x->version_id, &y->version_id);
  return order != 0 ? order : hash_compare(&x->policy_id, &y->policy_id);
}

static json_t *objects_json(struct fixture_node *at) {
  static const char *const states[] = {"none", "earlier", "current"};
  sqlite3_stmt *st = NULL;
  struct endorsements e;
  char name[HASH_HEX_LEN];
  json_t *out = json_object();
  assert_int_equal(sqlite3_prepare_v2(store_db(at->store), "SELECT id FROM object WHERE newest IS NOT NULL", -1, &st, NULL),
                   SQLITE_OK);
  while (sqlite3_step(st) == SQLITE_ROW) {
    json_t *list = json_array();
    assert_int_equal(endorsements_read(at->store, &at->federation, sqlite3_column_int64(st, 0), &e, &err), OK);
    if (e.n > 0) qsort(e.statements, e.n, sizeof *e.statements, by_statement);
    for (size_t i = 0; i < e.n; i++) {
      if (e.statements[i].n > 0) (void)json_array_append_new(list, statement_json(at, &e.statements[i]));
    }
    hash_hex(&e.object, name);
    (void)json_object_set_new(
        out, name,
        json_pack("{s:s, s:I, s:o}", "state", states[e.state], "versions", (json_int_t)e.versions, "statements", list));
    endorsements_release(&e);
  }
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
  return out;
}

/* ---- on the disk ---- */

static void save(struct fixture_node *at, const char *folder, uint64_t n, const char *which) {
  const struct export_options options = {.format = EXPORT_BUNDLE};
  struct bytes bundle;
  struct hash frontier;
  char path[512];
  bytes_init(&bundle, OUT_MAX);
  assert_int_equal(export_run(at->store, &at->federation, f.schemas, &options, bundle_sink_bytes, &bundle, NULL, &err), OK);
  (void)snprintf(path, sizeof path, "%s/%06" PRIu64 "-%s.bundle", folder, n, which);
  FILE *file = fopen(path, "wbe");
  assert_non_null(file);
  assert_int_equal(fwrite(bundle.p, 1, bundle.len, file), bundle.len);
  assert_int_equal(fclose(file), 0);
  bytes_release(&bundle);
  assert_int_equal(query_frontier(at->store, &at->federation, &frontier, &err), OK);
  json_t *told = json_pack("{s:o, s:o, s:o, s:o, s:o}", "held", held_json(at), "people", people_json(at), "members",
                           members_json(&at->federation), "objects", objects_json(at), "frontier", hex(&frontier));
  assert_non_null(told);
  (void)snprintf(path, sizeof path, "%s/%06" PRIu64 "-%s.json", folder, n, which);
  assert_int_equal(json_dump_file(told, path, JSON_INDENT(1) | JSON_SORT_KEYS), 0);
  json_decref(told);
}

static const char *folder = NULL;
static uint64_t wanted = 0, first_seed = 0;

static void one_history(uint64_t n) {
  struct courier k[2];
  fixture_found(&f, CHRONICLE_FOUNDERS, first_seed + n, false);
  chronicle_play(&c, &f, &f.nodes[fixture_newcomer(&f, f.seed % 3 == 0 ? "IT34" : "PT")]);
  for (unsigned i = 0; i < 2; i++) {
    k[i] = (struct courier){
        .c = &c, .to = &f.nodes[fixture_newcomer(&f, "ZZ")], .other_side = i == 1, .is_unrepaired = true, .is_untold = true};
    if (c.forker != CHRONICLE_NOBODY) courier_take(&k[i], c.forker);
    for (unsigned step = 0; step < 30; step++)
      courier_step(&k[i]);
    courier_finish(&k[i]);
    save(k[i].to, folder, n, i == 0 ? "a" : "b");
  }
  k[0].is_unrepaired = false;
  courier_finish(&k[0]);
  save(k[0].to, folder, n, "mended");
  k[0].is_untold = false;
  courier_finish(&k[0]);
  save(k[0].to, folder, n, "end");
  chronicle_release(&c);
  fixture_release(&f);
}

static void prints_histories(void **state) {
  (void)state;
  for (uint64_t n = 0; n < wanted; n++)
    one_history(n);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(prints_histories)};
  if (argc < 3) {
    (void)fprintf(stderr, "usage: histories FOLDER N [SEED]\n");
    return 2;
  }
  folder = argv[1];
  wanted = strtoull(argv[2], NULL, 10);
  first_seed = argc > 3 ? strtoull(argv[3], NULL, 10) : fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
