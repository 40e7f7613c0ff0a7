/*
 * histories: random histories of a few logs, whose owners sign anything, as bundles, each with what this program finds in it:
 * why entries are held, and what endorsements come to. For the second evaluator (tests/second/evaluate.py --against FOLDER).
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
#include "node/store/query_frontier.h"
#include "tests/node/own_log.h"
#include "tests/node/rotation.h"

#define AUTHORS 4
#define READERS 8
#define PEOPLE 10
#define STEPS 150
#define KNOWN_MAX 256
#define OUT_MAX ((size_t)16 * 1024 * 1024)

static struct fixture f;
static struct err err = ERR_INIT;

/* A record that later ones may name. */
struct known {
  struct hash id, object;
  uint32_t home;
  uint64_t schema;
  const struct signer *author;
};
struct known_list {
  struct known rows[KNOWN_MAX];
  uint32_t n;
};
/* An author's log in one generation: entries from `base` on are of the second branch where it forks. */
struct history {
  struct own_log logs[AUTHORS], next[AUTHORS];
  struct signer people[PEOPLE], fresh[AUTHORS];
  struct bytes rotation[AUTHORS];
  bool has_next[AUTHORS];
  uint64_t cut[AUTHORS];
  struct known_list certificates, versions, signatures;
  struct hash policy;
};

static uint64_t random_below(uint64_t n) {
  return fixture_random(&f, n);
}

static bool one_in(uint64_t n) {
  return random_below(n) == 0;
}

static void know(struct known_list *list, struct known row) {
  if (list->n < KNOWN_MAX) list->rows[list->n++] = row;
}

static const struct known *any_of(const struct known_list *list) {
  return list->n == 0 ? NULL : &list->rows[random_below(list->n)];
}

/* ---- one record ---- */

/* The log that an author writes now, and the key by which the node signs. */
static struct own_log *log_of(struct history *h, uint32_t a) {
  return h->has_next[a] ? &h->next[a] : &h->logs[a];
}

static const struct signer *key_of(const struct history *h, uint32_t a) {
  return h->has_next[a] ? &h->fresh[a] : &f.nodes[a].node_key;
}

static const struct signer *person(const struct history *h) {
  return &h->people[random_below(PEOPLE)];
}

static struct hash write_record(struct history *h, uint32_t a, uint32_t home, const struct signer *author, struct header header,
                                struct view body) {
  struct fixture_record record;
  struct own_log *log = log_of(h, a);
  if (!one_in(25)) f.now_ms += 1000; /* now and then a record is the one before again */
  fixture_seal(&f.nodes[home], author, header, body, &record);
  const struct hash id = record.id;
  if (log->n < OWN_MAX) {
    own_add(log, &record);
  } else {
    fixture_record_release(&record);
  }
  return id;
}

static uint32_t home_of(uint32_t a) {
  return one_in(40) ? (uint32_t)random_below(AUTHORS) : a;
}

static const struct signer *node_or_person(const struct history *h, uint32_t a) {
  return one_in(20) ? person(h) : key_of(h, a);
}

static void new_certificate(struct history *h, uint32_t a) {
  static const uint8_t body[] = {0x81, 0xa4, 'n', 'a', 'm', 'e', 0xa1, 'X'};
  static const uint64_t roles[] = {4, 4, 6, 6, 6, 12, 2, 8, 1, 16, 31, 7};
  const struct signer *who = person(h);
  const struct known *before = one_in(5) ? any_of(&h->certificates) : NULL;
  struct header header = {.kind = KIND_CERT, .has_subject = true, .n_args = 3};
  header.args[0] = one_in(50) ? 0 : 1 + random_below(4);
  header.args[1] = one_in(50) ? 32 : roles[random_below(sizeof roles / sizeof roles[0])];
  header.args[2] = one_in(3) ? 1 + random_below(1000) : 0;
  memcpy(header.subject.b, who->pub.b, sizeof header.subject.b);
  if (before != NULL) {
    header.n_refs = 1;
    header.refs[0] = before->id;
  }
  const struct hash id =
      write_record(h, a, home_of(a), node_or_person(h, a), header, one_in(60) ? view_of(NULL, 0) : view_of(body, sizeof body));
  know(&h->certificates, (struct known){.id = id, .home = a, .author = who});
}

