/*
 * selection: see selection.h.
 */
#include "node/store/selection.h"

#include <stdlib.h>
#include <string.h>

static size_t words_of_bits(uint32_t n) {
  return ((size_t)n + 63) / 64;
}

enum err_code selection_new(const struct catalogue *c, bool all, struct selection *out, struct err *err) {
  out->n = c->n;
  out->bits = calloc(words_of_bits(c->n) + 1, sizeof *out->bits);
  if (out->bits == NULL) return err_set(err, ERR_MEMORY, NULL);
  if (all) memset(out->bits, 0xff, c->n / 64 * sizeof *out->bits);
  for (uint32_t i = c->n / 64 * 64; all && i < c->n; i++)
    selection_add(out, i);
  return OK;
}

void selection_release(struct selection *x) {
  free(x->bits);
  *x = (struct selection){.bits = NULL};
}

static void drop(struct selection *x, uint32_t place) {
  x->bits[place / 64] &= ~(UINT64_C(1) << place % 64);
}

uint32_t selection_count(const struct selection *x) {
  uint32_t n = 0;
  for (size_t i = 0; i < words_of_bits(x->n); i++)
    n += (uint32_t)__builtin_popcountll(x->bits[i]);
  return n;
}

void selection_and(struct selection *x, const struct selection *other) {
  for (size_t i = 0; i < words_of_bits(x->n); i++)
    x->bits[i] &= other->bits[i];
}

void selection_keep_schema(struct selection *x, const struct catalogue *c, uint64_t schema) {
  for (uint32_t i = 0; i < c->n; i += 64) {
    uint64_t kept = 0;
    for (uint32_t k = 0; k < 64 && i + k < c->n; k++)
      kept |= (uint64_t)(c->objects[i + k].schema == schema) << k;
    x->bits[i / 64] &= kept;
  }
}

/* Whether a log is that node's. Logs are few: by_id runs through one after the other. */
static bool log_is_of(const struct catalogue *c, int64_t no, const struct hash *node) {
  for (uint32_t i = 0; i < c->n_logs; i++) {
    if (c->logs[i].no == no) return hash_equal(&c->logs[i].node, node);
  }
  return false;
}

void selection_keep_node(struct selection *x, const struct catalogue *c, const struct hash *node) {
  int64_t last = -1;
  bool is_theirs = false;
  for (uint32_t i = 0; i < c->n; i++) {
    const uint32_t place = c->by_id[i];
    const int64_t no = entry_log_no(c->objects[place].id);
    if (no != last) is_theirs = log_is_of(c, no, node);
    last = no;
    if (!is_theirs) drop(x, place);
  }
}

enum err_code selection_keep_codes(struct selection *x, const struct catalogue *c, const char *dim, const char *const *codes,
                                   size_t n, struct err *err) {
  struct selection any;
  uint32_t n_codes = 0;
  const struct catalogue_code *known = catalogue_dim(c, dim, &n_codes);
  const enum err_code code = selection_new(c, false, &any, err);
  if (code != OK) return code;
  for (uint32_t i = 0; i < n_codes; i++) {
    bool wanted = false;
    for (size_t k = 0; k < n && !wanted; k++)
      wanted = strcmp(known[i].code, codes[k]) == 0;
    for (uint32_t k = 0; wanted && k < known[i].n; k++)
      selection_add(&any, known[i].places[k]);
  }
  selection_and(x, &any);
  selection_release(&any);
  return OK;
}

enum err_code selection_count_codes(const struct selection *x, const struct catalogue *c, uint32_t **out, struct err *err) {
  const bool all = selection_count(x) == c->n;
  uint32_t *counts = calloc((size_t)c->n_codes + 1, sizeof *counts);
  if (counts == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; all && i < c->n_codes; i++)
    counts[i] = c->codes[i].n;
  for (size_t word = 0; !all && word < words_of_bits(x->n); word++) {
    for (uint64_t bits = x->bits[word]; bits != 0; bits &= bits - 1) {
      const uint32_t place = (uint32_t)word * 64 + (uint32_t)__builtin_ctzll(bits);
      for (uint32_t i = c->codes_from[place]; i < c->codes_from[place + 1]; i++)
        counts[c->codes_of[i]]++;
    }
  }
  *out = counts;
  return OK;
}
