/*
 * pipe: frames messages over a stream socket and carries descriptors. In: octets of the other end, of which every one is
 * checked; out: whole messages. Who reads and writes when is the business of the loops that own a pipe (net/gate.c, core.c,
 * serve.c, net/ctl.c).
 */
#include "node/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "protocol/canon.h"
#include "protocol/limits.h"

#define PREFIX 4                       /* octets of the length */
#define READ_CHUNK ((size_t)64 * 1024) /* octets asked of the kernel at once */
#define READ_CEILING ((size_t)2 * (PREFIX + LIMIT_PIPE) + READ_CHUNK)
#define FDS_MAX 8   /* descriptors under way in one direction */
#define HEAD_MAX 16 /* octets of array head and channel */

/* A descriptor and the place of its message in the stream that is written. */
struct passenger {
  int fd;
  size_t at, len; /* from the start of what is queued */
};

/* Invariants: in_start <= in.len, out_start <= out.len; passengers by rising place. */
struct pipe {
  int fd;
  size_t queue_max;
  struct bytes in, out;
  size_t in_start, out_start;
  int arrived[FDS_MAX]; /* received, not yet claimed by a message */
  size_t n_arrived;
  struct passenger passengers[FDS_MAX];
  size_t n_passengers;
  const char *fault;
};

enum err_code pipe_pair(int ends[2], struct err *err) {
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return err_errno(err, ERR_IO, errno, "socketpair");
  }
  return OK;
}

struct pipe *pipe_new(int fd, size_t queue_max) {
  struct pipe *p = calloc(1, sizeof *p);
  const int flags = fcntl(fd, F_GETFL);
  if (p == NULL || flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    free(p);
    close(fd);
    return NULL;
  }
  p->fd = fd;
  p->queue_max = queue_max;
  bytes_init(&p->in, READ_CEILING);
  bytes_init(&p->out, queue_max + LIMIT_PIPE + PREFIX);
  return p;
}

void pipe_free(struct pipe *p) {
  if (p == NULL) return;
  for (size_t i = 0; i < p->n_arrived; i++)
    close(p->arrived[i]);
  for (size_t i = 0; i < p->n_passengers; i++)
    close(p->passengers[i].fd);
  close(p->fd);
  p->in_start = p->in.len;
  p->out_start = p->out.len;
  pipe_wipe(p);
  bytes_release(&p->in);
  bytes_release(&p->out);
  free(p);
}

static void wipe(struct bytes *b, size_t start) {
  if (b->p == NULL) return;
  sodium_memzero(b->p, start);
  sodium_memzero(b->p + b->len, b->capacity - b->len);
}

void pipe_wipe(struct pipe *p) {
  wipe(&p->in, p->in_start);
  wipe(&p->out, p->out_start);
}

int pipe_fd(const struct pipe *p) {
  return p->fd;
}

const char *pipe_fault(const struct pipe *p) {
  return p->fault;
}

/* ---- out ---- */

static size_t queued(const struct pipe *p) {
  return p->out.len - p->out_start;
}

bool pipe_wants_write(const struct pipe *p) {
  return queued(p) > 0;
}

bool pipe_has_room(const struct pipe *p, size_t octets) {
  return queued(p) + octets <= p->queue_max;
}

/* Moves what is queued to the front of its buffer. */
static void out_compact(struct pipe *p) {
  for (size_t i = 0; i < p->n_passengers; i++)
    p->passengers[i].at -= p->out_start;
  bytes_consume(&p->out, p->out_start);
  p->out_start = 0;
}

/* Array head and channel, as they stand before the payload. */
static enum err_code head_make(enum pipe_channel channel, uint8_t out[HEAD_MAX], size_t *len, struct err *err) {
  struct bytes b;
  bytes_init(&b, HEAD_MAX);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 2);
  canon_put_uint(&w, (uint64_t)channel);
  enum err_code code = canon_written(&w, "pipe", err);
  if (code == OK) {
    memcpy(out, b.p, b.len);
    *len = b.len;
  }
  bytes_release(&b);
  return code;
}

/* *total receives the octets that the message takes in the queue. */
static enum err_code enqueue(struct pipe *p, enum pipe_channel channel, struct view payload, size_t *total, struct err *err) {
  static const uint8_t NIL = 0xc0;
  uint8_t head[HEAD_MAX], prefix[PREFIX];
  size_t head_len = 0;
  if (payload.len == 0) payload = view_of(&NIL, 1);
  enum err_code code = head_make(channel, head, &head_len, err);
  if (code != OK) return code;
  const size_t len = head_len + payload.len;
  if (len > LIMIT_PIPE) return err_set(err, ERR_LIMIT, "pipe: a message of %zu octets, at most %u", len, LIMIT_PIPE);
  if (!pipe_has_room(p, PREFIX + len)) return err_set(err, ERR_LIMIT, "pipe: the queue is full");
  if (p->out_start > p->out.len / 2) out_compact(p);
  code = bytes_reserve(&p->out, PREFIX + len, err);
  if (code == ERR_LIMIT && p->out_start > 0) {
    out_compact(p);
    code = bytes_reserve(&p->out, PREFIX + len, err);
  }
  if (code != OK) return code;
  put_u32be(prefix, (uint32_t)len);
  *total = PREFIX + len;
  code = bytes_append(&p->out, view_of(prefix, PREFIX), err);
  if (code == OK) code = bytes_append(&p->out, view_of(head, head_len), err);
  if (code == OK) code = bytes_append(&p->out, payload, err);
  return code;
}

enum err_code pipe_send(struct pipe *p, enum pipe_channel channel, struct view payload, struct err *err) {
  if (channel == PIPE_PEER) return err_set(err, ERR_FAILED, "pipe: this channel carries a descriptor");
  size_t total = 0;
  return enqueue(p, channel, payload, &total, err);
}

