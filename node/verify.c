/*
 * verify: a queue of jobs, some threads. See verify.h.
 */
#include "node/verify.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define VERIFY_JOB 32  /* items of one job: about a millisecond */
#define VERIFY_KEYS 64 /* authors' keys that a thread remembers as checked (a check costs as much as a signature) */
#define VERIFY_THREADS 64
#define VERIFY_USEFUL 8 /* verdicts of more cores than this the one that writes does not keep up with */
#define VERIFY_NICE 10  /* where cores are few, the one thread that writes goes first: verdicts wait for it, not it for them */

struct job {
  struct job *next;
  struct verify_batch *batch;
  struct verified *items;
  size_t n;
};
/* Keys that pubkey_check has passed. */
struct known_keys {
  struct pubkey keys[VERIFY_KEYS];
  bool used[VERIFY_KEYS];
};
struct verify_pool {
  struct hash fed_id;
  unsigned n_threads;
  pthread_t threads[VERIFY_THREADS];
  pthread_mutex_t lock; /* guards what follows and every batch.pending */
  pthread_cond_t work, done;
  struct job *first, *last;
  bool stopping;
  struct known_keys own; /* of callers that work while they wait; one caller at a time */
};

/* ---- one item ---- */

static enum reason open_item(struct verified *v, const struct hash *fed_id, struct known_keys *keys, struct header *header,
                             bool *readable) {
  struct view octets;
  struct view signature;
  *readable = envelope_split(v->opened.item.envelope, &octets, &signature) && header_decode(octets, header) == REASON_NONE;
  const size_t slot = *readable ? header->author.b[0] % VERIFY_KEYS : 0;
  const struct item item = v->opened.item;
  opened_from(&item, fed_id, *readable && keys->used[slot] ? &keys->keys[slot] : NULL, &v->opened);
  if (*readable && (v->opened.reason == REASON_NONE || v->opened.reason == REASON_SIGNATURE)) {
    keys->keys[slot] = header->author;
    keys->used[slot] = true;
  }
  return v->opened.reason;
}

/* A header says whether there is a body and which; one that can be erased may be absent. A header that cannot be read travels
 * alone; one of another alg is kept without its body, for which nothing vouches here. */
static const char *check_body(struct item *item, const struct header *h, bool readable, bool has_kind) {
  if (!readable && has_kind) {
    item->state = ITEM_BODILESS;
    item->body = view_of(NULL, 0);
    return NULL;
  }
  if (!readable || h->body_len == 0) {
    return item->state == ITEM_BODILESS ? NULL : "a body where the header has none";
  }
  if (item->state == ITEM_ABSENT && !record_kind_keeps_body(h->kind)) {
    return NULL;
  }
  if (item->state != ITEM_WHOLE) {
    return "a body is missing";
  }
  return record_body_matches(h, &item->salt, item->body) ? NULL : "a body is not the one that was committed to";
}

static void verify_item(struct verified *v, const struct hash *fed_id, struct known_keys *keys) {
  struct header header;
  bool readable = false;
  v->leaf = merkle_leaf(v->opened.item.envelope);
  (void)open_item(v, fed_id, keys, &header, &readable);
  v->fault = check_body(&v->opened.item, &header, readable, v->opened.has_kind);
}

static void run_job(const struct job *job, const struct hash *fed_id, struct known_keys *keys) {
  for (size_t i = 0; i < job->n; i++) {
    verify_item(&job->items[i], fed_id, keys);
  }
}

/* ---- the queue ---- */

/* Takes the first job; the lock is held. */
static struct job *take_job(struct verify_pool *p) {
  struct job *job = p->first;
  if (job != NULL) {
    p->first = job->next;
    p->last = p->first == NULL ? NULL : p->last;
  }
  return job;
}

/* The lock is held before and after. */
static void work(struct verify_pool *p, struct job *job, struct known_keys *keys) {
  (void)pthread_mutex_unlock(&p->lock);
  run_job(job, &p->fed_id, keys);
  (void)pthread_mutex_lock(&p->lock);
  if (--job->batch->pending == 0) {
    (void)pthread_cond_broadcast(&p->done);
  }
  free(job);
}

