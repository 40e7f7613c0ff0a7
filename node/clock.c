/*
 * clock: the operating system's time and randomness, and a seeded stream for tests. See clock.h.
 */
#include "node/clock.h"

#include <sodium.h>
#include <string.h>
#include <time.h>

static uint64_t system_ms(void *context) {
  (void)context;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t system_unix(void *context) {
  (void)context;
  const time_t now = time(NULL);
  return now < 0 ? 0 : (uint64_t)now;
}

static void system_fill(void *context, void *out, size_t len) {
  (void)context;
  randombytes_buf(out, len);
}

/* One ChaCha20 stream a draw: the key is the seed, the nonce the number of the draw. */
static void seeded_fill(void *context, void *out, size_t len) {
  struct entropy_seeded *state = context;
  unsigned char key[crypto_stream_chacha20_KEYBYTES] = {0};
  unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
  memcpy(key, &state->seed, sizeof state->seed);
  memcpy(nonce, &state->drawn, sizeof state->drawn);
  state->drawn++;
  (void)crypto_stream_chacha20(out, len, nonce, key);
}

const struct clock_source *clock_system(void) {
  static const struct clock_source source = {system_ms, system_unix, NULL};
  return &source;
}

const struct entropy_source *entropy_system(void) {
  static const struct entropy_source source = {system_fill, NULL};
  return &source;
}

struct entropy_source entropy_from_seed(struct entropy_seeded *state) {
  return (struct entropy_source){seeded_fill, state};
}
