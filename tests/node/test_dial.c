/*
 * test_dial: whom a node dials in a federation of many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/inside.h"

#define MANY 64

static struct exchange nodes[MANY];
static struct federation nowhere; /* no addresses */
static struct exchange_link anything;
static struct hash ids[MANY];

static int by_id(const void *a, const void *b) {
  return hash_compare(a, b);
}

/* n nodes that see each other, those at every `gone`-th place do not answer (0: all do). */
static void make(uint32_t n, uint64_t seed, uint32_t gone) {
  for (uint32_t i = 0; i < n; i++) {
    const uint64_t word[2] = {seed, i};
    ids[i] = hash_sha256(view_of(word, sizeof word));
  }
  qsort(ids, n, sizeof ids[0], by_id);
  nowhere.epoch.n_members = n;
  for (uint32_t i = 0; i < n; i++) {
    nodes[i] = (struct exchange){.federation = &nowhere, .self.node = ids[i], .n_peers = n - 1};
    nodes[i].peers = calloc(n, sizeof *nodes[i].peers);
    assert_non_null(nodes[i].peers);
    for (uint32_t k = 0; k < n - 1; k++) {
      struct peer *p = &nodes[i].peers[k];
      const uint32_t other = k < i ? k : k + 1;
      p->node = ids[other];
      p->link = gone != 0 && other % gone == 0 ? NULL : &anything;
      p->dial_wait_ms = gone != 0 && other % gone == 0 ? DIAL_LAST_MS : DIAL_FIRST_MS;
      p->rank = dial_rank(&nodes[i], p);
    }
  }
}

static void end(uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    free(nodes[i].peers);
}

static uint32_t dials(uint32_t node, bool to[MANY]) {
  uint32_t n = 0;
  memset(to, 0, MANY * sizeof *to);
  for (uint32_t k = 0; k < nodes[node].n_peers; k++) {
    if (!dial_is_chosen(&nodes[node], k)) continue;
    to[k < node ? k : k + 1] = true;
    n++;
  }
  return n;
}

/* How many of the nodes that answer hang together with the first of them. */
static uint32_t reached(uint32_t n, uint32_t gone) {
  bool joined[MANY][MANY] = {{false}}, seen[MANY] = {false}, to[MANY];
  uint32_t queue[MANY], head = 0, tail = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (gone != 0 && i % gone == 0) continue;
    (void)dials(i, to);
    for (uint32_t k = 0; k < n; k++) {
      if (to[k] && (gone == 0 || k % gone != 0)) joined[i][k] = joined[k][i] = true;
    }
  }
  queue[tail++] = 1;
  seen[1] = true;
  while (head < tail) {
    const uint32_t i = queue[head++];
    for (uint32_t k = 0; k < n; k++) {
      if (!joined[i][k] || seen[k]) continue;
      seen[k] = true;
      queue[tail++] = k;
    }
  }
  return tail;
}

static void thirty_members_dial_each_other(void **state) {
  bool to[MANY];
  (void)state;
  make(DIAL_ALL, 1, 0);
  for (uint32_t i = 0; i < DIAL_ALL; i++)
    assert_int_equal(dials(i, to), DIAL_ALL - 1);
  end(DIAL_ALL);
}

static void many_members_dial_a_few_and_hang_together(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    bool to[MANY], again[MANY];
    make(MANY, seed, 0);
    for (uint32_t i = 0; i < MANY; i++) {
      const uint32_t n = dials(i, to);
      assert_true(n == DIAL_FEW || n == DIAL_FEW + 1);
      assert_int_equal(dials(i, again), n);
      assert_memory_equal(to, again, sizeof to);
      assert_true(to[(i + 1) % MANY]); /* the ring */
    }
    assert_int_equal(reached(MANY, 0), MANY);
    end(MANY);
  }
}

static void those_who_do_not_answer_are_passed_over(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    bool to[MANY];
    make(MANY, seed, 3);
    for (uint32_t i = 1; i < MANY; i += 3) {
      uint32_t alive = 0;
      (void)dials(i, to);
      for (uint32_t k = 0; k < MANY; k++)
        alive += to[k] && k % 3 != 0;
      assert_true(alive >= DIAL_FEW);
    }
    assert_int_equal(reached(MANY, 3), MANY - (MANY + 2) / 3);
    end(MANY);
  }
}

static void who_is_pinned_is_dialled(void **state) {
  bool to[MANY];
  (void)state;
  make(MANY, 7, 0);
  const uint32_t before = dials(5, to);
  for (uint32_t k = 0; k < 10; k++)
    memcpy(nodes[5].peers[k].override, "tcp://a:1", sizeof "tcp://a:1");
  assert_true(dials(5, to) >= 10 && dials(5, to) <= before + 10);
  for (uint32_t k = 0; k < 10; k++)
    assert_true(to[k < 5 ? k : k + 1]);
  end(MANY);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(thirty_members_dial_each_other),
      cmocka_unit_test(many_members_dial_a_few_and_hang_together),
      cmocka_unit_test(those_who_do_not_answer_are_passed_over),
      cmocka_unit_test(who_is_pinned_is_dialled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
