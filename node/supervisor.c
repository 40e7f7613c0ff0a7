/*
 * supervisor: see supervisor.h. Core is started first, since it takes the store's lock; the others follow when it is ready.
 */
#include "node/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/clock.h"
#include "node/notifier.h"
#include "protocol/canon.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_LAST_MS 5000
#define STEADY_MS 10000 /* a child that ran so long begins anew with its backoff */
#define STOP_MS 10000   /* for an orderly end, which a slow disk makes long; then SIGKILL */
#define TRIES 5         /* of a child that dies without a word before it ever worked */
#define PORTS_RETRY_MS 1000
#define NEVER UINT64_MAX
#define EXIT_EXEC 127 /* a child could not be executed */

struct child {
  enum child_role role;
  pid_t pid;         /* 0: not running */
  struct pipe *pipe; /* NULL: not running, or silent */
  bool ever_ready;
  unsigned restarts, tries;
  uint64_t backoff_ms, started_ms;
  uint64_t start_ms; /* when to start it; NEVER: not wanted now */
  uint64_t kill_ms;  /* when to kill it; NEVER */
  struct err why;    /* its last word */
};

struct supervisor {
  const struct supervisor_config *config;
  struct child children[CHILD_ROLES];
  int signals;         /* signalfd */
  bool stopping, told; /* told: config->ready was called */
  uint64_t now_ms;
  uint64_t ports_ms;         /* when to write run/ports; NEVER: it says what is so */
  bool ports_late;           /* there was no room for it */
  struct notifier *notifier; /* NULL: nobody is told */
  struct err result;         /* what it ends with */
  struct bytes *report;
  char bound[CHILD_ROLES][LIMIT_ENDPOINT + 1]; /* of gate and web; kept over their restarts */
};

/* ---- starting ---- */

