/*
 * fuzz_fold: octets become entries (each begins with its length), and entries are folded in two ways: one after the other, and
 * with the range stored and read again where the input says so. Both must have the same root, and the inclusion of entries and
 * the consistency of the two sizes must verify, but not once a bit is changed. The octets as a proof by somebody else prove
 * nothing.
 */
#include <stdlib.h>
#include <string.h>

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

/* A log that lacks its first leaf. */
static bool give_none_at_0(void *context, uint64_t i, struct hash *out) {
  return i > 0 && give_leaf(context, i, out);
}

/* The range, written and read. */
static void store_and_read(struct merkle_range *range) {
  struct bytes stored;
  uint64_t size = range->size;
  bytes_init(&stored, sizeof range->nodes);
  require(merkle_range_encode(range, &stored, NULL) == OK);
  require(stored.len == merkle_range_count(size) * HASH_LEN);
  require(merkle_range_decode(size, bytes_view(&stored), range, NULL) == OK);
  require(merkle_range_decode(2 * size + 1, bytes_view(&stored), range, NULL) == ERR_FORMAT); /* one hash more */
  bytes_release(&stored);
}

/* The inclusion of one leaf: its path verifies, and with one bit of anything changed it does not. */
static void check_inclusion(struct leaves *leaves, uint64_t index, const struct hash *root) {
  struct hash path[64];
  size_t n = 0;
  const struct hash *leaf = &leaves->hashes[index];
  require(merkle_inclusion(index, leaves->n, give_leaf, leaves, path, &n, NULL) == OK);
  require(merkle_inclusion_verify(index, leaves->n, leaf, path, n, root));
  require(!merkle_inclusion_verify(index, leaves->n, leaf, path, n + 1 <= 64 ? n + 1 : n - 1, root));
  require(!merkle_inclusion_verify(leaves->n, leaves->n, leaf, path, n, root));
  if (leaves->n > 1 && index > 0) {
    require(merkle_inclusion(index, leaves->n, give_none_at_0, leaves, path, &n, NULL) == ERR_NOT_FOUND);
  }
  if (n == 0) return;
  path[index % n].b[index % HASH_LEN] ^= 1;
  require(!merkle_inclusion_verify(index, leaves->n, leaf, path, n, root));
}

static void check_consistency(struct leaves *leaves, uint64_t old_size, const struct hash *old_root, const struct hash *root) {
  struct hash path[64];
  size_t n = 0;
  require(merkle_consistency(old_size, leaves->n, give_leaf, leaves, path, &n, NULL) == OK);
  require(merkle_consistency_verify(old_size, leaves->n, old_root, root, path, n));
  require(!merkle_consistency_verify(leaves->n + 1, leaves->n, old_root, root, path, n));
  if (n == 0) return;
  require(!merkle_consistency_verify(old_size, leaves->n, old_root, root, path, 0));
  require(!merkle_consistency_verify(old_size, leaves->n, old_root, root, path, n - 1));
  path[old_size % n].b[old_size % HASH_LEN] ^= 1;
  require(!merkle_consistency_verify(old_size, leaves->n, old_root, root, path, n));
}

/* A proof by somebody else: any two sizes, and the octets behind them as a path. Nothing but luck would make it verify. */
static void check_foreign(struct view v, const struct hash *root) {
  static struct hash path[80];
  if (v.len < 16) return;
  uint64_t a = get_u64be(v.p), b = get_u64be(v.p + 8);
  size_t n = (v.len - 16) / HASH_LEN;
  if (n > 80) n = 80;
  if (n > 0) memcpy(path, v.p + 16, n * HASH_LEN);
  require(!merkle_inclusion_verify(a, b, &path[0], path, n, root));
  require(!merkle_consistency_verify(a, b, root, &path[0], path, n) || (a == b && n == 0 && hash_equal(root, &path[0])));
}

static void check_proofs(struct leaves *leaves, uint64_t old_size, const struct hash *old_root, const struct hash *root) {
  struct hash path[64];
  size_t n = 0;
  check_inclusion(leaves, leaves->n - 1, root);
  require(merkle_inclusion(leaves->n, leaves->n, give_leaf, leaves, path, &n, NULL) == ERR_NOT_FOUND);
  require(merkle_consistency(0, leaves->n, give_leaf, leaves, path, &n, NULL) == ERR_NOT_FOUND);
  if (old_size == 0) return;
  check_inclusion(leaves, old_size - 1, root);
  check_consistency(leaves, old_size, old_root, root);
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
  check_foreign(view_of(data, size), &one);
  return 0;
}
