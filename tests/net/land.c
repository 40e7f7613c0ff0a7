/*
 * land: see land.h.
 */
#include "tests/net/land.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const HANDLES[PLACES] = {"IT", "FR", "EE"};

void expect_ok(enum err_code code, const struct err *err, const char *what) {
  if (code != OK) fail_msg("%s: %s (%s)", what, err->message, err_name(code));
}

bool time_is_left(uint64_t *until) {
  const uint64_t before = clock_ms(clock_system());
  if (*until == 0) *until = before + WAIT_MS;
  (void)poll(NULL, 0, 10);
  const uint64_t now = clock_ms(clock_system());
  if (now - before > 1000) *until += now - before; /* the machine stood still: nobody could do anything */
  return now < *until;
}

/* ---- founding ---- */

static void place_make(struct land *l, struct place *p, const char *handle, size_t padding) {
  struct err err = ERR_INIT;
  struct home_config config = {.listen = "tcp://127.0.0.1:0", .language = "it", .license = "CC0-1.0"};
  struct signer node_key = {0};
  struct secret *curve = NULL;
  struct identity id = {.version = 1, .n_roots = 1, .threshold = 1, .gen = 1};
  memcpy(config.country, handle, 3);
  memcpy(config.handle, handle, 3);
  (void)snprintf(config.name, sizeof config.name, "Node %s", handle);
  (void)snprintf(p->dir, sizeof p->dir, "%s/%s", l->base, handle);
  const size_t len = strlen(p->dir);
  memset(p->dir + len, 'h', padding);
  p->dir[len + padding] = '\0';
  expect_ok(home_create(p->dir, &config, NULL, &p->home, &err), &err, "home");
  expect_ok(home_node_key(&p->home, NULL, &node_key, &err), &err, "node key");
  expect_ok(home_curve_key(&p->home, NULL, id.curve, &curve, &err), &err, "curve key");
  expect_ok(signer_new(&p->root, &err), &err, "root");
  expect_ok(signer_new(&p->editor, &err), &err, "editor");
  id.roots[0] = p->root.pub;
  id.node_key = node_key.pub;
  bytes_init(&p->identity, LIMIT_IDENTITY);
  expect_ok(identity_encode(&id, &p->identity, &err), &err, "identity");
  p->id = identity_hash(bytes_view(&p->identity));
  secret_free(curve);
  signer_release(&node_key);
}

static void place_begin(struct land *l, struct place *p, struct view charter_item) {
  struct err err = ERR_INIT;
  struct store *store = NULL;
  struct federation federation = {0};
  struct hall *hall = NULL;
  struct signer node_key = {0};
  struct receipt_row row;
  expect_ok(store_open(p->dir, STORE_WRITE, NULL, &store, &err), &err, "store");
  expect_ok(store_put_charter(store, charter_item, &err), &err, "charter");
  expect_ok(store_put_fact(store, "own", hash_view(&p->id), &err), &err, "own");
  expect_ok(federation_load(store, &federation, &err), &err, "federation");
  expect_ok(home_node_key(&p->home, NULL, &node_key, &err), &err, "node key");
  const struct hall_config config = {.store = store,
                                     .federation = &federation,
                                     .schemas = l->texts.schemas,
                                     .node_key = &node_key,
                                     .clock = clock_system(),
                                     .entropy = entropy_system()};
  expect_ok(hall_open(&config, &hall, &err), &err, "hall");
  expect_ok(hall_admit_identity(hall, &err), &err, "entry 0");
  expect_ok(hall_certify(hall, &p->editor.pub, 0, ROLE_COORDINATOR | ROLE_EDITOR, 0, "Redazione", &row, &err), &err, "entry 1");
  assert_int_equal(row.state, RECEIPT_LOGGED);
  hall_close(hall);
  federation_release(&federation);
  store_close(store);
  signer_release(&node_key);
}