/* In the new process: only what is safe between fork and exec. */
static _Noreturn void become(const char *program, enum child_role role, int end, pid_t parent) {
  char word[] = CHILD_WORD, name[8] = {0}, path[HOME_PATH_MAX] = {0};
  memcpy(name, child_name(role), strlen(child_name(role)));
  memcpy(path, program, strnlen(program, sizeof path - 1));
  char *const argv[] = {path, word, name, NULL};
  const int null = open("/dev/null", O_RDONLY);
  if (end == CHILD_FD) {
    (void)fcntl(end, F_SETFD, 0);
  } else if (dup2(end, CHILD_FD) < 0) {
    _exit(EXIT_EXEC);
  }
  if (null >= 0 && null != CHILD_FD) (void)dup2(null, STDIN_FILENO);
  if (close_range(CHILD_FD + 1, ~0u, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(EXIT_EXEC);
  (void)execv(path, argv);
  _exit(EXIT_EXEC);
}

static enum err_code say_hello(struct supervisor *s, struct child *c, struct err *err) {
  struct child_hello hello = s->config->hello[c->role];
  struct secret *secret = s->config->secrets[c->role];
  if (s->bound[c->role][0] != '\0') hello.listen = s->bound[c->role];
  if (secret != NULL) hello.secret = view_of(secret_open(secret), secret_len(secret));
  const enum err_code code = child_hello_send(c->pipe, &hello, err);
  if (secret != NULL) secret_close(secret);
  return code;
}

/* Joins two children by a new pair of pipes, if both are there. */
static enum err_code join(struct supervisor *s, enum child_role other, struct err *err) {
  struct child *a = &s->children[CHILD_CORE], *b = &s->children[other];
  int ends[2];
  uint8_t name[16];
  struct bytes payload;
  if (a->pipe == NULL || b->pipe == NULL) return OK;
  enum err_code code = pipe_pair(ends, err);
  if (code != OK) return code;
  bytes_init(&payload, sizeof name);
  struct canon_writer w = canon_writer(&payload);
  canon_put_array(&w, 1);
  canon_put_text(&w, child_name(other));
  code = canon_written(&w, "peer", err);
  if (code == OK) {
    code = pipe_send_fd(a->pipe, PIPE_PEER, bytes_view(&payload), ends[0], err);
    if (code == OK) {
      code = pipe_send_fd(b->pipe, PIPE_PEER, view_of(NULL, 0), ends[1], err);
    } else {
      close(ends[1]);
    }
  } else {
    close(ends[0]);
    close(ends[1]);
  }
  bytes_release(&payload);
  return code;
}

/* Tells core who runs, for status. */
static void tell_processes(struct supervisor *s) {
  struct bytes payload;
  struct err err = ERR_INIT;
  uint32_t n = 0;
  if (s->children[CHILD_CORE].pipe == NULL) return;
  for (int i = 0; i < CHILD_ROLES; i++)
    n += s->children[i].pid != 0;
  bytes_init(&payload, 1024);
  struct canon_writer w = canon_writer(&payload);
  canon_put_array(&w, n);
  for (int i = 0; i < CHILD_ROLES; i++) {
    if (s->children[i].pid == 0) continue;
    canon_put_array(&w, 3);
    canon_put_text(&w, child_name((enum child_role)i));
    canon_put_uint(&w, (uint64_t)s->children[i].pid);
    canon_put_uint(&w, s->children[i].restarts);
  }
  enum err_code code = canon_written(&w, "processes", &err);
  if (code == OK) code = pipe_send(s->children[CHILD_CORE].pipe, PIPE_PROCESSES, bytes_view(&payload), &err);
  if (code != OK) log_line(LOG_WARNING, "serve", "core was not told", "why=%s", err.message);
  bytes_release(&payload);
}

/* Tells core how the operator's program fares. */
static void tell_notified(struct supervisor *s) {
  const struct notifier_counts counts = notifier_counts(s->notifier);
  struct bytes payload;
  struct err err = ERR_INIT;
  if (s->children[CHILD_CORE].pipe == NULL) return;
  bytes_init(&payload, 64);
  struct canon_writer w = canon_writer(&payload);
  canon_put_array(&w, 5);
  canon_put_uint(&w, counts.told);
  canon_put_uint(&w, counts.failed);
  canon_put_uint(&w, counts.late);
  canon_put_uint(&w, counts.dropped);
  canon_put_uint(&w, counts.waiting);
  enum err_code code = canon_written(&w, "notified", &err);
  if (code == OK) code = pipe_send(s->children[CHILD_CORE].pipe, PIPE_NOTIFIED, bytes_view(&payload), &err);
  if (code != OK) log_line(LOG_WARNING, "serve", "core was not told of the program", "why=%s", err.message);
  bytes_release(&payload);
}

/* An event of core's, for the operator's program. */
static void event_take(struct supervisor *s, struct view payload) {
  struct canon_reader r = canon_reader(payload);
  const struct view event = canon_str(&r, NOTIFIER_EVENT);
  if (s->notifier == NULL || s->stopping || canon_finish(&r, "event", NULL) != OK || event.len == 0) return;
  notifier_add(s->notifier, event);
}

static enum err_code child_start(struct supervisor *s, struct child *c, struct err *err) {
  int ends[2];
  enum err_code code = pipe_pair(ends, err);
  if (code != OK) return code;
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(s->config->program, c->role, ends[1], parent);
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return err_errno(err, ERR_FAILED, errno, "fork");
  }
  c->pid = pid;
  c->start_ms = c->kill_ms = NEVER;
  c->started_ms = s->now_ms;
  err_clear(&c->why);
  c->pipe = pipe_new(ends[0], CHILD_QUEUE);
  if (c->pipe == NULL) return err_set(err, ERR_MEMORY, NULL);
  code = say_hello(s, c, err);
  if (code == OK && c->role != CHILD_CORE) code = join(s, c->role, err);
  for (int i = 0; code == OK && c->role == CHILD_CORE && i < CHILD_ROLES; i++) {
    if (i != CHILD_CORE) code = join(s, (enum child_role)i, err);
  }
  tell_processes(s);
  return code;
}

/* ---- stopping ---- */

static void stop_begin(struct supervisor *s, const struct err *why) {
  struct err err = ERR_INIT;
  if (s->stopping) return;
  s->stopping = true;
  s->result = *why;
  for (int i = 0; i < CHILD_ROLES; i++) {
    struct child *c = &s->children[i];
    c->start_ms = NEVER;
    if (c->pid == 0) continue;
    c->kill_ms = s->now_ms + STOP_MS;
    if (c->pipe == NULL || pipe_send(c->pipe, PIPE_STOP, view_of(NULL, 0), &err) != OK) c->kill_ms = s->now_ms;
  }
}

static void pipe_close(struct supervisor *s, struct child *c) {
  pipe_free(c->pipe);
  c->pipe = NULL;
  if (c->pid != 0 && c->kill_ms == NEVER) c->kill_ms = s->now_ms + STOP_MS; /* without its pipe it has to end */
}

/* ---- what children say ---- */

/* Says once that all of them work. */
static void tell_ready(struct supervisor *s) {
  if (s->told || s->config->ready == NULL) return;
  for (int i = 0; i < CHILD_ROLES; i++) {
    if (s->config->wanted[i] && !s->children[i].ever_ready) return;
  }
  s->told = true;
  s->config->ready(s->config->context, s->bound[CHILD_GATE], s->bound[CHILD_WEB]);
}

/* Tried again until there is room for it; said once. */
static void ports_write(struct supervisor *s) {
  struct err err = ERR_INIT;
  char text[CHILD_ROLES * (LIMIT_ENDPOINT + 2)] = "";
  for (int i = 0, len = 0; i < CHILD_ROLES; i++) {
    if (s->bound[i][0] != '\0') len += snprintf(text + len, sizeof text - (size_t)len, "%s\n", s->bound[i]);
  }
  const enum err_code code = file_write(s->config->ports, view_of_text(text), false, &err);
  if (code != OK && !s->ports_late) log_line(LOG_ERROR, "serve", "run/ports was not written yet", "why=%s", err.message);
  s->ports_late = code != OK;
  s->ports_ms = code == OK ? NEVER : s->now_ms + PORTS_RETRY_MS;
}

static void bound_note(struct supervisor *s, struct child *c, struct view payload) {
  struct err err = ERR_INIT;
  struct canon_reader r = canon_reader(payload);
  canon_array_exact(&r, 1);
  const struct view endpoint = canon_str(&r, LIMIT_ENDPOINT);
  if (canon_finish(&r, "endpoint", &err) != OK || endpoint.len == 0) return;
  memcpy(s->bound[c->role], endpoint.p, endpoint.len);
  s->bound[c->role][endpoint.len] = '\0';
  c->ever_ready = true;
  c->tries = 0;
  if (s->config->ports != NULL) ports_write(s);
}

static void ready_note(struct supervisor *s, struct child *c) {
  c->ever_ready = true;
  c->tries = 0;
  if (c->role != CHILD_CORE) return;
  for (int i = 0; i < CHILD_ROLES; i++) {
    struct child *other = &s->children[i];
    if (!s->stopping && s->config->wanted[i] && other->pid == 0 && other->start_ms == NEVER) other->start_ms = s->now_ms;
  }
}

/* A child's last word: its own end, or (OK, from core) everybody's. */
static void end_note(struct supervisor *s, struct child *c, struct view payload) {
  struct child_end end = {.why = ERR_INIT};
  struct err err = ERR_INIT;
  if (child_end_read(payload, &end, &err) != OK) return;
  if (c->role == CHILD_CORE && (end.why.code == OK || end.report.len > 0)) {
    if (s->report != NULL && bytes_append(s->report, bytes_view(&end.report), &err) != OK) end.why = err;
    stop_begin(s, &end.why);
  } else {
    c->why = end.why;
  }
  bytes_release(&end.report);
}

static void child_read(struct supervisor *s, struct child *c) {
  struct err err = ERR_INIT;
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  if (c->pipe == NULL) return;
  enum err_code code = pipe_read(c->pipe, &err);
  while (pipe_next(c->pipe, &channel, &payload, &fd)) {
    if (fd >= 0) close(fd);
    if (channel == PIPE_READY) ready_note(s, c);
    if (channel == PIPE_BOUND && (c->role == CHILD_GATE || c->role == CHILD_WEB)) bound_note(s, c, payload);
    if (channel == PIPE_STOP) end_note(s, c, payload);
    if (channel == PIPE_EVENT && c->role == CHILD_CORE) event_take(s, payload);
  }
  tell_ready(s);
  if (code == OK && pipe_fault(c->pipe) == NULL) code = pipe_write(c->pipe, &err);
  pipe_wipe(c->pipe);
  if (code != OK || pipe_fault(c->pipe) != NULL) pipe_close(s, c);
}

/* ---- ends ---- */

/* Errors that another try meets again. */
static bool is_incurable(enum err_code code) {
  static const enum err_code CODES[] = {ERR_CORRUPT, ERR_VERSION, ERR_NOT_INITIALISED, ERR_PERMISSIONS, ERR_KEY, ERR_FORMAT};
  for (size_t i = 0; i < sizeof CODES / sizeof CODES[0]; i++) {
    if (CODES[i] == code) return true;
  }
  return false;
}

/* status: as waitpid tells it. A child that found no memory within its limit ends by SIGABRT. */
static void restart_plan(struct supervisor *s, struct child *c, int status) {
  char why[32] = "ended";
  if (WIFSIGNALED(status)) (void)snprintf(why, sizeof why, "signal %d", WTERMSIG(status));
  const bool steady = s->now_ms - c->started_ms >= STEADY_MS;
  c->backoff_ms = steady || c->backoff_ms == 0 ? BACKOFF_FIRST_MS : c->backoff_ms * 2;
  if (c->backoff_ms > BACKOFF_LAST_MS) c->backoff_ms = BACKOFF_LAST_MS;
  c->start_ms = s->now_ms + c->backoff_ms;
  c->restarts++;
  log_line(LOG_WARNING, "serve", "a process ended and is started again", "role=%s restarts=%u why=%s", child_name(c->role),
           c->restarts, c->why.code == OK ? why : c->why.message);
}

static void child_ended(struct supervisor *s, struct child *c, int status) {
  struct err why = ERR_INIT;
  child_read(s, c); /* its last words */
  pipe_free(c->pipe);
  c->pipe = NULL;
  c->pid = 0;
  c->kill_ms = NEVER;
  if (s->stopping) return;
  if (c->why.code != OK && (!c->ever_ready || is_incurable(c->why.code))) {
    stop_begin(s, &c->why);
  } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_EXEC) {
    err_set(&why, ERR_FAILED, "%s cannot be executed", s->config->program);
    stop_begin(s, &why);
  } else if (!c->ever_ready && ++c->tries >= TRIES) {
    err_set(&why, ERR_FAILED, "%s does not start", child_name(c->role));
    err_hint(&why, "look at the lines of its log on stderr");
    stop_begin(s, &why);
  } else {
    restart_plan(s, c, status);
  }
}

