/*
 * confine: see confine.h. Landlock has no wrappers in the C library: its three calls are made by number, with the structures of
 * its documentation (Documentation/userspace-api/landlock.rst), which grow at their end. Calls that a role lacks fail with
 * EPERM, as does every file that it may not open (EACCES): what is refused is an error like any other, and no death without a
 * word.
 */
#include "node/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <malloc.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "keys/log.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- limits ---- */

#define MIB ((rlim_t)1024 * 1024)
#define FILES_MIN ((rlim_t)4096)         /* descriptors, if the system lets us: links, monitors, strangers */
#define WEB_ARENAS 5                     /* malloc's: its threads do not wait for each other, and share what is free */
#define WEB_SPARE (4 * 1024 * 1024)      /* octets that web keeps when they are free: it needs them for the next page */
#define SMALL_STACK ((size_t)256 * 1024) /* of each thread where memory is capped: they count into it */

/* Address space of those that strangers talk to; what they hold is far less. 0: as the system has it. */
static const rlim_t MEMORY[CHILD_ROLES] = {[CHILD_GATE] = 256 * MIB, [CHILD_WEB] = 768 * MIB, [CHILD_COURIER] = 256 * MIB};

static void limit(int what, rlim_t value, bool for_good) {
  struct rlimit now;
  if (getrlimit((__rlimit_resource_t)what, &now) != 0) return;
  if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max) value = now.rlim_max;
  now.rlim_cur = value;
  if (for_good) now.rlim_max = value;
  if (setrlimit((__rlimit_resource_t)what, &now) != 0)
    log_line(LOG_WARNING, "confine", "a limit was not set", "which=%d", what);
}

