/*
 * worker: what is handed in comes back once, in its order, long work leaves a thread free, what nobody
 * waits for is done one at a time, a full row refuses, and an end loses nothing.
 */
#include "node/web/worker.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define THREADS 3u
#define WAIT_MS 20000

/* Work that waits, once begun, until its gate is opened. */
struct gate {
  pthread_mutex_t lock;
  pthread_cond_t moved;
  bool open;
  unsigned begun, discarded;
};
struct piece {
  struct work work; /* stands first */
  struct gate *gate;
  bool waits;
  atomic_uint runs;
};

static void gate_init(struct gate *g) {
  *g = (struct gate){.open = false};
  assert_int_equal(pthread_mutex_init(&g->lock, NULL), 0);
  assert_int_equal(pthread_cond_init(&g->moved, NULL), 0);
}

static void gate_open(struct gate *g) {
  (void)pthread_mutex_lock(&g->lock);
  g->open = true;
  (void)pthread_cond_broadcast(&g->moved);
  (void)pthread_mutex_unlock(&g->lock);
}

static void gate_await(struct gate *g, unsigned begun) {
  (void)pthread_mutex_lock(&g->lock);
  while (g->begun < begun)
    (void)pthread_cond_wait(&g->moved, &g->lock);
  (void)pthread_mutex_unlock(&g->lock);
}

static void gate_release(struct gate *g) {
  (void)pthread_cond_destroy(&g->moved);
  (void)pthread_mutex_destroy(&g->lock);
}

static struct piece *piece_of(struct work *work) {
  return (struct piece *)(void *)work;
}

static void run(void *context, unsigned thread, struct work *work) {
  struct piece *p = piece_of(work);
  struct gate *g = p->gate;
  assert_true(context == (void *)g && thread < THREADS);
  p->runs++;
  if (!p->waits) return;
  (void)pthread_mutex_lock(&g->lock);
  g->begun++;
  (void)pthread_cond_broadcast(&g->moved);
  while (!g->open)
    (void)pthread_cond_wait(&g->moved, &g->lock);
  (void)pthread_mutex_unlock(&g->lock);
}

static void discard(struct work *work) {
  piece_of(work)->gate->discarded++;
}

/* The next one that is done. */
static struct piece *await_piece(struct workers *w) {
  struct work *work = NULL;
  while ((work = workers_take(w)) == NULL) {
    struct pollfd fd = {workers_fd(w), POLLIN, 0};
    assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
  }
  return piece_of(work);
}

static struct workers *start(struct gate *g, unsigned threads, unsigned room) {
  struct workers *w = NULL;
  gate_init(g);
  assert_int_equal(workers_new(threads, room, run, discard, g, &w, NULL), OK);
  return w;
}

static void every_piece_is_done_once(void **state) {
  (void)state;
  enum { PIECES = 2000 };
  static struct piece pieces[PIECES];
  struct gate g;
  struct workers *w = start(&g, THREADS, 2 * PIECES);
  for (size_t i = 0; i < PIECES; i++) {
    pieces[i] = (struct piece){.work = {.kind = (enum work_kind)(i % WORK_KINDS)}, .gate = &g};
    assert_true(workers_put(w, &pieces[i].work));
  }
  for (size_t i = 0; i < PIECES; i++)
    assert_int_equal(await_piece(w)->runs, 1);
  assert_null(workers_take(w));
  workers_free(w);
  assert_int_equal(g.discarded, 0);
  gate_release(&g);
}

static void short_work_passes_long_work_that_fills_all_other_threads(void **state) {
  (void)state;
  struct piece longs[THREADS + 1], quick = {.work = {.kind = WORK_SHORT}};
  struct gate g;
  struct workers *w = start(&g, THREADS, 16);
  for (size_t i = 0; i < THREADS + 1; i++) {
    longs[i] = (struct piece){.work = {.kind = WORK_LONG}, .gate = &g, .waits = true};
    assert_true(workers_put(w, &longs[i].work));
  }
  gate_await(&g, THREADS - 1);
  quick.gate = &g;
  assert_true(workers_put(w, &quick.work));
  assert_ptr_equal(await_piece(w), &quick); /* while the others are at work, or wait */
  (void)pthread_mutex_lock(&g.lock);
  assert_int_equal(g.begun, THREADS - 1);
  (void)pthread_mutex_unlock(&g.lock);
  gate_open(&g);
  for (size_t i = 0; i < THREADS + 1; i++)
    assert_int_equal(await_piece(w)->work.kind, WORK_LONG);
  workers_free(w);
  gate_release(&g);
}

