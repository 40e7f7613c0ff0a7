/*
 * child: the life of a child process: confined (confine.h), bound to its parent, then its role until it is told to stop.
 */
#include "node/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/clock.h"
#include "node/confine.h"
#include "node/core.h"
#include "node/net/courier.h"
#include "node/net/ctl.h"
#include "node/net/fetch.h"
#include "node/net/gate.h"
#include "node/store/store.h"
#include "node/web/web.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

#define HELLO_MS 10000   /* the supervisor speaks at once */
#define FAREWELL_MS 1000 /* to say why it ends */
#define CORE_NICE 8      /* readers come first: what core does can wait a little, people do not */
#define PATH_MAX_HELLO HOME_PATH_MAX

static const char *const NAMES[CHILD_ROLES] = {
    [CHILD_CORE] = "core", [CHILD_GATE] = "gate", [CHILD_CTL] = "ctl", [CHILD_WEB] = "web", [CHILD_COURIER] = "courier"};

const char *child_name(enum child_role role) {
  return NAMES[role];
}

/* CHILD_ROLES: no such role. */
static enum child_role role_of(const char *name) {
  for (int i = 0; i < CHILD_ROLES; i++) {
    if (strcmp(name, NAMES[i]) == 0) return (enum child_role)i;
  }
  return CHILD_ROLES;
}

/* ---- the messages ---- */

enum err_code child_hello_send(struct pipe *p, const struct child_hello *hello, struct err *err) {
  struct bytes b;
  bytes_init(&b, LIMIT_PIPE);
  /* Its whole size at once: growing would leave copies of a secret behind. */
  enum err_code code = bytes_reserve(&b, LIMIT_PIPE / 4, err);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 10);
  canon_put_text(&w, hello->dir);
  canon_put_bin(&w, hello->secret);
  canon_put_bin(&w, hello->pub);
  canon_put_text(&w, hello->listen);
  canon_put_array(&w, hello->n_peers);
  for (uint32_t i = 0; i < hello->n_peers; i++)
    canon_put_text(&w, hello->peers[i]);
  canon_put_bool(&w, hello->no_gate);
  canon_put_bool(&w, hello->idle_now);
  canon_put_bool(&w, hello->once);
  canon_put_bool(&w, hello->verbose);
  canon_put_uint(&w, hello->timeout_ms);
  if (code == OK) code = canon_written(&w, "hello", err);
  if (code == OK) code = pipe_send(p, PIPE_HELLO, bytes_view(&b), err);
  if (b.p != NULL) explicit_bzero(b.p, b.capacity);
  bytes_release(&b);
  return code;
}

/* A hello as received; owns its strings. */
struct received_hello {
  struct child_hello hello;
  char dir[PATH_MAX_HELLO], listen[LIMIT_ENDPOINT + 1];
  char texts[LIMIT_PINNED][LIMIT_ENDPOINT + 16];
  const char *peers[LIMIT_PINNED];
  struct secret *secret;
  uint8_t pub[CURVE_LEN];
};

static void text_read(struct canon_reader *r, char *out, size_t size) {
  const struct view text = canon_str(r, size - 1);
  if (text.len > 0) memcpy(out, text.p, text.len);
  out[text.len] = '\0';
}

static enum err_code greeting_read(struct view payload, struct received_hello *out, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  canon_array_exact(&r, 10);
  text_read(&r, out->dir, sizeof out->dir);
  const struct view secret = canon_bin(&r, CURVE_LEN);
  const struct view pub = canon_bin(&r, CURVE_LEN);
  text_read(&r, out->listen, sizeof out->listen);
  const uint32_t n = canon_array(&r, LIMIT_PINNED);
  for (uint32_t i = 0; i < n; i++) {
    text_read(&r, out->texts[i], sizeof out->texts[i]);
    out->peers[i] = out->texts[i];
  }
  out->hello = (struct child_hello){.dir = out->dir, .listen = out->listen, .peers = out->peers, .n_peers = n};
  out->hello.no_gate = canon_bool(&r);
  out->hello.idle_now = canon_bool(&r);
  out->hello.once = canon_bool(&r);
  out->hello.verbose = canon_bool(&r);
  out->hello.timeout_ms = canon_uint(&r);
  const enum err_code code = canon_finish(&r, "hello", err);
  if (code != OK) return code;
  if (pub.len == CURVE_LEN) memcpy(out->pub, pub.p, CURVE_LEN);
  if (secret.len == 0) return OK;
  out->secret = secret_copy(secret);
  return out->secret == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
}

