/*
 * demo_node: homes, children and questions of the demo's three nodes (see demo_node.h).
 */
#include "cli/demo_node.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/ctl_client.h"

#define START_MS 10000 /* until a node must answer */
#define STOP_MS 5000   /* until a node must have stopped */
#define PORTS_MAX 4096 /* octets of run/ports */

static volatile sig_atomic_t caught;

static void catch_signal(int number) {
  (void)number;
  caught = 1;
}

void demo_catch_signals(void) {
  struct sigaction action = {.sa_handler = catch_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGHUP, &action, NULL);
}

bool demo_wait(unsigned ms) {
  if (caught == 0) {
    poll(NULL, 0, (int)ms);
  }
  return caught == 0;
}

enum err_code demo_node_init(struct demo_node *n, const struct cli *cli, const char *folder, struct err *err) {
  char own[HOME_PATH_MAX];
  struct home_config config = {.language = "en", .license = "CC0-1.0", .listen = "tcp://127.0.0.1:0"};
  memcpy(config.country, n->handle, 3);
  snprintf(config.name, sizeof config.name, "%s", n->name);
  enum err_code code = path_join(folder, n->handle, "", own, err);
  if (code == OK && mkdir(own, 0700) != 0) {
    code = err_errno(err, ERR_IO, errno, own);
  }
  if (code != OK || (code = path_join(own, "home", "", n->home, err)) != OK ||
      (code = path_join(own, "person", ".key", n->person, err)) != OK ||
      (code = path_join(own, n->handle, ".identity", n->request, err)) != OK) {
    return code;
  }
  n->cli = *cli;
  n->cli.home = n->home;
  n->cli.person = n->person;
  n->cli.no_input = true;
  n->cli.quiet = true;
  if ((code = roots_make(own, n->handle, 1, 1, NULL, &n->roots, err)) != OK ||
      (code = home_create(n->home, &config, NULL, &n->opened, err)) != OK ||
      (code = person_make(n->person, n->name, NULL, &n->coordinator, err)) != OK) {
    return code;
  }
  return request_make(&n->opened, NULL, &n->roots, n->request, NULL, err);
}

enum err_code demo_node_sign(struct demo_node *n, struct charter_file *charter, struct err *err) {
  char sheet[HOME_PATH_MAX];
  struct signer root = {0};
  uint32_t added = 0;
  int len = snprintf(sheet, sizeof sheet, "%.*s/%s-1.key", (int)(strlen(n->home) - strlen("/home")), n->home, n->handle);
  if (len < 0 || (size_t)len >= sizeof sheet) {
    return err_set(err, ERR_LIMIT, "%s: the path is too long", n->home);
  }
  enum err_code code = sheet_open(&n->cli, sheet, &root, err);
  if (code == OK) {
    code = charter_sign(&charter->charter, &root, 1, &added, err);
  }
  signer_release(&root);
  return code;
}

/* ---- the child ---- */

#define ARGUMENTS_MAX 16

/* In the child, between fork and exec: only what is safe there. */
static void become_serve(const char *program, char *const *arguments, int log, pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent || dup2(log, STDOUT_FILENO) < 0 ||
      dup2(log, STDERR_FILENO) < 0) {
    _exit(126);
  }
  int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) {
    dup2(nothing, STDIN_FILENO);
  }
  execv(program, arguments);
  _exit(127);
}

/* The word of run/ports that begins with scheme. */
static bool read_port(const struct demo_node *n, const char *scheme, char out[LIMIT_ENDPOINT + 1]) {
  char path[HOME_PATH_MAX];
  struct bytes text;
  bool found = false;
  bytes_init(&text, PORTS_MAX);
  if (home_path(&n->opened, "run/ports", path, NULL) == OK && file_read(path, &text, NULL) == OK) {
    const char *chars = bytes_text(&text), *start = chars == NULL ? NULL : strstr(chars, scheme);
    size_t len = start == NULL ? 0 : strcspn(start, " \r\n\t,\"");
    if (len > 0 && len <= LIMIT_ENDPOINT) {
      memcpy(out, start, len);
      out[len] = '\0';
      found = true;
    }
  }
  bytes_release(&text);
  return found;
}

