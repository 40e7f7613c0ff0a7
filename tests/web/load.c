/*
 * load: readers of pages, for load.py: each keeps one connection and asks for its next page when it has read the last. One
 * thread for all of them, so that measuring takes little of the machine that is measured.
 *
 *   load HOST PORT READERS SEED PATHS     ends when its standard input ends; writes one JSON document
 *
 * PATHS holds a page a line: the name of its kind, a blank, its path. Times run from the request's first octet to the answer's
 * last, in ms.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define READERS_MAX 64
#define KINDS_MAX 32
#define ANSWER_MAX ((size_t)8 * 1024 * 1024) /* octets */
#define SAMPLES_MAX ((size_t)16 * 1024 * 1024)
#define PATIENCE_MS 20000

struct page {
  size_t kind;
  char *path;
};
struct sample {
  double ms;
  size_t kind;
};
struct kind {
  char *name;
  size_t largest;           /* octets of a page's body as it travelled, packed; documents for machines do not count */
  const char *largest_path; /* of pages */
};
struct reader {
  int fd;
  uint64_t chance; /* the state of its own random numbers, never 0 */
  const struct page *page;
  double since_ms;
  char *in;
  size_t len, room;
};
struct load {
  struct sockaddr_in server;
  struct page *pages;
  size_t n_pages, n_kinds, n_readers;
  struct kind kinds[KINDS_MAX];
  struct reader readers[READERS_MAX];
  struct sample *samples;
  size_t n_samples, room;
  json_t *bad; /* of pages that were not answered with 200 */
};

static void die(const char *what) {
  (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1); // NOLINT(concurrency-mt-unsafe)
}

/* Doubles the room of a list of n elements of size octets if it is full. */
static void *grown(void *list, size_t n, size_t *room, size_t size) {
  if (n < *room) return list;
  const size_t more = *room == 0 ? 1024 : *room * 2;
  void *wider = more > SAMPLES_MAX ? NULL : realloc(list, more * size);
  if (wider == NULL) die("memory");
  *room = more;
  return wider;
}

static double now_ms(void) {
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- what is asked ---- */

static size_t kind_of(struct load *l, const char *name) {
  for (size_t i = 0; i < l->n_kinds; i++) {
    if (strcmp(l->kinds[i].name, name) == 0) return i;
  }
  if (l->n_kinds == KINDS_MAX || (l->kinds[l->n_kinds].name = strdup(name)) == NULL) die("kinds");
  return l->n_kinds++;
}

static void read_pages(struct load *l, const char *file_name) {
  FILE *file = fopen(file_name, "re");
  char *line = NULL;
  size_t size = 0, room = 0;
  ssize_t len = 0;
  if (file == NULL) die(file_name);
  while ((len = getline(&line, &size, file)) > 0) {
    char *blank = strchr(line, ' ');
    if (blank == NULL) continue;
    line[len - 1] = '\0';
    *blank = '\0';
    l->pages = grown(l->pages, l->n_pages, &room, sizeof *l->pages);
    l->pages[l->n_pages] = (struct page){kind_of(l, line), strdup(blank + 1)};
    if (l->pages[l->n_pages++].path == NULL) die("memory");
  }
  free(line);
  (void)fclose(file);
  if (l->n_pages == 0) die("no pages");
}

/* xorshift64*, of Vigna, 2016. */
static uint64_t draw(struct reader *r) {
  r->chance ^= r->chance >> 12;
  r->chance ^= r->chance << 25;
  r->chance ^= r->chance >> 27;
  return r->chance * UINT64_C(2685821657736338717);
}

static void ask(const struct load *l, struct reader *r) {
  char request[2048];
  r->page = &l->pages[draw(r) % l->n_pages];
  r->len = 0;
  const int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost:%u\r\nAccept-Encoding: gzip\r\n\r\n",
                           r->page->path, (unsigned)ntohs(l->server.sin_port));
  r->since_ms = now_ms();
  if (len < 0 || (size_t)len >= sizeof request || send(r->fd, request, (size_t)len, MSG_NOSIGNAL) != len) die("send");
}

static void arrive(const struct load *l, struct reader *r, uint64_t seed) {
  const int one = 1;
  r->chance = seed * UINT64_C(0x9E3779B97F4A7C15) | 1;
  r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (r->fd < 0 || connect(r->fd, (const struct sockaddr *)&l->server, sizeof l->server) != 0) die("connect");
  (void)setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ask(l, r);
}

/* ---- what comes ---- */

/* The length of the whole answer; 0: its head is not here yet. */
static size_t whole(const struct reader *r, size_t *head) {
  static const char LENGTH[] = "\r\nContent-Length: ";
  const char *end = memmem(r->in, r->len, "\r\n\r\n", 4);
  if (end == NULL) return 0;
  const char *length = memmem(r->in, (size_t)(end - r->in), LENGTH, sizeof LENGTH - 1);
  if (length == NULL) die("an answer without a length");
  *head = (size_t)(end - r->in) + 4;
  return *head + strtoul(length + sizeof LENGTH - 1, NULL, 10);
}

