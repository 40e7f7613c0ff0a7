/*
 * test_serve: whole nodes: supervisor, core, gate and ctl as processes of their own (executed from this very program), talking
 * over loopback. Founded here by hand, so that it needs nothing of the command line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/admit.h"
#include "node/ctl_client.h"
#include "node/serve.h"
#include "protocol/canon.h"
#include "tests/node/fixture.h"

#define WAIT_MS 30000
#define PLACES 3

struct place {
  char dir[512];
  struct home home;
  struct signer root, editor;
  struct hash id;
  struct bytes identity;
  pid_t pid; /* of the supervisor; 0: not serving */
  char endpoint[LIMIT_ENDPOINT + 1];
};

/* A federation of n homes. */
struct land {
  uint32_t n;
  char base[64];
  struct place places[PLACES];
  struct fixture texts; /* only for bodies of cases */
  struct hash fed_id;
  uint64_t published;
};

static const char *const HANDLES[PLACES] = {"IT", "FR", "EE"};

static void expect_ok(enum err_code code, const struct err *err, const char *what) {
  if (code != OK) fail_msg("%s: %s (%s)", what, err->message, err_name(code));
}

static bool time_is_left(uint64_t *until) {
  const uint64_t now = clock_ms(clock_system());
  if (*until == 0) *until = now + WAIT_MS;
  (void)poll(NULL, 0, 10);
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

static struct land *land_found(uint32_t n, size_t padding) {
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
  (void)snprintf(l->base, sizeof l->base, "/tmp/specola-serve-XXXXXX");
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

static _Noreturn void serve_here(const struct serve_options *options) {
  struct err err = ERR_INIT;
  (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that fails leaves no node behind */
  const enum err_code code = serve_run(options, &err);
  if (code != OK) (void)fprintf(stderr, "serve: %s\n", err.message);
  _exit(err_exit_status(code));
}

/* The endpoint in run/ports, once it is there. */
static bool read_ports(struct place *p) {
  char path[HOME_PATH_MAX];
  struct err err = ERR_INIT;
  struct bytes text;
  bytes_init(&text, 4096);
  expect_ok(home_path(&p->home, "run/ports", path, &err), &err, "path");
  const bool there = file_read(path, &text, &err) == OK && text.len > 1 && text.len < sizeof p->endpoint;
  if (there) (void)snprintf(p->endpoint, sizeof p->endpoint, "%.*s", (int)text.len - 1, (const char *)text.p);
  bytes_release(&text);
  return there;
}

static struct ctl_client *client_of(struct place *p) {
  struct err err = ERR_INIT;
  struct ctl_client *c = NULL;
  expect_ok(ctl_connect(&p->home, WAIT_MS, &c, &err), &err, "ctl");
  return c;
}

/* What a node that was killed left there says nothing of the next one. */
static void forget_ports(struct place *p) {
  char path[HOME_PATH_MAX];
  struct err err = ERR_INIT;
  expect_ok(home_path(&p->home, "run/ports", path, &err), &err, "path");
  (void)unlink(path);
}

/* Starts a node; it dials those places of dial that serve already. */
static void start(struct land *l, uint32_t i) {
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
  if (p->pid == 0) serve_here(&options);
  uint64_t until = 0;
  while (!read_ports(p)) {
    int status = 0;
    if (waitpid(p->pid, &status, WNOHANG) == p->pid) fail_msg("serve ended with status %d", WEXITSTATUS(status));
    if (!time_is_left(&until)) fail_msg("serve does not come up");
  }
  ctl_close(client_of(p));
}

/* Waits for the supervisor's end; returns its exit status (-1: killed). */
static int ended(struct place *p) {
  uint64_t until = 0;
  int status = 0;
  while (waitpid(p->pid, &status, WNOHANG) != p->pid) {
    if (!time_is_left(&until)) fail_msg("serve does not end");
  }
  p->pid = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void land_free(struct land *l) {
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

static json_t *status_of(struct place *p) {
  struct err err = ERR_INIT;
  json_t *status = NULL;
  struct ctl_client *c = client_of(p);
  expect_ok(ctl_get(c, "/status", &status, &err), &err, "status");
  ctl_close(c);
  return status;
}

/* The pid and the restarts of a role. */
static pid_t role_of(struct place *p, const char *role, unsigned *restarts) {
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

static enum err_code submit_one(struct land *l, struct place *p, struct receipt *receipt, struct err *err) {
  struct header h = {.kind = KIND_VERSION, .home = p->id, .created = 1, .n_args = 2, .args = {1, 0}};
  struct salt salt;
  struct bytes body, envelope, submission, answer;
  struct ctl_client *c = client_of(p);
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
  enum err_code code = ctl_submit(c, bytes_view(&submission), &answer, err);
  if (code == OK) code = receipt_open(bytes_view(&answer), NULL, receipt, err);
  bytes_release(&body);
  bytes_release(&envelope);
  bytes_release(&submission);
  bytes_release(&answer);
  ctl_close(c);
  return code;
}

static void publish(struct land *l, uint32_t i) {
  static struct receipt receipt;
  struct err err = ERR_INIT;
  expect_ok(submit_one(l, &l->places[i], &receipt, &err), &err, "submit");
  assert_int_equal(receipt.n, 1);
  assert_int_equal(receipt.rows[0].state, RECEIPT_LOGGED);
}

/* Waits until all have the same frontier digest and n entries each of everybody. */
static void converge(struct land *l) {
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

/* ---- tests ---- */

static void three_nodes_hold_the_same_after_each_published(void **state) {
  (void)state;
  struct land *l = land_found(3, 0);
  for (uint32_t i = 0; i < 3; i++)
    start(l, i);
  for (uint32_t i = 0; i < 3; i++) {
    publish(l, i);
    publish(l, i);
  }
  converge(l);
  land_free(l);
}

static void a_process_that_is_killed_comes_back_and_the_exchange_goes_on(void **state) {
  (void)state;
  static const char *const ROLES[] = {"gate", "core", "ctl"};
  struct land *l = land_found(2, 0);
  start(l, 0);
  start(l, 1);
  converge(l);
  for (size_t r = 0; r < 3; r++) {
    unsigned restarts = 0;
    uint64_t until = 0;
    char before[LIMIT_ENDPOINT + 1];
    memcpy(before, l->places[0].endpoint, sizeof before);
    const pid_t pid = role_of(&l->places[0], ROLES[r], &restarts);
    assert_true(pid > 0);
    assert_int_equal(restarts, 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (role_of(&l->places[0], ROLES[r], &restarts) == pid || restarts != 1) {
      if (!time_is_left(&until)) fail_msg("%s does not come back", ROLES[r]);
    }
    publish(l, 0);
    publish(l, 1);
    converge(l);
    assert_true(read_ports(&l->places[0]));
    assert_string_equal(l->places[0].endpoint, before);
  }
  land_free(l);
}

static void a_second_serve_is_refused_and_the_first_goes_on(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct err err = ERR_INIT;
  start(l, 0);
  const struct serve_options options = {.home = l->places[0].dir};
  assert_int_equal(serve_run(&options, &err), ERR_BUSY);
  assert_true(err.message[0] != '\0');
  assert_int_equal(serve_once(&options, 1000, NULL, &err), ERR_BUSY);
  assert_true(read_ports(&l->places[0]));
  publish(l, 0);
  land_free(l);
}

static void it_stops_in_order_and_leaves_nothing_behind(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct place *p = &l->places[0];
  struct err err = ERR_INIT;
  struct stat st;
  char path[HOME_PATH_MAX];
  static const int SIGNALS[] = {SIGTERM, SIGINT, 0};
  for (size_t i = 0; i < 3; i++) {
    start(l, 0);
    const uint64_t before = clock_ms(clock_system());
    if (SIGNALS[i] != 0) {
      assert_int_equal(kill(p->pid, SIGNALS[i]), 0);
    } else {
      json_t *answer = NULL;
      struct ctl_client *c = client_of(p);
      expect_ok(ctl_order(c, "stop", NULL, &answer, &err), &err, "stop");
      json_decref(answer);
      ctl_close(c);
    }
    assert_int_equal(ended(p), 0);
    assert_true(clock_ms(clock_system()) - before < 3000); /* nobody had to be killed */
    expect_ok(home_path(&p->home, "run/ports", path, &err), &err, "path");
    assert_int_equal(stat(path, &st), -1);
    expect_ok(home_path(&p->home, "run/ctl", path, &err), &err, "path");
    assert_int_equal(stat(path, &st), -1);
    struct ctl_client *c = NULL;
    assert_int_equal(ctl_connect(&p->home, WAIT_MS, &c, &err), ERR_NOT_FOUND);
  }
  land_free(l);
}

static void the_children_die_with_the_supervisor(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct place *p = &l->places[0];
  static const char *const ROLES[] = {"gate", "core", "ctl"};
  pid_t pids[3];
  start(l, 0);
  for (size_t i = 0; i < 3; i++) {
    unsigned restarts = 0;
    pids[i] = role_of(p, ROLES[i], &restarts);
    assert_true(pids[i] > 0);
  }
  assert_int_equal(kill(p->pid, SIGKILL), 0);
  assert_int_equal(ended(p), -1);
  for (size_t i = 0; i < 3; i++) {
    uint64_t until = 0;
    char path[64], line[512];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pids[i]);
    for (;;) { /* gone, or a zombie that waits for init */
      FILE *file = fopen(path, "r");
      const bool there = file != NULL && fgets(line, sizeof line, file) != NULL && strstr(line, ") Z") == NULL;
      if (file != NULL) (void)fclose(file);
      if (!there) break;
      if (!time_is_left(&until)) fail_msg("%s lives on", ROLES[i]);
    }
  }
  start(l, 0); /* what is left of run/ is in nobody's way */
  publish(l, 0);
  land_free(l);
}

static void no_key_is_in_argv_or_the_environment_of_a_child(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  static const char *const ROLES[] = {"gate", "core", "ctl"};
  start(l, 0);
  for (size_t i = 0; i < 3; i++) {
    unsigned restarts = 0;
    char path[64], text[4096] = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/cmdline", (int)role_of(&l->places[0], ROLES[i], &restarts));
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    const ssize_t n = read(fd, text, sizeof text);
    close(fd);
    assert_true(n > 0);
    const char *word = text + strlen(text) + 1;
    assert_string_equal(word, "serve-child");
    assert_string_equal(word + strlen(word) + 1, ROLES[i]);
    assert_int_equal((size_t)n, strlen(text) + 1 + strlen(word) + 1 + strlen(ROLES[i]) + 1);
  }
  land_free(l);
}

static void one_round_without_serving_brings_what_is_new(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct err err = ERR_INIT;
  json_t *report = NULL;
  char peer[LIMIT_ENDPOINT + 16];
  start(l, 0);
  publish(l, 0);
  (void)snprintf(peer, sizeof peer, "IT=%s", l->places[0].endpoint);
  struct serve_options options = {.home = l->places[1].dir, .peers = {peer}, .n_peers = 1};
  expect_ok(serve_once(&options, WAIT_MS, &report, &err), &err, "sync");
  assert_int_equal(json_integer_value(json_object_get(report, "new")), 3);
  assert_int_equal(json_array_size(json_object_get(report, "peers")), 1);
  json_decref(report);
  expect_ok(serve_once(&options, WAIT_MS, &report, &err), &err, "sync");
  assert_int_equal(json_integer_value(json_object_get(report, "new")), 0);
  json_decref(report);
  /* IT has got FR's two entries over the same link. */
  json_t *status = status_of(&l->places[0]);
  assert_int_equal(json_array_size(json_object_get(json_object_get(status, "exchange"), "logs")), 2);
  json_decref(status);
  land_free(l);
}

static void one_round_with_nobody_there_says_who_was_silent(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct err err = ERR_INIT;
  json_t *report = NULL;
  struct serve_options options = {.home = l->places[1].dir, .peers = {"IT=tcp://127.0.0.1:1"}, .n_peers = 1};
  assert_int_equal(serve_once(&options, 5000, &report, &err), ERR_UNREACHABLE);
  assert_non_null(strstr(err.message, "IT"));
  assert_int_equal(json_array_size(json_object_get(report, "peers")), 1);
  json_decref(report);
  options.n_peers = 0;
  assert_int_equal(serve_once(&options, 5000, NULL, &err), ERR_UNREACHABLE);
  assert_true(err.hint[0] != '\0');
  options.peers[0] = "nonsense";
  options.n_peers = 1;
  assert_int_equal(serve_once(&options, 5000, NULL, &err), ERR_USAGE);
  land_free(l);
}

static void a_home_with_a_long_name_serves(void **state) {
  (void)state;
  struct land *l = land_found(2, 150);
  start(l, 0);
  start(l, 1);
  publish(l, 1);
  converge(l);
  land_free(l);
}

static enum err_code ask(struct place *p, const char *name, json_t *argument, json_t **answer, struct err *err) {
  struct ctl_client *c = client_of(p);
  const enum err_code code = ctl_order(c, name, argument, answer, err);
  ctl_close(c);
  json_decref(argument);
  return code;
}

static void orders_are_obeyed_or_refused_with_their_reason(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct place *p = &l->places[0];
  struct err err = ERR_INIT;
  struct signer other = {0};
  json_t *answer = NULL;
  char hex[2 * PUBKEY_LEN + 1];
  start(l, 0);
  start(l, 1);
  converge(l);
  expect_ok(signer_new(&other, &err), &err, "key");
  hex_encode(pubkey_view(&other.pub), hex);
  expect_ok(ask(p, "certify",
                json_pack("{s:s, s:i, s:i, s:s}", "key", hex, "roles", ROLE_EDITOR, "territory", 0, "name", "Ada"), &answer,
                &err),
            &err, "certify");
  assert_string_equal(json_string_value(json_object_get(answer, "reference")), "IT-2");
  json_decref(answer);
  assert_int_equal(ask(p, "certify", json_pack("{s:s}", "key", "no key"), &answer, &err), ERR_USAGE);
  expect_ok(ask(p, "sync", json_pack("{s:i}", "timeout_ms", WAIT_MS), &answer, &err), &err, "sync");
  assert_true(json_is_true(json_object_get(answer, "idle")));
  json_decref(answer);
  expect_ok(ask(p, "ping", json_pack("{s:s}", "peer", "FR"), &answer, &err), &err, "ping");
  assert_true(json_integer_value(json_object_get(answer, "ms")) < WAIT_MS);
  json_decref(answer);
  assert_int_equal(ask(p, "ping", json_pack("{s:s}", "peer", "XX"), &answer, &err), ERR_NOT_FOUND);
  assert_int_equal(ask(p, "ping", NULL, &answer, &err), ERR_USAGE);
  assert_int_equal(ask(p, "nonsense", NULL, &answer, &err), ERR_NOT_FOUND);
  assert_int_equal(ask(p, "import", json_pack("{s:s}", "path", "/nowhere/at/all"), &answer, &err), ERR_NOT_FOUND);
  assert_int_equal(ask(p, "import", json_pack("{s:s}", "path", "relative"), &answer, &err), ERR_USAGE);
  expect_ok(ask(p, "rebuild", NULL, &answer, &err), &err, "rebuild");
  json_decref(answer);
  converge(l);
  signer_release(&other);
  land_free(l);
}

static void a_refused_record_and_a_broken_submission_are_told_apart(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct place *p = &l->places[0];
  static struct receipt receipt;
  struct err err = ERR_INIT;
  struct bytes answer;
  start(l, 0);
  const struct signer editor = p->editor;
  p->editor = p->root; /* a key that nobody certified */
  expect_ok(submit_one(l, p, &receipt, &err), &err, "submit");
  assert_int_equal(receipt.rows[0].state, RECEIPT_REFUSED);
  p->editor = editor;
  bytes_init(&answer, LIMIT_SUBMIT_BYTES);
  struct ctl_client *c = client_of(p);
  assert_int_equal(ctl_submit(c, view_of_text("no msgpack"), &answer, &err), ERR_FORMAT);
  ctl_close(c);
  bytes_release(&answer);
  publish(l, 0);
  land_free(l);
}

static void a_store_that_is_locked_but_deaf_is_busy_after_the_time_is_up(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct err err = ERR_INIT;
  struct store *store = NULL;
  struct ctl_client *c = NULL;
  expect_ok(store_open(l->places[0].dir, STORE_WRITE, NULL, &store, &err), &err, "store");
  const uint64_t before = clock_ms(clock_system());
  assert_int_equal(ctl_connect(&l->places[0].home, 300, &c, &err), ERR_BUSY);
  assert_true(clock_ms(clock_system()) - before >= 300);
  store_close(store);
  assert_int_equal(ctl_connect(&l->places[0].home, 300, &c, &err), ERR_NOT_FOUND);
  land_free(l);
}

static void a_damaged_store_ends_serve_with_that_error(void **state) {
  (void)state;
  struct land *l = land_found(1, 0);
  struct err err = ERR_INIT;
  char path[HOME_PATH_MAX];
  expect_ok(home_path(&l->places[0].home, "store.db", path, &err), &err, "path");
  const int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  assert_true(fd >= 0);
  static const char RUBBISH[8192] = "this is no database at all";
  assert_int_equal(write(fd, RUBBISH, sizeof RUBBISH), (ssize_t)sizeof RUBBISH);
  close(fd);
  const struct serve_options options = {.home = l->places[0].dir};
  assert_int_equal(serve_run(&options, &err), ERR_CORRUPT);
  land_free(l);
}

static void a_port_that_is_taken_ends_serve_with_that_error(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct err err = ERR_INIT;
  start(l, 0);
  const struct serve_options options = {.home = l->places[1].dir, .listen = l->places[0].endpoint};
  assert_int_equal(serve_run(&options, &err), ERR_FAILED);
  assert_non_null(strstr(err.message, l->places[0].endpoint));
  land_free(l);
}

static void without_a_gate_it_takes_submissions_all_the_same(void **state) {
  (void)state;
  struct land *l = land_found(2, 0);
  struct place *p = &l->places[0];
  const struct serve_options options = {.home = p->dir, .no_gate = true};
  p->pid = fork();
  assert_true(p->pid >= 0);
  if (p->pid == 0) serve_here(&options);
  uint64_t until = 0;
  struct err err = ERR_INIT;
  struct ctl_client *c = NULL;
  while (ctl_connect(&p->home, WAIT_MS, &c, &err) != OK) {
    if (!time_is_left(&until)) fail_msg("ctl does not come up");
  }
  ctl_close(c);
  publish(l, 0);
  land_free(l);
}

int main(int argc, char **argv) {
  if (serve_is_child(argc, argv)) return serve_child(argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_nodes_hold_the_same_after_each_published),
      cmocka_unit_test(a_process_that_is_killed_comes_back_and_the_exchange_goes_on),
      cmocka_unit_test(a_second_serve_is_refused_and_the_first_goes_on),
      cmocka_unit_test(it_stops_in_order_and_leaves_nothing_behind),
      cmocka_unit_test(the_children_die_with_the_supervisor),
      cmocka_unit_test(no_key_is_in_argv_or_the_environment_of_a_child),
      cmocka_unit_test(one_round_without_serving_brings_what_is_new),
      cmocka_unit_test(one_round_with_nobody_there_says_who_was_silent),
      cmocka_unit_test(a_home_with_a_long_name_serves),
      cmocka_unit_test(orders_are_obeyed_or_refused_with_their_reason),
      cmocka_unit_test(a_refused_record_and_a_broken_submission_are_told_apart),
      cmocka_unit_test(a_store_that_is_locked_but_deaf_is_busy_after_the_time_is_up),
      cmocka_unit_test(a_damaged_store_ends_serve_with_that_error),
      cmocka_unit_test(a_port_that_is_taken_ends_serve_with_that_error),
      cmocka_unit_test(without_a_gate_it_takes_submissions_all_the_same),
  };
  struct err err = ERR_INIT;
  if (secret_start(&err) != OK) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
