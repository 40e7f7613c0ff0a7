/*
 * world: see world.h. Here are machines, their coming and going, and the hash of a run; what people write is in people.c.
 */
#include "tests/sim/world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/breakage.h"
#include "tests/sim/growth.h"
#include "tests/sim/lies.h"
#include "tests/sim/memo.h"
#include "tests/sim/restored.h"
#include "tests/sim/watch.h"

#define TEN_YEARS_S 315576000
#define START_AGAIN_MS 1000u /* after a disk that did not let a machine start */

/* ---- chance ---- */

void world_chance_of(struct world *w, uint64_t round) {
  w->chance_state = (struct entropy_seeded){w->options->seed ^ (round + 1) * UINT64_C(0x9e3779b97f4a7c15), 0};
}

uint64_t chance(struct world *w, uint64_t n) {
  uint8_t octets[8];
  entropy_fill(&w->chance, octets, sizeof octets);
  return get_u64be(octets) % n;
}

bool is_likely(struct world *w, uint32_t per_mille) {
  return chance(w, 1000) < per_mille;
}

static uint64_t chance_of_disk(void *context, uint64_t n) {
  return chance(context, n);
}

/* ---- words ---- */

void world_note(struct world *w, const char *what, uint64_t a, uint64_t b, struct view octets) {
  uint8_t numbers[24];
  put_u64be(numbers, w->sim.f.now_ms);
  put_u64be(numbers + 8, a);
  put_u64be(numbers + 16, b);
  (void)crypto_generichash_update(&w->trace, (const uint8_t *)what, strlen(what) + 1);
  (void)crypto_generichash_update(&w->trace, numbers, sizeof numbers);
  if (octets.len > 0) (void)crypto_generichash_update(&w->trace, octets.p, octets.len);
}

const char *world_name(const struct world *w, uint32_t node) {
  return w->sim.f.nodes[node].handle;
}

void world_say(const struct world *w, const char *format, ...) {
  va_list args;
  if (!w->options->is_talkative) return;
  (void)printf("%8" PRIu64 " ms  ", w->sim.f.now_ms);
  va_start(args, format);
  (void)vprintf(format, args);
  va_end(args);
  (void)printf("\n");
}

void world_break(struct world *w, const char *invariant, const char *format, ...) {
  va_list args;
  if (w->broken != NULL) return;
  w->broken = invariant;
  w->broken_ms = w->sim.f.now_ms;
  va_start(args, format);
  (void)vsnprintf(w->why, sizeof w->why, format, args);
  va_end(args);
  world_say(w, "BROKEN %s: %s", invariant, w->why);
}

bool world_is_honest(const struct world *w, uint32_t node) {
  return w->seats[node].lie == 0;
}

bool world_is_up(const struct world *w, uint32_t node) {
  return !w->seats[node].is_down;
}

bool world_is_present(const struct world *w, uint32_t node) {
  return world_is_honest(w, node) && !w->seats[node].is_outside && !growth_is_removed(w, node);
}

/* ---- hooks of the network ---- */

static void observe(void *context, enum sim_sight what, uint32_t from, uint32_t to, struct view frame) {
  static const char *const NAMES[] = {[SIM_SENT] = "sent",
                                      [SIM_LOST] = "lost",
                                      [SIM_DELIVERED] = "delivered",
                                      [SIM_CONNECTED] = "connected",
                                      [SIM_ENDED] = "ended"};
  struct world *w = context;
  /* the octets are in the hash where they were sent */
  world_note(w, NAMES[what], from, to, what == SIM_SENT ? frame : view_of(NULL, 0));
  if (what == SIM_SENT && world_is_honest(w, from)) watch_frame(w, from, lies_payload(frame));
}

static bool is_dead(void *context, uint32_t node) {
  return disk_is_dead(((struct world *)context)->seats[node].disk);
}

/* ---- life ---- */

static void sit_down(struct world *w, uint32_t node) {
  struct seat *seat = &w->seats[node];
  seat->disk = disk_of(w->sim.f.nodes[node].dir);
  assert_non_null(seat->disk);
  for (uint32_t i = 0; i < WORLD_PEOPLE && !seat->is_twin; i++) {
    uint8_t octets[SEED_LEN];
    entropy_fill(&w->chance, octets, sizeof octets);
    assert_int_equal(signer_from_seed(octets, &seat->people[i], NULL), OK);
  }
}

