/*
 * fuzz_fold: octets become entries (each begins with its length), and entries are folded in two ways: one after the other, and
 * with the range stored and read again where the input says so. Both must have the same root, and the last entry's inclusion
 * and the consistency of the two sizes must verify.
 */
#include <stdlib.h>

#include "protocol/merkle.h"

#define LEAVES_MAX 512

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

/* Leaf hashes of the input so far. */
struct leaves {
  struct hash hashes[LEAVES_MAX];
  uint64_t n;
};

static bool give_leaf(void *context, uint64_t i, struct hash *out) {
  const struct leaves *leaves = context;
  if (i >= leaves->n) return false;
  *out = leaves->hashes[i];
  return true;
}

/* The range, written and read. */
static void store_and_read(struct merkle_range *range) {
  struct bytes stored;
  uint64_t size = range->size;
  bytes_init(&stored, sizeof range->nodes);
  require(merkle_range_encode(range, &stored, NULL) == OK);
  require(stored.len == merkle_range_count(size) * HASH_LEN);
  require(merkle_range_decode(size, bytes_view(&stored), range, NULL) == OK);
  bytes_release(&stored);
}

static void check_proofs(struct leaves *leaves, uint64_t old_size, const struct hash *old_root, const struct hash *root) {
  struct hash path[64];
  size_t n = 0;
  uint64_t last = leaves->n - 1;
  require(merkle_inclusion(last, leaves->n, give_leaf, leaves, path, &n, NULL) == OK);
  require(merkle_inclusion_verify(last, leaves->n, &leaves->hashes[last], path, n, root));
  if (old_size == 0) return;
  require(merkle_consistency(old_size, leaves->n, give_leaf, leaves, path, &n, NULL) == OK);
  require(merkle_consistency_verify(old_size, leaves->n, old_root, root, path, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct leaves leaves;
  struct merkle_range straight = {.size = 0}, stored = {.size = 0};
  struct hash old_root = {{0}};
  uint64_t old_size = 0;
  leaves.n = 0;
  for (size_t at = 0; at < size && leaves.n < LEAVES_MAX;) {
    size_t len = data[at] & 0x7f, left = size - at - 1;
    if (len > left) len = left;
    struct hash leaf = merkle_leaf(view_of(data + at + 1, len));
    leaves.hashes[leaves.n++] = leaf;
    merkle_append(&straight, &leaf);
    merkle_append(&stored, &leaf);
    if ((data[at] & 0x80) != 0) {
      store_and_read(&stored);
      old_size = leaves.n;
      old_root = merkle_root(&stored);
    }
    at += 1 + len;
  }
  struct hash one = merkle_root(&straight), two = merkle_root(&stored);
  require(straight.size == leaves.n && stored.size == leaves.n && hash_equal(&one, &two));
  if (leaves.n > 0) check_proofs(&leaves, old_size, &old_root, &one);
  return 0;
}
