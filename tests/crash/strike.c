/*
 * strike: runs a command and lets one of its writing system calls go wrong: the n-th of all its threads and children.
 * usage: strike FILE kill|io|full N COMMAND…
 *   kill  the whole command dies instead of the call        io    the call fails once with EIO
 *   full  it and all behind it that need room fail with ENOSPC
 * FILE receives the number of such calls that were made. The exit status is the command's (128 + n: it died of signal n), or
 * 125 if it cannot be watched here.
 *
 * The kernel asks for each of these calls (seccomp, user notification), so nothing of the command is changed or slowed down.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT 125

/* The calls that change what a disk holds, or what others see; room: they need some. */
static const struct call {
  int number;
  bool room;
} CALLS[] = {
    {SYS_write, true},     {SYS_pwrite64, true},  {SYS_writev, true},          {SYS_pwritev, true},
    {SYS_fsync, true},     {SYS_fdatasync, true}, {SYS_fallocate, true},       {SYS_ftruncate, false},
    {SYS_truncate, false}, {SYS_renameat, true},  {SYS_renameat2, true},       {SYS_linkat, true},
    {SYS_unlinkat, false}, {SYS_mkdirat, true},   {SYS_symlinkat, true},       {SYS_fchmod, false},
    {SYS_fchmodat, false}, {SYS_sendfile, true},  {SYS_copy_file_range, true}, {SYS_sync_file_range, true},
#ifdef SYS_rename
    {SYS_rename, true},    {SYS_link, true},      {SYS_unlink, false},         {SYS_mkdir, true},
    {SYS_rmdir, false},    {SYS_symlink, true},   {SYS_chmod, false},
#endif
};
#define N_CALLS (sizeof CALLS / sizeof CALLS[0])

enum fault { FAULT_KILL, FAULT_IO, FAULT_FULL };

/* Every call of the table is asked about; the listener's descriptor, or -1. */
static int install(void) {
  struct sock_filter code[2 + 2 * N_CALLS];
  size_t n = 0;
  code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < N_CALLS; i++) {
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)CALLS[i].number, 0, 1);
    code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
  }
  code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return -1;
  }
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

union control {
  struct cmsghdr header;
  char octets[CMSG_SPACE(sizeof(int))];
};

static bool send_fd(int socket, int fd) {
  char octet = 0;
  union control control;
  struct iovec part = {.iov_base = &octet, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.octets, .msg_controllen = sizeof control.octets};
  memset(&control, 0, sizeof control);
  struct cmsghdr *c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(c), &fd, sizeof fd);
  return sendmsg(socket, &message, 0) == 1;
}

static int receive_fd(int socket) {
  char octet;
  int fd = -1;
  union control control;
  struct iovec part = {.iov_base = &octet, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.octets, .msg_controllen = sizeof control.octets};
  const struct cmsghdr *c = recvmsg(socket, &message, 0) == 1 ? CMSG_FIRSTHDR(&message) : NULL;
  if (c != NULL && c->cmsg_type == SCM_RIGHTS) {
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
  }
  return fd;
}

static _Noreturn void become(int socket, char **command) {
  (void)setpgid(0, 0);
  const int listener = install();
  if (listener < 0 || !send_fd(socket, listener)) {
    _exit(CANNOT);
  }
  (void)close(listener);
  (void)close(socket);
  (void)execvp(command[0], command);
  _exit(CANNOT);
}

/* Whether the n-th call goes wrong, and how; 0: it does not. */
static int error_of(enum fault fault, unsigned long at, unsigned long n, const struct seccomp_notif *call) {
  if (fault == FAULT_IO) {
    return n == at ? EIO : 0;
  }
  if (fault != FAULT_FULL || n < at || (call->data.nr == SYS_write && call->data.args[0] <= 2)) {
    return 0; /* a terminal is never full */
  }
  for (size_t i = 0; i < N_CALLS; i++) {
    if (CALLS[i].number == call->data.nr) {
      return CALLS[i].room ? ENOSPC : 0;
    }
  }
  return 0;
}

/* Answers until nobody is left who could ask; returns the number of calls. */
static unsigned long watch(int listener, pid_t child, enum fault fault, unsigned long at) {
  unsigned long n = 0;
  struct pollfd waiting = {.fd = listener, .events = POLLIN};
  while (poll(&waiting, 1, -1) >= 0 && (waiting.revents & POLLIN) != 0) {
    struct seccomp_notif call;
    memset(&call, 0, sizeof call);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) {
      if (errno == ENOENT || errno == EINTR) {
        continue; /* who asked was killed */
      }
      break;
    }
    n++;
    if (fault == FAULT_KILL && n == at) {
      (void)kill(-child, SIGKILL);
      break;
    }
    const int error = error_of(fault, at, n, &call);
    struct seccomp_notif_resp answer = {
        .id = call.id, .error = -error, .flags = error == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0};
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  return n;
}

int main(int argc, char **argv) {
  static const char *const FAULTS[] = {[FAULT_KILL] = "kill", [FAULT_IO] = "io", [FAULT_FULL] = "full"};
  int pair[2];
  unsigned fault = 0;
  while (argc >= 5 && fault < 3 && strcmp(argv[2], FAULTS[fault]) != 0) {
    fault++;
  }
  if (argc < 5 || fault == 3) {
    fprintf(stderr, "usage: strike FILE kill|io|full N COMMAND…\n");
    return 2;
  }
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    return CANNOT;
  }
  const pid_t child = fork();
  if (child == 0) {
    become(pair[1], argv + 4);
  }
  (void)close(pair[1]);
  const int listener = child < 0 ? -1 : receive_fd(pair[0]);
  const unsigned long n = listener < 0 ? 0 : watch(listener, child, (enum fault)fault, strtoul(argv[3], NULL, 10));
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    return CANNOT;
  }
  FILE *file = fopen(argv[1], "w");
  if (file == NULL || fprintf(file, "%lu\n", n) < 0 || fclose(file) != 0) {
    return CANNOT;
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
