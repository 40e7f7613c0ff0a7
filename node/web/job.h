/*
 * job: a request on its way to a thread and back: the octets of its head, what was read of them, the snapshot that it is
 * answered from, and its answer. It borrows nothing that could go away meanwhile.
 */
#ifndef SPECOLA_NODE_WEB_JOB_H
#define SPECOLA_NODE_WEB_JOB_H

#include "keys/hash.h"
#include "node/web/site.h"
#include "node/web/worker.h"

struct job {
  struct work work; /* stands first */
  uint64_t id;      /* the server's, of the connection that waits */
  size_t route;
  struct hash question; /* where the answer may be kept */
  struct snapshot *now; /* held; NULL: answered at once */
  json_t *told;         /* held; NULL: nothing, or answered at once */
  struct guard_request http;
  struct request request;
  struct answer answer;
  struct bytes suspects; /* damaged entries that were met on the way, for core to judge: [rowid…]; mostly empty */
  struct bytes head;
};
/* head: of a request that the guard passed with these hosts; copied. site: borrowed while nobody else has the job. NULL: no
 * memory. The caller frees it with job_free. */
struct job *job_new(struct view head, const struct guard_hosts *hosts, struct site *site, bool local);
void job_free(struct work *work); /* a work_free */
struct job *job_of(struct work *work);
/* A work_run; context: struct site[], one for each thread. */
void job_run(void *context, unsigned thread, struct work *work);

#endif
