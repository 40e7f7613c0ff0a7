/*
 * catalogue: one that is renewed step by step equals one that is made anew, whatever happened in between; and what selections
 * count is what SQL counts.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/catalogue.h"
#include "node/store/selection.h"
#include "tests/node/dump.h"
#include "tests/node/own_log.h"

#define OBJECTS 64

/* FR holds what IT's owner wrote by hand and what FR itself publishes. */
struct scene {
  struct fixture f;
  struct own_log log;
  uint64_t carried;
  struct signer writer; /* an editor of IT's whose key is revoked some day */
  bool revoked;
  struct {
    struct hash id, newest;
    const struct signer *author;
    bool withdrawn;
  } objects[OBJECTS];
  uint32_t n;
  struct catalogue *last;
};

/* ---- comparing ---- */

static void assert_equal_objects(const struct catalogue *a, const struct catalogue *b) {
  assert_int_equal(a->n, b->n);
  for (uint32_t i = 0; i < a->n; i++) {
    assert_int_equal(a->objects[i].id, b->objects[i].id);
    assert_int_equal(a->objects[i].newest, b->objects[i].newest);
    assert_int_equal(a->objects[i].arrival, b->objects[i].arrival);
    assert_int_equal(a->objects[i].schema, b->objects[i].schema);
    assert_int_equal(a->objects[i].length, b->objects[i].length);
    assert_int_equal(a->objects[i].endorsed, b->objects[i].endorsed);
    assert_int_equal(a->by_id[i], b->by_id[i]);
    assert_int_equal(a->codes_from[i + 1], b->codes_from[i + 1]);
  }
}

static void assert_equal_codes(const struct catalogue *a, const struct catalogue *b) {
  assert_int_equal(a->n_codes, b->n_codes);
  for (uint32_t i = 0; i < a->n_codes; i++) {
    assert_string_equal(a->codes[i].dim, b->codes[i].dim);
    assert_string_equal(a->codes[i].code, b->codes[i].code);
    assert_int_equal(a->codes[i].n, b->codes[i].n);
    assert_memory_equal(a->codes[i].places, b->codes[i].places, a->codes[i].n * sizeof(uint32_t));
  }
  if (a->n_codes > 0) assert_memory_equal(a->codes_of, b->codes_of, a->places.len);
}

/* Renews, makes anew, compares, and goes on with the renewed one. */
static void renew(struct scene *s) {
  struct store *store = s->f.nodes[1].store;
  struct err err = ERR_INIT;
  struct catalogue *renewed = NULL, *anew = NULL;
  assert_int_equal(catalogue_renew(store, s->f.schemas, s->last, &renewed, &err), OK);
  assert_int_equal(catalogue_new(store, &anew, &err), OK);
  assert_equal_objects(renewed, anew);
  assert_equal_codes(renewed, anew);
  assert_memory_equal(&renewed->schemas, &anew->schemas, sizeof anew->schemas);
  assert_int_equal(renewed->n_logs, anew->n_logs);
  catalogue_free(anew);
  catalogue_free(s->last);
  s->last = renewed;
}

/* ---- what happens ---- */

static void body_of(struct scene *s, struct bytes *out) {
  static const char *const LEVELS[] = {"local", "regional", "central"};
  char json[1024], tags[256] = "";
  for (uint64_t i = fixture_random(&s->f, 4); i > 0; i--) {
    const size_t len = strlen(tags);
    (void)snprintf(tags + len, sizeof tags - len, "%s\"tag %" PRIu64 "\"", len == 0 ? "" : ", ", fixture_random(&s->f, 8));
  }
  (void)snprintf(json, sizeof json,
                 "{\"title\": {\"it\": \"Caso %" PRIu64 "\"}, \"summary\": {\"it\": \"Un testo breve %" PRIu64 " volte\"}, "
                 "\"country\": \"IT\", \"level\": \"%s\", \"sectors\": [\"0%" PRIu64
                 "\"], \"tags\": [%s], \"original_lang\": \"it\"}",
                 fixture_random(&s->f, 1000), fixture_random(&s->f, 10), LEVELS[fixture_random(&s->f, 3)],
                 1 + fixture_random(&s->f, 9), tags);
  fixture_body(&s->f, "case", json, out);
}

