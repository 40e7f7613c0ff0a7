/*
 * fixture: a federation of a few nodes in one process. See fixture.h.
 */
#include "tests/node/fixture.h"

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/secret.h"
#include "node/mend.h"
#include "protocol/canon.h"
#include "protocol/schema/body.h"

static const char *const HANDLES[FIXTURE_NODES] = {
    "IT", "FR", "EE", "DE", "ES", "PT", "NL", "FI", "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "GR", "HU", "IE", "LV",
    "LT", "LU", "MT", "PL", "RO", "SK", "SI", "SE", "NO", "IS", "CH", "GB", "UA", "MD", "AL", "MK", "ME", "RS", "BA",
    "TR", "GE", "AM", "AZ", "KZ", "UZ", "MN", "JP", "KR", "CN", "IN", "NP", "BT", "BD", "LK", "TH", "VN", "LA", "KH",
    "MY", "SG", "ID", "PH", "AU", "NZ", "FJ", "PG", "WS", "TO", "CA", "US", "MX", "GT", "BZ", "HN", "SV", "NI", "CR",
    "PA", "CU", "JM", "HT", "DO", "CO", "VE", "EC", "PE", "BO", "CL", "AR", "UY", "PY", "BR", "GY", "SR", "MA", "DZ",
    "TN", "LY", "EG", "SD", "ET", "KE", "UG", "RW", "TZ", "MZ", "ZM", "ZW", "BW", "ZA", "LS", "SZ", "MG", "MU", "SC",
    "GH", "CI", "SN", "ML", "NE", "NG", "CM", "GA", "AO", "BB", "BF", "BI", "BJ", "BN"};

static void expect_ok(enum err_code code, const struct err *err, const char *what) {
  if (code != OK) {
    fail_msg("%s: %s: %s", what, err_name(code), err->message);
  }
}

/* ---- clock and chance ---- */

static uint64_t fixture_ms(void *context) {
  return ((struct fixture *)context)->now_ms;
}

static uint64_t fixture_unix(void *context) {
  return 1767225600 + ((struct fixture *)context)->now_ms / 1000;
}

static uint64_t node_ms(void *context) {
  const struct fixture_node *node = context;
  return node->all->now_ms * node->rate / 1000;
}

static uint64_t node_unix(void *context) {
  const struct fixture_node *node = context;
  return (uint64_t)((int64_t)fixture_unix(node->all) + node->skew_s);
}

uint64_t fixture_seed(void) {
  const char *text = getenv("SPECOLA_SEED");
  uint64_t seed = 0;
  if (text != NULL) {
    seed = strtoull(text, NULL, 10);
  } else {
    entropy_fill(entropy_system(), &seed, sizeof seed);
  }
  print_message("SPECOLA_SEED=%" PRIu64 "\n", seed);
  return seed;
}

uint64_t fixture_random(struct fixture *f, uint64_t n) {
  uint64_t value = 0;
  entropy_fill(&f->entropy, &value, sizeof value);
  return value % n;
}

/* ---- founding ---- */

static void make_key(struct fixture *f, struct signer *out) {
  struct err err = ERR_INIT;
  uint8_t seed[SEED_LEN];
  entropy_fill(&f->entropy, seed, sizeof seed);
  expect_ok(signer_from_seed(seed, out, &err), &err, "key");
}

static void make_node(struct fixture *f, struct fixture_node *node, const char *handle, struct bytes *identity_body) {
  struct err err = ERR_INIT;
  node->all = f;
  node->handle = handle;
  node->rate = 1000;
  node->clock = (struct clock_source){node_ms, node_unix, node};
  make_key(f, &node->node_key);
  make_key(f, &node->root);
  make_key(f, &node->editor);
  entropy_fill(&f->entropy, node->curve, sizeof node->curve);
  struct identity id = {.version = 1, .n_roots = 1, .threshold = 1, .node_key = node->node_key.pub, .gen = 1};
  id.roots[0] = node->root.pub;
  memcpy(id.curve, node->curve, sizeof id.curve);
  bytes_init(identity_body, LIMIT_IDENTITY);
  expect_ok(identity_encode(&id, identity_body, &err), &err, "identity");
  node->id = identity_hash(bytes_view(identity_body));
}

