/*
 * test_sending: to whom what was signed on a replica is handed in, and whose word about it counts. FR is the home, EE the node
 * that is followed: two small servers in threads, each of which says one thing about every record.
 */
#include "cli/sending.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/store/outbox.h"
#include "tests/node/fixture.h"

enum { IT, FR, EE }; /* IT's store is the replica's */
#define ASKED_MAX ((size_t)65536)
#define TURN_MS 20

/* A node's web. Invariant: what it says does not change while it is asked. */
struct server {
  int fd;
  char url[64];
  pthread_t thread;
  pthread_mutex_t mutex;           /* of the next three */
  const struct fixture_node *says; /* whose key and name its receipts have; NULL: it hangs up */
  enum receipt_state state;
  enum reason reason;
  atomic_uint n_asked;
  atomic_bool stop;
};
struct scene {
  struct fixture f;
  struct home home;
  struct cli cli;
  struct sending *sending;
  struct server servers[3];
};

/* ---- servers ---- */

static bool read_request(int fd, uint8_t *out, size_t *body, size_t *len) {
  size_t want = SIZE_MAX;
  *len = 0;
  while (*len < want && *len < ASKED_MAX - 1) {
    const ssize_t n = recv(fd, out + *len, ASKED_MAX - 1 - *len, 0);
    if (n <= 0) return false;
    *len += (size_t)n;
    out[*len] = '\0';
    const char *head = (const char *)out, *end = strstr(head, "\r\n\r\n"), *length = strstr(head, "Content-Length: ");
    if (end == NULL || length == NULL) continue;
    *body = (size_t)(end + 4 - head);
    want = *body + strtoul(length + 16, NULL, 10);
  }
  return *len == want;
}

static void answer(const struct server *s, int fd, struct view submission) {
  static const char HEAD[] = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n";
  struct item items[LIMIT_SUBMIT];
  struct receipt *r = calloc(1, sizeof *r);
  struct bytes octets;
  char head[128];
  bytes_init(&octets, LIMIT_SUBMIT_BYTES);
  if (r != NULL && submission_read(submission, items, &r->n, NULL) == OK) {
    r->fed_id = s->says->all->charter.fed_id;
    r->node = s->says->id;
    for (uint32_t i = 0; i < r->n; i++) {
      r->rows[i] = (struct receipt_row){.id = envelope_id(&r->fed_id, items[i].envelope), .state = s->state};
      if (s->state == RECEIPT_REFUSED) r->rows[i].reason = (uint64_t)s->reason;
      if (s->state == RECEIPT_LOGGED) r->rows[i].gen = 1;
    }
    if (receipt_seal(r, &s->says->node_key, &octets, NULL) == OK) {
      const int len = snprintf(head, sizeof head, HEAD, octets.len);
      (void)!send(fd, head, (size_t)len, MSG_NOSIGNAL);
      (void)!send(fd, octets.p, octets.len, MSG_NOSIGNAL);
    }
  }
  bytes_release(&octets);
  free(r);
}

static void *serve(void *context) {
  struct server *s = context;
  uint8_t *asked = malloc(ASKED_MAX);
  while (asked != NULL && !atomic_load(&s->stop)) {
    struct pollfd p = {s->fd, POLLIN, 0};
    size_t body = 0, len = 0;
    if (poll(&p, 1, TURN_MS) < 1) continue;
    const int fd = accept(s->fd, NULL, NULL);
    if (fd < 0) continue;
    atomic_fetch_add(&s->n_asked, 1);
    const bool whole = read_request(fd, asked, &body, &len);
    (void)pthread_mutex_lock(&s->mutex);
    if (whole && s->says != NULL) answer(s, fd, view_of(asked + body, len - body));
    (void)pthread_mutex_unlock(&s->mutex);
    close(fd);
  }
  free(asked);
  return NULL;
}

static void serve_as(struct scene *x, int node, const struct fixture_node *says, enum receipt_state state, enum reason reason) {
  struct server *s = &x->servers[node];
  atomic_store(&s->n_asked, 0);
  (void)pthread_mutex_lock(&s->mutex);
  s->says = says;
  s->state = state;
  s->reason = reason;
  (void)pthread_mutex_unlock(&s->mutex);
}

static void open_server(struct server *s) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof address;
  s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(bind(s->fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(s->fd, 8), 0);
  assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &len), 0);
  (void)snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", ntohs(address.sin_port));
  assert_int_equal(pthread_mutex_init(&s->mutex, NULL), 0);
  assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void close_server(struct server *s) {
  atomic_store(&s->stop, true);
  assert_int_equal(pthread_join(s->thread, NULL), 0);
  (void)pthread_mutex_destroy(&s->mutex);
  close(s->fd);
}

/* ---- the replica ---- */

static struct federation_member *member(struct scene *x, int node) {
  struct federation *f = &x->f.nodes[IT].federation;
  uint32_t at = 0;
  while (at + 1 < f->n_members && !hash_equal(&f->rows[at].node, &x->f.nodes[node].id))
    at++;
  return &f->members[at];
}