enum err_code pipe_send_fd(struct pipe *p, enum pipe_channel channel, struct view payload, int fd, struct err *err) {
  enum err_code code = OK;
  size_t total = 0;
  if (channel != PIPE_PEER) {
    code = err_set(err, ERR_FAILED, "pipe: this channel carries no descriptor");
  } else if (p->n_passengers == FDS_MAX) {
    code = err_set(err, ERR_LIMIT, "pipe: the queue is full");
  } else {
    code = enqueue(p, channel, payload, &total, err);
  }
  if (code != OK) {
    close(fd);
    return code;
  }
  p->passengers[p->n_passengers++] = (struct passenger){fd, p->out.len - total, total};
  return OK;
}

/* One sendmsg: up to the next descriptor, or its message with it. */
static ssize_t send_some(struct pipe *p) {
  struct iovec part = {p->out.p + p->out_start, queued(p)};
  union {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  const bool rides = p->n_passengers > 0 && p->passengers[0].at == p->out_start;
  if (rides) {
    part.iov_len = p->passengers[0].len;
    message.msg_control = control.room;
    message.msg_controllen = sizeof control.room;
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &p->passengers[0].fd, sizeof(int));
  } else if (p->n_passengers > 0) {
    part.iov_len = p->passengers[0].at - p->out_start;
  }
  const ssize_t n = sendmsg(p->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n > 0 && rides) {
    close(p->passengers[0].fd);
    p->n_passengers--;
    memmove(p->passengers, p->passengers + 1, p->n_passengers * sizeof p->passengers[0]);
  }
  return n;
}

enum err_code pipe_write(struct pipe *p, struct err *err) {
  while (queued(p) > 0) {
    const ssize_t n = send_some(p);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return OK;
    if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) return err_set(err, ERR_UNREACHABLE, "pipe: the other end is gone");
    if (n < 0) return err_errno(err, ERR_IO, errno, "pipe");
    p->out_start += (size_t)n;
  }
  bytes_clear(&p->out);
  p->out_start = 0;
  return OK;
}

/* ---- in ---- */

static enum err_code fault(struct pipe *p, const char *what, struct err *err) {
  p->fault = what;
  return err_set(err, ERR_FORMAT, "pipe: %s", what);
}

/* Keeps the descriptors of a received message; more than there is room for are closed, and false is returned. */
static bool take_fds(struct pipe *p, struct msghdr *message) {
  bool fits = (message->msg_flags & MSG_CTRUNC) == 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    const size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < n; i++) {
      int fd = -1;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
      if (p->n_arrived < FDS_MAX) {
        p->arrived[p->n_arrived++] = fd;
      } else {
        close(fd);
        fits = false;
      }
    }
  }
  return fits;
}

/* Room for one chunk at the end of the buffer. False: a whole message waits already, or memory is short (*err says). */
static bool in_reserve(struct pipe *p, struct err *err) {
  if (p->in.len - p->in_start >= PREFIX + LIMIT_PIPE) return false;
  if (p->in_start > 0 && (p->in_start == p->in.len || p->in_start > READ_CEILING / 4)) {
    bytes_consume(&p->in, p->in_start);
    p->in_start = 0;
  }
  return bytes_reserve(&p->in, READ_CHUNK, err) == OK;
}

enum err_code pipe_read(struct pipe *p, struct err *err) {
  struct err trouble = ERR_INIT;
  if (p->fault != NULL) return fault(p, p->fault, err);
  while (in_reserve(p, &trouble)) {
    union {
      struct cmsghdr align;
      char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    struct iovec part = {p->in.p + p->in.len, READ_CHUNK};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.room, .msg_controllen = sizeof control.room};
    const ssize_t n = recvmsg(p->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return OK;
    if (n == 0 || (n < 0 && errno == ECONNRESET)) return err_set(err, ERR_UNREACHABLE, "pipe: the other end is gone");
    if (n < 0) return err_errno(err, ERR_IO, errno, "pipe");
    p->in.len += (size_t)n;
    if (!take_fds(p, &message)) return fault(p, "too many descriptors", err);
  }
  return trouble.code == OK ? OK : err_set(err, trouble.code, "%s", trouble.message);
}

/* Claims the oldest descriptor that arrived; -1: none. */
static int claim_fd(struct pipe *p) {
  if (p->n_arrived == 0) return -1;
  const int fd = p->arrived[0];
  p->n_arrived--;
  memmove(p->arrived, p->arrived + 1, p->n_arrived * sizeof p->arrived[0]);
  return fd;
}

bool pipe_next(struct pipe *p, enum pipe_channel *channel, struct view *payload, int *fd) {
  *fd = -1;
  const size_t waiting = p->in.len - p->in_start;
  if (p->fault != NULL || waiting < PREFIX) return false;
  const size_t len = get_u32be(p->in.p + p->in_start);
  if (len == 0 || len > LIMIT_PIPE) {
    p->fault = "a message has an impossible length";
    return false;
  }
  if (waiting - PREFIX < len) return false;
  struct canon_reader r = canon_reader(view_of(p->in.p + p->in_start + PREFIX, len));
  canon_array_exact(&r, 2);
  const uint64_t number = canon_uint_max(&r, UINT8_MAX);
  *payload = canon_skip(&r);
  if (canon_finish(&r, "pipe", NULL) != OK) {
    p->fault = "a message is not canonical";
    return false;
  }
  *channel = (enum pipe_channel)number;
  if (*channel == PIPE_PEER && (*fd = claim_fd(p)) < 0) {
    p->fault = "a message came without its descriptor";
    return false;
  }
  p->in_start += PREFIX + len;
  return true;
}
