/*
 * query_fork: see query_fork.h.
 */
#include "node/store/query_fork.h"

#include "protocol/evidence.h"

enum err_code query_fork(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen, json_t **out,
                         struct err *err) {
  const struct generation *g = federation_generation(f, node, gen);
  struct fork fork;
  struct evidence e;
  struct bytes item;
  *out = NULL;
  if (g != NULL && g->is_closed) {
    return OK;
  }
  bytes_init(&item, LIMIT_EVIDENCE);
  enum err_code code = evidence_get(s, node, gen, &fork, &item, err);
  if (code == OK) {
    code = evidence_read(bytes_view(&item), &e, err);
  }
  if (code == OK) {
    *out = json_pack("{s:I, s:b, s:[I, I], s:I}", "from", (json_int_t)fork.from, "exact", fork.exact, "sizes",
                     (json_int_t)e.branches[0].checkpoint.size, (json_int_t)e.branches[1].checkpoint.size, "since",
                     (json_int_t)fork.received);
    code = *out == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&item);
  return code;
}

enum err_code query_fork_put(struct store *s, const struct federation *f, const struct hash *node, uint64_t gen, json_t *object,
                             struct err *err) {
  json_t *fork = NULL;
  const enum err_code code = query_fork(s, f, node, gen, &fork, err);
  if (code != OK || fork == NULL) {
    return code;
  }
  return json_object_set_new(object, "forked", fork) == 0 ? OK : err_set(err, ERR_MEMORY, NULL);
}