static void take_answer(struct load *l, const struct reader *r, size_t head) {
  struct kind *kind = &l->kinds[r->page->kind];
  const bool is_page = memmem(r->in, head, "\r\nContent-Type: text/html", 25) != NULL;
  l->samples = grown(l->samples, l->n_samples, &l->room, sizeof *l->samples);
  l->samples[l->n_samples++] = (struct sample){now_ms() - r->since_ms, r->page->kind};
  if (strncmp(r->in, "HTTP/1.1 200 ", 13) != 0) {
    (void)json_array_append_new(l->bad, json_pack("{s:s, s:s%}", "path", r->page->path, "answer", r->in, (size_t)12));
  }
  if (is_page && r->len - head > kind->largest) {
    kind->largest = r->len - head;
    kind->largest_path = r->page->path;
  }
}

static void take_octets(struct load *l, struct reader *r) {
  size_t head = 0;
  if (r->room - r->len < 65536) {
    char *wider = r->room > ANSWER_MAX ? NULL : realloc(r->in, r->room * 2 + 131072);
    if (wider == NULL) die("an answer that is too long");
    r->in = wider;
    r->room = r->room * 2 + 131072;
  }
  const ssize_t n = recv(r->fd, r->in + r->len, r->room - r->len, 0);
  if (n <= 0) die("the server closed");
  r->len += (size_t)n;
  const size_t all = whole(r, &head);
  if (all == 0 || r->len < all) return;
  take_answer(l, r, head);
  ask(l, r);
}

static void read_all(struct load *l) {
  struct pollfd fds[READERS_MAX + 1];
  fds[l->n_readers] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
  for (size_t i = 0; i < l->n_readers; i++)
    fds[i] = (struct pollfd){l->readers[i].fd, POLLIN, 0};
  for (;;) {
    const int n = poll(fds, l->n_readers + 1, PATIENCE_MS);
    if (n == 0) errno = ETIMEDOUT;
    if (n <= 0) die("no answer");
    if (fds[l->n_readers].revents != 0) return;
    for (size_t i = 0; i < l->n_readers; i++) {
      if (fds[i].revents != 0) take_octets(l, &l->readers[i]);
    }
  }
}

/* ---- what is told ---- */

static int compare(const void *a, const void *b) {
  const struct sample *x = a, *y = b;
  return (x->ms > y->ms) - (x->ms < y->ms);
}

/* Figures of a kind, or of all (n_kinds). Samples are in order. */
static json_t *figures(const struct load *l, size_t kind) {
  size_t n = 0, at = 0;
  double p50 = 0, p99 = 0, max = 0;
  for (size_t i = 0; i < l->n_samples; i++)
    n += kind == l->n_kinds || l->samples[i].kind == kind;
  for (size_t i = 0; i < l->n_samples; i++) {
    if (kind != l->n_kinds && l->samples[i].kind != kind) continue;
    if (at == n / 2) p50 = l->samples[i].ms;
    if (at == n * 99 / 100) p99 = l->samples[i].ms;
    max = l->samples[i].ms;
    at++;
  }
  return json_pack("{s:I, s:f, s:f, s:f}", "requests", (json_int_t)n, "p50_ms", p50, "p99_ms", p99, "max_ms", max);
}

static void tell(struct load *l) {
  json_t *kinds = json_object();
  if (l->n_samples > 0) qsort(l->samples, l->n_samples, sizeof *l->samples, compare);
  for (size_t i = 0; i < l->n_kinds; i++) {
    const struct kind *kind = &l->kinds[i];
    json_t *one = figures(l, i);
    (void)json_object_set_new(one, "largest", json_integer((json_int_t)kind->largest));
    (void)json_object_set_new(one, "largest_path", json_string(kind->largest_path == NULL ? "" : kind->largest_path));
    (void)json_object_set_new(kinds, kind->name, one);
  }
  json_t *all = json_pack("{s:o, s:o, s:O}", "all", figures(l, l->n_kinds), "kinds", kinds, "bad", l->bad);
  if (all == NULL || json_dumpf(all, stdout, JSON_REAL_PRECISION(6)) != 0) die("output");
  json_decref(all);
}

int main(int argc, char **argv) {
  static struct load l;
  if (argc != 6) {
    (void)fputs("usage: load HOST PORT READERS SEED PATHS\n", stderr);
    return 2;
  }
  l.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10))};
  l.n_readers = strtoul(argv[3], NULL, 10);
  const uint64_t seed = strtoul(argv[4], NULL, 10);
  if (inet_pton(AF_INET, argv[1], &l.server.sin_addr) != 1 || l.n_readers == 0 || l.n_readers > READERS_MAX) die("arguments");
  read_pages(&l, argv[5]);
  l.bad = json_array();
  for (size_t i = 0; i < l.n_readers; i++)
    arrive(&l, &l.readers[i], seed + i);
  read_all(&l);
  tell(&l);
  for (size_t i = 0; i < l.n_readers; i++) {
    (void)close(l.readers[i].fd);
    free(l.readers[i].in);
  }
  for (size_t i = 0; i < l.n_pages; i++)
    free(l.pages[i].path);
  for (size_t i = 0; i < l.n_kinds; i++)
    free(l.kinds[i].name);
  free(l.pages);
  free(l.samples);
  json_decref(l.bad);
  return 0;
}
