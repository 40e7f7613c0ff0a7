/*
 * lock: see lock.h.
 */
#include "cli/desk/lock.h"

void lock_init(struct lock *l, const struct clock_source *clock, uint64_t minutes) {
  *l = (struct lock){.clock = clock, .span_ms = minutes * 60000u};
}

void lock_open(struct lock *l, struct signer *signer) {
  lock_close(l);
  l->signer = *signer;
  *signer = (struct signer){.secret = NULL};
  l->until_ms = clock_ms(l->clock) + l->span_ms;
  l->open = true;
}

uint64_t lock_left_ms(struct lock *l) {
  const uint64_t now = clock_ms(l->clock);
  if (l->open && now < l->until_ms) {
    return l->until_ms - now;
  }
  lock_close(l);
  return 0;
}

const struct signer *lock_key(struct lock *l) {
  return lock_left_ms(l) > 0 ? &l->signer : NULL;
}

enum err_code lock_lend(struct lock *l, struct signer *out, struct err *err) {
  const struct signer *key = lock_key(l);
  if (key == NULL) {
    err_set(err, ERR_REFUSED, "the key was locked again before it could sign");
    return err_hint(err, "open the page of the object again");
  }
  *out = *key;
  return OK;
}

void lock_close(struct lock *l) {
  signer_release(&l->signer);
  l->signer = (struct signer){.secret = NULL};
  l->open = false;
}