static void reap(struct supervisor *s) {
  for (int i = 0; i < CHILD_ROLES; i++) {
    struct child *c = &s->children[i];
    int status = 0;
    if (c->pid != 0 && waitpid(c->pid, &status, WNOHANG) == c->pid) child_ended(s, c, status);
  }
}

/* ---- the loop ---- */

static void signals_read(struct supervisor *s) {
  struct signalfd_siginfo info;
  const struct err clean = ERR_INIT;
  while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
    if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) stop_begin(s, &clean);
  }
}

/* Starts and kills what is due. Returns the ms until the next such time. */
static int due(struct supervisor *s) {
  struct err err = ERR_INIT;
  uint64_t next = s->now_ms + 60000;
  if (s->notifier != NULL) {
    const uint64_t when = notifier_step(s->notifier, s->now_ms);
    if (when < next) next = when;
  }
  if (s->ports_ms <= s->now_ms) ports_write(s);
  if (s->ports_ms < next) next = s->ports_ms;
  for (int i = 0; i < CHILD_ROLES; i++) {
    struct child *c = &s->children[i];
    if (c->pid == 0 && c->start_ms <= s->now_ms && child_start(s, c, &err) != OK) {
      log_line(LOG_ERROR, "serve", "a process was not started", "role=%s why=%s", child_name(c->role), err.message);
      if (c->pid == 0) {
        restart_plan(s, c, 0);
      } else {
        c->kill_ms = s->now_ms;
      }
    }
    if (c->pid != 0 && c->kill_ms <= s->now_ms) {
      log_line(LOG_WARNING, "serve", "a process that does not end is killed", "role=%s", child_name(c->role));
      (void)kill(c->pid, SIGKILL);
      c->kill_ms = NEVER;
    }
    const uint64_t when = c->pid == 0 ? c->start_ms : c->kill_ms;
    if (when < next) next = when;
  }
  return next <= s->now_ms ? 0 : (int)(next - s->now_ms);
}