static void make_charter(struct fixture *f, struct bytes bodies[FIXTURE_NODES]) {
  struct err err = ERR_INIT;
  struct founder founders[FIXTURE_NODES];
  struct signer roots[FIXTURE_NODES];
  uint32_t added = 0;
  memset(founders, 0, sizeof founders);
  for (uint32_t i = 0; i < f->n; i++) {
    founders[i].node = f->nodes[i].id;
    founders[i].identity_body = bytes_view(&bodies[i]);
    expect_ok(identity_decode(founders[i].identity_body, &founders[i].identity, &err), &err, "identity");
    memcpy(founders[i].handle, HANDLES[i], 3);
    memcpy(founders[i].country, HANDLES[i], 3);
    roots[i] = f->nodes[i].root;
  }
  expect_ok(charter_new("Osservatorio di prova", "it", founders, f->n, &f->charter, &err), &err, "charter");
  expect_ok(charter_sign(&f->charter, roots, f->n, &added, &err), &err, "charter signatures");
  bytes_init(&f->charter_item, 4 * LIMIT_CHARTER);
  expect_ok(charter_encode(&f->charter, &f->charter_item, &err), &err, "charter item");
}

static void make_folder(struct fixture_node *node) {
  const char *base = getenv("TMPDIR");
  (void)snprintf(node->dir, sizeof node->dir, "%s/specola-test-XXXXXX", base == NULL ? "/tmp" : base);
  if (mkdtemp(node->dir) == NULL) {
    fail_msg("%s: %s", node->dir, strerror(errno));
  }
}

/* pattern: a node whose store is copied, charter and all; NULL: this one is the first. */
static void make_store(struct fixture *f, struct fixture_node *node, const struct fixture_node *pattern) {
  struct err err = ERR_INIT;
  make_folder(node);
  if (pattern != NULL) {
    f->disk.copy(pattern->dir, node->dir);
  }
  expect_ok(store_open(node->dir, STORE_WRITE, f->disk.vfs, &node->store, &err), &err, "store");
  if (pattern == NULL) {
    expect_ok(store_put_charter(node->store, bytes_view(&f->charter_item), &err), &err, "charter");
  }
  expect_ok(store_put_fact(node->store, "own", hash_view(&node->id), &err), &err, "own");
  store_close(node->store);
  node->store = NULL;
}

void fixture_begin(struct fixture_node *node) {
  struct err err = ERR_INIT;
  struct receipt_row row;
  expect_ok(hall_admit_identity(node->hall, &err), &err, "entry 0");
  expect_ok(hall_certify(node->hall, &node->editor.pub, 0, ROLE_COORDINATOR | ROLE_EDITOR, 0, "Redazione", &row, &err), &err,
            "entry 1");
  assert_int_equal(row.state, RECEIPT_LOGGED);
}

/* The first store is opened once, which makes its derived tables, and then copied, where that can be done. */
static void make_stores(struct fixture *f) {
  const bool can_copy = f->disk.copy != NULL;
  for (uint32_t i = 0; i < f->n; i++) {
    make_store(f, &f->nodes[i], can_copy && i > 0 ? &f->nodes[0] : NULL);
    if (can_copy && i == 0) {
      fixture_open(&f->nodes[0]);
      fixture_close(&f->nodes[0]);
    }
  }
}

void fixture_found(struct fixture *f, uint32_t n, uint64_t seed, bool begun) {
  const struct fixture_disk disk = {.vfs = NULL};
  fixture_found_on(f, n, seed, begun, &disk);
}

void fixture_found_on(struct fixture *f, uint32_t n, uint64_t seed, bool begun, const struct fixture_disk *disk) {
  struct err err = ERR_INIT;
  struct bytes bodies[FIXTURE_NODES];
  memset(f, 0, sizeof *f);
  f->disk = *disk;
  assert_true(n >= 1 && n <= FIXTURE_NODES);
  expect_ok(secret_start(&err), &err, "start");
  f->n = n;
  f->seed = seed;
  f->entropy_state = (struct entropy_seeded){seed, 0};
  f->entropy = entropy_from_seed(&f->entropy_state);
  f->clock = (struct clock_source){fixture_ms, fixture_unix, f};
  expect_ok(schema_set_new(&f->schemas, &err), &err, "schemas");
  expect_ok(schema_set_link(f->schemas, &err), &err, "schemas");
  schema_set_language_check(f->schemas, false);
  for (uint32_t i = 0; i < n; i++) {
    make_node(f, &f->nodes[i], HANDLES[i], &bodies[i]);
  }
  make_charter(f, bodies);
  make_stores(f);
  for (uint32_t i = 0; i < n; i++) {
    fixture_open(&f->nodes[i]);
    if (begun) {
      fixture_begin(&f->nodes[i]);
    }
    bytes_release(&bodies[i]);
  }
}

