/*
 * worker: see worker.h.
 */
#include "node/web/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "keys/log.h"

#define STACK ((size_t)1024 * 1024) /* octets of a thread's */

struct queue {
  struct work *first, *last;
};
/* What follows the lock is under it. Invariant: n_waiting is what stands in `waiting` together. */
struct workers {
  work_run *run;
  work_free *discard;
  void *context;
  pthread_t threads[WORKER_THREADS];
  unsigned n_threads, room;
  int told; /* readable when something was done */
  pthread_mutex_t lock;
  pthread_cond_t wake;
  struct queue waiting[WORK_KINDS], done;
  uint64_t turn;
  unsigned n_waiting, n_started, n_long, n_later, most_long; /* n_long: at it now, n_later among them */
  bool stop;
};

static void append(struct queue *q, struct work *work) {
  work->next = NULL;
  if (q->first == NULL) {
    q->first = work;
  } else {
    q->last->next = work;
  }
  q->last = work;
}

static struct work *take_first(struct queue *q) {
  struct work *work = q->first;
  if (work != NULL) q->first = work->next;
  return work;
}

static void discard_all(struct workers *w, struct queue *q) {
  struct work *work = NULL;
  while ((work = take_first(q)) != NULL)
    w->discard(work);
}

/* ---- a thread ---- */

static bool may_begin(const struct workers *w, enum work_kind kind) {
  return kind == WORK_SHORT || (w->n_long < w->most_long && (kind == WORK_LONG || w->n_later == 0));
}

/* Of what may begin, the piece that came first. The lock is held. */
static struct work *take_next(struct workers *w) {
  struct work *work = NULL;
  for (unsigned kind = 0; kind < WORK_KINDS; kind++) {
    struct work *first = w->waiting[kind].first;
    if (first != NULL && may_begin(w, (enum work_kind)kind) && (work == NULL || first->turn < work->turn)) work = first;
  }
  if (work == NULL) return NULL;
  (void)take_first(&w->waiting[work->kind]);
  w->n_waiting--;
  w->n_long += work->kind != WORK_SHORT;
  w->n_later += work->kind == WORK_LATER;
  return work;
}

static void hand_back(struct workers *w, struct work *work) {
  const uint64_t one = 1;
  w->n_long -= work->kind != WORK_SHORT;
  w->n_later -= work->kind == WORK_LATER;
  append(&w->done, work);
  if (w->n_waiting > 0) (void)pthread_cond_signal(&w->wake); /* it may have waited for this one to end */
  if (write(w->told, &one, sizeof one) < 0) log_line(LOG_WARNING, "web", "nobody was told of an answer", NULL);
}

static void *work_on(void *context) {
  struct workers *w = context;
  (void)pthread_mutex_lock(&w->lock);
  const unsigned thread = w->n_started++;
  while (!w->stop) {
    struct work *work = take_next(w);
    if (work == NULL) {
      (void)pthread_cond_wait(&w->wake, &w->lock);
      continue;
    }
    (void)pthread_mutex_unlock(&w->lock);
    w->run(w->context, thread, work);
    (void)pthread_mutex_lock(&w->lock);
    hand_back(w, work);
  }
  (void)pthread_mutex_unlock(&w->lock);
  return NULL;
}

/* ---- the loop ---- */

static enum err_code start(struct workers *w, unsigned threads, struct err *err) {
  pthread_attr_t stack;
  int failed = pthread_attr_init(&stack);
  if (failed == 0) failed = pthread_attr_setstacksize(&stack, STACK);
  for (; failed == 0 && w->n_threads < threads && w->n_threads < WORKER_THREADS; w->n_threads++) {
    failed = pthread_create(&w->threads[w->n_threads], &stack, work_on, w);
    if (failed != 0) break;
  }
  (void)pthread_attr_destroy(&stack);
  return failed == 0 ? OK : err_errno(err, ERR_FAILED, failed, "thread");
}

enum err_code workers_new(unsigned threads, unsigned room, work_run *run, work_free *discard, void *context,
                          struct workers **out, struct err *err) {
  struct workers *w = calloc(1, sizeof *w);
  if (w == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  w->run = run;
  w->discard = discard;
  w->context = context;
  w->room = room;
  w->most_long = threads > 1 ? threads - 1 : 1;
  (void)pthread_mutex_init(&w->lock, NULL);
  (void)pthread_cond_init(&w->wake, NULL);
  w->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  enum err_code code = w->told < 0 ? err_errno(err, ERR_FAILED, errno, "eventfd") : OK;
  if (code == OK) code = start(w, threads, err);
  if (code != OK) {
    workers_free(w);
    return code;
  }
  *out = w;
  return OK;
}

void workers_free(struct workers *w) {
  if (w == NULL) return;
  (void)pthread_mutex_lock(&w->lock);
  w->stop = true;
  (void)pthread_cond_broadcast(&w->wake);
  (void)pthread_mutex_unlock(&w->lock);
  for (unsigned i = 0; i < w->n_threads; i++)
    (void)pthread_join(w->threads[i], NULL);
  for (unsigned i = 0; i < WORK_KINDS; i++)
    discard_all(w, &w->waiting[i]);
  discard_all(w, &w->done);
  if (w->told >= 0) close(w->told);
  (void)pthread_cond_destroy(&w->wake);
  (void)pthread_mutex_destroy(&w->lock);
  free(w);
}

bool workers_put(struct workers *w, struct work *work) {
  (void)pthread_mutex_lock(&w->lock);
  const bool fits = w->n_waiting < (work->kind == WORK_LATER ? w->room / 2 : w->room);
  if (fits) {
    work->turn = w->turn++;
    append(&w->waiting[work->kind], work);
    w->n_waiting++;
    (void)pthread_cond_signal(&w->wake);
  }
  (void)pthread_mutex_unlock(&w->lock);
  return fits;
}

struct work *workers_take(struct workers *w) {
  uint64_t n = 0;
  (void)pthread_mutex_lock(&w->lock);
  struct work *work = take_first(&w->done);
  if (work == NULL && read(w->told, &n, sizeof n) < 0) n = 0; /* nothing was told meanwhile: writers hold the lock */
  (void)pthread_mutex_unlock(&w->lock);
  return work;
}

int workers_fd(const struct workers *w) {
  return w->told;
}