static void set_clocks(struct world *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    struct fixture_node *node = &w->sim.f.nodes[i];
    if (is_likely(w, 500)) node->rate = 900 + (uint32_t)chance(w, 201);
    if (is_likely(w, 300)) node->skew_s = (int64_t)chance(w, 2 * TEN_YEARS_S) - TEN_YEARS_S;
  }
}

/* Everybody holds all logs from the start: the first one gets them, and its disk is copied. */
static void meet_before(struct world *w) {
  struct fixture *f = &w->sim.f;
  struct store *store = NULL;
  for (uint32_t i = 1; i < f->n; i++)
    fixture_transfer(&f->nodes[i], &f->nodes[0], 16);
  for (uint32_t i = 0; i < f->n; i++)
    fixture_close(&f->nodes[i]);
  for (uint32_t i = 1; i < f->n; i++) {
    disk_copy(f->nodes[0].dir, f->nodes[i].dir);
    assert_int_equal(store_open(f->nodes[i].dir, STORE_WRITE, DISK_VFS, &store, NULL), OK);
    assert_int_equal(store_put_fact(store, "own", hash_view(&f->nodes[i].id), NULL), OK);
    store_close(store);
  }
  for (uint32_t i = 0; i < f->n; i++)
    fixture_open(&f->nodes[i]);
}

/* Lying members: the last ones of the roll. A fork needs a second machine. */
static void choose_liars(struct world *w) {
  uint32_t n = w->n, most = w->options->is_large ? n / 20 : n < 6 ? 1 : 2;
  uint32_t n_liars = w->options->is_large ? most : (uint32_t)chance(w, most + 2);
  if (n_liars > most) n_liars = most;
  if (breakage_is(BREAK_TWIN)) { /* an honest one is copied, and nobody says so */
    uint32_t twin = fixture_twin(&w->sim.f, 0);
    w->seats[twin].is_twin = w->seats[0].has_twin = true;
    sit_down(w, twin);
    w->n++;
    lies_split(w, 0);
  }
  for (uint32_t i = 0; i < n_liars; i++) {
    uint32_t lie = 1 + (uint32_t)chance(w, N_LIES - 2); /* the last one is of the other story */
    uint32_t node = n - 1 - i;
    if (LIES[lie].is_fork) {
      uint32_t twin = fixture_twin(&w->sim.f, node);
      w->seats[twin].is_twin = true;
      w->seats[twin].lie = lie;
      w->seats[node].has_twin = true;
      sit_down(w, twin);
      w->n++;
    }
    lies_begin(w, node, lie);
    world_say(w, "%s lies: %s", world_name(w, node), LIES[lie].name);
  }
}

struct world *world_new(const struct world_options *options) {
  static const struct fixture_disk disk = {.vfs = DISK_VFS, .copy = disk_copy, .forget = disk_forget};
  struct world *w = calloc(1, sizeof *w);
  assert_non_null(w);
  w->options = options;
  w->chance = entropy_from_seed(&w->chance_state);
  (void)crypto_generichash_init(&w->trace, NULL, 0, HASH_LEN);
  sqlite3_randomness(0, NULL); /* begins anew, from the VFS */
  memo_begin(options->signs_truly);
  breakage_set(options->breakage);
  world_chance_of(w, 0);
  uint32_t n = options->is_large ? 100 : options->grows ? 1 : options->n > 0 ? options->n : 3 + (uint32_t)chance(w, 5);
  sim_found_on(&w->sim, n, options->seed, options->is_large || options->grows || is_likely(w, 700), &disk);
  w->sim.hooks =
      (struct sim_hooks){.context = w, .observe = observe, .mangle = lies_mangle, .is_dead = is_dead, .route = lies_route};
  w->n = w->n_logs = n;
  if (options->is_large) meet_before(w);
  if (options->grows) growth_new(w);
  for (uint32_t i = 0; i < w->n; i++)
    sit_down(w, i);
  lies_new(w);
  if (options->grows) {
    growth_choose(w);
  } else {
    choose_liars(w);
  }
  set_clocks(w);
  watch_new(w);
  breakage_begin(w);
  restored_begin(w);
  for (uint32_t i = 0; i < w->n; i++) {
    if (world_is_up(w, i)) world_started(w, i);
  }
  world_say(w, "%u machines", w->n);
  return w;
}