void confine_keys(void) {
  limit(RLIMIT_CORE, 0, true);
  (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!SANITIZED) (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void confine_limits(enum child_role role) {
  pthread_attr_t stack;
  tzset(); /* its file cannot be opened later */
  confine_keys();
  limit(RLIMIT_NOFILE, FILES_MIN, false);
  if (SANITIZED || MEMORY[role] == 0) return;
  (void)mallopt(M_ARENA_MAX, role == CHILD_WEB ? WEB_ARENAS : 1);
  if (role == CHILD_WEB) (void)mallopt(M_TRIM_THRESHOLD, WEB_SPARE);
  if (role == CHILD_WEB) (void)mallopt(M_MMAP_THRESHOLD, WEB_SPARE / 4);
  if (pthread_attr_init(&stack) == 0) {
    if (pthread_attr_setstacksize(&stack, SMALL_STACK) == 0) (void)pthread_setattr_default_np(&stack);
    (void)pthread_attr_destroy(&stack);
  }
  limit(RLIMIT_AS, MEMORY[role], true);
}

/* ---- files: Landlock ---- */

#define FS_EXECUTE (UINT64_C(1) << 0)
#define FS_WRITE (UINT64_C(1) << 1)
#define FS_READ (UINT64_C(1) << 2)
#define FS_LIST (UINT64_C(1) << 3)
#define FS_REMOVE (UINT64_C(1) << 5)
#define FS_MAKE (UINT64_C(1) << 8) /* of plain files */
#define FS_SOCKET (UINT64_C(1) << 9)
#define FS_TRUNCATE (UINT64_C(1) << 14)
#define FS_OF_FILES (FS_EXECUTE | FS_WRITE | FS_READ | FS_TRUNCATE)
#define NET_BIND (UINT64_C(1) << 0)
#define NET_CONNECT (UINT64_C(1) << 1)
#define RULE_PATH 1
#define VERSION_ASKED 1u

/* What each ABI can refuse, that of the ones before included. */
static const struct {
  uint64_t fs, net, scoped;
} ABIS[] = {
    {0, 0, 0},      {0x1fff, 0, 0}, {0x3fff, 0, 0}, {0x7fff, 0, 0}, {0x7fff, 3, 0}, /* 4: TCP */
    {0xffff, 3, 0},                                                                 /* 5: ioctl of devices */
    {0xffff, 3, 3},                                                                 /* 6: abstract sockets, signals */
};
#define N_ABIS ((int)(sizeof ABIS / sizeof *ABIS))

struct ruleset {
  uint64_t fs, net, scoped;
};
struct path_rule {
  uint64_t allowed;
  int32_t fd;
} __attribute__((packed));

/* What may be done beneath a path, or with that file. A path that does not begin with / is beneath the child's folder. */
struct place {
  const char *path;
  uint64_t may;
};
static const struct place GATE_PLACES[] = {
    {"/etc/hosts", FS_READ},
    {"/etc/resolv.conf", FS_READ},
    {"/etc/nsswitch.conf", FS_READ},
    {"/etc/host.conf", FS_READ},
    {"/etc/gai.conf", FS_READ},
    {"/etc/protocols", FS_READ},
    {NULL, 0},
};
/* The gate's, and whom to trust behind https. */
static const struct place COURIER_PLACES[] = {
    {"/etc/hosts", FS_READ},
    {"/etc/resolv.conf", FS_READ},
    {"/etc/nsswitch.conf", FS_READ},
    {"/etc/host.conf", FS_READ},
    {"/etc/gai.conf", FS_READ},
    {"/etc/ssl", FS_READ | FS_LIST},
    {"/usr/share/ca-certificates", FS_READ | FS_LIST},
    {"/dev/urandom", FS_READ},
    {NULL, 0},
};
static const struct place CORE_PLACES[] = {
    {"/", FS_READ | FS_LIST},
    {".", FS_READ | FS_LIST | FS_WRITE | FS_TRUNCATE | FS_MAKE | FS_REMOVE},
    {NULL, 0},
};
static const struct place CTL_PLACES[] = {{".", FS_REMOVE | FS_SOCKET}, {NULL, 0}};
/* A reader of a WAL marks in the shared memory what it reads, and writes nothing else. */
static const struct place WEB_PLACES[] = {
    {"store.db", FS_READ},
    {"store.db-wal", FS_READ},
    {"store.db-shm", FS_READ | FS_WRITE | FS_TRUNCATE},
    {"node.ini", FS_READ},
    {HOME_SYSTEM_CONFIG "/node.ini", FS_READ},
    {"schema", FS_READ | FS_LIST},
    {"/dev/urandom", FS_READ},
    {NULL, 0},
};
static const struct {
  const struct place *places;
  uint64_t net; /* TCP that is refused; the gate's is its work, web binds after this step */
} FILES[CHILD_ROLES] = {
    [CHILD_GATE] = {GATE_PLACES, 0},
    [CHILD_CORE] = {CORE_PLACES, NET_BIND | NET_CONNECT},
    [CHILD_CTL] = {CTL_PLACES, NET_BIND | NET_CONNECT},
    [CHILD_WEB] = {WEB_PLACES, NET_CONNECT},
    [CHILD_COURIER] = {COURIER_PLACES, NET_BIND},
};

static void fail(struct confine *c, const char *what, int why) {
  c->lacks = what;
  c->failed = why;
}

/* A place that is not there cannot be allowed: nothing to say. False: errno. */
static bool allow(struct confine *c, int ruleset, const struct place *place, const char *dir, uint64_t handled) {
  struct stat st;
  struct confine_place *kept = &c->places[c->n_places];
  const int n = place->path[0] == '/' ? snprintf(kept->path, sizeof kept->path, "%s", place->path)
                                      : snprintf(kept->path, sizeof kept->path, "%s/%s", dir, place->path);
  errno = ENAMETOOLONG;
  if (n < 0 || (size_t)n >= sizeof kept->path || c->n_places == CONFINE_PLACES) return false;
  c->n_places++;
  kept->ino = 0;
  struct path_rule rule = {.allowed = place->may & handled, .fd = open(kept->path, O_PATH | O_CLOEXEC)};
  if (rule.fd < 0) return errno == ENOENT || errno == EACCES;
  bool done = fstat(rule.fd, &st) == 0;
  if (done && !S_ISDIR(st.st_mode)) {
    rule.allowed &= FS_OF_FILES;
    kept->dev = st.st_dev;
    kept->ino = st.st_ino;
  }
  if (done) done = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &rule, 0) == 0;
  const int failed = errno;
  close(rule.fd);
  errno = failed;
  return done;
}

void confine_files(struct confine *c, enum child_role role, const char *dir) {
  *c = (struct confine){.role = role};
  if (SANITIZED) {
    fail(c, "this program is built with a sanitizer", 0);
    return;
  }
  const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_ASKED);
  if (abi < 1) {
    fail(c, "no landlock", errno);
    return;
  }
  const int known = abi < N_ABIS ? (int)abi : N_ABIS - 1;
  const struct ruleset wanted = {ABIS[known].fs, ABIS[known].net & FILES[role].net, ABIS[known].scoped};
  const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted, sizeof wanted, 0);
  bool done = ruleset >= 0;
  for (const struct place *p = FILES[role].places; done && p->path != NULL; p++)
    done = allow(c, ruleset, p, dir, wanted.fs);
  if (done) done = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
  if (!done) fail(c, "landlock failed", errno);
  if (done) c->landlock = (int)abi;
  if (ruleset >= 0) close(ruleset);
}

