/*
 * export: exact octets of CSV, NDJSON, and bundles from one hall to another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/export/export.h"
#include "node/forks.h"
#include "tests/node/dump.h"
#include "tests/node/fixture.h"
#include "tests/node/own_log.h"

#define OUT_MAX (64u * 1024u * 1024u)

static const char thing[] =
    "schema 1030 thing\nname text 1 ml P max=200\nnote text 1 - -\nlang code 1 - - vocab=language\n"
    "tags text * - -\nn number 1 - -\nyes bool 1 - -\nrows group * - -\nrows.a text 1 - -\nrows.b text * - -\n";

static struct fixture_record put(struct fixture_node *node, const char *json) {
  struct fixture_record record;
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1030, 0}};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  fixture_body(node->all, "thing", json, &body);
  fixture_seal(node, &node->editor, h, bytes_view(&body), &record);
  const struct receipt_row row = fixture_admit(node, &record.item);
  if (row.state != RECEIPT_LOGGED) {
    fail_msg("%s", reason_name(row.reason));
  }
  bytes_release(&body);
  return record;
}

static void with_things(struct fixture *f, uint32_t n) {
  struct err err = ERR_INIT;
  fixture_found(f, n, fixture_seed(), true);
  for (uint32_t i = 0; i < n; i++) {
    fixture_close(&f->nodes[i]);
  }
  schema_set_free(f->schemas);
  assert_int_equal(schema_set_new(&f->schemas, &err), OK);
  assert_int_equal(schema_set_add(f->schemas, "thing.schema", view_of_text(thing), &err), OK);
  assert_int_equal(schema_set_link(f->schemas, &err), OK);
  schema_set_language_check(f->schemas, false);
  for (uint32_t i = 0; i < n; i++) {
    fixture_open(&f->nodes[i]);
  }
}

static void csv_has_exact_octets(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes out;
  struct bytes expected;
  struct export_report report;
  char hex[HASH_HEX_LEN];
  (void)state;
  with_things(&f, 1);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_record one =
      put(it, "{\"name\": {\"en\": \"Wheel, \\\"round\\\"\", \"it\": \"Ruota\"}, \"note\": \"=1+1\", \"lang\": \"it\","
              "\"tags\": [\"a;b\", \"c\"], \"n\": -5, \"yes\": true,"
              "\"rows\": [{\"a\": \"x\", \"b\": [\"1\", \"2\"]}, {\"a\": \"y\\nz\"}]}");
  struct fixture_record two = put(it, "{\"name\": {\"fr\": \"Roue\"}, \"note\": \"'ok\", \"lang\": \"it\", \"_na\": [\"n\"],"
                                      "\"tags\": [\"a\\\\b\"], \"_unknown\": [\"rows\"]}");
  bytes_init(&out, OUT_MAX);
  bytes_init(&expected, OUT_MAX);
  const struct export_options options = {.format = EXPORT_CSV, .kind = "thing"};
  assert_int_equal(export_run(it->store, &it->federation, f.schemas, &options, bundle_sink_bytes, &out, &report, &err), OK);
  assert_int_equal(report.objects, 2);
  assert_int_equal(report.octets, out.len);
  hash_hex(&one.id, hex);
  assert_int_equal(
      bytes_printf(
          &expected, NULL,
          "reference,version,id,node,state,versions,created,completeness,endorsed,name,note,lang,tags,n,yes,rows.a,rows.b,"
          "translations\r\nIT-2,IT-2,%s,IT,published,1,1767225600,100,none,"
          "Ruota,\"'=1+1\",it,a\\;b; c,\"'-5\",true,\"x; y\nz\",1|2,"
          "\"{\"\"name\"\":{\"\"en\"\":\"\"Wheel, \\\"\"round\\\"\"\"\"}}\"\r\n",
          hex),
      OK);
  hash_hex(&two.id, hex);
  assert_int_equal(bytes_printf(&expected, NULL,
                                "IT-3,IT-3,%s,IT,published,1,1767225600,100,none,Roue,'ok,it,a\\\\b,-,,?,?,"
                                "\"{\"\"_repeated\"\":[\"\"name\"\"],\"\"name\"\":{\"\"fr\"\":\"\"Roue\"\"}}\"\r\n",
                                hex),
                   OK);
  assert_string_equal(bytes_text(&out), bytes_text(&expected));
  const struct export_options unknown = {.format = EXPORT_CSV, .kind = "nothing"};
  assert_int_equal(export_run(it->store, &it->federation, f.schemas, &unknown, bundle_sink_bytes, &out, &report, &err),
                   ERR_NOT_FOUND);
  fixture_record_release(&one);
  fixture_record_release(&two);
  bytes_release(&out);
  bytes_release(&expected);
  fixture_release(&f);
}

static void ndjson_is_the_same_on_every_node(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes a;
  struct bytes b;
  struct export_report report;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  for (uint64_t i = 0; i < 20; i++) {
    (void)fixture_publish(&f.nodes[i % 2], i, NULL);
  }
  fixture_transfer(&f.nodes[0], &f.nodes[1], 3);
  fixture_transfer(&f.nodes[1], &f.nodes[0], 5);
  bytes_init(&a, OUT_MAX);
  bytes_init(&b, OUT_MAX);
  const struct export_options options = {.format = EXPORT_NDJSON};
  assert_int_equal(
      export_run(f.nodes[0].store, &f.nodes[0].federation, f.schemas, &options, bundle_sink_bytes, &a, &report, &err), OK);
  assert_int_equal(report.objects, 20);
  assert_int_equal(
      export_run(f.nodes[1].store, &f.nodes[1].federation, f.schemas, &options, bundle_sink_bytes, &b, &report, &err), OK);
  assert_true(view_equal(bytes_view(&a), bytes_view(&b)));
  size_t lines = 0;
  for (const char *line = bytes_text(&a); *line != 0; line = strchr(line, '\n') + 1, lines++) {
    json_t *object = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(json_object_get(json_object_get(object, "body"), "title"));
    json_decref(object);
  }
  assert_int_equal(lines, 20);
  bytes_release(&a);
  bytes_release(&b);
  fixture_release(&f);
}

/* ---- bundles ---- */

