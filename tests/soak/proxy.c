/*
 * proxy: every link of a soak passes here, one process for all of them. Node i is dialled at ADDRESS:BASE+i and listens at
 * PREFIX.i:PORT; who dials is known by its address. Each pair of nodes has a rule, set by lines on standard input, each
 * answered by one line; the process ends when its standard input ends.
 *
 *   proxy ADDRESS BASE PREFIX PORT NODES
 *
 *   rule A B pass        octets pass; what a rule before held back goes on, unless its end has gone
 *   rule A B delay MS    every octet comes MS later
 *   rule A B stall       nothing is read and nothing is written: queues fill up to the sender
 *   rule A B cut         connections are reset, new ones too
 *   rule A B half        the dialled end is gone, the dialler is not told: what it sends vanishes, also on new connections.
 * Under another rule what it sends is answered with a reset, as by a machine that was started again stat connections, half-open
 * ones, octets that passed, octets held back
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX 64u
#define ROOM ((size_t)32 * 1024) /* octets held in one direction */
#define MARKS 128u               /* arrivals held in one direction */
#define EVENTS 256
#define LINE_MAX_LEN 256

enum mode { MODE_PASS, MODE_DELAY, MODE_STALL, MODE_CUT, MODE_HALF, MODES };
static const char *const mode_names[MODES] = {"pass", "delay", "stall", "cut", "half"};

struct rule {
  enum mode mode;
  uint64_t delay_ms;
};

/* So many octets arrived together, and may go on at due_ms. */
struct mark {
  size_t len;
  uint64_t due_ms;
};

/* One direction; ring buffers of octets and of marks. Invariant: the marks' lengths sum up to len. */
struct way {
  uint8_t octets[ROOM];
  size_t start, len;
  struct mark marks[MARKS];
  size_t first_mark, n_marks;
  bool ended; /* nothing more will be read */
};

struct end {
  struct connection *of;
  int fd;           /* -1: gone */
  uint32_t watched; /* events that epoll waits for; 0: not in its set */
};

/* ends[0] is the dialler's, ends[1] the dialled one's; ways[i] is filled by ends[i]. */
struct connection {
  struct connection *next;
  size_t a, b; /* who dialled whom */
  struct end ends[2];
  struct way ways[2];
  bool connected, half, over;
};

struct proxy {
  int epoll;
  struct end listeners[NODES_MAX + 1]; /* of: NULL */
  size_t n_nodes;
  const char *prefix;
  uint16_t port;
  struct rule rules[NODES_MAX + 1][NODES_MAX + 1]; /* symmetric */
  struct connection *connections;
  uint64_t now_ms, passed;
  char line[LINE_MAX_LEN];
  size_t line_len;
};

static _Noreturn void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t clock_now_ms(void) {
  struct timespec now;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- what epoll waits for ---- */

static void watch(struct proxy *p, struct end *e, uint32_t wanted) {
  struct epoll_event event = {.events = wanted, .data.ptr = e};
  if (e->fd < 0 || e->watched == wanted) return;
  const int what = wanted == 0 ? EPOLL_CTL_DEL : e->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(p->epoll, what, e->fd, &event) != 0) fail("epoll_ctl");
  e->watched = wanted;
}