bool confine_is_outdated(const struct confine *c) {
  for (size_t i = 0; c->landlock > 0 && i < c->n_places; i++) {
    const struct confine_place *p = &c->places[i];
    struct stat st;
    const bool there = stat(p->path, &st) == 0;
    if (there && S_ISDIR(st.st_mode)) continue;
    if (there != (p->ino != 0) || (there && (st.st_ino != p->ino || st.st_dev != p->dev))) return true;
  }
  return false;
}

/* ---- calls: seccomp ---- */

#define ALL UINT64_MAX /* a mask: the argument is exactly this */

/* A call, or one whose argument number arg is value under mask (mask 0: whatever it is). A row more is another way in. */
struct call {
  const char *name;
  unsigned arg;
  uint64_t mask, value;
};

/* What everybody needs: memory that is not executed, threads, clocks, waiting, descriptors that are open already. */
static const struct call EVERYBODY[] = {
    {"read", 0, 0, 0},
    {"readv", 0, 0, 0},
    {"pread64", 0, 0, 0},
    {"write", 0, 0, 0},
    {"writev", 0, 0, 0},
    {"close", 0, 0, 0},
    {"fstat", 0, 0, 0},
    {"newfstatat", 0, 0, 0},
    {"statx", 0, 0, 0},
    {"lseek", 0, 0, 0},
    {"fcntl", 1, ALL, F_GETFD},
    {"fcntl", 1, ALL, F_SETFD},
    {"fcntl", 1, ALL, F_GETFL},
    {"fcntl", 1, ALL, F_SETFL},
    {"fcntl", 1, ALL, F_SETLK},
    {"fcntl", 1, ALL, F_GETLK},
    {"fcntl", 1, ALL, F_DUPFD_CLOEXEC},
    {"ioctl", 1, ALL, FIONREAD},
    {"ioctl", 1, ALL, FIONBIO},
    {"mmap", 2, PROT_EXEC, 0},
    {"mprotect", 2, PROT_EXEC, 0},
    {"mremap", 0, 0, 0},
    {"munmap", 0, 0, 0},
    {"madvise", 0, 0, 0},
    {"brk", 0, 0, 0},
    {"mlock", 0, 0, 0},
    {"munlock", 0, 0, 0},
    {"clone", 0, CLONE_THREAD, CLONE_THREAD},
    {"set_robust_list", 0, 0, 0},
    {"rseq", 0, 0, 0},
    {"futex", 0, 0, 0},
    {"membarrier", 0, 0, 0},
    {"sched_yield", 0, 0, 0},
    {"sched_getaffinity", 0, 0, 0},
    {"setpriority", 0, 0, 0},
    {"prctl", 0, ALL, PR_SET_NAME},
    {"rt_sigaction", 0, 0, 0},
    {"rt_sigprocmask", 0, 0, 0},
    {"rt_sigreturn", 0, 0, 0},
    {"sigaltstack", 0, 0, 0},
    {"restart_syscall", 0, 0, 0},
    {"exit", 0, 0, 0},
    {"exit_group", 0, 0, 0},
    {"getpid", 0, 0, 0},
    {"gettid", 0, 0, 0},
    {"getuid", 0, 0, 0},
    {"geteuid", 0, 0, 0},
    {"getgid", 0, 0, 0},
    {"getegid", 0, 0, 0},
    {"getrandom", 0, 0, 0},
    {"getrusage", 0, 0, 0},
    {"sysinfo", 0, 0, 0},
    {"uname", 0, 0, 0},
    {"prlimit64", 2, ALL, 0}, /* asks, does not set */
    {"clock_gettime", 0, 0, 0},
    {"clock_getres", 0, 0, 0},
    {"clock_nanosleep", 0, 0, 0},
    {"gettimeofday", 0, 0, 0},
    {"time", 0, 0, 0},
    {"nanosleep", 0, 0, 0},
    {"poll", 0, 0, 0},
    {"ppoll", 0, 0, 0},
    {"epoll_create1", 0, 0, 0},
    {"epoll_ctl", 0, 0, 0},
    {"epoll_wait", 0, 0, 0},
    {"epoll_pwait", 0, 0, 0},
    {"epoll_pwait2", 0, 0, 0},
    {"eventfd2", 0, 0, 0},
    {"recvmsg", 0, 0, 0},
    {"sendmsg", 0, 0, 0},
    {"recvfrom", 0, 0, 0},
    {"sendto", 2, 0, 0},
    {"shutdown", 0, 0, 0},
    {NULL, 0, 0, 0},
};
/* Who has connections, and who answers those that come in. */
static const struct call CONNECTED[] = {
    {"getsockopt", 0, 0, 0}, {"setsockopt", 0, 0, 0}, {"getsockname", 0, 0, 0}, {"getpeername", 0, 0, 0}, {NULL, 0, 0, 0},
};
static const struct call SERVER[] = {{"accept4", 0, 0, 0}, {NULL, 0, 0, 0}};
/* TCP that is dialled, and name service (which binds nothing but a port that the kernel chooses). NETLINK: getaddrinfo asks
 * which addresses there are. */
