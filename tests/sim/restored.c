/*
 * restored: see restored.h.
 */
#include "tests/sim/restored.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/sim/watch.h"

#define COPY_PER_MILLE 300u
#define BACK_PER_MILLE 400u
#define AWAY_MS 3000u
#define WRITES 3u

static void backup_name(const struct world *w, char out[300]) {
  (void)snprintf(out, 300, "%s.day", w->sim.f.nodes[w->restored.node].dir);
}

static bool is_plain(const struct world *w, uint32_t node) {
  return world_is_honest(w, node) && !w->seats[node].has_twin && !w->seats[node].is_twin;
}

void restored_begin(struct world *w) {
  for (uint32_t i = 0; i < w->n && w->options->restores; i++) {
    if (!is_plain(w, i)) continue;
    fixture_close(&w->sim.f.nodes[i]);
    fixture_guard(&w->sim.f.nodes[i]);
    fixture_open(&w->sim.f.nodes[i]);
  }
}

void restored_over(struct world *w) {
  char backup[300];
  if (!w->restored.is_kept) return;
  backup_name(w, backup);
  disk_forget(backup);
}

static uint64_t size_at(const struct world *w, uint32_t node, uint32_t owner) {
  const struct hall_head *h = world_is_up(w, node) ? hall_head(w->sim.f.nodes[node].hall, &w->sim.f.nodes[owner].id, 1) : NULL;
  return h == NULL ? 0 : h->size;
}

/* Whether at most two of the others lack something of a machine's log: any three that name its size include one that holds all
 * of it. */
static bool is_held(const struct world *w, uint32_t node) {
  const uint64_t size = size_at(w, node, node);
  const uint32_t others = w->sim.f.n - 1, needed = others > 3 ? others - 2 : 1;
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->sim.f.n; i++)
    n += i != node && is_plain(w, i) && size_at(w, i, node) == size;
  return size >= 2 && n >= needed;
}

static void keep(struct world *w) {
  char backup[300];
  const uint32_t node = (uint32_t)chance(w, w->sim.f.n);
  const uint64_t away = 1 + chance(w, AWAY_MS);
  if (!is_plain(w, node) || !world_is_up(w, node)) return;
  w->restored.node = node;
  backup_name(w, backup);
  world_end(w, node, WORLD_STOP, away);
  disk_copy(w->sim.f.nodes[node].dir, backup);
  w->restored.is_kept = true;
  world_say(w, "a copy of the disk of %s is kept", world_name(w, node));
}

static void put_back(struct world *w) {
  char backup[300];
  const uint32_t node = w->restored.node;
  const uint64_t away = 1 + chance(w, AWAY_MS);
  if (!world_is_up(w, node) || !is_held(w, node)) return;
  w->restored.size = size_at(w, node, node);
  world_note(w, "restored", node, w->restored.size, view_of(NULL, 0));
  world_end(w, node, WORLD_KILL, away);
  backup_name(w, backup);
  disk_copy(backup, w->sim.f.nodes[node].dir);
  w->sim.f.nodes[node].has_head = false;
  w->restored.is_back = true;
  watch_restored(w, node);
  world_say(w, "%s comes back with the disk of an earlier day; it had signed %" PRIu64, world_name(w, node), w->restored.size);
}

void restored_started(struct world *w, uint32_t node) {
  if (!w->restored.is_back || w->restored.node != node) return;
  for (uint32_t i = 0; i < WRITES && world_is_up(w, node); i++)
    world_write(w, node);
}

void restored_round(struct world *w) {
  if (!w->options->restores || w->broken != NULL) return;
  if (w->restored.is_back) {
    world_write(w, w->restored.node);
  } else if (!w->restored.is_kept) {
    if (is_likely(w, COPY_PER_MILLE)) keep(w);
  } else if (is_likely(w, BACK_PER_MILLE)) {
    put_back(w);
  }
}