/* With a reset the other side learns of it at once, whatever is still on its way. */
static void end_close(struct end *e, bool reset) {
  const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
  if (e->fd < 0) return;
  if (reset) (void)setsockopt(e->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(e->fd);
  e->fd = -1;
  e->watched = 0;
}

static bool way_has_room(const struct way *w) {
  return !w->ended && w->len < ROOM && w->n_marks < MARKS;
}

static bool way_is_due(const struct proxy *p, const struct way *w) {
  return w->n_marks > 0 && w->marks[w->first_mark].due_ms <= p->now_ms;
}

static const struct rule *rule_of(const struct proxy *p, const struct connection *c) {
  return &p->rules[c->a][c->b];
}

static void connection_over(struct connection *c, bool reset) {
  end_close(&c->ends[0], reset);
  end_close(&c->ends[1], reset);
  c->over = true;
}

static void connection_watch(struct proxy *p, struct connection *c) {
  for (int i = 0; i < 2 && !c->over; i++) {
    const struct way *in = &c->ways[i], *out = &c->ways[1 - i];
    uint32_t wanted = 0;
    if (c->half) wanted = i == 0 ? EPOLLIN : 0;
    if (!c->half && rule_of(p, c)->mode != MODE_STALL) {
      if (way_has_room(in) && (i == 0 || c->connected)) wanted |= EPOLLIN;
      if (way_is_due(p, out) || (i == 1 && !c->connected)) wanted |= EPOLLOUT;
    }
    watch(p, &c->ends[i], wanted);
  }
}

/* ---- octets ---- */

/* False: this end has ended. */
static bool way_fill(struct proxy *p, struct way *w, int fd, uint64_t delay_ms) {
  const size_t at = (w->start + w->len) % ROOM;
  const size_t room = ROOM - w->len, until_end = ROOM - at;
  const ssize_t n = recv(fd, w->octets + at, room < until_end ? room : until_end, 0);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  w->marks[(w->first_mark + w->n_marks++) % MARKS] = (struct mark){(size_t)n, p->now_ms + delay_ms};
  w->len += (size_t)n;
  return true;
}

/* Writes what is due. False: the other end has ended. */
static bool way_drain(struct proxy *p, struct way *w, int fd) {
  while (way_is_due(p, w)) {
    struct mark *mark = &w->marks[w->first_mark];
    const size_t until_end = ROOM - w->start;
    const ssize_t n = send(fd, w->octets + w->start, mark->len < until_end ? mark->len : until_end, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    w->start = (w->start + (size_t)n) % ROOM;
    w->len -= (size_t)n;
    mark->len -= (size_t)n;
    p->passed += (uint64_t)n;
    if (mark->len > 0) continue;
    w->first_mark = (w->first_mark + 1) % MARKS;
    w->n_marks--;
  }
  return true;
}

/* Moves what can be moved; call when something may have changed. */
static void connection_turn(struct proxy *p, struct connection *c) {
  bool alive = true;
  if (c->over || c->half || !c->connected || rule_of(p, c)->mode == MODE_STALL) return;
  for (int i = 0; i < 2 && alive; i++) {
    alive = way_drain(p, &c->ways[i], c->ends[1 - i].fd);
    if (alive && c->ways[i].ended && c->ways[i].len == 0) alive = false;
  }
  if (!alive) connection_over(c, false);
}

static void connection_read(struct proxy *p, struct connection *c, int i) {
  uint8_t rubbish[4096];
  if (c->half) {
    const ssize_t n = recv(c->ends[i].fd, rubbish, sizeof rubbish, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) connection_over(c, false);
    if (n > 0 && rule_of(p, c)->mode != MODE_HALF) connection_over(c, true);
    return;
  }
  if (!way_has_room(&c->ways[i]) || rule_of(p, c)->mode == MODE_STALL) return;
  if (!way_fill(p, &c->ways[i], c->ends[i].fd, rule_of(p, c)->delay_ms)) c->ways[i].ended = true;
}

/* ---- connections ---- */

static void dial(struct proxy *p, struct connection *c) {
  char address[INET_ADDRSTRLEN];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(p->port)};
  const int one = 1;
  const int n = snprintf(address, sizeof address, "%s.%zu", p->prefix, c->b);
  if (n < 0 || (size_t)n >= sizeof address || inet_pton(AF_INET, address, &to.sin_addr) != 1) fail("address");
  c->ends[1].fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->ends[1].fd < 0) fail("socket");
  (void)setsockopt(c->ends[1].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (connect(c->ends[1].fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) connection_over(c, true);
}

/* What a rule means for a connection that is there, or has just come. */
static void connection_rule(struct proxy *p, struct connection *c) {
  const enum mode mode = rule_of(p, c)->mode;
  if (c->over) return;
  if (mode == MODE_CUT) connection_over(c, true);
  if (mode == MODE_HALF) {
    end_close(&c->ends[1], true);
    c->half = true;
  }
  if (!c->over && !c->half && c->ends[1].fd < 0 && mode != MODE_STALL) dial(p, c);
}

static void take(struct proxy *p, struct end *listener) {
  struct sockaddr_in from = {.sin_family = AF_INET};
  socklen_t len = sizeof from;
  const int one = 1;
  const int fd = accept4(listener->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  const size_t a = ntohl(from.sin_addr.s_addr) & 255;
  struct connection *c = a == 0 || a > p->n_nodes ? NULL : calloc(1, sizeof *c);
  if (c == NULL) {
    close(fd);
    return;
  }
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  *c = (struct connection){.next = p->connections, .a = a, .b = (size_t)(listener - p->listeners)};
  c->ends[0] = (struct end){.of = c, .fd = fd};
  c->ends[1] = (struct end){.of = c, .fd = -1};
  p->connections = c;
  connection_rule(p, c);
  connection_watch(p, c);
}

static void end_event(struct proxy *p, struct end *e, uint32_t events) {
  struct connection *c = e->of;
  const int i = e == &c->ends[1];
  int fault = 0;
  socklen_t len = sizeof fault;
  if (c->over || e->fd < 0) return;
  if (i == 1 && !c->connected) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
    if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &fault, &len) != 0 || fault != 0) {
      connection_over(c, true);
      return;
    }
    c->connected = true;
  } else if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
    if ((events & EPOLLERR) != 0 && !c->half) {
      connection_over(c, true);
      return;
    }
    connection_read(p, c, i);
  }
  connection_turn(p, c);
  connection_watch(p, c);
}

/* ---- what is asked for on standard input ---- */