static void write_bundle(struct fixture_node *node, const char *handle, struct bytes *out) {
  struct err err = ERR_INIT;
  struct export_report report;
  const struct export_options options = {.format = EXPORT_BUNDLE, .node = handle};
  bytes_clear(out);
  const enum err_code code =
      export_run(node->store, &node->federation, node->all->schemas, &options, bundle_sink_bytes, out, &report, &err);
  if (code != OK) {
    fail_msg("%s", err.message);
  }
  assert_int_equal(report.octets, out->len);
}

static void a_bundle_carries_whole_logs(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bundle_report report;
  struct bytes bundle;
  struct bytes mine;
  struct bytes theirs;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  for (uint64_t i = 0; i < 30; i++) {
    (void)fixture_publish(&f.nodes[i % 2], i, NULL);
  }
  fixture_transfer(&f.nodes[1], &f.nodes[0], 9);
  fixture_transfer(&f.nodes[2], &f.nodes[0], 9);
  bytes_init(&bundle, OUT_MAX);
  write_bundle(&f.nodes[0], NULL, &bundle);
  assert_int_equal(fixture_import(&f.nodes[2], bytes_view(&bundle), &report, &err), OK);
  assert_int_equal(report.logs, 3);
  assert_int_equal(report.entries, 36);
  assert_int_equal(report.n_new, 34);
  assert_int_equal(report.known, 2);
  const struct hash a = hall_digest(f.nodes[0].hall);
  const struct hash b = hall_digest(f.nodes[2].hall);
  assert_memory_equal(&a, &b, sizeof a);
  bytes_init(&mine, DUMP_MAX);
  bytes_init(&theirs, DUMP_MAX);
  dump_derived(&f.nodes[0], false, &mine);
  dump_derived(&f.nodes[2], false, &theirs);
  assert_true(view_equal(bytes_view(&mine), bytes_view(&theirs)));
  /* Again: everything is known. */
  assert_int_equal(fixture_import(&f.nodes[2], bytes_view(&bundle), &report, &err), OK);
  assert_int_equal(report.n_new, 0);
  assert_int_equal(report.known, 36);
  /* Some more at the end of what is held already. */
  for (uint64_t i = 0; i < 5; i++) {
    (void)fixture_publish(&f.nodes[0], 100 + i, NULL);
  }
  write_bundle(&f.nodes[0], "IT", &bundle);
  assert_int_equal(fixture_import(&f.nodes[2], bytes_view(&bundle), &report, &err), OK);
  assert_int_equal(report.logs, 1);
  assert_int_equal(report.n_new, 5);
  /* The same frontier gives the same octets. */
  struct bytes again;
  bytes_init(&again, OUT_MAX);
  write_bundle(&f.nodes[2], "IT", &again);
  assert_true(view_equal(bytes_view(&bundle), bytes_view(&again)));
  bytes_release(&again);
  bytes_release(&mine);
  bytes_release(&theirs);
  bytes_release(&bundle);
  fixture_release(&f);
}

