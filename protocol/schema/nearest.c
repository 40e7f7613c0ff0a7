/*
 * nearest: the word that somebody probably meant (nearest.h). Optimal string alignment over three rows; allocation-free.
 */
#include "protocol/schema/nearest.h"

#include <limits.h>
#include <string.h>

#define EDITS_MAX 3u

static uint8_t lower(uint8_t c) {
  return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static unsigned least(unsigned a, unsigned b) {
  return a < b ? a : b;
}

/* One row of the table: distances of the first i octets of a to each prefix of b. */
static void fill_row(struct view a, struct view b, size_t i, const unsigned *before, const unsigned *above, unsigned *row) {
  row[0] = (unsigned)i;
  for (size_t j = 1; j <= b.len; j++) {
    const bool same = lower(a.p[i - 1]) == lower(b.p[j - 1]);
    unsigned d = least(above[j], row[j - 1]) + 1;
    d = least(d, above[j - 1] + (same ? 0u : 1u));
    if (i > 1 && j > 1 && lower(a.p[i - 1]) == lower(b.p[j - 2]) && lower(a.p[i - 2]) == lower(b.p[j - 1])) {
      d = least(d, before[j - 2] + 1);
    }
    row[j] = d;
  }
}

unsigned nearest_distance(struct view a, struct view b) {
  if (a.len > NEAREST_MAX || b.len > NEAREST_MAX) return UINT_MAX;
  unsigned rows[3][NEAREST_MAX + 1];
  memset(rows, 0, sizeof rows);
  for (size_t j = 0; j <= b.len; j++)
    rows[0][j] = (unsigned)j;
  for (size_t i = 1; i <= a.len; i++)
    fill_row(a, b, i, rows[(i + 1) % 3], rows[(i - 1) % 3], rows[i % 3]);
  return rows[a.len % 3][b.len];
}

struct nearest nearest_to(struct view word) {
  return (struct nearest){.word = word, .distance = UINT_MAX};
}

void nearest_offer(struct nearest *n, const char *candidate) {
  const unsigned d = nearest_distance(n->word, view_of_text(candidate));
  if (d >= n->distance) return;
  n->distance = d;
  n->best = candidate;
}

const char *nearest_word(const struct nearest *n) {
  const unsigned allowed = least((unsigned)(least((unsigned)n->word.len, NEAREST_MAX) + 2) / 3, EDITS_MAX);
  return n->best != NULL && n->distance <= allowed ? n->best : NULL;
}
