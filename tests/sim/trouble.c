/*
 * trouble: see trouble.h. A fault lasts until it strikes again and takes itself back, or until the healing.
 */
#include "tests/sim/trouble.h"

#include <inttypes.h>
#include <string.h>

static uint32_t any(struct world *w) {
  return (uint32_t)chance(w, w->n);
}

/* ---- lines ---- */

static void lose(struct world *w) {
  static const uint32_t RATES[] = {0, 0, 20, 100, 300, 500};
  w->sim.lose = RATES[chance(w, sizeof RATES / sizeof *RATES)];
  world_say(w, "%u of 1000 frames are lost", w->sim.lose);
}

static void duplicate(struct world *w) {
  w->sim.duplicate = (uint32_t)(is_likely(w, 500) ? 0 : 2 + chance(w, 30));
  world_say(w, "one of %u frames comes twice", w->sim.duplicate);
}

static void reorder(struct world *w) {
  w->sim.reorder = (uint32_t)(is_likely(w, 500) ? 0 : 10 + chance(w, 200));
  world_say(w, "%u of 1000 frames come out of order", w->sim.reorder);
}

static void delay(struct world *w) {
  w->sim.delay_ms = 1 + chance(w, is_likely(w, 200) ? 2000 : 60);
  w->sim.jitter_ms = chance(w, 2 * w->sim.delay_ms);
  w->sim.octets_per_ms = is_likely(w, 200) ? 10 + chance(w, 200) : 0;
  world_say(w, "delay %" PRIu64 " + %" PRIu64 " ms", w->sim.delay_ms, w->sim.jitter_ms);
}

static bool are_strangers(const struct world *w, uint32_t a, uint32_t b) {
  return w->seats[a].has_twin || w->seats[b].has_twin || w->seats[a].is_twin || w->seats[b].is_twin;
}

void trouble_part(struct world *w, uint32_t a, uint32_t b) {
  w->parted[a][b] = w->parted[b][a] = true;
  sim_cut(&w->sim, a, b, true);
}

void trouble_partition(struct world *w, uint32_t n_parts, bool is_silent) {
  uint32_t parts[FIXTURE_NODES];
  for (uint32_t i = 0; i < w->n; i++)
    parts[i] = (uint32_t)chance(w, n_parts);
  for (uint32_t a = 0; a < w->n; a++) {
    for (uint32_t b = a + 1; b < w->n; b++) {
      bool is_apart = parts[a] != parts[b], is_cut = w->sim.blocked[a][b] || w->sim.blocked[b][a];
      if (is_silent) {
        w->sim.silent[a][b] = w->sim.silent[b][a] = is_apart;
      } else if (is_apart && !is_cut && (w->options->is_large || !are_strangers(w, a, b))) {
        trouble_part(w, a, b);
      }
    }
  }
  world_say(w, "%u parts%s", n_parts, is_silent ? ", without a word" : "");
}

void trouble_unite(struct world *w) {
  memset(w->sim.silent, 0, sizeof w->sim.silent);
  for (uint32_t a = 0; a < w->n; a++) {
    for (uint32_t b = 0; b < w->n; b++) {
      /* the halves of a fork stay apart */
      if (w->parted[a][b] || !are_strangers(w, a, b)) w->sim.blocked[a][b] = false;
    }
  }
  memset(w->parted, 0, sizeof w->parted);
}

static void partition(struct world *w) {
  trouble_unite(w);
  if (!is_likely(w, 650)) return;
  uint32_t n_parts = 2 + (uint32_t)chance(w, 2);
  trouble_partition(w, n_parts, is_likely(w, 500));
}

static void deafen(struct world *w) {
  uint32_t a = any(w), b = any(w);
  w->sim.silent[a][b] = !w->sim.silent[a][b];
  world_say(w, "%s to %s: %s", world_name(w, a), world_name(w, b), w->sim.silent[a][b] ? "silent" : "heard");
}

static void cut(struct world *w) {
  uint32_t a = any(w), b = any(w);
  if (a == b || are_strangers(w, a, b)) return;
  sim_cut(&w->sim, a, b, false);
  world_say(w, "%s and %s are cut off", world_name(w, a), world_name(w, b));
}

static void stall(struct world *w) {
  uint32_t a = any(w);
  w->sim.stalled[a] = !w->sim.stalled[a];
  world_say(w, "%s %s", world_name(w, a), w->sim.stalled[a] ? "does not read" : "reads again");
}