static bool rule_set(struct proxy *p, const char *line) {
  unsigned a = 0, b = 0;
  uint64_t delay_ms = 0;
  char name[16] = "";
  if (sscanf(line, "rule %u %u %15s %" SCNu64, &a, &b, name, &delay_ms) < 3) return false;
  if (a == 0 || b == 0 || a > p->n_nodes || b > p->n_nodes) return false;
  for (unsigned mode = 0; mode < MODES; mode++) {
    if (strcmp(name, mode_names[mode]) != 0) continue;
    p->rules[a][b] = p->rules[b][a] = (struct rule){(enum mode)mode, mode == MODE_DELAY ? delay_ms : 0};
    for (struct connection *c = p->connections; c != NULL; c = c->next) {
      if ((c->a != a || c->b != b) && (c->a != b || c->b != a)) continue;
      connection_rule(p, c);
      connection_turn(p, c);
      connection_watch(p, c);
    }
    return true;
  }
  return false;
}

static void stat_say(const struct proxy *p) {
  size_t n = 0, half = 0, held = 0;
  for (const struct connection *c = p->connections; c != NULL; c = c->next) {
    n++;
    half += c->half;
    held += c->ways[0].len + c->ways[1].len;
  }
  printf("%zu %zu %" PRIu64 " %zu\n", n, half, p->passed, held);
}

/* False: standard input has ended. */
static bool orders_take(struct proxy *p) {
  const ssize_t n = read(STDIN_FILENO, p->line + p->line_len, sizeof p->line - 1 - p->line_len);
  if (n <= 0) return n < 0 && (errno == EINTR || errno == EAGAIN);
  p->line_len += (size_t)n;
  p->line[p->line_len] = '\0';
  for (char *end; (end = strchr(p->line, '\n')) != NULL;) {
    *end = '\0';
    if (strcmp(p->line, "stat") == 0) {
      stat_say(p);
    } else {
      puts(rule_set(p, p->line) ? "ok" : "not understood");
    }
    p->line_len -= (size_t)(end + 1 - p->line);
    memmove(p->line, end + 1, p->line_len + 1);
  }
  (void)fflush(stdout);
  return p->line_len < sizeof p->line - 1;
}

/* ---- the loop ---- */

/* Octets whose time has come go on; connections that are over are forgotten. Returns ms until the next octet is due, -1: none.
 */
static int sweep(struct proxy *p) {
  uint64_t next = UINT64_MAX;
  for (struct connection **at = &p->connections; *at != NULL;) {
    struct connection *c = *at;
    connection_turn(p, c);
    if (c->over) {
      *at = c->next;
      free(c);
      continue;
    }
    connection_watch(p, c);
    for (int i = 0; i < 2; i++) {
      const struct way *w = &c->ways[i];
      if (w->n_marks == 0 || way_is_due(p, w)) continue; /* what is due waits for its socket */
      if (w->marks[w->first_mark].due_ms < next) next = w->marks[w->first_mark].due_ms;
    }
    at = &c->next;
  }
  return next == UINT64_MAX ? -1 : (int)(next - p->now_ms);
}

static void listen_all(struct proxy *p, const char *address, uint16_t base) {
  const int one = 1;
  for (size_t i = 1; i <= p->n_nodes; i++) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)(base + i))};
    struct end *e = &p->listeners[i];
    e->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (e->fd < 0 || inet_pton(AF_INET, address, &at.sin_addr) != 1) fail("socket");
    (void)setsockopt(e->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(e->fd, (const struct sockaddr *)&at, sizeof at) != 0 || listen(e->fd, 128) != 0) fail("listen");
    watch(p, e, EPOLLIN);
  }
}

static int run(struct proxy *p) {
  struct epoll_event events[EVENTS], input = {.events = EPOLLIN, .data.ptr = p};
  if (epoll_ctl(p->epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) != 0) fail("epoll_ctl");
  for (int wait_ms = -1;;) {
    const int n = epoll_wait(p->epoll, events, EVENTS, wait_ms);
    if (n < 0 && errno != EINTR) fail("epoll_wait");
    p->now_ms = clock_now_ms();
    for (int i = 0; i < n; i++) {
      struct end *e = events[i].data.ptr;
      if (events[i].data.ptr == p) {
        if (!orders_take(p)) return 0;
      } else if (e->of == NULL) {
        take(p, e);
      } else {
        end_event(p, e, events[i].events);
      }
    }
    wait_ms = sweep(p);
  }
}

int main(int argc, char **argv) {
  if (argc != 6) {
    fputs("usage: proxy ADDRESS BASE PREFIX PORT NODES\n", stderr);
    return 2;
  }
  struct proxy *p = calloc(1, sizeof *p);
  if (p == NULL) fail("memory");
  p->prefix = argv[3];
  p->port = (uint16_t)strtoul(argv[4], NULL, 10);
  p->n_nodes = strtoul(argv[5], NULL, 10);
  p->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (p->epoll < 0 || p->n_nodes == 0 || p->n_nodes > NODES_MAX) fail("nodes");
  listen_all(p, argv[1], (uint16_t)strtoul(argv[2], NULL, 10));
  puts("listening");
  (void)fflush(stdout);
  const int status = run(p);
  while (p->connections != NULL) {
    struct connection *c = p->connections;
    p->connections = c->next;
    connection_over(c, false);
    free(c);
  }
  close(p->epoll);
  free(p);
  return status;
}