struct land *land_found(uint32_t n, size_t padding) {
  struct err err = ERR_INIT;
  struct founder founders[PLACES];
  struct signer roots[PLACES];
  struct charter charter = {0};
  struct bytes item;
  uint32_t added = 0;
  struct land *l = calloc(1, sizeof *l);
  assert_non_null(l);
  memset(founders, 0, sizeof founders);
  l->n = n;
  const char *tmp = getenv("TMPDIR");
  (void)snprintf(l->base, sizeof l->base, "%s/specola-serve-XXXXXX", tmp == NULL ? "/tmp" : tmp);
  assert_non_null(mkdtemp(l->base));
  expect_ok(schema_set_new(&l->texts.schemas, &err), &err, "schemas");
  expect_ok(schema_set_link(l->texts.schemas, &err), &err, "schemas");
  for (uint32_t i = 0; i < n; i++) {
    struct place *p = &l->places[i];
    place_make(l, p, HANDLES[i], padding);
    founders[i].node = p->id;
    founders[i].identity_body = bytes_view(&p->identity);
    expect_ok(identity_decode(founders[i].identity_body, &founders[i].identity, &err), &err, "identity");
    memcpy(founders[i].handle, HANDLES[i], 3);
    memcpy(founders[i].country, HANDLES[i], 3);
    roots[i] = p->root;
  }
  expect_ok(charter_new("Osservatorio di prova", "it", founders, n, &charter, &err), &err, "charter");
  expect_ok(charter_sign(&charter, roots, n, &added, &err), &err, "signatures");
  bytes_init(&item, (size_t)4 * LIMIT_CHARTER);
  expect_ok(charter_encode(&charter, &item, &err), &err, "charter item");
  l->fed_id = charter.fed_id;
  for (uint32_t i = 0; i < n; i++)
    place_begin(l, &l->places[i], bytes_view(&item));
  bytes_release(&item);
  charter_release(&charter);
  return l;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st;
  (void)type;
  (void)at;
  return remove(path);
}

/* ---- serving ---- */

/* In the child of a fork. */
static void log_into(const char *path) {
  const int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 || dup2(fd, STDERR_FILENO) < 0) _exit(1);
}

