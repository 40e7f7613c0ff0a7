/*
 * serve: opens the home and its keys, makes run/, and lets the supervisor work. See serve.h.
 */
#include "node/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/confine.h"
#include "node/ctl_client.h"
#include "node/net/linkend.h"
#include "node/store/query_where.h"
#include "node/supervisor.h"

#define SELF "/proc/self/exe"
#define ENDING_LOOK_MS 20
#define ENDING_LOOKS 150u /* processes that were killed are gone by then */

/* What a run needs; the supervisor's configuration borrows from it. */
struct run {
  struct home home;
  struct secret *seed, *curve;
  uint8_t pub[CURVE_LEN];
  char dir[HOME_PATH_MAX], ports[HOME_PATH_MAX];
};

/* The node key as the 32 octets that travel to core. */
static enum err_code open_seed(struct run *r, struct secret *passphrase, struct err *err) {
  struct signer signer = {0};
  const enum err_code code = home_node_key(&r->home, passphrase, &signer, err);
  if (code != OK) return code;
  r->seed = secret_new(SEED_LEN);
  if (r->seed != NULL) {
    signer_seed(&signer, secret_open(r->seed));
    secret_close(r->seed);
  }
  signer_release(&signer);
  return r->seed == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
}

/* A node that serves here already answers, and is no command that ends soon: not waited for. One that was killed a moment ago
 * may still be listening: its processes end by themselves. */
static enum err_code refuse_second(const struct run *r, struct err *err) {
  struct ctl_client *other = NULL;
  for (unsigned looks = 0; ctl_connect(&r->home, 0, &other, NULL) == OK; looks++) {
    json_t *answer = NULL;
    const enum err_code code = ctl_get(other, "/status", &answer, NULL);
    json_decref(answer);
    ctl_close(other);
    if (code == OK || code == ERR_BUSY || code == ERR_UNREACHABLE || looks >= ENDING_LOOKS) {
      err_set(err, ERR_BUSY, "a node serves in %s already", r->home.dir);
      return err_hint(err, "specola status shows it; to stop it, end its process");
    }
    (void)poll(NULL, 0, ENDING_LOOK_MS);
  }
  return OK;
}

/* Removes what an earlier node that was killed left in run/, unless somebody writes here: it is in nobody's way. */
static enum err_code sweep(const struct run *r, struct err *err) {
  static const char *const LEFT[] = {"run/ports", "run/ctl"};
  char path[HOME_PATH_MAX];
  enum err_code code = home_path(&r->home, "store.lock", path, err);
  if (code != OK) return code;
  const int lock = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (lock < 0) return OK; /* nobody ever wrote here: core will say so */
  if (flock(lock, LOCK_EX | LOCK_NB) == 0) {
    for (size_t i = 0; code == OK && i < sizeof LEFT / sizeof LEFT[0]; i++) {
      code = home_path(&r->home, LEFT[i], path, err);
      if (code == OK) (void)unlink(path);
    }
  }
  close(lock);
  return code;
}

/* A new CURVE key takes its place when every other member says that it holds the identity which names it: until then whoever
 * knows the old one alone must find it served (docs/protocol.md 8). What goes wrong here leaves the old key where it is. */
static void take_curve(struct run *r) {
  struct store *store = NULL;
  struct federation federation = {.members = NULL};
  struct err err = ERR_INIT;
  uint8_t next[CURVE_LEN];
  bool known = false;
  if (!home_has_next_key(&r->home, KEYFILE_CURVE, next)) return;
  enum err_code code = store_open(r->home.dir, STORE_READ, NULL, &store, &err);
  if (code == OK) code = federation_load(store, &federation, &err);
  const struct federation_member *self = code == OK ? federation_self(&federation) : NULL;
  if (self != NULL && memcmp(self->identity.curve, next, sizeof next) == 0) {
    code = query_identity_known(store, &federation, &known, &err);
  }
  if (code == OK && known) code = home_take_key(&r->home, KEYFILE_CURVE, next, &err);
  if (code != OK) log_line(LOG_WARNING, "serve", "the CURVE key before is served", "why=%s", err.message);
  federation_release(&federation);
  store_close(store);
}

