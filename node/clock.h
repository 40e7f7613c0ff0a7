/*
 * clock: time and randomness as parameters, so that a whole federation can be run again from one seed.
 */
#ifndef SPECOLA_NODE_CLOCK_H
#define SPECOLA_NODE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Where time comes from. monotonic_ms never goes back; unix_s is the wall clock, for display and `created` only. */
struct clock_source {
  uint64_t (*monotonic_ms)(void *context);
  uint64_t (*unix_s)(void *context);
  void *context;
};
/* Where randomness comes from: nonces, salts, jitter. */
struct entropy_source {
  void (*fill)(void *context, void *out, size_t len);
  void *context;
};
/* The operating system's; static storage. */
const struct clock_source *clock_system(void);
const struct entropy_source *entropy_system(void);
/* A reproducible stream (ChaCha20 of the seed) for tests; *state is the caller's: a seed, drawn 0. */
struct entropy_seeded {
  uint64_t seed, drawn;
};
struct entropy_source entropy_from_seed(struct entropy_seeded *state);

static inline uint64_t clock_ms(const struct clock_source *c) {
  return c->monotonic_ms(c->context);
}
static inline uint64_t clock_unix(const struct clock_source *c) {
  return c->unix_s(c->context);
}
static inline void entropy_fill(const struct entropy_source *e, void *out, size_t len) {
  e->fill(e->context, out, len);
}

#endif