/* A version of an object (NULL: a new one); one in ten has a body that is no map, which nobody shows. */
static struct hash write_version(struct scene *s, const struct signer *author, const struct hash *object,
                                 const struct hash *newest) {
  struct fixture_record record;
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  body_of(s, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  fixture_seal(&s->f.nodes[0], author, h, fixture_random(&s->f, 10) == 0 ? view_of("\xa1\x62", 2) : bytes_view(&body), &record);
  own_add(&s->log, &record);
  bytes_release(&body);
  return record.id;
}

static void publish(struct scene *s) {
  const struct signer *author = s->revoked || fixture_random(&s->f, 2) == 0 ? &s->f.nodes[0].editor : &s->writer;
  const struct hash id = write_version(s, author, NULL, NULL);
  s->objects[s->n].id = s->objects[s->n].newest = id;
  s->objects[s->n].withdrawn = false;
  s->objects[s->n++].author = author;
}

static void edit_or_withdraw(struct scene *s, bool withdraw) {
  const uint64_t i = s->n == 0 ? 0 : fixture_random(&s->f, s->n);
  if (s->n == 0 || s->objects[i].withdrawn) return;
  const struct signer *author = s->revoked ? &s->f.nodes[0].editor : s->objects[i].author;
  if (withdraw) {
    (void)add_withdraw(&s->log, author, &s->objects[i].id, &s->objects[i].newest);
    s->objects[i].withdrawn = true;
  } else {
    s->objects[i].newest = write_version(s, author, &s->objects[i].id, &s->objects[i].newest);
  }
}

/* A body that goes and comes back, as derivation notes it. */
static void flip_readable(struct scene *s) {
  char sql[128];
  (void)snprintf(sql, sizeof sql, "UPDATE object SET readable = 1 - readable WHERE id %% 7 = %" PRIu64 " AND schema = 1",
                 fixture_random(&s->f, 7));
  assert_int_equal(sqlite3_exec(store_db(s->f.nodes[1].store), sql, NULL, NULL, NULL), SQLITE_OK);
  renew(s);
  assert_int_equal(sqlite3_exec(store_db(s->f.nodes[1].store), sql, NULL, NULL, NULL), SQLITE_OK);
}

/* How an object stands moves, and nothing else of it. */
static void flip_endorsed(struct scene *s) {
  char sql[256];
  (void)snprintf(sql, sizeof sql,
                 "INSERT INTO endorsed(object, rid, state) SELECT id, id, %" PRIu64 " FROM object WHERE id %% 5 = %" PRIu64
                 " ON CONFLICT(object) DO UPDATE SET state = excluded.state",
                 fixture_random(&s->f, 3), fixture_random(&s->f, 5));
  assert_int_equal(sqlite3_exec(store_db(s->f.nodes[1].store), sql, NULL, NULL, NULL), SQLITE_OK);
}

static void carry(struct scene *s) {
  struct pull_result result;
  struct err err = ERR_INIT;
  if (s->carried == s->log.n) return;
  assert_int_equal(own_carry(&s->log, s->f.nodes[1].hall, s->carried, s->log.n, 20, &result, &err), OK);
  s->carried = s->log.n;
}

static void step(struct scene *s) {
  const uint64_t what = fixture_random(&s->f, 20);
  if (what < 8) {
    publish(s);
  } else if (what < 13) {
    edit_or_withdraw(s, false);
  } else if (what < 15) {
    edit_or_withdraw(s, true);
  } else if (what < 16 && !s->revoked) {
    add_revoke(&s->log, &s->f.nodes[0].node_key, &s->writer.pub, fixture_random(&s->f, s->log.n));
    s->revoked = true;
  } else if (what < 18) {
    (void)fixture_publish(&s->f.nodes[1], fixture_random(&s->f, 1000), NULL);
  } else if (what < 19) {
    flip_readable(s);
  }
  if (fixture_random(&s->f, 3) == 0) {
    flip_endorsed(s);
    carry(s);
    renew(s);
  }
}

static void begin(struct scene *s, uint64_t seed) {
  struct err err = ERR_INIT;
  memset(s, 0, sizeof *s);
  fixture_found(&s->f, 3, seed, true);
  s->log.node = &s->f.nodes[0];
  s->writer = s->f.nodes[2].editor; /* a key that nobody else uses in this log */
  add_identity(&s->log);
  add_cert(&s->log, &s->f.nodes[0].node_key, &s->f.nodes[0].editor.pub, 1, ROLE_COORDINATOR | ROLE_EDITOR);
  add_cert(&s->log, &s->f.nodes[0].node_key, &s->writer.pub, 2, ROLE_EDITOR);
  assert_int_equal(catalogue_new(s->f.nodes[1].store, &s->last, &err), OK);
  assert_int_equal(s->last->n, 0);
}

static void end(struct scene *s) {
  catalogue_free(s->last);
  own_release(&s->log);
  fixture_release(&s->f);
}

static void renewed_after_any_history_it_equals_one_made_anew(void **state) {
  static struct scene s;
  uint32_t most = 0;
  (void)state;
  const uint64_t seed = fixture_seed();
  for (uint64_t round = 0; round < 6; round++) {
    begin(&s, seed + round);
    while (s.log.n < OWN_MAX - 1 && s.n < OBJECTS)
      step(&s);
    carry(&s);
    renew(&s);
    most = s.last->n > most ? s.last->n : most;
    end(&s);
  }
  assert_true(most > 10); /* there was something to compare */
}

static void a_revocation_takes_out_what_it_voids_and_brings_back_what_was_before(void **state) {
  static struct scene s;
  (void)state;
  begin(&s, fixture_seed());
  const struct hash first = add_case(&s.log, &s.writer, 1, NULL, NULL); /* 3 */
  (void)add_case(&s.log, &s.writer, 2, &first, &first);                 /* 4 */
  (void)add_case(&s.log, &s.writer, 3, NULL, NULL);                     /* 5 */
  carry(&s);
  renew(&s);
  assert_int_equal(s.last->n, 2);
  const int64_t second = s.last->objects[catalogue_place(s.last, s.last->objects[1].id)].newest;
  add_revoke(&s.log, &s.f.nodes[0].node_key, &s.writer.pub, 4);
  carry(&s);
  renew(&s);
  assert_int_equal(s.last->n, 1);
  assert_true(s.last->objects[0].newest < second);
  end(&s);
}

static void much_at_once_is_read_anew(void **state) {
  static struct scene s;
  (void)state;
  begin(&s, fixture_seed());
  for (uint64_t i = 0; i < CATALOGUE_ANEW(0) + 20; i++)
    (void)fixture_publish(&s.f.nodes[1], i, NULL);
  renew(&s);
  assert_int_equal(s.last->n, CATALOGUE_ANEW(0) + 20);
  end(&s);
}

/* ---- selections ---- */

static uint32_t count_of(const struct catalogue *c, const struct selection *x, const char *dim, const char *code) {
  uint32_t *counts = NULL, n = 0, found = 0;
  const struct catalogue_code *codes = catalogue_dim(c, dim, &n);
  assert_int_equal(selection_count_codes(x, c, &counts, NULL), OK);
  for (uint32_t i = 0; i < n; i++)
    if (strcmp(codes[i].code, code) == 0) found = counts[codes - c->codes + i];
  free(counts);
  return found;
}

static void selections_count_as_sql_does(void **state) {
  static struct scene s;
  static const char *const locals[] = {"local"}, *const some[] = {"01", "03", "99"};
  struct selection x = {.bits = NULL};
  (void)state;
  begin(&s, fixture_seed());
  for (int i = 0; i < 40; i++)
    publish(&s);
  carry(&s);
  (void)fixture_publish(&s.f.nodes[1], 2, NULL);
  renew(&s);
  struct store *store = s.f.nodes[1].store;
  assert_int_equal(selection_new(s.last, true, &x, NULL), OK);
  assert_int_equal(selection_count(&x), dump_number(store, "SELECT count(*) FROM object WHERE readable = 1"));
  assert_int_equal(
      count_of(s.last, &x, "level", "local"),
      dump_number(
          store, "SELECT count(*) FROM facet WHERE code = (SELECT no FROM facet_code WHERE dim = 'level' AND code = 'local')"));
  assert_int_equal(selection_keep_codes(&x, s.last, "level", locals, 1, NULL), OK);
  assert_int_equal(selection_keep_codes(&x, s.last, "sector", some, 3, NULL), OK);
  assert_int_equal(
      selection_count(&x),
      dump_number(store, "SELECT count(DISTINCT a.object) FROM facet a JOIN facet b ON b.object = a.object WHERE a.code = "
                         "(SELECT no FROM facet_code WHERE dim = 'level' AND code = 'local') AND b.code IN (SELECT no FROM "
                         "facet_code WHERE dim = 'sector' AND code IN ('01', '03'))"));
  assert_int_equal(count_of(s.last, &x, "level", "local"), selection_count(&x));
  assert_int_equal(count_of(s.last, &x, "level", "regional"), 0);
  selection_keep_node(&x, s.last, &s.f.nodes[2].id);
  assert_int_equal(selection_count(&x), 0);
  selection_release(&x);
  end(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(renewed_after_any_history_it_equals_one_made_anew),
      cmocka_unit_test(a_revocation_takes_out_what_it_voids_and_brings_back_what_was_before),
      cmocka_unit_test(much_at_once_is_read_anew),
      cmocka_unit_test(selections_count_as_sql_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