/* ---- opening and closing ---- */

uint32_t fixture_twin(struct fixture *f, uint32_t of) {
  const uint32_t index = f->n + f->n_twins++;
  struct fixture_node *twin = &f->nodes[index];
  assert_true(index < FIXTURE_NODES);
  *twin = f->nodes[of];
  twin->clock.context = twin;
  twin->store = NULL;
  twin->hall = NULL;
  make_store(f, twin, NULL);
  fixture_open(twin);
  return index;
}

uint32_t fixture_newcomer(struct fixture *f, const char *handle) {
  const uint32_t index = f->n + f->n_twins++;
  struct fixture_node *node = &f->nodes[index];
  struct bytes body;
  assert_true(index < FIXTURE_NODES);
  memset(node, 0, sizeof *node);
  make_node(f, node, handle, &body);
  bytes_release(&body);
  node->is_newcomer = true;
  const struct fixture_node *before = &f->nodes[index - 1]; /* its store is as good as new, where that can be copied */
  make_store(f, node, f->disk.copy != NULL && before->is_newcomer && before->store == NULL ? before : NULL);
  fixture_open(node);
  return index;
}

static enum err_code head_read(void *context, struct own_head *out, struct err *err) {
  const struct fixture_node *node = context;
  if (!node->has_head) return err_set(err, ERR_NOT_FOUND, "no head");
  *out = node->kept;
  return OK;
}

static enum err_code head_put(void *context, const struct own_head *head, struct err *err) {
  struct fixture_node *node = context;
  if (node->head_fault != OK) return err_set(err, node->head_fault, "the head is not written");
  node->kept = *head;
  node->has_head = true;
  return OK;
}

void fixture_guard(struct fixture_node *node) {
  node->is_guarded = node->has_head = true;
  node->kept = (struct own_head){.gen = 1};
}

void fixture_guard_by_file(struct fixture_node *node) {
  struct err err = ERR_INIT;
  const struct head_file file = head_in(node->dir);
  fixture_guard(node);
  node->has_head_file = true;
  expect_ok(file.put(file.context, &node->kept, &err), &err, "head");
}

enum err_code fixture_try_open(struct fixture_node *node, struct err *err) {
  const struct fixture *f = node->all;
  enum err_code code = store_open(node->dir, STORE_WRITE, f->disk.vfs, &node->store, err);
  if (code != OK) {
    node->store = NULL;
    return code;
  }
  static struct home home;
  (void)snprintf(home.dir, sizeof home.dir, "%s", node->dir);
  node->federation = (struct federation){.members = NULL};
  code = mend_federation(node->store, &home, &node->node_key, &node->federation, err); /* as core does */
  if (code == OK) {
    node->head =
        node->has_head_file ? head_in(node->dir) : (struct head_file){.context = node, .read = head_read, .put = head_put};
    const struct hall_config config = {.store = node->store,
                                       .head = node->is_guarded ? &node->head : NULL,
                                       .federation = &node->federation,
                                       .schemas = f->schemas,
                                       .node_key = &node->node_key,
                                       .clock = &node->clock,
                                       .entropy = &f->entropy,
                                       .threads = node->threads};
    code = hall_open(&config, &node->hall, err);
  }
  if (code != OK) {
    node->hall = NULL;
    fixture_close(node);
  }
  return code;
}

void fixture_open(struct fixture_node *node) {
  struct err err = ERR_INIT;
  expect_ok(fixture_try_open(node, &err), &err, "node");
}

void fixture_close(struct fixture_node *node) {
  if (node->store == NULL) {
    return;
  }
  hall_close(node->hall);
  federation_release(&node->federation);
  store_close(node->store);
  node->hall = NULL;
  node->store = NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path);
}