_Noreturn void serve_here(const struct serve_options *options) {
  struct err err = ERR_INIT;
  (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails leaves no node behind */
  const enum err_code code = serve_run(options, &err);
  if (code != OK) (void)fprintf(stderr, "serve: %s\n", err.message);
  _exit(err_exit_status(code));
}

bool read_ports(struct place *p) {
  char path[HOME_PATH_MAX];
  struct err err = ERR_INIT;
  struct bytes text;
  bytes_init(&text, 4096);
  expect_ok(home_path(&p->home, "run/ports", path, &err), &err, "path");
  const char *chars = file_read(path, &text, &err) == OK ? bytes_text(&text) : NULL;
  const char *start = chars == NULL ? NULL : strstr(chars, "tcp://"); /* web has a line of its own */
  const bool there = start != NULL && strcspn(start, "\n") < sizeof p->endpoint;
  if (there) (void)snprintf(p->endpoint, sizeof p->endpoint, "%.*s", (int)strcspn(start, "\n"), start);
  bytes_release(&text);
  return there;
}

struct ctl_client *client_of(struct place *p) {
  struct err err = ERR_INIT;
  struct ctl_client *c = NULL;
  expect_ok(ctl_connect(&p->home, WAIT_MS, &c, &err), &err, "ctl");
  return c;
}

void forget_ports(struct place *p) {
  char path[HOME_PATH_MAX];
  struct err err = ERR_INIT;
  expect_ok(home_path(&p->home, "run/ports", path, &err), &err, "path");
  (void)unlink(path);
}

void start(struct land *l, uint32_t i) {
  struct place *p = &l->places[i];
  struct serve_options options = {.home = p->dir, .idle_now = true};
  char peers[PLACES][LIMIT_ENDPOINT + 16] = {{0}};
  for (uint32_t k = 0; k < l->n && k < PLACES; k++) {
    if (l->places[k].pid == 0 || k == i) continue;
    (void)snprintf(peers[options.n_peers], sizeof peers[0], "%s=%s", HANDLES[k], l->places[k].endpoint);
    options.peers[options.n_peers] = peers[options.n_peers];
    options.n_peers++;
  }
  forget_ports(p);
  p->pid = fork();
  assert_true(p->pid >= 0);
  if (p->pid == 0 && p->log != NULL) log_into(p->log);
  if (p->pid == 0) serve_here(&options);
  uint64_t until = 0;
  while (!read_ports(p)) {
    int status = 0;
    if (waitpid(p->pid, &status, WNOHANG) == p->pid) fail_msg("serve ended with status %d", WEXITSTATUS(status));
    if (!time_is_left(&until)) fail_msg("serve does not come up");
  }
  ctl_close(client_of(p));
}

int ended(struct place *p) {
  uint64_t until = 0;
  int status = 0;
  while (waitpid(p->pid, &status, WNOHANG) != p->pid) {
    if (!time_is_left(&until)) fail_msg("serve does not end");
  }
  p->pid = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void land_free(struct land *l) {
  for (uint32_t i = 0; i < l->n; i++) {
    struct place *p = &l->places[i];
    if (p->pid > 0 && kill(p->pid, SIGTERM) == 0) assert_int_equal(ended(p), 0);
    signer_release(&p->root);
    signer_release(&p->editor);
    bytes_release(&p->identity);
  }
  schema_set_free(l->texts.schemas);
  (void)nftw(l->base, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  free(l);
}

json_t *status_of(struct place *p) {
  struct err err = ERR_INIT;
  json_t *status = NULL;
  struct ctl_client *c = client_of(p);
  expect_ok(ctl_get(c, "/status", &status, &err), &err, "status");
  ctl_close(c);
  return status;
}

pid_t role_of(struct place *p, const char *role, unsigned *restarts) {
  json_t *status = status_of(p);
  pid_t pid = 0;
  size_t i = 0;
  const json_t *row = NULL;
  json_array_foreach(json_object_get(status, "processes"), i, row) {
    if (strcmp(json_string_value(json_object_get(row, "role")), role) != 0) continue;
    pid = (pid_t)json_integer_value(json_object_get(row, "pid"));
    *restarts = (unsigned)json_integer_value(json_object_get(row, "restarts"));
  }
  json_decref(status);
  return pid;
}

enum err_code submit_over(struct land *l, struct place *p, struct ctl_client *c, struct hash *envelope_hash,
                          struct receipt *receipt, struct err *err) {
  struct header h = {.kind = KIND_VERSION, .home = p->id, .created = 1, .n_args = 2, .args = {1, 0}};
  struct salt salt;
  struct bytes body, envelope, submission, answer;
  bytes_init(&body, LIMIT_BODY);
  bytes_init(&envelope, LIMIT_ENVELOPE);
  bytes_init(&submission, LIMIT_SUBMIT_BYTES);
  bytes_init(&answer, LIMIT_SUBMIT_BYTES);
  fixture_case_body(&l->texts, ++l->published, &body);
  entropy_fill(entropy_system(), salt.b, sizeof salt.b);
  expect_ok(record_seal(&h, &l->fed_id, &p->editor, &salt, bytes_view(&body), &envelope, NULL, err), err, "seal");
  const struct item item = {.envelope = bytes_view(&envelope), .state = ITEM_WHOLE, .salt = salt, .body = bytes_view(&body)};
  struct canon_writer w = canon_writer(&submission);
  canon_put_array(&w, 1);
  item_write(&w, &item);
  expect_ok(canon_written(&w, "submission", err), err, "submission");
  *envelope_hash = hash_sha256(item.envelope);
  enum err_code code = ctl_submit(c, bytes_view(&submission), &answer, err);
  if (code == OK) code = receipt_open(bytes_view(&answer), NULL, receipt, err);
  bytes_release(&body);
  bytes_release(&envelope);
  bytes_release(&submission);
  bytes_release(&answer);
  return code;
}

enum err_code submit_one(struct land *l, struct place *p, struct receipt *receipt, struct err *err) {
  struct hash ignored;
  struct ctl_client *c = client_of(p);
  const enum err_code code = submit_over(l, p, c, &ignored, receipt, err);
  ctl_close(c);
  return code;
}

void publish(struct land *l, uint32_t i) {
  static struct receipt receipt;
  struct err err = ERR_INIT;
  expect_ok(submit_one(l, &l->places[i], &receipt, &err), &err, "submit");
  assert_int_equal(receipt.n, 1);
  assert_int_equal(receipt.rows[0].state, RECEIPT_LOGGED);
}

void converge(struct land *l) {
  uint64_t until = 0;
  for (;;) {
    char digests[PLACES][HASH_HEX_LEN];
    size_t logs = 0;
    for (uint32_t i = 0; i < l->n; i++) {
      json_t *status = status_of(&l->places[i]);
      const json_t *exchange = json_object_get(status, "exchange");
      (void)snprintf(digests[i], HASH_HEX_LEN, "%s", json_string_value(json_object_get(exchange, "frontier")));
      logs += json_array_size(json_object_get(exchange, "logs"));
      json_decref(status);
    }
    bool same = logs == (size_t)l->n * l->n;
    for (uint32_t i = 1; i < l->n; i++)
      same = same && strcmp(digests[0], digests[i]) == 0;
    if (same) return;
    if (!time_is_left(&until)) fail_msg("they do not converge");
  }
}
