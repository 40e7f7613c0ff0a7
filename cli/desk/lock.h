/*
 * lock: the person's key while the desk may use it: from the passphrase on for a while, then it is wiped. The clock is handed
 * in.
 */
#ifndef SPECOLA_CLI_DESK_LOCK_H
#define SPECOLA_CLI_DESK_LOCK_H

#include "keys/sign.h"
#include "node/clock.h"

#define LOCK_AFTER_MIN 15u /* minutes, unless the person says otherwise */
#define LOCK_AFTER_MAX 480u

/* Invariant: the secret is there only while until_ms lies ahead; whoever asks first behind it wipes it. */
struct lock {
  const struct clock_source *clock;
  uint64_t span_ms, until_ms;
  bool open;
  struct signer signer;
};
void lock_init(struct lock *l, const struct clock_source *clock, uint64_t minutes);
/* Takes the key over; the one before is wiped. It counts from now, whatever is signed meanwhile. */
void lock_open(struct lock *l, struct signer *signer);
/* The key, if it is still open; NULL: it was wiped. Borrowed: not beyond this turn. */
const struct signer *lock_key(struct lock *l);
/* Lends the key to *out, a borrowed copy, for one act. ERR_REFUSED: it was wiped in the meantime. */
MUST_CHECK enum err_code lock_lend(struct lock *l, struct signer *out, struct err *err);
/* Milliseconds until it is wiped; 0: it is. */
uint64_t lock_left_ms(struct lock *l);
void lock_close(struct lock *l); /* wipes it; also at the end */

#endif