static const struct call DIALLER[] = {
    {"socket", 0, ALL, AF_INET},
    {"socket", 0, ALL, AF_INET6},
    {"socket", 0, ALL, AF_NETLINK},
    {"bind", 0, 0, 0},
    {"connect", 0, 0, 0},
    {"sendmmsg", 0, 0, 0},
    {"openat", 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY},
    {NULL, 0, 0, 0},
};
/* What ZeroMQ does on top of that, on both ends. */
static const struct call GATE[] = {
    {"listen", 0, 0, 0},
    {"accept", 0, 0, 0},
    {"sched_getparam", 0, 0, 0},
    {"sched_getscheduler", 0, 0, 0},
    {"sched_setscheduler", 0, 0, 0},
    {NULL, 0, 0, 0},
};
/* What libcurl does on top of that, and the files of certificates. */
static const struct call COURIER[] = {
    {"socketpair", 0, ALL, AF_UNIX}, {"pipe2", 0, 0, 0}, {"access", 0, 0, 0}, {"getdents64", 0, 0, 0}, {NULL, 0, 0, 0},
};
static const struct call WRITER[] = {
    {"openat", 0, 0, 0},   {"pwrite64", 0, 0, 0},   {"pwritev", 0, 0, 0},    {"ftruncate", 0, 0, 0}, {"fallocate", 0, 0, 0},
    {"fsync", 0, 0, 0},    {"fdatasync", 0, 0, 0},  {"flock", 0, 0, 0},      {"fchown", 0, 0, 0},    {"fchmod", 0, 0, 0},
    {"unlink", 0, 0, 0},   {"unlinkat", 0, 0, 0},   {"rename", 0, 0, 0},     {"renameat", 0, 0, 0},  {"renameat2", 0, 0, 0},
    {"mkdir", 0, 0, 0},    {"mkdirat", 0, 0, 0},    {"access", 0, 0, 0},     {"faccessat", 0, 0, 0}, {"faccessat2", 0, 0, 0},
    {"readlink", 0, 0, 0}, {"readlinkat", 0, 0, 0}, {"getdents64", 0, 0, 0}, {"getcwd", 0, 0, 0},    {"fstatfs", 0, 0, 0},
    {"statfs", 0, 0, 0},   {NULL, 0, 0, 0},
};
/* pwrite64, ftruncate: of the shared memory of a WAL, the one file that is open for writing. */
static const struct call READER[] = {
    {"access", 0, 0, 0},    {"faccessat", 0, 0, 0}, {"faccessat2", 0, 0, 0},
    {"ftruncate", 0, 0, 0}, {"pwrite64", 0, 0, 0},  {NULL, 0, 0, 0},
};
static const struct call OWN_SOCKET[] = {{"unlinkat", 0, 0, 0}, {NULL, 0, 0, 0}};

