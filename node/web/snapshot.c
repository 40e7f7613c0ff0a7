/*
 * snapshot: see snapshot.h.
 */
#include "node/web/snapshot.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keys/log.h"
#include "node/clock.h"

#define BEHIND_REQUESTS 10 /* nice */
#define PAGES_KIB 8192u    /* of the store, that the thread keeps */

static enum err_code make_catalogue(struct store *s, const struct schema_set *schemas, const struct catalogue *last,
                                    struct catalogue **out, struct err *err) {
  return last == NULL ? catalogue_new(s, out, err) : catalogue_renew(s, schemas, last, out, err);
}

enum err_code snapshot_new(struct store *s, const struct schema_set *schemas, const struct catalogue *last,
                           struct snapshot **out, struct err *err) {
  struct snapshot *made = calloc(1, sizeof *made);
  if (made == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  enum err_code code = federation_load(s, &made->federation, err);
  if (code == OK) code = make_catalogue(s, schemas, last, &made->catalogue, err);
  if (code == OK) code = query_figures(s, &made->federation, schemas, &made->figures, err);
  if (code != OK) {
    snapshot_free(made);
    return code;
  }
  *out = made;
  return OK;
}

struct snapshot *snapshot_hold(struct snapshot *s) {
  (void)atomic_fetch_add(&s->holders, 1);
  return s;
}

void snapshot_free(struct snapshot *s) {
  if (s == NULL || atomic_fetch_sub(&s->holders, 1) > 0) return;
  federation_release(&s->federation);
  catalogue_free(s->catalogue);
  json_decref(s->figures);
  free(s);
}

/* stop, next: under the lock. told: readable when next was set; wake: readable when stop was. */
struct refresher {
  struct store *store; /* the thread's */
  const struct schema_set *schemas;
  pthread_t thread;
  pthread_mutex_t lock;
  bool running, stop;
  struct snapshot *next;
  int told, wake;
};

static bool has_to_stop(struct refresher *r) {
  (void)pthread_mutex_lock(&r->lock);
  const bool stop = r->stop;
  (void)pthread_mutex_unlock(&r->lock);
  return stop;
}

static void hand_over(struct refresher *r, struct snapshot *made) {
  const uint64_t one = 1;
  (void)pthread_mutex_lock(&r->lock);
  struct snapshot *old = r->next;
  r->next = made;
  (void)pthread_mutex_unlock(&r->lock);
  snapshot_free(old);
  if (write(r->told, &one, sizeof one) < 0) log_line(LOG_WARNING, "web", "nobody was told of a snapshot", NULL);
}

static void *run(void *context) {
  struct refresher *r = context;
  struct catalogue *last = NULL;
  uint64_t seen = 0, made_ms = 0;
  (void)setpriority(PRIO_PROCESS, (id_t)gettid(), BEHIND_REQUESTS); /* of this thread alone; readers come first */
  while (!has_to_stop(r)) {
    const uint64_t version = store_data_version(r->store), now_ms = clock_ms(clock_system());
    if (last == NULL || (version != seen && now_ms - made_ms >= SNAPSHOT_REST_MS)) {
      struct err err = ERR_INIT;
      struct snapshot *made = NULL;
      if (snapshot_new(r->store, r->schemas, last, &made, &err) == OK) {
        catalogue_free(last);
        last = catalogue_hold(made->catalogue);
        seen = version;
        hand_over(r, made);
      } else {
        log_line(LOG_WARNING, "web", "the store was not read", "why=%s", err.message);
      }
      made_ms = clock_ms(clock_system());
    }
    struct pollfd wake = {r->wake, POLLIN, 0};
    (void)poll(&wake, 1, SNAPSHOT_LOOK_MS);
  }
  catalogue_free(last);
  return NULL;
}

enum err_code refresher_new(const char *dir, const struct schema_set *schemas, struct refresher **out, struct err *err) {
  struct refresher *r = calloc(1, sizeof *r);
  if (r == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  r->schemas = schemas;
  (void)pthread_mutex_init(&r->lock, NULL);
  r->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  enum err_code code = r->told < 0 || r->wake < 0 ? err_errno(err, ERR_FAILED, errno, "eventfd")
                                                  : store_open(dir, STORE_READ, NULL, &r->store, err);
  if (code == OK) {
    store_keep_pages(r->store, PAGES_KIB);
    const int failed = pthread_create(&r->thread, NULL, run, r);
    r->running = failed == 0;
    if (failed != 0) code = err_errno(err, ERR_FAILED, failed, "thread");
  }
  if (code != OK) {
    refresher_free(r);
    return code;
  }
  *out = r;
  return OK;
}

void refresher_free(struct refresher *r) {
  const uint64_t one = 1;
  if (r == NULL) return;
  if (r->running) {
    (void)pthread_mutex_lock(&r->lock);
    r->stop = true;
    (void)pthread_mutex_unlock(&r->lock);
    if (write(r->wake, &one, sizeof one) < 0) log_line(LOG_WARNING, "web", "the thread was not woken", NULL);
    (void)pthread_join(r->thread, NULL);
  }
  if (r->told >= 0) close(r->told);
  if (r->wake >= 0) close(r->wake);
  store_close(r->store);
  snapshot_free(r->next);
  (void)pthread_mutex_destroy(&r->lock);
  free(r);
}

int refresher_fd(const struct refresher *r) {
  return r->told;
}

struct snapshot *refresher_take(struct refresher *r) {
  uint64_t n = 0;
  if (read(r->told, &n, sizeof n) < 0) return NULL;
  (void)pthread_mutex_lock(&r->lock);
  struct snapshot *next = r->next;
  r->next = NULL;
  (void)pthread_mutex_unlock(&r->lock);
  return next;
}
