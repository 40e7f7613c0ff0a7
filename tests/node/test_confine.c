/*
 * Each role in a process of its own, confined as a child of `serve` is: what it may still do, and what is refused. Skipped
 * where the kernel, or a sanitizer, does not let us.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/confine.h"

#define SKIPPED 77

static char dir[] = "/tmp/specola-confine-XXXXXX";

static void make(const char *name) {
  char path[256];
  (void)snprintf(path, sizeof path, "%s/%s", dir, name);
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, "text", 4), 4);
  close(fd);
}

static int make_folder(void **state) {
  static const char *const NAMES[] = {"store.db", "store.db-wal", "store.db-shm", "node.ini", "node.key", "ctl"};
  (void)state;
  if (mkdtemp(dir) == NULL) return -1;
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
    make(NAMES[i]);
  return 0;
}

static int remove_folder(void **state) {
  char command[64];
  (void)state;
  (void)snprintf(command, sizeof command, "rm -r %s", dir);
  return system(command);
}

/* ---- in the confined process: each answers with a sentence that is not so, or NULL ---- */

/* 0, or the errno of opening. */
static int opened(const char *name, int flags) {
  char path[256];
  (void)snprintf(path, sizeof path, name[0] == '/' ? "%.0s%s" : "%s/%s", dir, name);
  const int fd = open(path, flags | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

static bool is_refused(int result) {
  return result != -1 ? false : errno == EPERM || errno == EACCES;
}

static void *in_thread(void *context) {
  *(int *)context = opened("node.key", O_RDONLY);
  return NULL;
}

static const char *everybody(void) {
  static char program[] = "/bin/true";
  char *const argv[] = {program, NULL}, *const envp[] = {NULL};
  int seen = 0;
  pthread_t thread;
  if (!is_refused(execve(program, argv, envp))) return "a program is executed";
  if (!is_refused(socket(AF_UNIX, SOCK_STREAM, 0))) return "a Unix socket is made";
  if (!is_refused(socket(AF_PACKET, SOCK_RAW, 0))) return "a raw socket is made";
  if (!is_refused((int)fork())) return "a process is made";
  if (!is_refused(kill(getppid(), 0))) return "a signal is sent";
  if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) return "memory is executable";
  if (!is_refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))) return "it opens itself to debuggers";
  if (pthread_create(&thread, NULL, in_thread, &seen) != 0) return "a thread is refused";
  if (pthread_join(thread, NULL) != 0) return "a thread cannot be joined";
  const int event = eventfd(0, EFD_CLOEXEC);
  if (event < 0) return "an eventfd is refused";
  close(event);
  struct rlimit cores, more = {RLIM_INFINITY, RLIM_INFINITY};
  if (getrlimit(RLIMIT_CORE, &cores) != 0 || cores.rlim_max != 0) return "core dumps are possible";
  if (!is_refused(setrlimit(RLIMIT_AS, &more))) return "a limit is raised";
  return NULL;
}

static const char *as_gate(void) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) return "TCP is refused";
  close(fd);
  if (opened("/etc/hosts", O_RDONLY) == EACCES) return "the resolver's files are refused";
  if (opened("node.key", O_RDONLY) == 0) return "a key is read";
  if (opened("/etc/passwd", O_RDONLY) == 0) return "/etc/passwd is read";
  return opened("store.db", O_RDONLY) == 0 ? "the store is read" : NULL;
}

static const char *as_core(void) {
  if (!is_refused(socket(AF_INET, SOCK_STREAM, 0))) return "a socket is made";
  if (opened("store.db", O_RDWR) != 0) return "the store is refused";
  if (opened("store.db-journal", O_RDWR | O_CREAT) != 0) return "a new file in the home is refused";
  if (opened("/tmp/specola-confine-outside", O_RDWR | O_CREAT) == 0) return "a file outside of the home is made";
  return opened("/etc/hostname", O_WRONLY) == 0 ? "a file outside of the home is written" : NULL;
}

static const char *as_ctl(void) {
  char path[256];
  if (!is_refused(socket(AF_INET, SOCK_STREAM, 0))) return "a socket is made";
  if (opened("node.key", O_RDONLY) == 0) return "a key is read";
  if (opened("/etc/passwd", O_RDONLY) == 0) return "/etc/passwd is read";
  (void)snprintf(path, sizeof path, "%s/ctl", dir);
  return unlinkat(AT_FDCWD, path, 0) != 0 ? "its own socket cannot be removed" : NULL;
}

static const char *as_web(void) {
  if (!is_refused(socket(AF_INET, SOCK_STREAM, 0))) return "a socket is made";
  if (opened("/etc/passwd", O_RDONLY) == 0) return "/etc/passwd is read";
  if (opened("node.key", O_RDONLY) == 0) return "a key is read";
  return opened("store.db", O_RDONLY) == 0 ? "a file is opened after the start" : NULL;
}

/* What web may open while it starts: Landlock alone. */
static const char *as_web_at_start(void) {
  if (opened("store.db", O_RDONLY) != 0 || opened("store.db-wal", O_RDONLY) != 0) return "the store is refused";
  if (opened("store.db-shm", O_RDWR) != 0) return "the memory of readers is refused";
  if (opened("store.db", O_RDWR) == 0 || opened("store.db-wal", O_RDWR) == 0) return "the store is written";
  if (opened("node.key", O_RDONLY) == 0) return "a key is read";
  return opened("/etc/passwd", O_RDONLY) == 0 ? "/etc/passwd is read" : NULL;
}

/* ---- around it ---- */

/* The value of a line of /proc/PID/status. */
static long status_of(pid_t pid, const char *line) {
  char path[64], text[256];
  long value = -1;
  (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(text, sizeof text, file) != NULL) {
    if (strncmp(text, line, strlen(line)) == 0) value = strtol(text + strlen(line), NULL, 10);
  }
  (void)fclose(file);
  return value;
}