static void new_revocation(struct history *h, uint32_t a) {
  const struct signer *who = person(h), *author = one_in(3) ? who : node_or_person(h, a);
  struct header header = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2};
  header.args[0] = one_in(30) ? 0 : 1 + random_below(h->has_next[a] ? 2 : 1);
  header.args[1] = random_below(log_of(h, a)->n + 4);
  memcpy(header.subject.b, who->pub.b, sizeof header.subject.b);
  (void)write_record(h, a, author == who && one_in(4) ? (uint32_t)random_below(AUTHORS) : home_of(a), author, header,
                     view_of(NULL, 0));
}

static const struct signer *author_like(const struct history *h, const struct known *before) {
  return before != NULL && !one_in(3) ? before->author : person(h);
}

/* Mostly somebody whom that node certified. */
static const struct signer *certified(const struct history *h, uint32_t a) {
  for (int i = 0; i < 20 && !one_in(20); i++) {
    const struct known *c = any_of(&h->certificates);
    if (c != NULL && c->home == a) return c->author;
  }
  return person(h);
}

static void new_version(struct history *h, uint32_t a) {
  static const uint64_t schemas[] = {1, 1, 1, 1, 1, 2, 4, 5, 6, 8, 13, 13, 18, 19, 1024, 500};
  const struct known *before = one_in(2) ? any_of(&h->versions) : NULL;
  const struct signer *author = one_in(12) ? key_of(h, a) : before == NULL ? certified(h, a) : author_like(h, before);
  struct header header = {.kind = KIND_VERSION, .n_args = 2};
  struct bytes body;
  header.args[0] = before != NULL && !one_in(15) ? before->schema : schemas[random_below(sizeof schemas / sizeof schemas[0])];
  header.args[1] = one_in(40) ? 2 : random_below(2);
  if (before != NULL) {
    header.has_subject = true;
    header.subject = before->object;
    header.n_refs = one_in(40) ? 0 : 1;
    header.refs[0] = before->id;
  }
  const uint32_t in = before != NULL && !one_in(6) ? before->home : a;
  bytes_init(&body, LIMIT_BODY);
  fixture_case_body(&f, random_below(1000), &body);
  const struct hash id = write_record(h, in, home_of(in), author, header, bytes_view(&body));
  know(&h->versions,
       (struct known){
           .id = id, .object = before == NULL ? id : before->object, .home = in, .schema = header.args[0], .author = author});
  bytes_release(&body);
}

static void new_withdrawal_of_object(struct history *h) {
  const struct known *v = any_of(&h->versions);
  struct header header = {.kind = KIND_WITHDRAW, .has_subject = true, .n_refs = 1};
  if (v == NULL) return;
  header.subject = one_in(10) ? v->id : v->object;
  header.refs[0] = v->id;
  (void)write_record(h, v->home, home_of(v->home), author_like(h, v), header, view_of(NULL, 0));
}

/* Mostly of the first few: many signatures of one statement are what is to be weighed. */
static const struct known *version_to_sign(const struct history *h) {
  const uint32_t some = h->versions.n < 5 ? h->versions.n : 5;
  return some == 0 ? NULL : one_in(3) ? any_of(&h->versions) : &h->versions.rows[random_below(some)];
}

static void new_signature(struct history *h, uint32_t a) {
  const struct known *v = version_to_sign(h), *other = any_of(&h->versions);
  struct header header = {.kind = KIND_ENDORSE, .has_subject = true, .n_refs = 2};
  if (v == NULL) return;
  header.subject = v->id;
  header.refs[0] = one_in(12) ? other->object : v->object;
  header.refs[1] = one_in(12) ? v->id : h->policy;
  if (one_in(60)) header.n_refs = 1;
  const struct signer *author = certified(h, a);
  const struct hash id = write_record(h, a, home_of(a), author, header, view_of(NULL, 0));
  know(&h->signatures, (struct known){.id = id, .home = a, .author = author});
}

static void new_withdrawal(struct history *h, uint32_t a) {
  const struct known *s = any_of(&h->signatures);
  struct header header = {.kind = KIND_ENDORSE_WITHDRAW, .has_subject = true};
  if (s == NULL) return;
  const uint32_t in = one_in(2) ? s->home : a;
  header.subject = s->id;
  (void)write_record(h, in, one_in(6) ? in : s->home, author_like(h, s), header, view_of(NULL, 0));
}

