/*
 * progress: a thread that waits, and then writes a line now and then (see progress.h).
 */
#include "cli/progress.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PATIENCE_MS 500 /* what is over before needs no line */
#define RHYTHM_MS 200   /* between two lines */

struct progress {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t ended_now;
  bool ended; /* under mutex */
  const char *what;
  atomic_uint_fast64_t done, all;
};

/* Waits until the end, or so long. Returns whether it is the end. The mutex is held. */
static bool wait_for_end(struct progress *p, long ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += (until.tv_nsec + ms * 1000000) / 1000000000;
  until.tv_nsec = (until.tv_nsec + ms * 1000000) % 1000000000;
  while (!p->ended && pthread_cond_timedwait(&p->ended_now, &p->mutex, &until) == 0) {
  }
  return p->ended;
}

static void *show(void *context) {
  struct progress *p = context;
  bool shown = false;
  pthread_mutex_lock(&p->mutex);
  for (long ms = PATIENCE_MS; !wait_for_end(p, ms); ms = RHYTHM_MS) {
    const uintmax_t done = atomic_load(&p->done), all = atomic_load(&p->all);
    if (done == 0 && all == 0) {
      fprintf(stderr, "\r\033[K%s ...", p->what);
    } else if (all == 0) {
      fprintf(stderr, "\r\033[K%s: %ju", p->what, done);
    } else {
      fprintf(stderr, "\r\033[K%s: %ju / %ju", p->what, done, all);
    }
    shown = true;
  }
  if (shown) {
    fputs("\r\033[K", stderr);
  }
  pthread_mutex_unlock(&p->mutex);
  return NULL;
}

struct progress *progress_new(const struct cli *cli, const char *what) {
  pthread_condattr_t attributes;
  struct progress *p = NULL;
  if (!cli->tty_err || cli->json || cli->quiet || (p = calloc(1, sizeof *p)) == NULL) {
    return NULL;
  }
  p->what = what;
  bool ready = pthread_condattr_init(&attributes) == 0;
  if (ready) {
    ready = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&p->ended_now, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
  }
  if (!ready || pthread_mutex_init(&p->mutex, NULL) != 0 || pthread_create(&p->thread, NULL, show, p) != 0) {
    free(p); /* it goes without */
    return NULL;
  }
  return p;
}

void progress_set(struct progress *p, uint64_t done, uint64_t all) {
  if (p != NULL) {
    atomic_store(&p->done, done);
    atomic_store(&p->all, all);
  }
}

void progress_step(struct progress *p) {
  if (p != NULL) {
    atomic_fetch_add(&p->done, 1);
  }
}

void progress_free(struct progress *p) {
  if (p == NULL) {
    return;
  }
  pthread_mutex_lock(&p->mutex);
  p->ended = true;
  pthread_cond_signal(&p->ended_now);
  pthread_mutex_unlock(&p->mutex);
  (void)pthread_join(p->thread, NULL);
  (void)pthread_cond_destroy(&p->ended_now);
  (void)pthread_mutex_destroy(&p->mutex);
  free(p);
}
