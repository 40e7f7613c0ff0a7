/*
 * federation_find: members by what is known of them: node, handle, roll number, CURVE key. Declared in federation.h.
 */
#include <string.h>

#include "node/federation.h"

const struct federation_member *federation_by_node(const struct federation *f, const struct hash *node) {
  uint32_t low = 0;
  uint32_t high = f->n_members;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const int order = hash_compare(&f->members[middle].member->node, node);
    if (order == 0) {
      return &f->members[middle];
    }
    if (order < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

const struct federation_member *federation_by_handle(const struct federation *f, const char *handle) {
  for (uint32_t i = 0; i < f->n_members; i++) {
    if (strcmp(f->members[i].member->handle, handle) == 0) {
      return &f->members[i];
    }
  }
  return NULL;
}

const struct federation_member *federation_by_roll(const struct federation *f, uint64_t roll) {
  for (uint32_t i = 0; i < f->n_members; i++) {
    if (f->members[i].member->roll == roll) {
      return &f->members[i];
    }
  }
  return NULL;
}

uint32_t federation_curves(const struct federation_member *m, const uint8_t *keys[FEDERATION_CURVES]) {
  uint32_t n = 0;
  if (m->until != 0) {
    return 0;
  }
  keys[n++] = m->identity.curve;
  if (memcmp(m->curve_before, m->identity.curve, sizeof m->curve_before) != 0) {
    keys[n++] = m->curve_before;
  }
  if (m->identity.has_curve_next) {
    keys[n++] = m->identity.curve_next;
  }
  return n;
}

const struct federation_member *federation_by_curve(const struct federation *f, const uint8_t curve[32]) {
  for (uint32_t i = 0; i < f->n_members; i++) {
    const uint8_t *keys[FEDERATION_CURVES];
    const uint32_t n = federation_curves(&f->members[i], keys);
    for (uint32_t k = 0; k < n; k++) {
      if (memcmp(keys[k], curve, 32) == 0) {
        return &f->members[i];
      }
    }
  }
  return NULL;
}

const struct generation *federation_generation(const struct federation *f, const struct hash *node, uint64_t gen) {
  const struct federation_member *m = federation_by_node(f, node);
  return m == NULL || gen == 0 || gen > m->identity.gen ? NULL : &m->generations[gen - 1];
}

enum err_code federation_checkpoint(const struct federation *f, struct view text, struct checkpoint *out, struct err *err) {
  const enum err_code code = checkpoint_read(text, out, err);
  if (code != OK) {
    return code;
  }
  const struct generation *g = federation_generation(f, &out->node, out->gen);
  if (!hash_equal(&out->fed_id, &f->charter.fed_id) || g == NULL) {
    return err_set(err, ERR_NOT_FOUND, "the checkpoint is of no log that is followed here");
  }
  return checkpoint_open(text, &g->node_key, out, err);
}

const struct federation_member *federation_self(const struct federation *f) {
  const struct federation_member *m = hash_is_zero(&f->own) ? NULL : federation_by_node(f, &f->own);
  return m == NULL || m->until != 0 ? NULL : m;
}

const char *federation_handle(const struct federation *f, const struct hash *node) {
  const struct federation_member *m = federation_by_node(f, node);
  return m == NULL ? "?" : m->member->handle;
}
