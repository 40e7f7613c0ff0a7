/*
 * lives: see lives.h.
 */
#include "tests/crash/lives.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/hash.h"
#include "tests/node/fixture.h"

#define TOLD_MAX 100000u

enum word { WORD_LOGGED, WORD_TOLD, WORD_FR_HOLDS, WORD_STARTED };
struct message { /* below PIPE_BUF: it comes whole or not at all */
  enum word word;
  uint64_t n;
  struct hash hash; /* of the envelope, of the checkpoint's text */
};

/* What was told, by log index and by size of IT's log. */
struct promises {
  struct hash logged[TOLD_MAX], told[TOLD_MAX];
  bool has_logged[TOLD_MAX], has_told[TOLD_MAX];
  uint64_t logged_end, told_end, fr_holds; /* one above the highest */
  uint64_t checked;                        /* below, the promises were found kept by a start */
  uint64_t n_logged;
};
static struct promises promises;
static struct fixture f;
static uint64_t n_cases;

static void say(int fd, enum word word, uint64_t n, const struct hash *hash) {
  struct message m;
  memset(&m, 0, sizeof m);
  m.word = word;
  m.n = n;
  if (hash != NULL) m.hash = *hash;
  if (write(fd, &m, sizeof m) != (ssize_t)sizeof m) _exit(9);
}

static struct hash text_hash(struct fixture_node *node, uint64_t size) {
  struct bytes text;
  bytes_init(&text, LIMIT_CHECKPOINT);
  fixture_checkpoint(node, &f.nodes[0].id, size, &text);
  const struct hash h = hash_sha256(bytes_view(&text));
  bytes_release(&text);
  return h;
}

static uint64_t held(struct fixture_node *node) {
  const struct hall_head *head = hall_head(node->hall, &f.nodes[0].id, 1);
  return head == NULL ? 0 : head->size;
}

/* What was told from `from` on is so, at IT and, as far as it holds it, at FR. */
static void check_promises(uint64_t from) {
  struct log log;
  struct bytes scratch;
  bytes_init(&scratch, LIMIT_BUNDLE_ITEM);
  assert_true(held(&f.nodes[0]) >= promises.logged_end);
  assert_true(held(&f.nodes[0]) + 1 >= promises.told_end);
  assert_true(held(&f.nodes[1]) >= promises.fr_holds);
  for (unsigned node = 0; node < 2; node++) {
    if (held(&f.nodes[node]) == 0) continue;
    assert_int_equal(log_find(f.nodes[node].store, &f.nodes[0].id, 1, &log, NULL), OK);
    for (uint64_t i = from; i < promises.logged_end && i < log.range.size; i++) {
      struct item item;
      if (!promises.has_logged[i]) continue;
      assert_int_equal(entry_get(f.nodes[node].store, entry_rowid(log.no, i), &scratch, &item, NULL), OK);
      const struct hash h = hash_sha256(item.envelope);
      assert_memory_equal(&h, &promises.logged[i], sizeof h);
      assert_int_equal(item.state, ITEM_WHOLE);
    }
  }
  for (uint64_t size = from; size < promises.told_end; size++) {
    if (!promises.has_told[size]) continue;
    const struct hash h = text_hash(&f.nodes[0], size);
    assert_memory_equal(&h, &promises.told[size], sizeof h);
  }
  bytes_release(&scratch);
}

/* One to three cases in one commit. */
static void publish(int fd) {
  static struct receipt receipt;
  struct fixture_record records[3];
  struct item items[3];
  const uint32_t n = 1 + (uint32_t)(n_cases % 3);
  for (uint32_t i = 0; i < n; i++) {
    fixture_case(&f.nodes[0], n_cases++, NULL, NULL, &records[i]);
    items[i] = records[i].item;
  }
  assert_int_equal(hall_admit(f.nodes[0].hall, items, n, &receipt, NULL), OK);
  for (uint32_t i = 0; i < n; i++) {
    const struct hash h = hash_sha256(items[i].envelope);
    assert_int_equal(receipt.rows[i].state, RECEIPT_LOGGED);
    say(fd, WORD_LOGGED, receipt.rows[i].index, &h);
    fixture_record_release(&records[i]);
  }
  const struct hash h = text_hash(&f.nodes[0], held(&f.nodes[0]));
  say(fd, WORD_TOLD, held(&f.nodes[0]), &h);
}