enum err_code child_end_read(struct view payload, struct child_end *out, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  canon_array_exact(&r, 4);
  const uint64_t number = canon_uint_max(&r, ERR_VERSION);
  const struct view message = canon_str(&r, ERR_MESSAGE_MAX), hint = canon_str(&r, ERR_HINT_MAX);
  const struct view report = canon_str(&r, LIMIT_PIPE);
  enum err_code code = canon_finish(&r, "a child's last word", err);
  if (code != OK) return code;
  err_clear(&out->why);
  if (number != OK) {
    err_set(&out->why, (enum err_code)number, "%.*s", (int)message.len, (const char *)message.p);
    if (hint.len > 0) err_hint(&out->why, "%.*s", (int)hint.len, (const char *)hint.p);
  }
  bytes_init(&out->report, LIMIT_PIPE);
  return bytes_append(&out->report, report, err);
}

/* ---- the process ---- */

/* No signals but through the supervisor. */
static void ignore_signals(void) {
  static const int SIGNALS[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
  sigset_t none;
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  for (size_t i = 0; i < sizeof SIGNALS / sizeof SIGNALS[0]; i++)
    (void)signal(SIGNALS[i], SIG_IGN);
}

/* Waits for the first message. */
static enum err_code hello_wait(struct pipe *p, struct received_hello *out, struct err *err) {
  const uint64_t until = clock_ms(clock_system()) + HELLO_MS;
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  while (clock_ms(clock_system()) < until) {
    struct pollfd waiting = {pipe_fd(p), POLLIN, 0};
    (void)poll(&waiting, 1, HELLO_MS);
    const enum err_code read = pipe_read(p, err);
    if (pipe_next(p, &channel, &payload, &fd)) {
      if (fd >= 0) close(fd);
      if (channel != PIPE_HELLO) return err_set(err, ERR_FORMAT, "the first message is no hello");
      const enum err_code code = greeting_read(payload, out, err);
      pipe_wipe(p);
      return code;
    }
    if (pipe_fault(p) != NULL) return err_set(err, ERR_FORMAT, "%s", pipe_fault(p));
    if (read != OK) return read;
  }
  return err_set(err, ERR_UNREACHABLE, "the supervisor says nothing");
}

static enum err_code run_core(struct pipe *p, struct received_hello *r, struct err *err) {
  struct signer node_key = {0};
  if (r->secret == NULL || secret_len(r->secret) != SEED_LEN) return err_set(err, ERR_FORMAT, "no node key came");
  enum err_code code = signer_from_seed(secret_open(r->secret), &node_key, err);
  secret_close(r->secret);
  secret_free(r->secret);
  r->secret = NULL;
  if (code != OK) return code;
  const struct core_config config = {.dir = r->hello.dir,
                                     .node_key = &node_key,
                                     .supervisor = p,
                                     .peers = r->hello.peers,
                                     .n_peers = r->hello.n_peers,
                                     .no_gate = r->hello.no_gate,
                                     .idle_now = r->hello.idle_now,
                                     .once = r->hello.once,
                                     .timeout_ms = r->hello.timeout_ms};
  struct confine confine;
  confine_files(&confine, CHILD_CORE, r->dir);
  confine_calls(&confine);
  code = core_run(&config, err);
  signer_release(&node_key);
  return code;
}

static bool gate_is_outdated(void *context) {
  return confine_is_outdated(context);
}

static void settle(void *context) {
  confine_calls(context);
}

static enum err_code run_gate(struct pipe *p, struct received_hello *r, struct err *err) {
  struct gate_config config = {.listen = r->listen[0] == '\0' ? NULL : r->listen, .supervisor = p};
  struct confine confine;
  if (r->secret == NULL || secret_len(r->secret) != CURVE_LEN) return err_set(err, ERR_FORMAT, "no CURVE key came");
  config.key.secret = r->secret;
  memcpy(config.key.pub, r->pub, CURVE_LEN);
  config.is_outdated = gate_is_outdated;
  config.context = &confine;
  confine_files(&confine, CHILD_GATE, r->dir);
  confine_calls(&confine);
  return gate_run(&config, err);
}

static enum err_code run_ctl(struct pipe *p, struct received_hello *r, struct err *err) {
  struct confine confine;
  const struct ctl_config config = {.dir = r->hello.dir, .supervisor = p, .settled = settle, .context = &confine};
  confine_files(&confine, CHILD_CTL, r->dir);
  return ctl_run(&config, err);
}

static enum err_code run_web(struct pipe *p, struct received_hello *r, struct err *err) {
  struct confine confine;
  struct store *s = NULL;
  const struct web_config config = {
      .dir = r->hello.dir, .listen = r->listen, .supervisor = p, .settled = settle, .context = &confine};
  /* Whoever opens a store makes the companions of its file, if they are not there: only what is there can be allowed. */
  const enum err_code code = store_open(r->dir, STORE_READ, NULL, &s, err);
  if (code != OK) return code;
  confine_files(&confine, CHILD_WEB, r->dir);
  store_close(s);
  return web_run(&config, err);
}

static enum err_code run_courier(struct pipe *p, struct received_hello *r, struct err *err) {
  struct confine confine;
  enum err_code code = fetch_warm_up(err); /* opens files of its own that it could not open later */
  if (code != OK) return code;
  confine_files(&confine, CHILD_COURIER, r->dir);
  confine_calls(&confine);
  return courier_run(p, err);
}

/* Tells the supervisor why, as long as it listens. */
static void farewell(struct pipe *p, const struct err *why) {
  struct bytes b;
  struct err err = ERR_INIT;
  bytes_init(&b, 4096);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 4);
  canon_put_uint(&w, (uint64_t)why->code);
  canon_put_text(&w, why->message);
  canon_put_text(&w, why->hint);
  canon_put_text(&w, "");
  enum err_code code = canon_written(&w, "farewell", &err);
  if (code == OK) code = pipe_send(p, PIPE_STOP, bytes_view(&b), &err);
  const uint64_t until = clock_ms(clock_system()) + FAREWELL_MS;
  while (code == OK && pipe_wants_write(p) && clock_ms(clock_system()) < until) {
    struct pollfd waiting = {pipe_fd(p), POLLOUT, 0};
    (void)poll(&waiting, 1, FAREWELL_MS);
    code = pipe_write(p, &err);
  }
  bytes_release(&b);
}

