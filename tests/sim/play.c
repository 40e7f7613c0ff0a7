/*
 * play: see play.h. Trouble in rounds, then the healing, then peace until everybody holds the same.
 */
#include "tests/sim/play.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/breakage.h"
#include "tests/sim/growth.h"
#include "tests/sim/restored.h"
#include "tests/sim/trouble.h"
#include "tests/sim/watch.h"

#define ROUND_MOST_MS 1500u
/* Until a small federation must have converged: the empty HEADS by which a node learns that it missed something comes within
 * 360 s; then there is a session to open, and a log to fetch. */
#define PATIENCE_MS 420000u
#define LOOK_MS 50u
#define AFTERWARDS_MS 1500u

static void small_story(struct world *w) {
  uint32_t rounds = w->options->rounds > 0 ? w->options->rounds : 8 + (uint32_t)chance(w, 20);
  for (uint32_t i = 0; i < rounds && w->broken == NULL; i++) {
    world_chance_of(w, i + 1);
    trouble_round(w);
    for (uint64_t n = chance(w, 3); n > 0 && w->broken == NULL; n--)
      world_write(w, (uint32_t)chance(w, w->n));
    restored_round(w);
    world_run(w, chance(w, ROUND_MOST_MS));
  }
}

/* The lists of members change (growth.h). */
static void growth_story(struct world *w) {
  uint32_t rounds = w->options->rounds > 0 ? w->options->rounds : 8 + (uint32_t)chance(w, 14);
  for (uint32_t i = 0; i < rounds && w->broken == NULL; i++) {
    world_chance_of(w, i + 1);
    growth_round(w);
  }
}

/* A hundred nodes that know each other: 30 % of frames lost, three parts, a tenth comes and goes. */
static void large_story(struct world *w) {
  uint32_t rounds = w->options->rounds > 0 ? w->options->rounds : 15;
  world_run(w, 5000);
  w->sim.lose = 300;
  trouble_partition(w, 3, false);
  for (uint32_t i = 0; i < rounds && w->broken == NULL; i++) {
    world_chance_of(w, i + 1);
    for (uint32_t n = 0; n < w->n / 50; n++)
      world_write(w, (uint32_t)chance(w, w->n));
    if (i < 10) {
      for (uint32_t n = 0; n < w->n / 100; n++) {
        uint32_t node = (uint32_t)chance(w, w->n);
        enum world_end how = is_likely(w, 500) ? WORLD_KILL : WORLD_POWER;
        world_end(w, node, how, 2000 + chance(w, 10000));
      }
    }
    world_run(w, 1000 + chance(w, 1000));
  }
}

static uint64_t patience_ms(const struct world *w) {
  return w->options->is_large ? (uint64_t)(3 * log2(w->n) * PLAY_ROUND_MS) : PATIENCE_MS;
}

static uint64_t converge(struct world *w) {
  uint64_t start = w->sim.f.now_ms, end = start + patience_ms(w);
  while (w->broken == NULL && !watch_is_converged(w) && w->sim.f.now_ms < end)
    world_run(w, LOOK_MS);
  return w->sim.f.now_ms - start;
}

static void sum_up(struct world *w, struct play_result *out) {
  (void)crypto_generichash_final(&w->trace, out->trace.b, sizeof out->trace.b);
  out->is_broken = w->broken != NULL;
  (void)snprintf(out->invariant, sizeof out->invariant, "%s", w->broken == NULL ? "" : w->broken);
  (void)snprintf(out->why, sizeof out->why, "%s", w->why);
  out->broken_ms = w->broken_ms;
  out->steps = w->steps;
  out->frames = w->sim.sent;
  out->octets = w->sim.octets;
  out->virtual_ms = w->sim.f.now_ms;
  out->machines = w->n;
  memcpy(out->n_faults, w->n_faults, sizeof out->n_faults);
  if (w->growth != NULL) out->tales = w->growth->tales;
  for (uint32_t i = 0; i < w->n; i++) {
    out->liars += !world_is_honest(w, i);
    const struct hall_head *h = world_is_up(w, i) ? hall_head(w->sim.f.nodes[i].hall, &w->sim.f.nodes[i].id, 1) : NULL;
    out->entries += h == NULL ? 0 : h->size;
  }
}

void play(const struct world_options *options, struct play_result *out) {
  *out = (struct play_result){.is_broken = false};
  struct world *w = world_new(options);
  if (options->is_large) {
    large_story(w);
  } else if (options->grows) {
    growth_story(w);
  } else {
    small_story(w);
  }
  trouble_heal(w);
  if (options->grows) out->settled_ms = growth_settle(w);
  out->converged_ms = converge(w);
  if (options->is_large) {
    out->rounds = (out->converged_ms + PLAY_ROUND_MS - 1) / PLAY_ROUND_MS;
    out->rounds_most = patience_ms(w) / PLAY_ROUND_MS;
  }
  world_say(w, "converged after %" PRIu64 " ms", out->converged_ms);
  if (w->broken == NULL && !options->is_large) {
    world_run(w, AFTERWARDS_MS);
    (void)converge(w); /* a liar may have told more meanwhile */
  }
  if (w->broken == NULL) watch_end(w);
  sum_up(w, out);
  world_free(w);
}