static void a_damaged_or_foreign_bundle_changes_nothing(void **state) {
  static struct fixture f;
  static struct fixture elsewhere;
  struct err err = ERR_INIT;
  struct bundle_report report;
  struct bytes bundle;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  fixture_found(&elsewhere, 1, f.seed + 9, true);
  bytes_init(&bundle, OUT_MAX);
  (void)fixture_publish(&f.nodes[0], 1, NULL);
  write_bundle(&elsewhere.nodes[0], NULL, &bundle);
  assert_int_equal(fixture_import(&f.nodes[1], bytes_view(&bundle), &report, &err), ERR_REFUSED);
  write_bundle(&f.nodes[0], "IT", &bundle);
  const struct hash before = hall_digest(f.nodes[1].hall);
  for (size_t i = 0; i < bundle.len; i += 1 + fixture_random(&f, 7)) {
    bundle.p[i] ^= (uint8_t)(1u << fixture_random(&f, 8));
    const struct view octets = bytes_view(&bundle);
    assert_true(fixture_import(&f.nodes[1], octets, &report, &err) != OK);
    write_bundle(&f.nodes[0], "IT", &bundle);
  }
  for (size_t len = 0; len < bundle.len; len += 1 + fixture_random(&f, 50)) {
    assert_true(fixture_import(&f.nodes[1], view_of(bundle.p, len), &report, &err) != OK);
  }
  const struct hash after = hall_digest(f.nodes[1].hall);
  assert_memory_equal(&before, &after, sizeof before);
  assert_int_equal(fixture_import(&f.nodes[1], bytes_view(&bundle), &report, &err), OK);
  bytes_release(&bundle);
  fixture_release(&elsewhere);
  fixture_release(&f);
}

static void logs_longer_than_a_milestone_travel_in_several(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  static struct fixture_record records[256];
  static struct item items[256];
  static struct receipt receipt;
  struct bundle_report report;
  struct bytes bundle;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  for (uint64_t round = 0; round < 10; round++) {
    for (uint64_t i = 0; i < 256; i++) {
      fixture_case(&f.nodes[0], round * 256 + i, NULL, NULL, &records[i]);
      items[i] = records[i].item;
    }
    assert_int_equal(hall_admit(f.nodes[0].hall, items, 256, &receipt, &err), OK);
    for (uint64_t i = 0; i < 256; i++) {
      fixture_record_release(&records[i]);
    }
  }
  bytes_init(&bundle, OUT_MAX);
  write_bundle(&f.nodes[0], "IT", &bundle);
  assert_int_equal(fixture_import(&f.nodes[1], bytes_view(&bundle), &report, &err), OK);
  assert_int_equal(report.n_new, 2562);
  assert_int_equal(hall_head(f.nodes[1].hall, &f.nodes[0].id, 1)->size, 2562);
  bytes_release(&bundle);
  fixture_release(&f);
}

