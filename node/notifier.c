/*
 * notifier: see notifier.h.
 */
#include "node/notifier.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/log.h"

#define EXIT_EXEC 127
#define PROGRAM_MAX 4096 /* octets of its path, and a NUL */

struct notifier {
  const char *program;
  struct bytes events[NOTIFIER_QUEUE]; /* a ring: n_events from first on */
  uint32_t first, n_events;
  pid_t pid; /* 0: none runs */
  uint64_t kill_ms;
  bool is_late; /* the one that runs was killed */
  struct notifier_counts counts;
};

enum err_code notifier_new(const char *program, struct notifier **out, struct err *err) {
  struct notifier *n = calloc(1, sizeof *n);
  if (n == NULL) return err_set(err, ERR_MEMORY, NULL);
  n->program = program;
  n->kill_ms = NOTIFIER_NEVER;
  for (uint32_t i = 0; i < NOTIFIER_QUEUE; i++)
    bytes_init(&n->events[i], NOTIFIER_EVENT);
  *out = n;
  return OK;
}

void notifier_free(struct notifier *n) {
  if (n == NULL) return;
  if (n->pid != 0) {
    (void)kill(-n->pid, SIGKILL);
    (void)waitpid(n->pid, NULL, 0);
  }
  for (uint32_t i = 0; i < NOTIFIER_QUEUE; i++)
    bytes_release(&n->events[i]);
  free(n);
}

void notifier_add(struct notifier *n, struct view event) {
  struct bytes *place = &n->events[(n->first + n->n_events) % NOTIFIER_QUEUE];
  if (n->n_events < NOTIFIER_QUEUE) {
    bytes_clear(place);
    if (bytes_append(place, event, NULL) == OK) {
      n->n_events++;
      return;
    }
  }
  if (n->counts.dropped++ == 0) log_line(LOG_WARNING, "notify", "events are dropped: the program is too slow for them", NULL);
}

/* ---- one run ---- */

/* In the new process: only what is safe between fork and exec. Its own session: what it starts is killed with it. */
static _Noreturn void become(const char *program, int input, pid_t parent) {
  char path[PROGRAM_MAX] = {0};
  memcpy(path, program, strnlen(program, sizeof path - 1));
  char *const argv[] = {path, NULL};
  sigset_t none;
  (void)sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, NULL);
  const int null = open("/dev/null", O_WRONLY);
  if (setsid() < 0 || dup2(input, STDIN_FILENO) < 0 || (null >= 0 && dup2(null, STDOUT_FILENO) < 0)) _exit(EXIT_EXEC);
  if (close_range(STDERR_FILENO + 1, ~0u, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
    _exit(EXIT_EXEC);
  }
  (void)execv(path, argv);
  _exit(EXIT_EXEC);
}

/* What it reads: all of it is there before it begins, so nobody waits for anybody. */
static int input_of(struct view event) {
  const int fd = memfd_create("event", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (write(fd, event.p, event.len) == (ssize_t)event.len && lseek(fd, 0, SEEK_SET) == 0) return fd;
  close(fd);
  return -1;
}

static void start(struct notifier *n, uint64_t now_ms) {
  struct bytes *event = &n->events[n->first];
  const pid_t parent = getpid();
  const int input = input_of(bytes_view(event));
  const pid_t pid = input < 0 ? -1 : fork();
  if (pid == 0) become(n->program, input, parent);
  if (input >= 0) close(input);
  n->first = (n->first + 1) % NOTIFIER_QUEUE;
  n->n_events--;
  bytes_clear(event);
  if (pid < 0) {
    n->counts.failed++;
    log_line(LOG_WARNING, "notify", "the program was not started", "program=%s why=%s", n->program, strerror(errno));
    return;
  }
  n->pid = pid;
  n->is_late = false;
  n->kill_ms = now_ms + NOTIFIER_MS;
}

uint64_t notifier_step(struct notifier *n, uint64_t now_ms) {
  if (n->pid != 0 && n->kill_ms <= now_ms) {
    n->is_late = true;
    n->kill_ms = NOTIFIER_NEVER;
    (void)kill(-n->pid, SIGKILL);
    (void)kill(n->pid, SIGKILL); /* if it has no session of its own yet */
  }
  while (n->pid == 0 && n->n_events > 0)
    start(n, now_ms);
  return n->pid == 0 ? NOTIFIER_NEVER : n->kill_ms;
}

bool notifier_reap(struct notifier *n) {
  siginfo_t ended = {.si_pid = 0};
  int status = 0;
  /* Its number is nobody else's until it was waited for: what it left behind goes before. */
  if (n->pid == 0 || waitid(P_PID, (id_t)n->pid, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 || ended.si_pid != n->pid)
    return false;
  (void)kill(-n->pid, SIGKILL);
  (void)waitpid(n->pid, &status, 0);
  n->pid = 0;
  n->kill_ms = NOTIFIER_NEVER;
  if (n->is_late) {
    n->counts.late++;
    log_line(LOG_WARNING, "notify", "the program took too long, and was ended", "program=%s seconds=%u", n->program,
             NOTIFIER_MS / 1000);
  } else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    n->counts.told++;
  } else {
    n->counts.failed++;
    log_line(LOG_WARNING, "notify",
             WIFEXITED(status) && WEXITSTATUS(status) == EXIT_EXEC ? "the program cannot be executed" : "the program failed",
             "program=%s status=%d", n->program, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  return true;
}

struct notifier_counts notifier_counts(const struct notifier *n) {
  struct notifier_counts counts = n->counts;
  counts.waiting = n->n_events;
  return counts;
}

bool notifier_is_busy(const struct notifier *n) {
  return n->pid != 0;
}