/* What no honest tool writes. One that freezes is rare: all above it is held for that alone. */
static void new_nonsense(struct history *h, uint32_t a) {
  static const uint8_t octets[] = {0x92, 0xc4, 0x01, 0x00, 0xc4, 0x01, 0x00};
  struct own_log *log = log_of(h, a);
  if (log->n >= OWN_MAX) return;
  switch (random_below(5)) {
  case 0:
    add_octets(log, view_of(octets, 1 + random_below(sizeof octets)));
    break;
  case 1:
    add_header(log, person(h), 2, 16 + random_below(40), 1);
    break;
  case 2:
    add_header(log, person(h), 1, 100 + random_below(40), 1);
    break;
  case 3:
    add_header(log, person(h), 1, 16, 2);
    break;
  default:
    add_header(log, person(h), one_in(3) ? 2 : 1, one_in(6) ? 9 : 18, 1);
    break;
  }
}

/* ---- a history ---- */

static struct hash root_of(const struct own_log *log, uint64_t size) {
  struct merkle_range range = {.size = 0};
  for (uint64_t i = 0; i < size; i++) {
    const struct hash leaf = merkle_leaf(log->records[i].item.envelope);
    merkle_append(&range, &leaf);
  }
  return merkle_root(&range);
}

/* The node's key is another from here on: the next generation begins behind a cut, above which the reader may have held more.
 */
static void new_generation(struct history *h, uint32_t a) {
  struct rotation r = {.begins = true};
  uint8_t seed[SEED_LEN];
  if (h->has_next[a] || h->logs[a].n < 8) return;
  h->cut[a] = 1 + random_below(h->logs[a].n);
  r.cut_size = h->cut[a];
  r.cut_root = root_of(&h->logs[a], h->cut[a]);
  entropy_fill(&f.entropy, seed, sizeof seed);
  assert_int_equal(signer_from_seed(seed, &h->fresh[a], &err), OK);
  r.node_key = h->fresh[a].pub;
  rotation_seal(&f.nodes[a], &r, &h->rotation[a]);
  h->has_next[a] = true;
  h->next[a].node = &f.nodes[a];
  (void)write_record(h, a, a, &h->fresh[a], (struct header){.kind = KIND_IDENTITY}, bytes_view(&h->rotation[a]));
}

static void play(struct history *h) {
  static const unsigned weights[] = {5, 2, 6, 1, 20, 4, 1, 1};
  unsigned all = 0;
  for (size_t i = 0; i < sizeof weights / sizeof weights[0]; i++)
    all += weights[i];
  for (uint32_t a = 0; a < AUTHORS; a++) {
    add_identity(&h->logs[a]);
    for (int i = 0; i < 5; i++)
      new_certificate(h, a);
    for (int i = 0; i < 2; i++)
      new_version(h, a);
  }
  for (int step = 0; step < STEPS; step++) {
    const uint32_t a = (uint32_t)random_below(AUTHORS);
    uint64_t at = random_below(all);
    size_t what = 0;
    for (; at >= weights[what]; what++)
      at -= weights[what];
    switch (what) {
    case 0:
      new_certificate(h, a);
      break;
    case 1:
      new_revocation(h, a);
      break;
    case 2:
      new_version(h, a);
      break;
    case 3:
      new_withdrawal_of_object(h);
      break;
    case 4:
      new_signature(h, a);
      break;
    case 5:
      new_withdrawal(h, a);
      break;
    case 6:
      new_nonsense(h, a);
      break;
    default:
      if (one_in(2)) new_generation(h, a);
      break;
    }
  }
}

static struct hash policy_id(void) {
  struct view octets[LIMIT_POLICIES];
  assert_true(charter_policies(&f.charter, octets) > 0);
  return hash_of(HASH_POLICY, octets[0], view_of(NULL, 0));
}

static void begin(struct history *h) {
  memset(h, 0, sizeof *h);
  h->policy = policy_id();
  for (uint32_t a = 0; a < AUTHORS; a++) {
    h->logs[a].node = &f.nodes[a];
    bytes_init(&h->rotation[a], 8192);
  }
  for (uint32_t i = 0; i < PEOPLE; i++)
    assert_int_equal(signer_new(&h->people[i], &err), OK);
}

static void end(struct history *h) {
  for (uint32_t a = 0; a < AUTHORS; a++) {
    own_release(&h->logs[a]);
    own_release(&h->next[a]);
    bytes_release(&h->rotation[a]);
    if (h->has_next[a]) signer_release(&h->fresh[a]);
  }
  for (uint32_t i = 0; i < PEOPLE; i++)
    signer_release(&h->people[i]);
}

/* ---- to a reader ---- */

