/*
 * job: see job.h.
 */
#include "node/web/job.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"

struct job *job_of(struct work *work) {
  _Static_assert(offsetof(struct job, work) == 0, "the work stands first");
  return (struct job *)(void *)work;
}

struct job *job_new(struct view head, const struct guard_hosts *hosts, struct site *site, bool local) {
  struct job *job = calloc(1, sizeof *job);
  const char *why = NULL;
  size_t used = 0;
  if (job == NULL) return NULL;
  answer_init(&job->answer);
  bytes_init(&job->head, GUARD_HEAD_MAX);
  bytes_init(&job->suspects, (size_t)STORE_SUSPECTS * 9 + 3);
  if (bytes_append(&job->head, head, NULL) != OK ||
      guard_read(bytes_view(&job->head), hosts, UINT64_MAX, &job->http, &used, &why) != 200) {
    job_free(&job->work);
    return NULL;
  }
  job->request =
      (struct request){.site = site, .http = &job->http, .out = &job->answer, .local = local && !job->http.forwarded};
  memcpy(job->request.path, job->http.path.p, job->http.path.len);
  return job;
}

void job_free(struct work *work) {
  struct job *job = job_of(work);
  snapshot_free(job->now);
  json_decref(job->told);
  answer_release(&job->answer);
  bytes_release(&job->head);
  bytes_release(&job->suspects);
  free(job);
}

static void put_suspects(struct job *job, struct store *s) {
  int64_t rowids[STORE_SUSPECTS];
  const uint32_t n = store_take_suspects(s, rowids);
  struct canon_writer w = canon_writer(&job->suspects);
  if (n == 0) return;
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_uint(&w, (uint64_t)rowids[i]);
  if (canon_written(&w, "damaged entries", NULL) != OK) bytes_clear(&job->suspects);
}

void job_run(void *context, unsigned thread, struct work *work) {
  struct job *job = job_of(work);
  struct site *site = (struct site *)context + thread;
  site->now = job->now;
  site->told = job->told;
  job->request.site = site;
  route_answer(&job->request, job->route);
  answer_finish(&job->answer, &job->http);
  put_suspects(job, site->store);
  site->now = NULL;
  site->told = NULL;
}