static bool anybody_runs(const struct supervisor *s) {
  for (int i = 0; i < CHILD_ROLES; i++) {
    if (s->children[i].pid != 0) return true;
  }
  return false;
}

static void turn(struct supervisor *s) {
  struct pollfd fds[1 + CHILD_ROLES];
  nfds_t n = 0;
  s->now_ms = clock_ms(clock_system());
  const int wait_ms = due(s);
  fds[n++] = (struct pollfd){s->signals, POLLIN, 0};
  for (int i = 0; i < CHILD_ROLES; i++) {
    const struct pipe *p = s->children[i].pipe;
    if (p != NULL) fds[n++] = (struct pollfd){pipe_fd(p), (short)(POLLIN | (pipe_wants_write(p) ? POLLOUT : 0)), 0};
  }
  (void)poll(fds, n, wait_ms);
  s->now_ms = clock_ms(clock_system());
  signals_read(s);
  for (int i = 0; i < CHILD_ROLES; i++)
    child_read(s, &s->children[i]);
  reap(s);
  if (s->notifier != NULL && notifier_reap(s->notifier)) tell_notified(s);
}

/* Blocks the signals that the loop reads and makes sure that children can be waited for. */
static enum err_code signals_open(struct supervisor *s, sigset_t *before, struct err *err) {
  sigset_t mask;
  (void)sigemptyset(&mask);
  (void)sigaddset(&mask, SIGTERM);
  (void)sigaddset(&mask, SIGINT);
  (void)sigaddset(&mask, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &mask, before) != 0) return err_errno(err, ERR_FAILED, errno, "signals");
  (void)signal(SIGCHLD, SIG_DFL);
  s->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  if (s->signals >= 0) return OK;
  (void)sigprocmask(SIG_SETMASK, before, NULL);
  return err_errno(err, ERR_FAILED, errno, "signals");
}

enum err_code supervisor_run(const struct supervisor_config *config, struct bytes *report, struct err *err) {
  sigset_t before;
  struct supervisor *s = calloc(1, sizeof *s);
  if (s == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  s->config = config;
  s->report = report;
  s->ports_ms = NEVER;
  for (int i = 0; i < CHILD_ROLES; i++)
    s->children[i] = (struct child){.role = (enum child_role)i, .start_ms = NEVER, .kill_ms = NEVER};
  s->children[CHILD_CORE].start_ms = 0;
  enum err_code code =
      config->notify == NULL || config->notify[0] == '\0' ? OK : notifier_new(config->notify, &s->notifier, err);
  if (code == OK) code = signals_open(s, &before, err);
  if (code == OK) {
    do {
      turn(s);
    } while (!s->stopping || anybody_runs(s));
    close(s->signals);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (config->ports != NULL) (void)unlink(config->ports);
    if (s->result.code != OK && err != NULL) *err = s->result;
    code = s->result.code;
  }
  notifier_free(s->notifier);
  free(s);
  return code;
}