static void carry_next(const struct own_log *log, const struct signer *key, struct hall *hall) {
  struct bytes text, octets;
  struct pull *pull = NULL;
  struct pull_result result;
  struct checkpoint checkpoint = {
      .fed_id = f.charter.fed_id, .node = log->node->id, .gen = 2, .size = log->n, .root = root_of(log, log->n)};
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&octets, LIMIT_DATA_RAW);
  assert_int_equal(checkpoint_seal(&checkpoint, key, &text, &err), OK);
  assert_int_equal(hall_pull_begin(hall, bytes_view(&text), 0, &pull, &err), OK);
  own_window(log, 0, log->n, &octets);
  assert_int_equal(hall_pull_add(pull, bytes_view(&octets), &err), OK);
  assert_int_equal(hall_pull_finish(pull, &result, &err), OK);
  bytes_release(&text);
  bytes_release(&octets);
}

/* Milestone by milestone, of all logs in turn; a log that was cut falls back in the middle, and its next generation comes last.
 */
static void carry(struct history *h, struct fixture_node *reader) {
  uint64_t at[AUTHORS] = {0};
  struct pull_result result;
  bool changed = false, more = true;
  while (more) {
    more = false;
    for (uint32_t a = 0; a < AUTHORS; a++) {
      const uint64_t n = h->logs[a].n;
      uint64_t to = at[a] + 1 + random_below(20);
      to = to > n ? n : to;
      if (at[a] == n || one_in(3)) {
        more = more || at[a] < n;
        continue;
      }
      assert_int_equal(own_carry(&h->logs[a], reader->hall, at[a], to, 7, &result, &err), OK);
      at[a] = to;
      more = true;
    }
  }
  for (uint32_t a = 0; a < AUTHORS; a++) {
    if (!h->has_next[a]) continue;
    assert_int_equal(hall_identity(reader->hall, &f.nodes[a].id, bytes_view(&h->rotation[a]), &changed, &err), OK);
    const struct hall_head *head = hall_head(reader->hall, &f.nodes[a].id, 1);
    const uint64_t held = head == NULL ? 0 : head->size;
    if (held < h->cut[a]) {
      assert_int_equal(own_carry(&h->logs[a], reader->hall, held, h->cut[a], 7, &result, &err), OK);
    }
    carry_next(&h->next[a], &h->fresh[a], reader->hall);
  }
}

/* ---- what is found ---- */

static json_t *hex(const struct hash *hash) {
  char text[HASH_HEX_LEN];
  hash_hex(hash, text);
  return json_string(text);
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

static void save(struct fixture_node *at, const char *folder, uint64_t n) {
  const struct export_options options = {.format = EXPORT_BUNDLE};
  struct bytes bundle;
  struct hash frontier;
  char path[512];
  bytes_init(&bundle, OUT_MAX);
  assert_int_equal(export_run(at->store, &at->federation, f.schemas, &options, bundle_sink_bytes, &bundle, NULL, &err), OK);
  (void)snprintf(path, sizeof path, "%s/%06" PRIu64 ".bundle", folder, n);
  FILE *file = fopen(path, "wbe");
  assert_non_null(file);
  assert_int_equal(fwrite(bundle.p, 1, bundle.len, file), bundle.len);
  assert_int_equal(fclose(file), 0);
  bytes_release(&bundle);
  assert_int_equal(query_frontier(at->store, &at->federation, &frontier, &err), OK);
  json_t *told = json_pack("{s:o, s:o, s:o}", "held", held_json(at), "objects", objects_json(at), "frontier", hex(&frontier));
  (void)snprintf(path, sizeof path, "%s/%06" PRIu64 ".json", folder, n);
  assert_int_equal(json_dump_file(told, path, JSON_INDENT(1) | JSON_SORT_KEYS), 0);
  json_decref(told);
}

static const char *folder = NULL;
static uint64_t wanted = 0, first_seed = 0;

static void prints_histories(void **state) {
  static struct history h;
  (void)state;
  for (uint64_t n = 0; n < wanted; n++) {
    if (n % READERS == 0) fixture_found(&f, AUTHORS + READERS, first_seed + n, true);
    begin(&h);
    play(&h);
    carry(&h, &f.nodes[AUTHORS + n % READERS]);
    save(&f.nodes[AUTHORS + n % READERS], folder, n);
    end(&h);
    if (n % READERS == READERS - 1 || n + 1 == wanted) fixture_release(&f);
  }
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