/* Starts, finds what was promised, and works until it is killed. */
static _Noreturn void work(int fd, unsigned round) {
  n_cases += 1000u * round; /* what this process will say is new */
  f.entropy_state = (struct entropy_seeded){f.seed, (uint64_t)round << 32};
  fixture_open(&f.nodes[0]);
  fixture_open(&f.nodes[1]);
  check_promises(promises.checked);
  assert_true(hall_may_write(f.nodes[0].hall)); /* by its head file: nobody is asked, nothing is done by hand */
  say(fd, WORD_STARTED, 0, NULL);
  for (;;) {
    publish(fd);
    if (n_cases % 2 == 0) {
      fixture_transfer(&f.nodes[0], &f.nodes[1], 2);
      say(fd, WORD_FR_HOLDS, held(&f.nodes[1]), NULL);
    }
  }
}

static void note(const struct message *m, uint64_t *started) {
  assert_true(m->n < TOLD_MAX);
  if (m->word == WORD_LOGGED) {
    assert_false(promises.has_logged[m->n]); /* a position is given once */
    promises.has_logged[m->n] = true;
    promises.logged[m->n] = m->hash;
    promises.logged_end = m->n + 1 > promises.logged_end ? m->n + 1 : promises.logged_end;
    promises.n_logged++;
  } else if (m->word == WORD_TOLD) {
    assert_false(promises.has_told[m->n]);
    promises.has_told[m->n] = true;
    promises.told[m->n] = m->hash;
    promises.told_end = m->n + 1 > promises.told_end ? m->n + 1 : promises.told_end;
  } else if (m->word == WORD_FR_HOLDS) {
    promises.fr_holds = m->n > promises.fr_holds ? m->n : promises.fr_holds;
  } else {
    ++*started;
  }
}

/* ---- for the tests ---- */

void lives_found(uint64_t seed) {
  memset(&promises, 0, sizeof promises);
  n_cases = 0;
  fixture_found(&f, 3, seed, true);
  for (unsigned i = 0; i < 3; i++) {
    fixture_close(&f.nodes[i]);
    fixture_guard_by_file(&f.nodes[i]);
  }
}

pid_t life_begin(unsigned round, int *told) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    (void)close(fds[0]);
    work(fds[1], round);
  }
  (void)close(fds[1]);
  *told = fds[0];
  return child;
}

void life_wait(int told, uint64_t chance) {
  const struct timespec t = {.tv_sec = 0, .tv_nsec = (long)(chance / 2 % LATEST_US * 1000)};
  if (chance % 2 == 0) {
    struct pollfd waiting = {.fd = told, .events = POLLIN};
    (void)poll(&waiting, 1, 30000);
  }
  (void)nanosleep(&t, NULL);
}

bool life_hear(int told, bool to_the_end) {
  struct message m;
  struct pollfd waiting = {.fd = told, .events = POLLIN};
  uint64_t started = 0;
  const uint64_t before = promises.logged_end < promises.told_end ? promises.logged_end : promises.told_end;
  while ((to_the_end || poll(&waiting, 1, 0) == 1) && read(told, &m, sizeof m) == (ssize_t)sizeof m) {
    note(&m, &started);
  }
  if (started > 0) promises.checked = before;
  return started > 0;
}

void lives_end(uint64_t *logged, uint64_t *told) {
  fixture_open(&f.nodes[0]);
  fixture_open(&f.nodes[1]);
  fixture_open(&f.nodes[2]);
  check_promises(0);
  fixture_transfer(&f.nodes[1], &f.nodes[2], 100);
  fixture_transfer(&f.nodes[0], &f.nodes[2], 100);
  fixture_transfer(&f.nodes[0], &f.nodes[1], 100);
  assert_true(held(&f.nodes[2]) >= promises.logged_end);
  const struct hall_head first = *hall_head(f.nodes[0].hall, &f.nodes[0].id, 1);
  for (unsigned i = 1; i < 3; i++) {
    const struct hall_head *other = hall_head(f.nodes[i].hall, &f.nodes[0].id, 1);
    assert_int_equal(other->size, first.size);
    assert_memory_equal(&other->root, &first.root, sizeof first.root);
  }
  *logged += promises.n_logged;
  *told += promises.told_end;
  fixture_release(&f);
}