/* Lowers this process, and all of its threads to come, below whatever answers people. Where the kernel shares processors out by
 * session first (autogroup), nice counts only within one: there a session of its own is as nice. */
static void give_way(void) {
  (void)setpriority(PRIO_PROCESS, 0, CORE_NICE);
  if (setsid() < 0) return;
  const int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  (void)dprintf(fd, "%d", CORE_NICE);
  close(fd);
}

bool serve_is_child(int argc, char **argv) {
  return argc == 3 && strcmp(argv[1], CHILD_WORD) == 0 && role_of(argv[2]) != CHILD_ROLES;
}

int serve_child(int argc, char **argv) {
  typedef enum err_code run_role(struct pipe * p, struct received_hello * hello, struct err * err);
  static run_role *const RUN[CHILD_ROLES] = {[CHILD_CORE] = run_core,
                                             [CHILD_GATE] = run_gate,
                                             [CHILD_CTL] = run_ctl,
                                             [CHILD_WEB] = run_web,
                                             [CHILD_COURIER] = run_courier};
  struct err err = ERR_INIT;
  const enum child_role role = serve_is_child(argc, argv) ? role_of(argv[2]) : CHILD_ROLES;
  if (role >= CHILD_ROLES) return err_exit_status(ERR_USAGE);
  log_set_process(NAMES[role]);
  ignore_signals();
  confine_limits(role);
  if (role == CHILD_CORE) give_way();
  struct pipe *p = pipe_new(CHILD_FD, CHILD_QUEUE);
  struct received_hello *hello = calloc(1, sizeof *hello);
  if (p == NULL || hello == NULL) {
    free(hello);
    pipe_free(p);
    return err_exit_status(ERR_MEMORY);
  }
  enum err_code code = secret_start(&err);
  if (code == OK) code = hello_wait(p, hello, &err);
  if (code == OK) {
    log_set_level(hello->hello.verbose ? LOG_INFO : LOG_WARNING);
    code = RUN[role](p, hello, &err);
  }
  if (code == ERR_UNREACHABLE) log_line(LOG_INFO, NAMES[role], "the supervisor is gone", NULL);
  if (code != OK) farewell(p, &err);
  secret_free(hello->secret);
  free(hello);
  pipe_free(p);
  return err_exit_status(code);
}
