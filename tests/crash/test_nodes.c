/*
 * nodes: two whole nodes that exchange over loopback, IT publishing without a pause, are killed (SIGKILL to the supervisor,
 * with which its processes go) at any moment, also while they start, SPECOLA_CRASH_NODES times (4), and start again. Whatever
 * a receipt said stands in IT's log at its place; what FR's HOLDS named FR holds; nobody is asked and nothing is mended by
 * hand: the head file lets the log grow on; no log forks, and at the end both hold the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "node/store/query_fork.h"
#include "node/store/query_where.h"
#include "tests/net/land.h"

#define PROMISES_MAX 4000000u
#define PATIENCE_MS 600000u       /* for a node that is not killed: a machine that stands still is no failure */
#define LATEST_US 120000u         /* a node is killed at most so long behind the start of a round, */
#define LATEST_SYNCED_US 1500000u /* or in one of four, so that the links are up and records on their way */

enum { IT, FR, NODES };

/* What receipts said of IT's log, by index; the largest size of it that FR's HOLDS named, and that FR was seen to hold. */
static struct promise {
  bool is_given;
  struct hash envelope;
} * promises;
static uint64_t promised_end, checked, n_receipts, fr_said, n_said, fr_held, n_grown, slowest_ms;

static uint64_t next(uint64_t *x) {
  *x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *x >> 24;
}

static void sleep_us(uint64_t us) {
  const struct timespec t = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000 * 1000)};
  (void)nanosleep(&t, NULL);
}

/* ---- lives ---- */

/* A node as it was: at its endpoint, knowing the other's. */
static void begin(struct land *l, unsigned i) {
  struct place *p = &l->places[i];
  const struct place *other = &l->places[1 - i];
  char peer[LIMIT_ENDPOINT + 16];
  struct serve_options options = {.home = p->dir, .idle_now = true, .web = "off"};
  if (p->endpoint[0] != '\0') options.listen = p->endpoint;
  (void)snprintf(peer, sizeof peer, "%s=%s", i == IT ? "FR" : "IT", other->endpoint);
  if (other->endpoint[0] != '\0') options.peers[options.n_peers++] = peer;
  forget_ports(p); /* the old ctl may still be listening when the new supervisor starts */
  p->pid = fork();
  assert_true(p->pid >= 0);
  if (p->pid == 0) serve_here(&options);
}

/* Until it works. */
static void wait_for(struct place *p) {
  uint64_t until = 0;
  while (!read_ports(p)) {
    int status = 0;
    if (waitpid(p->pid, &status, WNOHANG) == p->pid) fail_msg("serve ended with status %d", WEXITSTATUS(status));
    if (!time_is_left(&until)) fail_msg("serve does not come up");
  }
  ctl_close(client_of(p));
}

static void end(struct place *p) {
  assert_int_equal(kill(p->pid, SIGKILL), 0);
  assert_int_equal(ended(p), -1);
}

/* Kills by chance; the mask of victims is what is left to be waited for. */
static pid_t killer(const struct land *l, unsigned victims, uint64_t after_us) {
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child > 0) return child;
  sleep_us(after_us);
  for (unsigned i = 0; i < NODES; i++) {
    if ((victims >> i & 1) != 0) (void)kill(l->places[i].pid, SIGKILL);
  }
  _exit(0);
}

/* Publishes one case at IT. False: it does not answer. */
static bool publish_at(struct land *l, struct ctl_client *c, struct err *err) {
  static struct receipt receipt;
  struct hash envelope;
  const uint64_t before = clock_ms(clock_system());
  if (submit_over(l, &l->places[IT], c, &envelope, &receipt, err) != OK) return false;
  const uint64_t took = clock_ms(clock_system()) - before;
  const struct receipt_row *row = &receipt.rows[0];
  assert_int_equal(receipt.n, 1);
  assert_int_equal(row->state, RECEIPT_LOGGED);                             /* never queued: the head file opens the guard */
  assert_true(row->index < PROMISES_MAX && !promises[row->index].is_given); /* a position is given once */
  promises[row->index] = (struct promise){.is_given = true, .envelope = envelope};
  promised_end = row->index + 1 > promised_end ? row->index + 1 : promised_end;
  slowest_ms = took > slowest_ms ? took : slowest_ms;
  n_receipts++;
  return true;
}

/* Publishes until the killer is done; IT's answers may end when it is a victim. */
static void publish_until(struct land *l, struct ctl_client *c, pid_t child, bool it_dies) {
  struct err err = ERR_INIT;
  while (waitpid(child, NULL, WNOHANG) == 0) {
    if (publish_at(l, c, &err)) continue;
    if (!it_dies) fail_msg("submit: %s", err.message);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return;
  }
}

/* ---- what is so ---- */

static struct store *open_store(const struct place *p, struct federation *f) {
  struct err err = ERR_INIT;
  struct store *store = NULL;
  expect_ok(store_open(p->dir, STORE_READ, NULL, &store, &err), &err, "store");
  expect_ok(federation_load(store, f, &err), &err, "federation");
  return store;
}