/* One owner's log of three entries, ending in case n, for one node. */
static void tell_log(struct fixture *f, uint32_t to, uint64_t n) {
  struct own_log log = {.node = &f->nodes[0]};
  struct err err = ERR_INIT;
  add_identity(&log);
  add_cert(&log, &f->nodes[0].node_key, &f->nodes[0].editor.pub, 1, ROLE_EDITOR);
  (void)add_case(&log, &f->nodes[0].editor, n, NULL, NULL);
  assert_int_equal(own_carry(&log, f->nodes[to].hall, 0, 3, 3, NULL, &err), OK);
  own_release(&log);
}

static void a_bundle_with_another_root_of_the_size_that_is_held_is_refused(void **state) {
  static struct fixture f;
  struct bytes bundle;
  struct bundle_report report;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), false);
  tell_log(&f, 1, 1);
  tell_log(&f, 2, 2);
  bytes_init(&bundle, OUT_MAX);
  write_bundle(&f.nodes[1], "IT", &bundle);
  const struct hash before = hall_digest(f.nodes[2].hall);
  assert_int_equal(fixture_import(&f.nodes[2], bytes_view(&bundle), &report, &err), ERR_MISMATCH);
  assert_non_null(strstr(err.message, "signed two roots of size 3"));
  assert_non_null(hall_fork(f.nodes[2].hall, &f.nodes[0].id, 1)); /* that is evidence */
  const struct hash after = hall_digest(f.nodes[2].hall);
  assert_true(hash_equal(&before, &after));
  bytes_release(&bundle);
  fixture_release(&f);
}

struct waiting {
  struct store *s;
  uint64_t pieces;
};

/* Who takes an export may be a pager that waits for a key: no transaction may be open meanwhile. */
static enum err_code take_slowly(void *context, struct view v, struct err *err) {
  struct waiting *w = context;
  (void)v;
  (void)err;
  assert_int_equal(sqlite3_txn_state(store_db(w->s), NULL), SQLITE_TXN_NONE);
  w->pieces++;
  return OK;
}

static bool read_slowly(void *context, const struct query_row *row) {
  (void)row;
  return take_slowly(context, view_of(NULL, 0), NULL) == OK;
}

static void no_transaction_is_open_while_octets_are_handed_on(void **state) {
  static const enum export_format formats[] = {EXPORT_CSV, EXPORT_NDJSON, EXPORT_BUNDLE};
  static struct fixture f;
  struct err err = ERR_INIT;
  struct waiting w = {.pieces = 0};
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  for (uint64_t i = 0; i < 5; i++) {
    (void)fixture_publish(&f.nodes[0], i, NULL);
  }
  fixture_transfer(&f.nodes[1], &f.nodes[0], 10);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &w.s, &err), OK);
  for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
    const struct export_options options = {.format = formats[i]};
    w.pieces = 0;
    assert_int_equal(export_run(w.s, &f.nodes[0].federation, f.schemas, &options, take_slowly, &w, NULL, &err), OK);
    assert_true(w.pieces >= 5);
  }
  const struct query query = {.sort = SORT_NEWEST};
  w.pieces = 0;
  assert_int_equal(query_run(w.s, &f.nodes[0].federation, f.schemas, &query, read_slowly, &w, NULL, &err), OK);
  assert_int_equal(w.pieces, 5);
  store_close(w.s);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csv_has_exact_octets),
      cmocka_unit_test(ndjson_is_the_same_on_every_node),
      cmocka_unit_test(a_bundle_carries_whole_logs),
      cmocka_unit_test(a_damaged_or_foreign_bundle_changes_nothing),
      cmocka_unit_test(logs_longer_than_a_milestone_travel_in_several),
      cmocka_unit_test(a_bundle_with_another_root_of_the_size_that_is_held_is_refused),
      cmocka_unit_test(no_transaction_is_open_while_octets_are_handed_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
