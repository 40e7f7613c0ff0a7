/*
 * guard: see guard.h.
 */
#include "node/guard.h"

#include <string.h>

/* ---- what follows from the words ---- */

uint32_t guard_needed(const struct guard *g) {
  const uint32_t others = g->n_members - 1;
  return others < GUARD_WORDS ? others : GUARD_WORDS;
}

uint32_t guard_n_named(const struct guard *g) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < LIMIT_MEMBERS; i++) {
    n += g->words[i].is_named && g->words[i].size <= g->size;
  }
  return n;
}

bool guard_is_ahead(const struct guard *g, uint32_t *member, uint64_t *size) {
  bool found = false;
  uint64_t most = g->size;
  for (uint32_t i = 0; i < LIMIT_MEMBERS; i++) {
    const struct guard_word *w = &g->words[i];
    const uint64_t says = w->is_named && w->size > w->rumour ? w->size : w->rumour;
    if (says > most) {
      found = true;
      most = says;
      if (member != NULL) *member = i;
      if (size != NULL) *size = says;
    }
  }
  return found;
}

bool guard_is_confirmed(const struct guard *g) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < LIMIT_MEMBERS; i++) {
    n += g->words[i].confirms;
  }
  return n >= guard_needed(g);
}

/* Who knows of no other member can be told by nobody that it is an old copy, unless there is nothing yet of which it could be.
 */
static bool is_told(const struct guard *g) {
  return g->n_members == 1 ? g->size == 0 && !g->is_begun
                           : guard_n_named(g) >= guard_needed(g) && !guard_is_ahead(g, NULL, NULL);
}

static void settle(struct guard *g) {
  if (g->proven > g->size) {
    g->key = GUARD_LOCKED;
  } else if (g->key == GUARD_LOCKED && g->gen != 0 && is_told(g)) {
    g->key = GUARD_BY_MEMBERS;
  }
}

bool guard_is_open(const struct guard *g) {
  return g->key != GUARD_LOCKED;
}

/* ---- facts ---- */

void guard_init(struct guard *g, uint32_t n_members) {
  memset(g, 0, sizeof *g);
  g->n_members = n_members == 0 ? 1 : n_members;
}

void guard_begun(struct guard *g) {
  g->is_begun = true;
}

void guard_members(struct guard *g, uint32_t n_members, const uint32_t *was) {
  struct guard_word before[LIMIT_MEMBERS];
  memcpy(before, g->words, sizeof before);
  memset(g->words, 0, sizeof g->words);
  for (uint32_t i = 0; i < n_members; i++) {
    if (was[i] < LIMIT_MEMBERS) g->words[i] = before[was[i]];
  }
  g->n_members = n_members;
  settle(g);
}

void guard_stands(struct guard *g, uint64_t gen, uint64_t size) {
  if (g->gen != 0 && gen > g->gen) {
    g->proven = 0;
    g->alone_from = 0;
    memset(g->words, 0, sizeof g->words);
  }
  g->gen = gen;
  g->size = size;
  settle(g);
}

void guard_fits(struct guard *g) {
  if (g->key == GUARD_LOCKED && g->proven <= g->size) {
    g->key = GUARD_BY_HEAD;
  }
}

void guard_named(struct guard *g, uint32_t member, uint64_t size, bool is_ours) {
  if (member >= LIMIT_MEMBERS) return;
  struct guard_word *w = &g->words[member];
  w->is_named = true;
  w->size = size;
  w->confirms = w->confirms || (is_ours && size >= g->alone_from);
  settle(g);
}

void guard_unbacked(struct guard *g, uint32_t member) {
  if (member >= LIMIT_MEMBERS) return;
  g->words[member].is_named = false;
  settle(g);
}

void guard_rumour(struct guard *g, uint32_t member, uint64_t size) {
  if (member >= LIMIT_MEMBERS) return;
  g->words[member].rumour = size;
  settle(g);
}

void guard_proven(struct guard *g, uint64_t size) {
  g->proven = size > g->proven ? size : g->proven;
  settle(g);
}

void guard_remember(struct guard *g, uint64_t from) {
  g->is_alone = true;
  g->alone_from = from;
  for (uint32_t i = 0; i < LIMIT_MEMBERS; i++) {
    g->words[i].confirms = g->words[i].confirms && g->words[i].size >= from;
  }
}

bool guard_alone(struct guard *g) {
  if (g->proven > g->size) return false;
  if (g->key == GUARD_LOCKED) {
    guard_remember(g, g->size);
    g->key = GUARD_BY_PERSON;
  }
  return true;
}