/* Entries of IT's log that this node holds, those from `from` on compared with what was promised. */
static uint64_t check_log(const struct land *l, struct store *store, const struct federation *f, uint64_t from) {
  struct log log;
  struct bytes scratch;
  json_t *forked = NULL;
  if (log_find(store, &l->places[IT].id, 1, &log, NULL) != OK) return 0;
  bytes_init(&scratch, LIMIT_BUNDLE_ITEM);
  for (uint64_t i = from; i < promised_end && i < log.range.size; i++) {
    struct item item;
    if (!promises[i].is_given) continue;
    assert_int_equal(entry_get(store, entry_rowid(log.no, i), &scratch, &item, NULL), OK);
    const struct hash h = hash_sha256(item.envelope);
    assert_memory_equal(&h, &promises[i].envelope, sizeof h);
    assert_int_equal(item.state, ITEM_WHOLE);
  }
  assert_int_equal(query_fork(store, f, &l->places[IT].id, 1, &forked, NULL), OK);
  assert_null(forked);
  bytes_release(&scratch);
  return log.range.size;
}

/* First what IT was told by FR, then what FR holds. */
static void check_promises(const struct land *l, uint64_t from) {
  struct federation f = {.members = NULL};
  json_t *holders = NULL;
  struct store *store = open_store(&l->places[IT], &f);
  assert_true(check_log(l, store, &f, from) >= promised_end);
  assert_int_equal(query_holders(store, &f, 0, &holders, NULL), OK);
  const json_t *member = json_array_get(json_object_get(holders, "members"), 0);
  const uint64_t said = (uint64_t)json_integer_value(json_object_get(member, "size"));
  assert_string_equal(json_string_value(json_object_get(member, "handle")), "FR");
  if (said > fr_said) {
    fr_said = said;
    n_said++;
  }
  json_decref(holders);
  federation_release(&f);
  store_close(store);
  store = open_store(&l->places[FR], &f);
  const uint64_t size = check_log(l, store, &f, from);
  assert_true(size >= fr_said && size >= fr_held);
  n_grown += size > fr_held;
  fr_held = size;
  federation_release(&f);
  store_close(store);
}

static void kill_some(struct land *l, uint64_t *x, unsigned *done) {
  static const unsigned VICTIMS[] = {1u << IT, 1u << IT, 1u << FR, 1u << IT | 1u << FR};
  const unsigned victims = VICTIMS[next(x) % 4];
  struct err err = ERR_INIT;
  struct ctl_client *c = NULL;
  const bool it_dies = (victims >> IT & 1) != 0; /* then there is nobody to be waited for */
  expect_ok(ctl_connect(&l->places[IT].home, PATIENCE_MS, &c, &err), &err, "ctl");
  if (*done == 0 || next(x) % 2 == 0) expect_ok(publish_at(l, c, &err) ? OK : err.code, &err, "submit");
  if (it_dies) {
    ctl_close(c);
    expect_ok(ctl_connect(&l->places[IT].home, 0, &c, &err), &err, "ctl");
  }
  const uint64_t latest_us = next(x) % 4 == 0 ? LATEST_SYNCED_US : LATEST_US;
  const pid_t child = killer(l, victims, next(x) % latest_us);
  publish_until(l, c, child, it_dies);
  ctl_close(c);
  for (unsigned i = 0; i < NODES; i++) {
    if ((victims >> i & 1) == 0) continue;
    assert_int_equal(ended(&l->places[i]), -1);
    ++*done;
    begin(l, i);
    if (next(x) % 4 != 0) continue;
    sleep_us(next(x) % LATEST_US / 2); /* and once more while it starts */
    end(&l->places[i]);
    ++*done;
    begin(l, i);
  }
  for (unsigned i = 0; i < NODES; i++)
    wait_for(&l->places[i]);
  const uint64_t before = promised_end;
  check_promises(l, checked);
  checked = before;
}

static void nothing_that_was_told_is_lost_by_nodes_that_are_killed(void **state) {
  const char *text = getenv("SPECOLA_CRASH_NODES");
  const unsigned kills = text == NULL ? 4 : (unsigned)strtoul(text, NULL, 10);
  uint64_t x = fixture_seed();
  unsigned done = 0;
  (void)state;
  if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) {
    (void)setenv("TMPDIR", "/dev/shm", 1); /* nothing here asks what a disk keeps */
  }
  promises = calloc(PROMISES_MAX, sizeof *promises);
  assert_non_null(promises);
  struct land *l = land_found(NODES, 0);
  for (unsigned i = 0; i < NODES; i++) {
    start(l, i);
  }
  while (done < kills)
    kill_some(l, &x, &done);
  converge(l);
  check_promises(l, 0);
  print_message(
      "%u kills; %ju receipts (the slowest after %ju ms) kept in a log of %ju entries; FR's copy grew in %ju of the lives, "
      "its HOLDS named %ju sizes, at last %ju\n",
      done, (uintmax_t)n_receipts, (uintmax_t)slowest_ms, (uintmax_t)promised_end, (uintmax_t)n_grown, (uintmax_t)n_said,
      (uintmax_t)fr_said);
  assert_true(n_receipts > 0);
  land_free(l);
  free(promises);
}

int main(int argc, char **argv) {
  if (serve_is_child(argc, argv)) return serve_child(argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_that_was_told_is_lost_by_nodes_that_are_killed)};
  struct err err = ERR_INIT;
  if (secret_start(&err) != OK) return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