void fixture_release(struct fixture *f) {
  for (uint32_t i = 0; i < f->n + f->n_twins; i++) {
    struct fixture_node *node = &f->nodes[i];
    fixture_close(node);
    if (node->dir[0] != 0) {
      (void)nftw(node->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    }
    if (f->disk.forget != NULL) {
      f->disk.forget(node->dir);
    }
    if (i >= f->n && !node->is_newcomer) {
      continue; /* a twin's keys are the founder's */
    }
    signer_release(&node->node_key);
    signer_release(&node->root);
    signer_release(&node->editor);
  }
  charter_release(&f->charter);
  bytes_release(&f->charter_item);
  schema_set_free(f->schemas);
}

/* ---- records ---- */

void fixture_record_release(struct fixture_record *r) {
  bytes_release(&r->envelope);
  bytes_release(&r->body);
}

void fixture_seal(struct fixture_node *node, const struct signer *author, struct header h, struct view body,
                  struct fixture_record *out) {
  struct fixture *f = node->all;
  struct err err = ERR_INIT;
  memset(out, 0, sizeof *out);
  bytes_init(&out->envelope, LIMIT_ENVELOPE);
  bytes_init(&out->body, LIMIT_BODY);
  if (!record_kind_keeps_body(h.kind)) {
    entropy_fill(&f->entropy, out->salt.b, sizeof out->salt.b);
  }
  h.home = hash_is_zero(&h.home) ? node->id : h.home;
  h.created = clock_unix(&node->clock);
  expect_ok(bytes_append(&out->body, body, &err), &err, "body");
  expect_ok(record_seal(&h, &f->charter.fed_id, author, &out->salt, bytes_view(&out->body), &out->envelope, &out->id, &err),
            &err, "seal");
  out->item = (struct item){.envelope = bytes_view(&out->envelope),
                            .state = body.len > 0 ? ITEM_WHOLE : ITEM_BODILESS,
                            .salt = out->salt,
                            .body = bytes_view(&out->body)};
}

void fixture_body(struct fixture *f, const char *kind, const char *json, struct bytes *out) {
  struct err err = ERR_INIT;
  struct findings findings;
  json_error_t where;
  memset(&findings, 0, sizeof findings);
  json_t *value = json_loads(json, 0, &where);
  if (value == NULL) {
    fail_msg("JSON: %s", where.text);
  }
  expect_ok(body_from_json(schema_by_kind(f->schemas, kind), value, out, &findings, &err), &err, "body");
  if (findings.n_refused > 0) {
    fail_msg("body: %s: %s", findings.items[0].field, findings.items[0].message);
  }
  findings_release(&findings);
  json_decref(value);
}

void fixture_case_body(struct fixture *f, uint64_t n, struct bytes *out) {
  static const char *const words[] = {"amministrazione", "pubblica", "innovazione",    "cittadini", "servizi",
                                      "digitale",        "comune",   "partecipazione", "dati",      "aperti",
                                      "laboratorio",     "scuola",   "salute",         "mobilità",  "energia"};
  struct bytes text;
  char json[4096];
  bytes_init(&text, 2048);
  for (uint64_t i = 0; i < 20 + n % 40; i++) {
    assert_int_equal(bytes_printf(&text, NULL, "%s ", words[(n * 7 + i * i) % 15]), OK);
  }
  (void)snprintf(json, sizeof json,
                 "{\"title\": {\"it\": \"Caso %" PRIu64 "\", \"en\": \"Case %" PRIu64 "\"}, \"summary\": {\"it\": \"%s fine\"},"
                 "\"country\": \"IT\", \"level\": \"local\", \"sectors\": [\"0%" PRIu64 "\"], \"original_lang\": \"it\"}",
                 n, n, bytes_text(&text), 1 + n % 9);
  fixture_body(f, "case", json, out);
  bytes_release(&text);
}

void fixture_case(struct fixture_node *node, uint64_t n, const struct hash *object, const struct hash *newest,
                  struct fixture_record *out) {
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  fixture_case_body(node->all, n, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  fixture_seal(node, &node->editor, h, bytes_view(&body), out);
  bytes_release(&body);
}

struct receipt_row fixture_admit(struct fixture_node *node, const struct item *item) {
  static struct receipt receipt;
  struct err err = ERR_INIT;
  expect_ok(hall_admit(node->hall, item, 1, &receipt, &err), &err, "admit");
  return receipt.rows[0];
}

uint64_t fixture_publish(struct fixture_node *node, uint64_t n, struct hash *id) {
  struct fixture_record record;
  fixture_case(node, n, NULL, NULL, &record);
  const struct receipt_row row = fixture_admit(node, &record.item);
  if (row.state != RECEIPT_LOGGED) {
    fail_msg("refused: %s", reason_name(row.reason));
  }
  if (id != NULL) {
    *id = record.id;
  }
  fixture_record_release(&record);
  return row.index;
}

/* ---- carrying logs ---- */

struct file {
  struct view all, rest;
};

static enum err_code read_file(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  return bundle_source_view(&((struct file *)context)->rest, buffer, size, n, err);
}

static enum err_code rewind_file(void *context, struct err *err) {
  struct file *file = context;
  (void)err;
  file->rest = file->all;
  return OK;
}

enum err_code fixture_import(struct fixture_node *node, struct view octets, struct bundle_report *report, struct err *err) {
  struct file file = {octets, octets};
  return hall_import_bundle(node->hall, read_file, rewind_file, &file, report, err);
}

void fixture_checkpoint(struct fixture_node *node, const struct hash *log, uint64_t size, struct bytes *text) {
  struct err err = ERR_INIT;
  struct log held;
  expect_ok(log_find(node->store, log, 1, &held, &err), &err, "log");
  expect_ok(milestone_get(node->store, held.no, size, text, &err), &err, "milestone");
}

static void carry(struct fixture_node *from, struct fixture_node *to, const struct hall_head *head, uint64_t start,
                  uint64_t size, uint64_t max_items) {
  struct err err = ERR_INIT;
  struct bytes text;
  struct bytes window;
  struct log log;
  struct pull *pull = NULL;
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&window, LIMIT_DATA_RAW);
  expect_ok(log_find(from->store, &head->node, head->gen, &log, &err), &err, "log");
  expect_ok(milestone_get(from->store, log.no, size, &text, &err), &err, "milestone");
  expect_ok(hall_pull_begin(to->hall, bytes_view(&text), start, &pull, &err), &err, "pull");
  while (hall_pull_next(pull) < size) {
    const uint64_t at = hall_pull_next(pull);
    const uint64_t end = size - at < max_items ? size : at + max_items;
    uint64_t count = 0;
    bytes_clear(&window);
    expect_ok(hall_window(from->hall, &head->node, head->gen, at, end, 0, LIMIT_DATA_SOFT, &window, &count, &err), &err,
              "window");
    expect_ok(hall_pull_add(pull, bytes_view(&window), &err), &err, "add");
  }
  expect_ok(hall_pull_finish(pull, NULL, &err), &err, "finish");
  bytes_release(&text);
  bytes_release(&window);
}

void fixture_transfer_log(struct fixture_node *from, struct fixture_node *to, const struct hash *node, uint64_t max_items) {
  struct err err = ERR_INIT;
  uint32_t n = 0;
  const struct hall_head *heads = hall_heads(from->hall, &n);
  for (uint32_t i = 0; i < n; i++) { /* its generations, one behind the other */
    const struct hall_head *mine = hall_head(to->hall, &heads[i].node, heads[i].gen);
    uint64_t at = mine == NULL ? 0 : mine->size;
    uint64_t sizes[LIMIT_CHECKPOINTS];
    uint32_t n_sizes = 1;
    struct log log;
    if (!hash_equal(&heads[i].node, node)) continue;
    expect_ok(log_find(from->store, node, heads[i].gen, &log, &err), &err, "log");
    while (at < heads[i].size) {
      expect_ok(milestone_plan(from->store, log.no, at, sizes, LIMIT_CHECKPOINTS, &n_sizes, &err), &err, "plan");
      assert_true(n_sizes > 0);
      for (uint32_t k = 0; k < n_sizes; k++) {
        carry(from, to, &heads[i], at, sizes[k], max_items);
        at = sizes[k];
      }
    }
  }
}

void fixture_transfer(struct fixture_node *from, struct fixture_node *to, uint64_t max_items) {
  uint32_t n = 0;
  const struct hall_head *heads = hall_heads(from->hall, &n);
  for (uint32_t i = 0; i < n; i++) {
    if (heads[i].gen == 1) fixture_transfer_log(from, to, &heads[i].node, max_items);
  }
}