static void *worker(void *context) {
  struct verify_pool *p = context;
  struct known_keys keys;
  memset(&keys, 0, sizeof keys);
  (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), VERIFY_NICE); /* Linux: of this thread alone */
  (void)pthread_mutex_lock(&p->lock);
  while (!p->stopping) {
    struct job *job = take_job(p);
    if (job == NULL) {
      (void)pthread_cond_wait(&p->work, &p->lock);
    } else {
      work(p, job, &keys);
    }
  }
  (void)pthread_mutex_unlock(&p->lock);
  return NULL;
}

unsigned verify_threads(void) {
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores <= 2 ? 1 : cores > VERIFY_USEFUL ? VERIFY_USEFUL : (unsigned)cores - 1;
}

enum err_code verify_pool_new(unsigned threads, const struct hash *fed_id, struct verify_pool **out, struct err *err) {
  struct verify_pool *p = calloc(1, sizeof *p);
  if (p == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  p->fed_id = *fed_id;
  (void)pthread_mutex_init(&p->lock, NULL);
  (void)pthread_cond_init(&p->work, NULL);
  (void)pthread_cond_init(&p->done, NULL);
  const unsigned wanted = threads < VERIFY_THREADS ? threads : VERIFY_THREADS;
  for (; p->n_threads < wanted; p->n_threads++) {
    const int failed = pthread_create(&p->threads[p->n_threads], NULL, worker, p);
    if (failed != 0) {
      verify_pool_free(p);
      return err_errno(err, ERR_FAILED, failed, "verifier thread");
    }
  }
  *out = p;
  return OK;
}

void verify_pool_free(struct verify_pool *p) {
  if (p == NULL) {
    return;
  }
  (void)pthread_mutex_lock(&p->lock);
  p->stopping = true;
  (void)pthread_cond_broadcast(&p->work);
  (void)pthread_mutex_unlock(&p->lock);
  for (unsigned i = 0; i < p->n_threads; i++) {
    (void)pthread_join(p->threads[i], NULL);
  }
  (void)pthread_cond_destroy(&p->work);
  (void)pthread_cond_destroy(&p->done);
  (void)pthread_mutex_destroy(&p->lock);
  free(p);
}

static void free_jobs(struct job *job) {
  while (job != NULL) {
    struct job *next = job->next;
    free(job);
    job = next;
  }
}

/* Cuts items into a chain of jobs. NULL without memory; *last and *n_jobs describe the chain. */
static struct job *cut(struct verify_batch *batch, struct verified *items, size_t n, struct job **last, size_t *n_jobs) {
  struct job *first = NULL;
  *n_jobs = 0;
  for (size_t at = 0; at < n; at += VERIFY_JOB) {
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
      free_jobs(first);
      return NULL;
    }
    job->batch = batch;
    job->items = items + at;
    job->n = n - at < VERIFY_JOB ? n - at : VERIFY_JOB;
    if (first == NULL) {
      first = job;
    } else {
      (*last)->next = job;
    }
    *last = job;
    ++*n_jobs;
  }
  return first;
}

enum err_code verify_submit(struct verify_pool *p, struct verify_batch *batch, struct verified *items, size_t n,
                            struct err *err) {
  struct job *last = NULL;
  size_t n_jobs = 0;
  if (n == 0) {
    return OK;
  }
  if (p->n_threads == 0) {
    const struct job all = {.batch = batch, .items = items, .n = n};
    run_job(&all, &p->fed_id, &p->own);
    return OK;
  }
  struct job *first = cut(batch, items, n, &last, &n_jobs);
  if (first == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  (void)pthread_mutex_lock(&p->lock);
  batch->pending += n_jobs;
  if (p->last == NULL) {
    p->first = first;
  } else {
    p->last->next = first;
  }
  p->last = last;
  (void)pthread_cond_broadcast(&p->work);
  (void)pthread_mutex_unlock(&p->lock);
  return OK;
}

void verify_wait(struct verify_pool *p, struct verify_batch *batch) {
  (void)pthread_mutex_lock(&p->lock);
  while (batch->pending > 0) {
    struct job *job = take_job(p);
    if (job == NULL) {
      (void)pthread_cond_wait(&p->done, &p->lock);
    } else {
      work(p, job, &p->own);
    }
  }
  (void)pthread_mutex_unlock(&p->lock);
}