#define TABLES 5
static const struct call *const CALLS[CHILD_ROLES][TABLES] = {
    [CHILD_GATE] = {EVERYBODY, CONNECTED, SERVER, DIALLER, GATE}, [CHILD_CORE] = {EVERYBODY, WRITER},
    [CHILD_CTL] = {EVERYBODY, CONNECTED, SERVER, OWN_SOCKET},     [CHILD_WEB] = {EVERYBODY, CONNECTED, SERVER, READER},
    [CHILD_COURIER] = {EVERYBODY, CONNECTED, DIALLER, COURIER},
};

/* 0 or an errno. *n counts names, not ways in. */
static int add_calls(scmp_filter_ctx filter, const struct call *table, unsigned *n) {
  const char *last = "";
  for (const struct call *row = table; row->name != NULL; row++) {
    const int number = seccomp_syscall_resolve_name(row->name);
    if (number < 0) continue; /* this machine does not have it */
    const struct scmp_arg_cmp when = SCMP_CMP64(row->arg, SCMP_CMP_MASKED_EQ, row->mask, row->value);
    const int failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, row->mask == 0 ? 0 : 1, &when);
    if (failed != 0) return -failed;
    *n += strcmp(last, row->name) != 0;
    last = row->name;
  }
  return 0;
}

/* Its own death by abort(3), and nobody else's. clone3 has flags that no filter can read: without it the C library takes clone.
 */
static int add_special(scmp_filter_ctx filter, unsigned *n) {
  const struct scmp_arg_cmp own = SCMP_CMP64(0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0);
  int failed = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &own);
  *n += failed == 0;
  if (failed == 0) failed = seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
  return -failed;
}

/* 0 or an errno. */
static int filter_calls(struct confine *c) {
  unsigned n = 0;
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == NULL) return ENOMEM;
  int failed = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
  if (failed == 0) failed = -seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (failed == 0) failed = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
  for (size_t i = 0; failed == 0 && i < TABLES && CALLS[c->role][i] != NULL; i++)
    failed = add_calls(filter, CALLS[c->role][i], &n);
  if (failed == 0) failed = add_special(filter, &n);
  if (failed == 0) failed = -seccomp_load(filter);
  seccomp_release(filter);
  if (failed == 0) c->calls = n;
  return failed;
}

static void tell(const struct confine *c) {
  char landlock[64] = "no landlock", calls[64] = "no seccomp", text[160];
  if (c->landlock > 0) (void)snprintf(landlock, sizeof landlock, "landlock abi %d", c->landlock);
  if (c->calls > 0) (void)snprintf(calls, sizeof calls, "seccomp %u calls", c->calls);
  (void)snprintf(text, sizeof text, "confined: %s, %s", landlock, calls);
  if (c->lacks == NULL) {
    log_line(LOG_INFO, "confine", text, NULL);
  } else if (c->landlock > 0 || c->calls > 0) {
    log_line(LOG_WARNING, "confine", text, "why=%s: %s", c->lacks, strerror(c->failed));
  } else {
    (void)snprintf(text, sizeof text, "not confined: %s", c->lacks);
    log_line(SANITIZED ? LOG_INFO : LOG_WARNING, "confine", text, "why=%s", strerror(c->failed));
  }
}

void confine_calls(struct confine *c) {
  if (!SANITIZED) {
    const int failed = filter_calls(c);
    if (failed != 0) fail(c, "no seccomp", failed);
  }
  tell(c);
}