static void all_kinds_are_done_in_their_order(void **state) {
  (void)state;
  static const enum work_kind KINDS[] = {WORK_SHORT, WORK_LATER, WORK_LONG, WORK_SHORT, WORK_LONG, WORK_LATER};
  enum { PIECES = sizeof KINDS / sizeof KINDS[0] };
  struct piece pieces[PIECES];
  struct gate g;
  struct workers *w = start(&g, 1, 2 * PIECES);
  for (size_t i = 0; i < PIECES; i++) {
    pieces[i] = (struct piece){.work = {.kind = KINDS[i]}, .gate = &g, .waits = i == 0};
    assert_true(workers_put(w, &pieces[i].work));
  }
  gate_await(&g, 1);
  gate_open(&g);
  for (size_t i = 0; i < PIECES; i++)
    assert_ptr_equal(await_piece(w), &pieces[i]);
  workers_free(w);
  gate_release(&g);
}

static void what_nobody_waits_for_is_done_one_at_a_time(void **state) {
  (void)state;
  struct piece later[3], last = {.work = {.kind = WORK_LONG}};
  struct gate g;
  struct workers *w = start(&g, THREADS, 2);
  last.gate = &g;
  for (size_t i = 0; i < 3; i++)
    later[i] = (struct piece){.work = {.kind = WORK_LATER}, .gate = &g, .waits = true};
  assert_true(workers_put(w, &later[0].work));
  gate_await(&g, 1);
  assert_true(workers_put(w, &later[1].work));
  assert_false(workers_put(w, &later[2].work)); /* half of the room is for those who wait */
  assert_true(workers_put(w, &last.work));
  assert_ptr_equal(await_piece(w), &last); /* the others are at work, or wait */
  assert_int_equal(later[1].runs, 0);
  gate_open(&g);
  assert_ptr_equal(await_piece(w), &later[0]);
  assert_ptr_equal(await_piece(w), &later[1]);
  workers_free(w);
  gate_release(&g);
}

static void one_thread_does_long_work_too(void **state) {
  (void)state;
  struct piece piece = {.work = {.kind = WORK_LONG}};
  struct gate g;
  struct workers *w = start(&g, 1, 1);
  piece.gate = &g;
  assert_true(workers_put(w, &piece.work));
  assert_ptr_equal(await_piece(w), &piece);
  workers_free(w);
  gate_release(&g);
}

static void a_full_row_refuses(void **state) {
  (void)state;
  struct piece pieces[4];
  struct gate g;
  struct workers *w = start(&g, 1, 2);
  for (size_t i = 0; i < 4; i++)
    pieces[i] = (struct piece){.gate = &g, .waits = true};
  assert_true(workers_put(w, &pieces[0].work));
  gate_await(&g, 1);
  assert_true(workers_put(w, &pieces[1].work));
  assert_true(workers_put(w, &pieces[2].work));
  assert_false(workers_put(w, &pieces[3].work));
  gate_open(&g);
  for (size_t i = 0; i < 3; i++)
    assert_ptr_equal(await_piece(w), &pieces[i]); /* in their order */
  assert_true(workers_put(w, &pieces[3].work));
  assert_ptr_equal(await_piece(w), &pieces[3]);
  workers_free(w);
  gate_release(&g);
}

static void *open_soon(void *context) {
  gate_open(context);
  return NULL;
}

static void an_end_waits_for_what_is_being_done_and_discards_the_rest(void **state) {
  (void)state;
  struct piece pieces[5];
  struct gate g;
  pthread_t opener;
  struct workers *w = start(&g, 2, 8);
  for (size_t i = 0; i < 5; i++) {
    pieces[i] = (struct piece){.gate = &g, .waits = true};
    assert_true(workers_put(w, &pieces[i].work));
  }
  gate_await(&g, 2);
  assert_int_equal(pthread_create(&opener, NULL, open_soon, &g), 0);
  workers_free(w);
  assert_int_equal(pthread_join(opener, NULL), 0);
  assert_int_equal(g.discarded, 5);
  gate_release(&g);
  workers_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_piece_is_done_once),
      cmocka_unit_test(short_work_passes_long_work_that_fills_all_other_threads),
      cmocka_unit_test(all_kinds_are_done_in_their_order),
      cmocka_unit_test(what_nobody_waits_for_is_done_one_at_a_time),
      cmocka_unit_test(one_thread_does_long_work_too),
      cmocka_unit_test(a_full_row_refuses),
      cmocka_unit_test(an_end_waits_for_what_is_being_done_and_discards_the_rest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