void world_free(struct world *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    struct seat *seat = &w->seats[i];
    free(seat->promises);
    while (seat->n_retries > 0)
      fixture_record_release(&seat->retries[--seat->n_retries]);
    for (uint32_t k = 0; k < WORLD_PEOPLE; k++)
      signer_release(&seat->people[k]);
  }
  breakage_over(w);
  restored_over(w);
  watch_free(w);
  lies_free(w);
  growth_free(w);
  sim_release(&w->sim);
  free(w);
}

/* ---- coming and going ---- */

void world_end(struct world *w, uint32_t node, enum world_end how, uint64_t ms) {
  static const char *const NAMES[] = {[WORLD_STOP] = "stops", [WORLD_KILL] = "is killed", [WORLD_POWER] = "loses its power"};
  struct seat *seat = &w->seats[node];
  if (seat->is_down) return;
  world_note(w, NAMES[how], node, ms, view_of(NULL, 0));
  world_say(w, "%s %s for %" PRIu64 " ms", world_name(w, node), NAMES[how], ms);
  if (how == WORLD_POWER) {
    sim_vanish(&w->sim, node);
  } else {
    sim_down(&w->sim, node);
  }
  if (how != WORLD_STOP) disk_die(seat->disk);
  fixture_close(&w->sim.f.nodes[node]);
  if (how != WORLD_STOP) disk_revive(seat->disk, how == WORLD_POWER, chance_of_disk, w);
  breakage_end_of(w, node);
  seat->is_down = true;
  w->n_down++;
  seat->up_at_ms = w->sim.f.now_ms + ms;
}

void world_started(struct world *w, uint32_t node) {
  sim_up(&w->sim, node, false);
  growth_meet(w, node);
  watch_started(w, node);
}

void world_start_due(struct world *w) {
  for (uint32_t i = 0; i < w->n && w->n_down > 0; i++) {
    struct seat *seat = &w->seats[i];
    struct err err = ERR_INIT;
    if (!seat->is_down || seat->is_outside || seat->up_at_ms > w->sim.f.now_ms) continue;
    enum err_code code = fixture_try_open(&w->sim.f.nodes[i], &err);
    world_note(w, "starts", i, code, view_of(NULL, 0));
    world_say(w, "%s starts: %s%s", world_name(w, i), err_name(code), err.message);
    if (disk_is_dead(seat->disk)) {
      if (code == OK) fixture_close(&w->sim.f.nodes[i]);
      code = ERR_IO;
      disk_revive(seat->disk, false, NULL, NULL);
    }
    if (code != OK) {
      seat->up_at_ms = w->sim.f.now_ms + START_AGAIN_MS;
      continue;
    }
    seat->is_down = false;
    w->n_down--;
    world_started(w, i);
    restored_started(w, i);
  }
}

/* A machine whose disk has died in what it did is dead itself. */
static void bury(struct world *w, uint32_t node) {
  struct seat *seat = &w->seats[node];
  if (seat->is_down || !disk_is_dead(seat->disk)) return;
  world_end(w, node, seat->dies_by_power ? WORLD_POWER : WORLD_KILL, 1 + chance(w, 5000));
}

static void look(struct world *w, uint32_t node) {
  bury(w, node);
  if (world_is_up(w, node) && world_is_honest(w, node)) watch_step(w, node);
}

bool world_step(struct world *w, uint64_t end_ms) {
  if (w->broken != NULL || !sim_step(&w->sim, end_ms)) return false;
  w->steps++;
  look(w, w->sim.touched);
  world_start_due(w);
  return w->broken == NULL;
}

void world_run(struct world *w, uint64_t ms) {
  uint64_t end = w->sim.f.now_ms + ms;
  while (world_step(w, end))
    continue;
  if (w->sim.f.now_ms < end) w->sim.f.now_ms = end;
  world_start_due(w);
}

bool world_is_awake(const struct world *w, uint32_t node) {
  return world_is_up(w, node) && w->sim.asleep_ms[node] <= w->sim.f.now_ms && !disk_is_dead(w->seats[node].disk);
}

void world_write(struct world *w, uint32_t node) {
  if (!world_is_up(w, node) || w->sim.asleep_ms[node] > w->sim.f.now_ms) return;
  people_write(w, node);
  world_written(w, node);
}

void world_written(struct world *w, uint32_t node) {
  if (!disk_is_dead(w->seats[node].disk)) {
    exchange_published(w->sim.nodes[node].exchange);
    sim_turn(&w->sim, node);
  }
  look(w, node);
}