/* One record waits. Both say that they carry it. */
static void set(struct scene *x) {
  struct fixture_record record;
  memset(x, 0, sizeof *x);
  fixture_found(&x->f, 3, fixture_seed(), true);
  open_server(&x->servers[FR]);
  open_server(&x->servers[EE]);
  serve_as(x, FR, &x->f.nodes[FR], RECEIPT_LOGGED, REASON_NONE);
  serve_as(x, EE, &x->f.nodes[EE], RECEIPT_QUEUED, REASON_NONE);
  member(x, FR)->has_address = true;
  (void)snprintf(member(x, FR)->address.web, sizeof member(x, FR)->address.web, "%s", x->servers[FR].url);
  (void)snprintf(x->home.config.home, sizeof x->home.config.home, "FR");
  (void)snprintf(x->home.config.replica, sizeof x->home.config.replica, "%s", x->servers[EE].url);
  x->cli.timeout_ms = 20000;
  assert_int_equal(sending_new(&x->cli, &x->home, &x->sending, NULL), OK);
  fixture_case(&x->f.nodes[FR], 1, NULL, NULL, &record);
  assert_int_equal(outbox_put(x->f.nodes[IT].store, &record.id, 1, &record.item, NULL), OK);
  fixture_record_release(&record);
}

static void release(struct scene *x) {
  close_server(&x->servers[FR]);
  close_server(&x->servers[EE]);
  sending_free(x->sending);
  fixture_release(&x->f);
}

/* Hands in; expects who was asked, and how many wait and were refused then. */
static void hand_in(struct scene *x, unsigned home, unsigned followed, uint64_t waiting, uint64_t refused) {
  struct outbox_size size;
  struct store *s = x->f.nodes[IT].store;
  assert_int_equal(sending_hand_in(x->sending, s, &x->f.nodes[IT].federation, NULL), OK);
  assert_int_equal(atomic_load(&x->servers[FR].n_asked), home);
  assert_int_equal(atomic_load(&x->servers[EE].n_asked), followed);
  assert_int_equal(outbox_measure(s, &size, NULL), OK);
  assert_int_equal(size.n_waiting, waiting);
  assert_int_equal(size.n_refused, refused);
}

static void the_home_is_asked_first_and_nobody_else_if_it_answers(void **state) {
  static struct scene x;
  (void)state;
  set(&x);
  hand_in(&x, 1, 0, 1, 0); /* it waits until it is seen in the log */
  assert_string_equal(sending_why(x.sending), "");
  assert_int_equal(sending_answered(x.sending), 1);
  serve_as(&x, FR, &x.f.nodes[FR], RECEIPT_REFUSED, REASON_RIGHTS);
  hand_in(&x, 1, 0, 0, 1);
  release(&x);
}

static void who_is_followed_is_asked_if_the_home_does_not_answer_and_refuses_nothing_for_good(void **state) {
  static struct scene x;
  (void)state;
  set(&x);
  serve_as(&x, FR, NULL, RECEIPT_QUEUED, REASON_NONE);
  hand_in(&x, 1, 1, 1, 0);
  assert_string_equal(sending_why(x.sending), "");
  serve_as(&x, FR, NULL, RECEIPT_QUEUED, REASON_NONE);
  serve_as(&x, EE, &x.f.nodes[EE], RECEIPT_REFUSED, REASON_SIGNATURE);
  hand_in(&x, 1, 1, 1, 0);
  assert_string_equal(sending_why(x.sending), "EE does not take it: signature");
  /* the home has another opinion */
  serve_as(&x, FR, &x.f.nodes[FR], RECEIPT_QUEUED, REASON_NONE);
  serve_as(&x, EE, &x.f.nodes[EE], RECEIPT_REFUSED, REASON_SIGNATURE);
  hand_in(&x, 1, 0, 1, 0);
  assert_string_equal(sending_why(x.sending), "");
  release(&x);
}

static void a_receipt_by_nobody_or_in_the_homes_name_counts_for_nothing(void **state) {
  static struct scene x;
  struct fixture_node forged;
  (void)state;
  set(&x);
  forged = x.f.nodes[EE];
  forged.id = x.f.nodes[FR].id; /* FR's name, EE's key */
  serve_as(&x, FR, &forged, RECEIPT_REFUSED, REASON_RIGHTS);
  serve_as(&x, EE, &forged, RECEIPT_REFUSED, REASON_RIGHTS);
  hand_in(&x, 1, 1, 1, 0);
  assert_true(sending_why(x.sending)[0] != '\0');
  /* and nobody but the home says that it is in the home's log */
  serve_as(&x, FR, NULL, RECEIPT_QUEUED, REASON_NONE);
  serve_as(&x, EE, &x.f.nodes[EE], RECEIPT_LOGGED, REASON_NONE);
  hand_in(&x, 1, 1, 1, 0);
  assert_true(sending_why(x.sending)[0] != '\0');
  assert_int_equal(sending_answered(x.sending), 0);
  release(&x);
}

static void a_home_that_tells_no_web_is_reached_through_who_is_followed(void **state) {
  static struct scene x;
  (void)state;
  set(&x);
  member(&x, FR)->has_address = false;
  hand_in(&x, 0, 1, 1, 0);
  assert_string_equal(sending_why(x.sending), "");
  release(&x);
}

static void of_a_home_that_is_no_member_any_more_whoever_refuses_is_right(void **state) {
  static struct scene x;
  (void)state;
  set(&x);
  member(&x, FR)->until = 2;
  serve_as(&x, FR, NULL, RECEIPT_QUEUED, REASON_NONE);
  serve_as(&x, EE, &x.f.nodes[EE], RECEIPT_REFUSED, REASON_HOME);
  hand_in(&x, 1, 1, 0, 1);
  release(&x);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_home_is_asked_first_and_nobody_else_if_it_answers),
      cmocka_unit_test(who_is_followed_is_asked_if_the_home_does_not_answer_and_refuses_nothing_for_good),
      cmocka_unit_test(a_receipt_by_nobody_or_in_the_homes_name_counts_for_nothing),
      cmocka_unit_test(a_home_that_tells_no_web_is_reached_through_who_is_followed),
      cmocka_unit_test(of_a_home_that_is_no_member_any_more_whoever_refuses_is_right),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