/* In the new process. Its exit status: 0, SKIPPED, or 1 with a sentence on stderr. */
static _Noreturn void be(enum child_role role, const char *(*ask)(void), bool calls, int told) {
  struct confine c;
  confine_limits(role);
  confine_files(&c, role, dir);
  if (calls) confine_calls(&c);
  if (c.lacks != NULL) _exit(SKIPPED);
  const char *wrong = calls ? everybody() : NULL;
  if (wrong == NULL) wrong = ask();
  if (wrong != NULL) {
    (void)fprintf(stderr, "%s: %s (%s)\n", child_name(role), wrong, strerror(errno));
    _exit(1);
  }
  char byte = 0;
  if (write(told, &byte, 1) != 1 || read(told, &byte, 1) != 1) _exit(1);
  _exit(0);
}

static void check(enum child_role role, const char *(*ask)(void), bool calls) {
  int ends[2], status = 0;
  char byte = 0;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    close(ends[0]);
    be(role, ask, calls, ends[1]);
  }
  close(ends[1]);
  if (read(ends[0], &byte, 1) == 1) {
    assert_int_equal(status_of(pid, "Seccomp:"), calls ? 2 : 0);
    assert_int_equal(status_of(pid, "NoNewPrivs:"), 1);
    assert_int_equal(write(ends[0], &byte, 1), 1);
  }
  close(ends[0]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == SKIPPED) {
    (void)fprintf(stderr, "skipped: nothing can be confined here (kernel, or a sanitizer)\n");
    skip();
  }
  assert_int_equal(WEXITSTATUS(status), 0);
}

static void gate_speaks_tcp_and_opens_no_file(void **state) {
  (void)state;
  check(CHILD_GATE, as_gate, true);
}

static void core_writes_in_its_home_alone_and_makes_no_socket(void **state) {
  (void)state;
  check(CHILD_CORE, as_core, true);
}

static void ctl_removes_its_socket_and_opens_no_file(void **state) {
  (void)state;
  check(CHILD_CTL, as_ctl, true);
}

static void web_opens_the_store_for_reading_and_no_key(void **state) {
  (void)state;
  check(CHILD_WEB, as_web_at_start, false);
}

static void web_opens_nothing_once_it_serves(void **state) {
  (void)state;
  check(CHILD_WEB, as_web, true);
}

/* As a client for addresses puts a new resolv.conf in the place of the old one. */
static void a_file_that_was_replaced_is_noticed(void **state) {
  int ends[2], status = 0;
  char byte = 0, aside[256], path[256];
  (void)state;
  (void)snprintf(path, sizeof path, "%s/node.ini", dir);
  (void)snprintf(aside, sizeof aside, "%s/aside", dir);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    struct confine c;
    close(ends[0]);
    confine_limits(CHILD_WEB);
    confine_files(&c, CHILD_WEB, dir);
    if (c.lacks != NULL) _exit(SKIPPED);
    if (confine_is_outdated(&c) || write(ends[1], &byte, 1) != 1 || read(ends[1], &byte, 1) != 1) _exit(1);
    _exit(confine_is_outdated(&c) ? 0 : 1);
  }
  close(ends[1]);
  make("aside");
  if (read(ends[0], &byte, 1) == 1) {
    assert_int_equal(rename(aside, path), 0);
    assert_int_equal(write(ends[0], &byte, 1), 1);
  }
  close(ends[0]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == SKIPPED) skip();
  assert_int_equal(WEXITSTATUS(status), 0);
}

/* As of a kernel that was built without it. */
static bool take_landlock_away(void) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  const int number = seccomp_syscall_resolve_name("landlock_create_ruleset");
  const bool done = filter != NULL && number >= 0 && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0) == 0 &&
                    seccomp_load(filter) == 0;
  seccomp_release(filter);
  return done;
}

static void a_kernel_without_landlock_is_told_and_filtered_all_the_same(void **state) {
  int said[2], status = 0;
  char text[1024];
  size_t len = 0;
  (void)state;
  assert_int_equal(pipe(said), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    struct confine c;
    (void)dup2(said[1], STDERR_FILENO);
    close(said[1]); /* the test reads until nobody has it */
    confine_limits(CHILD_CTL);
    const bool taken = take_landlock_away();
    confine_files(&c, CHILD_CTL, dir);
    confine_calls(&c);
    if (!taken || (c.landlock == 0 && c.calls == 0)) _exit(SKIPPED);
    _exit(c.landlock == 0 && is_refused(socket(AF_INET, SOCK_STREAM, 0)) ? 0 : 1);
  }
  close(said[1]);
  for (ssize_t n = 1; n > 0 && len<sizeof text - 1; len += n> 0 ? (size_t)n : 0)
    n = read(said[0], text + len, sizeof text - 1 - len);
  text[len] = '\0';
  close(said[0]);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  if (WEXITSTATUS(status) == SKIPPED) skip();
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_non_null(strstr(text, "warning confine: confined: no landlock, seccomp "));
  assert_non_null(strstr(text, "why=no landlock: Function not implemented\n"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gate_speaks_tcp_and_opens_no_file),
      cmocka_unit_test(core_writes_in_its_home_alone_and_makes_no_socket),
      cmocka_unit_test(ctl_removes_its_socket_and_opens_no_file),
      cmocka_unit_test(web_opens_the_store_for_reading_and_no_key),
      cmocka_unit_test(web_opens_nothing_once_it_serves),
      cmocka_unit_test(a_file_that_was_replaced_is_noticed),
      cmocka_unit_test(a_kernel_without_landlock_is_told_and_filtered_all_the_same),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