static void sleep_a_while(struct world *w) {
  uint32_t a = any(w);
  uint64_t ms = 500 + chance(w, 40000);
  w->sim.asleep_ms[a] = w->sim.f.now_ms + ms;
  world_say(w, "%s sleeps for %" PRIu64 " ms", world_name(w, a), ms);
}

/* ---- machines ---- */

static void stop(struct world *w) {
  uint32_t a = any(w);
  world_end(w, a, WORLD_STOP, chance(w, 4000));
}

static void kill_one(struct world *w) {
  uint32_t a = any(w);
  world_end(w, a, WORLD_KILL, chance(w, 4000));
}

static void cut_power(struct world *w) {
  uint32_t a = any(w);
  world_end(w, a, WORLD_POWER, chance(w, 8000));
}

/* In the midst of what it writes next. */
static void die_writing(struct world *w) {
  uint32_t a = any(w);
  if (!world_is_up(w, a)) return;
  uint64_t step = chance(w, is_likely(w, 500) ? 8 : 60);
  w->seats[a].dies_by_power = is_likely(w, 600);
  disk_die_at(w->seats[a].disk, step);
  world_say(w, "%s will die after %" PRIu64 " steps of its disk", world_name(w, a), step);
  world_write(w, a);
}

/* ---- disks ---- */

static void fail_disk(struct world *w) {
  uint32_t a = any(w);
  enum disk_fault fault = (enum disk_fault)chance(w, 4);
  disk_fail(w->seats[a].disk, fault);
  world_say(w, "the disk of %s: fault %d", world_name(w, a), (int)fault);
}

static void fill_disk(struct world *w) {
  uint32_t a = any(w);
  disk_leave_room(w->seats[a].disk, is_likely(w, 400) ? UINT64_MAX : chance(w, 1000000));
  world_say(w, "the disk of %s fills", world_name(w, a));
}

const struct fault FAULTS[] = {
    {"loss", "a part of all frames vanishes", 60, lose},
    {"duplication", "a part of all frames comes twice", 30, duplicate},
    {"reordering", "a part of all frames comes later than those behind it", 30, reorder},
    {"delay", "lines become slow, uneven or narrow", 60, delay},
    {"partition", "two or three parts do not reach each other, told or untold; or all do again", 50, partition},
    {"silence", "what one says to another vanishes; or does no more", 30, deafen},
    {"cut", "a connection ends, and may come again", 60, cut},
    {"stall", "one does not read; or does again", 40, stall},
    {"sleep", "one does nothing for up to 40 s, and then finds out", 20, sleep_a_while},
    {"stop", "one stops in order, and starts again", 30, stop},
    {"kill", "one is killed between two steps, and starts again", 40, kill_one},
    {"power", "one loses its power: what was not synced is lost, kept or torn", 40, cut_power},
    {"death", "one is killed or loses its power at a write or sync", 60, die_writing},
    {"disk", "writes, syncs or reads fail; or do no more", 40, fail_disk},
    {"full", "a disk has little room; or has room again", 40, fill_disk},
};
const uint32_t N_FAULTS = sizeof FAULTS / sizeof *FAULTS;

void trouble_round(struct world *w) {
  for (uint32_t i = 0; i < N_FAULTS && w->broken == NULL; i++) {
    bool strikes = is_likely(w, FAULTS[i].per_mille);
    if (!strikes || (w->options->without & (1u << i)) != 0) continue;
    world_note(w, FAULTS[i].name, 0, 0, view_of(NULL, 0));
    w->n_faults[i]++;
    FAULTS[i].strike(w);
  }
}

void trouble_heal(struct world *w) {
  struct sim *s = &w->sim;
  trouble_unite(w);
  memset(s->stalled, 0, sizeof s->stalled);
  memset(s->asleep_ms, 0, sizeof s->asleep_ms);
  s->duplicate = s->reorder = 0;
  s->jitter_ms = s->octets_per_ms = 0;
  s->delay_ms = 5;
  if (!w->options->keeps_losing) s->lose = 0;
  for (uint32_t i = 0; i < w->n; i++) {
    struct seat *seat = &w->seats[i];
    disk_fail(seat->disk, DISK_HEALTHY);
    disk_leave_room(seat->disk, UINT64_MAX);
    disk_die_at(seat->disk, DISK_NEVER);
    if (seat->is_down) seat->up_at_ms = s->f.now_ms;
  }
  world_start_due(w);
  w->is_healed = true;
  world_note(w, "healed", 0, 0, view_of(NULL, 0));
  world_say(w, "healed");
}
