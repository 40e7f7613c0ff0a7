/*
 * quota: what a member's logs cost here, and whether they have filled their share of the disk. All generations count together,
 * envelopes and bodies, and what a cut withdrew, which is kept too. Bodies are summed up where they are stored; the rest is
 * read from the store when it may matter, by a hall once, and from there on as the logs grow. See quota.h and hall.h.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "node/hall.h"
#include "node/quota.h"
#include "node/store/withdrawn.h"

/* Octets that are not in a sum of the store, of the log (one generation) with that number. */
struct hall_share {
  int64_t log_no;
  uint64_t size, envelopes; /* of the first `size` entries */
  uint64_t withdrawn;
};

void hall_forget_shares(struct hall *h) {
  free(h->shares);
  h->shares = NULL;
  h->n_shares = 0;
}

struct sum {
  struct store *store;
  struct hall *h; /* which keeps what was read; NULL: nobody does */
  const struct hash *node;
  bool exact; /* false: envelopes at their longest */
  uint64_t octets;
  enum err_code code;
  struct err *err;
};

/* What is known of a log, withdrawn entries first: there are few. once: for it, where nothing is kept. NULL: sum->code says
 * why. */
static struct hall_share *share_of(struct sum *sum, int64_t log_no, struct hall_share *once) {
  struct hall *h = sum->h;
  struct hall_share share = {.log_no = log_no};
  for (uint32_t i = 0; h != NULL && i < h->n_shares; i++) {
    if (h->shares[i].log_no == log_no) {
      return &h->shares[i];
    }
  }
  sum->code = withdrawn_octets(sum->store, log_no, &share.withdrawn, sum->err);
  if (sum->code != OK) {
    return NULL;
  }
  if (h == NULL) {
    *once = share;
    return once;
  }
  struct hall_share *shares = reallocarray(h->shares, h->n_shares + 1, sizeof *shares);
  if (shares == NULL) {
    sum->code = err_set(sum->err, ERR_MEMORY, NULL);
    return NULL;
  }
  h->shares = shares;
  shares[h->n_shares] = share;
  return &shares[h->n_shares++];
}

static bool add_log(void *context, const struct log *log) {
  struct sum *sum = context;
  struct hall_share once;
  uint64_t more = 0;
  if (!hash_equal(&log->node, sum->node)) {
    return true;
  }
  struct hall_share *share = share_of(sum, log->no, &once);
  if (share == NULL) {
    return false;
  }
  if (sum->exact && share->size < log->range.size) {
    sum->code = log_envelope_octets(sum->store, log->no, share->size, &more, sum->err);
    if (sum->code != OK) {
      return false;
    }
    share->envelopes += more;
    share->size = log->range.size;
  }
  sum->octets += log->body_bytes + share->withdrawn + (sum->exact ? share->envelopes : log->range.size * LIMIT_ENVELOPE);
  return true;
}

static enum err_code add_logs(struct sum *sum) {
  const enum err_code code = log_each(sum->store, add_log, sum, sum->err);
  return sum->code != OK ? sum->code : code;
}

/* Whether the sum, with coming, reaches most. It is exact if so. */
static enum err_code measure(struct sum *sum, uint64_t coming, uint64_t most, bool *filled) {
  sum->octets = coming;
  enum err_code code = add_logs(sum);
  if (code == OK && sum->octets >= most) {
    sum->exact = true;
    sum->octets = coming;
    code = add_logs(sum);
  }
  *filled = code == OK && sum->octets >= most;
  return code;
}

enum err_code quota_is_filled(struct store *s, const struct hash *node, uint64_t most, bool *filled, struct err *err) {
  struct sum sum = {.store = s, .node = node, .code = OK, .err = err};
  return measure(&sum, 0, most, filled);
}

enum err_code hall_quota(struct hall *h, const struct hash *node, uint64_t coming, struct err *err) {
  const uint64_t most = h->config.log_bodies == 0 ? LIMIT_LOG_BODIES : h->config.log_bodies;
  struct sum sum = {.store = h->config.store, .h = h, .node = node, .code = OK, .err = err};
  bool filled = false;
  if (hash_equal(node, &h->config.federation->own)) {
    return OK;
  }
  const enum err_code code = measure(&sum, coming, most, &filled);
  return filled ? err_set(err, ERR_REFUSED, "paused: quota: the logs of this member hold %" PRIu64 " octets", sum.octets)
                : code;
}