static enum err_code run_open(struct run *r, const struct serve_options *options, struct err *err) {
  confine_keys();
  enum err_code code = home_open(options->home, &r->home, err);
  if (code == OK) code = open_seed(r, options->passphrase, err);
  if (code == OK) take_curve(r);
  if (code == OK && !options->no_gate) code = home_curve_key(&r->home, options->passphrase, r->pub, &r->curve, err);
  if (code == OK) code = home_path(&r->home, "run", r->dir, err);
  if (code == OK) code = home_path(&r->home, "run/ports", r->ports, err);
  if (code == OK && mkdir(r->dir, 0700) != 0 && errno != EEXIST) code = err_errno(err, ERR_IO, errno, r->dir);
  if (code == OK) code = refuse_second(r, err);
  if (code == OK) code = sweep(r, err);
  return code;
}

static void run_release(struct run *r) {
  secret_free(r->seed);
  secret_free(r->curve);
}

static void configure(struct supervisor_config *out, const struct run *r, const struct serve_options *options, bool once) {
  const struct child_hello common = {.dir = r->home.dir,
                                     .listen = "",
                                     .peers = options->peers,
                                     .n_peers = options->n_peers,
                                     .no_gate = options->no_gate,
                                     .idle_now = options->idle_now,
                                     .verbose = options->verbose,
                                     .once = once};
  *out = (struct supervisor_config){.program = options->program == NULL ? SELF : options->program};
  for (int i = 0; i < CHILD_ROLES; i++)
    out->hello[i] = common;
  out->hello[CHILD_CTL].dir = r->dir;
  out->hello[CHILD_GATE].pub = view_of(r->pub, CURVE_LEN);
  out->hello[CHILD_COURIER].n_peers = 0;
  out->hello[CHILD_GATE].n_peers = out->hello[CHILD_CTL].n_peers = out->hello[CHILD_WEB].n_peers = 0;
  out->secrets[CHILD_CORE] = r->seed;
  out->secrets[CHILD_GATE] = r->curve;
  out->wanted[CHILD_CORE] = true;
  out->wanted[CHILD_GATE] = !options->no_gate;
  out->wanted[CHILD_CTL] = !once;
  out->wanted[CHILD_COURIER] = !once && !options->no_gate;
}

enum err_code serve_run(const struct serve_options *options, struct err *err) {
  struct supervisor_config config;
  struct run *r = calloc(1, sizeof *r);
  if (r == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  enum err_code code = run_open(r, options, err);
  if (code == OK) {
    configure(&config, r, options, false);
    config.ports = r->ports;
    config.notify = r->home.config.notify;
    config.ready = options->ready;
    config.context = options->context;
    const char *web = options->web != NULL ? options->web : r->home.config.web;
    config.wanted[CHILD_WEB] = strcmp(web, "off") != 0;
    config.hello[CHILD_WEB].listen = web;
    config.hello[CHILD_GATE].listen = options->listen != NULL ? options->listen : r->home.config.listen;
    code = supervisor_run(&config, NULL, err);
  }
  run_release(r);
  free(r);
  return code;
}

enum err_code serve_once(const struct serve_options *options, uint64_t timeout_ms, json_t **report, struct err *err) {
  struct supervisor_config config;
  struct bytes text;
  if (report != NULL) *report = NULL;
  struct run *r = calloc(1, sizeof *r);
  if (r == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  bytes_init(&text, LIMIT_PIPE);
  enum err_code code = run_open(r, options, err);
  if (code == OK) {
    configure(&config, r, options, true);
    config.hello[CHILD_CORE].timeout_ms = timeout_ms;
    code = supervisor_run(&config, &text, err);
  }
  if (report != NULL && text.len > 0) *report = json_loadb((const char *)text.p, text.len, 0, NULL);
  bytes_release(&text);
  run_release(r);
  free(r);
  return code;
}