/* The endpoint in run/ports, once it is written and run/ctl is there. */
static bool read_endpoint(struct demo_node *n) {
  char path[HOME_PATH_MAX];
  return home_path(&n->opened, "run/ctl", path, NULL) == OK && access(path, F_OK) == 0 && read_port(n, "tcp://", n->endpoint) &&
         address_endpoint_is_valid(n->endpoint);
}

bool demo_node_web(struct demo_node *n) {
  for (unsigned waited = 0; waited < START_MS; waited += 20) {
    if (read_port(n, "http://", n->web)) {
      return true;
    }
    if (!demo_wait(20)) {
      break;
    }
  }
  return false;
}

/* What the child said last, for the message. */
static enum err_code failed_start(struct demo_node *n, const char *log, struct err *err) {
  struct bytes text;
  bytes_init(&text, (size_t)64 * 1024);
  const char *chars = file_read(log, &text, NULL) == OK ? bytes_text(&text) : NULL;
  size_t len = chars == NULL ? 0 : strlen(chars), from = len > 300 ? len - 300 : 0;
  err_set(err, ERR_FAILED, "node %s did not start: %s", n->handle, chars == NULL ? "" : chars + from);
  bytes_release(&text);
  return ERR_FAILED;
}

enum err_code demo_node_serve(struct demo_node *n, const struct demo_node *earlier, size_t n_earlier, const char *program,
                              struct err *err) {
  char peers[4][LIMIT_ENDPOINT + 16], log_path[HOME_PATH_MAX + 16];
  char *arguments[ARGUMENTS_MAX] = {"specola", "--home", n->home, "serve"};
  size_t k = 4;
  for (size_t i = 0; i < n_earlier && i < 4; i++) {
    snprintf(peers[i], sizeof peers[i], "%s=%s", earlier[i].handle, earlier[i].endpoint);
    arguments[k++] = "--peer";
    arguments[k++] = peers[i];
  }
  snprintf(log_path, sizeof log_path, "%s.log", n->home);
  int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log < 0) {
    return err_errno(err, ERR_IO, errno, log_path);
  }
  fflush(stdout);
  pid_t parent = getpid();
  n->pid = fork();
  if (n->pid == 0) {
    become_serve(program, arguments, log, parent);
  }
  int failed = errno;
  close(log);
  if (n->pid < 0) {
    n->pid = 0;
    return err_errno(err, ERR_FAILED, failed, "fork");
  }
  for (unsigned waited = 0; waited < START_MS && demo_wait(20); waited += 20) {
    int status;
    if (waitpid(n->pid, &status, WNOHANG) == n->pid) {
      n->pid = 0;
      return failed_start(n, log_path, err);
    }
    json_t *answer = NULL;
    if (read_endpoint(n) && demo_node_status(n, &answer, NULL) == OK) {
      json_decref(answer);
      return OK;
    }
  }
  return failed_start(n, log_path, err);
}

enum err_code demo_node_status(struct demo_node *n, json_t **out, struct err *err) {
  struct ctl_client *ctl = NULL;
  json_t *answer = NULL;
  enum err_code code = ctl_connect(&n->opened, 1000, &ctl, err);
  if (code == OK) {
    code = ctl_get(ctl, "/status", &answer, err);
  }
  ctl_close(ctl);
  json_t *exchange = json_object_get(answer, "exchange");
  if (code == OK && json_is_object(exchange)) {
    json_object_update_missing(answer, exchange);
  }
  *out = code == OK ? answer : NULL;
  return code;
}

void demo_node_stop(struct demo_node *n) {
  if (n->pid <= 0) {
    return;
  }
  int status;
  kill(n->pid, SIGTERM);
  for (unsigned waited = 0; waited < STOP_MS; waited += 20) {
    if (waitpid(n->pid, &status, WNOHANG) == n->pid) {
      n->pid = 0;
      return;
    }
    poll(NULL, 0, 20);
  }
  kill(n->pid, SIGKILL);
  waitpid(n->pid, &status, 0);
  n->pid = 0;
}
